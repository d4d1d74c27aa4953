"""Say what a run measured: its coverage, its new code, and what earlier sessions left untested.

Only a run with coverage imports this.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from pytest_handoff.evidence.measurement import summarise
from pytest_handoff.evidence.new_code import Trees, new_code, unmeasured
from pytest_handoff.evidence.owed_code import left_untested, owed_now
from pytest_handoff.nodeids import without_parameters
from pytest_handoff.project.contents import ReadAhead, in_git
from pytest_handoff.project.coverage_files import apart
from pytest_handoff.project.merged_lines import merged_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_handoff.evidence.ledger import Lineage
    from pytest_handoff.evidence.measurement import Measured, Measurement
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import CoverageSummary, NewCode, Record, SourceLine
    from pytest_handoff.run import Run
    from pytest_handoff.workflow.record import RunResults
    from pytest_handoff.workflow.start import Start


def coverage_of(
    project: Project,
    start: Start,
    sources: Mapping[str, SourceLine],
    results: RunResults,
    doubtful: list[str],
    *,
    holding: set[str],
) -> tuple[CoverageSummary, NewCode | None, dict[str, str]]:
    """Sum up the coverage of all code and of new code, and say why either, or which tests ran it, was not measured.

    Args:
        results: those of a run that measured.
        doubtful: the tests of :func:`doubtful_tests`.
        holding: the files that hold tests.

    Raises:
        UnreadContexts: where the data cannot be asked which tests ran a line.
    """
    measured = cast("Measured", results.measured)
    found, summary = measured.measurement, apart(summarise(measured.measurement))
    reasons = {} if found.classes_known else {"contexts": found.why_no_classes or "contexts are missing"}
    parents = start.parents
    if parents.sources is None:
        return summary, None, reasons | {"new_code": f"the sources of {parents.names} were pruned"}
    changed = _befores(found, parents.sources, sources)
    trees = Trees(
        bases=parents.sources,
        base_name=parents.names or "the beginning",
        now=sources,
        merged_in=merged_in(project, start.tree, start.parents, sources),
        before=ReadAhead(project, changed).read,
    )
    code = new_code(measured, trees, session=start.session, failed_counting=doubtful)
    excused = sorted(test for test in doubtful if results.run.results[test].outcome in ("skipped", "xfailed"))
    beside = unmeasured(found, trees, results.is_test_file, holding)
    code = replace(code, unmeasured=beside, doubtful=excused)
    return summary, _with_owed(project, start, measured, sources, code), reasons


def _befores(measurement: Measurement, bases: Sequence[Mapping[str, SourceLine]], now: Mapping[str, SourceLine]) -> Iterator[str]:
    """Yield the ids of measured files in the bases, where they differ, in the order in which new code is looked for."""
    for path in sorted(measurement.code.keys() & now.keys()):
        olds = [base[path].blob for base in bases if path in base]
        yield from () if now[path].blob in olds else olds


def doubtful_tests(start: Start, run: Run, traced: Lineage, changed: frozenset[str]) -> list[str]:
    """Find new and changed unit tests that did not simply pass; their lines cannot be told from those of tests that did."""
    return [
        test
        for test, result in run.results.items()
        if (result.outcome in ("failed", "error", "xfailed", "skipped") or result.reruns)
        and test in run.collected
        and not (run.collected[test].excused and result.outcome in ("xfailed", "skipped"))
        and run.collected[test].tier == "unit"
        and (traced.since(test, start.session, start.parents.earlier) == start.session or without_parameters(test) in changed)
    ]


def _with_owed(project: Project, start: Start, measured: Measured, now: Mapping[str, SourceLine], code: NewCode) -> NewCode:
    """Add what earlier sessions left and no suitable test runs yet; ask git what is merged only if something is left."""
    left = {one.session: (debts, base) for one, base in _measured_before(project, start) if (debts := left_untested(one)).owed}
    if left and project.config.target not in (None, start.tree.branch):
        from pytest_handoff.project.merged_sessions import merged_sessions

        merged = {one.session for one in merged_sessions(project).records}
        left = {session: (debts.without(merged), base) for session, (debts, base) in left.items() if session not in merged}
    return owed_now(left.values(), measured, now, start.session, partial(in_git, project)).written(code) if left else code


def _measured_before(project: Project, start: Start) -> Iterator[tuple[Record, Mapping[str, SourceLine]]]:
    """Yield the sessions that this one continues, each with its tree; instead of one without coverage, yield those before it."""
    known = dict(zip((record.session for record in start.parents.records), start.parents.sources or (), strict=False))
    records = list(start.parents.records)
    seen = {record.session for record in records}
    while records:
        record = records.pop()
        if record.coverage is None:
            before = [link.session for link in record.previous if link.session not in seen and project.store.has(link.session)]
            seen.update(before)
            records += [project.store.figures(session) for session in before]
            continue
        base = known[record.session] if record.session in known else project.store.sources_of(record)
        if base is not None:
            yield record, base

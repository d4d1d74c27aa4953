"""Turn a run into evidence: what ran, what it means for earlier sessions, and the record of both."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence import completeness, facts, ledger
from pytest_handoff.evidence.completeness import unstable_ids
from pytest_handoff.evidence.integrity import examine
from pytest_handoff.evidence.ledger import Ledger, Lineage, with_replaced, with_unseen
from pytest_handoff.evidence.measurement import Measured, NotMeasured, UnreadContexts
from pytest_handoff.evidence.metrics import joined
from pytest_handoff.evidence.policy import InForce, read_policy, together
from pytest_handoff.evidence.regression import fates
from pytest_handoff.evidence.source_changes import changes_between
from pytest_handoff.nodeids import file_of
from pytest_handoff.project.contents import Contents, texts_in, with_lines
from pytest_handoff.project.encoding import digest_of_pieces, encode_at_hand, encode_in_pieces
from pytest_handoff.project.target_branch import policy_table
from pytest_handoff.project.tree import commits_since
from pytest_handoff.record import (
    RECORD_SCHEMA,
    Bundle,
    Changes,
    CombinedPart,
    CoverageSummary,
    Frozen,
    Integrity,
    Metric,
    NewCode,
    Record,
    RunInfo,
    SkippedNode,
    SourceLine,
    SourceState,
    TallySummary,
    UnstableIds,
)
from pytest_handoff.workflow.finish import Files, Filling, FinishedSession, finish, gather, trace_all
from pytest_handoff.workflow.parsing import changed_and_broken, touched_by, unchanged_files
from pytest_handoff.workflow.start import Start, adds_up, document_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_handoff.project.layout import Project
    from pytest_handoff.rendering.templates import Renderer
    from pytest_handoff.run import Run, RunContext
    from pytest_handoff.workflow.hooks import ProjectHooks


class Combined(Frozen, frozen=True):
    """The parts that make up a run: what they looked at together, and each part as the record keeps it."""

    scope: completeness.RunScope
    parts: list[CombinedPart]


class RunResults(Bundle, frozen=True):
    """All results of a run.

    Attributes:
        measured: its coverage.
        context: when, where and by whom the run was made.
        is_test_file: tells whether a path is a test module of its suite.
        instructions: the key of the file with the session's instructions, where one was named.
        in_force: the settings of pytest and coverage.py that the run went by.
        combined: the parts that make up the run, if any; they replace what the session had before, and never add to it.
        traced: which collected test continues which earlier one, if that is known already.
    """

    run: Run
    measured: Measured | NotMeasured
    context: RunContext
    is_test_file: Callable[[str], bool]
    instructions: str | None = None
    in_force: InForce | None = None
    combined: Combined | None = None
    traced: Lineage | None = None


class _Seen(Frozen, frozen=True):
    """The results of each test, and ``before``: the session's earlier run on the same tree that this run adds to.

    ``skipped`` are the files that skipped themselves, ``left_out`` says how many tests of each file the settings leave out.
    ``unstable`` are the functions whose ids change by themselves, ``replaced`` the ids in whose place others came.
    """

    traced: Lineage
    lines: Ledger
    scope: completeness.RunScope
    before: Record | None
    skipped: tuple[SkippedNode, ...] = ()
    left_out: dict[str, int] = {}
    unstable: list[UnstableIds] = []
    replaced: Ledger = {}


def record_run(
    project: Project, start: Start, results: RunResults, *, hooks: ProjectHooks | None = None, renderer: Renderer | None = None
) -> FinishedSession:
    """Make the evidence of a run and fill the document with it.

    Args:
        hooks: the hooks of the project and of other plugins.
        renderer: the project's templates, if they are loaded already.
    """
    seen = _see(project, start, results)
    found = fates(start.session, seen.lines, start.parents.earlier)
    encoded = encode_at_hand(with_replaced(seen.lines, seen.replaced).values())
    digest = digest_of_pieces(encoded())
    tests = facts.tally(start.session, seen.lines, found, digest, skipped=seen.skipped, left_out=seen.left_out)
    paths = results.measured.measurement.files.keys() if isinstance(results.measured, Measured) else ()
    sources = with_lines(project, start.tree, paths, start.sources)
    record = _record(project, start, results, seen, tests=tests, sources=sources)
    record, statements = _with_statements(record, results.measured)
    if hooks is not None:
        record = replace(record, extensions=hooks.evidence(results.run))
    gathered = gather(project, record, start.parents, seen.lines, found)
    filling = Filling(today=results.context.finished[:10], hooks=hooks, renderer=renderer)
    files = Files(ledger=encoded, sources=tuple(sources.values()), statements=statements)
    outcome = finish(project, gathered, start.parents, files, filling)
    return replace(outcome, dropped_part=_drops_a_part(start))


def _with_statements(record: Record, measured: Measured | NotMeasured) -> tuple[Record, bytes]:
    """Name the file of the sources' statements in the record, and return that file, which is empty where there is none."""
    if record.coverage is None or isinstance(measured, NotMeasured):
        return record, b""
    from pytest_handoff.workflow.known_statements import statements_of

    lines, known = statements_of(measured.measurement)
    return replace(record, coverage=replace(record.coverage, statements=known)), lines


def _record(
    project: Project, start: Start, results: RunResults, seen: _Seen, *, tests: TallySummary, sources: Mapping[str, SourceLine]
) -> Record:
    """Build the record of the run itself; gates, places and required lines come with the document."""
    run, context = results.run, results.context
    changes = _changes(project, start, sources, tests.new)
    why = completeness.why_incomplete(seen.scope, seen.lines, filter(results.is_test_file, start.tree.files))
    uncollected = [] if why else completeness.uncollected(seen.scope, changes, results.is_test_file)
    integrity = _integrity(project, start, seen.lines, sources, changes, uncollected=uncollected)
    changed = frozenset(integrity.changed or ())
    coverage, code, not_measured = _coverage(project, start, sources, results, seen, changed=changed)
    return Record(
        schema=RECORD_SCHEMA,
        session=start.session,
        previous=start.parents.links,
        run=_run_info(run, context, seen.scope, why, _parts(results.combined, seen.before)),
        source=_source_state(start, sources),
        tests=tests,
        coverage=coverage,
        new_code=code,
        not_measured=not_measured,
        changes=changes,
        unparsable=changed_and_broken(project, start.tree, sources, changes),
        policy=policy_table(project, _in_force(results, seen.before), results.instructions),
        gates=[],
        metrics=_metrics(seen.before, run),
        document=project.key(project.document(start.session)),
        places=start.before.places if start.before else [],
        required=start.required,
        provenance=context.provenance,
        instructions=results.instructions,
        integrity=integrity,
        unstable=seen.unstable,
    )


def _see(project: Project, start: Start, results: RunResults) -> _Seen:
    """Compare each test with earlier sessions and, if the run adds to an earlier one, add the results of that run."""
    run, combined, earlier = results.run, results.combined, start.parents.earlier
    traced = results.traced or trace_all(project, start, run.collected, run.whole_files)
    lines = ledger.new_ledger(session=start.session, run=run, earlier=earlier, lineage=traced)
    lines = _excepted(project, start, lines, results.context.finished[:10])
    lines = with_unseen(lines, start.own, start.session, run, partial(start.has_file, project))
    scope = completeness.scope_of(run) if combined is None else combined.scope
    before = start.before if combined is None and adds_up(start, run) else None
    replaced: Ledger = {}
    if before is not None:
        scope = completeness.add_up(scope, before.run)
        then, replaced = project.store.whole_ledger(before)
        lines = completeness.fill_in(lines, then, earlier.lines, start.session)
    elif combined is None and _is_repeated(start, results.context):
        lines = completeness.with_flaky(lines, start.own)
    skipped = completeness.skipped_nodes(run, before)
    left_out = completeness.left_out(run, before, lines)
    unstable = _unstable(project, start, run)
    changing = {ids.test for ids in chain(unstable, *(record.unstable for record in start.parents.records))}
    if traced.reparametrized or earlier.replaced or replaced:
        from pytest_handoff.evidence.replaced_ids import replaced_ids

        replaced = replaced_ids(start.session, earlier, traced, before=replaced, unstable=changing, known=lines)
    return _Seen(
        traced=traced, lines=lines, scope=scope, before=before, skipped=skipped, left_out=left_out,
        unstable=unstable, replaced=replaced,
    )  # fmt: skip


def _excepted(project: Project, start: Start, lines: Ledger, today: str) -> Ledger:
    if not project.config.retire and not project.config.known:
        return lines
    from pytest_handoff.evidence.exceptions import Exceptions, with_exceptions

    parents = [read_policy(record.policy, path=f"the record of {record.session}") for record in start.parents.records]
    before = [entry for policy in parents for entry in policy.retire]
    exceptions = Exceptions(retire=project.config.retire, retired_before=before, known=project.config.known)
    return with_exceptions(lines, start.session, exceptions, start.parents.earlier, today=today)


def _is_repeated(start: Start, context: RunContext) -> bool:
    """Check that the session has a run of this very tree in this environment: what has another outcome now is flaky."""
    before = start.before
    return (
        before is not None
        and start.tree.is_that_of(before.source.fingerprint)
        and (before.run.python, before.run.platform) == (context.python, context.platform)
    )


def _in_force(results: RunResults, before: Record | None) -> InForce:
    """Return the settings that the run used, joined with those of the run that it adds to."""
    now = results.in_force or InForce()
    if before is None:
        return now
    return together(read_policy(before.policy, path=f"the record of {before.session}").in_force, now)


def _parts(combined: Combined | None, before: Record | None) -> list[CombinedPart]:
    """Return the parts that make up this run, or those of the run that it adds to."""
    if combined is not None:
        return combined.parts
    return before.run.combined if before is not None else []


def _drops_a_part(start: Start) -> bool:
    """Check whether an incomplete run of this session is dropped because the code has changed since."""
    before = start.before
    return before is not None and not before.run.complete and not start.tree.is_that_of(before.source.fingerprint)


def _metrics(before: Record | None, run: Run) -> list[Metric]:
    """Join the metrics of this run with those that only an earlier part of the session on the same tree measured."""
    found = joined(run.metrics)
    again = {metric.name for metric in found}
    earlier = [metric for metric in before.metrics if metric.name not in again] if before is not None else []
    return sorted([*found, *earlier], key=lambda metric: metric.name)


def _run_info(
    run: Run, context: RunContext, scope: completeness.RunScope, why: list[str], combined: list[CombinedPart]
) -> RunInfo:
    return RunInfo(
        started=context.started,
        finished=context.finished,
        duration_s=context.duration_s,
        exitstatus=run.exitstatus,
        complete=not why,
        why_incomplete=why,
        interrupted=run.interrupted is not None,
        parts=list(scope.parts),
        whole_files=sorted(scope.whole_files) if why else [],
        args=list(run.args),
        python=context.python,
        platform=context.platform,
        plugins=run.plugins,
        agent=context.agent,
        combined=combined,
    )


def _source_state(start: Start, sources: Mapping[str, SourceLine]) -> SourceState:
    tree, parents = start.tree, start.parents
    return SourceState(
        commit=tree.commit,
        branch=tree.branch,
        dirty=None if tree.modified is None else bool(tree.modified or tree.untracked),
        fingerprint=tree.fingerprint,
        base=parents.records[-1].source.fingerprint if parents.records else None,
        base_found="first" if not parents.records else "evidence" if parents.sources else "pruned",
        modified=tree.modified or [],
        untracked=tree.untracked or [],
        sources=digest_of_pieces(encode_in_pieces(sources.values())),
    )


def _changes(project: Project, start: Start, sources: Mapping[str, SourceLine], tests_added: int) -> Changes | None:
    if start.parents.sources is None:
        return None
    base = start.parents.sources[-1] if start.parents.sources else {}
    changes = changes_between(base, sources, start.renames, tests_added)
    return replace(changes, commits=commits) if (commits := _commits(project, start)) is not None else changes


def _commits(project: Project, start: Start) -> int | None:
    """Count the session's commits if the document mentions commits; no other run asks git for them."""
    before = start.parents.records[-1].source.commit if start.parents.records else None
    data = document_bytes(project, start.session) if before and start.tree.commit else None
    if before is None or start.tree.commit is None or data is None or b"ommits" not in data:
        return None
    return commits_since(project, start.tree, before)


def _integrity(
    project: Project,
    start: Start,
    lines: Ledger,
    sources: Mapping[str, SourceLine],
    changes: Changes | None,
    *,
    uncollected: list[str],
) -> Integrity:
    base = start.parents.records[-1] if start.parents.records else None
    contents = Contents(project, start.tree)
    parsed = None if changes is None else unchanged_files(project, sources, touched_by(changes), base, contents.stored)
    found = examine(
        start.session,
        lines.values(),
        sources,
        start.parents.sources,
        renames=start.renames,
        read=contents.read,
    )
    return replace(found, parsed=parsed, uncollected=uncollected)


def _unstable(project: Project, start: Start, run: Run) -> list[UnstableIds]:
    """Find the ids of this run that will be different in another run."""
    earlier = start.parents.earlier.lines
    same_code = {} if start.before is None or not start.tree.is_that_of(start.before.source.fingerprint) else start.own
    return unstable_ids(
        run.collected,
        known=earlier.keys() | start.own.keys() if start.own else earlier,
        before=[test for test, line in same_code.items() if line.outcome is not None],
        started=run.started,
        stand_in_code=lambda texts: texts_in(project, start.tree, texts),
    )


def _coverage(
    project: Project,
    start: Start,
    sources: Mapping[str, SourceLine],
    results: RunResults,
    seen: _Seen,
    *,
    changed: frozenset[str],
) -> tuple[CoverageSummary | None, NewCode | None, dict[str, str]]:
    measured = results.measured
    if isinstance(measured, NotMeasured):
        return None, None, {"coverage": measured.why}
    from pytest_handoff.workflow.measured import coverage_of, doubtful_tests

    doubtful, holding = doubtful_tests(start, results.run, seen.traced, changed), set(map(file_of, seen.lines))
    try:
        return coverage_of(project, start, sources, results, doubtful, holding=holding)
    except UnreadContexts as problem:
        results = replace(results, measured=measured.without_kinds(str(problem)))
        return coverage_of(project, start, sources, results, doubtful, holding=holding)

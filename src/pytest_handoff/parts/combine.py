"""Join the parts of several jobs into one session, with their coverage, as if one run had recorded it.

A part is data. This checkout decides where pytest's rootdir is, which file configures coverage.py, and which hooks run; what a
part says about them must agree.
"""

from __future__ import annotations

import os
from functools import partial, reduce
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.details import DETAILS_SCHEMA, Details
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.ledger import trace_collected
from pytest_handoff.evidence.measurement import Measured, NotMeasured
from pytest_handoff.evidence.policy import InForce, together
from pytest_handoff.figures import listed
from pytest_handoff.parts import joining
from pytest_handoff.parts.coverage_of_parts import joined_coverage, keep_for_later
from pytest_handoff.parts.files import PartReader, find_parts, parts_here, read_details, tree_of
from pytest_handoff.parts.joining import combined_part, joined_run, joined_scope
from pytest_handoff.parts.setup import conftests_with_hooks, own_setup, refuse_other_setups
from pytest_handoff.project import environment
from pytest_handoff.project.detail_files import finished, keep
from pytest_handoff.project.sessions import files_to_trace
from pytest_handoff.project.writing import write_as_one, writing
from pytest_handoff.record import Provenance
from pytest_handoff.workflow.hooks import ProjectHooks, implemented, with_pytest_config
from pytest_handoff.workflow.record import Combined, RunResults, record_run
from pytest_handoff.workflow.start import Start, begin, with_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pytest

    from pytest_handoff.coverage.unchanged import UnchangedFiles
    from pytest_handoff.details import Failure
    from pytest_handoff.evidence.ledger import Lineage
    from pytest_handoff.parts.coverage_of_parts import Progress
    from pytest_handoff.parts.files import Part, PartTests
    from pytest_handoff.parts.setup import OwnSetup
    from pytest_handoff.project.layout import Project
    from pytest_handoff.run import Run, RunContext
    from pytest_handoff.workflow.finish import FinishedSession


def _unchanged(project: Project, start: Start) -> UnchangedFiles:
    from pytest_handoff.coverage.unchanged import UnchangedFiles
    from pytest_handoff.workflow.known_statements import statements_before, unchanged_paths

    return UnchangedFiles(unchanged_paths(start), partial(statements_before, project, start))


def combine(
    project: Project, session: str, folders: Sequence[Path], each: Progress, tell: Callable[[str], None]
) -> FinishedSession:
    """Write the session that all parts make up.

    Args:
        folders: where the parts are, at any depth; if empty, where runs keep them when no folder is named.
        each: iterates over the parts, and may show progress.
        tell: says which code of this checkout is about to run.

    Raises:
        HandoffError: when the parts cannot be joined, or the document cannot be filled; nothing is written then.
    """
    with writing(project):
        start, heads = _find(project, session, folders)
        parts, older = _read(start, heads, each)
        outcome = _joined(project, start, parts, older, each=each, tell=tell)
        keep_for_later(project, session, start.tree, parts)
        write_as_one(project, session, outcome.artifacts)
    _keep_details(project, outcome, [*parts, *older], tell)
    return outcome


def _keep_details(project: Project, outcome: FinishedSession, parts: Sequence[PartTests], tell: Callable[[str], None]) -> None:
    """Join durations and failure texts; if several parts ran a test, keep the longest time and the first text."""
    if project.config.details == "off":
        return
    seconds: dict[str, float] = {}
    failures: list[Failure] = []
    for found in filter(None, map(read_details, parts)):
        for test, took in found.seconds.items():
            seconds[test] = max(took, seconds.get(test, 0))
        failures += found.failures
    joined = Details(schema=DETAILS_SCHEMA, session=outcome.record.session, record="", seconds=seconds, failures=failures)
    facts = outcome.composition.facts
    trouble = keep(project, finished(joined, outcome.record, facts.ledger, old=None, seen=()))
    if trouble is not None:
        tell(f"could not save durations and failure texts: {trouble}")


def _read(start: Start, heads: Mapping[str, Part], each: Progress) -> tuple[list[PartTests], list[PartTests]]:
    """Read the parts that count, by label, and the earlier attempts of the same jobs."""
    newest, older = joining.newest_attempts(heads)
    _refuse_other_trees(start, {place: heads[place] for place in (*newest, *older)})
    reader = PartReader()
    parts = [reader.tests(Path(place), heads[place]) for place in each(newest, "reading parts")]
    return parts, [reader.tests(Path(place), heads[place]) for place in older]


def _joined(
    project: Project,
    start: Start,
    parts: Sequence[PartTests],
    older: Sequence[PartTests],
    *,
    each: Progress,
    tell: Callable[[str], None],
) -> FinishedSession:
    """Record the session as if one run had made it."""
    setup = own_setup(project.folder, project.within)
    refuse_other_setups(project, setup, parts)
    absent = joining.missing(project.config.parts, [part.head.label for part in parts])
    run = joined_run(parts, older, absent)
    if setup.coverage_plugins and any(part.run.coverage is not None for part in parts):
        tell(f"loading the coverage.py plugins that this checkout configures: {', '.join(setup.coverage_plugins)}")
    measured = joined_coverage(project, start.tree, parts, each, setup, unchanged=partial(_unchanged, project, start))
    try:
        results = _results(project, start, parts, run, measured)
        hooks = list(dict.fromkeys(hook for part in parts for hook in part.run.hooks))
        return _recorded(project, start, results, setup, hooks=hooks, tell=tell)
    finally:
        if isinstance(measured, Measured):
            measured.lines.close()


def _results(
    project: Project, start: Start, parts: Sequence[PartTests], run: Run, measured: Measured | NotMeasured
) -> RunResults:
    """Put together what the parts found out, as if one run had."""
    untidy = measured.measurement.untidy if isinstance(measured, Measured) else measured.untidy
    run = replace(run, mishaps=(*run.mishaps, *untidy))
    if isinstance(measured, Measured):
        found = measured.measurement
        why = found.why_no_classes or _why_ages_differ(project, start, parts, run)
        measured = replace(measured, measurement=replace(found, why_no_classes=why))
    return RunResults(
        run=run,
        measured=measured,
        context=_context(run, parts),
        is_test_file=lambda path: any(part.run.suite.is_module(path) for part in parts),
        instructions=_instructions(project, parts),
        in_force=_in_force(parts),
        combined=Combined(scope=joined_scope(parts, run), parts=[combined_part(part) for part in parts]),
    )


def _recorded(
    project: Project, start: Start, results: RunResults, setup: OwnSetup, *, hooks: list[str], tell: Callable[[str], None]
) -> FinishedSession:
    """Record the results; inside a pytest that collects nothing where hooks of the project are to be asked."""
    if not hooks and not conftests_with_hooks(project, start.tree, setup):
        return record_run(project, start, results)
    tell("running the hooks of this checkout, from its conftest.py files and the plugins that pytest finds")
    return with_pytest_config(
        setup.rootdir, lambda config: record_run(project, start, results, hooks=_extending(config, hooks, tell))
    )


def _find(project: Project, session: str, folders: Sequence[Path]) -> tuple[Start, dict[str, Part]]:
    """Find the heads of all parts by their place, and begin the session with the parents that the parts had."""
    start = begin(project, session)
    here = parts_here(project, start)
    heads = find_parts(folders or [folder for folder in [here] if folder.is_dir()])
    if not heads:
        where = f"in {listed([str(folder) for folder in folders])}" if folders else f"about this code in {project.shown(here)}"
        made = f"pytest --handoff={quote(session)} --handoff-part=LABEL"
        raise EvidenceProblem(f"there is no part of {session!r} {where}; name the folder of the parts, or make one with {made}")
    named = {str(folder): head for folder, head in heads.items()}
    previous = [parent.session for parent in next(iter(named.values())).previous]
    if previous != [link.session for link in start.parents.links] and all(map(project.store.has, previous)):
        start = begin(project, session, previous)
    joining.refuse_strangers(named, session=session, previous=start.parents.links)
    return with_latest(project, start), named


def _refuse_other_trees(start: Start, heads: Mapping[str, Part]) -> None:
    for place, head in heads.items():
        if not start.tree.is_that_of(head.fingerprint):
            here, theirs = start.tree.ids, tree_of(Path(place), head)
            differing = sorted(path for path in theirs.keys() | here.keys() if theirs.get(path) != here.get(path))
            raise EvidenceProblem(
                f"the part {head.shown!r} is about different code than this tree ({listed(differing)}): "
                "combine parts in a clean checkout of the commit that they ran on",
                path=place,
            )


def _why_ages_differ(project: Project, start: Start, parts: Sequence[PartTests], run: Run) -> str | None:
    """Say why the coverage by new tests is unknown: a part saw only its own tests, and mistook whether one is new."""
    earlier, session = start.parents.earlier, start.session
    if not earlier.lines:
        return None
    files = files_to_trace(project, start.parents.sources, partial(start.has_file, project))
    whole = trace_collected(earlier, run.collected, run.whole_files, start.renames, files)
    traced: dict[int, Lineage] = {}
    for part in parts:
        seen = part.collection
        if id(seen) not in traced:
            traced[id(seen)] = trace_collected(earlier, seen.tests, seen.whole_files, start.renames, files)
        own = traced[id(seen)]
        for test in sorted(part.results.keys() - earlier.lines.keys()):
            if (own.since(test, session, earlier) == session) != (whole.since(test, session, earlier) == session):
                return f"the part {part.head.label!r} could not tell which earlier test {test} continues"
    return None


def _context(run: Run, parts: Sequence[PartTests]) -> RunContext:
    """Describe the environment of all parts; the evidence is CI's if every part was made and combined there."""
    agents = [part.run.agent for part in parts if part.run.agent]
    here = environment.provenance(os.environ)
    by_ci = all(origin.kind == "ci" for origin in (here, *(part.head.provenance for part in parts)))
    return replace(
        environment.context_of(run, agents[0] if agents else None),
        python=", ".join(dict.fromkeys(part.head.python for part in parts)),
        platform=", ".join(dict.fromkeys(part.head.platform for part in parts)),
        provenance=here if by_ci else Provenance(kind="local", run_url=None, attempt=None),
    )


def _extending(config: pytest.Config, hooks: Sequence[str], tell: Callable[[str], None]) -> ProjectHooks:
    """Use this checkout's hooks, and refuse if it lacks one that the parts had, so that no gate is silently left out."""
    absent = [hook for hook in hooks if hook not in implemented(config)]
    if absent:
        raise EvidenceProblem(
            f"the parts were made with {', '.join(absent)}, but pytest finds no such hook here: "
            "install the plugins that those jobs had"
        )
    more = [hook for hook in implemented(config) if hook not in hooks]
    if more:
        tell(f"also calling {', '.join(more)}, which no part had")
    return ProjectHooks(config)


def _in_force(parts: Sequence[PartTests]) -> InForce:
    """Join the settings that the parts used: what any of them left out is left out."""
    return reduce(together, (_settings_of(part, part.head.shown) for part in parts))


def _settings_of(part: PartTests, label: str) -> InForce:
    measured_by = part.run.coverage.in_force if part.run.coverage is not None else None
    try:
        return msgspec.convert({"pytest": part.run.pytest or None, "coverage": measured_by or None}, InForce)
    except msgspec.ValidationError as error:
        raise EvidenceProblem(f"the part {label!r} is damaged: {error}; make it again") from error


def _instructions(project: Project, parts: Sequence[PartTests]) -> str | None:
    named = list(dict.fromkeys(part.run.instructions for part in parts if part.run.instructions))
    if len(named) > 1:
        raise UsageProblem(
            f"the parts name different instructions ({listed(named)}); pass the same --handoff-instructions to all"
        )
    outside = [name for name in named if not (project.root / name).resolve().is_relative_to(project.root.resolve())]
    if outside:
        raise EvidenceProblem(f"the parts name instructions outside this checkout ({outside[0]}); use a file of the repository")
    return named[0] if named else None

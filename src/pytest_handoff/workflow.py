"""The verbs: record a run, fill a document again. Each returns what is to be written; nothing here writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff import completeness, facts, ledger, lineage, markdown, store
from pytest_handoff.artifacts import Artifact
from pytest_handoff.changes import changes_between
from pytest_handoff.composition import Composition, compose
from pytest_handoff.config_files import unparsable
from pytest_handoff.coverage_summary import summarise as summarise_coverage
from pytest_handoff.markup import Markdown
from pytest_handoff.measurement import Measurement, NotMeasured
from pytest_handoff.moves import match_moves
from pytest_handoff.new_code import new_code
from pytest_handoff.parents import Parents, choose_parents, load_parents
from pytest_handoff.record import (
    RECORD_SCHEMA,
    Changes,
    CoverageSummary,
    Frozen,
    NewCode,
    Record,
    RunInfo,
    SourceLine,
    SourceState,
    TallySummary,
)
from pytest_handoff.regression import fates, summarise
from pytest_handoff.rendering import Renderer
from pytest_handoff.surroundings import RunContext
from pytest_handoff.tracing import trace_collected
from pytest_handoff.tree import Tree, read_tree, with_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pytest_handoff.project import Project
    from pytest_handoff.run import Run


class Start(Frozen, frozen=True):
    """What is known when a run begins: the sessions before, the tree the tests will run on, and which test files moved."""

    session: str
    parents: Parents
    tree: Tree
    sources: dict[str, SourceLine]
    renames: dict[str, str]
    before: Record | None


class Outcome(Frozen, frozen=True):
    """A session as it is to be written, with everything a reader is told."""

    record: Record
    composition: Composition
    artifacts: tuple[Artifact, ...]
    dropped_part: bool = False


def begin(project: Project, session: str, previous: Iterable[str] = ()) -> Start:
    """Read everything that the run will be compared with, before a test has run.

    Raises:
        HandoffError: when earlier evidence or the document cannot be used; nothing was run or written yet.
    """
    parents = load_parents(project.store, choose_parents(project.store, session, tuple(previous)))
    before = project.store.record(session) if project.store.has(session) else None
    read_document(project, session)
    base = parents.sources[-1] if parents.sources else {}
    own = project.store.sources(session) if before else None
    tree = read_tree(project, without_git=[*base, *(own or {})])
    sources = with_lines(project, tree, (), base)
    renames = {old: new for new, old in match_moves(base, sources).items()} if base else {}
    return Start(session=session, parents=parents, tree=tree, sources=sources, renames=renames, before=before)


def adds_up(start: Start, narrowing: Iterable[str]) -> bool:
    """Whether a run is to be joined with what the session has already: same tree, and not a whole run after a whole one."""
    before = start.before
    if before is None or before.source.fingerprint != start.tree.fingerprint:
        return False
    return bool(tuple(narrowing)) or not before.run.complete


def record_run(
    project: Project,
    start: Start,
    run: Run,
    measured: Measurement | NotMeasured,
    context: RunContext,
    *,
    is_test_file: Callable[[str], bool],
) -> Outcome:
    """Make the evidence of a run and fill the document with it."""
    session, parents = start.session, start.parents
    traced = trace_collected(parents.earlier, run.collected, run.whole_files, start.renames, project.root)
    lines = ledger.new_ledger(session=session, run=run, earlier=parents.earlier, lineage=traced, retire=project.config.retire)
    scope = completeness.scope_of(run)
    before = start.before
    if before is not None and adds_up(start, run.why_partial):
        scope = completeness.add_up(scope, before.run)
        lines = completeness.fill_in(lines, project.store.ledger(before))
    why = completeness.why_incomplete(scope, lines, filter(is_test_file, start.tree.files))
    paths = measured.files.keys() if isinstance(measured, Measurement) else ()
    sources = with_lines(project, start.tree, paths, start.sources)
    changes = _changes(parents, sources, start.renames, sum(line.since == session for line in lines.values()))
    found = fates(session, lines, parents.earlier)
    encoded = store.encode_lines(lines.values())
    coverage, code, not_measured = _coverage(measured, parents, sources, session, run, traced)
    record = Record(
        schema=RECORD_SCHEMA,
        session=session,
        previous=parents.links,
        run=_run_info(run, context, scope, why),
        source=_source_state(start.tree, parents),
        tests=TallySummary(
            ledger=store.digest_of(encoded),
            counts=ledger.count_outcomes(lines.values()),
            tiers=ledger.count_by_tier(lines.values()),
            new=sum(line.since == session for line in lines.values()),
            flaky=sum(line.flaky for line in lines.values()),
            regression=summarise(found.values()),
        ),
        coverage=coverage,
        new_code=code,
        not_measured=not_measured,
        changes=changes,
        unparsable=_unparsable(project, sources, changes),
        policy=policy_of(project),
        gates=[],
        metrics=[],
        document=project.key(project.document(session)),
        places=before.places if before else [],
        required=_remembered(before, parents),
        provenance=context.provenance,
    )
    dropped = before is not None and not before.run.complete and before.source.fingerprint != start.tree.fingerprint
    gathered = facts.Facts(record=record, ledger=lines, earlier=parents.earlier, fates=found)
    outcome = finish(project, gathered, parents, today=context.finished[:10], ledger_bytes=encoded, sources=sources.values())
    return replace(outcome, dropped_part=dropped)


def refill(project: Project, session: str, *, today: str, take_over: frozenset[str] = frozenset()) -> Outcome:
    """Fill a document again from its session's record.

    Raises:
        HandoffError: when evidence is missing or damaged, or the document cannot be filled.
    """
    record = project.store.record(session)
    lines = project.store.ledger(record)
    parents = load_parents(project.store, [parent.session for parent in record.previous])
    gathered = facts.gather(record, lines, parents.earlier)
    return finish(
        project, gathered, parents, today=today, ledger_bytes=store.encode_lines(lines.values()), sources=None, take_over=take_over
    )


def finish(
    project: Project,
    gathered: facts.Facts,
    parents: Parents,
    *,
    today: str,
    ledger_bytes: bytes,
    sources: Iterable[SourceLine] | None,
    take_over: frozenset[str] = frozenset(),
) -> Outcome:
    """Compose the document and put everything that is to be written in the order in which it must be."""
    session = gathered.session
    renderer = renderer_of(project)
    text = read_document(project, session)
    if text is None:
        text = new_document(project, session, parents, renderer=renderer)
    composed = compose(
        text,
        gathered,
        project.config,
        path=project.shown(project.document(session)),
        today=today,
        parent_percent=parents.percent,
        render=renderer.block,
        required=gathered.record.required,
        take_over=take_over,
    )
    record = replace(
        gathered.record, gates=composed.verdicts, places=list(composed.written), required=composed.required
    )
    document = Artifact(path=project.document(session), content=markdown.encode(composed.text))
    evidence = project.store.artifacts(record, ledger_bytes, sources)
    return Outcome(record=record, composition=composed, artifacts=(*evidence[:-1], document, evidence[-1]))


def read_document(project: Project, session: str) -> str | None:
    """The document as it stands, or ``None`` where there is none yet.

    Raises:
        DocumentProblem: when it is no text that can be filled safely.
    """
    path = project.document(session)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return markdown.decode(data, project.shown(path))


def new_document(
    project: Project, session: str, parents: Parents, *, template: str | None = None, renderer: Renderer | None = None
) -> str:
    """A new document from a template, with what the sessions before promised."""
    renderer = renderer or renderer_of(project)
    owed = {
        "parents": list(parents.earlier.sessions),
        "passing": sum(line.outcome in ("passed", "xpassed") for line in parents.earlier.lines.values()),
        "promised": [line for line in parents.earlier.lines.values() if line.promised],
    }
    context = {
        "session": session,
        "number": int(session.removeprefix("session-")) if session.removeprefix("session-").isdecimal() else None,
        "owed_block": Markdown(renderer.block("session.owed", {"owed": owed}) or ""),
    }
    return renderer.document(template or project.config.template, context)


def policy_of(project: Project) -> dict[str, object]:
    """The settings in force, as the record keeps them."""
    import msgspec

    table: dict[str, object] = msgspec.to_builtins(project.config)
    return {key: value for key, value in table.items() if key not in ("dir", "document", "templates", "template")}


def renderer_of(project: Project) -> Renderer:
    """The templates of a project, its own before ours."""
    own = project.config.templates
    return Renderer(project.folder / own if own else None)


def _run_info(run: Run, context: RunContext, scope: completeness.Scope, why: list[str]) -> RunInfo:
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
    )


def _source_state(tree: Tree, parents: Parents) -> SourceState:
    dirty = None if tree.modified is None else bool(tree.modified or tree.untracked)
    return SourceState(
        commit=tree.commit,
        branch=tree.branch,
        dirty=dirty,
        fingerprint=tree.fingerprint,
        base=parents.records[-1].source.fingerprint if parents.records else None,
        base_found="first" if not parents.records else "evidence" if parents.sources else "pruned",
        modified=tree.modified or [],
        untracked=tree.untracked or [],
    )


def _changes(parents: Parents, sources: Mapping[str, SourceLine], renames: Mapping[str, str], tests_added: int) -> Changes | None:
    if parents.sources is None:
        return None
    base = parents.sources[-1] if parents.sources else {}
    return changes_between(base, sources, renames, tests_added)


def _unparsable(project: Project, sources: Mapping[str, SourceLine], changes: Changes | None) -> dict[str, str] | None:
    if changes is None:
        return None
    touched = {*changes.created, *changes.modified, *(new for _, new in changes.renamed)}
    return unparsable(project.root, touched & sources.keys())


def _coverage(
    measured: Measurement | NotMeasured,
    parents: Parents,
    sources: Mapping[str, SourceLine],
    session: str,
    run: Run,
    traced: lineage.Lineage,
) -> tuple[CoverageSummary | None, NewCode | None, dict[str, str]]:
    if isinstance(measured, NotMeasured):
        return None, None, {"coverage": measured.why}
    reasons = {} if measured.classes_known else {"contexts": measured.why_no_classes or "contexts are missing"}
    summary = summarise_coverage(measured)
    if parents.sources is None:
        return summary, None, reasons | {"new_code": f"the sources of {parents.names} were pruned"}
    failing = [
        test
        for test, result in run.results.items()
        if (result.outcome in ("failed", "error", "xfailed") or result.reruns)
        and run.collected[test].tier == "unit"
        and traced.since(test, session, parents.earlier) == session
    ]
    code = new_code(
        measured,
        bases=parents.sources,
        base_name=parents.names or "the beginning",
        now=sources,
        session=session,
        failed_counting=failing,
    )
    return summary, code, reasons


def _remembered(before: Record | None, parents: Parents) -> list[str]:
    own = before.required if before else []
    return list(dict.fromkeys([*own, *(line for record in parents.records for line in record.required)]))

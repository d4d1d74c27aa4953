"""Begin a run, record it, and fill a document again; each returns the files to write, and nothing here writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff import facts, markdown
from pytest_handoff.artifacts import Artifact
from pytest_handoff.composition import Composition, FillRequest, check_names, compose
from pytest_handoff.encoding import encode_in_pieces
from pytest_handoff.errors import DocumentProblem, EvidenceProblem
from pytest_handoff.foreign_files import TEXT, Refused, read_file
from pytest_handoff.kinds import Kinds
from pytest_handoff.line_hashes import WIDTH
from pytest_handoff.lineage import Ledger, Lineage
from pytest_handoff.markup import Markdown
from pytest_handoff.moves import match_moves
from pytest_handoff.nodeids import file_of
from pytest_handoff.parents import Parents, choose_parents, load_parents
from pytest_handoff.policy_source import policy_changes
from pytest_handoff.record import Frozen, Record, SourceLine
from pytest_handoff.regression import count_passing
from pytest_handoff.rendering import Renderer
from pytest_handoff.tracing import trace_collected
from pytest_handoff.tree import Tree, read_tree, with_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_handoff.artifacts import Content
    from pytest_handoff.extending import Extending
    from pytest_handoff.history import SessionRow
    from pytest_handoff.project import Project
    from pytest_handoff.regression import Fate
    from pytest_handoff.run import Run


class Start(Frozen, frozen=True):
    """The state before a run: the sessions before, the tree that the tests will run on, and which test files moved.

    ``before`` is the record that this session has already, ``own`` its ledger, once :func:`with_latest` has read it.
    """

    session: str
    parents: Parents
    tree: Tree
    sources: dict[str, SourceLine]
    renames: dict[str, str]
    before: Record | None
    own: Ledger = {}


class Outcome(Frozen, frozen=True):
    """A session before it is written, with everything that is printed about it."""

    record: Record
    composition: Composition
    artifacts: tuple[Artifact, ...]
    parent_percent: float | None = None
    dropped_part: bool = False

    def artifact(self, path: Path) -> Artifact:
        """Return the artifact that is to be written to ``path``."""
        return next(artifact for artifact in self.artifacts if artifact.path == path)


def begin(project: Project, session: str, previous: Iterable[str] = ()) -> Start:
    """Read everything that the run will be compared with, before any test runs.

    Raises:
        HandoffError: when earlier evidence or the document cannot be used; nothing has been run or written yet.
    """
    check_names(project.config)
    parents = load_parents(project.store, choose_parents(project.store, session, tuple(previous)))
    before = project.store.record(session) if project.store.has(session) else None
    read_document(project, session)
    base = parents.sources[-1] if parents.sources else {}
    tree = read_tree(project)
    sources = with_lines(project, tree, (), base)
    renames = {old: new for new, old in match_moves(base, sources).items()} if base else {}
    return Start(session=session, parents=parents, tree=tree, sources=sources, renames=renames, before=before)


def trace_all(start: Start, collected: Mapping[str, object], whole_files: Iterable[str], root: Path) -> Lineage:
    """Find which collected test continues which earlier one; ``root`` is the folder that ids are relative to."""
    return trace_collected(start.parents.earlier, collected, whole_files, start.renames, root)


def adds_up(start: Start, run: Run) -> bool:
    """Decide whether a run adds to the session's record: on the same tree, unless both the run and the record are whole.

    A run is not whole if it was asked for less, or if another plugin, a conftest or ``-x`` left tests or files out.
    """
    before = start.before
    if before is None or before.source.fingerprint != start.tree.fingerprint:
        return False
    if run.why_partial or not before.run.complete or run.results.keys() < run.collected.keys():
        return True
    files = {file_of(test) for test, line in start.own.items() if line.outcome is not None}
    return not files <= run.whole_files | run.broken_files.keys()


def with_latest(project: Project, start: Start) -> Start:
    """Add to a start what another run of the session has recorded meanwhile; call this with the lock held.

    Raises:
        EvidenceProblem: when that cannot be read, or a session that this one continues has changed since the start.
    """
    for link in start.parents.links:
        if project.store.digest(link.session) != link.digest:
            raise EvidenceProblem(
                f"the record of {link.session!r}, which {start.session!r} continues, has changed while the tests ran; "
                f"{run_again(start)}"
            )
    if not project.store.has(start.session):
        return replace(start, before=None)
    before = project.store.record(start.session)
    return replace(start, before=before, own=_own_ledger(project, before))


def has_complete_run(start: Start) -> bool:
    """Check whether the record is of a complete run on this very code: an interrupted run does not replace it."""
    before = start.before
    return before is not None and before.run.complete and before.source.fingerprint == start.tree.fingerprint


def run_again(start: Start) -> str:
    """Name the remedy after a run that was not recorded; offer its results where ``handoff fill`` would take them."""
    return "run again" if has_complete_run(start) else f"run again, or handoff fill {start.session} --interrupted"


def _own_ledger(project: Project, before: Record) -> Ledger:
    """Read the ledger that a new run is about to replace; a damaged one counts as empty, since running again repairs it."""
    try:
        return project.store.ledger(before)
    except EvidenceProblem:
        return {}


def refill(project: Project, session: str, *, today: str, take_over: frozenset[str] = frozenset()) -> Outcome:
    """Fill a document again from its session's record.

    Raises:
        HandoffError: when evidence is missing or damaged, or the document cannot be filled.
    """
    from pytest_handoff.consistency import refuse_edited

    record = project.store.record(session)
    lines = project.store.ledger(record)
    parents = load_parents(project.store, [parent.session for parent in record.previous])
    refuse_edited(record)
    fates = facts.fates_on_record(record, lines, parents.earlier)
    gathered = gather(project, record, parents, lines, fates)
    files = Files(ledger=partial(encode_in_pieces, lines.values()))
    return finish(project, gathered, parents, files, Filling(today=today, take_over=take_over))


def gather(project: Project, record: Record, parents: Parents, ledger: Ledger, fates: dict[str, Fate]) -> facts.Facts:
    """Gather what evidence and settings say about a session; the document is read later, when it is composed.

    Raises:
        HandoffError: when the settings, or the policy that a record keeps, cannot be read.
    """
    changed = policy_changes(project, record, parents)
    return facts.Facts(
        record=record,
        ledger=ledger,
        earlier=parents.earlier,
        fates=fates,
        kinds=Kinds(ledger, fates),
        loosened=changed.loosened,
        policy_unknown=changed.unknown,
        baselines=parents.metrics,
        inherited=parents.promises,
    )


@dataclass(frozen=True, slots=True)
class Files:
    """The evidence that is written beside the record.

    Attributes:
        ledger: the file of the session's tests.
        sources: the source tree; ``None`` leaves the present file as it is.
    """

    ledger: Content
    sources: tuple[SourceLine, ...] | None = None


@dataclass(frozen=True, slots=True)
class Filling:
    """The circumstances in which a session's document is filled.

    Attributes:
        today: the date, for waivers that expire.
        take_over: places where a person's words are to be replaced.
        hooks: the hooks of the project and of other plugins, where a run is recorded.
        renderer: the project's templates, if they are loaded already.
    """

    today: str
    take_over: frozenset[str] = frozenset()
    hooks: Extending | None = None
    renderer: Renderer | None = None


def finish(project: Project, gathered: facts.Facts, parents: Parents, files: Files, filling: Filling) -> Outcome:
    """Compose the document, and return all files in the order in which they must be written."""
    session, hooks = gathered.session, filling.hooks
    renderer = filling.renderer or renderer_of(project)
    text = read_document(project, session)
    if text is None:
        text = new_document(project, session, parents, renderer=renderer)
    if hooks is not None:
        text = hooks.document(text, gathered)
    request = FillRequest(
        path=project.shown(project.document(session)),
        today=filling.today,
        render=renderer.block,
        parent_percent=parents.percent,
        required=list(dict.fromkeys([*gathered.record.required, *parents.required])),
        take_over=filling.take_over,
        instructions=_instructions(project, gathered.record.instructions),
        line_counts=partial(_line_counts, project, session, files.sources),
        sessions=lambda: _sessions(project, gathered.record),
        ask_gates=hooks.gates if hooks is not None else None,
    )
    composed = compose(text, gathered, project.config, request)
    record = replace(composed.facts.record, gates=composed.verdicts, places=list(composed.written), required=composed.required)
    document = Artifact(path=project.document(session), content=markdown.encode(composed.text))
    evidence = project.store.artifacts(record, files.ledger, files.sources)
    return Outcome(
        record=record, composition=composed, artifacts=(*evidence[:-1], document, evidence[-1]), parent_percent=parents.percent
    )


def read_document(project: Project, session: str) -> str | None:
    """Read the text of the document as it stands, or return ``None`` where there is none yet.

    Raises:
        DocumentProblem: when its text cannot be filled safely.
    """
    data = document_bytes(project, session)
    return None if data is None else markdown.decode(data, project.shown(project.document(session)))


def document_bytes(project: Project, session: str) -> bytes | None:
    """Read the bytes of the document as they stand, or return ``None`` where there is none yet.

    Raises:
        DocumentProblem: when what is there cannot be read as a document.
    """
    path = project.document(session)
    try:
        return read_file(path, project.within, TEXT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Refused as refused:
        raise DocumentProblem(f"this {refused.why}; move it away", path=project.shown(path)) from refused
    except OSError as error:
        raise DocumentProblem(f"this cannot be read: {error.strerror or error}", path=project.shown(path)) from error


def new_document(
    project: Project, session: str, parents: Parents, *, template: str | None = None, renderer: Renderer | None = None
) -> str:
    """Make a new document from a template, with what the sessions before promised."""
    renderer = renderer or renderer_of(project)
    owed = {
        "parents": list(parents.earlier.sessions),
        "passing": count_passing(parents.earlier.lines.values()),
        "promised": list(filter(attrgetter("promised"), parents.earlier.lines.values())),
        "promises": parents.promises,
    }
    context = {
        "session": session,
        "number": _number(session),
        "owed_block": Markdown(renderer.block("session.owed", {"owed": owed}) or ""),
    }
    return renderer.document(template or project.config.template, context)


def _instructions(project: Project, key: str | None) -> str | None:
    """Read the session's instructions, or return ``None`` where none were named or the file is gone."""
    if key is None:
        return None
    try:
        return markdown.decode(read_file(project.root / key, project.within, TEXT), key)
    except OSError:
        return None


def _sessions(project: Project, record: Record) -> list[SessionRow]:
    """Build the rows of a trend that ends with this session, and one row before it to compare with."""
    from pytest_handoff.ancestry import Chain
    from pytest_handoff.history import session_rows
    from pytest_handoff.trend import MOST_SESSIONS

    return session_rows({one.session: one for one in Chain(project.store).records_up_to(record, most=MOST_SESSIONS + 1)})


def _line_counts(project: Project, session: str, sources: Iterable[SourceLine] | None) -> dict[str, int]:
    """Count the lines of each source file as the run left it; none where the session's sources were pruned."""
    if sources is None:
        sources = (project.store.sources(session) or {}).values()
    return {source.path: len(source.lines) // WIDTH for source in sources if source.lines}


def _number(session: str) -> int | None:
    """Read the number in a session's name, such as ``session-3`` or ``phase-3``."""
    found = re.fullmatch(r"(?:session-|phase-)?([0-9]+)", session)
    return int(found[1]) if found else None


def renderer_of(project: Project, compiled: Path | None = None) -> Renderer:
    """Make the renderer of a project's templates, its own before ours; ``compiled`` is a folder for compiled templates."""
    own = project.config.templates
    return Renderer(project.folder / own if own else None, compiled, project.within)

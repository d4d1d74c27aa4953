"""Gather what is known when a run begins: the earlier sessions, the tree, and what this session has recorded so far."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.composition.compose import check_names
from pytest_handoff.document import parse
from pytest_handoff.errors import DocumentProblem, EvidenceProblem
from pytest_handoff.evidence.ledger import Ledger
from pytest_handoff.evidence.source_changes import match_moves
from pytest_handoff.nodeids import file_of
from pytest_handoff.project.contents import with_lines
from pytest_handoff.project.foreign_files import TEXT, Refused, read_file
from pytest_handoff.project.sessions import Parents, choose_parents, load_parents
from pytest_handoff.project.tree import Tree, read_tree
from pytest_handoff.project.unmerged import refuse_unmerged
from pytest_handoff.record import Frozen, Record, SourceLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pytest_handoff.project.layout import Project
    from pytest_handoff.run import Run


class Start(Frozen, frozen=True):
    """The state before a run: earlier sessions, the tree that the tests will run on, and which test files moved.

    ``before`` is the record that this session has already, ``own`` its ledger, once :func:`with_latest` has read it, or has
    found it ``unreadable``.
    """

    session: str
    parents: Parents
    tree: Tree
    sources: dict[str, SourceLine]
    renames: dict[str, str]
    before: Record | None
    own: Ledger = {}
    unreadable: bool = False

    @property
    def required(self) -> list[str]:
        """List the checklist lines that this session's or a parent's document had: their removal must not go unnoticed."""
        own = self.before.required if self.before else []
        return list(dict.fromkeys([*own, *self.parents.required]))

    def has_file(self, project: Project, key: str) -> bool:
        """Look whether there is a file of this key, such as the one that a test id begins with, checked out or not."""
        return project.has_file(key) or self.tree.leaves_out(key)


def begin(project: Project, session: str, previous: Iterable[str] = ()) -> Start:
    """Read everything that the run will be compared with, before any test runs.

    Raises:
        HandoffError: when earlier evidence or the document cannot be used; nothing has been run or written yet.
    """
    check_names(project.config)
    before = project.store.figures(session) if project.store.has(session) else None
    parents = load_parents(
        project.store, choose_parents(project.store, session, tuple(previous), tracked=_tracked(project, before))
    )
    read_document(project, session)
    base = parents.sources[-1] if parents.sources else {}
    tree = read_tree(project)
    sources = with_lines(project, tree, (), base)
    renames = {old: new for new, old in match_moves(base, sources).items()} if base else {}
    return Start(session=session, parents=parents, tree=tree, sources=sources, renames=renames, before=before)


def _tracked(project: Project, before: Record | None) -> Collection[str]:
    """Name the sessions that git holds, where this one is recorded again and may have been merged."""
    if before is None:
        return ()
    from pytest_handoff.project.merged_sessions import tracked_sessions

    return tracked_sessions(project)


def adds_up(start: Start, run: Run) -> bool:
    """Decide whether a run adds to the session's record: on the same tree, unless both the run and the record are whole.

    A run is not whole if it was asked for less, or if another plugin, a conftest or ``-x`` left tests or files out.
    """
    before = start.before
    if before is None or start.unreadable or not start.tree.is_that_of(before.source.fingerprint):
        return False
    if run.why_partial or not before.run.complete or not run.all_ran:
        return True
    files = {file_of(test) for test, line in start.own.items() if line.outcome is not None}
    return not files <= run.seen_files | run.broken_files.keys()


def with_latest(project: Project, start: Start) -> Start:
    """Add to a start what another run of the session has recorded meanwhile; call this with the lock held.

    Raises:
        EvidenceProblem: when that cannot be read, or a session that this one continues has changed since the start.
    """
    for link in start.parents.links:
        if project.store.digest(link.session) != link.digest:
            raise EvidenceProblem(
                f"the record of {link.session!r}, which {start.session!r} continues, changed while the tests ran; "
                f"{run_again(start)}"
            )
    if not project.store.has(start.session):
        return replace(start, before=None)
    before = project.store.figures(start.session)
    own = _own_ledger(project, before)
    return replace(start, before=before, own=own or {}, unreadable=own is None)


def has_complete_run(start: Start) -> bool:
    """Check whether the record is of a complete run on this very code: an interrupted run does not replace it."""
    before = start.before
    return before is not None and before.run.complete and start.tree.is_that_of(before.source.fingerprint)


def run_again(start: Start) -> str:
    """Name the remedy after a run that was not recorded; offer its results where ``handoff fill`` would take them."""
    return "run again" if has_complete_run(start) else f"run again, or handoff fill {quote(start.session)} --interrupted"


def _own_ledger(project: Project, before: Record) -> Ledger | None:
    """Read the ledger that a new run is about to replace; ``None`` where it is damaged, since running again repairs it."""
    try:
        return project.store.ledger(before)
    except EvidenceProblem:
        return None


def read_document(project: Project, session: str) -> str | None:
    """Read the text of the document as it stands, or return ``None`` if there is none yet.

    Raises:
        DocumentProblem: when its text cannot be filled safely.
        EvidenceProblem: when git could not merge the evidence of the session.
    """
    refuse_unmerged(project, session)
    data = document_bytes(project, session)
    if data is None:
        return None
    document = project.document(session)
    try:
        return parse.decode(data, project.shown(document))
    except parse.UnresolvedMerge as problem:
        if not project.store.has(session):
            raise
        remedy = project.store.one_side(session, document)
        message = f"an unresolved merge conflict starts here; {remedy}"
        raise DocumentProblem(message, path=problem.path, line=problem.line) from problem


def document_bytes(project: Project, session: str) -> bytes | None:
    """Read the bytes of the document as they stand, or return ``None`` if there is none yet.

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

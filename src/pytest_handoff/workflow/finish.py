"""Make the files of a session when its run ends, or later from its record, without writing them."""

from __future__ import annotations

import re
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.checklist.decisions import given_up, taken_from_people
from pytest_handoff.composition.compose import Composition, FillRequest, compose
from pytest_handoff.document import parse
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence import facts
from pytest_handoff.evidence.ledger import Ledger, Lineage, trace_collected, with_replaced
from pytest_handoff.evidence.loosened import without_repeats
from pytest_handoff.evidence.policy import taken_out
from pytest_handoff.evidence.regression import LineGroups, count_passing
from pytest_handoff.evidence.source_changes import WIDTH
from pytest_handoff.markup import SafeMarkdown
from pytest_handoff.project.artifacts import Artifact
from pytest_handoff.project.encoding import encode_in_pieces
from pytest_handoff.project.foreign_files import TEXT, read_file
from pytest_handoff.project.sessions import Parents, files_to_trace, load_parents
from pytest_handoff.project.target_branch import policy_changes
from pytest_handoff.record import Bundle, Frozen, Record, SourceLine
from pytest_handoff.rendering.templates import Renderer
from pytest_handoff.workflow.start import Start, read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_handoff.evidence.history import SessionRow
    from pytest_handoff.evidence.regression import Fates
    from pytest_handoff.project.artifacts import Content
    from pytest_handoff.project.layout import Project
    from pytest_handoff.proof import Proof
    from pytest_handoff.workflow.hooks import ProjectHooks


class FinishedSession(Frozen, frozen=True):
    """A session before it is written, with everything that is printed about it."""

    record: Record
    composition: Composition
    artifacts: tuple[Artifact, ...]
    parent_percent: float | None = None
    dropped_part: bool = False

    def artifact(self, path: Path) -> Artifact:
        """Return the artifact that is to be written to ``path``."""
        return next(artifact for artifact in self.artifacts if artifact.path == path)


def trace_all(project: Project, start: Start, collected: Mapping[str, object], whole_files: Iterable[str]) -> Lineage:
    """Find which collected test continues which earlier one."""
    files = files_to_trace(project, start.parents.sources, partial(start.has_file, project))
    return trace_collected(start.parents.earlier, collected, whole_files, start.renames, files)


def refill(project: Project, session: str, *, today: str, take_over: frozenset[str] = frozenset()) -> FinishedSession:
    """Fill a document again from its session's record.

    Raises:
        HandoffError: when evidence is missing or damaged, or the document cannot be filled.
    """
    from pytest_handoff.workflow.recheck import refuse_edited

    record = project.store.record(session)
    lines, replaced = project.store.whole_ledger(record)
    parents = load_parents(project.store, [parent.session for parent in record.previous])
    refuse_edited(record)
    fates = facts.fates_on_record(record, lines, parents.earlier)
    gathered = replace(gather(project, record, parents, lines, fates), proof=_readable_proof(project, record))
    files = Files(ledger=partial(encode_in_pieces, with_replaced(lines, replaced).values()))
    return finish(project, gathered, parents, files, Filling(today=today, take_over=take_over))


def _readable_proof(project: Project, record: Record) -> Proof | None:
    """Read the proof of this run, or return ``None``; the gate of proofs says what is wrong with a damaged one."""
    from pytest_handoff.project.proofs import proof_of

    try:
        return proof_of(project, record)
    except EvidenceProblem:
        return None


def gather(project: Project, record: Record, parents: Parents, ledger: Ledger, fates: Fates) -> facts.Facts:
    """Collect what evidence and settings say about a session; the document is read later, when it is composed.

    Raises:
        HandoffError: when the settings, or the policy that a record keeps, cannot be read.
    """
    changed = policy_changes(project, record, parents, ledger)
    gathered = facts.Facts(
        record=record,
        ledger=ledger,
        earlier=parents.earlier,
        fates=fates,
        kinds=LineGroups(ledger, fates),
        loosened=changed.loosened,
        policy_unknown=changed.unknown,
        not_compared=changed.not_compared,
        baselines=parents.metrics,
        inherited=parents.promises,
        taken_out=tuple(taken_out([parent.policy for parent in parents.records], record.policy)),
    )
    taken = taken_from_people(gathered, project.config, parents.records)
    return replace(gathered, loosened=without_repeats([*changed.loosened, *taken, *given_up(gathered, parents.records)]))


class Files(Bundle, frozen=True):
    """The evidence that is written beside the record.

    Attributes:
        ledger: the file of the session's tests.
        sources: the source tree; ``None`` leaves the present file as it is.
        statements: what the lines of its files are; ``None`` leaves the present file as it is.
    """

    ledger: Content
    sources: tuple[SourceLine, ...] | None = None
    statements: bytes | None = None


class Filling(Bundle, frozen=True):
    """The circumstances in which a session's document is filled.

    Attributes:
        today: the date, for waivers that expire.
        take_over: places where a person's words are to be replaced.
        hooks: the hooks of the project and of other plugins, where a run is recorded.
        renderer: the project's templates, if they are loaded already.
    """

    today: str
    take_over: frozenset[str] = frozenset()
    hooks: ProjectHooks | None = None
    renderer: Renderer | None = None


def finish(project: Project, gathered: facts.Facts, parents: Parents, files: Files, filling: Filling) -> FinishedSession:
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
        parent=parents.records[0] if len(parents.records) == 1 else None,
        required=list(dict.fromkeys([*gathered.record.required, *parents.required])),
        take_over=filling.take_over,
        instructions=_instructions(project, gathered.record.instructions),
        line_counts=partial(_line_counts, project, gathered.record, files.sources),
        sessions=lambda: _sessions(project, gathered.record),
        ask_gates=hooks.gates if hooks is not None else None,
    )
    composed = compose(text, gathered, project.config, request)
    record = replace(composed.facts.record, gates=composed.verdicts, places=list(composed.written), required=composed.required)
    document = Artifact(path=project.document(session), content=parse.encode(composed.text))
    store = project.store
    evidence = store.artifacts(record, files.ledger, files.sources, statements=files.statements, parents=parents.records)
    return FinishedSession(
        record=record, composition=composed, artifacts=(*evidence[:-1], document, evidence[-1]), parent_percent=parents.percent
    )


def new_document(
    project: Project, session: str, parents: Parents, *, template: str | None = None, renderer: Renderer | None = None
) -> str:
    """Make a new document from a template, with what earlier sessions promised and the checklist lines that must stay."""
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
        "owed_block": SafeMarkdown(renderer.block("session.owed", {"owed": owed}) or ""),
    }
    text = renderer.document(template or project.config.template, context)
    must = [*project.config.required, *parents.required]
    if not must:
        return text
    from pytest_handoff.workflow.carried_lines import with_carried_lines

    return with_carried_lines(text, must)


def _instructions(project: Project, key: str | None) -> str | None:
    """Read the session's instructions, or return ``None`` where none were named or the file is gone."""
    if key is None:
        return None
    try:
        return parse.decode(read_file(project.root / key, project.within, TEXT), key)
    except OSError:
        return None


def _sessions(project: Project, record: Record) -> list[SessionRow]:
    """Build the rows of a trend that ends with this session, and one row before it to compare with."""
    from pytest_handoff.composition.blocks import MOST_SESSIONS
    from pytest_handoff.evidence.history import session_rows

    return session_rows({one.session: one for one in project.chain.records_up_to(record, most=MOST_SESSIONS + 1)})


def _line_counts(project: Project, record: Record, sources: Iterable[SourceLine] | None) -> dict[str, int]:
    """Count the lines of each source file as the run left it; none where the session's sources were pruned."""
    if sources is None:
        sources = (project.store.sources_of(record) or {}).values()
    return {source.path: len(source.lines) // WIDTH for source in sources if source.lines}


def _number(session: str) -> int | None:
    """Read the number in a session's name, such as ``session-3`` or ``phase-3``."""
    found = re.fullmatch(r"(?:session-|phase-)?([0-9]+)", session)
    return int(found[1]) if found else None


def renderer_of(project: Project, compiled: Path | None = None) -> Renderer:
    """Make the renderer of a project's templates, its own before ours; ``compiled`` is a folder for compiled templates."""
    own = project.config.templates
    return Renderer(project.folder / own if own else None, compiled, project.within)

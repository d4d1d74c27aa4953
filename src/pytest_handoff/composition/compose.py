"""Fill a session's document from its facts, and find claims that contradict them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.checklist.decisions import GATES, Decision, all_verdicts, decide, remembered, standing_verdicts
from pytest_handoff.checklist.decisions import blocking as blocking_of
from pytest_handoff.checklist.language import missing_required
from pytest_handoff.checklist.lexicon import extended
from pytest_handoff.checklist.words import DEFAULT_WORDS
from pytest_handoff.composition.blocks import block_context, corrections_of, trend_of
from pytest_handoff.composition.counts import numbered_sessions
from pytest_handoff.composition.forms import chosen
from pytest_handoff.composition.names import names_of
from pytest_handoff.composition.quantities import Measured, figure_values, without_remarks
from pytest_handoff.composition.status import status_values
from pytest_handoff.composition.values import (
    OF_CHANGES,
    Rows,
    claims_too_many,
    known_test_files,
    tells_results,
    values,
)
from pytest_handoff.document.catalogue import FIELDS, catalogue, mentioned, own_names, path_row
from pytest_handoff.document.fences import own_lines
from pytest_handoff.document.file_counts import PREFIX as COUNTS
from pytest_handoff.document.file_counts import counted_path
from pytest_handoff.document.file_lists import FILES_LIST
from pytest_handoff.document.fill import fill
from pytest_handoff.document.find import find, performance_rows
from pytest_handoff.document.labels import own_length
from pytest_handoff.document.places import Document, Finding, Place, Task
from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.facts import DocumentFacts, Facts, Instruction
from pytest_handoff.evidence.metrics import DURATION_ROW
from pytest_handoff.record import Bundle, Frozen, Record, Verdict, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.composition.blocks import Correction, Trend
    from pytest_handoff.config import Config
    from pytest_handoff.document.places import Filled
    from pytest_handoff.evidence.history import SessionRow

    Render = Callable[[str, Mapping[str, object]], str | None]


def is_measured(row: str) -> bool:
    """Check for a metric's row or the run's duration, which may differ from run to run."""
    return row.startswith("metric.") or row == DURATION_ROW


class Composition(Frozen, frozen=True):
    """A filled document, with everything that was decided on the way."""

    text: str
    document: Document
    written: tuple[Written, ...]
    findings: tuple[Finding, ...]
    facts: Facts
    decisions: tuple[Decision, ...]
    verdicts: list[Verdict]
    blocking: list[Verdict]
    required: list[str]


class FillRequest(Bundle, frozen=True):
    """A request to fill a document: all that it takes apart from the facts and the settings.

    Attributes:
        path: the document's name in messages.
        today: the date, for waivers that expire.
        render: renders the body of a block from its id and a context; returns ``None`` for a block that is not ours.
        parent_percent: coverage of the parent, if there is exactly one and it was measured.
        parent: the record of the parent, if there is exactly one.
        required: checklist lines that the document must not lose: this session's since its first fill, and its parents'.
        take_over: places where a person's words are replaced.
        instructions: the text of the session's instructions, if a file was named and could be read.
        line_counts: counts the lines of the source files; called only if the document wants to know.
        sessions: lists this session after those it descends from; called only if the document shows a trend.
        ask_gates: asks the project's own gates while a run is recorded; later the record knows their verdicts.
    """

    path: str
    today: str
    render: Render
    parent_percent: float | None = None
    parent: Record | None = None
    required: Sequence[str] = ()
    take_over: frozenset[str] = frozenset()
    instructions: str | None = None
    line_counts: Callable[[], dict[str, int]] = dict
    sessions: Callable[[], Sequence[SessionRow]] = tuple
    ask_gates: Callable[[Facts], list[Verdict]] | None = None


def compose(text: str, facts: Facts, config: Config, request: FillRequest) -> Composition:
    """Fill a document from the facts.

    The same facts and text always give the same result, and filling twice changes nothing.

    Args:
        text: the document's text so far.
    """
    memory = {written.id: written.known for written in facts.record.places}
    found, rows = _find(text, facts, config, memory, request)
    targets = {row: text for row, text in rows.targets.items() if is_measured(row)}
    facts = replace(facts, document=DocumentFacts(targets=targets))
    found, plain = _valued(found, rows, facts, memory, request)
    must = list(dict.fromkeys([*config.required, *request.required]))
    claims = fill(found, values=plain, blocks={}, ticks={}, memory=memory, take_over=request.take_over).findings
    read = _read(found, targets, claims, must)
    facts = _with_instructions(replace(facts, document=read), config, request)
    decided = decide(found.tasks, facts, config, request.today)
    standing = standing_verdicts(facts, config, request.today)
    told = corrections_of(found.text, claims) if config.corrections == "on" else []
    blocks = _rendered_blocks(found, facts, decided, rows, request, told=told)
    found = replace(found, findings=(*found.findings, *_nobodys(found, blocks)))
    filled = fill(
        found,
        values=plain | status_values(facts, blocking_of(standing, decided), decided, {place.id for place in found.places}),
        blocks=blocks,
        ticks={decision.line: decision.wanted for decision in decided if decision.wanted is not None},
        memory=memory,
        take_over=request.take_over,
    )
    return _composition(filled, found, facts, decided, standing, must=must)


def _composition(
    filled: Filled,
    found: Document,
    facts: Facts,
    decided: tuple[Decision, ...],
    standing: Sequence[Verdict],
    *,
    must: Sequence[str],
) -> Composition:
    """Put together the filled document and what was decided on the way; ``must`` are the lines that it must not lose."""
    return Composition(
        text=filled.text,
        document=found,
        written=filled.written,
        findings=filled.findings,
        facts=facts,
        decisions=decided,
        verdicts=all_verdicts(standing, decided, facts),
        blocking=blocking_of(standing, decided),
        required=list(dict.fromkeys([*must, *remembered(decided)])),
    )


def _rendered_blocks(
    found: Document, facts: Facts, decided: Sequence[Decision], rows: Rows, request: FillRequest, *, told: Sequence[Correction]
) -> dict[str, str]:
    """Render the body of each of our blocks; ``told`` are the corrections to a person's claims."""
    trend = _trend(request.sessions) if "handoff:begin trend" in found.text else None
    context = block_context(facts, decided, line_counts=rows.line_counts, trend=trend, corrections=told)
    return _blocks(found, context, request.render)


def _valued(
    found: Document, rows: Rows, facts: Facts, memory: Mapping[str, str], request: FillRequest
) -> tuple[Document, dict[str, str]]:
    """Work out the value of each place that the evidence knows, and leave a person's remarks to the person."""
    known = values(facts, agent=facts.record.run.agent, parent_percent=request.parent_percent, rows=rows)
    plain = chosen(found, known, memory)
    measured = Measured(facts, request.parent, request.parent_percent, rows.line_counts)
    figures = figure_values(measured, found.places, rows.targets)
    places, prompts = without_remarks(found.places, memory, figures)
    return replace(found, places=tuple(places)), plain | figures | prompts


def _read(found: Document, targets: Mapping[str, str], claims: Iterable[Finding], must: Sequence[str]) -> DocumentFacts:
    """Collect what a document adds to the facts: its targets, the claims that the evidence contradicts, the lines it lacks."""
    return DocumentFacts(
        targets=dict(targets),
        contradicted=tuple(finding.message for finding in claims if finding.kind == "contradicted"),
        absent=tuple(missing_required(must, [task.text for task in found.tasks])),
    )


def _with_instructions(facts: Facts, config: Config, request: FillRequest) -> Facts:
    """Add the session's instructions and, while a run is recorded, what the project's own gates say about the facts."""

    def added(facts: Facts, *, gates_asked: bool) -> Facts:
        lines = _instructions(request.instructions, facts, config, gates_asked=gates_asked)
        return replace(facts, document=replace(facts.document, instructions=lines))

    if request.ask_gates is not None:
        verdicts = request.ask_gates(added(facts, gates_asked=False))
        extensions = replace(facts.record.extensions, gates=verdicts)
        facts = replace(facts, record=replace(facts.record, extensions=extensions))
    return added(facts, gates_asked=True)


def check_names(config: Config) -> None:
    """Check the project's own names for places and words, before any test runs.

    Raises:
        UsageProblem: a name cannot be used; the message says which.
    """
    own_names(FIELDS, config.aliases)
    if config.words:
        extended(DEFAULT_WORDS, config.words, tuple(config.tiers))
    for binding in config.bind:
        if binding.gate is not None and binding.gate not in GATES:
            raise UsageProblem(f"bind: there is no gate {binding.gate!r}; the gates are {', '.join(GATES)}")


def _trend(sessions: Callable[[], Sequence[SessionRow]]) -> Trend:
    return trend_of(sessions())


def _blocks(found: Document, context: Mapping[str, object], render: Render) -> dict[str, str]:
    bodies = {place.id: render(place.id, context) for place in found.places if place.kind == "block"}
    return {place: body for place, body in bodies.items() if body is not None}


def _nobodys(found: Document, blocks: Mapping[str, str]) -> Iterator[Finding]:
    """Report the blocks without a template: nobody fills them, but a reader would take their text for ours."""
    for place in found.places:
        if place.kind == "block" and place.id not in blocks:
            message = f"there is no block named {place.id}; its text stays as it is"
            yield Finding(kind="marker", line=place.line, place=place.id, message=message)


def _find(text: str, facts: Facts, config: Config, memory: Mapping[str, str], request: FillRequest) -> tuple[Document, Rows]:
    """Find the document's places, and what its rows ask for."""
    measured = facts.record.coverage.files if facts.record.coverage else ()
    named = mentioned(text, measured)
    metrics = [metric.name for metric in facts.record.metrics]
    fields = catalogue(
        facts.session, aliases=config.aliases, metrics=metrics, rows=performance_rows(text), paths=named,
        sessions=numbered_sessions(facts),
    )  # fmt: skip
    found = find(text, fields=fields, path=request.path, names=names_of(facts, text))
    counts = {counted_path(place.id)[0] for place in found.places if place.id.startswith(COUNTS)}
    tests = known_test_files(facts) if "tests" in counts else {}
    counts |= {place.quantity for place in found.places if place.quantity == "lines"}
    wants_lines = "lines" in counts or "handoff:begin files.lines" in text or _wants_examples(found, memory)
    lines = request.line_counts() if wants_lines else {}
    places = [place for place in found.places if not _is_a_persons_remark(place, memory, tests, lines)]
    if facts.is_first:
        places = [place for place in places if place.state != "written" or place.id in memory or place.id not in OF_CHANGES]
    asked = {place.id.rpartition(".")[0] for place in places}
    rows = Rows(
        targets={p.id.removesuffix(".target"): p.text for p in places if _is_a_persons_target(p, memory)},
        paths={row: name for name in named if (row := path_row(name)) in asked},
        counts=tuple(p.id for p in places if p.id.startswith(COUNTS)),
        line_counts=lines,
        timed=any(p.id == "phase.results" and _is_timed(p, memory) for p in places),
        files=next((_asked(p, memory) for p in places if p.id == "phase.files"), ""),
    )
    tasks = tuple(_tasks_of_ours(found, places, memory))
    findings = (*found.findings, *_for_a_person(found, places))
    return replace(found, places=tuple(places), tasks=tasks, findings=findings), rows


def _asked(place: Place, memory: Mapping[str, str]) -> str:
    """Return the prompt of a place, or what we wrote in answer to it."""
    text = place.text if place.state == "placeholder" else memory.get(place.id, "")
    return text if any(noun in text.lower() for noun in ("test", "implementation")) else ""


def _is_timed(place: Place, memory: Mapping[str, str]) -> bool:
    """Check whether the fence of results asks for the time, ``[X] passed in [Y]s``, or we wrote it there."""
    if place.state == "placeholder":
        return re.search(r"in \[[^\[\]]*\] ?s\b", place.text[: place.own]) is not None
    return memory.get(place.id, "").partition("\n")[0].endswith(" s")


def _wants_examples(found: Document, memory: Mapping[str, str]) -> bool:
    return any("example" in _asked(place, memory).lower() for place in found.places if place.id == "phase.files")


def _for_a_person(found: Document, kept: Sequence[Place]) -> Iterator[Finding]:
    """Report the places whose placeholder only a person can fill."""
    for place in found.places:
        if place not in kept and place.state == "placeholder":
            message = f"for you to fill in: {place.text}"
            yield Finding(kind="placeholder", line=place.line, place=None, message=message)


def _tasks_of_ours(found: Document, places: Iterable[Place], memory: Mapping[str, str]) -> Iterator[Task]:
    """Leave out the boxes in fences that a person wrote: they are drawings, and nobody asked us to decide them."""
    ours = {
        place.id
        for place in places
        if place.state == "placeholder" or own_lines(place.text, memory.get(place.id, "")) is not None
    }
    return (task for task in found.tasks if task.place is None or task.place in ours)


def _is_a_persons_remark(place: Place, memory: Mapping[str, str], tests: Mapping[str, int], lines: Mapping[str, int]) -> bool:
    """Check whether a person's words stand where a document need not be about evidence.

    That is beside a file's name, in the status at the top, in the duration of the work, which only a person knows (unless the
    prompt speaks of the run), and in the fence under *Test Results*. A number of tests or lines beside a file's name may count
    only the new ones, or those of an earlier day; more than the file has is a claim. The fence may show anything a person
    likes; with test results in it, it is a claim.
    """
    if place.id in memory:
        return False
    if place.id == "overview.duration":
        return place.state != "placeholder" or re.search(r"\b(?:tests?|run)\b", place.text, re.IGNORECASE) is None
    if place.state != "written":
        return False
    if place.id == FILES_LIST:
        return True
    if place.id == "phase.results":
        return not tells_results(place.text)
    return place.id == "status.top" or (place.id.startswith(COUNTS) and not claims_too_many(place, tests, lines))


def _is_a_persons_target(place: Place, memory: Mapping[str, str]) -> bool:
    if not place.id.endswith(".target") or place.state != "written":
        return False
    return own_length(place.text, memory.get(place.id, "")) is None


def _instructions(text: str | None, facts: Facts, config: Config, *, gates_asked: bool) -> tuple[Instruction, ...] | None:
    """Read the checklist of the session's instructions; if the evidence decides a line, a tick is neither needed nor enough.

    Until the project's own gates are asked, the lines that they decide are left out.
    """
    if text is None:
        return None
    tasks = find(text, fields=()).tasks
    return tuple(
        Instruction(text=decision.text, why_not=None if decision.state in ("holds", "done", "waived") else _why_not(decision))
        for decision in decide(tasks, facts, config)
        if gates_asked or all(spec.gate in GATES for spec in decision.check.specs)
    )


def _why_not(decision: Decision) -> str:
    return "is not ticked" if decision.state == "waits" else decision.evidence

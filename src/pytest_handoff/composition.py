"""From the facts of a session to its document: what stands where, what is ticked, and what a person claims otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff import decisions as deciding
from pytest_handoff import document as documents
from pytest_handoff.checks import missing_required
from pytest_handoff.facts import Facts
from pytest_handoff.fields import fields_for
from pytest_handoff.places import Document, Finding
from pytest_handoff.record import Frozen, NewCodeFile, Verdict, Written
from pytest_handoff.values import status_values, values
from pytest_handoff.verdicts import why_not_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_handoff.config import Config
VERDICT_WORDS = {
    "holds": "holds",
    "fails": "does not hold",
    "vetoed": "does not hold",
    "waived": "does not apply",
    "done": "nothing against it",
    "waits": "nothing against it",
}


class Composition(Frozen, frozen=True):
    """A filled document with everything that was decided on the way."""

    text: str
    document: Document
    written: tuple[Written, ...]
    findings: tuple[Finding, ...]
    facts: Facts
    decisions: tuple[deciding.Decision, ...]
    verdicts: list[Verdict]
    blocking: list[Verdict]
    required: list[str]


def compose(
    text: str,
    facts: Facts,
    config: Config,
    *,
    path: str,
    today: str,
    parent_percent: float | None,
    render: Callable[[str, Mapping[str, object]], str | None],
    required: list[str],
    take_over: frozenset[str] = frozenset(),
) -> Composition:
    """Fill a document from the facts. The same facts and text always give the same result, and filling twice changes nothing.

    Args:
        text: the document as it stands.
        path: how messages name the document.
        today: the date, for waivers that end.
        render: makes the body of a block from its id and a context, or ``None`` for a block that is not ours.
        required: checklist lines that the document must carry by memory: this session's first fill, and its parents'.
        take_over: places whose words of a person are to be replaced.
    """
    found = documents.find(text, fields=fields_for(facts.session), path=path)
    memory = {written.id: written.text for written in facts.record.places}
    plain = values(facts, agent=facts.record.run.agent, parent_percent=parent_percent)
    claims = documents.fill(found, values=plain, blocks={}, ticks={}, memory=memory, take_over=take_over).findings
    must = list(dict.fromkeys([*config.required, *required]))
    facts = replace(
        facts,
        contradicted=tuple(finding.message for finding in claims if finding.kind == "contradicted"),
        absent=tuple(missing_required(must, [task.text for task in found.tasks])),
    )
    decided = deciding.decide(found.tasks, facts, config)
    standing = deciding.standing_verdicts(facts, config, today)
    blocking = deciding.blocking(standing, decided)
    filled = documents.fill(
        found,
        values=plain | status_values(facts, blocking, decided),
        blocks=_blocks(found, facts, decided, render),
        ticks={decision.line: decision.wanted for decision in decided if decision.wanted is not None},
        memory=memory,
        take_over=take_over,
    )
    return Composition(
        text=filled.text,
        document=found,
        written=filled.written,
        findings=(*found.findings, *(finding for finding in filled.findings if finding not in found.findings)),
        facts=facts,
        decisions=decided,
        verdicts=deciding.all_verdicts(standing, decided, facts),
        blocking=blocking,
        required=list(dict.fromkeys([*must, *_decidable(decided)])),
    )


def _decidable(decided: tuple[deciding.Decision, ...]) -> list[str]:
    return [decision.text for decision in decided if decision.check.decision in ("decided", "veto")]


def _blocks(
    found: Document,
    facts: Facts,
    decided: tuple[deciding.Decision, ...],
    render: Callable[[str, Mapping[str, object]], str | None],
) -> dict[str, str]:
    code = facts.record.new_code
    rows: list[tuple[str, NewCodeFile]] = sorted(code.files.items(), key=_worst_first) if code else []
    context = {
        "facts": facts,
        "decisions": decided,
        "verdict_words": VERDICT_WORDS,
        "waiting": sum(decision.counts and decision.state == "waits" for decision in decided),
        "new_code_rows": rows,
        "why_not_measured": why_not_measured,
        "owed": owed(facts),
    }
    bodies = {place.id: render(place.id, context) for place in found.places if place.kind == "block"}
    return {place: body for place, body in bodies.items() if body is not None}


def _worst_first(row: tuple[str, NewCodeFile]) -> tuple[float, str]:
    path, file = row
    covered = file.covered if file.covered_by_new_unit is None else file.covered_by_new_unit
    return covered / max(file.num_statements, 1), path


def owed(facts: Facts) -> dict[str, object]:
    """What the sessions before left this one to keep."""
    earlier = facts.earlier
    return {
        "parents": list(earlier.sessions),
        "passing": sum(line.outcome in ("passed", "xpassed") for line in earlier.lines.values()),
        "promised": [line for line in earlier.lines.values() if line.promised],
    }

"""Explain a document line by line: who decides a line, by which rule, on what evidence, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.composition.terminal import checklist_summary
from pytest_handoff.evidence.completeness import sentence
from pytest_handoff.figures import counted, format_ranges
from pytest_handoff.markup import one_line
from pytest_handoff.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.composition.compose import Composition
    from pytest_handoff.document.places import Finding


_INDENT = " " * 10
_SIGNS = {"holds": "✓", "done": "✓", "fails": "✗", "vetoed": "✗", "waived": "–", "waits": "○"}
_STYLES = {"holds": "green", "done": "green", "fails": "red", "vetoed": "red", "waived": "yellow", "waits": "cyan"}


class Explained(NamedTuple):
    """A line of the explanation: the document's line number, the text and its style."""

    line: int
    text: str
    style: str = ""


def explain(composed: Composition) -> list[Explained]:
    """Explain each checklist line and each place with a finding, in the order of the document."""
    told = [*(row for decision in composed.decisions if decision.counts for row in _decision(decision))]
    told += [row for finding in composed.findings if finding.kind != "placeholder" for row in _finding(finding)]
    return [*sorted(told, key=lambda row: row.line), *_still_open(composed), *_unstable(composed)]


def closing(composed: Composition) -> list[Explained]:
    """Summarize the checklist in one line, and name the next command to type."""
    session = composed.facts.session
    following = f"handoff gate {session}" if not composed.blocking else f"mend it, then pytest --handoff={session}"
    style = "red" if composed.blocking else "green"
    return [Explained(0, checklist_summary(composed), style), Explained(0, f"next: {following}", "bold")]


def _decision(decision: Decision) -> Iterator[Explained]:
    ticked = decision.ticked if decision.wanted is None else decision.wanted
    sign, style = _SIGNS[decision.state], _STYLES[decision.state]
    yield Explained(decision.line, f"{decision.line:>4} {sign} [{'x' if ticked else ' '}] {decision.text}", style)
    rule = " and ".join(str(spec) for spec in decision.check.specs)
    match decision.check.decision:
        case "person":
            yield Explained(decision.line, f"{_INDENT}a person's: {decision.check.why or 'no rule understands this line'}", "dim")
        case "waived":
            yield Explained(decision.line, f"{_INDENT}waived: {decision.check.why}", "dim")
        case "veto":
            yield Explained(decision.line, f"{_INDENT}a person's, with a veto · {rule} · {decision.evidence}", "dim")
        case "decided":
            yield Explained(decision.line, f"{_INDENT}decided · {rule} · {decision.evidence}", "dim")
    if decision.needs:
        yield Explained(decision.line, f"{_INDENT}to mend: {decision.needs}", "bold")


def _finding(finding: Finding) -> Iterator[Explained]:
    line = finding.line or 0
    yield Explained(line, f"{line or '–':>4}  {finding.message}", "yellow")


def _still_open(composed: Composition) -> list[Explained]:
    """List the lines that still hold a placeholder, which a person has to fill."""
    lines = {finding.line for finding in composed.findings if finding.kind == "placeholder" and finding.line}
    if not lines:
        return []
    text = f"{counted(len(lines), 'placeholder')} for a person to fill: line {format_ranges(lines)}"
    return [Explained(max(lines), text, "dim")]


def _unstable(composed: Composition) -> list[Explained]:
    """Name the tests whose unstable ids the next session cannot compare."""
    found = composed.facts.record.unstable
    return [Explained(0, f"   –  {one_line(ids.test)}: {shorten(sentence(ids), 300)}", "yellow") for ids in found]

"""Show a session's evidence, for programs and for people, and explain its document line by line."""

from __future__ import annotations

import re
from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from pytest_handoff.cli.history import StyledText
from pytest_handoff.cli.support import GOOD, outcome_of, project_here, session_argument, shown_details, shown_proof, verb
from pytest_handoff.cli.wrapping import hung
from pytest_handoff.composition.proved import told_lines
from pytest_handoff.composition.terminal import Line, checklist_summary, run_lines
from pytest_handoff.evidence.completeness import sentence
from pytest_handoff.evidence.integrity import report
from pytest_handoff.figures import counted, format_ranges
from pytest_handoff.markup import one_line
from pytest_handoff.printable import shorten
from pytest_handoff.printing import say, say_json, say_parts
from pytest_handoff.record import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.composition.compose import Composition
    from pytest_handoff.document.places import Finding
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record, Verdict


SHOW_SCHEMA = "pytest-handoff/show/1"
_SOURCE = ("commit", "branch", "dirty", "fingerprint", "base")
_MOST_NAMES = 10
"""The most tests of each kind that are named without ``-v``: there may be tens of thousands."""


def show_table(
    composed: Composition, *, fresh: bool, proof: dict[str, Any] | None = None, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Build a table of everything known about a session; ``None`` is *not measured*, keys may be added and are never removed."""
    facts = composed.facts
    record = facts.record
    return {
        "schema": SHOW_SCHEMA,
        "session": record.session,
        "previous": [parent.session for parent in record.previous],
        "complete": record.run.complete,
        "why_incomplete": "; ".join(record.run.why_incomplete) or None,
        "fresh": fresh,
        "source": {name: getattr(record.source, name) for name in _SOURCE},
        "counts": {outcome: record.tests.counts[outcome] for outcome in OUTCOMES},
        "tiers": record.tests.tiers,
        "left_out": record.tests.left_out,
        "skipped_nodes": msgspec.to_builtins(record.tests.skipped_nodes),
        "tests": {test: _test(facts, test) for test in facts.ledger},
        "regression": msgspec.to_builtins(record.tests.regression),
        "coverage": _coverage(facts),
        "new_code": msgspec.to_builtins(record.new_code),
        "not_measured": record.not_measured,
        "changes": msgspec.to_builtins(record.changes),
        "integrity": msgspec.to_builtins(report(facts)),
        "unstable": msgspec.to_builtins(record.unstable),
        "combined": msgspec.to_builtins(record.run.combined),
        **_of_document(composed),
        "proof": proof,
        "details": details,
        "document": record.document,
        "provenance": msgspec.to_builtins(record.provenance),
    }


def _of_document(composed: Composition) -> dict[str, Any]:
    """Build the tables of what the document asks for, and what was decided and found."""
    return {
        "gates": [msgspec.to_builtins(verdict) for verdict in composed.verdicts],
        "checks": [check(decision) for decision in composed.decisions if decision.counts],
        "claims": [msgspec.to_builtins(finding) for finding in composed.findings],
    }


def proof_table(project: Project, record: Record) -> dict[str, Any] | None:
    """Count what the proof of this run found, by status; ``None`` where there is no such proof, or it cannot be read."""
    proof = shown_proof(project, record)
    if proof is None:
        return None
    parts = {"earlier": proof.earlier, "new": proof.new}
    faults = None if proof.faults is None or proof.faults.nothing is not None else proof.faults.counts
    statuses = {name: [tried.status for tried in part.tests.values()] for name, part in parts.items() if part is not None}
    counts = {name: dict(Counter(statuses[name])) if name in statuses else None for name in parts}
    return {"holds": proof.holds, "interrupted": proof.interrupted, "reasons": proof.reasons, **counts, "faults": faults}


def check(decision: Decision) -> dict[str, Any]:
    """Build the table of a checklist line that ``show`` and ``explain`` give to programs."""
    return {
        "line": decision.line,
        "text": decision.text,
        "decision": decision.check.decision,
        "verdict": decision.verdict,
        "ticked": decision.ticked if decision.wanted is None else decision.wanted,
        "gate": "+".join(dict.fromkeys(spec.gate for spec in decision.check.specs)) or None,
        "rule": [str(spec) for spec in decision.check.specs],
        "state": decision.state,
        "evidence": decision.evidence,
        "needs": decision.needs,
    }


def _test(facts: Facts, test: str) -> dict[str, Any]:
    line = facts.ledger[test]
    status = facts.fates[test].status
    outcome = None if status == "retired" else line.outcome
    known = {"outcome": outcome, "tier": line.tier, "since": line.since, "status": status}
    extra: dict[str, Any] = {
        "flaky": line.flaky or None,
        "moved_from": line.moved_from,
        "reason": line.reason,
        "error": line.error,
        "parts": line.parts or None,
        "known": line.known,
    }
    return known | {key: value for key, value in extra.items() if value is not None}


def _coverage(facts: Facts) -> dict[str, Any] | None:
    coverage = facts.record.coverage
    if coverage is None:
        return None
    table: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(coverage, by_file=None))
    return table


VERDICT_SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "unknown": ("?", "red"), "waived": ("–", "yellow")}
_LABEL = re.compile(r"\S+ {2,}|  [a-z_]+(?: [a-z]+)? +(?=\S)")
_BAD = re.compile(r"(\d[\d,]* (?:failed|error|missing|regressed|still failing|newly skipped|flaky)\b)")
_LOST = ("regressed", "still failing", "missing", "newly skipped", "flaky")
_HANGING = 13


def show_lines(session: str, figures: Iterable[Line], verdicts: Iterable[Verdict]) -> Iterator[list[StyledText]]:
    """Yield the lines, each made of styled pieces; a gate has a sign as well as a colour.

    Do not repeat beside a gate's sign what the figures say about it.

    Args:
        figures: the lines of the section at the end of a run.
        verdicts: every gate that was evaluated.
    """
    yield [StyledText(f"handoff {session}", "bold")]
    lines = list(figures)
    for line in lines:
        style = next((colour for colour in ("red", "green", "yellow") if line.markup.get(colour)), "")
        label = _LABEL.match(line.text)
        cut = label.end() if label else 0
        name = line.text[:cut]
        yield [StyledText(name, "red" if name.strip() in _LOST else "dim"), *_figures(line.text[cut:], style)]
    told = list(verdicts)
    if told:
        yield [StyledText("gates", "dim")]
    room = min(max((len(verdict.id) for verdict in told), default=0), 48)
    for verdict in told:
        evidence = one_line(verdict.evidence)
        again = verdict.verdict in ("failed", "unknown") and any(evidence[:_SAME] in line.text for line in lines)
        yield [
            StyledText("  "),
            StyledText(*VERDICT_SIGNS[verdict.verdict]),
            StyledText(f" {verdict.id:<{room}}  "),
            StyledText("see above" if again else shorten(evidence, 160), "dim"),
        ]


_SAME = 60
"""If so many characters of a gate's evidence appear above, it is the same evidence."""


def _figures(text: str, style: str) -> Iterator[StyledText]:
    """Colour the figures that are bad news."""
    for at, piece in enumerate(_BAD.split(text)):
        if piece:
            yield StyledText(piece, "red" if at % 2 else style)


_INDENT = " " * 10
STATE_SIGNS = {"holds": "✓", "done": "✓", "fails": "✗", "vetoed": "✗", "waived": "–", "waits": "○"}
_STYLES = {"holds": "green", "done": "green", "fails": "red", "vetoed": "red", "waived": "yellow", "waits": "cyan"}


class Explained(NamedTuple):
    """A line of the explanation: the document's line number, the text and its style."""

    line: int
    text: str
    style: str = ""


def explained(composed: Composition) -> list[Explained]:
    """Explain each checklist line and each place with a finding, in the order of the document."""
    told = [*(row for decision in composed.decisions if decision.counts for row in _decision(decision))]
    told += [row for finding in composed.findings if finding.kind != "placeholder" for row in _finding(finding)]
    return [*sorted(told, key=lambda row: row.line), *_still_open(composed), *_unstable(composed)]


def closing(composed: Composition) -> list[Explained]:
    """Say what blocks besides the lines, summarize the checklist in one line, and name the next command to type."""
    session = composed.facts.session
    beside = [row for verdict in _beside_the_lines(composed) for row in _standing(verdict)]
    following = f"handoff gate {quote(session)}" if not composed.blocking else f"fix it, then pytest --handoff={quote(session)}"
    style = "red" if composed.blocking else "green"
    return [*beside, Explained(0, checklist_summary(composed), style), Explained(0, f"next: {following}", "bold")]


def _beside_the_lines(composed: Composition) -> list[Verdict]:
    """List the gates that block and that no line of the checklist speaks of."""
    said = [f"{decision.text}: {decision.evidence}" for decision in composed.decisions]
    return [verdict for verdict in composed.blocking if not any(verdict.evidence in line for line in said)]


def _standing(verdict: Verdict) -> Iterator[Explained]:
    yield Explained(0, f"   – ✗ {verdict.id}: {verdict.evidence}", "red")
    if verdict.needs:
        yield Explained(0, f"{_INDENT}fix: {verdict.needs}", "bold")


def _decision(decision: Decision) -> Iterator[Explained]:
    ticked = decision.ticked if decision.wanted is None else decision.wanted
    sign, style = STATE_SIGNS[decision.state], _STYLES[decision.state]
    yield Explained(decision.line, f"{decision.line:>4} {sign} [{'x' if ticked else ' '}] {decision.text}", style)
    rule = " and ".join(str(spec) for spec in decision.check.specs)
    match decision.check.decision:
        case "person":
            yield Explained(decision.line, f"{_INDENT}manual: {decision.check.why or 'handoff cannot check this line'}", "dim")
        case "waived":
            yield Explained(decision.line, f"{_INDENT}waived: {decision.check.why}", "dim")
        case "veto":
            yield Explained(decision.line, f"{_INDENT}manual, evidence can only object · {rule} · {decision.evidence}", "dim")
        case "decided":
            yield Explained(decision.line, f"{_INDENT}decided · {rule} · {decision.evidence}", "dim")
    if decision.needs:
        yield Explained(decision.line, f"{_INDENT}fix: {decision.needs}", "bold")


def _finding(finding: Finding) -> Iterator[Explained]:
    line = finding.line or 0
    yield Explained(line, f"{line or '–':>4}  {finding.message}", "yellow")


def _still_open(composed: Composition) -> list[Explained]:
    """List the lines that still hold a placeholder, which a person has to fill."""
    lines = {finding.line for finding in composed.findings if finding.kind == "placeholder" and finding.line}
    if not lines:
        return []
    text = f"{counted(len(lines), 'placeholder')} left for you: line {format_ranges(lines)}"
    return [Explained(max(lines), text, "dim")]


def _unstable(composed: Composition) -> list[Explained]:
    """Name the tests whose unstable ids the next session cannot compare."""
    found = composed.facts.record.unstable
    return [Explained(0, f"   –  {one_line(ids.test)}: {shorten(sentence(ids), 300)}", "yellow") for ids in found]


@click.command(short_help="Show the evidence")
@session_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-v", "--verbose", is_flag=True, help="List every test whose status changed, not just the first few.")
@click.pass_obj
@verb
def show(handoff_dir: str | None, session: str, *, as_json: bool, verbose: bool) -> int:
    """Show the evidence of SESSION, the output of failing tests and the slowest tests, if the run kept them here."""
    from pytest_handoff.cli.failures import details_lines, details_table
    from pytest_handoff.workflow.verify import is_fresh

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    details, facts = shown_details(project, outcome.record), outcome.composition.facts
    if as_json:
        fresh, proof = is_fresh(project, outcome.record), proof_table(project, outcome.record)
        known = details_table(project, details, facts) if details is not None else None
        say_json(show_table(outcome.composition, fresh=fresh, proof=proof, details=known))
        return GOOD
    document = project.shown(project.document(session))
    figures = run_lines(
        outcome.composition,
        document,
        parent_percent=outcome.parent_percent,
        verbosity=1,
        most=None if verbose else _MOST_NAMES,
    )
    proved = [Line(f"proof      {line}") for line in told_lines(facts, asked=bool(project.config.prove))]
    say_parts(hung(show_lines(session, [*figures, *proved], outcome.composition.verdicts), _HANGING))
    if details is not None:
        say_parts(hung(details_lines(project, details, facts, everything=verbose), _HANGING))
    return GOOD


@click.command(short_help="Explain the document line by line")
@session_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@verb
def explain(handoff_dir: str | None, session: str, *, as_json: bool) -> int:
    """Explain each line of SESSION's document: who decides it, by which rule, on what evidence, and what is missing."""
    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    if as_json:
        checks = [check(decision) for decision in outcome.composition.decisions if decision.counts]
        say_json(checks)
        return GOOD
    say(project.shown(project.document(session)))
    told = told_lines(outcome.composition.facts, asked=bool(project.config.prove))
    proved = (Explained(0, f"   –  proof: {line}", "dim") for line in told)
    rows = (*explained(outcome.composition), *proved, *closing(outcome.composition))
    say_parts(hung(([(row.text, row.style)] for row in rows), len(_INDENT) + 1))
    return GOOD

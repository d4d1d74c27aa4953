"""Word the terminal's summary of a run: figures first, then problems, then what to do next."""

from __future__ import annotations

from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.composition.wording import failing_subtests
from pytest_handoff.evidence.completeness import sentence
from pytest_handoff.evidence.integrity import IN_ANOTHER_NAME, report
from pytest_handoff.evidence.regression import passing_of
from pytest_handoff.figures import counted, listed, percent, points
from pytest_handoff.markup import one_line
from pytest_handoff.printable import labelled, shorten
from pytest_handoff.text_lines import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.composition.compose import Composition
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import CombinedPart, Outcome, RunInfo, Verdict


MOST_GATES = 5
MOST_PARTS = 8
_HARMLESS = ("overview.", "status.")
"""Places that often hold a person's words: the end of a run need not mention them."""

_LOST = ("regressed", "still failing", "missing", "newly skipped")
"""What became of tests that the gates name."""

_FIX = "  fix: "
"""The separator between what is wrong and how to fix it."""

_NEITHER: tuple[Outcome, ...] = ("skipped", "xfailed", "not_run")
"""Outcomes that are neither a pass nor a failure: with several tiers, each says how many it has."""


_YES, _NO, _HEED = {"green": True}, {"red": True}, {"yellow": True}
"""How pytest's terminal writer marks up what passes, what does not, and what needs attention."""


class Line(msgspec.Struct, frozen=True):
    """A line, how pytest's terminal writer should mark it up, and how many blanks its text hangs behind where it is wrapped."""

    text: str
    markup: dict[str, bool] = {}
    indent: int = 11


def wrapped(line: Line, columns: int) -> list[str]:
    """Wrap a line at blanks, indent its continuation lines, and begin a line of its own with the fix."""
    if len(line.text) <= columns:
        return [line.text]
    wrong, fix, remedy = line.text.rpartition(_FIX)
    blanks = " " * line.indent
    told = [("", wrong), (blanks, fix.lstrip() + remedy)] if fix else [("", remedy)]
    return [row for first, text in told for row in wrap(text, columns, first=first, rest=blanks)]


def run_lines(
    composed: Composition,
    document: str,
    *,
    parent_percent: float | None,
    verbosity: int,
    chain: Sequence[str] = (),
    most: int | None = None,
) -> list[Line]:
    """Write the section at the end of a run; two lines with ``-q``, names with ``-v``.

    Args:
        chain: the problems of the chain, one sentence each.
        most: how many names of each kind there may be with ``-v``; ``None`` for all of them.
    """
    facts, broken = composed.facts, [_row("chain", one_line(problem)) for problem in chain]
    gate, colour = _gate(composed, blocked=bool(composed.blocking or chain))
    if verbosity < 0:
        first = Line(f"handoff {facts.session}: {gate}", colour)
        return [first, *map(Line, broken), Line(f"document   {document}")]
    blocking = list(_blocking(composed.blocking))
    names = list(_named(facts, most, blocking)) if verbosity > 0 else []
    return [
        *_figures(facts, parent_percent),
        Line(_row("checklist", checklist_summary(composed))),
        Line(_row("gate", gate.removeprefix("gate ") + (":" if colour == _NO else "")), colour),
        *(Line(f"  {row}", indent=13) for row in (*broken, *blocking)),
        *_notes(composed, everything=verbosity > 0),
        *(Line(f"  {row}", indent=13) for row in names),
        Line(_row("document", document, f"next: handoff explain {quote(facts.session)}")),
    ]


def dropped_line() -> Line:
    """Say that an earlier part of the session was left out."""
    return Line(_row("dropped", "an earlier part of this session, because the code has changed"))


def _gate(composed: Composition, *, blocked: bool) -> tuple[str, dict[str, bool]]:
    """Say whether the gate would pass, and in which colour."""
    if blocked:
        return "gate would not pass", _NO
    waiting = sum(decision.counts and decision.state == "waits" for decision in composed.decisions)
    return "all automatic checks pass" + (f" · {need_sign_off(waiting)}" if waiting else ""), _YES


def _figures(facts: Facts, parent_percent: float | None) -> Iterator[Line]:
    """Count the tests, say what became of earlier ones, and how much code is covered."""
    yield from (Line(_row("parts", parts)) for parts in _parts(facts.record.run))
    yield Line(_row("tests", _tests(facts), _by_tier(facts)))
    yield Line(_row("earlier", *_earlier(facts)))
    yield Line(_row("coverage", *_coverage(facts, parent_percent)))


def _notes(composed: Composition, *, everything: bool) -> Iterator[Line]:
    """Add what a reader should know besides the figures: what did not run, what changes by itself, what people claim."""
    facts, left = composed.facts, report(composed.facts).uncollected
    if not facts.record.run.complete and not any(verdict.id == "complete" for verdict in composed.blocking):
        yield Line(_row("incomplete", shorten(one_line("; ".join(facts.record.run.why_incomplete)), 200)), _HEED)
    if left:
        yield Line(_row("collection", f"not collected: {one_line(listed(left))}"), _HEED)
    yield from (Line(_row("ids", text), _HEED) for text in _unstable(facts, everything=everything))
    yield from (Line(_row("known", text), _HEED) for text in _known(facts))
    yield from (Line(_row("claim", claim)) for claim in _claims(composed))


def problem_lines(session: str, problem: str, details: Iterable[str] = ()) -> list[Line]:
    """Say why no evidence was written."""
    told = Line(f"handoff {session}: {problem}", _NO, indent=2)
    return [told, *(Line(f"  {detail}", indent=4) for detail in details)]


def build_line(told: str) -> Line:
    """Say what the hand-off folder does to a build of the project."""
    return Line(_row("build", told), _HEED)


def need_sign_off(number: int) -> str:
    """Say how many checklist lines a person still has to tick: ``7 need sign-off``."""
    return f"{number:,} {'needs' if number == 1 else 'need'} sign-off"


def checklist_summary(composed: Composition) -> str:
    """Say how many lines of the checklist pass, are vetoed, are waived, are signed off or need sign-off."""
    states = Counter(decision.state for decision in composed.decisions if decision.counts)
    decided = states["holds"] + states["fails"]
    parts = [f"{states['holds']} of {counted(decided, 'automatic check passes/automatic checks pass')}"] if decided else []
    parts += [f"{states['vetoed']} vetoed"] if states["vetoed"] else []
    parts += [f"{states['waived']} waived or not applicable"] if states["waived"] else []
    parts += [f"{states['done']} signed off"] if states["done"] else []
    parts += [need_sign_off(states["waits"])] if states["waits"] else []
    return " · ".join(parts) or "no checklist in the document"


def _row(label: str, *parts: str) -> str:
    first, *rest = parts
    return labelled(label, first) + "".join(f"   {part}" for part in rest if part)


def _tests(facts: Facts) -> str:
    tests = facts.record.tests
    return _outcomes(tests.counts) + failing_subtests(tests.failed_subtests)


def _outcomes(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {outcome.replace('_', ' ')}" for outcome, number in counts.items() if number) or "none"


def _parts(run: RunInfo) -> Iterator[str]:
    """List the parts that a run was joined from, each with its outcomes."""
    told = [f"{_part(part)}: {_outcomes(part.counts)}" for part in run.combined]
    if told:
        yield " · ".join(told[:MOST_PARTS]) + (f" · and {len(told) - MOST_PARTS:,} more" if len(told) > MOST_PARTS else "")


def _part(part: CombinedPart) -> str:
    return part.label if part.attempt in (None, 1) else f"{part.label} (attempt {part.attempt})"


def _by_tier(facts: Facts) -> str:
    by_tier = facts.record.tests.tiers
    tiers = []
    for tier, counts in by_tier.items():
        passing, total = passing_of(counts), sum(counts.values())
        others = [f"{counts[how]:,} {how.replace('_', ' ')}" for how in _NEITHER if counts[how] and len(by_tier) > 1]
        tiers.append(f"{tier} {passing}/{total}" + (f" ({', '.join(others)})" if others else ""))
    flaky = [f"{facts.record.tests.flaky} flaky"] if facts.record.tests.flaky else []
    touched = report(facts).changed
    changed = [f"{len(touched):,} changed"] if touched else []
    deselected = sum(facts.record.tests.left_out.values())
    left_out = [f"{deselected:,} left out by the settings"] if deselected else []
    return " · ".join([*tiers, f"{facts.record.tests.new} new", *flaky, *changed, *left_out])


def _earlier(facts: Facts) -> list[str]:
    if facts.is_first:
        return ["none: this is the first session, so all code is new"]
    summary = facts.record.tests.regression
    lost: dict[str, int] = {}
    for status, number in summary.statuses.items():
        if status == "still_failing":
            lost |= Counter(facts.became(line) for line in facts.with_status(status))
        elif number and status not in ("still_passing", "still_skipped"):
            lost[status.replace("_", " ")] = number
    parents = ", ".join(parent.session for parent in facts.record.previous)
    fates = ", ".join(f"{number} {status}" for status, number in lost.items())
    return [f"{summary.passing}/{summary.expected} still pass", fates, f"(since {parents})"]


def _coverage(facts: Facts, parent_percent: float | None) -> list[str]:
    coverage = facts.record.coverage
    if coverage is None:
        return [f"not measured: {why_not_measured(facts, 'coverage')}"]
    change = f"  ({_difference(coverage.percent, parent_percent)})" if parent_percent is not None else ""
    return [coverage.shown + change, _new_code(facts)]


def _difference(now: float, before: float) -> str:
    """Format the change in percentage points, cut off like every figure we show: ``+2.0`` for 2.038."""
    size = points(now - before)
    return "as before" if size == "0.0" else f"{'+' if now > before else '-'}{size}"


def _new_code(facts: Facts) -> str:
    code = facts.record.new_code
    if code is None:
        return f"new code not measured: {why_not_measured(facts, 'new_code')}"
    excluded = f" · {counted(code.excluded, 'new line')} excluded" if code.excluded else ""
    if not code.num_statements:
        return f"no new statements{excluded}"
    shown = f"new code {code.covered}/{code.num_statements} statements {percent(code.covered, code.num_statements)}"
    if code.covered_by_new_unit is None:
        return f"{shown} · by new unit tests not measured{excluded}"
    whole, at_import = code.by_tests, code.num_statements - code.by_tests
    by_new = (
        f" · by new unit tests {code.covered_by_new_unit}/{whole} {percent(code.covered_by_new_unit, whole)}" if whole else ""
    )
    only = f" · {at_import} at import only" if at_import else ""
    return f"{shown}{by_new}{only}{excluded}"


def _blocking(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts[:MOST_GATES]:
        needs = f"{_FIX}{verdict.needs}" if verdict.needs else ""
        yield labelled(verdict.id, f"{shorten(one_line(verdict.evidence), 400)}{shorten(needs, 160)}")
    if len(verdicts) > MOST_GATES:
        yield f"and {counted(len(verdicts) - MOST_GATES, 'more gate')}"


def _unstable(facts: Facts, *, everything: bool) -> list[str]:
    """List the tests whose ids change by themselves; unless all are wanted, name one and count the others."""
    found = facts.record.unstable
    shown = [f"{one_line(ids.test)}: {sentence(ids)}" for ids in (found if everything else found[:1])]
    more = f"   and {counted(len(found) - 1, 'more test')}" if len(found) > 1 and not everything else ""
    return [shorten(text, 300) + more for text in shown]


def _known(facts: Facts) -> Iterator[str]:
    """Name the tests that fail as known, and the known failures that pass by now."""
    failing, fixed = facts.known_failures(), facts.fixed_known()
    if failing:
        told = [f"{one_line(line.id)} ({one_line(line.known or '')})" for line in failing]
        yield shorten(f"{counted(len(told), 'test fails/tests fail')}: {listed(told)}", 300)
    if fixed:
        yield shorten(f"fixed: {listed([one_line(line.id) for line in fixed])}; remove from [[tool.handoff.known]]", 300)


def _claims(composed: Composition) -> list[str]:
    """Name one claim, or else one place that could not be filled, and count the others: ``explain`` lists them all."""
    found = [finding for finding in composed.findings if finding.kind not in ("placeholder", "contradicted", "missing_section")]
    found = [finding for finding in found if not (finding.place or "").startswith(_HARMLESS)]
    found.sort(key=lambda finding: finding.kind != "claim")
    shown = [f"line {finding.line}: {finding.message}" if finding.line else finding.message for finding in found]
    more = f"   and {len(shown) - 1:,} more" if len(shown) > 1 else ""
    return [shorten(one_line(shown[0]), 160) + more] if shown else []


def _named(facts: Facts, most: int | None, told: Sequence[str]) -> Iterator[str]:
    """List the tests and files of each kind that a reader may ask for: all of them, or the first of each kind.

    Args:
        told: the lines above; lost tests that these name, all of them, are not named again.
    """
    named = {word.rstrip(",:;") for line in told for word in line.split(" ")}
    for label, rows in _names(facts):
        if label in _LOST and named.issuperset(rows):
            continue
        yield from (labelled(label, row) for row in rows[:most])
        if most is not None and len(rows) > most:
            yield labelled(label, f"and {len(rows) - most:,} more: -v lists them")


def _names(facts: Facts) -> Iterator[tuple[str, Sequence[str]]]:
    for status in ("regressed", "still_failing", "missing", "newly_skipped", "moved", "fixed", "reparametrized", "retired"):
        by_label: dict[str, list[str]] = {}
        for line in facts.with_status(status):
            by_label.setdefault(facts.became(line), []).append(one_line(line.id))
        yield from by_label.items()
    gone = facts.taken_out
    yield "taken out", [f"{one_line(one.test)}: {one.what.lower()} until now ({one_line(one.reason)})" for one in gone]
    yield "flaky", [one_line(line.id) for line in facts.kinds.lines(lambda kind: kind.flaky)]
    parts = [(line.id, line.parts) for line in facts.ledger.values() if line.parts]
    yield "differs", [f"{one_line(test)}  {' · '.join(f'{part} {how}' for part, how in told.items())}" for test, told in parts]
    yield "left out", [f"{one_line(path)}: {counted(number, 'test')}" for path, number in facts.record.tests.left_out.items()]
    if facts.record.new_code is not None:
        yield "unmeasured", list(map(one_line, facts.record.new_code.unmeasured))
    done = report(facts)
    yield "changed", list(map(one_line, done.changed or ()))
    yield "beside", [f"{one_line(what)} changed, and earlier tests use it" for what in done.beside or ()]
    yield "no assert", list(map(one_line, done.without_assertion or ()))
    yield "disguise", [f"{one_line(test)} {IN_ANOTHER_NAME}" for test in done.in_another_name or ()]
    yield "tier", [f"{one_line(test.id)} was {test.was}, is now {test.now}" for test in done.tier_changes]

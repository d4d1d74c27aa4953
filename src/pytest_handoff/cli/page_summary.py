"""Say at the top of the page whether a session may be merged, what blocks it, and what changed, in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import asked, why_not_measured
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.cli.page_failures import not_collected
from pytest_handoff.evidence.regression import FAILING
from pytest_handoff.figures import count_ranges, counted, listed, percent, percent_of, points
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_handoff.checklist.condition import Condition, CoveredBy
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import NewCode, Verdict
    from pytest_handoff.workflow.finish import FinishedSession
    from pytest_handoff.workflow.steps import Step


MOST_BLOCKING = 12
_LATER = ("person", "placeholder")
_STRICTEST: tuple[CoveredBy, ...] = ("new_unit", "unit", "any")
_OPEN = ("failed", "unknown")


class Tile(Frozen, frozen=True):
    """A figure at the top of the page, ``bad`` if its gate does not pass; ``link`` leads to what it is about."""

    name: str
    value: str
    words: str
    link: str
    bad: bool = False


class Blocked(Frozen, frozen=True):
    """One thing that keeps the gate from passing; ``link`` leads to the section with its names, or is ``None``."""

    what: str
    do: str
    link: str | None = None


class Change(Frozen, frozen=True):
    """Something that changed since the previous session, as a figure with its words."""

    text: str
    link: str
    bad: bool = False


class Standing(Frozen, frozen=True):
    """Answer what a reader asks first: ``kind`` is ``bad``, ``open`` or ``good``; ``more`` counts what ``blocked`` leaves out."""

    kind: str
    words: str
    blocked: list[Blocked]
    more: int


def standing(outcome: FinishedSession, steps: Sequence[Step]) -> Standing:
    """Say whether the gate passes, and what is left until it does.

    Args:
        steps: what is left to do, as ``handoff next`` lists it.
    """
    todo = [step for step in steps if step.kind not in _LATER]
    waiting = sum(step.kind == "person" for step in steps)
    blocked = list(_blocked(outcome, todo))
    if todo:
        kind, words = "bad", "Gate does not pass"
    elif waiting:
        kind, words = "open", f"All automatic checks pass · {counted(waiting, 'line needs/lines need')} sign-off"
    else:
        kind, words = "good", "Gate passes"
    return Standing(kind=kind, words=words, blocked=blocked[:MOST_BLOCKING], more=len(blocked[MOST_BLOCKING:]))


def _blocked(outcome: FinishedSession, todo: Sequence[Step]) -> Iterator[Blocked]:
    """Name what blocks; tests and new lines have sections of their own, and are named only there."""
    facts = outcome.composition.facts
    failing = [step for step in todo if step.kind == "failures" and step.names]
    lost = [step for step in todo if step.kind == "regression"]
    code = [step for step in todo if step.kind == "new_code" and step.names]
    broken = not_collected(outcome.record)
    for step in todo:
        if step.kind == "complete" and step.file in broken:
            yield Blocked(what=step.what, do=step.do, link="#failing")
    if failing:
        yield Blocked(what=f"{counted(len(failing), 'test fails/tests fail')}", do="", link="#failing")
    if lost:
        yield Blocked(
            what=f"{counted(len(lost), 'earlier test no longer passes/earlier tests no longer pass')}",
            do="",
            link=_of_lost(facts),
        )
    if code:
        number = sum(count_ranges(name) for step in code for name in step.names)
        files = listed(list(dict.fromkeys(step.file or "" for step in code)))
        yield Blocked(what=f"{counted(number, 'new line needs/new lines need')} a test, in {files}", do="", link="#new-code")
    for step in todo:
        if not any(step is told for told in (*failing, *lost, *code)) and not (step.kind == "complete" and step.file in broken):
            names = f": {listed(step.names, 5)}" if step.kind in ("stale", "complete") and step.names else ""
            yield Blocked(what=step.what + names, do=step.remedy)


def _of_lost(facts: Facts) -> str:
    return "#lost" if facts.with_status("missing", "newly_skipped") else "#failing"


def tiles(outcome: FinishedSession) -> list[Tile]:
    """Make the tiles at the top of the page."""
    verdicts = {verdict.id: verdict for verdict in outcome.composition.verdicts}
    return [
        _tests_tile(outcome, verdicts),
        _earlier_tile(outcome, verdicts),
        _coverage_tile(outcome),
        _new_code_tile(outcome),
        _checklist_tile(outcome),
    ]


def _tests_tile(outcome: FinishedSession, verdicts: dict[str, Verdict]) -> Tile:
    """Show what matters most: files not collected, else failures, else errors, else passing tests; the others beside it."""
    record, told = outcome.record, _each_outcome(outcome.record.tests.counts)
    broken = len(not_collected(record))
    first = next((name for name in ("failed", "error", "passed", "xpassed") if name in told), None)
    value = counted(broken, "collection error") if broken else told.pop(first) if first else "none passed"
    words = list(told.values())
    words += [] if record.run.complete else ["incomplete run"]
    words += [counted(record.tests.new, "test is new/tests are new")] if record.tests.new and record.previous else []
    bad = broken > 0 or any(_is_open(verdicts.get(gate)) for gate in ("failures", "complete"))
    link = "#failing" if broken or first in FAILING else "#tests"
    return Tile(name="tests", value=value, words=" · ".join(words), link=link, bad=bad)


def _each_outcome(counts: Mapping[str, int]) -> dict[str, str]:
    """Write how many tests have each outcome, in pytest's words, of those that any test has."""
    names = ("failed", "error", "passed", "xpassed", "xfailed", "skipped", "not_run")
    words = {"error": "error", "not_run": "not run/not run"}
    return {name: counted(counts[name], words.get(name, f"{name}/{name}")) for name in names if counts[name]}


def _is_open(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.verdict in _OPEN


def _earlier_tile(outcome: FinishedSession, verdicts: dict[str, Verdict]) -> Tile:
    regression = outcome.record.tests.regression
    if not outcome.record.previous:
        return Tile(name="earlier tests", value="none", words="this is the first session", link="#tests")
    lost = {"regressed": "regressed", "missing": "missing", "newly_skipped": "newly skipped", "not_run": "not run"}
    words = [f"{regression.statuses[status]:,} {name}" for status, name in lost.items() if regression.statuses.get(status)]
    return Tile(
        name="earlier tests",
        value=f"{regression.passing:,}/{regression.expected:,}",
        words=" · ".join(["still pass", *words]),
        link="#lost" if words else "#tests",
        bad=_is_open(verdicts.get("regression")),
    )


def _specs(outcome: FinishedSession, gate: str) -> list[tuple[Condition, Verdict]]:
    """List the conditions of this gate that checklist lines ask for, with their verdicts, open ones first."""
    facts = outcome.composition.facts
    found = [
        (spec, evaluate(facts, spec))
        for decision in outcome.composition.decisions
        if decision.check.decision in ("decided", "veto")
        for spec in decision.check.specs
        if spec.gate == gate
    ]
    return sorted(found, key=lambda pair: pair[1].verdict not in _OPEN)


def _coverage_tile(outcome: FinishedSession) -> Tile:
    coverage, before = outcome.record.coverage, outcome.parent_percent
    bad = any(verdict.verdict in _OPEN for _, verdict in _specs(outcome, "coverage"))
    if coverage is None:
        why = why_not_measured(outcome.composition.facts, "coverage")
        return Tile(name="coverage", value="not measured", words=why, link="#coverage", bad=bad)
    words = f"{percent_of(before)} before" if before is not None else counted(coverage.num_statements, "statement")
    return Tile(name="coverage", value=coverage.shown, words=words, link="#coverage", bad=bad)


def measure(outcome: FinishedSession) -> tuple[CoveredBy, Condition | None, Verdict | None]:
    """Choose which tests of new code the page is about: those of a line that does not hold, else of the strictest line."""
    specs = sorted(_specs(outcome, "new_code"), key=lambda pair: (pair[1].verdict not in _OPEN, _STRICTEST.index(pair[0].by)))
    return (specs[0][0].by, *specs[0]) if specs else ("any", None, None)


def covered_by(code: NewCode, by: CoveredBy) -> int | None:
    """Return how many new statements these tests ran, or ``None`` where that was not measured."""
    return {"any": code.covered, "unit": code.covered_by_unit, "new_unit": code.covered_by_new_unit}[by]


def _asked_of(code: NewCode, by: CoveredBy) -> int:
    """Count the new statements that these tests must run, as the gate does: including those marked as no cover."""
    marked = sum(count_ranges(file.marked) for file in code.files.values())
    return (code.num_statements if by == "any" else code.by_tests) + marked


def tested(code: NewCode, by: CoveredBy) -> str:
    """Say how many new statements these tests ran; it must have been measured."""
    whose = {"any": "by any test", "unit": "by unit tests", "new_unit": "by new unit tests"}[by]
    return f"{covered_by(code, by) or 0:,}/{_asked_of(code, by):,} statements, {whose}"


def _new_code_tile(outcome: FinishedSession) -> Tile:
    """Show the figure that the gate uses, and say which tests it is about."""
    by, spec, verdict = measure(outcome)
    code, bad = outcome.record.new_code, _is_open(verdict)
    if code is None:
        why = why_not_measured(outcome.composition.facts, "new_code")
        return Tile(name="new code tested", value="not measured", words=why, link="#new-code", bad=bad)
    covered, total = covered_by(code, by), _asked_of(code, by)
    if covered is None:
        why = why_not_measured(outcome.composition.facts, "contexts")
        return Tile(name="new code tested", value="not measured", words=why, link="#new-code", bad=bad)
    if not total:
        return Tile(name="new code tested", value="no new code", words="no new statements", link="#new-code", bad=bad)
    words = [tested(code, by), *([asked(spec)] if spec is not None and bad else [])]
    return Tile(name="new code tested", value=percent(covered, total), words=" · ".join(words), link="#new-code", bad=bad)


def _checklist_tile(outcome: FinishedSession) -> Tile:
    decided = [one for one in outcome.composition.decisions if one.state in ("holds", "fails", "vetoed")]
    holding = sum(one.state == "holds" for one in decided)
    waiting = sum(one.counts and one.state == "waits" for one in outcome.composition.decisions)
    words = "automatic checks pass" + (f" · {counted(waiting, 'line needs/lines need')} sign-off" if waiting else "")
    if not decided:
        return Tile(
            name="checklist",
            value="no line",
            words=words.replace("automatic checks pass", "is decided automatically"),
            link="#checklist",
        )
    return Tile(
        name="checklist", value=f"{holding:,}/{len(decided):,}", words=words, link="#checklist", bad=holding < len(decided)
    )


def changes(outcome: FinishedSession) -> list[Change]:
    """List in figures what changed since the previous session; a first session has nothing to compare with."""
    if not outcome.record.previous:
        return []
    record, statuses = outcome.record, outcome.record.tests.regression.statuses
    found = [Change(text=counted(record.tests.new, "new test"), link="#filter=new")] if record.tests.new else []
    for status, words, bad in (
        ("regressed", "regressed", True), ("missing", "missing", True), ("newly_skipped", "newly skipped", True),
        ("fixed", "fixed", False), ("moved", "moved", False), ("retired", "retired", False),
    ):  # fmt: skip
        if statuses.get(status):
            found.append(Change(text=f"{statuses[status]:,} {words}", link=f"#filter={words.replace(' ', '_')}", bad=bad))
    if record.integrity is not None and record.integrity.changed:
        found.append(Change(text=counted(len(record.integrity.changed), "earlier test") + " edited", link="#document"))
    if record.coverage is not None and outcome.parent_percent is not None:
        change = record.coverage.percent - outcome.parent_percent
        size = "<0.1" if points(change) == "0.0" else points(change)
        moved = f"{'+' if change > 0 else '−'}{size} points" if change else "unchanged"
        found.append(Change(text=f"coverage {moved}", link="#coverage"))
    if record.changes is not None:
        lines = f"+{record.changes.lines_added:,} −{record.changes.lines_removed:,} lines of code"
        found.append(Change(text=lines, link="#coverage"))
    return found

"""Decide the gates on tests and on what was agreed beforehand: promises, instructions, targets of metrics."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import failed, if_complete, not_all_ran, passed, unknown, waived, why, why_each
from pytest_handoff.checklist.language import normalise
from pytest_handoff.document.catalogue import row_of
from pytest_handoff.evidence.facts import is_of
from pytest_handoff.evidence.metrics import BOUNDS, DURATION_ROW, duration_of, is_met, read_target, shown
from pytest_handoff.evidence.regression import FAILING, PASSING, count_passing
from pytest_handoff.figures import count_holds, counted, listed, rate_holds
from pytest_handoff.nodeids import file_of, id_matches, path_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.config import Promise
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.record import LedgerLine, Metric, Verdict


def complete(facts: Facts, spec: Condition) -> Verdict:
    """Require that every known test was run, and collection had no error."""
    run = facts.record.run
    if run.complete and not run.interrupted:
        return passed(spec, f"{counted(len(facts.ledger), 'test')} known, all accounted for")
    why = "; ".join(run.why_incomplete or ["the run was interrupted"])
    return failed(spec, f"incomplete: {why}", f"run pytest --handoff={facts.session} on everything")


def failures(facts: Facts, spec: Condition) -> Verdict:
    """Require that no test failed, and that at least one passed."""
    failing = facts.kinds.lines(lambda kind: kind.outcome in FAILING)
    if failing:
        return failed(spec, why_each(failing), f"make {counted(len(failing), 'test')} pass")
    passing = facts.kinds.count(lambda kind: kind.outcome in PASSING)
    if not passing:
        return failed(spec, "no test passed", "run at least one test")
    return passed(spec, f"{counted(passing, 'test')} passed, none failed")


def regression(facts: Facts, spec: Condition) -> Verdict:
    """Require that every test of earlier sessions that counts still passes; one missing, skipped or not run is lost."""
    summary = facts.record.tests.regression
    if facts.is_first:
        return waived(spec, f"not applicable: {facts.session} is the first session")
    if summary.passing < summary.expected:
        lost = facts.kinds.lines(lambda kind: kind.fate.counts and not kind.fate.passes)
        if all(line.outcome == "not_run" for line in lost):
            return not_all_ran(facts, spec, f"{len(lost)} of {summary.expected} earlier tests did not run")
        evidence = f"{summary.passing}/{summary.expected} still pass: " + listed([_fate_of(facts, line) for line in lost])
        return failed(spec, evidence, "make them pass again, or retire them with a reason in [[tool.handoff.retire]]")
    if not summary.expected:
        return waived(spec, "not applicable: no earlier test counts")
    return if_complete(facts, spec, f"{summary.passing}/{summary.expected} earlier tests still pass")


def tests(facts: Facts, spec: Condition) -> Verdict:
    """Require that the tests of a tier and scope pass: all of them, at a rate, or a number of them.

    No tests at all are never all tests; but a session that has none of a kind, or comes after none, says nothing of them.
    """
    lines = facts.tests(tier=spec.tier, scope=spec.scope, path=spec.path)
    what = _tests_of(facts, spec)
    if not lines:
        if spec.scope in ("previous", "current") and spec.unit != "count":
            return waived(spec, f"not applicable: there are no {what}")
        return failed(spec, f"there are no {what}", "add one, or mark the line as not applicable: `N/A: reason`")
    passing = count_passing(lines)
    evidence = f"{passing}/{len(lines)} {what} passed{_of_other_tier(facts, spec)}"
    if _tests_hold(spec, passing, len(lines)):
        beside = facts.not_counted(tier=spec.tier, scope=spec.scope, path=spec.path)
        also = "; not counted: " + ", ".join(f"{number} {why}" for why, number in beside.items()) if beside else ""
        return if_complete(facts, spec, evidence + also)
    others = [line for line in lines if line.outcome not in PASSING]
    if others and all(line.outcome == "not_run" for line in others):
        return not_all_ran(facts, spec, f"{evidence}, {counted(len(others), 'test')} did not run")
    return failed(spec, f"{evidence}: {why_each(others)}" if others else evidence, _to_mend_tests(spec, others))


def new_tests(facts: Facts, spec: Condition) -> Verdict:
    """Require that this session added a number of tests."""
    lines = facts.new(spec.tier)
    evidence = counted(len(lines), f"new {spec.tier + ' ' if spec.tier else ''}test")
    if spec.op is None or spec.value is None or not count_holds(len(lines), spec.op, spec.value):
        return failed(spec, evidence, f"the line asks for {spec.op} {spec.value}")
    return if_complete(facts, spec, evidence)


def linked(facts: Facts, spec: Condition) -> Verdict:
    """Require that every test that is linked to the line, by its marker or by a glob over ids, passes, and there is one."""
    lines = [line for line in facts.ledger.values() if line.retired is None and _is_linked(line, spec)]
    passing = count_passing(lines)
    if lines and passing == len(lines):
        return if_complete(facts, spec, f"{passing}/{len(lines)} linked tests passed")
    bad = [line for line in lines if line.outcome not in PASSING]
    if bad and all(line.outcome == "not_run" for line in bad):
        return not_all_ran(facts, spec, f"{counted(len(bad), 'linked test')} did not run")
    return failed(spec, why_each(bad) if bad else f"no test matches {spec.path!r}", "make the linked tests pass")


def flaky(facts: Facts, spec: Condition) -> Verdict:
    """Require that no test needed more than one attempt."""
    found = [line.id for line in facts.kinds.lines(lambda kind: kind.flaky)]
    if found:
        return failed(spec, f"{counted(len(found), 'flaky test')}: {listed(found)}", "make them pass at the first attempt")
    return if_complete(facts, spec, "no test needed a second attempt")


def skips(facts: Facts, spec: Condition) -> Verdict:
    """Require that no more tests are skipped than the line allows; without a number, none.

    One that was always skipped counts too.
    """
    skipped = facts.kinds.lines(lambda kind: kind.outcome == "skipped" and _is_meant(facts, spec, kind))
    found = [line.id for line in skipped]
    allowed = count_holds(len(found), spec.op, spec.value) if spec.op and spec.value is not None else not found
    evidence = counted(len(found), "skipped test") + (f": {listed(found)}" if found else "")
    return if_complete(facts, spec, evidence) if allowed else failed(spec, evidence, "run the skipped tests")


def collection(facts: Facts, spec: Condition) -> Verdict:
    """Require that every test file could be collected; with a number, that so many tests ran, whether or not they passed."""
    verdict = complete(facts, spec)
    if spec.op is None or spec.value is None or verdict.verdict != "passed":
        return verdict
    ran = facts.kinds.count(lambda kind: kind.live and kind.outcome not in ("not_run", "skipped"))
    evidence = f"{counted(ran, 'test')} ran, every file was collected"
    if count_holds(ran, spec.op, spec.value):
        return passed(spec, evidence)
    return failed(spec, evidence, f"the line asks for {spec.op} {spec.value} tests that ran")


def _is_linked(line: LedgerLine, spec: Condition) -> bool:
    if spec.name is not None:
        return spec.name in map(normalise, line.checks)
    return id_matches(line.id, spec.path or "")


def _is_meant(facts: Facts, spec: Condition, kind: LineGroup) -> bool:
    is_new = kind.since == facts.session
    return is_of(kind, spec.tier, spec.scope) and spec.scope in ("all", "current" if is_new else "previous")


def _tests_of(facts: Facts, spec: Condition) -> str:
    tier = f"{spec.tier} " if spec.tier else ""
    where = f" in {spec.path}" if spec.path else ""
    match spec.scope:
        case "current":
            return f"{tier}tests of {facts.session}{where}"
        case "previous":
            return f"earlier {tier}tests{where}"
        case "all":
            return f"{tier}tests{where}"


def _of_other_tier(facts: Facts, spec: Condition) -> str:
    """Name the earlier tests that are meant and are of another tier now."""
    lines = facts.of_other_tier(spec.tier) if spec.scope == "previous" and spec.tier is not None else ()
    tiers: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if spec.path is None or path_matches(file_of(line.id), spec.path):
            tiers[line.tier].append(line.id)
    return "".join(f" (now {tier}: {listed(tests)})" for tier, tests in sorted(tiers.items()))


def _tests_hold(spec: Condition, passing: int, total: int) -> bool:
    if spec.op is None or spec.value is None:
        return passing == total
    if spec.unit == "percent":
        return rate_holds(passing, total, spec.op, spec.value)
    return count_holds(passing, spec.op, spec.value) and passing == total


def _to_mend_tests(spec: Condition, others: Sequence[LedgerLine]) -> str:
    if spec.unit == "count" and not others:
        return f"the line asks for {spec.op} {spec.value} passing tests"
    return f"make {counted(len(others), 'test')} pass"


def _fate_of(facts: Facts, line: LedgerLine) -> str:
    before = facts.earlier.lines.get(line.moved_from or line.id)
    then = f"{before.outcome or 'gone'} in {facts.earlier.session_of(before.id)}, " if before else ""
    return f"{line.id} ({then}now {line.outcome or 'missing'})"


_NUMBER = re.compile(r"(?<!\d)\d{1,18}\Z")


def promises(facts: Facts, spec: Condition) -> Verdict:
    """Require that what earlier sessions promised is kept or still owed; one that is gone, or due and not kept, is broken."""
    kept, open_still, broken = _strict_xfails(facts)
    for promise in facts.inherited:
        state, what = _state(facts, promise)
        {"kept": kept, "owed": open_still, "broken": broken}[state].append(what)
    if broken:
        return failed(spec, f"broken: {listed(broken)}", "keep the promise, or retire the test with a reason")
    total = len(facts.owed()) + len(facts.inherited)
    if not total:
        return waived(spec, "not applicable: nothing was promised")
    still = f"; still owed: {listed(open_still)}" if open_still else ""
    return passed(spec, f"{len(kept)}/{total} promises kept{still}")


def instructions(facts: Facts, spec: Condition) -> Verdict:
    """Require that every line of the checklist in the session's instructions is ticked, or decided by the evidence and holds."""
    lines = facts.document.instructions
    if lines is None:
        return unknown(spec, "not measured: the file with the instructions cannot be read", "name it with --handoff-instructions")
    if not lines:
        return unknown(spec, "there is no checklist in the instructions", "name the file that has it")
    open_lines = [f"{line.text!r} {line.why_not}" for line in lines if line.why_not]
    evidence = f"{len(lines) - len(open_lines)}/{counted(len(lines), 'line')} of the instructions done"
    if open_lines:
        return failed(spec, f"{evidence}: {listed(open_lines)}", "finish them, or mark them as not applicable: `N/A: reason`")
    return if_complete(facts, spec, evidence)


def metrics(facts: Facts, spec: Condition) -> Verdict:
    """Require that there is a target, of a test or in the document, and that each was measured and is met."""
    took = duration_of(facts)
    known = {row_of(metric.name): metric for metric in facts.record.metrics} | ({DURATION_ROW: took} if took else {})
    wanted = {row: text for row, text in facts.document.targets.items() if read_target(text)}
    asked = {row: metric for row, metric in known.items() if metric.target is not None or row in wanted}
    absent = sorted(row.partition(".")[2] for row in wanted.keys() - known.keys())
    if spec.name is not None:
        asked, absent = {row: metric for row, metric in asked.items() if metric.name == spec.name}, []
    if not asked and not absent:
        what = f"no metric {spec.name!r} with a target" if spec.name else "no metric with a target"
        return unknown(spec, f"not measured: {what} was recorded", "record it with the fixture handoff_metric")
    pairs = [(metric, wanted.get(row, "")) for row, metric in asked.items()]
    missed = [_against_target(metric, target) for metric, target in pairs if not is_met(metric, target)]
    if missed:
        return failed(spec, "; ".join(missed), "meet the target; a target needs a direction and the unit of what is measured")
    if absent:
        evidence = f"not measured: {listed(absent)}, which the document has a target for"
        return unknown(spec, evidence, "record it with the fixture handoff_metric")
    return if_complete(facts, spec, counted(len(asked), "metric meets its target/metrics meet their targets"))


def is_due(promise: Promise, facts: Facts) -> bool:
    """Check that the promise is due by this session or was due by an earlier one."""
    if promise.due is None:
        return False
    sessions = {facts.session, *facts.earlier.sessions, *(kind.since for kind, _ in facts.kinds)}
    due, now = _numbered(promise.due), _numbered(facts.session)
    past = due is not None and now is not None and due[0] == now[0] and now[1] >= due[1]
    return promise.due in sessions or past


def _numbered(session: str) -> tuple[str, int] | None:
    """Read the number at the end of a session's name, and what stands before it."""
    found = _NUMBER.search(session)
    return None if found is None else (session[: found.start()], int(found[0]))


def _strict_xfails(facts: Facts) -> tuple[list[str], list[str], list[str]]:
    owed = [line for line in facts.owed() if line.retired is None]
    kept = [line.id for line in facts.owed() if line.outcome in PASSING]
    open_still = [line.id for line in owed if line.outcome == "xfailed" and line.promised]
    broken = [f"{line.id} {why(line)}" for line in owed if line.id not in kept and line.id not in open_still]
    return kept, open_still, broken


def _state(facts: Facts, promise: Promise) -> tuple[str, str]:
    name = f"{promise.test} ({promise.reason})"
    if facts.is_kept(promise):
        return "kept", name
    lines = [line for line in facts.promised_by(promise) if line.outcome not in PASSING]
    what = listed([f"{line.id} {why(line)}" for line in lines], 1) or "there is no such test"
    if is_due(promise, facts):
        return "broken", f"{name} was due by {promise.due}: {what}"
    if promise.test not in {entry.test for entry in facts.open_promises()}:
        return "broken", f"{name} was taken back: {what}"
    return "owed", name


def _against_target(metric: Metric, asked: str) -> str:
    own = None if metric.target is None else f"{BOUNDS.get(metric.better, '')}{shown(metric.target, metric.unit)}"
    targets = [f"target {target}" for target in dict.fromkeys([own, asked]) if target]
    return f"{metric.name} is {shown(metric.value, metric.unit)}, {' and '.join(targets)}"

"""Decide the gates on tests: which of them pass, how many, and which failed before."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import (
    asked,
    failed,
    if_complete,
    not_all_ran,
    passed,
    to_complete,
    to_retire,
    waived,
    why_each,
)
from pytest_handoff.checklist.language import normalise
from pytest_handoff.evidence.facts import is_of
from pytest_handoff.evidence.regression import FAILING, PASSING, count_passing, then
from pytest_handoff.figures import count_holds, counted, fewest_more, listed, percent, rate_holds
from pytest_handoff.nodeids import file_of, id_matches, path_matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.record import LedgerLine, Outcome, Verdict


def complete(facts: Facts, spec: Condition) -> Verdict:
    """Require that every known test was run, and collection had no error."""
    run = facts.record.run
    if run.complete and not run.interrupted:
        left_out = sum(facts.record.tests.left_out.values())
        beside = f"; the settings leave out {counted(left_out, 'other test')}" if left_out else ""
        return passed(spec, f"{counted(len(facts.ledger), 'test')} known, all accounted for{beside}{_uncollected(facts)}")
    why = "; ".join(run.why_incomplete or ["the run was interrupted"])
    return failed(spec, f"incomplete: {why}", to_complete(facts))


def failures(facts: Facts, spec: Condition) -> Verdict:
    """Require that no test failed, and that at least one passed."""
    failing = facts.kinds.lines(lambda kind: kind.fails)
    if failing:
        return failed(spec, why_each(failing), f"make {counted(len(failing), 'test')} pass")
    passing = facts.kinds.count(lambda kind: kind.outcome in PASSING)
    if not passing:
        return failed(spec, "no test passed", "run at least one test")
    known = facts.known_failures()
    if known:
        told = listed([f"{line.id} ({line.known})" for line in known])
        return passed(spec, f"{counted(passing, 'test')} passed, none failed but {counted(len(known), 'known test')}: {told}")
    return passed(spec, f"{counted(passing, 'test')} passed, none failed")


def new_failures(facts: Facts, spec: Condition) -> Verdict:
    """Require that no test fails that did not fail before: neither an earlier one that passed or was skipped, nor a new one."""
    failing = facts.kinds.lines(lambda kind: kind.fails and is_of(kind, spec.tier, "all"))
    new = [line for line in failing if then(line, facts.earlier.lines) not in FAILING]
    if new:
        return failed(spec, f"{counted(len(new), 'new failure')}: {why_each(new)}", f"make {counted(len(new), 'test')} pass")
    what = f"{spec.tier} test" if spec.tier else "test"
    if not facts.kinds.count(lambda kind: kind.live and kind.outcome != "not_run" and is_of(kind, spec.tier, "all")):
        return failed(spec, f"no {what} ran", f"run at least one {what}")
    as_before = f"; {counted(len(failing), f'{what} fails/{what}s fail')} as before: {listed(_ids(failing))}" if failing else ""
    return if_complete(facts, spec, f"no {what} fails that did not fail before{as_before}{_beside_known(facts, spec)}")


def _beside_known(facts: Facts, spec: Condition) -> str:
    """Count the tests of the line that fail and are known to fail."""
    number = facts.not_counted(tier=spec.tier, scope=spec.scope, path=spec.path).get("known to fail")
    return f"; not counted: {number} known to fail" if number else ""


def regression(facts: Facts, spec: Condition) -> Verdict:
    """Require that every earlier test that counts still passes; one that is missing, skipped or not run is lost."""
    summary = facts.record.tests.regression
    if facts.is_first:
        return waived(spec, f"not applicable: {facts.session} is the first session")
    if summary.passing < summary.expected:
        lost = facts.kinds.lines(lambda kind: kind.fate.counts and not kind.fate.passes)
        if all(line.outcome == "not_run" for line in lost):
            return not_all_ran(facts, spec, f"{len(lost)} of {summary.expected} earlier tests did not run")
        evidence = f"{summary.passing}/{summary.expected} still pass: " + listed([_fate_of(facts, line) for line in lost])
        return failed(spec, evidence, _to_win_back(facts, lost))
    if not summary.expected:
        return waived(spec, "not applicable: no earlier test counts")
    return if_complete(facts, spec, f"{summary.passing}/{summary.expected} earlier tests still pass")


def _to_win_back(facts: Facts, lost: Sequence[LedgerLine]) -> str:
    """Say how to fix it: you cannot retire a failing test, but you can name one that failed before as known to fail."""
    them = "it" if len(lost) == 1 else "them"
    failing = [line for line in lost if line.outcome in FAILING]
    before = [line for line in failing if then(line, facts.earlier.lines) in FAILING]
    ways = [f"make {them} pass{'' if len(before) == len(lost) else ' again'}"]
    if before:
        which = them if len(before) == len(lost) else "those that failed before"
        ways.append(f"name {which} in [[tool.handoff.known]]")
    if len(failing) < len(lost):
        lost = [line for line in lost if line not in failing]
        ways.append(to_retire(facts, lost, "those that do not fail" if failing else them))
    return ", or ".join(ways) + (", with a reason" if len(ways) > 1 else "")


def tests(facts: Facts, spec: Condition) -> Verdict:
    """Require that the tests of a tier and scope all pass, or a share or number of them, or that none fails.

    Zero tests never count as all tests; but if a session has none of a kind, or comes after none, the line does not apply.
    """
    by_unit = {"percent": _at_a_rate, "count": _in_number, "failing": _none_fails, None: _all_pass}
    if spec.unit == "failing" and spec.value is not None:
        return _few_fail(facts, spec)
    return by_unit[spec.unit](facts, spec)


def _all_pass(facts: Facts, spec: Condition) -> Verdict:
    lines = facts.tests(tier=spec.tier, scope=spec.scope, path=spec.path)
    if not lines:
        return _no_tests(facts, spec)
    evidence = f"{count_passing(lines)}/{len(lines)} {_tests_of(facts, spec)} passed{_of_other_tier(facts, spec)}"
    others = [line for line in lines if line.outcome not in PASSING]
    if not others:
        beside = facts.not_counted(tier=spec.tier, scope=spec.scope, path=spec.path)
        also = "; not counted: " + ", ".join(f"{number} {why}" for why, number in beside.items()) if beside else ""
        left_out = "" if spec.scope == "previous" or spec.path else _uncollected(facts)
        return if_complete(facts, spec, evidence + also + left_out)
    if all(line.outcome == "not_run" for line in others):
        return not_all_ran(facts, spec, f"{evidence}, {counted(len(others), 'test')} did not run")
    return failed(spec, f"{evidence}: {why_each(others)}", _to_make_pass(others))


_ASKED_OF: Mapping[Outcome | None, str] = {
    "skipped": "run {}:skipped test",
    "xfailed": "make {} pass:xfailed test",
    "not_run": "run {}:test that did not run/tests that did not run",
    None: "bring back {}:missing test",
}
"""What is asked of a test by its outcome, and what it is called."""


def _to_make_pass(lines: Sequence[LedgerLine]) -> str:
    """Say what is asked of the tests that do not pass, by their outcomes."""
    failing = sum(line.outcome in FAILING for line in lines)
    asks = [f"make {counted(failing, 'test')} pass"] if failing else []
    for outcome, words in _ASKED_OF.items():
        if number := sum(line.outcome == outcome for line in lines):
            ask, _, noun = words.partition(":")
            asks.append(ask.format(counted(number, noun)))
    return f"{', '.join(asks[:-1])} and {asks[-1]}" if len(asks) > 1 else asks[0]


def _no_tests(facts: Facts, spec: Condition) -> Verdict:
    what = _tests_of(facts, spec)
    if spec.scope in ("previous", "current") and spec.unit != "count":
        return waived(spec, f"not applicable: there are no {what}")
    return failed(spec, f"there are no {what}", "add one, or add `(N/A: reason)` to the line")


def _none_fails(facts: Facts, spec: Condition) -> Verdict:
    """Require that tests ran, and that none of them failed; one that is known to fail is not counted."""
    lines = [
        line
        for line in facts.live(tier=spec.tier, scope=spec.scope, path=spec.path)
        if line.outcome not in FAILING or line.known is None
    ]
    ran = [line for line in lines if line.outcome not in ("not_run", "skipped")]
    failing = [line for line in ran if line.outcome in FAILING]
    evidence = f"{len(failing)}/{len(ran)} {_tests_of(facts, spec)} failed"
    if failing:
        return failed(spec, f"{evidence}: {why_each(failing)}", f"make {counted(len(failing), 'test')} pass")
    if ran:
        return if_complete(facts, spec, evidence + _beside_known(facts, spec))
    known = _beside_known(facts, spec)
    return failed(spec, f"none of them ran{known}", "run at least one of them") if lines or known else _no_tests(facts, spec)


def _few_fail(facts: Facts, spec: Condition) -> Verdict:
    """Require that no more tests fail than the line allows; here one that is known to fail fails as well."""
    ran = [
        line
        for line in facts.live(tier=spec.tier, scope=spec.scope, path=spec.path)
        if line.outcome not in ("not_run", "skipped")
    ]
    failing = [line for line in ran if line.outcome in FAILING]
    if not ran:
        return _none_fails(facts, spec)
    evidence = f"{len(failing)}/{len(ran)} {_tests_of(facts, spec)} failed, {asked(spec)}"
    if spec.op is not None and spec.value is not None and count_holds(len(failing), spec.op, spec.value):
        return if_complete(facts, spec, evidence)
    return failed(spec, f"{evidence}: {why_each(failing)}", "make more of them pass")


def _in_number(facts: Facts, spec: Condition) -> Verdict:
    """Compare how many of these tests pass with the number in the line; the others may fail."""
    lines = facts.tests(tier=spec.tier, scope=spec.scope, path=spec.path)
    if not lines:
        return _no_tests(facts, spec)
    passing, unseen = count_passing(lines), sum(line.outcome == "not_run" for line in lines)
    evidence = f"{passing}/{len(lines)} {_tests_of(facts, spec)} passed, {asked(spec)}{_of_other_tier(facts, spec)}"
    if spec.op is None or spec.value is None or count_holds(passing, spec.op, spec.value):
        left_out = "" if spec.scope == "previous" or spec.path else _uncollected(facts)
        return if_complete(facts, spec, evidence + left_out)
    if any(count_holds(passing + more, spec.op, spec.value) for more in range(1, unseen + 1)):
        return not_all_ran(facts, spec, f"{evidence}, {counted(unseen, 'test')} did not run")
    return failed(spec, evidence, _to_reach(spec, passing))


def _to_reach(spec: Condition, passing: int) -> str:
    if spec.op in ("<", "<=") or spec.value is None or passing > spec.value:
        return f"{asked(spec)} tests that pass"
    more = int(spec.value) - passing + (spec.op == ">")
    return f"make {counted(more, 'more test')} pass"


def _at_a_rate(facts: Facts, spec: Condition) -> Verdict:
    """Compare the share of tests that pass with the line; missing tests are left out, as the gate ``regression`` names them."""
    lines = facts.rated(tier=spec.tier, scope=spec.scope, path=spec.path)
    if not lines:
        return _no_tests(facts, spec)
    passing, what = count_passing(lines), _tests_of(facts, spec)
    evidence = f"{passing}/{len(lines)} {what} passed = {percent(passing, len(lines))}, {asked(spec)}"
    if spec.op is None or spec.value is None or rate_holds(passing, len(lines), spec.op, spec.value):
        return if_complete(facts, spec, evidence)
    others = [line for line in lines if line.outcome not in PASSING]
    if any(line.outcome == "not_run" for line in others):
        return not_all_ran(facts, spec, evidence)
    more = fewest_more(passing, len(lines), spec.op, spec.value)
    needs = f"make {counted(more, 'more test')} pass" if more else asked(spec)
    return failed(spec, f"{evidence}: {why_each(others)}", needs)


def new_tests(facts: Facts, spec: Condition) -> Verdict:
    """Require that this session added a number of tests."""
    lines = facts.new(spec.tier)
    evidence = counted(len(lines), f"new {spec.tier + ' ' if spec.tier else ''}test")
    if spec.op is None or spec.value is None or not count_holds(len(lines), spec.op, spec.value):
        return failed(spec, f"{evidence}, {asked(spec)}", asked(spec))
    return if_complete(facts, spec, evidence)


def linked(facts: Facts, spec: Condition) -> Verdict:
    """Require that at least one test is linked to the line, by its marker or by a glob over ids, and that all of those pass."""
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
    left = _uncollected(facts)
    evidence = f"{counted(ran, 'test')} ran" + (left or ", every file was collected")
    if count_holds(ran, spec.op, spec.value):
        return passed(spec, evidence)
    return failed(spec, f"{evidence}, {asked(spec)}", f"{asked(spec)} tests that ran")


def _ids(lines: Sequence[LedgerLine]) -> list[str]:
    return [line.id for line in lines]


def _uncollected(facts: Facts) -> str:
    """Name the new or changed test modules that pytest did not collect; this decides nothing, but a reader must see it."""
    left = facts.record.integrity.uncollected if facts.record.integrity else []
    return f"; not collected: {listed(left)}" if left else ""


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
    """Name the earlier tests that the line is about and that have another tier now."""
    lines = facts.of_other_tier(spec.tier) if spec.scope == "previous" and spec.tier is not None else ()
    tiers: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if spec.path is None or path_matches(file_of(line.id), spec.path):
            tiers[line.tier].append(line.id)
    return "".join(f" (now {tier}: {listed(tests)})" for tier, tests in sorted(tiers.items()))


def _fate_of(facts: Facts, line: LedgerLine) -> str:
    before = facts.earlier.lines.get(line.moved_from or line.id)
    now = f"now {line.outcome or 'missing'}"
    if before is None:
        return f"{line.id} ({now})"
    if before.outcome in (None, "not_run") and before.last is not None:
        return f"{line.id} ({before.last.outcome} in {before.last.session}, the last time it ran; {now})"
    return f"{line.id} ({before.outcome or 'gone'} in {facts.earlier.session_of(before.id)}, {now})"

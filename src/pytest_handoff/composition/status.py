"""Word the lines that say whether a session is complete and whether the next one can start, as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.figures import counted, listed
from pytest_handoff.markup import escape, one_line
from pytest_handoff.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Verdict

STATUS_PLACES = ("status.session", "status.top", "phase.status", "status.next", "phase.next")
"""The places that say whether the session is complete and whether the next one can begin, in every kind of document."""

_OF_A_PHASE = ("status.top", "phase.status")
"""Places that say *in progress* instead of *incomplete*."""

_MOST_REASONS = 5


def status_values(
    facts: Facts, blocking: Sequence[Verdict], decisions: Sequence[Decision], places: Collection[str] = ()
) -> dict[str, str]:
    """Word the status lines: complete only if a checklist was decided, nothing blocks and no line waits for a person.

    Args:
        places: the ids of the places of the document; two lines about one session never differ.
    """
    values = _values(facts, blocking, decisions)
    return values | {"status.top": values["status.session"]} if "status.session" in places else values


def _values(facts: Facts, blocking: Sequence[Verdict], decisions: Sequence[Decision]) -> dict[str, str]:
    lines = [decision for decision in decisions if decision.counts]
    if blocking:
        reasons = listed(_reasons(facts, blocking, decisions), most=_MOST_REASONS)
        return _open(reasons, f"No: {reasons}")
    if not lines:
        return _open("tests pass, but there is no checklist", "No: tests pass, but there is no checklist")
    ready = f"Yes: {_why_ready(lines)}{_promised(facts)}"
    waiting = sum(decision.state == "waits" for decision in lines)
    if waiting:
        waits = f"{counted(waiting, 'checklist line needs/checklist lines need')} sign-off"
        return _open(waits, f"{ready}; {waits}" if _decided(lines) else f"No: {waits}")
    waived = sum(decision.state == "waived" and decision.check.decision == "waived" for decision in decisions)
    issues = [f"{counted(waived, 'line')} waived"] if waived else []
    issues += [counted(facts.record.tests.flaky, "flaky test")] if facts.record.tests.flaky else []
    return _at_places(f"⚠️ Complete with Issues: {', '.join(issues)}" if issues else "✅ Complete", ready)


def _open(reasons: str, ready: str) -> dict[str, str]:
    in_progress = dict.fromkeys(_OF_A_PHASE, f"🚧 In Progress: {reasons}")
    return _at_places(f"❌ Incomplete: {reasons}", ready) | in_progress


def _at_places(status: str, ready: str) -> dict[str, str]:
    """Put each of the two sentences into the places that ask for it."""
    return {place: ready if place.endswith(".next") else status for place in STATUS_PLACES}


def _decided(lines: Sequence[Decision]) -> bool:
    return any(decision.state == "holds" for decision in lines)


def _why_ready(lines: Sequence[Decision]) -> str:
    if _decided(lines):
        return "all automatic checks pass"
    waived = any(decision.state == "waived" for decision in lines)
    return f"every line of the checklist is ticked{' or waived' if waived else ''}"


def _promised(facts: Facts) -> str:
    promised = facts.promised()
    return f"; {counted(len(promised), 'test is/tests are')} promised" if promised else ""


def _reasons(facts: Facts, blocking: Sequence[Verdict], decisions: Sequence[Decision]) -> list[str]:
    """Say what keeps the session from being complete, each reason once: standing gates first, then checklist lines."""
    own = {verdict.id: verdict for verdict in blocking}
    failing = [one for one in decisions if one.state in ("fails", "vetoed")]
    said: list[str] = []
    for verdict in own.values():
        said += _STANDING[verdict.id](facts, verdict) if verdict.id in _STANDING else ()
    for decision in failing:
        said += _of_line(facts, decision)
    known = {"+".join(dict.fromkeys(spec.gate for spec in one.check.specs)) or "waiver" for one in failing} | _STANDING.keys()
    said += [f"{verdict.id}: {_head(verdict)}" for verdict in own.values() if verdict.id not in known]
    return [escape(words) for words in dict.fromkeys(said)] or ["a gate does not pass"]


def _of_line(facts: Facts, decision: Decision) -> Iterator[str]:
    """Say what keeps one line from holding, in the same words as for a standing gate if that says it already."""
    if decision.check.decision == "waived":
        yield "the reason for a waiver is not true"
    for spec in decision.check.specs:
        verdict = evaluate(facts, spec)
        if verdict.verdict in ("failed", "unknown"):
            yield from _of_condition(facts, spec, verdict)


def _of_condition(facts: Facts, spec: Condition, verdict: Verdict) -> Iterator[str]:
    if not facts.record.run.complete and verdict.verdict == "unknown":
        yield "the run is incomplete"
    elif spec.gate in _STANDING:
        yield from _STANDING[spec.gate](facts, verdict)
    elif verdict.verdict == "unknown":
        yield _UNKNOWN.get(spec.gate) or _head(verdict)
    elif spec.gate in ("coverage", "new_code"):
        yield _coverage(spec, verdict)
    elif spec.gate in ("tests", "new_failures") and spec.unit in (None, "failing") and _failing(facts):
        yield from _failures(facts, verdict)
    else:
        yield _head(verdict)


_UNKNOWN = {
    "coverage": "coverage was not measured",
    "new_code": "coverage of new code was not measured",
    "reports": "coverage was not measured",
    "metrics": "a metric was not measured",
    "files_parse": "what the session changed is not known",
    "instructions": "the instructions cannot be read",
}


def _coverage(spec: Condition, verdict: Verdict) -> str:
    share = verdict.evidence.partition(", the line asks")[0].rpartition(" = ")[2]
    if spec.gate == "coverage":
        return f"coverage{f' of {spec.path}' if spec.path else ''} is {share}"
    by = {"any": "", "unit": " by unit tests", "new_unit": " by new unit tests"}[spec.by]
    return f"new code is covered at {share}{by}"


def _head(verdict: Verdict) -> str:
    """Return the beginning of the evidence, without the names that follow."""
    return shorten(one_line(verdict.evidence.partition(", the line asks")[0].partition(": ")[0]), 80)


def _failing(facts: Facts) -> int:
    return facts.kinds.count(lambda kind: kind.fails)


def _failures(facts: Facts, verdict: Verdict) -> Iterator[str]:
    failing = _failing(facts)
    yield f"{counted(failing, 'test fails/tests fail')}" if failing else _head(verdict)


_LOST = {
    "missing": "earlier test is missing/earlier tests are missing",
    "newly_skipped": "earlier test is skipped now/earlier tests are skipped now",
    "not_run": "earlier test did not run/earlier tests did not run",
}


def _regression(facts: Facts, verdict: Verdict) -> Iterator[str]:
    lost = {status: len(facts.with_status(status)) for status in _LOST}
    if _failing(facts):
        yield from _failures(facts, verdict)
    yield from (counted(number, _LOST[status]) for status, number in lost.items() if number)
    if not _failing(facts) and not any(lost.values()):
        yield _head(verdict)


def _complete(_facts: Facts, _verdict: Verdict) -> Iterator[str]:
    yield "the run is incomplete"


def _promises(_facts: Facts, _verdict: Verdict) -> Iterator[str]:
    yield "a promise is broken"


def _claims(facts: Facts, _verdict: Verdict) -> Iterator[str]:
    yield counted(len(facts.document.contradicted), "figure contradicts the evidence/figures contradict the evidence")


def _required(facts: Facts, _verdict: Verdict) -> Iterator[str]:
    yield counted(len(facts.document.absent), "required line is missing/required lines are missing")


def _policy(facts: Facts, _verdict: Verdict) -> Iterator[str]:
    if facts.loosened:
        yield counted(len(facts.loosened), "setting is looser than before/settings are looser than before")
    else:
        yield "the settings to compare with are not known"


_STANDING: dict[str, Callable[[Facts, Verdict], Iterator[str]]] = {
    "complete": _complete,
    "collection": _complete,
    "failures": _failures,
    "regression": _regression,
    "promises": _promises,
    "claims": _claims,
    "required": _required,
    "policy": _policy,
}

"""Decide the gates on what was agreed beforehand: promises, instructions, targets of metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import failed, if_complete, passed, unknown, waived, why
from pytest_handoff.document.catalogue import row_of
from pytest_handoff.evidence.metrics import BOUNDS, DURATION_ROW, duration_of, is_met, read_target, shown
from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.figures import counted, listed

if TYPE_CHECKING:
    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.config import Promise
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Metric, Verdict


_NUMBER = r"(?<!\d)\d{1,18}\Z"


def promises(facts: Facts, spec: Condition) -> Verdict:
    """Require that earlier sessions' promises are kept or still owed; one that is gone, or due and not kept, is broken."""
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
        return failed(spec, f"{evidence}: {listed(open_lines)}", "finish them, or add `(N/A: reason)`")
    return if_complete(facts, spec, evidence)


def metrics(facts: Facts, spec: Condition) -> Verdict:
    """Require at least one target, from a test or the document, and that each one was measured and is met."""
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
    found = re.search(_NUMBER, session)
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
        return "broken", f"{name} was withdrawn: {what}"
    return "owed", name


def _against_target(metric: Metric, asked: str) -> str:
    own = None if metric.target is None else f"{BOUNDS.get(metric.better, '')}{shown(metric.target, metric.unit)}"
    targets = [f"target {target}" for target in dict.fromkeys([own, asked]) if target]
    return f"{metric.name} is {shown(metric.value, metric.unit)}, {' and '.join(targets)}"

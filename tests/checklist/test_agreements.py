"""Gates on what was agreed beforehand: promises by configuration, instructions, targets of metrics."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from builders import facts_of
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.config import Promise
from pytest_handoff.evidence.facts import DocumentFacts, Instruction
from pytest_handoff.record import Metric

PASSED = "unit a.py::x passed"
OWED = "unit a.py::x xfailed promised"


def verdict(
    gate: str, now: str, before: str = PASSED, *, name: str | None = None, record: Any = None, **told: Any
) -> tuple[str, str]:
    """The word and the evidence of a gate."""
    facts = facts_of(now, before, **(record or {}))
    of_document = {name: told.pop(name) for name in ("targets", "instructions") if name in told}
    facts = replace(facts, document=DocumentFacts(**of_document), **told)
    found = evaluate(facts, Condition(gate=gate, name=name))
    return found.verdict, found.evidence


@pytest.mark.parametrize(
    ("now", "due", "in_force", "word", "evidence"),
    [
        (PASSED, None, True, "passed", "0/1 promises kept; still owed: b.py::* (because)"),
        (f"{PASSED}\nunit b.py::y passed", None, False, "passed", "1/1 promises kept"),
        (f"{PASSED}\nunit b.py::y failed", None, True, "passed", "0/1 promises kept; still owed: b.py::* (because)"),
        (PASSED, "session-3", True, "passed", "0/1 promises kept; still owed: b.py::* (because)"),
        (PASSED, "session-2", True, "failed", "broken: b.py::* (because) was due by session-2: there is no such test"),
        (PASSED, "session-1", True, "failed", "broken: b.py::* (because) was due by session-1: there is no such test"),
        (f"{PASSED}\nunit b.py::y failed error=no", "session-2", True, "failed",
         "broken: b.py::* (because) was due by session-2: b.py::y failed (no)"),
        (PASSED, "release", True, "passed", "0/1 promises kept; still owed: b.py::* (because)"),
        (PASSED, None, False, "failed", "broken: b.py::* (because) was withdrawn: there is no such test"),
    ],
)  # fmt: skip
def test_promises_by_configuration(now: str, due: str | None, in_force: bool, word: str, evidence: str) -> None:
    """A promise is owed until its session, kept by tests that pass, and broken when due or taken back."""
    promise = Promise(test="b.py::*", reason="because", due=due)
    policy = {"promise": [{"test": "b.py::*", "reason": "because", "due": due}]} if in_force else {}
    assert verdict("promises", now, record={"policy": policy}, inherited=(promise,)) == (word, evidence)


def test_promises_of_both_kinds_are_counted_together() -> None:
    """Strict xfails and the configuration's promises are one count."""
    promise = Promise(test="b.py::*", reason="because")
    now = f"{OWED}\nunit b.py::y passed"
    assert verdict("promises", now, OWED, inherited=(promise,)) == ("passed", "1/2 promises kept; still owed: a.py::x")


@pytest.mark.parametrize(
    ("lines", "word", "evidence"),
    [
        (None, "unknown", "not measured: the file with the instructions cannot be read"),
        ((), "unknown", "there is no checklist in the instructions"),
        ((Instruction(text="a", why_not=None),), "passed", "1/1 line of the instructions done"),
        (
            (Instruction(text="a", why_not=None), Instruction(text="b", why_not="is not ticked")),
            "failed",
            "1/2 lines of the instructions done: 'b' is not ticked",
        ),
    ],
)
def test_instructions(lines: tuple[Instruction, ...] | None, word: str, evidence: str) -> None:
    """Every item must hold, there must be one, and a file that is gone proves nothing."""
    assert verdict("instructions", PASSED, instructions=lines) == (word, evidence)


FAST = Metric(name="fast", value=1.0, unit="ms", target=2.0, better="lower")
SLOW = Metric(name="slow", value=3.0, unit="ms", target=2.0, better="lower")
VAGUE = Metric(name="vague", value=3.0, target=2.0)
FREE = Metric(name="free", value=3.0)


@pytest.mark.parametrize(
    ("metrics", "name", "word", "evidence"),
    [
        ([], None, "unknown", "not measured: no metric with a target was recorded"),
        ([FREE], None, "unknown", "not measured: no metric with a target was recorded"),
        ([FAST], "slow", "unknown", "not measured: no metric 'slow' with a target was recorded"),
        ([FAST, FREE], None, "passed", "1 metric meets its target"),
        ([FAST, SLOW], "fast", "passed", "1 metric meets its target"),
        ([FAST, SLOW], None, "failed", "slow is 3 ms, target ≤ 2 ms"),
        ([VAGUE], None, "failed", "vague is 3, target 2"),
    ],
)
def test_metrics(metrics: list[Metric], name: str | None, word: str, evidence: str) -> None:
    """Every metric with a target must meet it; without a direction no target is met."""
    assert verdict("metrics", PASSED, name=name, record={"metrics": metrics}) == (word, evidence)


@pytest.mark.parametrize(
    ("metrics", "targets", "word", "evidence"),
    [
        ([FREE], {"metric.free": "≤ 4"}, "passed", "1 metric meets its target"),
        ([FREE], {"metric.free": "as fast as we can"}, "unknown", "not measured: no metric with a target was recorded"),
        ([FREE], {"metric.free": "4"}, "failed", "free is 3, target 4"),
        ([FAST], {"metric.fast": "< 1 ms"}, "failed", "fast is 1 ms, target ≤ 2 ms and target < 1 ms"),
        ([FAST], {"metric.fast": "< 0.002 s"}, "passed", "1 metric meets its target"),
        ([FAST], {"metric.cold-start": "< 1 s"}, "unknown", "not measured: cold-start, which the document has a target for"),
        ([], {"metrics.duration": "< 13 s"}, "passed", "1 metric meets its target"),
        ([], {"metrics.duration": "< 12 s"}, "failed", "test duration is 12 s, target < 12 s"),
    ],
)
def test_targets_of_the_document(metrics: list[Metric], targets: dict[str, str], word: str, evidence: str) -> None:
    """What the document asks for counts as what a test asks for does, and what was not measured meets nothing."""
    assert verdict("metrics", PASSED, targets=targets, record={"metrics": metrics}) == (word, evidence)


def test_good_figures_of_a_part_are_not_enough() -> None:
    """In an incomplete run no instruction and no metric is known to hold."""
    part = {"why_incomplete": ["-k x"], "metrics": [FAST]}
    assert verdict("metrics", PASSED, record=part)[0] == "unknown"
    assert verdict("instructions", PASSED, record=part, instructions=(Instruction(text="a", why_not=None),))[0] == "unknown"

"""Who decides each checklist line, and what the evidence says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import facts_from, facts_of, ledger_of, record_of
from pytest_handoff.checklist import decisions
from pytest_handoff.checklist.decisions import Decision, all_verdicts, blocking, decide, standing_verdicts
from pytest_handoff.checklist.language import read_line
from pytest_handoff.config import Binding, Config, Waiver
from pytest_handoff.document.places import Task
from pytest_handoff.evidence.ledger import EarlierTests

if TYPE_CHECKING:
    from pytest_handoff.checklist.condition import Check
    from pytest_handoff.checklist.lexicon import Lexicon

PASSED = "unit a.py::x passed"
ASKED = "1/1 tests passed, the line asks for at least 2"


def task(text: str, *, ticked: bool = False, section: tuple[str, ...] = ("Verification Checklist",)) -> Task:
    """A checklist line."""
    return Task(line=7, text=text, ticked=ticked, section=section, at=0)


def decision(
    text: str, now: str = PASSED, *, config: Config | None = None, changes: dict[str, Any] | None = None, **more: Any
) -> Decision:
    """What is decided of one line."""
    (found,) = decide([task(text, **more)], facts_of(now, **(changes or {})), config or Config())
    return found


@pytest.mark.parametrize(
    ("text", "now", "ticked", "decided", "state", "wanted"),
    [
        ("All tests pass", PASSED, False, "decided", "holds", True),
        ("All tests pass", PASSED, True, "decided", "holds", True),
        ("All tests pass", "unit a.py::x failed", True, "decided", "fails", False),
        ("All previous session tests still pass", PASSED, False, "decided", "waived", False),
        ("All previous session tests still pass", PASSED, True, "decided", "waived", False),
        ("All tests pass (N/A: no code)", "unit a.py::x failed", False, "waived", "waived", None),
        ("The architecture was discussed", PASSED, False, "person", "waits", None),
        ("The architecture was discussed", PASSED, True, "person", "done", None),
    ],
)
def test_a_line(  # noqa: PLR0917 # one for each column of the table
    text: str, now: str, ticked: bool, decided: str, state: str, wanted: bool | None
) -> None:
    """A line is decided, waived or a person's, and only a decided one is ticked or unticked."""
    found = decision(text, now, ticked=ticked)
    assert (found.check.decision, found.state, found.wanted) == (decided, state, wanted)


@pytest.mark.parametrize(
    ("unparsable", "ticked", "state", "wanted"),
    [
        ({}, False, "waits", None),
        ({}, True, "done", None),
        ({"a.json": "x"}, True, "vetoed", False),
        (None, True, "vetoed", None),
    ],
)
def test_a_veto_only_blocks(unparsable: dict[str, str] | None, ticked: bool, state: str, wanted: bool | None) -> None:
    """Where the machine knows a part only, a person ticks; what fails or is not known blocks, and what fails is unticked."""
    found = decision("All configuration files are valid", ticked=ticked, changes={"unparsable": unparsable})
    assert (found.check.decision, found.state, found.wanted) == ("veto", state, wanted)


def test_a_binding_decides_a_line_that_nobody_understands() -> None:
    """What the language leaves to a person is decided by the tests that the configuration binds it to, and says so."""
    config = Config(bind=[Binding(line="Log-in  works", tests="a.py::*")])
    found = decision("**Log-in works**", config=config)
    assert (found.check.decision, found.state, found.check.specs[0].gate) == ("decided", "holds", "linked")
    assert found.evidence == "bound in the configuration: 1/1 linked tests passed"


@pytest.mark.parametrize(
    ("line", "tests", "gate", "state", "evidence"),
    [
        ("At least 2 tests pass", "a.py::x", None, "fails", f"{ASKED}; {{}}: 1/1 linked tests passed"),
        ("At least 2 tests pass", None, "failures", "fails", f"{ASKED}; {{}}: 1 test passed, none failed"),
        ("All tests pass", "b.py::y", None, "fails", "1/1 tests passed; {}: no test matches 'b.py::y'"),
        ("All tests pass", "a.py::x", None, "holds", "1/1 tests passed; {}: 1/1 linked tests passed"),
        ("No regressions", None, "regression", "waived", "not applicable: session-2 is the first session"),
    ],
)  # fmt: skip
def test_a_binding_adds_to_what_the_language_understands(  # one for each column of the table
    line: str, tests: str | None, gate: str | None, state: str, evidence: str
) -> None:
    """A line that is understood must hold as well, whatever it is bound to."""
    found = decision(line, config=Config(bind=[Binding(line=line, tests=tests, gate=gate)]))
    assert (found.state, found.evidence) == (state, evidence.format("bound in the configuration"))


def test_two_bindings_of_a_line_must_both_hold() -> None:
    """The last one does not take the place of the first."""
    bind = [Binding(line="Log-in works", tests="b.py::*"), Binding(line="Log-in works", tests="a.py::*")]
    assert decision("Log-in works", config=Config(bind=bind)).state == "fails"


def test_a_binding_never_ticks_what_does_not_apply() -> None:
    """Where there is nothing to compare with, a test that passes is no comparison."""
    line = "All previous session tests still pass"
    found = decision(line, config=Config(bind=[Binding(line=line, tests="a.py::x")]))
    assert (found.state, found.wanted) == ("waived", None)


def test_a_veto_that_is_bound_stays_a_veto() -> None:
    """A person still confirms what the machine cannot know."""
    line = "All configuration files are valid"
    found = decision(line, config=Config(bind=[Binding(line=line, tests="a.py::x")]), changes={"unparsable": {}})
    assert (found.check.decision, found.state, found.wanted) == ("veto", "waits", None)


def test_lines_that_markers_link_have_a_verdict_each() -> None:
    """Two lines are two gates, each named with its line; the first one does not speak for the other."""
    tests = ledger_of("unit a.py::x passed\nunit a.py::y failed")
    lines = {test: replace(line, checks=[f"{test[-1]} is fast"]) for test, line in tests.items()}
    facts = facts_from(record_of(lines), lines, EarlierTests())
    decided = decide([task("X is fast"), task("Y is fast")], facts, Config())
    found = {verdict.id: verdict.verdict for verdict in all_verdicts((), decided, facts)}
    assert found == {"linked(marker=x is fast)": "passed", "linked(marker=y is fast)": "failed"}


@pytest.mark.parametrize(
    ("text", "section", "counts"),
    [
        ("The architecture was discussed", ("Session 3", "Verification Checklist"), True),
        ("The architecture was discussed", ("Success criteria",), True),
        ("The architecture was discussed", ("Primary Objectives",), False),
        ("All tests pass", ("Primary Objectives",), True),
    ],
)
def test_which_lines_count(text: str, section: tuple[str, ...], counts: bool) -> None:
    """A person's line counts where it stands in a checklist, a decided one everywhere."""
    assert decision(text, section=section).counts is counts


def test_the_worst_of_several_conditions_decides() -> None:
    """A line of two conditions holds only when both do, and says what is wanting."""
    found = decision("All unit tests and e2e tests pass")
    assert (found.state, found.verdict) == ("fails", "failed")
    assert found.evidence == "1/1 unit tests passed; there are no e2e tests"


@pytest.mark.parametrize(
    ("until", "today", "gate", "word"),
    [
        (None, "2026-06-01", "failures", "waived"),
        ("2026-06-01", "2026-06-01", "failures", "waived"),
        ("2026-06-01", "2026-06-02", "failures", "failed"),
        (None, "2026-06-01", "flaky", "failed"),
    ],
)
def test_waivers_end(until: str | None, today: str, gate: str, word: str) -> None:
    """A waiver holds for its gate up to its last day and no longer, and its reason stands with the evidence."""
    config = Config(waive=[Waiver(gate=gate, reason="known", until=until)])
    found = {verdict.id: verdict for verdict in standing_verdicts(facts_of("unit a.py::x failed"), config, today)}
    assert found["failures"].verdict == word
    assert ("(waived: known)" in found["failures"].evidence) is (word == "waived")
    assert found["claims"].verdict == "passed"


def test_a_waiver_that_has_ended_is_named() -> None:
    """Who relied on it is told on which day it ended; of several the last one counts."""
    ends = ("2026-05-30", "2026-06-01", "2026-05-01")
    config = Config(waive=[Waiver(gate="failures", reason="soon", until=until) for until in ends])
    found = {verdict.id: verdict for verdict in standing_verdicts(facts_of("unit a.py::x failed"), config, "2026-06-02")}

    assert found["failures"].verdict == "failed"
    assert found["failures"].evidence.endswith("(its waiver ended on 2026-06-01)")


def test_an_incomplete_run_is_never_waived() -> None:
    """No reason makes up for a run that was not whole."""
    config = Config(waive=[Waiver(gate="complete", reason="in a hurry")])
    found = standing_verdicts(facts_of(PASSED, why_incomplete=["-k was given"]), config, "2026-01-01")
    assert [verdict.verdict for verdict in found if verdict.id == "complete"] == ["failed"]


def test_what_blocks() -> None:
    """Failed and unknown gates block, and each decided or vetoed line that does not hold, with its text and remedy."""
    facts = facts_of("unit a.py::x failed", unparsable={"a.json": "broken"})
    lines = [task("All tests pass"), task("All configuration files are valid", ticked=True), task("Talk to the team")]
    decided = decide(lines, facts, Config())
    standing = standing_verdicts(facts, Config(), "2026-01-01")
    found = blocking(standing, decided)
    assert [(verdict.id, verdict.verdict) for verdict in found] == [
        ("failures", "failed"), ("tests", "failed"), ("files_parse", "failed"),
    ]  # fmt: skip
    assert found[1].evidence == "All tests pass: 0/1 tests passed: a.py::x failed"
    assert found[1].needs == "make 1 test pass"


def test_every_verdict_once() -> None:
    """Gates that several lines ask for are listed once, after those of every session."""
    facts = facts_of(PASSED)
    decided = decide([task("All tests pass"), task("All tests are passing"), task("No flaky tests")], facts, Config())
    standing = standing_verdicts(facts, Config(), "2026-01-01")
    ids = [verdict.id for verdict in all_verdicts(standing, decided, facts)]
    assert ids[: len(standing)] == ["complete", "failures", "regression", "promises", "claims", "required", "policy"]
    assert ids[len(standing) :] == ["tests(scope=all, all pass)", "flaky"]


def test_a_waiver_reaches_the_lines_of_the_same_gate() -> None:
    """What is waived for the session fails no line that asks for the very same; a line that asks for more still fails."""
    facts = facts_of("unit a.py::x skipped", "unit a.py::x passed")
    config = Config(waive=[Waiver(gate="regression", reason="quarantined", until="2026-12-31")])
    lines = [task("All previous session tests pass", ticked=True), task("All unit tests pass")]
    now, later = (decide(lines, facts, config, today) for today in ("2026-12-31", "2027-01-01"))
    assert [decision.state for decision in now] == ["waived", "fails"]
    assert now[0].evidence.endswith("(waived: quarantined)")
    assert now[0].wanted is None
    assert [decision.state for decision in later] == ["fails", "fails"]


def test_a_line_that_a_document_repeats_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a line takes most of the time that deciding it does; each of the same lines is decided all the same."""
    read: list[str] = []

    def reading(lexicon: Lexicon, text: str, *, instructions: bool) -> Check:
        read.append(text)
        return read_line(lexicon, text, instructions=instructions)

    monkeypatch.setattr(decisions, "read_line", reading)
    lines = [task("All tests pass"), task("No flaky tests"), task("All tests pass", ticked=True), task("All tests pass")]
    decided = decide(lines, facts_of("unit a.py::t passed"), Config())
    assert read == ["All tests pass", "No flaky tests"]
    assert [one.wanted for one in decided] == [True, None, True, True]
    decide(lines, facts_of("unit a.py::t passed"), Config())
    assert len(read) == 4, "what is known is known of one document"

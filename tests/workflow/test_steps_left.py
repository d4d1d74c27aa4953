"""What is left before a session can be handed over: one step for each thing, and none for what follows from another."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import facts_of, new_code_of, run_info
from pytest_handoff.checklist.condition import Check, Condition
from pytest_handoff.checklist.decisions import Decision, evaluate
from pytest_handoff.config import Config, Promise
from pytest_handoff.document.places import Finding
from pytest_handoff.evidence.facts import DocumentFacts, Facts, Instruction
from pytest_handoff.evidence.policy import Loosening
from pytest_handoff.project.layout import Project
from pytest_handoff.record import UnstableIds, Verdict
from pytest_handoff.workflow import left
from pytest_handoff.workflow.left import steps_left

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.workflow.steps import Step

DOCUMENT = "handoffs/session-2.md"
RUN = "pytest --handoff=session-2"
RETIRE = "or retire it in [[tool.handoff.retire]], with a reason"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose evidence is about this code, with a document and a test file."""
    for name, text in {DOCUMENT: "text\n", "t.py": "x = 1\n\n\ndef test_x():\n    pass\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("verify", "made_elsewhere", "proof_problems"):
        monkeypatch.setattr(left, name, lambda *_, **__: [])
    return Project(folder=tmp_path, root=tmp_path, uses_git=False, config=Config(), handoffs=tmp_path / "handoffs")


def steps(
    project: Project, facts: Facts, *gates: Verdict, decisions: tuple[Decision, ...] = (), findings: Any = (), **options: Any
) -> list[Step]:
    """What is left with these gates that block, and these lines of the checklist, which block as well where they fail."""
    blocking = [*gates, *(Verdict("line", "failed", one.evidence) for one in decisions if one.state in ("fails", "vetoed"))]
    composition = SimpleNamespace(facts=facts, decisions=decisions, blocking=blocking, findings=findings)
    outcome: Any = SimpleNamespace(composition=composition, record=facts.record)
    return steps_left(project, "session-2", outcome, **options)


def line(facts: Facts, *specs: Condition, text: str = "All holds") -> Decision:
    """A line of the checklist, as the evidence decides it."""
    verdicts = [evaluate(facts, spec) for spec in specs]
    word: Any = next((one.verdict for one in verdicts if one.verdict != "passed"), "passed")
    return Decision(
        line=7, text=text, ticked=False, check=Check(decision="decided", specs=specs), verdict=word, evidence="e", needs=None,
        counts=True,
    )  # fmt: skip


def gate(name: str, needs: str | None = "do it", verdict: Any = "failed") -> Verdict:
    return Verdict(id=name, verdict=verdict, evidence=f"evidence of {name}", needs=needs)


PASSES = "unit t.py::test_x passed"


def test_nothing_is_left(project: Project) -> None:
    """Where no gate blocks and nothing waits."""
    assert steps(project, facts_of(PASSES)) == []


@pytest.mark.parametrize(("needs", "do"), [("do it", "do it"), (None, "make the gate own pass")])
def test_a_gate_of_the_project_s_own(project: Project, needs: str | None, do: str) -> None:
    """It is told as it says itself."""
    (step,) = steps(project, facts_of(PASSES), gate("own", needs))
    assert (step.kind, step.what, step.do, step.file) == ("own", "evidence of own", do, DOCUMENT)


def test_a_line_that_nobody_explains_is_told_as_it_is_said(project: Project) -> None:
    """The gate has the last word on whether something is left."""
    facts = facts_of(PASSES)
    (step,) = steps(project, facts, decisions=(replace(line(facts, Condition(gate="failures")), verdict="failed"),))
    assert (step.kind, step.what, step.do) == ("line", "e", "make the gate line pass")


@pytest.mark.parametrize(
    ("number", "change"), [(1, "1 id such as t.py::test_x[0x1] changes"), (2, "2 ids such as t.py::test_x[0x1] change")]
)
def test_ids_that_change_by_themselves(project: Project, number: int, change: str) -> None:
    """The test is named with its place, before the run that is to be made again."""
    ids = UnstableIds(test="t.py::test_x", why="it has an address", ids=number, example="t.py::test_x[0x1]")
    facts = facts_of(PASSES, why_incomplete=["-k was given"], unstable=[ids])
    first, second = steps(project, facts, gate("complete"))
    assert (first.kind, first.file, first.line, first.names) == ("ids", "t.py", 4, ["t.py::test_x[0x1]"])
    assert first.what == f"t.py::test_x: {change}: it has an address"
    assert (second.what, second.command, second.file) == ("the run is incomplete: -k was given", RUN, None)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        pytest.param([], [("the run is incomplete: the run was interrupted", RUN, [])], id="no reason"),
        pytest.param(
            ["b.py could not be collected: SyntaxError", "1 file could not be collected", "2 tests did not run: t.py::a"],
            [("b.py could not be collected: SyntaxError", None, ["b.py"])],
            id="what follows from a file that is broken",
        ),
        pytest.param(
            ["2 tests did not run: t.py::a, t.py::b"],
            [("the run is incomplete: 2 tests did not run", RUN, ["t.py::a"])],
            id="all tests that did not run are named",
        ),
        pytest.param(
            ["files changed while the tests ran: a.py"],
            [("the run is incomplete: files changed while the tests ran: a.py", None, [])],
            id="a run would end the same way",
        ),
    ],
)
def test_a_run_that_is_not_whole(project: Project, reasons: list[str], expected: list[tuple[str, str | None, list[str]]]) -> None:
    """One step for each reason that is none of another."""
    run = replace(run_info(why_incomplete=["?"]), why_incomplete=reasons)
    facts = facts_of("unit t.py::a not_run\nunit t.py::b not_run retired=session-2:old", run=run)
    found = steps(project, facts, gate("complete"))
    assert [(step.what, step.command, step.names) for step in found] == expected
    assert all(step.file for step in found if step.command is None)


def test_promises(project: Project) -> None:
    """Of tests that earlier sessions promised, and of settings that did; an xfail that is promised again is kept in time."""
    before = "unit t.py::test_x xfailed promised\nunit t.py::test_y xfailed promised\nunit t.py::test_z xfailed promised"
    now = "unit t.py::test_x failed\nunit t.py::test_y xfailed promised\nunit t.py::test_z passed"
    facts = replace(facts_of(now, before), inherited=(Promise(test="t.py::*", reason="later"),))
    one, two = steps(project, facts, gate("promises"))
    assert (one.kind, one.what, one.do) == (
        "promises", "t.py::test_x failed; it was promised", "keep the promise, or retire the test",
    )  # fmt: skip
    assert (one.line, one.names, two.what, two.file) == (4, ["t.py::test_x"], "evidence of promises", DOCUMENT)
    (failing, again) = steps(project, facts, gate("failures"), gate("promises"))
    assert [failing.kind, again.what] == ["failures", "evidence of promises"]


def test_what_the_document_says(project: Project) -> None:
    """Claims that the evidence contradicts, and lines that are lost."""
    document = DocumentFacts(contradicted=("says 5, there are 4",), absent=(("- [ ] Tests", "- [ ] Test"), ("- [ ] Docs", None)))
    facts = replace(facts_of(PASSES), document=document)
    claim, near, lost = steps(project, facts, gate("claims"), gate("required"))
    assert (claim.kind, claim.what, claim.do, claim.names) == ("claims", "says 5, there are 4", "do it", ["says 5, there are 4"])
    assert near.what == "the document has lost the line '- [ ] Tests'; the nearest is '- [ ] Test'"
    assert (lost.what, lost.names) == ("the document has lost the line '- [ ] Docs'", ["- [ ] Docs"])


def test_looser_settings(project: Project) -> None:
    """Each is told with its file; where it is not known what they were, that is told."""
    facts = facts_of(PASSES)
    (unknown,) = steps(project, facts, gate("policy"))
    assert (unknown.what, unknown.file) == ("evidence of policy", DOCUMENT)
    loosened = (Loosening(file="pyproject.toml", what="'ignore': 1 entry added", against="main"),)
    (step,) = steps(project, replace(facts, loosened=loosened), gate("policy"))
    assert (step.what, step.file) == ("'ignore': 1 entry added, looser than in main", "pyproject.toml")


@pytest.mark.parametrize(
    ("now", "spec", "what", "names"),
    [
        pytest.param(
            "unit t.py::test_x failed\nunit t.py::test_y passed", Condition(gate="linked", path="t.py::*"),
            "1 linked test did not pass", ["t.py::test_x"], id="linked by a pattern",
        ),
        pytest.param(
            "unit t.py::test_x failed checks=All~holds\nunit t.py::test_y gone checks=All~holds retired=session-2:old",
            Condition(gate="linked", name="all holds"), "1 linked test did not pass", ["t.py::test_x"], id="linked by a marker",
        ),
        pytest.param(
            "unit t.py::test_x skipped\nunit t.py::test_y passed", Condition(gate="skips"), None, ["t.py::test_x"], id="skipped"
        ),
        pytest.param("e2e t.py::test_x failed", Condition(gate="tests", tier="e2e"), None, ["t.py::test_x"], id="of a tier"),
    ],
)  # fmt: skip
def test_a_line_about_tests(project: Project, now: str, spec: Condition, what: str | None, names: list[str]) -> None:
    """It names them all; where they are told already, the line is none of its own."""
    words = [row.split() for row in now.splitlines()]
    plain = "\n".join(" ".join(word for word in row if not word.startswith("checks=")) for row in words)
    facts = facts_of(plain)
    linked = {row[1] for row in words if any(word.startswith("checks=") for word in row)}
    ledger = {test: replace(one, checks=("All holds",)) if test in linked else one for test, one in facts.ledger.items()}
    facts = replace(facts, ledger=ledger)
    (step,) = steps(project, facts, decisions=(line(facts, spec),))
    assert (step.kind, step.line, step.names) == (spec.gate, 7, names)
    assert step.what.startswith(f"All holds: {what or ''}")
    if "failed" in now:
        told = steps(project, facts, gate("failures"), decisions=(line(facts, spec),))
        assert [one.kind for one in told] == ["failures"]


NEW = Condition(gate="new_code", by="unit", op=">=", value=Decimal(90), unit="percent")


def test_new_code_that_no_test_runs(project: Project) -> None:
    """Each file with its lines."""
    facts = facts_of(PASSES, new_code=new_code_of(10, covered=4, unit=4, missing="2-3, 7-10"))
    (step,) = steps(project, facts, decisions=(line(facts, NEW),))
    assert (step.kind, step.file, step.line, step.names) == ("new_code", "src/a.py", 2, ["2-3", "7-10"])
    assert step.what.startswith("src/a.py 2-3, 7-10: new, and no unit test runs them")
    facts = facts_of(PASSES, new_code=new_code_of(2, covered=1, unit=1, missing="2"))
    (single,) = steps(project, facts, decisions=(line(facts, NEW),))
    assert single.what == "src/a.py 2: new, and no unit test runs it"


def test_two_lines_that_ask_for_the_same(project: Project) -> None:
    """What the second asks for is told already, so it makes no step; other lines of the same file do."""
    code = new_code_of(10, covered=4, unit=4, missing="2-3, 7-10")
    facts = facts_of(PASSES, new_code=code, unparsable={"a.json": "Expecting value"})
    new = (line(facts, NEW), line(facts, NEW, text="New code is tested"))
    (step,) = steps(project, facts, decisions=new)
    assert (step.kind, step.names) == ("new_code", ["2-3", "7-10"])
    parse = replace(line(facts, Condition(gate="files_parse")), verdict="failed")
    (step,) = steps(project, facts, decisions=(parse, parse))
    assert (step.kind, step.file) == ("files_parse", "a.json")
    files = {"src/a.py": replace(code.files["src/a.py"], not_by_new_unit="5")}
    facts = facts_of(PASSES, new_code=replace(code, covered_by_new_unit=3, files=files))
    by_new = replace(NEW, by="new_unit")
    found = steps(project, facts, decisions=(line(facts, NEW), line(facts, by_new)))
    assert [step.names for step in found] == [["2-3", "7-10"], ["2-3", "5", "7-10"]]


def test_new_code_that_earlier_sessions_left(project: Project) -> None:
    """It is told with the session that left it, once, before the code of this session."""
    code = replace(
        new_code_of(10, covered=10, unit=10), owed={"session-1": {"src/b.py": "4-5"}},
        owed_to={"unit": {"session-1": {"src/c.py": "7"}}},
    )  # fmt: skip
    facts = facts_of(PASSES, new_code=code)
    decision = line(facts, NEW)
    assert decision.verdict == "failed"
    found = steps(project, facts, decisions=(decision, decision))
    assert [(step.file, step.line, step.names) for step in found] == [("src/b.py", 4, ["4-5"]), ("src/c.py", 7, ["7"])]
    assert found[0].what == "src/b.py 4-5: left untested by session-1, and no test runs them"
    assert found[1].what.startswith("src/c.py 7: left without a unit test by session-1, and none runs it")


def test_new_code_that_a_test_may_have_run(project: Project) -> None:
    """Tests that were skipped without a marker may have run some of it, so a figure that holds is none."""
    code = replace(new_code_of(10, covered=10, unit=10), doubtful=["t.py::test_y"])
    (step,) = steps(project, facts_of(PASSES, new_code=code), decisions=(line(facts_of(PASSES, new_code=code), NEW),))
    assert (step.kind, step.do) == ("new_code", "mark them (skip, skipif, xfail), or let them pass")
    assert "1 unit test was skipped or xfailed without a marker" in step.what


def test_new_code_that_was_not_measured(project: Project) -> None:
    """With --no-cov, a run without it decides; else it is told as it is."""
    facts = facts_of(PASSES)
    (step,) = steps(project, facts, decisions=(line(facts, NEW),))
    assert (step.kind, step.command) == ("new_code", None)
    facts = facts_of(PASSES, run=run_info(args=["--no-cov"]))
    (step,) = steps(project, facts, decisions=(line(facts, NEW),))
    assert (step.kind, step.command) == ("new_code", RUN)


def test_experiments_that_were_not_made(project: Project) -> None:
    """The command makes them."""
    facts = facts_of(PASSES, "unit t.py::test_x passed")
    (step,) = steps(project, facts, decisions=(line(facts, Condition(gate="unchanged")),))
    assert (step.kind, step.command) == ("unchanged", "handoff prove session-2 --earlier")


def test_files_that_do_not_parse(project: Project) -> None:
    """Data of tests may be broken on purpose."""
    facts = facts_of(PASSES, unparsable={"a.json": "Expecting value", "tests/data/b.json": "Expecting value"})
    facts_line = replace(line(facts, Condition(gate="files_parse")), verdict="failed")
    (step,) = steps(project, facts, decisions=(facts_line,))
    assert (step.kind, step.what, step.do, step.file) == (
        "files_parse", "a.json does not parse: Expecting value", "fix this file", "a.json",
    )  # fmt: skip


def test_what_waits_in_the_document(project: Project) -> None:
    """Lines for a person, and placeholders, which a machine alone can have done."""
    person = Decision(
        line=3, text="Reviewed", ticked=False, check=Check(decision="person"), verdict=None, evidence="", needs=None, counts=True
    )
    place = Finding(kind="placeholder", line=5, place="name", message="for you to fill in: [name]")
    found = steps(project, facts_of(PASSES), decisions=(person,), findings=(place,))
    assert [(step.kind, step.what, step.line, step.who) for step in found] == [
        ("person", "Reviewed", 3, "person"), ("placeholder", "[name]", 5, "anyone"),
    ]  # fmt: skip
    (last,) = steps(project, facts_of(PASSES), decisions=(person,), findings=(place,), machine_only=True)
    assert last.kind == "placeholder"


def test_lines_of_the_instructions(project: Project) -> None:
    """The lines that are open are named, not told one by one."""
    lines = (Instruction("Write tests", None), Instruction("Write docs", "is not ticked"))
    facts = replace(facts_of(PASSES), document=DocumentFacts(instructions=lines))
    (step,) = steps(project, facts, decisions=(line(facts, Condition(gate="instructions")),))
    assert (step.kind, step.names, step.do) == ("instructions", ["Write docs"], "finish them, or add `(N/A: reason)`")
    assert step.what == "All holds: 1/2 lines of the instructions done"


@pytest.mark.parametrize(
    ("now", "what", "do", "place"),
    [
        ("", "there was none to run", f"write a test, then {RUN}", (DOCUMENT, None)),
        ("unit t.py::test_x skipped", "1 test was skipped", f"make one of them run, then {RUN}", ("t.py", 4)),
    ],
)
def test_a_run_in_which_nothing_passed(project: Project, now: str, what: str, do: str, place: tuple[str, int | None]) -> None:
    """The same run again would change nothing."""
    (step,) = steps(project, facts_of(now), gate("failures"))
    assert (step.what, step.do, (step.file, step.line)) == (f"evidence of failures: {what}", do, place)


@pytest.mark.parametrize(
    ("now", "what", "do"),
    [
        ("failed", "failed; it passed in session-1", "make it pass: pytest t.py::test_x"),
        ("skipped", "is skipped now; it passed in session-1", f"let it run again, {RETIRE}"),
        ("gone", "; it passed in session-1", f"put it back, {RETIRE}"),
    ],
)
def test_a_lost_test(project: Project, now: str, what: str, do: str) -> None:
    """It is told what became of it, unless something else has told it."""
    facts = facts_of(f"unit t.py::test_x {now}", PASSES)
    (step,) = steps(project, facts, gate("regression"))
    assert (step.kind, step.do, step.names) == ("regression", do, ["t.py::test_x"])
    assert step.what.startswith("t.py::test_x ")
    assert step.what.endswith(what)


def test_a_lost_test_that_did_not_run(project: Project) -> None:
    """The run that is not whole says so."""
    facts = facts_of("unit t.py::test_x not_run", PASSES, why_incomplete=["-k was given"])
    assert [step.kind for step in steps(project, facts, gate("complete"), gate("regression"))] == ["complete"]

"""The ``handoff`` command as people and programs use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.cli.handoff import VERBS

if TYPE_CHECKING:
    from stories import Story

GOOD, NO, CANNOT_TELL = 0, 1, 2


@pytest.fixture
def session(shop: Story) -> Story:
    """The shop after its first session, recorded without coverage, which these commands do not need."""
    shop.pytest("--no-cov", "--handoff=session-1")
    return shop


def test_the_help_names_every_verb(empty: Story) -> None:
    """Each of them is imported for it, and so each must import with the oldest of what it stands on, too."""
    done = empty.handoff("--help")

    assert done.code == GOOD, done
    assert [verb for verb in VERBS if f"\n  {verb} " not in done.out] == []


def test_init_makes_a_document_once(shop: Story) -> None:
    """``init`` makes the document, says the next command, and never overwrites one."""
    done = shop.handoff("init", "session-1")
    again = shop.handoff("init", "session-1")

    assert done.code == GOOD
    assert "pytest --handoff=session-1" in done.out
    assert shop.document("session-1").startswith("# Session 1: ")
    assert again.code == CANNOT_TELL
    assert "handoffs/session-1.md" in again.err


def test_what_a_person_wrote_before_the_run_stays(shop: Story) -> None:
    """The run fills the document that ``init`` made, and every word written meanwhile stands where it stood."""
    shop.handoff("init", "session-1")
    shop.edit("handoffs/session-1.md", "[What this session set out to do]", "Sell things")
    shop.edit("handoffs/session-1.md", "- [ ] Code follows", "- [x] Code follows")
    shop.edit("handoffs/session-1.md", "**Test Failures**: [Filled by the run]", "**Test Failures**: all green on my machine")
    shop.pytest("--no-cov", "--handoff=session-1")
    document = shop.document("session-1")

    assert "- [ ] Sell things\n" in document
    assert "- [x] Code follows" in document
    assert "**Test Failures**: all green on my machine" in document
    assert "all green on my machine" in shop.handoff("explain", "session-1").out


def test_fill_changes_nothing_when_nothing_changed(session: Story) -> None:
    """A second fill leaves every byte, and ``--check`` agrees."""
    before = session.evidence()

    assert session.handoff("fill", "session-1").code == GOOD
    assert session.evidence() == before
    assert session.handoff("fill", "session-1", "--check").code == GOOD


def test_an_edited_figure_is_kept_as_a_claim_and_fails_the_gate(session: Story) -> None:
    """A figure that a person puts over ours stays, is named with the evidence, and fails; ``--take-over`` puts ours back."""
    session.edit("handoffs/session-1.md", "**Current Session Tests**: 1/1 passed", "**Current Session Tests**: 9/9 passed")
    filled = session.handoff("fill", "session-1")
    gate = session.handoff("gate", "session-1", "--machine-only")

    assert "9/9" in session.document("session-1")
    assert "9/9" in filled.out
    assert gate.code == NO
    assert "claims" in gate.out
    assert "1/1" in gate.out
    session.handoff("fill", "session-1", "--take-over", "tests.current")
    assert "**Current Session Tests**: 1/1 passed" in session.document("session-1")
    assert "claims" not in session.handoff("gate", "session-1", "--machine-only").out


def test_a_hand_made_tick_is_taken_back(session: Story) -> None:
    """A box ticked by hand against the evidence differs from it, is shown as such, and is unticked by ``fill``."""
    line = "New unit tests achieve >90% coverage for new code"
    session.edit("handoffs/session-1.md", f"- [ ] {line}", f"- [x] {line}")
    check = session.handoff("fill", "session-1", "--check")
    diff = session.handoff("fill", "session-1", "--diff")

    assert (check.code, diff.code) == (NO, NO)
    assert f"-- [x] {line}" in diff.out
    assert f"+- [ ] {line}" in diff.out
    assert session.handoff("verify", "session-1").code == NO
    assert session.handoff("gate", "session-1", "--machine-only").code == NO
    session.handoff("fill", "session-1")
    assert session.boxes("session-1")[line] is False


def test_verify_names_the_file_that_made_the_evidence_stale(session: Story) -> None:
    """After a change of the code the evidence is about another tree; committing or editing the document changes nothing."""
    session.commit()
    session.edit("handoffs/session-1.md", "[Who did the work]", "Ada")
    assert session.handoff("verify", "session-1").code == GOOD
    session.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 0")
    done = session.handoff("verify", "session-1")

    assert done.code == NO
    assert "src/shop/cart.py" in done.out
    assert "pytest --handoff=session-1" in done.out


def test_a_clean_clone_verifies(session: Story) -> None:
    """What was committed is believed in a fresh clone of depth one."""
    session.commit()
    clone = session.folder.parent / "clone"
    session.git("clone", "--quiet", "--depth=1", f"file://{session.folder}", str(clone))
    done = session.handoff("verify", "session-1", "--all", cwd=clone)

    assert done.code == GOOD, done.out + done.err


def test_a_broken_chain_is_named(session: Story) -> None:
    """A parent that was recorded again after its child is not the record that the child continues."""
    session.pytest("--no-cov", "--handoff=session-2")
    assert session.handoff("verify", "session-2", "--all").code == GOOD
    session.environment["SOURCE_DATE_EPOCH"] = "1700000000"
    session.pytest("--no-cov", "--handoff=session-1")
    done = session.handoff("verify", "session-2", "--all")

    assert done.code == NO
    assert "is not the record that session-2 continues" in done.out


def test_take_over_without_places_takes_every_one(shop: Story) -> None:
    """A count behind the name of a kind of tests is a claim, too; a person's words go, where the evidence has a value."""
    shop.write_files({"handoffs/session-1.md": """
        # Work

        ## Test Results
        - **Unit Tests**: 12/12 passing
        - **New Test Coverage**: plenty
        - **Performance Impact**: none that I know of
    """})  # fmt: skip
    shop.pytest("--handoff=session-1", "--no-cov")
    assert "'12/12 passing'; the evidence contradicts it: '2/2 passed'" in shop.handoff("gate", "session-1").out
    assert shop.handoff("fill", "session-1", "tests.new").code == CANNOT_TELL
    done = shop.handoff("fill", "session-1", "--take-over", "tests.newest")
    assert (done.code, done.err) == (
        CANNOT_TELL,
        "handoff: the document has no place 'tests.newest'; handoff explain session-1 lists places that a person filled\n",
    )

    assert shop.handoff("fill", "session-1", "--take-over").out == "handoffs/session-1.md: filled\n"
    new = "3 tests (first session): 1 e2e, 2 unit, in "
    assert f"- **Unit Tests**: Passing\n- **New Test Coverage**: {new}" in shop.document("session-1")
    assert "none that I know of" in shop.document("session-1")
    assert shop.gate("session-1")["claims"] == "passed"


def test_gate_wants_the_machine_and_the_people(shop: Story) -> None:
    """The gate passes when every decided line holds and every other line is ticked or waived with a reason."""
    shop.pytest("--handoff=session-1")
    assert shop.handoff("gate", "session-1", "--machine-only").code == GOOD
    waiting = shop.handoff("gate", "session-1")
    assert waiting.code == NO
    assert waiting.out.count("\n  person ") == 7
    assert waiting.out.endswith("Error handling comprehensive and tested; tick it, or add `(N/A: reason)`\n")
    assert waiting.out.count("tick it, or add") == 1
    path = shop.folder / "handoffs/session-1.md"
    head, _, checklist = path.read_text().partition("## Verification Checklist")
    checklist = checklist.replace("- [ ] All E2E tests from", "- [] All E2E tests from").replace("- [ ]", "- [x]")
    path.write_text(head + "## Verification Checklist" + checklist.replace("- [] All", "- [ ] All"))
    done = shop.handoff("gate", "session-1")

    assert done.code == NO
    assert "differs from the evidence" in done.out
    shop.handoff("fill", "session-1")
    assert shop.handoff("gate", "session-1").code == GOOD
    assert "**Session Status**: ✅ Complete" in shop.document("session-1")


def test_a_waived_line_needs_a_reason(session: Story) -> None:
    """``N/A: reason`` waives a line, decided or not, and is shown as waived."""
    session.edit(
        "handoffs/session-1.md",
        "New unit tests achieve >90% coverage for new code",
        "New unit tests achieve >90% coverage for new code (N/A: coverage runs elsewhere)",
    )
    done = session.handoff("gate", "session-1", "--machine-only", "--json")
    table = json.loads(done.out)

    assert "new_code" not in {reason["gate"] for reason in table["reasons"]}
    assert "waived: coverage runs elsewhere" in session.handoff("explain", "session-1").out


def test_explain_says_who_decides(session: Story) -> None:
    """Each checklist line comes with its decision, its rule and its evidence."""
    done = session.handoff("explain", "session-1")

    assert done.code == GOOD
    assert "decided · tests(tier=e2e, scope=current, all pass) · 1/1 e2e tests of session-1 passed" in done.out
    assert "new_code(by=new unit tests, > 90 %) · not measured: " in done.out
    assert "manual: " in done.out
    assert "files_parse" in done.out


def test_json_for_programs(session: Story) -> None:
    """``show``, ``explain`` and ``gate`` speak JSON with the documented keys."""
    shown = session.show("session-1")
    explained = json.loads(session.handoff("explain", "session-1", "--json").out)
    gate = json.loads(session.handoff("gate", "session-1", "--json").out)

    assert shown["schema"] == "pytest-handoff/show/1"
    assert set(shown["counts"]) == {"passed", "failed", "error", "skipped", "xfailed", "xpassed", "not_run"}
    assert shown["checks"][0] == {
        "line": shown["checks"][0]["line"],
        "text": "All E2E tests for current session pass",
        "decision": "decided",
        "verdict": "passed",
        "ticked": True,
        "gate": "tests",
        "rule": ["tests(tier=e2e, scope=current, all pass)"],
        "state": "holds",
        "evidence": "1/1 e2e tests of session-1 passed",
        "needs": None,
    }
    assert explained == shown["checks"]
    assert gate["passes"] is False


def test_show_for_people(session: Story) -> None:
    """``show`` prints the figures of the run's own section."""
    done = session.handoff("show", "session-1")

    assert done.code == GOOD
    assert "3 passed" in done.out
    assert "\x1b[" not in done.out


@pytest.mark.parametrize("verb", ["fill", "show", "explain", "verify", "gate"])
def test_a_session_that_was_never_recorded(session: Story, verb: str) -> None:
    """Every verb says which sessions there are and how to make the one asked for."""
    done = session.handoff(verb, "session-9")

    assert done.code == CANNOT_TELL
    assert "recorded: session-1" in done.err
    assert "pytest --handoff=session-9" in done.err


def test_a_deleted_checklist_line_fails_the_gate(session: Story) -> None:
    """A required line that is gone or reworded is named with the nearest line that is there."""
    session.edit("handoffs/session-1.md", "achieve >90% coverage", "achieve >50% coverage")
    done = session.handoff("gate", "session-1", "--machine-only")

    assert done.code == NO
    assert "New unit tests achieve >90% coverage for new code" in done.out
    assert "New unit tests achieve >50% coverage for new code" in done.out


def test_a_missing_document_is_made_again(session: Story) -> None:
    """``verify`` says that the document is gone, and ``fill`` makes it from the template and the record."""
    (session.folder / "handoffs/session-1.md").unlink()
    assert "is missing" in session.handoff("verify", "session-1").out
    session.handoff("fill", "session-1")

    assert session.handoff("verify", "session-1").code == GOOD


def test_commands_work_from_a_folder_below(session: Story) -> None:
    """The project is found from any folder in it."""
    assert session.handoff("verify", "session-1", cwd=session.folder / "src/shop").code == GOOD


def test_the_artifacts_folder(shop: Story) -> None:
    """``--handoff-artifacts`` holds the document, the evidence, the coverage data and a summary."""
    shop.pytest("--handoff=session-1", "--handoff-artifacts=artifacts")
    folder = shop.folder / "artifacts"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert names == {
        ".gitignore",
        "coverage-part-0",
        "handoffs/evidence/session-1/details.json",
        "handoffs/evidence/session-1/record.json",
        "handoffs/evidence/session-1/sources.jsonl",
        "handoffs/evidence/session-1/tests.jsonl",
        "handoffs/session-1.md",
        "summary.md",
    }
    summary = (folder / "summary.md").read_text()
    assert "### Hand-off session-1: all automatic checks pass" in summary
    assert "| Tests | 3 passed; 3 new |" in summary


def test_a_document_elsewhere(shop: Story) -> None:
    """``document`` puts it where the project wants it; it is no part of the fingerprint there either."""
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[tool.handoff]\ndocument = "specs/{session}/recovery.md"\n')
    shop.pytest("--no-cov", "--handoff=session-1")
    path = shop.folder / "specs/session-1/recovery.md"
    path.write_text(path.read_text().replace("[Who did the work]", "Ada"))

    assert shop.handoff("verify", "session-1").code == GOOD

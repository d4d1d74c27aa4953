"""Every kind of document from an empty one to a filled one, in real runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

GOOD, NO, CANNOT_TELL = 0, 1, 2
KINDS = ["brief", "phase_readme", "session_handoff", "session_recovery", "session_summary"]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_made_and_filled(shop: Story, kind: str) -> None:
    """A new document of each kind is filled by the next run, verifies, and is not changed by a second fill."""
    made = shop.handoff("init", "session-1", "--template", kind)
    empty = shop.document("session-1")
    shop.pytest("--handoff=session-1")
    filled = shop.document("session-1")

    assert made.code == GOOD
    assert "[Filled by the run]" in empty
    assert "2026" not in empty
    left = [line for line in filled.splitlines() if "[Filled by the run]" in line]
    assert left == []
    assert shop.handoff("verify", "session-1").code == GOOD
    assert shop.handoff("fill", "session-1", "--check").code == GOOD


def test_the_brief_kind_asks_for_ten_things(shop: Story) -> None:
    """It has ten places, and is one screen long when it is filled."""
    shop.handoff("init", "session-1", "--template", "brief")
    asked = [line for line in shop.document("session-1").splitlines() if line.rstrip().endswith("]")]
    shop.pytest("--handoff=session-1")
    left = [line.strip() for line in shop.document("session-1").splitlines() if line.rstrip().endswith("]")]
    assert len(asked) == 10
    assert left == [
        "**Agent**: [Who did the work]", "[What works now that did not before]", "[What to do first, and what to watch out for]",
    ]  # fmt: skip
    assert len(shop.document("session-1").splitlines()) <= 50


def test_a_share_with_failures_is_filled_again(shop: Story) -> None:
    """``2/3 passed, 1 failed`` gives way to what the next run says."""
    shop.handoff("init", "session-1", "--template", "brief")
    shop.write_files({"tests/unit/test_new.py": "def test_new(): assert False"})
    shop.pytest("--handoff=session-1", "--no-cov")
    assert " passed, 1 failed\n" in shop.document("session-1")
    shop.write_files({"tests/unit/test_new.py": "def test_new(): pass"})
    shop.pytest("--handoff=session-1", "--no-cov")
    assert " passed, 1 failed\n" not in shop.document("session-1")


def test_a_kind_that_does_not_exist(shop: Story) -> None:
    """Another name is refused with the names that there are."""
    done = shop.handoff("init", "session-1", "--template", "haiku")
    assert done.code == CANNOT_TELL
    assert all(kind in done.err for kind in KINDS)


METRIC = """
    import pytest

    @pytest.mark.handoff(check="Performance impact assessed and documented")
    def test_speed(handoff_metric):
        handoff_metric("Checkout time", {value}, unit="ms", target=200, better="lower")
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_metric_travels_from_test_to_table(shop: Story, workers: tuple[str, ...]) -> None:
    """A metric is recorded, under xdist too; the session before is its baseline, and its link decides a line."""
    shop.write_files({"tests/performance/test_speed.py": METRIC.format(value=125)})
    shop.handoff("init", "session-1", "--template", "phase_readme")
    shop.pytest("--no-cov", *workers, "--handoff=session-1")
    shop.write_files({"tests/performance/test_speed.py": METRIC.format(value=100)})
    shop.pytest("--no-cov", *workers, "--handoff=session-2")
    shop.handoff("init", "session-3", "--template", "phase_readme")
    shop.pytest("--no-cov", *workers, "--handoff=session-3")

    assert "| Checkout time | – | ≤ 200 ms | 125 ms | – | ✅ met |" in shop.document("session-1")
    assert shop.boxes("session-2")["Performance impact assessed and documented"]
    assert "| Checkout time | 100 ms | ≤ 200 ms | 100 ms | +0.0 % | ✅ met |" in shop.document("session-3")


def test_a_link_is_not_lost_with_its_test(shop: Story) -> None:
    """A line that was linked to a test stays the machine's, and does not hold, when that test is deleted."""
    shop.write_files({"tests/performance/test_speed.py": METRIC.format(value=125)})
    shop.pytest("--no-cov", "--handoff=session-1")
    (shop.folder / "tests/performance/test_speed.py").unlink()
    shop.pytest("--no-cov", "--handoff=session-2")

    assert shop.boxes("session-1")["Performance impact assessed and documented"]
    assert not shop.boxes("session-2")["Performance impact assessed and documented"]


def test_a_marker_without_a_line_is_refused(shop: Story) -> None:
    """A marker that names no line stops collection with the form that is meant."""
    shop.write_files({"tests/unit/test_x.py": "import pytest\n\n@pytest.mark.handoff\ndef test_x():\n    pass\n"})
    done = shop.pytest("--no-cov", "--handoff=session-1")
    assert done.code != GOOD
    assert '@pytest.mark.handoff(check="' in done.out + done.err


def test_instructions_decide_their_line(shop: Story) -> None:
    """The line about the session's instructions holds once each item there is ticked, or decided by the evidence."""
    line = "All validation checklist items from session instructions completed"
    shop.write_files({"plan.md": "# Plan\n\n- [ ] All unit tests pass\n- [ ] The shop has a sign\n"})
    shop.pytest("--no-cov", "--handoff=session-1", "--handoff-instructions=plan.md")
    before = shop.boxes("session-1")[line]
    explained = shop.handoff("explain", "session-1").out
    shop.edit("plan.md", "[ ] The shop", "[x] The shop")
    shop.pytest("--no-cov", "--handoff=session-1", "--handoff-instructions=plan.md")

    assert not before
    assert "The shop has a sign' is not ticked" in explained
    assert shop.boxes("session-1")[line]


def test_instructions_that_are_not_there(shop: Story) -> None:
    """A file that does not exist is a mistake in the command line, told before a test runs."""
    done = shop.pytest("--no-cov", "--handoff=session-1", "--handoff-instructions=plan.md")
    assert done.code == 4
    assert "plan.md" in done.err
    assert not (shop.folder / "handoffs").exists()


SETTINGS = """
    [tool.pytest.ini_options]
    testpaths = ["tests"]
    pythonpath = ["src"]

    [tool.handoff]
    document = "specs/{session}/notes.md"

    [tool.handoff.aliases]
    "tests.total" = ["Where the tests stand > How many"]
    "coverage.total" = ["Reached"]
    "tests.previous" = ["Old ones"]

    [tool.handoff.words]
    verbs = { pass = ["are happy"] }
"""


def test_a_document_of_ones_own_under_its_own_names(shop: Story) -> None:
    """Settings say where the document is, what it calls its places, and which words it uses."""
    shop.write_files({"pyproject.toml": SETTINGS})
    notes = "## Tests\n- **Old ones**: [X/Y]\n\n## Checklist\n- [ ] All unit tests are happy\n"
    shop.write_files({"specs/session-1/notes.md": notes})
    shop.pytest("--no-cov", "--handoff=session-1")
    text = shop.text("specs/session-1/notes.md")

    assert "- **Old ones**: none: session-1 is the first session" in text
    assert "- [x] All unit tests are happy" in text


def test_names_that_mean_nothing_are_refused(shop: Story) -> None:
    """A place that does not exist is named with the nearest one, before a test runs."""
    shop.write_files({"pyproject.toml": SETTINGS.replace('"tests.previous"', '"tests.previos"')})
    done = shop.pytest("--no-cov", "--handoff=session-1")
    assert done.code == 4
    assert "did you mean 'tests.previous'?" in done.err


PROMISE = """
    [[tool.handoff.promise]]
    test = "tests/e2e/test_refund.py::*"
    reason = "refunds"
    due = "session-3"
"""


def test_a_promise_until_it_is_due(shop: Story) -> None:
    """A promise is carried over, stays open until its session, breaks the gate there, and is kept by tests that pass."""
    with (shop.folder / "pyproject.toml").open("a") as settings:
        settings.write("".join(line.strip() + "\n" for line in PROMISE.splitlines()))
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.pytest("--no-cov", "--handoff=session-2")
    shop.pytest("--no-cov", "--handoff=session-3")
    gates = [shop.gate(f"session-{number}")["promises"] for number in (1, 2, 3)]
    shop.write_files({"tests/e2e/test_refund.py": "def test_refund():\n    pass\n"})
    shop.pytest("--no-cov", "--handoff=session-3")

    assert "`tests/e2e/test_refund.py::*` — refunds (due by session-3)" in shop.document("session-1")
    assert "- Promised: `tests/e2e/test_refund.py::*` — refunds (due by session-3)" in shop.document("session-2")
    assert gates == ["waived", "passed", "failed"]
    assert shop.gate("session-3")["promises"] == "passed"


def test_a_promise_that_is_taken_back(shop: Story) -> None:
    """A promise that leaves the configuration unkept is broken."""
    plain = shop.text("pyproject.toml")
    with (shop.folder / "pyproject.toml").open("a") as settings:
        settings.write("".join(line.strip() + "\n" for line in PROMISE.splitlines()))
    shop.pytest("--no-cov", "--handoff=session-1")
    (shop.folder / "pyproject.toml").write_text(plain)
    shop.pytest("--no-cov", "--handoff=session-2")
    assert shop.gate("session-2")["promises"] == "failed"


MINE = """
    # Refunds

    Some words of mine.

    ## Test Results

    - **Current Session Tests**: [X/Y]

    ## Quality Checklist

    - [ ] All tests pass
    - [ ] A person looked

    ## The end

    Thanks.
"""


def test_adopting_shows_and_then_adds_blocks(shop: Story) -> None:
    """A document that somebody else made is shown with our blocks, and has them once asked to; every other line stays."""
    shop.write_files({"notes/mine.md": MINE})
    before = shop.text("notes/mine.md")
    shown = shop.handoff("init", "session-1", "--adopt", "notes/mine.md")
    untouched = not (shop.folder / "handoffs").exists()
    written = shop.handoff("init", "session-1", "--adopt", "notes/mine.md", "--write")
    shop.pytest("--no-cov", "--handoff=session-1")
    text = shop.document("session-1")

    assert (shown.code, written.code) == (GOOD, GOOD)
    assert "+<!-- handoff:begin checklist.evidence -->" in shown.out
    assert untouched
    assert shop.text("notes/mine.md") == before
    assert text.index("- [ ] A person looked") < text.index("handoff:begin checklist.evidence") < text.index("## The end")
    assert text.index("## Test Results") < text.index("handoff:begin tests.lost") < text.index("## Quality Checklist")
    assert "- **Current Session Tests**: 3/3 passed" in text
    assert shop.handoff("verify", "session-1").code == GOOD


def test_adopting_in_place_and_twice(shop: Story) -> None:
    """The session's own document is adopted where it is, and has nothing to be added a second time."""
    shop.write_files({"handoffs/session-1.md": MINE})
    shop.handoff("init", "session-1", "--adopt", "handoffs/session-1.md", "--write")
    once = shop.document("session-1")
    again = shop.handoff("init", "session-1", "--adopt", "handoffs/session-1.md", "--write")

    assert again.code == GOOD
    assert "nothing to add" in again.out
    assert shop.document("session-1") == once


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("--adopt", "none.md"), "none.md"),
        (("--write",), "--adopt"),
        (("--adopt", "pyproject.toml", "--template", "phase_readme"), "--template"),
    ],
)
def test_adopting_what_cannot_be(shop: Story, args: tuple[str, ...], complaint: str) -> None:
    """A file that is not there, and options that do not go together, are told in one sentence."""
    done = shop.handoff("init", "session-1", *args)
    assert done.code == CANNOT_TELL
    assert complaint in done.err


def test_adopting_over_another_document(shop: Story) -> None:
    """A document that the session has already is not replaced by an adopted one."""
    shop.write_files({"handoffs/session-1.md": "# Mine\n", "other.md": MINE})
    done = shop.handoff("init", "session-1", "--adopt", "other.md", "--write")
    assert done.code == CANNOT_TELL
    assert shop.document("session-1") == "# Mine\n"


def test_another_template_keeps_the_lines(shop: Story) -> None:
    """Whoever began with the short template and goes on with the default one has lost no line."""
    shop.pytest("--handoff=session-1", "--handoff-template=brief")
    shop.commit("session-1")
    shop.pytest("--handoff=session-2")

    assert {"All tests pass", "No regressions"} <= set(shop.boxes("session-2"))
    assert shop.gate("session-2")["required"] == "passed"
    assert shop.handoff("init", "session-3", "--template=phase_readme").code == 0
    assert "- [ ] No regressions\n" in shop.document("session-3")

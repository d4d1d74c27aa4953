"""A command without SESSION: one rule says which session is meant, in one line beside the output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.cli.support import CANNOT_TELL, GOOD

if TYPE_CHECKING:
    from stories import Story

VERBS = ("attest", "explain", "fill", "gate", "report", "show", "verify", "export junit")


@pytest.fixture
def two(shop: Story) -> Story:
    """A project with two sessions, recorded one after the other."""
    shop.write_files({"handoffs/session-1.md": "# One\n", "handoffs/session-2.md": "# Two\n"})
    for name in ("session-1", "session-2"):
        done = shop.pytest("--no-cov", "-q", f"--handoff={name}")
        assert done.code == GOOD, done
    return shop


@pytest.mark.parametrize("verb", VERBS)
def test_the_newest_record_is_meant(two: Story, verb: str) -> None:
    """Each verb prints what it prints with the name, and says on standard error which session it chose."""
    named, bare = two.handoff(*verb.split(), "session-2"), two.handoff(*verb.split())

    assert (bare.code, bare.out) == (named.code, named.out)
    assert bare.err == "handoff: session-2 (the newest)\n" + named.err


def test_json_stays_json(two: Story) -> None:
    """What was chosen is beside the JSON, and the JSON says it too."""
    done = two.handoff("gate", "--json")

    assert json.loads(done.out)["session"] == "session-2"


def test_a_document_that_waits_for_its_run_is_newer(two: Story) -> None:
    """The work at hand is the session whose document was made, not the last one that was recorded."""
    two.write_files({"handoffs/README.md": "# Hand-offs\n", "handoffs/session-0.md": "# Old\n", "handoffs/notes.md": "# Notes\n"})
    assert two.handoff("show").err == "handoff: session-2 (the newest)\n"
    two.handoff("init", "session-10")
    done = two.handoff("gate")

    assert done.code == CANNOT_TELL
    assert done.err.startswith("handoff: session-10 (its document is newer than every record)\n")
    assert "record it with pytest --handoff=session-10" in done.err
    two.pytest("--no-cov", "-q", "--handoff=session-10")
    assert two.handoff("gate").err == "handoff: session-10 (the newest)\n"


def test_a_document_of_another_name_is_newer_by_our_markers(two: Story) -> None:
    """Names need not be numbered; a document that handoff init made has our markers in it."""
    two.handoff("init", "fix-the-cart")
    assert two.handoff("show").err.startswith("handoff: fix-the-cart (its document is newer than every record)\n")


def test_two_documents_that_wait_are_a_question(two: Story) -> None:
    """Nothing is guessed; the names are there to choose from."""
    two.write_files({"handoffs/session-3.md": "# Three\n", "handoffs/session-4.md": "# Four\n"})
    done = two.handoff("explain")

    assert (done.code, done.out) == (CANNOT_TELL, "")
    assert done.err == "handoff: which SESSION? session-3, session-4 have a document but no record; name one of them\n"


def test_documents_elsewhere(two: Story) -> None:
    """The setting says where documents are, also where each has a folder of its own."""
    two.write_files({"handoff.toml": 'document = "work/{session}/notes-{session}.md"\n'})
    two.write_files({"work/session-3/notes-session-3.md": "# Three\n", "work/session-4/notes-session-5.md": "# Another\n"})
    assert two.handoff("show").err.startswith("handoff: session-3 (its document is newer than every record)\n")


@pytest.mark.parametrize("verb", VERBS)
def test_before_the_first_record(shop: Story, verb: str) -> None:
    """How to begin is said; a document that waits is the session."""
    nothing = shop.handoff(*verb.split())
    shop.handoff("init", "session-1")
    waiting = shop.handoff(*verb.split())

    begin = "handoff: handoffs: no session is recorded yet; start with pytest --handoff=session-1\n"
    assert (nothing.code, nothing.out, nothing.err) == (CANNOT_TELL, "", begin)
    assert (waiting.code, waiting.out) == (CANNOT_TELL, "")
    assert waiting.err.startswith("handoff: session-1 (its document has no run yet)\nhandoff: ")


def test_what_makes_a_session_is_told_its_name(two: Story) -> None:
    """Neither a new document nor a session of several jobs is guessed."""
    for verb in ("combine", "init"):
        done = two.handoff(verb)
        assert done.code == CANNOT_TELL
        assert "Missing argument 'SESSION'" in done.err

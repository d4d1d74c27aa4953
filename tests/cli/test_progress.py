"""Progress on standard error: bars where that is a terminal, and nothing at all where it is not."""

from __future__ import annotations

from io import StringIO

import pytest
import rich.console

from pytest_handoff.printing import bars, progress


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> StringIO:
    """What standard error shows, a terminal or not."""
    out, make = StringIO(), rich.console.Console
    terminal = request.param == "terminal"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(rich.console, "Console", lambda **_: make(file=out, force_terminal=terminal, width=80))
    return out


@pytest.mark.parametrize("shown", ["terminal", "file"], indirect=True)
def test_bars(shown: StringIO, request: pytest.FixtureRequest) -> None:
    """One for each name, whether it is known of how many or not; they are gone in the end."""
    terminal = request.node.callspec.params["shown"] == "terminal"
    with bars() as tell:
        tell("files", 1, 4)
        tell("files", 4, 4)
        tell("faults", 2, 0)
    assert all((name in shown.getvalue()) is terminal for name in ("files", "faults", "100%"))


@pytest.mark.parametrize("shown", ["terminal", "file"], indirect=True)
@pytest.mark.parametrize("number", [1, 1000])
def test_progress(shown: StringIO, request: pytest.FixtureRequest, number: int) -> None:
    """Few items need no bar; nothing is lost on the way."""
    terminal = request.node.callspec.params["shown"] == "terminal"
    assert list(progress(range(number), "Reading")) == list(range(number))
    assert ("Reading" in shown.getvalue()) is (terminal and number > 1)

"""Our own code has Python as it was when the run began; what stood there since comes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from pytest_handoff.recording.as_begun import AsBegun


def test_functions_and_methods() -> None:
    """Of modules and classes, also where a class only inherits what was put over it."""
    begun = AsBegun()
    with (
        mock.patch("os.replace") as replaced,
        mock.patch.object(Path, "joinpath") as joined,
        mock.patch("os.path.exists") as there,
    ):
        with begun():
            assert os.replace is not replaced
            assert Path("a").joinpath("b") == Path("a/b")
            assert os.path.exists is not there
        assert (os.replace, Path.joinpath, os.path.exists) == (replaced, joined, there)
    assert Path("a").joinpath("b") == Path("a/b")


def test_modules_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was removed or replaced, and one that was not set; other variables and modules are the tests' own."""
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    path, plugin = os.environ["PATH"], sys.modules["pytest_handoff.plugin"]
    begun = AsBegun()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/theirs")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "theirs")
    monkeypatch.delitem(sys.modules, "pytest_handoff.plugin")
    monkeypatch.setitem(sys.modules, "json", None)
    monkeypatch.setitem(sys.modules, "theirs", None)
    with begun():
        assert os.environ["PATH"] == path
        assert "XDG_CONFIG_HOME" not in os.environ
        assert os.environ["DJANGO_SETTINGS_MODULE"] == "theirs"
        assert sys.modules["pytest_handoff.plugin"] is plugin
        assert sys.modules["json"] is not None
        assert sys.modules["theirs"] is None
    assert (os.environ["PATH"], os.environ["XDG_CONFIG_HOME"], sys.modules["json"]) == ("", "/theirs", None)
    assert "pytest_handoff.plugin" not in sys.modules


def test_names_beside_the_same_values() -> None:
    """A function that stands under another name is missing under its own, though no value changed."""
    last, value = list(vars(os).items())[-1]
    begun = AsBegun()
    with pytest.MonkeyPatch.context() as patched:  # pytest itself may need it to report on this test
        patched.delattr(os, last)
        patched.setattr(os, "theirs", value, raising=False)
        assert list(vars(os).values())[-1] is value
        with begun():
            found = getattr(os, last)
        assert (found, hasattr(os, last)) == (value, False)


def test_an_error_within(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests left comes back all the same."""
    begun = AsBegun()
    monkeypatch.setattr(subprocess, "run", None)

    def breaks() -> None:
        with begun():
            raise KeyError(subprocess.run)

    with pytest.raises(KeyError, match="function run"):
        breaks()
    assert subprocess.run is None


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="this system has no SIGCHLD")
def test_the_exit_status_of_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the signal is ignored, the system forgets it, and every command would seem to succeed."""
    begun = AsBegun()
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with begun():
            assert subprocess.run([sys.executable, "-c", "raise SystemExit(7)"], check=False).returncode == 7
        assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, before)

"""pytest's configuration for a command that runs no test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.workflow.hooks import with_pytest_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pytest configuration, looked at without the options of this run; its conftest does not stay imported."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setitem(sys.modules, "conftest", sys.modules["conftest"])
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -q -p no:hypothesispytest\n")
    return tmp_path


def test_plugins_are_configured_and_nothing_is_collected(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a conftest registers is there; its tests are not looked at, and nothing is printed."""
    (project / "conftest.py").write_text("def pytest_configure(config):\n    config.known = 'configured'\n")
    (project / "test_never.py").write_text("raise AssertionError('collected')\n")

    assert with_pytest_config(project, lambda config: config.known) == "configured"  # type: ignore[attr-defined]
    assert capsys.readouterr() == ("", "")


def test_errors_are_the_callers(project: Path) -> None:
    """They come through as they are."""
    with pytest.raises(ZeroDivisionError):
        with_pytest_config(project, lambda _: 1 / 0)


def test_a_project_that_pytest_cannot_start_in(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What pytest says is shown."""
    (project / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    with pytest.raises(EvidenceProblem, match="pytest ended with 4 before it could call the hand-off hooks"):
        with_pytest_config(project, lambda config: config)
    assert "--no-such-option" in capsys.readouterr().err

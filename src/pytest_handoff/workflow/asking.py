"""Start pytest with the project's plugins and conftests, for a command that calls hooks and runs no test."""

from __future__ import annotations

import io
from contextlib import chdir, redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING, Generic, TypeVar

import pytest

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.printing import say_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


Answer = TypeVar("Answer")


def ask_pytest(rootdir: Path, ask: Callable[[pytest.Config], Answer]) -> Answer:
    """Call a function with pytest's configuration and return its result; plugins are configured, nothing is collected.

    Raises:
        EvidenceProblem: when pytest cannot be started there.
        Exception: whatever the function raises.
    """
    asker, said = _Asker(ask), io.StringIO()
    with chdir(rootdir), redirect_stdout(said):
        code = pytest.main(["--no-cov", *(["-n0"] if find_spec("xdist") else [])], plugins=[asker])
    if asker.error is not None:
        raise asker.error
    if not asker.answers:
        say_text(said.getvalue(), err=True)
        raise EvidenceProblem(f"pytest ended with {int(code)} before the hooks of the hand-off could be asked; mend what it says")
    return asker.answers[0]


class _Asker(Generic[Answer]):
    """A plugin that calls the function in place of collection."""

    def __init__(self, ask: Callable[[pytest.Config], Answer]) -> None:
        self._ask = ask
        self.answers: list[Answer] = []
        self.error: Exception | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Call the function; keep its error for the caller, so that pytest does not report an internal error."""
        try:
            self.answers.append(self._ask(session.config))
        except Exception as error:
            self.error = error
        return True

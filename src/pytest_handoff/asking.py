"""pytest's configuration with the project's plugins and conftests, for a command that has hooks to ask and no test to run."""

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
    """What a function says that is given pytest's configuration; plugins are configured, nothing is collected.

    Raises:
        EvidenceProblem: when pytest cannot be started there.
        Exception: what the function raises.
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
    """A plugin that stands in for collection."""

    def __init__(self, ask: Callable[[pytest.Config], Answer]) -> None:
        self._ask = ask
        self.answers: list[Answer] = []
        self.error: Exception | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        """Ask; what goes wrong is the caller's, not pytest's internal error."""
        try:
            self.answers.append(self._ask(session.config))
        except Exception as error:
            self.error = error
        return True

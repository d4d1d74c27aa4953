"""Call the hooks of the project and of other plugins, in a run or in a pytest session that collects nothing."""

from __future__ import annotations

import io
import re
from contextlib import chdir, redirect_stdout
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pytest

from pytest_handoff.checklist.decisions import GATES
from pytest_handoff.document.catalogue import FIELDS
from pytest_handoff.errors import EvidenceProblem, HandoffError, UsageProblem
from pytest_handoff.markup import one_line
from pytest_handoff.record import Extensions, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.run import Run


HOOKS = ("pytest_handoff_gates", "pytest_handoff_checks", "pytest_handoff_facts", "pytest_handoff_document")
"""The hooks that are called for a session as a whole."""

_NAME = r"[A-Za-z][\w-]*(?:\.[\w-]+)+"
_GATE = r"[A-Za-z][\w.-]*"
_OURS = {field.id for field in FIELDS}


def implemented(config: pytest.Config) -> list[str]:
    """Name our hooks on a whole session that the project or a plugin implements."""
    return [name for name in HOOKS if getattr(config.hook, name).get_hookimpls()]


class ProjectHooks:
    """The hooks of one run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def evidence(self, run: Run) -> Extensions:
        """Ask for the project's own values and for the lines that its gates decide, as the record keeps them.

        Raises:
            UsageProblem: for a name that cannot be used, or that two hooks return.
            HandoffError: for a hook that raises an error.
        """
        return Extensions(
            facts={name: _text(name, value) for name, value in self._ask("pytest_handoff_facts", _NAME, _OURS, run=run).items()},
            gates=[],
            checks={
                " ".join(line.split()): str(gate)
                for line, gate in self._ask("pytest_handoff_checks", None, (), config=self._config).items()
            },
        )

    def gates(self, facts: Facts) -> list[Verdict]:
        """Evaluate the project's own gates on all facts, those of the document included.

        Raises:
            UsageProblem: for a name that cannot be used, or that two hooks return.
            HandoffError: for a hook that raises an error; a gate that raises one is ``unknown``.
        """
        gates = self._ask("pytest_handoff_gates", _GATE, GATES, config=self._config)
        return [_verdict(name, gate, facts) for name, gate in gates.items()]

    def document(self, text: str, facts: Facts) -> str:
        """Let the hooks change the document's text before it is filled.

        Raises:
            HandoffError: for a hook that raises an error, or returns anything but text.
        """
        changed = self._call("pytest_handoff_document", text=text, facts=facts)
        if changed is not None and not isinstance(changed, str):
            raise UsageProblem(f"pytest_handoff_document returned {type(changed).__name__}, not text or None")
        return text if changed is None else changed

    def _ask(self, hook: str, names: str | None, taken: Any, **arguments: object) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for given in reversed(self._call(hook, **arguments)):
            for name, value in _table(hook, given).items():
                if name in found or name in taken:
                    why = "a name of pytest-handoff" if name in taken else "used twice"
                    raise UsageProblem(f"{hook}: {name!r} is {why}; choose another name")
                if names is not None and not re.fullmatch(names, name):
                    use = "use letters, digits, '_' and '-', in parts joined by dots"
                    raise UsageProblem(f"{hook}: {name!r} is not a valid name: {use}")
                found[name] = value
        return found

    def _call(self, hook: str, **arguments: object) -> Any:
        try:
            return getattr(self._config.hook, hook)(**arguments)
        except HandoffError:
            raise
        except Exception as error:
            raise HandoffError(f"{hook} raised {type(error).__name__}: {one_line(str(error))}; fix the hook") from error


def _table(hook: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(name, str) and name.strip() for name in given):
        raise UsageProblem(f"{hook} returned {given!r}; return a dict whose keys are names")
    return given


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageProblem(f"pytest_handoff_facts: {name!r} is {type(value).__name__}; a value is text")
    return one_line(value)


def _verdict(name: str, gate: Callable[[Facts], Verdict], facts: Facts) -> Verdict:
    """Return the gate's verdict under its own name; if it raises an error, it never passes."""
    try:
        verdict = gate(facts)
    except Exception as error:
        evidence = f"the gate raised {type(error).__name__}: {one_line(str(error))}"
        return Verdict(id=name, verdict="unknown", evidence=evidence, needs="fix the gate")
    if not isinstance(verdict, Verdict):
        evidence = f"the gate returned {type(verdict).__name__}, not a Verdict"
        return Verdict(id=name, verdict="unknown", evidence=evidence, needs="fix the gate")
    return Verdict(id=name, verdict=verdict.verdict, evidence=one_line(verdict.evidence), needs=verdict.needs)


Answer = TypeVar("Answer")


def with_pytest_config(rootdir: Path, ask: Callable[[pytest.Config], Answer]) -> Answer:
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
        from pytest_handoff.printing import say_text

        say_text(said.getvalue(), err=True)
        raise EvidenceProblem(f"pytest ended with {int(code)} before it could call the hand-off hooks; fix what it reports")
    return asker.answers[0]


class _Asker(Generic[Answer]):
    """A plugin that calls the function instead of collection."""

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

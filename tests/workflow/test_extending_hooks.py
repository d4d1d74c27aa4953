"""What hooks say, as evidence: with a plugin manager and no run."""

# ruff: noqa: ARG005 - a hook and a gate have the arguments that their caller gives
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pluggy
import pytest

from builders import facts_of, run_of
from pytest_handoff import hookspecs
from pytest_handoff.errors import HandoffError, UsageProblem
from pytest_handoff.record import Extensions, Verdict
from pytest_handoff.workflow.hooks import ProjectHooks

FACTS = facts_of("unit a.py::t passed")
PASSED = Verdict(id="other", verdict="passed", evidence="one\nline")


def asking(*plugins: dict[str, Any]) -> ProjectHooks:
    """The hooks of these plugins, each a table of hook functions."""
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspecs)
    mark = pluggy.HookimplMarker("pytest")
    for plugin in plugins:
        manager.register(SimpleNamespace(**{f"pytest_handoff_{name}": mark(hook) for name, hook in plugin.items()}))
    return ProjectHooks(SimpleNamespace(hook=manager.hook))  # type: ignore[arg-type] # all that is asked of a config


def test_two_plugins_are_joined() -> None:
    """Values and lines are one line of text, and a verdict has the name that its gate was given."""
    one = {"facts": lambda run: {"a.b": "x\ny"}, "gates": lambda: {"own": lambda facts: PASSED}}
    two = {"facts": lambda: {"a.c": "z"}, "checks": lambda: {"All  is\nwell": "own"}}

    hooks = asking(one, two)
    assert hooks.evidence(run_of()) == Extensions(facts={"a.b": "x y", "a.c": "z"}, checks={"All is well": "own"})
    assert hooks.gates(FACTS) == [Verdict(id="own", verdict="passed", evidence="one line")]


def test_without_hooks_nothing_is_said() -> None:
    """And the document stays as it is."""
    assert asking().evidence(run_of()) == Extensions()
    assert asking().gates(FACTS) == []
    assert asking().document("text", FACTS) == "text"
    assert asking({"document": lambda text: None}).document("text", FACTS) == "text"
    assert asking({"document": lambda text: text + "!"}).document("text", FACTS) == "text!"


@pytest.mark.parametrize(
    ("plugins", "message"),
    [
        ([{"facts": lambda: {"tests.current": "9/9"}}], "a name of pytest-handoff"),
        ([{"facts": lambda: {"a.b": "1"}}, {"facts": lambda: {"a.b": "2"}}], "used twice"),
        ([{"facts": lambda: {"nodot": "1"}}], "is not a valid name"),
        ([{"facts": lambda: {"a.b": 1}}], "a value is text"),
        ([{"facts": lambda: {1: "1"}}], "keys are names"),
        ([{"gates": lambda: {"tests": print}}], "a name of pytest-handoff"),
    ],
)
def test_what_cannot_be_used_is_told(plugins: list[dict[str, Any]], message: str) -> None:
    """The hook is named, and what to do."""
    hooks = asking(*plugins)
    with pytest.raises(UsageProblem, match=message):
        (hooks.evidence(run_of()), hooks.gates(FACTS))


def test_an_error_in_a_hook_is_told_as_one_sentence() -> None:
    """With the hook's name; a problem that is a sentence already stays."""

    def fails() -> None:
        raise KeyError("x")

    def refuses() -> None:
        raise HandoffError("not today")

    with pytest.raises(HandoffError, match="pytest_handoff_facts raised KeyError"):
        asking({"facts": fails}).evidence(run_of())
    with pytest.raises(HandoffError, match=r"^not today"):
        asking({"facts": refuses}).evidence(run_of())
    with pytest.raises(UsageProblem, match="not text or None"):
        asking({"document": lambda: 7}).document("text", FACTS)


@pytest.mark.parametrize(
    ("gate", "evidence"),
    [
        (lambda facts: 1 / 0, "the gate raised ZeroDivisionError: division by zero"),
        (lambda facts: None, "the gate returned NoneType, not a Verdict"),
    ],
)
def test_a_gate_that_does_not_decide_is_unknown(gate: Any, evidence: str) -> None:
    """Never passed."""
    [verdict] = asking({"gates": lambda: {"own": gate}}).gates(FACTS)

    assert (verdict.id, verdict.verdict, verdict.evidence) == ("own", "unknown", evidence)

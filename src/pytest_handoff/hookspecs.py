"""Declare the hooks that a project, or another plugin, may implement to take part in a hand-off.

They are called where a session is recorded: in its run, or by ``handoff combine`` in a pytest session that collects nothing. The
record keeps what they say, so that ``fill``, ``verify`` and ``gate`` come to the same result without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import Verdict
    from pytest_handoff.run import Run


@pytest.hookspec(firstresult=True)
def pytest_handoff_tier(item: pytest.Item) -> str | None:
    """Name the tier of a test, or return ``None`` to leave it to others.

    A tier's marker on the test comes before this hook, the folders of the configuration after it. With pytest-xdist it is
    called in each worker. A ``conftest.py`` is asked about the tests of its own folder only.
    """


@pytest.hookspec
def pytest_handoff_gates(config: pytest.Config) -> Mapping[str, Callable[[Facts], Verdict]]:  # type: ignore[empty-body]
    """Add your own gates: map each name to a function from the session's facts to a verdict.

    Each is evaluated once at the end of the run, and stands like a gate of ours: ``failed`` and ``unknown`` keep the session
    from passing, a waiver in the configuration may lift it. A gate that raises an error is ``unknown``.
    """


@pytest.hookspec
def pytest_handoff_checks(config: pytest.Config) -> Mapping[str, str]:  # type: ignore[empty-body]
    """Bind checklist lines to gates: map the text of each line to the name of the gate that decides it, ours or your own.

    It adds to what is understood of the line and to bindings in the configuration: all must hold. A gate that nobody knows is
    ``unknown``, so its line is never ticked.
    """


@pytest.hookspec
def pytest_handoff_facts(run: Run) -> Mapping[str, str]:  # type: ignore[empty-body]
    """Add your own values: map a name with a dot in it, such as ``project.licences``, to one line of plain text.

    A document asks for it with ``<!-- handoff:project.licences -->`` at the end of a line. Names of ours cannot be given.
    """


@pytest.hookspec(firstresult=True)
def pytest_handoff_document(text: str, facts: Facts) -> str | None:
    """Return another text for the document, before it is filled, or ``None`` to leave it.

    ``text`` is the document as it stands, or as its template made it. What is added counts as written by a person from then
    on; the hook is asked in each run, so it must not add twice what is there already.
    """

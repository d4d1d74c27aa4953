"""Ids that other cases of their function replaced: listed in the ledger, and no tests."""

from __future__ import annotations

from builders import earlier_of, ledger_of
from pytest_handoff.evidence.ledger import Lineage
from pytest_handoff.evidence.replaced_ids import replaced_ids

EARLIER = earlier_of("unit a.py::x[1] passed\nunit a.py::x[2] failed\nunit a.py::y[0xf] passed")
LINEAGE = Lineage(reparametrized={"a.py::x[new]": "a.py::x[1]", "a.py::y[0xa]": "a.py::y[0xf]"}, folded=frozenset({"a.py::x[2]"}))


def test_what_is_kept_of_them() -> None:
    """When they were last seen, and when they went; not where ids change by themselves, nor of tests that are there."""
    found = replaced_ids("session-2", EARLIER, LINEAGE, before={}, unstable={"a.py::y"}, known={})
    assert {test: (line.outcome, line.replaced, line.last and line.last.outcome) for test, line in found.items()} == {
        "a.py::x[1]": (None, "session-2", "passed"), "a.py::x[2]": (None, "session-2", "failed"),
    }  # fmt: skip
    assert [*replaced_ids("session-2", EARLIER, LINEAGE, before={}, unstable={"a.py::y"}, known={"a.py::x[1]"})] == ["a.py::x[2]"]


def test_those_of_an_earlier_run_of_the_session() -> None:
    """A run adds to them."""
    before = ledger_of("unit a.py::old[1] gone")
    found = replaced_ids("session-2", EARLIER, Lineage(), before=before, unstable=(), known=())
    assert found == before

"""Names of contexts carry the kind of test through coverage.py's data."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.evidence.measurement import Measurement, RunBy, context_name, parse_context, parse_unknown, unknown_context


def test_a_context_is_named_by_session_tier_and_age() -> None:
    """The name is the documented one."""
    assert context_name("session-3", "unit", "new") == "handoff:session-3:unit:new"
    assert context_name("session-3", "unit", "new", nonce="a1") == "handoff.a1:session-3:unit:new"
    assert context_name("session-3", "unit", "old", xfail=True) == "handoff:session-3:unit:old:xfail"


@given(st.text(min_size=1), st.text(min_size=1), st.sampled_from(["new", "old"]), st.booleans())
@settings(max_examples=200)
def test_any_name_is_read_back(session: str, tier: str, age: str, xfail: bool) -> None:
    """Colons and bars in a session's or a tier's name lead nobody astray, also behind a static context."""
    name = context_name(session, tier, age, xfail=xfail)
    assert parse_context(name) == parse_context(f"shard|1|{name}") == RunBy(session, tier, age, not xfail)


@pytest.mark.parametrize(
    "name",
    ["", "tests/test_a.py::test_x|run", "handoff:s:unit", "handoff:s:unit:new:other", "other:s:unit:new", "handoff:s:unit:new|"],
)
def test_other_contexts_are_nobodys(name: str) -> None:
    """A context that this plugin did not name stands for no kind of test."""
    assert parse_context(name) is None


def test_a_context_of_another_run_is_nobodys() -> None:
    """Where one run is read, only its own names count; where several are, any of the plugin's does."""
    mine, other = context_name("s", "unit", "new", nonce="a1"), context_name("s", "unit", "new", nonce="b2")
    plain = context_name("s", "unit", "new")
    unit = RunBy("s", "unit", "new")
    assert [parse_context(name, nonce="a1") for name in (mine, f"shard|{mine}", other, plain)] == [unit, unit, None, None]
    assert [parse_context(name) for name in (mine, other, plain)] == [unit, unit, unit]


def test_a_reason_travels_in_a_context() -> None:
    """Why kinds are not kept apart can be read from the data, and is never taken for a kind."""
    name = unknown_context("core: x|y")
    assert parse_unknown(name) == parse_unknown(f"static|{name}") == "core: x|y"
    assert parse_context(name) is None
    assert parse_unknown("handoff:s:unit:new") is None


@pytest.mark.parametrize(("why", "known"), [(None, True), ("no test ran", False)])
def test_kinds_are_known_unless_there_is_a_reason(why: str | None, known: bool) -> None:
    """A measurement with a reason against its kinds does not claim to know them."""
    assert Measurement(files={}, percent=0.0, branch_percent=None, why_no_classes=why).classes_known is known

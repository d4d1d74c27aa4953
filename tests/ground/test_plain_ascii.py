"""ASCII for documents in an unknown encoding."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.markup import to_ascii


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("7/7 passed", "7/7 passed"),
        ("a — b", "a - b"),
        ("≥ 90 % → “ok”…", '>= 90 % -> "ok"...'),
        ("Größe", "Grosse"),
        ("✅ Complete", "OK Complete"),
        ("❌ Incomplete: 1 test fails", "X Incomplete: 1 test fails"),  # "NO Incomplete" would read as complete
        ("❌ not met", "X not met"),
        ("🚧 In Progress", "... In Progress"),
        ("漢", "\\u6f22"),
        ("❌ Incomplete", "X Incomplete"),
    ],
)
def test_signs_keep_their_meaning(text: str, plain: str) -> None:
    """Common signs are spelled out, accents dropped, and the rest is escaped."""
    assert to_ascii(text) == plain


@settings(max_examples=200)
@given(st.text())
def test_the_result_is_ascii(text: str) -> None:
    """Nothing but ASCII comes out, and ASCII comes out as it was."""
    assert to_ascii(text).isascii()
    assert to_ascii(to_ascii(text)) == to_ascii(text)

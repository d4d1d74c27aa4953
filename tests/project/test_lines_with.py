"""Lines are found by what they hold, as a look at each of them would find them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.project.encoding import lines_with

BYTES = st.text("ab\n", max_size=30).map(str.encode)
PARTS = st.lists(st.text("ab", min_size=1, max_size=3).map(str.encode), max_size=3)


@given(BYTES, PARTS)
def test_each_line_is_found_once(data: bytes, parts: list[bytes]) -> None:
    """In the order in which they stand, a last one without an end as well."""
    assert lines_with(data, parts) == [line for line in data.splitlines(keepends=True) if any(part in line for part in parts)]

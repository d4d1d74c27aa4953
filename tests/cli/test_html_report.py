"""Data within a page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.cli.report import embedded


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "\u2028\u2029", "&amp;", "\\u003c", "é ✓ 漢", "\ud800"])
def test_no_text_can_leave_the_script_element(text: str) -> None:
    """Nothing in it is markup, it can be written as UTF-8, and JSON reads the same text again."""
    made = embedded({"id": text})

    assert not set("<>&\u2028\u2029") & set(made)
    assert made.encode("utf-8")
    assert json.loads(made) == {"id": text}


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.lists(st.text()))))
def test_data_survive(data: dict[str, object]) -> None:
    """Whatever is put in comes out."""
    assert json.loads(embedded(data)) == data

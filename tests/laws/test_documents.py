"""Documents of every kind, filled from one set of facts, and what holds of each of them."""

from __future__ import annotations

import mdformat
import pytest

from check_documents import DOCUMENTS, GOLDEN, fill, golden_pairs, problems
from pytest_handoff.document import parse
from pytest_handoff.document.find import find, find_tasks

PAIRS = golden_pairs()
SPOILT_BY_MDFORMAT = {"handoff_with_front_matter"}
"""Without its plugin for front matter, mdformat makes a heading of it, and of other text in its reach."""


def read_golden(name: str) -> str:
    """The reviewed result."""
    return parse.decode((GOLDEN / f"{name}.md").read_bytes(), name)


def test_every_golden_file_has_its_document() -> None:
    """No reviewed result is left over, and at least twenty documents are not from a template of ours."""
    assert {path.stem for path in GOLDEN.glob("*.md")} == PAIRS.keys()
    assert len(list(DOCUMENTS.glob("*.md"))) >= 20


@pytest.mark.parametrize("name", PAIRS)
def test_checklist_lines_alone(name: str) -> None:
    """Without the fields of the document, its checklist lines are the same; only boxes in fences depend on them."""
    assert find_tasks(PAIRS[name]) == [task for task in find(PAIRS[name]).tasks if task.place is None]


@pytest.mark.parametrize("name", PAIRS)
def test_filled_as_reviewed(name: str) -> None:
    """The filled document is byte for byte the one that a person has read and found right."""
    assert fill(PAIRS[name]).after == read_golden(name)


@pytest.mark.parametrize("name", PAIRS)
def test_only_places_change_and_only_once(name: str) -> None:
    """Outside its places and boxes no byte changes, and a second fill changes none at all."""
    assert problems(fill(PAIRS[name])) == []


@pytest.mark.parametrize("name", sorted(PAIRS.keys() - SPOILT_BY_MDFORMAT))
def test_filling_and_formatting_converge(name: str) -> None:
    """A formatter between two fills does not take our text from us: both come to rest, with the same places filled."""
    first = fill(PAIRS[name])
    formatted = mdformat.text(first.after)
    second = fill(formatted, first.composed.written)
    again = fill(mdformat.text(second.after), second.composed.written)

    assert again.after == mdformat.text(again.after)
    assert {written.id for written in again.composed.written} == {written.id for written in first.composed.written}
    assert not [finding for finding in again.composed.findings if finding.kind in ("edited", "lost")]


def test_a_check_finds_a_byte_that_changed() -> None:
    """The comparison of what is outside of places sees one changed letter."""
    filling = fill(PAIRS["handoff_crlf"])
    assert problems(filling._replace(after=filling.after.replace("Checklist", "checklist"))) != []

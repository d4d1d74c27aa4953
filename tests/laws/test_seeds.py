"""Documents with the places of the four templates that hand-offs were first written by: every one is filled, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from print_document_figures import FAMILIES, PLACE, families, filled, score
from pytest_handoff.document import fences

if TYPE_CHECKING:
    from pathlib import Path

SEEDS: Path = FAMILIES.parent / "seeds"
DOCUMENTS = families(SEEDS)
COMMANDS = DOCUMENTS["recovery"].partition("```bash\n⟪")[2].partition("⇒")[0].split("\n")


@pytest.fixture(autouse=True)
def _known_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands that this document shows as an example are those of a known template."""
    monkeypatch.setitem(fences.EXAMPLES, len(COMMANDS), fences.digest_of(COMMANDS))


@pytest.mark.parametrize(("name", "places"), [("handoff", 27), ("recovery", 12), ("summary", 23), ("phase", 14)])
def test_every_place_is_filled(name: str, places: int) -> None:
    """What the evidence decides has a careful person's value, and everything else stays."""
    found = score(DOCUMENTS[name])
    assert (found.right, found.left_places, found.wrong) == (places, [], [])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_filling_twice_changes_nothing(name: str) -> None:
    """What was filled is known again."""
    first = filled(PLACE.sub(lambda found: found["asked"], DOCUMENTS[name]))
    assert filled(first.text, first).text == first.text


def test_counts_that_are_false_are_told() -> None:
    """The summary gives two files more tests than they have."""
    found = filled(PLACE.sub(lambda place: place["asked"], DOCUMENTS["summary"])).findings
    told = [(one.claim, one.evidence) for one in found if one.kind == "contradicted"]
    assert told == [("40+ tests", "1 test"), ("17+ tests", "3 tests")]

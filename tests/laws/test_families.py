"""Documents of many families: what the evidence decides is filled as a careful person would, and nothing else is touched."""

from __future__ import annotations

import pytest

from print_document_figures import FAMILIES, PLACE, Score, families, filled, score

DOCUMENTS = families()
LEFT_ALONE = families(FAMILIES.parent / "left_alone")


ONE_OUTCOME = (
    "figure.result of integration in per suite: integration",
    "figure.result of integration in test results: integration",
)
"""Where all that was asked for came down to *1 skipped*, which may as well be the count of those."""


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """How the places of each document are filled."""
    return {name: score(text) for name, text in DOCUMENTS.items()}


def test_there_are_many_of_them() -> None:
    """Thirty documents of ten families at least."""
    assert len(DOCUMENTS) >= 30
    assert len({name.partition("_")[0] for name in DOCUMENTS}) >= 10


def test_nothing_is_filled_wrongly(scores: dict[str, Score]) -> None:
    """No place has another value than a careful person's, and nothing beside the places is changed."""
    assert {name: one.wrong for name, one in scores.items() if one.wrong} == {}


def test_nearly_all_is_filled(scores: dict[str, Score]) -> None:
    """Nine places of ten that the evidence decides are filled."""
    right, places = sum(one.right for one in scores.values()), sum(one.places for one in scores.values())
    assert right / places >= 0.9, {name: one.left_places for name, one in scores.items() if one.left_places}


@pytest.mark.parametrize("name", sorted(LEFT_ALONE))
def test_what_is_about_something_else_is_left(name: str) -> None:
    """Figures of other things, of other days, and what a person said stay as they are, however they look."""
    after = filled(LEFT_ALONE[name])
    assert after.text == LEFT_ALONE[name]
    assert [finding for finding in after.findings if finding.kind == "contradicted"] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_filling_twice_changes_nothing(name: str) -> None:
    """What was filled is known again, in every form."""
    first = filled(PLACE.sub(lambda found: found["asked"], DOCUMENTS[name]))
    again = filled(first.text, first)
    assert again.text == first.text
    lost = [finding.place for finding in again.findings if finding.kind == "lost"]
    assert [place for place in lost if place not in ONE_OUTCOME] == []

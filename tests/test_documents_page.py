"""The page on documents names places and blocks that exist."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_handoff.fields import FAMILIES, FIELDS

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = (CHECKOUT / "docs" / "documents.md").read_text("utf-8")


def _listed(name: str) -> list[str]:
    """What stands in backticks first in each row of the table behind a comment of this name."""
    table = PAGE.partition(f"<!-- {name} -->\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


def test_the_places_are_those_of_the_catalogue() -> None:
    """Each place of the page can be found in a document."""
    assert set(_listed("places")) <= {field.id for field in FIELDS}


def test_the_page_has_every_place_of_a_hand_off() -> None:
    """A place that the bundled hand-off template has is in the table."""
    handoff = {field.id for field in FAMILIES[0]}
    assert handoff - {"tests.total"} <= set(_listed("places"))


def test_the_blocks_are_those_that_a_template_fills() -> None:
    """Each block of the page has a template."""
    listed = _listed("blocks")
    assert listed
    assert all((CHECKOUT / "templates" / "blocks" / f"{block}.md.j2").is_file() for block in listed)

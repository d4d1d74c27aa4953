"""The page on documents names places and blocks that exist."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_handoff.document.catalogue import FIELDS

CHECKOUT = Path(__file__).resolve().parents[2]
TEMPLATES = CHECKOUT / "templates"
PAGE = (CHECKOUT / "docs" / "documents.md").read_text("utf-8")


def _listed(name: str) -> list[str]:
    """What stands in backticks in the first cells of the table behind a comment of this name."""
    table = PAGE.partition(f"<!-- {name} -->\n")[2].partition("\n\n")[0]
    return [found for row in table.splitlines()[2:] for found in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def _one_for_all(place: str) -> str:
    """The id that stands for this one in the table: the four tiers have the same places."""
    return re.sub(r"^tier\.\w+", "tier.unit", place)


def test_the_page_has_every_place_but_cells() -> None:
    """The table has the places of the catalogue; the cells of tables are told by their rows."""
    wanted = {_one_for_all(field.id) for field in FIELDS if field.kind != "cell"}
    assert set(_listed("places")) == wanted


def test_the_page_has_every_row_of_a_table() -> None:
    """Each row that a bundled document's tables have is named."""
    rows = {field.id.rpartition(".")[0] for field in FIELDS if field.kind == "cell"}
    assert {row for row in rows if f"`{row}`" not in PAGE} == set()


def test_the_page_has_every_template() -> None:
    """A template that is added can be chosen, and the page says so."""
    assert sorted(_listed("templates")) == sorted(path.name.removesuffix(".md.j2") for path in TEMPLATES.glob("*.md.j2"))


def test_the_page_has_every_block() -> None:
    """The blocks are those that a bundled document has, and each has a template that fills it."""
    used = {
        block for path in TEMPLATES.rglob("*.j2") for block in re.findall(r"handoff:begin ([\w.-]+)", path.read_text("utf-8"))
    }
    assert set(_listed("blocks")) == used
    assert all((TEMPLATES / "blocks" / f"{block}.md.j2").is_file() for block in used)

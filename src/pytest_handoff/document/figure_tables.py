"""Find figures in tables: rows of quantities with a column of values, and rows of kinds of tests, files or folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.figure_lines import CLAIMED, NO_FIGURES, WORDS, composed_of, figure_place, in_code
from pytest_handoff.document.figures_in_text import figures_in, form_of
from pytest_handoff.document.labels import asks_nothing, keys_of, words_asked
from pytest_handoff.document.places import place_of_cell
from pytest_handoff.document.quantities import (
    BEFORE_COLUMNS,
    CHANGE_COLUMNS,
    COLUMNS,
    QUANTITIES,
    SHOWN_COLUMNS,
    STATUS_COLUMNS,
    TARGET_COLUMNS,
    VALUE_COLUMNS,
    named,
    quantity_of,
)
from pytest_handoff.document.scopes import ALL, SUM, figure_id, narrows
from pytest_handoff.record import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.document.outline import Cell, Outline, Row, Table
    from pytest_handoff.document.places import Place
    from pytest_handoff.document.scopes import Scopes

_PARTS = {
    name: part
    for part, names in (
        ("value", VALUE_COLUMNS), ("target", TARGET_COLUMNS), ("status", STATUS_COLUMNS), ("before", BEFORE_COLUMNS),
        ("change", CHANGE_COLUMNS), ("shown", SHOWN_COLUMNS),
    )
    for name in names
}  # fmt: skip
_COUNTED = named(COLUMNS)
_NAMES_OF_FACTS = frozenset({"field", "item", "key", "what", "property", "fact", "measure", "question", "detail"})
"""Heads of the first of two columns, of which the second has the values, whatever it is called."""
_TOTALS = frozenset({"total", "sum", "gesamt", "totals"})
_MOST_WORDS = 4
_WANTED = r"[ ]*(?:[≥≤<>]=?|>=|<=)[ ]*\d[\d.,]*[ ]*%?[ ]*$"
"""What is wanted of a row, where its name says so: *Coverage ≥ 80 %*."""
_ALL = frozenset(
    {
        "all modules",
        "all files",
        "all code",
        "all suites",
        "all levels",
        "all kinds",
        "all types",
        "all",
        "overall",
        "all tests",
        "everything",
    }
)


_KINDS_OF_CHANGE = frozenset({
    "created", "modified", "removed", "deleted", "added", "new", "changed", "edited", "type", "kind", "or", "renamed",
})  # fmt: skip


def _asked(place: Place) -> tuple[str, ...]:
    """Return the words that a prompt asks for; an empty cell may be there for anything."""
    return words_asked(place.text) if place.text else ("anything",)


class _Spot(Bundle, frozen=True):
    """A cell of a table, the row it is in, and the end of its id."""

    row: Row
    cell: Cell
    suffix: str


def figures_of_tables(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each cell whose row and column are understood."""
    for table in parsed.tables:
        scope = None if table.head.line in scopes.closed or len(table.head.cells) < 2 else scopes.below(table.head.line)
        if scope is not None:
            yield from _cells(_Table(parsed, table, scopes, scope, scopes.heading(table.head.line)))


class _Table(Bundle, frozen=True):
    """A table, the tests that the heading above it is about, and that heading's name."""

    parsed: Outline
    table: Table
    scopes: Scopes
    scope: str
    where: str


def _cells(inside: _Table) -> Iterator[Place]:
    whole = _is_whole(inside.table, inside.scopes)
    closed = whole or len(inside.table.rows) == 1
    columns = [keys_of(cell.text) for cell in inside.table.head.cells]
    if len(columns) == 2 and (not columns[1] or not columns[0].isdisjoint(_NAMES_OF_FACTS)):
        columns[1] |= {"reading"}
    for row in inside.table.rows:
        name = row.cells[0].text if row.cells else ""
        of = _scope_of_row(name, inside.scopes, whole=whole)
        if of == ALL and not closed and "all tests" not in keys_of(name):
            continue
        if of is not None:
            yield from _cells_of_scope(inside, row, columns, of or inside.scope)
        else:
            yield from _cells_of_quantity(inside, row, columns)


def _is_whole(table: Table, scopes: Scopes) -> bool:
    """Check that each row but the total is known: then the total is one of known things."""
    names = [row.cells[0].text for row in table.rows if row.cells]
    others = [name for name in names if keys_of(name).isdisjoint(_TOTALS | _ALL)]
    return bool(others) and all(scopes.named(name) is not None for name in others)


def _scope_of_row(name: str, scopes: Scopes, *, whole: bool) -> str | None:
    named_scope = scopes.named(name)
    if named_scope is not None:
        return named_scope
    if not keys_of(name).isdisjoint(_ALL):
        return ALL
    return SUM if whole and not keys_of(name).isdisjoint(_TOTALS) else None


def _cells_of_scope(inside: _Table, row: Row, columns: list[frozenset[str]], scope: str) -> Iterator[Place]:
    for keys, cell in zip(columns[1:], row.cells[1:], strict=False):
        found = quantity_of(keys, _COUNTED)
        if found is not None and "." not in found[1]:
            yield from _figure_of(inside, _Spot(row, cell, ""), found[1], scope)
        elif found is None and keys:
            yield from _spoken_of(inside, _Spot(row, cell, f": {min(keys)}"), scope)


def _spoken_of(inside: _Table, spot: _Spot, scope: str) -> Iterator[Place]:
    """Make places of figures that say themselves what they count, such as ``[X/Y passing]`` in a column of notes."""
    figures = figures_in(spot.cell.text) if spot.cell.text else []
    if figures:
        shift = inside.parsed.text.index(spot.cell.text, spot.cell.start)
        for number, figure in enumerate(figures):
            where = inside.where + (spot.suffix if not number else f"{spot.suffix} ({number + 1})")
            yield figure_place(
                spot.cell.text[figure.start : figure.end], shift + figure.start, spot.row.line, asks=figure.asks,
                id=figure_id(figure.quantity, scope, where), quantity=figure.quantity, scope=scope, form=figure.form,
                tail=figure.tail,
            )  # fmt: skip


def _cells_of_quantity(inside: _Table, row: Row, columns: list[frozenset[str]]) -> Iterator[Place]:
    keys = keys_of(re.sub(_WANTED, "", row.cells[0].text)) - _TOTALS if row.cells else frozenset()
    found = _of_files(quantity_of(keys, QUANTITIES), inside) or (
        ("total", "tests") if _is_total_of_outcomes(row, inside.table) else None
    )
    composed = composed_of(keys, inside.scopes) if found is None or found[0] not in keys else None
    named_row = composed or ((found[1], inside.scope) if found is not None else None)
    if named_row is None or (named_row[0] == "tests" and not named_row[1] and narrows(inside.where)):
        return
    quantity, scope = named_row
    values = 0
    for names, cell in zip(columns[1:], row.cells[1:], strict=False):
        part = next((_PARTS[name] for name in sorted(names) if name in _PARTS), None) or _part_of(names)
        if part is None and len(columns) == 2 and quantity in NO_FIGURES:
            part = "shown"
        if "." in quantity and part not in ("value", "shown"):
            continue
        if part in ("target", "status", "change"):
            place = place_of_cell(inside.parsed, row, cell, f"{figure_id(quantity, scope, inside.where)}.{part}")
            yield replace(place, quantity=f"{quantity}.{part}", scope=scope, form=form_of(cell.text))
        elif part is not None:
            of_then = f"{quantity}.before" if part == "before" else quantity
            values += part == "shown"
            suffix = f".{part}" if part != "shown" or values == 1 else f".{part} {values}"
            yield from _figure_of(inside, _Spot(row, cell, suffix), of_then, scope)


_THEN = frozenset({"start", "before", "beginning", "previous", "old"})
_NOW = frozenset({"end", "after", "now", "actual", "current"})
_OF_DAYS = frozenset({"date", "time", "day", "by", "owner", "target", "goal", "next"})


def _part_of(names: frozenset[str]) -> str | None:
    """Tell from one word of a longer head, as in *Sprint end*, whether a column is of before or of now."""
    words = {word for name in names for word in name.split()}
    if not 1 < len(words) <= _MOST_WORDS or words & _OF_DAYS or bool(words & _THEN) == bool(words & _NOW):
        return None
    return "before" if words & _THEN else "shown"


def _of_files(found: tuple[str, str] | None, inside: _Table) -> tuple[str, str] | None:
    """Take *New* or *Removed* for files only where files are spoken of; new tests may be meant."""
    if found is None or not found[1].startswith("files_") or "file" in found[0]:
        return found
    around = f"{inside.where} {inside.table.head.cells[0].text.casefold()}"
    if "file" in around:
        return found
    return (found[0], "new_tests") if found[0] in ("new", "added") and "test" in around else None


def _is_total_of_outcomes(row: Row, table: Table) -> bool:
    """Check for the total of a table of which other rows count those that passed and failed."""
    if not row.cells or keys_of(row.cells[0].text).isdisjoint(_TOTALS):
        return False
    counted = {QUANTITIES.get(key) for other in table.rows if other.cells for key in keys_of(other.cells[0].text)}
    return {"passed", "failed"} <= counted


def _figure_of(inside: _Table, spot: _Spot, quantity: str, scope: str) -> Iterator[Place]:
    """Make a place of a cell that is empty, a prompt, or figures that are understood."""
    cell, plain = spot.cell, quantity.removesuffix(".before")
    before = quantity[len(plain) :]
    figures = [] if plain in NO_FIGURES else figures_in(cell.text, plain)
    shift = inside.parsed.text.index(cell.text, cell.start) if cell.text else cell.start
    is_claim = spot.suffix == ".value" and not scope and inside.scopes.is_certain(spot.row.line)
    for number, figure in enumerate(figures):
        id = figure_id(figure.quantity + before, scope, inside.where) + (spot.suffix if not number else f" ({number + 1})")  # noqa: A001
        yield figure_place(
            cell.text[figure.start : figure.end], shift + figure.start, spot.row.line, asks=figure.asks, id=id,
            quantity=figure.quantity + before, scope=scope, form=figure.form, tail=figure.tail,
            is_claim=is_claim and figure.quantity in CLAIMED,
        )  # fmt: skip
    if not figures:
        place = place_of_cell(inside.parsed, spot.row, cell, figure_id(quantity, scope, inside.where) + spot.suffix)
        asks_for_more = plain == "change" and place.state != "written" and not _KINDS_OF_CHANGE.issuperset(_asked(place))
        if plain in NO_FIGURES and place.text.startswith("`"):
            place = in_code(replace(place, start=shift, end=shift + len(cell.text)))
        if (place.state == "empty" or plain in WORDS or asks_nothing(place.text)) and not asks_for_more:
            yield replace(place, quantity=quantity, scope=scope, form=form_of(cell.text))

"""Find figures in tables: rows of quantities with a column of values, and rows of kinds of tests, files or folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.figure_forms import form_of
from pytest_handoff.document.figure_lines import NO_FIGURES, WORDS, figure_place, in_code
from pytest_handoff.document.figures_in_text import RATES, figures_in
from pytest_handoff.document.label_meanings import CLAIMED, NEEDS, composed_of, is_spoken_of
from pytest_handoff.document.labels import asks_nothing, keys_of, words_asked
from pytest_handoff.document.names_of_quantities import quantity_of
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
)
from pytest_handoff.document.scopes import ALL, PATH, SUM, figure_id, narrows
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
_TOTALS = frozenset({"total", "sum", "gesamt", "totals", "grand total", "in total", "overall total"})
_MOST_WORDS = 4
_WANTED = r"[ ]*(?:[≥≤<>]=?|>=|<=)[ ]*\d[\d.,]*[ ]*%?[ ]*$"
_SIGNS_OF_WANTED = ("≥", "≤", "<", ">")
"""What is wanted of a row, where its name says so: *Coverage ≥ 80 %*."""
_ALL = frozenset({
    "all modules", "all files", "all code", "all suites", "all levels", "all kinds", "all types", "all", "overall", "all tests",
    "everything", "whole package", "whole project", "whole suite", "entire suite", "full suite", "all packages", "all layers",
    "all tiers", "combined", "altogether",
})  # fmt: skip


_OF_FILES = ("coverage", "line_coverage")
_OUTCOMES = {"passed", "failed"}
_ALL_TESTS = frozenset({"all tests", "whole suite", "entire suite", "full suite"})
_KINDS_OF_CHANGE = frozenset({
    "created", "modified", "removed", "deleted", "added", "new", "changed", "edited", "type", "kind", "or", "renamed",
})  # fmt: skip


def _asked(place: Place) -> tuple[str, ...]:
    """Return the words that a prompt asks for; an empty cell may be there for anything."""
    return words_asked(place.text) if place.text else ("anything",)


class _Spot(Bundle, frozen=True):
    """A cell of a table, the row it is in, the end of its id, and whether a person's figure there may be a claim."""

    row: Row
    cell: Cell
    suffix: str
    is_sure: bool = True


def figures_of_tables(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each cell whose row and column we understand."""
    for table in parsed.tables:
        at = table.head.line
        if at in scopes.closed or len(table.head.cells) < 2:
            continue
        scope = scopes.below(at)
        if scope is not None or scopes.paths_alone(at):
            yield from _cells(_Table(parsed, table, scopes, scope, scopes.heading(at), _column_of_names(table)))


class _Table(Bundle, frozen=True):
    """A table, the tests that the heading above it is about, that heading's name, and which column names the rows.

    If nobody knows what the heading is about, there is no scope, and we understand only rows of files.
    """

    parsed: Outline
    table: Table
    scopes: Scopes
    scope: str | None
    where: str
    first: int

    def name_of(self, row: Row) -> str:
        """Return the text of the cell that names a row."""
        return row.cells[self.first].text if len(row.cells) > self.first else ""

    @property
    def counted(self) -> set[str]:
        """Tell what the columns count."""
        return {_COUNTED[key] for head in self.table.head.cells for key in keys_of(head.text) if key in _COUNTED}

    def has_column(self, name: str) -> bool:
        """Check for a column by its name."""
        return any(name in keys_of(head.text) for head in self.table.head.cells)

    def cells_of(self, row: Row) -> Iterator[tuple[Cell, Cell]]:
        """Pair the cells behind a row's name with the heads of their columns."""
        return zip(self.table.head.cells[self.first + 1 :], row.cells[self.first + 1 :], strict=False)


_NUMBERINGS = frozenset({"#", "no", "no.", "nr", "nr.", "№", "id"})


def _column_of_names(table: Table) -> int:
    """Return the index of the column that names the rows: the first one, or the second where the first has their numbers."""
    head = table.head.cells
    return 1 if len(head) > 2 and head[0].text.strip("*_ ").casefold() in _NUMBERINGS else 0


def _cells(inside: _Table) -> Iterator[Place]:
    whole = _is_whole(inside)
    closed = whole or len(inside.table.rows) == 1
    columns = [keys_of(cell.text) for cell in inside.table.head.cells[inside.first :]]
    if len(columns) == 2 and (not columns[1] or not columns[0].isdisjoint(_NAMES_OF_FACTS)):
        columns[1] |= {"reading"}
    for row in inside.table.rows:
        name = inside.name_of(row)
        of = _scope_of_row(name, inside.scopes, whole=whole)
        if inside.scope is None:
            if of is not None and of.startswith(PATH):
                yield from (place for place in _cells_of_scope(inside, row, of) if place.quantity not in WORDS)
            continue
        if of == ALL and not closed and keys_of(name).isdisjoint(_ALL_TESTS):
            continue
        if of is not None:
            yield from _cells_of_scope(inside, row, of or inside.scope)
        else:
            yield from _cells_of_quantity(inside, row, columns)


def _is_whole(inside: _Table) -> bool:
    """Check that we know every row except the total, so that we also know what the total adds up."""
    names = [name for row in inside.table.rows if (name := inside.name_of(row))]
    others = [name for name in names if keys_of(name).isdisjoint(_TOTALS | _ALL)]
    return bool(others) and all(inside.scopes.named(name) is not None for name in others)


def _scope_of_row(name: str, scopes: Scopes, *, whole: bool) -> str | None:
    named_scope = scopes.named(name)
    if named_scope is not None:
        return named_scope
    if not keys_of(name).isdisjoint(_ALL):
        return ALL
    return SUM if whole and not keys_of(name).isdisjoint(_TOTALS) else None


def _cells_of_scope(inside: _Table, row: Row, scope: str) -> Iterator[Place]:
    for head, cell in inside.cells_of(row):
        keys = keys_of(head.text)
        found = quantity_of(keys, _COUNTED, head.text)
        if "missing" in keys and inside.has_column("miss"):  # which lines, beside how many
            continue
        if found is None and not keys.isdisjoint(("run", "ran")) and inside.counted >= _OUTCOMES:
            found = ("run", "executed")
        if found is not None and "." not in found[1]:
            yield from _figure_of(inside, _Spot(row, cell, ""), found[1], scope)
        elif scope.startswith(PATH) and not keys.isdisjoint(VALUE_COLUMNS) and QUANTITIES.get(inside.where) in _OF_FILES:
            yield from _figure_of(inside, _Spot(row, cell, f": {min(keys)}"), QUANTITIES[inside.where], scope)
        elif found is None and keys:
            yield from _spoken_of(inside, _Spot(row, cell, f": {min(keys)}"), scope)


def _spoken_of(inside: _Table, spot: _Spot, scope: str) -> Iterator[Place]:
    """Make places of figures that say what they count, such as ``[X/Y passing]`` in a column of notes."""
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


_SIGNED = ("[+", "[±")
_MARKS = frozenset("✓✗✔✘✅❌🟢🔴/| ")
_SHARES = frozenset({"percentage", "percent", "share", "rate"})


def _without_wanted(name: str) -> str:
    return re.sub(_WANTED, "", name) if any(sign in name for sign in _SIGNS_OF_WANTED) else name


def _is_signed(text: str) -> bool:
    return text.startswith(_SIGNED) or (text[:1] in "+−-" and text[1:2].isdecimal())


def _cells_of_quantity(inside: _Table, row: Row, columns: list[frozenset[str]]) -> Iterator[Place]:
    name = _without_wanted(inside.name_of(row))
    keys = keys_of(name) - _TOTALS
    found = _of_files(quantity_of(keys, QUANTITIES, name), inside) or (
        ("total", "tests") if _is_total_of_outcomes(row, inside) else None
    )
    composed = composed_of(keys, inside.scopes) if found is None or found[0] not in keys else None
    named_row = composed or ((found[1], inside.scope or ALL) if found is not None else None)
    if found is not None and composed is None and not _may_stand(found[0], inside):
        return
    if named_row is None or (named_row[0] == "tests" and not named_row[1] and narrows(inside.where)):
        return
    quantity, scope = named_row
    is_sure = composed is not None or (found is not None and found[0] in QUANTITIES)
    values = shown = 0
    for names, (head, cell) in zip(columns[1:], inside.cells_of(row), strict=False):
        part = _part_of(names, head.text)
        if part is None and values and _is_signed(cell.text):
            part = "change"  # beside what it is now, whatever the column is called
        if part is None and len(columns) == 2 and quantity in NO_FIGURES:
            part = "shown"
        if quantity == "passed" and not names.isdisjoint(_SHARES):
            yield from _figure_of(inside, _Spot(row, cell, ".share", is_sure=False), "pass_rate", scope)
            continue
        if "." in quantity and part not in ("value", "shown"):
            continue
        if part in ("target", "status", "change"):
            place = place_of_cell(inside.parsed, row, cell, f"{figure_id(quantity, scope, inside.where)}.{part}")
            yield replace(place, quantity=f"{quantity}.{part}", scope=scope, form=form_of(cell.text))
        elif part is not None:
            of_then = f"{quantity}.before" if part == "before" else quantity
            shown += part == "shown"
            values += part != "before"
            suffix = f".{part}" if part != "shown" or shown == 1 else f".{part} {shown}"
            yield from _figure_of(inside, _Spot(row, cell, suffix, is_sure), of_then, scope)


def _may_stand(key: str, inside: _Table) -> bool:
    """Check that an ambiguous name is in a table about tests or coverage, or below a heading about them."""
    need = NEEDS.get(key)
    if need not in ("test", "coverage") or is_spoken_of(inside.scopes, inside.table.head.line, need):
        return True
    names = [*map(inside.name_of, inside.table.rows), *(head.text for head in inside.table.head.cells)]
    counted = {QUANTITIES.get(name) for one in names for name in keys_of(one)}
    return any("test" in name.casefold() or need in name.casefold() for name in names) or len(counted & _OF_TESTS) > 1


_OF_TESTS = {"passed", "failed", "skipped", "coverage", "pass_rate"}
_THEN = frozenset({"start", "before", "beginning", "previous", "old", "last"})
_NOW = frozenset({"end", "after", "now", "actual", "current", "this"})
_OF_DAYS = frozenset({
    "date", "time", "day", "by", "owner", "target", "goal", "next", "updated", "changed", "modified", "week", "month", "year",
    "release", "quarter", "name", "seen", "version", "commit", "checked", "edited", "touched",
})  # fmt: skip


_DIFFERENCE = frozenset({"δ", "delta", "change", "difference"})
_DIFFERS = _DIFFERENCE | {"vs", "versus", "than", "against", "compared", "since", "diff", "improvement", "trend", "growth"}


def _part_of(names: frozenset[str], head: str) -> str | None:
    """Tell by its head what a column gives: the value now, the value before, the target, or whether the target is met."""
    if not names and head and _MARKS.issuperset(head):
        return "status"
    return next((_PARTS[name] for name in sorted(names) if name in _PARTS), None) or _part_by_word(names)


def _part_by_word(names: frozenset[str]) -> str | None:
    """Tell from one word of a longer head, as in *Sprint end*, whether a column is of before or of now."""
    words = {word for name in names for word in name.split()}
    if not _DIFFERS.isdisjoint(words):
        return "change" if words & _DIFFERENCE and words & {"session", "before", "start"} and not words & _OF_DAYS else None
    if not 1 < len(words) <= _MOST_WORDS or words & _OF_DAYS or bool(words & _THEN) == bool(words & _NOW):
        return None
    return "before" if words & _THEN else "shown"


def _of_files(found: tuple[str, str] | None, inside: _Table) -> tuple[str, str] | None:
    """Take *New* or *Removed* to mean files only where the text is about files: elsewhere it may mean tests."""
    if found is None or not found[1].startswith("files_") or "file" in found[0]:
        return found
    around = f"{inside.where} {inside.table.head.cells[0].text.casefold()}"
    if "file" in around:
        return found
    return (found[0], "new_tests") if found[0] in ("new", "added") and "test" in around else None


def _is_total_of_outcomes(row: Row, inside: _Table) -> bool:
    """Check for the total of a table of which other rows count those that passed and failed."""
    if keys_of(inside.name_of(row)).isdisjoint(_TOTALS):
        return False
    counted = {QUANTITIES.get(key) for other in inside.table.rows for key in keys_of(inside.name_of(other))}
    return {"passed", "failed"} <= counted


_EMPTY_BOX = r"\[ *\](?:[ ]?(%))?"
"""Brackets for a figure; where no column is of all tests, or of statements, they may be boxes to tick."""


def _boxed(inside: _Table, spot: _Spot, quantity: str, scope: str, form: str) -> Iterator[Place]:
    """Make a place of a cell with nothing but empty brackets, where a figure is counted."""
    is_counted = spot.cell.text.endswith("%") or not inside.counted.isdisjoint(("tests", "statements", "executed"))
    if is_counted and not spot.suffix and quantity not in WORDS:
        place = place_of_cell(inside.parsed, spot.row, spot.cell, figure_id(quantity, scope, inside.where) + spot.suffix)
        yield replace(place, state="placeholder", own=len(place.text), quantity=quantity, scope=scope, form=form)


def _figure_of(inside: _Table, spot: _Spot, quantity: str, scope: str) -> Iterator[Place]:
    """Make a place of a cell that is empty or holds a prompt or figures that we understand."""
    cell, plain = spot.cell, quantity.removesuffix(".before")
    before = quantity[len(plain) :]
    if cell.text.startswith(("[]", "[ ")) and (box := re.fullmatch(_EMPTY_BOX, cell.text)) is not None:
        yield from _boxed(inside, spot, quantity, scope, "percent" if box[1] or plain in RATES else "count")
        return
    figures = [] if plain in NO_FIGURES else figures_in(cell.text, plain)
    shift = inside.parsed.text.index(cell.text, cell.start) if cell.text else cell.start
    is_claim = spot.suffix == ".value" and spot.is_sure and not scope and inside.scopes.is_certain(spot.row.line)
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

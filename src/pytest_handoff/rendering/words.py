"""Do for our own templates what Jinja does with values: get attributes, sort, join, and tell which item is the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


Item = TypeVar("Item")


def of(value: Any, name: str) -> Any:
    """Return the attribute of this name or, if there is none, the entry of a table."""
    try:
        return getattr(value, name)
    except AttributeError:
        return value[name]


def dictsort(table: Mapping[str, Item]) -> list[tuple[str, Item]]:
    """Sort the entries of a table by their names, ignoring case."""
    return sorted(table.items(), key=lambda entry: entry[0].lower())


def joined(between: str, parts: Iterable[object]) -> str:
    """Join values as plain text, not escaped yet."""
    return between.join(map(str, parts))


def ends(items: Iterable[Item]) -> Iterator[tuple[bool, Item]]:
    """Yield whether each item is the last one, and the item."""
    found = list(items)
    return ((number == len(found), item) for number, item in enumerate(found, 1))

"""Do for our own templates what Jinja does with a value: look into it, sort it, join it, tell which part is the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


Item = TypeVar("Item")


def of(value: Any, name: str) -> Any:
    """Return an attribute, or if there is none of that name, an entry of a table."""
    try:
        return getattr(value, name)
    except AttributeError:
        return value[name]


def dictsort(table: Mapping[str, Item]) -> list[tuple[str, Item]]:
    """Sort the entries of a table by their names, capitals as small letters."""
    return sorted(table.items(), key=lambda entry: entry[0].lower())


def joined(between: str, parts: Iterable[object]) -> str:
    """Join values as plain text, which is still to be escaped."""
    return between.join(map(str, parts))


def ends(items: Iterable[Item]) -> Iterator[tuple[bool, Item]]:
    """Give each item with whether it is the last one."""
    found = list(items)
    return ((number == len(found), item) for number, item in enumerate(found, 1))

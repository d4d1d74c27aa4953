"""Collect the fields of one document: the common ones, with the project's names for them, and rows for metrics and paths."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.document.catalogue import (
    BEFORE,
    BESIDE_BEFORE,
    COVERAGE_TARGETS,
    COVERED,
    FIELDS,
    MEASURED,
    PERFORMANCE,
    VALUE,
    Field,
    fields_for,
    row_fields,
    row_of,
)
from pytest_handoff.document.labels import keys_of, own_key
from pytest_handoff.errors import UsageProblem
from pytest_handoff.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


_SEPARATOR = " > "


def own_names(fields: Sequence[Field], aliases: Mapping[str, Sequence[str]]) -> tuple[Field, ...]:
    """Give the fields the project's own names for them as well.

    Args:
        aliases: names by place id: ``Label``, ``Heading > Label``, or for a fenced block ``Heading``.

    Raises:
        UsageProblem: a place does not exist, or a name has no word in it.
    """
    _refuse_unknown(aliases)
    return tuple(_named(field, aliases[field.id]) if field.id in aliases else field for field in fields)


def catalogue(
    session: str,
    *,
    aliases: Mapping[str, Sequence[str]],
    metrics: Iterable[str] = (),
    rows: Iterable[str] = (),
    paths: Iterable[str] = (),
) -> tuple[Field, ...]:
    """List every field that may be found in a document of this session.

    Args:
        metrics: names of the user's metrics; each may be a row, except those that only punctuation tells apart.
        rows: names of rows in tables of measured values; one that is no metric's may be a metric that was not measured.
        paths: files and folders that may be rows in a table of coverage targets.
    """
    fields = list(own_names(fields_for(session), aliases))
    recorded = dict(_keyed(metrics))
    for name, key in recorded.items():
        row = row_of(name)
        fields += row_fields(row, (key,), MEASURED, BESIDE_BEFORE)
        fields.append(Field(id=f"{row}.before", kind="cell", sections=BEFORE, labels=(key,), columns=VALUE))
    known = frozenset(recorded.values())
    for name, key in _keyed(rows):
        if key not in known:
            fields += row_fields(row_of(name), (key,), PERFORMANCE, BESIDE_BEFORE)
    for path in paths:
        labels = tuple(keys_of(path))
        fields += row_fields(path_row(path), labels, (*COVERAGE_TARGETS, "test coverage", "coverage"), COVERED) if labels else ()
    return tuple(fields)


def path_row(path: str) -> str:
    """Return the id of a path's row in a table of coverage targets."""
    return f"targets.{path}"


def mentioned(text: str, files: Iterable[str]) -> list[str]:
    """Pick the files, and the folders they are in, whose path stands in the text."""
    folders = {file[:at] for file in files for at, char in enumerate(file) if char == "/"}
    words = "\n".join(set(text.split()))  # a path without a blank stands in here just as it does in the text
    return sorted(path for path in {*folders, *files} if path in (words if len(path.split()) == 1 else text))


def _keyed(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pair each name with its key, without the names that share one."""
    keys = {name: key for name in names if (key := own_key(name)) is not None}
    shared = Counter(keys.values())
    return [(name, key) for name, key in keys.items() if shared[key] == 1]


def _named(field: Field, names: Sequence[str]) -> Field:
    labels, sections = list(field.labels), list(field.sections)
    for name in names:
        heading, separator, label = name.rpartition(_SEPARATOR)
        if field.kind == "fence":
            sections += _forms(field.id, name)
        else:
            labels += _forms(field.id, label)
            sections += _forms(field.id, heading) if separator else []
    return msgspec.structs.replace(field, labels=tuple(labels), sections=tuple(sections))


def _forms(place: str, name: str) -> list[str]:
    forms = sorted(keys_of(name))
    if not forms:
        raise UsageProblem(f"aliases: {shorten(name)!r}, a name for {place}, has no word in it, or more than 1,000 characters")
    return forms


def _refuse_unknown(aliases: Mapping[str, Sequence[str]]) -> None:
    known = {field.id for field in FIELDS}
    for place in aliases:
        if place not in known:
            near = get_close_matches(place, known, n=1)
            raise UsageProblem(f"aliases: there is no place {place!r}" + (f", did you mean {near[0]!r}?" if near else ""))

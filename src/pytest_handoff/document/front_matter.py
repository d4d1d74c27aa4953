"""Find the figures that YAML front matter asks for: top-level keys such as ``tests_passed: TBD`` between the ``---`` lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.figure_forms import form_of
from pytest_handoff.document.figure_lines import WORDS
from pytest_handoff.document.figures_in_text import RATES
from pytest_handoff.document.labels import blank_length, keys_of
from pytest_handoff.document.names_of_quantities import quantity_of
from pytest_handoff.document.places import Place
from pytest_handoff.document.quantities import QUANTITIES
from pytest_handoff.document.scopes import FRONT_MATTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.document.outline import Outline
    from pytest_handoff.document.scopes import Scopes

_LINE = re.compile(
    r"(?P<indent>[ ]{0,8})(?P<key>[A-Za-z][\w -]{0,60}):(?:[ \t]+(?P<value>\"[^\"]*\"|'[^']*'|[^\s#'\"].*?))?[ \t]*(?:[ \t]#.*)?"
)
_MOST_LINES = 60
_BOTH = frozenset({"status", "state", "result", "results", "outcome", "total", "time", "new", "added", "created", "modified"})
"""Keys that speak of the work, or of the document itself, as often as of tests."""


def figures_of_front_matter(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each value whose key we understand."""
    if not parsed.text.startswith(("---", "\ufeff---")):
        return
    first = parsed.headings[0].line if parsed.headings else len(parsed.starts) - 1
    above, depth = "", 0
    for line in range(1, min(first, _MOST_LINES, len(parsed.starts) - 1)):
        raw = parsed.raw(line)
        if raw.rstrip() in ("---", "..."):
            return
        found = _LINE.fullmatch(raw) if line not in scopes.closed else None
        if found is None or not found["indent"]:
            above, depth = (found["key"] if found is not None and found["value"] is None else ""), 0
        depth = depth or (len(found["indent"]) if found is not None else 0)
        if found is None or not found["value"] or (found["indent"] and (not above or len(found["indent"]) != depth)):
            continue
        name = f"{above} {found['key']}" if found["indent"] else found["key"]
        quantity = _quantity(name, found["value"])
        if quantity:
            yield _place(found, quantity, name, parsed.starts[line], line)


def _quantity(name: str, value: str) -> str | None:
    keys = keys_of(name.replace("_", " ").replace("-", " "))
    if keys & {"updated", "last updated"}:
        return "date" if "date" in value.casefold() or value == "YYYY-MM-DD" or re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
    found = None if not keys or keys & _BOTH else quantity_of(keys, QUANTITIES)
    return None if found is None or found[1] in ("result", "status", "diff") else found[1]


def _place(found: re.Match[str], quantity: str, name: str, start: int, line: int) -> Place:
    text = found["value"]
    inner = text[1:-1] if text[0] in "\"'" else text
    own = len(text) if inner in ("null", "") or blank_length(inner) else 0
    form = "" if quantity in WORDS else form_of(inner) or ("percent" if quantity.partition(".")[0] in RATES else "count")
    return Place(
        id=f"{FRONT_MATTER}{quantity} in {name}", kind="label", line=line + 1, text=text,
        state="placeholder" if own else "written", start=start + found.start("value"), end=start + found.end("value"), own=own,
        quantity=quantity, form=form,
    )  # fmt: skip


def is_plain_yaml(value: str) -> bool:
    """Check that YAML can hold a value as it is, without quotes, and does not take text for a number."""
    return re.fullmatch(r"[A-Za-z0-9](?:[\w./%+ -]*[\w%])?", value) is not None and re.fullmatch(r"\d+e\d+|0\d+", value) is None

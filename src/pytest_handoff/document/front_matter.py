"""Find the figures that YAML front matter asks for: a flat ``tests_passed: TBD`` between the ``---`` at a document's head."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.figure_lines import WORDS
from pytest_handoff.document.figures_in_text import RATES, form_of
from pytest_handoff.document.labels import blank_length, keys_of
from pytest_handoff.document.places import Place
from pytest_handoff.document.quantities import QUANTITIES, quantity_of
from pytest_handoff.document.scopes import FRONT_MATTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.document.outline import Outline
    from pytest_handoff.document.scopes import Scopes

_LINE = re.compile(r"(?P<key>[A-Za-z][\w -]{0,60}):[ \t]+(?P<value>[^\s#'\"].*?)[ \t]*(?:[ \t]#.*)?")
_MOST_LINES = 60
_BOTH = frozenset({"status", "state", "result", "results", "outcome", "total", "time", "new", "added", "created", "modified"})
"""Keys that speak of the work, or of the document itself, as often as of tests."""


def figures_of_front_matter(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each value whose key is understood."""
    if not parsed.text.startswith(("---", "\ufeff---")):
        return
    first = parsed.headings[0].line if parsed.headings else len(parsed.starts) - 1
    for line in range(1, min(first, _MOST_LINES, len(parsed.starts) - 1)):
        raw = parsed.raw(line)
        if raw.rstrip() in ("---", "..."):
            return
        found = _LINE.fullmatch(raw) if line not in scopes.closed else None
        quantity = _quantity(found["key"]) if found else None
        if found and quantity:
            yield _place(found, quantity, parsed.starts[line], line)


def _quantity(key: str) -> str | None:
    keys = keys_of(key.replace("_", " ").replace("-", " "))
    found = None if not keys or keys & _BOTH else quantity_of(keys, QUANTITIES)
    return None if found is None or found[1] in ("result", "status", "diff") else found[1]


def _place(found: re.Match[str], quantity: str, start: int, line: int) -> Place:
    text, own = found["value"], blank_length(found["value"])
    form = "" if quantity in WORDS else form_of(text) or ("percent" if quantity.partition(".")[0] in RATES else "count")
    return Place(
        id=f"{FRONT_MATTER}{quantity} in {found['key']}", kind="label", line=line + 1, text=text,
        state="placeholder" if own else "written", start=start + found.start("value"), end=start + found.end("value"), own=own,
        quantity=quantity, form=form,
    )  # fmt: skip


def is_plain_yaml(value: str) -> bool:
    """Check that a value may stand in YAML as it is: no quotes are needed, and text is not taken for a number."""
    return re.fullmatch(r"[A-Za-z0-9](?:[\w./%+ -]*[\w%])?", value) is not None and re.fullmatch(r"\d+e\d+|0\d+", value) is None

"""Find figures in fenced blocks: pytest's last lines, coverage reports, and labels with a value, even beside a bar."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.figure_forms import form_of, has_figures
from pytest_handoff.document.figure_lines import Spot, figure_place, labelled, whole_line
from pytest_handoff.document.labels import BLANK, Label, keys_of, may_ask
from pytest_handoff.document.outline import TextLine
from pytest_handoff.document.scopes import ALL, PATH, figure_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.document.outline import Fence, Outline
    from pytest_handoff.document.places import Place
    from pytest_handoff.document.scopes import Scopes

_COMMAND = r"(?:[$>%][ \t]*)?(?:(?:uv|poetry|pdm|hatch)[ \t]+run[ \t]+)?(?:python\d?[ \t]+-m[ \t]+)?pytest\b(?P<options>.*)"
_OUTPUT = ("", "text", "txt", "console", "bash", "sh", "shell", "output", "log", "plaintext", "terminal", "yaml", "yml")
"""What fences may be called that show the output of pytest, or state."""

_CELL = rf"(?:\[[^\[\]]*\]|{BLANK}|\d[\d,]*(?:\.\d+)?)"
_REPORT = (
    rf"[# ]*(?P<name>\S+)[ \t]+(?P<statements>{_CELL})[ \t]+(?P<missed>{_CELL})[ \t]+"
    rf"(?P<coverage>{_CELL}[ ]?%)(?P<more>[ \t]+\S.*)?[ \t]*"
)
"""A row of a coverage report without branches."""

_PLAIN_BAR = r"\[[#=*>.\- ]{3,}\]"
_BAR = r"(?:\[[#=*>.\-█▓▒░■□▰▱⬛⬜ ]{3,}\]|[█▓▒░■□▰▱⬛⬜]{3,})"


@cache
def _named(*, plain: bool) -> re.Pattern[str]:
    """Compile a label with its value; bars of wide characters, which take long to compile, are only in texts that have some."""
    bar = _PLAIN_BAR if plain else _BAR
    return re.compile(
        r"(?P<label>[A-Za-z][A-Za-z0-9 _./-]{0,60}?)"
        rf"(?:[ \t]*:[ \t]+|[ \t]*=[ \t]+|[ \t]*\.{{3,}}[ \t]*|[ \t]{{2,}}|[ \t]+(?={bar}))"
        rf"(?:{bar}[ \t]*)?(?P<value>\S.*?)[ \t]*"
    )


def figures_of_fences(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in the lines of a fence that we understand."""
    for fence in parsed.fences:
        body = parsed.text[fence.start : fence.end]
        language = parsed.raw(fence.line).strip(" \t>`~").casefold()
        if fence.line in scopes.closed or language not in _OUTPUT or not (has_figures(body) or may_ask(body)):
            continue
        if scopes.below(fence.line) is not None:
            yield from _lines_of_fence(parsed, fence, scopes)


def _lines_of_fence(parsed: Outline, fence: Fence, scopes: Scopes) -> Iterator[Place]:
    """Read the lines of a fence; what a command printed is of the tests that it ran."""
    scope: str | None = scopes.below(fence.line) or ALL
    for index in range(fence.line + 1, len(parsed.starts) - 1):
        start = parsed.starts[index]
        if start >= fence.end:
            return
        raw = parsed.raw(index)
        command = re.match(_COMMAND, raw.strip()) if "pytest" in raw else None
        if command is not None:
            narrowed = scope_of_command(command["options"], scopes)
            scope = narrowed if narrowed is None else narrowed or scopes.below(fence.line) or ALL
        elif scope is not None and (has_figures(raw) or may_ask(raw) or ":" in raw):
            yield from _of_line(parsed, Spot(raw, start, index, scope, scopes.heading(index)), scopes)


def _of_line(parsed: Outline, spot: Spot, scopes: Scopes) -> Iterator[Place]:
    row = re.fullmatch(_REPORT, spot.text) if "%" in spot.text else None
    if row is not None:
        yield from _of_report(row, spot, scopes)
        return
    text = spot.text.lstrip(" \t#")
    shift = len(spot.text) - len(text)
    places = list(whole_line(Spot(text, spot.start + shift, spot.line, spot.scope, spot.where), scopes))
    if not spot.text.lstrip().startswith("#"):
        yield from places or _of_label(parsed, spot, scopes)
    else:  # in a remark, which may be a person's
        yield from (replace(place, is_claim=False) for place in places)


def _of_report(row: re.Match[str], spot: Spot, scopes: Scopes) -> Iterator[Place]:
    """Make places of the figures of a file in a coverage report, or of its total."""
    scope = spot.scope if row["name"] == "TOTAL" else scopes.names.scopes.get(PATH + row["name"], "")
    name = "total" if row["name"] == "TOTAL" else "report"
    if name == "report" and not scope:
        return
    for quantity in ("statements", "missed", "coverage"):
        text = row[quantity]
        yield figure_place(
            text, spot.start + row.start(quantity), spot.line, asks=not text[0].isdigit(), quantity=quantity, scope=scope,
            form=form_of(text), id=figure_id(quantity, scope, f"{spot.where}: {name}"),
        )  # fmt: skip


_OF_A_PERSON = ("python", "platform", "agent", "date")
"""What a block of settings may ask for as well."""


def _of_label(parsed: Outline, spot: Spot, scopes: Scopes) -> Iterator[Place]:
    """Make places of what stands behind a label: ``branch:  [branch]``, ``Tests  [####--] [X/Y]``."""
    text = spot.text.strip()
    found = _named(plain=text.isascii()).fullmatch(text)
    if found is not None:
        start = spot.start + len(spot.text) - len(spot.text.lstrip())
        line = TextLine(spot.line, start, text, opens_item=False, paragraph=spot.line, parents=(), followed=True)
        label = Label(keys_of(found["label"].replace("_", " ")), found["label"], found.start("value"), found.end("value"))
        for place in labelled(parsed, line, label, scopes, divided=True):
            if place.quantity not in _OF_A_PERSON:
                yield replace(place, is_claim=False)


def scope_of_command(options: str, scopes: Scopes) -> str | None:
    """Return the scope of what a command prints: that of the one path that it names; ``None`` if it narrows otherwise."""
    words = options.split()
    if any(word.startswith(("-k", "-m", "--lf", "--ff", "--deselect", "--ignore", "::")) or "::" in word for word in words):
        return None
    paths = [
        word.rstrip("/")
        for word in words
        if not word.startswith("-") and ("/" in word or word.endswith(".py") or word == "tests")
    ]
    if paths in ([], ["tests"]):
        return ALL
    return scopes.names.scopes.get(f"path {paths[0]}") if len(paths) == 1 else None

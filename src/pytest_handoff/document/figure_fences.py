"""Find figures in fenced blocks: closing lines of pytest and totals of coverage reports, of the tests that the command runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.figure_lines import Spot, figure_place, whole_line
from pytest_handoff.document.figures_in_text import form_of, has_figures
from pytest_handoff.document.scopes import ALL, figure_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.document.outline import Fence, Outline
    from pytest_handoff.document.places import Place
    from pytest_handoff.document.scopes import Scopes

_COMMAND = re.compile(r"(?:[$>%][ \t]*)?(?:python\d?[ \t]+-m[ \t]+)?pytest\b(?P<options>.*)")
_OUTPUT = ("", "text", "txt", "console", "bash", "sh", "shell", "output", "log", "plaintext", "terminal")
"""What fences may be called that show the output of pytest."""

_TOTAL = re.compile(r"TOTAL[ \t]+(\[[^\[\]]*\]|\d+)[ \t]+(\[[^\[\]]*\]|\d+)[ \t]+(\[[^\[\]]*\][ ]?%|\d+[ ]?%)[ \t]*")


def figures_of_fences(parsed: Outline, scopes: Scopes) -> Iterator[Place]:
    """Make a place of each figure in a fence's lines that are closing lines of pytest, or totals of a coverage report."""
    for fence in parsed.fences:
        body = parsed.text[fence.start : fence.end]
        language = parsed.raw(fence.line).strip(" \t>`~").casefold()
        if fence.line in scopes.closed or language not in _OUTPUT or not has_figures(body):
            continue
        scope = _scope_of_commands(body, scopes)
        if scope is not None and scopes.below(fence.line) is not None:
            yield from _lines_of_fence(parsed, fence, scope or scopes.below(fence.line) or ALL, scopes)


def _lines_of_fence(parsed: Outline, fence: Fence, scope: str, scopes: Scopes) -> Iterator[Place]:
    for index in range(fence.line + 1, len(parsed.starts) - 1):
        start = parsed.starts[index]
        if start >= fence.end:
            return
        raw = parsed.raw(index)
        total = _TOTAL.fullmatch(raw.strip())
        if total is not None:
            shift = start + len(raw) - len(raw.lstrip())
            spans = zip(("statements", "missed", "coverage"), (1, 2, 3), strict=True)
            for quantity, group in spans:
                text = total[group]
                yield figure_place(
                    text, shift + total.start(group), index, asks="[" in text, quantity=quantity, scope=scope, form=form_of(text),
                    id=figure_id(quantity, scope, f"{scopes.heading(index)}: total"),
                )  # fmt: skip
        elif has_figures(raw) and not raw.lstrip().startswith("#"):
            yield from whole_line(Spot(raw, start, index, scope, scopes.heading(index)), scopes)


def _scope_of_commands(body: str, scopes: Scopes) -> str | None:
    """Return the scope of what a fence shows: that of the one path its command names; ``None`` if a command narrows otherwise."""
    found = {_scope_of_command(match["options"], scopes) for line in body.splitlines() if (match := _COMMAND.match(line.strip()))}
    return found.pop() if len(found) == 1 else None if found else ALL


def _scope_of_command(options: str, scopes: Scopes) -> str | None:
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

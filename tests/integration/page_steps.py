"""What a page of the documentation asks its reader to do, read from its Markdown.

A fenced block is a step when a comment before it says so, or when it is a ``console`` block:

- ``<!-- start: empty -->`` or ``<!-- start: example -->``: from here on in a new project, with nothing but git in it or with the
  example at its third session;
- ``<!-- file: PATH -->`` before a block: its text is that file;
- ``<!-- edit: PATH -->`` before a ``diff`` block: its ``-`` lines stand in the file and become its ``+`` lines;
- ``<!-- shows: PATH -->`` before a block: the file holds these lines; ``…`` alone on a line stands for any lines, within a
  line for any characters;
- a ``console`` block: its ``$ `` lines are run, and what stands below each is what it prints;
- ``<!-- not run: REASON -->`` before a ``console`` block: only a reader can run it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMENT = re.compile(r"<!--\s*(?P<kind>start|file|edit|shows|not run):\s*(?P<about>.*?)\s*-->")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its kind, what the comment names (path, project, reason), the block's text, and its line in the page."""

    kind: str
    about: str
    text: str
    line: int

    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command of a ``console`` block with the output that is shown for it."""
        for piece in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, output = piece.partition("\n")
            yield command, output


def steps_of(page: str) -> list[Step]:
    """The steps of a page in their order.

    Raises:
        ValueError: for a ``console`` block without a command, and for a comment that no block follows.
    """
    found: list[Step] = []
    waiting: tuple[str, str] | None = None
    for token in MarkdownIt().parse(page):
        line = token.map[0] + 1 if token.map else 0
        comment = _COMMENT.search(token.content) if token.type == "html_block" else None
        if comment and comment["kind"] == "start":
            found.append(Step("start", comment["about"], "", line))
        elif comment:
            waiting = (comment["kind"], comment["about"])
        elif token.type == "fence" and (waiting or token.info == "console"):
            kind, about = waiting or ("run", "")
            found.append(Step(kind, about, token.content, line))
            waiting = None
        elif waiting and token.type != "html_block":
            raise ValueError(f"line {line}: no block follows the comment {waiting[0]!r}")
    if bad := [step.line for step in found if step.kind in ("run", "not run") and not step.text.startswith("$ ")]:
        raise ValueError(f"lines {bad}: a console block begins with a command")
    return found


def matches(shown: str, printed: str) -> bool:
    """Whether what is shown in the page is what was printed, up to ``…``, times, hashes, and the length of rules."""
    return re.fullmatch(_pattern(shown), _plain(printed)) is not None


def holds(shown: str, text: str) -> bool:
    """Whether a text has these lines somewhere, one after the other."""
    return re.search(f"^{_pattern(shown)}", _plain(text), re.MULTILINE) is not None


def _pattern(shown: str) -> str:
    rows = []
    for row in _plain(shown).splitlines():
        if row.strip() == "…":
            rows.append(r"(?:[^\n]*\n)*?")
        else:
            rows.append(r"[^\n]*?".join(map(re.escape, row.split("…"))) + r"\n")
    return "".join(rows)


def _plain(text: str) -> str:
    text = "".join(f"{row.rstrip()}\n" for row in text.strip().split("\n"))
    text = re.sub(r"([─=])\1{3,}", r"\1\1\1", text)
    text = re.sub(r"\b\d+\.\d+s\b", "0s", text)
    return re.sub(r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}\b", "0hash", text)

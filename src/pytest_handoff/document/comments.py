"""Find HTML comments in one pass: a search from each ``<!--`` for its end could read the rest of a text many times."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


_OPENS, _CLOSES = "<!--", "-->"


def comment_spans(text: str) -> Iterator[tuple[int, int]]:
    """Find the comments: the offset of each ``<!--`` and the offset after the next ``-->``."""
    start = text.find(_OPENS)
    while start >= 0:
        close = text.find(_CLOSES, start + len(_OPENS))
        if close < 0:
            return
        yield start, close + len(_CLOSES)
        start = text.find(_OPENS, close + len(_CLOSES))


def without_comments(text: str, instead: str = "") -> str:
    """Replace each comment by another text, or remove it."""
    kept, at = [], 0
    for start, end in comment_spans(text):
        kept += [text[at:start], instead]
        at = end
    return "".join([*kept, text[at:]]) if kept else text


def value_end(text: str, start: int) -> int:
    """Find the end of a value that begins at ``start``: before comments, blanks and the backslash of a hard break."""
    end = _before_blanks(text, start, len(text))
    while (shorter := _before_comment(text, start, end)) is not None:
        end = _before_blanks(text, start, shorter)
    return end


def _before_comment(text: str, start: int, end: int) -> int | None:
    """Find where the comment or lone backslash at the end begins; ``None`` where there is neither."""
    if text.endswith("\\", start, end):
        return None if text.endswith("\\\\", start, end) else end - 1
    if not text.endswith(_CLOSES, start, end):
        return None
    before = text.rfind(_CLOSES, start, end - 1)  # a comment holds no end but its own
    opens = text.find(_OPENS, max(before - len(_OPENS) + 1, start), end - len(_CLOSES))
    return None if opens < 0 else opens


def _before_blanks(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in " \t":
        end -= 1
    return end

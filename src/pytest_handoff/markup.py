"""Make text from outside safe for Markdown: no test id, message or path can forge a heading, a tick, a cell or a marker.

Documents that are not UTF-8 get an ASCII spelling of what we add, which means the same in every encoding.
"""

from __future__ import annotations

import re
import unicodedata
from shlex import quote

from pytest_handoff.printable import shorten, visible

_SPECIAL = r"[\\`*\[\]<|$~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|!(?=\[)|^[#>=]|^-(?=[ -]|$)|^\+(?= |$)|(?<= )#(?=#*$)"
_NUMBERED = r"^([0-9]{1,9})([.)])(?=\s|$)"
_ANYWHERE, _AT_THE_START = frozenset("\\`*[]<|$~_&!#"), frozenset("#>=-+")


class SafeMarkdown(str):
    """Text that already is Markdown, and is not escaped again."""

    __slots__ = ()


def escape(text: object) -> SafeMarkdown:
    """Escape any text to one line that Markdown shows unchanged."""
    if isinstance(text, SafeMarkdown):
        return text
    line = one_line(str(text))
    if line[:1] in _AT_THE_START or not _ANYWHERE.isdisjoint(line):
        line = re.sub(_SPECIAL, r"\\\g<0>", line)
    return SafeMarkdown(re.sub(_NUMBERED, r"\1\\\2", line) if line[:1].isdecimal() else line)


def code(text: object) -> SafeMarkdown:
    """Make a code span as :func:`code_in_text` does, for a table cell: a pipe would end the cell, and is escaped."""
    return SafeMarkdown(code_in_text(text).replace("|", "\\|"))


def code_in_text(text: object) -> SafeMarkdown:
    """Make a code span on one line of any text, for use outside tables; cut a long text in the middle."""
    line = shorten(one_line(str(text))) or " "
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return SafeMarkdown(fence + pad + line + pad + fence)


def for_shell(text: object) -> str:
    """Quote any text as one word of a shell command; a code span or a page still escapes it."""
    return quote(str(text))


def one_line(text: str) -> str:
    """Put a text on one line, with each run of white space as one blank and other unseen characters made visible."""
    return visible(" ".join(text.split()))


_SPELLED = str.maketrans({
    "–": "-", "—": "-", "‑": "-", "−": "-", "·": "-", "…": "...", "≥": ">=", "≤": "<=", "→": "->", "×": "x", "≠": "!=", "≈": "~",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "ß": "ss", "\u00a0": " ", "\u202f": " ", "\ufe0f": "",
    "✅": "OK", "✓": "OK", "✔": "OK", "❌": "X", "✗": "X", "⚠": "!", "🚧": "...", "├": "|", "└": "`", "│": "|", "─": "-",
})  # fmt: skip


def to_ascii(text: str) -> str:
    """Spell a text in ASCII: common signs spelled out, accents dropped, the rest as backslash escapes."""
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    plain = "".join(character for character in spelled if not unicodedata.combining(character))
    return plain.encode("ascii", "backslashreplace").decode("ascii")


def spelled(text: str, stream: object) -> str:
    """Spell a text in ASCII if the stream cannot show more; call this before ``printable``, since it makes new words."""
    return text if text.isascii() or shows_everything(stream) else to_ascii(text)


def shows_everything(stream: object) -> bool:
    """Check whether a stream can show every character; one that does not say its encoding is taken to."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return str(encoding).lower().startswith("utf")

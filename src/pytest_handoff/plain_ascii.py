"""Text for documents that are not UTF-8: whatever is added to them must mean the same in every encoding."""

from __future__ import annotations

import unicodedata

_SPELLED = str.maketrans({
    "–": "-", "—": "-", "‑": "-", "−": "-", "·": "-", "…": "...", "≥": ">=", "≤": "<=", "→": "->", "×": "x", "≠": "!=", "≈": "~",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "ß": "ss", "\u00a0": " ", "\u202f": " ", "\ufe0f": "",
    "✅": "OK", "✓": "OK", "✔": "OK", "❌": "NO", "✗": "NO", "⚠": "!", "├": "|", "└": "`", "│": "|", "─": "-",
})  # fmt: skip


def to_ascii(text: str) -> str:
    """The text in ASCII: common signs spelled out, accents dropped, the rest as a backslash escape."""
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    plain = "".join(character for character in spelled if not unicodedata.combining(character))
    return plain.encode("ascii", "backslashreplace").decode("ascii")

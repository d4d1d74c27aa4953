"""Spell text in ASCII for documents that are not UTF-8: what we add must mean the same in every encoding."""

from __future__ import annotations

import unicodedata

_SPELLED = str.maketrans({
    "–": "-", "—": "-", "‑": "-", "−": "-", "·": "-", "…": "...", "≥": ">=", "≤": "<=", "→": "->", "×": "x", "≠": "!=", "≈": "~",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "ß": "ss", "\u00a0": " ", "\u202f": " ", "\ufe0f": "",
    "✅": "OK", "✓": "OK", "✔": "OK", "❌": "NO", "✗": "NO", "⚠": "!", "├": "|", "└": "`", "│": "|", "─": "-",
})  # fmt: skip


def to_ascii(text: str) -> str:
    """Spell a text in ASCII: common signs spelled out, accents dropped, the rest as backslash escapes."""
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    plain = "".join(character for character in spelled if not unicodedata.combining(character))
    return plain.encode("ascii", "backslashreplace").decode("ascii")

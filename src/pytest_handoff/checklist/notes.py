"""Split from the end of a line what a person adds to its claim: the reason of a waiver, or a note on the result."""

from __future__ import annotations

import re
from functools import cache

from pytest_handoff.checklist.lexicon import visible_text


def split_waiver(text: str) -> tuple[str, str | None]:
    """Split the reason why a claim does not apply from the end of its line: ``(N/A: reason)``, ``— N/A: reason``.

    Without a reason, or with only a stand-in such as ``TBD`` or ``[reason]``, there is no waiver.
    """
    visible = visible_text(text)
    lowered = visible.lower()
    match = _waiver().search(visible) if "n/a" in lowered or "not app" in lowered else None
    if match is None:
        return visible, None
    reason = (match["bracketed"] or match["plain"]).strip(" .")
    if not _SAYS_SOMETHING.search(reason) or reason.casefold() in _STAND_INS or reason.startswith(("[", "<", "{")):
        return visible, None
    return match["claim"].rstrip(), reason


def split_note(claim: str) -> tuple[str, str | None]:
    """Split a note on the result from the end of a claim: ``(Sessions 0-1: 3/3 passed)``, ``- 20/20``, ``(actual: 95 %)``.

    It has no word beside those that tell a result, since a note may as well narrow the claim: "(except e2e)", "(on Linux)",
    "(1 skipped)".
    """
    match = re.fullmatch(_NOTE, claim, re.DOTALL) if len(claim) <= _LONGEST_NOTED else None
    if match is None:
        return claim, None
    note = match["bracketed"] or match["plain"]
    words = set(re.findall(_WORD, re.sub(_NONE_OF, " ", note.casefold())))
    tells = bool(words & _RESULTS) or re.search(_FIGURE, note) is not None
    return (match["claim"], note.strip()) if tells and words <= _IN_NOTES else (claim, None)


_LONGEST_NOTED = 300
_NOTE = r"(?P<claim>[^\s].*?)(?:\s*[(\[](?P<bracketed>[^()\[\]]+)[)\]]|(?:\s+[-–—]+|:)\s+(?P<plain>[^()\[\]]+))[.!]?"
_WORD = r"[^\W\d_]+|[^\w\s.,:;/%+&='’\"→–—-]"
_NONE_OF = r"\b(?:0|no|zero)\s+(?:failed|failing|failures?|errors?|skipped)\b"
_FIGURE = r"\d\s*(?:/\s*\d|%)"
_RESULTS = frozenset({
    "passed", "passing", "pass", "green", "ok", "achieved", "actual", "actually", "result", "results", "measured", "reached",
    "done", "completed", "complete", "verified", "confirmed", "checked", "see", "now", "currently", "bestanden", "erreicht",
    "tests", "test",
})  # fmt: skip
_IN_NOTES = _RESULTS | {
    "session", "sessions", "all", "of", "in", "at", "with", "and", "up", "from", "was", "were", "is", "are", "previously",
    "before", "to", "validation", "gate", "gates", "total", "coverage", "pytest", "report", "log", "below", "output", "run",
    "s", "sec", "seconds", "min", "the", "this", "last", "current", "previous", "alle", "von", "rate",
}  # fmt: skip


_WAIVER = r"""^(?P<claim>.*\S)\s*
    (?: \( \s* (?:N/A|not\ applicable) (?: \s*:\s* | \s+[-–—]\s+ ) (?P<bracketed>[^()]+ (?:\([^()]*\)[^()]*)*) \) \s* \.?
      | (?: \s[-–—]\s | [.;,]\s | (?<=~~)\s ) \s* (?:N/A|not\ applicable) (?: \s*:\s+ | \s+[-–—]\s+ ) (?P<plain>.+)
    )$"""
_SAYS_SOMETHING = re.compile(r"[^\W\d_]{3}")
_STAND_INS = frozenset(
    {"tbd", "tba", "tbc", "todo", "reason", "reason here", "none", "unknown", "not applicable", "pending", "yes"}
)


@cache
def _waiver() -> re.Pattern[str]:
    return re.compile(_WAIVER, re.VERBOSE | re.IGNORECASE)

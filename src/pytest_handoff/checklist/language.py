"""Understand the checklist language: find the gates that decide a line, or leave it to a person.

We understand all of a line or none of it, except for a note on the result at its end: then a person ticks. A wrong tick is the
worst possible defect, a line left to a person a small one.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from heapq import nlargest
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.checklist.condition import Check
from pytest_handoff.checklist.lexicon import Lexicon, lexicon_of, visible_text
from pytest_handoff.checklist.sentences import claims_of
from pytest_handoff.checklist.tags import UnknownWordError, read_tags
from pytest_handoff.checklist.words import DEFAULT_WORDS, Words
from pytest_handoff.printable import holds_a_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


NAMED = 2
"""The most missing lines that are listed with the line most like each."""

DEFAULT_TIERS = ("unit", "integration", "e2e", "performance")


def understand(
    text: str, *, words: Words = DEFAULT_WORDS, tiers: tuple[str, ...] = DEFAULT_TIERS, instructions: bool = False
) -> Check:
    """Find out how the checklist item ``text`` (inline Markdown) is decided.

    Args:
        text: the item, with or without its bullet and box.
        words: the tables of known words.
        tiers: the project's kinds of tests; any other kind is an unknown word.
        instructions: whether the session's instructions were given, so that a line about their checklist can be decided.
    """
    return read_line(lexicon_of(words, tiers), text, instructions=instructions)


def read_line(lexicon: Lexicon, text: str, *, instructions: bool) -> Check:
    """Find out the same for one of many lines, with a lexicon that is built once."""
    claim, reason = split_waiver(text)
    if reason is not None:
        under = _read(lexicon, claim.replace("~~", ""), instructions=instructions)
        return Check(decision="waived", why=reason, claim=under.claim or claim, waives=under.specs)
    if len(claim) > _LONGEST_CLAIM:
        return Check(decision="person", why="handoff cannot check a line this long")
    return _read(lexicon, claim, instructions=instructions)


def _read(lexicon: Lexicon, text: str, *, instructions: bool) -> Check:
    """Read a claim with the notes after it; if we do not understand the notes, a person answers for them."""
    whole = _read_claim(lexicon, text, instructions=instructions)
    claim, note = split_note(text)
    if note is None:
        return whole
    under = _read(lexicon, claim, instructions=instructions)
    if not under.specs:
        return whole
    under = replace(under, claim=under.claim or claim)
    if whole.decision == "person":
        return replace(under, decision="veto", why=f"a person must confirm “{note}”; {under.why}")
    more = set(whole.specs) - set(under.specs)
    return replace(whole, claim=under.claim) if all(spec.unit == "count" and spec.op == "==" for spec in more) else whole


def _read_claim(lexicon: Lexicon, claim: str, *, instructions: bool) -> Check:
    try:
        tags = read_tags(claim, lexicon)
    except UnknownWordError as unknown:
        return Check(decision="person", why=f"handoff cannot check “{unknown}”")
    claims = claims_of(tags)
    if claims is None:
        return Check(decision="person", why="handoff cannot check this line")
    specs = tuple(dict.fromkeys(spec for one in claims for spec in one.specs))
    if not instructions and any(spec.gate == "instructions" for spec in specs):
        return Check(decision="person", why="to have it checked, name the session's instructions with --handoff-instructions")
    veto = any(one.veto for one in claims)
    why = " and ".join(str(spec) for spec in specs)
    return Check(decision="veto" if veto else "decided", specs=specs, why=f"a person confirms more than {why}" if veto else why)


def missing_required(required: Sequence[str], present: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """List the required lines that the document lacks, the first few with the most similar line that is there, if any.

    White space, emphasis, tick marks, case and a note on the result make no difference. A waiver with a reason leaves its line
    standing, even struck out; a line that is struck out without one is gone.
    """
    literally = set(present)
    others = [line for line in required if line not in literally]
    standing = {key for line in present for key in _keys(line)} if others else set()
    absent = [line for line in others if next(_keys(line)) not in standing]
    return tuple((line, _nearest(line, present) if at < NAMED else None) for at, line in enumerate(absent))


def normalise(text: str) -> str:
    """Strip what makes no difference to a line's meaning: bullet, box, tick signs, emphasis, extra blanks, case."""
    return visible_text(text).casefold()


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
    if (
        not (re.search(_SAYS_SOMETHING, reason) and holds_a_word(reason))
        or reason.casefold() in _STAND_INS
        or reason.startswith(("[", "<", "{"))
    ):
        return visible, None
    return match["claim"].rstrip(), reason


def split_note(claim: str) -> tuple[str, str | None]:
    """Split a note on the result from the end of a claim: ``(Sessions 0-1: 3/3 passed)``, ``- 20/20``, ``(actual: 95 %)``.

    It has no word beside those that tell a result, since a note may as well narrow the claim: "(except e2e)", "(on Linux)",
    "(1 skipped)".
    """
    may_end_so = len(claim) <= _LONGEST_NOTED and any(sign in claim for sign in _BEGINS_NOTE)
    match = re.fullmatch(_NOTE, claim, re.DOTALL) if may_end_so else None
    if match is None:
        return claim, None
    note = match["bracketed"] or match["plain"]
    others, none_of = re.subn(_NONE_OF, " ", note.casefold())
    words = set(re.findall(_WORD, others))
    tells = bool(none_of or words & _RESULTS or re.search(_FIGURE, note))
    return (match["claim"], note.strip()) if tells and words <= _IN_NOTES else (claim, None)


_LONGEST_NOTED = 300
_BEGINS_NOTE = ("(", "[", ":", "-", "–", "—")
_NOTE = r"(?P<claim>[^\s].*?)(?:\s*[(\[](?P<bracketed>[^()\[\]]+)[)\]]|(?:\s+[-–—]+|:)\s+(?P<plain>[^()\[\]]+))[.!]?"
_WORD = r"[^\W\d_]+|[^\w\s.,:;/%+&='’\"→–—-]"
_NONE_OF = r"\b(?:0|no|zero)\s+(?:failed|failing|failures?|errors?|skipped)\b"
_FIGURE = r"\d\s*(?:/\s*\d|%)"
_RESULTS = frozenset({
    "passed", "passing", "pass", "green", "ok", "achieved", "actual", "actually", "result", "results", "measured", "reached",
    "done", "completed", "complete", "verified", "confirmed", "checked", "see", "now", "currently", "bestanden", "erreicht",
    "tests", "test", "added",
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
_SAYS_SOMETHING = r"[^\W\d_]{3}"
_STAND_INS = frozenset(
    {"tbd", "tba", "tbc", "todo", "reason", "reason here", "none", "unknown", "not applicable", "pending", "yes"}
)
_LONGEST_CLAIM = 500
_LIKENESS = 0.6
_COMPARED = 20  # lines at most are compared with a missing one: to compare two takes long


@cache
def _waiver() -> re.Pattern[str]:
    return re.compile(_WAIVER, re.VERBOSE | re.IGNORECASE)


def _keys(line: str) -> Iterator[str]:
    """Yield the keys of a line: without a waiver's reason, then also without the notes at its end."""
    claim, reason = split_waiver(line)
    text: str | None = claim.replace("~~", "") if reason is not None else claim
    note: str | None = ""
    while note is not None and text is not None:
        yield "".join(text.casefold().split())
        text, note = split_note(text)


def _nearest(line: str, present: Sequence[str]) -> str | None:
    """Find the most similar line that shares most of this one's characters; a very long line has none."""
    if len(line) > _LONGEST_CLAIM:
        return None
    wanted = normalise(line)
    short = (other for other in dict.fromkeys(present) if len(other) <= _LONGEST_CLAIM)
    alike = ((_matcher(wanted, other).quick_ratio(), other) for other in short)  # never below the true ratio, and quick
    nearest = {other for bound, other in nlargest(_COMPARED, alike, key=itemgetter(0)) if bound >= _LIKENESS}
    likeness = {other: _matcher(wanted, other).ratio() for other in present if other in nearest}
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= _LIKENESS else None


def _matcher(wanted: str, other: str) -> SequenceMatcher[str]:
    return SequenceMatcher(None, wanted, normalise(other))

"""Understand the checklist language: find the gates that decide a line, or leave it to a person.

A line is understood wholly or not at all. A wrong tick is the worst possible defect, a line left to a person a small one.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from heapq import nlargest
from operator import itemgetter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import Check
from pytest_handoff.checklist.lexicon import Lexicon, lexicon_of, visible_text
from pytest_handoff.checklist.sentences import claims_of
from pytest_handoff.checklist.tags import UnknownWordError, read_tags
from pytest_handoff.checklist.words import DEFAULT_WORDS, Words

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        return Check(decision="waived", why=reason)
    if len(claim) > _LONGEST_CLAIM:
        return Check(decision="person", why="no rule understands a line as long as this")
    try:
        tags = read_tags(claim, lexicon)
    except UnknownWordError as unknown:
        return Check(decision="person", why=f"no rule understands “{unknown}”")
    claims = claims_of(tags)
    if claims is None:
        return Check(decision="person", why="no rule understands this line")
    specs = tuple(dict.fromkeys(spec for one in claims for spec in one.specs))
    if not instructions and any(spec.gate == "instructions" for spec in specs):
        return Check(decision="person", why="name the session's instructions with --handoff-instructions to have it decided")
    veto = any(one.veto for one in claims)
    why = " and ".join(str(spec) for spec in specs)
    return Check(decision="veto" if veto else "decided", specs=specs, why=f"a person confirms more than {why}" if veto else why)


def missing_required(required: Sequence[str], present: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """List the required lines that no present line carries, the first few with the present line most like it, if any is alike.

    White space, emphasis, tick marks and case make no difference. A waiver with a reason leaves its line standing, even struck
    out; a line that is struck out without one is gone.
    """
    literally = set(present)
    others = [line for line in required if line not in literally]
    standing = {_key(line) for line in present} if others else set()
    absent = [line for line in others if _key(line) not in standing]
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
    if not _SAYS_SOMETHING.search(reason) or reason.casefold() in _STAND_INS or reason.startswith(("[", "<", "{")):
        return visible, None
    return match["claim"].rstrip(), reason


_WAIVER = r"""^(?P<claim>.*\S)\s*
    (?: \( \s* (?:N/A|not\ applicable) (?: \s*:\s* | \s+[-–—]\s+ ) (?P<bracketed>[^()]+ (?:\([^()]*\)[^()]*)*) \) \s* \.?
      | (?: \s[-–—]\s | [.;,]\s | (?<=~~)\s ) \s* (?:N/A|not\ applicable) (?: \s*:\s+ | \s+[-–—]\s+ ) (?P<plain>.+)
    )$"""
_LONGEST_CLAIM = 500
_SAYS_SOMETHING = re.compile(r"[^\W\d_]{3}")
_STAND_INS = frozenset(
    {"tbd", "tba", "tbc", "todo", "reason", "reason here", "none", "unknown", "not applicable", "pending", "yes"}
)
_LIKENESS = 0.6
_COMPARED = 20  # lines at most are compared with a missing one: to compare two takes long


@cache
def _waiver() -> re.Pattern[str]:
    return re.compile(_WAIVER, re.VERBOSE | re.IGNORECASE)


def _key(line: str) -> str:
    claim, reason = split_waiver(line)
    text = claim.replace("~~", "") if reason is not None else claim
    return "".join(text.casefold().split())


def _nearest(line: str, present: Sequence[str]) -> str | None:
    """Find the present line most like this one, of those that have most of its characters; none is like a very long line."""
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

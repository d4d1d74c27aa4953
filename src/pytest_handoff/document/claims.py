"""Compare a person's claim with the evidence: only its figures can contradict the evidence, never its prose."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Blanks and digits are taken at once and not given back, and no figure begins amid digits: each character is looked at few times.
_FRACTION = re.compile(r"(?<![\w./-])(\d++)[ \t]*+/[ \t]*+(\d++)(?![\w/]|[.-]\d)")
_NUMBER = r"\d++(?:[.,]\d++)?"
_PERCENT = re.compile(
    rf"(?:(?P<about>[~≈])[ \t]*+)?(?:(?P<bound>>=|<=|≥|≤|>|<)[ \t]*+)?(?<!\d)"
    rf"(?:(?P<low>{_NUMBER})[ \t]*+%?[ \t]*+[-–][ \t]*+)?(?P<value>{_NUMBER})[ \t]*+(?:%|percent\b|Prozent\b)(?P<more>\+)?"
)
_COUNT = re.compile(r"(?P<about>[~≈][ \t]*+)?\+?(?P<value>\d{1,3}(?:,\d{3})+|\d+)(?P<more>\+)?(?:[ \t]++(?P<what>[^\d%/]*+))?")
_MARKS = re.compile(r"[`*]+|^[^\x00-\x7f≥≤≈]+(?=[ \t])")
_E2E = re.compile(r"\be2e\b", re.IGNORECASE)
_NONE = re.compile(
    r"(?:none|nothing|zero|keine|no (?:known )?(?:test )?(?:failures?|failing tests?|failed tests?|issues?|tests?|new tests?))"
    r"[.!]?(?:[ \t]+\([^()]*\))?",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[ \t]{2,}")
_PLUS = re.compile(r"[ \t]+(?:\+|and|&)[ \t]+|,[ \t]+(?:and[ \t]+)?")
_TAIL = re.compile(r"[ \t]+(?:\(|[-–—][ \t])")
_PASSING = frozenset({"passing", "passed", "pass", "passes", "green", "successful", "succeeded"})
_OF_A_SHARE = _PASSING | {"test", "tests", "total", "in", "all", "cases", "run", "executed", "collected"}
_OF_FAILURES = frozenset({"failing", "failed", "failure", "failures", "fail", "test", "tests", "total", "in", "all"})
_BOUNDS = {">=": "__ge__", "≥": "__ge__", "<=": "__le__", "≤": "__le__", ">": "__gt__", "<": "__lt__"}
_LONGEST_FIGURE = 350  # digits; a longer figure counts as 1e350: arithmetic has its limits, and no evidence comes near
_ABOUT_PERCENT = Decimal(5)
_ABOUT_COUNT = Decimal("0.1")


def contradicts(claim: str, evidence: str) -> bool:
    """Check whether the claim has figures in the same form as the evidence, none of which can match it.

    The forms are ``X/Y``, a percentage, and a count, which may be a sum (``70 unit tests + 1 gate test``), the word *none*, or
    stand beside an ``X/Y``, of which it must be one of the two. What follows the evidence's figures in parentheses may speak of
    other sessions. A percentage may be given with fewer digits, cut or rounded, but 100 only if it is exactly 100; it may be a
    range or a bound; ``~`` allows five points, and a tenth of a count; ``35+`` means at least.
    """
    claim = _E2E.sub("end-to-end", _MARKS.sub("", _BLANKS.sub(" ", claim))).strip()
    return _fraction_differs(claim, evidence) or _percent_differs(claim, evidence) or _count_differs(claim, evidence)


def _fraction_differs(claim: str, evidence: str) -> bool:
    measured = _FRACTION.search(evidence)
    if measured is None:
        return False
    claimed = [_fraction(found) for found in _FRACTION.finditer(claim)]
    return bool(claimed) and _fraction(measured) not in claimed


def _percent_differs(claim: str, evidence: str) -> bool:
    measured = [_decimal(found["value"]) for found in _PERCENT.finditer(_head(evidence))]
    claimed = list(_PERCENT.finditer(claim)) if measured else []
    if not claimed or ("passing" in evidence and "cover" in claim.casefold()):
        return False
    return not any(_can_be(found, value) for found in claimed for value in measured)


def _can_be(found: re.Match[str], measured: Decimal) -> bool:
    claimed = _decimal(found["value"])
    if found["bound"]:
        return bool(getattr(measured, _BOUNDS[found["bound"]])(claimed))
    if found["more"]:
        return measured >= claimed
    if found["low"]:
        return _decimal(found["low"]) <= measured <= claimed
    if found["about"]:
        return abs(measured - claimed) <= _ABOUT_PERCENT
    return _is_rounding(claimed, measured)


def _is_rounding(claimed: Decimal, measured: Decimal) -> bool:
    if claimed == 100 or abs(claimed - measured) >= 1:
        return claimed == measured
    coarser, finer = sorted((claimed, measured), key=lambda number: -int(number.as_tuple().exponent))
    return coarser in (finer.quantize(coarser, ROUND_FLOOR), finer.quantize(coarser, ROUND_HALF_UP))


def _count_differs(claim: str, evidence: str) -> bool:
    counts = _counts(claim)
    if not counts:
        return False
    share = _FRACTION.match(evidence)
    if share is not None:
        return _differs_from_share(counts, share, _OF_FAILURES if "failing" in evidence else _OF_A_SHARE)
    measured = _COUNT.fullmatch(_head(evidence).strip())
    what = " ".join(count.what for count in counts)
    if measured is None or _speak_of_different_things(what, measured["what"]):
        return False
    return not _can_count(counts, _decimal(measured["value"].replace(",", "")))


class _Count(NamedTuple):
    """A number that a person claims, with what it counts; it may be about right, or at least so many."""

    value: Decimal
    what: str
    about: bool = False
    more: bool = False


def _counts(claim: str) -> list[_Count]:
    """Read a claim that is a count, several with a plus or an *and* between them, or the word for none; else it has none."""
    if _NONE.fullmatch(claim) is not None:
        return [_Count(Decimal(0), "")]
    found = [_COUNT.fullmatch(piece.strip()) for piece in _PLUS.split(_TAIL.split(claim, maxsplit=1)[0])]
    return [
        _Count(_decimal(one["value"].replace(",", "")), (one["what"] or "").strip(), bool(one["about"]), bool(one["more"]))
        for one in found
        if one is not None
    ] if None not in found else []  # fmt: skip


def _can_count(counts: Sequence[_Count], counted: Decimal) -> bool:
    said = sum((count.value for count in counts), Decimal(0))
    if any(count.more for count in counts):
        return counted >= said
    if any(count.about for count in counts):
        return abs(counted - said) <= counted * _ABOUT_COUNT
    return counted == said


def _differs_from_share(counts: Sequence[_Count], share: re.Match[str], comparable: frozenset[str]) -> bool:
    """Check a count beside ``X/Y``: it is X if it counts those that pass, else one of the two; other words are not compared."""
    passed, total = _fraction(share)
    words = {word.strip(".,!:;") for count in counts for word in count.what.casefold().split()}
    if not words <= comparable:
        return False
    possible = (passed,) if words & _PASSING else (passed, total)
    return not any(_can_count(counts, number) for number in possible)


def _head(evidence: str) -> str:
    """Return the evidence without what follows in parentheses."""
    return evidence.partition(" (")[0]


def _speak_of_different_things(claimed: str | None, measured: str | None) -> bool:
    """Check whether both say what they count and have no word in common, such as hours and seconds, or lines and files."""
    if not claimed or not measured:
        return False
    return _singular(claimed).isdisjoint(_singular(measured))


def _singular(words: str) -> set[str]:
    return {word.removesuffix("s") for word in words.lower().split()}


def _fraction(found: re.Match[str]) -> tuple[Decimal, Decimal]:
    return _decimal(found[1]), _decimal(found[2])


def _decimal(figure: str) -> Decimal:
    return Decimal(figure.replace(",", ".")) if len(figure) <= _LONGEST_FIGURE else Decimal(f"1e{_LONGEST_FIGURE}")

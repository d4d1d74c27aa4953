"""Hold a person's claim against the evidence: it is contradicted only where figures differ, never by its prose."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

# Blanks and digits are taken at once and not given back, and no figure begins amid digits: each character is looked at few times.
_FRACTION = re.compile(r"(?<![\w./-])(\d++)[ \t]*+/[ \t]*+(\d++)(?![\w/]|[.-]\d)")
_NUMBER = r"\d++(?:[.,]\d++)?"
_PERCENT = re.compile(
    rf"(?:(?P<about>[~≈])[ \t]*+)?(?:(?P<bound>>=|<=|≥|≤|>|<)[ \t]*+)?(?<!\d)"
    rf"(?:(?P<low>{_NUMBER})[ \t]*+%?[ \t]*+[-–][ \t]*+)?(?P<value>{_NUMBER})[ \t]*+(?:%|percent\b|Prozent\b)(?P<more>\+)?"
)
_COUNT = re.compile(r"(?P<about>[~≈][ \t]*+)?\+?(?P<value>\d{1,3}(?:,\d{3})+|\d+)(?P<more>\+)?(?:[ \t]++(?P<what>[^\d%/]*+))?")
_BOUNDS = {">=": "__ge__", "≥": "__ge__", "<=": "__le__", "≤": "__le__", ">": "__gt__", "<": "__lt__"}
_LONGEST_FIGURE = 350  # digits; a longer figure counts as 1e350: arithmetic has its limits, and no evidence comes near
_ABOUT_PERCENT = Decimal(5)
_ABOUT_COUNT = Decimal("0.1")


def contradicts(claim: str, evidence: str) -> bool:
    """Check whether the claim has figures of the evidence's form and none of them can be the evidence's.

    The forms are ``X/Y``, a percentage, and a lone count. The evidence's figure is its first one of a form, since what
    follows may speak of other sessions. A percentage may be given with fewer digits, cut or rounded, but 100 only if it is
    exactly 100; it may be a range or a bound; ``~`` allows five points, and a tenth of a count; ``35+`` means at least.
    """
    return _fraction_differs(claim, evidence) or _percent_differs(claim, evidence) or _count_differs(claim, evidence)


def _fraction_differs(claim: str, evidence: str) -> bool:
    measured = _FRACTION.search(evidence)
    if measured is None:
        return False
    claimed = [_fraction(found) for found in _FRACTION.finditer(claim)]
    return bool(claimed) and _fraction(measured) not in claimed


def _percent_differs(claim: str, evidence: str) -> bool:
    measured = _PERCENT.search(evidence)
    claimed = list(_PERCENT.finditer(claim)) if measured is not None else []
    if measured is None or not claimed:
        return False
    value = _decimal(measured["value"])
    return not any(_can_be(found, value) for found in claimed)


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
    claimed, measured = _COUNT.fullmatch(claim.strip()), _COUNT.fullmatch(evidence.strip())
    if claimed is None or measured is None or _speak_of_different_things(claimed["what"], measured["what"]):
        return False
    said, counted = (_decimal(found["value"].replace(",", "")) for found in (claimed, measured))
    if claimed["more"]:
        return counted < said
    if claimed["about"]:
        return abs(counted - said) > counted * _ABOUT_COUNT
    return counted != said


def _speak_of_different_things(claimed: str | None, measured: str | None) -> bool:
    """Check whether both name what they count and have no word in common, as hours and seconds, or lines and files."""
    if not claimed or not measured:
        return False
    return _singular(claimed).isdisjoint(_singular(measured))


def _singular(words: str) -> set[str]:
    return {word.removesuffix("s") for word in words.lower().split()}


def _fraction(found: re.Match[str]) -> tuple[Decimal, Decimal]:
    return _decimal(found[1]), _decimal(found[2])


def _decimal(figure: str) -> Decimal:
    return Decimal(figure.replace(",", ".")) if len(figure) <= _LONGEST_FIGURE else Decimal(f"1e{_LONGEST_FIGURE}")

"""Read lines without a colon: a dash, parentheses or a blank divides name and value, or a command stands before its output."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.document.labels import BLANK

if TYPE_CHECKING:
    from pytest_handoff.document.figure_lines import Spot
    from pytest_handoff.document.scopes import Scopes

_SIGNS = (" —", " –", " -", " =", "→", "=>", "...", "…")


def divided(text: str) -> re.Match[str] | None:
    """Match a line in which a dash, parentheses, or nothing but a blank divides a name and its value."""
    by_sign, in_parentheses, by_blank = _dividing()
    found = by_sign.fullmatch(text) if any(sign in text for sign in _SIGNS) else None
    if found is None and " (" in text:
        found = in_parentheses.fullmatch(text)
    if found is None and text.startswith("`") and "`:" in text:
        found = _OF_CODE.fullmatch(text)
    if found is None and "**" in text:
        found = behind_bold(text)
    if found is None and text.endswith(("`", "]", "%", "_", ">", "}")):
        found = by_blank.fullmatch(text)
    return found or (_FACTS.fullmatch(text) if " " in text and len(text) <= _LONGEST_FACT else None)


_OF_CODE = re.compile(r"`(?P<label>[^`]{1,60})`:[ ]+(?P<value>.*)")
_LONGEST_FACT = 80
_FACTS = re.compile(
    r"(?P<label>(?:python|os|operating system|platform|(?:git )?branch|(?:git )?commit)(?: version| hash| sha)?)"
    r"(?: ?(?:\.{3,}|…|—|–|=|→))? +(?P<value>[\w`].*)",
    re.IGNORECASE,
)
"""A line such as *Python 3.13.0*: what stands there when its prompt has been filled."""


@cache
def _dividing() -> tuple[re.Pattern[str], ...]:
    name = r"(?P<label>[^—–:=|\[\]{}<>()]{1,80}?)"
    return (
        re.compile(rf"{name}[ ]*(?:[ ][—–→=-]|=>|\.{{3,}}|…)[ ]+(?P<value>[`\[{{<_X\d].*)"),
        re.compile(rf"{name}[ ]\((?P<value>[\[{{<_X\d][^()]*)\)[:*_ ]*"),
        re.compile(
            rf"(?P<label>[A-Za-z][A-Za-z ]{{1,40}}|`[^`]{{1,80}}`) (?P<value>`[^`]+`|(?:\[[^\[\]]*\]|{BLANK}|\d[\d.]*)(?:[ ]?%)?)"
        ),
    )


_BOLD = re.compile(r"(?:[^\x00-\x7f]+[ ]+)?\*\*(?P<label>[^*:\d]{1,60})\*\*[ ]+(?P<value>[`\[{<_X\d].*)")


def behind_bold(text: str) -> re.Match[str] | None:
    """Match a bold name with its value behind it: ``**Passed** [N]``."""
    return _BOLD.fullmatch(text)


_OF_COMMAND = re.compile(
    r"(?:(?:i )?ran |run |running |(?:output|result) of )?`(?:[$] )?(?:python3? -m )?pytest\b(?P<options>[^`]*)`[ ]*"
    r"(?::|—|–|->|→|-|gave|says|said)?[ ]*",
    re.IGNORECASE,
)


def behind_command(spot: Spot, scopes: Scopes) -> Spot | None:
    """Return what stands behind a command, of the tests that it ran, as in *Ran `pytest`: [N] passed*; ``None`` if it narrows."""
    found = _OF_COMMAND.match(spot.text)
    if found is None:
        return spot
    from pytest_handoff.document.figure_fences import scope_of_command

    scope, where = scope_of_command(found["options"], scopes), f"{spot.where}: pytest{found['options']}"
    if scope is None:
        return None
    return replace(spot, text=spot.text[found.end() :], start=spot.start + found.end(), scope=scope or spot.scope, where=where)

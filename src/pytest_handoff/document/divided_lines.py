"""Read lines without a colon: a dash, parentheses or a blank separates name and value, or a command comes before its output."""

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
    """Match a line in which a dash, parentheses or just a blank separates a name from its value."""
    found = re.fullmatch(_BY_SIGN, text) if any(sign in text for sign in _SIGNS) else None
    if found is None and " (" in text:
        found = re.fullmatch(_IN_PARENTHESES, text)
    if found is None and text.startswith("`") and "`:" in text:
        found = re.fullmatch(_OF_CODE, text)
    if found is None and "**" in text:
        found = behind_bold(text)
    if found is None and text.endswith(("`", "]", "%", "_", ">", "}")):
        found = _by_blank().fullmatch(text)
    return found or (re.fullmatch(_FACTS, text) if _may_be_a_fact(text) else None)


_OF_CODE = r"`(?P<label>[^`]{1,60})`:[ ]+(?P<value>.*)"
_LONGEST_FACT = 80
_FACTS = (
    r"(?i)(?P<label>(?:python|os|operating system|platform|(?:git )?branch|(?:git )?commit)(?: version| hash| sha)?)"
    r"(?: ?(?:\.{3,}|…|—|–|=|→))? +(?P<value>[\w`].*)"
)
"""A line such as *Python 3.13.0*: what stands there when its prompt has been filled."""
_BEGINNINGS_OF_FACTS = ("python", "os", "operating", "platform", "git", "branch", "commit")


def _may_be_a_fact(text: str) -> bool:
    return " " in text and len(text) <= _LONGEST_FACT and text.casefold().startswith(_BEGINNINGS_OF_FACTS)


_NAME = r"(?P<label>[^—–:=|\[\]{}<>()]{1,80}?)"
_BY_SIGN = rf"{_NAME}[ ]*(?:[ ][—–→=-]|=>|\.{{3,}}|…)[ ]+(?P<value>[`\[{{<_X\d].*)"
_IN_PARENTHESES = rf"{_NAME}[ ]\((?P<value>[\[{{<_X\d][^()]*)\)[:*_ ]*"


@cache
def _by_blank() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<label>[A-Za-z][A-Za-z ]{{1,40}}|`[^`]{{1,80}}`) (?P<value>`[^`]+`|(?:\[[^\[\]]*\]|{BLANK}|\d[\d.]*)(?:[ ]?%)?)"
    )


_BOLD = r"(?:[^\x00-\x7f]+[ ]+)?\*\*(?P<label>[^*:\d]{1,60})\*\*[ ]+(?P<value>[`\[{<_X\d].*)"


def behind_bold(text: str) -> re.Match[str] | None:
    """Match a bold name with its value behind it: ``**Passed** [N]``."""
    return re.fullmatch(_BOLD, text)


_OF_COMMAND = (
    r"(?i)(?:(?:i )?ran |run |running |(?:output|result) of )?`(?:[$] )?(?:python3? -m )?pytest\b(?P<options>[^`]*)`[ ]*"
    r"(?::|—|–|->|→|-|gave|says|said)?[ ]*"
)


def behind_command(spot: Spot, scopes: Scopes) -> Spot | None:
    """Return what follows a command, for the tests it ran, as in *Ran `pytest`: [N] passed*; ``None`` if we cannot tell which."""
    found = re.match(_OF_COMMAND, spot.text)
    if found is None:
        return spot
    from pytest_handoff.document.figure_fences import scope_of_command

    scope, where = scope_of_command(found["options"], scopes), f"{spot.where}: pytest{found['options']}"
    if scope is None:
        return None
    return replace(spot, text=spot.text[found.end() :], start=spot.start + found.end(), scope=scope or spot.scope, where=where)

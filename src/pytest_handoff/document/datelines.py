"""Find facts in lines that hold nothing else: *Prepared by [agent] on [date]*, *Branch [name] at [sha], Python [version]*."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.document.figure_lines import figure_place
from pytest_handoff.document.label_meanings import WORDS_OF_FACTS
from pytest_handoff.document.labels import blank_length, placeholder_length, words_asked
from pytest_handoff.document.scopes import ALL, figure_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.document.outline import TextLine
    from pytest_handoff.document.places import Place
    from pytest_handoff.document.scopes import Scopes

_PROMPT = r"\[[^\[\]]*\]|\{\{?[^{}]*\}?\}|<[^<>]*>|__+|TBD|TODO"
_WHO = rf"{_PROMPT}|[^\s,*_·—–]+(?: [^\s,*_·—–]+){{0,2}}?"
_DAY = rf"{_PROMPT}|YYYY-MM-DD|\d{{4}}-\d\d-\d\d"
_LINE = (
    r"(?i)[*_( ]*(?:prepared|written|handed over|(?:last )?updated|generated|compiled|completed)[:*_]*[ ]+"
    rf"(?:by[ ]+(?P<who>{_WHO})(?:[ ]*,)?[ ]+(?:on[ ]+|at[ ]+)?(?P<day>{_DAY})"
    rf"|(?:on[ ]+)?(?P<first>{_DAY})[ ]*,?[ ]+by[ ]+(?P<last>{_WHO}))[*_.) ]*"
)
_NAMES = frozenset({"agent", "name", "author", "who", "coding", "ai", "your", "engineer", "developer"})
_DAYS = frozenset({"date", "day", "today", "yyyy", "mm", "dd"})


def date_lines(line: TextLine, scopes: Scopes) -> Iterator[Place]:
    """Make a place of the name and of the day in such a line."""
    found = re.fullmatch(_LINE, line.text) if "by " in line.text.casefold() else None
    if found is None or scopes.of(line) != ALL:
        return
    groups = ("who", "day") if found["who"] is not None else ("last", "first")
    for quantity, group, known in (("agent", groups[0], _NAMES), ("date", groups[1], _DAYS)):
        text = found[group]
        asks = bool(placeholder_length(text) or blank_length(text))
        if not asks or known.issuperset(words_asked(text)):
            yield figure_place(
                text, line.start + found.start(group), line.line, asks=asks, quantity=quantity,
                id=figure_id(quantity, ALL, f"{scopes.heading(line.line)}: dateline"),
            )  # fmt: skip


_FACT = (
    r"(?i)(?:(?P<name>(?:git )?(?:commit|branch|revision)|head|python|working tree|tree)(?: (?:version|name|hash|sha))?"
    r"|(?P<at>at|@))[: ]+(?P<code>`?)"
    rf"(?P<value>{_PROMPT}|[\w./-]*\w(?: with uncommitted changes)?)(?P=code)"
)
_BETWEEN = r"(?i)[ ]*(?:,|;|\bon\b|\bwith\b|\band\b|\(|\)|[.])*[ ]*(?:on |with |and )?"
_QUANTITIES = {
    "commit": "commit", "revision": "commit", "head": "commit", "branch": "branch", "python": "python",
    "working tree": "git_status", "tree": "git_status",
}  # fmt: skip


def facts_of_line(line: TextLine, scopes: Scopes) -> list[Place]:
    """Make a place of each fact in a line that holds at least two facts and nothing else."""
    places: list[Place] = []
    at = _end_of_between(line.text, 0)
    while at < len(line.text):
        found = re.compile(_FACT).match(line.text, at)
        if found is None or (found["at"] and (not places or places[-1].quantity != "branch")):
            return []
        quantity = "commit" if found["at"] else _QUANTITIES[found["name"].casefold().removeprefix("git ")]
        text = found["value"]
        asks = bool(placeholder_length(text) or blank_length(text))
        if asks and not WORDS_OF_FACTS[quantity].issuperset(words_asked(text)):
            return []
        places.append(
            figure_place(
                text, line.start + found.start("value"), line.line, asks=asks, quantity=quantity,
                id=figure_id(quantity, ALL, f"{scopes.heading(line.line)}: facts"),
            )
        )  # fmt: skip
        at = _end_of_between(line.text, found.end())
    return places if len(places) > 1 and scopes.of(line) == ALL else []


def _end_of_between(text: str, at: int) -> int:
    found = re.compile(_BETWEEN).match(text, at)
    return at if found is None else found.end()

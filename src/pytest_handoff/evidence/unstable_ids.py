"""Find test ids that change by themselves, so that no other session can be compared by them."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.figures import counted
from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import name_of, without_parameters
from pytest_handoff.record import UnstableIds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping


_ADDRESS, _UUID, _TIME, _OTHERS = "a memory address", "a UUID", "the time of the run", "other parameters on the same code"
# RFC 9562: the first digit of the third group is the version. 1, 6 and 7 hold the time, and 4 is random; 3 and 5 are hashes.
_VOLATILE = (
    r"(?P<address>(?<=\bat )0x[0-9a-f]{6,16}\b)"
    r"|(?<![0-9a-f])(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[1467][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(?![0-9a-f])"
    r"|(?<!\d)(?P<date>\d{4}-\d\d-\d\d)(?!\d)"
    r"|(?<![\d.])(?P<epoch>\d{10}(?:\d{3}|\.\d+)?)(?![\d.])"
)
_DAY = timedelta(days=1)


class Suspect(msgspec.Struct, frozen=True):
    """A part of an id that looks made at run time, and the ways in which code could spell it literally."""

    test: str
    why: str
    spellings: tuple[str, ...]


def unstable_ids(
    collected: Collection[str],
    *,
    known: Container[str],
    before: Iterable[str],
    started: float,
    stand_in_code: Callable[[Collection[str]], Collection[str]],
) -> list[UnstableIds]:
    """Find the functions whose ids will be others in the next session, sorted by name.

    A memory address, a UUID or the time of the run in an id counts as changing, unless an earlier session or run had the same id,
    or the code contains that part literally. Ids that differ from those of a run on the same code change, whatever they look
    like.

    Args:
        known: ids of earlier sessions and runs.
        before: ids that an earlier run collected on the same code.
        started: when the run began, in seconds since 1970.
        stand_in_code: returns those of the given texts that the files of the tree contain; called once, and only if something
            looks suspicious.
    """
    suspects = list(_suspects(sorted(test for test in collected if test not in known), started))
    literal = frozenset(stand_in_code({text for one in suspects for text in one.spellings})) if suspects else frozenset()
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one in suspects:
        if literal.isdisjoint(one.spellings):
            found[without_parameters(one.test)].setdefault(one.test, one.why)
    for test in _replacing(collected, before):
        found[without_parameters(test)].setdefault(test, _OTHERS)
    return [_told(function, found[function]) for function in sorted(found)]


def masked(test: str) -> str:
    """Mask the parts of an id that change by themselves; two ids of one function that are then equal are the same test."""
    return _volatile().sub("~", test)


def sentence(ids: UnstableIds) -> str:
    """Say what is wrong with the ids of one function, and what to do."""
    those = f"{counted(ids.ids, 'id')} such as {one_line(name_of(ids.example))}"
    if ids.why == _OTHERS:
        return f"{those}: the same code had others before, so they depend on more than the code; name the parameters with ids="
    return f"{those}: {ids.why} is in there, so the next session cannot know it again; name the parameters with ids="


@cache
def _volatile() -> re.Pattern[str]:
    """Compile the pattern on first use: not every run has a test with parameters."""
    return re.compile(_VOLATILE, re.IGNORECASE)


def _suspects(tests: Iterable[str], started: float) -> Iterator[Suspect]:
    now = datetime.fromtimestamp(started, UTC)
    days = {(now + shift).strftime("%Y-%m-%d") for shift in (-_DAY, timedelta(0), _DAY)}
    for test in tests:
        parameters = test[len(without_parameters(test)) :]
        for part in _volatile().finditer(parameters) if parameters else ():
            text = part[0]
            match part.lastgroup:
                case "address":
                    yield Suspect(test, _ADDRESS, (text,))
                case "uuid":
                    yield Suspect(test, _UUID, (text,))
                case "date" if text in days:
                    year, month, day = map(int, text.split("-"))
                    yield Suspect(test, _TIME, (text, f"{year}, {month}, {day}"))
                case "epoch" if abs(_seconds(text) - started) < _DAY.total_seconds():
                    yield Suspect(test, _TIME, (text,))


def _seconds(text: str) -> float:
    return float(text) / (1000 if len(text) == 13 and "." not in text else 1)


def _replacing(collected: Collection[str], before: Iterable[str]) -> list[str]:
    """List the ids that were not there before, of functions that have lost others since."""
    had = set(before)
    if not had:
        return []
    lost = {without_parameters(test) for test in had.difference(collected)}
    functions = {without_parameters(test) for test in had} & lost
    return [test for test in collected if test not in had and without_parameters(test) in functions]


def _told(function: str, ids: Mapping[str, str]) -> UnstableIds:
    example, why = min(ids.items())
    return UnstableIds(test=function, why=why, ids=len(ids), example=example)

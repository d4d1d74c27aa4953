"""Group a session's tests by kind: tests may be very many and kinds are few, so each question is asked once per kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.evidence.regression import Fate
from pytest_handoff.nodeids import file_of
from pytest_handoff.record import Outcome, Retired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_handoff.record import LedgerLine

    _Fields = tuple[str, str, Outcome | None, bool, bool, Retired | None]


class Kind(msgspec.Struct, frozen=True):
    """A kind of tests: the fields that their ledger lines have in common, and their fate."""

    tier: str
    since: str
    outcome: Outcome | None
    promised: bool
    flaky: bool
    retired: Retired | None
    fate: Fate

    @property
    def live(self) -> bool:
        """Check that tests of this kind are neither gone nor retired."""
        return self.outcome is not None and self.retired is None


_fields_of = attrgetter("tier", "since", "outcome", "promised", "flaky", "retired")
_id_of = attrgetter("id")


class Kinds:
    """The lines of a ledger, grouped by kind on first use. Callers must not change the lists they get: they are cached.

    Args:
        fates: the fate of each test.
    """

    def __init__(self, ledger: Mapping[str, LedgerLine], fates: Mapping[str, Fate]) -> None:
        self._ledger, self._fates = ledger, fates
        self._joined: dict[tuple[Kind, ...], Sequence[LedgerLine]] = {}
        self._files: dict[Kind, Counter[str]] = {}

    @cached_property
    def _groups(self) -> dict[Kind, list[LedgerLine]]:
        groups: dict[tuple[_Fields, Fate], list[LedgerLine]] = defaultdict(list)
        lines, fates = self._ledger.values(), self._fates
        fields: Iterator[_Fields] = map(_fields_of, lines)
        for key, line in zip(zip(fields, map(fates.__getitem__, self._ledger), strict=True), lines, strict=True):
            groups[key].append(line)
        for group in groups.values():
            group.sort(key=_id_of)
        return {Kind(*common, fate): group for (common, fate), group in groups.items()}

    def __iter__(self) -> Iterator[tuple[Kind, int]]:
        """Iterate over the kinds, each with its number of tests."""
        return ((kind, len(lines)) for kind, lines in self._groups.items())

    def count(self, wanted: Callable[[Kind], bool]) -> int:
        """Count the tests of the wanted kinds."""
        return sum(number for kind, number in self if wanted(kind))

    def lines(self, wanted: Callable[[Kind], bool]) -> Sequence[LedgerLine]:
        """Return the tests of the wanted kinds, sorted by id."""
        kinds = tuple(filter(wanted, self._groups))
        if len(kinds) == 1:
            return self._groups[kinds[0]]
        if kinds not in self._joined:
            self._joined[kinds] = sorted(chain.from_iterable(map(self._groups.__getitem__, kinds)), key=_id_of)
        return self._joined[kinds]

    def files(self, wanted: Callable[[Kind], bool]) -> Counter[str]:
        """Count the tests of the wanted kinds in each file."""
        found: Counter[str] = Counter()
        for kind in filter(wanted, self._groups):
            if kind not in self._files:
                self._files[kind] = Counter(map(file_of, map(_id_of, self._groups[kind])))
            found += self._files[kind]
        return found

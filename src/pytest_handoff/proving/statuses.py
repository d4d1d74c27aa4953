"""Decide the status of a tried test, from its outcome there, its outcome now, and its earlier outcome."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.nodeids import file_of, without_parameters
from pytest_handoff.proof import EarlierStatus, EarlierTry, NewTry
from pytest_handoff.record import Frozen, LedgerLine, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SKIPPED: frozenset[Outcome | None] = frozenset({"skipped", "xfailed"})


class Seen(Frozen, frozen=True):
    """Hold the result of a test in a scratch tree: its outcome, the first line of its error and where it was raised."""

    outcome: Outcome
    error: str | None = None
    place: str | None = None


class Tried(Frozen, frozen=True):
    """Hold the results of a run in a scratch tree.

    Attributes:
        seen: the tests that ran, by id.
        broken: files that could not be collected, with the first line of the error.
        cut_short: why tests may be missing: the run ended early.
        wavering: tests that failed there, and passed when they were run once more.
    """

    seen: dict[str, Seen] = {}
    broken: dict[str, str] = {}
    cut_short: str | None = None
    wavering: frozenset[str] = frozenset()

    def broken_by(self, test: str) -> str | None:
        """Return why the file of a test, or a folder above it, could not be collected."""
        path = PurePosixPath(file_of(test))
        places = [path.as_posix(), *(place for parent in path.parents for place in _as_package(parent))]
        return next((self.broken[place] for place in places if place in self.broken), None)


def _as_package(folder: PurePosixPath) -> tuple[str, str]:
    return folder.as_posix(), (folder / "__init__.py").as_posix()


class Skipped(Frozen, frozen=True):
    """A test that says nothing either way, and why."""

    why: str


class Counterparts:
    """The tests of now that earlier tests continue as."""

    def __init__(self, ledger: Iterable[LedgerLine]) -> None:
        lines = [line for line in ledger if line.outcome is not None]
        self._lines = {line.id: line for line in lines}
        self._moved = {line.moved_from: line for line in lines if line.moved_from}
        self._functions: dict[str, list[LedgerLine]] = {}
        for line in lines:
            self._functions.setdefault(without_parameters(line.id), []).append(line)

    def of(self, test: str) -> list[LedgerLine]:
        """Return what an earlier test is now: itself, the test it moved to, else its function with other parameters."""
        one = self._lines.get(test) or self._moved.get(test)
        return [one] if one is not None else self._functions.get(without_parameters(test), [])


def earlier_status(old: LedgerLine, there: Tried, now: list[LedgerLine], control: Tried) -> EarlierTry | Skipped:
    """Decide the status of an earlier test.

    Args:
        old: the test as earlier sessions recorded it.
        there: the run of the tests as they were, on the current code.
        now: what the test is now.
        control: the run of the tests of now in a scratch tree without any change.
    """
    seen, broken = there.seen.get(old.id), there.broken_by(old.id)
    if seen is not None and seen.outcome in _SKIPPED:
        return Skipped(f"it was {'expected to fail' if seen.outcome == 'xfailed' else 'skipped'}")
    if seen is not None and seen.outcome in PASSING:
        return EarlierTry(status="holds")
    passes = bool(now) and all(line.outcome in PASSING for line in now)
    why = _control_fails(now, control) if passes else None
    if seen is None and broken is None:
        why = there.cut_short or "pytest did not collect it"
    if old.id in there.wavering:
        why = "it failed, then passed when run again: it is flaky"
    if why is not None:
        return EarlierTry(status="not_tried", error=why)
    if seen is None:
        return EarlierTry(status="cannot_run", error=broken)
    edited: EarlierStatus = "mended_in_test" if _before(old) in FAILING else "adapted"
    return EarlierTry(status=edited if passes else "fails", error=seen.error, place=seen.place)


def new_status(line: LedgerLine, there: Tried, control: Tried) -> NewTry | Skipped:
    """Decide the status of a new test that passes now; ``there`` is the run on the old code."""
    seen, broken = there.seen.get(line.id), there.broken_by(line.id)
    if seen is not None and seen.outcome in PASSING:
        return NewTry(status="passes_without_it")
    if seen is not None and seen.outcome in _SKIPPED:
        return Skipped("it was skipped on the old code")
    if seen is None and broken is None and there.cut_short is not None:
        return NewTry(status="not_tried", error=there.cut_short)
    if why := _control_fails([line], control):
        return NewTry(status="not_tried", error=why)
    if seen is None:
        return NewTry(status="needs_the_change", error=broken or "it does not exist without the change")
    return NewTry(status="needs_the_change", error=seen.error, place=seen.place)


def _before(line: LedgerLine) -> Outcome | None:
    if line.outcome not in (None, "not_run"):
        return line.outcome
    return line.last.outcome if line.last else None


def _control_fails(lines: Iterable[LedgerLine], control: Tried) -> str | None:
    """Say why these tests cannot be judged in a scratch tree; ``None`` if they pass there without any change."""
    for line in lines:
        seen = control.seen.get(line.id)
        if seen is not None and seen.outcome in PASSING:
            continue
        if seen is None and control.broken_by(line.id) is None:
            return control.cut_short or "it was not collected in an unchanged scratch tree"
        error = control.broken_by(line.id) if seen is None else seen.error or seen.outcome
        return f"it does not pass in an unchanged scratch tree: {error}"
    return None


def by_function(tries: Mapping[str, EarlierTry | NewTry], status: str) -> dict[str, list[str]]:
    """Group the tests with a status by their function."""
    found: dict[str, list[str]] = {}
    for test, tried in tries.items():
        if tried.status == status:
            found.setdefault(without_parameters(test), []).append(test)
    return found

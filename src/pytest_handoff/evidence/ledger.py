"""Match the tests of this run with the earlier tests they continue: moved, renamed with their file, or with new parameters."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import force_setattr

from pytest_handoff.nodeids import file_of, name_of, without_parameters
from pytest_handoff.record import Frozen, LedgerLine

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence


Ledger = dict[str, LedgerLine]


class Earlier(Frozen, frozen=True):
    """The tests of all earlier sessions, as the parents left them.

    ``sessions`` are the parents in order, oldest first unless the user gave another; ``came_from`` names the parent of each line
    that is not the last parent's.
    """

    sessions: tuple[str, ...] = ()
    lines: Ledger = {}
    came_from: dict[str, str] = {}

    def session_of(self, test: str) -> str:
        """Name the parent whose ledger this test's line was read from."""
        return self.came_from.get(test, self.sessions[-1])


class Lineage(Frozen, frozen=True):
    """The matches between collected tests and the earlier tests they continue.

    ``same`` maps a new id to the earlier id it replaces. ``reparametrized`` maps the new ids of a function that lost no more ids
    than it gained to the first session of the lost ones: its parameters changed, or it got its first ones, or it lost them all.
    ``vanished`` are earlier ids that nothing continues.
    """

    same: dict[str, str] = {}
    reparametrized: dict[str, str] = {}
    vanished: frozenset[str] = frozenset()

    def since(self, test: str, session: str, earlier: Earlier) -> str:
        """Name the first session that had this test."""
        old = earlier.lines.get(self.same.get(test, test))
        return old.since if old else self.reparametrized.get(test, session)


def join_parents(parents: Sequence[tuple[str, Ledger]]) -> Earlier:
    """Join the ledgers of the parents; of two lines for one test, keep the one that promises more, so that nothing is lost."""
    if not parents:
        return Earlier()
    *others, (_last, lines) = parents
    if not others:
        return Earlier(sessions=tuple(session for session, _ in parents), lines=lines)
    joined = dict(lines)
    came_from: dict[str, str] = {}
    for session, ledger in others:
        for test, line in ledger.items():
            if test not in joined or _weight(line) < _weight(joined[test]):
                joined[test] = line
                came_from[test] = session
    return Earlier(sessions=tuple(session for session, _ in parents), lines=joined, came_from=came_from)


def share_ids(ledger: Ledger, tests: Iterable[str]) -> None:
    """Make a ledger share the id objects of these tests instead of holding equal copies.

    The ledger stays equal to what it was. pytest keeps the id of each test as long as the test, so a copy only costs memory.
    """
    theirs = {test: test for test in tests}
    lines = list(ledger.values())
    ledger.clear()
    for line in lines:
        test = theirs.get(line.id, line.id)
        force_setattr(line, "id", test)
        ledger[test] = line


_WEIGHT = ("passed", "xpassed", "failed", "error", "xfailed", "skipped", "not_run", None)


def _weight(line: LedgerLine) -> tuple[bool, int, str]:
    return line.retired is not None, _WEIGHT.index(line.outcome), line.since


def certainly_gone(
    earlier: Earlier, collected: Container[str], whole_files: Container[str], existing_files: Container[str]
) -> list[str]:
    """List the earlier live ids that are gone for certain: their file was collected whole without them, or is gone itself."""
    return [
        test
        for test in sorted(test for test in earlier.lines if test not in collected)
        if earlier.lines[test].retired is None and (file_of(test) in whole_files or file_of(test) not in existing_files)
    ]


def trace(earlier: Earlier, collected: Iterable[str], gone: Iterable[str], renames: Mapping[str, str]) -> Lineage:
    """Find the earlier test that each new id continues.

    Args:
        earlier: the tests of the parents.
        collected: ids collected now.
        gone: what :func:`certainly_gone` found.
        renames: old path to new path of the files that were renamed, as the trees show.
    """
    vanished = set(gone)
    fresh = {test for test in collected if test not in earlier.lines} if vanished else set()
    same = _renamed_with_their_file(vanished, fresh, renames)
    same |= _alone_elsewhere(vanished - set(same.values()), fresh - set(same))
    vanished -= set(same.values())
    reparametrized = _reparametrized(earlier, vanished, fresh - set(same))
    functions = {without_parameters(test) for test in reparametrized}
    left = frozenset(test for test in vanished if without_parameters(test) not in functions)
    return Lineage(same=same, reparametrized=reparametrized, vanished=left)


def _renamed_with_their_file(vanished: set[str], fresh: set[str], renames: Mapping[str, str]) -> dict[str, str]:
    pairs = ((f"{renames[file_of(old)]}::{name_of(old)}", old) for old in sorted(vanished) if file_of(old) in renames)
    return {new: old for new, old in pairs if new in fresh}


def _alone_elsewhere(vanished: set[str], fresh: set[str]) -> dict[str, str]:
    """Match a test in another file by name and parameters, if exactly one vanished and exactly one appeared: never guess."""
    old_by_name, new_by_name = _by_name(vanished), _by_name(fresh)
    return {
        new_by_name[name][0]: old[0] for name, old in old_by_name.items() if len(old) == 1 and len(new_by_name.get(name, ())) == 1
    }


def _by_name(tests: Iterable[str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        names[name_of(test)].append(test)
    return names


def _reparametrized(earlier: Earlier, vanished: set[str], fresh: set[str]) -> dict[str, str]:
    """Find the new ids of functions that lost some and gained at least as many; fewer would hide a lost case."""
    lost, found = _by_function(vanished), _by_function(fresh)
    return {
        test: min(earlier.lines[old].since for old in olds)
        for function, olds in lost.items()
        if len(found.get(function, ())) >= len(olds)
        for test in found[function]
    }


def _by_function(tests: Iterable[str]) -> dict[str, list[str]]:
    functions: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        functions[without_parameters(test)].append(test)
    return functions

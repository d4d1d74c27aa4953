"""Decide whether a run is complete, add up several runs on one tree, and find test ids that change by themselves."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.figures import counted, listed
from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import file_of, name_of, nodes_above, without_parameters
from pytest_handoff.record import Frozen, UnstableIds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.evidence.ledger import Ledger
    from pytest_handoff.record import Changes, LedgerLine, Record, RunInfo, SkippedNode
    from pytest_handoff.run import Run


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
    """Find the functions whose ids will change in the next session, sorted by name.

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
        return f"{those}: the same code had other ids before, so they change on their own; name the parameters with ids="
    return f"{those}: {ids.why} changes on every run, so the next session cannot match them; name the parameters with ids="


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


WHOLE = "everything"
COLLECTION_FAILED = "could not be collected"


class RunScope(Frozen, frozen=True):
    """The scope of one run, or of several on one tree.

    ``parts`` says how each was narrowed (:data:`WHOLE` if it was not); ``whole_files`` were collected whole by any of them, and
    ``left_out`` are tests that the settings leave out of this one.
    """

    parts: tuple[str, ...]
    whole_files: frozenset[str]
    mishaps: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()


def scope_of(run: Run) -> RunScope:
    """Determine the scope of a single run; a run that could not collect a file never counts as whole."""
    broken = (f"{counted(len(run.broken_files), 'file')} {COLLECTION_FAILED}",) if run.broken_files else ()
    return RunScope(
        parts=("; ".join((*run.why_partial, *broken)) or WHOLE,),
        whole_files=run.seen_files,
        left_out=run.left_out,
        mishaps=(*run.mishaps, *(f"{path} {COLLECTION_FAILED}: {error}" for path, error in run.broken_files.items())),
    )


def add_up(scope: RunScope, earlier: RunInfo) -> RunScope:
    """Add the scope of an earlier run on the same tree to that of a run."""
    return RunScope(
        parts=tuple(dict.fromkeys((*earlier.parts, *scope.parts))),
        whole_files=scope.whole_files | frozenset(earlier.whole_files),
        mishaps=scope.mishaps,
        left_out=scope.left_out,
    )


def skipped_nodes(run: Run, before: Record | None) -> tuple[SkippedNode, ...]:
    """Return the files that skipped themselves, in this run or in the one that it adds to.

    One of which this run collected tests did not skip itself now.
    """
    nodes = {node.id: node for node in run.skipped_nodes}
    earlier = {node.id: node for node in before.tests.skipped_nodes} if before is not None else {}
    if earlier:
        seen = {node for test in run.collected for node in nodes_above(test)}
        nodes = {name: node for name, node in earlier.items() if name not in seen} | nodes
    return tuple(nodes[name] for name in sorted(nodes))


def left_out(run: Run, before: Record | None, ledger: Mapping[str, LedgerLine]) -> dict[str, int]:
    """Count, for each file, the tests that the settings leave out and that did not run, now or in the run this one adds to."""
    tests = (test for test in run.left_out if test not in ledger or ledger[test].outcome == "not_run")
    earlier = before.tests.left_out if before is not None else {}
    seen = {file_of(test) for test in run.collected} if earlier else set()
    return {path: number for path, number in earlier.items() if path not in seen} | Counter(map(file_of, tests))


def fill_in(ledger: Ledger, before: Mapping[str, LedgerLine], earlier: Mapping[str, LedgerLine], session: str) -> Ledger:
    """Fill in what did not run now from an earlier run on the same tree; a test with two outcomes is flaky.

    Either run may know what the other could not see: that a test of an earlier session (``earlier``) continues under another id.
    Its old id is then neither missing nor waited for.
    """
    replaced = _replaced(ledger, before, earlier, session) | _replaced(before, ledger, earlier, session)
    merged = {test: _merge(line, before.get(test)) for test, line in ledger.items()}
    merged |= {test: line for test, line in before.items() if test not in merged}
    replaced |= _twice(ledger, before)
    return {test: merged[test] for test in sorted(merged) if test not in replaced}


def with_flaky(ledger: Ledger, before: Mapping[str, LedgerLine]) -> Ledger:
    """Mark as flaky the tests that an earlier whole run on the same tree saw end differently, or called flaky."""
    differing = {
        test: replace(line, flaky=True)
        for test, line in ledger.items()
        if not line.flaky and (old := before.get(test)) is not None and _is_flaky(line, old)
    }
    return ledger | differing if differing else ledger


def _is_flaky(line: LedgerLine, before: LedgerLine) -> bool:
    ran = before.outcome not in (None, "not_run") and line.outcome not in (None, "not_run")
    return ran and (before.flaky or before.outcome != line.outcome)


def why_incomplete(scope: RunScope, ledger: Mapping[str, LedgerLine], test_files: Iterable[str]) -> list[str]:
    """List every reason why the record is not complete; an empty list means that it is."""
    unrun = [test for test, line in ledger.items() if line.outcome == "not_run" and line.retired is None]
    reasons = list(scope.mishaps)
    if WHOLE not in scope.parts:
        unseen = sorted(set(test_files) - scope.whole_files)
        if len(scope.parts) == 1:
            reasons.append(scope.parts[0])
        elif unseen:
            reasons.append(f"{counted(len(unseen), 'test file')} not looked at: {listed(unseen)}")
    if unrun:
        reasons.append(f"{counted(len(unrun), 'test')} did not run: {listed(unrun)}{_why_unrun(scope, unrun)}")
    return reasons


def _why_unrun(scope: RunScope, unrun: Sequence[str]) -> str:
    """Say why some tests did not run although the run was to run everything, if we know."""
    if scope.parts != (WHOLE,):
        return ""
    by_settings = sum(test in scope.left_out for test in unrun)
    by_file = sum(test not in scope.left_out and file_of(test) not in scope.whole_files for test in unrun)
    told = [f"the settings leave out {by_settings:,}"] if by_settings else []
    told += [f"the files of {by_file:,} were not collected"] if by_file else []
    return f" ({'; '.join(told)})" if told else ""


def uncollected(scope: RunScope, changes: Changes | None, is_test_file: Callable[[str], bool]) -> list[str]:
    """List the new or changed test modules that a whole run did not collect, for whatever reason.

    Where every Python file has the name of a test module, names say nothing, and none is listed.
    """
    if changes is None or is_test_file("any.py"):
        return []
    touched = {*changes.created, *changes.modified, *(new for _, new in changes.renamed)}
    return sorted(filter(is_test_file, touched - scope.whole_files))


_FAILING = frozenset({"failed", "error"})


def disagreement(run: Run, stats: Mapping[str, int] | None) -> str | None:
    """Say where our counts of reports differ from pytest's own; ``None`` if they agree, or if pytest has none.

    Plugins that run tests in threads or processes call a failure of a test an error; either fails the run.
    """
    if stats is None:
        return None
    wrong = {category: number for category, number in run.reported.items() if stats.get(category, 0) != number}
    if wrong.keys() == _FAILING and sum(wrong.values()) == sum(stats.get(category, 0) for category in _FAILING):
        return None
    told = (f"{stats.get(category, 0)} {category} by pytest, {number} by pytest-handoff" for category, number in wrong.items())
    return "the counts differ from pytest's own: " + ", ".join(told) if wrong else None


def _replaced(
    knowing: Mapping[str, LedgerLine], other: Mapping[str, LedgerLine], earlier: Mapping[str, LedgerLine], session: str
) -> set[str]:
    """Find the ids that ``knowing`` continues under another id or with other parameters, and that ``other`` did not run."""
    moved = {line.moved_from for line in knowing.values()}
    changed = (line for test, line in knowing.items() if test not in earlier and line.since != session and not line.moved_from)
    functions = {without_parameters(line.id) for line in changed}
    absent = (test for test, line in other.items() if test not in knowing and line.outcome in (None, "not_run"))
    return {test for test in absent if test in earlier and (test in moved or without_parameters(test) in functions)}


def _twice(now: Mapping[str, LedgerLine], before: Mapping[str, LedgerLine]) -> set[str]:
    """Find the ids to drop if ids change by themselves, so that two runs on the same code hold one test under two ids.

    The id that ran is kept; if both ran, the one of the newer run.
    """
    fresh = _by_masked(line for test, line in now.items() if test not in before)
    old = _by_masked(line for test, line in before.items() if test not in now and line.outcome is not None)
    found: set[str] = set()
    for name in fresh.keys() & old.keys():
        if len(fresh[name]) == len(old[name]):
            unrun = all(line.outcome == "not_run" for line in fresh[name])
            found.update(line.id for line in (fresh if unrun else old)[name])
    return found


def _by_masked(lines: Iterable[LedgerLine]) -> dict[str, list[LedgerLine]]:
    groups: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in lines:
        name = masked(line.id)
        if name != line.id:
            groups[name].append(line)
    return groups


def _merge(line: LedgerLine, before: LedgerLine | None) -> LedgerLine:
    if before is None or before.outcome in (None, "not_run"):
        return line
    if line.outcome == "not_run":
        return before
    differs = before.flaky or before.outcome != line.outcome
    return replace(line, flaky=line.flaky or differs) if differs else line

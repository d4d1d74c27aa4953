"""Report changes to the tests themselves: edits, tests that assert nothing, changed tiers, new skips.

The report informs the reader; it decides no gate.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.evidence.source_changes import changed_lines, hash_lines, split_hashes
from pytest_handoff.nodeids import file_of, files_of, name_of, without_parameters
from pytest_handoff.record import Frozen, Integrity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.evidence.case_files import Beside, CaseFile, CaseFunction
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import LedgerLine, SourceLine


IN_ANOTHER_NAME = "runs code under a computed file name, or calls coverage.py"
_BLANK = hash_lines(b"\n")


class TierChange(Frozen, frozen=True):
    """An earlier test that has another tier now."""

    id: str
    was: str
    now: str


class IntegrityReport(Frozen, frozen=True):
    """Everything that a reader learns about changes to tests.

    ``changed`` and ``without_assertion`` are test functions, ids without parameters; ``None`` is *not known*. ``beside`` names
    what changed in their files and earlier tests use, such as ``tests/test_a.py::CASES``; ``in_another_name`` are tests, or files
    of tests, that run code under a file name which they compute, or speak to coverage.py; ``uncollected`` are new or changed test
    modules that a run of everything did not collect.
    """

    changed: list[str] | None
    beside: list[str] | None
    without_assertion: list[str] | None
    in_another_name: list[str] | None
    uncollected: list[str] | None
    tier_changes: list[TierChange]
    newly_skipped: list[str]
    newly_xfailed: list[str]


def report(facts: Facts) -> IntegrityReport:
    """Report how a session changed its tests, according to the record and the ledgers."""
    known, earlier = facts.record.integrity, facts.earlier.lines
    changes = [
        TierChange(id=test, was=old.tier, now=line.tier)
        for test, line in facts.ledger.items()
        if (old := earlier.get(line.moved_from or test)) is not None and old.tier != line.tier
    ]
    lost = facts.with_status("newly_skipped")
    return IntegrityReport(
        changed=known.changed if known else None,
        beside=known.beside if known and known.changed is not None else None,
        without_assertion=known.without_assertion if known else None,
        in_another_name=known.in_another_name if known else None,
        uncollected=known.uncollected if known else None,
        tier_changes=changes,
        newly_skipped=[line.id for line in lost if line.outcome == "skipped"],
        newly_xfailed=[line.id for line in lost if line.outcome == "xfailed"],
    )


def examine(
    session: str,
    ledger: Iterable[LedgerLine],
    now: Mapping[str, SourceLine],
    bases: Sequence[Mapping[str, SourceLine]] | None,
    *,
    renames: Mapping[str, str],
    read: Callable[[str], bytes | None],
) -> Integrity:
    """Examine the functions of new tests, and of earlier tests whose file differs from that of every parent.

    Only new and changed tests are named as tests without an assertion. Doctests, inherited tests and files that are not Python
    are left out.

    Args:
        bases: the parents' trees; ``None`` if they were pruned, so that nobody knows what changed.
        renames: old path to new path.
        read: returns the content of a file, or ``None`` if it is gone.
    """
    was = {new: old for old, new in renames.items()}
    lines = [line for line in ledger if line.outcome is not None and line.retired is None]
    olds_of = partial(_olds, session, bases=bases or (), split=lru_cache(maxsize=8)(split_hashes))
    found = []
    for path, tests in _by_file(session, lines, _unchanged(now, bases or (), was)).items():
        olds = {test: olds_of(line, was.get(path, path), now.get(path)) for test, line in tests.items()}
        wanted = [test for test, line in tests.items() if line.since == session or olds[test]]
        content = read(path) if wanted and path.endswith(".py") else None
        if content is not None:
            found.append(_examine_file(path, content, {test: olds[test] for test in wanted}))
    return Integrity(
        changed=sorted(test for one in found for test in one.changed) if bases is not None else None,
        without_assertion=sorted(test for one in found for test in one.silent),
        beside=sorted({name for one in found for name in one.beside}),
        in_another_name=sorted({name for one in found for name in one.disguised}),
    )


class _FileFindings(NamedTuple):
    """Hold what was found in one file: changed tests, those without an assertion, names that changed beside them, disguises."""

    changed: list[str]
    silent: list[str]
    beside: list[str]
    disguised: list[str]


def _examine_file(path: str, content: bytes, olds: Mapping[str, list[list[str]]]) -> _FileFindings:
    """Examine the new and changed tests of one file, each with what its file was in the parents."""
    from pytest_handoff.evidence.case_files import CaseFile  # of no use where no test is new or changed

    file, hashes = CaseFile(content), split_hashes(hash_lines(content))
    known = {test: file.functions[name_of(test)] for test in olds if name_of(test) in file.functions}
    changed = [
        test for test, files in olds.items() if files and all(_is_other(file, name_of(test), hashes, old) for old in files)
    ]
    mine = [test for test in known if test in changed or not olds[test]]
    beside = _changed_beside(file, hashes, {test: olds[test] for test in known})
    return _FileFindings(
        changed=changed,
        silent=[test for test in mine if not known[test].asserts],
        beside=[f"{path}::{name}" if name else path for name in beside],
        disguised=[*_disguised(path, file, mine)],
    )


class ChangedTests:
    """Tells whether the function of an earlier test differs from what it was in each parent; reads a file when it is asked for.

    Args:
        bases: the parents' trees; ``None`` if they were pruned, so that nobody knows what changed.
        renames: old path to new path.
        read: returns the content of a file, or ``None`` if it is gone.
    """

    def __init__(
        self,
        bases: Sequence[Mapping[str, SourceLine]] | None,
        renames: Mapping[str, str],
        read: Callable[[str], bytes | None],
    ) -> None:
        self._bases = bases or ()
        self._was = {new: old for old, new in renames.items()}
        self._read = read
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    def __call__(self, test: str, before: str) -> bool:
        """Check a test that continues the earlier test ``before``, which is itself where only its content changed."""
        path = file_of(test)
        old = self._was.get(path, path) if before == test else file_of(before)
        if (path, old) not in self._known:
            self._known[path, old] = frozenset(self._changed(path, old))
        return name_of(without_parameters(test)) in self._known[path, old]

    def _changed(self, path: str, old_path: str) -> Iterator[str]:
        olds = [base[old_path].lines for base in self._bases if old_path in base and base[old_path].lines]
        content = self._read(path) if olds and path.endswith(".py") else None
        if content is None or (lines := hash_lines(content)) in olds:
            return
        from pytest_handoff.evidence.case_files import functions_of

        hashes, befores = split_hashes(lines), [split_hashes(old) for old in olds]
        for name, function in functions_of(content).items():
            if all(_differs(function, hashes, old) for old in befores):
                yield name


def _changed_beside(file: CaseFile, hashes: list[str], olds: Mapping[str, Sequence[list[str]]]) -> Iterator[str | None]:
    """Find what changed beside the tests and what earlier tests use: a constant, a fixture, a helper, a mark."""
    tests_since: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for test, befores in olds.items():
        if befores:
            tests_since[tuple(map(id, befores))].append(test)
    for one in file.beside if tests_since else ():
        body = hashes[one.first - 1 : one.last]
        for tests in tests_since.values():
            stayed = any(_places(body, old) for old in olds[tests[0]])
            if not stayed and any(_uses(file, test, one) for test in tests):
                yield one.name
                break


def _uses(file: CaseFile, test: str, one: Beside) -> bool:
    *classes, _ = name_of(test).split("::")
    return one.name is None or one.name in {"pytestmark", *classes} or file.uses(name_of(test), one.name)


def _disguised(path: str, file: CaseFile, tests: Sequence[str]) -> Iterator[str]:
    """Name the tests that run code in another file's name; for a helper or the module itself, the file."""
    names = {name_of(test): test for test in tests}
    yield from (names.get(name, path) for name in file.in_another_name)


def _unchanged(now: Mapping[str, SourceLine], bases: Sequence[Mapping[str, SourceLine]], was: Mapping[str, str]) -> set[str]:
    """Find the files that are the same as in one of the parents."""
    old = [(path, base.get(was.get(path, path))) for base in bases for path in now]
    return {path for path, line in old if line is not None and line.blob == now[path].blob}


def _by_file(session: str, lines: Sequence[LedgerLine], unchanged: set[str]) -> dict[str, dict[str, LedgerLine]]:
    """Group the tests by file and function, with one test for each function: an earlier one if there is one.

    Unchanged files are left out unless a test in them is new or came from elsewhere: there is nothing to say about the others.
    """
    silent = unchanged - {file_of(line.id) for line in lines if line.since == session or line.moved_from is not None}
    files: dict[str, dict[str, LedgerLine]] = defaultdict(dict)
    for line, path in zip(lines, files_of(line.id for line in lines), strict=True):
        if path not in silent:
            tests, test = files[path], without_parameters(line.id)
            if test not in tests or tests[test].since == session:
                tests[test] = line
    return files


def _olds(
    session: str,
    line: LedgerLine,
    path: str,
    now: SourceLine | None,
    *,
    bases: Sequence[Mapping[str, SourceLine]],
    split: Callable[[str], list[str]],
) -> list[list[str]]:
    """Return the line hashes of an earlier test's file in each parent that had it; none if the file is unchanged since one.

    Args:
        split: splits hashes; most tests of a file share their earlier lines, which it should split once.
    """
    if line.since == session:
        return []
    path = file_of(line.moved_from) if line.moved_from else path
    found = [base[path] for base in bases if path in base]
    if now is not None and any(old.blob == now.blob for old in found):
        return []
    return [split(old.lines) for old in found]


def _is_other(file: CaseFile, name: str, hashes: list[str], old: list[str]) -> bool:
    """Check whether a test's function differs, or something that the old file lacks gives its name another value."""
    function = file.functions.get(name)
    if function is not None and _differs(function, hashes, old):
        return True
    own = None if function is None else (function.first, function.last)
    parts = name.split("::")
    spans = (span for end in range(1, len(parts) + 1) for span in file.bound.get("::".join(parts[:end]), ()))
    return any(span != own and not _places(hashes[span[0] - 1 : span[1]], old) for span in spans)


def _differs(function: CaseFunction, hashes: list[str], old: list[str]) -> bool:
    """Return True if the old file does not hold the function as it is now, with the same beginning and end.

    If the file now holds the same function more often than before, a comparison of the two files says which ones are new.
    """
    first, last = function.first - 1, function.last
    body = hashes[first:last]
    places = _places(body, old)
    whole = [place for place in places if _same_start(hashes, first, old, place)]
    if not any(_same_end(function, hashes[last:], old[place + len(body) :]) for place in whole):
        return True
    if len(_places(body, hashes)) <= len(places):
        return False
    return not changed_lines("".join(old), "".join(hashes)).isdisjoint(range(first + 1, last + 1))


def _places(body: list[str], lines: list[str]) -> list[int]:
    """Find where the lines of a body stand among others, quickly where its first line is rare."""
    found, length, at = [], len(body), -1
    for _ in range(lines.count(body[0]) if lines else 0):
        at = lines.index(body[0], at + 1)
        if lines[at : at + length] == body:
            found.append(at)
    return found


def _same_start(new: list[str], first: int, old: list[str], place: int) -> bool:
    """Check that no line above, such as a decorator, was removed: a line that touched the function before still does."""
    before = old[place - 1] if place else _BLANK
    return before == _BLANK or before == (new[first - 1] if first else _BLANK)


def _same_end(function: CaseFunction, now: list[str], then: list[str]) -> bool:
    """Check that no line was removed from the end of the function.

    The evidence keeps the order of the old lines, not which function each belonged to. Removing a last paragraph leaves the wider
    gap that came after it. If the function no longer asserts anything, a line that followed it after a gap and is nowhere below
    it now may have begun such a paragraph.
    """
    blank_then, blank_now = _blanks(then), _blanks(now)
    followed = then[blank_then : blank_then + 1]
    if not followed or followed == now[blank_now : blank_now + 1]:
        return True
    if not function.asserts and blank_then:
        return followed[0] in now
    return 0 < blank_then >= blank_now


def _blanks(lines: list[str]) -> int:
    return next((count for count, line in enumerate(lines) if line != _BLANK), len(lines))

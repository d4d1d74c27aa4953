"""Find code that an earlier session left untested although its checklist asked for tests, and that these still do not run.

Code is new in only one session. Without this, nobody would ask for it again after a gate that did not pass.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, cast

import msgspec

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.new_code import settled
from pytest_handoff.evidence.source_changes import match_moves, split_hashes
from pytest_handoff.figures import count_ranges, counted, fewest_more, format_ranges, parse_ranges
from pytest_handoff.record import Owed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.evidence.measurement import Measured, MeasuredFile
    from pytest_handoff.figures import Comparison
    from pytest_handoff.record import NewCode, Record, SourceLine


_MOST_LINES = 1_000_000

By = Literal["any", "unit", "new_unit"]
"""The tests that must run a statement: any, a unit test, or a unit test of the current session."""

_THRESHOLD = re.compile(r"(>=|>|==) (\d+(?:\.\d+)?) %\)$")
"""The end of the id of a gate with its threshold."""

_TESTS: dict[By, str] = {"any": "test", "unit": "unit test", "new_unit": "new unit test"}


class Debts(msgspec.Struct, frozen=True):
    """The statements that sessions left untested.

    Attributes:
        owed: the statements, by the tests that must run them.
        spared: how many statements each session's checklist line allows to stay untested.
    """

    owed: dict[By, Owed] = {}
    spared: dict[str, int] = {}

    def without(self, sessions: Collection[str]) -> Debts:
        """Leave out what some sessions left."""
        kept = {by: {name: files for name, files in owed.items() if name not in sessions} for by, owed in self.owed.items()}
        return Debts({by: owed for by, owed in kept.items() if owed}, self.spared)

    def written(self, code: NewCode) -> NewCode:
        """Write them into the new code of a session."""
        others = {by: owed for by, owed in self.owed.items() if by != "any" and owed}
        return msgspec.structs.replace(code, owed=self.owed.get("any", {}), owed_to=others, spared=self.spared)


def debts_of(code: NewCode) -> Debts:
    """Read from the new code of a session what earlier ones left."""
    others: dict[By, Owed] = dict(code.owed_to.items())
    return Debts({"any": code.owed, **others} if code.owed else others, code.spared)


def left_untested(record: Record) -> Debts:
    """Return what a session left, including what it took over from earlier ones; nothing if its lines held.

    A first session owes nothing: all that a project had before is new in it. Neither does a session that waived the line, or that
    was not asked.
    """
    code = record.new_code
    gates = [one for one in record.gates if one.verdict in ("failed", "unknown") and one.id.partition("(")[0] == "new_code"]
    if code is None or not record.previous or not gates:
        return Debts()
    found, session = debts_of(code), record.session
    asked = [one.id for one in gates if one.verdict == "failed"]
    if not asked:
        return found
    own = _left(code, asked, session)
    spared = min(_spared(code, gate) for gate in asked)
    if sum(len(_parsed(lines, session)) for files in own.values() for lines in files.values()) <= spared:
        return found
    owed = {by: {**found.owed.get(by, {}), **({session: own[by]} if own.get(by) else {})} for by in _TESTS}
    return Debts(
        {by: sessions for by, sessions in owed.items() if sessions}, found.spared | ({session: spared} if spared else {})
    )


def _by(gate: str) -> By:
    return "new_unit" if "by=new unit tests" in gate else "unit" if "by=unit tests" in gate else "any"


def _left(code: NewCode, asked: Iterable[str], session: str) -> dict[By, dict[str, str]]:
    """Return the statements that the strictest of the lines asks for, by the tests that must run them.

    What no unit test ran is settled by any unit test later, since that can only have come to it by then. What old ones ran is
    not.
    """
    every = {_by(gate) for gate in asked}
    if every == {"any"}:
        return {"any": {path: file.missing for path, file in code.files.items() if file.missing}}
    found: dict[By, dict[str, str]] = {"unit": {}, "new_unit": {}}
    for path, file in code.files.items():
        without = _parsed(file.missing, session) | _parsed(file.not_by_unit or "", session)
        others = _parsed(file.not_by_new_unit or "", session) - without if "new_unit" in every else frozenset[int]()
        found["unit"] |= {path: format_ranges(without)} if without else {}
        found["new_unit"] |= {path: format_ranges(others)} if others else {}
    return found


def _spared(code: NewCode, gate: str) -> int:
    """Count the statements that a line allows to stay untested; none if it has no threshold."""
    found = _THRESHOLD.search(gate)
    total = code.num_statements if _by(gate) == "any" else code.by_tests
    marked = sum(count_ranges(file.marked) for file in code.files.values())
    if found is None or not total:
        return 0
    needed = fewest_more(0, total + marked, cast("Comparison", found[1]), Decimal(found[2]))
    return max(0, total - needed) if needed else 0


def _standing(
    left: Owed,
    measured: Measured,
    base: Mapping[str, SourceLine],
    now: Mapping[str, SourceLine],
    before: Callable[[str], bytes | None],
) -> Iterator[tuple[str, MeasuredFile, frozenset[int]]]:
    """Yield the session, the file and the statements (by their first lines) that stand as they were left.

    A line that was edited since is new again, unless it only got annotations; a line that is gone is no longer owed.

    Args:
        base: the tree in which ``left`` names lines.
        before: reads a file of that tree by its id, where it is at hand.

    Raises:
        EvidenceProblem: line hashes or line numbers are damaged.
    """
    moved = {old: new for new, old in match_moves(base, now).items()}
    for session, files in left.items():
        for path, ranges in files.items():
            here = moved.get(path, path)
            file, line, old = measured.measurement.code.get(here), now.get(here), base.get(path)
            if file is None or line is None or old is None:
                continue
            places = _places(old, line, measured.lines.text(here), before) if old.blob != line.blob else None
            lines = _parsed(ranges, session)
            stands = lines if places is None else frozenset(places[number] for number in lines if number in places)
            yield session, file, stands & file.statements


def _parsed(ranges: str, session: str) -> frozenset[int]:
    try:
        return parse_ranges(ranges, last=_MOST_LINES)
    except ValueError as error:
        raise EvidenceProblem(f"the new code of {session} names impossible lines: {error}; restore its record") from error


def owed_now(
    left: Iterable[tuple[Debts, Mapping[str, SourceLine]]],
    measured: Measured,
    now: Mapping[str, SourceLine],
    session: str,
    before: Callable[[str], bytes | None] = lambda _blob: None,
) -> Debts:
    """Return what sessions left and the tests that must run it still do not run.

    A session whose line would hold by now owes nothing more, even if a few statements are left.

    Args:
        left: what each parent that is not merged yet left, with its tree.
        session: the session at hand.
        before: reads a file of an earlier tree by its id, where it is at hand.

    Raises:
        EvidenceProblem: line hashes or line numbers are damaged.
    """
    found: dict[str, dict[By, dict[str, frozenset[int]]]] = {}
    spared: dict[str, int] = {}
    for debts, base in left:
        for name, number in debts.spared.items():
            spared[name] = min(number, spared.get(name, number))
        for by, owed in debts.owed.items():
            for name, file, lines in _standing(owed, measured, base, now, before):
                if lines and (still := lines - _done(file, measured, session, by)):
                    files = found.setdefault(name, {}).setdefault(by, {})
                    files[file.path] = files.get(file.path, frozenset()) | still
    short = {name: kinds for name, kinds in found.items() if _count(kinds) > spared.get(name, 0)}
    open_ones: dict[By, Owed] = {
        by: {name: _written(kinds[by]) for name, kinds in short.items() if kinds.get(by)} for by in _TESTS
    }
    return Debts(
        {by: owed for by, owed in open_ones.items() if owed}, {name: number for name, number in spared.items() if name in short}
    )


def _done(file: MeasuredFile, measured: Measured, session: str, by: By) -> frozenset[int]:
    if by == "any":
        return file.statements - file.missing
    return settled(file, measured.lines.executed(file.path), session, new=by == "new_unit")


def _count(kinds: Mapping[By, Mapping[str, frozenset[int]]]) -> int:
    lines: dict[str, frozenset[int]] = {}
    for files in kinds.values():
        for path, found in files.items():
            lines[path] = lines.get(path, frozenset()) | found
    return sum(map(len, lines.values()))


def _written(files: Mapping[str, frozenset[int]]) -> dict[str, str]:
    return {path: format_ranges(lines) for path, lines in files.items()}


def told(debts: Debts, *, known: bool) -> str:
    """Say in one phrase how much each session left, and where.

    Args:
        known: whether it is known which tests ran what.
    """
    return "; ".join(_told(by, session, files, known=known) for by, owed in debts.owed.items() for session, files in owed.items())


def _told(by: By, session: str, files: Mapping[str, str], *, known: bool) -> str:
    what = counted(sum(map(count_ranges, files.values())), "statement/statements")
    where = ", ".join(f"{path}:{lines}" for path, lines in files.items())
    if by == "any":
        return f"no test runs {what} that {session} left untested: {where}"
    runs = f"no {_TESTS[by]} runs" if known else f"it is not known whether a {_TESTS[by]} runs"
    return f"{runs} {what} that {session} left without one: {where}"


def steps(code: NewCode) -> Iterator[tuple[str, str, str]]:
    """Yield the path, the lines and what is wrong with them, for each file with untested statements left."""
    for by, owed in debts_of(code).owed.items():
        why = "left untested by {0}, and no test runs" if by == "any" else f"left without a {_TESTS[by]} by {{0}}, and none runs"
        for session, files in owed.items():
            yield from ((path, lines, why.format(session)) for path, lines in files.items())


def _places(old: SourceLine, new: SourceLine, text: bytes | None, before: Callable[[str], bytes | None]) -> dict[int, int]:
    """Map the old number of each unchanged line to its number now; a statement that only got annotations is unchanged."""
    found = _aligned([*enumerate(split_hashes(old.lines), 1)], [*enumerate(split_hashes(new.lines), 1)])
    if text is not None and b":" in text and len(found) < len(split_hashes(old.lines)):
        from pytest_handoff.evidence.annotations import alignments
        from pytest_handoff.evidence.source_changes import changed_lines

        changed = changed_lines(old.lines, new.lines)
        for then, now in alignments(old.lines, new.lines, text, lambda: before(old.blob), changed):
            pairs = _aligned([*zip(then.numbers, then.hashes, strict=True)], [*zip(now.numbers, now.hashes, strict=True)])
            found = pairs | found
    return found


def _aligned(old: Sequence[tuple[int, str]], new: Sequence[tuple[int, str]]) -> dict[int, int]:
    from difflib import SequenceMatcher

    blocks = SequenceMatcher(None, [line for _, line in old], [line for _, line in new], autojunk=False).get_matching_blocks()
    return {old[one.a + at][0]: new[one.b + at][0] for one in blocks for at in range(one.size)}

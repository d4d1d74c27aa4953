"""Find new code that an earlier session left untested, against its own checklist, and that no test runs yet.

Code is new in one session only. Without this, nobody would ask for it again after a gate that did not pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.source_changes import match_moves, split_hashes
from pytest_handoff.figures import count_ranges, counted, format_ranges, parse_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_handoff.evidence.measurement import Measurement
    from pytest_handoff.record import Owed, Record, SourceLine


_MOST_LINES = 1_000_000


def left_untested(record: Record) -> Owed:
    """Return what a session left untested, by session and path, with what it was itself left with; nothing if its line held.

    A first session owes nothing: all that a project had before is new in it. Neither does a session that waived the line, or that
    was not asked.
    """
    code = record.new_code
    asked = any(one.verdict == "failed" and one.id.partition("(")[0] == "new_code" for one in record.gates)
    if code is None or not record.previous or not asked:
        return {}
    own = {path: file.missing for path, file in code.files.items() if file.missing}
    return code.owed | ({record.session: own} if own else {})


def _still_owed(
    left: Owed, measurement: Measurement, base: Mapping[str, SourceLine], now: Mapping[str, SourceLine]
) -> Iterator[tuple[str, str, frozenset[int]]]:
    """Yield the session, the path and the statements (by their first lines) that stand as they were left, and that nothing runs.

    A line that was edited since is new again, and one that is gone is owed no more.

    Args:
        base: the tree in which ``left`` names lines.

    Raises:
        EvidenceProblem: line hashes or line numbers are damaged.
    """
    moved = {old: new for new, old in match_moves(base, now).items()}
    for session, files in left.items():
        for path, ranges in files.items():
            here = moved.get(path, path)
            file, line, old = measurement.code.get(here), now.get(here), base.get(path)
            if file is None or line is None or old is None:
                continue
            places = _places(old.lines, line.lines) if old.blob != line.blob else None
            lines = _parsed(ranges, session)
            stands = lines if places is None else frozenset(places[number] for number in lines if number in places)
            if open_ones := stands & file.missing & file.statements:
                yield session, here, open_ones


def _parsed(ranges: str, session: str) -> frozenset[int]:
    try:
        return parse_ranges(ranges, last=_MOST_LINES)
    except ValueError as error:
        raise EvidenceProblem(f"the new code of {session} names impossible lines: {error}; restore its record") from error


def owed_now(
    left: Iterable[tuple[Owed, Mapping[str, SourceLine]]], measurement: Measurement, now: Mapping[str, SourceLine]
) -> Owed:
    """Return what sessions left untested, and what is untested still, by session and path.

    Args:
        left: what each parent that is not merged yet left untested, with its tree.

    Raises:
        EvidenceProblem: line hashes or line numbers are damaged.
    """
    found: dict[str, dict[str, frozenset[int]]] = {}
    for owed, base in left:
        for session, path, lines in _still_owed(owed, measurement, base, now):
            files = found.setdefault(session, {})
            files[path] = files.get(path, frozenset()) | lines
    return {session: {path: format_ranges(lines) for path, lines in files.items()} for session, files in found.items()}


def told(owed: Owed) -> str:
    """Say in one phrase how much each session left untested, and where."""
    return "; ".join(_told(session, files) for session, files in owed.items())


def _told(session: str, files: Mapping[str, str]) -> str:
    many = sum(map(count_ranges, files.values()))
    where = ", ".join(f"{path}:{lines}" for path, lines in files.items())
    return f"{counted(many, 'statement/statements')} that {session} left untested: {where}"


def _places(old: str, new: str) -> dict[int, int]:
    """Map the number of each line that stands as it was to its number now."""
    from difflib import SequenceMatcher

    blocks = SequenceMatcher(None, split_hashes(old), split_hashes(new), autojunk=False).get_matching_blocks()
    return {one.a + at + 1: one.b + at + 1 for one in blocks for at in range(one.size)}

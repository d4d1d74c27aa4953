"""Compare a merged session with a new record in its place: find tests that are lost, differ, or prove less."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.integrity import examine
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.nodeids import file_of, name_of, without_parameters
from pytest_handoff.record import Frozen, SourceLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.record import LedgerLine


class Replaced(Frozen, frozen=True):
    """List the tests of a merged session that its record here lacks, or has weaker.

    Attributes:
        lost: tests that were new in it and are gone.
        differing: what else differs, as phrases by the test or file that they are about.
    """

    lost: list[str] = []
    differing: dict[str, list[str]] = {}

    @property
    def weaker(self) -> list[str]:
        """Say what differs, and name each test once: ``tests/test_a.py::test_a passed and is skipped, and changed``."""
        return [f"{about} {', and '.join(phrases)}" for about, phrases in self.differing.items()]


def together(found: Iterable[Replaced]) -> Replaced:
    """Join what differs from several versions of one session; each test and each phrase about it stands once."""
    differing: dict[str, list[str]] = {}
    each = list(found)
    for about, phrases in (item for one in each for item in one.differing.items()):
        known = differing.setdefault(about, [])
        known += [phrase for phrase in phrases if phrase not in known]
    return Replaced(lost=list(dict.fromkeys(test for one in each for test in one.lost)), differing=differing)


def compare_again(
    session: str,
    then: Iterable[LedgerLine],
    now: Iterable[LedgerLine],
    *,
    merged: Sequence[Mapping[str, bytes]],
    read: Callable[[str], bytes | None],
) -> Replaced:
    """Compare two ledgers of one session, and the functions of the tests that both know.

    A test that moved to another file is found by its name. Earlier sessions' tests that are gone are left to regression.

    Args:
        then: the ledger as it was merged.
        now: the ledger of the record that stands in its place.
        merged: the contents of the files of tests as they were merged; a function may be as in any of these trees.
        read: returns the content of a file as it is now, or ``None`` if it is gone.
    """
    known = [line for line in then if line.outcome is not None and line.retired is None]
    pairs = _paired(known, [line for line in now if line.outcome is not None])
    lost = [line.id for line in known if line.since == session and line.id not in pairs]
    both = [(line, pairs[line.id]) for line in known if line.id in pairs and pairs[line.id].retired is None]
    differing = {line.id: phrases for was, line in both if (phrases := list(_weaker(was, line)))}
    for about in _changed([here for _, here in both], {here.id: was.id for was, here in both}, merged, read):
        differing.setdefault(about, []).append("changed")
    return Replaced(lost=lost, differing=differing)


def _paired(then: Sequence[LedgerLine], now: Sequence[LedgerLine]) -> dict[str, LedgerLine]:
    """Map the ids of then to their tests of now: by id, else by function, else by a name elsewhere; each is taken once."""
    left = {line.id: line for line in now}
    pairs = {line.id: left.pop(line.id) for line in then if line.id in left}
    for key in (without_parameters, lambda test: name_of(without_parameters(test))):
        free: dict[str, list[LedgerLine]] = defaultdict(list)
        for line in left.values():
            free[key(line.id)].append(line)
        for line in then:
            if line.id not in pairs and free[key(line.id)]:
                pairs[line.id] = free[key(line.id)].pop(0)
                del left[pairs[line.id].id]
    return pairs


def _weaker(was: LedgerLine, line: LedgerLine) -> Iterator[str]:
    """Say how a test proves less; other gates find one that fails."""
    if was.outcome == "passed" and line.outcome in ("skipped", "xfailed", "xpassed"):
        yield f"passed and is {line.outcome}"
    if was.tier != line.tier:
        yield f"was {was.tier} and is {line.tier}"


def _changed(
    lines: Sequence[LedgerLine],
    was: Mapping[str, str],
    merged: Sequence[Mapping[str, bytes]],
    read: Callable[[str], bytes | None],
) -> list[str]:
    """Name the functions that changed since the merge, and the changes in their files that they use."""
    contents = {path: read(path) for path in {file_of(line.id) for line in lines}}
    here = _sources({path: content for path, content in contents.items() if content is not None})
    moved = [replace(line, moved_from=was[line.id] if file_of(was[line.id]) != file_of(line.id) else None) for line in lines]
    found = examine("", moved, here, [*map(_sources, merged)], renames={}, read=contents.get)
    return list(dict.fromkeys([*(found.changed or []), *found.beside, *_collided(contents, merged)]))


def _collided(contents: Mapping[str, bytes | None], merged: Sequence[Mapping[str, bytes]]) -> Iterator[str]:
    """Yield the files with a line that has the hash of a merged one but another text: by hashes, nothing changed."""
    from pytest_handoff.evidence.line_collisions import collided_lines

    for path, content in sorted(contents.items()):
        olds = [files[path] for files in merged if path in files]
        if content is not None and any(collided_lines(old, content) for old in olds):
            yield path


def _sources(files: Mapping[str, bytes]) -> dict[str, SourceLine]:
    """Describe files only by their lines, so that line endings converted by git make no difference."""
    lines = {path: hash_lines(content) for path, content in files.items()}
    return {path: SourceLine(path=path, blob=hashes, lines=hashes) for path, hashes in lines.items()}

"""Find the statements that are new since the base, and which kind of test runs them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.evidence.source_changes import changed_lines, match_moves
from pytest_handoff.figures import count_ranges, format_ranges
from pytest_handoff.record import NewCode, NewCodeFile, SourceLine
from pytest_handoff.run import TEST_FOLDERS

if TYPE_CHECKING:
    from pytest_handoff.evidence.measurement import Lines, Measured, MeasuredFile, Measurement, RunBy


IMPORT_RULE = (
    "By tests: a def, class or decorator line counts like its body, and code that runs only at import is left out; new tests are "
    "those that this session added or changed."
)
_NAMED = 3


class MergedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Code that the session merged in from its target branch.

    Attributes:
        target: the branch, as the settings name it.
        trees: the states of the branch that were merged in since the base; empty if there are none, or none are known.
        note: why nothing is left out, if a reader must know.
    """

    target: str
    trees: tuple[Mapping[str, SourceLine], ...] = ()
    note: str | None = None


class Trees(msgspec.Struct, frozen=True, kw_only=True):
    """The source trees that tell which lines are new, each by path.

    Attributes:
        bases: those of the parent sessions; none in a first session.
        base_name: what the record calls the base.
        now: the one that the tests ran on.
        merged_in: what came from the target branch; statements that are not new against it are left out, and a note says how
            many.
        before: reads a file of a base by its id, where it is at hand.
    """

    bases: Sequence[Mapping[str, SourceLine]]
    base_name: str
    now: Mapping[str, SourceLine]
    merged_in: MergedIn | None = None
    before: Callable[[str], bytes | None] = lambda _blob: None


def new_code(measured: Measured, trees: Trees, *, session: str, failed_counting: Sequence[str] = ()) -> NewCode:
    """Find the new statements of every measured file that does not belong to tests, and the tests that run them.

    A statement is new if any of its physical lines is, and with several bases only if it is new against each of them. Without a
    base everything is new.

    Args:
        session: the session of this run; what other sessions' tests ran does not count.
        failed_counting: ids of tests that would count but did not simply pass (failed, rerun, skipped or xfailed without a
            marker). They ran in the same context as those that passed: the figures may include their lines, and a note says so.

    Raises:
        EvidenceProblem: line hashes are damaged.
    """
    measurement, now, merged_in = measured.measurement, trees.now, trees.merged_in
    olds_of = _old_versions(trees.bases, now)
    merged_of = _old_versions(merged_in.trees if merged_in else (), now)
    files: dict[str, NewCodeFile] = {}
    at_import: dict[str, str] = {}
    left_out = 0
    code = measurement.code
    for path in sorted(code.keys() & now.keys()):
        file = code[path]
        changed = _new_first_lines(file, now[path], olds_of(path))
        if changed & file.statements:
            changed -= _only_annotated(changed, now[path], olds_of(path), measured.lines, trees.before)
        new = changed & _new_first_lines(file, now[path], merged_of(path)) if changed else changed
        left_out += len((changed - new) & file.statements)
        if new & (file.statements | file.excluded):
            files[path], only = _judge(file, new, session, measured.lines, known=measurement.classes_known)
            if measurement.classes_known and only:
                at_import[path] = format_ranges(only)
    notes = [*_notes(measurement, now, failed_counting), *_notes_of_merge(merged_in, left_out)]
    return replace(_summed_up(files, trees.base_name, notes, known=measurement.classes_known), at_import=at_import)


_EMPTY = ("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813")
"""git's name of an empty file, in repositories of either kind."""


def unmeasured(measurement: Measurement, trees: Trees, is_test: Callable[[str], bool], holding: Collection[str]) -> list[str]:
    """List the new Python files that the measurement did not see, without empty ones and those that belong to the tests.

    A file outside test folders that is named like a test module or conftest is also listed if it changed: code may import it.

    Args:
        holding: the files that hold known tests.
    """
    olds_of = _old_versions(trees.bases, trees.now)
    folders = {"", *(str(folder) for path in holding for folder in PurePosixPath(path).parents)}
    found = []
    for path in sorted(trees.now.keys() - measurement.code.keys()):
        blob, olds = trees.now[path].blob, [old for old in olds_of(path) if old is not None]
        if not path.endswith(".py") or blob in _EMPTY:
            continue
        where = PurePosixPath(path)
        if where.name == "conftest.py" or is_test(path):
            at_home = str(where.parent) in folders if where.name == "conftest.py" else path in holding
            if not at_home and TEST_FOLDERS.isdisjoint(where.parts[:-1]) and all(old.blob != blob for old in olds):
                found.append(path)
        elif not olds:
            found.append(path)
    return found


def _summed_up(files: dict[str, NewCodeFile], base: str, notes: list[str], *, known: bool) -> NewCode:
    each = files.values()
    return NewCode(
        num_statements=sum(file.num_statements for file in each),
        covered=sum(file.covered for file in each),
        covered_by_unit=_total([file.covered_by_unit for file in each], known=known),
        covered_by_new_unit=_total([file.covered_by_new_unit for file in each], known=known),
        excluded=sum(count_ranges(file.excluded) for file in each),
        base=base,
        files=files,
        notes=notes,
    )


def _old_versions(
    trees: Sequence[Mapping[str, SourceLine]], now: Mapping[str, SourceLine]
) -> Callable[[str], list[SourceLine | None]]:
    """Return a function that looks up a current path in each of the trees, under its old path if it has moved."""
    moves = [match_moves(tree, now) for tree in trees]
    return lambda path: [tree.get(move.get(path, path)) for tree, move in zip(trees, moves, strict=True)]


def _new_first_lines(file: MeasuredFile, line: SourceLine, olds: Sequence[SourceLine | None]) -> frozenset[int]:
    """Find the new statements and the new excluded lines, each by its first line."""
    new = file.statements | file.excluded
    for old in olds:
        if old is not None and old.blob == line.blob:
            return frozenset()
        # If either side kept no line hashes, no line is known to be old.
        if old is not None and old.lines and line.lines:
            new &= {file.first_line.get(number, number) for number in changed_lines(old.lines, line.lines)}
    return new


def _only_annotated(
    new: frozenset[int],
    line: SourceLine,
    olds: Sequence[SourceLine | None],
    lines: Lines,
    before: Callable[[str], bytes | None],
) -> frozenset[int]:
    """Find statements that differ from a base in nothing but annotations; a file that a base lacks has none."""
    known = [old for old in olds if old is not None and old.lines]
    text = lines.text(line.path) if known and line.lines else None
    if text is None or b":" not in text:
        return frozenset()
    from pytest_handoff.evidence.annotations import only_annotated

    found = frozenset[int]()
    for old in known:
        found |= only_annotated(old.lines, line.lines, text, partial(before, old.blob))
    return new & found


def _judge(
    file: MeasuredFile, new: frozenset[int], session: str, lines: Lines, *, known: bool
) -> tuple[NewCodeFile, frozenset[int]]:
    """Say what we know about the new statements of a file, and which of them ran only at import."""
    statements = new & file.statements
    executed = {} if statements <= file.missing else lines.executed(file.path)
    at_import = statements & _at_import(file, executed)
    open_to_tests = statements - file.missing - at_import
    by_unit = open_to_tests & _run_by(file, executed, lambda by: _counts(by, session))
    by_new_unit = open_to_tests & _run_by(file, executed, lambda by: _counts(by, session) and by.age == "new")
    judged = NewCodeFile(
        lines=format_ranges(statements),
        missing=format_ranges(statements & file.missing),
        not_by_unit=format_ranges(open_to_tests - by_unit) if known else None,
        not_by_new_unit=format_ranges(open_to_tests - by_new_unit) if known else None,
        num_statements=len(statements),
        covered=len(statements - file.missing),
        covered_by_unit=len(by_unit) if known else None,
        covered_by_new_unit=len(by_new_unit) if known else None,
        excluded=format_ranges(new & file.excluded),
        marked=format_ranges(new & lines.marked(file.path)) if new & file.excluded else "",
    )
    return judged, at_import


def _counts(by: RunBy, session: str) -> bool:
    return by.counts and by.tier == "unit" and by.session in {None, session}


def settled(file: MeasuredFile, executed: Mapping[RunBy, frozenset[int]], session: str, *, new: bool) -> frozenset[int]:
    """Find the statements that a unit test (or a new one) that counts ran in a session, and those that no test can run."""
    ran = _run_by(file, executed, lambda by: _counts(by, session) and (by.age == "new" or not new))
    return ran | _at_import(file, executed)


def _at_import(file: MeasuredFile, executed: Mapping[RunBy, frozenset[int]]) -> frozenset[int]:
    """Find the statements that ran and that only an import can run, of the module and of class bodies, with their headers.

    A function that the import alone calls belongs to it, unless tests of a kind that did not import the module ran it as well.
    """
    importing = {by for by, lines in executed.items() if lines & file.import_time}
    called_by_tests = frozenset[int]().union(*(lines for by, lines in executed.items() if by not in importing))
    once = file.called_at_import - called_by_tests
    later = file.statements - file.import_time - once - (file.headers.keys() - _one_liners(file))
    only = {line for line, body in file.headers.items() if body.isdisjoint(later)}
    return (file.import_time | once | only) & file.statements - file.missing


def _one_liners(file: MeasuredFile) -> set[int]:
    """Find the functions whose header and body share a line, which the import and a call run alike."""
    return {line for line, body in file.headers.items() if line in body}


def _run_by(file: MeasuredFile, executed: Mapping[RunBy, frozenset[int]], counts: Callable[[RunBy], bool]) -> frozenset[int]:
    """Find the file's statements that the counting tests ran; whichever test imports a module first gets nothing for that."""
    ran = frozenset[int]().union(*(lines for by, lines in executed.items() if counts(by)))
    covered = ran - file.import_time - (file.headers.keys() - _one_liners(file))
    # If a module was imported before coverage.py began, its headers are reported as missed even though their bodies ran.
    return (covered | {line for line, body in file.headers.items() if body & covered}) - file.missing


def _total(figures: Sequence[int | None], *, known: bool) -> int | None:
    return sum(figure or 0 for figure in figures) if known else None


def _notes(measurement: Measurement, now: Mapping[str, SourceLine], failed_counting: Sequence[str]) -> list[str]:
    notes = list(measurement.notes)
    if measurement.classes_known:
        notes.append(IMPORT_RULE)
    else:
        notes.append(f"Which tests ran a line is not known: {measurement.why_no_classes}.")
    if measurement.classes_known and failed_counting:
        names = ", ".join(sorted(failed_counting)[:_NAMED]) + (" and more" if len(failed_counting) > _NAMED else "")
        count = len(failed_counting)
        notes.append(f"The figures by tests may include lines run by {count} unit test(s) that did not simply pass: {names}.")
    if strangers := sorted(measurement.code.keys() - now.keys()):
        names = ", ".join(strangers[:_NAMED]) + (" and more" if len(strangers) > _NAMED else "")
        notes.append(f"{len(strangers)} measured file(s) outside the source tree are not counted as new code: {names}.")
    return notes


def _notes_of_merge(merged_in: MergedIn | None, left_out: int) -> list[str]:
    if merged_in is None:
        return []
    if merged_in.note:
        return [merged_in.note]
    came = f"{left_out} new statement(s) came from {merged_in.target} as someone else's work, and are not counted."
    return [came] if left_out else []

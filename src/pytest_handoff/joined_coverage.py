"""What several parts measured, added up by coverage.py and read as one measurement."""

from __future__ import annotations

import shutil
from contextlib import chdir
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from pytest_handoff.errors import WriteProblem
from pytest_handoff.measurement import Measurement, NotMeasured
from pytest_handoff.measuring import kept_folder
from pytest_handoff.part import PartCoverage
from pytest_handoff.part_files import coverage_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol

    from pytest_handoff.part import PartTests
    from pytest_handoff.project import Project
    from pytest_handoff.tree import Tree

    Item = TypeVar("Item")

    class Each(Protocol):
        """Goes through items; the text says what is done to them."""

        def __call__(self, items: Sequence[Item], doing: str, /) -> Iterable[Item]: ...


def joined_coverage(project: Project, tree: Tree, parts: Sequence[PartTests], each: Each) -> Measurement | NotMeasured:
    """The coverage of all parts that measured any; a part that did not is named beside the figures.

    Raises:
        EvidenceProblem: when the data of a part are missing or damaged.
    """
    settings = [part.run.coverage for part in parts if part.run.coverage is not None]
    without = [f"the part {part.head.label!r} measured none: {part.run.not_measured}" for part in parts if part.run.not_measured]
    if not settings:
        return NotMeasured("; ".join(without))
    from pytest_handoff.coverage_adding import Kept
    from pytest_handoff.coverage_data import read_files

    files = [(part, coverage_file(part)) for part in parts]
    kept = [
        Kept(file.absolute(), project.root / part.run.rootdir, f"the part {part.head.label!r}") for part, file in files if file
    ]
    rootdir = next(part.run.rootdir for part in parts if part.run.coverage is not None)
    # coverage.py resolves the patterns of its configuration against the working directory.
    with chdir(project.root / rootdir):
        measured = read_files(
            kept,
            root=project.root,
            is_test=lambda path: any(part.run.suite.belongs(path) for part in parts),
            settings=_together(settings),
            expected=[path for path in tree.files if path.endswith(".py")],
            each=lambda items: each(items, "joining coverage"),
        )
    if isinstance(measured, NotMeasured):
        return measured
    return replace(measured, notes=(*measured.notes, *(f"{why[0].upper()}{why[1:]}." for why in without)))


def keep_for_later(project: Project, session: str, tree: Tree, parts: Sequence[PartTests]) -> None:
    """Put the data of the parts where a later run on the same tree looks for those of the runs before; what was there goes.

    That run could not add up to these parts without them, and with the data of other runs it would add up wrongly. Where no
    run has made pytest's cache there is nothing to keep for.

    Raises:
        EvidenceProblem: when the data of a part are damaged.
        WriteProblem: when the cache cannot be written.
    """
    kept = kept_folder(project.folder / ".pytest_cache", session, tree)
    one_place = {part.run.rootdir for part in parts} == {project.key(project.folder)}
    files = [file for part in parts if (file := coverage_file(part)) is not None] if one_place else []
    try:
        for old in sorted(kept.parent.rglob("part-*")) if kept.parent.is_dir() else []:
            old.unlink()
        if files and kept.parents[2].is_dir():
            kept.mkdir(parents=True, exist_ok=True)
            for number, file in enumerate(files):
                shutil.copyfile(file, kept / f"part-{number}")
    except OSError as error:
        raise WriteProblem(f"cannot be written: {error.strerror or error}", path=project.shown(kept)) from error


def _together(given: Sequence[PartCoverage]) -> PartCoverage:
    """What the parts measured together; where one measured whatever there is, all did."""
    sources = [] if any(not one.source for one in given) else [name for one in given for name in one.source]
    return PartCoverage(
        source=list(dict.fromkeys(sources)),
        tests=list(dict.fromkeys(name for one in given for name in one.tests)),
        config_file=next((one.config_file for one in given if one.config_file), None),
        untidy=[why for one in given for why in one.untidy],
    )

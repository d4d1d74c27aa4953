"""Add up the coverage of several parts with coverage.py, and read it as one measurement."""

from __future__ import annotations

from contextlib import chdir
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from pytest_handoff.coverage.kept import KeptCoverage, copied_from
from pytest_handoff.errors import WriteProblem
from pytest_handoff.evidence.measurement import Measured, NotMeasured, PartCoverage
from pytest_handoff.parts.files import coverage_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol

    from pytest_handoff.parts.part import PartTests
    from pytest_handoff.parts.setup import OwnSetup
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree

    Item = TypeVar("Item")

    class Each(Protocol):
        """A function that iterates over items; the text says what is done to them."""

        def __call__(self, items: Sequence[Item], doing: str, /) -> Iterable[Item]: ...


def joined_coverage(
    project: Project, tree: Tree, parts: Sequence[PartTests], each: Each, setup: OwnSetup
) -> Measured | NotMeasured:
    """Join the coverage of all parts that measured any; a note names each part that did not.

    Args:
        setup: the setup of pytest and coverage.py in this checkout, the same as in every part.

    Raises:
        EvidenceProblem: when the data of a part are missing, damaged, or not coverage.py's.
    """
    settings = [part.run.coverage for part in parts if part.run.coverage is not None]
    without = [f"the part {part.head.label!r} measured none: {part.run.not_measured}" for part in parts if part.run.not_measured]
    if not settings:
        return NotMeasured("; ".join(without))
    from pytest_handoff.coverage.adding import Kept
    from pytest_handoff.coverage.reading import read_files

    files = [(part, coverage_file(part)) for part in parts]
    kept = [Kept(file.absolute(), setup.rootdir, f"the part {part.head.label!r}") for part, file in files if file]
    # coverage.py resolves the patterns of its configuration against the working directory.
    with chdir(setup.rootdir):
        measured = read_files(
            kept,
            root=project.root,
            is_test=lambda path: any(part.run.suite.belongs(path) for part in parts),
            settings=_together(settings),
            config_file=setup.coverage_file,
            expected=[path for path in tree.files if path.endswith(".py")],
            each=lambda items: each(items, "joining coverage"),
        )
    if isinstance(measured, NotMeasured):
        return measured
    notes = (*measured.measurement.notes, *(f"{why[0].upper()}{why[1:]}." for why in without))
    return replace(measured, measurement=replace(measured.measurement, notes=notes))


def keep_for_later(project: Project, session: str, tree: Tree, parts: Sequence[PartTests]) -> None:
    """Replace the kept coverage data by those of the parts, where a later run on the same tree looks for them.

    Without them that run could not add to these parts, and with the data of other runs it would add wrongly. If no run has made
    pytest's cache, nothing is kept.

    Raises:
        EvidenceProblem: when the data of a part are damaged.
        WriteProblem: when the cache cannot be written.
    """
    kept = KeptCoverage(project.folder / ".pytest_cache", project.folder, session, tree)
    one_place = {part.run.rootdir for part in parts} == {project.key(project.folder)}
    files = [file for part in parts if (file := coverage_file(part)) is not None] if one_place else []
    try:
        kept.forget()
        if kept.folder.parents[2].is_dir():
            for file in files:
                kept.keep(copied_from(file))
    except OSError as error:
        raise WriteProblem(f"cannot be written: {error.strerror or error}", path=project.shown(kept.folder)) from error


def _together(given: Sequence[PartCoverage]) -> PartCoverage:
    """Join what the parts were to measure; if one named no source, no source limits the whole."""
    sources = [] if any(not one.source for one in given) else [name for one in given for name in one.source]
    return PartCoverage(
        source=list(dict.fromkeys(sources)),
        tests=list(dict.fromkeys(name for one in given for name in one.tests)),
        config_file=None,
        untidy=[why for one in given for why in one.untidy],
    )

"""Join the coverage data of several jobs, and keep them for a later run on the same tree."""

from __future__ import annotations

from contextlib import chdir
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from pytest_handoff.coverage.kept import KeptCoverage, copied_from
from pytest_handoff.errors import WriteProblem
from pytest_handoff.evidence.measurement import Measured, NotMeasured, PartCoverage
from pytest_handoff.parts.files import coverage_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Protocol

    from pytest_handoff.coverage.reading import CodeTree
    from pytest_handoff.coverage.unchanged import UnchangedFiles
    from pytest_handoff.parts.files import PartTests
    from pytest_handoff.parts.setup import OwnSetup
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree

    Item = TypeVar("Item")

    class Progress(Protocol):
        """A function that iterates over items; the text says what is done to them."""

        def __call__(self, items: Sequence[Item], doing: str, /) -> Iterable[Item]: ...


def joined_coverage(
    project: Project,
    tree: Tree,
    parts: Sequence[PartTests],
    each: Progress,
    setup: OwnSetup,
    *,
    unchanged: Callable[[], UnchangedFiles] | None = None,
) -> Measured | NotMeasured:
    """Join the coverage of all parts that measured any; a note names each part that did not. Close the lines when all is asked.

    Args:
        setup: the setup of pytest and coverage.py in this checkout, the same as in every part.
        unchanged: finds the files that are as an earlier session had them.

    Raises:
        EvidenceProblem: when the data of a part are missing, damaged, or not coverage.py's.
    """
    settings = [part.run.coverage for part in parts if part.run.coverage is not None]
    without = [f"the part {part.head.label!r} measured none: {part.run.not_measured}" for part in parts if part.run.not_measured]
    if not settings:
        return NotMeasured("; ".join(without))
    code = _code_of(project, tree, parts, unchanged)
    measured = _read_coverage(parts, code, setup, _together(settings), each)
    if isinstance(measured, NotMeasured):
        return measured
    notes = (*measured.measurement.notes, *(f"{why[0].upper()}{why[1:]}." for why in without))
    return replace(measured, measurement=replace(measured.measurement, notes=notes))


def _code_of(
    project: Project, tree: Tree, parts: Sequence[PartTests], unchanged: Callable[[], UnchangedFiles] | None
) -> CodeTree:
    """Describe the files that the coverage of the parts may be about; what is a test in one of them is a test."""
    from pytest_handoff.coverage.reading import CodeTree
    from pytest_handoff.coverage.unchanged import NONE_KNOWN

    return CodeTree(
        root=project.root,
        is_test=lambda path, sources: any(part.run.suite.belongs(path, sources) for part in parts),
        expected=[path for path in tree.files if path.endswith(".py")],
        unchanged=unchanged() if unchanged else NONE_KNOWN,
    )


def _read_coverage(
    parts: Sequence[PartTests], code: CodeTree, setup: OwnSetup, settings: PartCoverage, each: Progress
) -> Measured | NotMeasured:
    """Read the data files of all parts together, with the configuration of this checkout."""
    from pytest_handoff.coverage.adding import SavedData
    from pytest_handoff.coverage.reading import read_files

    files = [(part, coverage_file(part)) for part in parts]
    kept = [SavedData(file.absolute(), setup.rootdir, f"the part {part.head.label!r}") for part, file in files if file]
    # coverage.py resolves the patterns of its configuration against the working directory.
    with chdir(setup.rootdir):
        return read_files(
            kept,
            code,
            settings=settings,
            config_file=setup.coverage_file,
            each=lambda items: each(items, "joining coverage"),
        )


def keep_for_later(project: Project, session: str, tree: Tree, parts: Sequence[PartTests]) -> None:
    """Replace the kept coverage data, which a later run on the same tree looks for, with those of the parts.

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
    """Join the sources that the parts measured; if one named no source, no source limits the whole."""
    sources = [] if any(not one.source for one in given) else [name for one in given for name in one.source]
    return PartCoverage(
        source=list(dict.fromkeys(sources)),
        tests=list(dict.fromkeys(name for one in given for name in one.tests)),
        config_file=None,
        untidy=[why for one in given for why in one.untidy],
    )

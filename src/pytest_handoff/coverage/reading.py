"""Read coverage.py's data at the end of a run, wherever they are, and the settings that it actually used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as replaced
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from coverage.exceptions import ConfigError, CoverageException
from msgspec.structs import replace

import coverage
from coverage import CoverageData
from pytest_handoff.coverage.adding import SavedData, add, closing_data, disown, joined_data, one_line_of
from pytest_handoff.coverage.analysis import ContextReader, FileReader, in_source, resolved
from pytest_handoff.coverage.apart import whole_run
from pytest_handoff.coverage.not_public import config_file_of
from pytest_handoff.coverage.parsed_sources import cache_folder, parsed_sources
from pytest_handoff.coverage.sources import (
    CHOSEN,
    configured_includes,
    configured_sources,
    folders_of_tests,
    source_folders,
)
from pytest_handoff.coverage.unchanged import NONE_KNOWN, UnchangedFiles
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.measurement import (
    Measured,
    NotMeasured,
    PartCoverage,
    RunBy,
    is_disguised,
    parse_context,
    parse_unknown,
)

if TYPE_CHECKING:
    import pytest

    from coverage import Coverage
    from pytest_handoff.coverage.analysis import SharedAnalyses
    from pytest_handoff.coverage.apart import RunData
    from pytest_handoff.project.user_folder import Sealed


Progress = Callable[[Sequence[SavedData]], Iterable[SavedData]]
"""Yields the items one by one, and may show the progress."""

ClassesOf = Callable[[str], tuple[str, str, bool] | None]
"""Maps a node id to the test's tier, its age (``new`` or ``old``), and whether its pass counts; ``None`` for an unknown test."""

_PHASES = frozenset({"setup", "run", "teardown"})
"""The endings that pytest-cov gives to the names of a test's contexts."""


class BelongsToTests(Protocol):
    """Says whether a path belongs to the tests, where the sources are what coverage.py measures."""

    def __call__(self, path: str, sources: Iterable[str]) -> bool: ...


@dataclass(frozen=True, slots=True)
class CodeTree:
    """The files that coverage may be about.

    Attributes:
        root: the folder that paths are relative to.
        is_test: says whether a path, relative to ``root``, is a test module, a conftest, or a helper of tests.
        expected: paths of source files, relative to ``root``, that are code if they are in the measured source, even if
            nobody imported them and coverage.py does not look there (folders without ``__init__.py``).
        unchanged: the files that are as an earlier session had them.
    """

    root: Path
    is_test: BelongsToTests
    expected: Collection[str] = ()
    unchanged: UnchangedFiles = NONE_KNOWN

    def resolved(self) -> CodeTree:
        """Return the same with links in ``root`` followed, as coverage.py has its paths."""
        return replaced(self, root=self.root.resolve())


@dataclass(frozen=True, slots=True)
class _Sources:
    """Choose the files of a tree that are measured.

    ``shared`` has what reports have found out; ``cache`` is the folder that keeps what is known of sources, if there is one.
    ``by_kind`` reads the contexts that the plugin named.
    """

    cov: coverage.Coverage
    tree: CodeTree
    sources: list[Path]
    shared: SharedAnalyses | None = None
    cache: Sealed | None = None
    by_kind: ContextReader = parse_context

    @property
    def root(self) -> Path:
        return self.tree.root

    def tests(self) -> Callable[[str], bool]:
        inside = (source for source in self.sources if source.is_relative_to(self.root))
        return partial(self.tree.is_test, sources=[source.relative_to(self.root).as_posix() for source in inside])

    def unseen(self, data: CoverageData) -> list[Path]:
        """List the files of the source that coverage.py has not looked at, without tests."""
        includes, is_test = configured_includes(self.cov), self.tests()
        seen = set(map(resolved, data.measured_files()))
        expected = [path for path in self.tree.expected if f"{self.root}/{path}" not in seen and not is_test(path)]
        places = [place for path in expected if str(place := self.root / path) not in seen]
        return [place for place in places if in_source(place, self.sources, includes, self.cov)]


def read(
    config: pytest.Config,
    tree: CodeTree,
    *,
    classes_of: ClassesOf | None = None,
    also: Sequence[Path] = (),
    shared: SharedAnalyses | None = None,
    nonce: str | None = None,
) -> Measured | NotMeasured:
    """Read what this run measured; call it on the controller, in a ``trylast`` ``pytest_sessionfinish``.

    Args:
        classes_of: needed if the user's contexts are per test; says what a node id stands for.
        also: data files of earlier runs on the same tree (:func:`keep`), to be added.
        shared: what pytest-cov's reports have already found out.
        nonce: the run's nonce; contexts without it are not the plugin's own, unless data of earlier runs are added.

    The data of a run that ended early are saved first by finishing pytest-cov's controller; ``untidy`` then says so. Close the
    lines when all is asked.
    """
    try:
        found = whole_run(config)
        if isinstance(found, NotMeasured):
            return found
        cov, own, untidy, notes = found
        # pytest-cov gives its option to each report, and not to the configuration.
        if precision := getattr(config.option, "cov_precision", None):
            cov.set_option("report:precision", precision)
        by_kind = _of_these_runs(cov.get_data(), nonce) if also and nonce is not None else partial(parse_context, nonce=nonce)
        wanted = _sources(config, cov, tree, shared, by_kind)
        per_test = _per_test_contexts(config, cov, classes_of, by_kind)
        if not also and not cov.get_option("run:relative_files"):
            return _measure(wanted, own, per_test, untidy, notes)
        return _measure_joined(config, found, also, wanted, per_test)
    except CoverageException as problem:
        return NotMeasured(f"coverage.py cannot read its data: {one_line_of(problem)}")


def _measure_joined(
    config: pytest.Config, found: RunData, also: Sequence[Path], wanted: _Sources, per_test: ContextReader | None
) -> Measured | NotMeasured:
    """Measure this run's data under whole names, together with those of earlier runs."""
    here, top = config.invocation_params.dir, config.rootpath
    with ExitStack() as until:
        joined = until.enter_context(joined_data())
        joined.update(found.data, map_path=lambda name: str((here / name).resolve()))
        add(joined, [SavedData(path, top) for path in also], found.untidy)
        return _kept(_measure(wanted, joined, per_test, found.untidy, found.notes), until)


def _of_these_runs(own: CoverageData, nonce: str) -> ContextReader:
    """Read the contexts of this run and of earlier ones, whose nonces are gone; those were checked when they were kept."""
    foreign = set(filter(partial(is_disguised, nonce=nonce), own.measured_contexts()))
    return lambda name: None if name in foreign else parse_context(name)


def _sources(
    config: pytest.Config, cov: Coverage, tree: CodeTree, shared: SharedAnalyses | None, by_kind: ContextReader
) -> _Sources:
    """Find which files of a tree count; if the named source is not found, only those that ran, as in coverage.py's report."""
    named = configured_sources(cov)
    sources = source_folders(named, config.rootpath, config.invocation_params.dir)
    known = tree if sources or not named else replaced(tree, expected=())
    return _Sources(cov, known.resolved(), sources, shared, cache_folder(config), by_kind)


def read_files(
    kept: Sequence[SavedData],
    tree: CodeTree,
    *,
    settings: PartCoverage,
    config_file: Path | None,
    each: Progress = iter,
) -> Measured | NotMeasured:
    """Read the data files that several jobs on the same tree kept (:func:`keep_part`). Close the lines when all is asked.

    Args:
        kept: the data files; one that cannot be added makes the measurement untidy.
        settings: what the jobs measured.
        config_file: the checkout's own configuration of coverage.py; that of a part is never read.
        each: goes through the files, and may show the progress.

    Raises:
        EvidenceProblem: a plugin of coverage.py cannot be loaded, or a file is none of coverage.py's.
    """
    untidy = list(settings.untidy)
    try:
        with ExitStack() as until:
            joined = until.enter_context(joined_data())
            add(joined, each(kept), untidy)
            # This object has data of its own, which it erases when they are first used.
            file = str(config_file) if config_file else False
            cov = coverage.Coverage(data_file=f"{joined.data_filename()}.none", config_file=file)
            _load_plugins(cov)
            wanted = _Sources(cov, tree.resolved(), [(tree.root / name).resolve() for name in settings.source])
            return _kept(_measure(wanted, joined, None, untidy), until)
    # In older versions, the error for an unreadable configuration is not a CoverageException.
    except (CoverageException, ConfigError) as problem:
        return NotMeasured(f"coverage.py cannot read its data: {one_line_of(problem)}")


def _kept(measured: Measured | NotMeasured, until: ExitStack) -> Measured | NotMeasured:
    """Keep the joined data until the lines are closed: only files with new or owed code will be asked who ran them."""
    if isinstance(measured, NotMeasured):
        return measured
    return replace(measured, lines=replace(measured.lines, close=until.pop_all().close))


def _load_plugins(cov: coverage.Coverage) -> None:
    try:
        cov.get_data()
    except CoverageException:
        raise
    except Exception as error:  # whatever a plugin raises while it is imported
        why = one_line_of(error) or type(error).__name__
        raise EvidenceProblem(
            f"coverage.py cannot load its plugins: {why}; install what the jobs had", path=str(config_file_of(cov))
        ) from error


def keep_part(config: pytest.Config, path: Path, *, root: Path, nonce: str = "") -> PartCoverage | NotMeasured:
    """Save this run's combined data, and return what :func:`read_files` must know about them.

    Args:
        path: where the data go; nothing is written if no measured file was run.
        root: the folder that paths in the evidence are relative to.
        nonce: the run's nonce.

    Raises:
        EvidenceProblem: coverage.py cannot write the file.
    """
    found = whole_run(config)
    if isinstance(found, NotMeasured):
        return found
    cov, untidy = found.cov, found.untidy
    keep(config, path, root=root, nonce=nonce)
    top, inner = config.rootpath, root.resolve()
    sources = source_folders(configured_sources(cov), top, config.invocation_params.dir)
    tests = [] if CHOSEN in config.stash else folders_of_tests(sources, top, config.getini("testpaths"))
    file = config_file_of(cov)
    return PartCoverage(
        source=[_relative_name(folder, inner) for folder in sources],
        tests=[_relative_name(folder, inner) for folder in tests],
        config_file=None if file is None else _relative_name(Path(file).resolve(), inner),
        untidy=untidy,
    )


def keep(config: pytest.Config, path: Path, *, root: Path | None = None, nonce: str = "") -> None:
    """Save this run's combined data, so that a later run on the same tree can add them (``also`` of :func:`read`).

    File names are kept relative to pytest's rootdir, those of the whole repository (``root``). If nothing was measured,
    nothing is written. Who reads them with the data of other runs cannot know their nonces: contexts that only look like this
    run's are disowned now.

    Raises:
        EvidenceProblem: coverage.py cannot write the file.
    """
    try:
        found = whole_run(config)
        if isinstance(found, NotMeasured):
            return
        path.unlink(missing_ok=True)
        here, top, around = config.invocation_params.dir, config.rootpath.resolve(), (root or config.rootpath).resolve()
        with closing_data(CoverageData(basename=str(path))) as kept:
            kept.update(found.data, map_path=lambda name: _name_from(top, Path(resolved(str(here / name))), around))
        if path.is_file():
            disown(path, partial(is_disguised, nonce=nonce))
    except (CoverageException, sqlite3.Error) as problem:
        raise EvidenceProblem(f"coverage data cannot be kept: {problem}", path=path.name) from problem


def _measure(
    wanted: _Sources,
    data: CoverageData,
    per_test: ContextReader | None,
    untidy: list[str],
    notes: tuple[str, ...] = (),
) -> Measured | NotMeasured:
    why = None if per_test else _why_no_kinds(wanted.cov, data, wanted.by_kind)
    parsed = wanted.shared.parsed(wanted.cov) if wanted.shared else parsed_sources(wanted.cov, wanted.cache)
    run_by = None if why else per_test or wanted.by_kind
    reader = FileReader(
        wanted.cov,
        wanted.root,
        wanted.tests(),
        run_by,
        parsed,
        shared=wanted.shared,
        unchanged=wanted.tree.unchanged,
    )
    measured = reader.measurement(data, wanted.unseen(data))
    parsed.save()
    if wanted.shared:
        wanted.shared.forget()
    if isinstance(measured, NotMeasured):
        return replace(measured, untidy=tuple(untidy))
    found, notes = measured.measurement, (*notes, *measured.measurement.notes)
    return replace(measured, measurement=replace(found, why_no_classes=why, untidy=tuple(untidy), notes=notes))


def _why_no_kinds(cov: coverage.Coverage, data: CoverageData, by_kind: ContextReader) -> str | None:
    contexts = data.measured_contexts()
    if dynamic := cov.get_option("run:dynamic_context"):
        return f"[run] dynamic_context = {dynamic} does not name tests by their ids"
    if whys := sorted({why for why in map(parse_unknown, contexts) if why}):
        return "; ".join(whys)
    return None if any(map(by_kind, contexts)) else "no test ran in a context of its kind"


def _per_test_contexts(
    config: pytest.Config, cov: coverage.Coverage, classes_of: ClassesOf | None, by_kind: ContextReader
) -> ContextReader | None:
    """Make the reader of the contexts of ``--cov-context=test``: phases of tests by node id, and child processes by kind."""
    if classes_of is None or not getattr(config.option, "cov_context", None):
        return None
    static = cov.get_option("run:context")

    def run_by(context: str) -> RunBy | None:
        nodeid, _, when = context.removeprefix(f"{static}|" if static else "").rpartition("|")
        known = classes_of(nodeid) if when in _PHASES else None
        return by_kind(context) if known is None else RunBy(None, *known)

    return run_by


def _relative_name(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)


def _name_from(top: Path, path: Path, root: Path) -> str:
    """Name a file of the repository as seen from the rootdir, which may be a folder of tests beside it."""
    return Path(os.path.relpath(path, top)).as_posix() if path.is_relative_to(root) else _relative_name(path, top)

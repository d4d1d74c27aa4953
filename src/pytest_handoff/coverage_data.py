"""Reading coverage.py's data at the end of a run, from wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import coverage
from coverage.data import CoverageData
from coverage.exceptions import CoverageException

from pytest_handoff.coverage_files import ContextReader, FileReader, in_source
from pytest_handoff.coverage_sources import (
    CHOSEN,
    configured_includes,
    configured_sources,
    folders_of_tests,
    source_folders,
)
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.measurement import Measurement, NotMeasured, RunBy, parse_context, parse_unknown

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ClassesOf = Callable[[str], tuple[str, str, bool] | None]
"""Node id to the test's tier, its age (``new`` or ``old``), and whether its pass counts; ``None`` for an unknown test."""

_PHASES = frozenset({"setup", "run", "teardown"})
"""How pytest-cov ends the name of a test's context."""


def read(
    config: pytest.Config,
    *,
    root: Path,
    is_test: Callable[[str], bool],
    classes_of: ClassesOf | None = None,
    also: Sequence[Path] = (),
    expected: Collection[str] = (),
) -> Measurement | NotMeasured:
    """What was measured in this run; to be called on the controller, in a ``trylast`` ``pytest_sessionfinish``.

    Args:
        root: the folder that paths are relative to; files outside of it are left out, with a note.
        is_test: whether a path, relative to ``root``, is a test module or conftest. Those count only where the user's own
            options or configuration name a folder of tests as source.
        classes_of: needed where the user's contexts are per test; gives what a node id stands for.
        also: data files of earlier runs on the same tree (:func:`keep`), to be added.
        expected: paths of source files, relative to ``root``, that count where they lie in the measured source, even if
            nobody imported them and coverage.py does not look there (folders without ``__init__.py``).

    Data of a run that ended early are saved first by finishing pytest-cov's controller; ``untidy`` then says so.
    """
    try:
        found = _combined(config)
        if isinstance(found, NotMeasured):
            return found
        cov, untidy = found
        return _read_found(
            config,
            cov,
            untidy=untidy,
            root=root.resolve(),
            is_test=is_test,
            classes_of=classes_of,
            also=also,
            expected=expected,
        )
    except CoverageException as problem:
        return NotMeasured(f"coverage.py cannot read its data: {problem}")


def keep(config: pytest.Config, path: Path) -> None:
    """Save this run's combined data, so that a later run on the same tree can add them (``also`` of :func:`read`).

    File names are kept relative to pytest's rootdir. Where nothing was measured, nothing is written.

    Raises:
        EvidenceProblem: coverage.py cannot write the file.
    """
    try:
        found = _combined(config)
        if isinstance(found, NotMeasured):
            return
        path.unlink(missing_ok=True)
        here, top = config.invocation_params.dir, config.rootpath.resolve()
        with _closing(CoverageData(basename=str(path))) as kept:
            kept.update(found[0].get_data(), map_path=lambda name: _relative_name((here / name).resolve(), top))
    except CoverageException as problem:
        raise EvidenceProblem(f"coverage data cannot be kept: {problem}", path=path.name) from problem


def running_coverage(config: pytest.Config) -> coverage.Coverage | None:
    """The measurement that runs in this process now: pytest-cov's, else that of ``coverage run``; ``None`` where none runs.

    One that coverage.py started by itself in a child process belongs to whoever measures the parent.
    """
    controller = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if controller is not None:
        cov: coverage.Coverage | None = controller.cov if controller.started else None
        return cov
    current = coverage.Coverage.current()
    return None if current is getattr(coverage.process_startup, "coverage", None) else current


def _combined(config: pytest.Config) -> tuple[coverage.Coverage, list[str]] | NotMeasured:
    controller = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if controller is not None:
        return _combined_by_pytest_cov(controller)
    if getattr(config.option, "no_cov", False):
        return NotMeasured("--no-cov was given")
    cov = running_coverage(config)
    if cov is None:
        return NotMeasured("pytest-cov was not active in this run")
    if getattr(config.option, "dist", "no") != "no":
        return NotMeasured("under `coverage run` the data of pytest-xdist's workers exist only after the run: use --cov")
    return cov, []


def _combined_by_pytest_cov(controller: Any) -> tuple[coverage.Coverage, list[str]]:
    """pytest-cov's data, saved first where pytest-cov did not: since 6.2 it loses those of a run that is ended early."""
    untidy = []
    if controller.cov is not controller.combining_cov or controller.started:
        controller.finish()
        untidy.append("The run ended early: the coverage is that of the tests that ran.")
    if lost := sorted({node.gateway.id for node in controller.failed_workers}):
        untidy.append(f"What these workers measured is lost with them: {', '.join(lost)}.")
    return controller.cov, untidy


def _read_found(
    config: pytest.Config,
    cov: coverage.Coverage,
    *,
    untidy: list[str],
    root: Path,
    is_test: Callable[[str], bool],
    classes_of: ClassesOf | None,
    also: Sequence[Path],
    expected: Collection[str],
) -> Measurement | NotMeasured:
    top = config.rootpath
    folders = source_folders(configured_sources(cov), top)
    tests = [] if CHOSEN in config.stash else folders_of_tests(folders, top, config.getini("testpaths"))
    includes = configured_includes(cov)
    wanted = [root / path for path in expected if in_source(root / path, folders, includes, cov)]
    with _closing(CoverageData(no_disk=True)) as joined:
        data = cov.get_data()
        if also or cov.get_option("run:relative_files"):
            _join(joined, data, also, here=config.invocation_params.dir, top=top, untidy=untidy)
            data = joined
        run_by, why = _context_reader(config, cov, data, classes_of)
        reader = FileReader(
            cov=cov,
            root=root,
            counts=lambda path: not is_test(path) or any((root / path).is_relative_to(folder) for folder in tests),
            run_by=run_by,
        )
        measurement = reader.measurement(data, wanted)
    if isinstance(measurement, NotMeasured):
        return measurement
    return replace(measurement, why_no_classes=why, untidy=tuple(untidy))


def _context_reader(
    config: pytest.Config, cov: coverage.Coverage, data: CoverageData, classes_of: ClassesOf | None
) -> tuple[ContextReader | None, str | None]:
    """How to read contexts, or why they say nothing about kinds of tests."""
    contexts = data.measured_contexts()
    if getattr(config.option, "cov_context", None):
        if classes_of is None:
            return None, "--cov-context names tests that nobody can tell apart here"
        return _per_test(classes_of, str(cov.get_option("run:context") or "")), None
    if dynamic := cov.get_option("run:dynamic_context"):
        return None, f"[run] dynamic_context = {dynamic} does not name tests by their ids"
    if whys := sorted({why for why in map(parse_unknown, contexts) if why}):
        return None, "; ".join(whys)
    if not any(map(parse_context, contexts)):
        return None, "no test ran in a context of its kind"
    return parse_context, None


def _per_test(classes_of: ClassesOf, static: str) -> ContextReader:
    def run_by(context: str) -> RunBy | None:
        nodeid, _, when = context.removeprefix(f"{static}|" if static else "").rpartition("|")
        known = classes_of(nodeid) if when in _PHASES else None
        return None if known is None else RunBy(None, *known)

    return run_by


def _join(joined: CoverageData, data: CoverageData, also: Sequence[Path], *, here: Path, top: Path, untidy: list[str]) -> None:
    """Put the run's data and those of earlier runs together, under absolute file names."""
    joined.update(data, map_path=lambda name: str((here / name).resolve()))
    for path in also:
        with _closing(CoverageData(basename=str(path))) as earlier:
            try:
                earlier.read()
                joined.update(earlier, map_path=lambda name: str((top / name).resolve()))
            except CoverageException as problem:
                untidy.append(f"The coverage of an earlier run could not be added: {_one_line(problem)}.")


@contextmanager
def _closing(data: CoverageData) -> Iterator[CoverageData]:
    """Data in memory are closed by force only, and left open they raise a warning in the user's run."""
    try:
        yield data
    finally:
        data.close(force=True)


def _relative_name(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else str(path)


def _one_line(problem: CoverageException) -> str:
    return " ".join(str(problem).split()).rstrip(".")

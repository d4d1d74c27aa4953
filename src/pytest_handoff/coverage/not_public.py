"""Use what coverage.py and pytest-cov have no public way to do, here and in ``not_public_children`` alone.

Tried with coverage.py 7.10.6 to 7.17.5, pytest-cov 7.0 to 7.1 and multiprocessing of Python 3.11 to 3.14; `make test-newest`
tries the newest. What a release has changed raises :class:`Changed`, or is answered with ``None``, and whoever asks goes a
public way, which takes longer or knows less, and never says another thing:

- sources are parsed, and files analysed, by ``Coverage.analysis2``: each report parses them again, and no run remembers them;
- a measurement has not been stopped as long as there is one; the sysmon core is known by its name at ``sys.monitoring``;
- whoever switches the context is noticed at the end only; with branches, the sysmon core keeps no kinds of tests apart;
- data stay in the project's folder while tests run, with a note; it is unknown which test started a process;
- without pytest-cov's controller nothing is measured, and the message names ``coverage run``.
"""

from __future__ import annotations

import ast
import os
import sqlite3
import sys
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    import pytest
    from coverage.plugin import FileReporter
    from coverage.results import Analysis

    import coverage
    from coverage import CoverageData


_T = TypeVar("_T")


class Changed(Exception):
    """Says that a part of another package is gone, or is not what it was."""


@contextmanager
def as_it_was() -> Iterator[None]:
    """Take any error for a change, but for those that are about a source or about data, and mean the same everywhere."""
    from coverage.exceptions import CoverageException

    try:
        yield
    except (CoverageException, SyntaxError, OSError, sqlite3.Error, RecursionError, MemoryError, UnicodeError):
        raise
    except Exception as error:
        raise Changed(f"{type(error).__name__}: {error}") from error


# Sources and their analyses.


def reporter_of(cov: coverage.Coverage, name: str) -> FileReporter:
    """Return what coverage.py reads a file with: its own parser, or a plugin."""
    from coverage import FileReporter

    with as_it_was():
        return checked(cov._get_file_reporter(name), FileReporter)


def analysis_of(data: CoverageData, precision: int, reporter: FileReporter, name: str) -> Analysis:
    """Analyse a file of these data as coverage.py's reports do."""
    with as_it_was(), _arcs_read_once(data):
        from coverage.results import Analysis, analysis_from_file_reporter

        return checked(analysis_from_file_reporter(data, precision, reporter, name), Analysis)


@contextmanager
def _arcs_read_once(data: CoverageData) -> Iterator[None]:
    """Answer from memory who asks again for the arcs of a file: an analysis does, since what ran follows from them as well."""
    data.arcs = lru_cache(maxsize=1)(data.arcs)  # type: ignore[method-assign] # of this object alone
    try:
        yield
    finally:
        vars(data).pop("arcs")


def name_in_data(cov: coverage.Coverage, reporter: FileReporter) -> str:
    """Return the name that data have for a reporter's file."""
    with as_it_was():
        return checked(cov._file_mapper(reporter.filename), str)


def share_analyses(cov: coverage.Coverage, found: Callable[[FileReporter], Analysis | Exception | None]) -> None:
    """Let all reports of a measurement ask ``found`` first; a coverage.py that makes its analyses elsewhere makes them alone."""
    alone = _part(cov, "_analyze")
    if not callable(alone):
        return

    def analyze(morf: Any, file_reporter: FileReporter | None = None, *args: Any, **kwargs: Any) -> Any:
        # Only an analysis that is asked for as today can be shared.
        asked = None if args or kwargs else file_reporter
        if asked is None and isinstance(morf, str) and not (args or kwargs):
            asked = _or_none(reporter_of, cov, morf)
        shared = None if asked is None else found(asked)
        if isinstance(shared, Exception):
            raise shared
        return shared or alone(morf, *(() if file_reporter is None else (file_reporter,)), *args, **kwargs)

    cov._analyze = analyze  # type: ignore[method-assign] # the one place that all reports ask


def first_lines(reporter: FileReporter) -> dict[int, int] | None:
    """Map each line of a Python source to the first line of its statement; ``None`` for a source of another language."""
    with as_it_was():
        from coverage.python import PythonFileReporter

        if not isinstance(reporter, PythonFileReporter):
            return None
        return {checked(line, int): checked(first, int) for line, first in reporter.multiline_map().items()}


def ends_of_with(reporter: FileReporter) -> tuple[frozenset[tuple[int, int]], frozenset[int]]:
    """Return the arcs back to a ``with``, in place of which coverage.py's parser has others, and the lines of these ``with``.

    Ask for the arcs of the source before.
    """
    with as_it_was():
        fixers: Any = checked(reporter.parser._with_jump_fixers, dict)  # type: ignore[attr-defined]
        ends = frozenset((checked(end, int), checked(start, int)) for (end, start), instead in fixers.items() if instead)
        dropped = frozenset(checked(start, int) for (start, _), instead in fixers.items() if not instead)
        return ends, dropped | {start for _, start in ends}


_NOT_KEPT = frozenset({"text", "filename", "exclude", "_ast_root", "_missing_arc_fragments", "_first_line_cache"})
"""Attributes of coverage.py's parser that are given to it, or that no figure needs."""


def parsed_state(reporter: FileReporter, text: str) -> tuple[dict[str, Any] | None, ast.AST]:
    """Return what coverage.py's parser found in a text, ``None`` if it read another one, and the syntax tree.

    Call it before arcs are asked for, which make the parser drop its tree; the state then grows with them.
    """
    with as_it_was():
        parser: Any = reporter.parser  # type: ignore[attr-defined]
        tree = getattr(parser, "_ast_root", None)
        state = vars(parser) if parser.text == text else None
        return state, tree if isinstance(tree, ast.AST) else ast.parse(text)


def plain_state(state: dict[str, Any]) -> dict[str, Any]:
    """Pick what is worth keeping of a parser's state."""
    return {name: value for name, value in state.items() if name not in _NOT_KEPT}


def restore(reporter: FileReporter, text: str, state: dict[str, Any]) -> None:
    """Give a reporter a parser that knows already what another one found in the same text, so that it need not parse."""
    with as_it_was():
        parser = _known_parser()(text=text, filename=reporter.filename)
        if not {"_parser"} <= vars(reporter).keys() or not vars(parser).keys() - _NOT_KEPT <= state.keys():
            raise AttributeError("a parser has other attributes")
        vars(parser).update(state)
        reporter._parser = parser  # type: ignore[attr-defined]


@cache
def _known_parser() -> Any:
    from coverage.parser import PythonParser

    class KnownParser(PythonParser):
        """A parser that works out the words in which reports explain branches when they ask: they are not kept."""

        def missing_arc_description(self, *args: Any, **kwargs: Any) -> str:
            self._explain()
            return super().missing_arc_description(*args, **kwargs)

        def arc_description(self, *args: Any, **kwargs: Any) -> str:
            self._explain()
            return super().arc_description(*args, **kwargs)

        def _explain(self) -> None:
            if self._missing_arc_fragments is None:
                self._ast_root = ast.parse(self.text)
                self._analyze_ast()

    return KnownParser


# A measurement that runs.


def current_coverage() -> coverage.Coverage | None:
    """Return what measures this process, but for what coverage.py started by itself since a parent process is measured."""
    imported = sys.modules.get("coverage")
    if imported is None:  # so nothing measures, and importing it just to ask would take time
        return None
    current: coverage.Coverage | None = imported.Coverage.current()
    try:
        return None if current is vars(imported.process_startup).get("coverage") else current
    except (AttributeError, TypeError):
        by_itself = {"COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"} & os.environ.keys()
        return None if by_itself else current


def was_stopped(cov: coverage.Coverage) -> bool:
    """Check whether somebody has stopped what was started."""
    started = _part(cov, "_started")
    if isinstance(started, bool):
        return not started
    imported = sys.modules.get("coverage")
    return imported is not None and isinstance(cov, imported.Coverage) and imported.Coverage.current() is None


def context_of(cov: coverage.Coverage) -> str | None:
    """Return the context that lines are recorded under now, or ``None`` if it is not known."""
    context = _part(_part(cov, "_data"), "_current_context")
    return context if isinstance(context, str) else None


def uses_sysmon(cov: coverage.Coverage) -> bool:
    """Check whether a measurement that has begun uses ``sys.monitoring``."""
    tracer = _part(_part(cov, "_core"), "tracer_class")
    if isinstance(tracer, type):
        return tracer.__name__ == "SysMonitor"
    monitoring: Any = getattr(sys, "monitoring", None)
    return monitoring is not None and any("coverage" in (monitoring.get_tool(number) or "") for number in range(6))


def lines_before(cov: coverage.Coverage) -> list[Any] | None:
    """Return what the sysmon core knows of each code that ran, to be forgotten (``last_line``); ``None`` if that is not known."""
    tracers = _part(_part(cov, "_collector"), "tracers")
    if not isinstance(tracers, list) or not all(isinstance(_part(one, "code_infos"), dict) for one in tracers):
        return None
    found = [info for tracer in tracers for info in list(tracer.code_infos.values())]
    return found if all(_has(info, "last_line") for info in found) else None


def is_in_a_test() -> bool:
    """Check whether pytest is at work in this thread already: then a test has called it once more."""
    try:
        from _pytest.main import wrap_session
    except ImportError:  # what pytest says itself, and anybody could say
        return "PYTEST_CURRENT_TEST" in os.environ
    where = (wrap_session.__name__, wrap_session.__module__)
    frame: FrameType | None = sys._getframe()
    while frame is not None and (frame.f_code.co_name, frame.f_globals.get("__name__")) != where:
        frame = frame.f_back
    return frame is not None


# pytest-cov's controller.


def cov_controller(config: pytest.Config) -> Any:
    """Return pytest-cov's controller of this run's measurement, or ``None``."""
    found = _part(config.pluginmanager.get_plugin("_cov"), "cov_controller")
    return found if _has(found, "cov") and isinstance(_part(found, "started"), bool) else None


def hides_its_measurement(config: pytest.Config) -> bool:
    """Check whether pytest-cov measures, and has no controller that we know."""
    active = config.pluginmanager.get_plugin("_cov") is not None and not getattr(config.option, "no_cov", False)
    return active and cov_controller(config) is None


def measures_for_reports(config: pytest.Config) -> coverage.Coverage | None:
    """Return the measurement that pytest-cov's reports will be about."""
    cov: coverage.Coverage | None = _part(cov_controller(config), "combining_cov")
    return cov


def finish_early(controller: Any, before: Callable[[], None]) -> bool:
    """Let pytest-cov put its data together if the run ended before it did; ``before`` is called then."""
    with as_it_was():
        if controller.cov is controller.combining_cov and not controller.started:
            return False
        before()
        controller.finish()
        return True


def lost_workers(controller: Any) -> list[str]:
    """List the workers of pytest-xdist whose data pytest-cov did not get."""
    with as_it_was():
        return sorted({str(node.gateway.id) for node in controller.failed_workers})


# The file of a measurement's data.


_OF_DATA = {"_filename": str, "_no_disk": bool, "_have_used": bool, "_file_map": dict, "_has_lines": bool, "_has_arcs": bool}


def movable_data(cov: coverage.Coverage | None) -> Any:
    """Return the data of a measurement if they are in a file that can be moved, without using them; else ``None``."""
    data: Any = _part(cov, "_data")
    known = all(isinstance(_part(data, name), kind) for name, kind in _OF_DATA.items())
    known = known and _has(data, "_current_context_id") and callable(_part(data, "_start_using"))
    return data if known and not data._no_disk else None


def is_used(data: Any) -> bool:
    """Check whether movable data have been used, so that they have a file."""
    return bool(data._have_used)


def point_to(data: Any, file: Path | str) -> None:
    """Let movable data are in another file."""
    data.close(force=True)
    data._filename = str(file)


def begin_file(data: Any) -> None:
    """Let movable data that were never used have a file: coverage.py begins it anew, by another, when they are first used."""
    if not data._have_used:
        data._start_using()


def forget_lines(data: Any) -> None:
    """Let movable data know nothing of the file that they were about."""
    data.close(force=True)
    data._file_map, data._current_context_id = {}, None
    data._has_lines = data._has_arcs = False


def config_file_of(cov: coverage.Coverage) -> str | None:
    """Return the file that a measurement is configured by; ``None`` if there is none, or this coverage.py does not tell."""
    file = _part(_part(cov, "config"), "config_file")
    return file if isinstance(file, str) else None


def _part(whole: Any, name: str) -> Any:
    """Return an attribute, or ``None`` where it is gone or does not work any more."""
    try:
        return getattr(whole, name)
    except Exception:
        return None


def _has(whole: Any, name: str) -> bool:
    try:
        return hasattr(whole, name)
    except Exception:
        return False


def checked(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is no {kind.__name__}")
    return value


def _or_none(ask: Callable[..., Any], *args: Any) -> Any:
    try:
        return ask(*args)
    except Changed:
        return None

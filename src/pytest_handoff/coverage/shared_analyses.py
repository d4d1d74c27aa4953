"""Analyse each source once, for the reports that pytest-cov prints and for the evidence."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from coverage.exceptions import CoverageException, NotPython
from coverage.results import Analysis, analysis_from_file_reporter

from pytest_handoff.coverage.parsed_sources import SourceFacts, cache_folder, no_collections, parsed_sources

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    import coverage
    from coverage.data import CoverageData
    from coverage.plugin import FileReporter
    from coverage.types import TMorf

    from pytest_handoff.coverage.parsed_sources import ParsedSources


UNREADABLE = (CoverageException, SyntaxError, ValueError, OSError)
"""The exceptions that coverage.py raises for a source that it cannot read or parse."""


class Analysed(NamedTuple):
    """An analysis of a file by coverage.py, and the facts about its source."""

    analysis: Analysis
    facts: SourceFacts


class SharedAnalyses:
    """A plugin on the controller that lends the parsed sources to pytest-cov's reports, and keeps their analyses.

    pytest-cov makes two reports, a total and a table, and coverage.py analyses every file anew for each. Here it is analysed
    once, by coverage.py's own code, from a source that an earlier run may have parsed. Without a report, nothing is kept.

    Args:
        config: gives the cache that keeps what is known of sources.
        faults: catches what goes wrong in here; coverage.py then works as it would alone.
    """

    def __init__(self, config: pytest.Config, faults: AbstractContextManager[object]) -> None:
        self._config = config
        self._faults = faults
        self._parsed: ParsedSources | None = None
        self._data: CoverageData | None = None
        self._by_name: dict[str, Analysed] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Attach before pytest-cov reports, which it does at the end of this hook, inside this wrapper."""
        with self._faults:
            controller = getattr(self._config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
            if controller is not None and controller.combining_cov is not None:
                self.attach(controller.combining_cov)
        return (yield)

    def attach(self, cov: coverage.Coverage) -> None:
        """Let the reports of a measurement share their analyses; a coverage.py that makes them elsewhere repeats them."""
        alone = getattr(cov, "_analyze", None)
        if alone is None:
            return

        def analyze(morf: TMorf, file_reporter: FileReporter | None = None) -> Analysis:
            reporter = file_reporter or cov._get_file_reporter(morf)
            found = self._analysis(cov, reporter)
            if isinstance(found, NotPython):
                raise found
            return found or cast("Analysis", alone(morf))

        cov._analyze = analyze  # type: ignore[method-assign] # the one place that all reports ask

    def parsed(self, cov: coverage.Coverage) -> ParsedSources:
        """Return the parsed sources, the same for the whole run."""
        if self._parsed is None:
            self._parsed = parsed_sources(cov, cache_folder(self._config))
        return self._parsed

    def found(self, data: CoverageData, name: str) -> Analysed | None:
        """Return what a report has found out about a file in these very data, or ``None``."""
        return self._by_name.get(name) if data is self._data else None

    def forget(self) -> None:
        """Drop what was found out, which is a lot if branches are measured."""
        self._data, self._by_name = None, {}

    def _analysis(self, cov: coverage.Coverage, reporter: FileReporter) -> Analysis | NotPython | None:
        """Return the analysis, or coverage.py's error for a source that is not Python; ``None`` leaves it to coverage.py."""
        with self._faults, suppress(*UNREADABLE):
            data, name = cov.get_data(), cov._file_mapper(reporter.filename)
            if data is not self._data:
                self._data, self._by_name = data, {}
            known = self._by_name.get(name)
            if known is not None and known.analysis.precision != cov.config.precision:
                known = None
            # With branches, a report asks its reporter to explain them, and the reporter needs the parsed source for that.
            if known is None or data.has_arcs():
                try:
                    known = self._by_name[name] = self._analysed(cov, reporter, name, known)
                except NotPython as problem:
                    # Older versions say something else when they are asked again.
                    return problem
            return known.analysis
        return None

    def _analysed(self, cov: coverage.Coverage, reporter: FileReporter, name: str, known: Analysed | None) -> Analysed:
        data = cov.get_data()
        with no_collections():
            facts = self.parsed(cov).facts(reporter, branches=data.has_arcs())
            return known or Analysed(analysis_from_file_reporter(data, cov.config.precision, reporter, name), facts)

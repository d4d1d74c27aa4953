"""Analyse each source once, for the reports that pytest-cov prints and for the evidence."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest
from coverage.exceptions import CoverageException, NotPython
from coverage.files import GlobMatcher, prep_patterns
from coverage.parser import PythonParser
from coverage.python import PythonFileReporter
from coverage.results import Analysis, Numbers, analysis_from_file_reporter

from pytest_handoff.coverage.contexts import cov_controller
from pytest_handoff.coverage.parsed_sources import SourceFacts, cache_folder, no_collections, parsed_sources
from pytest_handoff.evidence.measurement import Lines, Measured, MeasuredFile, Measurement, NotMeasured, RunBy

if TYPE_CHECKING:
    from collections.abc import Generator

    from coverage.data import CoverageData
    from coverage.plugin import FileReporter
    from coverage.types import TMorf

    import coverage
    from pytest_handoff.coverage.parsed_sources import ParsedSources


UNREADABLE = (CoverageException, SyntaxError, ValueError, OSError, RecursionError, MemoryError)
"""The exceptions that coverage.py and Python's parser raise for a source that they cannot read, or that is nested too deeply."""


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
            controller = cov_controller(self._config)
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


_NO_COVER = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)"
"""The exclusion comment that coverage.py knows by default."""

ContextReader = Callable[[str], RunBy | None]
"""Maps the name of a coverage.py context to the kind of test it stands for, or to ``None``."""


@dataclass(frozen=True, slots=True)
class FileReader:
    """A reader of the files of one measurement.

    Attributes:
        cov: gives the configuration and the parsers, but not the data.
        root: the resolved folder that paths are relative to.
        is_test: says whether a path belongs to the tests.
        run_by: reads a context's name; ``None`` if it is not known which tests ran what.
        parsed: parses sources, or knows them already.
        shared: knows what reports have already found out, if there were any.
        lasting: whether the data can still be queried after the reading.
    """

    cov: coverage.Coverage
    root: Path
    is_test: Callable[[str], bool]
    run_by: ContextReader | None
    parsed: ParsedSources
    shared: SharedAnalyses | None = None
    lasting: bool = False

    def measurement(self, data: CoverageData, unseen: Iterable[Path]) -> Measured | NotMeasured:
        """Measure all files of coverage.py's report, and beside them those that it does not look at, with nothing covered."""
        with no_collections(), _kept_open(data):
            return self._measurement(data, unseen)

    def _measurement(self, data: CoverageData, unseen: Iterable[Path]) -> Measured | NotMeasured:
        problems: list[str] = []
        names = {self._path_of(name): name for name in sorted(data.measured_files())}
        found = dict(self._each(data, names, problems))
        if not found:
            return NotMeasured(" ".join(["no file of the code under test was measured", *problems]))
        files = {path: file for path, (file, _) in found.items()}
        others = {path.relative_to(self.root).as_posix(): str(path) for path in _importable(unseen, files, self.root)}
        beside = {path: file for path, (file, _) in self._each(data, others, problems)}
        total = sum((numbers for _, numbers in found.values()), start=Numbers())
        branches = _percent(total.n_executed_branches, total.n_branches) if data.has_arcs() else None
        measurement = Measurement(
            files=files,
            tests=frozenset(filter(self.is_test, files)),
            beside=beside,
            percent=total.pc_covered,
            branch_percent=branches,
            precision=self.cov.config.precision,
            notes=(*problems, *_twice(files)),
        )
        return Measured(measurement, self._lines(data, {**beside, **files}, {**others, **names}))

    def _each(
        self, data: CoverageData, names: Mapping[str, str], problems: list[str]
    ) -> Iterator[tuple[str, tuple[MeasuredFile, Numbers]]]:
        """Measure files one by one, but for those that the configuration leaves out of reports."""
        for path, name in sorted(names.items()):
            if self._left_out(name):
                continue
            try:
                yield path, self._measure(data, name, path)
            except UNREADABLE as problem:
                problems.append(f"{path} is not measured: {self._without_root(problem)}.")

    def _path_of(self, name: str) -> str:
        """Name a file relative to the root, or else to where Python searches for it, with that folder's name."""
        path = Path(name).resolve()
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        installed = [place for place in path.parents if place.name.endswith("-packages")]
        searched = [place for place in map(Path, filter(None, sys.path)) if path.is_relative_to(place)]
        top = max(installed or searched, key=lambda place: len(place.parts), default=path.parent)
        return f"{top.name}/{path.relative_to(top).as_posix()}"

    def _left_out(self, name: str) -> bool:
        """Check whether ``[report] include`` and ``omit`` leave a file out, as in coverage.py's own reports."""
        include, omit = self.cov.config.report_include, self.cov.config.report_omit
        return (bool(include) and not _matches(include, name)) or (bool(omit) and _matches(omit, name))

    def _measure(self, data: CoverageData, name: str, relative: str) -> tuple[MeasuredFile, Numbers]:
        analysis, (first_line, shape) = self._analysed(data, name)
        numbers = analysis.numbers
        file = MeasuredFile(
            path=relative,
            statements=frozenset(analysis.statements),
            excluded=frozenset(analysis.excluded),
            missing=frozenset(analysis.missing),
            first_line=first_line,
            headers=shape.headers,
            import_time=shape.import_time,
            called_at_import=shape.called_at_import,
            num_branches=numbers.n_branches if analysis.has_arcs else None,
            covered_branches=numbers.n_executed_branches if analysis.has_arcs else None,
            percent=numbers.pc_covered,
        )
        return file, numbers

    def _analysed(self, data: CoverageData, name: str) -> Analysed:
        found = self.shared and self.shared.found(data, name)
        if found:
            return found
        reporter = self.cov._get_file_reporter(name)
        facts = self.parsed.facts(reporter, branches=data.has_arcs())
        return Analysed(analysis_from_file_reporter(data, 0, reporter, name), facts)

    def _lines(self, data: CoverageData, files: Mapping[str, MeasuredFile], names: Mapping[str, str]) -> Lines:
        """Offer the lines of each file; read them now if the data cannot be asked later."""

        def executed(path: str) -> dict[RunBy, frozenset[int]]:
            return self._executed(data, names[path], files[path])

        def marked(path: str) -> frozenset[int]:
            excluded = files[path].excluded
            return _marked_in(self.cov._get_file_reporter(names[path]), excluded) if excluded else excluded

        known = None if self.lasting else {path: executed(path) for path in files}
        return Lines(executed=executed if known is None else known.__getitem__, marked=marked)

    def _executed(self, data: CoverageData, name: str, file: MeasuredFile) -> dict[RunBy, frozenset[int]]:
        if self.run_by is None:
            return {}
        # Neighbouring lines mostly ran in the same contexts, so read each set of contexts once.
        together: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(name).items():
            together[tuple(contexts)].add(file.first_line.get(line, line))
        executed: dict[RunBy, frozenset[int]] = defaultdict(frozenset)
        for names, lines in together.items():
            for run_by in set(map(self.run_by, names)):
                if run_by is not None:
                    executed[run_by] |= lines & file.statements
        return dict(executed)

    def _without_root(self, problem: Exception) -> str:
        return str(problem).replace(str(self.root), "").replace("'/", "'").rstrip(".")


def in_source(path: Path, folders: list[Path], includes: list[str], cov: coverage.Coverage) -> bool:
    """Check whether coverage.py was asked to measure a file, which it may not know because nobody imported it."""
    if not path.is_file() or path.suffix != ".py" or _matches(cov.config.run_omit, str(path)):
        return False
    if folders:
        return any(path.is_relative_to(folder) for folder in folders)
    return not includes or _matches(includes, str(path))


def _kept_open(data: CoverageData) -> AbstractContextManager[object]:
    """Keep a data file open for many queries; older versions of coverage.py leave it open anyway."""
    data.lines("")  # The first query erases data that nobody has used yet, which must not happen while they are held open.
    keep_open: Callable[[], AbstractContextManager[object]] = getattr(data, "keep_db_open", nullcontext)
    return keep_open()


def _importable(unseen: Iterable[Path], measured: Iterable[str], root: Path) -> list[Path]:
    """Pick the files that lie where code was found, in its folder or further in: others may be scripts or settings of tools."""
    folders = {(root / path).parent for path in measured} - {root}
    return [path for path in unseen if not folders.isdisjoint(path.parents)]


def _twice(files: Iterable[str]) -> list[str]:
    """Name a file that is counted twice, since a copy of it is installed elsewhere."""
    installed = {path.rpartition("-packages/")[2]: path for path in sorted(files) if "-packages/" in path}
    inside = [path for path in sorted(files) if "-packages/" not in path]
    pairs = [(path, copy) for path in inside for tail, copy in installed.items() if f"/{path}".endswith(f"/{tail}")]
    if not pairs:
        return []
    more = f", and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    return [f"Counted twice: {pairs[0][0]} and its copy {pairs[0][1]}{more}; [tool.coverage.paths] can join them."]


def _percent(part: int, whole: int) -> float:
    """Compute a percentage as coverage.py does, also if there is nothing to cover."""
    return 100.0 * part / whole if whole else 100.0


def _matches(patterns: list[str] | None, name: str) -> bool:
    return patterns is not None and GlobMatcher(prep_patterns(patterns), "handoff").match(name)


def _marked_in(reporter: FileReporter, excluded: frozenset[int]) -> frozenset[int]:
    """Pick the excluded lines that comments in the file would leave out by themselves, with all that belongs to them."""
    if not isinstance(reporter, PythonFileReporter) or not re.search(_NO_COVER, reporter.source()):
        return frozenset()
    parser = PythonParser(text=reporter.source(), exclude=_NO_COVER)
    parser.parse_source()
    return excluded & parser.excluded

"""Analyse each source once, for the reports that pytest-cov prints and for the evidence."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from coverage.exceptions import CoverageException, NotPython

from pytest_handoff.coverage.not_public import (
    Changed,
    analysis_of,
    measures_for_reports,
    name_in_data,
    reporter_of,
    share_analyses,
)
from pytest_handoff.coverage.parsed_sources import SourceFacts, cache_folder, no_collections, parsed_sources
from pytest_handoff.coverage.patterns import matches
from pytest_handoff.coverage.public_analyses import UNREADABLE, Figures, PublicAnalyses, marked_in
from pytest_handoff.coverage.unchanged import NONE_KNOWN, UnchangedFiles
from pytest_handoff.evidence.measurement import Lines, Measured, MeasuredFile, Measurement, NotMeasured, RunBy, UnreadContexts

if TYPE_CHECKING:
    from collections.abc import Generator

    from coverage.results import Analysis

    import coverage
    from coverage import CoverageData, FileReporter
    from pytest_handoff.coverage.parsed_sources import ParsedSources


class Analysed(NamedTuple):
    """An analysis of a file by coverage.py, and the facts about its source."""

    analysis: Analysis
    facts: SourceFacts

    @property
    def figures(self) -> Figures:
        """Return what the evidence needs of the analysis."""
        found, numbers = self.analysis, self.analysis.numbers
        branches = (numbers.n_branches, numbers.n_executed_branches) if found.has_arcs else None
        return Figures(frozenset(found.statements), frozenset(found.excluded), frozenset(found.missing), branches)


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
            cov = measures_for_reports(self._config)
            if cov is not None:
                self.attach(cov)
        return (yield)

    def attach(self, cov: coverage.Coverage) -> None:
        """Let the reports of a measurement share their analyses; a coverage.py that makes them elsewhere repeats them."""
        share_analyses(cov, lambda reporter: self._analysis(cov, reporter))

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
        with self._faults, suppress(*UNREADABLE, Changed):
            data, name = cov.get_data(), name_in_data(cov, reporter)
            if data is not self._data:
                self._data, self._by_name = data, {}
            known = self._by_name.get(name)
            if known is not None and known.analysis.precision != cov.get_option("report:precision"):
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
            return known or Analysed(analysis_of(data, _precision(cov), reporter, name), facts)


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
        unchanged: the files that are as an earlier session had them.
    """

    cov: coverage.Coverage
    root: Path
    is_test: Callable[[str], bool]
    run_by: ContextReader | None
    parsed: ParsedSources
    shared: SharedAnalyses | None = None
    unchanged: UnchangedFiles = NONE_KNOWN

    def measurement(self, data: CoverageData, unseen: Iterable[Path]) -> Measured | NotMeasured:
        """Measure all files of coverage.py's report, and beside them those that it does not look at, with nothing covered."""
        public = PublicAnalyses(self.cov)
        try:
            with no_collections(), _kept_open(data), self._own_data_kept_open(data):
                return self._measurement(data, unseen, public)
        finally:
            public.close()

    @contextmanager
    def _own_data_kept_open(self, data: CoverageData) -> Iterator[None]:
        """Keep coverage.py's own data open where others are read: it asks them which plugin reads a file, for each one."""
        own = self.cov.get_data()
        with ExitStack() as until:
            if own is not data and not all(map(self._left_out, data.measured_files())):
                with suppress(CoverageException):  # each file will say so
                    until.enter_context(_kept_open(own))
            yield

    def _measurement(self, data: CoverageData, unseen: Iterable[Path], public: PublicAnalyses) -> Measured | NotMeasured:
        problems: list[str] = []
        names = {self._path_of(name): name for name in sorted(data.measured_files())}
        found = dict(self._each(data, names, problems, public))
        if not found:
            return NotMeasured(" ".join([f"no file of the code under test was measured{self._why_none(names)}", *problems]))
        files = {path: file for path, (file, _) in found.items()}
        others = {path.relative_to(self.root).as_posix(): str(path) for path in _importable(unseen, files, self.root)}
        beside = {path: file for path, (file, _) in self._each(data, others, problems, public)}
        counts = [figures.counts for _, figures in found.values()]
        of_branches = [figures.branches for _, figures in found.values() if figures.branches is not None]
        branches = _percent(sum(ran for _, ran in of_branches), sum(total for total, _ in of_branches))
        measurement = Measurement(
            files=files,
            tests=frozenset(filter(self.is_test, files)),
            beside=beside,
            percent=_percent(sum(ran for ran, _ in counts), sum(total for _, total in counts)),
            branch_percent=branches if data.has_arcs() else None,
            precision=_precision(self.cov),
            notes=(*problems, *_twice(files)),
            parsed_by=self.parsed.made_by(branches=data.has_arcs()),
        )
        return Measured(measurement, self._lines(data, {**beside, **files}, {**others, **names}))

    def _each(
        self, data: CoverageData, names: Mapping[str, str], problems: list[str], public: PublicAnalyses
    ) -> Iterator[tuple[str, tuple[MeasuredFile, Figures]]]:
        """Measure files one by one, but for those that the configuration leaves out of reports."""
        for path, name in sorted(names.items()):
            if self._left_out(name):
                continue
            try:
                yield path, self._measure(path, *self._analysed(data, path, name, public))
            except UNREADABLE as problem:
                problems.append(f"{path} is not measured: {self._without_root(problem)}.")

    def _path_of(self, name: str) -> str:
        """Name a file relative to the root, or else to where Python searches for it, with that folder's name."""
        found, top = resolved(name), f"{self.root}{os.sep}"
        if found.startswith(top):
            return found.removeprefix(top).replace(os.sep, "/")
        path = Path(found)
        installed = [place for place in path.parents if place.name.endswith("-packages")]
        searched = [place for place in map(Path, filter(None, sys.path)) if path.is_relative_to(place)]
        place = max(installed or searched, key=lambda place: len(place.parts), default=path.parent)
        return f"{place.name}/{path.relative_to(place).as_posix()}"

    def _why_none(self, names: Mapping[str, str]) -> str:
        """Name the settings that leave out every file that ran; without them the reason is not known."""
        left_out = [path for path, name in sorted(names.items()) if self._left_out(name)]
        if not left_out or len(left_out) < len(names):
            return ""
        options = [option for option in ("include", "omit") if listed_option(self.cov, f"report:{option}")]
        return (
            f": coverage.py's [report] settings leave out {'every' if len(names) > 1 else 'the only'} file that ran, such as"
            f" {left_out[0]}; change {' and '.join(options)} there"
        )

    def _left_out(self, name: str) -> bool:
        """Check whether ``[report] include`` and ``omit`` leave a file out, as in coverage.py's own reports."""
        include, omit = (listed_option(self.cov, f"report:{option}") for option in ("include", "omit"))
        return (bool(include) and not matches(include, name)) or matches(omit, name)

    def _measure(self, path: str, figures: Figures, facts: SourceFacts) -> tuple[MeasuredFile, Figures]:
        file = MeasuredFile(
            path=path,
            statements=figures.statements,
            excluded=figures.excluded,
            missing=figures.missing,
            first_line=facts.first_line,
            headers=facts.shape.headers,
            import_time=facts.shape.import_time,
            called_at_import=facts.shape.called_at_import,
            num_branches=figures.branches[0] if figures.branches else None,
            covered_branches=figures.branches[1] if figures.branches else None,
            percent=_percent(*figures.counts),
            layout=facts.layout,
            branches=facts.branches,
        )
        return file, figures

    def _analysed(self, data: CoverageData, path: str, name: str, public: PublicAnalyses) -> tuple[Figures, SourceFacts]:
        found = self.shared and self.shared.found(data, name)
        if not found:
            try:
                reporter = reporter_of(self.cov, name)
                if path in self.unchanged and not self.parsed.knows(reporter):
                    known = self.unchanged.figures(data, path, name, self.parsed.made_by(branches=data.has_arcs()))
                    if known is not None:
                        return known
                facts = self.parsed.facts(reporter, branches=data.has_arcs())
                found = Analysed(analysis_of(data, 0, reporter, name), facts)
            except Changed:
                return public.analyse(data, name)
        return found.figures, found.facts

    def _lines(self, data: CoverageData, files: Mapping[str, MeasuredFile], names: Mapping[str, str]) -> Lines:
        """Offer the lines of each file, which are read when they are asked for."""

        def executed(path: str) -> dict[RunBy, frozenset[int]]:
            try:
                return self._executed(data, names[path], files[path])
            except (CoverageException, sqlite3.Error) as problem:
                raise UnreadContexts(f"cannot read which tests ran {path}: {problem}") from problem

        def marked(path: str) -> frozenset[int]:
            excluded = files[path].excluded
            return excluded & marked_in(names[path]) if excluded else excluded

        def text(path: str) -> bytes | None:
            try:
                return Path(names[path]).read_bytes()
            except OSError:
                return None

        return Lines(executed=executed, marked=marked, text=text)

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


def resolved(name: str) -> str:
    """Follow the links in the name of a measured file; several readers of the same data ask for it."""
    return _resolved(name) if name.startswith(os.sep) else os.path.realpath(name)


_resolved = lru_cache(maxsize=1 << 14)(os.path.realpath)


def in_source(path: Path, folders: list[Path], includes: list[str], cov: coverage.Coverage) -> bool:
    """Check whether coverage.py was asked to measure a file, which it may not know because nobody imported it."""
    if not path.is_file() or path.suffix != ".py" or matches(listed_option(cov, "run:omit"), str(path)):
        return False
    if folders:
        return any(path.is_relative_to(folder) for folder in folders)
    return not includes or matches(includes, str(path))


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


def listed_option(cov: coverage.Coverage, option: str) -> list[str]:
    """Return an option of coverage.py that is a list, also where it is not given."""
    value = cov.get_option(option)
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _precision(cov: coverage.Coverage) -> int:
    value = cov.get_option("report:precision")
    return value if isinstance(value, int) else 0

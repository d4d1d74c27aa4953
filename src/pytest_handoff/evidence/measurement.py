"""Describe a run's coverage as data: the statements, which of them ran, and in which kind of test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.figures import format_ranges
from pytest_handoff.record import CoverageSummary, FileCoverage, Frozen, ParsedBy

_PREFIX = "handoff"
_UNKNOWN = "handoff-unknown"
_XFAIL = "xfail"


class RunBy(msgspec.Struct, frozen=True):
    """The kind of test that ran a line.

    Attributes:
        session: the session that the run belonged to; ``None`` if the data cannot come from any other session.
        tier: the test's tier, such as ``unit``.
        age: ``new`` (first recorded in that session, or changed in it) or ``old``.
        counts: whether a pass of such a test counts as one; ``False`` for tests marked xfail.
    """

    session: str | None
    tier: str
    age: str
    counts: bool = True


class MeasuredFile(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage of one file. Like coverage.py, it identifies a statement by the number of its first line.

    Attributes:
        path: relative to the root of the measurement, with ``/``.
        statements: all statements, without excluded ones.
        excluded: lines that coverage.py was told to exclude.
        missing: statements that nothing ran.
        first_line: maps each continuation line to the first line of its statement; other lines are not in it.
        headers: maps each ``def``, ``class`` and decorator line that runs at import to the statements of its body.
        import_time: the other statements that run at import, including those in class bodies.
        called_at_import: the statements of functions that nothing in the file calls but its import.
        num_branches, covered_branches: ``None`` if branches are not measured.
        percent: coverage.py's own figure, with branches if they are measured.
        layout: what its lines are, as text (:mod:`pytest_handoff.evidence.layouts`); empty where that is not kept.
        branches: where they can go on (:mod:`pytest_handoff.evidence.branches`); empty where that is not kept.
    """

    path: str
    statements: frozenset[int]
    excluded: frozenset[int] = frozenset()
    missing: frozenset[int] = frozenset()
    first_line: Mapping[int, int] = {}
    headers: Mapping[int, frozenset[int]] = {}
    import_time: frozenset[int] = frozenset()
    called_at_import: frozenset[int] = frozenset()
    num_branches: int | None = None
    covered_branches: int | None = None
    percent: float
    layout: str = ""
    branches: str = ""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage as coverage.py reports it.

    Attributes:
        files: those of coverage.py's own report; one outside the project is named by where Python searches for it.
        tests: those of them that are tests, or help tests: no code under test.
        beside: files of the measured source where coverage.py does not look by itself, since nobody imported them and a folder
            has no ``__init__.py``; code under test, with nothing covered, but in no total.
        percent: coverage.py's total over ``files``, unrounded, 0 to 100.
        branch_percent: the same for branches alone; ``None`` if they are not measured.
        precision: the number of decimals that the project's reports have.
        why_no_classes: why it is not known which kind of test ran what; ``None`` if it is known.
        untidy: why the data do not cover a whole run, one sentence each; any of these makes the run incomplete.
        notes: what a reader must know about the figures, one sentence each.
        parsed_by: what the statements, and the branches if they are measured, depend on besides the text of the sources;
            ``None`` where that is not kept.
    """

    files: Mapping[str, MeasuredFile]
    percent: float
    branch_percent: float | None
    precision: int = 0
    tests: frozenset[str] = frozenset()
    beside: Mapping[str, MeasuredFile] = {}
    why_no_classes: str | None = None
    untidy: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parsed_by: ParsedBy | None = None

    @property
    def code(self) -> Mapping[str, MeasuredFile]:
        """Return the files that hold code under test."""
        return {path: file for path, file in {**self.beside, **self.files}.items() if path not in self.tests}

    @property
    def classes_known(self) -> bool:
        """Check that the files' ``executed`` can be trusted."""
        return self.why_no_classes is None


class UnreadContexts(EvidenceProblem):
    """Coverage data that cannot be asked which tests ran a line; the message says why."""


class Lines(msgspec.Struct, frozen=True):
    """The lines of single files, by path, which only a file with new code is asked for.

    Attributes:
        executed: the lines that each kind of test ran; raises :class:`UnreadContexts` where the data cannot be asked.
        marked: the excluded lines that a comment in the file itself leaves out, ``pragma: no cover``; the file is parsed once
            more for them.
        text: the text of the file, or ``None`` where it cannot be read.
        close: lets go of the data; nobody can ask which tests ran a line after that.
    """

    executed: Callable[[str], Mapping[RunBy, frozenset[int]]]
    marked: Callable[[str], frozenset[int]]
    text: Callable[[str], bytes | None] = lambda _path: None
    close: Callable[[], object] = lambda: None


class Measured(msgspec.Struct, frozen=True):
    """A measurement, and a way to get the lines of its files."""

    measurement: Measurement
    lines: Lines

    def without_kinds(self, why: str) -> Measured:
        """Return the same without the kinds of tests that ran each line, and the reason."""
        measurement = replace(self.measurement, why_no_classes=why)
        return Measured(measurement, replace(self.lines, executed=lambda _path: {}))


class NotMeasured(msgspec.Struct, frozen=True):
    """The reason why there is no coverage; ``untidy`` as in :class:`Measurement`."""

    why: str
    untidy: tuple[str, ...] = ()


def context_name(session: str, tier: str, age: str, *, xfail: bool = False, nonce: str = "") -> str:
    """Name coverage.py's dynamic context for one kind of test: ``handoff:session-3:unit:new``.

    A run puts a random word, its nonce, behind the first, so that nobody can write down the name beforehand. The name holds the
    session, because one data file can hold several sessions' data (``--cov-append``). Colons and bars within the parts are
    percent-encoded: coverage.py joins a static context to the name with a bar.
    """
    from urllib.parse import quote  # it is needed where coverage is measured, and takes its time

    parts = [f"{_PREFIX}.{nonce}" if nonce else _PREFIX, *(quote(part, safe=" ") for part in (session, tier, age))]
    return ":".join([*parts, _XFAIL] if xfail else parts)


def unknown_context(why: str) -> str:
    """Name a context that says, in the coverage data, why these do not tell kinds of tests apart."""
    from urllib.parse import quote

    return f"{_UNKNOWN}:{quote(why, safe=' ')}"


def parse_unknown(name: str) -> str | None:
    """Read the reason that :func:`unknown_context` wrote; ``None`` for any other context."""
    from urllib.parse import unquote

    prefix, _, why = name.rpartition("|")[2].partition(":")
    return unquote(why) if prefix == _UNKNOWN else None


def parse_context(name: str, *, nonce: str | None = None) -> RunBy | None:
    """Read the kind of test that :func:`context_name` named, even behind a static context; ``None`` for any other context.

    Args:
        nonce: the run's nonce; ``None`` where the data are of several runs, so that any will do.
    """
    from urllib.parse import unquote

    first, *parts = name.rpartition("|")[2].split(":")
    prefix, _, said = first.partition(".")
    if nonce is not None and said != nonce:
        return None
    xfail = len(parts) == 4 and parts[3] == _XFAIL
    if prefix != _PREFIX or not (len(parts) == 3 or xfail):
        return None
    session, tier, age = (unquote(part) for part in parts[:3])
    return RunBy(session, tier, age, counts=not xfail)


def is_disguised(name: str, *, nonce: str) -> bool:
    """Check whether a context has a name like ours but does not belong to the run with this nonce."""
    return parse_context(name) is not None and parse_context(name, nonce=nonce) is None


def summarise(measurement: Measurement) -> CoverageSummary:
    """Turn the measurement into figures and line ranges, with the files sorted by path."""
    files = {path: _summarise_file(measurement.files[path]) for path in sorted(measurement.files)}
    return CoverageSummary(
        percent=measurement.percent,
        branch_percent=measurement.branch_percent,
        num_statements=sum(file.num_statements for file in files.values()),
        covered=sum(file.covered for file in files.values()),
        files=files,
        precision=measurement.precision,
    )


def _summarise_file(file: MeasuredFile) -> FileCoverage:
    return FileCoverage(
        num_statements=len(file.statements),
        covered=len(file.statements - file.missing),
        percent=file.percent,
        missing=format_ranges(file.missing),
        excluded=len(file.excluded),
        excluded_lines=format_ranges(file.excluded),
        num_branches=file.num_branches,
        covered_branches=file.covered_branches,
    )


class PartCoverage(Frozen, frozen=True):
    """Describe how a part measured coverage; its data are beside it, with names relative to its rootdir.

    Attributes:
        source: folders that were to be measured, relative to the git root; empty where none was named.
        tests: those of them that hold tests.
        config_file: coverage.py's configuration file, relative to the git root.
        untidy: why the data are not those of the whole part, one sentence each.
        in_force: what coverage.py went by, with the keys of :class:`pytest_handoff.evidence.tool_settings.CoverageSettings`.
    """

    source: list[str]
    tests: list[str]
    config_file: str | None
    untidy: list[str] = []
    in_force: dict[str, object] = {}

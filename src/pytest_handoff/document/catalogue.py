"""List the fields of a hand-off document that evidence can fill, and the names that documents give them.

Aliases are written as :func:`keys_of` gives them: lower case, no punctuation, ``#`` for a number. Fields that only a person can
fill are not in the catalogue; a project's own names, and rows for metrics and paths, are added to it.
"""

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_handoff.document.labels import keys_of, own_key
from pytest_handoff.errors import UsageProblem
from pytest_handoff.printable import shorten
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


TOP = "(top)"
"""A section alias: the lines under the document's title, before its next heading."""


class Field(Frozen, frozen=True):
    """A field that evidence can fill.

    Attributes:
        kind: ``label`` (the value after a label), ``choice`` (the same, where a bare ``A | B`` asks to choose), ``fence`` (the
            body of the first code fence under a heading), ``cell`` (of a table, by its row's first cell and its column).
        sections: headings, one of which must enclose the field; if there are none, it may stand anywhere.
        labels: what the label, or the row's first cell, may be called.
        alone: the label is a word that could mean something else. It counts only if neither a heading nor a text that leads to
            a list stands between it and the heading of its section, and no other label was found for the id.
        parents: labels, one of which must be that of an enclosing list item.
        columns: what the column of a cell may be called.
    """

    id: str
    kind: Literal["label", "fence", "choice", "cell"]
    sections: tuple[str, ...]
    labels: tuple[str, ...] = ()
    alone: bool = False
    parents: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


_OVERVIEW = (TOP, "session overview", "overview", "session information", "session info", "summary", "überblick", "übersicht")
_OF_ALL_TESTS = (
    "test results", "test status", "testing results", "test execution", "test execution results",
    "test coverage", "tests", "testing", "quality metrics", "quality assurance", "validation results", "validation",
    "verification",
    "current project state", "current state", "evidence", "testergebnisse", "teststatus", "validierung", "qualität",
)  # fmt: skip
_TESTS = ("e2e test status", "e2e tests", "e2e test results", *_OF_ALL_TESTS)
_GATES = ("validation gates", "validation gate", "validierungsgates", "prüfpunkte")
_STATS = (
    "implementation stats",
    "implementation statistics",
    "session metrics",
    "session statistics",
    "statistics",
    "kennzahlen",
)
_CREATED = ("new files created", "new files", "files created", "created files", "neue dateien")
_MODIFIED = ("existing files modified", "files modified", "modified files", "files changed", "changed files", "geänderte dateien")
_REMOVED = ("files removed", "removed files", "files deleted", "deleted files", "entfernte dateien", "gelöschte dateien")
METRICS = ("key metrics", "metrics", "quality metrics", "test metrics", "current state", "kennzahlen")
PERFORMANCE = ("performance metrics", "performance", "benchmarks", "benchmark results")
MEASURED = (*PERFORMANCE, "actual", "results", "requirements", "targets", "acceptance criteria", *METRICS)
BEFORE = ("baseline", "vorher")
COVERAGE_TARGETS = ("coverage targets", "coverage by path", "abdeckungsziele")
VALUE = ("value", "actual", "current", "result", "wert", "ist")
COVERED: Mapping[str, tuple[str, ...]] = {"value": ("coverage", *VALUE, "abdeckung")}
TARGET = ("target", "goal", "ziel", "soll")
BESIDE_BEFORE: Mapping[str, tuple[str, ...]] = {"baseline": BEFORE, "improvement": ("improvement", "change", "delta")}
_STATUS = ("status", "result status", "stand", "met")
_UNIT = ("unit tests", "unit test status", "unittests", "komponententests")
_INTEGRATION = ("integration tests", "integration test status", "integrationstests")
_E2E = ("e2e tests", "end to end tests", "e2e test status")
_PERFORMANCE = ("performance tests", "performancetests")
E2E_SECTIONS = (*_E2E, "e2e", "e2e test results", "e2e results", "end to end test status")
_NOTHING_MORE: Mapping[str, tuple[str, ...]] = {}

_HANDOFF = (
    Field(id="overview.session", kind="label", sections=_OVERVIEW, labels=("session", "sitzung")),
    Field(id="overview.date", kind="label", sections=_OVERVIEW, labels=("completion date", "session date", "abschlussdatum")),
    Field(id="overview.agent", kind="label", sections=_OVERVIEW, labels=("agent", "author", "prepared by", "completed by")),
    Field(id="overview.duration", kind="label", sections=_OVERVIEW, labels=("duration", "session duration", "dauer")),
    Field(
        id="tests.current", kind="label", sections=_TESTS,
        labels=("current session tests", "tests of this session", "tests dieser sitzung"),
    ),
    Field(
        id="tests.previous", kind="label", sections=_TESTS,
        labels=("previous session tests", "previous sessions tests", "tests from previous sessions", "tests früherer sitzungen"),
    ),
    Field(id="tests.new", kind="label", sections=_TESTS, labels=("new test coverage", "new tests", "neue tests")),
    Field(
        id="tests.failures", kind="label", sections=_TESTS,
        labels=("test failures", "failing tests", "failed tests", "fehlgeschlagene tests"),
    ),
    Field(id="tests.total", kind="label", sections=(TOP, *_TESTS), labels=("test results", "tests gesamt")),
    Field(id="tests.total", kind="label", sections=(TOP, *_TESTS), labels=("tests", "total tests"), alone=True),
    Field(
        id="coverage.total", kind="label", sections=(TOP, *_TESTS, *METRICS),
        labels=("code coverage", "total coverage", "overall coverage", "coverage total", "testabdeckung", "codeabdeckung"),
    ),
    Field(
        id="coverage.total", kind="label", sections=(TOP, *_OF_ALL_TESTS, *METRICS), labels=("coverage", "abdeckung"), alone=True
    ),
    Field(id="next.existing", kind="label", sections=_GATES, labels=("existing functionality", "bestehende funktionalität")),
    Field(id="next.new", kind="label", sections=_GATES, labels=("new functionality", "neue funktionalität")),
    Field(id="next.integration", kind="label", sections=_GATES, labels=("integration points", "integrationspunkte")),
    Field(id="files.created", kind="fence", sections=_CREATED),
    Field(id="files.modified", kind="fence", sections=_MODIFIED),
    Field(id="files.removed", kind="fence", sections=_REMOVED),
    Field(
        id="stats.lines_added", kind="label", sections=_STATS,
        labels=("lines of code added", "lines added", "hinzugefügte zeilen"),
    ),
    Field(
        id="stats.files_created", kind="label", sections=_STATS,
        labels=("files created", "new files", "erstellte dateien"),
    ),
    Field(
        id="stats.files_modified", kind="label", sections=_STATS,
        labels=("files modified", "modified files", "geänderte dateien"),
    ),
    Field(id="stats.tests_added", kind="label", sections=_STATS, labels=("tests added", "new tests", "hinzugefügte tests")),
    Field(
        id="stats.docs_updated", kind="label", sections=_STATS,
        labels=("documentation updated", "docs updated", "aktualisierte dokumentation"),
    ),
    Field(id="status.session", kind="choice", sections=(), labels=("session status",)),
    Field(id="status.next", kind="choice", sections=(), labels=("next session ready", "ready for next session")),
)  # fmt: skip

_RECOVERY = (
    Field(id="recovery.updated", kind="label", sections=_OVERVIEW, labels=("last updated", "zuletzt aktualisiert")),
    Field(id="recovery.commands", kind="fence", sections=("commands to resume work", "commands to resume", "resume commands")),
    *(
        field
        for tier, names in (("unit", _UNIT), ("integration", _INTEGRATION), ("e2e", _E2E), ("performance", _PERFORMANCE))
        for field in (
            Field(id=f"tier.{tier}.status", kind="label", sections=_TESTS, labels=names),
            Field(id=f"tier.{tier}.coverage", kind="label", sections=_TESTS, labels=("coverage", "abdeckung"), parents=names),
            Field(
                id=f"tier.{tier}.passing", kind="label", sections=_TESTS, labels=("passing", "passed", "bestanden"), parents=names
            ),
            Field(id=f"tier.{tier}.issues", kind="label", sections=_TESTS, labels=("issues", "probleme"), parents=names),
        )
    ),
    Field(id="tier.performance.metrics", kind="label", sections=_TESTS, labels=("metrics", "metriken"), parents=_PERFORMANCE),
)


def row_fields(
    name: str, labels: tuple[str, ...], sections: tuple[str, ...] = METRICS, more: Mapping[str, tuple[str, ...]] = _NOTHING_MORE
) -> tuple[Field, ...]:
    """Make the cells of one row of a metrics table: its value, its target, and whether the target is met.

    Args:
        name: the ids are ``name.value``, ``name.target``, ``name.status`` and one for each key of ``more``.
        more: more columns, by the last word of their id.
    """
    columns = {"value": VALUE, "target": TARGET, "status": _STATUS, **more}
    return tuple(
        Field(id=f"{name}.{column}", kind="cell", sections=sections, labels=labels, columns=called)
        for column, called in columns.items()
    )


_SUMMARY = (
    *row_fields("metrics.tests", ("test count", "tests", "total tests", "number of tests")),
    *row_fields("metrics.pass_rate", ("test pass rate", "pass rate")),
    *row_fields(
        "metrics.coverage",
        ("coverage", "code coverage", "test coverage", "estimated coverage", "overall coverage", "total coverage"),
    ),
    *row_fields("metrics.new_code", ("new code coverage", "coverage of new code", "new code")),
    *row_fields(
        "metrics.duration", ("test duration", "test run duration", "suite duration", "test runtime"), MEASURED, BESIDE_BEFORE
    ),
    *row_fields("targets.overall", ("overall", "total", "all code", "gesamt"), COVERAGE_TARGETS, COVERED),
    *row_fields("targets.new_code", ("new code", "changed code", "neuer code"), COVERAGE_TARGETS, COVERED),
)

_PHASE = (
    Field(id="status.top", kind="choice", sections=(TOP,), labels=("status",)),
    Field(id="phase.status", kind="choice", sections=(), labels=("phase # status", "phase x status", "phase status")),
    Field(id="phase.files", kind="label", sections=(TOP,), labels=("files", "dateien")),
    Field(id="phase.results", kind="fence", sections=("test results", "testergebnisse")),
    Field(
        id="phase.next",
        kind="choice",
        sections=(),
        labels=("ready for phase #", "ready for phase x", "ready for phase x #", "next phase ready"),
    ),
)

FIELDS: tuple[Field, ...] = (*_HANDOFF, *_RECOVERY, *_SUMMARY, *_PHASE)

FAMILIES: tuple[tuple[Field, ...], ...] = (_HANDOFF, _RECOVERY, _SUMMARY, _PHASE)
"""The fields of each kind of document: session hand-off, session recovery, session summary, phase README."""


def fields_for(session: str) -> tuple[Field, ...]:
    """Return the catalogue for a session's own document: if its name ends in 5, ``Session 5 Tests`` are its current tests.

    Without the session's name, such a label may speak of any session, so the catalogue itself does not have it.
    """
    number = re.search(r"\d+$", session)
    if number is None:
        return FIELDS
    label = f"session {int(number[0])} tests"
    return tuple(
        msgspec.structs.replace(field, labels=(*field.labels, label)) if field.id == "tests.current" else field
        for field in FIELDS
    )


_TESTS_OF_A_SESSION = ("session {} tests", "session {} e2e tests", "tests of session {}", "tests from session {}")
_NO_SESSIONS: Mapping[int, str] = {}


def row_of(name: str) -> str:
    """Build the id of a metric's row."""
    return "metric." + "-".join(name.split())


_SEPARATOR = " > "


def own_names(fields: Sequence[Field], aliases: Mapping[str, Sequence[str]]) -> tuple[Field, ...]:
    """Give the fields the project's own names for them as well.

    Args:
        aliases: names by place id: ``Label``, ``Heading > Label``, or for a fenced block ``Heading``.

    Raises:
        UsageProblem: a place does not exist, or a name has no word in it.
    """
    _refuse_unknown(aliases)
    return tuple(_named(field, aliases[field.id]) if field.id in aliases else field for field in fields)


def catalogue(
    session: str,
    *,
    aliases: Mapping[str, Sequence[str]],
    metrics: Iterable[str] = (),
    rows: Iterable[str] = (),
    paths: Iterable[str] = (),
    sessions: Mapping[int, str] = _NO_SESSIONS,
) -> tuple[Field, ...]:
    """List every field that may be found in a document of this session.

    Args:
        metrics: names of the user's metrics; each may be a row, except those that only punctuation tells apart.
        rows: names of rows in tables of measured values; one that is no metric's may be a metric that was not measured.
        paths: files and folders that may be rows in a table of coverage targets.
        sessions: earlier sessions by their number; *Session 4 Tests* are those that session 4 added.
    """
    fields = list(own_names(fields_for(session), aliases))
    fields += _tests_of_sessions(session, sessions)
    recorded = dict(_keyed(metrics))
    for name, key in recorded.items():
        row = row_of(name)
        fields += row_fields(row, (key,), MEASURED, BESIDE_BEFORE)
        fields.append(Field(id=f"{row}.before", kind="cell", sections=BEFORE, labels=(key,), columns=VALUE))
    known = frozenset(recorded.values())
    for name, key in _keyed(rows):
        if key not in known:
            fields += row_fields(row_of(name), (key,), PERFORMANCE, BESIDE_BEFORE)
    for path in paths:
        labels = tuple(keys_of(path))
        fields += row_fields(path_row(path), labels, (*COVERAGE_TARGETS, "test coverage", "coverage"), COVERED) if labels else ()
    return tuple(fields)


def _tests_of_sessions(session: str, sessions: Mapping[int, str]) -> list[Field]:
    own = re.search(r"\d+$", session)
    others = {number: name for number, name in sessions.items() if own is None or number != int(own[0])}
    return [
        Field(
            id=f"tests.since.{name}", kind="label", sections=_TESTS,
            labels=tuple(form.format(number) for form in _TESTS_OF_A_SESSION),
        )
        for number, name in others.items()
    ]  # fmt: skip


def path_row(path: str) -> str:
    """Return the id of a path's row in a table of coverage targets."""
    return f"targets.{path}"


def mentioned(text: str, files: Iterable[str]) -> list[str]:
    """Pick the files, and the folders they are in, whose path stands in the text."""
    folders = {file[:at] for file in files for at, char in enumerate(file) if char == "/"}
    words = "\n".join(set(text.split()))  # a path without a blank stands in here just as it does in the text
    return sorted(path for path in {*folders, *files} if path in (words if len(path.split()) == 1 else text))


def _keyed(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pair each name with its key, without the names that share one."""
    keys = {name: key for name in names if (key := own_key(name)) is not None}
    shared = Counter(keys.values())
    return [(name, key) for name, key in keys.items() if shared[key] == 1]


def _named(field: Field, names: Sequence[str]) -> Field:
    labels, sections = list(field.labels), list(field.sections)
    for name in names:
        heading, separator, label = name.rpartition(_SEPARATOR)
        if field.kind == "fence":
            sections += _forms(field.id, name)
        else:
            labels += _forms(field.id, label)
            sections += _forms(field.id, heading) if separator else []
    return msgspec.structs.replace(field, labels=tuple(labels), sections=tuple(sections))


def _forms(place: str, name: str) -> list[str]:
    forms = sorted(keys_of(name))
    if not forms:
        raise UsageProblem(f"aliases: {shorten(name)!r}, a name for {place}, has no word in it, or more than 1,000 characters")
    return forms


def _refuse_unknown(aliases: Mapping[str, Sequence[str]]) -> None:
    known = {field.id for field in FIELDS}
    for place in aliases:
        if place not in known:
            near = get_close_matches(place, known, n=1)
            raise UsageProblem(f"aliases: there is no place {place!r}" + (f", did you mean {near[0]!r}?" if near else ""))

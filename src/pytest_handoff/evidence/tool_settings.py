"""Read the settings of pytest and coverage.py that decide which tests and lines count.

Each tool's own rule decides which file wins (pytest's "Configuration" page, coverage.py's "Configuration reference").
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.addopts import expanded, overrides, warning_filters
from pytest_handoff.evidence.settings_text import parse_ini, parse_toml

_LONGEST_OPTIONS = 50_000
"""shlex takes time that grows with the square of a word's length."""

NAMES = (
    "handoff.toml", "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg",
    ".coveragerc", ".coveragerc.toml",
)  # fmt: skip
"""Files in the project's folder that may hold such settings."""

PYTEST_NAMES = NAMES[1:8]
_COVERAGE = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
_STRICT = ("--strict", "--strict-markers")
_TRUE = ("1", "true", "yes", "on")


class PytestSettings(msgspec.Struct, frozen=True):
    """pytest's settings that decide what is collected and what counts as a failure; of ``-W`` in ``addopts`` too.

    ``pythonpath`` is where the code under test is looked for, ``usefixtures`` what is set up for every test, ``decisive`` the
    other settings of which nobody can say what is less, where they are not pytest's own. All three are ``None`` in evidence that
    does not hold them, and in that of runs.
    """

    file: str = "pyproject.toml"
    addopts: list[str] = []
    testpaths: list[str] = []
    norecursedirs: list[str] = []
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    python_classes: tuple[str, ...] = ("Test",)
    python_functions: tuple[str, ...] = ("test",)
    xfail_strict: bool = False
    strict_markers: bool = False
    filterwarnings: list[str] = []
    pythonpath: list[str] | None = None
    usefixtures: list[str] | None = None
    decisive: dict[str, str] | None = None


class CoverageSettings(msgspec.Struct, frozen=True):
    """coverage.py's settings that decide which lines are measured, and in which file.

    ``exclude`` holds every kind of excluding pattern; ``paths`` are written as ``other as first``, see :func:`taken_as`, and are
    ``None`` in evidence that does not hold them.
    """

    file: str = "pyproject.toml"
    source: list[str] = []
    include: list[str] = []
    omit: list[str] = []
    exclude: list[str] = []
    plugins: list[str] = []
    branch: bool = False
    fail_under: float = 0
    paths: list[str] | None = None


def pytest_settings(texts: Mapping[str, str], read: Callable[[str], str | None] = lambda _: None) -> PytestSettings:
    """Read the settings that pytest would take from these files (name to text), with those that ``-o`` in ``addopts`` gives.

    Args:
        read: returns the text of a file that ``addopts`` takes options from (``@file``), or ``None`` where it cannot.

    Raises:
        UsageProblem: a file is not valid TOML or INI.
    """
    found = pytest_table(texts)
    if found is None:
        return PytestSettings(pythonpath=[], usefixtures=[], decisive={})
    name, table = found
    options = expanded(_options(table.get("addopts")), read)
    return pytest_settings_from(name, {**table, **overrides(options), "addopts": options})


def pytest_settings_from(name: str, table: Mapping[str, Any]) -> PytestSettings:
    """Read the settings that a file of this name holds."""
    patterns = ("python_files", "python_classes", "python_functions")
    given = {key: tuple(words(table[key])) for key in patterns if table.get(key)}
    addopts = _options(table.get("addopts"))
    strict = _is_true(table.get("strict"))
    return PytestSettings(
        file=name,
        addopts=addopts,
        xfail_strict=strict or _is_true(table.get("xfail_strict")) or _is_true(table.get("strict_xfail")),
        strict_markers=strict or _is_true(table.get("strict_markers")) or not {*_STRICT}.isdisjoint(addopts),
        filterwarnings=[*_lines(table.get("filterwarnings")), *warning_filters(addopts)],
        testpaths=words(table.get("testpaths")),
        norecursedirs=words(table.get("norecursedirs")),
        pythonpath=words(table.get("pythonpath")),
        usefixtures=words(table.get("usefixtures")),
        decisive=_decisive(table),
        **given,
    )


def _decisive(table: Mapping[str, Any]) -> dict[str, str]:
    """Pick the settings that nobody can call looser or stricter: what is collected and imported, and how doctests compare."""
    flags = " ".join(sorted(words(table.get("doctest_optionflags"))))
    found = {"doctest_optionflags": flags} if flags else {}
    for name, usual in (("collect_imported_tests", True), ("consider_namespace_packages", False)):
        given = table.get(name)
        if given is not None and _is_true(given) != usual:
            found[name] = str(not usual).lower()
    return found


def pytest_table(texts: Mapping[str, str]) -> tuple[str, dict[str, Any]] | None:
    """Find the file (of name to text) that pytest would take its settings from, and return its name and settings.

    Raises:
        UsageProblem: a file is not valid TOML or INI.
    """
    tables = ((name, _pytest_table(name, texts[name])) for name in PYTEST_NAMES if name in texts)
    return next(((name, table) for name, table in tables if table is not None), None)


def coverage_settings(texts: Mapping[str, str]) -> CoverageSettings:
    """Read the settings that coverage.py would take from these files (name to text).

    Raises:
        UsageProblem: a file is not valid TOML or INI.
    """
    for name in _COVERAGE:
        tables = _coverage_tables(name, texts[name]) if name in texts else None
        if tables:
            run, report, paths = tables.get("run", {}), tables.get("report", {}), tables.get("paths", {})
            excluding = ("exclude_lines", "exclude_also", "partial_branches", "partial_also")
            return CoverageSettings(
                file=name,
                source=[*_rows(run.get("source")), *_rows(run.get("source_pkgs"))],
                include=[*_rows(run.get("include")), *_rows(report.get("include"))],
                omit=[*_rows(run.get("omit")), *_rows(report.get("omit"))],
                exclude=[pattern for key in excluding for pattern in _rows(report.get(key))],
                plugins=_rows(run.get("plugins")),
                branch=_is_true(run.get("branch")),
                fail_under=_number(report.get("fail_under")),
                paths=taken_as({name: _rows(places) for name, places in paths.items()}),
            )
    return CoverageSettings(paths=[])


def taken_as(paths: Mapping[str, Sequence[str]]) -> list[str]:
    """Write out coverage.py's ``paths``: in each list, files of the later places count as files of the first one."""
    lists = [[_as_path(place) for place in places] for places in paths.values()]
    return [f"{place} as {places[0]}" for places in lists for place in places[1:] if place != places[0]]


def _as_path(place: str) -> str:
    return place.strip().removeprefix("./").rstrip("/\\")


def with_those_in_force(files: CoverageSettings, run: CoverageSettings | None) -> CoverageSettings:
    """Add whatever else a run left out to the settings of the files, under the name of the file that the run used."""
    if run is None:
        return files
    return CoverageSettings(
        file=run.file,
        source=files.source or run.source,
        include=_joined(files.include, run.include),
        omit=_joined(files.omit, run.omit),
        exclude=_joined(files.exclude, run.exclude),
        plugins=_joined(files.plugins, run.plugins),
        branch=files.branch or run.branch,
        fail_under=files.fail_under,
        paths=None if files.paths is None and run.paths is None else _joined(files.paths or (), run.paths or ()),
    )


def lenient(some: PytestSettings, others: PytestSettings) -> PytestSettings:
    """Join the settings of two runs: a test had to meet only what both asked for."""
    ours = others.filterwarnings
    kept = [entry for entry in some.filterwarnings if entry in ours or not entry.startswith("error")]
    return msgspec.structs.replace(
        others,
        xfail_strict=some.xfail_strict and others.xfail_strict,
        strict_markers=some.strict_markers and others.strict_markers,
        filterwarnings=_joined(kept, [entry for entry in ours if not entry.startswith("error")]),
    )


def _joined(some: Sequence[str], others: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*some, *others]))


def own_settings(texts: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
    """Read this plugin's settings from these files, with the name of the file that decides; ``None`` if it holds none.

    Raises:
        UsageProblem: a file is not valid TOML, or ``handoff`` in it is no table.
    """
    if "handoff.toml" in texts:
        return _toml("handoff.toml", texts["handoff.toml"]), "handoff.toml"
    table = (_below(_toml("pyproject.toml", texts.get("pyproject.toml", "")), "tool") or {}).get("handoff")
    if table is not None and not isinstance(table, dict):
        raise UsageProblem("'handoff' is not a table; write [tool.handoff]", path="pyproject.toml")
    return table, "pyproject.toml"


def _pytest_table(name: str, text: str) -> dict[str, Any] | None:
    if name.endswith("pytest.toml"):
        return _below(_toml(name, text), "pytest") or {}
    if name == "pyproject.toml":
        table = _toml(name, text)
        return _below(table, "tool", "pytest", "ini_options") or _below(table, "tool", "pytest")
    sections = _ini(name, text)
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    return dict(sections[section]) if section in sections else {} if name.endswith("pytest.ini") else None


def _coverage_tables(name: str, text: str) -> dict[str, dict[str, Any]] | None:
    if name.endswith(".toml"):
        whole = _toml(name, text)
        found = _below(whole, "tool", "coverage") or (whole if name == ".coveragerc.toml" else None)
        return {key: value for key, value in found.items() if isinstance(value, dict)} if found else None
    sections = _ini(name, text)
    prefixes = ("coverage:", "") if name == ".coveragerc" else ("coverage:",)
    wanted = [(part, prefix + part) for part in ("run", "report", "paths") for prefix in prefixes]
    return {part: dict(sections[section]) for part, section in wanted if section in sections} or None


def _below(table: dict[str, Any], *keys: str) -> dict[str, Any] | None:
    found: Any = table
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


@lru_cache(maxsize=8)
def _toml(name: str, text: str) -> dict[str, Any]:
    """Parse a file once, since a run asks for several tools' settings more than once; nobody changes what they get."""
    try:
        return parse_toml(text)
    except ValueError as error:
        raise UsageProblem(f"cannot be read: {error}", path=name) from error


def _ini(name: str, text: str) -> Mapping[str, Mapping[str, str]]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parse_ini(text, parser)
    except ValueError as error:
        raise UsageProblem(f"cannot be read: {error}", path=name) from error
    return parser


def _options(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(option) for option in value]
    text = str(value or "")
    try:
        return shlex.split(text, comments=True) if len(text) <= _LONGEST_OPTIONS else text.split()
    except ValueError:
        return text.split()


def words(value: object) -> list[str]:
    """Read the entries of a list, or the words of a text."""
    return [str(entry) for entry in value] if isinstance(value, list) else str(value or "").split()


def _rows(value: object) -> list[str]:
    """Read the entries of a list, or of text with one per line or between commas, as coverage.py reads its INI files."""
    if isinstance(value, list):
        return [str(entry) for entry in value]
    rows = str(value or "").replace(",", "\n").splitlines()
    return [row.strip() for row in rows if row.strip()]


def _lines(value: object) -> list[str]:
    rows = [str(entry) for entry in value] if isinstance(value, list) else str(value or "").splitlines()
    return [row.strip() for row in rows if row.strip()]


def _is_true(value: object) -> bool:
    return value is True or str(value).strip().lower() in _TRUE


def _number(value: object) -> float:
    try:
        return float(str(value or 0))
    except ValueError:
        return 0

"""Analyse files using only coverage.py's documented API: if a release has changed the quicker ways, and for exclusions."""

from __future__ import annotations

import ast
import re
import tokenize
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from coverage.exceptions import CoverageException

import coverage
from pytest_handoff.coverage.not_public import config_file_of
from pytest_handoff.coverage.parsed_sources import Shape, SourceFacts, module_shape
from pytest_handoff.evidence.layouts import Layout, write_layout

if TYPE_CHECKING:
    from coverage import CoverageData


UNREADABLE = (CoverageException, SyntaxError, tokenize.TokenError, ValueError, OSError, RecursionError, MemoryError)
"""The exceptions that coverage.py and Python's parser raise for a source that they cannot read, or that is nested too deeply."""

_NO_COVER = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)"
"""The exclusion comment that coverage.py knows by default."""

_NAME, _TYPING = "TYPE_CHECKING", ("typing", "typing_extensions")
_TYPE_CHECKING = r"^\s*if (typing\.)?TYPE_CHECKING:"
"""The other code that coverage.py excludes by default: it never runs, if the name means what it says."""

_EXCLUSIONS = ("report:exclude_lines", "report:partial_branches")


class Figures(NamedTuple):
    """Hold what the analysis of a file found.

    Attributes:
        branches: how many there are, and how many of them ran; ``None`` if they are not measured.
    """

    statements: frozenset[int]
    excluded: frozenset[int]
    missing: frozenset[int]
    branches: tuple[int, int] | None

    @property
    def counts(self) -> tuple[int, int]:
        """Return what ran, and all, by which coverage.py computes its percentage."""
        total, ran = self.branches or (0, 0)
        return len(self.statements - self.missing) + ran, len(self.statements) + total


class PublicAnalyses:
    """An analyst of files of one measurement; it parses each of them."""

    def __init__(self, cov: coverage.Coverage) -> None:
        self._cov = cov
        self._others: list[tuple[CoverageData, coverage.Coverage]] = []

    def analyse(self, data: CoverageData, name: str) -> tuple[Figures, SourceFacts]:
        """Analyse a file with the lines that these data have for it.

        Raises:
            Exception: one of :data:`UNREADABLE`.
        """
        cov = self._about(data)
        _, statements, excluded, missing, _ = cov.analysis2(name)
        branches = None
        if data.has_arcs():
            stats = cov.branch_stats(name).values()
            branches = sum(total for total, _ in stats), sum(ran for _, ran in stats)
        figures = Figures(frozenset(statements), frozenset(excluded), frozenset(missing), branches)
        facts = _facts(name, figures.statements)
        if data.file_tracer(name):  # a plugin reads it, and says what its statements are
            return figures, facts
        return figures, facts._replace(layout=write_layout(Layout(figures.statements, figures.excluded, facts.first_line)))

    def close(self) -> None:
        """Close all files."""
        for _, cov in self._others:
            cov.get_data().close(force=True)
        self._others = []

    def _about(self, data: CoverageData) -> coverage.Coverage:
        """Return a measurement with these data and the same exclusions."""
        for known, cov in self._others:
            if known is data:
                return cov
        if self._cov.get_data() is data:
            return self._cov
        cov = coverage.Coverage(data_file=data.data_filename(), config_file=config_file_of(self._cov) or False)
        for option in _EXCLUSIONS:
            cov.set_option(option, self._cov.get_option(option))
        cov.set_option("run:relative_files", value=False)
        cov.load()
        self._others.append((data, cov))
        return cov


def marked_in(name: str) -> frozenset[int]:
    """Return the lines that a file itself excludes, whatever the configuration says; none for a file that is not Python.

    Comments exclude them, or an ``if TYPE_CHECKING:`` in a file that gives this name a value of its own, so that they run.
    """
    try:
        patterns = _own_exclusions(name)
        return _excluded_by(patterns, name) if patterns else frozenset()
    except UNREADABLE:
        return frozenset()


def _own_exclusions(name: str) -> list[str]:
    """Return the patterns that exclude lines of a file and that it has: most files have none, and need not be parsed for them."""
    with tokenize.open(name) as file:
        text = file.read()
    as_searched = text.replace("\f", " ")  # by coverage.py
    found = [pattern for pattern in (_NO_COVER, _TYPE_CHECKING) if re.search(pattern, as_searched, re.MULTILINE)]
    return [pattern for pattern in found if pattern == _NO_COVER or _binds_type_checking(text)]


def _excluded_by(patterns: list[str], name: str) -> frozenset[int]:
    cov = coverage.Coverage(data_file=None, config_file=False)
    cov.clear_exclude()
    for pattern in patterns:
        cov.exclude(pattern)
    try:
        return frozenset(cov.analysis2(name)[2])
    finally:
        cov.get_data().close(force=True)


def layout_in(cov: coverage.Coverage, name: str) -> str:
    """Return as text which lines of a source are statements.

    Raises:
        Exception: one of :data:`UNREADABLE`.
    """
    _, statements, excluded, _, _ = cov.analysis2(name)
    with tokenize.open(name) as file:
        first = _first_lines(file.read())
    return write_layout(Layout(frozenset(statements), frozenset(excluded), first))


def _binds_type_checking(text: str) -> bool:
    """Check whether a file binds the name to anything but ``typing``'s value or ``False``."""
    from pytest_handoff.evidence.case_files import nodes_in  # few files exclude such code

    nodes = list(nodes_in(ast.parse(text)))
    falsy = {id(target) for node in nodes for target in _made_false(node)}
    return any(_binds(node) for node in nodes if id(node) not in falsy)


def _made_false(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant) and not node.value.value:
        return node.targets if isinstance(node, ast.Assign) else [node.target]
    return []


def _binds(node: ast.AST) -> bool:
    """Check whether a part of a file binds the name, or spells it for ``setattr`` or ``globals()``."""
    if isinstance(node, ast.ImportFrom):
        as_it_is = node.module in _TYPING and not node.level
        return any(_NAME in (one.asname, one.name) and not (as_it_is and one.name == _NAME) for one in node.names)
    if isinstance(node, ast.Import):
        return any(one.asname in (_NAME, "typing") for one in node.names)
    if isinstance(node, ast.Constant):
        return node.value == _NAME
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name == _NAME
    named = _NAME in (getattr(node, "id", None), getattr(node, "attr", None))
    return named and isinstance(getattr(node, "ctx", None), ast.Store)


def _facts(name: str, statements: frozenset[int]) -> SourceFacts:
    try:
        with tokenize.open(name) as file:
            text = file.read()
        tree, first = ast.parse(text), _first_lines(text)
    except UNREADABLE:  # another language, which a plugin of coverage.py reads
        return SourceFacts({}, Shape({}, frozenset()))
    return SourceFacts(first, module_shape(tree, statements, lambda line: first.get(line, line)))


def _first_lines(text: str) -> dict[int, int]:
    """Map each continuation line of a statement to its first line."""
    found, first = {}, 0
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            found.update(dict.fromkeys(range(first + 1, token.end[0] + 1), first) if first else {})
            first = 0
        elif not first and token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            first = token.start[0]
    return found

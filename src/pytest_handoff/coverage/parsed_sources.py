"""Find what follows from a source's text alone: coverage.py's statements, and which of them run at import."""

from __future__ import annotations

import ast
import gc
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import coverage
from coverage.parser import PythonParser
from coverage.python import PythonFileReporter

from pytest_handoff.coverage import code_shape
from pytest_handoff.coverage.code_shape import Shape, module_shape
from pytest_handoff.coverage.parse_cache import ParseCache
from pytest_handoff.project.user_folder import Sealed, user_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from coverage.plugin import FileReporter


_NOT_KEPT = frozenset({"text", "filename", "exclude", "_ast_root", "_missing_arc_fragments", "_first_line_cache"})
"""Attributes of coverage.py's parser that are given to it, or that no figure needs."""


class SourceFacts(NamedTuple):
    """Facts about one source.

    Attributes:
        first_line: the first line of the statement for each of its continuation lines; other lines are not in it.
        shape: which statements run at import.
    """

    first_line: dict[int, int]
    shape: Shape


class _Kept(NamedTuple):
    """The plain data that the cache holds for a source."""

    parser: dict[str, Any]
    has_arcs: bool
    first_line: dict[int, int]
    headers: dict[int, frozenset[int]]
    import_time: frozenset[int]


class _KnownParser(PythonParser):
    """A parser that is given what another one found in the same text.

    The words in which reports explain branches are not kept: they are worked out when a report asks.
    """

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


class ParsedSources:
    """A reader that parses sources as coverage.py does, each text only once while the cache holds it."""

    def __init__(self, cache: ParseCache) -> None:
        self._cache = cache

    def facts(self, reporter: FileReporter, *, branches: bool) -> SourceFacts:
        """Find the facts about a source; afterwards the reporter need not parse it.

        Raises:
            NotPython: the text is not Python.
            NoSource: there is no text.
        """
        if not isinstance(reporter, PythonFileReporter):
            return SourceFacts(_first_lines(reporter), Shape({}, frozenset()))
        text = reporter.source()
        found = self._cache.get(text)
        kept = _Kept(*cast("tuple[Any, ...]", found)) if found is not None else None
        if kept is None or (branches and not kept.has_arcs):
            return self._parse(reporter, text, branches=branches)
        # Restoring the parser's own state leaves it to coverage.py, not to us, to compute the figures.
        reporter._parser = _KnownParser(text=text, filename=reporter.filename)
        vars(reporter._parser).update(kept.parser)
        return SourceFacts(kept.first_line, Shape(kept.headers, kept.import_time))

    def save(self) -> None:
        """Keep what was parsed for the next run."""
        self._cache.save()

    def _parse(self, reporter: PythonFileReporter, text: str, *, branches: bool) -> SourceFacts:
        parser = reporter.parser
        first_line = _first_lines(reporter)
        # Take the tree now: the parser drops it when it is asked for arcs.
        tree = getattr(parser, "_ast_root", None) or ast.parse(text)
        shape = module_shape(tree, frozenset(parser.statements), lambda line: first_line.get(line, line))
        if branches:
            reporter.arcs()
        # The parser has read the file itself, which may have changed since.
        if parser.text == text:
            state = {name: value for name, value in vars(parser).items() if name not in _NOT_KEPT}
            self._cache.put(text, tuple(_Kept(state, branches, first_line, shape.headers, shape.import_time)))
        return SourceFacts(first_line, shape)


def parsed_sources(cov: coverage.Coverage, folder: Sealed | None) -> ParsedSources:
    """Open the cache in ``folder``, if there is one, for this Python, this coverage.py and its exclusions."""
    try:
        own = [Path(module).read_bytes() for module in (__file__, code_shape.__file__)]
    except OSError:  # imported from an archive: nothing could tell which code made the cached facts
        return ParsedSources(ParseCache(None, None))
    maker = (sys.version, sys.implementation.name, sys.flags.optimize, coverage.__version__, cov.get_exclude_list(), own)
    return ParsedSources(ParseCache(folder, maker))


def cache_folder(config: pytest.Config) -> Sealed | None:
    """Make a folder that ``--cache-clear`` removes; return ``None`` without pytest's cache, a key, or leave to write there."""
    cache = getattr(config, "cache", None)
    key = user_key(config.rootpath) if cache is not None else None
    try:
        return Sealed(cache.mkdir("handoff"), key) if cache is not None and key is not None else None
    except OSError:
        return None


@contextmanager
def no_collections() -> Iterator[None]:
    """Pause garbage collection: a search of syntax trees, and of all pytest's objects, for cycles takes long and finds none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _first_lines(reporter: FileReporter) -> dict[int, int]:
    """Map each continuation line to the first line of its statement; reporters of other languages are asked line by line."""
    if isinstance(reporter, PythonFileReporter):
        return {line: first for line, first in reporter.multiline_map().items() if line != first}
    firsts = {}
    for line in range(1, reporter.source().count("\n") + 2):
        (first,) = reporter.translate_lines([line])
        if first != line:
            firsts[line] = first
    return firsts

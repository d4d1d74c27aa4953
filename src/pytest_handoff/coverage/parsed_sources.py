"""Find what follows from a source's text alone: coverage.py's statements, and which of them run at import.

It is kept between runs, and only what this user's runs wrote is read again.
"""

from __future__ import annotations

import ast
import gc
import marshal
import sys
import zlib
from contextlib import contextmanager
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from msgspec.structs import replace

import coverage
from pytest_handoff.coverage import branching
from pytest_handoff.coverage import called_at_import as called_at_import_rules
from pytest_handoff.coverage.branching import branches_in
from pytest_handoff.coverage.called_at_import import called_at_import
from pytest_handoff.coverage.not_public import Changed, first_lines, parsed_state, plain_state, restore
from pytest_handoff.errors import WriteProblem
from pytest_handoff.evidence import branches as branches_text
from pytest_handoff.evidence import layouts
from pytest_handoff.evidence.layouts import Layout, write_layout
from pytest_handoff.project.artifacts import Artifact, write_each
from pytest_handoff.project.foreign_files import LINES, read_own
from pytest_handoff.project.user_folder import Sealed, user_key
from pytest_handoff.record import ParsedBy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pytest

    from coverage import FileReporter

PARTIAL = ("report:partial_branches", "report:partial_branches_always")
"""The options with patterns of lines of which coverage.py does not ask for every branch."""

_Def = ast.FunctionDef | ast.AsyncFunctionDef


class Shape(NamedTuple):
    """The import-time statements of a module, by the number of their first line.

    Attributes:
        headers: each ``def``, ``class`` and decorator that runs at import, with the statements of its body. A class's body is
            what its methods hold; a class without methods has its own statements.
        import_time: the other statements outside every function body.
        called_at_import: the statements of functions that nothing in the module calls but its import.
    """

    headers: dict[int, frozenset[int]]
    import_time: frozenset[int]
    called_at_import: frozenset[int] = frozenset()


def module_shape(tree: ast.AST, statements: frozenset[int], first_line: Callable[[int], int]) -> Shape:
    """Sort out a module's import-time statements.

    Args:
        tree: the parsed module.
        statements: the first lines of its statements, without excluded ones.
        first_line: returns the first line of the statement that a line belongs to.
    """
    functions: set[int] = set()
    headers: dict[int, frozenset[int]] = {}
    definitions = list(_import_time_definitions(tree))
    for node in definitions:
        if isinstance(node, _Def):
            functions |= _body(node, statements, first_line)
    for node in definitions:
        body = _body(node, statements, first_line)
        if isinstance(node, ast.ClassDef):
            body = (body & functions) or (body - {first_line(node.lineno)})
        # If a body has no statement (only a docstring), nothing but the import can run.
        if body:
            headers.update(dict.fromkeys(_header(node, first_line) & statements, frozenset(body)))
    called = (_body(node, statements, first_line) for node in called_at_import(tree))
    return Shape(headers, statements - functions - headers.keys(), frozenset().union(*called))


def _import_time_definitions(tree: ast.AST) -> Iterator[_Def | ast.ClassDef]:
    """Find the definitions outside every function body; what a function defines runs when the function is called."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, _Def | ast.ClassDef):
            yield child
        if not isinstance(child, _Def | ast.expr):
            yield from _import_time_definitions(child)


def _header(node: _Def | ast.ClassDef, first_line: Callable[[int], int]) -> frozenset[int]:
    return frozenset(first_line(line) for line in [node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _body(node: _Def | ast.ClassDef, statements: frozenset[int], first_line: Callable[[int], int]) -> set[int]:
    first = node.body[0]
    start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))])
    lines = range(start, (node.end_lineno or start) + 1)
    return {number for number in map(first_line, lines) if number in statements}


_SEAL = 32
_FILES = 4
_FASTEST = 1


class ParseCache:
    """A cache of facts by the text they follow from, in one file for each maker.

    A missing or damaged file, or somebody else's, is an empty cache: only time is lost. Another text, or another maker, has
    another key, so its facts cannot be taken for those of this text.

    Args:
        folder: where the file is kept, and what it is sealed with; with ``None``, nothing is kept for the next run.
        maker: everything besides the text that the facts depend on: versions, settings. Its ``repr`` must tell makers apart.
    """

    def __init__(self, folder: Sealed | None, maker: object) -> None:
        self._name = f"parsed-{blake2b(repr(maker).encode(), digest_size=8).hexdigest()}"
        self._folder = folder
        self._found = _load(folder, self._name) if folder else {}
        self._used: dict[bytes, bytes] = {}

    def has(self, reporter: FileReporter) -> bool:
        """Check whether facts of a source's text are kept; where nothing is kept at all, the text is not even read."""
        if not self._found and not self._used:
            return False
        key = _key(reporter.source())
        return key in self._used or key in self._found

    def get(self, text: str) -> object | None:
        """Return the facts of a text, or ``None`` if they are not known."""
        key = _key(text)
        kept = self._used.get(key) or self._found.get(key)
        if kept is None:
            return None
        self._used[key] = kept
        facts: object = marshal.loads(zlib.decompress(kept))  # noqa: S302 # out of a file that bears this user's seal
        return facts

    def put(self, text: str, facts: tuple[Any, ...]) -> None:
        """Remember facts that are plain data: tuples, lists, dictionaries, sets, numbers, text. Others are not kept."""
        try:
            self._used[_key(text)] = zlib.compress(marshal.dumps(facts), _FASTEST)
        except ValueError:  # not plain data: another coverage.py's parser may hold more than today's, and then parses each time
            self._used.pop(_key(text), None)

    def save(self) -> None:
        """Write what this run used, if anything is new, and remove the oldest files of other makers."""
        if self._folder is None or self._used.items() <= self._found.items():
            return
        payload = marshal.dumps(self._used)
        try:
            path = self._folder.path / self._name
            write_each([Artifact(path=path, content=self._folder.seal(self._name, payload) + payload)])
            for old in _by_age(self._folder.path)[_FILES:]:
                old.unlink(missing_ok=True)
        except (WriteProblem, OSError):  # the folder cannot be written: the next run parses again, with the same result
            return


def _load(folder: Sealed, name: str) -> dict[bytes, bytes]:
    try:
        content = read_own(folder.path / name, [folder.path.resolve()], LINES)
    except OSError:
        return {}
    payload = content[_SEAL:]
    if not compare_digest(content[:_SEAL], folder.seal(name, payload)):
        return {}
    found: dict[bytes, bytes] = marshal.loads(payload)  # noqa: S302 # it bears this user's seal
    return found


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _by_age(folder: Path) -> list[Path]:
    """List the cache files of a folder, the newest first."""
    return sorted(folder.glob("parsed-*"), key=lambda path: path.stat().st_mtime, reverse=True)


class SourceFacts(NamedTuple):
    """Facts about one source.

    Attributes:
        first_line: the first line of the statement for each of its continuation lines; other lines are not in it.
        shape: which statements run at import.
        layout: which lines are statements, as text (:mod:`pytest_handoff.evidence.layouts`); empty where none says it.
        branches: where they can go on (:mod:`pytest_handoff.evidence.branches`); empty where none says it, or nobody asked.
    """

    first_line: Mapping[int, int]
    shape: Shape
    layout: str = ""
    branches: str = ""


class _Kept(NamedTuple):
    """The plain data that the cache holds for a source; without branches, there are no patterns of partial ones."""

    parser: dict[str, Any]
    partial: list[str] | None
    first_line: dict[int, int]
    headers: dict[int, frozenset[int]]
    import_time: frozenset[int]
    called_at_import: frozenset[int]
    layout: str
    branches: str


class ParsedSources:
    """A reader that parses sources as coverage.py does, each text only once while the cache holds it.

    Args:
        by: what the statements and the branches depend on besides the text, whether branches are measured or not.
    """

    def __init__(self, cache: ParseCache, by: ParsedBy) -> None:
        self._cache = cache
        self._by = by

    def made_by(self, *, branches: bool) -> ParsedBy:
        """Return what the statements depend on besides the text, and the branches, if they are measured."""
        return self._by if branches else replace(self._by, partial=None)

    def knows(self, reporter: FileReporter) -> bool:
        """Check whether the cache holds the text of a source, so that it need not be parsed."""
        return self._cache.has(reporter)

    def facts(self, reporter: FileReporter, *, branches: bool) -> SourceFacts:
        """Find the facts about a source; afterwards the reporter need not parse it.

        Raises:
            NotPython: the text is not Python.
            NoSource: there is no text.
        """
        text = reporter.source()
        found = self._cache.get(text)
        kept = _Kept(*cast("tuple[Any, ...]", found)) if found is not None else None
        if kept is None or (branches and kept.partial != self._by.partial):
            return self._parse(reporter, text, branches=branches)
        try:
            # Restoring the parser's own state leaves it to coverage.py, not to us, to compute the figures.
            restore(reporter, text, kept.parser)
        except Changed:
            return self._parse(reporter, text, branches=branches)
        shape = Shape(kept.headers, kept.import_time, kept.called_at_import)
        return SourceFacts(kept.first_line, shape, kept.layout, kept.branches if branches else "")

    def save(self) -> None:
        """Keep what was parsed for the next run."""
        self._cache.save()

    def _parse(self, reporter: FileReporter, text: str, *, branches: bool) -> SourceFacts:
        lines = first_lines(reporter)
        if lines is None:
            return SourceFacts(_line_by_line(reporter), Shape({}, frozenset()))
        first_line = {line: first for line, first in lines.items() if line != first}
        state, tree = parsed_state(reporter, text)
        statements = frozenset(reporter.lines())
        shape = module_shape(tree, statements, lambda line: first_line.get(line, line))
        layout = write_layout(Layout(statements, frozenset(reporter.excluded_lines()), first_line))
        ways = branches_in(reporter) if branches else ""
        # The parser has read the file itself, which may have changed since.
        if state is not None:
            partial = self._by.partial if branches else None
            self._cache.put(text, tuple(_Kept(plain_state(state), partial, first_line, *shape, layout, ways)))
        return SourceFacts(first_line, shape, layout, ways)


def parsed_sources(cov: coverage.Coverage, folder: Sealed | None) -> ParsedSources:
    """Open the cache in ``folder``, if there is one, for this Python, this coverage.py and its exclusions."""
    by, own = parsed_by(cov, branches=True), b""
    try:
        for module in (__file__, branching.__file__, called_at_import_rules.__file__, branches_text.__file__, layouts.__file__):
            own += Path(module).read_bytes()
    except OSError:  # imported from an archive: nothing could tell which code made the cached facts
        return ParsedSources(ParseCache(None, None), by)
    maker = (sys.version, sys.implementation.name, sys.flags.optimize, coverage.__version__, by.exclude, own)
    return ParsedSources(ParseCache(folder, maker), by)


def parsed_by(cov: coverage.Coverage, *, branches: bool) -> ParsedBy:
    """Return what decides, besides its text, which lines of a source are statements, and which branches it has."""
    python = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
    optimized = f" -{'O' * sys.flags.optimize}" if sys.flags.optimize else ""
    partial = [pattern for option in PARTIAL for pattern in cast("list[str]", cov.get_option(option))] if branches else None
    excluded = list(cov.get_exclude_list())
    return ParsedBy(python=python + optimized, coverage=coverage.__version__, exclude=excluded, partial=partial)


def cache_folder(config: pytest.Config) -> Sealed | None:
    """Make a folder that ``--cache-clear`` removes; return ``None`` without pytest's cache, a key, or permission to write."""
    cache = getattr(config, "cache", None)
    key = user_key(config.rootpath) if cache is not None else None
    try:
        return Sealed(cache.mkdir("handoff"), key) if cache is not None and key is not None else None
    except OSError:
        return None


def kept_cache(project: Path) -> Sealed | None:
    """Find the folder that a run of this project left in pytest's cache, if that is inside the project, and the key to it."""
    folder, key = project / ".pytest_cache" / "d" / "handoff", user_key(project, make=False)
    try:
        found = folder.is_dir() and folder.resolve().is_relative_to(project.resolve())
    except OSError:
        return None
    return Sealed(folder, key) if found and key is not None else None


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


def _line_by_line(reporter: FileReporter) -> dict[int, int]:
    """Map each continuation line to the first line of its statement by asking a reporter of another language."""
    firsts = {}
    for line in range(1, reporter.source().count("\n") + 2):
        (first,) = reporter.translate_lines([line])
        if first != line:
            firsts[line] = first
    return firsts

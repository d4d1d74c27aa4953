"""Read a test file without running it: its functions, whether they assert anything, and what else they use in the file.

Here is also how any Python file's syntax tree is walked: all nodes, or the statements alone, which are far fewer.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_handoff.evidence.source_changes import texts_of_lines
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator


_EXPECTING = frozenset({"raises", "warns", "deprecated_call", "fail"})
_SAYS_SO = re.compile(r"assert|expect|check|verify", re.IGNORECASE)


class CaseFunction(Frozen, frozen=True):
    """A function by its lines, counted from 1: from its first decorator (or ``def``) to its last line.

    ``asserts`` says whether it has a statement that can fail the test over a wrong result, see :func:`functions_of`.
    """

    first: int
    last: int
    asserts: bool


class Beside(Frozen, frozen=True):
    """A statement or function of a test file by its lines, with a name that tests use; ``None`` for a statement without one."""

    name: str | None
    first: int
    last: int


class CaseFile:
    """A file of tests; each part is worked out when it is asked for. One that is not Python has nothing.

    Attributes:
        functions: see :func:`functions_of`.
        bound: whatever gives a function's or class's qualified name a value, by its first and last line; its ``def`` is among it.
        beside: statements, functions and headers of classes, outside of classes and in them, without imports and docstrings.
        in_another_name: functions, or ``""`` for anything else, that compile code under a computed file name or switch coverage.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._tree = parsed(source) or ast.Module(body=[], type_ignores=[])
        self._nodes = dict(_named(self._tree))
        self._literal = _spells_names_out(source)
        self._names: dict[str, frozenset[str]] = {}

    @cached_property
    def functions(self) -> dict[str, CaseFunction]:
        return {name: _function(node) for name, node in self._nodes.items()}

    def uses(self, function: str, name: str) -> bool:
        """Tell whether a function uses a name, such as that of a fixture that it asks for."""
        if self._literal and name.encode() not in self._texts[function]:
            return False  # most changed names are in few functions, and the others need not be searched
        if function not in self._names:
            self._names[function] = _names_in(self._nodes[function])
        return name in self._names[function]

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        lines = texts_of_lines(self._source)
        return {name: b"\n".join(lines[one.first - 1 : one.last]) for name, one in self.functions.items()}

    @cached_property
    def bound(self) -> dict[str, list[tuple[int, int]]]:
        from pytest_handoff.evidence.bindings import bindings

        return bindings(self._tree)

    @cached_property
    def beside(self) -> list[Beside]:
        return list(_beside(self._tree, plain=self._literal and not any(map(self._source.__contains__, _REACHING))))

    @cached_property
    def in_another_name(self) -> frozenset[str]:
        if not any(map(self._source.__contains__, _TELLING)):
            return frozenset()
        return _in_another_name(self._tree, self._nodes)


def functions_of(source: bytes) -> dict[str, CaseFunction]:
    """Map the functions of a Python file by qualified name, with ``::`` as in test ids; of two with one name, keep the later.

    These assert something: ``assert`` of what is not always true, ``raise``, a call of ``raises``, ``warns``,
    ``deprecated_call``, ``fail`` or ``self.fail…``, and a call of anything whose dotted name contains *assert*, *expect*, *check*
    or *verify*. A nested function
    is a part of the function around it. A file that is not Python has none.
    """
    tree = parsed(source)
    return {} if tree is None else {name: _function(node) for name, node in _named(tree)}


def function_named(source: bytes, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the function of this qualified name, the last one that there is; ``None`` if the file has none."""
    tree = parsed(source)
    return None if tree is None else dict(_named(tree)).get(name)


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Walk the statements in their order without recursion: each ``elif`` is nested in the one before."""
    ahead: list[tuple[ast.AST, str]] = [(tree, "")]
    while ahead:
        node, within = ahead.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield within + node.name, node
        elif isinstance(node, ast.Module | ast.stmt | ast.excepthandler):
            inner = f"{within}{node.name}::" if isinstance(node, ast.ClassDef) else within
            ahead += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> CaseFunction:
    # Most functions that assert something have a statement that does, and need not be searched for calls.
    asserts = any(map(_asserts, statements_in(node))) or any(map(_asserts, nodes_in(node)))
    return CaseFunction(first=first_line(node), last=node.end_lineno or node.lineno, asserts=asserts)


def first_line(node: ast.stmt) -> int:
    """Return the first line of a statement, a decorator's where it has one."""
    above = node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else []
    return min([node.lineno, *(decorator.lineno for decorator in above)])


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        parts = _dotted(node.func)
        if parts[:1] == ["self"] and parts[-1].startswith("fail"):
            return True
        return parts[-1:] != [] and (parts[-1] in _EXPECTING or any(map(_SAYS_SO.search, parts)))
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Assert) and not _is_always_true(node.test))


def _is_always_true(test: ast.expr) -> bool:
    """Recognize ``assert True``, ``assert "text"``, ``assert 1 == 1``, ``assert (value, "text")``; ``assert False`` can fail."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple | ast.List | ast.Set):
        return bool(test.elts)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Constant):
        return not test.operand.value
    return not any(isinstance(node, ast.Name | ast.Call | ast.Await | ast.Yield) for node in nodes_in(test))


def _dotted(function: ast.expr) -> list[str]:
    """Split ``a.b.c`` into its names, as far as they are names: ``f().b`` gives only ``b``."""
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    parts += [function.id] if isinstance(function, ast.Name) else []
    return parts[::-1]


_OWN = ("self", "cls")


def _names_in(function: ast.AST) -> frozenset[str]:
    """Collect the names that a function uses: variables, its class's attributes, and parameters, which may be fixtures."""
    nodes = list(nodes_in(function))
    found = [node.id for node in nodes if isinstance(node, ast.Name)] + [node.arg for node in nodes if isinstance(node, ast.arg)]
    return frozenset(found + [node.attr for node in nodes if isinstance(node, ast.Attribute) and _dotted(node)[0] in _OWN])


def _beside(tree: ast.Module, *, plain: bool) -> Iterator[Beside]:
    """Yield what stands beside the tests.

    Args:
        plain: whether the file has none of :data:`_REACHING`, so that only an import of everything stores by name.
    """
    from pytest_handoff.evidence.bindings import imports_everything, stores_by_name

    stores = imports_everything if plain else stores_by_name
    ahead: list[ast.AST] = [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.ClassDef):
            yield Beside(
                name=node.name, first=first_line(node), last=max([node.lineno, *(base.end_lineno or 0 for base in node.bases)])
            )
        if isinstance(node, ast.stmt) and stores(node):
            yield Beside(name=None, first=first_line(node), last=node.end_lineno or node.lineno)
        if isinstance(node, ast.Module | ast.ClassDef | ast.If | ast.Try | ast.With | ast.excepthandler):
            ahead += reversed([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.excepthandler)])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Beside(name=node.name, first=first_line(node), last=node.end_lineno or node.lineno)
        elif isinstance(node, ast.stmt) and not _says_nothing(node):
            for name in _targets(node) or (None,):
                yield Beside(name=name, first=node.lineno, last=node.end_lineno or node.lineno)


def _says_nothing(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)


def _targets(node: ast.stmt) -> list[str]:
    """List the variables that an assignment sets or changes; none for another statement."""
    match node:
        case ast.Assign(targets=targets):
            found = [*targets]
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            found = [target]
        case _:
            return []
    return [part.id for one in found for part in nodes_in(one) if isinstance(part, ast.Name)]


_REACHING = (b"globals", b"vars", b"modules", b"setattr", b"delattr", b"exec", b"locals")
"""Names without which no helper and no statement can store by name, but for an import of everything."""


def _spells_names_out(source: bytes) -> bool:
    """Check that each name in a file's tree is in its text: beyond ASCII, or with an encoding of its own, it may be another."""
    return source.isascii() and b"coding" not in b"".join(source.split(b"\n", 2)[:2])


_TELLING = (b"compile", b"co_filename", b"switch_context", b"add_lines", b"add_arcs")
"""Words that such a file must contain: most files have none of them and need not be searched."""


def _in_another_name(tree: ast.Module, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> frozenset[str]:
    within = {id(node): name for name, function in functions.items() for node in nodes_in(function)}
    return frozenset(within.get(id(node), "") for node in nodes_in(tree) if _is_in_another_name(node))


_SPEAKS_TO_COVERAGE = frozenset({"switch_context", "add_lines", "add_arcs"})


def _is_in_another_name(node: ast.AST) -> bool:
    """Recognize a call of ``compile`` with a file name that is no literal, of ``replace(co_filename=…)``, or into coverage.py."""
    if not isinstance(node, ast.Call):
        return False
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    parts = _dotted(node.func)
    if parts in (["compile"], ["builtins", "compile"]):
        name = node.args[1] if len(node.args) > 1 else keywords.get("filename")
        return name is not None and not isinstance(name, ast.Constant)
    return "co_filename" in keywords or not _SPEAKS_TO_COVERAGE.isdisjoint(parts[-1:])


_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")
"""The fields that hold statements, or what holds statements, in the order in which every kind of node has them."""

_BLOCKS_OF: dict[type[ast.AST], tuple[str, ...]] = {
    kind: tuple(name for name in _BLOCKS if name in kind._fields)
    for kind in (
        ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With,
        ast.AsyncWith, ast.Try, ast.TryStar, ast.ExceptHandler, ast.Match, ast.match_case,
    )
}  # fmt: skip

_PARTS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Name: (),
    ast.Constant: (),
    ast.Attribute: ("value",),
    ast.Call: ("func", "args", "keywords"),
    ast.keyword: ("value",),
    ast.arg: ("annotation",),
}
"""The fields that hold nodes, for the most frequent kinds; of all others any field may."""


def parsed(source: bytes) -> ast.Module | None:
    """Parse a file; ``None`` for one that is not Python, or too deep or too large for the parser."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def nodes_in(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a node and all below it, level by level as ``ast.walk`` does, without the contexts of names and attributes."""
    found = [node]
    for one in found:
        yield one
        for name in _PARTS.get(type(one), one._fields):
            value = getattr(one, name, None)
            if isinstance(value, list):
                found += [part for part in value if isinstance(part, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append(value)


def statements_in(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a node and the statements, handlers and cases below it, in the order in which ``ast.walk`` has them."""
    found = [node]
    for one in found:
        yield one
        for name in _BLOCKS_OF.get(type(one), ()):
            found += getattr(one, name)

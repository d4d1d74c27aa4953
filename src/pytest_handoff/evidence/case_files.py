"""Read a test file without running it: its functions, whether they assert anything, and what else they use in the file."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

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


class CaseFile(Frozen, frozen=True):
    """A file of tests.

    Attributes:
        functions: see :func:`functions_of`.
        uses: the names that each function uses, fixtures that it asks for among them.
        bound: whatever gives a function's or class's qualified name a value, by its first and last line; its ``def`` is among it.
        beside: statements, functions and headers of classes, outside of classes and in them, without imports and docstrings.
        in_another_name: functions, or ``""`` for anything else, that compile code under a computed file name or switch coverage.
    """

    functions: dict[str, CaseFunction]
    uses: dict[str, frozenset[str]]
    bound: dict[str, list[tuple[int, int]]]
    beside: list[Beside]
    in_another_name: frozenset[str]


def read_case_file(source: bytes, *, compared: bool = True) -> CaseFile:
    """Read a file of tests; one that is not Python has nothing.

    Args:
        compared: whether there is an earlier version; if there is none, nobody asks what tests use, and it is left out.
    """
    tree = _parsed(source)
    if tree is None:
        return CaseFile(functions={}, uses={}, bound={}, beside=[], in_another_name=frozenset())
    functions = dict(_named(tree))
    return CaseFile(
        functions={name: _function(node) for name, node in functions.items()},
        uses={name: _names_in(node) for name, node in functions.items()} if compared else {},
        bound=_bound(tree) if compared else {},
        beside=list(_beside(tree)) if compared else [],
        in_another_name=_in_another_name(tree, functions) if any(map(source.__contains__, _TELLING)) else frozenset(),
    )


def functions_of(source: bytes) -> dict[str, CaseFunction]:
    """Map the functions of a Python file by qualified name, with ``::`` as in test ids; of two with one name, keep the later.

    These assert something: ``assert`` of what is not always true, ``raise``, a call of ``raises``, ``warns``,
    ``deprecated_call``, ``fail`` or ``self.fail…``, and a call of anything whose dotted name contains *assert*, *expect*, *check*
    or *verify*. A nested function
    is a part of the function around it. A file that is not Python has none.
    """
    tree = _parsed(source)
    return {} if tree is None else {name: _function(node) for name, node in _named(tree)}


def function_named(source: bytes, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """Return the function of this qualified name, the last one that there is; ``None`` if the file has none."""
    tree = _parsed(source)
    return None if tree is None else dict(_named(tree)).get(name)


def _parsed(source: bytes) -> ast.Module | None:
    """Parse a file; no test can be collected from one that is not Python, and the run itself says what is wrong with it."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


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
    return CaseFunction(first=first_line(node), last=node.end_lineno or node.lineno, asserts=any(map(_asserts, ast.walk(node))))


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
    return not any(isinstance(node, ast.Name | ast.Call | ast.Await | ast.Yield) for node in ast.walk(test))


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
    nodes = list(ast.walk(function))
    found = [node.id for node in nodes if isinstance(node, ast.Name)] + [node.arg for node in nodes if isinstance(node, ast.arg)]
    return frozenset(found + [node.attr for node in nodes if isinstance(node, ast.Attribute) and _dotted(node)[0] in _OWN])


def _bound(tree: ast.Module) -> dict[str, list[tuple[int, int]]]:
    from pytest_handoff.evidence.bindings import bindings

    return bindings(tree)


def _beside(tree: ast.Module) -> Iterator[Beside]:
    from pytest_handoff.evidence.bindings import stores_by_name

    ahead: list[ast.AST] = [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.ClassDef):
            yield Beside(
                name=node.name, first=first_line(node), last=max([node.lineno, *(base.end_lineno or 0 for base in node.bases)])
            )
        if isinstance(node, ast.stmt) and stores_by_name(node):
            yield Beside(name=None, first=first_line(node), last=node.end_lineno or node.lineno)
        if isinstance(node, ast.Module | ast.ClassDef | ast.If | ast.Try | ast.With | ast.excepthandler):
            ahead += reversed([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.excepthandler)])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = _function(node)
            yield Beside(name=node.name, first=function.first, last=function.last)
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
    return [part.id for one in found for part in ast.walk(one) if isinstance(part, ast.Name)]


_TELLING = (b"compile", b"co_filename", b"switch_context", b"add_lines", b"add_arcs")
"""Words that such a file must contain: most files have none of them and need not be searched."""


def _in_another_name(tree: ast.Module, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> frozenset[str]:
    within = {id(node): name for name, function in functions.items() for node in ast.walk(function)}
    return frozenset(within.get(id(node), "") for node in ast.walk(tree) if _is_in_another_name(node))


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

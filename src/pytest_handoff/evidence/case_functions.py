"""Find the functions in a test file: which lines each one spans, and whether it asserts anything."""

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


def functions_of(source: bytes) -> dict[str, CaseFunction]:
    """Map the functions of a Python file by qualified name, with ``::`` as in test ids; of two with one name, keep the later.

    These assert something: ``assert``, ``raise``, a call of ``raises``, ``warns``, ``deprecated_call``, ``fail`` or
    ``self.fail…``, and a call of anything whose dotted name contains *assert*, *expect*, *check* or *verify*. A nested function
    is a part of the function around it. A file that is not Python has none.
    """
    try:
        tree = ast.parse(source)
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # no test can be collected from such a file, and the run itself says what is wrong
        return {}
    return {name: _function(node) for name, node in _named(tree)}


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
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return CaseFunction(first=first, last=node.end_lineno or node.lineno, asserts=any(map(_asserts, ast.walk(node))))


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        parts = _dotted(node.func)
        if parts[:1] == ["self"] and parts[-1].startswith("fail"):
            return True
        return parts[-1:] != [] and (parts[-1] in _EXPECTING or any(map(_SAYS_SO.search, parts)))
    return isinstance(node, ast.Assert | ast.Raise)


def _dotted(function: ast.expr) -> list[str]:
    """Split ``a.b.c`` into its names, as far as they are names: ``f().b`` gives only ``b``."""
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    parts += [function.id] if isinstance(function, ast.Name) else []
    return parts[::-1]

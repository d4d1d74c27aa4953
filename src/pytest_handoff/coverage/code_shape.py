"""Find which statements of a module run when it is imported: the facts behind the rule for import-time lines."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_Def = ast.FunctionDef | ast.AsyncFunctionDef


class Shape(NamedTuple):
    """The import-time statements of a module, by the number of their first line.

    Attributes:
        headers: each ``def``, ``class`` and decorator that runs at import, with the statements of its body. A class's body is
            what its methods hold; a class without methods has its own statements.
        import_time: the other statements outside every function body.
    """

    headers: dict[int, frozenset[int]]
    import_time: frozenset[int]


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
    return Shape(headers, statements - functions - headers.keys())


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

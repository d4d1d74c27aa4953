"""Find the cases of a parametrized test that are constants in the body of the plain test that replaced them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pytest_handoff.evidence.case_files import function_named
from pytest_handoff.nodeids import name_of, without_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_TABLES = (ast.Tuple, ast.List, ast.Set, ast.Dict)
_ROWS = (*_TABLES, ast.Call)
_MOST_CONSTANTS = 60
_MOST_STEPS = 2_000
"""Limits for a file that we do not trust: a case that is not found within them is lost."""


def cases_in_body(content: bytes, test: str, cases: Sequence[str]) -> list[str]:
    """Return the ids among these cases whose values stand together in the test's body: as arguments of a call, or in a tuple.

    Each constant counts for one case. A value that pytest gave another name in the id, such as an object, is not found.

    Args:
        content: the test's file as it is now.
        test: the id of the plain test.
        cases: the ids that its function had.
    """
    function = function_named(content, name_of(test))
    if function is None:
        return []
    rows = [row for row in map(_texts, _rows(function.body)) if 0 < len(row) <= _MOST_CONSTANTS]
    rows.sort(key=len)
    found = []
    for case in sorted(cases):
        wanted = case.removeprefix(without_parameters(case))[1:-1]
        for row in rows:
            used = _spelled(wanted, row)
            if used is not None:
                for text in used:
                    row.remove(text)
                found.append(case)
                break
    return found


def _rows(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the smallest parts that hold a case: a statement, or in one with a table of cases each of its rows.

    A statement that only names values, such as a docstring, tests nothing.
    """
    ahead: list[ast.AST] = [*reversed(body)]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Expr) and not any(isinstance(part, ast.Call | ast.Await) for part in ast.walk(node)):
            continue
        is_compound = isinstance(node, ast.stmt) and hasattr(node, "body")
        if is_compound or not isinstance(node, ast.stmt | ast.expr) or any(map(_is_table, ast.walk(node))):
            ahead += reversed(_parts(node))
        else:
            yield node


def _is_table(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp) or (isinstance(node, ast.Dict) and len(node.keys) > 1):
        return True
    return isinstance(node, _TABLES) and any(isinstance(part, _ROWS) for part in ast.iter_child_nodes(node))


def _parts(node: ast.AST) -> list[ast.AST]:
    """List the parts of a node; a dictionary has its pairs."""
    if isinstance(node, ast.Dict):
        return [ast.Tuple(elts=[part for part in pair if part is not None]) for pair in zip(node.keys, node.values, strict=True)]
    return list(ast.iter_child_nodes(node))


def _texts(row: ast.AST) -> list[str]:
    """Write the constants of a row as pytest writes them into ids."""
    texts, ahead = [], [row]
    while ahead:
        node = ahead.pop()
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        if isinstance(inner, ast.Constant):
            texts.append(("-" if negative else "") + _text(inner.value))
        else:
            ahead += ast.iter_child_nodes(node)
    return texts


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    return value.encode("unicode_escape").decode("ascii") if isinstance(value, str) else str(value)


def _spelled(wanted: str, row: Sequence[str]) -> list[str] | None:
    """Find constants of a row, each used once, that joined by ``-`` are the parameters of an id."""
    ahead: list[tuple[int, list[str]]] = [(0, [])]
    for _ in range(_MOST_STEPS):
        if not ahead:
            return None
        at, used = ahead.pop()
        for text in set(row):
            end = at + len(text)
            if not wanted.startswith(text, at) or used.count(text) >= row.count(text):
                continue
            if end == len(wanted):
                return [*used, text]
            if wanted[end] == "-":
                ahead.append((end + 1, [*used, text]))
    return None

"""Parse Python sources and walk their syntax trees: all nodes, or the statements alone, which are far fewer."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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

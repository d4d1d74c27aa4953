"""Find a module's own functions that its import alone calls: what they do is part of the import, as if it stood outside."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


_Def = ast.FunctionDef | ast.AsyncFunctionDef
_IMPORT, _LATER = "", "?"  # neither is the name of a function


class _Mention(NamedTuple):
    """Where a function is named: the function that holds it, or the import, or anything that may run later."""

    within: str
    called: bool


def called_at_import(tree: ast.AST) -> list[ast.FunctionDef]:
    """List the private functions at the top of a module that nothing in it calls but its import, and others of them.

    A name without an underscore may be called from anywhere. A function that is handed on, and not called, may run later, and so
    may one that is called in ``if __name__ == "__main__":``, where the module runs as a program.
    """
    private = defaultdict(list)
    for node in _at_the_top(tree):
        if isinstance(node, ast.FunctionDef) and _may_be_the_import_s(node):
            private[node.name].append(node)
    if not private:
        return []
    mentions: dict[str, set[_Mention]] = {name: set() for name in private}
    for name, mention in _mentions(tree, private):
        mentions[name].add(mention)
    own = {name for name, found in mentions.items() if all(one.called for one in found)}
    while others := {name for name in own if any(one.within not in {_IMPORT, *own} for one in mentions[name])}:
        own -= others
    reached = {name for name in own if any(one.within == _IMPORT for one in mentions[name])}
    while more := {name for name in own - reached if any(one.within in reached for one in mentions[name])}:
        reached |= more
    return [node for name in sorted(reached) for node in private[name]]


def _at_the_top(tree: ast.AST) -> Iterator[ast.AST]:
    """Find the statements of a module outside of functions and classes."""
    for child in ast.iter_child_nodes(tree):
        yield child
        if not isinstance(child, _Def | ast.ClassDef | ast.expr):
            yield from _at_the_top(child)


def _may_be_the_import_s(node: ast.FunctionDef) -> bool:
    """Check that nobody else is meant to call a function, and that all of it runs when it is called."""
    inner = (child for statement in node.body for child in ast.walk(statement))
    return (
        node.name.startswith("_")
        and not node.name.endswith("__")
        and not node.decorator_list
        and not any(isinstance(child, _Def | ast.Yield | ast.YieldFrom) for child in inner)
    )


def _mentions(tree: ast.AST, names: dict[str, list[ast.FunctionDef]]) -> Iterator[tuple[str, _Mention]]:
    """Find where functions of these names are mentioned."""
    todo: list[tuple[ast.AST, str, bool]] = [(tree, _IMPORT, False)]
    while todo:
        node, within, called = todo.pop()
        if isinstance(node, ast.Name):
            if node.id in names and isinstance(node.ctx, ast.Load):
                yield node.id, _Mention(within, called)
        elif isinstance(node, _Def | ast.Lambda):
            mine = (
                within == _IMPORT and isinstance(node, ast.FunctionDef) and any(node is one for one in names.get(node.name, ()))
            )
            inside = node.name if mine and isinstance(node, ast.FunctionDef) else _LATER
            body = [node.body] if isinstance(node, ast.Lambda) else node.body
            todo += [(child, inside, False) for child in body]
            todo += [(child, within, False) for child in ast.iter_child_nodes(node) if not any(child is one for one in body)]
        elif isinstance(node, ast.If) and _is_main(node.test):
            todo += [(child, _LATER, False) for child in ast.iter_child_nodes(node)]
        else:
            callee = node.func if isinstance(node, ast.Call) else None
            todo += [(child, within, child is callee) for child in ast.iter_child_nodes(node)]


def _is_main(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))

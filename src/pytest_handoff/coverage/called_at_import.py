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
    """Tell where a function is named: in another function, in the import, or in what may run later."""

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
    calls: dict[str, set[str]] = defaultdict(set)
    handed_on = set()
    for name, mention in _mentions(tree, private):
        calls[mention.within].add(name)
        if not mention.called:
            handed_on.add(name)
    later = _reached({*handed_on, *calls[_LATER]}, calls)
    return [node for name in sorted(_reached(calls[_IMPORT], calls) - later) for node in private[name]]


def _reached(start: set[str], calls: dict[str, set[str]]) -> set[str]:
    """Collect functions and all that they call."""
    found, todo = set(start), [*start]
    while todo:
        more = calls.get(todo.pop(), set()) - found
        found |= more
        todo += more
    return found


def _at_the_top(tree: ast.AST) -> Iterator[ast.AST]:
    """Find the statements of a module outside of functions and classes."""
    for child in ast.iter_child_nodes(tree):
        yield child
        if not isinstance(child, _Def | ast.ClassDef | ast.expr):
            yield from _at_the_top(child)


def _may_be_the_import_s(node: ast.FunctionDef) -> bool:
    """Check that nobody else is meant to call a function, and that nothing of it outlives its call."""
    if not node.name.startswith("_") or node.name.endswith("__") or node.decorator_list:
        return False
    inner = [child for statement in node.body for child in ast.walk(statement)]
    own = {child.name for child in inner if isinstance(child, ast.FunctionDef) and not child.decorator_list}
    callees = {id(child.func) for child in inner if isinstance(child, ast.Call)}
    return not any(
        isinstance(child, _OUTLIVES) or (isinstance(child, _Def) and child.name not in own) for child in inner
    ) and not any(isinstance(child, ast.Name) and child.id in own and id(child) not in callees for child in inner)


_OUTLIVES = (ast.AsyncFunctionDef, ast.ClassDef, ast.Yield, ast.YieldFrom)


def _mentions(tree: ast.AST, names: dict[str, list[ast.FunctionDef]]) -> Iterator[tuple[str, _Mention]]:
    """Find where functions of these names are mentioned."""
    todo: list[tuple[ast.AST, str, bool]] = [(tree, _IMPORT, False)]
    while todo:
        node, within, called = todo.pop()
        if isinstance(node, ast.Name):
            if node.id in names and isinstance(node.ctx, ast.Load):
                yield node.id, _Mention(within, called)
        elif isinstance(node, _Def | ast.Lambda):
            body = [node.body] if isinstance(node, ast.Lambda) else node.body
            inside, its = _name_within(node, within, names), set(map(id, body))
            todo += [(child, inside if id(child) in its else within, False) for child in ast.iter_child_nodes(node)]
        elif isinstance(node, ast.If) and _is_main(node.test):
            todo += [(child, _LATER, False) for child in ast.iter_child_nodes(node)]
        else:
            callee = node.func if isinstance(node, ast.Call) else None
            todo += [(child, within, child is callee) for child in ast.iter_child_nodes(node)]


def _name_within(node: ast.AST, within: str, names: dict[str, list[ast.FunctionDef]]) -> str:
    """Say what holds a function's body: itself, the function that made it and that it does not outlive, or what runs later."""
    if not isinstance(node, ast.FunctionDef) or within == _LATER:
        return _LATER
    if within in names:
        return within
    return node.name if any(node is one for one in names.get(node.name, ())) else _LATER


def _is_main(test: ast.expr) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))

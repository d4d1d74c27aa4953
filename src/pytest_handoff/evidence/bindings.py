"""Find what gives the names in a test file their values: an assignment or an import may follow a ``def``."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.evidence.case_files import first_line, nodes_in, statements_in

if TYPE_CHECKING:
    from collections.abc import Iterator


_INNER = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
"""What has names of its own."""

_SIMPLE = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete | ast.Import | ast.ImportFrom | ast.Expr


def bindings(tree: ast.Module) -> dict[str, list[tuple[int, int]]]:
    """Map qualified names, with ``::`` as in test ids, to the first and last line of each statement that sets or deletes them.

    The name of a class is bound by other statements only: of two classes with one name the tests of the later are found. An
    attribute counts by each end of its dotted name: ``module.TestA.test_b`` may be ``TestA::test_b`` and ``test_b``.
    """
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    ahead: list[tuple[ast.AST, str, ast.AST]] = [(tree, "", tree)]
    while ahead:
        node, within, around = ahead.pop()
        around = node if isinstance(node, _SIMPLE) else around
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            span = (first_line(node), node.end_lineno or node.lineno)
            found[within + node.name].append(span)
            for name in (name for inner in statements_in(node) if isinstance(inner, ast.Global) for name in inner.names):
                found[name].append(span)
        elif isinstance(node, _INNER):
            for name in _bound_within(node):
                found[within + name].append(_lines(around if isinstance(around, _SIMPLE) else node))
        else:
            for name in _bound_by(node):
                found[within + name].append(_lines(around if isinstance(around, _SIMPLE) else node))
            inner = f"{within}{node.name}::" if isinstance(node, ast.ClassDef) else within
            below = None if isinstance(node, _SIMPLE | ast.expr) else node
            ahead += [(child, inner, below or around) for child in reversed(list(ast.iter_child_nodes(node)))]
    return dict(found)


def stores_by_name(node: ast.stmt) -> bool:
    """Tell whether a helper, or a statement without others in it, may set names of the module that only a run would tell."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not node.name.startswith("test") and any(map(_reaches_own_names, nodes_in(node)))
    if isinstance(node, _SIMPLE) and not imports_everything(node):
        return any(_reaches_own_names(one) or _may_reach_names(one) for one in nodes_in(node))
    return imports_everything(node)


def imports_everything(node: ast.stmt) -> bool:
    """Recognize ``from … import *``."""
    return isinstance(node, ast.ImportFrom) and [name.name for name in node.names] == ["*"]


def _reaches_own_names(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="globals" | "vars"), args=[]):
            return True
        case ast.Subscript(value=ast.Attribute(attr="modules"), slice=ast.Name(id="__name__")):
            return True
    return False


def _may_reach_names(node: ast.AST) -> bool:
    """Recognize what is usual inside a helper or test, but not outside."""
    match node:
        case ast.Call(func=ast.Name(id="setattr" | "delattr" | "exec")) | ast.Call(func=ast.Name(id="locals"), args=[]):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="modules"):
            return True
    return False


def _bound_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            yield from _ends(node)
        case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (one.asname or one.name.partition(".")[0] for one in names)


def _bound_within(node: ast.AST) -> Iterator[str]:
    """Name what ``:=`` in a comprehension sets: a variable of what is around it."""
    if not isinstance(node, ast.Lambda):
        yield from (inner.target.id for inner in nodes_in(node) if isinstance(inner, ast.NamedExpr))


def _ends(node: ast.expr) -> Iterator[str]:
    """Write ``a.b.c`` as ``c``, ``b::c`` and ``a::b::c``."""
    name = ""
    while isinstance(node, ast.Attribute):
        name = f"{node.attr}::{name}" if name else node.attr
        yield name
        node = node.value
    if isinstance(node, ast.Name):
        yield f"{node.id}::{name}"


def _lines(node: ast.AST) -> tuple[int, int]:
    first = getattr(node, "lineno", 1)
    return first, getattr(node, "end_lineno", None) or first

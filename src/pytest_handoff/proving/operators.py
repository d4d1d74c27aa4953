"""List the small faults to try: what is in the code, and what it becomes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATORS: Mapping[str, str] = {
    "comparison": "a comparison is reversed; `<` `<=` `>` `>=` also lose or gain the boundary",
    "arithmetic": "an arithmetic or bitwise operator becomes another one",
    "logic": "`and` becomes `or`, `or` becomes `and`",
    "not": "a `not` is removed",
    "sign": "a minus sign becomes a plus sign",
    "number": "a number is increased by one",
    "string": "a string gets `XX` at both ends",
    "constant": "`True` becomes `False`, `False` becomes `True`, `None` becomes an empty string",
    "return": "a returned or yielded value becomes `None`",
    "statement": "a call, an augmented assignment, an assignment to an attribute or an item, or a `del` is removed",
    "loop": "`break` becomes `continue`, `continue` becomes `break`",
    "condition": "the condition of an `if`, `while`, conditional expression or comprehension is negated",
    "raise": "a `raise` is removed",
    "except": "an `except` block only raises its exception again",
}
"""Each operator, and what it does."""

COMPARISONS: Mapping[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "/",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.LShift: ">>",
    ast.RShift: "<<",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.BitXor: "&",
}
SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Lt: r"<(?!=)",
    ast.LtE: r"<=",
    ast.Gt: r">(?!=)",
    ast.GtE: r">=",
    ast.Eq: r"==",
    ast.NotEq: r"!=",
    ast.Is: r"\bis\b",
    ast.IsNot: r"\bis\s+not\b",
    ast.In: r"\bin\b",
    ast.NotIn: r"\bnot\s+in\b",
    ast.Add: r"\+",
    ast.Sub: r"-",
    ast.Mult: r"\*",
    ast.Div: r"/",
    ast.FloorDiv: r"//",
    ast.Mod: r"%",
    ast.Pow: r"\*\*",
    ast.LShift: r"<<",
    ast.RShift: r">>",
    ast.BitAnd: r"&",
    ast.BitOr: r"\|",
    ast.BitXor: r"\^",
    ast.And: r"\band\b",
    ast.Or: r"\bor\b",
}
"""How each operator is written, as a regular expression."""

LOG_METHODS = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log"})
LOGGERS = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER", "_LOG", "_LOGGER"})
NAMED_TYPES = frozenset({"TypeVar", "NewType", "ParamSpec", "TypeVarTuple", "cast", "namedtuple", "NamedTuple", "TypedDict"})
"""Callables whose texts name a type, which Python does not look at."""

ABOUT_THE_MODULE = frozenset({"__all__", "__slots__", "__version__", "__author__", "__match_args__"})


def is_log_call(node: ast.AST) -> bool:
    """Check whether this is a call such as ``logger.debug(...)``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_METHODS):
        return False
    owner = node.func.value
    name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    return name in LOGGERS


def is_for_readers(node: ast.AST) -> bool:
    """Check whether nothing that runs depends on a statement: types, names of the module, stubs, a script's entry, a log."""
    match node:
        case ast.If(test=ast.Name(id=name) | ast.Attribute(attr=name) | ast.Compare(left=ast.Name(id=name))):
            return name in ("TYPE_CHECKING", "__name__")
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            return any(_name_of(one) in ("overload", "abstractmethod") for one in decorators)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in ABOUT_THE_MODULE
        case ast.Expr(value=ast.Await(value=value) | value):
            return isinstance(value, ast.Constant) or is_log_call(value)
    return isinstance(node, ast.Assert | ast.Import | ast.ImportFrom) or type(node).__name__ == "TypeAlias"


def names_a_type(node: ast.Call) -> bool:
    """Check whether the texts of a call name a type."""
    return _name_of(node.func) in NAMED_TYPES


def is_text(node: ast.AST) -> bool:
    """Check whether an operand is a text or a list by its form: other operators than those it has would only raise."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes)
    return isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp)


def _name_of(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""

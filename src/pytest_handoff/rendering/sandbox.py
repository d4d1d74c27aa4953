"""Render a project's own templates in a Jinja sandbox where none can take long or fill up memory.

Everything that a template does passes through here: the sandbox hands over operators, calls and filters; loops, lists,
concatenations and the text between tags get filters around them when the template is compiled.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from jinja2 import Undefined, nodes
from jinja2.filters import make_attrgetter
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from pytest_handoff.rendering.budget import Budget, check_format, check_number, check_operation, check_product, refuse, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jinja2 import Template
    from jinja2.runtime import Context


_COUNTED, _MADE, _SPENT, _JOINED = "counted items", "made", "spent text", "joined texts"
"""Our own filters; the blank in each name keeps templates from using them."""

_STEPS_A_TEMPLATE = 100
_MOVES_VALUES = {
    "list", "length", "count", "map", "select", "reject", "selectattr", "rejectattr", "sort", "unique", "groupby", "batch",
    "slice", "first", "last", "reverse", "sum", "min", "max", "random", "dictsort", "items", "default", "d", "attr", "join",
}  # fmt: skip
"""Filters that do not turn their arguments into text."""
_REPEATS = ("indent", "tojson")
"""Filters that put as many blanks before each line as a template asks for."""

_CHANGES = ("append", "extend", "insert", "add", "update", "setdefault")
_BODIES = (nodes.Template, nodes.For, nodes.Macro, nodes.Block, nodes.CallBlock)


class BoundedEnvironment(SandboxedEnvironment):
    """A sandbox with a budget.

    Args:
        budget: the most that all templates together may cost.
        finalize: turns a printed value into text.
    """

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def __init__(self, budget: Budget, finalize: Callable[[object], str], **options: Any) -> None:
        super().__init__(finalize=self._print, **options)
        self._budget = budget
        self._show = finalize
        self.globals["namespace"] = _Namespace
        del self.globals["lipsum"]  # it makes any amount of text

    def keep_within(self) -> None:
        """Make the filters and tests of the environment spend the budget; call this once all are added."""
        filters: dict[str, Any] = {**self.filters, "join": self._join, "sum": self._sum}
        tests: dict[str, Any] = {**self.tests}
        self.filters = {name: self._bounded(name, function) for name, function in filters.items()}
        self.tests = {name: self._bounded(None, function) for name, function in tests.items()}
        self.filters |= {
            _COUNTED: self._budget.counted,
            _MADE: self._budget.made,
            _SPENT: self._budget.spent,
            _JOINED: self._budget.joined,
        }

    @contextmanager
    def within_budget(self) -> Iterator[None]:
        """Run the clock of the budget while a template is rendered."""
        self._budget.begin()
        try:
            yield
        finally:
            self._budget.end()

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do an operation, if the size of its result is bounded."""
        check_operation(operator, left, right)
        if operator == "%" and isinstance(left, (str, bytes)):
            values = right if isinstance(right, tuple) else right.values() if isinstance(right, dict) else (right,)
            check_format(left, map(self._budget.spell, values))
        return self._budget.made(super().call_binop(context, operator, left, right))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Make a template's call, and let it spend the budget."""
        if isinstance(obj, LoopContext):  # a recursive loop
            return super().call(context, obj, self._budget.counted(args[0]), *args[1:], **kwargs)
        args = tuple(map(self._paid, args))
        kwargs = {key: self._paid(value) for key, value in kwargs.items()}
        method = getattr(obj, "__wrapped__", obj)
        owner, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
        if type(owner).__module__ == "builtins" and owner is not None:
            args, kwargs = self._for_method(owner, name, args, kwargs)
        return self._budget.made(super().call(context, obj, *args, **kwargs))

    def get_template(self, name: Any, *args: Any, **kwargs: Any) -> Template:
        """Load a template, which costs a part of the budget."""
        self._budget.step(_STEPS_A_TEMPLATE)
        return super().get_template(name, *args, **kwargs)

    def select_template(self, names: Any, *args: Any, **kwargs: Any) -> Template:
        """Load the first of these templates that exists; looking for each costs a part of the budget."""
        if not isinstance(names, Undefined):
            names = list(self._budget.counted(names))
            self._budget.step(_STEPS_A_TEMPLATE * len(names))
        return super().select_template(names, *args, **kwargs)

    def compile(self, source: Any, name: str | None = None, filename: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Compile a template with our filters in it."""
        tree = self.parse(source, name, filename) if isinstance(source, str) else source
        compiled: Any = super().compile  # whatever comes back, a code object or text, goes on as it is
        return compiled(_Bounding(self).visit(tree), name, filename, *args, **kwargs)

    def _print(self, value: object) -> str:
        self._budget.spell(value)
        return self._budget.printed(self._show(value))

    def _bounded(self, name: str | None, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a filter, or a test (without a name), so that it spends the budget."""
        first = 1 if hasattr(function, "jinja_pass_arg") else 0

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            value, *more = map(self._paid, args[first:])
            if name is not None:
                self._check_filter(name, value, (*more, *kwargs.values()))
            return self._budget.made(function(*args[:first], value, *more, **kwargs))

        return run

    def _paid(self, value: Any) -> Any:
        """Spend for a value that is handed to a function, which may look at all of it."""
        if isinstance(value, str):
            self._budget.step(len(value) // 64 + 1)
            return value
        if hasattr(value, "__next__"):
            return iter(self._budget.counted(value))
        self._budget.step(size_of(value) // 8 + 1)
        return value

    def _check_filter(self, name: str, value: object, args: tuple[object, ...]) -> None:
        if not args and isinstance(value, str):
            return
        sizes = [size_of(arg) if name in _MOVES_VALUES else self._budget.spell(arg) for arg in (value, *args)]
        for arg, size in zip(args, sizes[1:], strict=True):
            check_number(arg)
            if isinstance(arg, (str, bytes)):
                check_product(sizes[0], size)
            elif isinstance(arg, int) and name in _REPEATS:
                check_product(str(value).count("\n") + 1 if name == "indent" else sizes[0], arg)
        if name == "format":
            check_format(str(value), sizes[1:])

    def _for_method(self, owner: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Check the arguments of a method of a text, number, list or table, and return those that it may have."""
        values = (*args, *kwargs.values())
        if any(map(callable, values)):
            refuse("it passes a function to a function")
        if isinstance(owner, (str, bytes)) and name in ("format", "format_map"):
            inner = [one for value in values for one in (value.values() if isinstance(value, dict) else (value,))]
            check_format(owner, map(self._budget.spell, inner), braces=True)
        elif isinstance(owner, str) and name == "join" and args:
            items = list(self._budget.counted(args[0]))
            check_product(len(items), len(owner))
            self._budget.write(sum(map(size_of, items)))
            return (items, *args[1:]), kwargs
        elif isinstance(owner, (str, bytes, int)):
            _check_method(owner, name, values)
        elif name in _CHANGES:
            return tuple(map(self._own_copy, args)), {key: self._own_copy(value) for key, value in kwargs.items()}
        return args, kwargs

    def _join(self, value: Iterable[object], d: str = "", attribute: str | int | None = None) -> str:
        """Join items as Jinja's filter does, but spend the budget for each."""
        items = value if attribute is None else map(make_attrgetter(self, attribute), value)
        return self._budget.joined(items, str(d))

    def _sum(self, iterable: Iterable[Any], attribute: str | int | None = None, start: Any = 0) -> Any:
        """Sum items as Jinja's filter does, but without copying a list for each list that is added."""
        items = iterable if attribute is None else map(make_attrgetter(self, attribute), iterable)
        if not isinstance(start, list):
            return sum(self._budget.counted(items), start)  # type: ignore[arg-type] # whatever can be added
        found = list(start)
        for item in items:
            self._budget.weigh(item)
            found.extend(item)
        return found

    def _own_copy(self, value: Any) -> Any:
        """Copy a list before it goes into another: if it grew there, the outer list would hold more than was weighed."""
        self._budget.step(len(value) if isinstance(value, range) else 1)
        self._budget.weigh(value)
        return _copied(value)


class _Namespace(Namespace):
    def __repr__(self) -> str:
        return "<Namespace>"


class _Bounding(NodeTransformer):
    """A visitor that puts our filters around what the sandbox does not hand over."""

    def __init__(self, environment: BoundedEnvironment) -> None:
        self._environment = environment

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> nodes.Node:
        """Make each turn of a loop, all text, and literal lists, slices and comparisons spend the budget."""
        text = _text_in(node.body) if isinstance(node, _BODIES) else 0  # counted before our own nodes are added
        self.generic_visit(node, *args, **kwargs)
        if isinstance(node, nodes.For):
            node.iter = self._through(node.iter, _COUNTED)
        if isinstance(node, _BODIES) and (text or not isinstance(node, nodes.For)):
            spent = nodes.ExprStmt(self._through(nodes.Const(text, lineno=node.lineno), _SPENT), lineno=node.lineno)
            node.body.insert(0, spent.set_environment(self._environment))
        if isinstance(node, nodes.Concat):
            return self._through(nodes.List(node.nodes, lineno=node.lineno), _JOINED)
        return self._through(node, _MADE) if _is_made_unseen(node) else node

    def _through(self, node: Any, name: str) -> nodes.Filter:
        found = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
        found.set_environment(self._environment)
        return found


def _is_made_unseen(node: nodes.Node) -> bool:
    """Check whether a node makes a large value, or takes long, without a call, a filter or an operator."""
    if isinstance(node, nodes.Tuple):
        return node.ctx == "load"  # names that are set look the same
    return isinstance(node, (nodes.List, nodes.Dict, nodes.Compare)) or (
        isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice)
    )


def _text_in(body: Iterable[nodes.Node]) -> int:
    """Count the characters between tags that a body prints, without those of inner bodies that count their own."""
    number = 0
    for node in body:
        if isinstance(node, nodes.TemplateData):
            number += len(node.data)
        elif isinstance(node, nodes.For):
            number += _text_in(node.else_)
        elif not isinstance(node, _BODIES):
            number += _text_in(node.iter_child_nodes())
    return number


def _check_method(owner: str | bytes | int, name: str, values: Iterable[object]) -> None:
    for value in values:
        check_number(value)
        if isinstance(value, int) and isinstance(owner, (str, bytes)) and name == "expandtabs":
            check_product(len(owner), value)
        elif isinstance(value, dict):
            check_product(size_of(owner), max((size_of(inner) for inner in value.values()), default=1))
        else:
            check_product(size_of(owner), size_of(value))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(map(_copied, value))
    return value

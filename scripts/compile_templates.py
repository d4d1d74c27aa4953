"""Write our own templates as plain Python functions, so that a run renders them without Jinja; ``--check`` only compares.

What a template of ours may hold is what is understood here; anything else stops with the node's name, and a project's own
templates are rendered by Jinja as ever. Tests render every template both ways.
"""
# ruff: noqa: T201 - a script prints

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[1]
TEMPLATES = CHECKOUT / "templates"
MODULE = CHECKOUT / "src" / "pytest_handoff" / "rendering" / "bundled.py"
SUFFIX = ".md.j2"
HEAD = '''"""Render our own templates without Jinja: `python scripts/compile_templates.py` makes this module of them."""
# ruff: noqa
# fmt: off

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_handoff.figures import counted, listed, percent, percent_of
from pytest_handoff.markup import code, code_in_text, escape, for_shell
from pytest_handoff.rendering.words import dictsort, ends, joined, of

Given = Mapping[str, Any]
'''
WORDS = {"code", "code_in_text", "percent_of", "counted", "listed", "for_shell", "percent"}
FILTERS = {
    "dictsort": "dictsort({})", "join": "joined({1}, {0})", "length": "len({})", "list": "list({})",
    "replace": "str({}).replace({}, {})",
}  # fmt: skip
TESTS = {"none": "{} is None"}
COMPARED = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"}


def main(*, check: bool) -> int:
    """Exit with 1 when ``check`` finds that the module differs."""
    wanted = module()
    if MODULE.exists() and MODULE.read_text("utf-8") == wanted:
        return 0
    if check:
        print(f"{MODULE.relative_to(CHECKOUT)}: the templates are other ones; run python scripts/compile_templates.py")
        return 1
    MODULE.write_text(wanted, "utf-8")
    return 0


def module() -> str:
    """Write the module: a function for each template of a document or a block, and the table of them."""
    names = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob(f"*{SUFFIX}"))
    made = [name for name in names if not name.startswith("sections/") and not Path(name).name.startswith("_")]
    functions = "".join(f"\n\ndef {_function(name)}(given: Given) -> Iterator[str]:\n{Template(name).body()}" for name in made)
    rows = "".join(f'    "{name}": {_function(name)},\n' for name in made)
    return f"{HEAD}{functions}\n\nTEMPLATES: dict[str, Callable[[Given], Iterator[str]]] = {{\n{rows}}}\n"


def _function(name: str) -> str:
    return re.sub(r"\W", "_", name.removesuffix(SUFFIX).removeprefix("blocks/"))


def _parsed(name: str) -> nodes.Template:
    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)  # noqa: S701 - no HTML
    return environment.parse((TEMPLATES / name).read_text("utf-8"), name)


class Template:
    """A template as the body of a function."""

    def __init__(self, name: str) -> None:
        self._root = _parsed(name)

    def body(self) -> str:
        """Write its lines."""
        return "".join(f"{line}\n" for line in self._lines(self._root.body, set(), "    "))

    def _lines(self, body: list[nodes.Node], local: set[str], indent: str) -> Iterator[str]:
        for node in body:
            yield from getattr(self, f"_{type(node).__name__.lower()}_lines")(node, local, indent)

    def _output_lines(self, node: nodes.Output, local: set[str], indent: str) -> Iterator[str]:
        for part in node.nodes:
            text = repr(part.data) if isinstance(part, nodes.TemplateData) else f"escape({self._text(part, local)})"
            yield f"{indent}yield {text}"

    def _assign_lines(self, node: nodes.Assign, local: set[str], indent: str) -> Iterator[str]:
        value = self._text(node.node, local)
        yield f"{indent}{self._target(node.target, local)} = {value}"

    def _include_lines(self, node: nodes.Include, local: set[str], indent: str) -> Iterator[str]:
        yield from self._lines(_parsed(node.template.as_const()).body, local, indent)

    def _if_lines(self, node: nodes.If, local: set[str], indent: str) -> Iterator[str]:
        for word, branch in (("if", node), *(("elif", one) for one in node.elif_)):
            yield f"{indent}{word} {self._text(branch.test, local)}:"
            yield from self._lines(branch.body, local, indent + "    ")
        if node.else_:
            yield f"{indent}else:"
            yield from self._lines(node.else_, local, indent + "    ")

    def _for_lines(self, node: nodes.For, local: set[str], indent: str) -> Iterator[str]:
        if node.else_ or node.recursive:
            raise NotImplementedError("for with else, or recursive")
        items, within = self._text(node.iter, local), set(local)
        target = self._target(node.target, within)
        if node.test is not None:
            items = f"[({target}) for {target} in {items} if {self._text(node.test, within)}]"
        asks = any(found.name == "loop" for found in node.find_all(nodes.Name))
        yield f"{indent}for last, ({target}) in ends({items}):" if asks else f"{indent}for {target} in {items}:"
        yield from self._lines(node.body, within, indent + "    ")

    def _target(self, node: Any, local: set[str]) -> str:
        names: list[Any] = node.items if isinstance(node, nodes.Tuple) else [node]
        local |= {name.name for name in names}
        return ", ".join(f"its_{name.name}" for name in names)

    def _text(self, node: Any, local: set[str]) -> str:
        """Write an expression."""
        if isinstance(node, nodes.Const):
            return repr(node.value)
        if isinstance(node, nodes.Name):
            return f"its_{node.name}" if node.name in local else node.name if node.name in WORDS else f"given[{node.name!r}]"
        if isinstance(node, nodes.Getattr) and node.node == nodes.Name("loop", "load") and node.attr == "last":
            return "last"
        parts = {name: self._part(value, local) for name, value in node.iter_fields()}
        return str(getattr(self, f"_{type(node).__name__.lower()}")(node, parts))

    def _part(self, value: Any, local: set[str]) -> Any:
        if isinstance(value, list):
            return [self._part(one, local) for one in value]
        if isinstance(value, nodes.Operand):
            return self._text(value.expr, local)
        return self._text(value, local) if isinstance(value, nodes.Expr) and not isinstance(value, nodes.Slice) else value

    def _getattr(self, _node: nodes.Getattr, parts: dict[str, Any]) -> str:
        return f"of({parts['node']}, {parts['attr']!r})"

    def _getitem(self, node: nodes.Getitem, parts: dict[str, Any]) -> str:
        if isinstance(node.arg, nodes.Slice):
            start, stop = (getattr(node.arg, name) for name in ("start", "stop"))
            return f"{parts['node']}[{'' if start is None else start.as_const()}:{'' if stop is None else stop.as_const()}]"
        return f"{parts['node']}[{parts['arg']}]"

    def _call(self, node: nodes.Call, parts: dict[str, Any]) -> str:
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise NotImplementedError("named arguments")
        return f"{parts['node']}({', '.join(parts['args'])})"

    def _filter(self, node: nodes.Filter, parts: dict[str, Any]) -> str:
        if node.name == "selectattr":
            (name,) = (one.as_const() for one in node.args)
            return f"[one for one in {parts['node']} if {f'of(one, {name!r})' if isinstance(name, str) else f'one[{name}]'}]"
        if node.name in WORDS:
            return f"{node.name}({', '.join([parts['node'], *parts['args']])})"
        return FILTERS[node.name].format(parts["node"], *parts["args"])

    def _test(self, node: nodes.Test, parts: dict[str, Any]) -> str:
        return f"({TESTS[node.name].format(parts['node'])})"

    def _compare(self, node: nodes.Compare, parts: dict[str, Any]) -> str:
        (operand,) = node.ops
        return f"({parts['expr']} {COMPARED[operand.op]} {parts['ops'][0]})"

    def _concat(self, _node: nodes.Concat, parts: dict[str, Any]) -> str:
        return f"joined('', [{', '.join(parts['nodes'])}])"

    def _condexpr(self, _node: nodes.CondExpr, parts: dict[str, Any]) -> str:
        return f"({parts['expr1']} if {parts['test']} else {parts['expr2']})"

    def _not(self, _node: nodes.Not, parts: dict[str, Any]) -> str:
        return f"(not {parts['node']})"

    def _binary(self, sign: str, parts: dict[str, Any]) -> str:
        return f"({parts['left']} {sign} {parts['right']})"

    def _and(self, _node: nodes.And, parts: dict[str, Any]) -> str:
        return self._binary("and", parts)

    def _or(self, _node: nodes.Or, parts: dict[str, Any]) -> str:
        return self._binary("or", parts)

    def _sub(self, _node: nodes.Sub, parts: dict[str, Any]) -> str:
        return self._binary("-", parts)

    def _list(self, _node: nodes.List, parts: dict[str, Any]) -> str:
        return f"[{', '.join(parts['items'])}]"

    def _tuple(self, _node: nodes.Tuple, parts: dict[str, Any]) -> str:
        return f"({', '.join(parts['items'])},)"


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

"""Find the small faults of a module: each changes one span of its text, and leaves every other character."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_handoff.proving.operators import (
    ARITHMETIC,
    COMPARISONS,
    SYMBOLS,
    is_for_readers,
    is_text,
    names_a_type,
)
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_WIDEST = 160
_F_STRINGS_HAVE_PLACES = sys.version_info >= (3, 12)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Fault(Frozen, frozen=True):
    """A small fault.

    Attributes:
        path: the file, relative to the top of the tree.
        operator: what was done to it, a key of ``operators.OPERATORS``.
        start, end: the span in the text of the file, as ``decode_source`` returns it.
        replacement: what stands there with the fault.
        line: where it begins.
        lines: the first and the last line of the statement that it is in, or of that one's header.
        at_import: whether the import of the module runs it, and no call.
    """

    path: str
    operator: str
    start: int
    end: int
    replacement: str
    line: int
    lines: tuple[int, int]
    at_import: bool

    def diff(self, text: str) -> str:
        """Show the line without and with the fault."""
        first, last = text.rfind("\n", 0, self.start) + 1, text.find("\n", self.end)
        whole = text[first:] if last < 0 else text[first:last]
        changed = text[first : self.start] + self.replacement + text[self.end : first + len(whole)]
        return f"- {_one_line(whole)}\n+ {_one_line(changed)}"

    def rank(self, session: str) -> str:
        """Return the key that sorts a session's faults: random, but the same on every machine."""
        key = f"{session}\0{self.path}\0{self.operator}\0{self.start}\0{self.end}\0{self.replacement}"
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def compiles(text: str) -> bool:
    """Check whether a text is a module."""
    try:
        compile(text, "fault", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def in_shard(rank: str, shard: tuple[int, int] | None) -> bool:
    """Check whether a fault belongs to a shard, the number of one and how many there are."""
    return shard is None or int(rank[-8:], 16) % shard[1] == shard[0] - 1


def find_faults(path: str, text: str, lines: Collection[int]) -> list[Fault]:
    """Find the faults of the statements that begin on these lines.

    Args:
        text: the module, as ``importlib.util.decode_source`` returns it.

    Raises:
        SyntaxError: when it is no module.
    """
    finder = _Finder(path, text, frozenset(lines))
    finder.block(ast.parse(text).body)
    return sorted(finder.found, key=lambda fault: (fault.start, fault.end, fault.replacement))


class _Finder:
    """Walk through a module and note its faults."""

    def __init__(self, path: str, text: str, wanted: frozenset[int]) -> None:
        self.found: list[Fault] = []
        self._path, self._text, self._wanted = path, text, wanted
        lines = text.split("\n")
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._bytes = [None if line.isascii() else line.encode("utf-8", "surrogatepass") for line in lines]
        self._lines = (1, 1)
        self._depth = 0
        self._is_new = self._is_raise = False

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Walk through statements, except those that have no effect at run time."""
        for statement in body:
            if not is_for_readers(statement):
                self._statement(statement)
            elif isinstance(statement, ast.If):
                self.block(statement.orelse)

    def _statement(self, node: ast.stmt) -> None:
        self._enter(*_header(node))
        self._is_raise = isinstance(node, ast.Raise)
        skipped = _unused(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr | ast.withitem | ast.arguments) and child not in skipped and not _is_type(node, child):
                self._expression(child)
        if self._is_new:
            self._of_statement(node)
        inner = isinstance(node, _FUNCTIONS)
        self._depth += inner
        for name in ("body", "orelse", "finalbody"):
            self.block(getattr(node, name, []))
        self._depth -= inner
        for handler in getattr(node, "handlers", []):
            self._handler(handler)
        for case in getattr(node, "cases", []):
            self._case(case)

    def _enter(self, first: int, last: int) -> None:
        self._lines = (first, last)
        self._is_new = not self._wanted.isdisjoint(range(first, last + 1))

    def _handler(self, node: ast.ExceptHandler) -> None:
        first, last = node.body[0], node.body[-1]
        self._enter(first.lineno, _header(first)[1])
        if self._is_new and not isinstance(first, ast.Raise):
            start, end = self._place(first)[0], self._place(last)[1]
            self._note("except", start, end, "raise")
        self.block(node.body)

    def _case(self, node: ast.match_case) -> None:
        self._enter(node.pattern.lineno, max(node.pattern.lineno, node.body[0].lineno - 1))
        if node.guard is not None:
            self._expression(node.guard)
            self._condition(node.guard)
        self.block(node.body)

    def _of_statement(self, node: ast.stmt) -> None:
        match node:
            case ast.If() | ast.While():
                self._condition(node.test)
            case ast.Return(value=ast.expr() as value):
                self._to_none(value)
            case ast.Raise():
                self._whole("raise", node, "pass")
            case ast.Break():
                self._whole("loop", node, "continue")
            case ast.Continue():
                self._whole("loop", node, "break")
            case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())) | ast.AugAssign() | ast.Delete():
                self._whole("statement", node, "pass")
            case ast.Assign(targets=targets) if all(isinstance(one, ast.Attribute | ast.Subscript) for one in targets):
                self._whole("statement", node, "pass")
            case _:
                pass
        if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC and not is_text(node.value):
            self._between("arithmetic", node.target, node.value, SYMBOLS[type(node.op)], (ARITHMETIC[type(node.op)],))

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr) or type(node).__name__ == "TemplateStr":
            values = getattr(node, "values", []) if _F_STRINGS_HAVE_PLACES else []
            for value in values:
                if not isinstance(value, ast.Constant):
                    self._expression(value.value)
            return
        if self._is_new:
            self._of_expression(node)
        skipped = _unused(node)
        is_lambda = isinstance(node, ast.Lambda)
        for child in ast.iter_child_nodes(node):
            if child in skipped or isinstance(child, ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop):
                continue
            self._depth += is_lambda and not isinstance(child, ast.arguments)
            self._expression(child)
            self._depth -= is_lambda and not isinstance(child, ast.arguments)

    def _of_expression(self, node: ast.AST) -> None:
        match node:
            case ast.Compare() | ast.BoolOp() | ast.BinOp() | ast.UnaryOp():
                self._of_operators(node)
            case ast.IfExp(test=test):
                self._condition(test)
            case ast.comprehension(ifs=tests):
                for test in tests:
                    self._condition(test)
            case ast.Yield(value=ast.expr() as value):
                self._to_none(value)
            case ast.Constant():
                self._constant(node)

    def _of_operators(self, node: ast.Compare | ast.BoolOp | ast.BinOp | ast.UnaryOp) -> None:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                for before, op, behind in zip([left, *comparators], ops, comparators, strict=False):
                    self._between("comparison", before, behind, SYMBOLS[type(op)], COMPARISONS[type(op)])
            case ast.BoolOp(op=op, values=values):
                other = "or" if isinstance(op, ast.And) else "and"
                for before, behind in pairwise(values):
                    self._between("logic", before, behind, SYMBOLS[type(op)], (other,))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC and not (is_text(left) or is_text(right)):
                self._between("arithmetic", left, right, SYMBOLS[type(op)], (ARITHMETIC[type(op)],))
            case ast.UnaryOp(op=ast.Not()):
                start = self._place(node)[0]
                end = start + len(_matched(r"not\s*", self._text[start:]))
                self._note("not", start, end, "")
            case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
                start = self._place(node)[0]
                self._note("sign", start, start + 1, "+")
            case _:
                pass

    def _condition(self, test: ast.expr) -> None:
        """Negate a condition; a single comparison, a ``not`` and a constant have their opposite already."""
        has_opposite = isinstance(test, ast.Constant) or (isinstance(test, ast.Compare) and len(test.ops) == 1)
        if self._is_new and not has_opposite and not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):
            start, end = self._place(test)
            self._note("condition", start, end, f"(not ({self._text[start:end]}))")

    def _to_none(self, value: ast.expr) -> None:
        if not (isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool))):
            start, end = self._place(value)
            spare = "\n" * self._text.count("\n", start, end)
            self._note("return", start, end, f"(None{spare})" if spare else "None")

    def _constant(self, node: ast.Constant) -> None:
        start, end = self._place(node)
        match node.value:
            case bool() as value:
                self._note("constant", start, end, str(not value))
            case None:
                self._note("constant", start, end, '""')
            case int() | float() | complex() as value:
                self._note("number", start, end, repr(value + 1))
            case str() | bytes() as value if not self._is_raise:  # its message is for readers
                self._note("string", start, end, _marked(value, "\n" * self._text.count("\n", start, end)))

    def _whole(self, operator: str, node: ast.stmt, replacement: str) -> None:
        self._note(operator, *self._place(node), replacement)

    def _between(self, operator: str, left: ast.expr, right: ast.expr, symbol: str, others: Iterable[str]) -> None:
        """Note faults in the operator that stands between two operands; where a comment does as well, it is left alone."""
        start, end = self._place(left)[1], self._place(right)[0]
        gap = self._text[start:end]
        found = re.search(symbol, gap)
        if found is None or "#" in gap:
            return
        for other in others:
            self._note(operator, start + found.start(), start + found.end(), other)

    def _note(self, operator: str, start: int, end: int, replacement: str) -> None:
        if self._text[start:end] == replacement:
            return
        self.found.append(
            Fault(
                path=self._path,
                operator=operator,
                start=start,
                end=end,
                replacement=replacement,
                line=self._text.count("\n", 0, start) + 1,
                lines=self._lines,
                at_import=self._depth == 0,
            )
        )

    def _place(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        last, offset = node.end_lineno, node.end_col_offset
        if last is None or offset is None:  # only trees that no text was parsed to have no ends
            raise AssertionError(ast.dump(node))
        return self._at(node.lineno, node.col_offset), self._at(last, offset)

    def _at(self, line: int, offset: int) -> int:
        """Return the place of a column, which ``ast`` counts in bytes."""
        data = self._bytes[line - 1]
        inner = offset if data is None else len(data[:offset].decode("utf-8", "surrogatepass"))
        return self._starts[line - 1] + inner


def _header(node: ast.stmt) -> tuple[int, int]:
    """Return the lines of a statement, without those of the statements in it."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    inner = getattr(node, "body", None) or [case.pattern for case in getattr(node, "cases", [])]
    last = node.end_lineno or node.lineno
    return first, max(first, min(last, inner[0].lineno - 1)) if inner else last


def _is_type(statement: ast.stmt, node: ast.AST) -> bool:
    """Check whether an expression of a statement is a type, which has no effect at run time."""
    if isinstance(statement, _FUNCTIONS):
        return node is statement.returns
    return isinstance(statement, ast.AnnAssign) and node is statement.annotation


def _unused(node: ast.AST) -> list[ast.AST]:
    """List the parts that are left alone: types, texts that only a reader sees, and a cause that is hidden from the reader."""
    match node:
        case ast.Raise(cause=ast.Constant() as cause):
            return [cause]
        case ast.arg(annotation=ast.expr() as annotation):
            return [annotation]
        case ast.Call() if names_a_type(node):
            return [one for one in node.args if isinstance(one, ast.Constant)]
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant() as other]):
            return [other]
    return []


def _marked(value: str | bytes, spare: str) -> str:
    """Write a text with a mark on both sides, on as many lines as before."""
    text = repr(f"XX{value}XX") if isinstance(value, str) else repr(b"XX" + value + b"XX")
    return f"({text}{spare})" if spare else text


def _matched(pattern: str, text: str) -> str:
    found = re.match(pattern, text)
    return found.group() if found else ""


def ranked(faults: Iterable[Fault], session: str) -> Iterator[Fault]:
    """Yield faults in the order of the session."""
    yield from sorted(faults, key=lambda fault: fault.rank(session))

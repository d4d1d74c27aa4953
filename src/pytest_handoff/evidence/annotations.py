"""Find the statements that differ from an earlier version of their file only in annotations: these are not new code.

We know only the hashes of the earlier lines, or their text as well. A statement is compared without its
annotations where it stands, so that a line elsewhere in the file proves nothing. An annotation that calls something is code.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.evidence.case_files import nodes_in, parsed, statements_in
from pytest_handoff.evidence.source_changes import WIDTH, changed_among, changed_lines, hash_lines, split_hashes, texts_of_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import TypeGuard

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Annotated = _Function | ast.AnnAssign

_PLAIN = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.List, ast.Starred, ast.BinOp, ast.BitOr,
    ast.UnaryOp, ast.USub, ast.expr_context,
)  # fmt: skip
"""What an annotation may consist of if it only names types and is not code."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_DEFAULT = re.compile(rb"[ \t]*=[ \t]*")
_OPENED, _CLOSED = re.compile(rb"([(\[{]) "), re.compile(rb",? ([)\]}])")


class Bare:
    """A statement without its annotations.

    Attributes:
        first, last: its lines, from 1.
        left: what is left of them.
        lines: the hashes of what is left.
        joined: the hash of the same in one line, as it was before annotations made it too long.
    """

    def __init__(self, first: int, last: int, left: bytes) -> None:
        self.first, self.last, self.left = first, last, left

    @cached_property
    def lines(self) -> str:
        return hash_lines(self.left)

    @cached_property
    def joined(self) -> str:
        return hash_lines(_in_one_line(self.left))[:WIDTH]


def only_annotated(base: str, now: str, text: bytes, before: Callable[[], bytes | None]) -> frozenset[int]:
    """Return the first lines of the statements that, apart from annotations, are in the base.

    Args:
        base: the hashes of the lines of the earlier version.
        now: those of the file as it is.
        text: the file as it is.
        before: reads the earlier version where it is at hand; it is asked for only where an annotation may have replaced another.

    Raises:
        EvidenceProblem: line hashes are damaged.
    """
    changed = changed_lines(base, now)
    wanted = found = frozenset[int]()
    for old, new in alignments(base, now, text, before, changed):
        wanted = wanted or new.bare
        known = set(old.hashes)
        lost = {number for number, hashed in zip(new.numbers, new.hashes, strict=True) if hashed not in known}
        if wanted - found - lost:  # the others have a line that is nowhere in the earlier version
            fresh = changed_among(old.hashes, new.hashes)
            found |= wanted - {new.numbers[number - 1] for number in fresh}
        if found == wanted:
            break
    return found


class Version(NamedTuple):
    """A version of a file as it is compared.

    Attributes:
        hashes: those of its lines.
        numbers: those of the lines, the first one for each line of a bare statement.
        bare: the first lines of the bare statements.
    """

    hashes: list[str]
    numbers: Sequence[int]
    bare: frozenset[int]


def alignments(
    base: str, now: str, text: bytes, before: Callable[[], bytes | None], changed: frozenset[int]
) -> Iterator[tuple[Version, Version]]:
    """Yield both versions of a file as they are to be compared: without annotations that are new, then without any.

    There are none where no changed statement has annotations, and only the first where the earlier text is not at hand.

    Args:
        changed: the lines that a plain comparison calls new.
    """
    if hash_lines(text) != now:
        return
    statements = _Statements(text)
    wanted = statements.by_line(changed)
    if not wanted:
        return
    old, new = split_hashes(base), split_hashes(now)
    yield _with(old, {}, None), _with(new, wanted, frozenset(old))
    if (then := before()) is not None and hash_lines(then) == base:
        yield _with(old, _Statements(then).by_line(), None), _with(new, statements.by_line(), None)


def bare_texts(text: bytes, changed: frozenset[int] | None = None) -> list[tuple[int, bytes]]:
    """List the lines of the statements without their annotations, each with the number of the statement's first line.

    Args:
        changed: the lines of which a statement must have one; ``None`` for all statements.
    """
    found = _Statements(text).each(changed)
    return [(one.first, line) for one in found for text in (one.left, _in_one_line(one.left)) for line in texts_of_lines(text)]


def _with(lines: list[str], bare: Mapping[int, Bare], one_line: Collection[str] | None) -> Version:
    """Replace statements with their bare versions.

    Args:
        one_line: the lines for which a statement of several lines is taken as one; ``None`` for all that there may be.
    """
    hashes: list[str] = []
    numbers: list[int] = []
    replaced, done = set(), 0
    for first, one in sorted(bare.items()):
        if not done < first <= len(lines):
            continue  # within another one
        left = [one.joined] if one_line is None or one.joined in one_line else split_hashes(one.lines)
        hashes += lines[done : first - 1] + left
        numbers += [*range(done + 1, first), *[first] * len(left)]
        replaced.add(first)
        done = one.last
    return Version(hashes + lines[done:], [*numbers, *range(done + 1, len(lines) + 1)], frozenset(replaced))


class _Statements:
    """The statements of a file that have annotations; none in a file that is not Python in UTF-8."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]
        tree = parsed(text) if _is_utf8(text) else None
        self._annotated = [] if tree is None else [node for node in statements_in(tree) if _has_annotations(node)]
        self._bare: dict[ast.stmt, Bare | None] = {}

    def each(self, changed: frozenset[int] | None = None) -> Iterator[Bare]:
        """Take the annotations out of the statements that have some, where they are plain; a line's last one comes last.

        Args:
            changed: the lines of which a statement must have one; ``None`` for all statements.
        """
        for node in self._annotated:
            if changed is None or not changed.isdisjoint(range(node.lineno, _last_line(node) + 1)):
                if node not in self._bare:
                    self._bare[node] = _statement(node, self._text, self._starts)
                if (one := self._bare[node]) is not None:
                    yield one

    def by_line(self, changed: frozenset[int] | None = None) -> dict[int, Bare]:
        """Map first lines to what :meth:`each` yields."""
        return {one.first: one for one in self.each(changed)}


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_annotations(node: ast.AST) -> TypeGuard[_Annotated]:
    if isinstance(node, ast.AnnAssign):
        return node.value is not None
    return isinstance(node, _Function) and (
        node.returns is not None or any(one.annotation is not None for one in _arguments(node))
    )


def _arguments(node: _Function) -> list[ast.arg]:
    of = node.args
    found = [*of.posonlyargs, *of.args, of.vararg, *of.kwonlyargs, of.kwarg]
    return [one for one in found if one is not None]


def _last_line(node: _Annotated) -> int:
    """Return the last line of an assignment, or of a function's header."""
    if isinstance(node, ast.AnnAssign):
        return node.end_lineno or node.lineno
    return max(node.lineno, _start(node.body[0]) - 1)


def _statement(node: _Annotated, text: bytes, starts: Sequence[int]) -> Bare | None:
    if isinstance(node, ast.AnnAssign):
        spans = [(_end(node.target, starts), _end(node.annotation, starts), node.annotation)]
    elif _start(node.body[0]) == node.lineno != node.end_lineno or _shares_a_line(node, text, starts):
        return None
    else:
        spans = list(_spans_of_function(node, text, starts))
    annotations = {id(one): one for _, _, one in spans}.values()
    if not spans or not all(isinstance(part, _PLAIN) for one in annotations for part in nodes_in(one)):
        return None
    first, last = node.lineno, _last_line(node)
    if last > len(starts):
        return None
    begin, end = starts[first - 1], starts[last] if last < len(starts) else len(text)
    left = _without(text[begin:end], [(start - begin, stop - begin) for start, stop, _ in spans])
    return Bare(first, last, left)


def _shares_a_line(node: _Function, text: bytes, starts: Sequence[int]) -> bool:
    """Check whether the body begins behind a header of several lines, on its last one."""
    begin = starts[_start(node.body[0]) - 1]
    return begin > starts[node.lineno - 1] and bool(text[begin : begin + node.body[0].col_offset].strip(b" \t\f@"))


def _start(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min(statement.lineno, *(one.lineno for one in decorators)) if decorators else statement.lineno


def _spans_of_function(node: _Function, text: bytes, starts: Sequence[int]) -> Iterator[tuple[int, int, ast.expr]]:
    for argument in _arguments(node):
        if argument.annotation is not None:
            begin = starts[argument.lineno - 1] + argument.col_offset + len(argument.arg.encode())
            end = _end(argument, starts)
            default = _DEFAULT.match(text, end)
            yield begin, end, argument.annotation
            if default is not None and default[0] != b"=":
                yield end, default.start() + default[0].index(b"="), argument.annotation
                yield default.start() + default[0].index(b"=") + 1, default.end(), argument.annotation
    if node.returns is not None:
        begin = starts[node.returns.lineno - 1] + node.returns.col_offset
        top = starts[node.lineno - 1]
        arrow = text.rfind(b"->", top, begin)
        if arrow >= 0 and not text[arrow + 2 : begin].strip():
            yield top + len(text[top:arrow].rstrip()), _end(node.returns, starts), node.returns


def _end(node: ast.expr | ast.arg, starts: Sequence[int]) -> int:
    return starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)


def _without(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    for begin, end in sorted(spans, reverse=True):
        text = text[:begin] + text[end:]
    return text


def _in_one_line(text: bytes) -> bytes:
    """Write a statement of several lines in one, as formatters do where it is short enough."""
    lines = _LINE_END.split(text.rstrip())
    indentation = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    joined = b" ".join(line.strip() for line in lines)
    return indentation + _OPENED.sub(rb"\1", _CLOSED.sub(rb"\1", joined.strip()))

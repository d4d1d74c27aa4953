"""Find the statements that differ from an earlier version of their file only in annotations: these are not new code.

We know only the hashes of the earlier lines, or their text as well. A statement is compared without its
annotations where it stands, so that a line elsewhere in the file proves nothing. An annotation that calls something is code.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.evidence.source_changes import WIDTH, changed_lines, hash_lines, split_hashes, texts_of_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

_Function = ast.FunctionDef | ast.AsyncFunctionDef

_PLAIN = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.List, ast.Starred, ast.BinOp, ast.BitOr,
    ast.UnaryOp, ast.USub, ast.expr_context,
)  # fmt: skip
"""What an annotation may consist of if it only names types and is not code."""

_LINE_END = re.compile(rb"\r\n|\r|\n")
_DEFAULT = re.compile(rb"[ \t]*=[ \t]*")


class Bare(NamedTuple):
    """A statement without its annotations.

    Attributes:
        first, last: its lines, from 1.
        lines: the hashes of what is left of them.
        joined: the hash of the same in one line, as it was before annotations made it too long.
        left: what is left of them.
    """

    first: int
    last: int
    lines: str
    joined: str
    left: bytes


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
        wanted = wanted or frozenset(line.number for line in new if line.bare)
        fresh = changed_lines("".join(line.hashed for line in old), "".join(line.hashed for line in new))
        found |= wanted - {new[number - 1].number for number in fresh}
        if found == wanted:
            break
    return found


class Line(NamedTuple):
    """A line as it is compared: its hash, its number (the first one of a bare statement), and whether it is of such a one."""

    hashed: str
    number: int
    bare: bool = False


def alignments(
    base: str, now: str, text: bytes, before: Callable[[], bytes | None], changed: frozenset[int]
) -> Iterator[tuple[list[Line], list[Line]]]:
    """Yield both versions of a file as they are to be compared: without annotations that are new, then without any.

    There are none where no changed statement has annotations, and only the first where the earlier text is not at hand.

    Args:
        changed: the lines that a plain comparison calls new.
    """
    if hash_lines(text) != now:
        return
    every = {one.first: one for one in _bare(text)}
    wanted = {first: one for first, one in every.items() if not changed.isdisjoint(range(first, one.last + 1))}
    if not wanted:
        return
    old, new = split_hashes(base), split_hashes(now)
    yield _with(old, {}, None), _with(new, wanted, frozenset(old))
    if (then := before()) is not None and hash_lines(then) == base:
        yield _with(old, {one.first: one for one in _bare(then)}, None), _with(new, every, None)


def bare_texts(text: bytes, changed: Collection[int] | None = None) -> list[tuple[int, bytes]]:
    """List the lines of the statements without their annotations, each with the number of the statement's first line.

    Args:
        changed: the lines of which a statement must have one; ``None`` for all statements.
    """
    found = _bare(text)
    if changed is not None:
        found = [one for one in found if any(number in changed for number in range(one.first, one.last + 1))]
    return [(one.first, line) for one in found for text in (one.left, _in_one_line(one.left)) for line in texts_of_lines(text)]


def _with(lines: Sequence[str], bare: Mapping[int, Bare], one_line: Collection[str] | None) -> list[Line]:
    """Replace statements with their bare versions.

    Args:
        one_line: the lines for which a statement of several lines is taken as one; ``None`` for all that there may be.
    """
    found: list[Line] = []
    number = 1
    while number <= len(lines):
        one = bare.get(number)
        if one is None:
            found.append(Line(lines[number - 1], number))
            number += 1
            continue
        hashes = [one.joined] if one_line is None or one.joined in one_line else split_hashes(one.lines)
        found += [Line(hashed, one.first, bare=True) for hashed in hashes]
        number = one.last + 1
    return found


def _bare(text: bytes) -> list[Bare]:
    """Take the annotations out of each statement that has some; none in a file that is not Python in UTF-8."""
    try:
        text.decode()
        tree = ast.parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    lines, starts = _split(text)
    found = (_statement(node, text, starts, len(lines)) for node in ast.walk(tree))
    return [one for one in found if one is not None]


def _split(text: bytes) -> tuple[list[bytes], list[int]]:
    lines, starts, at = [], [], 0
    for end in _LINE_END.finditer(text):
        lines.append(text[at : end.start()])
        starts.append(at)
        at = end.end()
    return [*lines, text[at:]], [*starts, at]


def _statement(node: ast.AST, text: bytes, starts: Sequence[int], many: int) -> Bare | None:
    if isinstance(node, _Function):
        first, last = node.lineno, max(node.lineno, _start(node.body[0]) - 1)
        if _start(node.body[0]) == node.lineno != node.end_lineno or _shares_a_line(node, text, starts):
            return None
        spans = list(_spans_of_function(node, text, starts))
    elif isinstance(node, ast.AnnAssign) and node.value is not None and node.end_lineno is not None:
        first, last = node.lineno, node.end_lineno
        spans = [(_end(node.target, starts), _end(node.annotation, starts), node.annotation)]
    else:
        return None
    if not spans or not all(isinstance(part, _PLAIN) for _, _, one in spans for part in ast.walk(one)):
        return None
    if last > many:
        return None
    begin, end = starts[first - 1], starts[last] if last < many else len(text)
    left = _without(text[begin:end], [(start - begin, stop - begin) for start, stop, _ in spans])
    return Bare(first, last, hash_lines(left), hash_lines(_in_one_line(left))[:WIDTH], left)


def _shares_a_line(node: _Function, text: bytes, starts: Sequence[int]) -> bool:
    """Check whether the body begins behind a header of several lines, on its last one."""
    begin = starts[_start(node.body[0]) - 1]
    return begin > starts[node.lineno - 1] and bool(text[begin : begin + node.body[0].col_offset].strip(b" \t\f@"))


def _start(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min(statement.lineno, *(one.lineno for one in decorators)) if decorators else statement.lineno


def _spans_of_function(node: _Function, text: bytes, starts: Sequence[int]) -> Iterator[tuple[int, int, ast.expr]]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    for argument in every:
        if argument is not None and argument.annotation is not None:
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
    return indentation + re.sub(rb"([(\[{]) ", rb"\1", re.sub(rb",? ([)\]}])", rb"\1", joined.strip()))

"""Report what was done to the tests themselves: edits, tests that assert nothing, changes of tier, new skips.

The report informs the reader; it decides no gate.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_handoff.evidence.source_changes import changed_lines, hash_lines, split_hashes
from pytest_handoff.nodeids import file_of, name_of, without_parameters
from pytest_handoff.record import Frozen, Integrity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import LedgerLine, SourceLine


_BLANK = hash_lines(b"\n")


class TierChange(Frozen, frozen=True):
    """An earlier test that is of another tier now."""

    id: str
    was: str
    now: str


class IntegrityReport(Frozen, frozen=True):
    """Everything a reader is told about what was done to tests.

    ``changed`` and ``without_assertion`` are test functions, ids without parameters; ``None`` is *not known*.
    """

    changed: list[str] | None
    without_assertion: list[str] | None
    tier_changes: list[TierChange]
    newly_skipped: list[str]
    newly_xfailed: list[str]


def report(facts: Facts) -> IntegrityReport:
    """Report what the record and the ledgers say was done to a session's tests."""
    known, earlier = facts.record.integrity, facts.earlier.lines
    changes = [
        TierChange(id=test, was=old.tier, now=line.tier)
        for test, line in facts.ledger.items()
        if (old := earlier.get(line.moved_from or test)) is not None and old.tier != line.tier
    ]
    lost = facts.with_status("newly_skipped")
    return IntegrityReport(
        changed=known.changed if known else None,
        without_assertion=known.without_assertion if known else None,
        tier_changes=changes,
        newly_skipped=[line.id for line in lost if line.outcome == "skipped"],
        newly_xfailed=[line.id for line in lost if line.outcome == "xfailed"],
    )


def examine(
    session: str,
    ledger: Iterable[LedgerLine],
    now: Mapping[str, SourceLine],
    bases: Sequence[Mapping[str, SourceLine]] | None,
    *,
    renames: Mapping[str, str],
    read: Callable[[str], bytes | None],
) -> Integrity:
    """Examine the functions of new tests, and of earlier tests whose file differs from that of every parent.

    Only new and changed tests are named as tests without an assertion. Doctests, inherited tests and files that are not Python
    are left out.

    Args:
        bases: the parents' trees; ``None`` if they were pruned, so that nobody knows what changed.
        renames: old path to new path.
        read: returns the content of a file, or ``None`` if it is gone.
    """
    was = {new: old for old, new in renames.items()}
    lines = [line for line in ledger if line.outcome is not None and line.retired is None]
    changed: list[str] = []
    silent: list[str] = []
    for path, tests in _by_file(session, lines, _unchanged(now, bases or (), was)).items():
        olds = {test: _olds(session, line, was.get(path, path), now.get(path), bases or ()) for test, line in tests.items()}
        wanted = [test for test, line in tests.items() if line.since == session or olds[test]]
        content = read(path) if wanted and path.endswith(".py") else None
        if content is None:
            continue
        functions, hashes = _functions_of(content), split_hashes(hash_lines(content))
        known = {test: functions[name_of(test)] for test in wanted if name_of(test) in functions}
        touched = [test for test in known if olds[test] and all(_differs(known[test], hashes, old) for old in olds[test])]
        changed += touched
        silent += [test for test, function in known.items() if not function.asserts and (test in touched or not olds[test])]
    return Integrity(changed=sorted(changed) if bases is not None else None, without_assertion=sorted(silent))


def _functions_of(content: bytes) -> dict[str, CaseFunction]:
    return functions_of(content)


def _unchanged(now: Mapping[str, SourceLine], bases: Sequence[Mapping[str, SourceLine]], was: Mapping[str, str]) -> set[str]:
    """Find the files that are the same as in one of the parents."""
    old = [(path, base.get(was.get(path, path))) for base in bases for path in now]
    return {path for path, line in old if line is not None and line.blob == now[path].blob}


def _by_file(session: str, lines: Sequence[LedgerLine], unchanged: set[str]) -> dict[str, dict[str, LedgerLine]]:
    """Group the tests by file and function, with one test for each function: an earlier one if there is one.

    Unchanged files are left out unless a test in them is new or came from elsewhere: there is nothing to say about the others.
    """
    silent = unchanged - {file_of(line.id) for line in lines if line.since == session or line.moved_from is not None}
    files: dict[str, dict[str, LedgerLine]] = defaultdict(dict)
    for line in lines:
        path = file_of(line.id)
        if path not in silent:
            tests, test = files[path], without_parameters(line.id)
            if test not in tests or tests[test].since == session:
                tests[test] = line
    return files


def _olds(
    session: str, line: LedgerLine, path: str, now: SourceLine | None, bases: Sequence[Mapping[str, SourceLine]]
) -> list[list[str]]:
    """Return the line hashes of an earlier test's file in each parent that had it; none if the file is unchanged since one."""
    if line.since == session:
        return []
    path = file_of(line.moved_from) if line.moved_from else path
    found = [base[path] for base in bases if path in base]
    if now is not None and any(old.blob == now.blob for old in found):
        return []
    return [split_hashes(old.lines) for old in found]


def _differs(function: CaseFunction, hashes: list[str], old: list[str]) -> bool:
    """Return True if the old file does not hold the function as it is now, with the same beginning and end.

    If the file now holds the same function more often than before, a comparison of the two files says which ones are new.
    """
    first, last = function.first - 1, function.last
    body = hashes[first:last]
    places = _places(body, old)
    whole = [place for place in places if _same_start(hashes, first, old, place)]
    if not any(_same_end(function, hashes[last:], old[place + len(body) :]) for place in whole):
        return True
    if len(_places(body, hashes)) <= len(places):
        return False
    return not changed_lines("".join(old), "".join(hashes)).isdisjoint(range(first + 1, last + 1))


def _places(body: list[str], lines: list[str]) -> list[int]:
    length = len(body)
    return [at for at, line in enumerate(lines) if line == body[0] and lines[at : at + length] == body]


def _same_start(new: list[str], first: int, old: list[str], place: int) -> bool:
    """Check that no line above, such as a decorator, was removed: a line that touched the function before still does."""
    before = old[place - 1] if place else _BLANK
    return before == _BLANK or before == (new[first - 1] if first else _BLANK)


def _same_end(function: CaseFunction, now: list[str], then: list[str]) -> bool:
    """Check that no line was removed from the end of the function.

    The evidence keeps the order of the old lines, not which function each belonged to. Removing a last paragraph leaves the wider
    gap that came after it. If the function no longer asserts anything, a line that followed it after a gap and is nowhere below
    it now may have begun such a paragraph.
    """
    blank_then, blank_now = _blanks(then), _blanks(now)
    followed = then[blank_then : blank_then + 1]
    if not followed or followed == now[blank_now : blank_now + 1]:
        return True
    if not function.asserts and blank_then:
        return followed[0] in now
    return 0 < blank_then >= blank_now


def _blanks(lines: list[str]) -> int:
    return next((count for count, line in enumerate(lines) if line != _BLANK), len(lines))


_EXPECTING = frozenset({"raises", "warns", "deprecated_call", "fail"})
_SAYS_SO = re.compile(r"assert|expect|check|verify", re.IGNORECASE)


class CaseFunction(Frozen, frozen=True):
    """A function by its lines, counted from 1: from its first decorator (or ``def``) to its last line.

    ``asserts`` says whether it has a statement that can fail the test over a wrong result, see :func:`functions_of`.
    """

    first: int
    last: int
    asserts: bool


def functions_of(source: bytes) -> dict[str, CaseFunction]:
    """Map the functions of a Python file by qualified name, with ``::`` as in test ids; of two with one name, keep the later.

    These assert something: ``assert``, ``raise``, a call of ``raises``, ``warns``, ``deprecated_call``, ``fail`` or
    ``self.fail…``, and a call of anything whose dotted name contains *assert*, *expect*, *check* or *verify*. A nested function
    is a part of the function around it. A file that is not Python has none.
    """
    try:
        tree = ast.parse(source)
    except (
        SyntaxError,
        ValueError,
        RecursionError,
        MemoryError,
    ):  # no test can be collected from such a file, and the run itself says what is wrong
        return {}
    return {name: _function(node) for name, node in _named(tree)}


def _named(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Walk the statements in their order without recursion: each ``elif`` is nested in the one before."""
    ahead: list[tuple[ast.AST, str]] = [(tree, "")]
    while ahead:
        node, within = ahead.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield within + node.name, node
        elif isinstance(node, ast.Module | ast.stmt | ast.excepthandler):
            inner = f"{within}{node.name}::" if isinstance(node, ast.ClassDef) else within
            ahead += [(child, inner) for child in reversed(list(ast.iter_child_nodes(node)))]


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> CaseFunction:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return CaseFunction(first=first, last=node.end_lineno or node.lineno, asserts=any(map(_asserts, ast.walk(node))))


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        parts = _dotted(node.func)
        if parts[:1] == ["self"] and parts[-1].startswith("fail"):
            return True
        return parts[-1:] != [] and (parts[-1] in _EXPECTING or any(map(_SAYS_SO.search, parts)))
    return isinstance(node, ast.Assert | ast.Raise)


def _dotted(function: ast.expr) -> list[str]:
    """Split ``a.b.c`` into its names, as far as they are names: ``f().b`` gives only ``b``."""
    parts: list[str] = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    parts += [function.id] if isinstance(function, ast.Name) else []
    return parts[::-1]

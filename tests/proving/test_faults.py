"""Small faults: what becomes of a statement, what is left alone, and that nothing but one span changes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_handoff.proving.faults import Fault, compiles, find_faults, in_shard, ranked
from pytest_handoff.proving.operators import ARITHMETIC, COMPARISONS, OPERATORS, SYMBOLS
from pytest_handoff.proving.override import applied

if TYPE_CHECKING:
    from collections.abc import Collection

EVERYWHERE = range(1, 1000)


def faults_of(text: str, lines: Collection[int] = EVERYWHERE) -> list[Fault]:
    """The faults of a module."""
    return find_faults("m.py", text, lines)


def changed(text: str, lines: Collection[int] = EVERYWHERE) -> list[tuple[str, str]]:
    """Operator, and the changed line."""
    text = dedent(text).lstrip("\n")
    return [(fault.operator, fault.diff(text).partition("\n+ ")[2]) for fault in faults_of(text, lines)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("f(a < b)", [("statement", "pass"), ("comparison", "f(a <= b)"), ("comparison", "f(a >= b)")]),
        ("x = a == b", [("comparison", "x = a != b")]),
        ("x = (a) not  in (b)", [("comparison", "x = (a) in (b)")]),
        ("x = a is not None", [("comparison", "x = a is None")]),
        ("x = a <b< c", [
            ("comparison", "x = a <=b< c"), ("comparison", "x = a >=b< c"),
            ("comparison", "x = a <b<= c"), ("comparison", "x = a <b>= c"),
        ]),
        ("x = a // b ** c", [("arithmetic", "x = a / b ** c"), ("arithmetic", "x = a // b * c")]),
        ("x = (a) - (b)", [("arithmetic", "x = (a) + (b)")]),
        ("x = 'a' % b", [("string", "x = 'XXaXX' % b")]),
        ("x += a", [("statement", "pass"), ("arithmetic", "x -= a")]),
        ("x **= a", [("statement", "pass"), ("arithmetic", "x *= a")]),
        ("x = a and b and c", [("logic", "x = a or b and c"), ("logic", "x = a and b or c")]),
        ("x = not(a)", [("not", "x = (a)")]),
        ("x = not a", [("not", "x = a")]),
        ("x = -a", [("sign", "x = +a")]),
        ("x = -1", [("number", "x = -2")]),
        ("x = 0.5", [("number", "x = 1.5")]),
        ("x = b'e'", [("string", "x = b'XXeXX'")]),
        ("x = 'é' < b", [("string", "x = 'XXéXX' < b"), ("comparison", "x = 'é' <= b"), ("comparison", "x = 'é' >= b")]),
        ("x = True", [("constant", "x = False")]),
        ("x = None", [("constant", 'x = ""')]),
        ("x = f'{a + b} text'", [("arithmetic", "x = f'{a - b} text'")] if sys.version_info >= (3, 12) else []),
        ("x = a if b else c", [("condition", "x = a if (not (b)) else c")]),
        ("x = [a for a in b if a]", [("condition", "x = [a for a in b if (not (a))]")]),
        ("x.y = a", [("statement", "pass")]),
        ("del x[a]", [("statement", "pass")]),
        ("x: int = a", []),
        ("x: 'str' = a", []),
        ("raise E from None", [("raise", "pass")]),
        ("raise E('text', 1)", [("raise", "pass"), ("number", "raise E('text', 2)")]),
        ("logger.debug('text', a + b)", []),
        ("self.log.warning('text')", []),
        ("assert a == b, 'text'", []),
        ("'''A docstring.'''", []),
        ("__all__ = ['a']", []),
        ("T = TypeVar('T', bound=a)", []),
        ("import a", []),
        ("x = (a  # + here\n     + b)", []),
    ],
)  # fmt: skip
def test_each_operator(line: str, expected: list[tuple[str, str]]) -> None:
    """The line with each of its faults, in their order; nothing for what only readers see."""
    assert sorted(changed(line)) == sorted(expected)


def test_statements_of_functions() -> None:
    """Values that are returned, conditions, loops and exceptions."""
    found = changed("""
        def f(a: int = 1) -> 'str':
            for b in a:
                if b:
                    break
                while a and b:
                    continue
            try:
                g()
            except E:
                return b
            except F:
                raise
            return True
    """)

    assert found == [
        ("number", "def f(a: int = 2) -> 'str':"),
        ("condition", "if (not (b)):"),
        ("loop", "continue"),
        ("condition", "while (not (a and b)):"),
        ("logic", "while a or b:"),
        ("loop", "break"),
        ("statement", "pass"),
        ("except", "raise"),
        ("return", "return None"),
        ("raise", "pass"),
        ("constant", "return False"),
    ]


def test_what_only_readers_see_is_left_alone() -> None:
    """Blocks for type checkers and scripts, overloads and abstract methods; and all that is behind them is not."""
    assert changed("""
        if TYPE_CHECKING:
            x = 1
        if __name__ == "__main__":
            main()

        class A:
            @abstractmethod
            def f(self):
                return 1

            @overload
            def g(self): ...

            def h(self):
                return g(2)
    """) == [("return", "return None"), ("number", "return g(3)")]  # fmt: skip


def test_only_new_statements() -> None:
    """A statement of several lines counts by its first one; a block does not count by its header."""
    text = """
        def f(a):
            if a > 1:
                return g(
                    2,
                )
            return 3
    """

    assert changed(text, {2}) == [("comparison", "if a <= 1:"), ("comparison", "if a >= 1:"), ("number", "if a > 2:")]
    assert [operator for operator, _ in changed(text, {3})] == ["return", "number"]
    assert changed(text, {6}) == [("number", "return 4"), ("return", "return None")]


def test_what_an_import_runs() -> None:
    """Defaults, decorators and bodies of classes; the body of a function and of a lambda wait for a call."""
    text = dedent("""
        X = 1
        class A:
            y = 2
            @d(3)
            def f(self, a=4):
                return g(5)
        h = lambda a=6: 7
    """)

    assert {fault.replacement: fault.at_import for fault in faults_of(text) if fault.operator == "number"} == {
        "2": True, "3": True, "4": True, "5": True, "6": False, "7": True, "8": False,
    }  # fmt: skip


def test_the_order_is_that_of_the_session() -> None:
    """The same everywhere, another one for another session, and shards share it out."""
    faults = faults_of("x = [1, 2, 3, 4, 5, 6, 7, 8]\n")
    first = list(ranked(faults, "session-1"))

    assert first == list(ranked(reversed(faults), "session-1"))
    assert first != list(ranked(faults, "session-2"))
    shards = [[fault for fault in first if in_shard(fault.rank("session-1"), (number, 3))] for number in (1, 2, 3)]
    assert sorted(fault.start for shard in shards for fault in shard) == [fault.start for fault in faults]
    assert [fault.replacement for fault in first[:3]] == ["3", "9", "6"]


def test_the_tables_are_whole() -> None:
    """Each operator that is changed, and that it is changed to, is written in some way."""
    assert {*COMPARISONS, *ARITHMETIC} <= SYMBOLS.keys()
    assert {word for others in COMPARISONS.values() for word in others} <= {
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "!=",
        "is",
        "is not",
        "in",
        "not in",
    }


def test_the_page_explains_each_operator() -> None:
    """None is left out, and none is explained that there is not."""
    page = (Path(__file__).parents[2] / "docs" / "proving.md").read_text("utf-8")
    table = page.partition("| operator | what it does |")[2].partition("\n\n")[0]

    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split(" | ")[0])]

    assert sorted(named) == sorted(OPERATORS)


SYMBOL = st.sampled_from(["+", "-", "//", "**", "%", "<", ">=", "==", "is not", "not in", "and", "or"])
EXPRESSIONS = st.recursive(
    st.sampled_from([
        "a", "b.c", "d[0]", "1", "-2", "0.5", "'é'", "True", "None", "f'{a} x'", "()", "lambda q: 3", "b'x'", '"""t\nu"""',
    ]),
    lambda inner: st.one_of(
        st.tuples(inner, SYMBOL, inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda one: f"not ({one})"),
        inner.map(lambda one: f"-({one})"),
        st.lists(inner, max_size=3).map(lambda parts: f"g({', '.join(parts)})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})"),
        inner.map(lambda one: f"[z for z in y if {one}]"),
        inner.map(lambda one: f"(\n{one}\n)"),
    ),
    max_leaves=8,
)  # fmt: skip
SIMPLE = st.tuples(
    st.sampled_from([
        "x = {}", "x += {}", "x.y = {}", "g({})", "return {}", "raise E({})", "del x[{}]", "yield {}",
        "assert {}", "é = {}", "await {}",
    ]),
    EXPRESSIONS,
).map(lambda parts: parts[0].format(parts[1]))  # fmt: skip
BLOCKS = st.tuples(
    st.sampled_from(["if {}:", "while {}:", "for x in ({}):", "with ({}):", "def f(a={}):", "class A(f({})):"]),
    EXPRESSIONS,
    SIMPLE,
).map(lambda parts: f"{parts[0].format(parts[1])}\n        {parts[2]}")
HANDLED = st.tuples(SIMPLE, SIMPLE).map(lambda parts: f"try:\n        {parts[0]}\n    except E:\n        {parts[1]}")
MODULES = st.lists(st.one_of(SIMPLE, SIMPLE, BLOCKS, HANDLED), min_size=1, max_size=4).map(
    lambda parts: "async def f():\n" + "".join(f"    {part}\n" for part in parts)
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(MODULES)
def test_a_fault_changes_one_span_and_nothing_else(text: str) -> None:
    """The law: a fault compiles or is broken, is no other fault, and leaves every character around its span."""
    if not compiles(text):
        return
    found = faults_of(text)
    results = [applied(msgspec.to_builtins(fault), text) for fault in found]
    for fault, result in zip(found, results, strict=True):
        assert 0 <= fault.start < fault.end <= len(text)
        assert result != text
        assert result[: fault.start] == text[: fault.start]
        assert result[fault.start + len(fault.replacement) :] == text[fault.end :]
        assert fault.lines[0] <= fault.line <= fault.lines[1] + (fault.operator in ("return", "statement", "raise", "except"))
        assert compiles(result) or fault.operator in OPERATORS
    assert len(set(results)) == len(results), "two faults are the same"

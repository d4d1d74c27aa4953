"""One project with every shape of statement: what is new and who runs it stands, by hand, beside each line.

``#: own`` is a new statement that a new unit test runs, ``#: unit`` one that only old unit tests run, ``#: any`` one that
other tests run, ``#: import`` one that runs at import only, ``#: missing`` one that nothing runs, ``#: excluded`` one that
coverage.py leaves out. The mark stands where the statement begins, or alone on the line before it. A line without a mark is old,
or begins no statement.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

import pytest

from stories import IGNORED, PYPROJECT, Story

SHAPES = '''
    """Shapes of statements."""
    import asyncio  #: import
    import contextlib
    import functools

    LIMITS = {  #: import
        "low": 1,
        "high": 3,
    }


    def traced(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args)

        return inner


    @traced  #: own
    @functools.lru_cache(  #: own
        maxsize=None,
    )
    def decorated(  #: own
        value,
    ):
        return value  #: own


    @traced  #: any
    def decorated_in_vain(value):  #: any
        return value  #: missing


    def opened(value):  #: own
        with (  #: own
            contextlib.suppress(KeyError),
            contextlib.suppress(ValueError),
        ):
            return value  #: own


    def call(value):
        return max(  #: unit
            value,
            10,
        )


    def chain(text):
        return (  #: any
            text
            .strip()
            .upper()
        )


    def text_of(name):  #: own
        #: own
        text = f"""
            {name}
        """
        return text  #: own


    def slashed(first, second):
        #: unit
        return first + \\
            second + 0


    def matched(value):  #: own
        match value:  #: own
            case {"a": 1}:  #: own
                return 1  #: own
            case [  #: own
                first,
                *_,
            ]:
                return first  #: own
            case _:  #: missing
                return None  #: missing


    def comprehended(values):
        return [  #: unit
            value * 2
            for value in values
            if value
        ]


    def keyed():  #: own
        return sorted([2, 1], key=lambda item: (  #: own
            -item
        ))


    def outer():  #: own
        def nested(value):  #: own
            return value  #: missing

        return nested  #: own


    def guarded(value):  #: own
        try:  #: own
            return 1 // value  #: own
        except (  #: missing
            ZeroDivisionError,
            ValueError,
        ):
            return 0  #: missing


    def looped(values):  #: own
        found = 0; seen = 1  #: own
        for value in values:  #: own
            if value > 1:  #: own
                found += value  #: missing
        else:
            seen += 1  #: own
        assert (  #: own
            seen == 2
        )
        return found  #: own


    async def waited():  #: own
        await asyncio.sleep(0)  #: own
        return 1  #: own


    def one(): return 1  #: own


    def documented():  #: import
        """Only this."""


    def left_out():  # pragma: no cover  #: excluded
        return 1  #: excluded


    class Basket:  #: own
        """A class with methods."""

        size = 3  #: import

        @property  #: own
        def full(self):  #: own
            return self.size > 2  #: own

        def empty(self):  #: any
            return not self.size  #: missing


    class Plain(  #: import
        Basket,
    ):
        colour = "red"  #: import


    if LIMITS["low"]:  #: import
        FLAG = 1  #: import
    else:
        FLAG = 2  #: missing
'''

OLD_SHAPES = '''
    """Shapes of statements."""
    import contextlib
    import functools

    LIMITS = {  #: import
        "low": 1,
        "high": 2,
    }


    def traced(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args)

        return inner


    def call(value):
        return max(  #: unit
            value,
            9,
        )


    def chain(text):
        return (  #: any
            text
            .strip()
            .lower()
        )


    def slashed(first, second):
        #: unit
        return first + \\
            second


    def comprehended(values):
        return [  #: unit
            value
            for value in values
            if value
        ]
'''

MOVED = """
    def carry(goods):
        weight = 0
        for good in goods:
            weight += good
        return weight
"""

MOVED_AND_MORE = MOVED.replace("carry", "lift") + (
    """
    def drop(goods):  #: own
        return goods.pop()  #: own
"""
)

LARGER = """
    def first(values):
        for value in values:
            return value
        return None


    def last(values):
        found = None
        for value in values:
            found = value
        return found
"""

SMALLER = """
    def nothing():  #: own
        return None  #: own
"""

LAZY = """
    START = 5  #: import


    def late():  #: own
        return START  #: own


    def later():  #: unit
        return START + 1  #: unit
"""

RUNNING = """
    import threading  #: import


    def worked():  #: own
        found = []  #: own

        def work():  #: own
            found.append(1)  #: own

        thread = threading.Thread(target=work)  #: own
        thread.start()  #: own
        thread.join()  #: own
        return found  #: own


    def connected():  #: any
        return "a connection"  #: any
"""

LONELY = """
    import os  #: missing


    def alone():  #: missing
        return os.name  #: missing
"""

GENERATED = """
    def made():  #: own
        return 1  #: own
"""

OLD_TESTS = {
    "tests/conftest.py": """
        import pytest

        @pytest.fixture(scope="session")
        def connection():
            try:
                from app import running
            except ImportError:
                return None
            return running.connected()
    """,
    "tests/e2e/test_flow.py": """
        from app import shapes

        def test_chain(connection):
            assert shapes.chain(" a ").lower() == "a"
    """,
    "tests/unit/test_old.py": """
        from app import shapes

        def test_call(connection):
            assert shapes.call(12) == 12

        def test_slashed():
            assert shapes.slashed(1, 2) == 3

        def test_comprehended():
            assert len(shapes.comprehended([1, 0])) == 1

        def test_lazy():
            try:
                from app import lazy
            except ImportError:
                return
            assert lazy.later() == 6
    """,
}

NEW_TESTS = {
    "tests/unit/test_young.py": """
        import asyncio

        from app import generated, raised, running, shapes, smaller

        def test_shapes():
            assert shapes.decorated(1) == 1
            assert shapes.opened(1) == 1
            assert shapes.text_of("a").strip() == "a"
            assert shapes.matched({"a": 1}) == 1
            assert shapes.matched([2, 3]) == 2
            assert shapes.keyed() == [2, 1]
            assert shapes.outer()
            assert shapes.guarded(1) == 1
            assert shapes.looped([1]) == 0
            assert shapes.one() == 1
            assert shapes.documented() is None
            assert shapes.Basket().full

        def test_others():
            assert asyncio.run(shapes.waited()) == 1
            assert raised.drop([1]) == 1
            assert smaller.nothing() is None
            assert running.worked() == [1]
            assert generated.made() == 1

        def test_late():
            from app import lazy
            assert lazy.late() == 5
    """
}

NOW = {
    "src/app/shapes.py": SHAPES,
    "src/app/carried.py": MOVED,
    "src/app/raised.py": MOVED_AND_MORE,
    "src/app/larger.py": LARGER,
    "src/app/smaller.py": SMALLER,
    "src/app/lazy.py": LAZY,
    "src/app/running.py": RUNNING,
    "src/app/lonely.py": LONELY,
    "src/app/generated.py": GENERATED,
}
"""The code of the session; ``generated`` is ignored by git."""
UNTRACKED = ("src/app/lazy.py", "src/app/lonely.py")

MARK = re.compile(r"#: (own|unit|any|import|missing|excluded)$")
TOTAL = {"num_statements": 88, "covered": 76, "covered_by_unit": 60, "covered_by_new_unit": 55, "excluded": 2}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The project after the work of session 2, which was not run yet."""
    story = Story(tmp_path_factory.mktemp("cases"))
    story.git("init", "--quiet", "--initial-branch=main")
    same = {"src/app/blanks.py": MOVED.replace("carry", "blanks"), "src/app/ends.py": MOVED.replace("carry", "ends")}
    story.write_files({"pyproject.toml": PYPROJECT, "src/app/__init__.py": "", "src/app/shapes.py": OLD_SHAPES})
    story.write_files(same | OLD_TESTS)
    story.write_files({"src/app/carry.py": MOVED, "src/app/lift.py": MOVED.replace("carry", "lift")})
    story.write_files({"src/app/both.py": dedent(LARGER) + dedent(SMALLER), ".gitignore": IGNORED + "generated.py\n"})
    story.commit("before")
    assert story.pytest("--handoff=session-1").code == 0
    story.commit("session-1")
    for gone in ("carry", "lift", "both"):
        (story.folder / f"src/app/{gone}.py").unlink()
    story.write_files({path: text for path, text in NOW.items() if path not in UNTRACKED} | NEW_TESTS)
    (story.folder / "src/app/blanks.py").write_text(story.text("src/app/blanks.py").replace("\n", "  \n"), "utf-8")
    (story.folder / "src/app/ends.py").write_bytes(story.text("src/app/ends.py").replace("\n", "\r\n").encode())
    story.commit("the work of session 2")
    story.write_files({path: NOW[path] for path in UNTRACKED})
    return story


def marked(text: str) -> dict[str, set[int]]:
    """The lines of each mark, as they are written into the project."""
    lines = dedent(text).lstrip("\n").splitlines()
    found: dict[str, set[int]] = {mark: set() for mark in ("own", "unit", "any", "import", "missing", "excluded")}
    for number, line in enumerate(lines, 1):
        if mark := MARK.search(line):
            found[mark[1]].add(number + line.strip().startswith("#:"))
    return found


def numbers(ranges: str) -> set[int]:
    """The lines that ``3-5, 7`` names."""
    pairs = [part.split("-") for part in ranges.split(", ") if part]
    return {number for pair in pairs for number in range(int(pair[0]), int(pair[-1]) + 1)}


def said(file: dict[str, Any], at_import: str) -> dict[str, set[int]]:
    """What the evidence says of a file, in the words of the marks."""
    lines, missing, other = numbers(file["lines"]), numbers(file["missing"]), numbers(file["not_by_unit"])
    old = numbers(file["not_by_new_unit"]) - other
    only = numbers(at_import)
    own = lines - missing - other - old - only
    return {"own": own, "unit": old, "any": other, "import": only, "missing": missing, "excluded": numbers(file["excluded"])}


@pytest.mark.parametrize("how", [(), ("--cov-branch",), ("-n2",)], ids=["serial", "branches", "two workers"])
def test_every_line_is_judged_as_it_is_marked(cases: Story, how: tuple[str, ...]) -> None:
    """New statements, and those that anything, unit tests and new unit tests run, line by line and in total."""
    done = cases.pytest("--handoff=session-2", *how)
    assert done.code == 0, done.out
    found = cases.show("session-2")["new_code"]
    marks = {path: lines for path, text in NOW.items() if any((lines := marked(text)).values())}
    assert {path: said(file, found["at_import"].get(path, "")) for path, file in found["files"].items()} == marks
    assert {key: found[key] for key in TOTAL} == TOTAL

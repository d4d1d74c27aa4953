"""New statements, and who runs them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from builders import NO_LINES, record_of
from pytest_handoff.evidence.measurement import Lines, Measured, MeasuredFile, Measurement, RunBy
from pytest_handoff.evidence.new_code import IMPORT_RULE, MergedIn, Trees, new_code, unmeasured
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import NewCode, NewCodeFile, SourceLine
from pytest_handoff.workflow.recheck import contradictions

UNIT_NEW = RunBy("s-2", "unit", "new")
UNIT_OLD = RunBy("s-2", "unit", "old")
E2E_NEW = RunBy("s-2", "e2e", "new")

SOURCE = """\
import os
LIMIT = 3

def old(x):
    return x

@cache
def new(
    x,
    y,
):
    call(
        x,
        y,
    )
    return y

def unused():
    return 0
"""
BASE = """\
import os

def old(x):
    return x
"""
STATEMENTS = frozenset({1, 2, 4, 5, 7, 8, 12, 16, 18, 19})
FILE = MeasuredFile(
    path="a.py",
    statements=STATEMENTS,
    missing=frozenset({19}),
    first_line={9: 8, 10: 8, 11: 8, 13: 12, 14: 12, 15: 12},
    headers={4: frozenset({5}), 7: frozenset({12, 16}), 8: frozenset({12, 16}), 18: frozenset({19})},
    import_time=frozenset({1, 2}),
    percent=90.0,
)


def line(text: str, path: str = "a.py") -> SourceLine:
    return SourceLine(path=path, blob=text, lines=hash_lines(text.encode()))


def judge(
    executed: dict[RunBy, set[int]],
    *,
    bases: tuple[str, ...] = (BASE,),
    now: str = SOURCE,
    file: MeasuredFile = FILE,
    why: str | None = None,
    failed: tuple[str, ...] = (),
) -> NewCode:
    ran = {by: frozenset(lines) for by, lines in executed.items()}
    measurement = Measurement(files={"a.py": file}, percent=90.0, branch_percent=None, why_no_classes=why)
    return new_code(
        Measured(measurement, Lines(executed=lambda _: ran, marked=lambda _: frozenset())),
        Trees(bases=[{"a.py": line(base)} for base in bases], base_name="s-1", now={"a.py": line(now)}),
        session="s-2",
        failed_counting=failed,
    )


def test_who_runs_what_is_told_apart() -> None:
    """New lines are those that differ; an old unit test and a new one each count where they ran."""
    found = judge({UNIT_OLD: {5, 12}, UNIT_NEW: {16}, E2E_NEW: {5, 12, 16}})
    assert found == NewCode(
        num_statements=7,
        covered=6,
        covered_by_unit=4,
        covered_by_new_unit=3,
        excluded=0,
        base="s-1",
        at_import={"a.py": "2"},
        files={
            "a.py": NewCodeFile(
                lines="2, 7-8, 12, 16, 18-19",
                missing="19",
                # By the rule for imports, the header in line 18 has the state of its body, and line 2 is nobody's.
                not_by_unit="18",
                not_by_new_unit="12, 18",
                num_statements=7,
                covered=6,
                covered_by_unit=4,
                covered_by_new_unit=3,
                excluded="",
            )
        },
        notes=[IMPORT_RULE],
    )


@pytest.mark.parametrize(
    ("executed", "by_new_unit"),
    [
        pytest.param({}, "", id="no test at all"),
        pytest.param({E2E_NEW: {12, 16}}, "", id="an e2e test"),
        pytest.param({UNIT_OLD: {12, 16}}, "", id="an old unit test"),
        pytest.param({RunBy("s-2", "unit", "new", counts=False): {12, 16}}, "", id="marked xfail"),
        pytest.param({RunBy("s-1", "unit", "new"): {12, 16}}, "", id="another session's"),
        pytest.param({RunBy(None, "unit", "new"): {12, 16}}, "7-8, 12, 16", id="of the user's own contexts"),
        pytest.param({UNIT_NEW: {5}}, "", id="old code of the same file"),
        pytest.param({UNIT_NEW: {1, 2, 4, 7, 8, 18}}, "", id="an import within the test"),
        pytest.param({UNIT_NEW: {12}}, "7-8, 12", id="part of the body"),
    ],
)
def test_lines_that_run_at_import(executed: dict[RunBy, set[int]], by_new_unit: str) -> None:
    """A header has the state of its body; what only the import runs is neither covered by a test nor left over."""
    found = judge(executed)
    left = {"": "7-8, 12, 16, 18", "7-8, 12, 16": "18", "7-8, 12": "16, 18"}[by_new_unit]
    assert found.files["a.py"].not_by_new_unit == left
    assert (found.covered, found.by_tests, found.at_import) == (6, 6, {"a.py": "2"})


ENUM = """\
from enum import Enum

class Colour(Enum):
    RED = 1

    @property
    def text(self):
        return "red"

class Plain:
    SIZE = 3

def noop():
    pass
"""
HEADERS = {3: frozenset({8}), 6: frozenset({8}), 7: frozenset({8}), 10: frozenset({11}), 13: frozenset({14})}


@pytest.mark.parametrize(
    ("executed", "by_new_unit"),
    [
        pytest.param({}, 0, id="nothing but the import"),
        pytest.param({UNIT_NEW: {14}}, 2, id="a call that does nothing adds itself"),
        pytest.param({UNIT_NEW: {8}}, 4, id="a method stands for its class"),
    ],
)
def test_nothing_that_runs_at_import_is_won_by_a_call(executed: dict[RunBy, set[int]], by_new_unit: int) -> None:
    """Members, fields and constants are on neither side, whatever else there is in the file."""
    file = MeasuredFile(
        path="a.py",
        statements=frozenset({1, 3, 4, 6, 7, 8, 10, 11, 13, 14}),
        missing=frozenset({8, 14} - executed.get(UNIT_NEW, set())),
        headers=HEADERS,
        import_time=frozenset({1, 4, 11}),
        percent=80.0,
    )
    found = judge(executed, bases=(), now=ENUM, file=file)
    assert found.at_import == {"a.py": "1, 4, 10-11"}
    assert (found.covered_by_new_unit, found.by_tests) == (by_new_unit, 6)
    assert contradictions(record_of(new_code=found)) == []


def test_code_that_nobody_imported_is_missing_by_tests_too() -> None:
    """Only what has run can have run at import."""
    found = judge({}, bases=(), file=replace(FILE, missing=STATEMENTS))
    assert (found.covered, found.covered_by_unit, found.by_tests, found.at_import) == (0, 0, 10, {})


def test_a_function_on_one_line_counts_when_it_ran() -> None:
    """Where header and body share a line, that line's own state counts."""
    file = MeasuredFile(path="a.py", statements=frozenset({1, 2}), headers={1: frozenset({1}), 2: frozenset({2})}, percent=100.0)
    found = judge({UNIT_NEW: {1}}, bases=(), now="def f(): return 1\ndef g(): return 2\n", file=file)
    assert found.files["a.py"].not_by_new_unit == "2"


def test_a_header_that_coverage_calls_missed_is_covered_by_nobody() -> None:
    """A module imported before coverage.py began: its bodies ran, its headers were not seen."""
    file = replace(FILE, missing=frozenset({1, 2, 4, 7, 8, 18, 19}))
    found = judge({UNIT_NEW: {5, 12, 16}}, bases=(), file=file)
    assert (found.covered, found.covered_by_unit, found.covered_by_new_unit) == (3, 3, 3)
    assert (found.files["a.py"].not_by_unit, found.files["a.py"].not_by_new_unit) == ("", "")


_SOME = st.frozensets(st.sampled_from(sorted(STATEMENTS)))


@given(missing=_SOME, import_time=_SOME, new=_SOME, old=_SOME, e2e=_SOME)
def test_figures_fit_each_other_whatever_was_measured(
    missing: frozenset[int], import_time: frozenset[int], new: frozenset[int], old: frozenset[int], e2e: frozenset[int]
) -> None:
    """What new unit tests cover is part of what unit tests cover, which is part of what is covered."""
    file = replace(FILE, missing=missing, import_time=import_time)
    found = judge({UNIT_NEW: set(new), UNIT_OLD: set(old), E2E_NEW: set(e2e)}, bases=(), file=file)
    assert contradictions(record_of(new_code=found)) == []
    assert (found.covered_by_new_unit or 0) <= (found.covered_by_unit or 0) <= found.covered


@pytest.mark.parametrize(
    ("bases", "lines"),
    [
        pytest.param((), "1-2, 4-5, 7-8, 12, 16, 18-19", id="no base: everything is new"),
        pytest.param((BASE,), "2, 7-8, 12, 16, 18-19", id="one base"),
        pytest.param((BASE, SOURCE.replace("LIMIT = 3", "LIMIT = 4")), "2", id="new only if new against both"),
        pytest.param((BASE, SOURCE), "", id="the same blob in one of the bases"),
        pytest.param((SOURCE.replace("        y,\n", ""),), "12", id="a continuation line"),
        pytest.param((SOURCE.replace("    x,\n    y,\n)", "    x,\n)"),), "8", id="a parameter on a line of its own"),
        pytest.param((SOURCE.replace("@cache", "@other"),), "7", id="a decorator"),
        pytest.param((SOURCE.replace("\n", "\r\n").replace("0", "0  "),), "", id="line endings and trailing blanks"),
        pytest.param((SOURCE + "\n# more\nGONE = 1\n",), "", id="only deletions"),
        pytest.param((SOURCE.replace("\n\n", "\n"),), "", id="only blank lines"),
        pytest.param(("",), "1-2, 4-5, 7-8, 12, 16, 18-19", id="a base without hashes"),
    ],
)
def test_a_statement_is_new_if_one_of_its_lines_is(bases: tuple[str, ...], lines: str) -> None:
    """Statements are named by their first line, whichever of their lines is new."""
    found = judge({}, bases=bases)
    assert (found.files["a.py"].lines if found.files else "") == lines


@pytest.mark.parametrize(("old_path", "lines"), [("b.py", "2"), ("a.py", "2"), (None, "1-2, 4-5, 7-8, 12, 16, 18-19")])
def test_moved_code_is_not_new(old_path: str | None, lines: str) -> None:
    """A file that moved is compared with its old self; without one, all of it is new."""
    old = SOURCE.replace("LIMIT = 3\n", "")
    found = new_code(
        Measured(Measurement(files={"a.py": FILE}, percent=90.0, branch_percent=None), NO_LINES),
        Trees(bases=[{old_path: line(old, old_path)} if old_path else {}], base_name="s-1", now={"a.py": line(SOURCE)}),
        session="s-2",
    )
    assert found.files["a.py"].lines == lines


def test_excluded_new_lines_are_listed_apart() -> None:
    """What coverage was told to leave out is not in the denominator, and is shown."""
    file = replace(FILE, statements=STATEMENTS - {18, 19}, excluded=frozenset({18, 19}), missing=frozenset(), headers={})
    found = judge({}, file=file)
    assert (found.num_statements, found.excluded, found.files["a.py"].excluded) == (5, 2, "18-19")


def test_nothing_new_has_no_files() -> None:
    """Unchanged code gives no new statements, so nothing to divide by."""
    found = judge({}, bases=(SOURCE,))
    assert (found.num_statements, found.covered, found.covered_by_unit, found.files) == (0, 0, 0, {})


def test_unknown_kinds_are_not_zero() -> None:
    """Where it is not known which tests ran what, the figures by tests are not measured, and the reason is told."""
    found = judge({}, why="no test ran")
    file = found.files["a.py"]
    assert (found.covered, found.covered_by_unit, found.covered_by_new_unit) == (6, None, None)
    assert (file.covered_by_unit, file.not_by_unit, file.not_by_new_unit, file.covered_by_new_unit) == (None,) * 4
    assert found.notes == ["Which tests ran a line is not known: no test ran."]


@pytest.mark.parametrize(
    ("failed", "note"),
    [
        (("t::b", "t::a"), "The figures by tests may include lines run by 2 unit test(s) that did not simply pass: t::a, t::b."),
        (
            ("t::a", "t::b", "t::c", "t::d"),
            "The figures by tests may include lines run by 4 unit test(s) that did not simply pass: t::a, t::b, t::c and more.",
        ),
    ],
)
def test_tests_that_did_not_pass_are_told_beside_the_figure(failed: tuple[str, ...], note: str) -> None:
    """Failed tests ran in the context of those that passed, so a reader must know."""
    assert judge({UNIT_NEW: {12}}, failed=failed).notes == [IMPORT_RULE, note]


def test_measured_files_that_are_no_sources_are_told() -> None:
    """A generated file that git ignores has no base to be new against; it is left out, and named."""
    found = new_code(
        Measured(Measurement(files={"gen.py": FILE}, percent=90.0, branch_percent=None, notes=("Seen.",)), NO_LINES),
        Trees(bases=[], base_name="first", now={}),
        session="s-2",
    )
    assert found.num_statements == 0
    assert found.notes == [
        "Seen.",
        IMPORT_RULE,
        "1 measured file(s) outside the source tree are not counted as new code: gen.py.",
    ]


@pytest.mark.parametrize(
    ("merged_in", "lines", "note"),
    [
        (MergedIn(target="main"), "1-2", None),
        (MergedIn(target="main", trees=({"a.py": line("x = 1\n")},)), "2", "1 new statement(s) came from main as someone else's"),
        (MergedIn(target="main", trees=({"a.py": line("z = 1\n")},)), "1-2", None),
        (MergedIn(target="main", note="main is not known here."), "1-2", "main is not known here."),
    ],
    ids=["nothing merged", "a line of another", "nothing of it in this file", "not known"],
)
def test_what_came_from_the_target_branch_is_another_s(merged_in: MergedIn, lines: str, note: str | None) -> None:
    """Its statements are left out, and how many they are is said; so is what could not be found out."""
    file = MeasuredFile(path="a.py", statements=frozenset({1, 2}), percent=100.0)
    measurement = Measurement(files={"a.py": file}, percent=100.0, branch_percent=None)
    now = {"a.py": line("x = 1\ny = 2\n")}
    trees = Trees(bases=[{}], base_name="b", now=now, merged_in=merged_in)
    found = new_code(Measured(measurement, NO_LINES), trees, session="s-2")
    assert found.files["a.py"].lines == lines
    notes = [text for text in found.notes if text != IMPORT_RULE]
    assert [text[: len(note or "")] for text in notes] == ([note] if note else [])


def test_new_python_files_that_no_measurement_saw() -> None:
    """They are named, but for test modules, conftests, empty files, other kinds of files, and what was there before."""
    empty = SourceLine(path="pkg/__init__.py", blob="e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    others = ("lib/levy.py", "tests/test_a.py", "tests/conftest.py", "notes.md", "old.py", "tests/support.py")
    now = {path: line(f"{path}\n", path) for path in ("a.py", *others)} | {empty.path: empty}
    base = {"old.py": line("else\n", "old.py")}
    measurement = Measurement(files={"a.py": FILE}, percent=90.0, branch_percent=None)
    found = unmeasured(
        measurement, Trees(bases=[base], base_name="s-1", now=now), lambda path: "test_" in path, {"tests/test_a.py"}
    )
    assert found == ["lib/levy.py", "tests/support.py"]


def test_what_is_called_a_test_and_lies_with_the_code_is_no_test() -> None:
    """A conftest above no test and a module without tests are listed, changed ones too; tests beside the code are tests."""
    away = ("src/conftest.py", "src/test_deep.py", "lib/conftest.py")
    at_home = ("conftest.py", "pkg/conftest.py", "pkg/in/test_b.py", "tests/test_new.py", "src/tests/conftest.py")
    now = {path: line(f"{path}\n", path) for path in (*away, *at_home, "old/conftest.py")}
    base = {"old/conftest.py": now["old/conftest.py"], "lib/conftest.py": line("else\n", "lib/conftest.py")}
    measurement = Measurement(files={"a.py": FILE}, percent=90.0, branch_percent=None)
    trees = Trees(bases=[base], base_name="s-1", now=now)
    assert unmeasured(measurement, trees, lambda path: "test_" in path, {"pkg/in/test_b.py"}) == sorted(away)

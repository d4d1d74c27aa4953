"""What is told in words: the state of git, the commit, the day, what became of files; what is not known is left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import facts_of, run_info
from pytest_handoff.composition.told import told
from pytest_handoff.document.places import Place
from pytest_handoff.document.scopes import FRONT_MATTER, PATH, SINCE
from pytest_handoff.record import Changes

if TYPE_CHECKING:
    from pytest_handoff.evidence.facts import Facts

TESTS = "unit t.py::x passed"
CHANGES = Changes(
    created=["a.toml", "b_c.py"], modified=["d.ini"], removed=["e.py"], renamed=[], lines_added=1, lines_removed=1, tests_added=0,
    documents_changed=0,
)  # fmt: skip
PLACE = Place(id="p", kind="figure", line=1, text="[x]", state="placeholder", start=0, end=3)


def facts(*, first: bool = False, changes: Changes | None = CHANGES, run: dict[str, Any] | None = None, **source: Any) -> Facts:
    """Facts of a session that changed files, in a run and on a tree of which this is known."""
    found = facts_of(TESTS, "" if first else TESTS, changes=changes, run=run_info(**(run or {})))
    return replace(found, record=replace(found.record, source=replace(found.record.source, **source)))


def words(facts: Facts, quantity: str, scope: str = "", **place: str) -> str | None:
    """What is told at a place that asks for this."""
    return told(facts, replace(PLACE, quantity=quantity, scope=scope, **place), (scope,))


@pytest.mark.parametrize(
    ("source", "status", "clean"),
    [
        ({}, None, None),
        ({"dirty": False}, "clean", "yes"),
        ({"dirty": True}, "uncommitted changes", "no: uncommitted changes"),
        ({"dirty": True, "modified": ["a", "b"], "untracked": ["c"]}, "2 modified, 1 untracked", "no: 2 modified, 1 untracked"),
    ],
)
def test_the_state_of_git(source: dict[str, Any], status: str | None, clean: str | None) -> None:
    """In words, or as yes or no where the document asks so."""
    known = facts(**source)
    assert (words(known, "git_status"), words(known, "tree_clean")) == (status, clean)
    changed = {None: None, "clean": "no"}.get(status, "yes")
    assert words(known, "git_status", text="[Yes/No]") == changed


@pytest.mark.parametrize(
    ("quantity", "source", "expected"),
    [
        ("commit", {}, None),
        ("commit", {"commit": "0123456789", "dirty": False}, "0123456"),
        ("commit", {"commit": "0123456789", "dirty": True}, "0123456 with uncommitted changes"),
        ("branch", {"branch": "a*b"}, r"a\*b"),
        ("branch", {}, None),
        ("workspace", {}, "handoffs/"),
        ("date", {}, "2026-01-02"),
        ("agent", {}, None),
        ("python", {}, "3.13.0"),
    ],
)
def test_the_run_and_its_tree(quantity: str, source: dict[str, Any], expected: str | None) -> None:
    """Escaped as Markdown; what is not known is left open."""
    assert words(facts(**source), quantity) == expected


@pytest.mark.parametrize("text", ["DD.MM.YYYY", "mm/dd/yyyy"])
def test_a_day_in_another_order(text: str) -> None:
    """It is left to a person."""
    assert words(facts(), "date", text=text) is None
    assert words(facts(), "date", text="YYYY-MM-DD") == "2026-01-02"


@pytest.mark.parametrize(
    ("run", "form", "expected"),
    [
        ({}, "", "12.00 s"),
        ({}, "count", "12.00"),
        ({"duration_s": 0.0}, "", None),
        ({"complete": False}, "", None),
    ],
)
def test_the_duration(run: dict[str, Any], form: str, expected: str | None) -> None:
    """Of all tests, in a run that is complete."""
    assert words(facts(run=run), "duration", form=form) == expected
    assert words(facts(run=run), "duration", "unit", form=form) is None


@pytest.mark.parametrize(
    ("path", "expected"), [("a.toml", "created"), ("d.ini", "modified"), ("e.py", "removed"), ("f.py", None)]
)
def test_what_became_of_a_file(path: str, expected: str | None) -> None:
    """In a session that has one before it; a scope that is no path is no file."""
    assert words(facts(), "change", PATH + path) == expected
    assert words(facts(), "change", path) is None
    assert words(facts(first=True), "change", PATH + path) is None
    assert words(facts(changes=None), "change", PATH + path) is None


@pytest.mark.parametrize(
    ("quantity", "some", "none"),
    [
        ("config_files", "a.toml, d.ini", "none"),
        ("created_files", "`a.toml`, `b_c.py`", "none"),
        ("modified_files", "`d.ini`", "none"),
        ("removed_files", "`e.py`", "none"),
    ],
)
def test_lists_of_files(quantity: str, some: str, none: str) -> None:
    """Of what the session did; in a first session nothing is known."""
    nothing = replace(CHANGES, created=[], modified=[], removed=[])
    assert [words(facts(changes=one), quantity) for one in (CHANGES, nothing, None)] == [some, none, None]
    assert words(facts(first=True), quantity) is None


def test_front_matter() -> None:
    """A value stands there as it is, if YAML reads it so."""
    place = {"id": f"{FRONT_MATTER}branch"}
    assert words(facts(branch="a_b"), "branch", **place) == "a_b"
    assert words(facts(branch="a: b"), "branch", **place) is None


def test_names_of_tests_that_fail() -> None:
    """Of all tests or of a kind, not of a path or of a time."""
    known = facts_of("unit t.py::x failed\nunit t.py::y passed")
    assert "t.py::x" in str(words(known, "failing_names"))
    assert [words(known, "failing_names", scope) for scope in (f"{PATH}t.py", f"{SINCE}s-1")] == [None, None]
    assert told(known, replace(PLACE, quantity="failing_names"), ("unit", "e2e")) is None

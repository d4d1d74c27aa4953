"""A fault in one module: in what is imported from now on, and in the functions that are in memory."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from importlib.machinery import PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any

import pytest

from proving_copies import Copies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FunctionType

CODE = """\
LIMIT = 3


def grow(number):
    return number + 1


def make(step):
    def move(number):
        return number + step
    return move


class Shape:
    def area(self):
        return [side * 2 for side in (1, 2)]
"""


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copies:
    """Copies beside a tree with a module, in which what takes part in an import is put back after the test."""
    copies = Copies(tmp_path, monkeypatch)
    (copies.tree / "code_with_fault.py").write_text(CODE, "utf-8")
    (copies.tree / "code_without.py").write_text(CODE, "utf-8")
    monkeypatch.setattr(SourceFileLoader, "get_code", SourceFileLoader.get_code)
    monkeypatch.setattr(PathFinder, "find_spec", PathFinder.find_spec)
    for finder in sys.meta_path:
        if hasattr(finder, "_find_spec"):
            monkeypatch.setattr(finder, "_find_spec", finder._find_spec)
    monkeypatch.setattr(sys, "path", [str(copies.tree), *sys.path])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    for name in ("code_with_fault", "code_without"):  # what a test imports goes again
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    return copies


@pytest.fixture
def override(copies: Copies) -> Any:
    return copies.load("override")


def _fault(old: str, new: str) -> dict[str, Any]:
    return {"path": "code_with_fault.py", "start": CODE.index(old), "end": CODE.index(old) + len(old), "replacement": new}


def _compiled(text: str, file: str = "code.py") -> Any:
    return compile(text, file, "exec", dont_inherit=True)


def test_an_import_runs_the_fault_and_leaves_the_file_and_other_modules_as_they_are(override: Any, copies: Copies) -> None:
    """Only the file of the fault, whatever has the same text; no byte code of it is kept."""
    override.install(_fault("LIMIT = 3", "LIMIT = 4"), str(copies.tree))

    assert importlib.import_module("code_with_fault").LIMIT == 4
    assert importlib.import_module("code_without").LIMIT == 3
    assert (copies.tree / "code_with_fault.py").read_text("utf-8") == CODE
    assert not list(copies.tree.rglob("code_with_fault*.pyc"))


def test_who_loads_a_file_by_its_place_gets_the_fault(override: Any, copies: Copies) -> None:
    """As ``importlib.util.spec_from_file_location`` does, which looks for no module."""
    override.install(_fault("LIMIT = 3", "LIMIT = 4"), str(copies.tree))
    found = {}
    for name in ("code_with_fault", "code_without"):
        spec = importlib.util.spec_from_file_location("some_name", copies.tree / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found[name] = module.LIMIT

    assert found == {"code_with_fault": 4, "code_without": 3}


def test_a_file_of_the_same_name_elsewhere_has_no_fault(override: Any, copies: Copies, tmp_path: Path) -> None:
    """The place counts."""
    override.install(_fault("LIMIT = 3", "LIMIT = 4"), str(copies.tree))
    other = tmp_path / "code_with_fault.py"
    other.write_text(CODE, "utf-8")

    code = SourceFileLoader("code_with_fault", str(other)).get_code("code_with_fault")

    space: dict[str, Any] = {}
    exec(code, space)  # type: ignore[arg-type] # noqa: S102
    assert space["LIMIT"] == 3


def test_finders_that_keep_the_search_of_python_are_given_the_new_one(
    override: Any, copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pytest's, which rewrites assertions, has it as an attribute of its class: what is put there must not become a method."""

    class Finder:
        _find_spec: Callable[..., Any] = PathFinder.find_spec

        def find_spec(self, *_: Any) -> None:
            """Find nothing."""

    finder = Finder()
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    override.install(_fault("LIMIT = 3", "LIMIT = 4"), str(copies.tree))

    spec = finder._find_spec("code_with_fault", [str(copies.tree)])
    assert type(spec.loader).__name__ == "WithFault"
    assert not isinstance(spec.loader, SourceFileLoader)
    assert type(finder._find_spec("code_without", [str(copies.tree)]).loader) is SourceFileLoader
    assert finder._find_spec("nothing_of_that_name", [str(copies.tree)]) is None


def test_a_job_without_a_fault_changes_no_import(override: Any, copies: Copies, tmp_path: Path) -> None:
    """The job of the child that learns; with a fault it is put in."""
    job = tmp_path / "job.json"
    before = SourceFileLoader.get_code
    job.write_text(json.dumps({"fault": None}), "utf-8")
    override.install_from(str(job), str(copies.tree))
    assert SourceFileLoader.get_code is before

    job.write_text(json.dumps({"fault": _fault("number + 1", "number - 1")}), "utf-8")
    override.install_from(str(job), str(copies.tree))
    assert importlib.import_module("code_with_fault").grow(5) == 4


def test_a_text_is_read_in_its_own_encoding(override: Any, copies: Copies) -> None:
    """The places of a fault are counted in characters."""
    text = "# coding: latin-1\nNAME = 'Zoë'\nLIMIT = 3\n"
    (copies.tree / "code_with_fault.py").write_bytes(text.encode("latin-1"))
    start = text.index("3")
    fault = {"path": "code_with_fault.py", "start": start, "end": start + 1, "replacement": "4"}

    assert override.text_with(fault, str(copies.tree)) == text.replace("3", "4")


def test_functions_in_memory_are_found_by_file_name_and_line(override: Any, copies: Copies) -> None:
    """Closures, too, each of them; a file of which there are none has none, and the functions of other files are left out."""
    place = str(copies.tree / "code_with_fault.py")
    space: dict[str, Any] = {"__name__": "code_with_fault"}
    exec(_compiled(CODE, place), space)  # noqa: S102
    moves = [space["make"](1), space["make"](2)]

    found = override.functions_of([place, str(copies.tree / "code_without.py")])

    assert found[str(copies.tree / "code_without.py")] == {}
    assert found[place][("grow", 4)] == [space["grow"]]
    assert {id(one) for one in found[place][("make.<locals>.move", 9)]} == {id(one) for one in moves}
    assert found[place].keys() == {("grow", 4), ("make", 8), ("make.<locals>.move", 9), ("Shape.area", 15)}


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("number + 1", "number - 1", ["grow"]),
        ("side * 2", "side / 2", ["Shape.area"]),
        ("number + step", "number - step", ["make", "make.<locals>.move"]),
        ("LIMIT = 3", "LIMIT = 4", []),
    ],
)
def test_functions_whose_code_differs_are_swapped(override: Any, old: str, new: str, names: list[str]) -> None:
    """And those around them; a statement of the module is in no function."""
    space: dict[str, Any] = {"__name__": "code"}
    exec(_compiled(CODE), space)  # noqa: S102
    functions = [space["grow"], space["make"], space["make"](1), space["Shape"].area]
    places = {(one.__code__.co_qualname, one.__code__.co_firstlineno): [one] for one in functions}

    found = override.swaps(places, _compiled(CODE), _compiled(CODE.replace(old, new), "elsewhere.py"))

    assert [function.__qualname__ for function, _ in found] == names
    assert {code.co_filename for _, code in found} <= {"code.py"}
    for function, code in found:
        function.__code__ = code
    if names == ["grow"]:
        assert space["grow"](5) == 4


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("number + 1", "(lambda: number)()", "grow"),  # a function came
        ("number + step", "number", "make.<locals>.move"),  # it needs fewer variables of the one around it
    ],
)
def test_what_cannot_be_swapped_is_said_by_name(override: Any, old: str, new: str, name: str) -> None:
    """Python refuses such a code; the fault is tried in another way."""
    space: dict[str, Any] = {"__name__": "code"}
    exec(_compiled(CODE), space)  # noqa: S102
    move: FunctionType = space["make"](1)
    places = {("make.<locals>.move", 9): [move]}

    with pytest.raises(override.CannotSwap, match=name):
        override.swaps(places, _compiled(CODE), _compiled(CODE.replace(old, new)))
    assert move(1) == 2

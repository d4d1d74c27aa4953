"""Imports from a scratch tree in the place of the work tree, and what is told of them."""

from __future__ import annotations

import atexit
import json
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from proving_copies import Copies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Redirected:
    """A work tree and its scratch tree, and a process that has its path and modules for itself."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real = folder.resolve() / "real"
        for name in ("src", "lib", "venv/lib", "gone"):
            (self.real / name).mkdir(parents=True)
        self.copies = Copies(folder, monkeypatch, {"real": str(self.real), "not_there": ["gone"]})
        self.tree = self.copies.tree
        for name in ("src", "lib"):
            (self.tree / name).mkdir()
        self.at_exit: list[Callable[[], None]] = []
        self.monkeypatch = monkeypatch
        monkeypatch.delenv("HANDOFF_FAULT", raising=False)
        self.path = ["", str(self.copies.beside)]
        self.cache: dict[str, None] = {}

    def load(self) -> Any:
        """Run the redirection in a process that imports from the path alone; only as long as it runs, as pytest imports, too."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "path", self.path)
            patched.setattr(sys, "path_importer_cache", self.cache)
            patched.setattr(atexit, "register", self.at_exit.append)
            return self.copies.load("redirect")

    def finder(self, name: str, **tables: Any) -> Any:
        """Put a module into memory as setuptools does for an editable install."""
        module: Any = ModuleType(name)
        vars(module).update(tables)
        self.monkeypatch.setitem(sys.modules, name, module)
        return module


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Redirected:
    return Redirected(tmp_path, monkeypatch)


def test_places_of_the_work_tree_become_those_of_the_scratch_tree(process: Redirected) -> None:
    """Each once and in their order; what is elsewhere, and a virtual environment in the work tree, stays."""
    real, tree, elsewhere = process.real, process.tree, process.real.parent / "elsewhere"
    process.path += [str(real / "src"), str(elsewhere), str(real), str(real / "venv" / "lib"), str(tree / "src"), f"{real}-other"]
    process.cache[str(real)] = None

    process.load()

    assert process.path == [
        "", str(process.copies.beside), str(tree / "src"), str(elsewhere), str(tree), str(real / "venv" / "lib"), f"{real}-other",
    ]  # fmt: skip
    assert process.cache == {}


def test_a_place_that_was_not_there_that_day_is_not_taken_from_the_work_tree(process: Redirected) -> None:
    """Nothing is imported from there then; it would be of another day."""
    process.path.append(str(process.real / "gone"))

    process.load()

    assert process.path[-1] == str(process.tree / "gone")


def test_links_to_the_work_tree_are_seen_through(process: Redirected) -> None:
    """Whoever installed the project may have done so by another name of its folder."""
    link = process.real.parent / "link"
    link.symlink_to(process.real, target_is_directory=True)
    process.path.append(str(link / "src"))

    process.load()

    assert process.path[-1] == str(process.tree / "src")


def test_tables_of_an_editable_install_are_redirected(process: Redirected) -> None:
    """Packages, and the lists of places of namespaces; modules of other names are not looked at."""
    src, lib = str(process.real / "src"), str(process.real / "lib")
    finder = process.finder("__editable___project_finder", MAPPING={"pkg": src, "number": 1}, NAMESPACES={"space": [src, lib]})
    empty = process.finder("__editable___other_finder", MAPPING=None)
    other = process.finder("some_module", MAPPING={"pkg": src})

    process.load()

    assert {"pkg": str(process.tree / "src"), "number": 1} == finder.MAPPING
    assert {"space": [str(process.tree / "src"), str(process.tree / "lib")]} == finder.NAMESPACES
    assert empty.MAPPING is None
    assert {"pkg": src} == other.MAPPING


def test_the_customization_that_is_hidden_runs_too(process: Redirected, tmp_path: Path) -> None:
    """That of the environment; not this one again, which is the first on the path."""
    own = tmp_path / "site"
    own.mkdir()
    ran = tmp_path / "ran"
    text = f"import pathlib\npathlib.Path({str(ran)!r}).write_text('ran ' + __name__, 'utf-8')\n"
    (own / "sitecustomize.py").write_text(text, "utf-8")
    (process.copies.beside / "sitecustomize.py").write_text("raise AssertionError('again')\n", "utf-8")
    process.path.append(str(own))

    process.load()

    assert ran.read_text("utf-8") == "ran sitecustomize"


def test_at_its_end_a_process_tells_what_it_imported(process: Redirected) -> None:
    """By its real place; nothing of the standard library, and nothing without a file."""
    (process.tree / "src" / "pkg.py").touch()
    link = process.tree.parent / "by_link"
    link.symlink_to(process.tree, target_is_directory=True)
    process.finder("pkg", __file__=str(link / "src" / "pkg.py"))
    process.finder("odd", __file__=7)
    installed = os.path.join(os.path.dirname(os.path.realpath(os.__file__)), "dist-packages", "installed.py")  # noqa: PTH118, PTH120
    process.finder("installed", __file__=installed)

    module = process.load()

    assert process.at_exit == [module._report]
    assert process.copies.facts() == []
    process.at_exit[0]()
    (fact,) = process.copies.facts()
    told = dict(fact["modules"])
    assert told["pkg"] == str(process.tree / "src" / "pkg.py")
    assert told["pytest"] == os.path.realpath(pytest.__file__)
    assert told["installed"] == os.path.realpath(installed)
    assert not told.keys() & {"os", "json", "sys", "odd"}


@pytest.mark.parametrize("job", [True, False])
def test_a_process_of_a_job_imports_with_its_fault(process: Redirected, tmp_path: Path, job: bool) -> None:
    """Any process of a test, as it inherits the variable; without one, nothing is put in."""
    installed: list[Any] = []
    override = ModuleType("handoff_override")
    vars(override)["install_from"] = lambda *args: installed.append(args)
    process.monkeypatch.setitem(sys.modules, "handoff_override", override)
    file = tmp_path / "job.json"
    file.write_text(json.dumps({"fault": None}), "utf-8")
    if job:
        process.monkeypatch.setenv("HANDOFF_FAULT", str(file))

    process.load()

    assert installed == ([(str(file), str(process.tree))] if job else [])

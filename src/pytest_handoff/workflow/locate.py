"""Find the line on which a test begins, and write the command that runs it alone; nothing is imported or run."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_handoff.evidence.case_files import functions_of
from pytest_handoff.nodeids import file_of, name_of, without_parameters
from pytest_handoff.project.foreign_files import TEXT, read_if_there

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project


class TestPlaces:
    """The places of tests in the files as they stand; each file is read once."""

    __test__ = False  # pytest looks for classes of this name where a test imports it

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lines: dict[str, dict[str, int]] = {}

    def line(self, test: str) -> int | None:
        """Return the line on which a test function begins; ``None`` if its file or function is not there, or is no Python.

        A doctest is called by module and object, such as ``shop.cart.Cart.add``: there it is the function that has the doctest.
        """
        lines = self._lines_of(file_of(test))
        if not self._is_doctest(test):
            return lines.get(name_of(without_parameters(test)))
        parts = name_of(test).split(".")
        names = ("::".join(parts[first:]) for first in range(1, len(parts)))
        return next((lines[name] for name in names if name in lines), None)

    def has_file(self, test: str) -> bool:
        """Check that the file of a test is there."""
        return self._project.has_file(file_of(test))

    def command(self, test: str) -> str:
        """Write the command that runs a test, or a file of tests, alone, in the project's folder."""
        file, name = self._project.shown(self._project.root / file_of(test)), name_of(test)
        how = "--doctest-modules " if self._is_doctest(test) else ""
        return f"pytest {how}{shlex.quote(f'{file}::{name}' if name else file)}"

    def _is_doctest(self, test: str) -> bool:
        """Recognize a doctest of a Python file: its name has dots, or is the file's own and no function is called so."""
        file, name = file_of(test), name_of(test)
        if not file.endswith(".py") or "::" in name or "[" in name:
            return False
        return "." in name or (name == PurePosixPath(file).stem and name not in self._lines_of(file))

    def _lines_of(self, file: str) -> dict[str, int]:
        if file not in self._lines:
            self._lines[file] = self._read(file)
        return self._lines[file]

    def _read(self, file: str) -> dict[str, int]:
        if not file.endswith(".py"):
            return {}
        try:
            source = read_if_there(self._project.root / file, self._project.within, TEXT)
        except OSError:
            return {}
        return {name: function.first for name, function in functions_of(source or b"").items()}

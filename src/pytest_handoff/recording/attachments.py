"""Find the files that a failing test left: named by ``record_property`` or pytest-html, or kept by Playwright or Allure.

They are looked for after the tests, by name only: none is opened but Allure's own lists, none is run, and what is outside
the project and of the artifacts folder is left out.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_handoff.details import Attachment
from pytest_handoff.nodeids import file_of, name_of
from pytest_handoff.printable import printable
from pytest_handoff.project.detail_files import is_plain
from pytest_handoff.project.foreign_files import MEGABYTE, read_file, real_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pytest

    from pytest_handoff.project.layout import Project


_MOST, _MOST_RESULTS = 20, 5_000
"""The most files to name for a test, and the most Allure results to read."""
_LONGEST_FOLDER = 255


class LeftFiles:
    """The files that the tests of a run left.

    Args:
        artifacts: the folder that ``--handoff-artifacts`` names, if any.
    """

    def __init__(self, config: pytest.Config, project: Project, artifacts: Path | None) -> None:
        self._below: list[tuple[Path, Any]] = [(Path(os.path.realpath(project.root)), "project")]
        self._below += [(Path(os.path.realpath(artifacts)), "artifacts")] if artifacts else []
        here = config.invocation_params.dir
        html = config.getoption("htmlpath", default=None)
        self._bases = [here, config.rootpath, project.root, *([artifacts] if artifacts else [])]
        self._bases += [(here / html).parent] if isinstance(html, str) and html else []
        output, allure = (config.getoption(option, default=None) for option in ("--output", "--alluredir"))
        self._output = here / output if isinstance(output, str) and output else None
        self._allure = here / allure if isinstance(allure, str) and allure else None
        self._results: dict[str, list[tuple[str, list[tuple[str, str]]]]] | None = None

    def of(self, nodeid: str, test: str, named: Sequence[tuple[str, str]]) -> list[Attachment]:
        """Name what a test left, each file once.

        Args:
            nodeid: pytest's id of the test, which names its folder.
            test: its id in the evidence.
            named: names and values that may be paths.
        """
        found: dict[str, Attachment] = {}
        for name, path in (*self._named(named), *self._of_playwright(nodeid), *self._of_allure(nodeid)):
            attachment = self._attachment(name, path)
            if attachment is not None and file_of(test) != attachment.path:
                found.setdefault(attachment.path, attachment)
        return list(found.values())[:_MOST]

    def _named(self, named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Path]]:
        for name, value in named:
            if value.isprintable() and "://" not in value:
                yield from ((name, base / value) for base in self._bases)

    def _of_playwright(self, nodeid: str) -> list[tuple[str, Path]]:
        """List the folder that pytest-playwright gives a test: its id in lower case, all but letters and digits as dashes."""
        if self._output is None:
            return []
        slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=\d),(?=\d)", "", nodeid.lower())).strip("-")
        if len(slug) > _LONGEST_FOLDER:
            slug = f"{slug[:100]}-{sha256(slug.encode()).hexdigest()[:7]}-{slug[-100:]}"
        with suppress(OSError):
            return [(path.name, path) for path in sorted((self._output / slug).iterdir())]
        return []

    def _of_allure(self, nodeid: str) -> Iterator[tuple[str, Path]]:
        if self._allure is None:
            return
        if self._results is None:
            self._results = {}
            for full, name, attached in _allure_results(self._allure):
                self._results.setdefault(full, []).append((name, attached))
        *classes, name = name_of(nodeid).partition("[")[0].split("::")
        module = file_of(nodeid).removesuffix(".py").replace("/", ".")
        results = self._results.get(f"{'.'.join([module, *classes])}#{name}", [])
        whole = name + "".join(name_of(nodeid).partition("[")[1:])
        same = [attached for told, attached in results if told == whole or len(results) == 1]
        yield from ((told, self._allure / source) for told, source in (same[-1] if same else ()))

    def _attachment(self, name: str, path: Path) -> Attachment | None:
        """Describe a file if it exists and, with all links followed, is below the project or the artifacts folder."""
        with suppress(OSError, ValueError):
            real = real_path(path, [folder for folder, _ in self._below])
            if real.is_file():
                folder, below = next((folder, below) for folder, below in self._below if real.is_relative_to(folder))
                inner = real.relative_to(folder).as_posix()
                if is_plain(inner):
                    return Attachment(name=printable(name), path=inner, below=below)
        return None


def _allure_results(folder: Path) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Read the full name, name and attachments of each Allure result; skip what Allure would not write."""
    with suppress(OSError):
        paths = sorted(folder.glob("*-result.json"), key=lambda path: path.stat().st_mtime)
        for path in paths[-_MOST_RESULTS:]:
            with suppress(OSError, ValueError, RecursionError, LookupError, AttributeError, TypeError):
                result = json.loads(read_file(path, [Path(os.path.realpath(folder))], MEGABYTE))
                yield str(result["fullName"]), str(result.get("name")), list(_attached(result))


def _attached(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for attached in result.get("attachments") or ():
        yield str(attached.get("name")), str(attached.get("source"))
    for step in result.get("steps") or ():
        yield from _attached(step)

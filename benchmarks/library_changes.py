"""Changes of public libraries, each as a repository of two sessions: from a git history, or from two releases on PyPI."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from real_projects import GIT, download, take_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RELEASES = {
    "cachetools": (
        *("4.2.4", "5.0.0", "5.1.0", "5.2.0", "5.3.0", "5.3.1", "5.3.2", "5.3.3"),
        *("5.4.0", "5.5.0", "5.5.1", "5.5.2", "6.0.0", "6.1.0", "6.2.0"),
    ),
    "humanize": (
        *("4.0.0", "4.1.0", "4.2.0", "4.3.0", "4.4.0", "4.5.0", "4.6.0", "4.7.0"),
        *("4.8.0", "4.9.0", "4.10.0", "4.11.0", "4.12.0"),
    ),
}
"""Libraries whose releases are taken from PyPI where no clone is named; their source archives have the tests."""


@dataclass(frozen=True, slots=True)
class Change:
    """A commit or a release beside the one before.

    Attributes:
        library: the name of the library.
        name: what is told of it, the beginning of a commit's id or a version.
        title: the first line of the commit's message, or the two versions.
        before, now: what git or PyPI knows the two states by.
        clone: the clone that has the commits; ``None`` for releases.
    """

    library: str
    name: str
    title: str
    before: str
    now: str
    clone: Path | None = None

    def lay_out(self, folder: Path, state: str) -> None:
        """Let the work tree of a repository be the state of before or of now, and commit it; evidence in it stays."""
        release = folder.parent / f"{folder.name}-{state[:12]}"
        if self.clone is None:
            release = download(self.library, state, folder.parent)
        else:
            packed = subprocess.run(
                ["git", "archive", "--format=tar", state], cwd=self.clone, check=True, capture_output=True
            ).stdout
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(release, filter="data")
        take_over(folder, release)


def changes_of(library: str, clone: Path | None, number: int) -> list[Change]:
    """Take the newest commits of a clone that change code as well as tests, or all releases that are known here."""
    if clone is not None:
        return [change for change, _ in zip(_commits(library, clone), range(number), strict=False)]
    versions = RELEASES[library]
    pairs = list(pairwise(versions))[-number:]
    return [Change(library, now, f"{before} → {now}", before, now) for before, now in pairs]


def _commits(library: str, clone: Path) -> Iterator[Change]:
    command = [*GIT, "log", "--no-merges", "--format=%x00%H%x00%s%x00", "--name-only", "--diff-filter=AMR"]
    told = subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True).stdout.split("\0")[1:]
    for commit, title, names in zip(told[::3], told[1::3], told[2::3], strict=True):
        if _changes_code_and_tests(names.split("\n")):
            yield Change(library, commit[:7], title, f"{commit}^", commit, clone)


def _changes_code_and_tests(names: Sequence[str]) -> bool:
    modules = [PurePosixPath(name) for name in names if name.endswith(".py")]
    tests = [path for path in modules if is_test(path)]
    code = [path for path in modules if path not in tests and not {"docs", "doc", "scripts", "examples"} & {*path.parts}]
    return bool(tests) and any(len(path.parts) > 1 for path in code)


def is_test(path: PurePosixPath) -> bool:
    """Check whether a file is on the side of the tests."""
    return bool({"tests", "testing", "test"} & {*path.parts}) or path.name.startswith(("test_", "conftest"))

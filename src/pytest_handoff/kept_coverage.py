"""Coverage data that a session's runs keep for a later run on the same tree, which adds them to its own.

They lie in pytest's cache, where a repository could bring some; so the name of each bears the
seal of the user whose run kept it.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from pytest_handoff.user_folder import Sealed, user_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.tree import Tree

_NAME = re.compile(r"(part-\d+)-([0-9a-f]{64})")


class KeptCoverage:
    """The data of one session on one tree.

    Args:
        cache: pytest's cache folder.
        project: the folder of the project, which the user's key lies outside of.
    """

    def __init__(self, cache: Path, project: Path, session: str, tree: Tree) -> None:
        self.folder = cache / "handoff" / session / tree.fingerprint.removeprefix("sha256:")[:16]
        self._project = project
        self._about = f"{session} {tree.fingerprint}"

    def files(self) -> list[Path]:
        """Find the data that this user's runs have kept, in the order in which they were."""
        sealed = self._sealed()
        return [] if sealed is None else [path for path in self._all() if self._bears_seal(path, sealed)]

    def has_others(self) -> bool:
        """Tell whether data lie there that no run of this user's has kept."""
        return len(self.files()) != len(self._all())

    def keep(self, write: Callable[[Path], None]) -> None:
        """Keep one more file, which ``write`` makes at the path that it is given; without a key nothing is kept.

        Raises:
            OSError: when it cannot be kept.
        """
        sealed = self._sealed()
        if sealed is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        made = self.folder / "new"
        write(made)
        if made.is_file():
            seal = sealed.seal(self._about, made.read_bytes()).hex()
            made.replace(self.folder / f"part-{len(self._all())}-{seal}")

    def forget(self) -> None:
        """Remove what is kept of this session, of any tree."""
        session = self.folder.parent
        for file in sorted(session.rglob("part-*")) if session.is_dir() else []:
            file.unlink()

    def _sealed(self) -> Sealed | None:
        key = user_key(self._project)
        return None if key is None else Sealed(self.folder, key)

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("part-*"))

    def _bears_seal(self, path: Path, sealed: Sealed) -> bool:
        named = _NAME.fullmatch(path.name)
        return named is not None and path.is_file() and sealed.seal(self._about, path.read_bytes()).hex() == named[2]


def copied_from(file: Path) -> Callable[[Path], None]:
    """Make what writes a copy of a file."""

    def write(path: Path) -> None:
        shutil.copyfile(file, path)

    return write


def plain_name(path: Path) -> str:
    """Name kept data without their seal."""
    named = _NAME.fullmatch(path.name)
    return named[1] if named else path.name

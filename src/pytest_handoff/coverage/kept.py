"""Keep coverage data of a session's runs for a later run on the same tree, which adds them to its own.

The files are in pytest's cache, where a repository could put some too, so each name bears the seal of the user whose run kept
the file.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from pytest_handoff.project.user_folder import Sealed, user_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.project.tree import Tree


_NAME = re.compile(r"(part-\d+)-([0-9a-f]{64})")


class KeptCoverage:
    """The kept data of one session on one tree.

    Args:
        cache: pytest's cache folder.
        project: the folder of the project; the user's key is outside it.
    """

    def __init__(self, cache: Path, project: Path, session: str, tree: Tree) -> None:
        self.folder = cache / "handoff" / session / tree.fingerprint.removeprefix("sha256:")[:16]
        self._project = project
        self._about = f"{session} {tree.fingerprint}"

    def files(self) -> list[Path]:
        """Find the files that this user's runs kept, oldest first."""
        sealed = self._sealed()
        return [] if sealed is None else [path for path in self._all() if self._bears_seal(path, sealed)]

    def has_others(self) -> bool:
        """Check whether there are files that no run of this user kept."""
        return len(self.files()) != len(self._all())

    def keep(self, write: Callable[[Path], None]) -> None:
        """Keep one more file, which ``write`` makes at the path it is given; without a key keep nothing.

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
        """Remove the kept files of this session, of any tree."""
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
    """Return a function that writes a copy of a file."""

    def write(path: Path) -> None:
        shutil.copyfile(file, path)

    return write


def plain_name(path: Path) -> str:
    """Name a kept file without its seal."""
    named = _NAME.fullmatch(path.name)
    return named[1] if named else path.name

"""Find out whether files here can be executable, if git's configuration does not say (``core.fileMode false``)."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from pytest_handoff.project.foreign_files import MEGABYTE, read_if_there
from pytest_handoff.project.git import checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_NOT_KNOWN = rb"(?i)[ \t]*(?:\[.*\])?[ \t]*filemode[ \t]*=[ \t\"]*(?:false|no|off|0)\b"
_NO = (b"false", b"no", b"off", b"0")


def heeding_modes(root: Path, repository: Path) -> dict[str, str]:
    """Return an environment in which git heeds the modes of files, unless no file here can have one.

    ``git init`` writes ``core.fileMode false`` where a file system has no modes. There all files look executable, or none does.

    Args:
        repository: the folder of git's configuration.
    """
    if os.name == "nt" or (_says_that_none_is_known(repository / "config") and not _are_of_both_kinds(root, repository)):
        return {}
    given = os.environ.get("GIT_CONFIG_COUNT", "")
    at = int(given) if given.isdecimal() else 0
    return {"GIT_CONFIG_COUNT": str(at + 1), f"GIT_CONFIG_KEY_{at}": "core.fileMode", f"GIT_CONFIG_VALUE_{at}": "true"}


def _says_that_none_is_known(configuration: Path) -> bool:
    try:
        lines = (read_if_there(configuration, [configuration.parent], MEGABYTE) or b"").split(b"\n")
    except OSError:
        return True
    return any(re.match(_NOT_KNOWN, line) for line in lines if _may_say_so(line.lower()))


def _may_say_so(line: bytes) -> bool:
    """Check cheaply whether a line may be the one: ``git init`` writes it with ``true`` nearly everywhere."""
    return b"filemode" in line and any(no in line.partition(b"=")[2] for no in _NO)


def _are_of_both_kinds(root: Path, repository: Path) -> bool:
    """Check whether some files are executable and others are not: git's own configuration, and what is tracked or would be."""
    kinds = set()
    for executable in _modes(root, repository):
        kinds.add(executable)
        if len(kinds) > 1:
            return True
    return False


def _modes(root: Path, repository: Path) -> Iterator[bool]:
    names = checked(root, "ls-files", "-z", "--full-name", "--cached", "--others", "--exclude-standard", "--", ":/").split(b"\0")[
        :-1
    ]
    for path in (repository / "config", *(root / os.fsdecode(name) for name in names)):
        try:
            mode = path.lstat().st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode):
            yield bool(mode & stat.S_IXUSR)

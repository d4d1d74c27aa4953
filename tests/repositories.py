"""Fill repositories with files whose blob id is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELLO = "ce013625030ba8dba906f756967f9e9ca394464a"
"""What ``printf 'hello\\n' | git hash-object --stdin`` says."""


def commit(git: Callable[..., str], root: Path) -> None:
    """Commit everything in a repository."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "work")


def write(root: Path, *names: str, content: bytes = b"hello\n") -> None:
    """Write the same content into files below a folder."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

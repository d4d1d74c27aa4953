"""Fill repositories with files whose blob id is known, and with the evidence of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from builders import ledger_of, record_of
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.record import Parent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.project.store import Store
    from pytest_handoff.record import Record

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


def record(store: Store, session: str, *previous: str, lines: str = "", **changes: Any) -> Record:
    """Record a session that continues these, with the tests of these lines."""
    ledger = ledger_of(lines, since=session)
    content = encode_lines(ledger.values())
    parents = [Parent(session=name, digest=store.digest(name)) for name in previous]
    made = record_of(ledger, session=session, **{"previous": parents, **changes})
    made = replace(made, tests=replace(made.tests, ledger=digest_of(content)))
    write_each(store.artifacts(made, content, None))
    return made

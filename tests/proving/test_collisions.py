"""Tests that would collide with others that run at the same time, told by what they open, bind and change."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.proving.collisions import Collisions

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = "/dev/shm"  # noqa: S108 # nothing is written there
READ, WRITE, APPEND = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_APPEND


@pytest.mark.parametrize(
    ("event", "args", "collides"),
    [
        ("socket.bind", (None, ("127.0.0.1", 8000)), True),
        ("socket.bind", (None, ("::1", 8000, 0, 0)), True),
        ("socket.bind", (None, ("127.0.0.1", 0)), False),
        ("socket.bind", (None, "/var/app.sock"), True),
        ("socket.bind", (None, "/own/app.sock"), False),
        ("socket.connect", (None, ("127.0.0.1", 8000)), False),
        ("open", ("/tree/tests/data.txt", "r", READ), False),
        ("open", ("/tree/tests/data.txt", "w", WRITE), True),
        ("open", (b"/tree/tests/data.txt", "a", APPEND), True),
        ("open", ("/tree/tests/new.txt", "x", WRITE | os.O_EXCL), True),
        ("open", ("/var/app.lock", "w", WRITE), True),
        ("open", ("/var/q7x1", None, WRITE | os.O_EXCL), False),
        ("open", ("/own/deep/file", "w", WRITE), False),
        ("open", ("/own/../tree/file", "w", WRITE), True),
        ("open", ("/dev/null", "w", WRITE), False),
        ("open", ("/dev/pts/3", "w", WRITE), False),
        ("open", ("/proc/self/oom_score_adj", "w", WRITE), False),
        ("open", (f"{MEMORY}/app.lock", "w", WRITE), True),
        ("os.mkdir", (f"{MEMORY}/app", 0o777, -1), True),
        ("sqlite3.connect", (f"{MEMORY}/app.db",), True),
        ("socket.bind", (None, f"{MEMORY}/app.sock"), True),
        ("open", (f"{MEMORY}/q7x1", None, WRITE | os.O_EXCL), False),
        ("open", ("/tree/pkg/__pycache__/a.pyc.123", "w", WRITE), False),
        ("open", (7, "w", WRITE), False),
        ("os.mkdir", ("/tree/out", 0o777, -1), True),
        ("os.remove", ("/tree/tests/data.txt", -1), True),
        ("os.rename", ("/tree/a", "/own/b", -1, -1), True),
        ("sqlite3.connect", (":memory:",), False),
        ("sqlite3.connect", ("/tree/app.db",), True),
        ("import", ("os", None, None, None, None), False),
        ("open", (), False),
    ],
)
def test_what_collides(event: str, args: tuple[Any, ...], *, collides: bool) -> None:
    """A port or a file that has the same name in every process; nothing that one process alone has."""
    watch = Collisions("/tree", ["/own"])
    watch.hear(event, args)
    assert watch.tests == set(), "no test runs"
    watch.running = "test_a"
    watch.hear(event, args)
    assert watch.tests == ({"test_a"} if collides else set())


def test_a_folder_that_was_made_for_one_process_is_its_own() -> None:
    """What is below it, and a file that was created alone, may be written again; a folder with a name for all may not."""
    watch = Collisions("/tree", [])
    watch.running = "test_a"
    watch.hear("os.mkdir", ("/own-q7x1", 0o700, -1))
    for path in ("/own-q7x1/a/b", "/own-q7x1/c"):
        watch.hear("open", (path, "w", WRITE))
    watch.hear("open", ("/own-z2", None, WRITE | os.O_EXCL))
    watch.hear("open", ("/own-z2", "w", WRITE))
    assert watch.tests == set()
    watch.hear("os.mkdir", ("/var/app", 0o777, -1))
    assert watch.tests == {"test_a"}


def _database(folder: Path) -> None:
    sqlite3.connect(folder / "a.db").close()


def _private_folder(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        Path(own, "file").write_text("x")


def _private_file(folder: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=folder) as own:
        own.write(b"x")


@pytest.mark.parametrize(
    ("do", "collides"),
    [
        (lambda folder: (folder / "a.txt").write_text("x"), True),
        (lambda folder: (folder / "a").mkdir(), True),
        (_database, True),
        (_private_folder, False),
        (_private_file, False),
        (lambda folder: list(folder.iterdir()), False),
    ],
)
def test_what_python_says_of_it(tmp_path: Path, do: Callable[[Path], object], *, collides: bool) -> None:
    """The events have the shape that is expected of them, in each Python."""
    watch = Collisions("/tree", [])
    watch.watch()
    watch.running = "test_a"
    do(tmp_path)
    watch.running = None
    assert watch.tests == ({"test_a"} if collides else set())


def test_a_test_that_starts_a_process_is_known() -> None:
    """What it does there is not heard."""
    watch = Collisions("/tree", [])
    watch.hear("subprocess.Popen", ("python", ["python"], None, None))
    watch.running = "test_a"
    watch.hear("subprocess.Popen", ("python", ["python"], None, None))
    assert (watch.starting, watch.tests) == ({"test_a"}, set())

"""What all tests share: how often Hypothesis tries, byte code, and git and caches that are not those of who runs the tests."""

from __future__ import annotations

import compileall
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import warm_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCES = Path(__file__).resolve().parents[1] / "src"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell puts into the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("steady", max_examples=100, deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """Compile what is tested, once: thousands of child processes import it, and where none may write, each would compile it."""
    config.addinivalue_line("markers", "cold_start: the projects of this module's stories start every Python from nothing")
    if not hasattr(config, "workerinput") and SOURCES.is_dir():
        compileall.compile_dir(SOURCES, quiet=2)


@pytest.fixture(scope="session", autouse=True)
def no_byte_code() -> Iterator[None]:
    """Let no test and no child of one write byte code: a change of the same size in the same second would leave it as it is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "dont_write_bytecode", True)
        patched.setenv("PYTHONDONTWRITEBYTECODE", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what runs keep for a user, caches and notes of unfinished writes, out of the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
            patched.setenv(name, str(tmp_path_factory.mktemp("own")))
        yield


@pytest.fixture(scope="module", autouse=True)
def cold_start(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a module is marked so, fork no process from one that has imported everything: what is imported when is the point."""
    with pytest.MonkeyPatch.context() as patched:
        if request.node.get_closest_marker("cold_start"):
            patched.setattr(warm_python, "server", lambda _environment: None)
        yield


@pytest.fixture
def plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """A function that runs git in a folder; nothing of the host's or user's settings is seen, there or by the code under test."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": str(tmp_path),
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def git(folder: Path, *args: str) -> str:
        return subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True, text=True).stdout.strip()

    return git


@pytest.fixture
def repository(plain_git: Callable[..., str], tmp_path: Path) -> Path:
    """An empty git repository without a commit."""
    root = tmp_path / "project"
    root.mkdir()
    plain_git(root, "init", "--quiet", "--initial-branch=main")
    return root

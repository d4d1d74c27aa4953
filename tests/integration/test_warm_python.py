"""A forked process is what a new one is: what these tests run stories with makes no difference to them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import warm_python

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

TELLS = """
    import json, os, sys, threading

    told = [sys.argv[1:], sys.orig_argv[1:], os.getcwd(), sys.path[0], __name__, __spec__.name, sys.executable, str(sys.flags)]
    streams = [[stream.encoding, stream.errors, stream.line_buffering] for stream in (sys.stdin, sys.stdout, sys.stderr)]
    print(json.dumps([told, streams, sorted(os.environ.items()), os.getpgid(0), threading.active_count()]))
    print("é", file=sys.stderr)
    with open("left.txt", "a") as file:
        file.write("x")
"""
ENDS = {
    "well": "print('done')",
    "with a code": "raise SystemExit(5)",
    "with words": "raise SystemExit('no')",
    "by os._exit": "import os; os._exit(7)",
    "by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "at exit": "import atexit, sys; atexit.register(print, 'last'); print('first', flush=True); sys.exit(1)",
    "with much to say": "import sys; print('x' * 300_000); print('y' * 300_000, file=sys.stderr)",
}


def both(story: Story, module: str, *args: str) -> list[tuple[int, bytes, bytes]]:
    """What a new process does, and one that is forked."""
    started = warm_python.server(story.environment)
    if started is None:
        pytest.skip("no process is forked here")
    command, where = [sys.executable, "-m", module, *args], story.folder
    new = subprocess.run(command, cwd=where, env=story.environment, capture_output=True, check=False, timeout=300)
    forked = started.run(module, args, cwd=where, environment=story.environment)
    return [(done.returncode, done.stdout, done.stderr) for done in (new, forked)]


def test_a_forked_process_finds_what_a_new_one_does(empty: Story) -> None:
    """Arguments, folder, path, environment and streams, and the name of the module that runs."""
    empty.environment["ONLY_HERE"] = "1"
    empty.write_files({"tells.py": TELLS})
    new, forked = both(empty, "tells", "a", "--b=c d")
    assert forked == new
    assert new[0] == 0
    assert empty.text("left.txt") == "xx"


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_a_new_one_does(empty: Story, end: str) -> None:
    """Exit code, signal and all that was printed."""
    empty.write_files({"ends.py": ENDS[end]})
    new, forked = both(empty, "ends")
    assert forked == new


def test_nothing_of_it_is_left_for_the_next_one(empty: Story) -> None:
    """Each is forked from the same process, which runs nothing itself."""
    program = "import builtins, json, sys; print(hasattr(json, 'mine'), 'other' in sys.modules); json.mine = 1; import other"
    empty.write_files({"changes.py": program, "other.py": ""})
    for _ in range(2):
        _, forked = both(empty, "changes")
        assert forked[1].split() == [b"False", b"False"]


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONOPTIMIZE", "COVERAGE_PROCESS_START", "TZ"])
def test_what_is_read_at_the_start_starts_a_new_process(empty: Story, tmp_path: Path, variable: str) -> None:
    """A forked one cannot read it again."""
    assert (warm_python.server(empty.environment) is None) == (sys.platform != "linux" or "COVERAGE_PROCESS_CONFIG" in os.environ)
    assert warm_python.server(empty.environment | {variable: str(tmp_path)}) is None

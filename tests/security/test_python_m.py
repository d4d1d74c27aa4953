"""``python -m pytest_handoff`` imports from where ``handoff`` does, whatever lies in the folder that it runs in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_handoff

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

PACKAGE = Path(pytest_handoff.__file__).parent


@pytest.mark.parametrize("name", ["click/__init__.py", "msgspec.py", "rich.py", "json.py", "jinja2/__init__.py"])
def test_a_module_of_the_repository_does_not_win(recorded: Story, name: str) -> None:
    """The verdict is the gate's, not that of a module which ends the process with 0."""
    recorded.edit("src/shop/cart.py", "sum(prices)", "0")
    recorded.write_files({name: "raise SystemExit(0)\n"})
    done = recorded.handoff("gate", "session-1")
    assert done.code == 1
    assert "gate does not pass" in done.out
    assert done == recorded.run(str(Path(sys.executable).with_name("handoff")), "gate", "session-1")


@pytest.mark.parametrize("options", [["-P"], ["-I"], ["-E"]])
def test_pythons_own_ways_to_leave_it_out(recorded: Story, options: list[str]) -> None:
    """Nothing is left to drop then, and nothing else is dropped."""
    assert recorded.run(sys.executable, *options, "-m", "pytest_handoff", "verify", "session-1").code == 0
    recorded.environment["PYTHONSAFEPATH"] = "1"
    assert recorded.handoff("verify", "session-1").code == 0


@pytest.mark.parametrize("named", ["{folder}", "."])
def test_a_folder_of_pythonpath_is_the_users_word(recorded: Story, named: str) -> None:
    """It counts for ``handoff`` as well, also where it is the working directory."""
    recorded.write_files({"msgspec.py": "raise SystemExit(9)\n"})
    recorded.environment["PYTHONPATH"] = named.format(folder=recorded.folder)
    assert recorded.handoff("verify", "session-1").code == 9


def test_a_developer_in_the_source_folder(recorded: Story) -> None:
    """The package is found by its installation, or is imported already; its modules do not take the place of Python's."""
    done = recorded.run(sys.executable, "-m", "pytest_handoff", "--version", cwd=PACKAGE.parent)
    assert (done.code, done.err) == (0, "")
    done = recorded.run(sys.executable, str(PACKAGE / "__main__.py"), "verify", "session-1")
    assert (done.code, done.err) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no folder that somebody is in")
def test_a_working_directory_that_is_gone(recorded: Story) -> None:
    """Python itself adds none then."""
    done = recorded.run("sh", "-c", f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m pytest_handoff --version")
    assert (done.code, done.err) == (0, "")

"""What tests or a conftest leave in place of Python's own functions, modules and variables costs no record, and stays theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

LEFT = """
    from unittest import mock

    NAMES = ["builtins.open", "hashlib.sha1", "hashlib.sha256", "io.open", "json.loads", "os.fsync", "os.listdir", "os.replace",
             "os.scandir", "pathlib.Path.mkdir", "pathlib.Path.read_bytes", "pathlib.Path.read_text", "pathlib.Path.with_name",
             "subprocess.Popen", "subprocess.Popen.communicate", "subprocess.run", "time.time", "shutil.rmtree",
             "platform.system", "platform.python_version", "glob.glob", "textwrap.wrap"]

    def test_leaves_them():
        for name in NAMES:
            mock.patch(name, side_effect=RuntimeError("still mocked")).start()
"""
REFUSES = """
    import subprocess

    class Refused(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            raise RuntimeError("no processes in tests")

    subprocess.Popen = Refused
"""
AT_THE_END = """
    def pytest_unconfigure():
        import subprocess
        print("at the end:", subprocess.Popen.__name__)
"""
VARIABLES = """
    import os
    import signal

    def test_leaves_them():
        os.environ["PATH"] = ""
        os.environ["HOME"] = "/nowhere"
        os.environ["GIT_CONFIG_GLOBAL"] = "/nowhere/gitconfig"
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
"""
MODULES = """
    import sys

    def test_leaves_them():
        for name in list(sys.modules):
            if name.startswith(("pytest_handoff", "msgspec", "json", "subprocess", "hashlib")):
                del sys.modules[name]
        sys.modules["tempfile"] = sys.modules["sqlite3"] = None
"""
PROCESSES = """
    from unittest import mock

    def test_leaves_them():
        mock.patch("os.getpid", return_value=42).start()
"""
FAILS = "\n\n    def test_fails():\n        assert 0\n"


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
@pytest.mark.parametrize("left", [LEFT, VARIABLES, MODULES, PROCESSES], ids=["mocks", "variables", "modules", "processes"])
def test_what_a_test_leaves(shop: Story, left: str, args: list[str]) -> None:
    """The record is whole, and nothing is called a defect that is none; pytest's own cache could not be written."""
    shop.write_files({"tests/unit/test_leaves.py": left + FAILS})
    shop.commit()
    done = shop.pytest("--no-cov", "-p", "no:benchmark", "-p", "no:cacheprovider", "--handoff=session-1", *args)

    assert done.code == 1, done
    assert "defect" not in done.out + done.err, done
    counts = shop.show("session-1")["counts"]
    assert (counts["passed"], counts["failed"]) == (4, 1)
    assert shop.handoff("verify", "session-1").code == 0


def test_what_a_conftest_leaves(shop: Story) -> None:
    """Git is asked all the same, and for the tests and at pytest's own end it is as the conftest has it."""
    refused = "import subprocess\n\n\ndef test_it():\n    assert subprocess.Popen.__name__ == 'Refused'\n"
    conftest = f'{REFUSES}\n    import os; os.environ["PATH"] = ""\n{AT_THE_END}'
    shop.write_files({"conftest.py": conftest, "tests/unit/test_refused.py": refused})
    done = shop.pytest("--no-cov", "-p", "no:benchmark", "--handoff=session-1")

    assert done.code == 0, done
    assert "at the end: Refused" in done.out
    assert shop.show("session-1")["counts"]["passed"] == 4
    assert shop.handoff("verify", "session-1").code == 0

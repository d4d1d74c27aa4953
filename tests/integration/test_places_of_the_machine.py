"""No path of this machine stands in the evidence: two machines record the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

TESTS = """
    import os
    import tempfile
    from pathlib import Path

    import pytest

    HERE = Path(__file__).resolve().parent

    def test_open():
        raise FileNotFoundError(f"no file: '{HERE / 'data.txt'}'")

    def test_root():
        raise RuntimeError(f"run in {HERE.parent.parent}, please")

    def test_temporary(tmp_path):
        raise RuntimeError(f"{tmp_path}/left")

    def test_home():
        raise RuntimeError(os.path.expanduser("~") + "/.netrc")

    def test_python():
        raise RuntimeError(os.__file__)

    def test_long():
        raise RuntimeError("x" * 180 + str(HERE))

    def test_skipped():
        pytest.skip(f"no {HERE / 'data.txt'}")

    @pytest.mark.xfail(reason=f"see {HERE / 'data.txt'}")
    def test_xfailed():
        assert False

    def test_elsewhere():
        raise RuntimeError("/etc/passwd and http://localhost/home")

    @pytest.mark.xfail(strict=True, reason="owed")
    def test_strict(): pass

    def test_without_a_traceback():
        pytest.fail("in a few words", pytrace=False)
"""
MESSAGES = {
    "test_open": "FileNotFoundError: no file: 'tests/unit/data.txt'",
    "test_root": "RuntimeError: run in ., please",
    "test_temporary": "RuntimeError: $TMP/test_temporary0/left",
    "test_home": "RuntimeError: ~/.netrc",
    "test_skipped": "no tests/unit/data.txt",
    "test_xfailed": "see tests/unit/data.txt",
    "test_elsewhere": "RuntimeError: /etc/passwd and http://localhost/home",
    "test_strict": "[XPASS(strict)] owed",
    "test_without_a_traceback": "in a few words",
}


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_messages(shop: Story, args: list[str]) -> None:
    """Paths below the root are relative, others of this machine have a name; what a test itself names stays."""
    shop.write_files({"tests/unit/test_places.py": TESTS, "tests/unit/test_import.py": "from test_places import nothing\n"})
    shop.environment["TMPDIR"] = str(shop.folder.parent)
    shop.pytest("--no-cov", "--handoff=session-1", "--continue-on-collection-errors", *args)
    lines = map(json.loads, shop.text("handoffs/evidence/session-1/tests.jsonl").splitlines())
    told = {line["id"].partition("::")[2]: line.get("error") or line.get("reason") for line in lines}

    assert {name: text for name, text in told.items() if name in MESSAGES} == MESSAGES
    assert told["test_python"].startswith("RuntimeError: $PYTHON/lib")
    assert "(tests/unit/test_places.py)" in shop.show("session-1")["why_incomplete"]
    everything = b"".join(shop.evidence().values()).decode()
    assert str(shop.folder) not in everything
    assert str(shop.folder.parent) not in everything

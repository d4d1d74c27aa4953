"""Cheats on who decides: lines bound to something easier, and earlier tests that are called something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cheating import CONFTEST, Cheat, Shop
from cheats_on_coverage import run_measured, tested, untested
from cheats_on_tests import PYPROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = "New unit tests achieve >90% coverage for new code"
OWN = "Prices were tried by hand"
MARKED = 'import pytest\n\n\n@pytest.mark.handoff(check="{line}")\ndef test_linked():\n    assert 1 + 1 == 2\n'
HOOKED = 'def pytest_handoff_checks(config):\n    return {{"{line}": "{gate}"}}\n'


def decided_by(files: dict[str, str] | None = None, bind: str = "") -> Callable[[Shop], None]:
    """Leave new code untested, and let something trivial decide the line that asks for it."""

    def do(shop: Shop) -> None:
        untested(shop)
        _bound(shop, files or {}, ASKED, bind)
        run_measured(shop)

    return do


def adding(files: dict[str, str] | None = None, bind: str = "") -> Callable[[Shop], None]:
    """Test the new code, and let a test decide a line that nothing else can."""

    def do(shop: Shop) -> None:
        tested(shop)
        shop.edit("handoffs/session-2.md", f"- [x] {ASKED}\n", f"- [x] {ASKED}\n- [ ] {OWN}\n")
        _bound(shop, files or {}, OWN, bind)
        shop.measured()
        assert f"- [x] {OWN}" in shop.text("handoffs/session-2.md"), shop.text("handoffs/session-2.md")

    return do


def _bound(shop: Shop, files: dict[str, str], line: str, bind: str) -> None:
    for name, text in files.items():
        (shop.folder / name).write_text(text.format(line=line, gate="files_parse"), "utf-8")
    if bind:
        shop.edit(PYPROJECT, 'target = "main"', f'target = "main"\nbind = [{{line = "{line}", {bind}}}]')


CHEATS = [
    Cheat("lines", "mark a trivial test with the line", decided_by({"tests/unit/test_linked.py": MARKED}), "new_code",
          "mark a test with a line of one's own", adding({"tests/unit/test_linked.py": MARKED})),
    Cheat("lines", "bind the line to a gate that always holds", decided_by(bind='gate = "files_parse"'), "new_code",
          "bind a line of one's own", adding(bind='tests = "tests/unit/test_tax.py::*"')),
    Cheat("lines", "bind the line to trivial tests", decided_by(bind='tests = "tests/e2e/*"'), "new_code",
          "bind a line of one's own to a gate", adding(bind='gate = "files_parse"')),
    Cheat("lines", "let a hook decide the line", decided_by({CONFTEST: HOOKED}), "new_code",
          "let a hook decide a line of one's own", adding({CONFTEST: HOOKED})),
]  # fmt: skip

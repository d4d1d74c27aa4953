"""New lines that coverage is told to leave out: no figure holds them, so every reader is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Story


def test_new_excluded_lines_are_shown_everywhere(shop: Story) -> None:
    """Document, terminal and ``show --json`` name the lines of a new pragma, also where no new statement is left."""
    assert shop.pytest("--handoff=session-1").code == 0
    shop.write_files({"src/shop/hidden.py": "def hidden():  # pragma: no cover\n    return 1\n"})
    done = shop.pytest("--handoff=session-2")
    assert "no new statements · 2 new lines excluded" in done.section
    code = shop.show("session-2")["new_code"]
    assert (code["num_statements"], code["excluded"]) == (0, 2)
    assert code["files"]["src/shop/hidden.py"]["excluded"] == "1-2"
    sentence = "New lines that are excluded from coverage, and so in none of these figures: `src/shop/hidden.py` 1-2."
    assert sentence in shop.document("session-2")
    shop.write_files({"src/shop/seen.py": "x = 1\n"})
    assert "· 2 new lines excluded" in shop.pytest("--handoff=session-2").section
    assert sentence in shop.document("session-2")

"""New lines that coverage is told to leave out: no figure holds them, so every reader is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stories import Story


def test_new_excluded_lines_are_shown_everywhere(shop: Story) -> None:
    """Document, terminal and ``show --json`` name the lines of a new pragma, also where no new statement is left."""
    assert shop.pytest("--handoff=session-1").code == 0
    shop.write_files({"src/shop/hidden.py": "def hidden():  # pragma: no cover\n    return 1\n"})
    done = shop.pytest("--handoff=session-2")
    assert "no new statements · 2 new lines excluded" in done.section
    code = shop.show("session-2")["new_code"]
    assert (code["num_statements"], code["excluded"]) == (0, 2)
    assert code["files"]["src/shop/hidden.py"]["excluded"] == "1-2"
    sentence = "New lines that coverage excludes, which these figures leave out: `src/shop/hidden.py` 1-2."
    assert sentence in shop.document("session-2")
    shop.write_files({"src/shop/seen.py": "x = 1\n"})
    assert "· 2 new lines excluded" in shop.pytest("--handoff=session-2").section
    assert sentence in shop.document("session-2")


def test_a_mark_does_not_make_a_line_hold(shop: Story) -> None:
    """New lines marked as no cover count as not covered where the checklist asks for new code; the figures stay coverage.py's."""
    line = "New unit tests achieve >90% coverage for new code"
    shop.pytest("--handoff=session-1")
    shop.write_files({"src/shop/hidden.py": "def hidden():  # pragma: no cover\n    return 1\n"})
    shop.pytest("--handoff=session-2")

    assert not shop.boxes("session-2")[line]
    assert "0/0 new statements, counting 2 new lines marked no cover: 0/2 = 0.0 %" in shop.handoff("explain", "session-2").out
    assert shop.handoff("fill", "session-2", "--check").code == 0


def test_a_test_that_stops_coverage(shop: Story) -> None:
    """It is no defect of the plugin: what was not measured is not covered, and the run is recorded."""
    stop = "import coverage\n\ndef test_stop():\n    coverage.Coverage.current().stop()\n"
    shop.write_files({"tests/e2e/test_a_stop.py": stop})
    done = shop.pytest("--handoff=session-1")

    assert "a defect of pytest-handoff" not in done.out
    assert shop.show("session-1")["counts"]["passed"] == 4
    assert shop.show("session-1")["coverage"]["percent"] < 100


def test_settings_from_elsewhere(shop: Story) -> None:
    """What a run left out by an option or another file is a looser setting, under the name of that file."""
    shop.pytest("--handoff=session-1", "--cov=src")
    shop.write_files({"lax.toml": '[tool.coverage.run]\nomit = ["*/tax.py"]\n', "src/shop/tax.py": "RATE = 2\n"})
    shop.pytest("--handoff=session-2", "--cov=src")
    same = shop.gate("session-2")["policy"]
    shop.pytest("--handoff=session-2", "--cov=src/shop/cart", "--cov-config=lax.toml")

    assert same == "passed"
    assert shop.gate("session-2")["policy"] == "failed"
    said = shop.handoff("gate", "session-2").out
    assert "lax.toml: 'omit': 1 entry added: '*/tax.py', looser than in session-1" in said
    assert "lax.toml: 'source' is narrower: 'everything' became 'src/shop/cart', looser than in session-1" in said

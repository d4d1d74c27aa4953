"""Single tests that are known to fail fail no gate, and are printed with their reason; one that passes is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

FAILING = (
    "import pytest\n\n@pytest.mark.parametrize('n', [1, 2])\ndef test_rounding(n): assert n == 1\n\ndef test_tax(): assert 0\n"
)
KNOWN = '\n[[tool.handoff.known]]\ntest = "tests/unit/test_money.py::{}"\nreason = "issue 71: rounding"\n{}'
DOCUMENT = (
    "# S\n\n- [ ] All unit tests pass\n- [ ] All unit tests from previous sessions still pass\n"
    "- [ ] No test failures\n- [ ] No new failing tests\n"
)


@pytest.fixture
def shop_with_failures(shop: Story) -> Story:
    """A shop with two tests that fail, of which one has a parameter that passes, recorded once."""
    shop.write_files({"tests/unit/test_money.py": FAILING})
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    shop.write_files({"handoffs/session-2.md": DOCUMENT})
    return shop


def know(story: Story, *tests: str, until: str = "") -> None:
    """Say in the settings that tests are known to fail."""
    with (story.folder / "pyproject.toml").open("a") as file:
        file.writelines(KNOWN.format(test, f'until = "{until}"\n' if until else "") for test in tests)
    story.commit()


def test_they_fail_no_gate_and_are_printed(shop_with_failures: Story) -> None:
    """Both failures known, a wide glob: gates and lines hold, the run and the document name them, and what passes is told."""
    know(shop_with_failures, "test_rounding*", "test_tax")
    done = shop_with_failures.pytest("--handoff=session-2", "--no-cov")
    gates = shop_with_failures.gate("session-2")

    assert (gates["failures"], gates["regression"]) == ("passed", "passed"), done.out
    assert "2 tests fail: tests/unit/test_money.py::test_rounding[2] (issue 71: rounding)" in done.out
    assert "fixed: tests/unit/test_money.py::test_rounding[1]" in done.out
    assert shop_with_failures.boxes("session-2")["All unit tests pass"]
    assert all(shop_with_failures.boxes("session-2").values())
    assert shop_with_failures.show("session-2")["counts"]["failed"] == 2
    assert shop_with_failures.show("session-2")["tests"]["tests/unit/test_money.py::test_tax"]["known"] == "issue 71: rounding"
    assert shop_with_failures.handoff("verify", "session-2").code == 0
    made = shop_with_failures.handoff("init", "session-3")
    assert made.code == 0, made


def test_another_failure_is_not_forgiven(shop_with_failures: Story) -> None:
    """Only the test that is named may fail."""
    know(shop_with_failures, "test_rounding[2]")
    done = shop_with_failures.pytest("--handoff=session-2", "--no-cov", "--handoff-gate")
    gates = shop_with_failures.gate("session-2")

    assert done.code == 1
    assert (gates["failures"], gates["regression"]) == ("failed", "failed")
    assert shop_with_failures.boxes("session-2")["All unit tests pass"] is False


def test_until_a_day(shop_with_failures: Story) -> None:
    """After that day the test is an ordinary failure."""
    know(shop_with_failures, "test_rounding[2]", "test_tax", until="2020-01-31")
    shop_with_failures.pytest("--handoff=session-2", "--no-cov")

    assert shop_with_failures.gate("session-2")["failures"] == "failed"


def test_a_known_one_that_is_deleted_is_lost(shop_with_failures: Story) -> None:
    """What may fail may not go."""
    know(shop_with_failures, "test_rounding*", "test_tax")
    shop_with_failures.edit("tests/unit/test_money.py", "def test_tax(): assert 0\n", "")
    shop_with_failures.pytest("--handoff=session-2", "--no-cov")

    assert shop_with_failures.gate("session-2")["regression"] == "failed"
    assert shop_with_failures.statuses("session-2")["test_tax"] == "missing"


def test_a_glob_retires_only_what_is_gone(shop: Story) -> None:
    """Of three tests under a glob one is gone: the other two count, and one that comes later is not swallowed when it goes."""
    many = "import pytest\n\n@pytest.mark.parametrize('n', {})\ndef test_f(n): pass\n"
    shop.write_files({"tests/unit/test_f.py": many.format([1, 2, 3])})
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.write_files({"tests/unit/test_f.py": many.format([1, 2])})
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[[tool.handoff.retire]]\ntest = "tests/unit/test_f.py::*"\nreason = "f is given up"\n')
    shop.pytest("--handoff=session-2", "--no-cov")
    assert shop.statuses("session-2")["test_f[3]"] == "retired"
    assert shop.statuses("session-2")["test_f[1]"] == "still_passing"
    assert shop.show("session-2")["regression"]["expected"] == 5

    shop.write_files({"tests/unit/test_f.py": many.format([1])})
    shop.pytest("--handoff=session-3", "--no-cov")
    assert shop.statuses("session-3")["test_f[2]"] == "missing"
    assert shop.statuses("session-3")["test_f[3]"] == "retired"
    assert shop.gate("session-3")["regression"] == "failed"
    advice = "retire it by full id in [[tool.handoff.retire]] (an older pattern does not apply), with a reason"
    assert advice in shop.handoff("gate", "session-3").out
    assert advice in shop.handoff("next", "session-3").out
    with (shop.folder / "pyproject.toml").open("a") as file:
        file.write('\n[[tool.handoff.retire]]\ntest = "tests/unit/test_f.py::test_f[2]"\nreason = "f is given up"\n')
    shop.pytest("--handoff=session-3", "--no-cov")
    assert shop.statuses("session-3")["test_f[2]"] == "retired"

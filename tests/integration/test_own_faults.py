"""Defects of ours: no test run stops for one, no result is hidden, and none passes for success."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Story

BROKEN = """
    import importlib

    def pytest_configure(config):
        module, name, attribute = "{place}".split(":")
        owner = getattr(importlib.import_module("pytest_handoff." + module), name)
        def defect(*args, **kwargs):
            raise LookupError("a defect in " + attribute)
        setattr(owner, attribute, defect)
"""

PLACES = [
    "recorder:Recorder:_take",
    "recorder:Recorder:_look_closely",
    "recorder:Recorder:_final_results",
    "journal:Journal:note",
    "collection:Collector:_add",
    "collection:Collector:_collected",
    "controller:Controller:_take_collection",
    "controller:Controller:_record",
    "controller:Controller:_stats",
    "controller:Controller:_export",
    "worker:Ages:__call__",
    "coverage_classes:ContextSwitcher:_switch",
    "measuring:Measuring:read",
    "measuring:Measuring:keep",
    "run_folder:RunFolder:lines",
    "run_folder:RunFolder:had_company",
]
WRITTEN_BEFORE = ("controller:Controller:_export", "measuring:Measuring:keep", "run_folder:RunFolder:lines")
IN_WORKERS = ["collection:Collector:_add", "worker:Ages:__call__", "worker:Ages:know", "coverage_classes:ContextSwitcher:_switch"]


def break_it(story: Story, place: str, *, passing: bool) -> None:
    """Put a defect in one place, into every process of the run."""
    story.write_files({"conftest.py": BROKEN.format(place=place)})
    if not passing:
        story.edit("tests/unit/test_cart.py", "== 3", "== 4")


@pytest.mark.parametrize("place", PLACES)
def test_a_defect_is_named_and_stops_nothing(shop: Story, place: str) -> None:
    """Every test runs, pytest's totals stand, the run ends non-zero, and the defect is shown with its place."""
    break_it(shop, place, passing=False)
    done = shop.pytest("--handoff=session-1")

    assert "1 failed, 2 passed" in done.out, done
    assert done.code == 1
    assert "a defect of pytest-handoff, please report it" in done.out
    assert f"LookupError: a defect in {place.rpartition(':')[2]}" in done.out
    assert (shop.folder / "handoffs/evidence/session-1/record.json").exists() == (place in WRITTEN_BEFORE)


@pytest.mark.parametrize("place", ["recorder:Recorder:_take", "controller:Controller:_record"])
@pytest.mark.parametrize("args", [[], ["-p", "no:terminal"]], ids=["terminal", "no terminal"])
def test_a_green_run_with_a_defect_is_not_green(shop: Story, place: str, args: list[str]) -> None:
    """Asked for evidence and unable to make it, a run of passing tests ends with 3, with or without a terminal plugin."""
    break_it(shop, place, passing=True)
    done = shop.pytest("--no-cov", "--handoff=session-1", *args)

    assert done.code == 3
    assert "a defect of pytest-handoff" in done.out + done.err


@pytest.mark.parametrize("place", IN_WORKERS)
def test_a_defect_in_a_worker(shop: Story, place: str) -> None:
    """A worker goes on as well, and its defect is told by the controller, once."""
    break_it(shop, place, passing=False)
    done = shop.pytest("--handoff=session-1", "-n", "2")

    assert "1 failed, 2 passed" in done.out, done
    assert done.code == 1
    assert "in worker gw0: Traceback" in done.out
    assert done.out.count(f"LookupError: a defect in {place.rpartition(':')[2]}") == 2
    assert not (shop.folder / "handoffs").exists()


def test_what_a_user_did_wrong_is_no_defect(shop: Story) -> None:
    """A marker without its text is the user's to mend: pytest's own usage error says so."""
    shop.edit("tests/unit/test_cart.py", "def test_total", "import pytest\n@pytest.mark.handoff\ndef test_total")
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == 4
    assert "write @pytest.mark.handoff(check=" in done.err + done.out
    assert "defect" not in done.out

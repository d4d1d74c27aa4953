"""Every cheat is caught by the gate it is said to be caught by, and its honest twin passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cheats_on_coverage
import cheats_on_decisions
import cheats_on_evidence
import cheats_on_policy
import cheats_on_runs
import cheats_on_tests
import cheats_on_trees
import pytest
from cheating import Cheat, Told, build, copy_of, judge

if TYPE_CHECKING:
    from pathlib import Path

CHEATS = [
    *cheats_on_tests.CHEATS,
    *cheats_on_evidence.CHEATS,
    *cheats_on_coverage.CHEATS,
    *cheats_on_trees.CHEATS,
    *cheats_on_policy.CHEATS,
    *cheats_on_runs.CHEATS,
    *cheats_on_decisions.CHEATS,
]
TOLD = [*cheats_on_decisions.TOLD, *cheats_on_runs.TOLD]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository whose gate passes."""
    folder = tmp_path_factory.mktemp("cheats") / "base"
    shop = build(folder)
    assert judge(shop).code == 0, judge(shop)
    return folder


def _named(cheat: Cheat) -> str:
    return f"{cheat.group}: {cheat.name}"


@pytest.mark.parametrize("cheat", CHEATS, ids=_named)
def test_a_cheat_is_caught(cheat: Cheat, base: Path, tmp_path: Path) -> None:
    """The gate says no (or that it cannot tell), and names why."""
    shop = copy_of(base, tmp_path / "shop")
    cheat.do(shop)
    verdict = judge(shop, *cheat.gate)

    assert verdict.code == (2 if verdict.gates == ("cannot tell",) else 1), verdict
    assert any(wanted in gate for gate in verdict.gates for wanted in cheat.caught_by.split("|")), verdict
    assert all(verdict.messages), verdict


@pytest.mark.parametrize("cheat", CHEATS, ids=_named)
def test_its_honest_twin_is_not(cheat: Cheat, base: Path, tmp_path: Path) -> None:
    """A legitimate change that looks alike passes the gate."""
    shop = copy_of(base, tmp_path / "shop")
    cheat.honest(shop)
    verdict = judge(shop)

    assert verdict.code == 0, verdict


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.name)
def test_a_reader_is_told(told: Told, base: Path, tmp_path: Path) -> None:
    """Where honest people do the same, the gate has no word in it, and what is said names it."""
    shop = copy_of(base, tmp_path / "shop")
    said = told.do(shop)

    assert all(words in said for words in told.words), said


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.twin)
def test_a_reader_is_told_nothing_of_its_twin(told: Told, base: Path, tmp_path: Path) -> None:
    """Whoever has nothing to hide is not named."""
    shop = copy_of(base, tmp_path / "shop")
    said = told.honest(shop)

    assert not any(words in said for words in told.words), said
    assert judge(shop).code == 0, judge(shop)


def test_there_are_enough_of_them() -> None:
    """Every group has its cases, none twice."""
    assert len({_named(cheat) for cheat in CHEATS}) == len(CHEATS) >= 40
    assert {cheat.group for cheat in CHEATS} == {
        "tests", "runs", "document", "evidence", "policy", "coverage", "measured", "time and chain", "trees", "lines"
    }  # fmt: skip

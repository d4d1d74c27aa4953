"""The tier of a test."""

from __future__ import annotations

import pytest

from pytest_handoff.config import Config, TierRule, read_config
from pytest_handoff.recording.collection import Tiers

CONFIG = Config(
    default_tier="other",
    tiers={
        "unit": TierRule(markers=["unit"], paths=["tests"]),
        "e2e": TierRule(markers=["e2e", "browser"], paths=["**/e2e/**"]),
        "slow": TierRule(paths=["tests/unit/slow_*.py"]),
    },
)


@pytest.mark.parametrize(
    ("names", "tier"),
    [(["browser"], "e2e"), (["slow"], None), ([], None), (["skip", "unit", "e2e"], "unit"), (["e2e", "unit"], "e2e")],
)
def test_by_marker(names: list[str], tier: str | None) -> None:
    """The nearest marker of a tier decides; others say nothing."""
    assert Tiers(CONFIG).by_marker(names) == tier


@pytest.mark.parametrize(
    ("path", "tier"),
    [
        ("tests/a.py", "unit"),
        ("tests/e2e/a.py", "e2e"),
        ("tests/unit/slow_a.py", "slow"),
        ("src/a.py", "other"),
        ("e2e/a.py", "e2e"),
    ],
)
def test_by_path(path: str, tier: str) -> None:
    """The longest glob that matches decides, else the default tier; asking twice gives the same."""
    tiers = Tiers(CONFIG)
    assert (tiers.by_path(path), tiers.by_path(path)) == (tier, tier)


def test_without_settings() -> None:
    """Without settings the four kinds have their markers and folders, and everything else is a unit test."""
    tiers = Tiers(read_config({}, path="x"))
    assert dict(tiers.markers) == {name: name for name in ("unit", "integration", "e2e", "performance")}
    assert [tiers.by_path(path) for path in ("a/integration/b.py", "tests/test_e2e.py")] == ["integration", "unit"]

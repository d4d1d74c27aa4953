"""A few kills of the kill harness; ``make kills`` makes two hundred."""

from __future__ import annotations

import os
import random

import pytest

import kill_harness

KILLS = 8


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_no_moment_is_a_bad_one() -> None:
    """Whenever a run is killed, what was there before stays whole, the next command tells, and the next run leaves nothing."""
    seed = random.SystemRandom().randrange(10**9)
    found = kill_harness.kills(KILLS, seed, seconds=15)

    assert [kill.told() for kill in found if kill.wrong] == []
    assert found

"""Claims against evidence."""

from __future__ import annotations

import pytest

from pytest_handoff.document.claims import contradicts


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("14/14 passed", "9/9 passed"),
        ("**14 / 14**", "9/9 passed"),
        ("129/129 (100%)", "195/196 passed"),
        ("Coverage 95%", "93.1 % (session-2: 95.0 %)"),
        ("100%", "99.96 %"),
        ("93.2%", "93.1 %"),
        ("≥ 95 %", "93.1 %"),
        (">=95%", "93.1 %"),
        ("< 90%", "93.1 %"),
        ("95%+", "93.1 %"),
        ("94-96%", "93.1 %"),
        ("~99%", "93.1 %"),
        ("94,5 Prozent", "93.1 %"),
        ("91 percent", "93.1 %"),
        ("35", "12"),
        ("35+ test files", "12"),
        ("15 files", "12 files"),
        ("~3,000 lines", "1200 lines"),
        ("49 tests passing", "20/20 passed"),
        ("**196**", "20/20 passed"),
        ("✅ 20 passing", "18/20 passed, 2 failed"),
        ("25+ tests", "20/20 passed"),
        ("none", "20/20 passed"),
        ("~2,000 lines", "38 (and 0 removed)"),
        ("70 unit tests + 1 gate test", "8"),
        ("5 unit, 2 integration and 3 e2e tests", "8"),
        ("None", "2"),
        ("No test failures.", "2"),
        ("None (all of it is green)", "2 failures"),
        ("100%", "90.0 % passing"),
        ("2 failing tests", "1/4 failing"),
        ("None", "1/4 failing"),
        ("100% of tests passing", "90.0 % passing"),
        ("70 %", "64.2 % of the new code by unit tests; 84.8 % of all code by all tests"),
    ],
)
def test_other_figures_contradict(claim: str, evidence: str) -> None:
    """A claim whose figures of the evidence's form cannot be the evidence's is contradicted."""
    assert contradicts(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("all green on staging", "3/4 passed"),
        ("None of note, but see the log", "2 failures"),
        ("None", "none"),
        ("20 tests", "18/20 passed, 2 failed"),
        ("18 passing", "18/20 passed, 2 failed"),
        ("15+ tests", "18/20 passed, 2 failed"),
        ("12 new tests", "18/20 passed, 2 failed"),
        ("12 unit tests", "18/20 passed, 2 failed"),
        ("2 failing", "18/20 passed, 2 failed"),
        ("~40 lines (and a few removed)", "38 (and 0 removed)"),
        ("7 unit tests + 1 gate test", "8"),
        ("85% coverage", "90.0 % passing"),
        ("84.8 %", "64.2 % of the new code by unit tests; 84.8 % of all code by all tests"),
        ("N/A (first session)", "0/0"),
        ("9/9 passed (8/9 in CI)", "9/9 passed"),
        ("was 8/9, now 9/9", "9/9 passed"),
        ("on 2025/11/23", "9/9 passed"),
        ("see docs/3/4", "9/9 passed"),
        ("100%", "9/10 passed"),
        ("93%", "93.1 %"),
        ("93.1", "93.1 %"),
        ("93 %", "92.6 %"),
        ("92 %", "92.6 %"),
        ("92.60 %", "92.6 %"),
        ("100%", "100 %"),
        (">90%", "93.1 %"),
        ("≥ 90 %", "93.1 %"),
        ("1 failing", "1/4 failing"),
        ("4 tests", "1/4 failing"),
        ("2 missing", "1/4 failing"),
        ("90%+", "93.1 %"),
        ("90 - 95%", "93.1 %"),
        ("93–94 %", "93.1 %"),
        ("~95%", "93.1 %"),
        ("93,1 %", "93.1 %"),
        ("12", "12"),
        ("35+", "40"),
        ("~500", "512"),
        ("+1,200", "1200 lines"),
        ("~4 hours", "12 s"),
        ("2025-11-23", "12"),
        ("3 of 9 sessions", "12"),
    ],
)
def test_everything_else_does_not(claim: str, evidence: str) -> None:
    """Prose, other forms, coarser figures, true bounds and fair estimates are no contradiction."""
    assert not contradicts(claim, evidence)

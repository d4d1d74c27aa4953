"""Coverage as the record keeps it."""

from __future__ import annotations

from pytest_handoff.evidence.measurement import MeasuredFile, Measurement, summarise
from pytest_handoff.record import CoverageSummary, FileCoverage

FULL = MeasuredFile(path="b.py", statements=frozenset({1, 2}), percent=100.0)
PARTLY = MeasuredFile(
    path="a.py",
    statements=frozenset({1, 2, 3, 5}),
    excluded=frozenset({7, 8}),
    missing=frozenset({2, 3}),
    num_branches=4,
    covered_branches=1,
    percent=37.5,
)


def test_figures_and_ranges() -> None:
    """Files come in the order of their paths, with ranges as text, and add up; nothing is rounded."""
    summary = summarise(Measurement(files={"b.py": FULL, "a.py": PARTLY}, percent=62.123456, branch_percent=25.0))
    assert summary == CoverageSummary(
        percent=62.123456,
        branch_percent=25.0,
        num_statements=6,
        covered=4,
        files={
            "a.py": FileCoverage(
                num_statements=4,
                covered=2,
                percent=37.5,
                missing="2-3",
                excluded=2,
                excluded_lines="7-8",
                num_branches=4,
                covered_branches=1,
            ),
            "b.py": FileCoverage(
                num_statements=2,
                covered=2,
                percent=100.0,
                missing="",
                excluded=0,
                excluded_lines="",
                num_branches=None,
                covered_branches=None,
            ),
        },
    )
    assert list(summary.files) == ["a.py", "b.py"]

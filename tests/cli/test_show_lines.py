"""What ``show`` tells a person."""

from __future__ import annotations

from pytest_handoff.cli.show import show_lines
from pytest_handoff.composition.terminal import Line
from pytest_handoff.record import Verdict


def test_figures_first_then_every_gate_with_a_sign() -> None:
    """A label is dim and its figure coloured; a sign stands beside each colour; a line that is no figure stays whole."""
    lines = list(
        show_lines(
            "session-3",
            [Line("gate       would not pass:", {"red": True}), Line("  regression  a.py::t")],
            [
                Verdict(id="complete", verdict="passed", evidence="all ran"),
                Verdict(id="tests", verdict="failed", evidence="1/2\npassed"),
                Verdict(id="coverage", verdict="unknown", evidence="not measured"),
                Verdict(id="skips", verdict="waived", evidence="2 skipped"),
            ],
        )
    )

    assert ["".join(part.text for part in line) for line in lines] == [
        "handoff session-3",
        "gate       would not pass:",
        "  regression  a.py::t",
        "gates",
        "  ✓ complete  all ran",
        "  ✗ tests     1/2 passed",
        "  ? coverage  not measured",
        "  – skips     2 skipped",
    ]
    assert [part.style for part in lines[1]] == ["dim", "red"]
    assert [line[1].style for line in lines[4:]] == ["green", "red", "red", "yellow"]


def test_without_gates_there_is_no_heading_for_them() -> None:
    """Nothing is announced that does not come."""
    assert [line[0].text for line in show_lines("s", [], [])] == ["handoff s"]


def test_bad_news_is_red_and_told_once() -> None:
    """Figures of failures and names of lost tests are red; a gate that the figures tell of is only marked below."""
    evidence = "tests/unit/test_a.py::test_one_with_a_long_name failed (assert 1 == 2), and more"
    lines = list(
        show_lines(
            "s",
            [
                Line("tests      7 passed, 3 failed   unit 7/10 · 1 flaky"),
                Line(f"  failures   {evidence}  fix: make 3 tests pass"),
                Line("  still failing a.py::x"),
                Line("  reparametrized a.py::y"),
            ],
            [Verdict(id="failures", verdict="failed", evidence=evidence), Verdict(id="a", verdict="failed", evidence="other")],
        )
    )

    assert [part.text for part in lines[1] if part.style == "red"] == ["3 failed", "1 flaky"]
    assert [part.text for part in lines[3]] == ["  still failing ", "a.py::x"]
    assert [line[0].style for line in lines[3:5]] == ["red", "dim"]
    assert [line[-1].text for line in lines[6:]] == ["see above", "other"]

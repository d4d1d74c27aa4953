"""The trend block: a chart for code hosts, a table for everyone."""

from __future__ import annotations

from builders import coverage_of, ledger_of, new_code_of, record_of
from pytest_handoff.composition.blocks import MOST_SESSIONS, trend_of
from pytest_handoff.evidence.history import SessionRow, session_rows
from pytest_handoff.rendering.templates import Renderer


def rows_of(*figures: tuple[int | None, int | None]) -> list[SessionRow]:
    """Sessions with this coverage in percent, and this many of 10 new statements covered."""
    made = {}
    for number, (percent, covered) in enumerate(figures, start=1):
        made[f"s-{number:02}"] = record_of(
            ledger_of("unit a.py::t passed"),
            session=f"s-{number:02}",
            coverage=None if percent is None else coverage_of(a=(percent, 100)),
            new_code=None if covered is None else new_code_of(10, covered=covered),
        )
    return session_rows(made)


def test_all_code_is_a_line_and_new_code_bars() -> None:
    """Every measured session is a point, cut and never rounded up."""
    trend = trend_of(rows_of((80, 9), (99, 10)))

    assert trend.chart is not None
    assert trend.chart.splitlines() == [
        "xychart-beta",
        '    title "Coverage in percent: all code (line), new code (bars)"',
        '    x-axis ["s-01", "s-02"]',
        '    y-axis "%" 0 --> 100',
        "    bar [90.0, 100]",
        "    line [80.0, 99.0]",
    ]


def test_what_was_not_measured_is_not_drawn_as_zero() -> None:
    """A session without coverage is not in the chart; bars are only there where each session has new code."""
    trend = trend_of(rows_of((80, None), (None, None), (90, 10)))

    assert trend.chart is not None
    assert '["s-01", "s-03"]' in trend.chart
    assert "bar" not in trend.chart
    assert [row.session for row in trend.rows] == ["s-01", "s-02", "s-03"]


def test_one_point_is_no_trend() -> None:
    """Then there is the table alone."""
    block = Renderer().block("trend", {"trend": trend_of(rows_of((80, None), (None, 0)))})

    assert block is not None
    assert block.splitlines() == [
        "| Session | Tests passed | New | Lost | Earlier | Coverage | New code |",
        "|---|---:|---:|---:|---:|---:|---:|",
        "| s-01 | 1/1 | 0 | 0 | – | 80.0 % | – |",
        "| s-02 | 1/1 | 0 | 0 | – | – | 0.0 % |",
    ]


def test_only_the_newest_sessions_stand_in_a_document() -> None:
    """A long project does not make a long document."""
    newest = [row.session for row in trend_of(rows_of(*[(80, None)] * 30)).rows]

    assert newest == [f"s-{number}" for number in range(31 - MOST_SESSIONS, 31)]

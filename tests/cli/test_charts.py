"""Charts as geometry."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builders import coverage_of, ledger_of, new_code_of, record_of
from pytest_handoff.cli.page import BOTTOM, HEIGHT, LEFT, MOST_SESSIONS, RIGHT, TOP, WIDTH, coverage_chart, outcome_chart
from pytest_handoff.evidence.history import SessionRow, session_rows


def rows_of(*records: tuple[str, int | None]) -> list[SessionRow]:
    """Sessions in the order of their names, each a ledger in few words and the coverage in percent."""
    made = {}
    for number, (text, percent) in enumerate(records, start=1):
        name = f"session-{number:04}"
        coverage = None if percent is None else coverage_of(a=(percent, 100))
        code = None if percent is None else new_code_of(10, covered=percent // 10)
        made[name] = record_of(ledger_of(text, since=name), session=name, coverage=coverage, new_code=code)
    return session_rows(made)


def test_bars_stand_on_each_other() -> None:
    """Two passed, one failed, one skipped fill the height in quarters, from the bottom up."""
    [row] = rows_of(("unit a::1 passed\nunit a::2 passed\nunit a::3 failed\nunit a::4 skipped", None))
    chart = outcome_chart([row])
    whole = HEIGHT - BOTTOM - TOP

    assert [(bar.kind, bar.height) for bar in chart.bars] == [("pass", whole / 2), ("fail", whole / 4), ("skip", whole / 4)]
    assert chart.bars[0].y + chart.bars[0].height == HEIGHT - BOTTOM
    assert chart.bars[2].y == TOP
    assert chart.bars[0].said == "session-0001: 2 passed"


def test_a_session_without_coverage_is_a_gap() -> None:
    """No line is drawn across what was not measured."""
    chart = coverage_chart(rows_of(("", 90), ("", None), ("", 80), ("", 85)))

    assert [(kind, len(points)) for kind, points in chart.lines] == [("total", 1), ("total", 2), ("new", 1), ("new", 2)]
    assert chart.lines[0][1][0].said == "session-0001: coverage 90.0 %"


def test_the_axis_of_coverage_begins_at_tens_and_ends_at_100() -> None:
    """A small change near the top does not look great."""
    assert [tick.text for tick in coverage_chart(rows_of(("", 97), ("", 98))).up] == ["80 %", "90 %", "100 %"]
    assert [tick.text for tick in coverage_chart(rows_of(("", 45))).up] == ["40 %", "70 %", "100 %"]


def test_nothing_measured_is_an_empty_chart() -> None:
    """Neither bars nor lines, and axes all the same."""
    assert outcome_chart([]).bars == []
    assert coverage_chart(rows_of(("", None))).lines == []
    assert len(coverage_chart([]).up) == 3


@given(st.lists(st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 100))), min_size=1, max_size=60))
def test_everything_stands_within_the_chart(sessions: list[tuple[int, int | None]]) -> None:
    """Whatever was recorded, bars and points stay between the axes, and only the newest sessions are drawn."""
    rows = rows_of(*(("\n".join(f"unit a::{n} passed" for n in range(tests)), percent) for tests, percent in sessions))
    bars, lines = outcome_chart(rows).bars, coverage_chart(rows).lines

    assert len(bars) <= MOST_SESSIONS
    assert all(bar.x >= LEFT and bar.x + bar.width <= WIDTH - RIGHT + 0.2 and bar.y >= TOP for bar in bars)
    points = [point for _, run in lines for point in run]
    assert all(LEFT <= point.x <= WIDTH - RIGHT and TOP <= point.y <= HEIGHT - BOTTOM for point in points)

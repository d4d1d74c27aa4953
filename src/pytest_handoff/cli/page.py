"""Lay out charts as plain geometry, for a template to draw as SVG: outcomes as stacked bars, coverage as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.figures import percent, percent_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.evidence.history import SessionRow


WIDTH, HEIGHT = 640.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 12.0, 34.0
MOST_SESSIONS = 40
"""The most bars that a reader can tell apart; of more, only the newest are drawn."""

_KINDS = (
    ("pass", ("passed", "xpassed")),
    ("fail", ("failed", "error")),
    ("skip", ("skipped", "xfailed")),
    ("idle", ("not_run",)),
)
_MOST_LABELS = 8


class Bar(NamedTuple):
    """A piece of a stacked bar; ``kind`` is its class, ``said`` its words."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


class Point(NamedTuple):
    """A measured value of a line."""

    x: float
    y: float
    said: str


class Tick(NamedTuple):
    """A label at an axis, and its position."""

    at: float
    text: str


class Chart(NamedTuple):
    """A chart of a fixed size; ``lines`` are runs of points without a gap, by kind."""

    bars: list[Bar]
    lines: list[tuple[str, list[Point]]]
    across: list[Tick]
    up: list[Tick]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def outcome_chart(rows: Sequence[SessionRow]) -> Chart:
    """Chart the outcomes of each session's tests; the highest bar fills the height."""
    rows = rows[-MOST_SESSIONS:]
    most = max((sum(row.counts.values()) for row in rows), default=0) or 1
    return Chart(
        bars=[bar for at, row in enumerate(rows) for bar in _bars(row, at, len(rows), most)],
        lines=[],
        across=_names(rows),
        up=[Tick(_y(share), f"{round(most * share):,}") for share in (0.0, 0.5, 1.0) if most % 2 == 0 or share != 0.5],
    )


def coverage_chart(rows: Sequence[SessionRow]) -> Chart:
    """Chart coverage and coverage of new code in percent; a session in which nothing was measured leaves a gap."""
    rows = rows[-MOST_SESSIONS:]
    total = [None if row.percent is None else (row.percent, percent_of(row.percent)) for row in rows]
    new = [
        (100 * row.new_code.part / row.new_code.whole, percent(row.new_code.part, row.new_code.whole))
        if row.new_code and row.new_code.whole
        else None
        for row in rows
    ]
    floor = _floor([value for value, _ in filter(None, [*total, *new])])
    return Chart(
        bars=[],
        lines=[*_line("total", "coverage", total, rows, floor), *_line("new", "new code", new, rows, floor)],
        across=_names(rows),
        up=[Tick(_y(share), f"{floor + (100 - floor) * share:g} %") for share in (0.0, 0.5, 1.0)],
    )


def _bars(row: SessionRow, at: int, count: int, most: int) -> list[Bar]:
    width = min(_step(count) * 0.7, 46.0)
    found: list[Bar] = []
    below = 0
    for kind, outcomes in _KINDS:
        number = sum(row.counts[outcome] for outcome in outcomes)
        if number:
            top = _y((below + number) / most)
            left, height = round(_x(at, count) - width / 2, 1), round(_y(below / most) - top, 1)
            found.append(Bar(left, top, round(width, 1), height, kind, f"{row.session}: {_words(row, outcomes)}"))
            below += number
    return found


def _words(row: SessionRow, outcomes: Sequence[str]) -> str:
    return ", ".join(f"{row.counts[outcome]:,} {outcome.replace('_', ' ')}" for outcome in outcomes if row.counts[outcome])


def _line(
    kind: str, name: str, values: Sequence[tuple[float, str] | None], rows: Sequence[SessionRow], floor: int
) -> list[tuple[str, list[Point]]]:
    runs: list[list[Point]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            said = f"{rows[at].session}: {name} {value[1]}"
            runs[-1].append(Point(_x(at, len(rows)), _y((value[0] - floor) / (100 - floor)), said))
    return [(kind, run) for run in runs if run]


def _floor(values: Sequence[float]) -> int:
    """Choose the start of the axis: whole tens below the lowest value, and never so high that a small change looks big."""
    return min(int(min(values, default=0.0)) // 10 * 10, 80)


def _names(rows: Sequence[SessionRow]) -> list[Tick]:
    every = -(-len(rows) // _MOST_LABELS) or 1
    return [Tick(_x(at, len(rows)), row.session) for at, row in enumerate(rows) if (len(rows) - 1 - at) % every == 0]


def _step(count: int) -> float:
    return (WIDTH - LEFT - RIGHT) / count


def _x(at: int, count: int) -> float:
    return round(LEFT + _step(count) * (at + 0.5), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)

"""The last sessions as a chart in Mermaid's language, which code hosts draw within a document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.figures import percent, percent_of
from pytest_handoff.history import SessionRow
from pytest_handoff.markup import Markdown
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.history import Rate

MOST_SESSIONS = 12
"""So many sessions at most, the newest, stand in a document."""

_NOT_IN_A_LABEL = re.compile(r"[^\w .+-]")


class Trend(Frozen, frozen=True):
    """What the block ``trend`` shows.

    Attributes:
        rows: the sessions, oldest first, the document's own last.
        chart: Mermaid's text; ``None`` where fewer than two sessions measured coverage, since one point is no trend.
    """

    rows: tuple[SessionRow, ...]
    chart: Markdown | None

    @staticmethod
    def passing(row: SessionRow) -> str:
        """``39/40``: tests that pass, of all that the session had."""
        return f"{row.counts['passed'] + row.counts['xpassed']:,}/{sum(row.counts.values()):,}"

    @staticmethod
    def rate(rate: Rate | None) -> str:
        """A rate in percent; a dash where it was not measured."""
        if rate is None:
            return "–"
        return percent(rate.part, rate.whole) if rate.whole else "none"

    @staticmethod
    def coverage(row: SessionRow) -> str:
        """Coverage in percent; a dash where it was not measured."""
        return "–" if row.percent is None else percent_of(row.percent)


def trend_of(rows: Sequence[SessionRow]) -> Trend:
    """The trend over these sessions, oldest first."""
    newest = tuple(rows[-MOST_SESSIONS:])
    return Trend(rows=newest, chart=_chart([row for row in newest if row.percent is not None]))


def _chart(rows: Sequence[SessionRow]) -> Markdown | None:
    """All code as a line; new code as bars where each of the sessions has some, since a bar of height 0 would lie."""
    if len(rows) < 2:
        return None
    labels = ", ".join(f'"{_NOT_IN_A_LABEL.sub("?", row.session)}"' for row in rows)
    total = ", ".join(_cut(row.percent or 0.0) for row in rows)
    new = [_cut(100 * row.new_code.part / row.new_code.whole) for row in rows if row.new_code and row.new_code.whole]
    whole = len(new) == len(rows)
    title = "Coverage in percent: all code (line)" + (", new code (bars)" if whole else "")
    lines = ["xychart-beta", f'    title "{title}"', f"    x-axis [{labels}]", '    y-axis "%" 0 --> 100']
    lines += [f"    bar [{', '.join(new)}]"] if whole else []
    return Markdown("\n".join([*lines, f"    line [{total}]"]))


def _cut(value: float) -> str:
    """One decimal, never rounded up."""
    return percent_of(value).removesuffix(" %")

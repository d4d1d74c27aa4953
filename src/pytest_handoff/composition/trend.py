"""Chart the last sessions in Mermaid, which code hosts draw inside a document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.evidence.history import SessionRow
from pytest_handoff.figures import percent, percent_of
from pytest_handoff.markup import Markdown
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.evidence.history import Rate


MOST_SESSIONS = 12
"""The number of sessions that a document shows at most: the newest."""

_NOT_IN_A_LABEL = re.compile(r"[^\w .+-]")


class Trend(Frozen, frozen=True):
    """The contents of the block ``trend``.

    Attributes:
        rows: the sessions, oldest first, with the document's own last.
        chart: the Mermaid text; ``None`` if fewer than two sessions measured coverage, since one point is no trend.
    """

    rows: tuple[SessionRow, ...]
    chart: Markdown | None

    @staticmethod
    def passing(row: SessionRow) -> str:
        """Format the tests that pass out of all that the session had, as ``39/40``."""
        return f"{row.counts['passed'] + row.counts['xpassed']:,}/{sum(row.counts.values()):,}"

    @staticmethod
    def rate(rate: Rate | None) -> str:
        """Format a rate in percent, or a dash if it was not measured."""
        if rate is None:
            return "–"
        return percent(rate.part, rate.whole) if rate.whole else "none"

    @staticmethod
    def coverage(row: SessionRow) -> str:
        """Format coverage in percent, or a dash if it was not measured."""
        return "–" if row.percent is None else percent_of(row.percent)


def trend_of(rows: Sequence[SessionRow]) -> Trend:
    """Build the trend of these sessions, given oldest first."""
    newest = tuple(rows[-MOST_SESSIONS:])
    return Trend(rows=newest, chart=_chart([row for row in newest if row.percent is not None]))


def _chart(rows: Sequence[SessionRow]) -> Markdown | None:
    """Draw all code as a line, and new code as bars if every session has some: a bar of height 0 would lie."""
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
    """Format one decimal, never rounded up."""
    return percent_of(value).removesuffix(" %")

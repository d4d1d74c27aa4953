"""Get the statements of unchanged files from an earlier session, which parsed them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pytest_handoff.coverage.parsed_sources import Shape, SourceFacts
from pytest_handoff.coverage.public_analyses import Figures
from pytest_handoff.evidence.branches import count_taken, read_branches
from pytest_handoff.evidence.layouts import read_layout
from pytest_handoff.record import ParsedBy, StatementsLine

if TYPE_CHECKING:
    from collections.abc import Collection

    from coverage import CoverageData


StatementsOf = Callable[[ParsedBy], Mapping[str, StatementsLine]]
"""Maps paths to what an earlier session says, if the same versions parsed its sources; called once, and only if needed."""


class UnchangedFiles:
    """The files that did not change since an earlier session: none of their lines is new.

    Args:
        paths: relative to the root of the measurement.
        known: what is known of them.
    """

    def __init__(self, paths: Collection[str] = frozenset(), known: StatementsOf | None = None) -> None:
        self._paths = paths
        self._ask = known
        self._known: Mapping[str, StatementsLine] | None = None

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def figures(self, data: CoverageData, path: str, name: str, by: ParsedBy) -> tuple[Figures, SourceFacts] | None:
        """Work out, without parsing a file, what of it ran; ``None`` if its statements, or its branches, are not known.

        Which of its statements run at import is not among the facts: that is asked of new statements alone. A file that a
        plugin of coverage.py reads is parsed.
        """
        if self._ask is None or data.file_tracer(name):
            return None
        if self._known is None:
            self._known = self._ask(by)
        line = self._known.get(path)
        layout = read_layout(line.layout) if line else None
        if line is None or layout is None:
            return None
        first, branches = layout.first_line, None
        if data.has_arcs():
            known = read_branches(line.branches)
            if known is None:
                return None
            branches = count_taken(known, first, data.arcs(name) or ())
        ran = {first.get(number, number) for number in data.lines(name) or ()}
        figures = Figures(layout.statements, layout.excluded, layout.statements - ran, branches)
        return figures, SourceFacts(first, Shape({}, frozenset()), line.layout, line.branches if branches else "")


NONE_KNOWN = UnchangedFiles()
"""No file is known to be unchanged."""

"""Get the statements of unchanged files from an earlier session, which parsed them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pytest_handoff.coverage.parsed_sources import Shape, SourceFacts
from pytest_handoff.coverage.public_analyses import Figures
from pytest_handoff.evidence.layouts import read_layout
from pytest_handoff.record import ParsedBy

if TYPE_CHECKING:
    from collections.abc import Collection

    from coverage import CoverageData


LayoutsOf = Callable[[ParsedBy], Mapping[str, str]]
"""Maps paths to layouts from an earlier session, if the same versions parsed its sources; called once, and only if needed."""


class UnchangedFiles:
    """The files that did not change since an earlier session: none of their lines is new.

    Args:
        paths: relative to the root of the measurement.
        layouts: what is known of them.
    """

    def __init__(self, paths: Collection[str] = frozenset(), layouts: LayoutsOf | None = None) -> None:
        self._paths = paths
        self._ask = layouts
        self._known: Mapping[str, str] | None = None

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def figures(self, data: CoverageData, path: str, name: str, by: ParsedBy) -> tuple[Figures, SourceFacts] | None:
        """Work out, without parsing a file, which of its statements ran; ``None`` if its statements are not known.

        Which of its statements run at import is not among the facts: that is asked of new statements alone. With branches a file
        is parsed, and so is one that a plugin of coverage.py reads.
        """
        if self._ask is None or data.has_arcs() or data.file_tracer(name):
            return None
        if self._known is None:
            self._known = self._ask(by)
        text = self._known.get(path)
        layout = read_layout(text) if text else None
        if text is None or layout is None:
            return None
        first = layout.first_line
        ran = {first.get(line, line) for line in data.lines(name) or ()}
        figures = Figures(layout.statements, layout.excluded, layout.statements - ran, None)
        return figures, SourceFacts(first, Shape({}, frozenset()), text)


NONE_KNOWN = UnchangedFiles()
"""No file is known to be unchanged."""

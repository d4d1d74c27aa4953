"""Format ``handoff show`` for people: the figures of the run, then every gate with a sign and its evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.cli.history import Part
from pytest_handoff.markup import one_line
from pytest_handoff.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_handoff.composition.terminal import Line
    from pytest_handoff.record import Verdict


SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "unknown": ("?", "red"), "waived": ("–", "yellow")}
_LABEL = re.compile(r"\S+ {2,}")


def show_lines(session: str, figures: Iterable[Line], verdicts: Iterable[Verdict]) -> Iterator[list[Part]]:
    """Yield the lines, each made of styled pieces; a gate has a sign as well as a colour.

    Args:
        figures: the lines of the section at the end of a run.
        verdicts: every gate that was evaluated.
    """
    yield [Part(f"handoff {session}", "bold")]
    for line in figures:
        style = next((colour for colour in ("red", "green", "yellow") if line.markup.get(colour)), "")
        label = _LABEL.match(line.text)
        cut = label.end() if label else 0
        yield [Part(line.text[:cut], "dim"), Part(line.text[cut:], style)]
    told = list(verdicts)
    if told:
        yield [Part("gates", "dim")]
    room = min(max((len(verdict.id) for verdict in told), default=0), 48)
    for verdict in told:
        evidence = shorten(one_line(verdict.evidence), 160)
        yield [Part("  "), Part(*SIGNS[verdict.verdict]), Part(f" {verdict.id:<{room}}  "), Part(evidence, "dim")]

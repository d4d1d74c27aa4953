"""Show the output of failing tests, and the slowest tests, if they were kept beside the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.cli.history import StyledText
from pytest_handoff.composition.durations import slowest, slowest_lines
from pytest_handoff.markup import one_line
from pytest_handoff.text_lines import raw_lines
from pytest_handoff.workflow.locate import TestPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.composition.durations import Slow
    from pytest_handoff.details import Details, Failure
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project


_MOST, _MOST_LINES = 10, 10
"""The most failures, and lines of each, that are shown without ``-v``."""


def details_table(project: Project, details: Details, facts: Facts) -> dict[str, Any]:
    """Build the table that ``show --json`` prints of a session's details."""
    places = TestPlaces(project)
    failures = [_table(failure) | {"command": places.command(failure.test)} for failure in details.failures]
    slow = [row._asdict() for row in _slowest(project, details, facts)]
    return {"failures": failures, "slowest": slow, "seconds": details.seconds, "left_out": details.left_out}


def details_lines(project: Project, details: Details, facts: Facts, *, everything: bool) -> Iterator[list[StyledText]]:
    """Yield lines about failures and slow tests, for a person.

    Args:
        everything: show all failures with all that is kept of them, not just the error of the first ones.
    """
    places = TestPlaces(project)
    shown = details.failures if everything else details.failures[:_MOST]
    if shown:
        yield [StyledText("failures", "dim")]
    for failure in shown:
        how = f" ({failure.outcome} when it was run again)" if failure.outcome in ("passed", "xpassed") else ""
        yield [StyledText("  "), StyledText("✗", "red"), StyledText(f" {one_line(failure.test)}{how}")]
        yield from ([StyledText(f"      {line.expandtabs(4)}".rstrip())] for line in _told(failure, everything=everything))
        yield [StyledText(f"      run it alone: {places.command(failure.test)}", "dim")]
    if len(details.failures) > len(shown):
        yield [StyledText(f"  and {len(details.failures) - len(shown):,} more: -v shows them", "dim")]
    if details.left_out:
        yield [StyledText(f"  {details.left_out}", "yellow")]
    slow = list(slowest_lines(_slowest(project, details, facts)))
    yield from ([StyledText(line)] for line in slow)


def _table(failure: Failure) -> dict[str, Any]:
    """Build the table of a failure with every key, also those that its file leaves out."""
    return {name: msgspec.to_builtins(getattr(failure, name)) for name in failure.__struct_fields__}


def _slowest(project: Project, details: Details, facts: Facts) -> Sequence[Slow]:
    from pytest_handoff.project.detail_files import details_before

    return slowest(details, details_before(project, facts.record), facts.ledger)


def _told(failure: Failure, *, everything: bool) -> Iterator[str]:
    """Write where and why a test failed; with ``everything``, all that pytest printed of it."""
    if failure.message:
        yield failure.message
    lines = raw_lines(failure.text)
    if not everything:
        errors = [line for line in lines if line.startswith("E ")]
        yield from errors[:_MOST_LINES]
        if len(errors) > _MOST_LINES:
            yield f"and {len(errors) - _MOST_LINES:,} more lines: -v shows them"
        return
    yield from lines
    for section in failure.sections:
        yield f"--- {section.title} ---"
        yield from raw_lines(section.text)
    for attachment in failure.attachments:
        where = "" if attachment.below == "project" else " (in the artifacts)"
        yield f"{attachment.name}: {attachment.path}{where}"
    if failure.left_out:
        yield failure.left_out

"""Write what GitHub Actions shows: annotations beside the lines of a change, and a summary on the page of the run.

GitHub's page "Workflow commands for GitHub Actions" gives their form and limits. A step shows ten errors at most and drops the
rest silently, so the tenth sums up. A step's summary of more than 1 MiB is dropped whole.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import WriteProblem
from pytest_handoff.markup import escape
from pytest_handoff.printable import printable, shorten
from pytest_handoff.text_lines import raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


LIMIT = 10
"""The most errors that GitHub shows of one step."""

SUMMARY_LIMIT = 900_000
"""Bytes of a step's summary that are safely within GitHub's limit."""

LONGEST_CELL = 1_000
"""The most characters in a cell of a summary; the log has the rest."""

_CUT = "\n\nCut here; the step's log has the rest.\n"


def on_github() -> bool:
    """Check whether GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def error_commands(findings: Sequence[tuple[str, int | None, str]]) -> list[str]:
    """Write a workflow command for each finding (path, line, message); of too many, for the first ones."""
    shown = findings if len(findings) <= LIMIT else findings[: LIMIT - 1]
    lines = [_command(path, line, message) for path, line, message in shown]
    if len(findings) > len(shown):
        lines.append(f"::error title=handoff::{len(findings) - len(shown)} more; the step's log has all {len(findings)}")
    return lines


def gate_summary(session: str, reasons: Iterable[tuple[str, str, str]]) -> str:
    """Write the gate's result as Markdown: each reason (gate, message, remedy) is a row, and no reason means a pass."""
    rows = ["| " + " | ".join(escape(shorten(cell, LONGEST_CELL)) for cell in reason) + " |" for reason in reasons]
    title = f"### Hand-off {escape(session)}: the gate {'does not pass' if rows else 'passes'}"
    return "\n".join([title, "", *(["| Gate | What | To mend |", "|---|---|---|"] if rows else []), *rows]) + "\n"


def append_summary(text: str) -> None:
    """Append to the summary of the current step, and cut it at a line where GitHub would drop all of it.

    Raises:
        WriteProblem: when the file that ``GITHUB_STEP_SUMMARY`` names cannot be written.
    """
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    try:
        with Path(name).open("ab") as file:
            file.write(fitting(text, SUMMARY_LIMIT - file.tell()))
    except OSError as error:
        raise WriteProblem(f"cannot be written: {error.strerror or error}", path=name) from error


def fitting(text: str, limit: int, cut: str = _CUT) -> bytes:
    """Encode a text in at most ``limit`` bytes; a longer one ends with a whole line and ``cut``, or is empty."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return data
    room = limit - len(cut.encode())
    return data[:room].rpartition(b"\n")[0] + cut.encode() if room > 0 else b""


def _command(path: str, line: int | None, message: str) -> str:
    place = f"file={_property(printable(path))}" + (f",line={line}" if line else "")
    return f"::error {place},title=handoff::{_data(chr(10).join(map(printable, raw_lines(message))))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

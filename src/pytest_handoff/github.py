"""What GitHub Actions shows beside the lines of a change: annotations, written as workflow commands.

GitHub's page "Workflow commands for GitHub Actions" gives their form, and that a step has ten errors at most; the rest is
dropped without a word, so the tenth sums up.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 10
"""Errors that GitHub shows of one step."""


def on_github() -> bool:
    """Whether GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def error_commands(findings: Sequence[tuple[str, int | None, str]]) -> list[str]:
    """One workflow command for each finding (path, line, message), the first ones where there are too many."""
    shown = findings if len(findings) <= LIMIT else findings[: LIMIT - 1]
    lines = [_command(path, line, message) for path, line, message in shown]
    if len(findings) > len(shown):
        lines.append(f"::error title=handoff::{len(findings) - len(shown)} more; the step's log has all {len(findings)}")
    return lines


def _command(path: str, line: int | None, message: str) -> str:
    place = f"file={_property(path)}" + (f",line={line}" if line else "")
    return f"::error {place},title=handoff::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

"""Write what CI keeps and shows: files to upload, annotations on changed lines, and a summary of the run.

GitHub's page "Workflow commands for GitHub Actions" gives the form and limits. A step shows ten errors at most and drops the
rest silently, so the tenth sums up. A step's summary of more than 1 MiB is dropped whole.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.coverage.kept import plain_name
from pytest_handoff.errors import WriteProblem
from pytest_handoff.figures import listed, percent, percent_of
from pytest_handoff.markup import escape
from pytest_handoff.printable import printable, shorten
from pytest_handoff.project.artifacts import Artifact, self_ignoring
from pytest_handoff.record import Frozen
from pytest_handoff.text_lines import raw_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_handoff.details import Details
    from pytest_handoff.project.layout import Project
    from pytest_handoff.rendering.templates import Renderer
    from pytest_handoff.workflow.finish import FinishedSession
    from pytest_handoff.workflow.steps import Step


LIMIT = 10
"""The most errors that GitHub shows of one step."""

SUMMARY_LIMIT = 900_000
"""Bytes of a step's summary that are safely within GitHub's limit."""

LONGEST_CELL = 1_000
"""The most characters in a cell of a summary; the log has the rest."""

_CUT = "\n\nCut off here; the log of this step has the rest.\n"


def on_github() -> bool:
    """Check whether GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class Annotation(Frozen, frozen=True):
    """One error beside a line of a change: what GitHub shows, with the name of the gate as its title.

    ``path`` is relative to the git root; ``line`` and ``end`` are the first and the last line.
    """

    path: str
    message: str
    title: str
    line: int | None = None
    end: int | None = None


def error_commands(found: Sequence[Annotation]) -> list[str]:
    """Write a workflow command for each annotation; if there are too many, only for the first ones."""
    shown = found if len(found) <= LIMIT else found[: LIMIT - 1]
    lines = [_command(one) for one in shown]
    if len(found) > len(shown):
        lines.append(f"::error title=handoff::{len(found) - len(shown)} more; handoff next lists all {len(found)}")
    return lines


def annotations_of(steps: Iterable[Step]) -> list[Annotation]:
    """Place each step beside the code or document that it is about; new code has an annotation for each block of lines."""
    found: list[Annotation] = []
    for step in steps:
        if step.file is None or step.kind == "placeholder":
            continue
        untold = [name for name in step.names if name not in step.what] if step.kind != "new_code" else []
        message = step.what + (f": {listed(untold)}" if untold else "")
        message += f"; {step.remedy}"
        spans: list[tuple[int | None, int | None]] = [(step.line, None)]
        if step.kind == "new_code" and step.names:
            blocks = [name.partition("-") for name in step.names]
            spans = [(int(first), int(last) if last else None) for first, _, last in blocks]
        found += [Annotation(path=step.file, line=line, end=end, title=step.kind, message=message) for line, end in spans]
    return found


def gate_summary(session: str, reasons: Iterable[tuple[str, str, str]], proof: str | None = None) -> str:
    """Write the gate's result as Markdown: each reason (gate, message, remedy) is a row, and no reason means a pass.

    Args:
        proof: what ``handoff prove`` found, in one line.
    """
    rows = ["| " + " | ".join(escape(shorten(cell, LONGEST_CELL)) for cell in reason) + " |" for reason in reasons]
    title = f"### Hand-off {escape(session)}: the gate {'does not pass' if rows else 'passes'}"
    proved = [f"Proof: {escape(proof)}", ""] if proof else []
    return "\n".join([title, "", *proved, *(["| Gate | What | Fix |", "|---|---|---|"] if rows else []), *rows]) + "\n"


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


def _command(one: Annotation) -> str:
    place = f"file={_property(printable(one.path))}"
    place += f",line={one.line}" if one.line else ""
    place += f",endLine={one.end}" if one.end else ""
    message = chr(10).join(map(printable, raw_lines(one.message)))
    return f"::error {place},title={_property(printable(one.title))}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_CUT_SUMMARY = "\n\nCut off here; the document and the evidence have the rest.\n"


def artifacts_for_ci(
    folder: Path,
    project: Project,
    outcome: FinishedSession,
    data_files: Iterable[Path],
    renderer: Renderer,
    *,
    details: Details | None = None,
) -> list[Artifact]:
    """Copy what was written below one folder, with the coverage data, ``summary.md``, and durations and failure texts."""
    copies = [
        Artifact(path=folder / _below(project, one.path), content=one.content if one.alone is None else one.alone)
        for one in outcome.artifacts
    ]
    data = [Artifact(path=folder / f"coverage-{plain_name(path)}", content=path.read_bytes()) for path in data_files]
    summed_up = Artifact(path=folder / "summary.md", content=summary(outcome, renderer))
    if details is not None:
        from pytest_handoff.project.detail_files import committed_path, encoded

        beside = folder / _below(project, committed_path(project, details.session))
        data.append(Artifact(path=beside, content=partial(encoded, details)))
    return [*kept_out_of_git(folder, project), *copies, *data, summed_up]


def kept_out_of_git(folder: Path, project: Project) -> list[Artifact]:
    """Hide a new folder within the tree from git, so that it does not change the tree; leave an existing folder alone."""
    is_new = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    return [self_ignoring(folder)] if is_new and folder.resolve().is_relative_to(project.root) else []


def summary(outcome: FinishedSession, renderer: Renderer) -> bytes:
    """Render the step summary: the figures, what blocks, and the checklist, within the size that CI systems show."""
    composed = outcome.composition
    context = {
        "facts": composed.facts,
        "blocking": composed.blocking,
        "decisions": composed.decisions,
        "percent": percent,
        "percent_of": percent_of,
    }
    return fitting((renderer.block("summary", context) or "") + "\n", SUMMARY_LIMIT, _CUT_SUMMARY)


def _below(project: Project, path: Path) -> str:
    return project.named(path) if path.is_relative_to(project.folder) else path.name

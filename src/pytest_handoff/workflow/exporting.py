"""Export the files that CI uploads: the document, the evidence, coverage's data, and a summary for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.coverage.kept import plain_name
from pytest_handoff.figures import percent, percent_of
from pytest_handoff.project.artifacts import Artifact, self_ignoring
from pytest_handoff.workflow.ci import SUMMARY_LIMIT, fitting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.rendering.templates import Renderer
    from pytest_handoff.workflow.finish import Outcome


_CUT_SUMMARY = "\n\nCut here; the document and the evidence have the rest.\n"


def artifacts_for_ci(
    folder: Path, project: Project, outcome: Outcome, data_files: Iterable[Path], renderer: Renderer
) -> list[Artifact]:
    """Copy what was written below one folder, with the coverage data and ``summary.md``."""
    copies = [Artifact(path=folder / _below(project, artifact.path), content=artifact.content) for artifact in outcome.artifacts]
    data = [Artifact(path=folder / f"coverage-{plain_name(path)}", content=path.read_bytes()) for path in data_files]
    summed_up = Artifact(path=folder / "summary.md", content=summary(outcome, renderer))
    return [*kept_out_of_git(folder, project), *copies, *data, summed_up]


def kept_out_of_git(folder: Path, project: Project) -> list[Artifact]:
    """Hide a new folder within the tree from git, so that it does not change the tree; leave an existing folder alone."""
    is_new = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    return [self_ignoring(folder)] if is_new and folder.resolve().is_relative_to(project.root) else []


def summary(outcome: Outcome, renderer: Renderer) -> bytes:
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
    return project.shown(path) if path.is_relative_to(project.folder) else path.name

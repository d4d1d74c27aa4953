"""Look for a project below the working directory, if the project around it has no hand-offs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.config import Config
from pytest_handoff.errors import UsageProblem
from pytest_handoff.project import git
from pytest_handoff.project.layout import hands_over, open_project

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.project.layout import Project


_MOST_PLACES = 500
"""The most folders to search; in a repository with more, the user has to ``cd`` to the project."""

_MOST_NAMED = 5
"""The most projects that a sentence names."""


def project_below(around: Project) -> Project | None:
    """Return the only project below the working directory, or ``None`` if there is none, or the project around it has hand-offs.

    Raises:
        UsageProblem: when there are several, or when its settings cannot be used.
    """
    here = around.here or around.folder
    if not around.uses_git or hands_over(around.folder, around.root):
        return None
    found = [folder for folder in _places(here)[:_MOST_PLACES] if hands_over(folder, around.root)]
    if len(found) > 1:
        names = [folder.relative_to(here).as_posix() for folder in found]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise UsageProblem(f"there are several projects below this folder: {', '.join(names[:_MOST_NAMED])}{more}; cd into one")
    return replace(open_project(found[0]), here=here) if found else None


def _places(here: Path) -> list[Path]:
    """List the folders below that may be projects, by the files that git knows or would add."""
    folder = Config().dir
    files = ("handoff.toml", "pyproject.toml", f"{folder}/*.md", f"{folder}/evidence/*/record.json")
    listing = git.checked(
        here, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *(f":(glob)**/{name}" for name in files)
    )
    named = [here / git.path_in(name) for name in listing.split(b"\0")[:-1]]
    places = {next((above.parent for above in path.parents if above.name == folder), path.parent) for path in named}
    return sorted(place for place in places if place != here and place.is_relative_to(here))

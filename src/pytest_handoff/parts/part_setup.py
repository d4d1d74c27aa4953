"""Compare the setup that parts report with the checkout's own; what they report is never followed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.nodeids import matches_any
from pytest_handoff.project.tree import texts_in
from pytest_handoff.workflow.hooks import HOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.parts.part import PartTests
    from pytest_handoff.parts.setup import OwnSetup
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree


def refuse_other_setups(project: Project, setup: OwnSetup, parts: Sequence[PartTests]) -> None:
    """Refuse parts with another rootdir, or measured with another configuration file of coverage.py.

    Raises:
        EvidenceProblem: naming the part, what it says, and what is found here.
    """
    rootdir = project.key(setup.rootdir)
    found = setup.coverage_file
    file = None if found is None else project.key(found) if found.is_relative_to(project.root) else str(found)
    for part in parts:
        named = f"the part {part.head.shown!r}"
        if part.run.rootdir != rootdir:
            raise EvidenceProblem(
                f"{named} says that pytest's rootdir is {part.run.rootdir!r}, and here pytest finds {rootdir!r}; "
                "make the part again with pytest --rootdir, or with the configuration of this checkout",
                path=str(part.folder),
            )
        if part.run.coverage is not None and part.run.coverage.config_file != file:
            theirs = part.run.coverage.config_file
            raise EvidenceProblem(
                f"{named} says that it was measured by {_file(theirs)}, and here coverage.py finds {_file(file)}; "
                "put --cov-config into pytest's addopts, so that both read the same file",
                path=str(part.folder),
            )


def conftests_with_hooks(project: Project, tree: Tree, setup: OwnSetup) -> bool:
    """Check whether a conftest that pytest loads first names a hook on a whole session: every part should have had it."""
    inner = os.path.relpath(setup.rootdir, project.root).replace(os.sep, "/")
    prefix = "" if inner == "." else f"{inner}/"
    first = {
        path: blob
        for path, blob in tree.files.items()
        if matches_any(path, (f"{prefix}conftest.py", f"{prefix}test*/conftest.py"))
    }
    return bool(texts_in(project, replace(tree, files=first), HOOKS))


def _file(name: object) -> str:
    return "no configuration file" if name is None else repr(name)

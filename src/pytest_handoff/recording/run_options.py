"""Turn options of a run into what the plugin needs: a file's key, a template, and a session name that is not a path."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import UsageProblem
from pytest_handoff.project.foreign_files import leads_outside

if TYPE_CHECKING:
    import pytest

    from pytest_handoff.project.layout import Project


def instructions_key(config: pytest.Config, project: Project) -> str | None:
    """Return the key of the file that ``--handoff-instructions`` names.

    Raises:
        UsageProblem: if there is no such file in the repository.
    """
    name = config.getoption("handoff_instructions")
    if name is None:
        return None
    path = Path(os.path.normpath(config.invocation_params.dir / name))
    if not path.is_file():
        raise UsageProblem("is named by --handoff-instructions and is no file", path=name)
    if why := leads_outside(path, project.within):
        raise UsageProblem(f"is named by --handoff-instructions and {why}: readers elsewhere need it too", path=name)
    return project.key(path)


def refuse_a_path(config: pytest.Config, session: str) -> None:
    """Refuse ``pytest --handoff tests``: the session's name was forgotten, and all tests would run as the session ``tests``.

    Raises:
        UsageProblem: if the word after the option names a file or folder here; ``--handoff=tests`` is accepted.
    """
    typed = list(map(str, config.invocation_params.args))
    if ("--handoff", session) in pairwise(typed) and (config.invocation_params.dir / session).exists():
        raise UsageProblem(
            f"took {session!r} for the session's name, and there is a folder or file of that name; "
            f"write --handoff=SESSION {session}, or --handoff={session} if it is meant"
        )

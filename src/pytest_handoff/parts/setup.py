"""Find the setup of pytest and coverage.py in this checkout, importing and running none of it.

What parts report about their setup is compared with it, and never followed.
"""

from __future__ import annotations

import argparse
import os
import shlex
from contextlib import chdir, suppress
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.tool_settings import NAMES, pytest_settings
from pytest_handoff.nodeids import matches_any
from pytest_handoff.project.contents import texts_in
from pytest_handoff.project.foreign_files import SETTINGS, read_if_there
from pytest_handoff.record import Frozen
from pytest_handoff.workflow.hooks import HOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.parts.files import PartTests
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree


class OwnSetup(Frozen, frozen=True):
    """The setup of a checkout.

    Attributes:
        rootdir: pytest's rootdir.
        coverage_file: the file that configures coverage.py, ``None`` without one.
        coverage_plugins: the plugins that this file has coverage.py import.
    """

    rootdir: Path
    coverage_file: Path | None
    coverage_plugins: tuple[str, ...]


def own_setup(folder: Path, within: Sequence[Path]) -> OwnSetup:
    """Find the setup that pytest would have in a folder, with the options in ``PYTEST_ADDOPTS``.

    Args:
        within: the folders that no link to a configuration file may lead out of.

    Raises:
        UsageProblem: when a configuration file cannot be used.
    """
    said = _options(_of_environment())
    rootdir = _rootdir(folder, said).resolve()
    found = {name: read_if_there(rootdir / name, within, SETTINGS) for name in NAMES}
    texts = {name: data.decode("utf-8", "replace") for name, data in found.items() if data is not None}
    named = said.cov_config or _options(pytest_settings(texts).addopts).cov_config
    file, plugins = _coverage(folder, named)
    return OwnSetup(rootdir=rootdir, coverage_file=file, coverage_plugins=plugins)


def _of_environment() -> list[str]:
    with suppress(ValueError):  # an open quote, which pytest refuses
        return shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    return []


def _options(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for names in (("--rootdir",), ("-c", "--config-file"), ("--cov-config",)):
        parser.add_argument(*names, dest=names[-1].strip("-").replace("-", "_"), nargs="?")
    return parser.parse_known_args(given)[0]


def _rootdir(folder: Path, said: argparse.Namespace) -> Path:
    # pytest has no public way to ask for its rootdir without loading conftests and plugins.
    try:
        from _pytest.config.findpaths import determine_setup
    except ImportError as error:
        if said.rootdir or said.config_file:
            return folder / (said.rootdir or Path(said.config_file).parent)
        raise UsageProblem(
            "this release of pytest does not report its rootdir; set it with PYTEST_ADDOPTS=--rootdir=FOLDER"
        ) from error
    asked: dict[str, Any] = {
        "inifile": said.config_file,
        "override_ini": None,
        "args": [],
        "rootdir_cmd_arg": said.rootdir,
        "invocation_dir": folder,
    }
    try:
        with chdir(folder):
            found: Path = determine_setup(
                **{name: asked[name] for name in signature(determine_setup).parameters if name in asked}
            )[0]
    except pytest.UsageError as error:
        raise UsageProblem(f"pytest cannot be configured here: {error}") from error
    return found


def _coverage(folder: Path, named: str | None) -> tuple[Path | None, tuple[str, ...]]:
    """Ask coverage.py which file it reads in a folder, and which plugins the file names, without loading any."""
    from coverage.exceptions import ConfigError, CoverageException

    import coverage

    try:
        with chdir(folder):
            found = coverage.Coverage(data_file=None, config_file=named or True).config
    except (CoverageException, ConfigError) as error:
        raise UsageProblem(f"coverage.py cannot be configured here: {error}") from error
    file = None if found.config_file is None else (folder / found.config_file).resolve()
    return file, tuple(found.plugins)


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
                f"{named} says that pytest's rootdir is {part.run.rootdir!r}, but here pytest finds {rootdir!r}; "
                "make the part again with pytest --rootdir, or with the configuration of this checkout",
                path=str(part.folder),
            )
        if part.run.coverage is not None and part.run.coverage.config_file != file:
            theirs = part.run.coverage.config_file
            raise EvidenceProblem(
                f"{named} was measured with {_file(theirs)}, but here coverage.py finds {_file(file)}; "
                "put --cov-config into pytest's addopts, so that both use the same file",
                path=str(part.folder),
            )


def conftests_with_hooks(project: Project, tree: Tree, setup: OwnSetup) -> bool:
    """Check whether a conftest that pytest loads first defines a hook on a whole session: every part should have had it."""
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

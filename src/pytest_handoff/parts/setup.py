"""Find the setup of pytest and coverage.py in this checkout from its configuration files, importing and running none of it."""

from __future__ import annotations

import argparse
import os
import shlex
from contextlib import chdir, suppress
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.tool_settings import NAMES, pytest_settings
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


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


def own_setup(folder: Path) -> OwnSetup:
    """Find the setup that pytest would have in a folder, with the options in ``PYTEST_ADDOPTS``.

    Raises:
        UsageProblem: when a configuration file cannot be used.
    """
    said = _options(_of_environment())
    rootdir = _rootdir(folder, said).resolve()
    texts = {name: (rootdir / name).read_text("utf-8", "replace") for name in NAMES if (rootdir / name).is_file()}
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
    from _pytest.config.findpaths import determine_setup

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

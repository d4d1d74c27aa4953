"""Read the settings that coverage.py really used in a run, whichever option, file or plugin set them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import coverage
from pytest_handoff.coverage.analysis import listed_option
from pytest_handoff.coverage.apart import measurement_of
from pytest_handoff.coverage.not_public import config_file_of
from pytest_handoff.coverage.sources import CHOSEN, choose_around, configured_sources, from_folder, source_folders
from pytest_handoff.evidence.tool_settings import CoverageSettings, taken_as

if TYPE_CHECKING:
    import pytest

    from coverage import Coverage


def coverage_in_force(config: pytest.Config) -> CoverageSettings | None:
    """Return the settings of this run's measurement, on the controller at its end; ``None`` if nothing was measured.

    Only what leaves code out is listed: ``source`` is empty if it leaves out nothing that would be measured without it, and
    the patterns that coverage.py excludes by default are not named.
    """
    cov = measurement_of(config)
    if cov is None:
        return None
    option, listed = cov.get_option, partial(listed_option, cov)
    by_default = coverage.Coverage(data_file=None, config_file=False)
    leaving_out = ("report:exclude_lines", "report:partial_branches")
    not_named = {pattern for name in leaving_out for pattern in listed_option(by_default, name)}
    sources = [] if CHOSEN in config.stash else configured_sources(cov)
    sources = from_folder(sources, config.rootpath, config.invocation_params.dir)
    return CoverageSettings(
        file=_file(cov, config.rootpath),
        source=narrowing_source(sources, config.rootpath, config.getini("testpaths")),
        include=[*listed("run:include"), *listed("report:include")],
        omit=[*listed("run:omit"), *listed("report:omit")],
        exclude=[pattern for name in leaving_out for pattern in listed(name) if pattern not in not_named],
        plugins=listed("run:plugins"),
        branch=bool(option("run:branch")),
        fail_under=float(str(option("report:fail_under") or 0)),
        paths=taken_as(cast("dict[str, list[str]]", option("paths"))),
    )


def narrowing_source(names: list[str], folder: Path, testpaths: list[str]) -> list[str]:
    """Return the named sources if they leave out anything that would be measured without them, else an empty list."""
    named = source_folders(names, folder)
    around, chosen = choose_around(folder, testpaths)
    whole = source_folders(chosen, around)
    covers_all = all(any(place.is_relative_to(source) for source in named) for place in whole)
    return [] if covers_all else names


def _file(cov: Coverage, folder: Path) -> str:
    path = Path(config_file_of(cov) or "pyproject.toml")
    if not path.is_absolute() or path.is_relative_to(folder):
        return path.relative_to(folder).as_posix() if path.is_absolute() else path.as_posix()
    return f"../{path.name}"  # not the project's own file of this name

"""Read the settings that coverage.py really used in a run, whichever file, option or conftest set them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coverage.config import DEFAULT_EXCLUDE, DEFAULT_PARTIAL

from pytest_handoff.coverage.running_coverage import combined_coverage
from pytest_handoff.coverage.sources import CHOSEN, choose_source, configured_sources, source_folders
from pytest_handoff.evidence.measurement import NotMeasured
from pytest_handoff.evidence.tool_settings import CoverageSettings

if TYPE_CHECKING:
    import pytest
    from coverage import Coverage


def coverage_in_force(config: pytest.Config) -> CoverageSettings | None:
    """Return the settings of this run's measurement, on the controller at its end; ``None`` if nothing was measured.

    Only what leaves code out is listed: ``source`` is empty if it leaves out nothing that would be measured without it, and
    the patterns that coverage.py excludes by default are not named.
    """
    found = combined_coverage(config)
    if isinstance(found, NotMeasured):
        return None
    cov, settings = found[0], found[0].config
    excluding = [*settings.exclude_list, *settings.partial_list]
    sources = [] if CHOSEN in config.stash else configured_sources(cov)
    return CoverageSettings(
        file=_file(cov, config.rootpath),
        source=narrowing_source(sources, config.rootpath, config.getini("testpaths")),
        include=[*(settings.run_include or ()), *(settings.report_include or ())],
        omit=[*(settings.run_omit or ()), *(settings.report_omit or ())],
        exclude=[pattern for pattern in excluding if pattern not in {*DEFAULT_EXCLUDE, *DEFAULT_PARTIAL}],
        branch=bool(settings.branch),
        fail_under=float(settings.fail_under),
    )


def narrowing_source(names: list[str], folder: Path, testpaths: list[str]) -> list[str]:
    """Return the named sources if they leave out anything that would be measured without them, else an empty list."""
    named = source_folders(names, folder)
    whole = source_folders(choose_source(folder, testpaths), folder)
    covers_all = all(any(place.is_relative_to(source) for source in named) for place in whole)
    return [] if covers_all else names


def _file(cov: Coverage, folder: Path) -> str:
    path = Path(cov.config.config_file or "pyproject.toml")
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name

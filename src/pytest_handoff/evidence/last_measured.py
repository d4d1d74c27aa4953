"""Compare a run's measurement settings with those of the last measured session, if the previous one was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from pytest_handoff.evidence.tool_settings import CoverageSettings, with_those_in_force
from pytest_handoff.figures import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_handoff.evidence.policy import Policy


_OF_PLUGINS = ("omit", "exclude", "paths")
"""Settings that plugins such as ``covdefaults`` make longer; what narrows the measurement is compared with the files as well."""


class LastMeasured(NamedTuple):
    """The last session before an unmeasured one that was measured: its name, its policy, and its version of Python."""

    session: str
    policy: Policy
    python: str


def expected_of(parent: Policy, last: Policy) -> CoverageSettings:
    """Return the settings that an unmeasured session would have measured by: those of the last measured run and of its own files.

    What the files of the unmeasured session changed was that session's to answer for, and is not held against the next one.
    """
    run = last.in_force.coverage
    if parent.settings is None or run is None:
        return run or CoverageSettings()
    files = parent.settings.coverage
    then = last.settings.coverage if last.settings else files
    changed = {
        name: getattr(files, name)
        for name in ("branch", "fail_under", "source")
        if msgspec.to_builtins(getattr(then, name)) != msgspec.to_builtins(getattr(files, name))
    }
    return replace(with_those_in_force(files, run), **{"branch": run.branch, "fail_under": run.fail_under, **changed})


def without_plugins(here: CoverageSettings, run: CoverageSettings, before: CoverageSettings) -> CoverageSettings:
    """Return the settings of a run without what plugins of coverage.py added that were there before.

    Only where the run read the file that the project's settings are in: another file may say anything.
    """
    if not plugins_that_stay(before, here) or run.file != here.file:
        return run
    return replace(run, **{name: getattr(here, name) for name in _OF_PLUGINS})


def plugins_that_stay(before: CoverageSettings, here: CoverageSettings) -> list[str]:
    """Name the plugins of coverage.py that appear both in an earlier session's files and in today's."""
    return [name for name in here.plugins if name in before.plugins]


def not_compared(before: Policy, now: Policy, *, session: str) -> str | None:
    """Say what coverage.py's plugins leave out, if there is no earlier session to compare with; else return ``None``.

    Args:
        session: the previous session, which was not measured, as none before it was.
    """
    run = now.in_force.coverage
    if run is None or before.settings is None or now.settings is None or before.in_force.coverage is not None:
        return None
    here = now.settings.coverage
    plugins = plugins_that_stay(before.settings.coverage, here)
    if not plugins or run.file != here.file:
        return None
    more = [entry for name in ("omit", "exclude") for entry in getattr(run, name) if entry not in getattr(here, name)]
    if not more:
        return None
    what = f"{counted(len(more), 'entry/entries')} of 'omit' and excluded lines that are in no file: {listed([*map(repr, more)])}"
    return f"{session} was not measured, so what coverage.py plugins ({listed(plugins)}) add is compared from now on: {what}"


def changed_plugins(before: Policy, now: Policy, touched: Iterable[str]) -> list[str]:
    """Name the session's files that hold the code of a coverage.py plugin which was there before."""
    if before.settings is None or now.settings is None:
        return []
    plugins = plugins_that_stay(before.settings.coverage, now.settings.coverage)
    names = {plugin.partition(".")[0] for plugin in plugins}
    return sorted(path for path in touched if not names.isdisjoint(path.removesuffix(".py").split("/")))

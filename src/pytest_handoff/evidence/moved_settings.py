"""Write earlier settings as they would be after files moved, so that the same files under new names are not a loosening."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.loosened import is_below
from pytest_handoff.evidence.policy import InForce, Policy, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_handoff.evidence.tool_settings import CoverageSettings


def moved(before: Policy, now: Policy, renamed: Sequence[tuple[str, str]], has_code: Callable[[str], bool]) -> Policy:
    """Write earlier settings as they would be after files moved, so that the same files under new names are not a loosening.

    Args:
        renamed: old and new name of each file that moved.
        has_code: checks whether there is code where an entry leads.
    """
    if before.settings is None or now.settings is None or not renamed:
        return before
    here, in_force = now.settings, before.in_force.coverage

    def followed(before: CoverageSettings, now: CoverageSettings) -> CoverageSettings:
        fields = {name: follow(getattr(before, name), getattr(now, name)) for name in ("source", "include", "omit")}
        return replace(before, **fields)

    def follow(before: list[str], now: list[str]) -> list[str]:
        return [other for entry in before for other in ([entry] if has_code(entry) else _follow(entry, now, renamed))]

    tests = follow(before.settings.pytest.testpaths, here.pytest.testpaths)
    found_by = before.settings.pytest.pythonpath
    places = None if found_by is None else follow(found_by, here.pytest.pythonpath or [])
    settings = Settings(
        pytest=replace(before.settings.pytest, testpaths=tests, pythonpath=places),
        coverage=followed(before.settings.coverage, here.coverage),
    )
    force = None if in_force is None else followed(in_force, now.in_force.coverage or here.coverage)
    return replace(before, settings=settings, in_force=InForce(pytest=before.in_force.pytest, coverage=force))


def _follow(entry: str, now: list[str], renamed: Sequence[tuple[str, str]]) -> list[str]:
    """Return today's entries for the files that moved out of an earlier entry, or that entry if these do not hold them all.

    An entry that was for no file is followed as the files beside it were.
    """
    places = [new for old, new in renamed if is_below(old, entry)]
    found = [other for other in now if any(is_below(new, other) for new in places)]
    if places:
        return found if all(any(is_below(new, other) for other in found) for new in places) else [entry]
    beside = {new + entry[len(old) :] for old, new in map(_folders, renamed) if old and entry.startswith(old)}
    return [entry, *(other for other in now if other in beside)]


def _folders(renamed: tuple[str, str]) -> tuple[str, str]:
    """Cut off the end that an old and a new path share, and return the folders that differ."""
    old, new = (path.split("/") for path in renamed)
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return "".join(f"{name}/" for name in old), "".join(f"{name}/" for name in new)

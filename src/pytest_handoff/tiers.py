"""The tier of a test: by a marker, else by its folder, else the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.nodeids import path_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.config import Config


class Tiers:
    """Decides tiers after one configuration; what a folder says is remembered per file."""

    def __init__(self, config: Config) -> None:
        self._rules = config.tiers
        self._default = config.default_tier
        self._by_marker = {marker: tier for tier, rule in config.tiers.items() for marker in rule.markers}
        self._by_path: dict[str, str] = {}

    @property
    def markers(self) -> Mapping[str, str]:
        """Marker name to tier."""
        return self._by_marker

    def by_marker(self, names: Iterable[str]) -> str | None:
        """The tier that the nearest of these markers names, nearest first."""
        return next((self._by_marker[name] for name in names if name in self._by_marker), None)

    def by_path(self, path: str) -> str:
        """The tier that the rules give a file; the rule whose glob is longest wins, since it says more."""
        if path not in self._by_path:
            found = [(len(glob), tier) for tier, rule in self._rules.items() for glob in rule.paths if path_matches(path, glob)]
            self._by_path[path] = max(found)[1] if found else self._default
        return self._by_path[path]

"""Find the tier of a test: by a marker, else by its path, else the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.nodeids import path_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.config import Config


class Tiers:
    """The tiers of one configuration; what the path rules say is cached per file."""

    def __init__(self, config: Config) -> None:
        self._rules = config.tiers
        self._default = config.default_tier
        self._by_marker = {marker: tier for tier, rule in config.tiers.items() for marker in rule.markers}
        self._by_path: dict[str, str] = {}

    @property
    def markers(self) -> Mapping[str, str]:
        """Map marker names to tiers."""
        return self._by_marker

    def by_marker(self, names: Iterable[str]) -> str | None:
        """Return the tier of the first of these markers that has one; the nearest marker comes first."""
        return next((self._by_marker[name] for name in names if name in self._by_marker), None)

    def by_path(self, path: str) -> str:
        """Return the tier that the rules give a file; the longest matching glob wins, since it is the most specific."""
        if path not in self._by_path:
            found = [(len(glob), tier) for tier, rule in self._rules.items() for glob in rule.paths if path_matches(path, glob)]
            self._by_path[path] = max(found)[1] if found else self._default
        return self._by_path[path]

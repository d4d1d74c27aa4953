"""What an xdist worker does for the hand-off: tell what it collected, and name the kinds of tests to its coverage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from pytest_handoff import selection
from pytest_handoff.collection import Collector, key_prefix, without_group, write_spool
from pytest_handoff.lineage import share_ids
from pytest_handoff.parents import load_parents
from pytest_handoff.project import open_project
from pytest_handoff.tiers import Tiers
from pytest_handoff.tracing import trace_collected
from pytest_handoff.worker_faults import tell_controller

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_handoff.faults import Faults
    from pytest_handoff.lineage import Earlier, Lineage
    from pytest_handoff.project import Project
    from pytest_handoff.run import Collection

INPUT = "handoff"


class Ages:
    """Says of each item whether its test is new in this session; known once collection is finished."""

    def __init__(self, session: str, prefix: str, collector: Collector) -> None:
        self._session = session
        self._prefix = prefix
        self._collector = collector
        self._earlier: Earlier | None = None
        self._lineage: Lineage | None = None

    def know(self, earlier: Earlier, lineage: Lineage) -> None:
        """Take the earlier tests and what the collected ones continue."""
        self._earlier, self._lineage = earlier, lineage

    def __call__(self, item: pytest.Item) -> tuple[str, str]:
        """``("new" or "old", tier)`` of an item."""
        if self._earlier is None or self._lineage is None:
            return "new", self._collector.tier_of(item)
        since = self._lineage.since(self._prefix + without_group(item.nodeid), self._session, self._earlier)
        return ("new" if since == self._session else "old"), self._collector.tier_of(item)


def join(config: pytest.Config, faults: Faults) -> None:
    """Register what a worker needs, from what the controller handed over.

    Args:
        faults: what went wrong before; the controller is told of it, and of what goes wrong from here on.
    """
    given: Mapping[str, object] | None = config.workerinput.get(INPUT)  # type: ignore[attr-defined] # xdist adds it to the config
    if given is None:  # the controller could not say; it has noted why
        return
    spool = Path(str(given["spool"]))
    faults.tell_at_once(lambda faults: tell_controller(config, spool, faults))
    with faults:
        project = open_project(config.rootpath, dir_option=config.getoption("handoff_dir"), fallback=config.rootpath)
        register(config, project, spool, given, faults)


def register(config: pytest.Config, project: Project, spool: Path, given: Mapping[str, object], faults: Faults) -> None:
    """Watch collection, leave it in the spool, and switch contexts while tests run."""
    measures = selection.measures_coverage(config)
    session = str(given["session"])
    parents = cast("list[str]", given["parents"])
    renames = cast("dict[str, str]", given["renames"])

    def collected(collection: Collection) -> None:
        write_spool(spool, collection)
        if not measures:  # nobody asks which tests are new
            return
        earlier = load_parents(project.store, parents).earlier
        share_ids(earlier.lines, collection.tests)
        ages.know(earlier, trace_collected(earlier, collection.tests, collection.whole_files, renames, project.root))

    collector = Collector(config, project, Tiers(project.config), collected, faults)
    ages = Ages(session, key_prefix(config, project), collector)
    config.pluginmanager.register(collector, "handoff-collector")
    if measures:
        from pytest_handoff.coverage_classes import ContextSwitcher

        config.pluginmanager.register(ContextSwitcher(session, ages, faults), "handoff-contexts")

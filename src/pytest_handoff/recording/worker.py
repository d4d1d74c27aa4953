"""Do an xdist worker's share: hand its collection to the controller, and switch coverage contexts by the kind of test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from pytest_handoff.nodeids import id_matches
from pytest_handoff.project.layout import open_project
from pytest_handoff.recording import options
from pytest_handoff.recording.collection import Collector, Tiers, write_spool
from pytest_handoff.recording.faults import REFUSED, tell_controller

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pytest_handoff.config import KnownFailure
    from pytest_handoff.evidence.integrity import ChangedTests
    from pytest_handoff.evidence.ledger import EarlierTests, Lineage
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.sessions import Parents
    from pytest_handoff.recording.faults import Faults
    from pytest_handoff.run import Collection


INPUT = "handoff"


class Refusals:
    """A plugin object that tells the controller of a usage error for which this worker gave up collecting."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Pass on what it says: xdist takes a worker that ends so for broken, or for one that found no tests."""
        try:
            return (yield)
        except pytest.UsageError as error:
            session.config.workeroutput[REFUSED] = list(map(str, error.args))  # type: ignore[attr-defined] # xdist adds it to the config
            raise


class NewOrOld:
    """Tell whether each item's test is new or changed in this session; known once collection has finished."""

    def __init__(self, session: str, collector: Collector, known: Sequence[KnownFailure] = ()) -> None:
        self._session = session
        self._collector = collector
        self._known = known
        self._earlier: EarlierTests | None = None
        self._lineage: Lineage | None = None
        self._changed: ChangedTests | None = None

    def know(self, earlier: EarlierTests, lineage: Lineage, changed: ChangedTests) -> None:
        """Store the earlier tests, what the collected tests continue, and what tells which of them changed."""
        self._earlier, self._lineage, self._changed = earlier, lineage, changed

    def __call__(self, item: pytest.Item) -> tuple[str, str]:
        """Return the age (``"new"`` or ``"old"``) and the tier of an item."""
        if self._earlier is None or self._lineage is None or self._changed is None:
            return "new", self._collector.tier_of(item)
        test = self._collector.test_of(item)
        return age_of(test, self._session, self._earlier, self._lineage, self._changed), self._collector.tier_of(item)

    def may_fail(self, item: pytest.Item) -> bool:
        """Check whether the settings list a test as known to fail: as with an xfail, what it runs proves nothing."""
        if not self._known:
            return False
        test, today = self._collector.test_of(item), datetime.now(UTC).date().isoformat()
        return any(id_matches(test, entry.test) for entry in self._known if entry.until is None or today <= entry.until)


def age_of(test: str, session: str, earlier: EarlierTests, lineage: Lineage, changed: ChangedTests) -> str:
    """Return ``"new"`` for a test of this session, whether it is new or changed, and else ``"old"``."""
    return "new" if lineage.since(test, session, earlier) == session or changed(test, lineage.known_as(test)) else "old"


def changed_tests(project: Project, parents: Parents, renames: Mapping[str, str]) -> ChangedTests:
    """Return an object that tells which earlier tests a session changed."""
    from pytest_handoff.evidence.integrity import ChangedTests
    from pytest_handoff.project.foreign_files import TEXT, read_if_there

    return ChangedTests(parents.sources, renames, lambda path: read_if_there(project.root / path, project.within, TEXT))


def join(config: pytest.Config, faults: Faults) -> None:
    """Register a worker's plugin objects, as the controller's input says.

    Args:
        faults: what went wrong so far; the controller is told about these and all later faults.
    """
    given: Mapping[str, object] | None = config.workerinput.get(INPUT)  # type: ignore[attr-defined] # xdist adds it to the config
    if given is None:  # the controller failed to send it, and has noted why
        return
    spool = Path(str(given["spool"]))
    faults.tell_at_once(lambda faults: tell_controller(config, spool, faults))
    with faults:
        config.pluginmanager.register(Refusals(), "handoff-refusals")
        folder = Path(str(given["folder"]))
        project = open_project(folder, dir_option=config.getoption("handoff_dir"), fallback=folder)
        register(config, project, spool, given, faults)


def register(config: pytest.Config, project: Project, spool: Path, given: Mapping[str, object], faults: Faults) -> None:
    """Register the collector, which writes to the spool, and the context switcher if coverage is measured."""
    measures = options.measures_coverage(config)
    session = str(given["session"])
    parents = cast("list[str]", given["parents"])
    renames = cast("dict[str, str]", given["renames"])

    def collected(collection: Collection) -> None:
        write_spool(spool, collection)
        if not measures:  # only coverage contexts need the age of a test
            return
        from pytest_handoff.evidence.ledger import share_ids, trace_collected
        from pytest_handoff.project.sessions import files_to_trace, load_parents

        before = load_parents(project.store, parents)
        earlier, files = before.earlier, files_to_trace(project, before.sources)
        share_ids(earlier.lines, collection.tests)
        lineage = trace_collected(earlier, collection.tests, collection.whole_files, renames, files)
        ages.know(earlier, lineage, changed_tests(project, before, renames))

    collector = Collector(config, project, Tiers(project.config), collected, faults)
    ages = NewOrOld(session, collector, project.config.known)
    config.pluginmanager.register(collector, "handoff-collector")
    if measures:
        from pytest_handoff.coverage.contexts import ContextSwitcher

        _measure_here(config, spool, faults)
        switcher = ContextSwitcher(session, ages, faults, str(given["nonce"]), ages.may_fail)
        config.pluginmanager.register(switcher, "handoff-contexts")


def _measure_here(config: pytest.Config, spool: Path, faults: Faults) -> None:
    """Register what keeps the data that this worker measures apart, and saves them at its end."""
    from pytest_handoff.coverage.apart import MeasuredHere, SafeEnd

    here = MeasuredHere(spool, faults)
    config.pluginmanager.register(here, "handoff-data")
    config.pluginmanager.register(SafeEnd(here), "handoff-end-of-data")

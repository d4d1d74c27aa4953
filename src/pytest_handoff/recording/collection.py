"""Watch collection: note every test with its tier before anything is deselected, for the controller."""

from __future__ import annotations

import re
from itertools import chain
from operator import is_
from typing import TYPE_CHECKING

import msgspec
import pytest

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import path_matches
from pytest_handoff.printable import printable
from pytest_handoff.project.artifacts import Artifact, write_each
from pytest_handoff.project.foreign_files import LINES, read_own
from pytest_handoff.record import SkippedNode
from pytest_handoff.recording import options
from pytest_handoff.recording.selection import left_out_by_settings, selects
from pytest_handoff.run import Collected, Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable, Mapping
    from pathlib import Path

    from pytest_handoff.config import Config
    from pytest_handoff.project.layout import Project
    from pytest_handoff.recording.faults import Faults


COLLECTION = "collection.json"


_EXCUSING = frozenset({"skip", "skipif", "xfail"})
_REPEATED = "__pytest_repeat_step_number"
"""The parameter that pytest-repeat gives a test that runs several times; its id is ``1-3`` to ``3-3``, behind all others."""
_STEP = r"[-[]\d+-\d+\]\Z"


class Collector:
    """A plugin object that watches collection in the process that collects: the only one, or an xdist worker.

    Args:
        done: called with the collection when it is finished.
        faults: collects what goes wrong in here; collection goes on.
    """

    def __init__(
        self, config: pytest.Config, project: Project, tiers: Tiers, done: Callable[[Collection], None], faults: Faults
    ) -> None:
        self._faults = faults
        self._config, self._root = config, project.root
        self._clean = options.without_places(config, project.root)
        self._selects = selects(config)
        self._left_out: set[str] = set()
        self._prefix = key_prefix(config, project)
        self._partly = {project.key(path) for path in options.files_given_in_part(config)}
        self._drops = options.drops_within_files(config)
        self._repeats = options.repeats_tests(config)
        self._groups = bool(config.getoption("loadgroup", default=False))
        self._xfail_strict = options.is_xfail_strict(config)
        self._tiers = tiers
        self._done = done
        self._asks_hooks = True
        self._tests: dict[str, Collected] = {}
        self._known: dict[tuple[str, bool, tuple[str, ...], bool], Collected] = {}
        self._parents: dict[pytest.Collector, tuple[pytest.Mark, ...]] = {}
        self._unmarked: dict[tuple[pytest.Collector | None, str], Collected] = {}
        self._whole: set[str] = set()
        self._broken: dict[str, str] = {}
        self._skipped: dict[str, SkippedNode] = {}
        self._came_through = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Note every item before other plugins deselect any, and then the items, markers and ids that they add."""
        before, ids, marked = list(items), _ids_of(items), _markers_of(items)
        with self._faults:
            self._asks_hooks = bool(items) and bool(items[0].config.hook.pytest_handoff_tier.get_hookimpls())
            self._add(items)
        yield
        with self._faults:
            self._take_other_ids(before, ids)
            if self._are_marked_otherwise(before, marked):
                self._classify_again(before)
            if self._selects and before:
                self._note_left_out(before, items)
            if len(items) != len(before) or not all(map(is_, items, before)):  # else nobody added any
                self._add([item for item in items if self._is_added(item)])
            self._came_through = True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note which files were collected whole and which could not be, even if only because of one class in them."""
        with self._faults:
            self._take_file(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Hand over what was found, unless collection was broken off: pytest calls this then too. All conftests are known now.

        This comes before xdist tells the controller: as soon as all workers have, a test may remove what was handed over.
        """
        with self._faults:
            options.count_attempts(session.config, self._faults)
            if self._came_through:
                skipped = [self._skipped[node] for node in sorted(self._skipped)]
                whole = sorted(self._whole)
                self._done(
                    Collection(
                        tests=self._tests,
                        whole_files=whole,
                        broken_files=self._broken,
                        skipped_nodes=skipped,
                        left_out=sorted(self._left_out),
                        outside=self._outside(session.items),
                    )
                )

    def _outside(self, items: list[pytest.Item]) -> list[str]:
        """Name the files outside the git root, as ``--pyargs`` may find them: their code is not that of this tree."""
        root = self._root
        paths = set({id(item.path): item.path for item in items}.values())  # they are few, and take long to hash
        far = (path for path in paths if not path.is_relative_to(root) and not path.resolve().is_relative_to(root.resolve()))
        return sorted({"/".join(path.parts[-2:]) for path in far})

    def test_of(self, item: pytest.Item) -> str:
        """Return the id of an item's test in the evidence."""
        return key_of(item.nodeid, self._prefix, self._tests)

    def tier_of(self, item: pytest.Item) -> str:
        """Return the tier of an item as it was collected: by its markers, a hook or its file."""
        return (self._tests.get(self.test_of(item)) or self._collected(item)).tier

    def _take_file(self, report: pytest.CollectReport) -> None:
        path, _, inside = report.nodeid.partition("::")
        key = self._prefix + path
        if report.failed:
            where = f"in {inside}: " if inside else ""
            self._broken.setdefault(key, where + first_line(report.longreprtext, self._clean))
            self._whole.discard(key)
        elif report.skipped:
            node = self._prefix + report.nodeid
            self._skipped.setdefault(
                node, SkippedNode(id=node, tier=self._tiers.by_path(key), reason=skip_reason(report, self._clean))
            )
        elif report.passed and not inside and not self._drops and key not in self._partly and key not in self._broken:
            self._whole.add(key)

    def _add(self, items: list[pytest.Item]) -> None:
        above, within, alike = None, "::", None
        for item in items:
            nodeid = item.nodeid
            if item.own_markers:
                seen = self._collected(item)
            elif alike is not None and item.parent is above and nodeid.startswith(within):
                seen = alike
            else:
                path = nodeid.partition("::")[0]
                seen = self._collected_unmarked(item, path)
                above, within, alike = item.parent, f"{path}::", None if self._asks_hooks else seen
            self._tests[self._key(item, nodeid)] = seen

    def _key(self, item: pytest.Item, nodeid: str) -> str:
        key = self._prefix + nodeid
        return without_step(key) if self._repeats and _is_repeated(item) else key

    def _take_other_ids(self, items: list[pytest.Item], ids: list[str]) -> None:
        """Put a test that got another id in the place of what it was before; xdist's group is no other id."""
        now = _ids_of(items)
        if now == ids:
            return
        others = [(was, is_now, item) for was, is_now, item in zip(ids, now, items, strict=True) if was != is_now]
        renamed = [other for other in others if self.test_of(other[2]) not in self._tests]
        for was, _, _ in renamed:
            self._tests.pop(self._prefix + was, None)
        for _, is_now, item in renamed:
            grouped = self._groups and "@" in is_now and item.get_closest_marker("xdist_group") is not None
            self._tests[self._key(item, is_now.rpartition("@")[0] if grouped else is_now)] = self._collected(item)

    def _are_marked_otherwise(self, items: list[pytest.Item], marked: _Markers) -> bool:
        """Check whether items, their classes or their files got other markers, or a hook may decide by what is known now."""
        above = any(tuple(node.iter_markers()) != known for node, known in self._parents.items())
        return self._asks_hooks or above or _markers_of(items) != marked

    def _classify_again(self, items: list[pytest.Item]) -> None:
        """Note what markers and hooks now say of tests, by the ids that they have in the evidence."""
        self._parents.clear()
        self._unmarked.clear()
        for item in items:
            self._tests[self.test_of(item)] = self._collected(item)

    def _note_left_out(self, before: list[pytest.Item], items: list[pytest.Item]) -> None:
        """Note which deselected items the project's own settings leave out."""
        selected = set(items)
        deselected = [item for item in before if item not in selected]
        self._left_out = {self._prefix + item.nodeid for item in left_out_by_settings(self._config, deselected)}

    def _is_added(self, item: pytest.Item) -> bool:
        """Check that a plugin added this item later; an item that only got an xdist group does not count."""
        return (self.test_of(item) if self._groups else self._prefix + item.nodeid) not in self._tests

    def _collected_unmarked(self, item: pytest.Item, path: str) -> Collected:
        """Classify an item without markers of its own; the result is the same for all its siblings in one file."""
        if self._asks_hooks:
            return self._collected(item)
        found = self._unmarked.get((item.parent, path))
        if found is None:
            found = self._unmarked[item.parent, path] = self._collected(item)
        return found

    def _collected(self, item: pytest.Item) -> Collected:
        markers = [*reversed(item.own_markers)]
        names = [mark.name for mark in markers]
        inherited = self._inherited(item)
        by_marker = self._tiers.by_marker(names) or self._tiers.by_marker(tuple(mark.name for mark in inherited))
        tier = by_marker or self._by_hook(item) or self._tiers.by_path(self._prefix + item.nodeid.partition("::")[0])
        promised = any(mark.name == "xfail" and mark.kwargs.get("strict", self._xfail_strict) for mark in markers)
        checks = tuple(dict.fromkeys(_check(mark, item) for mark in (*markers, *inherited) if mark.name == "handoff"))
        excused = any(mark.name in _EXCUSING for mark in (*markers, *inherited))
        found = Collected(tier=tier, promised=promised, checks=checks, excused=excused)
        return self._known.setdefault((tier, promised, checks, excused), found)

    def _by_hook(self, item: pytest.Item) -> str | None:
        """Ask the ``pytest_handoff_tier`` hook, of another plugin or a conftest file, for the tier.

        Raises:
            pytest.UsageError: if the tier is not a name.
        """
        if not self._asks_hooks:
            return None
        tier = item.ihook.pytest_handoff_tier(item=item)
        if tier is not None and (not isinstance(tier, str) or not re.fullmatch(r"\w[\w-]*", tier)):
            raise pytest.UsageError(printable(f"{item.nodeid}: pytest_handoff_tier returned {tier!r}; a tier is a word"))
        return tier

    def _inherited(self, item: pytest.Item) -> tuple[pytest.Mark, ...]:
        parent = item.parent
        if parent is None:
            return ()
        if parent not in self._parents:
            self._parents[parent] = tuple(parent.iter_markers())
        return self._parents[parent]


def _ids_of(items: list[pytest.Item]) -> list[str]:
    return [item.nodeid for item in items]


_Markers = tuple[list[int], list[pytest.Mark]]


def _markers_of(items: list[pytest.Item]) -> _Markers:
    """List how many markers each item has, and all of them in a row: a tuple for each item would stay in Python's memory."""
    own = [item.own_markers for item in items]
    return list(map(len, own)), list(chain.from_iterable(own))


def _is_repeated(item: pytest.Item) -> bool:
    """Check whether the command line alone makes a test run several times; with a marker its runs are cases like any others."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and _REPEATED in callspec.params and item.get_closest_marker("repeat") is None


def without_step(key: str) -> str:
    """Cut the number of the run off the id of a test that pytest-repeat has run several times."""
    found = re.search(_STEP, key)
    if found is None:
        return key
    return key[: found.start()] + ("]" if found[0][0] == "-" else "")


def _check(mark: pytest.Mark, item: pytest.Item) -> str:
    """Return the checklist line that a marker links a test to.

    Raises:
        pytest.UsageError: if the marker names none.
    """
    check = mark.kwargs.get("check")
    if not isinstance(check, str) or not check.strip() or mark.args or len(mark.kwargs) > 1:
        raise pytest.UsageError(printable(f'{item.nodeid}: write @pytest.mark.handoff(check="the text of a checklist line")'))
    return " ".join(check.split())


def key_prefix(config: pytest.Config, project: Project) -> str:
    """Return the prefix that makes a node id relative to the git root instead of pytest's rootdir."""
    rootdir = config.rootpath.resolve()
    inner = project.key(rootdir)
    return "" if inner == "." else f"{inner}/"


def key_of(nodeid: str, prefix: str, collected: Container[str]) -> str:
    """Return the id of a test in the evidence: relative to the git root, without an xdist group or the number of a run.

    Before pytest 9.2 the loadgroup mode of xdist appends ``@group`` after a test was collected. A name may hold an ``@`` of its
    own, so only what follows the id of a collected test is cut off. So is the number of one of several runs.
    """
    key = prefix + nodeid
    if key in collected:
        return key
    if nodeid.endswith("]") and (bare := without_step(key)) in collected:
        return bare
    if "@" not in nodeid:
        return key
    ends = (at for at in range(len(key) - 1, len(prefix), -1) if key[at] == "@")
    groups = (bare for at in ends for bare in (key[:at], without_step(key[:at])) if bare in collected)
    return next(groups, key)


def skip_reason(report: pytest.TestReport | pytest.CollectReport, clean: Callable[[str], str] = str) -> str:
    """Return the reason that a report gives for a skip, in one line; ``clean`` removes this machine's paths from it."""
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr or "")
    return clean(one_line(re.sub(r"\A(?:Skipped|unittest\.case\.SkipTest): ", "", text)))[:200]


def first_line(text: str, clean: Callable[[str], str] = str) -> str:
    """Pick the line of an error that says what is wrong: the first one that pytest marks with ``E``, else the first.

    If Python shows a file and its source before the error, as for a syntax error, it is the last marked line. A doctest has no
    marked line, and is read by its own rules. ``clean`` takes the places of this machine out of it.
    """
    if (doctest := told_by_doctest(text)) is not None:
        return clean(doctest[1])[:200]
    lines = [one_line(line) for line in text.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E ")]
    told = marked[-1:] if marked and marked[0].startswith('File "') else marked
    return clean((told or lines or ["no message"])[0])[:200]


def told_by_doctest(text: str) -> tuple[str, str] | None:
    """Return the place (``path:line``) and the error in the text of a failing doctest; ``None`` for any other text."""
    if not text.rstrip().endswith((": DocTestFailure", ": UnexpectedException")):
        return None
    from pytest_handoff.recording.failed_doctests import place_and_error

    return place_and_error(text)


def told_by(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return a report's text without the line that names xdist's worker and the Python there, a path of this machine."""
    text = report.longreprtext
    node = getattr(report, "node", None)
    worker = getattr(getattr(node, "gateway", None), "id", None)
    return text.partition("\n")[2] if worker is not None and text.startswith(f"[{worker}] ") else text


def write_spool(folder: Path, collection: Collection) -> None:
    """Write the collection where the controller, or the next command, finds it; one worker's is enough, since all must agree.

    Raises:
        WriteProblem: if it cannot be written.
    """
    path = folder / COLLECTION
    if folder.is_dir() and not path.exists():  # a worker may outlive its run and the run's folder
        write_each([Artifact(path=path, content=msgspec.json.encode(collection))])


def read_spool(folder: Path) -> Collection | None:
    """Read the collection that a run left; return ``None`` if it did not come that far.

    Raises:
        EvidenceProblem: if it is there but damaged.
    """
    path = folder / COLLECTION
    try:
        return msgspec.json.decode(read_own(path, [folder], LINES), type=Collection)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceProblem(f"what an interrupted run left is damaged: {error}; run it again", path=path.name) from error


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

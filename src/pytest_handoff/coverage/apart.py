"""Keep what a run measures out of its tests' reach while they run, and apart from what other runs left in the same folder.

pytest-cov and coverage.py keep their data files in the project's folder, and take in whatever they find there. So a test that
starts ``pytest --cov``, ``coverage combine`` or ``coverage erase`` there would take the data of the run that it belongs to, and
``--cov-append`` or a file that an earlier run left would add lines that nothing ran now.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
from os import getpid  # bound now: a test may leave os.getpid mocked, and the run would take itself for another one
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import coverage
from pytest_handoff.coverage.adding import one_line_of
from pytest_handoff.coverage.contexts import is_within_measured_run, running_coverage
from pytest_handoff.coverage.not_public import (
    Changed,
    begin_file,
    config_file_of,
    cov_controller,
    finish_early,
    forget_lines,
    hides_its_measurement,
    is_used,
    lost_workers,
    movable_data,
    point_to,
)
from pytest_handoff.coverage.switching import broken
from pytest_handoff.evidence.measurement import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from coverage import CoverageData


APART = pytest.StashKey["DataApart"]()
"""The data of this run, on a controller that measures."""

OTHERS = "pytest-cov's reports on this run also count lines from other runs in {name}; the figures here do not."
_MIXED = "a test changed {name}, which had data of other runs when this run began: remove it (coverage erase), and run again"
_NOT_KEPT = "cannot separate the data of this run from what other runs left in {folder}: {why}"

IN_REACH = "The data was in the project folder while tests ran: this release of coverage.py cannot keep it elsewhere."
HIDDEN = (
    "this release of pytest-cov does not report what it measured; measure by `coverage run -m pytest`, without --cov,"
    " or install an older pytest-cov"
)

_FOLDER, _OURS, _JOINED = "measured", "ours", "joined"


class SafeEnd:
    """A plugin around pytest-cov's end: what it cannot put together costs the figure, and not the run.

    Args:
        here: knows whether all tests have run, and is told what went wrong.
    """

    def __init__(self, here: MeasuredHere) -> None:
        self._here = here

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Go on after a problem at the end; without a total no threshold is reached, as in pytest-cov."""
        try:
            return (yield)
        except broken() as problem:
            if not self._here.ended:
                raise
            self._here.lost = f"pytest-cov could not combine its data: {one_line_of(problem)}"
            if session.config.getoption("cov_fail_under"):
                session.testsfailed += 1
            return True


class MeasuredHere:
    """A plugin for a process that runs tests: its data file is in the run's own folder while they run.

    Args:
        folder: the run's own folder; a worker on another machine has none, and leaves its file where it is.
        faults: catches what goes wrong in here.

    Attributes:
        ended: whether all tests have run; what goes wrong from then on is pytest-cov's end, and not a test's.
        lost: why pytest-cov could not put its data together, if it could not.
        in_reach: whether the file stays where it is, since it cannot be moved.
    """

    def __init__(self, folder: Path, faults: AbstractContextManager[object]) -> None:
        self._folder = folder / _FOLDER
        self._faults = faults
        self._pid = getpid()
        self._data: Any = None
        self._place = ""
        self._appends = False
        self.in_reach = False
        self.ended = False
        self.lost: str | None = None

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Take the file away before the first test; what a worker measures stays there until the controller gives it back."""
        with self._faults:
            self._take(session.config)
        result = yield
        self.ended = True
        return result

    def _take(self, config: pytest.Config) -> None:
        cov = running_coverage(config)
        data = movable_data(cov)
        if data is None or not self._folder.is_dir():
            self.in_reach = cov is not None
            return
        self._data, self._place = data, data.data_filename()
        self._appends = is_used(data) and Path(self._place).exists()
        if self._appends:  # coverage run --append has loaded an earlier file: this run begins a file of its own
            forget_lines(data)
        point_to(data, self._folder / Path(self._place).name)

    def _give_back(self) -> None:
        """Put the data file where coverage.py wanted it; a child that was forked has its own, and the parent's is not its."""
        data, self._data = self._data, None
        if data is None or self._pid != getpid():
            return
        own = Path(data.data_filename())
        point_to(data, self._place)
        if not self._appends:
            _move(own, Path(self._place))
            return
        forget_lines(data)
        data.read()
        if own.exists():
            added = coverage.CoverageData(basename=str(own))
            added.read()
            data.update(added, map_path=str)
            added.close(force=True)


class DataApart(MeasuredHere):
    """The same for the controller, which also gives back what workers measured, and tells this run's data from others'."""

    def __init__(self, config: pytest.Config, folder: Path, faults: AbstractContextManager[object]) -> None:
        super().__init__(folder, faults)
        self._config = config
        self._folder.mkdir(parents=True, exist_ok=True)
        controller = cov_controller(config)
        self._base = (
            None if controller is None else Path(config.invocation_params.dir, str(controller.cov.get_option("run:data_file")))
        )
        self._before = {} if self._base is None else _signs(self._base)
        self._joined: coverage.Coverage | None = None
        config.stash[APART] = self

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Give everything back within pytest-cov's own implementation, which takes it in as soon as the tests have ended."""
        with self._faults:
            self._take(session.config)
        try:
            result = yield
        finally:
            with self._faults:
                self.give_back()
        self.ended = True
        return result

    @property
    def notes(self) -> tuple[str, ...]:
        """Say where the reports of pytest-cov count more than this run, and what tests could reach."""
        others = [OTHERS.format(name=_named(self._before))] if self._before else []
        return (*others, *([IN_REACH] if self.in_reach else []))

    def give_back(self) -> None:
        """Put what this run measured where pytest-cov looks for it; workers that end late leave more."""
        if self._base is None or self._pid != getpid():
            return
        try:
            self._give_all_back(self._base)
        except broken() as problem:
            self.lost = f"a test or the system deleted the measured data: {one_line_of(problem)}"

    def _give_all_back(self, base: Path) -> None:
        data = self._data
        if data is not None and is_used(data) and not Path(data.data_filename()).exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), data.data_filename())
        if self._before and data is not None:
            if _signs(base).get(base) != self._before.get(base):
                self.lost = _MIXED.format(name=base.name)
            begin_file(data)
        self._give_back()
        for file in self._folder.iterdir():
            if file.is_file():
                _move(file, base.parent / file.name)
        if self._before and self.lost is None:
            self._keep_ours(base)

    def data(self, cov: coverage.Coverage) -> CoverageData | NotMeasured:
        """Return the data of this run alone; ``cov`` is its measurement, which may have taken in more."""
        if self.lost is not None:
            return NotMeasured(self.lost)
        if not self._before:
            return cov.get_data()
        if self._joined is None:
            self._joined = coverage.Coverage(data_file=str(self._folder / _JOINED), config_file=config_file_of(cov) or False)
            files = [str(file) for file in sorted((self._folder / _OURS).glob("*"))]
            if files:
                self._joined.combine(files, keep=True)
        return self._joined.get_data()

    def close(self) -> None:
        """Let go of all files; what `coverage run` measured is given back now, for it saves when pytest has ended."""
        if self._pid != getpid():
            return
        self._give_back()
        if self._joined is not None:
            self._joined.get_data().close(force=True)

    def _keep_ours(self, base: Path) -> None:
        """Keep the files of this run by a second name, for pytest-cov saves into the first and removes it in the end."""
        ours = self._folder / _OURS
        try:
            ours.mkdir(exist_ok=True)
            for file in _signs(base).keys() - {base, *self._before}:
                if not (ours / file.name).exists():
                    os.link(file, ours / file.name)
        except OSError as error:
            self.lost = _NOT_KEPT.format(folder=base.parent, why=error.strerror or error)


class RunData(NamedTuple):
    """Hold the measurement of a run.

    Attributes:
        cov: the measurement that ran, for its settings.
        data: the lines of this run.
        untidy: why the data are incomplete, a sentence each.
        notes: what a reader must know about them, a sentence each.
    """

    cov: coverage.Coverage
    data: CoverageData
    untidy: list[str]
    notes: tuple[str, ...] = ()


def whole_run(config: pytest.Config) -> RunData | NotMeasured:
    """Return what the whole run measured, on the controller at its end."""
    controller, apart = cov_controller(config), config.stash.get(APART, None)
    if controller is not None:
        return _by_pytest_cov(controller, apart)
    if getattr(config.option, "no_cov", False):
        return NotMeasured("--no-cov was given")
    if is_within_measured_run(config):
        return NotMeasured("a test of another run started this one, so its coverage belongs to that run")
    cov = running_coverage(config)
    if cov is None:
        return NotMeasured(HIDDEN if hides_its_measurement(config) else "pytest-cov was not active in this run")
    if getattr(config.option, "dist", "no") != "no":
        return NotMeasured("under `coverage run` the data of pytest-xdist's workers exist only after the run: use --cov")
    return RunData(cov, cov.get_data(), [])


def measurement_of(config: pytest.Config) -> coverage.Coverage | None:
    """Return the measurement of this run, whatever became of its data."""
    controller = cov_controller(config)
    cov: coverage.Coverage | None = running_coverage(config) if controller is None else controller.cov
    return cov


def _by_pytest_cov(controller: Any, apart: DataApart | None) -> RunData | NotMeasured:
    """Return what pytest-cov put together: since 6.2, it loses by itself what a run measured that ends early."""
    if apart is not None and apart.lost is not None:
        return NotMeasured(apart.lost)
    untidy = []
    try:
        if finish_early(controller, before=apart.give_back if apart is not None else lambda: None):
            untidy.append("The run ended early: coverage is from the tests that ran.")
        lost = lost_workers(controller)
    except Changed:
        return NotMeasured(HIDDEN)
    if lost:
        untidy.append(f"The coverage of these workers is lost: {', '.join(lost)}.")
    data = controller.cov.get_data() if apart is None else apart.data(controller.cov)
    return data if isinstance(data, NotMeasured) else RunData(controller.cov, data, untidy, apart.notes if apart else ())


def _signs(base: Path) -> dict[Path, tuple[int, int, int]]:
    """Map the data files that pytest-cov would take in to what tells whether somebody has written to them."""
    others = (path for path in base.parent.glob(f"{glob.escape(base.name)}.*") if not path.name.endswith("-journal"))
    found = {}
    for path in [base, *others]:
        if path.is_file():
            about = path.stat()
            found[path] = (about.st_ino, about.st_mtime_ns, about.st_size)
    return found


def _named(files: dict[Path, tuple[int, int, int]]) -> str:
    names = sorted(path.name for path in files)
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _move(file: Path, place: Path) -> None:
    if not file.exists():
        return
    try:
        file.replace(place)
    except OSError:  # another file system
        shutil.copyfile(file, place)
        file.unlink()

"""Run pytest in a scratch tree, in a separate process, and read what the probe reports."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_handoff.errors import EvidenceProblem, HandoffError
from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import file_of
from pytest_handoff.proving.statuses import Seen, Tried
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PROBE = "handoff_probe"
_OURS = "--handoff"
_OF_OTHERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")
_PAUSE, _PATIENCE = 0.05, 5.0
"""Seconds between two looks at the report, and for a stopped pytest to end by itself."""

_LONGEST = 200
_CONFTEST = "while loading conftest"


class Where(Frozen, frozen=True):
    """The place of a run.

    Attributes:
        tree: the top of the scratch tree.
        real: the top of the work tree.
        folder: the project's folder, relative to the top.
        beside: the run's own folder, for the probe and its report.
        limit: the seconds after which the run is stopped.
        args: further arguments for pytest.
        not_there: folders of the work tree that are not in the scratch tree.
        plugins: further modules of ours to copy, by the names that they have there; those that pytest loads are in ``options``.
        options: further options of ours for pytest.
        orders: further orders for them.
    """

    tree: Path
    real: Path
    folder: str
    beside: Path
    limit: float
    args: tuple[str, ...] = ()
    not_there: tuple[str, ...] = ()
    plugins: dict[str, str] = {}
    options: tuple[str, ...] = ()
    orders: dict[str, Any] = {}


class InnerRun(Frozen, frozen=True):
    """Hold the results of a run, and the files it imported.

    Attributes:
        tried: the tests.
        modules: each module with its file.
        pythonpath: the folders of pytest's setting of this name, relative to the top of the tree.
        started: whether pytest came as far as collecting.
        said: the line of pytest's output that says why not.
        conftest: whether a conftest is why not.
        report: the file of all that was reported.
    """

    tried: Tried
    modules: tuple[tuple[str, str], ...]
    pythonpath: tuple[str, ...]
    started: bool
    said: str
    conftest: bool
    interrupted: bool
    report: Path


def run_inside(where: Where, functions: Iterable[str], tell: Callable[[int, int], None]) -> InnerRun:
    """Run the tests of these functions.

    Args:
        tell: called with the number of tests that ended and of those that there are.

    Raises:
        HandoffError: when no process can be started.
    """
    wanted = sorted(functions)
    files = [path for path in dict.fromkeys(map(file_of, wanted)) if (where.tree / path).exists()]
    report = _prepare(where, wanted)
    command = [*pytest_command(where), *_relative(files, where.folder)]
    output = where.beside / "output.txt"
    with output.open("wb") as said:
        try:
            process = subprocess.Popen(
                command,
                cwd=where.tree / where.folder,
                env=_environment(os.environ, where),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise HandoffError(f"pytest cannot be started: {error.strerror or error}") from error
        why, interrupted = _wait(process, report, where.limit, tell)
    return _read(report, output, why, process.returncode, interrupted=interrupted)


def pytest_command(where: Where) -> list[str]:
    """Return the command that runs pytest there, without the files of the tests."""
    return [sys.executable, "-m", "pytest", "-p", PROBE, *where.options, *_options(), *where.args]


def _prepare(where: Where, wanted: Sequence[str]) -> Path:
    """Write the probe and its orders into the folder of the run; return the path of its report."""
    where.beside.mkdir()
    report = where.beside / "report.jsonl"
    report.touch()
    orders = {
        "tree": str(where.tree),
        "real": str(where.real),
        "wanted": wanted,
        "not_there": where.not_there,
        "report": str(report),
        **where.orders,
    }
    (where.beside / "orders.json").write_text(json.dumps(orders), "utf-8")
    for source, name in {"probe": PROBE, "redirect": "sitecustomize", **where.plugins}.items():
        (where.beside / f"{name}.py").write_bytes(Path(__file__).with_name(f"{source}.py").read_bytes())
    return report


def _options() -> list[str]:
    """Return options that keep the run whole and in one process, and measure nothing."""
    plugins = {"pytest_cov": "--no-cov", "xdist": "-n0"}
    return [
        "--maxfail=0",
        "--continue-on-collection-errors",
        *(option for name, option in plugins.items() if find_spec(name) is not None),
    ]


def _relative(files: Iterable[str], folder: str) -> list[str]:
    return [os.path.relpath(path, folder) for path in files]


def _environment(given: Mapping[str, str], where: Where) -> dict[str, str]:
    """Return the variables of the run; its child processes inherit where code is imported from."""
    kept = {name: value for name, value in given.items() if name not in _OF_OTHERS}
    paths = filter(None, given.get("PYTHONPATH", "").split(os.pathsep))
    kept["PYTHONPATH"] = os.pathsep.join([str(where.beside), *dict.fromkeys(_inside(path, where) for path in paths)])
    if "PYTEST_ADDOPTS" in kept:
        kept["PYTEST_ADDOPTS"] = _without_ours(kept["PYTEST_ADDOPTS"])
    return kept


def _inside(path: str, where: Where) -> str:
    """Return the place in the scratch tree of a path in the work tree, if there is something."""
    real = Path(os.path.realpath(path))
    inner = where.tree / real.relative_to(where.real) if real.is_relative_to(where.real) else None
    return str(inner) if inner is not None and inner.exists() else path


def _without_ours(addopts: str) -> str:
    with suppress(ValueError):  # an open quote, which pytest refuses
        return shlex.join(_dropped(shlex.split(addopts)))
    return addopts


def _dropped(words: Sequence[str]) -> list[str]:
    kept: list[str] = []
    value_follows = False
    for word in words:
        if value_follows:
            value_follows = False
        elif word.startswith(_OURS):
            value_follows = "=" not in word and word != "--handoff-gate"
        else:
            kept.append(word)
    return kept


def _wait(
    process: subprocess.Popen[bytes], report: Path, limit: float, tell: Callable[[int, int], None]
) -> tuple[str | None, bool]:
    """Wait for the end of the run; return why it was stopped, and whether somebody did."""
    counted, end = _Counted(report), time.monotonic() + limit
    try:
        while process.poll() is None:
            tell(*counted.look())
            if time.monotonic() > end:
                _stop(process)
                return f"the run was stopped after {limit:.0f} seconds", False
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PAUSE)
        tell(*counted.look())
    except KeyboardInterrupt:
        _stop(process)
        return "it was interrupted", True
    except BaseException:
        _stop(process)
        raise
    return None, False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the run: Ctrl-C has reached it too, and what it has reported is kept."""
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.terminate()
        process.wait(_PATIENCE)
    if process.poll() is None:
        process.kill()
        process.wait()


class _Counted:
    """Count what the report holds so far."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._at = self._done = self._total = 0

    def look(self) -> tuple[int, int]:
        """Read what came since the last look."""
        with self._report.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        whole = data.rfind(b"\n") + 1
        self._at += whole
        for line in data[:whole].splitlines():
            if line.startswith(b'{"test"'):
                self._done += 1
            elif line.startswith(b'{"collected"'):
                self._total = json.loads(line)["collected"]
            elif line.startswith(b'{"faults"'):
                self._done, self._total = 0, json.loads(line)["faults"]
            elif line.startswith(b'{"fault"'):
                self._done += 1
        return self._done, self._total


class _Told:
    """Hold what a report tells, one fact after the other."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.broken: dict[str, str] = {}
        self.modules: set[tuple[str, str]] = set()
        self.paths: list[str] = []
        self.started = self.ended = False
        self.running: str | None = None

    def take(self, fact: dict[str, Any]) -> None:
        """Take in one fact; those that are for others are left out."""
        match fact:
            case {"test": str(test), "outcome": outcome, **more}:
                self.seen[test] = Seen(outcome=outcome, error=_line(more.get("error")), place=more.get("place"))
                self.running = None if self.running == test else self.running
            case {"running": str(test)}:
                self.running = test
            case {"broken": str(path), "error": str(error)}:
                self.broken[path] = _line(error) or ""
            case {"modules": list(found)}:
                self.modules.update((str(name), str(file)) for name, file in found)
            case {"pythonpath": list(found)}:
                self.paths += found
            case {"collected": _}:
                self.started = True
            case {"ended": _}:
                self.ended = True


def _read(report: Path, output: Path, why: str | None, code: int, *, interrupted: bool) -> InnerRun:
    told = _Told()
    for fact in facts_of(report):
        told.take(fact)
    why = why or (None if told.ended else f"pytest ended early (exit code {code})")
    if why is not None and told.running is not None:
        why += f", in {told.running}"
    tried = Tried(seen=told.seen, broken=told.broken, cut_short=why)
    text = output.read_text("utf-8", "replace")
    return InnerRun(
        tried=tried,
        modules=tuple(sorted(told.modules)),
        pythonpath=tuple(told.paths),
        started=told.started,
        said=_said(text),
        conftest=_CONFTEST in text,
        interrupted=interrupted,
        report=report,
    )


def facts_of(report: Path) -> list[dict[str, Any]]:
    """Read the report; the last line of a process that died may be cut."""
    found: list[dict[str, Any]] = []
    for line in report.read_bytes().splitlines():
        with suppress(ValueError):
            found.append(json.loads(line))
    if not all(isinstance(fact, dict) for fact in found):
        raise EvidenceProblem("the report of the run in the scratch tree is damaged", path=str(report))
    return found


def _line(text: str | None) -> str | None:
    return None if text is None else one_line(text)[:_LONGEST]


def _said(output: str) -> str:
    """Pick the line that says why pytest did not start: an error's, a usage error's, or the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    raised = [line.removeprefix("E  ").strip() for line in lines if line.startswith("E  ")]
    usage = [line.partition(": error: ")[2] for line in lines if ": error: " in line]
    others = [line for line in lines if line.startswith("ERROR:")]
    return one_line([*raised, *usage, *others, *lines[-1:], "it printed nothing"][0])[:_LONGEST]

"""Run tests in trees that differ from the work tree in a few files, and accept only what the code of that tree did."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import listed
from pytest_handoff.nodeids import file_of, without_parameters
from pytest_handoff.project.copies import built_beside, earlier_contents, every_file
from pytest_handoff.project.foreign_files import TEXT, read_if_there
from pytest_handoff.proving.imported import BUILT, NATIVE, shadows
from pytest_handoff.proving.inner_run import InnerRun, Where, run_inside
from pytest_handoff.proving.sides import roots_of
from pytest_handoff.proving.statuses import Seen, Tried
from pytest_handoff.proving.trees import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.proving.sides import Patch

Contents = dict[str, bytes | None]
"""Files that a tree has in place of the work tree's; ``None`` for a file that it lacks."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that the trees of one command share.

    Attributes:
        folder: the scratch folder that they are laid out in.
        limit: the seconds that a run may take.
        args: further arguments for pytest.
        tell: called with the name of a run, the number of its tests that ended, and of those that there are.
    """

    project: Project
    folder: Path
    limit: float
    args: tuple[str, ...]
    tell: Callable[[str, int, int], None]
    files: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    stamps: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        project: Project,
        folder: Path,
        *,
        limit: float,
        args: Sequence[str],
        tell: Callable[[str, int, int], None],
    ) -> Bench:
        """Look once at what every tree is made of."""
        files = every_file(project)
        built = built_beside(project, files)
        return cls(project, folder.resolve(), limit, tuple(args), tell, files, built, _stamps(project.root, files))

    def changed_since(self) -> str | None:
        """Name a file that has changed since the command began: a tree copied now would be a different one."""
        now = _stamps(self.project.root, self.files)
        changed = [path for path in self.files if self.stamps.get(path) != now.get(path)]
        return f"{listed(changed)} changed in the work tree while the tests ran; stop what writes there" if changed else None

    @property
    def folders(self) -> list[str]:
        """Name every folder that holds files, or whose folders do."""
        return sorted({parent.as_posix() for path in self.files for parent in PurePosixPath(path).parents} - {"."})

    @property
    def inner(self) -> str:
        """Return the project's folder relative to the top of its tree, ``.`` where it is the top."""
        return os.path.relpath(self.project.folder.resolve(), self.project.root.resolve()).replace(os.sep, "/")


class Outcome(Tried, frozen=True):
    """The results of a run; ``interrupted``: somebody stopped it; ``not_started``: why pytest ran no test."""

    interrupted: bool = False
    not_started: str | None = None


def contents_of(bench: Bench, patch: Patch) -> tuple[Contents, dict[str, str]]:
    """Read the files of a patch; return the contents of those that git has, and why it lacks the others, by path."""
    there, lacking = earlier_contents(bench.project, filter(None, patch.values()))
    contents = {path: None if blob is None else there[blob] for path, blob in patch.items() if blob not in lacking}
    return contents, {path: lacking[blob] for path, blob in patch.items() if blob in lacking}


def text_of(bench: Bench, contents: Contents, path: str) -> str:
    """Read a file as it is in a tree that has these contents."""
    content = contents[path] if path in contents else read_if_there(bench.project.root / path, bench.project.within, TEXT)
    return (content or b"").decode("utf-8", "replace")


def run(bench: Bench, name: str, contents: Contents, functions: Iterable[str]) -> Outcome:
    """Run the tests of these functions in a tree that has some other contents than the work tree.

    Where another file than that of the tree was imported, nothing of the run is accepted.
    """
    lay_out(bench.project.root, bench.folder / name, [*bench.files, *bench.built], contents)
    if why := bench.changed_since():
        return Outcome(cut_short=why)
    return _run_there(bench, name, contents, sorted(functions))


def run_once_more(bench: Bench, name: str, contents: Contents, first: Outcome) -> Outcome:
    """Run what failed once more in the same tree, so that no flaky test counts as one that fails."""
    failed = {test for test, seen in first.seen.items() if seen.outcome in FAILING}
    if not failed or first.cut_short:
        return first
    again = _run_there(bench, name, contents, sorted({*map(without_parameters, failed)}), "-again")
    passed = {test for test in failed if test in again.seen and again.seen[test].outcome in PASSING}
    return replace(first, wavering=frozenset(passed), interrupted=again.interrupted)


def _run_there(bench: Bench, name: str, contents: Contents, wanted: Sequence[str], mark: str = "") -> Outcome:
    done = _run(bench, name, wanted, mark)
    folders = sorted({PurePosixPath(file_of(function)).parent.as_posix() for function in wanted})
    if not (done.started or done.interrupted) and len(folders) > 1:  # one broken conftest must not hide all other tests
        return _join(_checked(bench, name, contents, one) for one in _by_folder(bench, name, wanted, folders))
    return _checked(bench, name, contents, (done, wanted))


def _by_folder(bench: Bench, name: str, wanted: Sequence[str], folders: Sequence[str]) -> Iterable[tuple[InnerRun, list[str]]]:
    for number, folder in enumerate(folders):
        mine = [function for function in wanted if PurePosixPath(file_of(function)).parent.as_posix() == folder]
        done = _run(bench, name, mine, f"-{number}")
        yield done, mine
        if done.interrupted:
            return


def _run(bench: Bench, name: str, functions: Sequence[str], mark: str = "") -> InnerRun:
    return run_inside(place_of_run(bench, name, mark), functions, lambda done, total: bench.tell(name, done, total))


def place_of_run(bench: Bench, name: str, mark: str = "") -> Where:
    """Describe the place of a run in a tree that is laid out."""
    return Where(
        tree=bench.folder / name,
        real=bench.project.root.resolve(),
        folder=bench.inner,
        beside=bench.folder / f"{name}-run{mark}",
        limit=bench.limit,
        args=bench.args,
        not_there=tuple(folder for folder in bench.folders if not (bench.folder / name / folder).exists()),
    )


def _checked(bench: Bench, name: str, contents: Contents, ran: tuple[InnerRun, Sequence[str]]) -> Outcome:
    """Accept what a run did, if it imported the files of the tree."""
    done, functions = ran
    if not done.started and done.conftest:
        return Outcome(broken={file_of(function): done.said for function in functions})
    if done.interrupted and not done.started:
        return Outcome(cut_short=done.tried.cut_short, interrupted=True)
    if not done.started:
        never = f"pytest did not start: {done.said}"
        return Outcome(cut_short=never, not_started=never)
    if why := _wrong_code(bench, bench.folder / name, contents, done):
        return Outcome(cut_short=why, interrupted=done.interrupted)
    tried = done.tried
    return Outcome(seen=tried.seen, broken=tried.broken, cut_short=tried.cut_short, interrupted=done.interrupted)


def _wrong_code(bench: Bench, tree: Path, contents: Contents, done: InnerRun) -> str | None:
    """Say which file was imported instead of one of the tree, if there is one."""
    real = bench.project.root.resolve()
    found = shadows(
        done.modules,
        tree=tree,
        real=real,
        known={*bench.files, *bench.built, *contents},
        roots=roots_of(bench.inner, done.pythonpath),
        is_same=lambda file, path: _content(file) == (contents[path] if path in contents else _content(real / path)),
    )
    if (shadow := next(found, None)) is not None:
        return str(shadow)
    native = [path for path in contents if path.endswith(NATIVE)]
    files = {file for _, file in done.modules}
    built = [path for path in bench.built if path.endswith(BUILT) and str(tree / path) in files]
    if native and built:
        built_now = f"{built[0]} was built from the current sources, but {listed(native)} has changed"
        return f"{built_now}; check out the old code and build it there"
    return None


def _stamps(root: Path, files: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Note when each file was written, and its size."""
    found = {}
    for path in files:
        with suppress(OSError):
            status = (root / path).lstat()
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _join(outcomes: Iterable[Outcome]) -> Outcome:
    seen: dict[str, Seen] = {}
    broken: dict[str, str] = {}
    each = list(outcomes)
    for one in each:
        seen |= one.seen
        broken |= one.broken
    return Outcome(
        seen=seen,
        broken=broken,
        cut_short=next((one.cut_short for one in each if one.cut_short), None),
        interrupted=any(one.interrupted for one in each),
        not_started=each[0].not_started if all(one.not_started for one in each) else None,
    )

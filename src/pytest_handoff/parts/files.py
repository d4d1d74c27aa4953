"""Define a part of a session, and read and write it: a folder, whose head names the digests of the files beside it.

Parts that collected the same tests have the same bytes in ``collection.json``, which are decoded once.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pytest_handoff.config import check_part_label
from pytest_handoff.errors import EvidenceProblem, HandoffError
from pytest_handoff.evidence.measurement import PartCoverage
from pytest_handoff.project.artifacts import Artifact, write_each
from pytest_handoff.project.detail_files import decoded, encoded
from pytest_handoff.project.encoding import digest_of, encode_json
from pytest_handoff.project.foreign_files import LINES, TABLE, Refused, leads_outside, read_file
from pytest_handoff.project.stored_files import DETAILS
from pytest_handoff.record import Frozen, Metric, Parent, Provenance
from pytest_handoff.run import CaseResult, Collection, SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.details import Details
    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.start import Start


PART_SCHEMA = "pytest-handoff/part/1"


class PartRun(Frozen, frozen=True):
    """Describe the run of a part, beside its tests.

    Attributes:
        started, finished: seconds since 1970.
        rootdir: pytest's rootdir relative to the git root, ``.`` where it is that.
        hooks: names of our hooks that the project or a plugin implements.
        not_measured: why there is no coverage; ``None`` where there is.
        digests: the sha256 of each file beside this one.
        pytest: what pytest went by, with the keys of :class:`pytest_handoff.evidence.tool_settings.PytestSettings`.
    """

    started: float
    finished: float
    exitstatus: int
    args: list[str]
    plugins: dict[str, str]
    why_partial: list[str]
    mishaps: list[str]
    metrics: list[tuple[str, Metric]]
    rootdir: str
    suite: SuiteFiles
    instructions: str | None
    agent: str | None
    hooks: list[str]
    coverage: PartCoverage | None
    not_measured: str | None
    digests: dict[str, str]
    pytest: dict[str, object] = {}


class Part(Frozen, frozen=True):
    """The head of a part, ``part.json``; it is there from the part's first moment, and ``run`` from its last.

    Attributes:
        label: how the part is called; attempts of one job share it.
        fingerprint: of the tree that its tests ran on.
        previous: earlier sessions, that its tests were compared with.
        provenance: where it ran; its ``attempt`` tells a job that was run again.
        unfinished: why there is no ``run``.
    """

    schema: str
    session: str
    label: str
    fingerprint: str
    previous: list[Parent]
    python: str
    platform: str
    provenance: Provenance
    unfinished: str | None
    run: PartRun | None = None

    @property
    def shown(self) -> str:
        """Name the part for a message."""
        attempt = self.provenance.attempt or 1
        return self.label if attempt == 1 else f"{self.label} (attempt {attempt})"

    @property
    def environment(self) -> tuple[str, str]:
        """Return the Python and platform that it ran on: parts of one environment must agree, those of two may differ."""
        return self.python, self.platform


class PartTests(Frozen, frozen=True):
    """A finished part with its tests and its folder; parts that collected the same tests share ``collection``."""

    folder: Path
    head: Part
    run: PartRun
    collection: Collection
    results: dict[str, CaseResult]


HEAD, COLLECTION, RESULTS, TREE, COVERAGE = "part.json", "collection.json", "results.json", "tree.json", "coverage.sqlite"

MOST = {HEAD: TABLE, COLLECTION: LINES, RESULTS: LINES, TREE: LINES, COVERAGE: 4 * LINES, DETAILS: TABLE}
"""The most bytes that each file of a part may have."""

_Read = TypeVar("_Read")


class _Schema(msgspec.Struct):
    schema: str


def folder_of(parts: Path, label: str, attempt: int | None) -> Path:
    """Return the folder of a part: attempts of one job do not overwrite each other, even if all are unpacked into one place."""
    folder = parts / f"part-{label}"
    return folder if attempt is None else folder / f"attempt-{attempt}"


def write_head(folder: Path, part: Part) -> None:
    """Write only the head, last: its digests tell whether the files beside it are whole.

    Raises:
        WriteProblem: when it cannot be written.
    """
    write_each([Artifact(path=folder / HEAD, content=msgspec.json.format(encode_json(part), indent=1) + b"\n")])


def write_tests(folder: Path, collection: Collection, results: Mapping[str, CaseResult], tree: Mapping[str, str]) -> None:
    """Write the files that the head of a finished part names; the order of collection makes no difference to the bytes.

    Raises:
        WriteProblem: when it cannot be written.
    """
    ordered = Collection(
        tests={test: collection.tests[test] for test in sorted(collection.tests)},
        whole_files=sorted(collection.whole_files),
        broken_files=collection.broken_files,
        skipped_nodes=sorted(collection.skipped_nodes, key=attrgetter("id")),
        left_out=sorted(collection.left_out),
    )
    contents = {COLLECTION: ordered, RESULTS: {test: results[test] for test in sorted(results)}, TREE: tree}
    write_each(Artifact(path=folder / name, content=encode_json(value)) for name, value in contents.items())


def write_details(folder: Path, details: Details) -> None:
    """Write durations and failure texts of a part; the head does not name them, since they are not evidence.

    Raises:
        WriteProblem: when it cannot be written.
    """
    write_each([Artifact(path=folder / DETAILS, content=partial(encoded, details))])


def remove_details(folder: Path) -> None:
    """Remove what an earlier run left of this part, since nothing else would tell its texts from those of a new one."""
    with suppress(OSError):
        (folder / DETAILS).unlink()


def read_details(part: PartTests) -> Details | None:
    """Read durations and failure texts of a part; ``None`` where there are none that can be used."""
    try:
        return decoded(_content(part.folder / DETAILS), part.head.session, str(part.folder / DETAILS))
    except EvidenceProblem:
        return None


def digests(folder: Path) -> dict[str, str]:
    """Hash each file of a part, as its head holds the digests."""
    names = (COLLECTION, RESULTS, TREE, COVERAGE)
    return {name: digest_of((folder / name).read_bytes()) for name in names if (folder / name).is_file()}


def find_parts(folders: Iterable[Path]) -> dict[Path, Part]:
    """Find the head of every part in or below these folders, each once.

    Raises:
        EvidenceProblem: for a folder that does not exist, and for a head that cannot be used.
    """
    heads: dict[Path, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise EvidenceProblem("is not a folder; name the folder with the parts", path=str(folder))
        for head in sorted(folder.rglob(HEAD)):
            heads.setdefault(head.resolve(), head)
    return {head.parent: _head(head) for head in heads.values()}


def tree_of(folder: Path, head: Part) -> dict[str, str]:
    """Read the tree that a finished part's tests ran on, as path to what tells it from another content or kind.

    Raises:
        EvidenceProblem: when it is missing or damaged.
    """
    return _decode(folder / TREE, _bytes(folder, TREE, _run(folder, head)), dict[str, str])


class PartReader:
    """A reader of the tests of parts."""

    def __init__(self) -> None:
        self._collections: dict[str, Collection] = {}

    def tests(self, folder: Path, head: Part) -> PartTests:
        """Read a finished part with its tests.

        Raises:
            EvidenceProblem: when a file is missing, damaged, or not the one that the head names.
        """
        run = _run(folder, head)
        data = _bytes(folder, COLLECTION, run)
        digest = run.digests[COLLECTION]
        if digest not in self._collections:
            self._collections[digest] = _decode(folder / COLLECTION, data, Collection)
        results = _decode(folder / RESULTS, _bytes(folder, RESULTS, run), dict[str, CaseResult])
        return PartTests(folder=folder, head=head, run=run, collection=self._collections[digest], results=results)


def coverage_file(part: PartTests) -> Path | None:
    """Locate the coverage data of a part, or return ``None`` where it ran nothing that is measured.

    Raises:
        EvidenceProblem: when they are missing, or not those that the head names.
    """
    if part.run.coverage is None or COVERAGE not in part.run.digests:
        return None
    _bytes(part.folder, COVERAGE, part.run)
    return part.folder / COVERAGE


def _run(folder: Path, head: Part) -> PartRun:
    if head.run is None:
        raise EvidenceProblem(f"the part did not finish: {head.unfinished}", path=str(folder))
    return head.run


def _head(path: Path) -> Part:
    data = _content(path)
    schema = _decode(path, data, _Schema).schema
    if schema != PART_SCHEMA:
        raise EvidenceProblem(
            f"has the schema {schema!r}, but this version reads {PART_SCHEMA!r}: upgrade pytest-handoff", path=str(path)
        )
    part = _decode(path, data, Part)
    try:
        check_part_label(part.label)
    except HandoffError as problem:
        raise EvidenceProblem(f"is damaged: {problem.message}", path=str(path)) from problem
    return part


def _bytes(folder: Path, name: str, run: PartRun) -> bytes:
    """Read a file of a part, and refuse it if it is not the one that the head names."""
    path = folder / name
    data = _content(path)
    if digest_of(data) != run.digests.get(name):
        raise EvidenceProblem(f"does not match the digest in {HEAD}: the part is damaged; run that job again", path=str(path))
    return data


def _content(path: Path) -> bytes:
    """Read a file of a part, which another machine made: a regular one of a bounded size, and no link to somewhere else."""
    inside = [path.parent.resolve()]
    if leads_outside(path, inside) is not None:
        raise EvidenceProblem("is a link to outside the part; unpack the artifact of that job again", path=str(path))
    try:
        return read_file(path, inside, MOST[path.name])
    except Refused as refused:
        raise EvidenceProblem(f"{refused.why}, which never happens in a part; run that job again", path=str(path)) from refused
    except OSError as error:
        raise EvidenceProblem(f"cannot be read: {error.strerror or error}; run that job again", path=str(path)) from error


def _decode(path: Path, data: bytes, kind: type[_Read]) -> _Read:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceProblem(f"is damaged: {error}; run that job again", path=str(path)) from error


def parts_here(project: Project, start: Start) -> Path:
    """Return the folder in pytest's cache for parts without ``--handoff-artifacts``; each tree has its own."""
    sessions = project.folder / ".pytest_cache" / "handoff" / ".parts" / start.session
    return sessions / start.tree.fingerprint.removeprefix("sha256:")[:16]

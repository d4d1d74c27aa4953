"""Define the evidence of a work session, as written to ``record.json`` and the JSON Lines beside it.

``None`` always means *not measured*, never zero. Paths are relative to the git root (without git, to the project's folder) and
use ``/``. Percentages are unrounded; code that shows one cuts it and never rounds it up.
"""

from typing import Literal

import msgspec
from msgspec.structs import force_setattr

from pytest_handoff.figures import count_ranges, percent_of, rounded

RECORD_SCHEMA = "pytest-handoff/record/1"

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "not_run"]
OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "not_run")

Status = Literal[
    "new", "still_passing", "fixed", "regressed", "still_failing", "newly_skipped", "still_skipped",
    "missing", "moved", "reparametrized", "not_run", "retired",
]  # fmt: skip

Word = Literal["passed", "failed", "unknown", "waived"]


class Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An immutable piece of evidence; a key that this version does not know is an error, never ignored."""


class Bundle(msgspec.Struct, frozen=True):
    """Values that belong together while the program runs, and that no file holds.

    Nothing evaluates the annotations. Python would compile the methods of a data class anew in each process.
    """


class LastSeen(Frozen, frozen=True, gc=False):
    """The newest outcome a test had in a session in which it ran."""

    session: str
    outcome: Outcome


class Retired(Frozen, frozen=True):
    """Why and since when a test no longer counts."""

    session: str
    reason: str


class LedgerLine(Frozen, frozen=True, omit_defaults=True, gc=False):
    """One test that was ever recorded.

    ``outcome`` is ``None`` where the test is gone (``missing`` or ``retired``). ``since`` is the first session that had it,
    ``promised`` says that it failed as a strict xfail does: it is owed, not skipped. Keys with their default value are left
    out of the file. ``checks`` are the checklist lines that the test is linked to, ``parts`` the outcome in each part where
    several ran the test and did not agree. ``with_file`` says that it was skipped with its whole file, which pytest counts once;
    ``known`` is why it may fail. ``replaced`` is the session in which other cases of its function came in its place: the id is
    gone, and no test is lost.
    """

    id: str
    tier: str
    since: str
    outcome: Outcome | None
    flaky: bool = False
    reruns: int = 0
    subtests: int = 0
    failed_subtests: int = 0
    promised: bool = False
    last: LastSeen | None = None
    moved_from: str | None = None
    retired: Retired | None = None
    reason: str | None = None
    error: str | None = None
    checks: tuple[str, ...] = ()
    parts: dict[str, Outcome] | None = None
    with_file: bool = False
    known: str | None = None
    replaced: str | None = None


class SourceLine(Frozen, frozen=True, omit_defaults=True, gc=False):
    """One file of the tree as the session left it.

    ``blob`` is git's blob id; ``lines`` holds one hash of fixed width a line (see ``evidence/source_changes``), only
    for files whose lines count as code. ``kind`` is ``executable`` or ``link`` where the file is not a plain one, and
    names the hash of its bytes where git would check out others.
    """

    path: str
    blob: str
    lines: str = ""
    kind: str = ""


class SourceEdits(Frozen, frozen=True, omit_defaults=True):
    """A changed file in sources that are written as a difference, where that is shorter than its line.

    Each of ``edits`` is a line of the session before that has changed (counted from 0), how many lines from there are gone, and
    the hashes of those that stand in their place; ``blob`` and ``kind`` are those of now.
    """

    path: str
    blob: str
    edits: list[tuple[int, int, str]]
    kind: str = ""


class Difference(Frozen, frozen=True, omit_defaults=True):
    """The first line of a ledger or of sources that are written as what differs from those of an earlier session.

    ``digest`` is the sha256 of that session's whole file, and ``gone`` names the tests or files that are in it and not in this
    one. The lines that follow are new or changed, in full.
    """

    differs_from: str
    digest: str
    gone: list[str] = []


class Parent(Frozen, frozen=True):
    """The record of an earlier session that this one continues, by the sha256 of that record's bytes."""

    session: str
    digest: str


class CombinedPart(Frozen, frozen=True):
    """One of the parts that ``handoff combine`` joined; ``counts`` has the outcomes that occurred."""

    label: str
    attempt: int | None
    python: str
    platform: str
    exitstatus: int
    args: list[str]
    counts: dict[str, int]
    not_measured: str | None


class RunInfo(Frozen, frozen=True):
    """One pytest invocation, or several that add up; all that varies by itself is here.

    ``agent`` is who did the work, where that was said. ``parts`` says how each invocation was narrowed. ``whole_files`` is kept
    while the run is incomplete, so that a later part can tell when every test file was collected. ``combined`` are the parts
    that ``handoff combine`` joined, by label; empty where there were none.
    """

    started: str
    finished: str
    duration_s: float
    exitstatus: int
    complete: bool
    why_incomplete: list[str]
    interrupted: bool
    parts: list[str]
    whole_files: list[str]
    args: list[str]
    python: str
    platform: str
    plugins: dict[str, str]
    agent: str | None
    combined: list[CombinedPart] = []


class SourceState(Frozen, frozen=True):
    """Which code the evidence is about.

    ``base_found`` says how the base was found: ``evidence``, ``first`` or ``pruned``. ``sources`` is the sha256 of the bytes of
    ``sources.jsonl``, which may be pruned and never be another.
    """

    commit: str | None
    branch: str | None
    dirty: bool | None
    fingerprint: str
    base: str | None
    base_found: str
    modified: list[str]
    untracked: list[str]
    sources: str | None = None


class Regression(Frozen, frozen=True):
    """Earlier tests: how many count (``expected``), how many of those pass, and how many have each status."""

    expected: int
    passing: int
    statuses: dict[str, int]


class SkippedNode(Frozen, frozen=True):
    """A file (or another collector) that skipped itself while it was collected; pytest counts it as one skipped test."""

    id: str
    tier: str
    reason: str


class TallySummary(Frozen, frozen=True, omit_defaults=True):
    """The ledger in figures; ``ledger`` is the sha256 of its bytes.

    ``counts`` and ``tiers`` are pytest's totals: each of ``skipped_nodes`` counts once, and the tests in it do not. ``left_out``
    says how many collected tests of each file the project's settings leave out. ``failed_subtests`` are beside the counts, where
    pytest's last line has each of them as a failure.
    """

    ledger: str
    counts: dict[str, int]
    tiers: dict[str, dict[str, int]]
    new: int
    flaky: int
    regression: Regression
    skipped_nodes: list[SkippedNode] = []
    left_out: dict[str, int] = {}
    failed_subtests: int = 0


class FileCoverage(Frozen, frozen=True):
    """Coverage of one file, in coverage.py's words; ``missing`` and ``excluded_lines`` are ranges such as ``7, 9-10``.

    A record leaves out the keys that have their default value. Of these, -1 stands for what follows from the others: ``covered``
    statements are those that are not ``missing``, and ``percent`` is what coverage.py makes of both.
    """

    num_statements: int
    covered: int = -1
    percent: float = -1.0
    missing: str = ""
    excluded: int = 0
    excluded_lines: str = ""
    num_branches: int | None = None
    covered_branches: int | None = None

    def __post_init__(self) -> None:
        """Work out what a record leaves out.

        Raises:
            ValueError: when the missing lines are no ranges, or more than there are.
        """
        if self.covered == -1:
            covered = self.num_statements - (_lines_in(self.missing) if self.missing else 0)
            if not 0 <= covered <= self.num_statements:
                raise ValueError(f"{self.missing[:200]!r} are not the missing ones of {self.num_statements} statements")
            force_setattr(self, "covered", covered)
        if self.percent == -1:
            covered, total = self.covered + (self.covered_branches or 0), self.num_statements + (self.num_branches or 0)
            force_setattr(self, "percent", 100.0 * covered / total if total else 100.0)


class CoverageLine(FileCoverage, frozen=True, kw_only=True):
    """The coverage of one file as a line of ``coverage.jsonl``."""

    path: str


class StatementsLine(Frozen, frozen=True, omit_defaults=True):
    """Hold what the lines of one source are, as a line of ``statements.jsonl``.

    Attributes:
        path: the file.
        layout: which of its lines are statements (:mod:`pytest_handoff.evidence.layouts`).
        branches: where they can go on (:mod:`pytest_handoff.evidence.branches`); empty where that is not kept.
    """

    path: str
    layout: str
    branches: str = ""


class ParsedBy(Frozen, frozen=True, omit_defaults=True):
    """Everything besides the text of a source that decides which of its lines are statements, and which branches there are.

    Attributes:
        python: the implementation and minor version of Python, such as ``cpython 3.13``, and whether it leaves out ``assert``.
        coverage: the version of coverage.py.
        exclude: its patterns of lines to exclude, all of them.
        partial: its patterns of lines of which not every branch is asked for; ``None`` if branches are not measured.
    """

    python: str
    coverage: str
    exclude: list[str]
    partial: list[str] | None = None


class KnownStatements(Frozen, frozen=True):
    """Name ``statements.jsonl`` by the sha256 of its bytes, and what parsed the sources."""

    digest: str
    parsed_by: ParsedBy


def _lines_in(ranges: str) -> int:
    """Count the lines in ``7, 9-10``, very many times; nobody counts twice what a record names twice."""
    bounds = [part.partition("-") for part in ranges.split(", ")]
    return sum(int(last or first) - int(first) + 1 for first, _, last in bounds)


class CoverageSummary(Frozen, frozen=True, omit_defaults=True):
    """Coverage as coverage.py reports it; ``percent`` is its own, with branches where branches are measured.

    ``precision`` is the number of decimals in its reports, if the project asks for any. ``by_file`` is the sha256 of the bytes of
    ``coverage.jsonl``, where that has the files; the record's own ``files`` are empty then, until the two are read together.
    ``statements`` is there where ``statements.jsonl`` is.
    """

    percent: float
    branch_percent: float | None
    num_statements: int
    covered: int
    files: dict[str, FileCoverage]
    precision: int = 0
    by_file: str | None = None
    statements: KnownStatements | None = None

    @property
    def shown(self) -> str:
        """Format the total as the report of the same run does, or cut to one decimal where that has none."""
        return rounded(self.percent, self.precision) if self.precision > 0 else percent_of(self.percent)


class NewCodeFile(Frozen, frozen=True):
    """New statements of one file as ranges of their first lines.

    ``not_by_…`` are those that something else ran; ``missing`` ones are not repeated there. What speaks of *by whom* is
    ``None`` where contexts are missing. ``marked`` are the excluded lines that ``pragma: no cover`` leaves out.

    A record leaves out the keys that have their default value. Of these, -1 stands for what follows from the others: ``lines``
    are statements, those that are not ``missing`` are covered, and by tests those of these that are not ``not_by_…``.
    """

    lines: str
    missing: str = ""
    not_by_unit: str | None = ""
    not_by_new_unit: str | None = ""
    num_statements: int = -1
    covered: int = -1
    covered_by_unit: int | None = -1
    covered_by_new_unit: int | None = -1
    excluded: str = ""
    marked: str = ""

    def __post_init__(self) -> None:
        """Work out what a record leaves out.

        Raises:
            ValueError: when the lines are no ranges, or more are missing than there are.
        """
        if self.num_statements == -1:
            force_setattr(self, "num_statements", _lines_in(self.lines) if self.lines else 0)
        if self.covered == -1:
            force_setattr(self, "covered", self._without(self.missing, self.num_statements))
        for others, figure in (("not_by_unit", "covered_by_unit"), ("not_by_new_unit", "covered_by_new_unit")):
            if getattr(self, figure) == -1:
                lines = getattr(self, others)
                force_setattr(self, figure, None if lines is None else self._without(lines, self.covered))

    def _without(self, lines: str, total: int) -> int:
        left = total - (_lines_in(lines) if lines else 0)
        if not 0 <= left <= total:
            raise ValueError(f"{lines[:200]!r} are not some of the {total} new statements")
        return left


Owed = dict[str, dict[str, str]]
"""By session and path, the statements that a session of this work left untested although its checklist asked for them."""


class NewCode(Frozen, frozen=True, omit_defaults=True):
    """Statements that are new since the base, and who runs them; ``by`` figures are ``None`` where contexts are missing.

    ``notes`` are sentences a reader must see beside the figure (what it may contain, which rule was used). ``unmeasured`` are new
    Python files that no measurement saw and that no tests have. ``at_import`` has, by path, the new statements that ran and
    that only an import can run: the figures ``by`` tests say nothing of them. ``doubtful`` are the session's unit tests
    that were skipped or xfailed without a marker: what they ran before is among the figures ``by`` tests. ``owed`` is what
    earlier sessions of this work left untested against their own checklists, as far as nothing runs it now either; ``owed_to``
    is what they left to other tests than they were asked for, by the tests that are still to run it, ``unit`` or ``new_unit``;
    ``spared`` says how many statements the line of such a session lets go without. Where there are none, each of these keys is
    left out.
    """

    num_statements: int
    covered: int
    covered_by_unit: int | None
    covered_by_new_unit: int | None
    excluded: int
    base: str
    files: dict[str, NewCodeFile]
    notes: list[str]
    unmeasured: list[str] = []
    at_import: dict[str, str] = {}
    doubtful: list[str] = []
    owed: Owed = {}
    owed_to: dict[Literal["unit", "new_unit"], Owed] = {}
    spared: dict[str, int] = {}

    @property
    def by_tests(self) -> int:
        """Count the statements that the figures by tests are about: without those that run at import only."""
        return self.num_statements - sum(count_ranges(lines) for lines in self.at_import.values())


class Changes(Frozen, frozen=True, omit_defaults=True):
    """What the session changed since its base. Line counts are of code files only.

    ``commits`` counts the commits since that of the base, where the document asked for it and git knows all of them.
    """

    created: list[str]
    modified: list[str]
    removed: list[str]
    renamed: list[tuple[str, str]]
    lines_added: int
    lines_removed: int
    tests_added: int
    documents_changed: int
    commits: int | None = None


class Verdict(Frozen, frozen=True):
    """What a gate says: its verdict, the evidence in one sentence, and what it needs to pass (``None`` when it holds)."""

    id: str
    verdict: Word
    evidence: str
    needs: str | None = None


class Metric(Frozen, frozen=True):
    """A measured value of the user's, with its target; ``better`` says which direction is good."""

    name: str
    value: float
    unit: str | None = None
    target: float | None = None
    better: Literal["lower", "higher"] | None = None


class Written(Frozen, frozen=True, omit_defaults=True):
    """Hold what the plugin wrote at one place of the document, so that it knows its own text again.

    Of a long block only the ``sha256`` of its text is kept: the checksum in its end marker tells whether it is as it was written.
    """

    id: str
    text: str = msgspec.field(default_factory=str)  # so that an empty one is in the digest of a record, as it always was
    sha256: str | None = None

    @property
    def known(self) -> str:
        """Return the text, or the digest that stands for it."""
        return self.sha256 or self.text


class Provenance(Frozen, frozen=True):
    """Where the evidence was made: ``local`` or ``ci``."""

    kind: Literal["local", "ci"]
    run_url: str | None
    attempt: int | None


class Extensions(Frozen, frozen=True):
    """What hooks of the project or of other plugins said: values by name, verdicts of their gates, lines and their gates."""

    facts: dict[str, str] = {}
    gates: list[Verdict] = []
    checks: dict[str, str] = {}


class ParsedFiles(Frozen, frozen=True, omit_defaults=True):
    """Count the configuration files of each format, and name those that the session did not change and that do not parse."""

    formats: dict[str, int]
    broken: dict[str, str] = {}


class Integrity(Frozen, frozen=True, omit_defaults=True):
    """Functions of tests (ids without parameters): earlier ones that changed, and new or changed ones that assert nothing.

    ``beside`` are constants, fixtures and helpers in their files that changed and that earlier tests use, as ``file::NAME``;
    ``in_another_name`` are tests, or their files, that run code under a file name which they compute, or speak to coverage.py.
    ``parsed`` is about files that the session did not change; ``uncollected`` are new or changed test modules that a run of
    everything did not collect. Where these four are empty they are left out of the file, as they are in records that did not know
    of them.
    """

    changed: list[str] | None
    without_assertion: list[str]
    beside: list[str] = []
    in_another_name: list[str] = []
    parsed: ParsedFiles | None = None
    uncollected: list[str] = []


class UnstableIds(Frozen, frozen=True):
    """The ids of one test function (``test``, without parameters) that change by themselves: how many, one of them, and why."""

    test: str
    why: str
    ids: int
    example: str


class Record(Frozen, frozen=True):
    """The evidence of one session. All keys are always present.

    ``unparsable`` maps changed configuration files that do not parse to the reason; ``required`` are the checklist lines that
    the document must keep; ``not_measured`` says why something is ``null``; ``instructions`` is the file with the
    session's instructions, where one was named. ``extensions`` is kept since nothing but a run can ask for it again.
    ``digest`` stands in the file alone: the sha256 of all the rest, by which damage and edits by hand are seen.
    """

    schema: str
    session: str
    previous: list[Parent]
    run: RunInfo
    source: SourceState
    tests: TallySummary
    coverage: CoverageSummary | None
    new_code: NewCode | None
    not_measured: dict[str, str]
    changes: Changes | None
    unparsable: dict[str, str] | None
    policy: dict[str, object]
    gates: list[Verdict]
    metrics: list[Metric]
    document: str
    places: list[Written]
    required: list[str]
    provenance: Provenance
    instructions: str | None = None
    extensions: Extensions = Extensions()
    integrity: Integrity | None = None
    unstable: list[UnstableIds] = []
    digest: str | None = None

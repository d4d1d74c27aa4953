"""Evidence in few words, for tests: a ledger, a run, a record or the facts of a session from lines of text.

A line is ``tier id outcome`` and then what else is true of the test: ``since=session-1``, ``flaky``, ``promised``,
``last=session-1:passed``, ``moved_from=…``, ``retired=session-2:why``, ``error=…``, ``reason=…`` (``~`` stands for a blank).
``gone`` is the outcome of a test that is not there any more; ``session-2`` is the session at hand, ``session-1`` the one before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_handoff.evidence import facts, regression
from pytest_handoff.evidence import ledger as lineage
from pytest_handoff.evidence.measurement import Lines
from pytest_handoff.evidence.regression import LineGroups
from pytest_handoff.parts.files import PART_SCHEMA, Part, PartRun, PartTests
from pytest_handoff.record import (
    RECORD_SCHEMA,
    CoverageSummary,
    FileCoverage,
    LastSeen,
    LedgerLine,
    NewCode,
    NewCodeFile,
    Parent,
    Provenance,
    Record,
    Retired,
    RunInfo,
    SourceState,
    TallySummary,
)
from pytest_handoff.run import CaseResult, Collected, Collection, Run, SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BEFORE, NOW = "session-1", "session-2"
NO_LINES = Lines(executed=lambda _path: {}, marked=lambda _path: frozenset())


def ledger_of(text: str, *, since: str = BEFORE) -> dict[str, LedgerLine]:
    """A ledger, sorted by id; ``since`` is the first session of tests that do not say it themselves."""
    lines = [_ledger_line(row.split(), since) for row in text.splitlines() if row.strip()]
    return {line.id: line for line in sorted(lines, key=lambda line: line.id)}


def earlier_of(text: str, session: str = BEFORE) -> lineage.EarlierTests:
    """What one earlier session left."""
    return lineage.join_parents([(session, ledger_of(text, since=session))])


def run_of(text: str = "", *, whole: Iterable[str] | None = None, **changes: Any) -> Run:
    """A run; the outcome ``unrun`` is a test that was collected and did not run. Every file was collected whole."""
    rows = [row.split() for row in text.splitlines() if row.strip()]
    files = {test.partition("::")[0] for _, test, *_ in rows}
    defaults: dict[str, Any] = {
        "collected": {test: Collected(tier=tier, promised="promised" in more) for tier, test, _, *more in rows},
        "results": {test: _result(outcome, more) for _, test, outcome, *more in rows if outcome != "unrun"},
        "whole_files": frozenset(files if whole is None else whole),
        "broken_files": {},
        "why_partial": (),
        "mishaps": (),
        "interrupted": None,
        "started": 1_000.0,
        "finished": 1_012.5,
        "exitstatus": 0,
        "args": (),
        "plugins": {},
        "reported": {},
    }
    return Run(**defaults | changes)


def collection_of(text: str, *, whole: Iterable[str] | None = None, broken: dict[str, str] | None = None) -> Collection:
    """What a process collected that ran these tests."""
    run = run_of(text, whole=whole)
    return Collection(tests=run.collected, whole_files=sorted(run.whole_files), broken_files=broken or {})


def part_of(
    text: str,
    *,
    label: str,
    attempt: int | None = None,
    python: str = "3.13.0",
    platform: str = "Linux x86_64",
    whole: Iterable[str] | None = None,
    broken: dict[str, str] | None = None,
    collection: Collection | None = None,
    folder: Path = Path("parts"),
    **changes: Any,
) -> PartTests:
    """A finished part of ``session-2``, of a CI run where there is an attempt; ``changes`` go to its run."""
    url = None if attempt is None else "https://example.invalid/1"
    defaults: dict[str, Any] = {
        "started": 1_000.0, "finished": 1_012.5, "exitstatus": 0, "args": [], "plugins": {"pytest": "9.2.0"}, "why_partial": [],
        "mishaps": [], "metrics": [], "rootdir": ".", "suite": SuiteFiles(patterns=["test_*.py"], folders=[]),
        "instructions": None, "agent": None, "hooks": [], "coverage": None, "not_measured": "no pytest-cov", "digests": {},
    }  # fmt: skip
    run = PartRun(**defaults | changes)
    head = Part(
        schema=PART_SCHEMA, session=NOW, label=label, fingerprint="sha256:tree", previous=[], python=python, platform=platform,
        provenance=Provenance(kind="local" if attempt is None else "ci", run_url=url, attempt=attempt), unfinished=None, run=run,
    )  # fmt: skip
    seen = collection or collection_of(text, whole=whole, broken=broken)
    return PartTests(folder=folder, head=head, run=run, collection=seen, results=run_of(text).results)


def facts_of(now: str, before: str = "", **changes: Any) -> facts.Facts:
    """The facts of ``session-2`` after ``session-1``; ``changes`` go to :func:`record_of`. No line before: a first session."""
    lines = ledger_of(now, since=BEFORE if before else NOW)
    earlier = earlier_of(before) if before else lineage.EarlierTests()
    record = record_of(lines, earlier, **changes)
    return facts_from(record, lines, earlier)


def facts_from(record: Record, lines: dict[str, LedgerLine], earlier: lineage.EarlierTests) -> facts.Facts:
    """Gather the facts of a session whose settings are as they were before, and whose document was not read."""
    fates = facts.fates_on_record(record, lines, earlier)
    return facts.Facts(record=record, ledger=lines, earlier=earlier, fates=fates, kinds=LineGroups(lines, fates))


def record_of(
    lines: Mapping[str, LedgerLine] | None = None,
    earlier: lineage.EarlierTests | None = None,
    *,
    session: str = NOW,
    **changes: Any,
) -> Record:
    """A record of a complete run of these tests; ``why_incomplete`` makes it an incomplete one, other names are its keys."""
    lines, earlier = lines or {}, earlier or lineage.EarlierTests()
    why = changes.pop("why_incomplete", [])
    defaults: dict[str, Any] = {
        "schema": RECORD_SCHEMA,
        "session": session,
        "previous": [Parent(session=name, digest=f"sha256:{name}") for name in earlier.sessions],
        "run": run_info(why_incomplete=why),
        "source": SourceState(
            commit=None, branch=None, dirty=None, fingerprint="sha256:tree", base=None, base_found="first", modified=[],
            untracked=[],
        ),
        "tests": tally_of(session, lines, earlier),
        "coverage": None,
        "new_code": None,
        "not_measured": {"coverage": "no pytest-cov"},
        "changes": None,
        "unparsable": None,
        "policy": {},
        "gates": [],
        "metrics": [],
        "document": f"handoffs/{session}.md",
        "places": [],
        "required": [],
        "provenance": Provenance(kind="local", run_url=None, attempt=None),
    }  # fmt: skip
    return Record(**defaults | changes)


def run_info(why_incomplete: Iterable[str] = (), **changes: Any) -> RunInfo:
    """What is recorded of a run beside its results; complete where nothing says why not."""
    why = list(why_incomplete)
    defaults: dict[str, Any] = {
        "started": "2026-01-02T03:04:05Z", "finished": "2026-01-02T03:04:17Z", "duration_s": 12.0, "exitstatus": 0,
        "complete": not why, "why_incomplete": why, "interrupted": False, "parts": ["everything"], "whole_files": [],
        "args": [], "python": "3.13.0", "platform": "Linux x86_64", "plugins": {}, "agent": None,
    }  # fmt: skip
    return RunInfo(**defaults | changes)


def tally_of(session: str, lines: Mapping[str, LedgerLine], earlier: lineage.EarlierTests) -> TallySummary:
    """The figures that belong to a ledger."""
    return facts.tally(session, lines, regression.fates(session, lines, earlier), "sha256:0123456789abcdef")


def coverage_of(**files: tuple[int, int]) -> CoverageSummary:
    """Coverage by file, ``a=(covered, statements)`` for ``src/a.py``."""
    covered, total = (sum(figures[which] for figures in files.values()) for which in (0, 1))
    return CoverageSummary(
        percent=100 * covered / total if total else 100.0,
        branch_percent=None,
        num_statements=total,
        covered=covered,
        files={f"src/{name}.py": _file_coverage(*figures) for name, figures in files.items()},
    )


def new_code_of(total: int, *, covered: int, unit: int | None = None, new_unit: int | None = None, missing: str = "") -> NewCode:
    """New code in one file, ``src/a.py``."""
    file = NewCodeFile(
        lines=f"1-{total}", missing=missing, not_by_unit="" if unit is not None else None,
        not_by_new_unit="" if new_unit is not None else None, num_statements=total, covered=covered, covered_by_unit=unit,
        covered_by_new_unit=new_unit, excluded="",
    )  # fmt: skip
    return NewCode(
        num_statements=total, covered=covered, covered_by_unit=unit, covered_by_new_unit=new_unit, excluded=0, base=BEFORE,
        files={"src/a.py": file} if total else {}, notes=[],
    )  # fmt: skip


def _file_coverage(covered: int, total: int) -> FileCoverage:
    return FileCoverage(
        num_statements=total, covered=covered, percent=100 * covered / total if total else 100.0, missing="", excluded=0,
        excluded_lines="", num_branches=None, covered_branches=None,
    )  # fmt: skip


def _ledger_line(words: list[str], since: str) -> LedgerLine:
    tier, test, outcome, *more = words
    known: dict[str, Any] = {"since": since} | _more(more)
    if "last" in known:
        known["last"] = LastSeen(**dict(zip(("session", "outcome"), known["last"].split(":"), strict=True)))
    if "retired" in known:
        known["retired"] = Retired(**dict(zip(("session", "reason"), known["retired"].split(":"), strict=True)))
    return LedgerLine(id=test, tier=tier, outcome=None if outcome == "gone" else outcome, **known)


def _result(outcome: str, more: list[str]) -> CaseResult:
    return CaseResult(outcome=outcome, **{key: value for key, value in _more(more).items() if key != "promised"})


def _more(words: Iterable[str]) -> dict[str, Any]:
    return {key: _value(value) if equals else True for key, equals, value in (word.partition("=") for word in words)}


def _value(text: str) -> str | int:
    return int(text) if text.isdecimal() else text.replace("~", " ")

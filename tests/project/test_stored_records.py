"""A record is stored shorter than it is, and reads back as it was, with the digest of all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from builders import BEFORE, coverage_of, ledger_of, new_code_of, record_of
from pytest_handoff.figures import format_ranges
from pytest_handoff.project.encoding import content_digest, encode_record
from pytest_handoff.project.store import Store
from pytest_handoff.record import CoverageSummary, FileCoverage, NewCodeFile, Record, Verdict

if TYPE_CHECKING:
    from pathlib import Path

LINES = st.frozensets(st.integers(1, 60), max_size=40)


@st.composite
def files(draw: st.DrawFn) -> FileCoverage:
    """The coverage of a file as coverage.py may report it, with and without branches, or as somebody may have edited it."""
    statements = draw(LINES)
    missing = frozenset(line for line in statements if draw(st.booleans()))
    branches = draw(st.none() | st.integers(0, 20))
    hit = None if branches is None else draw(st.integers(0, branches))
    total = len(statements) + (branches or 0)
    covered = len(statements - missing)
    right = 100.0 * (covered + (hit or 0)) / total if total else 100.0
    return FileCoverage(
        num_statements=len(statements),
        covered=draw(st.just(covered) | st.integers(0, 99)),
        percent=draw(st.just(right) | st.floats(0, 100)),
        missing=format_ranges(missing),
        excluded=draw(st.integers(0, 3)),
        excluded_lines=draw(st.sampled_from(["", "7"])),
        num_branches=branches,
        covered_branches=hit,
    )


def with_files(found: dict[str, FileCoverage]) -> Record:
    summary = CoverageSummary(percent=1.5, branch_percent=None, num_statements=1, covered=1, files=found)
    return replace(record_of(ledger_of("unit a.py::t passed"), session=BEFORE), coverage=summary)


@st.composite
def new_files(draw: st.DrawFn) -> NewCodeFile:
    """The new code of a file as a run finds it, with contexts and without, or as somebody may have edited it."""
    new = draw(LINES)
    missing, at_import, by_unit = (frozenset(line for line in new if draw(st.booleans())) for _ in range(3))
    known = draw(st.booleans())
    open_to_tests = new - missing - at_import
    return NewCodeFile(
        lines=format_ranges(new),
        missing=format_ranges(missing),
        not_by_unit=format_ranges(open_to_tests - by_unit) if known else None,
        not_by_new_unit=format_ranges(open_to_tests) if known else None,
        num_statements=draw(st.just(len(new)) | st.integers(0, 99)),
        covered=draw(st.just(len(new - missing)) | st.integers(0, 99)),
        covered_by_unit=draw(st.just(len(open_to_tests & by_unit) if known else None) | st.integers(0, 99)),
        covered_by_new_unit=0 if known else None,
        excluded=draw(st.sampled_from(["", "7"])),
        marked=draw(st.sampled_from(["", "7"])),
    )


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), new_files(), max_size=4))
def test_new_code_reads_back_as_it_was(found: dict[str, NewCodeFile]) -> None:
    """What is left out of a file's new code follows from its lines."""
    record = replace(with_files({}), new_code=replace(new_code_of(3, covered=3), files=found))
    again = msgspec.json.decode(encode_record(record), type=Record)
    assert again == record
    assert content_digest(again) == content_digest(record)


def test_the_usual_new_code_takes_one_short_line() -> None:
    """All of it ran, and unit tests ran it; and a gate that passes needs nothing."""
    record = replace(
        with_files({}),
        new_code=new_code_of(9, covered=9, unit=9, new_unit=9),
        gates=[Verdict(id="complete", verdict="passed", evidence="all")],
    )
    text = encode_record(record).decode()
    assert '"files": {"src/a.py": {"lines": "1-9"}}' in text
    assert '"gates": [{"id": "complete", "verdict": "passed", "evidence": "all"}]' in text


@pytest.mark.parametrize(
    "table", ['{"lines":"x"}', '{"lines":"1","missing":"1-2"}', '{"lines":"5-1"}', '{"lines":"1","not_by_unit":"1-9"}', "{}"]
)
def test_new_code_that_no_run_finds_is_refused(table: str) -> None:
    """Whoever reads the record says that it is damaged."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(table, type=NewCodeFile)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), files(), max_size=4))
def test_a_record_reads_back_as_it_was(found: dict[str, FileCoverage]) -> None:
    """Whatever is left out follows from the rest, to the last digit."""
    record = with_files(found)
    again = msgspec.json.decode(encode_record(record), type=Record)
    assert again == record
    assert content_digest(again) == content_digest(record)


def test_the_usual_file_takes_one_short_line() -> None:
    """Statements and missing lines say the rest."""
    percent = 100.0 * 149 / 151
    file = FileCoverage(num_statements=151, covered=149, percent=percent, missing="3, 90")
    text = encode_record(with_files({f"src/part{number}.py": file for number in range(9)})).decode()
    assert '   "src/part3.py": {"num_statements": 151, "missing": "3, 90"},\n' in text
    assert text.startswith('{\n "schema": "pytest-handoff/record/1",\n "session": "session-1",\n "previous": [],\n "run": {')
    assert json.loads(text)["coverage"]["files"].keys() == {f"src/part{number}.py" for number in range(9)}


def test_an_older_layout_stays_where_nothing_else_changes(tmp_path: Path) -> None:
    """The sessions that continue it hold the digest of its bytes; ``handoff fill`` writes it anew only where it says more."""
    store = Store(tmp_path, tmp_path)
    record = with_files({"src/a.py": FileCoverage(num_statements=4, covered=3, percent=75.0, missing="2")})
    older = msgspec.json.format(msgspec.json.encode(replace(record, digest=content_digest(record))), indent=1)
    path = tmp_path / "evidence" / BEFORE / "record.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(older)
    assert store.record(BEFORE) == record
    *_, file = store.artifacts(record, b"", None)
    assert file.content == older
    *_, file = store.artifacts(replace(record, document="another.md"), b"", None)
    other = replace(record, document="another.md")
    assert file.content == encode_record(replace(other, digest=content_digest(other)))


def test_an_older_record_has_all_keys_and_the_same_digest() -> None:
    """Each on a line of its own, as they were written before."""
    record = replace(record_of(ledger_of("unit a.py::t passed"), session=BEFORE), coverage=coverage_of(a=(9, 10), b=(0, 0)))
    older = msgspec.json.format(msgspec.json.encode(record), indent=1)
    assert older.count(b"\n") > encode_record(record).count(b"\n") + 40
    assert msgspec.json.decode(older, type=Record) == msgspec.json.decode(encode_record(record), type=Record)


@pytest.mark.parametrize("missing", ["x", "1-99", "9-1", "-3", "9" * 5000, "1-2-3"])
def test_what_does_not_follow_is_refused(missing: str) -> None:
    """Missing lines that are none, or more than there are."""
    table = {"num_statements": 5, "missing": missing}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(table), type=FileCoverage)

"""What each of very many tests takes in memory, by Python's own account of it."""

from __future__ import annotations

import json
import tracemalloc
from functools import partial
from io import DEFAULT_BUFFER_SIZE
from typing import TYPE_CHECKING, TypeVar

import pytest
from msgspec.structs import replace

from builders import earlier_of, record_of
from pytest_handoff.details import DETAILS_SCHEMA, Details
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.ledger import EarlierTests, Ledger, share_ids
from pytest_handoff.evidence.regression import fates
from pytest_handoff.project.artifacts import Artifact, write_each
from pytest_handoff.project.detail_files import encoded, finished
from pytest_handoff.project.encoding import digest_of, digest_of_pieces, encode_in_pieces, encode_lines
from pytest_handoff.project.store import Store
from pytest_handoff.record import LedgerLine, Record, SourceLine
from pytest_handoff.recording.recorder import Invocation, Recorder
from pytest_handoff.run import Collected, Collection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Made = TypeVar("Made")

MANY = 4000
"""Tests enough for several pieces of the file."""
IDS = [f"tests/unit/test_part{number // 50:04}.py::test_case_{number:05}" for number in range(MANY)]


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Store, Record]:
    """A session of many tests on disk."""
    lines = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    return written(tmp_path, encode_lines(lines.values()), lines)


def written(folder: Path, content: bytes, lines: Ledger) -> tuple[Store, Record]:
    store, record = Store(folder, folder), record_of(lines, session="session-1")
    record = replace(record, tests=replace(record.tests, ledger=digest_of(content)))
    write_each(store.artifacts(record, content, None))
    return store, record


def test_an_earlier_test_takes_its_line_and_its_place_in_the_table(kept: tuple[Store, Record]) -> None:
    """Neither the names of its tier and session, nor its id, which pytest keeps anyway, are there for each test once more."""
    store, record = kept
    tracemalloc.start()
    try:
        ledger = store.ledger(record)
        share_ids(ledger, IDS)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert list(ledger) == IDS
    line_of_15_fields, place_in_a_table = 144, 80
    assert taken / MANY < line_of_15_fields + place_in_a_table


def test_lines_share_what_few_words_say(kept: tuple[Store, Record]) -> None:
    """Lines from all pieces of a file have the same object where they say the same."""
    store, record = kept
    lines = store.ledger(record).values()
    assert {(line.tier, line.since) for line in lines} == {("unit", "session-1")}
    assert len({(id(line.tier), id(line.since)) for line in lines}) == 1


def test_damage_is_told_with_its_line_wherever_it_is(tmp_path: Path) -> None:
    """The number of a line counts from the beginning of the file, not from that of a piece."""
    lines = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    content = encode_lines(lines.values()).replace(b'_03000","tier":"unit"', b'_03000","tier":1')
    store, record = written(tmp_path, content, lines)
    with pytest.raises(EvidenceProblem, match=r"tests\.jsonl:3001: is damaged: Expected `str`, got `int`"):
        store.ledger(record)


def test_shared_ids_change_nothing() -> None:
    """Tests of both ledger and run, of the run alone and of the ledger alone: what is said and its order stay as they were."""
    text = "unit a.py::x passed\ne2e b.py::y failed error=no\nunit c.py::gone gone retired=s-1:why"
    ledger, before = earlier_of(text).lines, earlier_of(text).lines
    collected = ["".join(list(test)) for test in ("b.py::y", "a.py::x", "a.py::new")]
    share_ids(ledger, collected)
    assert list(ledger.items()) == list(before.items())
    assert ledger["b.py::y"].id is collected[0]
    assert [id(test) for test in ledger] == [id(line.id) for line in ledger.values()]


def test_a_ledger_is_written_without_being_held_as_a_whole(tmp_path: Path) -> None:
    """Its digest, its comparison with the file on disk and its writing take a piece of it at a time."""
    lines = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    whole = encode_lines(lines.values())
    record = record_of(lines, session="session-1")
    tracemalloc.start()
    try:
        pieces = partial(encode_in_pieces, lines.values())
        digest = digest_of_pieces(pieces())
        files = Store(tmp_path, tmp_path).artifacts(record, pieces, None)
        write_each(files)
        write_each(files)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (files[0].path.read_bytes(), digest) == (whole, digest_of(whole))
    assert peak < len(whole) / 2 + DEFAULT_BUFFER_SIZE  # 128 KiB from Python 3.14 on


def test_a_ledger_is_compared_without_being_held_as_a_whole(tmp_path: Path) -> None:
    """Neither the one before nor the one now is there as bytes when a session is written as what differs."""
    lines = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    whole = encode_lines(lines.values())
    _, before = written(tmp_path, whole, lines)
    lines[IDS[700]] = LedgerLine(id=IDS[700], tier="unit", since="session-1", outcome="failed")
    pieces = partial(encode_in_pieces, lines.values())
    record = record_of(lines, session="session-2")
    record = replace(record, tests=replace(record.tests, ledger=digest_of_pieces(pieces())))
    Store(tmp_path, tmp_path).artifacts(record, pieces, None, parents=[before])  # modules that are imported late are there then
    tracemalloc.start()
    try:
        files = Store(tmp_path, tmp_path).artifacts(record, pieces, None, parents=[before])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (line,) = files[0].whole.splitlines()[1:]
    assert IDS[700].encode() in line
    assert peak < len(whole) * 0.9 + DEFAULT_BUFFER_SIZE


def test_sources_are_encoded_few_files_at_a_time() -> None:
    """A line of them holds a hash for each line of a file: as many of them as tests would be large."""
    files = [SourceLine(path=f"src/part{number}.py", blob="0" * 40, lines="0123456789abcdef" * 200) for number in range(1000)]
    tracemalloc.start()
    try:
        size = sum(map(len, encode_in_pieces(files)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == len(encode_lines(files))
    assert peak < size / 8


def test_durations_are_written_without_a_second_table(tmp_path: Path) -> None:
    """Nor are the bytes of their file held as a whole; they are sorted by test."""
    record = record_of({}, session="session-1")
    ledger = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    seconds = dict.fromkeys(reversed(IDS), 0.00125)
    details = Details(schema=DETAILS_SCHEMA, session="session-1", record="", seconds=seconds)
    path = tmp_path / "details.json"
    tracemalloc.start()
    try:
        found = finished(details, record, ledger, old=None, seen=())
        write_each([Artifact(path=path, content=partial(encoded, found))])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    content = path.read_bytes()
    assert list(json.loads(content)["seconds"].items()) == [(test, 0.00125) for test in IDS]
    assert peak < len(content) / 2 + DEFAULT_BUFFER_SIZE


def test_evidence_that_is_kept_to_be_compared_is_bounded() -> None:
    """All of it together, so that a run of few tests holds little more than one of many."""
    tracemalloc.start()
    try:
        for size in range(100_000, 100_020):
            digest_of(bytes(size))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 150_000


def test_sessions_that_hold_what_they_changed_take_the_memory_of_one(tmp_path: Path) -> None:
    """Whoever follows a test through forty of them holds one ledger and the lines that changed, not forty ledgers."""
    lines = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    store, record = written(tmp_path, encode_lines(lines.values()), lines)
    records = [record]
    for number in range(2, 41):
        lines |= {IDS[number * 97]: LedgerLine(id=IDS[number * 97], tier="unit", since="session-1", outcome="failed")}
        content = encode_lines(lines.values())
        record = record_of(lines, session=f"session-{number}")
        record = replace(record, tests=replace(record.tests, ledger=digest_of(content)))
        write_each(store.artifacts(record, content, None, parents=records[-1:]))
        records.append(record)
    size = len(content)
    tracemalloc.start()
    try:
        found = Store(tmp_path, tmp_path).ledger_lines(records, {IDS[20 * 97]})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [line.outcome for (line,) in found] == ["passed"] * 19 + ["failed"] * 21
    assert peak < 2.5 * size


def test_a_session_is_compared_with_a_chain_piece_by_piece(tmp_path: Path) -> None:
    """The whole file that the session before makes of its difference is not held either, once it is long."""
    ids = [f"tests/unit/test_part{number // 50:04}.py::test_case_{number:05}" for number in range(12_000)]
    lines = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in ids}
    content = encode_lines(lines.values())
    store, record = written(tmp_path, content, lines)
    for number in (2, 3):
        lines |= {ids[number]: LedgerLine(id=ids[number], tier="unit", since="session-1", outcome="failed")}
        pieces = partial(encode_in_pieces, lines.values())
        before, record = record, record_of(lines, session=f"session-{number}")
        record = replace(record, tests=replace(record.tests, ledger=digest_of_pieces(pieces())))
        files, peak = traced(partial(store.artifacts, record, pieces, None, parents=[before]))
        write_each(files)
    assert len(files[0].whole.splitlines()) == 2
    assert store.whole("tests.jsonl", "session-3", record.tests.ledger) == encode_lines(lines.values())
    assert peak < len(content) / 2


def test_only_unusual_fates_are_held() -> None:
    """Of very many tests that still pass no table is made, nor a set to find those that are gone."""
    before = {test: LedgerLine(id=test, tier="unit", since="session-1", outcome="passed") for test in IDS}
    now = before | {IDS[7]: LedgerLine(id=IDS[7], tier="unit", since="session-1", outcome="failed")}
    found, peak = traced(partial(fates, "session-2", now, EarlierTests(sessions=("session-1",), lines=before)))
    assert [(test, fate.status) for test, fate in found.items() if fate.status != "still_passing"] == [(IDS[7], "regressed")]
    assert list(found) == IDS
    assert peak < MANY * 2


def traced(make: Callable[[], Made]) -> tuple[Made, int]:
    """What is made, and the most memory that it took meanwhile."""
    tracemalloc.start()
    try:
        return make(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("prefix", ["", "below/"])
def test_results_are_kept_under_the_ids_that_were_collected(prefix: str) -> None:
    """What ran has no id of its own, wherever pytest's rootdir is."""
    collected = {prefix + test: Collected(tier="unit") for test in IDS}
    recorder = Recorder(prefix)
    for test in IDS if prefix else collected:
        made = pytest.TestReport(test, ("a.py", 1, "x"), {}, "passed", None, "call")
        recorder.pytest_runtest_logreport(made)
    collection = Collection(tests=collected, whole_files=[], broken_files={})
    invocation = Invocation([], [], started=1.0, finished=2.0, exitstatus=0, args=[], plugins={})
    run = recorder.finish(collection, invocation)
    assert run.results.keys() == collected.keys()
    assert {*map(id, run.results)} == {*map(id, collected)}

"""Evidence that was cut, flipped, or filled with something else: one sentence, never a traceback, never believed."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from builders import BEFORE, ledger_of, record_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.policy import read_policy
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.project.store import Store
from pytest_handoff.record import SourceLine

if TYPE_CHECKING:
    from pathlib import Path

LINES = ledger_of("unit tests/a.py::test_x passed\nunit tests/a.py::test_y failed error=no")
LEDGER = encode_lines(LINES.values())
SOURCES = [SourceLine(path="src/a.py", blob="0" * 40, lines="01234567")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One session's evidence."""
    folder = tmp_path_factory.mktemp("evidence")
    made = Store(folder, folder)
    record = record_of(LINES, session=BEFORE)
    record = replace(record, tests=replace(record.tests, ledger=digest_of(LEDGER)))
    write_each(made.artifacts(record, LEDGER, SOURCES))
    return made


def read(store: Store) -> None:
    """Everything there is of the session."""
    record = store.record(BEFORE)
    read_policy(record.policy, path="record.json")
    store.ledger(record)
    store.sources_of(record)


def with_bytes(path: Path, data: bytes, store: Store) -> EvidenceProblem | None:
    """What reading says when a file holds these bytes."""
    whole = path.read_bytes()
    try:
        path.write_bytes(data)
        with suppress(EvidenceProblem):
            read(store)
            return None
        with pytest.raises(EvidenceProblem) as caught:
            read(store)
        return caught.value
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["record.json", "tests.jsonl", "sources.jsonl"])
@given(at=st.floats(0, 1), flip=st.integers(1, 255), cut=st.booleans())
def test_a_cut_or_flipped_file_is_a_sentence(store: Store, name: str, at: float, flip: int, cut: bool) -> None:
    """Whatever byte changes or is missing, reading ends well or in one sentence that names the file."""
    path = store.evidence / BEFORE / name
    data = bytearray(path.read_bytes())
    place = min(int(at * len(data)), len(data) - 1)
    if cut:
        del data[place:]
    else:
        data[place] ^= flip
    problem = with_bytes(path, bytes(data), store)

    assert problem is None or name in str(problem)


@pytest.mark.parametrize("name", ["record.json", "tests.jsonl", "sources.jsonl"])
@given(data=st.binary(max_size=200))
def test_any_bytes_at_all_are_a_sentence(store: Store, name: str, data: bytes) -> None:
    """Random bytes are never read as evidence, but for an empty list of sources."""
    problem = with_bytes(store.evidence / BEFORE / name, data, store)

    assert problem is not None or (name == "sources.jsonl" and not data.strip())


@pytest.mark.parametrize("value", [10**400, -1e308, "9" * 5000, [], {"a": {}}, None, True])
@pytest.mark.parametrize("key", ["run", "tests", "previous", "places", "session", "changes", "policy", "required"])
def test_other_types_and_huge_numbers_are_refused_or_mean_nothing(store: Store, key: str, value: Any) -> None:
    """A value of another type or size is a sentence, unless it is one that the key may have."""
    path = store.evidence / BEFORE / "record.json"
    table = json.loads(path.read_bytes()) | {key: value, "digest": None}
    problem = with_bytes(path, json.dumps(table).encode(), store)
    may_be = (key in ("previous", "places", "required") and value == []) or (key == "changes" and value is None)

    assert (problem is None) == (may_be or (key == "policy" and value == {"a": {}}))


@pytest.mark.parametrize(
    "text",
    ['{"schema":' * 5000, "[" * 100_000, '{"schema": "pytest-handoff/record/1", "policy": ' + '{"a":' * 5000],
)
def test_deep_nesting_is_a_sentence(store: Store, text: str) -> None:
    """A file that nests without end neither crashes nor is believed."""
    assert with_bytes(store.evidence / BEFORE / "record.json", text.encode(), store) is not None


def test_every_edit_of_a_record_is_seen(store: Store) -> None:
    """What no other figure contradicts is seen by the record's own digest; another layout is no edit."""
    path = store.evidence / BEFORE / "record.json"
    text = path.read_text("utf-8")
    edited = with_bytes(path, text.replace('"python": "3.13.0"', '"python": "3.13.1"').encode(), store)
    table = json.loads(text)
    laid_out = with_bytes(path, json.dumps(dict(reversed(table.items())), indent=4).replace("\n", "\r\n").encode(), store)

    assert (
        "was edited or damaged after it was written; restore it from git, or delete it and run pytest --handoff=session-1"
        in str(edited)
    )
    assert laid_out is None
    assert store.record(BEFORE).digest is None


def test_a_key_or_a_test_that_stands_twice_is_refused(store: Store) -> None:
    """Readers differ in which of two counts, so neither does."""
    folder = store.evidence / BEFORE
    text = (folder / "record.json").read_text("utf-8")
    twice = with_bytes(folder / "record.json", text.replace('"session":', '"session": "other",\n "session":', 1).encode(), store)
    source = with_bytes(folder / "sources.jsonl", encode_lines(SOURCES * 2), store)

    assert "the key 'session' appears twice in one table" in str(twice)
    assert "sources.jsonl:2: is damaged: 'src/a.py' appears in it twice" in str(source)


def damage(change: str) -> dict[str, Any]:
    """What a forger puts into a record, whose own digest may be left out."""
    parent = {"session": "session-0", "digest": "sha256:0"}
    coverage = {"percent": 1e308, "branch_percent": None, "num_statements": 1, "covered": 1, "files": {}}
    return {
        "parents": {"previous": [parent | {"session": f"s-{number}"} for number in range(200)]},
        "twins": {"previous": [parent, parent]},
        "nul": {"previous": [parent | {"session": "a\0b"}]},
        "path": {"previous": [parent | {"session": "../../elsewhere"}]},
        "percent": {"coverage": coverage},
        "duration": {"run": {"duration_s": 1.7e308}},
        "negative": {"run": {"duration_s": -1}},
    }[change]


@pytest.mark.parametrize("change", ["parents", "twins", "nul", "path", "percent", "duration", "negative"])
def test_what_no_run_writes_is_refused(store: Store, change: str) -> None:
    """Whoever reads it would stumble, or read very much."""
    path = store.evidence / BEFORE / "record.json"
    table = json.loads(path.read_bytes()) | {"digest": None}
    for key, value in damage(change).items():
        table[key] = table[key] | value if isinstance(value, dict) and table[key] else value
    said = str(with_bytes(path, json.dumps(table).encode(), store))

    assert "record.json: is damaged: it" in said


def test_very_many_keys_twice_are_found_at_once(store: Store) -> None:
    """Each key is counted once."""
    path = store.evidence / BEFORE / "record.json"
    many = ",".join(f'"k{number}": 1' for number in range(60_000))
    text = path.read_text("utf-8").replace('"policy": {', f'"policy": {{{many}, "k59999": 2', 1)

    assert "the key 'k59999' appears twice in one table" in str(with_bytes(path, text.encode(), store))

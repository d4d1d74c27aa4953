"""The evidence on disk: what is written is read again, and what is damaged is told in one sentence."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import ledger_of, record_of
from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.project.sessions import Chain
from pytest_handoff.project.store import Store
from pytest_handoff.record import LedgerLine, Parent, Record, SourceLine

if TYPE_CHECKING:
    from pathlib import Path

LEDGER = ledger_of("unit a.py::x passed\nunit a.py::é[1] failed error=no~way")
SOURCES = [SourceLine(path="a.py", blob="0" * 40, lines="abcd"), SourceLine(path="b.md", blob="1" * 40)]


def record(session: str = "session-2", previous: tuple[str, ...] = (), ledger: dict[str, LedgerLine] = LEDGER) -> Record:
    """A record with the digest of this ledger."""
    made = record_of(ledger, session=session)
    tests = msgspec.structs.replace(made.tests, ledger=digest_of(encode_lines(ledger.values())))
    links = [Parent(session=name, digest="sha256:x") for name in previous]
    run = msgspec.structs.replace(made.run, started=f"2026-01-0{len(session) % 9 + 1}T00:00:00Z")
    return msgspec.structs.replace(made, tests=tests, previous=links, run=run)


@dataclass(frozen=True, slots=True)
class Written:
    """One session's evidence below a folder."""

    store: Store
    folder: Path


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The evidence of ``session-2``."""
    return written_in(tmp_path)


def written_in(folder: Path) -> Written:
    store = Store(folder / "handoffs", folder)
    write_each(store.artifacts(record(), encode_lines(LEDGER.values()), SOURCES))
    return Written(store, folder / "handoffs" / "evidence" / "session-2")


def test_what_is_written_is_read(written: Written) -> None:
    """Record, ledger and sources come back as they were."""
    store = written.store
    assert store.record("session-2") == record()
    assert store.ledger(record()) == LEDGER
    assert store.sources_of(record()) == {line.path: line for line in SOURCES}
    assert store.digest("session-2") == digest_of((written.folder / "record.json").read_bytes())
    assert (store.sessions(), store.has("session-2"), store.has("session-3")) == (["session-2"], True, False)


def test_the_record_comes_last_and_is_readable(tmp_path: Path) -> None:
    """The record is written after the ledger it names, on many lines that end with a newline."""
    artifacts = Store(tmp_path, tmp_path).artifacts(record(), b"", SOURCES)
    assert [artifact.path.name for artifact in artifacts] == ["sources.jsonl", "tests.jsonl", "record.json"]
    assert artifacts[-1].content.startswith(b'{\n "schema": "pytest-handoff/record/1",\n')
    assert artifacts[-1].content.endswith(b"}\n")


def test_without_sources(tmp_path: Path) -> None:
    """Filling again writes no sources, and pruned ones are ``None``, not nothing."""
    store = Store(tmp_path, tmp_path)
    write_each(store.artifacts(record(), encode_lines(LEDGER.values()), None))
    assert store.sources_of(record()) is None


def test_ledger_lines_leave_out_what_is_usual() -> None:
    """A ledger line is as short as what is true of its test."""
    assert encode_lines(LEDGER.values()).decode() == (
        '{"id":"a.py::x","tier":"unit","since":"session-1","outcome":"passed"}\n'
        '{"id":"a.py::é[1]","tier":"unit","since":"session-1","outcome":"failed","error":"no way"}\n'
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"record/1", b"record/2", "has the schema 'pytest-handoff/record/2', but this version reads"),
        (b'"pytest-handoff/record/1"', b"3", "is not a record: Expected `str`"),
        (b'"schema"', b'"scheme"', "is not a record: Object missing required field `schema`"),
        (b'"places": []', b'"places": [], "more": 1', "is not a complete record: Object contains unknown field `more`"),
        (b'"session": "session-2"', b'"session": "session-9"', "is the record of 'session-9', not of 'session-2'"),
        (b'"unit"', b'"\xff\xfe"', "is not a complete record"),
        (b'"dirty": null', b'"dirty": 0', "Expected `bool | null`, got `int`"),
    ],
)
def test_a_record_that_cannot_be_used(written: Written, old: bytes, new: bytes, said: str) -> None:
    """What is wrong with a record is said with its path from the project."""
    path = written.folder / "record.json"
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(EvidenceProblem) as caught:
        written.store.record("session-2")
    assert str(caught.value).startswith("handoffs/evidence/session-2/record.json: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("kept", [0, 1, 100, -2])
def test_a_record_that_was_cut_off(written: Written, kept: int) -> None:
    """A record that is not whole is never taken for one."""
    path = written.folder / "record.json"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(EvidenceProblem, match="is not a record"):
        written.store.record("session-2")


def test_deeply_nested_record(written: Written) -> None:
    """A record that no parser can read is a problem of the evidence, not a crash."""
    (written.folder / "record.json").write_bytes(b'{"schema": ' + b"[" * 100_000)
    with pytest.raises(EvidenceProblem, match="is not a record"):
        written.store.record("session-2")


@pytest.mark.parametrize("name", ["record.json", "tests.jsonl"])
def test_evidence_that_is_missing(written: Written, name: str) -> None:
    """Missing evidence is named, with how it is made; a folder in its place is told as well."""
    (written.folder / name).unlink()
    read = {"record.json": lambda: written.store.record("session-2"), "tests.jsonl": lambda: written.store.ledger(record())}[name]
    mended = {"record.json": "restore it from git$", "tests.jsonl": "restore it from git, or record it again: pytest --handoff=s"}
    with pytest.raises(EvidenceProblem, match=rf"is missing, .*; {mended[name]}"):
        read()
    (written.folder / name).mkdir()
    with pytest.raises(EvidenceProblem, match="cannot be read"):
        read()


def test_an_edited_ledger(written: Written) -> None:
    """A ledger that is not the one of the record is refused, whatever it says."""
    path = written.folder / "tests.jsonl"
    path.write_bytes(path.read_bytes().replace(b"failed", b"passed"))
    with pytest.raises(EvidenceProblem, match=r"tests\.jsonl: does not match the digest in record\.json"):
        written.store.ledger(record())


@pytest.mark.parametrize(
    ("content", "said"),
    [(b'{"id":"a"\n', "tests.jsonl:1: is damaged"), (b"\xff\n", "tests.jsonl:1: is damaged"), (b"[" * 99_999, ":1: is damaged")],
)
def test_a_ledger_that_cannot_be_read(tmp_path: Path, content: bytes, said: str) -> None:
    """A ledger with the right digest that is no ledger is told with its line."""
    store = Store(tmp_path, tmp_path)
    made = record()
    made = msgspec.structs.replace(made, tests=msgspec.structs.replace(made.tests, ledger=digest_of(content)))
    write_each(store.artifacts(made, content, None))
    with pytest.raises(EvidenceProblem) as caught:
        store.ledger(made)
    assert said in str(caught.value)


def test_damaged_sources(written: Written) -> None:
    """A damaged sources file is told with its line."""
    (written.folder / "sources.jsonl").write_bytes(encode_lines(SOURCES) + b"{")
    with pytest.raises(EvidenceProblem, match=r"sources\.jsonl:3: is damaged"):
        written.store.sources_of(record())


EDIT = st.tuples(st.floats(0, 1), st.sampled_from(["flip", "drop", "double"]), st.integers(1, 255))
EDITS = st.lists(EDIT, min_size=1, max_size=3)


@given(EDITS)
def test_any_small_edit_is_told(tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[float, str, int]]) -> None:
    """However bytes are flipped, dropped or doubled, there is a problem of the evidence or none, and never another exception."""
    written = written_in(tmp_path_factory.getbasetemp() / "edited")
    for name in ("record.json", "tests.jsonl", "sources.jsonl"):
        path = written.folder / name
        path.write_bytes(_edited(path.read_bytes(), edits))
    intact = encode_lines(LEDGER.values()) == (written.folder / "tests.jsonl").read_bytes()
    for read in (lambda: written.store.record("session-2"), lambda: written.store.sources_of(record())):
        with suppress(EvidenceProblem):
            read()
    if not intact:
        with pytest.raises(EvidenceProblem):
            written.store.ledger(record())


def _edited(data: bytes, edits: list[tuple[float, str, int]]) -> bytes:
    changed = bytearray(data)
    for place, kind, mask in edits:
        at = min(int(place * len(changed)), len(changed) - 1)
        if not changed:
            break
        if kind == "flip":
            changed[at] ^= mask
        elif kind == "drop":
            del changed[at : at + mask]
        else:
            changed[at:at] = changed[at : at + mask]
    return bytes(changed)


def test_a_name_that_evidence_cannot_hold(tmp_path: Path) -> None:
    """Evidence is UTF-8: a name that is not is told, before anything is written."""
    with pytest.raises(WriteProblem, match=r"evidence must be UTF-8, but this name is not: 'caf.*udce9"):
        encode_lines([SourceLine(path="caf\udce9.py", blob="")])
    bad = msgspec.structs.replace(record(), document="\udce9.md")
    with pytest.raises(WriteProblem, match="evidence must be UTF-8"):
        Store(tmp_path, tmp_path).artifacts(bad, b"", None)


def test_a_path_outside_of_the_project(tmp_path: Path) -> None:
    """Evidence that lies elsewhere is named with its whole path."""
    with pytest.raises(EvidenceProblem, match=str(tmp_path / "elsewhere" / "evidence")):
        Store(tmp_path / "elsewhere", tmp_path / "project").record("session-2")


def keep(store: Store, continued: dict[str, tuple[str, ...]]) -> None:
    """Write the records of sessions, each with those that it continues."""
    for name, previous in continued.items():
        write_each(store.artifacts(record(name, previous), b"", None)[-1:])


FAMILY = {"s": (), "left": ("s",), "ri": ("s",)}


def test_tips(tmp_path: Path) -> None:
    """The tips are the sessions that nobody continues, oldest first; what is no session does not count."""
    store = Store(tmp_path, tmp_path)
    assert Chain(store).tips() == []
    keep(store, FAMILY)
    (store.evidence / "empty").mkdir()
    (store.evidence / "file").touch()
    assert Chain(store).tips() == ["ri", "left"]
    assert store.sessions() == ["left", "ri", "s"]
    keep(store, {"next": ("left", "ri")})
    assert Chain(store).tips() == ["next"]


MOST_BYTES_IN_A_NAME = 255
AWKWARD = ["é", 'quo"te', "back\\slash", "[", "x" * 5000, "\u2028"]


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("layout", [{}, {"indent": 4}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"sort_keys": True}])
def test_tips_are_the_same_however_a_record_is_laid_out(tmp_path: Path, name: str, layout: dict[str, Any]) -> None:
    """A record that another tool has laid out anew, or whose parents have odd names, names its parents all the same."""
    store = Store(tmp_path, tmp_path)
    keep(store, {**FAMILY, "next": (name, "left")})
    if len(name) < MOST_BYTES_IN_A_NAME:
        keep(store, {name: ()})
    path = store.evidence / "next" / "record.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()), **layout), "utf-8")
    assert Chain(store).tips() == ["ri", "next"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"record/1", b"record/9", r"ri/record.json: has the schema 'pytest-handoff/record/9'"),
        (b'"ri"', b'"le"', r"ri/record.json: is the record of 'le', not of 'ri'"),
        (b'"session": "s",', b'"session": 7,', r"ri/record.json: is not a complete record"),
        (b"{", b"", r"ri/record.json: is not a record"),
    ],
)
def test_tips_where_a_beginning_cannot_be_read(tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    """A record whose beginning says nothing of its parents is read whole, and what is wrong with it is told."""
    store = Store(tmp_path, tmp_path)
    keep(store, FAMILY)
    path = store.evidence / "ri" / "record.json"
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(EvidenceProblem, match=said):
        Chain(store).tips()


def test_of_a_session_that_is_continued_only_the_beginning_is_read(tmp_path: Path) -> None:
    """A thousand sessions cost little, because what does not matter to the next one is not read."""
    store = Store(tmp_path, tmp_path)
    keep(store, FAMILY)
    path = store.evidence / "s" / "record.json"
    path.write_bytes(path.read_bytes()[:1000])
    assert Chain(store).tips() == ["ri", "left"]
    with pytest.raises(EvidenceProblem, match="is not a record"):
        store.record("s")

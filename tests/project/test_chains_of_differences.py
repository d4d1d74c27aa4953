"""Evidence that is written as what differs from the sessions before: read back, damaged, recorded again, pruned and merged."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from builders import record_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project import differences, wholes, writing
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import digest_of, encode_lines
from pytest_handoff.project.forms import let_go
from pytest_handoff.project.layout import open_project
from pytest_handoff.project.sessions import plan
from pytest_handoff.project.store import Store
from pytest_handoff.project.stored_files import LEDGER, SOURCES, StoredFiles, is_difference
from pytest_handoff.record import LedgerLine, Parent, Record, SourceLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_handoff.project.layout import Project


class Left(NamedTuple):
    """What a session left: the names of its tests that fail, how many it has, and the content of its files."""

    tests: int = 100
    failing: tuple[int, ...] = ()
    content: str = "0"

    @property
    def ledger(self) -> list[LedgerLine]:
        names = [f"tests/test_part{number // 25:02}.py::test_{number:05}" for number in range(self.tests)]
        return [
            LedgerLine(id=name, tier="unit", since="s", outcome="failed" if number in self.failing else "passed")
            for number, name in enumerate(names)
        ]

    @property
    def sources(self) -> list[SourceLine]:
        paths = [f"src/part{number:03}.py" for number in range(60)]
        return [SourceLine(path=path, blob="0" * 40, lines="0123" * 40) for path in paths[1:]] + [
            SourceLine(path="src/zz.py", blob=self.content * 40)
        ]


def made(store: Store, session: str, left: Left, parents: Sequence[str] = ()) -> Record:
    """The record of a session, before it is written."""
    links = [Parent(session=name, digest=store.digest(name)) for name in parents]
    record = record_of({line.id: line for line in left.ledger}, session=session, previous=links)
    return replace(
        record,
        tests=replace(record.tests, ledger=digest_of(encode_lines(left.ledger))),
        source=replace(record.source, sources=digest_of(encode_lines(left.sources))),
    )


def put(store: Store, session: str, left: Left, *parents: str) -> Record:
    """Write a session as a run does."""
    record = made(store, session, left, parents)
    before = [store.record(name) for name in parents]
    write_each(store.artifacts(record, encode_lines(left.ledger), left.sources, parents=before))
    return record


def fresh(store: Store) -> Store:
    """Look at the files anew, as another process does."""
    return Store(store.evidence.parent, store.evidence.parent.parent)


def check(store: Store, record: Record, left: Left) -> None:
    """Everything is as the session left it, for this store and for another process."""
    assert list(fresh(store).ledger(record).values()) == left.ledger
    assert list(store.ledger(record).values()) == left.ledger
    assert list((store.sources_of(record) or {}).values()) == left.sources


def stored(store: Store, session: str, name: str = LEDGER) -> bytes:
    return (store.evidence / session / name).read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Sessions s-1 to s-4, each the difference from the one before."""
    store = Store(tmp_path / "handoffs", tmp_path)
    put(store, "s-1", Left())
    for number in (2, 3, 4):
        put(store, f"s-{number}", LEFT[number], f"s-{number - 1}")
    return fresh(store)


LEFT = {number: Left(100 + number, (number,), str(number)) for number in (2, 3, 4)} | {1: Left()}


def test_a_session_holds_what_it_changed(store: Store) -> None:
    """The first is whole; of the others there is the new test, those whose outcome is another one, and the changed file."""
    assert [is_difference(stored(store, f"s-{number}")) for number in (1, 2, 3, 4)] == [False, True, True, True]
    head, *lines = stored(store, "s-3").decode().splitlines()
    assert head == f'{{"differs_from":"s-2","digest":"{store.record("s-2").tests.ledger}"}}'
    assert [line[7:39] for line in lines] == [f"tests/test_part{n // 25:02}.py::test_{n:05}" for n in (2, 3, 102)]
    assert len(stored(store, "s-3", SOURCES)) < 250
    for number, left in LEFT.items():
        check(store, store.record(f"s-{number}"), left)


def test_a_long_chain_has_whole_ones_in_it(tmp_path: Path) -> None:
    """So many differences, and no more, stand on each other; one reads all, in any order."""
    store = Store(tmp_path, tmp_path)
    lefts = {f"s-{number}": Left(600, (number,), str(number % 10)) for number in range(differences.MOST_LINKS + 20)}
    before: list[str] = []
    for session, left in lefts.items():
        put(store, session, left, *before)
        before = [session]
    whole = [number for number, session in enumerate(lefts) if not is_difference(stored(store, session))]
    assert whole == [0, differences.MOST_LINKS + 1]
    for session in (*list(lefts)[::-7], "s-60"):
        check(store, store.record(session), lefts[session])
    assert list(Store(tmp_path, tmp_path).ledger(store.record("s-60")).values()) == lefts["s-60"].ledger


def test_sessions_that_change_nothing_cost_their_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the same content are told apart: the length of one chain is not that of another."""
    for module in (differences, wholes):
        monkeypatch.setattr(module, "MOST_LINKS", 6)
    store = Store(tmp_path, tmp_path)
    before: list[str] = []
    for number in range(16):
        put(store, f"s-{number}", Left(), *before)
        before = [f"s-{number}"]
    whole = [number for number in range(16) if not is_difference(stored(store, f"s-{number}"))]
    assert whole == [0, 7, 14]


def test_a_whole_one_comes_when_the_differences_outweigh_it(tmp_path: Path) -> None:
    """A session that changes most of its tests is written whole, and so is one after many that change a part."""
    store = Store(tmp_path, tmp_path)
    record = put(store, "s-0", Left())
    for number in range(1, 9):
        put(store, f"s-{number}", Left(100, tuple(range(20 * (number % 2)))), f"s-{number - 1}")
    kinds = [is_difference(stored(store, f"s-{number}")) for number in range(9)]
    assert kinds[:5] == [False, True, True, True, True]
    assert False in kinds[5:]
    sizes = [len(stored(store, f"s-{number}")) for number in range(1, kinds[1:].index(False) + 1)]
    assert sum(sizes) <= len(stored(store, "s-0"))
    put(store, "other", Left(100, tuple(range(100))), "s-0")
    assert not is_difference(stored(store, "other"))
    check(store, record, Left())


def test_a_small_ledger_stays_whole(tmp_path: Path) -> None:
    """It takes no more room than a difference."""
    store = Store(tmp_path, tmp_path)
    put(store, "s-1", Left(3))
    put(store, "s-2", Left(4), "s-1")
    assert not is_difference(stored(store, "s-2"))


@example(name=SOURCES, session=2, at=0.109375, flip=1)
@given(name=st.sampled_from([LEDGER, SOURCES]), session=st.integers(1, 4), at=st.floats(0, 1), flip=st.integers(0, 255))
def test_damage_anywhere_in_the_chain_is_found(
    tmp_path_factory: pytest.TempPathFactory, name: str, session: int, at: float, flip: int
) -> None:
    """Whatever byte changes or is missing in whatever file: reading is right, or one sentence that names a file."""
    folder = tmp_path_factory.getbasetemp() / "chain" / "handoffs"
    store = Store(folder, folder.parent)
    if not store.has("s-4"):
        put(store, "s-1", LEFT[1])
        for number in (2, 3, 4):
            put(store, f"s-{number}", LEFT[number], f"s-{number - 1}")
    path = store.evidence / f"s-{session}" / name
    kept = path.read_bytes()
    data = bytearray(kept)
    place = min(int(at * len(data)), len(data) - 1)
    if not flip:
        del data[place:]
    else:
        data[place] ^= flip
    path.write_bytes(data)
    said = ""
    try:
        if fresh(store).has_sources("s-4"):  # else the damaged name is that of a session which is not there: they count as pruned
            check(fresh(store), store.record("s-4"), LEFT[4])
    except EvidenceProblem as problem:
        said = str(problem)
    finally:
        path.write_bytes(kept)
    assert not said or (name in said and "\n" not in said)


def test_a_missing_base_is_a_sentence(store: Store) -> None:
    """It names both files; sources without theirs are pruned ones."""
    (store.evidence / "s-2" / LEDGER).unlink()
    (store.evidence / "s-2" / SOURCES).unlink()
    with pytest.raises(EvidenceProblem) as caught:
        store.ledger(store.record("s-4"))
    assert str(caught.value) == (
        "handoffs/evidence/s-3/tests.jsonl: has only what differs from 's-2', but handoffs/evidence/s-2/tests.jsonl is missing; "
        "restore that from git, or run pytest --handoff=s-4 again"
    )
    assert store.sources_of(store.record("s-4")) is None
    assert (store.has_sources("s-4"), store.has_sources("s-1")) == (False, True)
    assert store.lacking_sources("s-4") == store.sources_path("s-2")


def test_the_session_before_is_not_put_together_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read a session reads no more than the file of the one before it, and hashes what that says."""
    read: list[str] = []
    really = StoredFiles.read_if_there

    def noted(files: StoredFiles, name: str, session: str) -> bytes | None:
        read.append(session)
        return really(files, name, session)

    records = [store.record(session) for session in ("s-4", "s-3")]
    monkeypatch.setattr(StoredFiles, "read_if_there", noted)
    assert [list(store.ledger(record).values()) for record in records] == [LEFT[4].ledger, LEFT[3].ledger]
    assert read == ["s-4", "s-3", "s-2", "s-1", "s-3"]


def test_what_was_put_together_is_not_believed(store: Store) -> None:
    """Neither when the file has changed since, nor for a record that names another whole."""
    store.ledger(store.record("s-4"))
    record = store.record("s-3")
    with pytest.raises(EvidenceProblem, match=r"s-3/tests.jsonl: does not match the digest in record.json"):
        store.ledger(replace(record, tests=replace(record.tests, ledger="sha256:0")))
    store.ledger(store.record("s-4"))
    path = store.evidence / "s-3" / LEDGER
    path.write_bytes(path.read_bytes().replace(b'"failed"', b'"passed"'))
    with pytest.raises(EvidenceProblem, match=r"s-3/tests.jsonl: does not match the digest in record.json: it was edited"):
        store.ledger(record)


def test_another_base_is_a_sentence(store: Store) -> None:
    """As after a merge that brings another record of the session before."""
    write_each(store.artifacts(made(store, "s-2", Left(90, (7,)), ["s-1"]), encode_lines(Left(90, (7,)).ledger), None))
    store = fresh(store)
    with pytest.raises(EvidenceProblem) as caught:
        store.ledger(store.record("s-4"))
    assert str(caught.value) == (
        "handoffs/evidence/s-2/tests.jsonl: is not the file that s-3 was written against: it was edited or recorded again; "
        "restore it, or run pytest --handoff=s-4 again"
    )
    put(store, "s-5", Left(104, (5,)), "s-4")
    assert not is_difference(stored(store, "s-5"))
    check(store, store.record("s-5"), Left(104, (5,), "0"))


def test_very_long_files_are_not_searched_for_the_one_that_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's evidence takes no longer than its length."""
    monkeypatch.setattr(wholes, "_MOST_FOLDED", 1000)
    path = store.evidence / "s-2" / LEDGER
    path.write_bytes(path.read_bytes().replace(b'"unit"', b'"e2e"'))
    with pytest.raises(
        EvidenceProblem, match=r"s-4/tests.jsonl: does not match .*: it or a file that it builds on was edited; restore it"
    ):
        store.ledger(store.record("s-4"))


def test_an_edited_difference_is_a_sentence(store: Store) -> None:
    """Its own file is named."""
    path = store.evidence / "s-4" / LEDGER
    path.write_bytes(path.read_bytes().replace(b'"failed"', b'"passed"'))
    with pytest.raises(EvidenceProblem, match=r"s-4/tests.jsonl: does not match the digest in record.json: it was edited"):
        store.ledger(store.record("s-4"))


@pytest.mark.parametrize("base", ["s-4", "s-9", "..", "../../handoffs/evidence/s-1", "", "a\0b", "s-3/../s-1"])
def test_a_base_that_cannot_be_is_a_sentence(store: Store, base: str) -> None:
    """Itself, one that is not there, and paths that lead elsewhere."""
    (store.evidence / "s-4" / LEDGER).write_bytes(differences.write_difference(differences.Difference(base, "sha256:0"), {}))
    with pytest.raises(EvidenceProblem, match=r"s-4/tests.jsonl: (has only what differs|builds on more files)"):
        store.ledger(store.record("s-4"))


def test_what_is_recorded_again_frees_those_that_differ_from_it(store: Store) -> None:
    """They are written whole first: nothing of them is lost, and neither they nor their records say anything else."""
    before = {name: stored(store, name, "record.json") for name in ("s-3", "s-4")}
    write_each(let_go(store, "s-2", [LEDGER, SOURCES]))
    assert [is_difference(stored(store, name)) for name in ("s-2", "s-3", "s-4")] == [True, False, True]
    put(store, "s-2", Left(50, (1,)), "s-1")
    for number in (3, 4):
        check(store, store.record(f"s-{number}"), LEFT[number])
    assert before == {name: stored(store, name, "record.json") for name in before}


@pytest.fixture
def project(tmp_path: Path, store: Store) -> Project:
    """The same sessions as a project."""
    (tmp_path / "handoff.toml").touch()
    return open_project(tmp_path)


@pytest.mark.parametrize("step", range(8))
def test_death_while_it_is_recorded_again_loses_no_child(project: Project, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Between any two renames: what stands on the session is as it was, before and after the next command has finished."""
    store, renames = project.store, 0
    left = Left(50, (1,))
    record = made(store, "s-2", left, ["s-1"])
    really = type(store.evidence).replace

    def dies(path: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if renames > step:
            raise KeyboardInterrupt
        return really(path, target)

    monkeypatch.setattr(type(store.evidence), "replace", dies)
    files = store.artifacts(record, encode_lines(left.ledger), left.sources, parents=[store.record("s-1")])
    with suppress(KeyboardInterrupt):
        writing.write_as_one(project, "s-2", files)
    monkeypatch.setattr(type(store.evidence), "replace", really)
    for number in (3, 4):
        check(store, store.record(f"s-{number}"), LEFT[number])
    writing.finish_interrupted_write(project)
    for number in (3, 4):
        check(store, store.record(f"s-{number}"), LEFT[number])
    assert store.ledger(store.record("s-2"))


def test_a_form_that_is_right_is_left_alone(store: Store) -> None:
    """Writing a session again from what it holds, as ``handoff fill`` does, changes neither a difference nor a whole file."""
    before = {name: stored(store, name) for name in ("s-2", "s-3")}
    put(store, "s-3", LEFT[3], "s-2")
    assert stored(store, "s-3") == before["s-3"]
    write_each(let_go(store, "s-2", [LEDGER]))
    put(store, "s-3", LEFT[3], "s-2")
    assert not is_difference(stored(store, "s-3"))
    file, _ = store.artifacts(store.record("s-2"), encode_lines(LEFT[2].ledger), None, parents=[store.record("s-1")])
    assert (file.content, file.alone) == (before["s-2"], encode_lines(LEFT[2].ledger))


def test_two_branches_join_in_the_difference_from_one_of_them(store: Store) -> None:
    """The last parent is named; where that cannot be read, another one."""
    put(store, "b-3", Left(103, (1, 2)), "s-2")
    joined = Left(110, (1, 2, 4))
    put(store, "s-5", joined, "b-3", "s-4")
    assert stored(store, "s-5").startswith(b'{"differs_from":"s-4"')
    check(store, store.record("s-5"), joined)
    (store.evidence / "s-4" / LEDGER).write_bytes(b"")
    put(store, "s-6", joined, "b-3", "s-4")
    assert stored(store, "s-6").startswith(b'{"differs_from":"b-3"')


def test_pruning_removes_nothing_that_another_stands_on(store: Store) -> None:
    """What stays is written whole before what it stands on goes; what stands on something that stays is left as it is."""
    found = plan(store)
    assert (found.removable, found.kept, found.standing) == (["s-1", "s-2"], ["s-3", "s-4"], ["s-3"])
    write_each([store.made_whole(SOURCES, name) for name in found.standing])
    for name in found.removable:
        store.sources_path(name).unlink()
    for number in (3, 4):
        check(store, store.record(f"s-{number}"), LEFT[number])
    assert (plan(fresh(store)).removable, plan(fresh(store)).standing) == ([], [])


def test_older_evidence_is_a_base_as_it_is(tmp_path: Path) -> None:
    """A record without the digest of its sources, and files that are whole; a whole file may come after differences, too."""
    store = Store(tmp_path, tmp_path)
    left = Left(100, (1,))
    old = made(store, "old", left)
    old = replace(old, source=replace(old.source, sources=None))
    write_each(store.artifacts(old, encode_lines(left.ledger), left.sources))
    put(store, "new", Left(101, (1,)), "old")
    assert (is_difference(stored(store, "new")), is_difference(stored(store, "new", SOURCES))) == (True, False)
    check(store, store.record("old"), left)
    check(store, store.record("new"), Left(101, (1,)))


def test_a_base_written_in_another_way_still_counts(tmp_path: Path) -> None:
    """Lines with blanks, as another version may write them, are kept byte by byte where they are the same, or all is whole."""
    store = Store(tmp_path, tmp_path)
    left = Left()
    content = encode_lines(left.ledger).replace(b'"tier":', b'"tier": ')
    record = made(store, "s-1", left)
    record = replace(record, tests=replace(record.tests, ledger=digest_of(content)))
    write_each(store.artifacts(record, content, None))
    put(store, "s-2", Left(101), "s-1")
    assert not is_difference(stored(store, "s-2"))
    check(store, store.record("s-2"), Left(101))


def test_a_link_out_of_the_repository_is_not_followed(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A base is read as carefully as any evidence."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "tests.jsonl"
    path = store.evidence / "s-2" / LEDGER
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(EvidenceProblem, match=r"s-2/tests.jsonl: cannot be read: it points outside the repository"):
        store.ledger(store.record("s-4"))

"""Parts on disk: whole or refused, and the same bytes for the same tests."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import part_of
from pytest_handoff.errors import EvidenceProblem, WriteProblem
from pytest_handoff.parts import files as part_files
from pytest_handoff.run import Collection

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.parts.files import Part

TESTS = "unit t.py::a passed\nunit t.py::b failed error=boom"


def written(folder: Path, label: str = "unit", tests: str = TESTS) -> Part:
    """The head of a part that is on disk."""
    made = part_of(tests, label=label)
    part_files.write_tests(folder, made.collection, made.results, {"t.py": "blob"})
    head = replace(made.head, run=replace(made.run, digests=part_files.digests(folder)))
    part_files.write_head(folder, head)
    return head


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Head, tests and tree; a folder named twice, or within another, gives a part once."""
    head = written(tmp_path / "a" / "part-unit")
    found = part_files.find_parts([tmp_path, tmp_path / "a", tmp_path / "a" / ".." / "a"])
    [folder] = found
    tests = part_files.PartReader().tests(folder, head)

    assert found[folder] == head
    assert {test: result.outcome for test, result in tests.results.items()} == {"t.py::a": "passed", "t.py::b": "failed"}
    assert tests.results["t.py::b"].error == "boom"
    assert list(tests.collection.tests) == ["t.py::a", "t.py::b"]
    assert part_files.tree_of(folder, head) == {"t.py": "blob"}
    assert part_files.coverage_file(tests) is None


def test_one_collection_is_decoded_once(tmp_path: Path) -> None:
    """Shards that collected the same in another order have the same bytes, and share what is made of them."""
    turned = "\n".join(reversed(TESTS.splitlines()))
    one, two = (written(tmp_path / label, label, tests) for label, tests in (("1", TESTS), ("2", turned)))
    reader = part_files.PartReader()

    assert reader.tests(tmp_path / "1", one).collection is reader.tests(tmp_path / "2", two).collection


def test_attempts_have_folders_of_their_own(tmp_path: Path) -> None:
    """So that artifacts of all attempts can be unpacked into one folder."""
    assert part_files.folder_of(tmp_path, "unit", None) == tmp_path / "part-unit"
    assert part_files.folder_of(tmp_path, "unit", 2) == tmp_path / "part-unit" / "attempt-2"


@pytest.mark.parametrize("name", ["collection.json", "results.json"])
@pytest.mark.parametrize("content", [None, "{}"], ids=["missing", "another"])
def test_files_that_are_not_those_of_the_head(tmp_path: Path, name: str, content: str | None) -> None:
    """Named, with what to do."""
    head = written(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(EvidenceProblem, match=rf"{name}: .*; run that job again"):
        part_files.PartReader().tests(tmp_path, head)


def test_a_file_of_another_kind_that_fits_its_digest(tmp_path: Path) -> None:
    """Whoever writes parts by hand is told what is wrong with them."""
    head = written(tmp_path)
    (tmp_path / "results.json").write_text('{"t.py::a": {"outcome": "fine"}}')
    forged = replace(head, run=replace(head.run, digests=part_files.digests(tmp_path)))
    with pytest.raises(EvidenceProblem, match=r"results\.json: is damaged: Invalid enum value 'fine'"):
        part_files.PartReader().tests(tmp_path, forged)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "pytest-handoff/part/2"}, "has the schema 'pytest-handoff/part/2', but this version reads"),
        ({"label": "../unit"}, "is damaged: the label of a part '../unit' contains a character"),
        ({"fingerprint": None}, "is damaged: Expected `str`, got `null`"),
        ({"surplus": 1}, "is damaged: Object contains unknown field `surplus`"),
    ],
    ids=lambda change: next(iter(change)) if isinstance(change, dict) else "",
)
def test_a_head_that_cannot_be_used(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """A newer one, a label that is a path, a value of another kind, a key that nobody knows."""
    written(tmp_path)
    path = tmp_path / "part.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(EvidenceProblem) as caught:
        part_files.find_parts([tmp_path])
    assert said in str(caught.value)


def test_an_unfinished_part_has_no_tests(tmp_path: Path) -> None:
    """It is refused with its reason."""
    head = replace(written(tmp_path), run=None, unfinished="killed")
    with pytest.raises(EvidenceProblem, match="the part did not finish: killed"):
        part_files.PartReader().tests(tmp_path, head)


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    """Is refused when it is written, with the name, as in evidence."""
    tests = part_of("unit t.py::\udcff passed", label="x").collection.tests
    collection = Collection(tests=tests, whole_files=[], broken_files={})
    with pytest.raises(WriteProblem, match="evidence must be UTF-8"):
        part_files.write_tests(tmp_path, collection, {}, {})


NAMES = [part_files.HEAD, part_files.COLLECTION, part_files.RESULTS, part_files.TREE]


def read_all(folder: Path) -> None:
    """Read every file of the one part in a folder."""
    [(found, head)] = part_files.find_parts([folder]).items()
    part_files.PartReader().tests(found, head)
    part_files.tree_of(found, head)


@pytest.mark.parametrize("name", NAMES)
def test_a_link_is_followed_within_the_part_only(tmp_path: Path, name: str) -> None:
    """A downloaded part cannot name a file of whoever joins it; files that an unpacker linked to each other are read."""
    written(tmp_path / "part")
    file, secret = tmp_path / "part" / name, tmp_path / "secret"
    file.rename(tmp_path / "part" / "kept")
    file.symlink_to("kept")
    read_all(tmp_path)
    (tmp_path / "part" / "kept").rename(secret)
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(EvidenceProblem, match=f"{name}: is a link to outside the part"):
        read_all(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_or_an_endless_file_is_not_read(tmp_path: Path, name: str) -> None:
    """A pipe does not block, and a file of no honest size takes no memory."""
    written(tmp_path / "part")
    file = tmp_path / "part" / name
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(EvidenceProblem, match=f"{name}: is not a regular file"):
        read_all(tmp_path)
    file.unlink()
    with file.open("wb") as sparse:
        sparse.truncate(part_files.MOST[name] + 1)
    with pytest.raises(EvidenceProblem, match=f"{name}: has more than"):
        read_all(tmp_path)

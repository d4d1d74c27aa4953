"""Files as git has them, read some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project import contents
from pytest_handoff.project.contents import ReadAhead
from pytest_handoff.project.layout import open_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Git = Callable[..., str]
    Asked = tuple[ReadAhead, list[str], list[list[str]]]

NOWHERE = "0123456789" * 4


@pytest.fixture
def asked(repository: Path, plain_git: Git, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """A reader of 30 files, their ids, and what git was asked for each time."""
    for number in range(30):
        (repository / f"{number}.py").write_text(f"x = {number}\n")
    plain_git(repository, "add", "--all")
    plain_git(repository, "commit", "--quiet", "--message", "work")
    blobs = [plain_git(repository, "rev-parse", f"HEAD:{number}.py").strip() for number in range(30)]
    times: list[list[str]] = []
    alone = contents.blobs_there

    def noted(root: Path, ids: Iterable[str]) -> dict[str, bytes]:
        times.append(list(ids))
        return alone(root, times[-1])

    monkeypatch.setattr(contents, "blobs_there", noted)
    return ReadAhead(open_project(repository), blobs), blobs, times


def test_files_that_are_asked_for_in_their_order(asked: Asked) -> None:
    """Two processes read thirty files, and one of them is read once however often it is asked for."""
    files, blobs, times = asked
    assert [files.read(blob) for blob in blobs for _ in "12"] == [b"x = %d\n" % number for number in range(30) for _ in "12"]
    assert [len(ids) for ids in times] == [20, 10]


def test_files_in_between_that_nobody_asks_for(asked: Asked) -> None:
    """Those after the one that is asked for are read with it, and none before it."""
    files, blobs, times = asked
    assert [files.read(blobs[5]), files.read(blobs[20]), files.read(blobs[3])] == [b"x = 5\n", b"x = 20\n", b"x = 3\n"]
    assert times == [blobs[5:25], blobs[3:23]]


@pytest.mark.parametrize("blob", [NOWHERE, "", "no id"])
def test_a_file_that_nobody_named_before(asked: Asked, blob: str) -> None:
    """It is read alone; what is no id of git's is nowhere."""
    files, blobs, times = asked
    assert [files.read(blob), files.read(blobs[0])] == [None, b"x = 0\n"]
    assert times == [*([[blob]] if blob == NOWHERE else []), blobs[:20]]

"""A file is read to its end, whatever the system said about its size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project.foreign_files import MEGABYTE, read_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("told", [0, 1, 5, 9, 10, 11, 1000])
def test_a_file_that_has_another_size_by_now_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: int
) -> None:
    """As one to which somebody appends, or one of a file system that tells no sizes."""
    path = tmp_path / "tests.jsonl"
    path.write_bytes(b"0123456789")
    really = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        return os.stat_result([told if place == 6 else value for place, value in enumerate(really(descriptor)[:10])])

    monkeypatch.setattr(os, "fstat", fstat)
    assert read_file(path, [tmp_path.resolve()], MEGABYTE) == b"0123456789"

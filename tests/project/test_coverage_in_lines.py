"""The coverage of each file as lines of a file of its own, and back."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from builders import coverage_of
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.coverage_files import apart, lines_of, with_files
from pytest_handoff.project.encoding import digest_of

MANY = coverage_of(**{f"part{number:04}": (number % 10, 10) for number in range(2000)})


def test_there_and_back() -> None:
    """A large one is named by its digest, a small one stays in the record."""
    found = apart(MANY)
    assert found.by_file == digest_of(lines_of(MANY))
    assert with_files(replace(found, files={}), lines_of(MANY), "coverage.jsonl").files == MANY.files
    assert apart(coverage_of(a=(1, 2))).by_file is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (lines_of(coverage_of(a=(1, 2))) * 2, "is damaged: a file appears in it twice"),
        (lines_of(coverage_of(a=(3, 2))), "is damaged: it has an impossible percentage"),
    ],
)
def test_what_no_run_writes(lines: bytes, said: str) -> None:
    """It is refused, and the file is named."""
    with pytest.raises(EvidenceProblem, match=f"coverage.jsonl: {said}"):
        with_files(MANY, lines, "coverage.jsonl")

"""Whether the source that coverage.py was given leaves anything out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.coverage.in_force import narrowing_source
from pytest_handoff.evidence.tool_settings import CoverageSettings, with_those_in_force

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("folders", "named", "narrowing"),
    [
        (["src/shop"], ["src"], []),
        (["src/shop"], ["."], []),
        (["src/shop"], ["src/shop"], ["src/shop"]),
        (["src/shop"], ["shop"], ["shop"]),
        (["src/shop"], ["elsewhere"], ["elsewhere"]),
        (["src/shop"], [], []),
        (["one", "two"], ["one"], ["one"]),
        (["one", "two"], ["one", "two"], []),
        (["one", "two"], ["two", "one", "three"], []),
    ],
)
def test_a_source_that_leaves_something_out(tmp_path: Path, folders: list[str], named: list[str], narrowing: list[str]) -> None:
    """Against what is measured where nothing is named: ``src``, or the packages at the top."""
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "__init__.py").touch()
    assert narrowing_source(named, tmp_path, ["tests"]) == narrowing


def test_what_a_run_left_out_is_added() -> None:
    """To what the files say, once, under the name of the file that the run went by; without a run the files stand."""
    files = CoverageSettings(omit=["a", "b"], exclude=["x"], branch=True, fail_under=80)
    run = CoverageSettings(file="lax.toml", source=["src/a"], include=["i"], omit=["b", "c"], fail_under=1)
    assert with_those_in_force(files, None) == files
    assert with_those_in_force(files, run) == CoverageSettings(
        file="lax.toml", source=["src/a"], include=["i"], omit=["a", "b", "c"], exclude=["x"], branch=True, fail_under=80
    )

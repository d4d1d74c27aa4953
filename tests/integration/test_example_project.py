"""The example project: what is committed is what the plugin writes."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

SCRIPTS = Path(__file__).parents[2] / "scripts"

DOCUMENT = """\
# Session 1: [Title]

## Overview

**Session**: [Filled by the run]  
**Agent**: [Who did the work]  

## Decisions

1. [What was decided]

## Checklist

- [ ] All unit tests pass
- [ ] Errors are handled

<!-- handoff:begin checklist.evidence -->
<!-- handoff:end checklist.evidence -->

## Lessons

- [What to do differently]

---

**Status**: [Filled by the run]
"""  # noqa: W291 - two blanks end a line in Markdown, and have to survive

WORDS = """\
## Overview

**Agent**: Ada

## Decisions

## Checklist

- [x] Errors are handled

## Lessons

- None.
"""

WRITTEN = """\
# Session 1: The shed

## Overview

**Session**: [Filled by the run]  
**Agent**: Ada  

## Checklist

- [ ] All unit tests pass
- [x] Errors are handled

<!-- handoff:begin checklist.evidence -->
<!-- handoff:end checklist.evidence -->

## Lessons

- None.

---

**Status**: [Filled by the run]
"""  # noqa: W291


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that plays the sessions."""
    monkeypatch.syspath_prepend(SCRIPTS)
    return import_module("regenerate_example")


def test_playing_the_three_sessions_again_writes_what_is_committed() -> None:
    """Documents, ledgers, sources and records of the example come out of its history, byte for byte."""
    command = [sys.executable, SCRIPTS / "regenerate_example.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_words_are_put_where_a_person_would_write_them(script: ModuleType) -> None:
    """A label's value, a tick and a whole section are replaced; a heading without words goes; the run's places stay."""
    assert script.write_in(DOCUMENT, "The shed", WORDS) == WRITTEN


@pytest.mark.parametrize("words", ["## Nowhere\n\n- None.", "## Overview\n\n**Weather**: fine"])
def test_words_without_a_place_are_an_error(script: ModuleType, words: str) -> None:
    """A heading or a label that the document does not have is not passed over."""
    with pytest.raises(LookupError):
        script.write_in(DOCUMENT, "The shed", words)


@pytest.mark.parametrize(
    ("kept", "fresh", "code"),
    [
        pytest.param("- **Tests**: 9/9 passed\n", "- **Tests**: 1/1 passed\n", 1, id="a figure"),
        pytest.param("Run on commit `a38c74d`, tree `1`.\n", "Run on commit `1381f11`, tree `2`.\n", 1, id="a tree"),
        pytest.param("Run on commit `a38c74d`, tree `1`.\n", "Run on commit `1381f11`, tree `1`.\n", 0, id="a commit"),
        pytest.param("**Duration**: test run: 1 s\n", "**Duration**: test run: 2 s\n", 0, id="a duration"),
        pytest.param("**Duration**: an evening\n", "**Duration**: a morning\n", 1, id="a person's words"),
    ],
)
def test_only_what_differs_between_machines_is_passed_over(
    script: ModuleType, tmp_path: Path, kept: str, fresh: str, code: int
) -> None:
    """Commit ids and measured durations may differ; anything else is a difference."""
    for name, text in (("kept", kept), ("fresh", fresh)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "session-1.md").write_text(text, encoding="utf-8")
    assert script.compare(tmp_path / "kept", tmp_path / "fresh") == code


def test_a_missing_file_is_a_difference(script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that only one of the two has is shown, line by line."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "tests.jsonl").write_text("{}\n", encoding="utf-8")
    assert script.compare(tmp_path / "kept", tmp_path / "fresh") == 1
    assert "+++ fresh/tests.jsonl\n@@ -0,0 +1 @@\n+{}\n" in capsys.readouterr().out

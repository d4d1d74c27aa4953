"""The fields of one document: names of one's own, rows of metrics and paths."""

from __future__ import annotations

import pytest

from pytest_handoff.document.catalogue import catalogue, mentioned
from pytest_handoff.document.find import find
from pytest_handoff.errors import UsageProblem


def found(text: str, **more: object) -> list[str]:
    """The ids of the places in a text."""
    fields = catalogue("session-2", **({"aliases": {}} | more))  # type: ignore[arg-type]
    return [place.id for place in find(text, fields=fields).places]


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        ({"tests.current": ["Ours"]}, "## Tests\n- **Ours**: [x/y]\n", ["tests.current"]),
        ({"tests.current": ["Ours"]}, "## Elsewhere\n- **Ours**: [x/y]\n", []),
        ({"tests.current": ["Where > Ours"]}, "## Where\n- **Ours**: [x/y]\n", ["tests.current"]),
        ({"files.created": ["What came"]}, "## What came\n```\n[a list of it]\n```\n", ["files.created"]),
        ({"coverage.total": ["Reached"]}, "## Tests\n- Reached: [n]\n- Code Coverage is above\n", ["coverage.total"]),
    ],
)
def test_names_of_ones_own(names: dict[str, list[str]], text: str, expected: list[str]) -> None:
    """A label stands in the known sections or below the heading it is given with; a fence has a heading."""
    assert found(text, aliases=names) == expected


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"test.current": ["a"]}, "did you mean 'tests.current'"),
        ({"zzz": ["a"]}, "no place 'zzz'"),
        ({"tests.current": ["**"]}, "has no word"),
    ],
)
def test_names_that_cannot_be_used(names: dict[str, list[str]], complaint: str) -> None:
    """An unknown place and a name without a word are refused."""
    with pytest.raises(UsageProblem, match=complaint):
        catalogue("session-2", aliases=names)


def test_rows_of_metrics_and_paths() -> None:
    """A metric's row and a path's row are found by the names that they have, a metric without a word by none."""
    text = (
        "## Performance Metrics\n### Baseline\n| Metric | Value |\n|---|---|\n| Check out | [v] |\n### Actual\n"
        "| Metric | Actual | Improvement |\n|---|---|---|\n| Check out | [v] | [i] |\n"
        "## Coverage Targets\n| Path | Coverage | Target |\n|---|---|---|\n| `src/a/b.py` | [c] | 80% |\n"
    )
    assert found(text, metrics=["Check out", "!"], paths=["src/a/b.py", "/"]) == [
        "metric.Check-out.before", "metric.Check-out.value", "metric.Check-out.improvement", "targets.src/a/b.py.value",
        "targets.src/a/b.py.target",
    ]  # fmt: skip


def test_mentioned() -> None:
    """Files and folders whose path stands in the text, and no others."""
    assert mentioned("see src/a/b.py", ["src/a/b.py", "src/c.py"]) == ["src", "src/a", "src/a/b.py"]
    assert mentioned("|`my code/a.py`|", ["my code/a.py", "my code/b.py"]) == ["my code", "my code/a.py"]
    assert mentioned("my code", ["mycode", "code/a.py", "my\ncode"]) == ["code"]

"""A new document has the lines that it must carry, whatever its template."""

from __future__ import annotations

import pytest

from pytest_handoff.workflow.carried_lines import with_carried_lines

LIST = "# S\n\n## Checklist\n\n- [ ] All tests pass\n- [ ] Ada has read it,\n  all of it\n\n## Next\n\n- [ ] sleep\n"


@pytest.mark.parametrize(
    ("text", "must", "expected"),
    [
        pytest.param(LIST, ["All tests pass"], LIST, id="nothing is missing"),
        pytest.param(
            LIST,
            ["All tests pass", "Coverage ≥80%", "No regressions"],
            LIST.replace("  all of it\n", "  all of it\n- [ ] Coverage ≥80%\n- [ ] No regressions\n"),
            id="below the last one",
        ),
        pytest.param("# S\n", ["No regressions"], "# S\n\n## Checklist\n\n- [ ] No regressions\n", id="without a checklist"),
        pytest.param(
            "## Checklist\r\n\r\n- [ ] a",
            ["No regressions"],
            "## Checklist\r\n\r\n- [ ] a\r\n- [ ] No regressions\r\n",
            id="CR LF",
        ),
        pytest.param("# S\n", ["a\n# b"], "# S\n\n## Checklist\n\n- [ ] a # b\n", id="more than a line"),
        pytest.param(LIST, ["a <!-- handoff:off -->"], LIST, id="a marker"),
    ],
)
def test_missing_lines_are_added(text: str, must: list[str], expected: str) -> None:
    """They stand behind what the template has, each in one line, and every other character stays."""
    assert with_carried_lines(text, must) == expected

"""What is found in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.document.catalogue import FIELDS, Field
from pytest_handoff.document.find import find
from pytest_handoff.errors import DocumentProblem

if TYPE_CHECKING:
    from pytest_handoff.document.places import Document


def _places(document: Document) -> list[tuple[str, int, str, str]]:
    return [(place.id, place.line, place.state, place.text) for place in document.places]


def _ids(text: str) -> list[str]:
    return [place.id for place in find(text).places]


SESSION = """\
# Session [N]: [Name] - Implementation Handoff
## Session Overview

**Session**: [Number]
**Completion Date**: [Date]\x20\x20
**Agent**: [Agent]
**Duration**: [Time]

### What Was Built
- **Integration Points**: [How]

### E2E Test Status
- **Current Session Tests**: [X/Y passed]
- **Previous Session Tests**: [X/Y passed - should be all]
- **New Test Coverage**: [Brief]
- **Test Failures**: [Which]

### Quality Metrics
- **Code Coverage**: [Percentage]
- **Performance Impact**: [Any]

### Validation Gates
- **Existing Functionality**: [Tests]
- **New Functionality**: [Tests]
- **Integration Points**: [Tests]

### New Files Created
```
[List them]
src/
```

### Existing Files Modified
```
[List them]
```

### Files Removed
```
```

### Implementation Stats
- **Lines of Code Added**: [Count]
- **Files Created**: [Count]
- **Files Modified**: [Count]
- **Tests Added**: [Count]
- **Documentation Updated**: [Count]

## Verification Checklist
- [ ] All E2E tests pass

---

**Session Status**: ✅ Complete | ⚠️ Complete with Issues | ❌ Incomplete
**Next Session Ready**: [Yes/No]
"""


def test_a_session_handoff_is_found_whole() -> None:
    """Every field of a session hand-off is found where it stands, and nothing else."""
    document = find(SESSION)
    assert [(place.id, place.line) for place in document.places] == [
        ("overview.session", 4), ("overview.date", 5), ("overview.agent", 6), ("overview.duration", 7),
        ("tests.current", 13), ("tests.previous", 14), ("tests.new", 15), ("tests.failures", 16),
        ("coverage.total", 19), ("next.existing", 23), ("next.new", 24), ("next.integration", 25),
        ("files.created", 28), ("files.modified", 34), ("files.removed", 39),
        ("stats.lines_added", 43), ("stats.files_created", 44), ("stats.files_modified", 45), ("stats.tests_added", 46),
        ("stats.docs_updated", 47), ("status.session", 54), ("status.next", 55),
    ]  # fmt: skip
    assert [place.id for place in document.places if place.state != "placeholder"] == ["files.removed"]
    assert document.title == "Session [N]: [Name] - Implementation Handoff"
    asked = [(finding.line, finding.message) for finding in document.findings]
    assert asked == [(10, "for you to fill in: Integration Points"), (20, "for you to fill in: Performance Impact")]


def test_a_recovery_guide_is_found_with_its_nested_fields() -> None:
    """Labels that repeat below each tier are told apart by the item around them."""
    text = (
        "# Session Recovery: X\n\n**Last Updated**: [Date]\n\n## Test Status\n\n"
        "- **Unit Tests**: [Passing | Failing]\n  - Coverage: [X% | Not measured yet]\n"
        "  - Passing: [X/Y tests]\n  - Issues: None\n"
        "- **Integration Tests**: [Passing | Failing]\n  - Issues: [None | List]\n\n"
        "## Commands to Resume Work\n\n```bash\n[the commands]\n```\n"
    )
    assert _places(find(text)) == [
        ("recovery.updated", 3, "placeholder", "[Date]"),
        ("tier.unit.status", 7, "placeholder", "[Passing | Failing]"),
        ("tier.unit.coverage", 8, "placeholder", "[X% | Not measured yet]"),
        ("tier.unit.passing", 9, "placeholder", "[X/Y tests]"),
        ("tier.unit.issues", 10, "written", "None"),
        ("tier.integration.status", 11, "placeholder", "[Passing | Failing]"),
        ("tier.integration.issues", 12, "placeholder", "[None | List]"),
        ("recovery.commands", 16, "placeholder", "[the commands]"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# T\nCoverage: 97%\n", [("coverage.total", 2)]),
        ("# T\n\n## Test Results\n\nAll is well.\nCoverage: 97%\n", [("coverage.total", 6)]),
        ("## Tests\n- **Coverage**: [X]%\n", [("coverage.total", 2)]),
        ("## Tests\n### Integration\n- **Coverage**: [X]%\n", []),
        ("## Tests\n- Some tests: 3\n  - Coverage: [X]%\n", []),
        ("## Tests\n**Unit Tests**: Passing\n- Coverage: [X]%\n", [("tier.unit.status", 2)]),
        ("## Tests\nOf the frontend:\n\n- Speed: 3\n- Coverage: 97%\n", []),
        ("# T\nIntroduced by:\n| a |\n|---|\n\n## Tests\n- Coverage: 97%\n", [("coverage.total", 7)]),
        ("## Tests\nOf the frontend:\n- Speed: 3\n\nOf all code.\nCoverage: 97%\n", [("coverage.total", 6)]),
        ("# T\n## E2E Test Status\nCoverage: 97%\n", []),
        ("# T\n## Notes\nCoverage: 97%\n", []),
        ("## Tests\nCoverage: see htmlcov\n\n**Code Coverage**: [X]%\n", [("coverage.total", 4)]),
        ("## Tests\nTest coverage: of everything that matters\n", []),
    ],
)
def test_coverage_alone_is_that_of_all_code_where_nothing_else_is_spoken_of(text: str, found: list[tuple[str, int]]) -> None:
    """*Coverage* with no heading, item or leading text of its own is the session's, unless a label says so more plainly."""
    assert [(place.id, place.line) for place in find(text).places] == found


def test_two_coverages_alone_are_in_doubt() -> None:
    """Of two that could be meant, neither is filled, and both lines are named."""
    document = find("## Tests\nCoverage: [X]%\n\nCoverage: [Y]%\n")
    assert (document.places, [finding.kind for finding in document.findings]) == ((), ["ambiguous", "placeholder", "placeholder"])


def test_a_summary_is_found_by_row_and_column() -> None:
    """Cells are named by the first cell of their row and the head of their column."""
    text = (
        "# Final Session Summary\n\n## Key Metrics\n### Current State\n| Metric | Value | Target | Status |\n|---|---|---|---|\n"
        "| **Schemas** | 17 | 17 | ok |\n| **Test Count** | 129 | 220+ |  |\n| Estimated Coverage | [X]% | 80%+ | [open] |\n"
    )
    assert _places(find(text)) == [
        ("metrics.tests.value", 8, "written", "129"),
        ("metrics.tests.target", 8, "written", "220+"),
        ("metrics.tests.status", 8, "empty", ""),
        ("metrics.coverage.value", 9, "placeholder", "[X]%"),
        ("metrics.coverage.target", 9, "written", "80%+"),
        ("metrics.coverage.status", 9, "placeholder", "[open]"),
    ]


def test_a_phase_readme_is_found() -> None:
    """A phase README's status, file counts and results block are found in the document's own words."""
    text = (
        "# Phase [X]: [Name]\n\n**Completion Date:** [Date]\n**Files:** [count] implementation | [count] tests\n\n"
        "## Tests\n### Unit Tests\n1. **test_[x]**\n   - Tests: [What]\n\n### Test Results\n\n"
        "```\n==== [X] passed in [Y]s ====\n```\n\n---\n"
        "**Phase [X] Status:** [✅ Complete]\n**Ready for Phase [X+1]:** [✅ Yes / ⭕ No]\n"
    )
    assert _ids(text) == ["overview.date", "phase.files", "phase.results", "phase.status", "phase.next"]
    assert {place.state for place in find(text).places} == {"placeholder"}


@pytest.mark.parametrize(
    "heading",
    [
        "### E2E Test Status",
        "# E2E test status",
        "## ✅ 4. Test Results:",
        "### **Tests**",
        "Test Results\n---",
        "## Testergebnisse",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize(
    "line",
    [
        "- **Current Session Tests**: [X/Y]",
        "* **Current Session Tests:** [X/Y]",
        "+ __Current Session Tests__: [X/Y]",
        "1. Current Session Tests: [X/Y]",
        "**Current Session Tests** : [X/Y]  ",
        "- ✅ **Current Session Tests**: [X/Y]",
        "> - **current session tests**: [X/Y]",
    ],
)
def test_headings_and_labels_in_every_dress(heading: str, gap: str, line: str) -> None:
    """A field is found at any level, numbered, with emoji, setext or German, in every form of label."""
    assert _ids(f"# Title\n\n{heading}{gap}{line}\n") == ["tests.current"]


@pytest.mark.parametrize(
    "text",
    [
        "## Tests\n```\n- **Code Coverage**: [X]\n```\n",
        "## Test Results\n    - **Code Coverage**: [X]\n",
        "## Test Results\n<!--\n- **Code Coverage**: [X]\n-->\n",
        "# T\n```\n## Test Results\n```\n## Other\n- **Code Coverage**: [X]\n",
        "## Test Results\n# Other\n## More\n- **Code Coverage**: [X]\n",
        "## Test Results\n- [ ] **Code Coverage**: [X]\n",
        "## Test Results\n- **Code Coverage** [X]\n",
        "## Test Results\n- item\n  - **Code Coverage**: [X]\n",
        "## New Files Created\n- a.py\n### More\n```\n[list]\n```\n",
        "## New Files Created\n```\n[never closed]\n",
        "## Key Metrics\n| Metric | Other |\n|---|---|\n| Coverage | [X] |\n",
    ],
)
def test_what_is_no_field(text: str) -> None:
    """Code, comments, other sections, check boxes, nested and unclosed look-alikes are not fields."""
    assert _ids(text) == []


@pytest.mark.parametrize(
    ("value", "below", "state"),
    [
        ("[X/Y]", "", "placeholder"),
        ("[X/Y] (slow)", "", "placeholder"),
        ("", "", "empty"),
        ("", "\n  - nested", "written"),
        ("", "\n  goes on", "written"),
        ("", "\n  **Next**: x", "empty"),
        ("", "\n- **Next**: x", "empty"),
        ("9/9", "", "written"),
        ("[link](x)", "", "written"),
        ("[ref]", "\n\n[ref]: x", "written"),
        ("A | B", "", "written"),
    ],
)
def test_states(value: str, below: str, state: str) -> None:
    """A value asks to be filled, is empty, or is written; an empty one with more below it is written."""
    (place,) = find(f"## Tests\n- **Code Coverage**: {value}{below}\n").places
    assert place.state == state


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("[List of files]\nsrc/\n", "placeholder"),
        ("\n\n", "empty"),
        ("", "empty"),
        ("==== [X] passed ====\n", "placeholder"),
        ("src/a.py\n", "written"),
        ("[tool.handoff]\n", "written"),
        ("[1, 2]: x\n", "written"),
    ],
)
def test_fence_states(body: str, state: str) -> None:
    """A fence asks to be filled where it starts with a prompt; a table of TOML is a person's."""
    (place,) = find(f"## New Files\n```\n{body}```\n").places
    assert place.state == state


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("## Tests\n- **Code Coverage**: [X]\n- **Code Coverage**: [X]\n", "lines 2 and 3"),
        ("## Test Results\n- **Code Coverage**: [X]\n## Test Results\nold\n", "lines 1 and 3"),
        ("## Test Results\nold\n## ✅ test results\n- **Code Coverage**: [X]\n", "lines 1 and 3"),
        ("## New Files\n```\n[a list]\n```\n## New Files\n```\n[a list]\n```\n", "lines 2 and 6"),
    ],
)
def test_doubt_is_named_not_decided(text: str, lines: str) -> None:
    """Two equal headings, or one field twice, give no place but a finding with both lines."""
    document = find(text)
    assert document.places == ()
    (finding,) = (finding for finding in document.findings if finding.kind == "ambiguous")
    assert lines in finding.message


def test_nested_headings_of_one_name_are_no_doubt() -> None:
    """A section within a section of the same name is still one section."""
    assert _ids("## Tests\n### Tests\n- **Code Coverage**: [X]\n") == ["coverage.total"]


def test_the_nearest_heading_decides_between_fields() -> None:
    """Where two fields could be meant by one label, the one whose heading is nearest is."""
    assert _ids("## Testing\n### Session Metrics\n- **New Tests**: [X]\n") == ["stats.tests_added"]
    assert _ids("## Session Metrics\n### Testing\n- **New Tests**: [X]\n") == ["tests.new"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Anything at all [X] <!-- handoff:my.id -->", "Anything at all [X]"),
        ("- **Label**: [X] <!-- handoff:my.id -->", "[X]"),
        ("- **Label**: <!-- handoff:my.id -->", ""),
        ("- [ ] box [X] <!-- handoff:my.id -->", "box [X]"),
        ("> 1. Label: [X] <!-- note --> <!--handoff:my.id-->  ", "[X]"),
        ("| a | b |\n|---|---|\n| x | [X] <!-- handoff:my.id --> |", "[X]"),
    ],
)
def test_a_marker_names_a_value_anywhere(line: str, text: str) -> None:
    """A marker at a line's end makes a place of the value after the label, of the whole text, or of its cell."""
    (place,) = find(f"# T\n\n{line}\n").places
    assert (place.id, place.text) == ("my.id", text)


def test_a_marker_decides_over_the_catalogue() -> None:
    """A marked line is the place of its id, whatever its label, and no other line is."""
    text = "## Tests\n- **Code Coverage**: [a] <!-- handoff:mine -->\n- All: [b] <!-- handoff:tests.total -->\n- Tests: [c]\n"
    assert [(place.id, place.line) for place in find(text).places] == [("mine", 2), ("tests.total", 3)]


def test_a_marker_settles_its_cell_only() -> None:
    """A marked cell is the marker's, while the catalogue finds the other cells of its row."""
    text = "## Key Metrics\n| M | Value | Status |\n|---|---|---|\n| Tests | 1 <!-- handoff:x --> | [open] |\n"
    assert _ids(text) == ["x", "metrics.tests.status"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- handoff:x -->\n", "not at the end of a line that can have a value"),
        ("# H [X] <!-- handoff:x -->\n", "not at the end of a line that can have a value"),
        ("a <!-- handoff:x --> b\n", "not at the end of its line"),
        ("a <!-- handoff:x -->\n\nb <!-- handoff:x -->\n", "on lines 1 and 3"),
        ("a: b | c | d <!-- handoff:x --> <!-- handoff:y -->\n", "two markers name the same value"),
        ("a <!-- handoff:? -->\n", "unknown marker"),
        ("<!-- handoff:begin x -->\n", "has no end"),
    ],
)
def test_markers_that_cannot_be_followed(text: str, message: str) -> None:
    """A marker without a value, out of place or given twice is a finding, and nothing is a place."""
    document = find(text)
    assert document.places == ()
    assert {finding.kind for finding in document.findings} == {"marker"}
    assert all(message in finding.message for finding in document.findings)


def test_quoted_markers_do_not_count() -> None:
    """In fences, code and escaped text a marker is text."""
    document = find("```\na <!-- handoff:x -->\n```\n`<!-- handoff:x -->` \\<!-- handoff:x -->\n\n    <!-- handoff:off -->\n")
    assert (document.places, document.findings) == ((), ())


def test_blocks_hide_what_is_in_them() -> None:
    """Labels and boxes within a block are the block's, and the block is one place."""
    text = "## Tests\n<!-- handoff:begin b -->\n- **Code Coverage**: [X]\n- [ ] task\n<!-- handoff:end b -->\n- [x] mine\n"
    document = find(text)
    assert _places(document) == [("b", 2, "written", "- **Code Coverage**: [X]\n- [ ] task")]
    assert [task.text for task in document.tasks] == ["mine"]


def test_off_keeps_out_of_a_section() -> None:
    """Below a heading with an off marker nothing is found, its sub-sections included, and no doubt comes from it."""
    text = (
        "## Tests\n<!-- handoff:off -->\n- **Code Coverage**: [X]\n- [ ] a\n### Sub\n- [ ] b <!-- handoff:q -->\n"
        "<!-- handoff:begin c -->\n<!-- handoff:end c -->\n<!-- handoff:begin d -->\n\n"
        "## Tests\n- **Code Coverage**: [Y]\n- [ ] c\n"
    )
    document = find(text)
    assert [(place.id, place.line) for place in document.places] == [("coverage.total", 12)]
    assert [task.text for task in document.tasks] == ["c"]
    assert document.findings == ()


def test_off_above_all_headings_closes_the_document() -> None:
    """An off marker before the first heading keeps out of everything."""
    document = find("<!-- handoff:off -->\n# Tests\n- **Code Coverage**: [X]\n- [ ] a\n")
    assert (document.places, document.tasks, document.findings) == ((), (), ())


@pytest.mark.parametrize(
    ("line", "text", "ticked"),
    [
        ("- [ ] all pass", "all pass", False),
        ("* [x] all pass", "all pass", True),
        ("+ [X] all pass", "all pass", True),
        ("1. [ ] all pass", "all pass", False),
        ("- - [ ] all pass", "all pass", False),
        ("> - [ ] all pass", "all pass", False),
        ("-\t[ ] all pass", "all pass", False),
        ("- [ ] all `tests`\n  pass  ", "all `tests` pass", False),
        ("- [x] all pass <!-- handoff:z -->", "all pass", True),
        ("- [x] all pass\n\n[x]: http://example.com", "all pass", True),
    ],
)
def test_tasks(line: str, text: str, ticked: bool) -> None:
    """Every kind of check box is a task, with all of its text and the character to change."""
    document = find(f"# A\n## **B** c\n{line}\n")
    (task,) = document.tasks
    assert (task.line, task.text, task.ticked, task.section) == (3, text, ticked, ("A", "B c"))
    assert document.text[task.at - 1 : task.at + 2] in ("[ ]", "[x]", "[X]")


@pytest.mark.parametrize("line", ["- [ ]", "- [ ]x", "[ ] x", "    - [ ] x", "```\n- [ ] x\n```", "- a [ ] b", "☐ x"])
def test_no_tasks(line: str) -> None:
    """Empty boxes, boxes in code and boxes outside lists are not tasks."""
    assert find(f"# A\n\n{line}\n").tasks == ()


def test_open_questions_are_listed() -> None:
    """Labels and items that only a person can fill are named while they hold a placeholder."""
    text = "- **Trade-offs**: [What]\n- [Lesson 1]\n- [ ] [Objective 1]\n- [link](x)\n- **Done**: yes\n"
    assert [finding.message for finding in find(text).findings] == [
        "for you to fill in: Trade-offs", "for you to fill in: [Lesson 1]", "for you to fill in: [Objective 1]",
    ]  # fmt: skip


def test_missing_sections_are_named() -> None:
    """A session hand-off without one of its sections gets a finding with the fields that are not shown."""
    document = find(SESSION.replace("### Validation Gates", "### Other").replace("### Files Removed", "### More"))
    missing = [finding.message for finding in document.findings if finding.kind == "missing_section"]
    assert missing == [
        "no section is called “validation gates”, so these are not in the document: next.existing, next.new, next.integration",
        "no section is called “files removed”, so these are not in the document: files.removed",
    ]


def test_own_fields_can_be_added() -> None:
    """The catalogue is an argument, so a project's own fields are found like ours."""
    mine = Field(id="latency", kind="cell", sections=(), labels=("p # latency",), columns=("actual",))
    text = "| Metric | Actual |\n|---|---|\n| p 99 latency | [ms] |\n"
    assert [place.id for place in find(text, fields=(*FIELDS, mine)).places] == ["latency"]


@pytest.mark.parametrize("text", ["a\0b", "<<<<<<< a\n=======\n>>>>>>> b\n"])
def test_unfit_texts_are_refused(text: str) -> None:
    """A text that cannot be filled safely is refused under the name it was given."""
    with pytest.raises(DocumentProblem) as refused:
        find(text, path="x.md")
    assert refused.value.path == "x.md"

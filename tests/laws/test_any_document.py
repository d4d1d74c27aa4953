"""Laws of filling that hold for any text: nothing outside of places changes, twice is once, and no value forges structure.

A run tries 100 texts, in CI 500; ``make fuzz`` tries 20,000.
"""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from check_documents import RENDERER, TEMPLATES, facts, fill, from_template, problems
from pytest_handoff.composition.compose import FillRequest, compose
from pytest_handoff.config import Config
from pytest_handoff.document import parse as markdown
from pytest_handoff.document.markers import block_checksum
from pytest_handoff.document.parse import parse
from pytest_handoff.errors import HandoffError
from pytest_handoff.evidence.regression import Fates, LineGroups

LAW = settings(
    max_examples=int(os.environ.get("HANDOFF_FUZZ_EXAMPLES") or 500),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
PARSER = MarkdownIt("commonmark").enable("table")

LINES = st.sampled_from([
    "# Session 2", "## Test Results", "## ✅ 3. Test Results:", "Test Results\n---", "### Quality Metrics", "## Checklist",
    "## New Files Created", "## Files Removed", "## Key Metrics", "## Coverage Targets", "## Validation Gates", "## Notes",
    "- **Current Session Tests**: [X/Y]", "* **Previous Session Tests:** [X/Y] (tail)", "- **Current Session Tests**: 9/9",
    "**Code Coverage**: [XX]%", "Code Coverage:", "  - Coverage: [X% | Not yet]", "- **Unit Tests**: [Passing | Failing]",
    "**Session Status**: ✅ Complete | ❌ Incomplete", "**Session**: [name]  ", "**Duration**: [time]\\", "**Status:** [A / B]",
    "- [ ] All tests pass", "1. [x] All unit tests pass", "  + [X] No regressions", "- [ ] A cake was eaten", "- [ ]",
    "> - [ ] Coverage >= 80%", "> **Session**: [name]", "| Metric | Value | Target | Status |", "|---|---|---|---|",
    "| Test Count | [N] | 5+ | |", "| Checkout time | [v] | | [s] |", "Coverage | `a|b` | \\| | x", "| Overall | [x] | 80% | |",
    "```", "````", "~~~", "    code", "[a list of paths]", "<!-- handoff:begin tests.lost -->", "<!-- handoff:end tests.lost -->",
    "<!-- handoff:end tests.lost 68445ec7 -->", "<!-- handoff:begin coverage.files -->", "<!-- handoff:end coverage.files -->",
    "- mine [X/Y] <!-- handoff:tests.current -->", "<!-- handoff:off -->", "<!-- handoff: ? -->", "<!--", "-->", "<details>",
    "</details>", "<div>", "---", "***", "[x]: /url", "[X/Y]: /url", "`src/shop/cart.py` ([n] lines)",
    "`src/shop/cart.py` (9 lines)", "# Session [N]", "### Complete Test Suite: [X/Y] PASSING", "- **Passed**: [N]", "Passed: 7",
    "## Test Summary", "| Test Type | Tests | Passed | Status |", "| Unit Tests | [N] | | [✅/❌] |", "| Total | [N] | [N] | |",
    "| Total Tests | [N] | 5+ | [status] |", "[N] passed, [N] failed in [X]s", "- `src/shop/cart.py`: [n] lines",
    "☑ All tests passing", "- Backend: [N] tests passing, [X]% coverage", "**Branch**: `[name]`", "## Files Modified So Far",
    "- `src/[name].py` - [what]", "#### test_cart.py", "- **Result**: [N passed]", "TOTAL [N] [N] [XX]%", "[X] passed",
    "✅ **ALL TESTS PASSED: 129/129**", "Parser done | lexer half done", "**Status**: Done | Tests: 12/12", "a person's words",
    "- Tests: {{ n }}", "- Passed: ___", "**Coverage:** XX% (was XX%)", "- Skipped: TBD", "**Tree clean?** [yes/no]",
    "**Commit:** <sha>", "- Lines: +[N] / -[N]", "tests_passed: TBD", "branch: <name>", "| e2e | {{ n }} | <n> | [X/Y passing] |",
    "- Failing tests: [list]", "Last run: XX passed, ___ failed in {{ n }} s", "| `src/shop/cart.py` | [fill] | TBD | ___% |",
    "text", "  ", "", "\t- [ ] All tests pass", "- - [ ] All tests pass", "\ufeff", "\u2028", "\x0c", "\x85", "é", "‚úÖ",
    "\udc96",
])  # fmt: skip
NEWLINES = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n  ", "\n> "])
PIECES = st.lists(st.tuples(st.one_of(LINES, LINES, LINES, st.text(max_size=12)), NEWLINES), max_size=25)
TEXTS = st.one_of(
    PIECES.map(lambda pieces: "".join(line + newline for line, newline in pieces)),
    PIECES.map(lambda pieces: "".join(line + newline for line, newline in pieces).rstrip()),
    st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape")),
)
CONSTRUCTS = st.sampled_from([
    "# A", "## B", "#", "#\tx", "# c #", "####### no", "# *x* [a]", "# x <!-- c -->", "\\# x", "- a", "* b", "+ c", "1. d",
    "2) e", "10. f", "5.", "5", "2026-11-21", "1234567890. x", "\u0663. x", "  - g", "    - h", "   - i", "  1. j", "  2. k",
    "   1. l", "- - m", "- # n", "- > o", "- 1. p", "- ---", "- - - - - - - - - - x", "- - - - - - - - - - - - x", "- [ ] t",
    "- [x] u <!-- z -->", "- [a](b)", "- [a]: b", "- [x", "[a]: /b", "[a]", "[x", "word]: x", "[^1]: x", "![i](j)", "p",
    "  q", "a  ", "a\\", "**r**: s", "__t__", "`u`", "``v``", "`a", "b`", "*x*", "_x_", "&amp;", "<https://x.y>", "```",
    "```py", "````", "~~~", "  ```", "    ```", "\t```", "| a | b |", "|---|---|", "| c |", "|:--|-:|", "| d | e |  ",
    "|x|y\\||", "a | b", "--|--", "---", "***", "* * *", "===", "<!-- x -->", "<!--", "-->", "<!-->", "<!-- a --> b",
    "<div>", "</div>", "<script>", "</script>", "<?", "?>", "> q", "> - r", "> ```", "title: x", "...", "a\u00a0b", "a\tb",
    "\tz", "\x0c", "\u2028", "\0", "\udc96", "", "", "", "  ",
])  # fmt: skip
ENDINGS = st.sampled_from([*["\n"] * 6, *["\n\n"] * 3, "\r\n", "\r", "\n  ", "\n    ", "\n> ", "\n\t"])
STRUCTURED = st.lists(
    st.tuples(st.one_of(CONSTRUCTS, CONSTRUCTS, CONSTRUCTS, LINES, st.text(max_size=5)), ENDINGS), max_size=20
).map(lambda pieces: "".join(line + ending for line, ending in pieces))
MARKUP = (
    "a", " b ", "&", "&amp;", "&#65;", "[", "]", "[a]", "[a][b]", "[É x]", "(c)", "](", "![", "!", "*", "**", "_", "`", "``",
    "\\", "<b>", "<", "<!-- c -->", "<https://x.y>", "~~", "#", "1", ":", "Known Issues & Limitations",
)  # fmt: skip
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from([
            "\n", "\r", "# x", "\n# x", "\n- [x] All tests pass", "- [x] ", "|", "\\|", "`", "``", "```", "\n```\n", "~~~",
            "<!--", "-->", "<!-- handoff:end tests.lost -->", "\n<!-- handoff:begin x -->\n", "<b>", "[a](b)", "[", "]", "*",
            "_", "\\", "\n---\n", "===", "&amp;", "\x00", "\x1b[0m", "\ud800", "\u2028", "::", " ", "1. ", "> ", "\n> ",
            "| a |\n|---|", "☑", "<<<<<<< a", "\n<<<<<<< b\n",
        ]),
        st.text(max_size=5),
    ),
    min_size=1, max_size=6,
).map("".join)  # fmt: skip


@LAW
@example("\u2028\n**Code Coverage**: [XX]%\n**Code Coverage**: [XX]%\n")
@example("**Status:** [A / B]\n- Failing tests: [list]\n")
@example("{:\n")
@example("**Session Status**: ✅ Complete | ❌ Incomplete\n- **Passed**: [N]\n")
@example("```\n- **Passed**: [N]\n- Statements: [N]\n```\n")
@example("- Lines: +[N] / -[N]\n- Diff: +[N], -[N]\n- Churn: [N] added/[N] removed\n")
@given(TEXTS)
def test_nothing_outside_places_changes_and_twice_is_once(text: str) -> None:
    """Whatever a document holds, only places and boxes change, and a second fill changes nothing."""
    try:
        filling = fill(text)
    except HandoffError:
        assume(False)
    assert problems(filling) == []


@LAW
@given(st.one_of(STRUCTURED, STRUCTURED, STRUCTURED.map(str.rstrip), TEXTS))
def test_read_in_parts_is_read_whole(text: str) -> None:
    """Reading a text part by part, and plain parts without the parser, finds what the parser finds in all of it at once."""
    assert parse(text) == parse(text, in_parts=False)


@LAW
@given(
    st.lists(st.one_of(st.sampled_from(MARKUP), st.text(max_size=3)), max_size=12).map("".join),
    st.sampled_from(["", "[a]: /url", "[é x]: <u>\n[b]: /url"]),
)
def test_a_heading_reads_as_it_is_shown(content: str, definitions: str) -> None:
    """The text of a heading is what its inline content shows, HTML aside, whatever markup or references there are."""
    text = "# " + " ".join(content.split()) + f"\n\n{definitions}\n"
    shown = [token.children or [] for token in PARSER.parse(text.replace("\0", "\ufffd")) if token.type == "inline"][:1]
    expected = ["".join(child.content for child in children if child.type != "html_inline").strip() for children in shown]
    assert [heading.text for heading in parse(text).headings] == expected


@LAW
@given(TEXTS)
def test_a_filled_document_can_be_written_and_read(text: str) -> None:
    """The filled text becomes bytes and the same text again."""
    try:
        after = fill(text).after
        read = markdown.decode(markdown.encode(after), "x.md")
    except HandoffError:
        assume(False)
    assert read == after


def structure(text: str) -> Counter[str]:
    """How many headings, items, rows, cells, boxes, fences, quotes and comments a text has."""
    tokens = PARSER.parse(text)
    found = Counter(token.type for token in tokens if token.type.endswith("_open") or token.type in ("fence", "code_block", "hr"))
    found["comments"] = sum(token.type == "html_block" for token in tokens)
    inline = [token.content for token in tokens if token.type == "inline"]
    found["boxes"] = sum(content.startswith(("[ ] ", "[x] ", "[X] ")) for content in inline)
    found["inline html"] = sum(child.type == "html_inline" for token in tokens for child in token.children or [])
    found["links"] = sum(child.type in ("link_open", "image") for token in tokens for child in token.children or [])
    return found


def filled_with(template: str, name: str, message: str) -> str:
    """A new document after a session in which one test has this name, its failure and a skip's reason this message."""
    known = facts()
    failing, skipped = "tests/e2e/test_refund.py::test_money_back", "tests/unit/test_cart.py::test_empty"
    ledger = {test: line for test, line in known.ledger.items() if test not in (failing, skipped)}
    renamed = {f"tests/{name}.py::{name}": (failing, {"error": message}), f"{name}::x": (skipped, {"reason": message})}
    ledger |= {test: replace(known.ledger[old], id=test, **change) for test, (old, change) in renamed.items()}
    each = dict(known.fates) | {test: known.fates[old] for test, (old, _) in renamed.items()}
    each[f"{name}::x"] = replace(each[skipped], status="newly_skipped", passes=False)
    fates = Fates(ledger, each)
    record = replace(known.record, changes=replace(known.record.changes, created=[f"src/{name}"], removed=[name]))
    told = replace(known, ledger=ledger, fates=fates, kinds=LineGroups(ledger, fates), record=record)
    return compose(
        from_template(template), told, Config(), FillRequest(path="x.md", today="2026-01-02", render=RENDERER.block)
    ).text


PLAIN = {template: structure(filled_with(template, "plain", "a message")) for template in TEMPLATES}


@LAW
@given(st.sampled_from(TEMPLATES), HOSTILE, HOSTILE)
def test_no_name_or_message_forges_structure(template: str, name: str, message: str) -> None:
    """Ids, paths and messages make no heading, box, cell, fence, link or comment: the structure is that of plain ones."""
    assert structure(filled_with(template, name, message)) == PLAIN[template]


@LAW
@given(TEXTS)
def test_a_checksum_is_the_same_for_the_same_words(text: str) -> None:
    """White space around and between words makes no difference to a block's checksum."""
    assert block_checksum(text) == block_checksum("\n" + text.replace(" ", "  ") + "\n")

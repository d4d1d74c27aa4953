"""What filling writes, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mdformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.document import fences
from pytest_handoff.document.fill import fill
from pytest_handoff.document.find import find
from pytest_handoff.document.markers import block_checksum
from pytest_handoff.document.parse import decode, encode

if TYPE_CHECKING:
    from pytest_handoff.document.places import Filled


def _fill(
    text: str,
    values: dict[str, str] | None = None,
    *,
    blocks: dict[str, str] | None = None,
    ticks: dict[int, bool] | None = None,
    memory: dict[str, str] | None = None,
    take_over: frozenset[str] = frozenset(),
) -> Filled:
    return fill(find(text), values=values or {}, blocks=blocks or {}, ticks=ticks or {}, memory=memory or {}, take_over=take_over)


def _line(value: str, **more: dict[str, str]) -> str:
    """The value that stands after filling one label's line with 9/9."""
    filled = _fill(f"- **Label**: {value} <!-- handoff:x -->", {"x": "9/9"}, **more)  # type: ignore[arg-type]
    return filled.text.removeprefix("- **Label**: ").removesuffix(" <!-- handoff:x -->").strip()


def _kinds(filled: Filled) -> list[tuple[str, str | None]]:
    return [(finding.kind, finding.place) for finding in filled.findings]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[X/Y passed]", "9/9"),
        ("[Passing | Failing]", "9/9"),
        ("[X/Y] (slow)", "9/9 (slow)"),
        ("Yes | No", "9/9"),
        ("", "9/9"),
        ("8/8 passed", "8/8 passed"),
        ("[text](url)", "[text](url)"),
    ],
)
def test_placeholders_and_empty_values_are_filled(before: str, after: str) -> None:
    """A placeholder or an empty value gives way to the evidence, words do not."""
    assert _line(before) == after


@pytest.mark.parametrize(
    ("current", "memory", "after"),
    [
        ("7/7", "7/7", "9/9"),
        ("7/7 (one was slow)", "7/7", "9/9 (one was slow)"),
        ("7/7 - one was slow", "7/7", "9/9 - one was slow"),
        ("7/7 — one was slow", "7/7", "9/9 — one was slow"),
        ("7/7 (was 6/6)", "7/7 (was 6/6)", "9/9"),
        ("9/9 (2 flaky)", "9/9 (2 flaky)", "9/9"),
        ("7/7, all well", "7/7", "7/7, all well"),
        ("8/8", "7/7", "8/8"),
        ("7/7", "", "7/7"),
    ],
)
def test_only_our_own_text_is_replaced(current: str, memory: str, after: str) -> None:
    """What we wrote last time is replaced, a person's tail behind it stays, and so do a person's words over it."""
    assert _line(current, memory={"x": memory}) == after


@pytest.mark.parametrize(
    ("current", "kind"),
    [("all green", "claim"), ("14/14 passed", "contradicted"), ("9/9", None), ("9/9 (all of them)", None)],
)
def test_claims_are_reported(current: str, kind: str | None) -> None:
    """Words in place of evidence are a claim, contradicted where their figures are others, and none where they agree."""
    filled = _fill(f"# T\n\n**Label**: {current} <!-- handoff:x -->\n", {"x": "9/9"})
    found = [(f.kind, f.line, f.place, f.claim, f.evidence) for f in filled.findings]
    assert found == ([] if kind is None else [(kind, 3, "x", current, "9/9")])
    assert [(one.id, one.text) for one in filled.written] == ([("x", "9/9")] if kind is None else [])


@pytest.mark.parametrize(
    ("current", "kind", "told"),
    [("50/50 passed", "contradicted", "12/12 tests"), ("12/12 passed", "claim", "Passing"), ("all green", "claim", "Passing")],
)
def test_figures_are_held_against_figures(current: str, kind: str, told: str) -> None:
    """Where a count stands in place of a status, it is the count behind the status that contradicts it, and that is told."""
    text = f"## Test Status\n- **Unit Tests**: {current}\n"
    found = _fill(text, {"tier.unit.status": "Passing", "tier.unit.status#fraction": "12/12 tests"}).findings
    assert [(finding.kind, finding.evidence) for finding in found] == [(kind, told)]
    assert found[0].message.endswith(f": {told!r}")


def test_a_label_with_a_list_is_a_claim() -> None:
    """Nested children under an empty label are a person's value and stay."""
    text = "### Validation Gates\n- **New Functionality**:\n  - test one\n"
    filled = _fill(text, {"next.new": "12 tests"})
    assert (filled.text, _kinds(filled)) == (text, [("claim", "next.new")])


def test_take_over_replaces_a_persons_words() -> None:
    """On request a claim gives way, in a line, a fence and a block alike, and only where it was asked for."""
    text = (
        "- a: words (more) <!-- handoff:a -->\n- b: words <!-- handoff:b -->\n## New Files\n```\nmine\n```\n"
        "<!-- handoff:begin k -->\nmine\n<!-- handoff:end k 00000000 -->\n"
    )
    values = {"a": "1", "b": "2", "files.created": "x.py"}
    filled = _fill(text, values, blocks={"k": "ours"}, take_over=frozenset({"a", "files.created", "k"}))
    assert filled.text == (
        "- a: 1 <!-- handoff:a -->\n- b: words <!-- handoff:b -->\n## New Files\n```\nx.py\n```\n"
        f"<!-- handoff:begin k -->\nours\n<!-- handoff:end k {block_checksum('ours')} -->\n"
    )
    assert _kinds(filled) == [("claim", "b")]


def test_a_place_without_a_value_keeps_its_placeholder() -> None:
    """What is not measured is not written, and the placeholder that stays is a finding."""
    text = "- a: [N] <!-- handoff:a -->\n- b: 1 <!-- handoff:b -->\n- c: <!-- handoff:c -->\n"
    filled = _fill(text, {"a": " ", "b": "\x00\n"}, memory={"b": "1"})
    assert filled.text == text
    assert _kinds(filled) == [("placeholder", "a")]
    assert [(one.id, one.text) for one in filled.written] == [("b", "1")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("- **Integration Points**: [List] <!-- handoff:a.b -->\n", "Integration Points"),
        ("> 1. Points: [List] <!-- handoff:a.b -->\n", "Points"),
        ("  * **Points:** [List] <!-- handoff:a.b -->\n", "Points"),
        ("[List] <!-- handoff:a.b -->\n", "a.b"),
        ("| What | Now |\n|---|---|\n| In \\| out | [N] <!-- handoff:a.b --> |\n", "In | out"),
        ("# Work\n\n## New Files\n\n```\n[list files]\n```\n", "New Files"),
        ("# Work\n\n## Validation Gates\n\n- **Integration Points**: [List of points]\n", "Integration Points"),
    ],
)
def test_what_is_not_measured_has_the_name_that_the_document_gives_it(text: str, name: str) -> None:
    """A reader knows labels, rows and headings; ids are for markers."""
    assert [one.message for one in _fill(text).findings] == [f"not measured: {name}; its placeholder stays"]


def test_our_text_stays_ours_without_new_values() -> None:
    """Fences and blocks that get no value now are remembered, as long as nobody edited them."""
    seal = block_checksum("ours")
    text = f"## New Files\n```\na.py\n```\n<!-- handoff:begin k -->\nours\n<!-- handoff:end k {seal} -->\n"
    memory = {"files.created": "a.py", "k": "ours"}
    assert {one.id: one.text for one in _fill(text, memory=memory).written} == memory
    edited = text.replace("a.py", "b.py").replace("ours", "mine")
    assert _fill(edited, memory=memory).written == ()


def test_lost_places_are_named() -> None:
    """A place that was filled before and is gone is a finding, one that is in doubt is named as such only."""
    text = "## Tests\n- **Code Coverage**: 1\n- **Code Coverage**: 2\n"
    filled = _fill(text, memory={"tests.new": "3 tests", "coverage.total": "1"})
    assert _kinds(filled) == [("lost", "tests.new"), ("ambiguous", "coverage.total")]
    assert filled.findings[0].evidence == "3 tests"


def test_doubts_about_unwanted_places_are_left_out() -> None:
    """A field that has no value and never had one is nobody's doubt."""
    assert _fill("## Tests\n- **Code Coverage**: 1\n- **Code Coverage**: 2\n").findings == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- [ ] a\n* [x] b\n1. [X] c\n", "- [x] a\n* [ ] b\n1. [X] c\n"),
        ("> - [ ] a\n> - [X] b\n>   - [ ] c", "> - [x] a\n> - [ ] b\n>   - [x] c"),
    ],
)
def test_ticks_change_one_character(before: str, after: str) -> None:
    """A box is set both ways by one character, and a box that is right stays as it is written."""
    assert _fill(before, ticks={1: True, 2: False, 3: True}).text == after


def test_a_tick_without_a_box_is_refused() -> None:
    """A tick for a line that has no box is a mistake of the caller's."""
    with pytest.raises(ValueError, match="line 2 has no check box"):
        _fill("- [ ] a\n- b\n", ticks={2: True})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a list]\nold\n", "x.py\n\n    ```\ny.py\nold\n"),
        ("", "x.py\n\n    ```\ny.py\n"),
        ("mine\n", "mine\n"),
    ],
)
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_fences(before: str, after: str, eol: str) -> None:
    """A fence's body is replaced in the document's line ending, and no line of it can close the fence."""
    text = f"## New Files\n  ```\n{before}```\n# End".replace("\n", eol)
    expected = "".join(f"  {line}\n" if line and line not in ("mine", "old") else f"{line}\n" for line in after.splitlines())
    filled = _fill(text, {"files.created": "x.py\n\n```\ny.py\n"})
    assert filled.text == f"## New Files\n  ```\n{expected}```\n# End".replace("\n", eol)
    assert _fill(filled.text, {"files.created": "x.py\n\n```\ny.py\n"}, memory={w.id: w.text for w in filled.written}) == filled


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ("[List files]\nsrc/a.py: Ada made it safe\ndo NOT touch b.c\n", "x.py\nsrc/a.py: Ada made it safe\ndo NOT touch b.c\n"),
        ("[List files]\n\nAda: see my mail\n", "x.py\n\nAda: see my mail\n"),
        ("==== [X] passed in [Y]s ====\n\nCoverage Report:\n[m]/[c].py  [XX]%\n-----\nTOTAL  [XX]%\n\n☑ All tests passing\n",
         "x.py\n\n☑ All tests passing\n"),
        ("[X] passed\n12 failed on Ada's machine\n[Y] failed\n", "x.py\n12 failed on Ada's machine\n[Y] failed\n"),
        ("[List files], but ask Ada first\n", None),
        ("[X] passed, 2 of them by luck\n", None),
    ],
)  # fmt: skip
def test_a_prompt_in_a_fence_is_replaced_alone(body: str, after: str | None) -> None:
    """What a person wrote below the prompt stays, in every later fill too, and a person's words beside it keep the fence."""
    text = f"## New Files\n```\n{body}```\n"
    filled = _fill(text, {"files.created": "x.py"})
    assert filled.text == (f"## New Files\n```\n{after}```\n" if after else text)
    memory = {one.id: one.text for one in filled.written}
    assert _fill(filled.text, {"files.created": "x.py"}, memory=memory).text == filled.text
    again = _fill(filled.text, {"files.created": "y.py\nz.py"}, memory=memory)
    assert again.text == filled.text.replace("x.py", "y.py\nz.py")


def test_the_example_of_a_known_template_goes_with_its_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that a template shows below its prompt are replaced as well, and no line that a person added to them."""
    example = ["lib/", "└── example.py"]
    monkeypatch.setattr(fences, "EXAMPLES", {2: fences.digest_of(example)})
    text = "## New Files\n```\n[List files]\nlib/\n└── example.py\nlib/mine.py\n```\n"
    assert _fill(text, {"files.created": "x.py"}).text == "## New Files\n```\nx.py\nlib/mine.py\n```\n"


def test_boxes_in_a_fence_are_set_both_ways() -> None:
    """A box in a fence that is a place is one character, and is set as those of a list are."""
    text = "## Test Results\r\n```\r\n[X] passed\r\n\r\n  ☑ a\r\n☐ b\r\n☑ c\r\n```\r\n"
    filled = _fill(text, {"phase.results": "3 passed"}, ticks={5: False, 6: True, 7: True})
    assert filled.text == text.replace("[X]", "3").replace("☑ a", "☐ a").replace("☐ b", "☑ b")


def test_a_fence_we_wrote_is_replaced() -> None:
    """A fence that holds our last text takes the new one; trailing blanks do not make it a person's."""
    text = "## New Files\n```\na.py  \n```\n"
    assert _fill(text, {"files.created": "b.py"}, memory={"files.created": "a.py"}).text == "## New Files\n```\nb.py\n```\n"


@pytest.mark.parametrize(
    ("body", "seal", "after"),
    [
        ("old\n", " " + block_checksum("old"), "new\nlines\n"),
        ("old\n", "", "new\nlines\n"),
        ("", " 0000", "new\nlines\n"),
        ("old, edited\n", " " + block_checksum("old"), None),
        ("new   \n\nlines\n", " " + block_checksum("new lines"), "new   \n\nlines\n"),
    ],
)
def test_blocks(body: str, seal: str, after: str | None) -> None:
    """A block is replaced while its seal holds, left alone once edited, and not laid out anew for the same words."""
    text = f"> <!-- handoff:begin k -->\n{body}<!-- handoff:end k{seal} -->".replace("\n", "\n> ")
    filled = _fill(text, blocks={"k": "\nnew\nlines\n"})
    expected = f"<!-- handoff:begin k -->\n{after}<!-- handoff:end k {block_checksum('new lines')} -->"
    assert filled.text == (text if after is None else "> " + expected.replace("\n", "\n> ").replace("> \n", "> \n"))
    assert _kinds(filled) == ([("edited", "k")] if after is None else [])


def test_cells_keep_their_table() -> None:
    """A cell takes its value in the old width where it fits, with pipes escaped and the neighbours as they were."""
    text = "## Key Metrics\n| Metric | Value   | Status |\n|---|---|---|\n| Tests  | [count] | [open] |\nCoverage | | \\| x\n"
    values = {"metrics.tests.value": "7", "metrics.tests.status": "a|b\nc", "metrics.coverage.value": "93 %"}
    assert _fill(text, values).text == (
        "## Key Metrics\n| Metric | Value   | Status |\n|---|---|---|\n| Tests  | 7       | a\\|b c |\nCoverage | 93 % | \\| x\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a\nb", "a b"),
        ("a \r\n  b", "a b"),
        ("a\u2028b\x07c", "a b c"),
        ("<!-- handoff:off --> x", "&lt;!-- handoff:off --> x"),
        ("x\\", "x\\\\"),
        ("x\\\\", "x\\\\"),
        ("\ud800 x", "\\ud800 x"),
    ],
)
def test_values_stay_in_their_line(value: str, written: str) -> None:
    """No value breaks its line, opens a comment, joins what follows or brings a byte that is no character."""
    filled = _fill("- a: [N]\n  <b>\n\n- [N] <!-- handoff:a -->\n", {"a": value})
    assert filled.text == f"- a: [N]\n  <b>\n\n- {written} <!-- handoff:a -->\n"


def test_values_of_many_lines_carry_no_control_characters() -> None:
    """Control characters, markers and merge conflicts in a block or fence become harmless."""
    text = "## New Files\n```\n```\n<!-- handoff:begin k -->\n<!-- handoff:end k -->\n"
    filled = _fill(text, {"files.created": "a\0b"}, blocks={"k": "<<<<<<< x\n\x1b<!-- handoff:off -->"})
    assert [one.text for one in filled.written] == ["a b", "&lt;<<<<<< x\n &lt;!-- handoff:off -->"]


def test_an_empty_value_gets_its_blank() -> None:
    """A value after a bare colon is set off by one blank, with blanks and markers behind it kept."""
    text = "## Tests\n- **Code Coverage**:\n- **New Tests**: \n- x:<!-- handoff:x -->"
    filled = _fill(text, {"coverage.total": "93 %", "tests.new": "3", "x": "1"})
    assert filled.text == "## Tests\n- **Code Coverage**: 93 %\n- **New Tests**: 3 \n- x:<!-- handoff:x -->"


def test_cp1252_documents_get_ascii_only() -> None:
    """Into a document that is not UTF-8 nothing but ASCII is written, and its own bytes stay."""
    data = b"# Gr\xfc\xdfe\r\n- a: [N] <!-- handoff:a -->\r\n<!-- handoff:begin k -->\r\n<!-- handoff:end k -->\r\n"
    filled = fill(find(decode(data, "x.md")), values={"a": "7 — ✅ é"}, blocks={"k": "é"}, ticks={}, memory={})
    seal = block_checksum("e").encode()
    assert encode(filled.text) == (
        b"# Gr\xfc\xdfe\r\n- a: 7 - OK e <!-- handoff:a -->\r\n<!-- handoff:begin k -->\r\ne\r\n<!-- handoff:end k "
        + seal
        + b" -->\r\n"
    )


def test_findings_name_lines_of_the_filled_text() -> None:
    """Where filling adds or removes lines, findings below it move along."""
    text = (
        "## New Files\n```\n[a list]\na\nb\n```\n- **Who**: [Name]\n<!-- handoff:begin k -->\n<!-- handoff:end k -->\n- [Why]\n"
    )
    filled = _fill(text, {"files.created": "x.py"}, blocks={"k": "1\n2\n3"})
    lines = filled.text.split("\n")
    assert [(lines[(finding.line or 0) - 1]) for finding in filled.findings] == ["- **Who**: [Name]", "- [Why]"]


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_every_other_character_survives(eol: str, bom: str) -> None:
    """Line endings, a BOM, trailing blanks, odd separators and a missing last newline are as they were."""
    text = f"{bom}# T\x0c  \n\n**Code Coverage**: [N]  \n\n\u2028x\t\n- [ ] a   \n\nend".replace("\n", eol)
    filled = _fill(text, {"coverage.total": "93 %"}, ticks={6: True})
    assert filled.text == text.replace("[N]", "93 %").replace("[ ]", "[x]")


def test_filling_and_formatting_converge() -> None:
    """A formatter between two fills changes neither whose text it is nor makes the second fill change it back."""
    text = (
        "# T\n## Tests\n* **Code Coverage**: [N]\n* **New Tests**: [N]\n\n"
        "<!-- handoff:begin k -->\n<!-- handoff:end k -->\n- [ ] a\n"
    )
    values, blocks = (
        {"coverage.total": "93.1 % (session-2: 91.9 %)", "tests.new": "`t/a.py::test_b` and 2 more"},
        {"k": "- a\n- b"},
    )
    first = _fill(text, values, blocks=blocks, ticks={8: True})
    formatted = mdformat.text(first.text)
    again = _fill(formatted, values, blocks=blocks, memory={one.id: one.text for one in first.written})
    assert (again.findings, again.written) == ((), first.written)
    assert mdformat.text(again.text) == formatted


PIECES = st.sampled_from([
    "| Tests | [N] <!-- handoff:metrics.x --> |\n", "Total: [N] <!-- handoff:a --> <!-- handoff:b -->\n",
    "# T\n", "## Tests\n", "## New Files\n", "- **Code Coverage**: [N]\n", "- **New Tests**:\n", "- a [N] <!-- handoff:a -->\n",
    "```\n[a list]\n```\n", "```\n", "~~~\n", "<!-- handoff:begin k -->\n", "<!-- handoff:end k -->\n", "<!-- handoff:off -->\n",
    "| Metric | Value |\n|---|---|\n| Tests | [N] |\n", "## Key Metrics\n", "- [ ] b\n", "  - Coverage: [X]\n",
    "- **Unit Tests**: [X]\n",
    "\n", "words\n", "> quoted\n", "<!--\n", "-->\n", "x\r\n", "\udce9\r", "    code\n", "---\n",
])  # fmt: skip
WORDS = st.text(max_size=12)
IDS = [
    "metrics.x",
    "b",
    "coverage.total",
    "tests.new",
    "a",
    "files.created",
    "metrics.tests.value",
    "tier.unit.status",
    "tier.unit.coverage",
]


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.fixed_dictionaries(dict.fromkeys(IDS, WORDS)), WORDS)
def test_a_second_fill_changes_nothing(text: str, values: dict[str, str], block: str) -> None:
    """Whatever the document and the values, filling again with the memory of the first fill writes the same bytes."""
    first = _fill(text, values, blocks={"k": block})
    again = _fill(first.text, values, blocks={"k": block}, memory={one.id: one.text for one in first.written})
    assert again.text == first.text


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.fixed_dictionaries(dict.fromkeys(IDS, WORDS)))
def test_what_is_outside_of_places_survives(text: str, values: dict[str, str]) -> None:
    """The text between places is in the filled text, in order and unchanged."""
    document = find(text)
    filled = fill(document, values=values, blocks={"k": "ours"}, ticks={}, memory={}).text
    at, rest = 0, filled
    for place in document.places:
        outside = text[at : place.start]
        assert outside in rest
        rest = rest[rest.index(outside) + len(outside) :]
        at = place.end
    assert rest.endswith(text[at:])


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_ticks_change_exactly_their_characters(text: str) -> None:
    """Turning every box changes one character each and turns nothing else."""
    document = find(text)
    turned = fill(document, values={}, blocks={}, ticks={t.line: not t.ticked for t in document.tasks}, memory={}).text
    changed = [at for at, (old, new) in enumerate(zip(text, turned, strict=True)) if old != new]
    assert changed == [task.at for task in document.tasks]
    assert [task.ticked for task in find(turned).tasks] == [not task.ticked for task in document.tasks]

"""Labels, values and placeholders of one line."""

from __future__ import annotations

import pytest

from pytest_handoff.document.labels import box_of, is_choice, keys_of, own_length, placeholder_length, read_label


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Test Results", "test results"),
        ("✅ 4. Test Results:", "test results"),
        ("**Test Results**", "test results"),
        ("4.2 test   RESULTS", "test results"),
        ("Test Results (session 3)", "test results"),
        ("‚úÖ Test Results", "test results"),
        ("âœ… Test Results", "test results"),
        ("⚠️ Test_Results", "test results"),
        ("Session 12 Tests", "session # tests"),
        ("Geänderte Dateien", "geänderte dateien"),
        ("Phase [X] Status", "phase x status"),
        ("4", "4"),
    ],
)
def test_names_are_compared_without_their_dress(text: str, key: str) -> None:
    """Case, emoji, mangled emoji, numbering, emphasis and punctuation do not change what a heading is called."""
    assert key in keys_of(text)


def test_nothing_has_no_name() -> None:
    """A heading without a letter or digit matches no alias."""
    assert keys_of("✅ —") == frozenset()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("**Code Coverage**: 93 %", "93 %"),
        ("**Code Coverage:** 93 %", "93 %"),
        ("__Code Coverage__: 93 %", "93 %"),
        ("Code Coverage: 93 %", "93 %"),
        ("✅ **Code Coverage**: 93 %", "93 %"),
        ("✅ Code Coverage: 93 %", "93 %"),
        ("**Code Coverage** : 93 %", "93 %"),
        ("**Code Coverage**：93 %", "93 %"),
        ("Code Coverage： 93 %：", "93 %："),
        ("： Code Coverage: 93 %", "93 %"),
        ("‚úÖ **Code Coverage**: 93 %", "93 %"),
        ("**Code Coverage**: 93 % <!-- handoff:x --> <!-- y -->", "93 %"),
        ("**Code Coverage**: 93 %\\", "93 %"),
        ("**Code Coverage**: a: `b` | c", "a: `b` | c"),
        ("**Code Coverage**:", ""),
        ("**Code Coverage**: <!-- handoff:x -->", ""),
        ("**Code Coverage**: 1 <!-- a --> 2 <!-- b -->", "1 <!-- a --> 2"),
    ],
)
def test_label_and_value(text: str, value: str) -> None:
    """A label is read in every form in use, its value without comments and hard breaks behind it."""
    label = read_label(text)
    assert label is not None
    assert label.keys == {"code coverage"}
    assert text[label.start : label.end] == value


@pytest.mark.parametrize("text", ["no colon here", "**bold** text: more", "http://x", "`a`: b", "[a]: b", "- x", "**a:b** c"])
def test_other_lines_have_no_label(text: str) -> None:
    """Prose, addresses, code and link definitions are not labels."""
    assert read_label(text) is None


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ("[X/Y passed]", 12),
        ("[Passing | Failing | Not yet written]", 37),
        ("[X% | Not measured yet] (soon)", 23),
        ("**[X/Y]**", 9),
        ("*[X]*", 0),
        ("[a [nested] b] - rest", 14),
        ("[WIP] nearly done", 0),
        ("[WIP]", 0),
        ("[PROJ-17]", 0),
        ("[session-3]", 0),
        ("[#17]", 0),
        ("[2026-01-02]", 0),
        ("[12/12 passed]", 0),
        ("[95 %]", 0),
        ("[✅/⚠️/❌]", 8),
        ("[X-1]", 5),
        ("[1-2 sentences]", 15),
        ("[X/Y] tests passed", 18),
        ("[XX]%", 5),
        ("[X]/[Y]", 7),
        ("[N] / [N] passing", 17),
        ("[X]/[Y] passing, but ask Ada", 0),
        ("[count] lines of code", 21),
        ("[count] files | [count] tests", 29),
        ("[count] files | none", 0),
        ("[count] implementation | [count] tests | [count] examples", 57),
        ("[PROJ-1] parser done | [PROJ-2] lexer half done, ask Ada", 0),
        ("[Parser] done | [lexer] half done, ask Ada", 0),
        ("[A] | [B]", 9),
        ("[text](url)", 0),
        ("[text][ref]", 0),
        ("[text]: url", 0),
        ("[x]", 0),
        ("[ ]", 0),
        ("[]", 0),
        ("[X]", 0),
        ("[12]", 0),
        ("[^1]", 0),
        ("[!NOTE]", 0),
        ("[See There]", 0),
        ("[open", 0),
        ("**[open]", 0),
        ("]see below[", 0),
        ("see [X/Y]", 0),
        ("", 0),
    ],
)
def test_placeholders(value: str, length: int) -> None:
    """A prompt in brackets is a placeholder; boxes, links, notes, numbers and defined references are not."""
    assert placeholder_length(value, {"SEE THERE"}) == length


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ("✅ Complete | ⚠️ Complete with Issues | ❌ Incomplete", True),
        ("Yes | No", True),
        ("✅ Complete", False),
        ("a || b", False),
        ("🚧 In Progress | ✅ Complete | ⭕ Not Started", True),
        ("Passing | Failing | Not yet written", True),
        ("Ja | Nein", True),
        ("Parser done | lexer half done, ask Ada", False),
        ("Done | Tests: 12/12", False),
        ("Complete | Passing", False),
        ("Done | Done", False),
        ("Yes | No (ask Ada)", False),
        ("", False),
        ("Yes | " + "no, because of reasons that are told here at length", False),
    ],
)
def test_choices(value: str, choice: bool) -> None:
    """Known alternatives between pipes mean that nothing was chosen yet; two statements are a person's."""
    assert is_choice(value) is choice


@pytest.mark.parametrize(
    ("current", "ours", "length"),
    [
        ("5/5 passed", "5/5 passed", 10),
        ("5/5 passed (one was slow)", "5/5 passed", 10),
        ("5/5 passed - see below", "5/5 passed", 10),
        ("5/5 passed — see below", "5/5 passed", 10),
        ("5/5 passed <!-- seen --> x", "5/5 passed", 10),
        ("5/5  passed", "5/5 passed", 11),
        ("5/5 passed, one slow", "5/5 passed", None),
        ("5/5 passed -x", "5/5 passed", None),
        ("15/15 passed", "5/5 passed", None),
        ("5/50 passed", "5/5", None),
        ("anything", "", None),
    ],
)
def test_our_part_of_a_value(current: str, ours: str, length: int | None) -> None:
    """Our text is ours with a person's tail behind it too, but not once its own words were changed."""
    assert own_length(current, ours) == length


@pytest.mark.parametrize(("text", "inside"), [("[ ] a", " "), ("[x] a", "x"), ("[X]\ta", "X")])
def test_boxes(text: str, inside: str) -> None:
    """A box is a bracketed blank or x with text after it."""
    box = box_of(text)
    assert box is not None
    assert box[1] == inside


@pytest.mark.parametrize("text", ["[ ]a", "[ ]", "[]", "[-] a", "[  ] a", "a [ ] b", "[x](u)"])
def test_no_boxes(text: str) -> None:
    """What GitHub does not show as a box is none."""
    assert box_of(text) is None

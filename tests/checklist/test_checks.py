from __future__ import annotations

import string
from collections import Counter
from decimal import Decimal
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from print_checklist_figures import Labelled, all_lines, judged, labelled_lines, main, pairs
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.language import missing_required, normalise, understand
from pytest_handoff.checklist.lexicon import extended, phrases
from pytest_handoff.checklist.words import DEFAULT_WORDS

LABELLED = labelled_lines()
DECIDED = [line for line in LABELLED if line.decision == "decided"]
KNOWN_WORDS = {word for _, _, phrase in phrases(DEFAULT_WORDS) for word in phrase} | set(DEFAULT_WORDS.fillers)

THE_TEN_LINES = [
    ("All E2E tests for current session pass", "decided", "tests(tier=e2e, scope=current, all pass)"),
    ("All E2E tests from previous sessions still pass", "decided", "tests(tier=e2e, scope=previous, all pass)"),
    ("New unit tests achieve >90% coverage for new code", "decided", "new_code(by=new unit tests, > 90 %)"),
    ("All validation checklist items from session instructions completed", "person", ""),
    ("Code follows established patterns and conventions", "person", ""),
    ("Documentation updated for new functionality", "person", ""),
    ("Configuration files are valid and documented", "veto", "files_parse"),
    ("No breaking changes without justification", "person", ""),
    ("Performance impact assessed and documented", "person", ""),
    ("Error handling comprehensive and tested", "person", ""),
]


@pytest.mark.parametrize(("text", "decision", "specs"), THE_TEN_LINES)
def test_line_of_the_standard_handoff(text: str, decision: str, specs: str) -> None:
    """Three of the ten standard lines are decided, one is vetoed, six wait for a person."""
    check = understand(text)
    assert (check.decision, " and ".join(map(str, check.specs))) == (decision, specs)


@pytest.mark.parametrize("line", [line for line in LABELLED if line.decision != "decided"], ids=lambda line: line.text)
def test_line_that_a_machine_must_not_tick(line: Labelled) -> None:
    """A line labelled as a person's, vetoed or waived is never ticked by the machine, and is said to be what it is."""
    check = understand(line.text)
    assert check.decision != "decided"
    assert line.agrees(check), check


def test_lines_that_can_be_decided() -> None:
    """At least 95 in 100 of the lines labelled as decidable get exactly their conditions, and the others go to a person."""
    wrong = [line.text for line in DECIDED if not line.agrees(understand(line.text))]
    assert len(wrong) * 20 <= len(DECIDED), wrong
    assert [text for text in wrong if understand(text).decision != "person"] == []


def test_list_is_long_and_balanced() -> None:
    """The labelled list has at least 1,000 lines, each once but where its truth is labelled as well, and 300 of either kind."""
    texts = [(line.text, line.decision == "pairs") for line in all_lines()]
    assert [text for text, number in Counter(texts).items() if number > 1] == []
    assert len(texts) >= 1000
    assert len(DECIDED) >= 300
    assert len(LABELLED) - len(DECIDED) >= 300


def test_pairs_differ_by_one_word() -> None:
    """Two lines of a pair differ by a word or a sign, and in their truth."""
    for one, other in pairs():
        both = [line.text.casefold().split() for line in (one, other)]
        steps = [step for step in SequenceMatcher(None, *both, autojunk=False).get_opcodes() if step[0] != "equal"]
        assert len(steps) == 1, (one, other)
        assert max(steps[0][2] - steps[0][1], steps[0][4] - steps[0][3]) == 1, (one, other)
        assert one.expected != other.expected, (one, other)


def test_pairs_are_ticked_by_their_truth() -> None:
    """No line is ticked that is not true, none is unticked that is, and 95 in 100 of the others are decided."""
    found = judged()
    assert [one.line.text for one in found if one.is_wrong_tick] == []
    assert [one.line.text for one in found if one.is_wrong_untick] == []
    decidable = [one for one in found if one.line.expected != "person"]
    assert sum(one.is_decided for one in decidable) * 100 >= 95 * len(decidable) > 20_000


def test_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The script prints the figures of the list, the wrong ticks last."""
    main()
    others = len(LABELLED) - len(DECIDED)
    *_, wrong, last = capsys.readouterr().out.splitlines()
    assert wrong == "wrong ticks: 0, wrong unticks: 0"
    assert last == f"{len(all_lines())} lines, false ticks: 0 of {others}"


@given(
    line=st.sampled_from([line for line in DECIDED if understand(line.text).decision == "decided"]),
    word=st.text(string.ascii_lowercase + "äöüéß", min_size=1, max_size=9).filter(lambda word: word not in KNOWN_WORDS),
    place=st.integers(0, 30),
)
@settings(max_examples=300)
def test_unknown_word_anywhere(line: Labelled, word: str, place: int) -> None:
    """A decidable line with a word that no table knows is a person's, wherever the word stands."""
    words = line.text.split()
    words.insert(place % (len(words) + 1), word)
    assert understand(" ".join(words)).decision == "person"


@given(st.text(max_size=60) | st.text(" ()/%.,:+-*_`~<>≥0179allunittestspassN/A\\\n", max_size=40))
@settings(max_examples=300)
def test_any_text(text: str) -> None:
    """Any text at all gets a decision, and only decided or vetoed lines have conditions."""
    check = understand(text)
    assert bool(check.specs) == (check.decision in {"decided", "veto"})


@pytest.mark.parametrize("text", ["Percent of tests pass", "% coverage", "All % of tests pass", "Coverage of percent"])
def test_percent_of_no_number(text: str) -> None:
    """A percent sign without a number means nothing."""
    assert understand(text).decision == "person"


@given(st.lists(st.sampled_from([*sorted(KNOWN_WORDS), "90%", "17/17", ",", "(", ")", "5"]), max_size=9))
@settings(max_examples=300)
def test_known_words_in_any_order(words: list[str]) -> None:
    """Known words in any order never raise, whether they make a sentence or not."""
    assert understand(" ".join(words)).decision in {"decided", "veto", "person"}


@pytest.mark.parametrize("text", ["All tests pass and " * 40 + "all tests pass", "**a" * 9000, "`" * 20000, "(" * 20000])
def test_very_long_line(text: str) -> None:
    """A line of many hundred characters is a person's, without a closer look."""
    assert understand(text).why == "handoff cannot check a line this long"


def test_spec_holds_the_threshold_exactly() -> None:
    """A threshold is kept digit by digit, with its comparison and its unit."""
    (spec,) = understand("Coverage > 89.90 %").specs
    assert spec == Condition(gate="coverage", op=">", value=Decimal("89.90"), unit="percent")
    assert str(spec.value) == "89.90"


@pytest.mark.parametrize("text", ["All tests pass", "Zero skipped", "17/17 tests pass", "Coverage ≥ 80%", "Patch coverage ≥ 80%"])
def test_specs_are_equal_when_made_twice(text: str) -> None:
    """The same line always asks for the same conditions."""
    assert understand(text) == understand(f"- [x] **{text}**")


def test_instructions_line() -> None:
    """The line about the session's instructions is decided once they are given, else the option that gives them is named."""
    line = "All validation checklist items from session instructions completed"
    assert "--handoff-instructions" in understand(line).why
    assert understand(line, instructions=True).specs == (Condition(gate="instructions"),)
    assert understand(f"{line} and all tests pass").decision == "person"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Documentation updated", "handoff cannot check “documentation”"),
        ("All tests pass on Windows", "handoff cannot check “windows”"),
        ("Tests all coverage", "handoff cannot check this line"),
        ("All tests pass", "tests(scope=all, all pass)"),
        ("Configuration is valid", "a person confirms more than files_parse"),
    ],
)
def test_why(text: str, why: str) -> None:
    """The reason names the first word that is not understood, or what was understood."""
    assert understand(text).why == why


def test_tiers_of_the_project() -> None:
    """A tier the project adds is understood by its name; one it does not have is an unknown word."""
    assert understand("All smoke tests pass", tiers=("unit", "smoke")).specs == (Condition(gate="tests", tier="smoke"),)
    assert understand("Slow-path tests pass", tiers=("slow_path",)).specs == (Condition(gate="tests", tier="slow_path"),)
    assert understand("All e2e tests pass", tiers=("unit",)).decision == "person"


def test_words_of_the_project() -> None:
    """Words that a project teaches are understood, and only with these tables."""
    words = extended(DEFAULT_WORDS, {"verbs": {"pass": ["are ok"]}, "tiers": {"e2e": ["acceptance"]}, "fillers": ["please"]})
    assert understand("All acceptance tests please are OK", words=words).decision == "decided"
    assert understand("All acceptance tests are OK").decision == "person"


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("All tests pass", "- [x]  **All   tests** PASS"),
        ("All tests pass", "✅ all tests pass"),
        ("Coverage >90%", "Coverage > 90 %"),
        ("All tests pass", "1. [ ] All tests pass <!-- handoff:checklist -->"),
        ("All tests pass", "All tests pass (N/A: documentation only)"),
        ("All tests pass", "~~All tests pass~~ N/A: documentation only"),
        ("All tests pass", "All tests pass (20/20)"),
        ("All tests pass", "All tests pass - 20/20 passed"),
        ("All tests pass", "All tests pass (Sessions 0-1: 3/3 passed) - COMPLETED"),
        ("Coverage ≥ 80%", "**Coverage** ≥ 80% (achieved 95%)"),
        ("All tests pass (17/17)", "All tests pass (17/17) (see report)"),
    ],
)
def test_required_line_that_stands(line: str, other: str) -> None:
    """White space, emphasis, tick marks, case and a waiver with a reason leave a required line standing."""
    assert missing_required([line], ["Something else", other]) == ()


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("New unit tests achieve >90% coverage for new code", "New unit tests achieve >80% coverage for new code"),
        ("New unit tests achieve >90% coverage for new code", "New unit tests achieve ≥90% coverage for new code"),
        ("All E2E tests for current session pass", "E2E tests for current session pass"),
        ("All tests pass", "~~All tests pass~~"),
        ("All tests pass", "All tests pass (N/A)"),
        ("All tests pass", "All tests pass (N/A: \u3164\u3164\u3164)"),
        ("All tests pass", "All tests pass (1 skipped)"),
        ("All tests pass", "All tests pass (except e2e)"),
        ("All tests pass (95% coverage)", "All tests pass"),
        ("All tests pass (95% coverage)", "All tests pass (20/20)"),
    ],
)
def test_required_line_that_was_reworded(line: str, other: str) -> None:
    """A reworded required line, also only in its threshold, is missing, and the line it became is named."""
    assert missing_required([line], ["Documentation updated", other]) == ((line, other),)


def test_required_line_that_is_gone() -> None:
    """A required line with nothing like it in the document is missing without a nearest line."""
    assert missing_required(["All tests pass", "Kept"], ["kept", "Unrelated words entirely"]) == (("All tests pass", None),)
    assert missing_required(["All tests pass"], []) == (("All tests pass", None),)


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_required_line_is_not_missing_from_itself(text: str) -> None:
    """Any line, unchanged, stands."""
    assert missing_required([text], [text]) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- [x] **All** tests `pass`", "all tests `pass`"),
        ("* [ ] __Coverage__  ≥ 85 %", "coverage ≥ 85 %"),
        ("2. [X] _New_ tests", "new tests"),
        ("tests/**/*.py and src/**/*.py", "tests/**/*.py and src/**/*.py"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("***Both*** marks", "both marks"),
        ("a\tb\n c", "a b c"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    """Normalising takes away bullet, box, emphasis, extra blanks and case, and leaves globs and names alone."""
    assert normalise(text) == expected

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from pytest_handoff.checklist.language import understand
from pytest_handoff.checklist.lexicon import extended, phrases
from pytest_handoff.checklist.words import DEFAULT_WORDS
from pytest_handoff.errors import UsageProblem


def test_no_default_phrase_has_two_meanings() -> None:
    """Every default phrase means one thing, so that a line can be read in one way only."""
    meanings = {(phrase, table, meaning) for table, meaning, phrase in phrases(DEFAULT_WORDS)}
    assert [phrase for phrase, count in Counter(phrase for phrase, *_ in meanings).items() if count > 1] == []


def test_extending_with_nothing_checks_the_defaults() -> None:
    """The default tables stand the check that extended ones go through."""
    assert extended(DEFAULT_WORDS, {}) == DEFAULT_WORDS


def test_extending_keeps_what_was_there() -> None:
    """New phrases stand behind the old ones, and the old tables are not changed."""
    more = extended(DEFAULT_WORDS, {"verbs": {"pass": ["sind ok"]}, "tiers": {"smoke": ["smoke", "sanity"]}})
    assert more.verbs["pass"] == (*DEFAULT_WORDS.verbs["pass"], "sind ok")
    assert more.tiers["smoke"] == ("smoke", "sanity")
    assert "smoke" not in DEFAULT_WORDS.tiers


def test_fillers_inside_a_phrase_make_no_difference() -> None:
    """A phrase is known without the fillers in it, because lines are read without them."""
    more = extended(DEFAULT_WORDS, {"verbs": {"pass": ["are the best"]}})
    assert ("verbs", "pass", ("best",)) in phrases(more)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"nouns": {}}, "words: there is no table 'nouns'"),
        ({"verbs": {"shine": ["shines"]}}, "words: verbs has no meaning 'shine'"),
        ({"verbs": {"pass": "shines"}}, "words: verbs.pass must be a list of phrases"),
        ({"verbs": ["shines"]}, "words: verbs must be a table of lists"),
        ({"fillers": {"a": ["b"]}}, "words: fillers must be a list of words"),
        ({"fillers": "please"}, "words: fillers must be a list of words"),
        ({"fillers": ["if you like"]}, "words: the filler 'if you like' must be one word"),
        ({"fillers": ["not"]}, "words: 'not' cannot be a filler: it can reverse a claim"),
        ({"fillers": ["Most"]}, "words: 'Most' cannot be a filler: it can reverse a claim"),
        ({"fillers": ["pass"]}, "words: verbs.pass has a phrase without a new word"),
        ({"verbs": {"pass": ["new code"]}}, "words: 'new code' would mean both subjects.new_code and verbs.pass"),
        ({"verbs": {"pass": ["is still"]}}, "words: verbs.pass has a phrase without a new word"),
        (
            {"subjects": {"total_coverage": ["coverage for new code"]}},
            "words: 'coverage for new code' of subjects.total_coverage is made",
        ),
        ({"scopes": {"current": ["all e2e"]}}, "words: 'all e2e' of scopes.current is made of known phrases alone"),
        ({"tiers": {"unit": ["e2e tests"]}}, "words: 'e2e tests' of tiers.unit is made of known phrases alone"),
        ({"scopes": {"current": ["all browser"]}}, "words: 'all browser' of scopes.current is made of known phrases alone"),
        ({"comparisons": {">=": ["> 90 %"]}}, "words: '> 90 %' of comparisons.>= is made of known phrases alone"),
        ({"tiers": {"unit": ["ui"]}, "scopes": {"current": ["all ui"]}}, "words: 'all ui' of scopes.current is made"),
        ({"subjects": {"suite": ["to end tests"]}}, "words: 'to end tests' of subjects.suite is made of known phrases alone"),
    ],
)
def test_words_that_are_refused(more: dict[str, object], sentence: str) -> None:
    """A mistake in the project's words is named in one sentence."""
    with pytest.raises(UsageProblem) as problem:
        extended(DEFAULT_WORDS, more, ("unit", "browser"))  # type: ignore[arg-type]
    assert str(problem.value).startswith(sentence)


@pytest.mark.parametrize(
    ("table", "meaning", "phrase"),
    [
        ("verbs", "pass", "are all happy"),
        ("tiers", "browser", "browser tests"),
        ("subjects", "coverage", "branch coverage"),
        ("scopes", "previous_after", "from earlier rounds"),
        ("verbs", "pass", "day by day"),
    ],
)
def test_a_phrase_with_a_word_of_its_own_only_adds(table: str, meaning: str, phrase: str) -> None:
    """No line of known phrases can hold it, so it takes nothing from any of them."""
    assert extended(DEFAULT_WORDS, {table: {meaning: [phrase]}}) != DEFAULT_WORDS


@pytest.mark.parametrize("tier", ["e2e_tests", "coverage_for_new_code", "all_e2e"])
def test_the_name_of_a_tier_takes_no_line_over(tier: str) -> None:
    """A kind of tests may be called anything; lines of other words mean what they meant."""
    for line in ("All e2e tests pass", "New unit tests achieve >90% coverage for new code"):
        assert understand(line, tiers=("unit", "e2e", tier)) == understand(line, tiers=("unit", "e2e"))


def test_words_come_from_plain_data() -> None:
    """The tables can be written down and read back, as configuration does it."""
    assert msgspec.convert(msgspec.to_builtins(DEFAULT_WORDS), type(DEFAULT_WORDS)) == DEFAULT_WORDS

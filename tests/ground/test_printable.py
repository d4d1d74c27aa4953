"""Foreign text on its way out: what nobody would see is shown, what a CI system would obey is broken up, the rest stays."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.printable import LONGEST, labelled, printable, printable_json, printable_pieces, printable_text

HONEST = (
    "tests/a.py::test_x[1-2]", "a::b", "x ::notice::y", "# Heading", "## [Link](x)", "a#[b]", "Köln café",
    "cafe\u0301", "東京\u3000大阪", "שלום עולם", "مرحبا", "می\u200cخواهم", "क\u094d\u200dष",
    "👩\u200d💻", "👩🏽\u200d💻", "❤\ufe0f", "1\ufe0f\u20e3",
    "🏴\u200d☠\ufe0f", "10\u00a0%", "C:\\temp\\x1b",
    "葛\U000e0100", "±≥→✓",
)  # fmt: skip
FOREIGN = {
    "a\nb": "a\\nb",
    "a\rb": "a\\rb",
    "\x1b[31mred": "\\x1b[31mred",
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "\x9b2J": "\\x9b2J",
    "a\tb\x00\x7f": "a\\tb\\x00\\x7f",
    "\u2028\u2029\x85": "\\u2028\\u2029\\x85",
    "\u202etxt.exe\u202c": "\\u202etxt.exe\\u202c",
    "\u2066x\u2069\u200e\u200f\u061c": "\\u2066x\\u2069\\u200e\\u200f\\u061c",
    "pass\u200bed\ufeff": "pass\\u200bed\\ufeff",
    "pass\u200ded": "pass\\u200ded",
    "a\u200c": "a\\u200c",
    "a\ufe0fb": "a\\ufe0fb",
    "1\ufe0f": "1\\ufe0f",
    "❤\ufe0f\ufe0e": "❤\ufe0f\\ufe0e",
    "\u202e\ufe0f": "\\u202e\\ufe0f",
    "a\u3164b\u2800c\u034fd": "a\\u3164b\\u2800c\\u034fd",
    "\U000e0041": "\\U000e0041",
    "bad\udcff": "bad\\udcff",
    "::stop-commands::x": "\\x3a:stop-commands::x",
    " \u3000\u00a0::error::x": " \u3000\u00a0\\x3a:error::x",
    "a ##[add-mask]b": "a \\x23#[add-mask]b",
    "###[group]": "#\\x23#[group]",
    "##vso[task.complete]": "\\x23#vso[task.complete]",
    "##TeamCity[x]##[y]": "\\x23#TeamCity[x]\\x23#[y]",
    "section_start:1:x\r\x1b[0K": "section_start:1:x\\r\\x1b[0K",
}
SIGNS = st.sampled_from(
    [*":#[ \n\t\r\x1b\x85a1", "\u202e", "\u200d", "\ufe0f", "\u3000", "👩", "💻", "\udcff", "vso", "::", "##[", "é"]
)
TEXTS = st.lists(st.one_of(SIGNS, st.characters()), max_size=12).map("".join)


def unfit(line: str) -> list[str]:
    """What a line must not have, told in another way than the module's own."""
    found = [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    found += [char for char in line if unicodedata.category(char) == "Cf" and char not in "\u200c\u200d"]
    return found + re.findall(r"^\s*::|##\w*\[", line)


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_is_printed_as_it_is(text: str) -> None:
    """Any script, accents, emoji of several characters, and ids that can be copied."""
    assert printable(text) == text
    assert printable_text(text) == text
    assert printable_json(json.dumps(text, ensure_ascii=False)) == json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize(("text", "shown"), FOREIGN.items(), ids=ascii)
def test_foreign_text_is_made_visible(text: str, shown: str) -> None:
    """What is not seen, and the first sign of an order, is an escape; the rest of the word can still be read."""
    assert printable(text) == shown


@given(TEXTS)
def test_nothing_unfit_is_left(text: str) -> None:
    """Whatever stands beside whatever; done twice it is the same."""
    line = printable(text)
    assert not unfit(line)
    assert line.encode("utf-8").decode() == line == printable(line)
    assert not unfit(printable_text(text).replace("\n", "").replace("\t", "").replace("##", "").replace("::", ""))


@given(st.lists(TEXTS, max_size=4))
def test_a_line_in_pieces_is_the_same_line(pieces: list[str]) -> None:
    """An order is found where two pieces make one, and each piece keeps its place."""
    shown = printable_pieces(pieces)
    assert len(shown) == len(pieces)
    assert "".join(shown) == printable("".join(pieces))


@given(st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8))
def test_json_means_the_same(value: object) -> None:
    """A program reads what was there, and no line of it is unfit."""
    text = printable_json(json.dumps(value, indent=1, ensure_ascii=False))
    assert json.loads(text) == value
    assert not any(unfit(line) for line in text.split("\n"))
    text.encode("utf-8")


def test_very_long_words_lose_their_middle() -> None:
    """A line for people has an end; a line of a document is whole."""
    word = "a" * 1_000_000 + "\x1b" + "b" * 1_000_000
    assert len(printable(word)) == LONGEST - 1
    assert printable(word).startswith("a")
    assert printable(word).endswith("b")
    assert printable(word, None) == word.replace("\x1b", "\\x1b")


def test_a_page_keeps_lines_and_tabs() -> None:
    """Line ends of every kind are line ends; nothing else is unseen."""
    assert printable_text("a\tb\r\nc\rd\n\x1b::x\n::y") == "a\tb\nc\nd\n\\x1b::x\n::y"


@pytest.mark.parametrize("label", ["fixed", "files_parse", "still failing", "reparametrized", "left out", "a-name-that-is-long"])
def test_a_blank_stands_behind_every_label(label: str) -> None:
    """However long it is, the name behind it can be copied; what is short stands in one column."""
    told = labelled(label, "tests/a.py::test_x")
    assert told.split()[-1] == "tests/a.py::test_x"
    assert len(label) >= 11 or told.index("tests/") == 11


@pytest.mark.parametrize("char", [*map(chr, range(0x20)), "\x7f", "\x80", "\u200b"])
def test_one_unseen_character_in_a_plain_text_is_shown(char: str) -> None:
    """Wherever it stands; line breaks and tabs stay."""
    shown = {"\n": "\n", "\r": "\n", "\t": "\t"}.get(char) or char.encode("unicode_escape").decode()
    for text in (f"{char}plain = 1\n", f"plain = 1\n\tx{char}y\n", f"plain = 1{char}"):
        assert printable_text(text) == text.replace(char, shown)

"""The reading of pages: what is a step, and when what is shown is what was printed."""

from __future__ import annotations

import pytest
from page_steps import holds, matches, steps_of


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("4 passed", "4 passed\n"),
        ("4 passed in 0.21s", "4 passed in 17.03s"),
        ("…\nlast", "first\nsecond\nlast"),
        ("first\n…", "first\nsecond"),
        ("first\n…\nlast", "first\nlast"),
        ("to mend: … test", "to mend: one more test"),
        ("commit `3f2c1ab`", "commit `03233bf`"),
        ("──── handoff ────", "──────── handoff ──────"),
        ("trailing blank", "trailing blank  \n"),
    ],
)
def test_what_is_shown_is_what_was_printed(shown: str, printed: str) -> None:
    """Dots stand for anything; times, hashes and the length of rules make no difference."""
    assert matches(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("4 passed", "5 passed"),
        ("4 passed", "4 passed\n1 failed"),
        ("first\nlast", "first\nsecond\nlast"),
        ("…\nlast", "last\nmore"),
        ("gate passes", "gate does not pass"),
        ("coverage 92.4 %", "coverage 92.5 %"),
        ("coverage 92.4 %", "coverage 92x4 %"),
        ("90 of 1000000", "90 of 2000000"),
    ],
)
def test_what_is_shown_is_not_what_was_printed(shown: str, printed: str) -> None:
    """A figure that differs, and a line too many or too few, is seen."""
    assert not matches(shown, printed)


def test_a_part_of_a_file_begins_and_ends_with_whole_lines() -> None:
    """Lines are looked for one after the other, whole, and dots between them stand for other lines."""
    text = "# A\nvalue: 12\nother\nend\n"
    assert holds("value: 12\n…\nend", text)
    assert not holds("value: 1", text)
    assert not holds("alue: 12", text)
    assert not holds("value: 12\nend", text)


def test_the_steps_of_a_page_are_those_that_comments_and_console_blocks_name() -> None:
    """A block without a comment is for the reader only; a console block is always run."""
    page = (
        "<!-- start: empty -->\n<!-- file: a/b.txt -->\n```\nhello\n```\n\n```toml\nonly = 'read'\n```\n\n"
        "```console\n$ cat a/b.txt\nhello\n$ true\n```\n\n<!-- not run: needs a remote -->\n```console\n$ git push\n```\n"
    )
    steps = steps_of(page)
    assert [(step.kind, step.about) for step in steps] == [
        ("start", "empty"), ("file", "a/b.txt"), ("run", ""), ("not run", "needs a remote"),
    ]  # fmt: skip
    assert list(steps[2].commands()) == [("cat a/b.txt", "hello\n"), ("true", "")]


@pytest.mark.parametrize(
    "page", ["```console\nhello\n```\n", "<!-- file: a.txt -->\n\nNo block.\n\n```\nhello\n```\n"], ids=["no command", "no block"]
)
def test_a_page_that_cannot_be_followed_is_refused(page: str) -> None:
    """Output without a command, and a comment without its block, are mistakes of the page."""
    with pytest.raises(ValueError, match="line"):
        steps_of(page)

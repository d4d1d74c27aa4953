"""Wherever a message or a template names a command, the session in it is quoted for the shell."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCES = sorted((CHECKOUT / "src").rglob("*.py"))
TEMPLATES = sorted((CHECKOUT / "templates").rglob("*.j2"))

COMMANDS = "init|fill|show|explain|verify|next|gate|prove|comment|combine|attest|export|history|report"
BEFORE_A_WORD = re.compile(rf"(--handoff(-previous|-part)?=|\bhandoff ({COMMANDS})( --?[\w-]+)*(?: \{{}})* )$")
FOR_THE_SHELL = re.compile(r"\bfor_shell\b")


def test_messages_are_found() -> None:
    """The law sees what it is about: a session that is not quoted, in an f-string and in a string to be formatted."""
    assert list(_unquoted('f"run handoff fill {session} again"')) == ["session"]
    assert list(_unquoted('f"a {b} --handoff={facts.session}"')) == ["facts.session"]
    assert list(_unquoted('f"handoff prove {quote(a)} --x {b}"')) == []
    assert len(list(_unquoted('"see handoff fill {0} --take-over {1}".format(a, b)'))) == 1


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CHECKOUT / "src/pytest_handoff").as_posix())
def test_a_message_quotes_the_session(path: Path) -> None:
    """A name with a blank, or a sign that the shell understands, stays one word."""
    assert list(_unquoted(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(CHECKOUT / "templates").as_posix())
def test_a_template_quotes_the_session(path: Path) -> None:
    """In a block of a document, and on the page."""
    printed = re.findall(rf"(?:--handoff=|\bhandoff (?:{COMMANDS}) )(?:\{{\{{|\" ~)(.*?)(?:\}}\}}|~|$)", path.read_text("utf-8"))
    assert [value for value in printed if not FOR_THE_SHELL.search(value)] == []


def _unquoted(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            yield from _unquoted_in(node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (found := re.search(r"\{\d?\}", node.value)):
            yield from _unformatted(text, node, found)


def _unquoted_in(parts: list[ast.expr]) -> Iterator[str]:
    said = ""
    for part in parts:
        if isinstance(part, ast.Constant):
            said += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            if BEFORE_A_WORD.search(said) and not ast.unparse(part.value).startswith(("quote(", "shlex.quote(")):
                yield ast.unparse(part.value)
            said += "{}"


def _unformatted(text: str, node: ast.Constant, first: re.Match[str]) -> Iterator[str]:
    """Find what is formatted later; a string with a name like ``{quoted_session}`` says itself that it is quoted."""
    said = str(node.value)[: first.start()]
    if BEFORE_A_WORD.search(said):
        yield f"{first[0]} in {ast.get_source_segment(text, node)}"

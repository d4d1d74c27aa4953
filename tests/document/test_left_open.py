"""What a document still asks of a person is listed, and what a person quotes or wrote is not."""

from __future__ import annotations

import pytest

from pytest_handoff.document.find import find
from pytest_handoff.document.labels import placeholder_length

HONEST = {
    "words of templates in prose": "The parser knows `TODO`, TBD and `[ ]` now.\n\nTODO is a word like any other.\n",
    "a label called so": "- **TODO**: none\n- **TBD items**: the two below\n- **Placeholders**: all written over\n",
    "code": "- **Syntax**: `[ ]` and `[x]`\n- **Form**: `{x}`\n- **Tag**: `<name>`\n- `TODO`\n- **Mark**: `TBD`\n",
    "a fence": "```\n[Describe it]\n- [Lesson 1]\n- **Goal**: TBD\n<your name>\n```\n",
    "tables of TOML": "- **Section**: [tool.handoff]\n- **Entry**: [[tool.handoff.waive]]\n- [tool.pytest.ini_options]\n",
    "lists of a program": '- **Values**: ["a", "b"]\n- **One**: [\'a\']\n- **Matrix**: [[1, 0], [0, 1]]\n- **Range**: [0, 1)\n',
    "a command's usage": "- **Usage**: [--verbose]\n- **Short**: [-v | --verbose]\n- **All**: [OPTIONS] COMMAND [ARGS]...\n",
    "patterns": "- **Pattern**: [a-z]\n- **More**: [A-Za-z0-9_]\n- **Not**: [^/]+\n- **Any**: [a-z]+\n",
    "names and variables": "- **Reviewer**: [@ada]\n- **Home**: [$HOME]\n- **Version**: [v1.2.0]\n- **Ticket**: [PROJ-1]\n",
    "a change log": "- **Release**: [Unreleased]\n- [Unreleased]\n- [1.2.0] - 2026-01-02\n",
    "answers": "- **Breaking**: [no]\n- **Reviewed**: [yes]\n- **Status**: [WIP] nearly done\n- **Issues**: [none]\n",
    "links": "- [Ada](https://x.y)\n- **Run**: [the run]\n- **Mail**: <ada@x.y>\n- **Page**: <https://x.y/a-b>\n\n[the run]: https://x.y\n",
    "with a reason": "- **Release**: TBD (waits for Ann)\n- **Owner**: TODO list of Bob\n- TODO: the second parser, see [A](b)\n",
    "templates of others": "- **Jinja**: {{ x }} is now {% x %}\n- <name> is put in by the mailer\n- {x}\n",
    "a line of a paragraph": "It prints a line such as\n[worker 3 done]\nand goes on.\n\n[sic]\n",
}
LEFT_OPEN = {
    "prompts": "- **Trade-offs**: [What was given up]\n- [Lesson 1]\n- [ ] [Objective 1]\n1. [Step 1]\n",
    "a paragraph": "# A\n\n[What this session was for, in a few sentences]\n\n## B\n\n[Describe the risks]\n",
    "abbreviations": "- **Goal**: TBD\n- **Next**: TODO\n- FIXME\n- **Risk**: tbd.\n",
    "dots and marks": "- **Goal**: ...\n- **Next**: \u2026\n- **Risk**: ???\n- **Who**: ____\n",
    "emphasized": "- **Goal**: _TBD_\n- **Next**: *to be filled in*\n- **Risk**: **TODO**\n",
    "sentences": "- **Goal**: To be written\n- **Next**: to be filled\n- to be completed.\n",
    "angle brackets": "- **Owner**: <your name>\n- **Goal**: <what this session set out to do>\n- <lesson 1>\n",
    "other templates": "- **Goal**: {{ goal }}\n- **Owner**: {owner}\n- {{lesson}}\n",
    "a date": "- **Date**: YYYY-MM-DD\n- **Until**: [YYYY-MM-DD]\n",
    "brackets around them": "- **Goal**: [TBD]\n- **Next**: [TODO]\n- **Risk**: [...]\n",
    "filler": "- **Summary**: Lorem ipsum\n- Lorem ipsum\n",
}


def left_open(text: str) -> list[int]:
    return [finding.line or 0 for finding in find(text).findings if finding.kind == "placeholder"]


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST)
def test_nothing_is_left(text: str) -> None:
    """A document may speak of placeholders, and of what has brackets by itself."""
    assert left_open(text) == []


@pytest.mark.parametrize("text", LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_each_line_is_left(text: str) -> None:
    """A prompt, and what is put there for want of words, is told line by line."""
    assert left_open(text) == [number for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]


@pytest.mark.parametrize("value", ["[tool.handoff]", '["a", "b"]', "[a-z]", "[@ada]", "[v1.2]", "[--all]", "[[1], [2]]", "[yes]"])
def test_what_is_quoted_is_not_written_over(value: str) -> None:
    """It is a person's where a figure is asked for, too."""
    assert placeholder_length(value) == 0

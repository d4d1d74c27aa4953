"""Tell apart the lines of a fenced block: a template's placeholders and examples, our text, and what a person wrote."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_handoff.document.labels import is_prompt_text, placeholder_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOXES = {"☑": True, "☐": False}
"""The check boxes of a list in a fence, and whether each is ticked."""

_BOX_LINE = r"[ \t]*([☑☐])[ \t]+(\S.*)"
_PROMPT = re.compile(r"\[([^\[\]]*)\]")
_LETTERS = re.compile(r"[^\W\d_]+")
_RULE = r"[\s=_*#.-]*"
_FRAME = frozenset({
    "passed", "failed", "skipped", "xfailed", "xpassed", "error", "errors", "warnings", "deselected", "in", "s", "seconds",
    "test", "tests", "of", "total", "coverage", "report", "summary", "results", "result", "file", "files", "py", "md", "toml",
    "json", "yaml", "yml",
})  # fmt: skip
"""Words that stand beside prompts in the fences of templates."""

EXAMPLES = {11: "d6714e476770", 2: "92677261c084", 1: "b2319299f732", 22: "5ac4c13421f9"}
"""Examples that known templates show below a prompt: how many lines, and the beginning of their sha256."""


def asks(text: str) -> bool:
    """Check whether a fence asks to be filled: its first line starts with a bracketed prompt, apart from decoration.

    A table's name in TOML or a list in Python is none: prompts hold a blank or, in templates, capitals such as ``[X]``.
    """
    whole = next((line for line in text.split("\n") if line.strip()), "")
    first = whole.lstrip(" \t=-#*")
    own = placeholder_length(first)
    prompts = first.startswith("[X]") or (bool(own) and (" " in first[:own] or first[1 : own - 1].isupper()))
    return (prompts and _is_asking(whole)) or _is_example(text)


def asking_lines(text: str) -> int:
    """Count the leading lines of a fence that asks which are the template's own; those below are a person's, or to be decided."""
    lines = text.split("\n")
    number = next((at for at, line in enumerate(lines) if not (_is_asking(line) or _is_frame(line))), len(lines))
    number += next((count for count, digest in EXAMPLES.items() if digest_of(lines[number : number + count]) == digest), 0)
    if number < len(lines):
        while number and not lines[number - 1].strip():
            number -= 1
    return number


def own_lines(text: str, ours: str) -> int | None:
    """Count the leading lines of a fence that are our text; ``None`` if it does not stand there. What is below is a person's."""
    lines, known = text.split("\n"), _without_blank_ends(ours.split("\n"))
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    if not known or [line.rstrip() for line in lines[first : first + len(known)]] != known:
        return None
    return first + len(known)


def boxes_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Find the check boxes of a text: index of the line, the box and what stands behind it."""
    for index, line in enumerate(text.split("\n")):
        found = re.fullmatch(_BOX_LINE, line) if "☑" in line or "☐" in line else None
        if found is not None:
            yield index, found[1], found[2].rstrip(" \t")


def _is_example(text: str) -> bool:
    """Check whether a whole fence is the example of a known template."""
    lines = text.split("\n")
    return len(lines) in EXAMPLES and digest_of(lines) == EXAMPLES[len(lines)]


def _is_asking(line: str) -> bool:
    """Check whether a line holds prompts, and nothing else but words that belong to results and ends of paths."""
    prompts = _PROMPT.findall(line)
    rest = _PROMPT.sub(" ", line)
    words = _LETTERS.findall(rest.lower())
    return bool(prompts) and all(map(is_prompt_text, prompts)) and _FRAME.issuperset(words) and not re.search(r"\d", rest)


def _is_frame(line: str) -> bool:
    """Check for a blank line, a rule, or a title of results such as ``Coverage Report:``."""
    return re.fullmatch(_RULE, line) is not None or line.strip().lower() in (
        "coverage report:",
        "coverage:",
        "coverage",
        "test results:",
    )


def digest_of(lines: Sequence[str]) -> str:
    """Digest an example's lines, without the blanks around each."""
    return sha256("\n".join(line.strip() for line in lines).encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _without_blank_ends(lines: list[str]) -> list[str]:
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    return kept

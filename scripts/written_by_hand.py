"""What people write into a hand-off document, put into a fresh one: two texts in, one out.

The words of a session are Markdown with the headings of the document. Under each heading

* nothing at all removes the section from the document, with what is below it;
* where the document's section holds something that the run fills, each line replaces the line of the same label, and
  each ticked line ticks the line of the same text;
* else the words replace what stands there.
"""

from __future__ import annotations

import re

_BOUNDARY = re.compile(r"^(#{1,6}) .+$|^---$", re.MULTILINE)
_LABEL = re.compile(r"^(?:[-*] )?\*\*[^*]+\*\*:|^- \[.\] .+")
_FILLED_BY_A_RUN = re.compile(r"\[Filled by the run\]|<!-- handoff:")


def write_in(document: str, title: str, words: str) -> str:
    """The document with the title and the words in it; raises ``LookupError`` for a heading or label it does not have."""
    document = document.replace("[Title]", title, 1)
    for heading, body in _sections(words):
        document = _with_section(document, heading, body)
    return document


def _sections(text: str) -> list[tuple[str, str]]:
    found = list(_BOUNDARY.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [(match[0], text[match.end() : end].strip()) for match, end in zip(found, ends, strict=True)]


def _with_section(document: str, heading: str, body: str) -> str:
    start, end = _span(document, heading, whole=not body)
    if not body:
        return document[:start] + document[end:]
    own = document[start:end]
    if _FILLED_BY_A_RUN.search(own):
        return document[:start] + _with_lines(own, body) + document[end:]
    return f"{document[:start]}{heading}\n\n{body}\n\n{document[end:]}"


def _span(document: str, heading: str, *, whole: bool) -> tuple[int, int]:
    """From a heading to the next one or to a rule; with ``whole`` to the next that is not below it."""
    found = list(_BOUNDARY.finditer(document))
    at = next((match for match in found if match[0] == heading), None)
    if at is None:
        raise LookupError(f"the document has no heading {heading!r}")
    later = (match for match in found if match.start() > at.start() and (not whole or len(match[1] or "") <= len(at[1])))
    following = next(later, None)
    return at.start(), len(document) if following is None else following.start()


def _with_lines(section: str, words: str) -> str:
    lines = section.split("\n")
    for word in map(str.rstrip, words.split("\n")):
        label = _LABEL.match(word)
        known = [] if label is None else [i for i, line in enumerate(lines) if _same_label(line, label[0])]
        if len(known) != 1:
            raise LookupError(f"{lines[0]!r} has {len(known)} lines for {word!r}")
        blanks = lines[known[0]][len(lines[known[0]].rstrip()) :]
        lines[known[0]] = word + blanks
    return "\n".join(lines)


def _same_label(line: str, label: str) -> bool:
    unticked = label.replace("- [x] ", "- [ ] ", 1)
    return line.startswith(label) or line.rstrip() == unticked

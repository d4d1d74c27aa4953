"""Hostile texts of any length, each with what reads it; as a script, how many steps each takes to be read as it grows.

    valgrind --tool=none --stats=yes --child-silent-after-fork=no --log-file=FOLDER/%p python growing_texts.py FOLDER [NAME...]

Each reading is a process of its own, forked from the script: of each, valgrind tells how many blocks of machine code it ran,
which is the same whatever else the machine does. The rows that are printed have steps, size, exit code and name.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builders import ledger_of, new_code_of
from check_documents import LINES, RENDERER, facts
from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.cli.fill import unified
from pytest_handoff.cli.page import document_html
from pytest_handoff.composition.compose import FillRequest, compose
from pytest_handoff.config import Config, read_config
from pytest_handoff.document.find import durations_asked
from pytest_handoff.errors import HandoffError
from pytest_handoff.evidence.source_changes import match_moves
from pytest_handoff.figures import count_ranges, join_ranges
from pytest_handoff.nodeids import id_matches, path_matches
from pytest_handoff.record import SourceLine, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Reading = Callable[[int], object]

SIZES = (10_000, 40_000, 160_000, 640_000)
MOST_STEPS = 90_000_000
"""Where a text of the next size would take more steps, its sizes end; two are read of each."""

SECONDS = 60
"""Processor time after which a reading is ended."""
_STEPS = re.compile(r"scheduler: ([\d,]+) event checks")

POSITIONS = {
    "checklist line": "# T\n\n## Final Checklist\n\n- [ ] All unit tests pass {}\n",
    "paragraph": "# T\n\na {}\n\n- [ ] All unit tests pass\n",
    "label value": "# T\n\n## Test Results\n\n**Code Coverage**: {}\n**Unit Tests**: ok\n",
    "figures": "# T\n\n## Test Results\n\n- **Passed**: {0}\n- **Result**: {0}\n{0}\n",
    "row of figures": "# T\n\n## Test Results\n\n| Kind | Tests |\n|---|---|\n| Unit | {0} |\n| Total Tests | {0} |\n",
    "label": "# T\n\n## Test Results\n\n**a{}**: b\n",
    "cell": "# T\n\n## Coverage Targets\n\n| Path | Coverage | Target |\n|---|---|---|\n| Overall | {} | 80% |\n",
    "target": "# T\n\n## Performance Metrics\n\n| Metric | Value | Target |\n|---|---|---|\n| Checkout time | [v] | {} |\n",
    "first cell": "# T\n\n## Performance Metrics\n\n| Metric | Value | Target |\n|---|---|---|\n| {} | [v] | 3 ms |\n",
    "heading": "# T\n\n## a {}\n\n- [ ] All unit tests pass\n",
    "block": "# T\n\n<!-- handoff:begin tests.lost -->\n{}\n<!-- handoff:end tests.lost 68445ec7 -->\n",
    "fence": "# T\n\n## Test Results\n\n```\n{}\n```\n",
    "HTML": "# T\n\n<div>\n{}\n</div>\n",
    "marked line": "# T\n\n- mine {} <!-- handoff:tests.current -->\n",
    "quoted line": "# T\n\n> - [ ] a {}\n",
    "front matter": "---\ntitle: {}\n---\n# T\n",
}
"""Documents with a hole where the text comes that grows."""

HELD = {
    "checklist line": ("<!--", "<!-- x -->", "<!-- handoff:", "`a ", "**a ", "1,111", "(N/A: a (b) ", "&#1", "/*a", "é ✅"),
    "paragraph": ("<!---->", "`a.py` (", "[a](", "*_", "<a b='", "\\"),
    "label value": ("<!-- ", "1", " ", "1 -", "9/9 ", "[a] | ", "\\", "[a b] c | [^"),
    "figures": ("1 passed, ", "[N] / ", "☑ a  "),
    "row of figures": ("[N] ",),
    "label": (" ", "é "),
    "cell": ("<!-- x -->", "9", "\\|", "1  "),
    "target": ("1", " ", "< "),
    "first cell": (" ", "duration of ", "1 "),
    "heading": ("<!-- x -->", "1 ", "\u0301\u0323", "["),
    "block": ("|-", "- ", "<!--", "<!-- handoff:"),
    "fence": ("passed: ", "[a] | ", "1 "),
    "HTML": ("<!--", "<!-- handoff:", "<!-- a -->"),
    "marked line": ("<!-- x -->", "1", "~~"),
    "quoted line": ("<!--", "> "),
    "front matter": ("a:", "<!--"),
}  # fmt: skip
"""What is repeated in each place, between an ``a`` and a ``b``."""


def _many(line: str) -> Callable[[int], str]:
    """A line over and over; ``№`` in it is a number of its own each time."""
    return lambda size: "".join(line.replace("№", str(number)) for number in range(size // len(line)))


def _half(first: str, second: str) -> Callable[[int], str]:
    return lambda size: _many(first)(size // 2) + "\n" + _many(second)(size // 2)


WHOLE: dict[str, Callable[[int], str]] = {
    "labels that need a word beside them": _many("- Passed: [N]\n"),
    "tables with a total": _many("| Kind | Tests |\n|---|---|\n| Unit Tests | [N] |\n| Total | [N] |\n\n"),
    "one marker many times": _many("a <!-- handoff:tests.current -->\n"),
    "markers of all names": _many("- a <!-- handoff:m№.x -->\n"),
    "sections switched off again and again": _many("<!-- handoff:off -->\n\n"),
    "ends without a beginning": _many("<!-- handoff:end tests.lost -->\n"),
    "comments that are not closed": _many("<!--\n"),
    "counted files beside markers": _half("- `src/a№.py` (3 lines)\n", "- a: b <!-- handoff:m№.x -->\n"),
    "labels beside markers": _half("## Test Results\n**Code Coverage**: [X]%\n", "- a: b <!-- handoff:m№.x -->\n"),
    "a section for each row": _many("## Performance Metrics\n\n| M | Value |\n|---|---|\n| r№ | 3 |\n\n"),
    "an item with a long label above many": lambda size: (
        f"## Test Results\n\n- **a{' b' * (size // 4)}**: c\n" + "  - **Code Coverage**: x\n" * (size // 50)
    ),
    "a wide table with short rows": lambda size: (
        "|a" * (size // 8) + "|\n" + "|-" * (size // 8) + "|\n" + "|b|\n" * (size // 8)
    ),
    "comments in rows": _many("| a |\n|---|\n" + "| <!-- handoff:a№.b --> " * 20 + "|\n\n"),
    "empty lines": _many("\n"),
    "nested lists": _many("- a\n  - b\n"),
    "references without an end": _many("[a]: b (c\n"),
}  # fmt: skip
"""Documents that grow by their lines."""


def fill(text: str, *, memory: Iterable[Written] = (), required: Iterable[str] = ()) -> object:
    """Fill a document as ``handoff fill --check`` and ``handoff verify`` do."""
    return compose(
        text,
        facts(memory),
        Config(),
        FillRequest(
            path="document.md",
            today="2026-01-02",
            render=RENDERER.block,
            parent_percent=80.0,
            required=list(required),
            line_counts=lambda: LINES,
        ),
    )


def _remembered(size: int) -> object:
    """What a record says that was written is the same but for backslashes, nearly."""
    text = "a" + "\\" * (size // 2)
    memory = [Written(id="coverage.total", text=f"{text}\\!b")]
    return fill(POSITIONS["label value"].format(f"{text}!c"), memory=memory)


def _with_checks(size: int) -> object:
    required = [f"A cake number {number} was eaten" for number in range(size // 60)]
    return fill("## Final Checklist\n\n" + _many("- [ ] abc acb № bca cab\n")(size // 2), required=required)


def _pairs(size: int) -> object:
    def tree(folder: str) -> dict[str, SourceLine]:
        return {f"{folder}{number}.py": SourceLine(path="", blob="same", lines="") for number in range(size // 40)}

    return match_moves(tree("a/"), tree("b/"))


def _settings(size: int) -> object:
    return read_config({"a" * size: 1, "tiers": {"unit": {"paths": ["a" * size]}}}, path="pyproject.toml")


def _words(size: int) -> object:
    config = Config(words={"verbs": {"pass": ["a" + ",111" * (size // 4) + ",1", "`" * size]}})
    return compose("- [ ] a cake\n", facts(), config, FillRequest(path="x.md", today="2026-01-02", render=RENDERER.block))


def _diff(size: int) -> object:
    old = [f"- [ ] {number * 7919 % 150}" for number in range(size // 10)]
    return list(unified(old, [line.replace("[ ] 1", "[x] 1") for line in old], "a", "b"))


def _statements(size: int) -> object:
    """A record may say that a file has as many statements as it likes."""
    total = 1_000 * size
    code = new_code_of(total, covered=0, missing=f"1-{total}")
    known = facts()
    asked = Condition(gate="new_code", op=">=", value=Decimal(90), unit="percent")
    return evaluate(replace(known, record=replace(known.record, new_code=code)), asked)


def _linked(size: int) -> object:
    """A test's id, and a glob in the settings that is bound to a line."""
    test = "tests/a.py::" + "a" * size
    known = replace(facts(), ledger=ledger_of(f"unit {test} passed"))
    return evaluate(known, Condition(gate="linked", path="*a*a*a*a*a*b"))


FIELDS: dict[str, Reading] = {
    "the memory of what was written": _remembered,
    "required lines beside a checklist": _with_checks,
    "equal files that moved": _pairs,
    "an unknown setting": _settings,
    "words of the project's own": _words,
    "a glob over a long id": _linked,
    "a glob of an id": lambda size: id_matches("a" * 100, "*a" * (size // 8) + "b"),
    "a glob over a long path": lambda size: path_matches("a/" * (size // 20), "**/a/**/a*a*a/**/a/**/b"),
    "a glob of one folder": lambda size: path_matches("a" * size, "**/*a*a*a*a*b"),
    "how many lines ranges name": lambda size: count_ranges("1-999999999, " * (size // 13) + "1"),
    "ranges of lines as one": lambda size: join_ranges("1-9, " * (size // 5) + "1"),
    "tests that rows name": lambda size: durations_asked(
        _many("## Performance Metrics\n| Duration of x№ |\n")(size), [f"a.py::x{number}" for number in range(size // 50)]
    ),
    "a diff of equal lines": _diff,
    "new statements that a record names": _statements,
    "a page of comments": lambda size: document_html("a " + "<!--" * (size // 4)),
    "control: an expression that looks for an end from each start": lambda size: re.sub("<!--.*?-->", "", "<!--" * (size // 80)),
}  # fmt: skip
"""What comes from evidence and settings, and a page that shows a document."""


def readings() -> dict[str, Reading]:
    """All of them by name."""
    named: dict[str, Reading] = {
        f"{position}: {piece!r}": _in(position, piece) for position, pieces in HELD.items() for piece in pieces
    }
    return named | {f"lines: {name}": _of(text) for name, text in WHOLE.items()} | FIELDS


def _in(position: str, piece: str) -> Reading:
    return lambda size: fill(POSITIONS[position].format("a" + piece * (size // len(piece)) + "b"))


def _of(text: Callable[[int], str]) -> Reading:
    return lambda size: fill(text(size))


def main() -> int:
    """Read each text in a process of its own, longer and longer; what all have in common is done before."""
    logs, wanted = Path(sys.argv[1]), sys.argv[2:]
    for position in POSITIONS.values():
        fill(position.format("a [b](c) *d* `e` <!-- f --> 1/2 3 %"))
    own = _steps_of("nothing", 0, lambda _: None, logs)
    for name, reading in readings().items():
        if not wanted or name in wanted:
            _grow(name, reading, own, logs)
    return 0


def _grow(name: str, reading: Reading, own: int, logs: Path) -> None:
    steps = 0
    for size in SIZES:
        if size > SIZES[1] and 4 * steps > MOST_STEPS:
            return
        steps = _steps_of(name, size, reading, logs) - own


def _steps_of(name: str, size: int, reading: Reading, logs: Path) -> int:
    """Read in a child; valgrind writes its log when the child ends."""
    import resource

    sys.stdout.flush()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        with suppress(HandoffError):  # a text that is refused was read
            reading(size)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    found = _STEPS.search((logs / str(child)).read_text("utf-8", "replace"))
    steps = int(found[1].replace(",", "")) if found else 0
    sys.stdout.write(f"{steps}\t{size}\t{os.waitstatus_to_exitcode(status)}\t{name}\n")
    return steps


if __name__ == "__main__":
    sys.exit(main())

"""Documents filled from one fixed set of facts, and what must hold of every one, or those of any folder.

As a script:

    python tests/check_documents.py FOLDER [--diff]   check every Markdown file below the folder, and say what was found
    python tests/check_documents.py --golden          write what tests/data/documents and the templates become; read the diff
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from builders import coverage_of, facts_of, new_code_of
from pytest_handoff.composition.blocks import owed
from pytest_handoff.composition.compose import Composition, FillRequest, compose
from pytest_handoff.config import Config
from pytest_handoff.document import parse
from pytest_handoff.errors import HandoffError
from pytest_handoff.markup import SafeMarkdown
from pytest_handoff.record import Changes, Metric
from pytest_handoff.rendering.templates import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.document.places import Document
    from pytest_handoff.evidence.facts import Facts

DATA = Path(__file__).parent / "data"
DOCUMENTS, GOLDEN = DATA / "documents", DATA / "golden"
TEMPLATES = ("brief", "session_handoff", "session_recovery", "session_summary", "phase_readme")
RENDERER = Renderer()
LINES = {"src/shop/refund.py": 41, "src/shop/cart.py": 12}

BEFORE = """
    unit tests/unit/test_cart.py::test_total passed
    unit tests/unit/test_cart.py::test_empty passed
    e2e tests/e2e/test_shop.py::test_checkout passed
"""
NOW = f"""{BEFORE}
    unit tests/unit/test_refund.py::test_full passed since=session-2
    unit tests/unit/test_refund.py::test_part[1|2] passed since=session-2
    integration tests/integration/test_bank.py::test_transfer passed since=session-2
    e2e tests/e2e/test_refund.py::test_money_back failed since=session-2 error=assert~0~==~[5]
"""
METRICS = [
    Metric(name="Checkout time", value=120.25, unit="ms", target=200.0, better="lower"),
    Metric(name="Rows per second", value=900.0, better="higher"),
]
CHANGES = Changes(
    created=["src/shop/refund.py", "tests/unit/test_refund.py"], modified=["src/shop/cart.py"], removed=["src/shop/fax.py"],
    renamed=[("src/shop/old.py", "src/shop/new.py")], lines_added=47, lines_removed=3, tests_added=4, documents_changed=1,
)  # fmt: skip


class Filling(NamedTuple):
    """A text before and after it was filled, with everything that was found on the way."""

    before: str
    after: str
    composed: Composition

    @property
    def diff(self) -> str:
        """What a reader of the change sees."""
        old, new = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in difflib.unified_diff(old, new, n=0))

    @property
    def figures(self) -> dict[str, int]:
        """How many places were found, filled, left as they were, and hold a person's claim."""
        places = self.composed.document.places
        filled = {written.id for written in self.composed.written}
        kinds = [finding.kind for finding in self.composed.findings]
        ticks = sum(decision.wanted is not None for decision in self.composed.decisions)
        return {
            "found": len(places), "filled": len(filled), "left": len({place.id for place in places} - filled),
            "claims": kinds.count("claim") + kinds.count("contradicted"), "ambiguous": kinds.count("ambiguous"),
            "lines": len(self.composed.decisions), "decided": ticks,
        }  # fmt: skip


def facts(memory: Iterable[object] = ()) -> Facts:
    """The second session of a shop: one test fails, four are new, coverage and metrics were measured."""
    found = facts_of(
        NOW, BEFORE, coverage=coverage_of(**{"shop/cart": (10, 10), "shop/refund": (17, 20)}),
        new_code=new_code_of(20, covered=17, unit=16, new_unit=16, missing="7, 9-10"), metrics=METRICS, changes=CHANGES,
        not_measured={}, places=list(memory), required=[],
    )  # fmt: skip
    return replace(found, baselines={"Checkout time": 125.0, "Rows per second": 1000.0})


def fill(text: str, memory: Iterable[object] = ()) -> Filling:
    """The text as the plugin fills it; ``memory`` is what an earlier fill wrote."""
    composed = compose(
        text,
        facts(memory),
        Config(),
        FillRequest(
            path="document.md", today="2026-01-02", render=RENDERER.block, parent_percent=80.0, line_counts=lambda: LINES
        ),
    )
    return Filling(text, composed.text, composed)


def from_template(name: str) -> str:
    """A new document."""
    block = RENDERER.block("session.owed", {"owed": owed(facts())})
    return RENDERER.document(name, {"session": "session-2", "number": 2, "owed_block": SafeMarkdown(block or "")})


def skeleton(text: str, document: Document) -> list[str]:
    """The text without what is in its places and boxes; blanks beside a place may be made when it is filled first."""
    spans = sorted([(place.start, place.end) for place in document.places] + [(task.at, task.at + 1) for task in document.tasks])
    pieces, at = [], 0
    for start, end in spans:
        pieces.append(text[at:start].strip(" "))
        at = max(at, end)
    return [*pieces, text[at:].lstrip(" ")]


def problems(filling: Filling) -> list[str]:
    """What must hold of every filled document, where it does not."""
    found = []
    again = fill(filling.after, filling.composed.written)
    if again.after != filling.after:
        found.append("a second fill changes it:\n" + again.diff)
    if skeleton(filling.before, filling.composed.document) != skeleton(filling.after, again.composed.document):
        found.append("bytes outside its places changed")
    return found


def golden_pairs() -> Mapping[str, str]:
    """Name of each golden file to the text it is filled from."""
    texts = {f"template_{name}": from_template(name) for name in TEMPLATES}
    return texts | {path.stem: parse.decode(path.read_bytes(), path.name) for path in sorted(DOCUMENTS.glob("*.md"))}


def main() -> int:
    """Check a folder, or write the golden files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--diff", action="store_true", help="show what filling changes")
    parser.add_argument("--golden", action="store_true", help="write the golden files")
    options = parser.parse_args()
    if options.golden:
        for name, text in golden_pairs().items():
            (GOLDEN / f"{name}.md").write_bytes(parse.encode(fill(text).after))
        return 0
    return _check(options.folder or DOCUMENTS, diff=options.diff)


def _check(folder: Path, *, diff: bool) -> int:
    wrong = 0
    for path in sorted(folder.rglob("*.md")):
        try:
            filling = fill(parse.decode(path.read_bytes(), path.name))
        except HandoffError as error:
            sys.stdout.write(f"{path.name}: refused: {error}\n")
            continue
        found = problems(filling)
        wrong += len(found)
        sys.stdout.write(f"{path.name}: " + ", ".join(f"{number} {what}" for what, number in filling.figures.items()) + "\n")
        sys.stdout.writelines(f"    WRONG: {problem}\n" for problem in found)
        told = [finding for finding in filling.composed.findings if finding.kind != "placeholder"]
        sys.stdout.writelines(f"    {finding.line or '-'}: {finding.message}\n" for finding in told)
        sys.stdout.write(filling.diff if diff else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

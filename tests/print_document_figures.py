"""Documents of many families with the values that a careful person would write; as a script, it prints how many are filled so.

A place stands as ``⟪[N]⇒11⟫``: what the document asks for, and the value (after ``~`` how it begins). All other prompts are a
person's to fill.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from builders import coverage_of, earlier_of, facts_of, ledger_of, new_code_of, record_of, run_info
from pytest_handoff.composition.compose import Composition, FillRequest, compose
from pytest_handoff.config import Config
from pytest_handoff.document.parse import decode
from pytest_handoff.record import Changes, Metric, Record, SourceState

FAMILIES = Path(__file__).parent / "data" / "families"
PLACE = re.compile(r"⟪(?P<asked>[^⟫⇒]*)⇒(?P<wanted>[^⟫]*)⟫")
LINES = {"src/shop/refund.py": 41, "src/shop/cart.py": 12, "src/shop/price.py": 20}

BEFORE = """
    unit tests/unit/test_cart.py::test_total passed
    unit tests/unit/test_cart.py::test_empty passed
    unit tests/unit/test_cart.py::test_discount passed
    unit tests/unit/test_price.py::test_format passed
    unit tests/unit/test_price.py::test_round passed
    integration tests/integration/test_bank.py::test_transfer passed
    e2e tests/e2e/test_shop.py::test_checkout passed
"""
NOW = f"""
    {BEFORE.replace("test_round passed", "test_round gone").replace("test_transfer passed", "test_transfer skipped")}
    unit tests/unit/test_refund.py::test_full passed since=session-2
    unit tests/unit/test_refund.py::test_part passed since=session-2
    unit tests/unit/test_refund.py::test_currency failed since=session-2 error=assert~3~==~4
    e2e tests/e2e/test_refund.py::test_money_back passed since=session-2
    performance tests/perf/test_speed.py::test_many passed since=session-2
"""


class Score(NamedTuple):
    """How the places of one document were filled; ``wrong`` says which, or that something else was changed."""

    right: int
    left_places: list[str]
    wrong: list[str]

    @property
    def places(self) -> int:
        """All places that the evidence decides."""
        return self.right + len(self.left_places) + len(self.wrong)


def families(folder: Path = FAMILIES) -> dict[str, str]:
    """The documents by name, with the places and values in them."""
    return {path.stem: decode(path.read_bytes(), path.name) for path in sorted(folder.glob("*.md"))}


def filled(text: str, memory: Composition | None = None) -> Composition:
    """A document after the second session of a shop, in which one test fails, one is skipped and one is missing."""
    facts = facts_of(
        NOW, BEFORE, coverage=coverage_of(**{"shop/cart": (10, 10), "shop/refund": (15, 20), "shop/price": (8, 10)}),
        new_code=new_code_of(20, covered=15, unit=14, new_unit=14), not_measured={},
        changes=Changes(
            created=["src/shop/refund.py", "tests/unit/test_refund.py", "tests/e2e/test_refund.py", "tests/perf/test_speed.py",
                     "config/refund.toml"],
            modified=["src/shop/cart.py"], removed=["src/shop/fax.py"], renamed=[], lines_added=54, lines_removed=6,
            tests_added=5, documents_changed=1, commits=3,
        ),
        source=SourceState(
            commit="c31486f0000000000000000000000000000000000", branch="feature/refund", dirty=False, fingerprint="sha256:tree",
            base=None, base_found="evidence", modified=[], untracked=[],
        ),
        metrics=[Metric(name="Items in a cart", value=500.0, target=400.0, better="higher")],
        run=run_info(agent="Ada"), places=list(memory.written) if memory else [],
    )  # fmt: skip
    request = FillRequest(
        path="x.md",
        today="2026-01-02",
        render=lambda _place, _context: None,
        parent_percent=80.0,
        line_counts=lambda: LINES,
        parent=parent(),
    )
    return compose(text, replace(facts, baselines={"Items in a cart": 400.0}), Config(), request)


def parent() -> Record:
    """The record of the first session, in which 16 of 20 statements were covered."""
    covered, run = coverage_of(**{"shop/cart": (16, 20)}), run_info(duration_s=10.0)
    return record_of(ledger_of(BEFORE), earlier_of(""), coverage=covered, run=run)


def score(marked: str) -> Score:
    """Compare what the plugin writes with what a careful person would write."""
    places = list(PLACE.finditer(marked))
    asked = PLACE.sub(lambda found: found["asked"], marked)
    found = _values(marked, filled(asked).text)
    if found is None:
        return Score(0, [], ["something beside the places was changed", *(place[0] for place in places)])
    right = sum(_is_right(value, place) for place, value in zip(places, found, strict=True))
    left = [
        place[0] for place, value in zip(places, found, strict=True) if value == place["asked"] and not _is_right(value, place)
    ]
    wrong = [
        f"{place['asked']!r}: {value!r}, not {place['wanted']!r}"
        for place, value in zip(places, found, strict=True)
        if value != place["asked"] and not _is_right(value, place)
    ]
    return Score(right, left, wrong)


def _is_right(value: str, place: re.Match[str]) -> bool:
    wanted = place["wanted"]
    return value.startswith(wanted[1:]) if wanted.startswith("~") else value == wanted


def _values(marked: str, after: str) -> list[str] | None:
    """What stands at each place of the filled text; ``None`` if the text around them, less padding, is not what it was."""
    pieces = [re.sub(r"(?:\\ )+\\\|", r"[ ]*\\|", re.escape(piece)) for piece in PLACE.sub("\0", marked).split("\0")]
    known = (sorted((one["wanted"], one["asked"]), key=len)[::-1] for one in PLACE.finditer(marked))
    places = [f"({'|'.join(map(re.escape, pair))}|.*?)" for pair in known]
    pattern = "".join(part for pair in zip(pieces, [*places, ""], strict=True) for part in pair)
    found = re.fullmatch(pattern, after, re.DOTALL)
    return None if found is None else list(found.groups())


def main() -> None:
    """Print the figure of each document, what is wrong and how many are left, and the figure of all."""
    scores = {name: score(text) for name, text in families().items()}
    for name, one in scores.items():
        sys.stdout.write(f"{name:28} {one.right}/{one.places} right, {len(one.left_places)} left\n")
        sys.stdout.writelines(f"    WRONG {line}\n" for line in one.wrong)
        sys.stdout.writelines(f"    left  {line}\n" for line in one.left_places)
    right, places = (sum(figures) for figures in zip(*((one.right, one.places) for one in scores.values()), strict=True))
    wrong = sum(len(one.wrong) for one in scores.values())
    kinds = len({name.partition("_")[0] for name in scores})
    sys.stdout.write(
        f"{len(scores)} documents of {kinds} families: {right}/{places} places right "
        f"({100 * right / places:.1f} %), {wrong} wrong\n"
    )


if __name__ == "__main__":
    main()

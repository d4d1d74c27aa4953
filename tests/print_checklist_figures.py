"""The labelled checklist lines and how well the language does on them; as a script, it prints the figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from builders import coverage_of, facts_of, new_code_of
from pytest_handoff.checklist.decisions import decide
from pytest_handoff.checklist.language import understand
from pytest_handoff.config import Config
from pytest_handoff.document.places import Task
from pytest_handoff.record import Integrity, ParsedFiles

if TYPE_CHECKING:
    from pytest_handoff.checklist.condition import Check
    from pytest_handoff.evidence.facts import Facts

LINES = Path(__file__).parent / "data" / "checklist_lines.txt"
PAIRS = "pairs"


class Labelled(NamedTuple):
    """A line with the decision and the conditions (or the waiver's reason, or its truth) that a person gave it."""

    decision: str
    text: str
    expected: str

    def agrees(self, check: Check) -> bool:
        """Whether the language decided exactly as the label says."""
        said = check.why if check.decision == "waived" else " and ".join(map(str, check.specs))
        return (check.decision, said) == (self.decision, self.expected)


def all_lines() -> list[Labelled]:
    """All labelled lines in the order of the file."""
    found, decision = [], ""
    for line in LINES.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            decision = line.strip("[]")
        elif line and not line.startswith("#"):
            text, _, expected = line.partition(" :: ")
            found.append(Labelled(decision, text, expected))
    return found


def labelled_lines() -> list[Labelled]:
    """The lines that are labelled with what they ask."""
    return [line for line in all_lines() if line.decision != PAIRS]


def pairs() -> list[tuple[Labelled, Labelled]]:
    """The lines that are labelled with their truth, two and two."""
    lines = [line for line in all_lines() if line.decision == PAIRS]
    return list(zip(lines[::2], lines[1::2], strict=True))


def the_session() -> Facts:
    """The session that pairs are about: 20 of 22 tests pass, one fails that passed before, and one is skipped that was not."""
    unit, integration, e2e = (
        "unit tests/unit/test_cart.py",
        "integration tests/integration/test_db.py",
        "e2e tests/e2e/test_shop.py",
    )
    old = [f"{unit}::u{n}" for n in range(9)] + [f"{integration}::i{n}" for n in range(4)] + [f"{e2e}::e{n}" for n in range(4)]
    new = [f"{unit}::n{n}" for n in range(3)] + [f"{e2e}::n{n}" for n in range(2)]
    outcomes = {f"{unit}::u0": "failed", f"{integration}::i0": "skipped"}
    now = [f"{test} {outcomes.get(test, 'passed')}" for test in old] + [f"{test} passed since=session-2" for test in new]
    return facts_of(
        "\n".join(now),
        "\n".join(f"{test} passed" for test in old),
        coverage=coverage_of(a=(9, 10), b=(8, 10)),
        new_code=new_code_of(10, covered=9, unit=8, new_unit=7),
        unparsable={},
        integrity=Integrity(
            changed=[], without_assertion=[], parsed=ParsedFiles(formats={"JSON": 3, "TOML": 2}, broken={"old.json": "a comma"})
        ),
    )


class Judged(NamedTuple):
    """What the machine did with an empty box and with a ticked one; ``None`` leaves it as it is."""

    line: Labelled
    wanted: tuple[bool | None, bool | None]

    @property
    def is_wrong_tick(self) -> bool:
        """Whether a line was ticked that is false, or a person's."""
        return True in self.wanted and self.line.expected != "true"

    @property
    def is_wrong_untick(self) -> bool:
        """Whether a line was unticked that is true, or a person's."""
        return False in self.wanted and self.line.expected != "false"

    @property
    def is_decided(self) -> bool:
        """Whether a line got its box as it should be, whatever was in it."""
        return self.wanted == ((True, True) if self.line.expected == "true" else (False, False))


def judged() -> list[Judged]:
    """Every line of the pairs with what the machine did."""
    facts, lines = the_session(), [line for pair in pairs() for line in pair]

    def wanted(*, ticked: bool) -> list[bool | None]:
        tasks = [Task(line=at, text=one.text, ticked=ticked, section=("Checklist",), at=0) for at, one in enumerate(lines)]
        return [decision.wanted for decision in decide(tasks, facts, Config())]

    return [Judged(*row) for row in zip(lines, zip(wanted(ticked=False), wanted(ticked=True), strict=True), strict=True)]


def main() -> None:
    """Print how many lines are decided as labelled, and how many a machine would tick or untick that it must not."""
    for decision in ("decided", "veto", "waived", "person"):
        lines = [line for line in labelled_lines() if line.decision == decision]
        wrong = [line for line in lines if not line.agrees(understand(line.text))]
        sys.stdout.write(f"{decision:8} {len(lines) - len(wrong)}/{len(lines)} as labelled\n")
        sys.stdout.writelines(f"    {line.text}: {understand(line.text).why}\n" for line in wrong)
    found = judged()
    decidable = [one for one in found if one.line.expected != "person"]
    missed = [one for one in decidable if not one.is_decided]
    sys.stdout.write(f"{PAIRS:8} {len(decidable) - len(missed)}/{len(decidable)} decided, {len(found)} lines\n")
    sys.stdout.writelines(f"    {one.line.text}: {understand(one.line.text).why}\n" for one in missed)
    ticked, unticked = (sum(map(how, found)) for how in (Judged.is_wrong_tick.fget, Judged.is_wrong_untick.fget))
    sys.stdout.write(f"wrong ticks: {ticked}, wrong unticks: {unticked}\n")
    others = [line for line in labelled_lines() if line.decision != "decided"]
    false_ticks = [line.text for line in others if understand(line.text).decision == "decided"]
    sys.stdout.write(f"{len(all_lines())} lines, false ticks: {len(false_ticks)} of {len(others)}\n")


if __name__ == "__main__":
    main()

"""The labelled checklist lines and how well the language does on them; as a script, it prints the figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.checklist.language import understand

if TYPE_CHECKING:
    from pytest_handoff.checklist.condition import Check

LINES = Path(__file__).parent / "data" / "checklist_lines.txt"


class Labelled(NamedTuple):
    """A line with the decision and the conditions (or the waiver's reason) that a person gave it."""

    decision: str
    text: str
    expected: str

    def agrees(self, check: Check) -> bool:
        """Whether the language decided exactly as the label says."""
        said = check.why if check.decision == "waived" else " and ".join(map(str, check.specs))
        return (check.decision, said) == (self.decision, self.expected)


def labelled_lines() -> list[Labelled]:
    """All labelled lines in the order of the file."""
    found, decision = [], ""
    for line in LINES.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            decision = line.strip("[]")
        elif line and not line.startswith("#"):
            text, _, expected = line.partition(" :: ")
            found.append(Labelled(decision, text, expected))
    return found


def main() -> None:
    """Print how many lines are decided as labelled, and how many a machine would tick that it must not."""
    for decision in ("decided", "veto", "waived", "person"):
        lines = [line for line in labelled_lines() if line.decision == decision]
        wrong = [line for line in lines if not line.agrees(understand(line.text))]
        sys.stdout.write(f"{decision:8} {len(lines) - len(wrong)}/{len(lines)} as labelled\n")
        sys.stdout.writelines(f"    {line.text}: {understand(line.text).why}\n" for line in wrong)
    others = [line for line in labelled_lines() if line.decision != "decided"]
    false_ticks = [line.text for line in others if understand(line.text).decision == "decided"]
    sys.stdout.write(f"false ticks: {len(false_ticks)} of {len(others)}\n")


if __name__ == "__main__":
    main()

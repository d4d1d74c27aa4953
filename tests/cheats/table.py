"""Print every cheat, the gate that catches it and what it says, beside a gate that trusts exit codes and ticked boxes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cheats_on_coverage
import cheats_on_decisions
import cheats_on_evidence
import cheats_on_policy
import cheats_on_runs
import cheats_on_tests
import cheats_on_trees
from cheating import Cheat, Verdict, build, copy_of, judge

CAUGHT_BY_WIDTH, NAME_WIDTH = 14, 50


def main() -> int:
    """Play every cheat; 1 when one is not caught."""
    cheats = [
        *cheats_on_tests.CHEATS,
        *cheats_on_evidence.CHEATS,
        *cheats_on_coverage.CHEATS,
        *cheats_on_trees.CHEATS,
        *cheats_on_policy.CHEATS,
        *cheats_on_runs.CHEATS,
        *cheats_on_decisions.CHEATS,
    ]
    with tempfile.TemporaryDirectory(prefix="cheats-") as folder:
        base = build(Path(folder) / "base").folder
        played = [(cheat, _play(cheat, base, Path(folder) / str(number))) for number, cheat in enumerate(cheats)]
    for cheat, verdict in played:
        sys.stdout.write(_row(cheat, verdict) + "\n")
    caught = sum(verdict.code != 0 for _, verdict in played)
    naive = sum(not verdict.naive_passes for _, verdict in played)
    sys.stdout.write(
        f"\n{caught} of {len(played)} are caught; a gate that trusts pytest's exit code and the ticked boxes catches {naive}.\n"
    )
    return 0 if caught == len(played) else 1


def _play(cheat: Cheat, base: Path, folder: Path) -> Verdict:
    shop = copy_of(base, folder)
    cheat.do(shop)
    return judge(shop, *cheat.gate)


def _row(cheat: Cheat, verdict: Verdict) -> str:
    wanted = cheat.caught_by.split("|")
    gate = next((gate for gate in verdict.gates if any(name in gate for name in wanted)), "not caught")
    naive = "passes" if verdict.naive_passes else "fails"
    name = f"{cheat.group}: {cheat.name}"
    return f"{name:<{NAME_WIDTH}} {gate.split('(')[0]:<{CAUGHT_BY_WIDTH}} {naive:<7} {verdict.message_of(gate)[:120]}"


if __name__ == "__main__":
    sys.exit(main())

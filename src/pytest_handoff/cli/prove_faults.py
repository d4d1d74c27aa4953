"""Print the results of the faults in new code, and read the option ``--shard``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from pytest_handoff.composition.proved import fault_figures
from pytest_handoff.figures import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.proof import FaultProof, Survivor

    Shards = click.ParamType[tuple[int, int]]
else:
    Shards = click.ParamType  # click 8.1 does not say what a type makes of a word

_MOST = 20
_MOST_TESTS = 3


class ShardType(Shards):
    """The number of a shard and how many there are, such as ``2/8``."""

    name = "I/N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Read the two numbers."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", str(value))
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"{value!r} is not a shard; give its number and the total, such as 2/8", param, ctx)
        return int(found[1]), int(found[2])


def fault_lines(found: FaultProof) -> Iterator[Sequence[tuple[str, str]]]:
    """Yield one line for each fact, and three for each fault that survived."""
    if found.nothing is not None:
        yield [("faults   ", "dim"), (found.nothing, "")]
        return
    yield [("faults   ", "dim"), (fault_figures(found), "")]
    if found.shards:
        missing = listed(found.missing_shards, 8) or "none"
        yield [
            ("         ", ""),
            (f"shards {listed(found.shards, 8)}; missing: {missing}", "dim"),
        ]
    if not found.tried and found.possible and found.budget is not None and not found.not_tried:
        why = f"the budget of {found.budget:g} s ran out before the first fault; give it more time"
        yield [("         ", ""), (why, "yellow")]
    for survivor in found.survived[:_MOST]:
        yield from _survivor(survivor)
    if len(found.survived) > _MOST:
        yield [(f"  … and {len(found.survived) - _MOST:,} more in proof.json", "dim")]
    for path, why in list(found.not_tried.items())[:_MOST]:
        yield [(f"  not tried  {path}  ", "yellow"), (why, "")]
    for test, why in list(found.left_out.items())[:_MOST]:
        yield [("  left out  ", "dim"), (f"{test}  {why}", "dim")]


def _survivor(survivor: Survivor) -> Iterator[Sequence[tuple[str, str]]]:
    yield [("  survived  ", "red"), (f"{survivor.path}:{survivor.line}", "")]
    for line in survivor.diff.splitlines():
        yield [(f"    {line}", "red" if line.startswith("-") else "green")]
    named = listed([*survivor.tests[:_MOST_TESTS]])
    more = len(survivor.tests) - _MOST_TESTS + survivor.more
    yield [(f"    ran it: {named}{f' and {more:,} more' if more > 0 else ''}", "dim")]

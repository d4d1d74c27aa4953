"""Compare what became of our faults with what another tool says of the same ones, in the same lines of the same tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from mutants_of_others import key_of

from pytest_handoff.figures import parse_ranges
from pytest_handoff.proving.faults import Fault, find_faults
from pytest_handoff.proving.override import applied

if TYPE_CHECKING:
    from collections.abc import Sequence

_DRIVER = Path(__file__).with_name("mutants_of_others.py")


@dataclass(frozen=True, slots=True)
class _Mine:
    """One of our faults, and what became of it."""

    fault: Fault
    diff: str
    status: str


def _my_faults(
    folder: Path, files: dict[str, Any], survivors: Sequence[dict[str, Any]]
) -> tuple[dict[tuple[str, str], _Mine], dict[str, list[int]]]:
    """List our faults by what the module means with them; and the lines of the statements that they are in, by file."""
    survived = {(fault["path"], fault["line"], fault["diff"]) for fault in survivors}
    found: dict[tuple[str, str], _Mine] = {}
    lines: dict[str, set[int]] = {}
    for path, file in files.items():
        text = (folder / path).read_text(encoding="utf-8")
        ran = parse_ranges(file["lines"]) - parse_ranges(file["missing"])
        for fault in find_faults(path, text, parse_ranges(file["lines"])):
            first, last = fault.lines
            if ran.isdisjoint(range(first, last + 1)):
                continue
            lines.setdefault(path, set()).update(range(first, last + 1))
            diff = fault.diff(text)
            status = "survived" if (path, fault.line, diff) in survived else "caught"
            try:
                found[path, key_of(applied(msgspec.to_builtins(fault), text))] = _Mine(fault, diff, status)
            except SyntaxError:
                continue
    return found, {path: sorted(numbers) for path, numbers in lines.items()}


def compare(python: Path, tool: str, tree: Path, files: dict[str, Any], survivors: Sequence[dict[str, Any]]) -> list[str]:
    """Have another tool try the same lines in a copy of the tree; what is to be said of it.

    Args:
        python: the Python of an environment that has the tool.
        files: the files with new code, as ``handoff show --json`` has them.
        survivors: our faults that survived, when all were tried.
    """
    mine, lines = _my_faults(tree, files, survivors)
    folder = tree.parent / f"{tree.name}-{tool}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tree, folder, ignore=shutil.ignore_patterns(".git", "handoffs"))
    (folder / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": "src" if tool == "cosmic-ray" else ""}
    command = [str(python), str(_DRIVER), tool, "lines.json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return [f"{tool} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-3000:]}"]
    *theirs, end = [json.loads(line) for line in done.stdout.splitlines()]
    head = f"{tree.name}: {tool}: {len(theirs)} faults in {end['seconds']:.1f} s, {end['clock']:.1f} on the clock"
    return [head, *_agreement(mine, theirs, lines)]


def _agreement(mine: dict[tuple[str, str], _Mine], theirs: list[dict[str, Any]], lines: dict[str, list[int]]) -> list[str]:
    """Compare fault by fault; and say of each side how many faults the other has not."""
    on_lines = [fault for fault in theirs if fault["line"] in lines[fault["path"]]]
    counts = Counter(fault["status"] for fault in on_lines)
    both = [(mine[fault["path"], fault["key"]], fault) for fault in on_lines if (fault["path"], fault["key"]) in mine]
    same = [(ours, fault) for ours, fault in both if ours.status == fault["status"].replace("timeout", "caught")]
    alike = {(fault["path"], fault["key"]) for _, fault in both}
    told = [
        f"  on the same lines: {len(on_lines)} of theirs ({counted(counts)}), {len(mine)} of ours",
        f"  both make {len(alike)}: the same verdict for {len({(fault['path'], fault['key']) for _, fault in same})}",
    ]
    told += [
        f"  {fault['path']}:{ours.fault.line} ours {ours.status}, theirs {fault['status']}: {ours.diff!r}"
        for ours, fault in both
        if (ours, fault) not in same
    ]
    only = Counter(ours.fault.operator for key, ours in mine.items() if key not in alike and ours.status == "survived")
    told.append(f"  survivors that only we make: {counted(only)}")
    told += [
        f"  survivor that only they make: {fault['path']}:{fault['line']} {fault['diff']!r}"
        for fault in on_lines
        if fault["status"] == "survived" and (fault["path"], fault["key"]) not in alike
    ]
    return told


def counted(statuses: Counter[str]) -> str:
    """Say how often each word was said."""
    return ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in statuses.most_common()) or "none"

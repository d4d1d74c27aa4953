"""Try small faults in the new statements of a session, and count how many the tests notice."""

from __future__ import annotations

import time
from collections import Counter
from importlib.util import decode_source
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.figures import counted, parse_ranges
from pytest_handoff.nodeids import without_parameters
from pytest_handoff.project.foreign_files import TEXT, read_if_there
from pytest_handoff.proof import MOST_TESTS, FaultProof, FileFaults, Survivor
from pytest_handoff.proving.bench import place_of_run
from pytest_handoff.proving.faults import Fault, find_faults, in_shard, ranked
from pytest_handoff.proving.imported import shadows
from pytest_handoff.proving.inner_run import facts_of, pytest_command, run_inside
from pytest_handoff.proving.schedule import ends_of
from pytest_handoff.proving.sides import roots_of
from pytest_handoff.proving.trees import lay_out
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.proving.bench import Bench
    from pytest_handoff.proving.inner_run import InnerRun
    from pytest_handoff.record import LedgerLine, NewCodeFile, Record

_NAME, _SERVER = "faults", "handoff_faults"
_PLUGINS = {
    "fault_probe": _SERVER, "fault_jobs": "handoff_jobs", "override": "handoff_override", "collisions": "handoff_collisions",
    "schedule": "handoff_schedule",
}  # fmt: skip
_FOREVER = 1e9
_SHARE = 0.5
"""The part of a budget that may go into learning which tests run which lines."""


class Extent(Frozen, frozen=True):
    """Limit how much is tried.

    Attributes:
        budget: the seconds that it may take; ``None`` for as long as it takes.
        sample: how many faults, drawn by chance but the same everywhere; ``None`` for all.
        shard: the number of one shard, and how many there are.
        jobs: how many faults are tried at the same time.
    """

    budget: float | None = None
    sample: int | None = None
    shard: tuple[int, int] | None = None
    jobs: int = 1


class _Found(msgspec.Struct):
    """The faults of a session by file, with the texts that they are in."""

    texts: dict[str, str]
    reached: list[Fault]
    not_reached: Counter[str]
    not_tried: dict[str, str]


def try_faults(
    bench: Bench, record: Record, ledger: Mapping[str, LedgerLine], extent: Extent, begin: float
) -> tuple[FaultProof, bool]:
    """Try the faults; the last value says whether somebody stopped it.

    Args:
        begin: the time that the budget counts from.

    Raises:
        HandoffError: when the tree cannot be laid out, or no process can be started.
    """
    if (why := _nothing(record, ledger)) is not None:
        return FaultProof(nothing=why), False
    found = _find(bench, record)
    if not found.reached and not found.not_tried:
        why = f"no test runs a statement in the new code of {record.session} that can take a fault"
        return FaultProof(not_reached=found.not_reached.total(), nothing=why), False
    chosen = list(ranked(found.reached, record.session))[: extent.sample]
    chosen = [fault for fault in chosen if in_shard(fault.rank(record.session), extent.shard)]
    facts: list[dict[str, Any]] = []
    stopped = False
    if chosen:
        lay_out(bench.project.root, bench.folder / _NAME, [*bench.files, *bench.built], {})
    if chosen and (why := bench.changed_since()):
        found.not_tried |= dict.fromkeys(found.texts, why)
    elif chosen:
        done = _run(bench, record.session, _asked(ledger), chosen, extent, begin=begin)
        facts, stopped = facts_of(done.report), done.interrupted
        found.not_tried |= _shadowed(bench, done, found.texts)
        _note_whole(found, done, facts)
    proof = _summed_up(found, chosen, facts)
    shards = [f"{extent.shard[0]}/{extent.shard[1]}"] if extent.shard else []
    seconds = round(time.time() - begin, 1)
    return msgspec.structs.replace(proof, shards=shards, sample=extent.sample, budget=extent.budget, seconds=seconds), stopped


def _nothing(record: Record, ledger: Mapping[str, LedgerLine]) -> str | None:
    """Say why there is nothing to try, if so."""
    if record.new_code is None:
        why = record.not_measured.get("new_code") or record.not_measured.get("coverage") or "without coverage"
        return f"cannot tell which code of {record.session} is new: {why}"
    if record.new_code.num_statements == 0:
        return f"{record.session} has no new code"
    return None if _asked(ledger) else f"{record.session} has no tests that pass"


def _asked(ledger: Mapping[str, LedgerLine]) -> list[LedgerLine]:
    """Take the tests that can notice: those that pass, and not only sometimes."""
    return [line for line in ledger.values() if line.outcome in PASSING and line.retired is None and not line.flaky]


def _find(bench: Bench, record: Record) -> _Found:
    found = _Found({}, [], Counter(), {})
    for path, file in (record.new_code.files if record.new_code else {}).items():
        try:
            data = read_if_there(bench.project.root / path, bench.project.within, TEXT)
            text = decode_source(data or b"")
            faults = find_faults(path, text, parse_ranges(file.lines))
        except (SyntaxError, ValueError, RecursionError) as error:
            found.not_tried[path] = f"it does not parse as Python: {error}"
            continue
        found.texts[path] = text
        for fault in faults:
            if _is_reached(fault, file):
                found.reached.append(fault)
            else:
                found.not_reached[path] += 1
    return found


def _is_reached(fault: Fault, file: NewCodeFile) -> bool:
    """Check whether anything ran a new line of the statement that the fault is in."""
    first, last = fault.lines
    return not {*range(first, last + 1)}.isdisjoint(parse_ranges(file.lines) - parse_ranges(file.missing))


def _run(
    bench: Bench, session: str, lines: Sequence[LedgerLine], chosen: Sequence[Fault], extent: Extent, *, begin: float
) -> InnerRun:
    budget = _FOREVER if extent.budget is None else extent.budget
    ends = ends_of(budget, begin, time.time())
    where = place_of_run(bench, _NAME)
    where = msgspec.structs.replace(
        where,
        limit=max(0.1, ends.stop - time.time()),
        plugins=_PLUGINS,
        options=("-p", _SERVER, "--capture=sys"),
    )
    plan = {
        "faults": [{"id": number, **msgspec.to_builtins(fault)} for number, fault in enumerate(chosen)],
        "paths": sorted({fault.path for fault in chosen}),
        "tests": {line.id: None for line in lines},
        "new": sorted({without_parameters(line.id) for line in lines if line.since == session}),
        "jobs": extent.jobs,
        "begin": ends.begin,
        "done": ends.done,
        "share": _SHARE,
        "limit": bench.limit,
        "command": pytest_command(where),
    }
    where = msgspec.structs.replace(where, orders={"plan": plan})
    return run_inside(where, {without_parameters(line.id) for line in lines}, lambda done, total: bench.tell(_NAME, done, total))


def _shadowed(bench: Bench, done: InnerRun, targets: Iterable[str]) -> dict[str, str]:
    """Name the files that another file replaced at import: their faults were never there."""
    wanted = set(targets)
    found = shadows(
        done.modules,
        tree=bench.folder / _NAME,
        real=bench.project.root.resolve(),
        known={*bench.files, *bench.built},
        roots=roots_of(bench.inner, done.pythonpath),
        is_same=lambda _file, path: path not in wanted,
    )
    return {shadow.path: str(shadow) for shadow in found}


def _note_whole(found: _Found, done: InnerRun, facts: Iterable[Mapping[str, Any]]) -> None:
    """Say for all files why nothing could be tried, if so."""
    learned = next((fact for fact in facts if "learned" in fact), None)
    why = None
    if not done.started and not done.interrupted:
        why = f"pytest did not start: {done.said}"
    elif learned is None and not done.interrupted:
        why = done.tried.cut_short or "pytest ended before it ran a test"
    elif learned is not None and learned["learned"] is None:
        why = f"the run that finds out which tests run which lines did not finish, {learned['why']}"
    elif learned is not None and learned["learned"] == 0:
        why = "no test passes in an unchanged scratch tree"
    if why is not None:
        found.not_tried |= dict.fromkeys(found.texts, why)


def _summed_up(found: _Found, chosen: Sequence[Fault], facts: Iterable[Mapping[str, Any]]) -> FaultProof:
    """Count what became of the faults."""
    counts: dict[str, Counter[str]] = {path: Counter() for path in found.texts}
    survived: list[Survivor] = []
    others: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for fact in facts:
        left_out |= _left_out(fact)
        if "fault" not in fact or (fault := chosen[fact["fault"]]).path in found.not_tried:
            continue
        match fact["status"]:
            case "not_tried":
                others[fault.path] = fact["why"]
            case status:
                counts[fault.path][status] += 1
                if status == "survived":
                    survived.append(_survivor(fault, found.texts[fault.path], fact["tests"]))
    total = _added_up(found, counts)
    return FaultProof(
        possible=total["possible"],
        tried=total["tried"],
        caught=total["caught"],
        timeout=total["timeout"],
        not_reached=total["not_reached"],
        broken=total["broken"],
        survived=sorted(survived, key=lambda one: (one.path, one.line, one.diff)),
        files={path: _file(count) for path, count in sorted(counts.items()) if +count},
        not_tried=dict(sorted({**others, **found.not_tried}.items())),
        left_out=dict(sorted(left_out.items())),
    )


def _added_up(found: _Found, counts: Mapping[str, Counter[str]]) -> Counter[str]:
    """Complete the counts of each file, and add them up."""
    reached = Counter(fault.path for fault in found.reached)
    total = Counter[str]()
    for path, count in counts.items():
        count["not_reached"] = found.not_reached[path]
        count["possible"] = reached[path] - count["broken"]
        count["tried"] = count["caught"] + count["timeout"] + count["survived"]
        total.update(count)
    return total


def _file(count: Mapping[str, int]) -> FileFaults:
    return FileFaults(**{name: count[name] for name in FileFaults.__struct_fields__})


def _left_out(fact: Mapping[str, Any]) -> dict[str, str]:
    """Return the tests that could not be used, and why."""
    if "unsound" in fact:
        return dict(fact["unsound"])
    if fact.get("learned") is None:
        return {}
    why = "it does not pass in an unchanged scratch tree"
    failed = {test: why for test, outcome in fact["failed"].items() if outcome not in ("skipped", "passed")}
    if not fact["whole"]:
        number = fact["of"] - fact["learned"] - len(fact["failed"])
        failed[counted(number, "test")] = "there was no time to find out which lines they run; new tests came first"
    return failed


def _survivor(fault: Fault, text: str, tests: Sequence[str]) -> Survivor:
    named = sorted(tests)[:MOST_TESTS]
    return Survivor(path=fault.path, line=fault.line, diff=fault.diff(text), tests=named, more=len(tests) - len(named))

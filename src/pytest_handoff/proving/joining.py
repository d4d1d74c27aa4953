"""Join the shards of the faults of one session, which several machines have tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.proof import FaultProof, FileFaults

if TYPE_CHECKING:
    from collections.abc import Iterable


def joins(one: FaultProof | None, other: FaultProof | None) -> bool:
    """Check whether two proofs are about different shards of the same faults."""
    if one is None or other is None or not (one.shards and other.shards) or one.sample != other.sample:
        return False
    of = {shard.partition("/")[2] for shard in (*one.shards, *other.shards)}
    return len(of) == 1 and set(one.shards).isdisjoint(other.shards)


def joined(one: FaultProof, other: FaultProof) -> FaultProof:
    """Add up the faults of different shards: all know all faults, and each has tried its own."""
    paths = sorted({*one.files, *other.files})
    files = {path: _of_file(one.files.get(path), other.files.get(path)) for path in paths}
    return FaultProof(
        possible=_possible((one, other)),
        tried=one.tried + other.tried,
        caught=one.caught + other.caught,
        timeout=one.timeout + other.timeout,
        not_reached=max(one.not_reached, other.not_reached),
        broken=one.broken + other.broken,
        survived=sorted([*one.survived, *other.survived], key=lambda fault: (fault.path, fault.line, fault.diff)),
        files=files,
        not_tried=dict(sorted({**one.not_tried, **other.not_tried}.items())),
        left_out=dict(sorted({**one.left_out, **other.left_out}.items())),
        shards=sorted({*one.shards, *other.shards}, key=lambda shard: int(shard.partition("/")[0])),
        sample=one.sample,
        budget=None if one.budget is None or other.budget is None else max(one.budget, other.budget),
        seconds=round(one.seconds + other.seconds, 1),
        nothing=one.nothing,
    )


def _possible(each: Iterable[FaultProof | FileFaults]) -> int:
    """Count the possible faults: each proof has left out those that it alone has found to be broken."""
    found = list(each)
    return max(one.possible + one.broken for one in found) - sum(one.broken for one in found)


def _of_file(one: FileFaults | None, other: FileFaults | None) -> FileFaults:
    if one is None or other is None:
        return one or other or FileFaults()
    return FileFaults(
        possible=_possible((one, other)),
        tried=one.tried + other.tried,
        caught=one.caught + other.caught,
        timeout=one.timeout + other.timeout,
        survived=one.survived + other.survived,
        not_reached=max(one.not_reached, other.not_reached),
        broken=one.broken + other.broken,
    )

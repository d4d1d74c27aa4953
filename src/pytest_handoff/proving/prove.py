"""Prove a recorded session: check that its evidence allows it, run the experiments, and keep what they found."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from dataclasses import replace as with_attributes
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.policy import read_policy
from pytest_handoff.evidence.tool_settings import PytestSettings
from pytest_handoff.figures import listed
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.environment import python, system
from pytest_handoff.project.foreign_files import TEXT, read_if_there
from pytest_handoff.project.proofs import evidence_digest, proof_artifact, read_proof, read_proof_file
from pytest_handoff.project.sessions import Chain, load_parents
from pytest_handoff.project.tree import read_tree
from pytest_handoff.project.writing import writing
from pytest_handoff.proof import PROOF_SCHEMA, Proof
from pytest_handoff.proving.bench import Bench
from pytest_handoff.proving.experiments import Materials, try_all
from pytest_handoff.proving.joining import joined, joins
from pytest_handoff.proving.scratch import scratch_folder
from pytest_handoff.proving.sides import suite_of, versions_of
from pytest_handoff.proving.try_faults import Extent, try_faults
from pytest_handoff.proving.verdict import against_earlier, against_faults, against_new, with_reasons
from pytest_handoff.run import SuiteFiles
from pytest_handoff.workflow.verify import stale_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_handoff.config import Experiment
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.sessions import Parents
    from pytest_handoff.project.store import Store
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.proof import EarlierProof, FaultProof, NewProof
    from pytest_handoff.proving.sides import Suite
    from pytest_handoff.record import LedgerLine, Record, SourceLine

_SEVERAL = 2
ALL: tuple[Experiment, ...] = ("earlier", "new")
_LEAST_LIMIT, _TIMES = 600.0, 10
"""Seconds that any run may take, and how many times as long as the recorded run."""


@dataclass(frozen=True, slots=True)
class Request:
    """The user's request.

    Attributes:
        experiments: the experiments; none for all, as far as there is something to try.
        args: further arguments for pytest.
        keep: leave the scratch trees where they are.
        extent: how many faults are tried, and for how long.
        begun: the time at which the command began, which a budget counts from.
        join: proofs of shards that other machines have tried, by the names of their files.
        tell: called with the name of a tree, the number of its tests that ended, and of those that there are.
    """

    experiments: tuple[Experiment, ...]
    args: tuple[str, ...]
    keep: bool
    tell: Callable[[str, int, int], None]
    extent: Extent = field(default_factory=Extent)
    join: tuple[str, ...] = ()
    begun: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class _Results:
    """Hold what each experiment found, ``None`` where it was not made; ``stopped``: somebody stopped them."""

    earlier: EarlierProof | None
    new: NewProof | None
    faults: FaultProof | None
    stopped: bool


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof, and the folder of its scratch trees where they were kept."""

    proof: Proof
    kept: Path | None


def prove(project: Project, session: str, request: Request) -> Proved:
    """Run the experiments, and write the proof beside the record.

    Raises:
        HandoffError: when the evidence does not allow it, or there is nothing to try; nothing is written then.
    """
    record = project.store.record(session)
    digest = evidence_digest(record)
    tree = read_tree(project)
    _refuse_other_evidence(project, record, tree)
    asked = request.experiments or _needed(project.config.prove, joining=bool(request.join))
    others = [read_proof_file(Path(name), session) for name in request.join]
    folder = None
    results = _Results(None, None, None, stopped=False)
    if asked:
        materials = _materials(project, record, tree)
        with scratch_folder(project.root, keep=request.keep) as folder:
            limit = max(_LEAST_LIMIT, _TIMES * record.run.duration_s)
            bench = Bench.of(project, folder, limit=limit, args=request.args, tell=request.tell)
            results = _try(bench, record, materials, asked, request)
        _refuse_nothing(results, demanded=project.config.prove)
        results = with_attributes(results, earlier=with_reasons(results.earlier, project.config.adapt))
    proof = _proof(record, digest, request, results)
    with writing(project):
        if evidence_digest(project.store.figures(session)) != digest:
            raise EvidenceProblem("changed while the tests ran; run handoff prove again", path=project.shown_record(session))
        proof = _joined(_with_earlier_tries(project, proof), others)
        proof = _judged(proof, record, project.config.prove)
        write_each([proof_artifact(project, proof)], project.within)
    return Proved(proof=proof, kept=folder if request.keep else None)


def _needed(demanded: Sequence[Experiment], *, joining: bool) -> tuple[Experiment, ...]:
    """Return the experiments to run if none is named: faults take long, so only if the settings ask for them."""
    if joining:
        return ()
    return (*ALL, "faults") if "faults" in demanded else ALL


def _try(bench: Bench, record: Record, materials: Materials, asked: Sequence[Experiment], request: Request) -> _Results:
    earlier, new, stopped = try_all(bench, materials, asked)
    faults = None
    if "faults" in asked and not stopped:
        begin = request.begun if set(asked) == {"faults"} else time.time()
        try:
            faults, stopped = try_faults(bench, record, materials.ledger, request.extent, begin)
        except KeyboardInterrupt:  # while no test ran
            if earlier is None and new is None:
                raise
            stopped = True
    return _Results(earlier, new, faults, stopped)


def _refuse_other_evidence(project: Project, record: Record, tree: Tree) -> None:
    """Refuse a record from which nothing can be proved.

    Raises:
        EvidenceProblem: for a record that is incomplete or about another tree.
        UsageProblem: without git, where nobody keeps what files were.
    """
    session, path = record.session, project.shown_record(record.session)
    if not project.uses_git:
        raise UsageProblem("handoff prove needs git, which has the earlier versions of tests and code")
    if not record.run.complete:
        why = "; ".join(record.run.why_incomplete)
        raise EvidenceProblem(f"is from an incomplete run ({why}); run pytest --handoff={quote(session)} again", path=path)
    if changed := stale_files(project, record, tree):
        raise EvidenceProblem(
            f"is about another tree ({listed(changed)}); run pytest --handoff={quote(session)} again", path=path
        )


def _materials(project: Project, record: Record, tree: Tree) -> Materials:
    """Collect what the evidence of the session and of those before it says.

    Raises:
        EvidenceProblem: when some of it is missing or damaged.
    """
    store = project.store
    parents = load_parents(store, [parent.session for parent in record.previous])
    if parents.sources is None:
        pruned = listed([one.session for one in parents.records if not store.has_sources(one.session)])
        raise EvidenceProblem(f"the sources of {pruned} were pruned, so its files are unknown; restore sources.jsonl from git")
    ledger = store.ledger(record)
    trees = [_then(project, tree, files) for files in parents.sources]
    versions = versions_of(tree.files, trees, _then(project, tree, _origin(store, parents)))
    known = [*ledger, *parents.earlier.lines]
    return Materials(
        session=record.session,
        ledger=ledger,
        before=parents.names,
        earlier=_live(parents, ledger),
        versions=versions,
        suite=_suite(project, record, tree, known),
    )


def _origin(store: Store, parents: Parents) -> dict[str, SourceLine]:
    """Read the tree of the nearest session that all of several sessions before go back to; empty if there is none."""
    if len(parents.records) < _SEVERAL:
        return {}
    chain = Chain(store)
    first, *others = [[record.session, *chain.before(record.session)] for record in parents.records]
    common = next((name for name in first if all(name in names for names in others)), None)
    return {} if common is None else store.sources_of(store.record(common)) or {}


def _then(project: Project, tree: Tree, files: Mapping[str, SourceLine]) -> dict[str, str]:
    """Take the blob ids of an earlier tree, without what was generated and is so now: git ignores it, and it is measured only."""
    kept = {path: line.blob for path, line in files.items()}
    return {path: blob for path, blob in kept.items() if path in tree.files or not (project.root / path).is_file()}


def _live(parents: Parents, ledger: Mapping[str, LedgerLine]) -> dict[str, LedgerLine]:
    """Take the earlier tests that count: those that were there and are not retired."""
    retired = {test for test, line in ledger.items() if line.retired is not None}
    lines = parents.earlier.lines.items()
    return {test: line for test, line in lines if line.outcome is not None and line.retired is None and test not in retired}


def _suite(project: Project, record: Record, tree: Tree, tests: Sequence[str]) -> Suite:
    policy = read_policy(record.policy, path=f"the record of {record.session}")
    settings = policy.in_force.pytest or (policy.settings.pytest if policy.settings else PytestSettings())
    folders = [project.key(project.folder / folder) for folder in settings.testpaths]
    measured = record.coverage.files if record.coverage else {}
    conftests = {path: _text(project, path) for path in tree.files if path.rpartition("/")[2] == "conftest.py"}
    return suite_of(SuiteFiles(patterns=list(settings.python_files), folders=folders), tree.files, tests, measured, conftests)


def _text(project: Project, path: str) -> str:
    return (read_if_there(project.root / path, project.within, TEXT) or b"").decode("utf-8", "replace")


def _refuse_nothing(results: _Results, *, demanded: Sequence[Experiment]) -> None:
    """Refuse a proof of nothing, unless the project's settings demand one of every session.

    Where one of several experiments has something to try, what that one found is kept, and the reasons of the others are said.

    Raises:
        UsageProblem: saying why there was nothing to try.
    """
    found = [one for one in (results.earlier, results.new, results.faults) if one is not None]
    nothing = [one.nothing for one in found if one.nothing is not None]
    if nothing and len(nothing) == len(found) and not demanded:
        raise UsageProblem(f"there is nothing to prove: {'; '.join(dict.fromkeys(nothing))}")


def _proof(record: Record, digest: str, request: Request, results: _Results) -> Proof:
    return Proof(
        schema=PROOF_SCHEMA,
        session=record.session,
        record=digest,
        fingerprint=record.source.fingerprint,
        python=python(),
        platform=system(),
        args=list(request.args),
        interrupted=results.stopped,
        tried=_tried(results.earlier, results.new, results.faults),
        earlier=results.earlier,
        new=results.new,
        holds=True,
        reasons=[],
        faults=results.faults,
    )


def _judged(proof: Proof, record: Record, demanded: Sequence[Experiment]) -> Proof:
    """Add the findings against the tests; apply what the settings require to what was tried."""
    found = against_earlier(proof.earlier, strict="earlier" in demanded) if proof.earlier else []
    if proof.new is not None and "new" in demanded:
        code = record.new_code
        found += against_new(proof.new, has_new_code=proof.new.nothing is None if code is None else code.num_statements > 0)
    if proof.faults is not None and "faults" in demanded:
        found += against_faults(proof.faults)
    return replace(proof, holds=not found, reasons=found)


def _tried(earlier: EarlierProof | None, new: NewProof | None, faults: FaultProof | None) -> list[Experiment]:
    found: list[Experiment] = []
    if earlier is not None and earlier.nothing is None:
        found.append("earlier")
    if new is not None and new.nothing is None:
        found.append("new")
    if faults is not None and faults.nothing is None:
        found.append("faults")
    return found


def _with_earlier_tries(project: Project, proof: Proof) -> Proof:
    """Keep what earlier commands proved of the same record: an experiment not asked for now, or one that is cut short now."""
    try:
        known = read_proof(project, proof.session)
    except EvidenceProblem:  # this proof takes its place
        return proof
    if known is None or known.record != proof.record:
        return proof
    older = proof.interrupted and not known.interrupted
    earlier = (known.earlier or proof.earlier) if older else (proof.earlier or known.earlier)
    new = (known.new or proof.new) if older else (proof.new or known.new)
    faults = (known.faults or proof.faults) if older else (proof.faults or known.faults)
    parts = [part for part in (earlier, new, faults) if part is not None]
    is_ours = [part is proof.earlier or part is proof.new or part is proof.faults for part in parts]
    cut = any(proof.interrupted if ours else known.interrupted for ours in is_ours)
    if proof.faults is not None and known.faults is not None and not cut and joins(proof.faults, known.faults):
        faults = joined(known.faults, proof.faults)
    return replace(proof, earlier=earlier, new=new, faults=faults, tried=_tried(earlier, new, faults), interrupted=cut)


def _joined(proof: Proof, others: Sequence[Proof]) -> Proof:
    """Add the faults that other machines have tried.

    Raises:
        UsageProblem: when they have tried the same faults, or those of another run.
    """
    for other in others:
        if other.record != proof.record:
            raise UsageProblem("these proofs are for different runs of the session; prove all shards of one record")
        if other.faults is None or other.interrupted:
            raise UsageProblem("a proof has no completed faults; pass --shard on each machine")
        if proof.faults is not None and not joins(proof.faults, other.faults):
            raise UsageProblem("the proofs are not different shards of the same faults; pass each machine its own --shard")
        faults = other.faults if proof.faults is None else joined(proof.faults, other.faults)
        proof = replace(proof, faults=faults, tried=_tried(proof.earlier, proof.new, faults))
    return proof

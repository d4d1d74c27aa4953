"""Verify that document, evidence, code and chain match, and decide whether a session may be merged.

Everything is verified again for a merge, and a tick is never taken for evidence.
"""

from __future__ import annotations

from itertools import zip_longest
from shlex import quote
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.checklist.condition import why
from pytest_handoff.composition.status import STATUS_PLACES
from pytest_handoff.figures import counted, listed
from pytest_handoff.printable import labelled
from pytest_handoff.project.merged_sessions import MergedSessions, merged_sessions
from pytest_handoff.project.tree import read_tree
from pytest_handoff.workflow.chain import Problem, chain_problems
from pytest_handoff.workflow.collided import collided
from pytest_handoff.workflow.proved import proof_problems
from pytest_handoff.workflow.recheck import missing_bases, untrue
from pytest_handoff.workflow.start import document_bytes
from pytest_handoff.workflow.statements_again import untrue_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record, Verdict
    from pytest_handoff.workflow.finish import FinishedSession


_ABOUT_THE_CHECKLIST = {*STATUS_PLACES, "checklist.evidence"}
"""Places whose text depends on a person's ticks."""


def verify(
    project: Project,
    session: str,
    outcome: FinishedSession,
    *,
    fresh: bool = True,
    merged: MergedSessions | None = None,
    tree: Tree | None = None,
) -> list[Problem]:
    """Find every problem of one session's evidence and document.

    Args:
        outcome: the files that filling again would write (:func:`pytest_handoff.workflow.finish.refill`).
        fresh: whether the tree must be the one the evidence is about; only for the newest session.
        merged: the sessions that are merged, if they are known already.
        tree: the tree as it stands, if it was read already.
    """
    found = [*_document(project, session, outcome)]
    if not fresh:  # the newest session has answered for the whole chain
        return found
    record, tree = project.store.record(session), tree or read_tree(project)
    merged = merged_sessions(project) if merged is None else merged
    found += chain_problems(project, session, merged)
    stale = list(_freshness(project, record, tree))
    if stale:
        return [*stale, *found]
    return [
        *found,
        *_recomputed(project, outcome, tree),
        *collided(project, outcome.composition.facts, tree, {one.session for one in merged.records}),
        *untrue_statements(project, record, tree),
    ]


def stale_files(project: Project, record: Record, now: Tree) -> list[str]:
    """Name the files in which the tree differs from the one that the evidence is about; none if it is the same tree.

    Measured files that git ignores are among the sources but no part of the tree, so they are not named.
    """
    sources = project.store.sources_of(record)
    if now.is_that_of(record.source.fingerprint):
        return []
    if sources is None:
        return ["(which files is not known: sources.jsonl was pruned)"]
    told = {path: line for path, line in sources.items() if path in now.files or not project.has_file(path)}
    return now.differing(told, record.source.fingerprint) or ["(which file is not known)"]


def is_fresh(project: Project, record: Record) -> bool:
    """Check that the tree is the one that the evidence is about."""
    return not stale_files(project, record, read_tree(project))


def _freshness(project: Project, record: Record, tree: Tree) -> Iterator[Problem]:
    changed = stale_files(project, record, tree)
    if changed:
        yield Problem(
            kind="stale",
            path=project.shown_record(record.session),
            message=f"is about another tree{_which(changed)}",
            remedy=f"run pytest --handoff={quote(record.session)} again{_otherwise(project, changed, tree)}"
            + _unlike_a_checkout(project, record, changed, tree),
        )


def _otherwise(project: Project, changed: Sequence[str], tree: Tree) -> str:
    """Name a remedy besides another run, for evidence that is about another tree again and again.

    What git tracks is not generated, and ``.gitignore`` would not help there.
    """
    there = [project.root / path for path in changed if path in tree.files]
    untracked = tree.untracked or ()
    if there and not project.config.scope and not any(path.is_relative_to(project.folder) for path in there):
        return f", or set 'scope' to the folders of this project, such as [{project.key(project.folder)!r}]"
    made = [path for path in changed if path in untracked and not path.endswith(".py")]
    return f", or add what a run generates to .gitignore: {listed(made)}" if made else ""


def _unlike_a_checkout(project: Project, record: Record, changed: Sequence[str], now: Tree) -> str:
    """Say which files stand, or stood at the run, as git does not store them: it shows no difference there."""
    then = project.store.sources_of(record) or {}
    found = [path for path in changed if "work-tree:" in now.kinds.get(path, "") + (then[path].kind if path in then else "")]
    return f"; git stores different bytes for {listed(found)}: delete and restore them with git checkout" if found else ""


def _which(changed: list[str]) -> str:
    unknown = changed[0].startswith("(which ")  # a folder may be called (app)
    return f" {changed[0]}" if unknown else f": {counted(len(changed), 'file differs/files differ')}: {listed(changed)}"


def _recomputed(project: Project, outcome: FinishedSession, tree: Tree) -> Iterator[Problem]:
    """Check what the record says about its tree against the tree itself, which is here."""
    record = outcome.record
    missing = [] if project.chain.after(record.session) else missing_bases(project, record)
    for session in missing:
        store = project.store
        path = project.shown(store.lacking_sources(session) or store.sources_path(session))
        from pytest_handoff.project.restoring import restored

        message = "is missing, and only it shows what changed since"
        remedy, command = restored(project, session)
        yield Problem(kind="chain", path=path, message=message, remedy=remedy, command=command)
    yield from _own_sources(project, record)
    for difference in untrue(project, outcome.composition.facts, tree):
        yield Problem(
            kind="record",
            path=project.shown_record(record.session),
            message=f"does not match the tree: {difference}",
            remedy=f"restore it, or run pytest --handoff={quote(record.session)} again",
            command=f"pytest --handoff={quote(record.session)}",
        )


def _own_sources(project: Project, record: Record) -> Iterator[Problem]:
    """Find that the newest session has lost its tree: nothing prunes it, and the next session is compared with it."""
    path = project.store.sources_path(record.session)
    if record.source.sources is None or path.is_file() or project.chain.after(record.session):
        return
    from pytest_handoff.project.restoring import restored

    remedy, command = restored(project, record.session)
    again = f"pytest --handoff={quote(record.session)}"
    remedy = remedy if command else f"restore it, or run {again} again"
    message = "is missing, so the next session cannot tell what it changed"
    yield Problem(kind="chain", path=project.shown(path), message=message, remedy=remedy, command=command or again)


def _document(project: Project, session: str, outcome: FinishedSession) -> Iterator[Problem]:
    path = project.document(session)
    shown = project.shown(path)
    stands, fill = document_bytes(project, session), f"handoff fill {quote(session)}"
    if stands is None:
        yield Problem(kind="document", path=shown, message="is missing", remedy=f"write it with {fill}", command=fill)
        return
    expected = next(artifact for artifact in outcome.artifacts if artifact.path == path)
    line = _first_difference(stands, expected.whole)
    if line is not None:
        line, why, remedy = _why_it_differs(project.store.record(session), outcome, line)
        message = f"differs from the evidence{why}"
        yield Problem(kind="document", path=shown, line=line, message=message, remedy=remedy, command=fill)
    yield from _not_ours(outcome, shown)


def _not_ours(outcome: FinishedSession, shown: str) -> Iterator[Problem]:
    """Find markers of ours around text that is not ours: filling leaves it alone, so no figure in it is checked."""
    fill = f"handoff fill {quote(outcome.record.session)}"
    for finding in outcome.composition.findings:
        remedies = {
            "edited": f"remove the markers around it, or replace it with {fill} --take-over {quote(finding.place or '')}",
            "marker": f"fix the marker or remove it, then {fill}",
        }
        if finding.kind in remedies:
            remedy = remedies[finding.kind]
            yield Problem(kind="document", path=shown, line=finding.line, message=finding.message, remedy=remedy)


def _why_it_differs(record: Record, outcome: FinishedSession, line: int) -> tuple[int, str, str]:
    """Return the line to look at, the cause if known, and the remedy; a person's tick must not be called a forgery."""
    session = record.session
    composed = outcome.composition
    forged = next((one for one in composed.decisions if one.wanted is not None and one.wanted != one.ticked), None)
    if forged is not None:
        ticked = "the line does not hold" if forged.applies else "the line does not apply"
        why = f": {ticked}, but its box is ticked" if forged.ticked else ": the line holds, but its box is empty"
        return forged.line, why, f"handoff explain {quote(session)} says why, handoff fill {quote(session)} sets it"
    before = {written.id: written.known for written in record.places}
    changed = {written.id for written in composed.written if before.get(written.id) != written.known}
    if changed and changed <= _ABOUT_THE_CHECKLIST and record.gates == composed.verdicts:
        why = ": its checklist figures are older than its last tick or waiver"
        return line, why, f"update them with handoff fill {quote(session)}, which runs no tests"
    return line, "", f"see handoff fill {quote(session)} --diff, then handoff fill {quote(session)}"


def _first_difference(have: bytes, want: bytes) -> int | None:
    if have == want:
        return None
    rows = zip(have.splitlines(), want.splitlines(), strict=False)
    same = next((number for number, (one, other) in enumerate(rows) if one != other), None)
    return 1 + (same if same is not None else min(have.count(b"\n"), want.count(b"\n")))


def reasons(
    project: Project, session: str, outcome: FinishedSession, *, machine_only: bool, provenance: str | None = None
) -> list[Problem]:
    """Find the reasons why a session must not be merged; there are none if the gate passes.

    The ``kind`` of each problem is the gate that does not pass; its message alone tells which file it is about.

    Args:
        outcome: the files that filling again would write.
        machine_only: leave out the lines that wait for a person's tick.
        provenance: where the evidence must have been made, such as ``ci``.
    """
    document = project.shown(project.document(session))
    problems = [*made_elsewhere(project, outcome, provenance), *verify(project, session, outcome)]
    found = [replace(wrong, message=f"{wrong.path}: {wrong.message}") for wrong in problems]
    found += [
        Problem(kind=verdict.id, path=document, message=evidence, remedy=verdict.needs)
        for verdict in outcome.composition.blocking
        for evidence in _one_by_one(verdict, outcome)
    ]
    found += proof_problems(project, outcome.record)
    if not machine_only:
        found += [
            Problem(
                kind="person",
                path=document,
                line=decision.line,
                message=f"{document}:{decision.line}: {decision.text}",
                remedy="tick it, or add `(N/A: reason)`",
            )
            for decision in outcome.composition.decisions
            if decision.counts and decision.state == "waits"
        ]
    return found


def named_once(found: Iterable[Problem]) -> list[Problem]:
    """Shorten each checklist line that says the same as a gate before it, so that no lost test is named twice."""
    shown: list[Problem] = []
    gates: dict[tuple[str, str | None], str] = {}
    for problem in found:
        said = gates.setdefault((problem.kind, problem.remedy), problem.message)
        if problem.message.endswith(f": {said}"):
            line, figure = problem.message.removesuffix(said), said.partition(": ")[0]
            shown.append(replace(problem, message=f"{line}{figure}, as above", remedy=None))
        else:
            shown.append(problem)
    return shown


def told(found: Sequence[Problem]) -> Iterator[str]:
    """Say each problem on one line; if neighbours of one gate have the same remedy, only the last one says it."""
    for problem, following in zip_longest(found, found[1:]):
        again = following is not None and (following.kind, following.remedy) == (problem.kind, problem.remedy)
        yield reason_line(replace(problem, remedy=None) if again else problem)


def reason_line(problem: Problem) -> str:
    """Say on one line which gate does not pass, why, and what to do."""
    return labelled(problem.kind, problem.message + (f"; {problem.remedy}" if problem.remedy else ""))


def reason_table(problem: Problem) -> dict[str, object]:
    """Return the shape of a reason for ``handoff gate --json``."""
    return {"gate": problem.kind, "path": problem.path, "line": problem.line, "message": problem.message, "needs": problem.remedy}


def _one_by_one(verdict: Verdict, outcome: FinishedSession) -> list[str]:
    """Split the evidence of a gate into its findings, if each has to be mended by itself; none is left out."""
    facts = outcome.composition.facts
    if verdict.verdict != "failed":
        return [verdict.evidence]
    if verdict.id == "policy":
        return [str(finding) for finding in facts.loosened] or [verdict.evidence]
    if verdict.id == "failures":
        failing = facts.kinds.lines(lambda kind: kind.fails)
        return [f"{line.id} {why(line)}" for line in failing] or [verdict.evidence]
    return [verdict.evidence]


def made_elsewhere(project: Project, outcome: FinishedSession, wanted: str | None) -> Iterator[Problem]:
    """Find evidence that was made elsewhere than it must have been, such as on somebody's machine."""
    made = outcome.record.provenance
    if wanted is not None and made.kind != wanted:
        path = project.shown_record(outcome.record.session)
        yield Problem(
            kind="provenance",
            path=path,
            message=f"the evidence comes from a {made.kind} run, not from {wanted}",
            remedy=f"run pytest --handoff={quote(outcome.record.session)} in the job that gates",
        )

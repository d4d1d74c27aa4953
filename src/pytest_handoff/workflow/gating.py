"""Decide whether a session may be merged: everything is verified again, and a tick is never taken for evidence."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.workflow.verify import Problem, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Verdict
    from pytest_handoff.workflow.finish import Outcome


def reasons(
    project: Project, session: str, outcome: Outcome, *, machine_only: bool, provenance: str | None = None
) -> list[Problem]:
    """Find the reasons why a session must not be merged; there are none if the gate passes.

    The ``kind`` of each problem is the gate that does not pass; its message alone tells which file it is about.

    Args:
        outcome: the files that filling again would write.
        machine_only: leave out the lines that wait for a person's tick.
        provenance: where the evidence must have been made, such as ``ci``.
    """
    document = project.shown(project.document(session))
    found = [*_elsewhere(project, outcome, provenance)]
    found += [replace(wrong, message=f"{wrong.path}: {wrong.message}") for wrong in verify(project, session, outcome)]
    found += [
        Problem(kind=verdict.id, path=document, message=evidence, remedy=verdict.needs)
        for verdict in outcome.composition.blocking
        for evidence in _one_by_one(verdict, outcome)
    ]
    if not machine_only:
        found += [
            Problem(
                kind="person",
                path=document,
                line=decision.line,
                message=f"{document}:{decision.line}: {decision.text}",
                remedy="a person ticks it, or writes `N/A: reason` behind it",
            )
            for decision in outcome.composition.decisions
            if decision.counts and decision.state == "waits"
        ]
    return found


def told(found: Sequence[Problem]) -> Iterator[str]:
    """Say each problem on one line; if neighbours of one gate have the same remedy, only the last one says it."""
    for problem, following in zip_longest(found, found[1:]):
        again = following is not None and (following.kind, following.remedy) == (problem.kind, problem.remedy)
        yield reason_line(replace(problem, remedy=None) if again else problem)


def reason_line(problem: Problem) -> str:
    """Say on one line which gate does not pass, why, and what to do."""
    return f"{problem.kind:<11}{problem.message}" + (f"; {problem.remedy}" if problem.remedy else "")


def reason_table(problem: Problem) -> dict[str, object]:
    """Return the shape of a reason for ``handoff gate --json``."""
    return {"gate": problem.kind, "path": problem.path, "line": problem.line, "message": problem.message, "needs": problem.remedy}


def _one_by_one(verdict: Verdict, outcome: Outcome) -> list[str]:
    """Split the evidence of a gate into its findings, if each has to be mended by itself."""
    found = outcome.composition.facts.loosened if verdict.id == "policy" and verdict.verdict == "failed" else ()
    return [str(finding) for finding in found] or [verdict.evidence]


def _elsewhere(project: Project, outcome: Outcome, wanted: str | None) -> Iterator[Problem]:
    made = outcome.record.provenance
    if wanted is not None and made.kind != wanted:
        path = project.shown_record(outcome.record.session)
        yield Problem(
            kind="provenance",
            path=path,
            message=f"{path}: the evidence was made by a {made.kind} run, not by {wanted}",
            remedy=f"run pytest --handoff={outcome.record.session} in the job that gates",
        )

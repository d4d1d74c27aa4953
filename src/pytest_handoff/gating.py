"""Whether a session may be merged: everything is verified again, a tick is never taken for evidence."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_handoff.record import Frozen, Verdict
from pytest_handoff.verification import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.project import Project
    from pytest_handoff.workflow import Outcome


class Reason(Frozen, frozen=True):
    """One reason why the gate does not pass."""

    gate: str
    path: str
    line: int | None
    message: str
    needs: str | None

    def __str__(self) -> str:
        """Gate, evidence, remedy on one line."""
        return f"{self.gate:<11}{self.message}" + (f"; {self.needs}" if self.needs else "")

    def as_table(self) -> dict[str, object]:
        """For ``--json``."""
        return {"gate": self.gate, "path": self.path, "line": self.line, "message": self.message, "needs": self.needs}


def reasons(
    project: Project, session: str, outcome: Outcome, *, machine_only: bool, provenance: str | None = None
) -> list[Reason]:
    """Why the gate does not pass; empty when it does. ``provenance`` is where the evidence must have been made."""
    document = project.shown(project.document(session))
    found = [*_elsewhere(project, outcome, provenance)]
    found += [
        Reason(gate=wrong.kind, path=wrong.path, line=wrong.line, message=f"{wrong.path}: {wrong.message}", needs=wrong.remedy)
        for wrong in verify(project, session, outcome)
    ]
    found += [
        Reason(gate=verdict.id, path=document, line=None, message=evidence, needs=verdict.needs)
        for verdict in outcome.composition.blocking
        for evidence in _one_by_one(verdict, outcome)
    ]
    if not machine_only:
        found += [
            Reason(
                gate="person",
                path=document,
                line=decision.line,
                message=f"{document}:{decision.line}: {decision.text}",
                needs="a person ticks it, or writes `N/A: reason` behind it",
            )
            for decision in outcome.composition.decisions
            if decision.counts and decision.state == "waits"
        ]
    return found


def told(found: Sequence[Reason]) -> Iterator[str]:
    """The reasons as lines; where several of a gate have the same remedy, the last one says it."""
    for reason, following in zip_longest(found, found[1:]):
        again = following is not None and (following.gate, following.needs) == (reason.gate, reason.needs)
        yield f"{reason.gate:<11}{reason.message}" if again else str(reason)


def _one_by_one(verdict: Verdict, outcome: Outcome) -> list[str]:
    """What a gate says, one finding a line where it has several that are mended one by one."""
    found = outcome.composition.facts.loosened if verdict.id == "policy" and verdict.verdict == "failed" else ()
    return [str(finding) for finding in found] or [verdict.evidence]


def _elsewhere(project: Project, outcome: Outcome, wanted: str | None) -> Iterator[Reason]:
    made = outcome.record.provenance
    if wanted is not None and made.kind != wanted:
        path = project.shown(project.store.evidence / outcome.record.session / "record.json")
        yield Reason(
            gate="provenance",
            path=path,
            line=None,
            message=f"{path}: the evidence was made by a {made.kind} run, not by {wanted}",
            needs=f"run pytest --handoff={outcome.record.session} in the job that gates",
        )

"""Run ``handoff verify`` and ``handoff gate``: does the hand-off match the evidence, and may the session be merged?"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import GOOD, NO, annotate, outcome_of, project_here, session_argument, verb
from pytest_handoff.errors import WriteProblem
from pytest_handoff.printing import progress, say, say_json, say_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.chain import Problem
    from pytest_handoff.workflow.ci import Annotation
    from pytest_handoff.workflow.finish import FinishedSession


@click.command(short_help="Check the document, evidence, tree and chain")
@session_argument
@click.option("--all", "every", is_flag=True, help="Check this session and every earlier one.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@verb
def verify(handoff_dir: str | None, session: str, *, every: bool, as_json: bool) -> int:
    """Check that SESSION's document matches its evidence, the evidence is about this code, and the chain is complete."""
    from pytest_handoff.project.merged_sessions import merged_sessions
    from pytest_handoff.workflow.chain import cannot_tell, chain_of
    from pytest_handoff.workflow.verify import verify as problems_of

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    names = chain_of(project, session) if every else [session]
    merged = merged_sessions(project)
    problems = [
        problem
        for name in progress(names, "verifying")
        for problem in problems_of(
            project, name, outcome if name == session else outcome_of(project, name), fresh=name == session, merged=merged
        )
    ]
    annotate(lambda: [_beside(project, problem) for problem in problems])
    if (unknown := cannot_tell(session, merged)) is not None:
        say(f"handoff: {unknown}", err=True)
    if as_json:
        table = {"session": session, "verified": names, "passes": not problems, "problems": [p.as_table() for p in problems]}
        say_json(table)
        return NO if problems else GOOD
    for problem in problems:
        say(str(problem))
    if not problems:
        known = "" if unknown is None else ", its history as far as it is here"
        say(f"{', '.join(names)}: verified{known}")
    return NO if problems else GOOD


@click.command(short_help="May it be merged? If not, what is missing")
@session_argument
@click.option("--machine-only", is_flag=True, help="Ignore checklist lines that need a person's sign-off.")
@click.option("--require-provenance", type=click.Choice(["ci"]), help="Accept only evidence from a CI run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@verb
def gate(handoff_dir: str | None, session: str, *, machine_only: bool, require_provenance: str | None, as_json: bool) -> int:
    """Exit with 0 if SESSION may be merged, with 1 if not; say what is missing and how to fix it."""
    from pytest_handoff.workflow.verify import named_once, reason_table
    from pytest_handoff.workflow.verify import reasons as reasons_against

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    reasons = reasons_against(project, session, outcome, machine_only=machine_only, provenance=require_provenance)
    if reasons:
        annotate(lambda: _annotations(project, session, outcome, machine_only=machine_only, provenance=require_provenance))
    shown = named_once(reasons)
    _summarise(outcome, shown)
    if as_json:
        table = {"session": session, "passes": not reasons, "reasons": [reason_table(reason) for reason in reasons]}
        say_json(table)
    else:
        say_parts([[(f"handoff {session}: gate {'does not pass' if reasons else 'passes'}", "red" if reasons else "green")]])
        say_parts(_told(shown, outcome.composition.facts))
    return NO if reasons else GOOD


_INDENT = 13


def _told(reasons: Sequence[Problem], facts: Facts) -> Iterator[Sequence[tuple[str, str]]]:
    """Print the reasons: in a log one line each; on a terminal wrapped, with the fix on a line of its own."""
    from pytest_handoff.cli.wrapping import hung, width
    from pytest_handoff.workflow.verify import told

    columns = width()
    if columns is None:
        yield from ([(f"  {line}", "")] for line in told(reasons))
        return
    for reason, following in zip_longest(reasons, reasons[1:]):
        style = "cyan" if reason.kind == "person" else "red"
        message = reason.message if reason.kind == "failures" else without_failures(reason.message, facts)
        yield from hung([[(f"  {reason.kind:<{_INDENT - 3}} ", style), (message, "")]], _INDENT, columns)
        again = following is not None and (following.kind, following.remedy) == (reason.kind, reason.remedy)
        if reason.remedy and not again:
            yield from hung([[(f"{' ' * _INDENT}fix: ", "dim"), (reason.remedy, "bold")]], _INDENT + 5, columns)


def without_failures(message: str, facts: Facts) -> str:
    """Remove the failing tests from the names in a sentence, because each has a line of its own; keep other names."""
    from pytest_handoff.checklist.condition import why
    from pytest_handoff.evidence.regression import FAILING, PASSING

    named = facts.kinds.lines(lambda kind: kind.retired is None and kind.outcome not in PASSING)
    named = [line for line in named if line.id in message]
    if not any(line.outcome in FAILING for line in named):
        return message
    head = message[: min(message.index(line.id) for line in named)]
    others = [f"{line.id} {why(line)}" for line in named if line.outcome not in FAILING]
    return head + ", ".join([*others, "the failures above"])


def _beside(project: Project, problem: Problem) -> Annotation:
    from pytest_handoff.workflow.ci import Annotation

    path = project.key(project.folder / problem.path)
    return Annotation(path=path, line=problem.line, title=problem.kind, message=str(problem))


def _annotations(
    project: Project, session: str, outcome: FinishedSession, *, machine_only: bool, provenance: str | None
) -> list[Annotation]:
    """Place the gate's reasons beside tests and code, the worst first; lines that wait for a person come last."""
    from pytest_handoff.workflow.ci import annotations_of
    from pytest_handoff.workflow.left import steps_left

    return annotations_of(steps_left(project, session, outcome, machine_only=machine_only, provenance=provenance))


def _summarise(outcome: FinishedSession, reasons: Sequence[Problem]) -> None:
    """On GitHub, add what the gate says to the step summary; a failure to write it does not change the verdict."""
    from pytest_handoff.composition.proved import proof_line
    from pytest_handoff.workflow.ci import append_summary, gate_summary, on_github

    if on_github():
        proof = outcome.composition.facts.proof
        rows = [(reason.kind, reason.message, reason.remedy or "") for reason in reasons]
        try:
            append_summary(gate_summary(outcome.record.session, rows, None if proof is None else proof_line(proof)))
        except WriteProblem as error:
            say(f"the step summary {error}", err=True)

"""Define the ``handoff`` command, with its verbs show, explain, verify and gate, and add the verbs of the other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_handoff import __version__
from pytest_handoff.cli.attest_command import attest
from pytest_handoff.cli.combine_command import combine
from pytest_handoff.cli.fill import fill
from pytest_handoff.cli.history_command import history
from pytest_handoff.cli.init_command import init
from pytest_handoff.cli.plain_usage import SpeakingPlainly
from pytest_handoff.cli.prune_command import prune
from pytest_handoff.cli.report_command import report
from pytest_handoff.cli.schema_command import print_schema
from pytest_handoff.cli.support import GOOD, NO, outcome_of, project_here, say_findings, session_argument, verb
from pytest_handoff.errors import WriteProblem
from pytest_handoff.printing import progress, say, say_json, say_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.workflow.verify import Problem


@click.group(cls=SpeakingPlainly, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="handoff")
@click.option("--handoff-dir", metavar="DIR", help="The hand-off folder, where it is not the configured one.")
@click.pass_context
def main(context: click.Context, handoff_dir: str | None) -> None:
    """Hand-off documents filled with evidence from pytest runs.

    Exit codes: 0 good; 1 the answer is no (a gate fails, a document differs, evidence is stale); 2 it cannot tell.
    """
    context.obj = handoff_dir


@main.command()
@session_argument
@click.option("--json", "as_json", is_flag=True, help="The stable shape for programs.")
@click.pass_obj
@verb
def show(handoff_dir: str | None, session: str, *, as_json: bool) -> int:
    """Show the evidence of SESSION."""
    from pytest_handoff.cli.show import show as shape
    from pytest_handoff.cli.show_lines import show_lines
    from pytest_handoff.composition.terminal import run_lines
    from pytest_handoff.workflow import verify as verification

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    if as_json:
        fresh = verification.is_fresh(project, outcome.record)
        say_json(shape(outcome.composition, fresh=fresh))
        return GOOD
    document = project.shown(project.document(session))
    figures = run_lines(outcome.composition, document, parent_percent=outcome.parent_percent, dropped=False, verbosity=1)
    say_parts(show_lines(session, figures, outcome.composition.verdicts))
    return GOOD


@main.command()
@session_argument
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@verb
def explain(handoff_dir: str | None, session: str, *, as_json: bool) -> int:
    """Say of each line of SESSION's document who decides it, by which rule, on what evidence, and what is missing."""
    from pytest_handoff.cli.explain import closing
    from pytest_handoff.cli.explain import explain as explained
    from pytest_handoff.cli.show import check

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    if as_json:
        checks = [check(decision) for decision in outcome.composition.decisions if decision.counts]
        say_json(checks)
        return GOOD
    say(project.shown(project.document(session)))
    for row in (*explained(outcome.composition), *closing(outcome.composition)):
        _echo(row.text, row.style)
    return GOOD


@main.command()
@session_argument
@click.option("--all", "every", is_flag=True, help="This session and every one before it.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@verb
def verify(handoff_dir: str | None, session: str, *, every: bool, as_json: bool) -> int:
    """Check that SESSION's document is what its evidence says, that it is about this code, and that the chain is whole."""
    from pytest_handoff.workflow import verify as verification

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    names = verification.chain_of(project, session) if every else [session]
    problems = [
        problem
        for name in progress(names, "verifying")
        for problem in verification.verify(
            project, name, outcome if name == session else outcome_of(project, name), fresh=name == session
        )
    ]
    say_findings([(problem.path, problem.line, str(problem)) for problem in problems])
    if as_json:
        table = {"session": session, "verified": names, "passes": not problems, "problems": [p.as_table() for p in problems]}
        say_json(table)
        return NO if problems else GOOD
    for problem in problems:
        say(str(problem))
    if not problems:
        say(f"{', '.join(names)}: document, evidence, tree and chain agree")
    return NO if problems else GOOD


@main.command()
@session_argument
@click.option("--machine-only", is_flag=True, help="Leave the lines that a person ticks out.")
@click.option("--require-provenance", type=click.Choice(["ci"]), help="Accept only evidence that a CI run made.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@verb
def gate(handoff_dir: str | None, session: str, *, machine_only: bool, require_provenance: str | None, as_json: bool) -> int:
    """Exit 0 when SESSION may be merged, 1 when not; say what is missing, and how to get it."""
    from pytest_handoff.workflow import verify as gating

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    reasons = gating.reasons(project, session, outcome, machine_only=machine_only, provenance=require_provenance)
    say_findings([(reason.path, reason.line, gating.reason_line(reason)) for reason in reasons])
    _summarise(session, reasons)
    if as_json:
        table = {"session": session, "passes": not reasons, "reasons": [gating.reason_table(reason) for reason in reasons]}
        say_json(table)
    else:
        _echo(f"handoff {session}: gate {'does not pass' if reasons else 'passes'}", "red" if reasons else "green")
        for line in gating.told(reasons):
            say(f"  {line}")
    return NO if reasons else GOOD


def _summarise(session: str, reasons: Sequence[Problem]) -> None:
    """On GitHub, add what the gate says to the step summary; a failure to write it does not change the verdict."""
    from pytest_handoff.workflow.ci import append_summary, gate_summary, on_github

    if on_github():
        try:
            append_summary(gate_summary(session, [(reason.kind, reason.message, reason.remedy or "") for reason in reasons]))
        except WriteProblem as error:
            say(f"the summary of the step {error}", err=True)


def _echo(text: str, style: str) -> None:
    """Print one line, in colour only on a terminal."""
    say_parts([[(text, style)]])


main.add_command(combine)
main.add_command(fill)
main.add_command(history)
main.add_command(init)
main.add_command(report)
main.add_command(print_schema)
main.add_command(prune)
main.add_command(attest)

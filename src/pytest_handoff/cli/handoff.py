"""Define the ``handoff`` command with its verbs; arguments that it repeats are made safe to print."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_handoff import __version__
from pytest_handoff.cli.attest import attest
from pytest_handoff.cli.fill import fill, init
from pytest_handoff.cli.history import history
from pytest_handoff.cli.report import report
from pytest_handoff.cli.schemas import print_schema
from pytest_handoff.cli.support import (
    GOOD,
    NO,
    file_size,
    outcome_of,
    project_here,
    project_to_write,
    say_findings,
    session_argument,
    verb,
)
from pytest_handoff.errors import WriteProblem
from pytest_handoff.printable import printable
from pytest_handoff.printing import progress, say, say_json, say_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import Outcome
    from pytest_handoff.workflow.verify import Problem


@click.command()
@session_argument
@click.argument("folders", metavar="[DIR]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--artifacts", metavar="DIR", type=click.Path(path_type=Path), help="Also write document, evidence and summary.md here."
)
@click.pass_obj
@verb
def combine(handoff_dir: str | None, session: str, folders: tuple[Path, ...], *, artifacts: Path | None) -> int:
    """Join the parts of SESSION that jobs left (pytest --handoff-part), and fill its document; no test is run.

    Parts are looked for in and below each DIR; without one, where they are when --handoff-artifacts was not given. All must be
    about the tree that this is run in. Hooks of the project, where there are any, are those of this checkout, and are run.
    """
    from pytest_handoff.config import check_session_name
    from pytest_handoff.parts import combine as combining

    project = project_to_write(handoff_dir)
    check_session_name(session)
    outcome = combining.combine(project, session, folders, progress, lambda text: say(f"handoff: {text}", err=True))
    if artifacts is not None:
        _export(project, outcome, artifacts)
    _tell(project, outcome)
    return GOOD


def _export(project: Project, outcome: Outcome, folder: Path) -> None:
    from pytest_handoff.project.artifacts import write_all
    from pytest_handoff.project.foreign_files import named_by_a_person
    from pytest_handoff.workflow import finish
    from pytest_handoff.workflow.ci import artifacts_for_ci

    within = [named_by_a_person(folder.absolute(), project.root)]
    write_all(artifacts_for_ci(folder.absolute(), project, outcome, [], finish.renderer_of(project)), within)


def _tell(project: Project, outcome: Outcome) -> None:
    from pytest_handoff.cli.show import show_lines
    from pytest_handoff.composition.terminal import run_lines

    session = outcome.record.session
    figures = run_lines(
        outcome.composition,
        project.shown(project.document(session)),
        parent_percent=outcome.parent_percent,
        dropped=outcome.dropped_part,
        verbosity=0,
    )
    say_parts(show_lines(session, figures, ()))


class SpeakingPlainly(click.Group):
    """A group of verbs with safe usage errors; arguments that click repeats may come from the name of a branch or a folder."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the options before the verb."""
        with _plainly():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the verb with its arguments, and run it."""
        with _plainly():
            return super().invoke(ctx)


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if error.ctx is not None and error.message == error.ctx.get_help():
            raise
        raise click.UsageError(printable(error.format_message()), error.ctx) from error


@click.command()
@click.option("--dry-run", is_flag=True, help="Remove nothing; say what would be removed.")
@click.pass_obj
@verb
def prune(handoff_dir: str | None, *, dry_run: bool) -> int:
    """Remove sources.jsonl of sessions that are nobody's base any more.

    Those of the newest sessions stay, for the session to come, and those of the sessions that these continue, so that the
    newest can be run again. Records, ledgers and documents are never removed.
    """
    from pytest_handoff.project import sessions as pruning
    from pytest_handoff.project.locks import locked
    from pytest_handoff.project.writing import writing

    project = (project_here if dry_run else project_to_write)(handoff_dir)
    store = project.store
    with locked(project.handoffs) if dry_run else writing(project):
        plan = pruning.plan(store)
        for session in plan.removable:
            path = store.sources_path(session)
            say(f"{project.shown(path)}: {'would be removed' if dry_run else 'removed'}, {file_size(path.stat().st_size)}")
            if not dry_run:
                path.unlink()
    if plan.kept:
        say(f"kept, as a base: {', '.join(plan.kept)}")
    if not plan.removable:
        say("nothing to remove: every source tree that is there is still a base")
    elif plan.unrepeatable:
        say(
            "handoff verify and handoff gate work as before; "
            f"the new code of {', '.join(plan.unrepeatable)} could not be measured again by a run, unless git restores the file"
        )
    return GOOD


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
    from pytest_handoff.cli.show import show_lines
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
    from pytest_handoff.cli.show import check, closing
    from pytest_handoff.cli.show import explain as explained

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

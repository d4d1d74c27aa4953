"""Run ``handoff attest``: write the evidence as a statement that a signer can sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import GOOD, NO, outcome_of, project_here, session_argument, tell_if_code, verb
from pytest_handoff.printing import say, say_json_text

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import Outcome


@click.command()
@session_argument
@click.option("-o", "--output", metavar="FILE", help="Where the statement is written; without it, standard output.")
@click.pass_obj
@verb
def attest(handoff_dir: str | None, session: str, output: str | None) -> int:
    """Write the in-toto statement (test-result) about SESSION, for the signer of your choice.

    Nothing is written, and the exit code is 1, when document, evidence, tree or chain do not agree: see handoff verify.
    """
    from pytest_handoff.cli.attest import Digests, statement
    from pytest_handoff.project.artifacts import Artifact, write_all
    from pytest_handoff.project.foreign_files import named_by_a_person
    from pytest_handoff.workflow import verify as verification

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    problems = verification.verify(project, session, outcome)
    for problem in problems:
        say(str(problem), err=True)
    if problems:
        return NO
    content = statement(outcome.composition, Digests(files=_digests(project, outcome)))
    if output is None:
        say_json_text(content.decode())
    else:
        path = Path.cwd() / output
        write_all([Artifact(path=path, content=content)], [named_by_a_person(path, project.root)])
        say(output)
        tell_if_code(project, path)
    return GOOD


def _digests(project: Project, outcome: Outcome) -> dict[str, str]:
    """Compute the digests of the evidence, the document and the template for new documents."""
    from pytest_handoff.project.encoding import digest_of
    from pytest_handoff.project.foreign_files import LINES, SETTINGS, read_file, read_if_there
    from pytest_handoff.rendering.templates import SUFFIX, bundled_templates

    files = [artifact.path for artifact in outcome.artifacts]
    digests = {project.shown(path): digest_of(read_file(path, project.within, LINES)) for path in files}
    name, own = project.config.template, project.config.templates
    template = read_if_there(project.folder / own / (name + SUFFIX), project.within, SETTINGS) if own else None
    if template is None:
        template = read_if_there(bundled_templates() / (name + SUFFIX), [bundled_templates().resolve()], SETTINGS)
    return digests | ({} if template is None else {f"template {name}": digest_of(template)})

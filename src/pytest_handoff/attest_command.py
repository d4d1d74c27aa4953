"""``handoff attest``: the evidence as a statement that a signer can sign."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_handoff.commands import GOOD, NO, outcome_of, project_here, session_argument, tell_if_code, verb
from pytest_handoff.printing import say, say_json_text


@click.command()
@session_argument
@click.option("-o", "--output", metavar="FILE", help="Where the statement is written; without it, standard output.")
@click.pass_obj
@verb
def attest(handoff_dir: str | None, session: str, output: str | None) -> int:
    """Write the in-toto statement (test-result) about SESSION, for the signer of your choice.

    Nothing is written, and the exit code is 1, when document, evidence, tree or chain do not agree: see handoff verify.
    """
    from pytest_handoff import verification
    from pytest_handoff.artifacts import Artifact, write_all
    from pytest_handoff.attestation import Digests, statement
    from pytest_handoff.encoding import digest_of
    from pytest_handoff.rendering import SUFFIX, bundled_templates

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    problems = verification.verify(project, session, outcome)
    for problem in problems:
        say(str(problem), err=True)
    if problems:
        return NO
    own = project.folder / (project.config.templates or "") / (project.config.template + SUFFIX)
    template = own if project.config.templates and own.is_file() else bundled_templates() / (project.config.template + SUFFIX)
    files = [artifact.path for artifact in outcome.artifacts]
    digests = {project.shown(path): digest_of(path.read_bytes()) for path in files}
    digests |= {f"template {project.config.template}": digest_of(template.read_bytes())} if template.is_file() else {}
    content = statement(outcome.composition, Digests(files=digests))
    if output is None:
        say_json_text(content.decode())
    else:
        path = Path.cwd() / output
        write_all([Artifact(path=path, content=content)])
        say(output)
        tell_if_code(project, path)
    return GOOD

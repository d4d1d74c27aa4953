"""Run ``handoff export``: write a session's evidence in the formats that other systems read."""

from __future__ import annotations

from importlib import import_module

import click

from pytest_handoff.cli.support import GOOD, outcome_of, project_here, session_argument, verb, write_named_file
from pytest_handoff.printing import say, say_json_text, say_text

FORMATS = {
    "ctrf": "export_ctrf",
    "junit": "export_junit",
    "sarif": "export_sarif",
}
"""Each format and the module in this room whose ``text_of`` writes it."""


@click.command(short_help="Write JUnit XML, CTRF or SARIF")
@click.argument("form", type=click.Choice(sorted(FORMATS)), metavar=f"{{{'|'.join(sorted(FORMATS))}}}")
@session_argument
@click.option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output.")
@click.pass_obj
@verb
def export(handoff_dir: str | None, form: str, session: str, output: str | None) -> int:
    """Write the evidence of SESSION as JUnit XML, CTRF JSON or SARIF, for systems that read those.

    junit and ctrf list every test with its tier and its first session; a lost test is an error there. sarif lists failing tests
    and new lines that no test runs, each with its location. Durations and failure texts are included if the run kept them here.
    """
    from pytest_handoff.workflow.verify import is_fresh

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    text: str = import_module(f"pytest_handoff.cli.{FORMATS[form]}").text_of(project, outcome)
    if not is_fresh(project, outcome.record):
        say(f"handoff: the evidence of {session} is about another tree: line numbers may have moved since", err=True)
    if output is not None:
        write_named_file(project, output, text.encode("utf-8", "backslashreplace"))
    elif form == "junit":
        say_text(text)
    else:
        say_json_text(text)
    return GOOD

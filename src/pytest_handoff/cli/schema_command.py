"""Run ``handoff schema``: print the JSON Schemas of files and of ``--json`` output."""

from __future__ import annotations

import click

from pytest_handoff.cli.support import GOOD, verb
from pytest_handoff.errors import UsageProblem
from pytest_handoff.printing import say_json


@click.command("schema")
@click.argument("name", required=False)
@verb
def print_schema(name: str | None) -> int:
    """Print the JSON Schema of NAME; without it, all of them by name: record, ledger, sources, show, history, life."""
    from pytest_handoff.cli import schemas

    if name is not None and name not in schemas.NAMES:
        raise UsageProblem(f"there is no schema {name!r}; there are: {', '.join(schemas.NAMES)}")
    table = schemas.schema(name) if name else {one: schemas.schema(one) for one in schemas.NAMES}
    say_json(table)
    return GOOD

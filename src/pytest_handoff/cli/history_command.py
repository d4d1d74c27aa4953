"""Run ``handoff history``: print the sessions side by side, or the life of one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import GOOD, project_here, verb
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.printing import console, progress, say_json, say_parts
from pytest_handoff.project.sessions import Chain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.project.store import Store
    from pytest_handoff.record import Record


PIPED = 10_000
"""The width for output that is not a terminal: so wide that nothing is folded."""

_MOST_NAMED = 10


@click.command()
@click.argument("test", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
@verb
def history(handoff_dir: str | None, test: str | None, *, as_json: bool) -> int:
    """Show the sessions side by side; with TEST (an id, or a part that only one id has) that test's life across them."""
    from pytest_handoff.cli.history import history_lines
    from pytest_handoff.evidence import history as shape

    project = project_here(handoff_dir)
    records = {name: project.store.record(name) for name in progress(project.store.sessions(), "reading records")}
    if not records:
        folder = project.shown(project.handoffs)
        raise EvidenceProblem("no session is recorded yet; begin with pytest --handoff=session-1", path=folder)
    if test is not None:
        _tell_life(project.store, records, test, as_json=as_json)
        return GOOD
    rows = shape.session_rows(records)
    if as_json:
        say_json(shape.history_table(rows))
        return GOOD
    say_parts(history_lines(rows, width=_width()))
    return GOOD


def _tell_life(store: Store, records: Mapping[str, Record], wanted: str, *, as_json: bool) -> None:
    from pytest_handoff.cli.history import life_lines
    from pytest_handoff.evidence import history as shape

    ordered = shape.in_order(records)
    test = _one_test(store, ordered, wanted)
    names, known = {test}, None
    while names != known:
        known = names
        ledgers = [store.ledger_lines(record, names) for record in ordered]
        names = shape.names_of(test, ledgers)
    moments = shape.life_of(names, zip((record.session for record in ordered), ledgers, strict=True))
    if as_json:
        say_json(shape.life_table(test, moments))
    else:
        say_parts(life_lines(moments))


def _one_test(store: Store, ordered: Sequence[Record], wanted: str) -> str:
    """Find the test id that is meant: an exact id of any session, else the only id of the newest sessions that contains it."""
    if any(store.ledger_lines(record, {wanted}) for record in reversed(ordered)):
        return wanted
    tips = Chain(store).tips()
    known = {test for record in ordered if record.session in tips for test in store.ledger(record)}
    found = sorted(test for test in known if wanted in test)
    if not found:
        newest = ordered[-1].session
        raise UsageProblem(f"no test has {wanted!r} in its id; handoff show {newest} --json lists them")
    if len(found) > 1:
        more = [f"and {len(found) - _MOST_NAMED:,} more"] if len(found) > _MOST_NAMED else []
        raise UsageProblem(f"{wanted!r} is a part of {len(found):,} ids; name one:", details=(*found[:_MOST_NAMED], *more))
    return found[0]


def _width() -> int:
    terminal = console()
    return terminal.width if terminal.is_terminal else PIPED

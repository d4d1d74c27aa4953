"""Run ``handoff prove``: check whether the tests of a session would notice a change."""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.prove_faults import ShardType, fault_lines
from pytest_handoff.cli.support import CANNOT_TELL, GOOD, NO, project_to_write, session_argument, verb
from pytest_handoff.composition.proved import EARLIER, NEW, counts
from pytest_handoff.figures import counted
from pytest_handoff.printing import bars, say, say_json_text, say_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_handoff.config import Experiment
    from pytest_handoff.project.layout import Project
    from pytest_handoff.proof import EarlierProof, EarlierTry, NewProof, NewTry, Proof
    from pytest_handoff.proving.prove import Proved, Request

_SHOWN = {"adapted": "yellow", "mended_in_test": "red", "fails": "red", "cannot_run": "yellow", "not_tried": "yellow"}
"""The statuses of single tests that are listed, with their colours."""

_MOST = 20
"""The tests of one status that are listed; all of them are in ``proof.json``."""


@click.command(short_help="Check whether the tests would notice a change")
@session_argument
@click.argument("args", metavar="[-- PYTEST ARG...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--earlier", is_flag=True, help="Run the old versions of earlier tests on the new code.")
@click.option("--new", is_flag=True, help="Run the new tests on the old code.")
@click.option("--faults", is_flag=True, help="Put small faults into the new code, and see whether a test fails.")
@click.option("--budget", type=click.FloatRange(min=1), metavar="SECONDS", help="Stop trying faults after this time.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Try this many faults, the same on every machine.")
@click.option("--shard", type=ShardType(), help="Try one shard of the faults, such as 2/8.")
@click.option("-n", "jobs", type=click.IntRange(min=1), metavar="JOBS", help="Try this many faults at once; default: all cores.")
@click.option("--join", multiple=True, metavar="FILE", help="Add the shards from another machine's proof; may be repeated.")
@click.option("--keep", is_flag=True, help="Keep the scratch trees, and print where they are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@verb
def prove(
    handoff_dir: str | None,
    session: str,
    args: tuple[str, ...],
    *,
    earlier: bool,
    new: bool,
    faults: bool,
    budget: float | None,
    sample: int | None,
    shard: tuple[int, int] | None,
    jobs: int | None,
    join: tuple[str, ...],
    keep: bool,
    as_json: bool,
) -> int:
    """Check whether the tests of SESSION would notice a change.

    It runs old tests on the new code, new tests on the old code, and the tests on new code with small faults in it.

    Without --earlier, --new and --faults, it tries the first two wherever they apply, and faults if the settings ask for them.
    Tests run in scratch trees; the work tree, git's index and the stash stay as they are. The result goes to proof.json beside
    the record. Arguments after -- go to pytest.

    Exit codes: 0 no findings against the tests; 1 findings, such as an earlier test that passes only after an edit to the test;
    2 not everything could be tried.
    """
    from pytest_handoff.proving.prove import Request
    from pytest_handoff.proving.schedule import process_began
    from pytest_handoff.proving.try_faults import Extent

    project = project_to_write(handoff_dir)
    asked = _experiments(earlier=earlier, new=new, faults=bool(faults or shard or budget or sample))
    extent = Extent(budget=budget, sample=sample, shard=shard, jobs=jobs or _cores())
    begun = process_began()
    done = _proved(project, session, lambda tell: Request(asked, args, keep, tell, extent, join, begun))
    _tell(project, done, as_json=as_json)
    return exit_code(done.proof)


def _proved(project: Project, session: str, ask: Callable[[Callable[[str, int, int], None]], Request]) -> Proved:
    """Make the experiments while bars show how far they are; ``ask`` makes the request from the function that tells it."""
    from pytest_handoff.project.layout import find_session
    from pytest_handoff.proving.prove import prove as proved_by
    from pytest_handoff.proving.stopping import may_be_stopped

    with may_be_stopped(), bars() as tell:
        return proved_by(project, find_session(project, session), ask(tell))


def _experiments(**asked: bool) -> tuple[Experiment, ...]:
    """List the experiments that an option asks for; none means those that apply."""
    every: tuple[Experiment, ...] = ("earlier", "new", "faults")
    return tuple(name for name in every if asked[name])


def _tell(project: Project, done: Proved, *, as_json: bool) -> None:
    if as_json:
        say_json_text(_as_json(done.proof))
    else:
        for line in proof_lines(project, done.proof):
            say_parts([line])
    if done.kept is not None:
        say(f"kept {done.kept}", err=as_json)


def _cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def exit_code(proof: Proof) -> int:
    """Return the exit code for a proof."""
    if not proof.holds:
        return NO
    tries = [*(proof.earlier.tests.values() if proof.earlier else ()), *(proof.new.tests.values() if proof.new else ())]
    untried = any(tried.status == "not_tried" for tried in tries)
    faults = proof.faults
    if faults is not None and not faults.missing_shards:
        untried = untried or bool(faults.not_tried) or (faults.tried == 0 and bool(faults.possible))
    return CANNOT_TELL if untried or proof.interrupted else GOOD


def _as_json(proof: Proof) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(msgspec.to_builtins(proof) | {"digest": None}), indent=1).decode()


def proof_lines(project: Project, proof: Proof) -> Iterator[Sequence[tuple[str, str]]]:
    """Yield one line for each fact, and where the proof is."""
    from pytest_handoff.project.proofs import proof_path

    yield [(f"handoff prove {quote(proof.session)}", "bold")]
    if proof.interrupted:
        yield [("interrupted: results up to this point are kept", "yellow")]
    if proof.earlier is not None:
        yield from _of_earlier(proof.earlier)
    if proof.new is not None:
        yield from _of_new(proof.new)
    if proof.faults is not None:
        yield from fault_lines(proof.faults)
    for reason in proof.reasons:
        yield [("against the tests: ", "red"), (reason, "")]
    if proof.holds:
        whole = exit_code(proof) == GOOD
        said = "no findings against the tests" if whole else "no findings against the tests in what was tried"
        unnoticed = len(proof.faults.survived) if proof.faults is not None else 0
        yield [(f"{said}, but {counted(unnoticed, 'fault')} went unnoticed" if unnoticed else said, "green")]
    yield [(f"wrote {project.shown(proof_path(project, proof.session))}", "")]


def _of_earlier(found: EarlierProof) -> Iterator[Sequence[tuple[str, str]]]:
    if found.nothing is not None:
        yield [("earlier  ", "dim"), (found.nothing, "")]
        return
    found_out = counts(found.tests, EARLIER)
    unchanged = f"{counted(found.unchanged, 'earlier test')} unchanged"
    tried = f"{counted(len(found.tests), 'other')} in the old version: {found_out}" if found.tests else "no other"
    yield [("earlier  ", "dim"), (f"{unchanged}, {tried}", "")]
    yield from _listed(found.tests, EARLIER)
    yield from _notes(found.not_tried, found.left_out)


def _of_new(found: NewProof) -> Iterator[Sequence[tuple[str, str]]]:
    if found.nothing is not None:
        yield [("new      ", "dim"), (found.nothing, "")]
        return
    from pytest_handoff.proving.statuses import by_function

    tried = f"{counted(len(found.tests), 'new test')} on the old code: {counts(found.tests, NEW)}"
    yield [("new      ", "dim"), (tried, "")]
    functions = by_function(found.tests, "passes_without_it")
    for function, tests in list(functions.items())[:_MOST]:
        more = f" ({counted(len(tests), 'test')})" if len(tests) > 1 else ""
        yield [("  passes without it  ", "yellow"), (f"{function}{more}", "")]
    yield from _cut(len(functions))
    yield from _listed(found.tests, NEW)
    yield from _notes(found.not_tried, found.left_out)


def _listed(
    tests: Mapping[str, EarlierTry] | Mapping[str, NewTry], words: Mapping[str, str]
) -> Iterator[Sequence[tuple[str, str]]]:
    for status, style in _SHOWN.items():
        found = [(test, tried) for test, tried in tests.items() if tried.status == status]
        for test, tried in found[:_MOST]:
            place = f" ({tried.place})" if tried.place else ""
            reason = getattr(tried, "reason", None)
            why = [(f"  reason: {reason}", "dim")] if reason else []
            yield [(f"  {words[status].partition('/')[0]}  ", style), (f"{test}  {tried.error or ''}{place}", ""), *why]
        yield from _cut(len(found))


def _cut(number: int) -> Iterator[Sequence[tuple[str, str]]]:
    if number > _MOST:
        yield [(f"  … and {number - _MOST:,} more in proof.json", "dim")]


def _notes(not_tried: Mapping[str, str], left_out: Mapping[str, str]) -> Iterator[Sequence[tuple[str, str]]]:
    for path, why in list(not_tried.items())[:_MOST]:
        yield [(f"  not here  {path}  ", "yellow"), (why, "")]
    for path, why in list(left_out.items())[:_MOST]:
        yield [("  left out  ", "dim"), (f"{path}  {why}", "dim")]
    yield from _cut(max(len(not_tried), len(left_out)))

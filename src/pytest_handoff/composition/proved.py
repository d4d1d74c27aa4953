"""Say what ``handoff prove`` found about a run: in a line for each experiment, and all in one line."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.figures import counted, percent
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.proof import EarlierProof, EarlierTry, FaultProof, NewProof, NewTry, Proof

EARLIER = {
    "holds": "still passes/still pass",
    "adapted": "adapted",
    "mended_in_test": "fixed only in the test",
    "fails": "fails/fail",
    "cannot_run": "cannot run",
    "not_tried": "not tried",
}
NEW = {
    "needs_the_change": "needs the change/need the change",
    "passes_without_it": "passes without it/pass without it",
    "not_tried": "not tried",
}
"""What we say about one test, and about several if that differs."""


class SurvivorLine(Frozen, frozen=True):
    """A fault that no test noticed: where it stood, the line as it is, and the line with the fault."""

    place: str
    was: str
    now: str


class ProofSummary(Frozen, frozen=True):
    """Hold what a document shows of a proof.

    ``lines`` has one line for each experiment, ``missing`` the names of those that were not made. ``survivors`` are the faults
    that no test noticed, ``reasons`` the findings against the tests.
    """

    lines: list[str]
    missing: list[str]
    survivors: list[SurvivorLine]
    reasons: list[str]


def proof_summary(proof: Proof) -> ProofSummary:
    """Sum up a proof."""
    parts = {"earlier": proof.earlier, "new": proof.new, "faults": proof.faults}
    return ProofSummary(
        lines=list(proof_lines(proof)),
        missing=[name for name, part in parts.items() if part is None],
        survivors=[
            SurvivorLine(place=f"{one.path}:{one.line}", was=_side(one.diff, "- "), now=_side(one.diff, "+ "))
            for one in (proof.faults.survived if proof.faults else ())
        ],
        reasons=proof.reasons,
    )


def _side(diff: str, sign: str) -> str:
    return " ".join(line.removeprefix(sign) for line in diff.split("\n") if line.startswith(sign))


def proof_lines(proof: Proof) -> Iterator[str]:
    """Yield a line for each experiment that was made, and one if the command was interrupted."""
    if proof.earlier is not None:
        yield f"old tests on the new code: {_of_earlier(proof.earlier)}"
    if proof.new is not None:
        yield f"new tests on the old code: {_of_new(proof.new)}"
    if proof.faults is not None:
        yield f"small faults: {proof.faults.nothing or fault_figures(proof.faults)}"
    if proof.interrupted:
        yield "interrupted: not everything was tried"


def proof_line(proof: Proof) -> str:
    """Say in one line what the proof found, with the number of findings against the tests."""
    against = counted(len(proof.reasons), "finding") + " against the tests"
    return "; ".join([*proof_lines(proof), *([] if proof.holds else [against])])


def told_lines(facts: Facts, *, asked: bool) -> list[str]:
    """Return the lines about a session's proof; without a proof, none unless the settings ask for one."""
    if facts.proof is None:
        return [not_proved(facts.session)] if asked else []
    against = [f"against the tests: {reason}" for reason in facts.proof.reasons]
    return [*proof_lines(facts.proof), *against]


def not_proved(session: str) -> str:
    """Say that a session's run has no proof, and how to get one."""
    return f"not proved: run handoff prove {quote(session)}"


def _of_earlier(found: EarlierProof) -> str:
    if found.nothing is not None:
        return found.nothing
    return ", ".join([f"{found.unchanged:,} unchanged", *([counts(found.tests, EARLIER)] if found.tests else [])])


def _of_new(found: NewProof) -> str:
    return found.nothing or counts(found.tests, NEW) or "none"


def counts(tests: Mapping[str, EarlierTry] | Mapping[str, NewTry], words: Mapping[str, str]) -> str:
    """Count the tests of each status, in words."""
    numbers = {status: sum(tried.status == status for tried in tests.values()) for status in words}
    return ", ".join(_count(number, words[status]) for status, number in numbers.items() if number)


def _count(number: int, words: str) -> str:
    one, _, many = words.partition("/")
    return f"{number:,} {one if number == 1 else many or one}"


def fault_figures(found: FaultProof) -> str:
    """Say how many of the faults were tried, and what became of them; always give both numbers."""
    tried = f"{found.tried:,} of {counted(found.possible, 'fault')} in the new code tried"
    if not found.tried:
        return tried + _unreached(found)
    noticed = found.caught + found.timeout
    parts = [f"{found.caught:,} caught", f"{len(found.survived):,} survived"]
    if found.timeout:
        parts.insert(1, f"{found.timeout:,} timed out")
    return f"{tried}: {', '.join(parts)} ({percent(noticed, found.tried)} noticed){_unreached(found)}"


def _unreached(found: FaultProof) -> str:
    return f"; {found.not_reached:,} more in lines that no test runs" if found.not_reached else ""

"""Describe the conditions that gates decide, and build verdicts in wording that all gates share."""

from __future__ import annotations

from decimal import Decimal
from shlex import quote
from typing import TYPE_CHECKING, Literal

from pytest_handoff.evidence.completeness import COLLECTION_FAILED, WHOLE
from pytest_handoff.evidence.facts import Scope
from pytest_handoff.evidence.policy import read_policy
from pytest_handoff.figures import Comparison, listed
from pytest_handoff.nodeids import file_of, id_matches
from pytest_handoff.record import Frozen, LedgerLine, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_handoff.evidence.facts import Facts


def passed(spec: Condition, evidence: str) -> Verdict:
    """Say that the condition holds."""
    return Verdict(id=str(spec), verdict="passed", evidence=evidence)


def failed(spec: Condition, evidence: str, needs: str) -> Verdict:
    """Say that the condition does not hold; ``needs`` says how to fix it."""
    return Verdict(id=str(spec), verdict="failed", evidence=evidence, needs=needs)


def unknown(spec: Condition, evidence: str, needs: str) -> Verdict:
    """Say that nothing was measured that could decide the condition; this never passes a gate."""
    return Verdict(id=str(spec), verdict="unknown", evidence=evidence, needs=needs)


def waived(spec: Condition, evidence: str) -> Verdict:
    """Say that the condition does not apply, or that a person waived it with a reason: it holds, and ticks nothing."""
    return Verdict(id=str(spec), verdict="waived", evidence=evidence)


def if_complete(facts: Facts, spec: Condition, evidence: str) -> Verdict:
    """Pass if the run is complete: good figures for a part say nothing about the whole."""
    if facts.record.run.complete:
        return passed(spec, evidence)
    return unknown(spec, f"{evidence}, but the run is incomplete", to_complete(facts))


def not_all_ran(facts: Facts, spec: Condition, evidence: str) -> Verdict:
    """Say that the condition is not decided, because some of these tests did not run."""
    return unknown(spec, evidence, to_complete(facts))


def to_complete(facts: Facts) -> str:
    """Say how to make the run complete; never suggest what was just done."""
    run, again = facts.record.run, f"run pytest --handoff={quote(facts.session)}"
    if run.interrupted or WHOLE not in run.parts:
        if any(COLLECTION_FAILED in why for why in run.why_incomplete):
            return f"resolve the collection errors, and {again} on the whole suite"
        return f"{again} on the whole suite"
    unrun = facts.kinds.count(lambda kind: kind.outcome == "not_run" and kind.retired is None)
    if unrun:
        return f"{again} on {'that test' if unrun == 1 else 'those tests'} too (runs add up), or retire what you give up"
    return f"fix that, and {again} again"


def to_retire(facts: Facts, lost: Sequence[LedgerLine], them: str) -> str:
    """Say how to retire lost tests; a pattern that earlier sessions already had does not retire what it matches only now."""
    patterns = read_policy(facts.record.policy, path=f"the record of {facts.session}").retire
    if any(id_matches(line.id, entry.test) for line in lost for entry in patterns):
        return f"retire {them} by full id in [[tool.handoff.retire]] (an older pattern does not apply)"
    files = {file_of(line.id) for line in lost}
    if (file := next((entry.test for entry in patterns if entry.test in files), None)) is not None:
        return f"retire {them} in [[tool.handoff.retire]] (the tests of a file are {file}::*)"
    return f"retire {them} in [[tool.handoff.retire]]"


def why_each(lines: Sequence[LedgerLine]) -> str:
    """List the first of these tests, each with what became of it."""
    return listed([f"{line.id} {why(line)}" for line in lines])


def why(line: LedgerLine) -> str:
    """Say what became of a test, with the reason if it is known."""
    if line.retired is not None:
        return "is retired"
    if line.outcome is None:
        return "is missing"
    words = {"failed": "failed", "error": "ended in an error", "not_run": "did not run"}
    reason = line.error or line.reason
    return words.get(line.outcome, line.outcome) + (f" ({reason})" if reason else "")


def why_not_measured(facts: Facts, what: str) -> str:
    """Return the recorded reason why something is ``null``."""
    reasons = facts.record.not_measured
    return reasons.get(what) or reasons.get("coverage") or "no reason is recorded"


_ASKED: dict[Comparison | None, str] = {
    ">": "more than ", ">=": "at least ", "==": "exactly ", "<=": "at most ", "<": "fewer than ", None: "",
}  # fmt: skip


def asked(spec: Condition) -> str:
    """Say what the line asks for, in its own unit: ``the line asks for at least 18``."""
    if spec.value is None:
        return "the line gives no number"
    return f"the line asks for {_ASKED[spec.op]}{spec.value}{' %' if spec.unit == 'percent' else ''}"


_NAMES = {"linked": "marker", "files_parse": "format"}

_UNITS = {"percent": " %", "failing": " fail"}

CoveredBy = Literal["any", "unit", "new_unit"]


TEST_WHAT_WAS_LEFT = "test the code that was left, or remove it"


class Condition(Frozen, frozen=True):
    """One condition that a gate decides.

    Attributes:
        gate: the gate's id, such as ``tests``, ``regression``, ``coverage``, ``new_code``, ``files_parse``.
        tier: only tests (or coverage) of this tier; ``None`` is every tier.
        scope: tests of this session (``current``), of earlier ones (``previous``), or both; files that it changed, or all.
        path: only tests or files that match this glob, relative to the git root.
        by: the tests whose execution counts for ``new_code``.
        op, value, unit: the comparison; all ``None`` means *all of them*. ``value`` is exact: ``Decimal("90")`` percent, or a
            count. The unit ``failing`` is of those that fail, without them that none does, and says nothing of those that are
            skipped or gone.
        name: the checklist line whose linked tests are meant, the metric, or the format of files.
    """

    gate: str
    tier: str | None = None
    scope: Scope = "all"
    path: str | None = None
    by: CoveredBy = "any"
    op: Comparison | None = None
    value: Decimal | None = None
    unit: Literal["percent", "count", "failing"] | None = None
    name: str | None = None

    def __str__(self) -> str:
        """Format the condition as ``explain`` prints it: ``tests(tier=e2e, scope=current, all pass)``."""
        parts = [f"tier={self.tier}"] if self.tier else []
        parts += [f"scope={self.scope}"] if self.gate == "tests" or (self.gate == "files_parse" and self.scope != "all") else []
        parts += [f"path={self.path}"] if self.path else []
        parts += [f"{_NAMES.get(self.gate, 'name')}={self.name}"] if self.name else []
        parts += [f"by={self.by.replace('_', ' ')} tests"] if self.gate == "new_code" and self.by != "any" else []
        if self.op is not None:
            parts.append(f"{self.op} {self.value}{_UNITS.get(self.unit or '', '')}")
        elif self.gate == "tests":
            parts.append("none fails" if self.unit == "failing" else "all pass")
        return f"{self.gate}({', '.join(parts)})" if parts else self.gate


class Addition(Frozen, frozen=True):
    """A condition that the project adds to a line, and who does: the configuration, a hook or a marker, in one phrase."""

    spec: Condition
    by: str


class Check(Frozen, frozen=True):
    """The way in which one checklist line is decided.

    Attributes:
        decision: ``decided`` (the machine ticks and unticks), ``veto`` (it can only block), ``person``, or ``waived``.
        specs: the conditions that must all hold; empty for ``person`` and ``waived``.
        added: what the project adds to them; it replaces none of them.
        own_words: whether only the project's own words make it decidable.
        why: how the line was understood, or why it was left to a person, in one short phrase; for ``waived`` the reason given.
        claim: the line without the reason of its waiver or the note behind it; empty where there is neither.
        waives: the conditions that a waiver lifts, if evidence could decide them.
    """

    decision: Literal["decided", "veto", "person", "waived"]
    specs: tuple[Condition, ...] = ()
    added: tuple[Addition, ...] = ()
    own_words: bool = False
    why: str = ""
    claim: str = ""
    waives: tuple[Condition, ...] = ()

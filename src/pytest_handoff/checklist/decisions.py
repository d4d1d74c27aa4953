"""List the gates, and decide for each checklist line who decides it, what the evidence says, and whether to tick it.

A gate is a function from facts and a condition to a verdict; its docstring says what must hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_handoff.checklist import gates_on_agreements, gates_on_code, gates_on_tests
from pytest_handoff.checklist.condition import Addition, Check, Condition, unknown
from pytest_handoff.checklist.language import normalise, read_line
from pytest_handoff.checklist.lexicon import Lexicon, extended, lexicon_of
from pytest_handoff.checklist.words import DEFAULT_WORDS
from pytest_handoff.document.places import in_checklist
from pytest_handoff.evidence.policy import Loosening, read_policy
from pytest_handoff.nodeids import file_of
from pytest_handoff.record import Frozen, Record, Verdict, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_handoff.config import Config
    from pytest_handoff.document.places import Task
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.record import LedgerLine


Gate = Callable[["Facts", Condition], Verdict]

_STANDING = ("complete", "failures", "regression", "promises", "claims", "required", "policy")
STANDING = tuple(Condition(gate=name) for name in _STANDING)

GATES: dict[str, Gate] = {
    gate.__name__: gate
    for gate in (
        gates_on_tests.complete,
        gates_on_tests.failures,
        gates_on_tests.new_failures,
        gates_on_tests.regression,
        gates_on_tests.tests,
        gates_on_tests.new_tests,
        gates_on_tests.linked,
        gates_on_tests.flaky,
        gates_on_tests.skips,
        gates_on_tests.collection,
        gates_on_agreements.promises,
        gates_on_agreements.instructions,
        gates_on_agreements.metrics,
        gates_on_code.coverage,
        gates_on_code.new_code,
        gates_on_code.faults,
        gates_on_code.unchanged,
        gates_on_code.need_change,
        gates_on_code.files_parse,
        gates_on_code.reports,
        gates_on_code.claims,
        gates_on_code.required,
        gates_on_code.policy,
    )
}


def evaluate(facts: Facts, spec: Condition) -> Verdict:
    """Evaluate one gate on the facts; a gate that does not exist is ``unknown``, never passed."""
    gate = GATES.get(spec.gate)
    if gate is None:
        own = {verdict.id: verdict for verdict in facts.record.extensions.gates}
        if spec.gate in own:
            return own[spec.gate]
        return unknown(spec, f"there is no gate named {spec.gate!r}", "name one of: " + ", ".join([*GATES, *own]))
    return gate(facts, spec)


_NEVER_WAIVED = ("complete",)
"""Gates that no waiver lifts: no reason makes up for an incomplete run."""


class Decision(Frozen, frozen=True):
    """One checklist line, with who decides it and what the evidence says.

    Attributes:
        ticked: whether the box is ticked as the document stands.
        verdict: what the gates say; ``None`` if a person decides.
        counts: whether a person's line must be ticked for the gate (it stands in a checklist, not in a list of objectives).
        applies: ``False`` if nothing that the line is about exists; then it is neither done nor failed, and gets no tick.
    """

    line: int
    text: str
    ticked: bool
    check: Check
    verdict: Word | None
    evidence: str
    needs: str | None
    counts: bool
    applies: bool = True

    @property
    def wanted(self) -> bool | None:
        """Return the tick that the evidence asks for, ``None`` if a person decides; a veto only unticks, if it does not hold."""
        if self.check.decision == "veto" and self.verdict == "failed":
            return False
        if self.check.decision == "decided" and not self.applies:
            return False
        if self.check.decision != "decided" or self.verdict == "waived":
            return None
        return self.verdict == "passed"

    @property
    def state(self) -> Literal["holds", "fails", "waits", "done", "waived", "vetoed"]:
        """Say what the line means for the gate."""
        if self.check.decision == "waived" and self.verdict == "failed":
            return "fails"
        if self.check.decision == "waived" or (self.check.decision == "decided" and self.verdict == "waived"):
            return "waived"
        if self.check.decision == "decided":
            return "holds" if self.verdict == "passed" else "fails"
        if self.check.decision == "veto" and self.verdict not in ("passed", "waived"):
            return "vetoed"
        return "done" if self.ticked else "waits"


def decide(tasks: Iterable[Task], facts: Facts, config: Config, today: str | None = None) -> tuple[Decision, ...]:
    """Decide every checklist line of a document.

    Args:
        today: the date, so that what is waived for the session does not fail a line that asks for the very same.
    """
    language = _language(facts, config)

    @cache  # many lines may ask the same
    def verdict(spec: Condition) -> Verdict:
        found = evaluate(facts, spec)
        return found if today is None else _after_waivers(found, config, today)

    return tuple(_not_refuted(_decide(task, language.check(task.text), verdict), facts, verdict) for task in tasks)


def taken_from_people(facts: Facts, config: Config, parents: Iterable[Record]) -> Iterator[Loosening]:
    """Name required lines that a person decided in an earlier session, and that a binding, marker, hook or word decides now.

    Raises:
        EvidenceProblem: when a record's policy is damaged.
    """
    for parent in parents:
        before = read_policy(parent.policy, path=f"the record of {parent.session}")
        plain = lexicon_of(DEFAULT_WORDS, tuple(config.tiers)) if before.required else None
        lines = [line for line in before.required if plain and read_line(plain, line, instructions=True).decision == "person"]
        if not lines:
            continue
        known = {normalise(text) for text in (*(one.line for one in before.bind), *parent.extensions.checks)}
        known |= {normalise(text) for test in filter(attrgetter("checks"), facts.earlier.lines.values()) for text in test.checks}
        language = _language(facts, config)
        for line in lines:
            check = language.check(line)
            new = not check.own_words or before.words != config.words
            if check.decision == "decided" and new and normalise(line) not in known:
                by = ", ".join(one.by for one in check.added) or "read with new words"
                what = f"the required line {line!r} was left to a person, and is now {by}"
                yield Loosening(file=str(facts.record.policy.get("file", "the settings")), what=what, against=parent.session)


def given_up(facts: Facts, parents: Iterable[Record]) -> Iterator[Loosening]:
    """Name custom gates and lines that hooks and markers added in an earlier session but no longer add."""
    now, file = facts.record.extensions, str(facts.record.policy.get("file", "the settings"))
    own = {verdict.id for verdict in now.gates}
    linked = {normalise(text) for test in _linked(facts) for text in test.checks}
    for parent in parents:
        before = parent.extensions
        gone = [f"the project's own gate {verdict.id!r} is gone" for verdict in before.gates if verdict.id not in own]
        for line, gate in before.checks.items():
            if now.checks.get(line) != gate:
                gone.append(f"no hook binds the line {line!r} to {gate!r} any more")
        for what in gone:
            yield Loosening(file=file, what=what, against=parent.session)
    for test in filter(attrgetter("checks"), facts.earlier.lines.values()):
        here = facts.ledger.get(test.id)
        if here is None or here.outcome is None or here.retired is not None:
            continue  # what became of the test itself is told elsewhere
        for line in test.checks:
            if normalise(line) not in linked:
                what = f"no test is linked to the line {line!r} any more"
                yield Loosening(file=file_of(test.id), what=what, against=facts.earlier.session_of(test.id))


def _language(facts: Facts, config: Config) -> _Language:
    tiers = tuple(config.tiers)
    return _Language(
        lexicon=lexicon_of(extended(DEFAULT_WORDS, config.words, tiers) if config.words else DEFAULT_WORDS, tiers),
        plain=lexicon_of(DEFAULT_WORDS, tiers) if config.words else None,
        added=_additions(facts, config),
        instructions=facts.document.instructions is not None,
    )


def _not_refuted(decision: Decision, facts: Facts, verdict: Callable[[Condition], Verdict]) -> Decision:
    """Fail a waiver if the record refutes its reason, unless the line does not apply anyway."""
    check = decision.check
    if check.decision != "waived":
        return decision
    from pytest_handoff.checklist.waivers import refuted  # for the few documents that have one

    why = refuted(check.why, check.waives, facts)
    if why is None or (check.waives and _together([verdict(spec) for spec in check.waives]) == "waived"):
        return decision
    evidence = f"the record contradicts the reason {check.why!r}: {why}"
    return replace(decision, verdict="failed", evidence=evidence, needs="give the true reason, or withdraw the waiver")


def remembered(decisions: Iterable[Decision]) -> list[str]:
    """List the lines that the document must keep: those that evidence can decide, even if they are waived now."""
    return [one.check.claim or one.text for one in decisions if one.check.decision in ("decided", "veto") or one.check.waives]


def _additions(facts: Facts, config: Config) -> dict[str, list[Addition]]:
    """Collect what the project adds to lines: bindings of its configuration, its hooks and the markers of its tests."""
    found: dict[str, list[Addition]] = defaultdict(list)
    for binding in config.bind:
        spec = Condition(gate=binding.gate) if binding.gate else Condition(gate="linked", path=binding.tests)
        found[normalise(binding.line)].append(Addition(spec=spec, by="bound in the configuration"))
    for text, gate in facts.record.extensions.checks.items():
        found[normalise(text)].append(Addition(spec=Condition(gate=gate), by="bound by a hook"))
    for line in {normalise(text) for test in _linked(facts) if test.retired is None for text in test.checks}:
        found[line].append(Addition(spec=Condition(gate="linked", name=line), by="linked by a marker"))
    return found


def _linked(facts: Facts) -> Iterable[LedgerLine]:
    return filter(attrgetter("checks"), facts.ledger.values())


def standing_verdicts(facts: Facts, config: Config, today: str) -> tuple[Verdict, ...]:
    """Evaluate the gates that every session must pass, and apply the waivers that have not ended."""
    found = [evaluate(facts, spec) for spec in (*STANDING, *_own_gates(facts))]
    if any(entry.until is not None and entry.until < today for entry in config.known):
        from pytest_handoff.checklist.ended import after_its_day

        found = [after_its_day(verdict, facts, config.known, today) for verdict in found]
    return tuple(_after_waivers(verdict, config, today) for verdict in found)


def all_verdicts(standing: Sequence[Verdict], decisions: Sequence[Decision], facts: Facts) -> list[Verdict]:
    """List the verdicts of the standing gates and of the checklist's gates, each once."""
    found = {verdict.id: verdict for verdict in standing}
    for decision in decisions:
        for spec in decision.check.specs:
            found.setdefault(str(spec), evaluate(facts, spec))
    return list(found.values())


def blocking(standing: Sequence[Verdict], decisions: Sequence[Decision]) -> list[Verdict]:
    """List what fails the machine's part of the gate: standing gates, and checklist lines with their text."""
    found = [verdict for verdict in standing if verdict.verdict in ("failed", "unknown")]
    for decision in decisions:
        if decision.state in ("fails", "vetoed") and decision.verdict is not None:
            gates = "+".join(dict.fromkeys(spec.gate for spec in decision.check.specs)) or "waiver"
            needs = decision.needs or ""
            found.append(
                Verdict(id=gates, verdict=decision.verdict, evidence=f"{decision.text}: {decision.evidence}", needs=needs)
            )
    return found


class _Language(Frozen, frozen=True):
    """The rules for reading lines: a waiver comes first; what the project adds must hold as well as what the words say.

    ``plain`` is the lexicon without the project's own words, if it has any; ``known`` what was read: long documents repeat lines.
    """

    lexicon: Lexicon
    plain: Lexicon | None
    added: dict[str, list[Addition]]
    instructions: bool
    known: dict[str, Check] = {}

    def check(self, text: str) -> Check:
        if text not in self.known:
            self.known[text] = self._read(text)
        return self.known[text]

    def _read(self, text: str) -> Check:
        understood = read_line(self.lexicon, text, instructions=self.instructions)
        if understood.decision == "waived":
            return understood
        if self.plain is not None and understood.specs:
            without = read_line(self.plain, text, instructions=self.instructions)
            understood = replace(understood, own_words=without.specs != understood.specs)
        added = self.added.get(normalise(text), ())
        return _with(understood, tuple(one for one in added if one.spec not in understood.specs))


def _with(understood: Check, added: tuple[Addition, ...]) -> Check:
    """Add conditions to a line; they decide alone only what the language leaves to a person."""
    if not added:
        return understood
    specs = tuple(dict.fromkeys([*understood.specs, *(one.spec for one in added)]))
    if understood.decision == "person":
        return Check(decision="decided", specs=specs, added=added, why=", ".join(one.by for one in added))
    return replace(understood, specs=specs, added=added)


def _own_gates(facts: Facts) -> list[Condition]:
    """List the gates that hooks added: every session must pass them, like ours."""
    return [Condition(gate=verdict.id) for verdict in facts.record.extensions.gates]


def _decide(task: Task, check: Check, verdict: Callable[[Condition], Verdict]) -> Decision:
    verdicts = [verdict(spec) for spec in check.specs]
    who = {one.spec: f"{one.by}: " for one in check.added}
    told = [who.get(spec, "") + one.evidence for spec, one in zip(check.specs, verdicts, strict=True)]
    word = _of_line(check, verdicts)
    return Decision(
        line=task.line,
        text=task.text,
        ticked=task.ticked,
        check=check,
        verdict=word,
        evidence=("read with words of the project: " if check.own_words else "") + ("; ".join(told) or check.why),
        needs="; ".join(verdict.needs for verdict in verdicts if verdict.needs) or None,
        counts=in_checklist(task.section) or check.decision in ("decided", "veto"),
        applies=word != "waived" or not all(one.evidence.startswith("not applicable") for one in verdicts),
    )


def _of_line(check: Check, verdicts: Sequence[Verdict]) -> Word | None:
    """Pick the verdict of a line; if it does not apply, what the project added may fail it but never ticks it."""
    added = {one.spec for one in check.added}
    own = [verdict for spec, verdict in zip(check.specs, verdicts, strict=True) if spec not in added]
    word = _together(verdicts)
    return "waived" if word == "passed" and _together(own) == "waived" else word


def _together(verdicts: Sequence[Verdict]) -> Word | None:
    """Pick the worst of several verdicts: one condition that fails is enough."""
    words = {verdict.verdict for verdict in verdicts}
    order: tuple[Word, ...] = ("failed", "unknown", "passed", "waived")
    return next((word for word in order if word in words), None)


def _after_waivers(verdict: Verdict, config: Config, today: str) -> Verdict:
    if verdict.verdict in ("passed", "waived") or verdict.id in _NEVER_WAIVED:
        return verdict
    waivers = [waiver for waiver in config.waive if waiver.gate == verdict.id]
    for waiver in waivers:
        if waiver.until is None or today <= waiver.until:
            return replace(verdict, verdict="waived", evidence=f"{verdict.evidence} (waived: {waiver.reason})", needs=None)
    ended = max((waiver.until for waiver in waivers if waiver.until), default=None)
    return replace(verdict, evidence=f"{verdict.evidence} (its waiver ended on {ended})") if ended else verdict

"""List what is left before a session can be handed over: one step per problem, in order, with every name."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.checklist.condition import TEST_WHAT_WAS_LEFT, to_complete, to_retire, why
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.checklist.language import normalise
from pytest_handoff.evidence.completeness import WHOLE
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, join_ranges
from pytest_handoff.nodeids import file_of, id_matches
from pytest_handoff.project.tree import read_tree
from pytest_handoff.run import is_test_data
from pytest_handoff.workflow.locate import TestPlaces
from pytest_handoff.workflow.mending import missing_document
from pytest_handoff.workflow.proved import proof_problems
from pytest_handoff.workflow.steps import Step, prove_of, run_of, step_of
from pytest_handoff.workflow.verify import made_elsewhere, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import LedgerLine, Verdict
    from pytest_handoff.workflow.finish import FinishedSession


def steps_left(
    project: Project,
    session: str,
    outcome: FinishedSession,
    *,
    machine_only: bool = False,
    provenance: str | None = None,
    tree: Tree | None = None,
) -> list[Step]:
    """List what is left; nothing if the gate passes and the document has no placeholder.

    Where the evidence is about another tree, what it says of the tests is left out until they ran again.

    Args:
        outcome: the files that filling again would write.
        machine_only: leave out what only a person can decide.
        provenance: where the evidence must have been made, such as ``ci``.
        tree: the tree as it stands, if it was read already.
    """
    tree = tree or read_tree(project)
    problems = [*made_elsewhere(project, outcome, provenance), *verify(project, session, outcome, tree=tree)]
    document = project.key(project.document(session))
    believed = [step_of(project, problem, outcome, tree) for problem in problems if problem.kind != "document"]
    differs = [step_of(project, problem, outcome, tree) for problem in problems if problem.kind == "document"]
    stale = any(step.kind == "stale" for step in believed)
    evidence = [] if stale else list(_Evidence(project, outcome, document).steps())
    proof = [] if stale else [step_of(project, problem, outcome, tree) for problem in proof_problems(project, outcome.record)]
    if not project.document(session).exists():  # what is left in it can be said only when it is there
        lost = [missing_document(project, session, step) for step in differs if step.file == document]
        return [*believed, *lost[:1], *(step for step in (*evidence, *proof) if step.file != document)]
    found = [*believed, *evidence, *proof, *([] if stale else differs)]
    return found + list(_open(outcome, document, machine_only=machine_only))


def _open(outcome: FinishedSession, document: str, *, machine_only: bool) -> Iterator[Step]:
    """List what waits in the document: lines for a person, then placeholders."""
    composed = outcome.composition
    for decision in composed.decisions if not machine_only else ():
        if decision.counts and decision.state == "waits":
            do = "tick it, or add `(N/A: reason)`"
            yield Step(kind="person", what=decision.text, do=do, file=document, line=decision.line, who="person")
    for finding in composed.findings:
        if finding.kind == "placeholder":
            what = finding.message.removeprefix("for you to fill in: ")
            names = [finding.place] if finding.place else []
            do = "replace the placeholder"
            yield Step(kind="placeholder", what=what, do=do, file=document, line=finding.line, names=names)


_NOT_RUN = re.compile(r"\d[\d,]* tests? did not run: ", re.DOTALL)
_SUMMED_UP = re.compile(r"\d[\d,]* (?:files? could not be collected|test files? not looked at: .*)", re.DOTALL)
_BY_HAND = re.compile(r"files changed while the tests ran|Python runs |.* not checked out \(git sparse-checkout\)", re.DOTALL)
_BROKEN = re.compile(r"(?P<file>.+?) could not be collected: (?P<why>.*)", re.DOTALL)
_BY = {"any": "no test", "unit": "no unit test", "new_unit": "no new unit test"}


class _Evidence:
    """List the steps that a session's evidence leaves; what follows from another step is not a step of its own."""

    def __init__(self, project: Project, outcome: FinishedSession, document: str) -> None:
        self._outcome, self._document = outcome, document
        self._facts: Facts = outcome.composition.facts
        self._places = TestPlaces(project)
        self._kinds: set[str] = set()
        self._told: set[str] = set()
        self._files: set[tuple[str, ...]] = set()
        self._run = run_of(self._facts.session)

    def steps(self) -> Iterator[Step]:
        """List the steps: whole run, failures, lost tests, new code, then the other gates, and lines of the checklist."""
        composed = self._outcome.composition
        lines = [one for one in composed.decisions if one.state in ("fails", "vetoed") and one.verdict is not None]
        standing = {verdict.id: verdict for verdict in composed.blocking[: len(composed.blocking) - len(lines)]}
        about_tests = {
            "complete": self._incomplete, "failures": self._failing, "regression": self._lost, "promises": self._promises,
        }  # fmt: skip
        others = {"claims": self._claims, "required": self._required, "policy": self._policy}
        for gate, steps in about_tests.items():
            yield from self._telling(steps(standing.pop(gate)) if gate in standing else ())
        of_lines = [step for decision in lines for step in self._line(decision)]
        yield from self._telling(step for step in of_lines if step.kind == "new_code")
        for gate, verdict in standing.items():
            yield from self._telling(others[gate](verdict) if gate in others else [self._as_said(verdict)])
        yield from self._telling(step for step in of_lines if step.kind != "new_code")
        if not self._kinds:  # the gate has the last word on whether something is left
            yield from map(self._as_said, composed.blocking)

    def _as_said(self, verdict: Verdict) -> Step:
        do = verdict.needs or f"make the gate {verdict.id} pass"
        return Step(kind=verdict.id, what=verdict.evidence, do=do, file=self._document)

    def _telling(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            self._kinds.add(step.kind)
            self._told.update(step.names)
            yield step

    def _incomplete(self, _: Verdict) -> Iterator[Step]:
        run = self._facts.record.run
        unrun = [test for test, line in self._facts.ledger.items() if line.outcome == "not_run" and line.retired is None]
        for ids in self._facts.record.unstable:
            do = "give its parameters fixed names with ids=, so that the next run can match them"
            what = (
                f"{ids.test}: {counted(ids.ids, 'id')} such as {ids.example} {'changes' if ids.ids == 1 else 'change'}: {ids.why}"
            )
            yield Step(
                kind="ids", what=what, do=do, file=file_of(ids.test), line=self._places.line(ids.test), names=[ids.example]
            )
        reasons = run.why_incomplete or ["the run was interrupted"]
        broken = [found for reason in reasons if (found := _BROKEN.fullmatch(reason))]
        for found in broken:
            do = f"make it importable, then {self._run}"
            yield Step(kind="complete", what=found[0], do=do, file=found["file"], names=[found["file"]])
        rest = [reason for reason in reasons if not _BROKEN.fullmatch(reason)]
        for reason in rest:
            if broken and (_SUMMED_UP.fullmatch(reason) or _NOT_RUN.match(reason)):
                continue
            names = unrun if _NOT_RUN.match(reason) else []
            what = reason.partition(": ")[0] if names or _SUMMED_UP.fullmatch(reason) else reason
            command = None if self._is_in_vain(reason) else self._run
            do = "run all tests" if command else to_complete(self._facts)
            yield self._at(Step(kind="complete", what=f"the run is incomplete: {what}", do=do, names=names, command=command))

    def _at(self, step: Step) -> Step:
        """Add the place to look at, if no command does it all: the first test that a step names, else the document."""
        if step.command is not None:
            return step
        test = step.names[0] if step.names else None
        return replace(step, file=file_of(test), line=self._places.line(test)) if test else replace(step, file=self._document)

    def _is_in_vain(self, reason: str) -> bool:
        """Tell whether the same run would end the same way: the settings leave tests out, or files are not as they should be."""
        record = self._facts.record
        whole = WHOLE in record.run.parts and not record.run.interrupted
        left_out = whole and bool(record.tests.left_out) and _NOT_RUN.match(reason) is not None
        return left_out or _BY_HAND.match(reason) is not None

    def _failing(self, verdict: Verdict) -> Iterator[Step]:
        failing = self._facts.kinds.lines(lambda kind: kind.fails)
        for line in failing:
            yield self._of_test("failures", line, why(line), f"make it pass: {self._places.command(line.id)}")
        if not failing and "complete" not in self._kinds:
            yield self._nothing_passed(verdict)

    def _nothing_passed(self, verdict: Verdict) -> Step:
        """Make the step of a run in which no test passed and none failed: running the same again would change nothing."""
        skipped = [line.id for line in self._facts.ledger.values() if line.outcome == "skipped" and line.retired is None]
        if not skipped:
            do = f"write a test, then {self._run}"
            return self._at(Step(kind="failures", what=f"{verdict.evidence}: there was none to run", do=do))
        what = f"{verdict.evidence}: {counted(len(skipped), 'test was/tests were')} skipped"
        do = f"make one of them run, then {self._run}"
        return self._at(Step(kind="failures", what=what, do=do, names=skipped))

    def _lost(self, _: Verdict) -> Iterator[Step]:
        for line in self._facts.kinds.lines(lambda kind: kind.fate.counts and not kind.fate.passes):
            if line.id in self._told or line.outcome == "not_run":
                continue  # a failure and a run that is not whole say so themselves
            if line.outcome in FAILING:
                yield self._of_test("regression", line, why(line), f"make it pass: {self._places.command(line.id)}")
                continue
            back = "put it back" if line.outcome is None else "let it run again"
            do = f"{back}, or {to_retire(self._facts, [line], 'it')}, with a reason"
            yield self._of_test("regression", line, why(line) if line.outcome is None else f"is {why(line)} now", do)

    def _of_test(self, kind: str, line: LedgerLine, how: str, do: str) -> Step:
        before = self._facts.earlier.lines.get(line.moved_from or line.id)
        then = ""
        if before is not None and before.outcome in PASSING:
            then = f"; it passed in {self._facts.earlier.session_of(before.id)}"
        there = self._places.has_file(line.id)
        return Step(
            kind=kind,
            what=f"{line.id} {how}{then}",
            do=do,
            file=file_of(line.id),
            line=self._places.line(line.id) if there else None,
            names=[line.id],
        )

    def _promises(self, verdict: Verdict) -> Iterator[Step]:
        owed = [line for line in self._facts.owed() if line.retired is None and line.outcome not in PASSING]
        for line in owed:
            if not (line.outcome == "xfailed" and line.promised) and line.id not in self._told:
                yield self._of_test("promises", line, f"{why(line)}; it was promised", "keep the promise, or retire the test")
        if self._facts.inherited:
            yield Step(kind="promises", what=verdict.evidence, do=verdict.needs or "", file=self._document)

    def _claims(self, verdict: Verdict) -> Iterator[Step]:
        for claim in self._facts.document.contradicted:
            yield Step(kind="claims", what=claim, do=verdict.needs or "", file=self._document, names=[claim])

    def _required(self, verdict: Verdict) -> Iterator[Step]:
        for text, near in self._facts.document.absent:
            nearest = f"; the nearest is {near!r}" if near else ""
            what = f"the document has lost the line {text!r}{nearest}"
            yield Step(kind="required", what=what, do=verdict.needs or "", file=self._document, names=[text])

    def _policy(self, verdict: Verdict) -> Iterator[Step]:
        for one in self._facts.loosened:
            yield Step(kind="policy", what=f"{one.what}, looser than in {one.against}", do=verdict.needs or "", file=one.file)
        if not self._facts.loosened:
            yield Step(kind="policy", what=verdict.evidence, do=verdict.needs or "", file=self._document)

    def _line(self, decision: Decision) -> Iterator[Step]:
        """List the steps of a checklist line that does not hold, without those that follow from earlier steps."""
        open_specs: list[tuple[Condition, Verdict]] = []
        for spec in decision.check.specs:
            verdict = evaluate(self._facts, spec)
            if verdict.verdict in ("passed", "waived") or self._follows(spec, verdict):
                continue
            if files := self._of_files(spec, verdict):
                yield from filter(self._is_first, files)
                continue
            open_specs.append((spec, verdict))
        if not open_specs:
            return
        names = [name for spec, _ in open_specs for name in self._names(spec)]
        told = [self._head(spec, verdict) for spec, verdict in open_specs]
        yield Step(
            kind="+".join(dict.fromkeys(spec.gate for spec, _ in open_specs)),
            what=f"{decision.text}: {'; '.join(told)}",
            do="; ".join(verdict.needs for _, verdict in open_specs if verdict.needs),
            file=self._document,
            line=decision.line,
            names=list(dict.fromkeys(names)),
            command=next((command for spec, verdict in open_specs if (command := self._command(spec, verdict))), None),
        )

    def _command(self, spec: Condition, verdict: Verdict) -> str | None:
        """Name the command, if any, that measures what was not measured."""
        asked, needs = f"run handoff prove {quote(self._facts.session)}", verdict.needs or ""
        if needs.startswith(asked):
            return prove_of(self._facts.session) + needs.removeprefix(asked)
        measured = spec.gate in ("coverage", "new_code", "reports")
        return self._run if measured and verdict.verdict == "unknown" and "--no-cov" in self._facts.record.run.args else None

    def _follows(self, spec: Condition, verdict: Verdict) -> bool:
        """Check whether a condition does not hold because of an earlier step."""
        if "complete" in self._kinds and (verdict.verdict == "unknown" or spec.gate in ("complete", "collection")):
            return True
        names = self._names(spec)
        return spec.gate in ("tests", "linked", "failures", "regression") and bool(names) and self._told.issuperset(names)

    def _head(self, spec: Condition, verdict: Verdict) -> str:
        """Cut the first names from the evidence of a gate if all names are listed beside it."""
        names = self._names(spec)
        if not names:
            return verdict.evidence
        return (
            f"{counted(len(names), 'linked test')} did not pass" if spec.gate == "linked" else verdict.evidence.partition(": ")[0]
        )

    def _of_files(self, spec: Condition, verdict: Verdict) -> list[Step]:
        """List the steps of a condition about code, one for each file, also where an earlier line asked for the same."""
        if spec.gate == "new_code":
            return list(self._new_lines(spec, verdict))
        return list(self._unparsable()) if spec.gate == "files_parse" else []

    def _is_first(self, step: Step) -> bool:
        """Check that no step before asked for the same of a file, and remember this one."""
        asked = (step.kind, str(step.file), *step.names)
        first = asked not in self._files
        self._files.add(asked)
        return first

    def _new_lines(self, spec: Condition, verdict: Verdict) -> Iterator[Step]:
        code = self._facts.record.new_code
        if code is None:
            return
        if code.owed or code.owed_to:
            from pytest_handoff.evidence.owed_code import steps

            for path, lines, what in steps(code):
                yield from self._untested(path, lines, what, TEST_WHAT_WAS_LEFT)
        if verdict.needs == TEST_WHAT_WAS_LEFT:
            return
        for path, file in code.files.items():
            others = {"any": None, "unit": file.not_by_unit, "new_unit": file.not_by_new_unit}[spec.by]
            lines = join_ranges(file.missing, others or "", file.marked)
            needed = f" ({verdict.needs})" if verdict.verdict == "failed" else ""
            yield from self._untested(path, lines, f"new, and {_BY[spec.by]} runs", f"test {_them(lines)}{needed}")

    def _untested(self, path: str, lines: str, what: str, do: str) -> Iterator[Step]:
        if not lines:
            return
        what = f"{path} {lines}: {what} {_them(lines)}"
        first = int(lines.partition(",")[0].partition("-")[0])
        yield Step(kind="new_code", what=what, do=do, file=path, line=first, names=lines.split(", "))

    def _unparsable(self) -> Iterator[Step]:
        broken = {path: why for path, why in (self._facts.record.unparsable or {}).items() if not is_test_data(path)}
        for path, why_not in broken.items():
            what = f"{path} does not parse: {why_not}"
            yield Step(kind="files_parse", what=what, do="fix this file", file=path, names=[path])

    def _names(self, spec: Condition) -> list[str]:
        """Name everything that a gate objects to, if these are tests, files or lines of the instructions."""
        if spec.gate == "instructions":
            return [line.text for line in self._facts.document.instructions or () if line.why_not]
        return [line.id for line in self._faulty(spec)]

    def _faulty(self, spec: Condition) -> Iterable[LedgerLine]:
        """Find the tests that keep a gate from passing."""
        facts = self._facts
        if spec.gate == "tests":
            return (line for line in facts.tests(tier=spec.tier, scope=spec.scope, path=spec.path) if line.outcome not in PASSING)
        if spec.gate == "linked":
            return (line for line in facts.ledger.values() if _is_linked(line, spec) and line.outcome not in PASSING)
        kinds: dict[str, Callable[[LineGroup], bool]] = {
            "failures": lambda kind: kind.fails,
            "regression": lambda kind: kind.fate.counts and not kind.fate.passes,
            "flaky": lambda kind: kind.flaky,
            "skips": lambda kind: kind.outcome == "skipped",
        }
        return facts.kinds.lines(kinds[spec.gate]) if spec.gate in kinds else ()


def _them(lines: str) -> str:
    return "it" if lines.isdigit() else "them"


def _is_linked(line: LedgerLine, spec: Condition) -> bool:
    if line.retired is not None:
        return False
    return spec.name in map(normalise, line.checks) if spec.name is not None else id_matches(line.id, spec.path or "")

"""List what is left before a session may be handed over: a step a thing, in the order in which to do them, every name told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from pytest_handoff.checklist.condition import TEST_WHAT_WAS_LEFT, why
from pytest_handoff.checklist.decisions import evaluate
from pytest_handoff.checklist.language import normalise
from pytest_handoff.evidence.regression import FAILING, PASSING
from pytest_handoff.figures import counted, join_ranges
from pytest_handoff.nodeids import file_of, id_matches
from pytest_handoff.project.tree import read_tree
from pytest_handoff.record import Frozen
from pytest_handoff.run import is_test_data
from pytest_handoff.workflow.locate import TestPlaces
from pytest_handoff.workflow.verify import made_elsewhere, stale_files, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine, Verdict
    from pytest_handoff.workflow.chain import Problem
    from pytest_handoff.workflow.finish import FinishedSession


class Step(Frozen, frozen=True):
    """One thing that is left to do.

    Attributes:
        kind: ``run``, ``stale``, ``person``, ``placeholder``, or what the gate calls it.
        what: what is wrong, in one sentence.
        do: what mends it, in one sentence.
        file, line: where to look, relative to the git root; ``None`` where there is no such place.
        names: all tests, files or lines that it is about.
        command: a command that does it; ``None`` where something has to be written first.
        who: ``person`` where only a judgement is missing.
        failure: where and how the test failed, in one line, where that was kept beside the evidence.
    """

    kind: str
    what: str
    do: str
    file: str | None = None
    line: int | None = None
    names: list[str] = []
    command: str | None = None
    who: Literal["anyone", "person"] = "anyone"
    failure: str | None = None


def first_run(project: Project, session: str) -> Step:
    """Make the step of a session that has a document and no record."""
    return Step(
        kind="run",
        what=f"{session} is not recorded yet",
        do="run all tests",
        file=project.key(project.document(session)),
        command=f"pytest --handoff={session}",
    )


def steps_left(
    project: Project, session: str, outcome: FinishedSession, *, machine_only: bool = False, provenance: str | None = None
) -> list[Step]:
    """List what is left: there is nothing where the gate passes and the document has no placeholder.

    Where the evidence is about another tree, what it says of the tests is left out until they ran again.

    Args:
        outcome: the files that filling again would write.
        machine_only: leave out what only a person can decide.
        provenance: where the evidence must have been made, such as ``ci``.
    """
    problems = [*made_elsewhere(project, outcome, provenance), *verify(project, session, outcome)]
    document = project.key(project.document(session))
    believed = [_of_problem(project, problem, outcome) for problem in problems if problem.kind != "document"]
    differs = [_of_problem(project, problem, outcome) for problem in problems if problem.kind == "document"]
    stale = any(step.kind == "stale" for step in believed)
    evidence = [] if stale else list(_Evidence(project, outcome, document).steps())
    found = [*believed, *evidence, *([] if stale else differs)]
    return found + list(_open(outcome, document, machine_only=machine_only))


def _of_problem(project: Project, problem: Problem, outcome: FinishedSession) -> Step:
    """Turn a problem of the evidence or the document into a step."""
    session = outcome.record.session
    path = project.key(project.folder / problem.path)
    step = Step(kind=problem.kind, what=f"{path}: {problem.message}", do=problem.remedy or "", file=path, line=problem.line)
    if problem.kind == "stale":
        names = stale_files(project, outcome.record, read_tree(project))
        what = f"the tests of {session} ran on another tree: {counted(len(names), 'file differs/files differ')}"
        return replace(step, what=what, names=names, command=f"pytest --handoff={session}")
    if problem.kind == "document":
        return replace(step, command=f"handoff fill {session}")
    return step


def _open(outcome: FinishedSession, document: str, *, machine_only: bool) -> Iterator[Step]:
    """List what waits in the document: lines for a person, then placeholders."""
    composed = outcome.composition
    for decision in composed.decisions if not machine_only else ():
        if decision.counts and decision.state == "waits":
            do = "tick it, or add `(N/A: reason)`"
            yield Step(kind="person", what=decision.text, do=do, file=document, line=decision.line, who="person")
    for finding in composed.findings:
        if finding.kind == "placeholder":
            what = finding.message.removeprefix("a person's to fill: ")
            names = [finding.place] if finding.place else []
            do = "write over the placeholder"
            yield Step(kind="placeholder", what=what, do=do, file=document, line=finding.line, names=names)


_NOT_RUN = re.compile(r"\d[\d,]* tests? did not run: ", re.DOTALL)
_SUMMED_UP = re.compile(r"\d[\d,]* (?:files? could not be collected|test files? not looked at: .*)", re.DOTALL)
_BROKEN = re.compile(r"(?P<file>.+?) could not be collected: (?P<why>.*)", re.DOTALL)
_BY = {"any": "no test", "unit": "no unit test", "new_unit": "no new unit test"}


class _Evidence:
    """List the steps that the evidence of a session leaves; what follows from another step is none of its own."""

    def __init__(self, project: Project, outcome: FinishedSession, document: str) -> None:
        self._outcome, self._document = outcome, document
        self._facts: Facts = outcome.composition.facts
        self._places = TestPlaces(project)
        self._kinds: set[str] = set()
        self._told: set[str] = set()
        self._lines: set[tuple[str, str]] = set()
        self._run = f"pytest --handoff={self._facts.session}"

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
        return Step(kind=verdict.id, what=verdict.evidence, do=verdict.needs or "", file=self._document)

    def _telling(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            self._kinds.add(step.kind)
            self._told.update(step.names)
            yield step

    def _incomplete(self, _: Verdict) -> Iterator[Step]:
        run = self._facts.record.run
        unrun = [test for test, line in self._facts.ledger.items() if line.outcome == "not_run" and line.retired is None]
        for ids in self._facts.record.unstable:
            do = "name its parameters with ids=, so that the next run knows them again"
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
            yield Step(kind="complete", what=f"the run is incomplete: {what}", do="run all tests", names=names, command=self._run)

    def _failing(self, verdict: Verdict) -> Iterator[Step]:
        failing = self._facts.kinds.lines(lambda kind: kind.fails)
        for line in failing:
            yield self._of_test("failures", line, why(line), f"make it pass: {self._places.command(line.id)}")
        if not failing:
            yield Step(kind="failures", what=verdict.evidence, do=verdict.needs or "", command=self._run)

    def _lost(self, _: Verdict) -> Iterator[Step]:
        for line in self._facts.kinds.lines(lambda kind: kind.fate.counts and not kind.fate.passes):
            if line.id in self._told or line.outcome == "not_run":
                continue  # a failure and a run that is not whole say so themselves
            if line.outcome in FAILING:
                yield self._of_test("regression", line, why(line), f"make it pass: {self._places.command(line.id)}")
                continue
            back = "put it back" if line.outcome is None else "let it run again"
            do = f"{back}, or retire it with a reason in [[tool.handoff.retire]]"
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
        """List the steps of a checklist line that does not hold, without those that follow from what is told already."""
        open_specs: list[tuple[Condition, Verdict]] = []
        for spec in decision.check.specs:
            verdict = evaluate(self._facts, spec)
            if verdict.verdict in ("passed", "waived") or self._follows(spec, verdict):
                continue
            if spec.gate == "new_code" and (lines := list(self._new_lines(spec, verdict))):
                yield from lines
                continue
            if spec.gate == "files_parse" and (files := list(self._unparsable())):
                yield from files
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
        )

    def _follows(self, spec: Condition, verdict: Verdict) -> bool:
        """Check whether what is told already keeps a condition from holding."""
        if "complete" in self._kinds and (verdict.verdict == "unknown" or spec.gate in ("complete", "collection")):
            return True
        names = self._names(spec)
        return spec.gate in ("tests", "linked", "failures", "regression") and bool(names) and self._told.issuperset(names)

    def _head(self, spec: Condition, verdict: Verdict) -> str:
        """Cut the first names from the evidence of a gate where all of them are told beside it."""
        names = self._names(spec)
        if not names:
            return verdict.evidence
        return (
            f"{counted(len(names), 'linked test')} did not pass" if spec.gate == "linked" else verdict.evidence.partition(": ")[0]
        )

    def _new_lines(self, spec: Condition, verdict: Verdict) -> Iterator[Step]:
        code = self._facts.record.new_code
        if code is None:
            return
        for session, files in code.owed.items():
            for path, lines in files.items():
                yield from self._untested(path, lines, f"left untested by {session}, and no test runs", TEST_WHAT_WAS_LEFT)
        if verdict.needs == TEST_WHAT_WAS_LEFT:
            return
        for path, file in code.files.items():
            others = {"any": None, "unit": file.not_by_unit, "new_unit": file.not_by_new_unit}[spec.by]
            lines = join_ranges(file.missing, others or "", file.marked)
            yield from self._untested(path, lines, f"new, and {_BY[spec.by]} runs", f"test {_them(lines)} ({verdict.needs})")

    def _untested(self, path: str, lines: str, what: str, do: str) -> Iterator[Step]:
        if not lines or (path, lines) in self._lines:
            return
        self._lines.add((path, lines))
        what = f"{path} {lines}: {what} {_them(lines)}"
        first = int(lines.partition(",")[0].partition("-")[0])
        yield Step(kind="new_code", what=what, do=do, file=path, line=first, names=lines.split(", "))

    def _unparsable(self) -> Iterator[Step]:
        broken = {path: why for path, why in (self._facts.record.unparsable or {}).items() if not is_test_data(path)}
        for path, why_not in broken.items():
            what = f"{path} does not parse: {why_not}"
            yield Step(kind="files_parse", what=what, do="fix this file", file=path, names=[path])

    def _names(self, spec: Condition) -> list[str]:
        """Name all that a gate finds fault with, where these are tests, files or lines of the instructions."""
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

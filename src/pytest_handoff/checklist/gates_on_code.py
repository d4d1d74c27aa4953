"""Decide the gates on code, documents and settings: coverage, new code, faults, files that parse, claims, required lines."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import (
    TEST_WHAT_WAS_LEFT,
    asked,
    failed,
    if_complete,
    passed,
    unknown,
    waived,
    why_not_measured,
)
from pytest_handoff.evidence.policy import read_policy
from pytest_handoff.evidence.settings_text import format_of
from pytest_handoff.figures import count_ranges, counted, fewest_more, join_ranges, listed, percent, rate_holds
from pytest_handoff.nodeids import path_matches
from pytest_handoff.run import is_test_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.proof import EarlierProof, FaultProof, NewProof
    from pytest_handoff.record import FileCoverage, NewCode, NewCodeFile, Verdict


def coverage(facts: Facts, spec: Condition) -> Verdict:
    """Require a coverage of the code under test, in total or of the files that match a path, as coverage.py counts it.

    Coverage by the tests of one tier is not measured; but if that of all tests is too low, it must be too.
    """
    measured = facts.record.coverage
    if measured is None:
        return unknown(spec, f"not measured: {why_not_measured(facts, 'coverage')}", "run with coverage")
    if spec.op is None or spec.value is None:
        return unknown(spec, "no threshold is given", "give one, such as >= 90 %")
    files = [file for path, file in measured.files.items() if spec.path is None or path_matches(path, spec.path)]
    covered, total = _coverage_figures(files)
    if not total:
        return unknown(spec, "there is nothing to cover" + (f" in {spec.path}" if spec.path else ""), "name measured files")
    evidence = f"{covered}/{total} = {percent(covered, total)}" + (" by all tests" if spec.tier else "")
    if rate_holds(covered, total, spec.op, spec.value) or (spec.tier and spec.op == "==" and covered * 100 > spec.value * total):
        if spec.tier is not None:  # some of the tests cover no more than all of them: that may refute a line, and shows nothing
            return waived(spec, f"not measured for {spec.tier} tests alone; {evidence}")
        return if_complete(facts, spec, evidence)
    return failed(spec, f"{evidence}, {asked(spec)}", asked(spec))


def new_code(facts: Facts, spec: Condition) -> Verdict:
    """Require a coverage of the statements that are new since the last session: by any test, by unit tests, or by new unit tests.

    New lines marked as `no cover` count as not covered. What an earlier session of the same work, not merged yet, left untested
    against its own checklist must be run now by the tests that it asked for.
    """
    code = facts.record.new_code
    if code is None:
        return unknown(spec, f"not measured: {why_not_measured(facts, 'new_code')}", "run with coverage on the whole suite")
    verdict = _of_this_session(code, facts, spec)
    return _with_owed(code, spec, verdict) if code.owed or code.owed_to else verdict


def _with_owed(code: NewCode, spec: Condition, verdict: Verdict) -> Verdict:
    from pytest_handoff.evidence.owed_code import debts_of, told

    known = code.covered_by_unit is not None
    evidence = f"{verdict.evidence}; and {told(debts_of(code), known=known)}"
    if verdict.verdict != "failed" and not code.owed and not known:
        return unknown(spec, evidence, "run with coverage on the whole suite")
    needs = f"{verdict.needs}; {TEST_WHAT_WAS_LEFT}" if verdict.verdict == "failed" and verdict.needs else TEST_WHAT_WAS_LEFT
    return failed(spec, evidence, needs)


def _of_this_session(code: NewCode, facts: Facts, spec: Condition) -> Verdict:
    marked = sum(count_ranges(file.marked) for file in code.files.values())
    statements = code.num_statements if spec.by == "any" else code.by_tests
    total, left_out = statements + marked, code.num_statements - statements
    only = f" ({left_out} more run at import only)" if left_out else ""
    beside = f"; not measured: {listed(code.unmeasured)}" if code.unmeasured else ""
    if not total:
        return if_complete(facts, spec, f"not applicable: no new statements{only}{beside}")
    if spec.op is None or spec.value is None:
        return unknown(spec, "no threshold is given", "give one, such as >= 90 %")
    covered = {"any": code.covered, "unit": code.covered_by_unit, "new_unit": code.covered_by_new_unit}[spec.by]
    if covered is None:
        return unknown(spec, f"not measured: {why_not_measured(facts, 'contexts')}", "run with coverage on the whole suite")
    evidence = _of_new_statements(covered, statements, marked) + only
    if rate_holds(covered, total, spec.op, spec.value):
        return _doubted(code, spec, evidence) or if_complete(facts, spec, evidence + beside)
    needed = _statements_needed(covered, total, spec, missing=code.num_statements - code.covered + marked)
    return failed(spec, f"{evidence}, {asked(spec)}: {_uncovered(code, spec)}", needed)


def _doubted(code: NewCode, spec: Condition, evidence: str) -> Verdict | None:
    """Say that a figure by tests may hold only because of tests that proved nothing, if there are any."""
    if spec.by == "any" or not code.doubtful:
        return None
    many = counted(len(code.doubtful), "unit test was/unit tests were")
    what = f"{many} skipped or xfailed without a marker, and may have run some of these: {listed(code.doubtful)}"
    return unknown(spec, f"not known: {evidence}, but {what}", "mark them (skip, skipif, xfail), or let them pass")


def faults(facts: Facts, spec: Condition) -> Verdict:
    """Require that the tests notice this share of the small faults that were tried in the new code; without a number, all.

    A sample decides only where it is large enough.
    """
    code, proof = facts.record.new_code, facts.proof
    again = f"run handoff prove {quote(facts.session)} --faults"
    if code is not None and not code.num_statements and not code.unmeasured:
        return if_complete(facts, spec, "not applicable: no new statements")
    if proof is None or proof.faults is None:
        return unknown(spec, "not proved: no faults were tried in the new code of this run", again)
    if (why := _why_not(proof.faults, interrupted=proof.interrupted)) is not None:
        return unknown(spec, f"not proved: {why}", again if proof.faults.possible else "let a person decide")
    return _judged(proof.faults, spec)


def _why_not(found: FaultProof, *, interrupted: bool) -> str | None:
    """Say why the faults that were tried decide nothing, if they do not."""
    if found.nothing is not None:
        return found.nothing
    if interrupted:
        return "it was interrupted"
    if found.missing_shards:
        return f"shards {listed(found.missing_shards)} are missing"
    if not found.possible:
        return "no statement in the new code can take a fault"
    return None if found.is_enough else f"{counted(found.tried, 'fault')} of {found.possible:,} tried, which is too few"


def _judged(found: FaultProof, spec: Condition) -> Verdict:
    tried = f"{counted(found.tried, 'fault')} of {found.possible:,} tried"
    noticed = found.caught + found.timeout
    evidence = f"{noticed:,}/{found.tried:,} faults noticed = {percent(noticed, found.tried)} ({tried})"
    places = listed(list(dict.fromkeys(f"{one.path}:{one.line}" for one in found.survived)))
    if spec.op is None or spec.value is None:
        if noticed == found.tried:
            return passed(spec, evidence)
        return failed(spec, f"{evidence}, the line asks for all of them", f"write tests that notice these faults: {places}")
    if rate_holds(noticed, found.tried, spec.op, spec.value):
        return passed(spec, evidence)
    return failed(spec, f"{evidence}, {asked(spec)}", f"write tests that notice these faults: {places}")


_EDITED = {"mended_in_test": "fixed only in the test"}


def unchanged(facts: Facts, spec: Condition) -> Verdict:
    """Require that the old version of every earlier test passes on the current code."""
    if facts.is_first:
        return if_complete(facts, spec, "not applicable: the first session has no earlier tests")
    part = facts.proof.earlier if facts.proof is not None else None
    if part is not None and part.nothing is None:
        against = {test: tried.status for test, tried in part.tests.items() if tried.status not in ("holds", "not_tried")}
        if against:
            named = listed([f"{test} ({_EDITED.get(status, status.replace('_', ' '))})" for test, status in against.items()])
            return failed(spec, f"changed: {named}", "fix the code, or say why they had to change: (N/A: reason)")
    return _by_experiment(facts, spec, "earlier", part, more=part.unchanged if part is not None else 0)


def need_change(facts: Facts, spec: Condition) -> Verdict:
    """Require that every new test fails, or cannot be collected, on the old code."""
    part = facts.proof.new if facts.proof is not None else None
    passing = [test for test, tried in part.tests.items() if tried.status == "passes_without_it"] if part is not None else []
    if passing:
        return failed(spec, f"{counted(len(passing), 'new test passes/new tests pass')} without the change: {listed(passing)}",
                      "make them assert what is new")  # fmt: skip
    return _by_experiment(facts, spec, "new", part)


def _by_experiment(facts: Facts, spec: Condition, name: str, part: EarlierProof | NewProof | None, *, more: int = 0) -> Verdict:
    """Pass if an experiment tried all the tests that it is about, and found nothing against them.

    Args:
        more: tests that needed no try.
    """
    again = f"run handoff prove {quote(facts.session)} --{name}"
    if part is None or facts.proof is None:
        return unknown(spec, f"not proved: the experiment {name!r} was not run on this record", again)
    untried = [*part.not_tried, *part.left_out, *(test for test, tried in part.tests.items() if tried.status == "not_tried")]
    if facts.proof.interrupted or part.nothing is not None or untried:
        why = part.nothing or (f"not tried: {listed(untried)}" if untried else "it was interrupted")
        return unknown(spec, f"not proved: {why}", "let a person decide")
    return passed(spec, f"{counted(len(part.tests) + more, 'test')} proved, as the line says")


def files_parse(facts: Facts, spec: Condition) -> Verdict:
    """Require that every JSON, TOML, YAML and INI file can be parsed, or every changed one if the line says so."""
    record, name = facts.record, spec.name or "configuration"
    changed, parsed = record.unparsable, record.integrity.parsed if record.integrity else None
    if changed is None:
        return unknown(
            spec,
            "not measured: what the session changed is not known",
            "run in a checkout that has the last session's evidence",
        )
    known = changed if spec.scope == "current" or parsed is None else changed | parsed.broken
    broken = {path: why for path, why in known.items() if spec.name in (None, format_of(path))}
    data = [path for path in broken if is_test_data(path)]
    if len(broken) > len(data):
        return failed(spec, listed([f"{path}: {why}" for path, why in broken.items() if path not in data]), "fix these files")
    but = f"; of the files that tests read, {listed(data)} {'does' if len(data) == 1 else 'do'} not" if data else ""
    if spec.scope == "current":
        return passed(spec, f"every changed {name} file parses{but}")
    if parsed is None:  # of a record that was made before this was looked at: it shows nothing, and nothing is against it
        return waived(spec, f"every changed {name} file parses")
    number = sum(many for kind, many in parsed.formats.items() if spec.name in (None, kind)) - len(data)
    if not number:
        return waived(spec, f"not applicable: there is no {name} file{but}")
    every = "all " if number > 1 else ""
    return passed(spec, f"{every}{counted(number, f'{name} file parses/{name} files parse')}{but}{_outside(facts)}")


def _outside(facts: Facts) -> str:
    """Say which folders the settings confine a session to, if they do."""
    scope = read_policy(facts.record.policy, path=f"the record of {facts.session}").scope
    return f"; files outside {listed(scope)} were not checked" if scope else ""


def reports(facts: Facts, spec: Condition) -> Verdict:
    """Require that coverage was measured and its figures are in the record."""
    measured = facts.record.coverage
    if measured is None:
        return unknown(spec, f"not measured: {why_not_measured(facts, 'coverage')}", "run with coverage")
    return if_complete(facts, spec, f"coverage of {counted(len(measured.files), 'file')} is in the record")


def claims(facts: Facts, spec: Condition) -> Verdict:
    """Require that no figure written by a person in the document contradicts the evidence."""
    if facts.document.contradicted:
        needs = f"correct them, or replace them with handoff fill {quote(facts.session)} --take-over"
        return failed(spec, listed(facts.document.contradicted), needs)
    return passed(spec, "no claim in the document contradicts the evidence")


_WAIVED = r"(?i)\b(?:n/a|not applicable)\b"


def required(facts: Facts, spec: Condition) -> Verdict:
    """Require that the document still carries every checklist line that it must, word for word."""
    if not facts.document.absent:
        return passed(spec, "every required line is there")
    named = [f"{line!r}" + (f" (nearest: {near!r})" if near else "") for line, near in facts.document.absent]
    if any(near and re.search(_WAIVED, near) for _, near in facts.document.absent):
        return failed(spec, "missing: " + listed(named, 2), "write the reason in parentheses after the line: `(N/A: reason)`")
    line, it = ("line", "it") if len(named) == 1 else ("lines", "them")
    needs = f"put the {line} back, or waive {it} with a reason in [[tool.handoff.waive]]"
    return failed(spec, "missing: " + listed(named, 2), needs)


def _coverage_figures(files: Iterable[FileCoverage]) -> tuple[int, int]:
    covered = total = 0
    for file in files:
        covered += file.covered + (file.covered_branches or 0)
        total += file.num_statements + (file.num_branches or 0)
    return covered, total


def _of_new_statements(covered: int, statements: int, marked: int) -> str:
    figures = f"{covered}/{statements} new statements" + (f" = {percent(covered, statements)}" if statements else "")
    if not marked:
        return figures
    whole = statements + marked
    return f"{figures}, counting {counted(marked, 'new line')} marked no cover: {covered}/{whole} = {percent(covered, whole)}"


def _uncovered(code: NewCode, spec: Condition) -> str:
    rows = ((path, _missing_lines(file, spec)) for path, file in code.files.items())
    return listed([f"{path} {lines}" for path, lines in rows if lines])


def _missing_lines(file: NewCodeFile, spec: Condition) -> str:
    others = {"any": None, "unit": file.not_by_unit, "new_unit": file.not_by_new_unit}[spec.by]
    return join_ranges(file.missing, others or "", file.marked)


_WHO = {"any": "tests", "unit": "unit tests", "new_unit": "new unit tests"}


def _statements_needed(covered: int, total: int, spec: Condition, missing: int) -> str:
    """Say what would make the rate hold; nothing runs the statements in ``missing``, and only other tests run the rest."""
    more = fewest_more(covered, total, spec.op, spec.value) if spec.op and spec.value else 0
    if not more:
        return asked(spec)
    if more <= missing:
        return f"cover {counted(more, 'more statement')}"
    rest = f"make {_WHO[spec.by]} run {counted(more - missing, 'statement')} that ran without them"
    return f"cover {counted(missing, 'more statement')}, and {rest}" if missing else rest


REMEDY = 'change it back, or give a reason in [[tool.handoff.waive]] with gate = "policy"'


def policy(facts: Facts, spec: Condition) -> Verdict:
    """Require that no setting that decides a gate is looser than in earlier sessions, or than on the target branch."""
    if facts.loosened:
        return failed(spec, listed([str(finding) for finding in facts.loosened]), REMEDY)
    if facts.policy_unknown:
        return unknown(spec, f"cannot tell: {facts.policy_unknown}", "fetch that branch with its history")
    if facts.is_first:
        return waived(spec, f"not applicable: {facts.session} is the first session")
    return passed(spec, "; ".join(["no setting is looser than before", *facts.not_compared]))

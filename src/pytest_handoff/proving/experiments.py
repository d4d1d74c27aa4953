"""Run the old versions of earlier tests on the current code, and the new tests on the old code."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.figures import listed
from pytest_handoff.nodeids import file_of, without_parameters
from pytest_handoff.proof import EarlierProof, EarlierTry, NewProof, NewTry
from pytest_handoff.proving.bench import Outcome, contents_of, run, run_once_more, text_of
from pytest_handoff.proving.sides import Torn, former_code, former_tests, is_of_code, touched_files
from pytest_handoff.proving.statuses import Counterparts, Skipped, earlier_status, new_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_handoff.config import Experiment
    from pytest_handoff.proving.bench import Bench, Contents
    from pytest_handoff.proving.sides import Patch, Suite, Versions
    from pytest_handoff.proving.statuses import Tried
    from pytest_handoff.record import LedgerLine


@dataclass(frozen=True, slots=True)
class Materials:
    """A session and those before it, as their evidence says.

    Attributes:
        session: the name of the session.
        ledger: its tests.
        before: the names of the earlier sessions in one phrase; empty for a first session.
        earlier: the tests that these left and that count.
        versions: the trees of now and of before.
        suite: what belongs to the tests.
    """

    session: str
    ledger: Mapping[str, LedgerLine]
    before: str
    earlier: Mapping[str, LedgerLine]
    versions: Versions
    suite: Suite


@dataclass(slots=True)
class _Tree:
    """A tree to run tests in: how it differs from the work tree, the tests, and what they did there.

    ``twice`` says that what fails is run once more.
    """

    name: str
    contents: Contents
    lines: dict[str, LedgerLine]
    twice: bool = False
    did: Outcome = field(default_factory=Outcome)

    def unproved(self) -> list[LedgerLine]:
        """Return the tests that did not pass there: a tree without any change has to show that they can."""
        seen = self.did.seen
        return [line for test, line in self.lines.items() if test not in seen or seen[test].outcome in ("failed", "error")]


def try_all(bench: Bench, materials: Materials, asked: Iterable[Experiment]) -> tuple[EarlierProof | None, NewProof | None, bool]:
    """Run the requested experiments; the last value says whether somebody stopped them.

    Raises:
        HandoffError: when a tree cannot be laid out, or pytest starts in none.
    """
    wanted = set(asked)
    earlier = _Earlier(bench, materials) if "earlier" in wanted else None
    new = _New(bench, materials) if "new" in wanted else None
    trees = [*(earlier.trees if earlier else ()), *(new.trees if new else ())]
    stopped = _run_each(bench, trees)
    _refuse_never_started(trees)
    again = [*(earlier.to_control() if earlier else ()), *(new.to_control() if new else ())]
    control = _Tree("now", {}, {line.id: line for line in again})
    stopped = _run_each(bench, [control], stopped=stopped)
    return earlier.proof(control.did) if earlier else None, new.proof(control.did) if new else None, stopped


def _refuse_never_started(trees: Iterable[_Tree]) -> None:
    """Refuse to go on if pytest ran no test in any tree, for example because it does not know an option.

    Raises:
        UsageProblem: with what pytest says.
    """
    found = [tree.did.not_started for tree in trees if tree.lines]
    if found and found[0] is not None and None not in found:
        raise UsageProblem(f"{found[0]}; put pytest's options after --")


def _run_each(bench: Bench, trees: Iterable[_Tree], *, stopped: bool = False) -> bool:
    for tree in trees:
        if stopped:
            tree.did = Outcome(cut_short="it was interrupted", interrupted=True)
        elif tree.lines:
            try:
                tree.did = run(bench, tree.name, tree.contents, map(without_parameters, tree.lines))
                if tree.twice:
                    tree.did = run_once_more(bench, tree.name, tree.contents, tree.did)
            except KeyboardInterrupt:  # while no test ran: a tree was laid out, or what a run did was read
                tree.did = replace(tree.did, cut_short="it was interrupted", interrupted=True)
            stopped = tree.did.interrupted
    return stopped


class _Earlier:
    """The earlier tests in their old version."""

    def __init__(self, bench: Bench, materials: Materials) -> None:
        self._bench, self._materials = bench, materials
        self._counterparts = Counterparts(materials.ledger.values())
        self._blocked: dict[str, EarlierTry] = {}
        self._unchanged = 0
        self._lacking: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self.trees = [self._tree()] if materials.earlier else []

    def _nothing(self) -> str | None:
        if not self._materials.before:
            return f"{self._materials.session} is the first session: there are no earlier tests"
        return None if self._materials.earlier else f"{self._materials.before} left no tests"

    def _tree(self) -> _Tree:
        materials = self._materials
        lines, before = materials.earlier, materials.versions.before
        patch = former_tests(materials.versions, materials.suite)
        contents, lacking = contents_of(self._bench, patch)
        files = {file_of(test) for test in lines}
        touched = self._touched(patch, contents, files, before)
        blocked = self._touched({path: patch[path] for path in lacking}, contents, files, before)
        self._lacking |= lacking
        self._note_rest(lines, touched)
        wanted = {test: line for test, line in lines.items() if file_of(test) in touched and not is_of_code(test)}
        why = f"this checkout lacks what it needs: {listed(sorted(lacking))}"
        self._blocked |= {test: EarlierTry(status="not_tried", error=why) for test in wanted if file_of(test) in blocked}
        open_lines = {test: line for test, line in wanted.items() if file_of(test) not in blocked}
        return _Tree("tests-of-before", contents, open_lines, twice=True)

    def _touched(self, patch: Patch, contents: Contents, files: Iterable[str], before: Mapping[str, str]) -> set[str]:
        return touched_files(patch, self._materials.suite, files, partial(text_of, self._bench, contents), before)

    def _note_rest(self, lines: Mapping[str, LedgerLine], touched: set[str]) -> None:
        changed = set(self._materials.versions.changed())
        loaded = "a conftest.py loads it as a plugin, so it counts as code: its new version was used"
        self._left_out |= dict.fromkeys(sorted(changed & self._materials.suite.loaded), loaded)
        for test in lines:
            if is_of_code(test) and file_of(test) in changed:
                self._left_out[file_of(test)] = "its doctests are part of the code, and change with it"
            elif file_of(test) not in touched:
                self._unchanged += 1

    def to_control(self) -> list[LedgerLine]:
        """Return the tests of now whose earlier versions did not pass."""
        unproved = [line for tree in self.trees for line in tree.unproved()]
        return [line for old in unproved for line in self._counterparts.of(old.id) if line.outcome in PASSING]

    def proof(self, control: Tried) -> EarlierProof:
        """Decide the status of each test."""
        tests, left_out = dict(self._blocked), dict(self._left_out)
        for tree in self.trees:
            for test, line in tree.lines.items():
                status = earlier_status(line, tree.did, self._counterparts.of(test), control)
                if isinstance(status, Skipped):
                    left_out[test] = status.why
                else:
                    tests[test] = status
        return EarlierProof(
            tests=dict(sorted(tests.items())),
            unchanged=self._unchanged,
            not_tried=dict(sorted(self._lacking.items())),
            left_out=dict(sorted(left_out.items())),
            nothing=self._nothing(),
        )


class _New:
    """The new tests on the old code."""

    def __init__(self, bench: Bench, materials: Materials) -> None:
        self._bench, self._materials = bench, materials
        lines = materials.ledger.values()
        self._lines = {
            line.id: line
            for line in lines
            if line.since == materials.session and line.outcome is not None and line.retired is None
        }
        self._left_out = {test: why for test, line in self._lines.items() if (why := _says_nothing(line))}
        self._lacking: dict[str, str] = {}
        self.trees: list[_Tree] = []
        self._code = former_code(materials.versions, materials.suite)
        if self._nothing() is None:
            self._lay_out()

    def _nothing(self) -> str | None:
        materials = self._materials
        if not materials.before:
            return f"{materials.session} is the first session: there is no old code"
        if not self._lines.keys() - self._left_out.keys():
            return f"{materials.session} has no new tests that pass"
        return None if self._code else f"no code has changed since {materials.before}"

    def _lay_out(self) -> None:
        if isinstance(self._code, Torn):
            why = f"{self._materials.before} recorded different versions of it, so there is no single old version"
            self._lacking = dict.fromkeys(self._code.paths, why)
            return
        contents, self._lacking = contents_of(self._bench, self._code)
        lines = {test: line for test, line in self._lines.items() if test not in self._left_out}
        if not self._lacking:
            self.trees = [_Tree("code-of-before", contents, lines)]

    def to_control(self) -> list[LedgerLine]:
        """Return the tests that did not pass on the old code."""
        return [line for tree in self.trees for line in tree.unproved()]

    def proof(self, control: Tried) -> NewProof:
        """Decide the status of each test."""
        nothing, left_out = self._nothing(), dict(self._left_out)
        tests: dict[str, NewTry] = {}
        if self._lacking:
            why = f"this checkout lacks what it needs: {listed(sorted(self._lacking))}"
            tests = {test: NewTry(status="not_tried", error=why) for test in self._lines if test not in left_out}
        for tree in self.trees:
            for test, line in tree.lines.items():
                status = new_status(line, tree.did, control)
                if isinstance(status, Skipped):
                    left_out[test] = status.why
                else:
                    tests[test] = status
        return NewProof(
            tests=dict(sorted(tests.items())),
            not_tried=dict(sorted(self._lacking.items())),
            left_out=dict(sorted(left_out.items())),
            nothing=nothing,
        )


def _says_nothing(line: LedgerLine) -> str | None:
    """Say why a new test is not tried on the old code, if it is not."""
    if is_of_code(line.id):
        return "it is a doctest in the code, so it is part of the change itself"
    return None if line.outcome in PASSING else f"it does not pass now: {line.outcome}"

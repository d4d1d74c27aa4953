"""Gather everything that gates, documents and readers need to know about a session."""

from __future__ import annotations

from operator import attrgetter, countOf
from shlex import quote
from typing import TYPE_CHECKING, Literal

from pytest_handoff.config import Promise
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence import regression
from pytest_handoff.evidence.ledger import EarlierTests, Ledger, count_by_tier, sum_of_tiers
from pytest_handoff.evidence.policy import Loosening, TakenOut, read_policy
from pytest_handoff.evidence.regression import LineGroups
from pytest_handoff.nodeids import file_of, id_matches, path_matches, without_parameters
from pytest_handoff.record import Frozen, LedgerLine, Outcome, Record, SkippedNode, TallySummary

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Mapping, Sequence

    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.proof import Proof  # noqa: TC004 # a run of pytest has none, and does not pay for the import


class Instruction(Frozen, frozen=True):
    """A line of the session's instructions; ``why_not`` says what is missing if it does not hold."""

    text: str
    why_not: str | None


class DocumentFacts(Frozen, frozen=True):
    """Facts that a session's document adds to its evidence.

    Attributes:
        targets: what the document names as target of a metric (or of the run's duration), by the id of its row.
        contradicted: the claims of a person that the evidence contradicts, one sentence each.
        absent: required checklist lines that the document lacks, with the most similar one it has.
        instructions: the checklist of the session's instructions; ``None`` where no readable file was named.
    """

    targets: dict[str, str] = {}
    contradicted: tuple[str, ...] = ()
    absent: tuple[tuple[str, str | None], ...] = ()
    instructions: tuple[Instruction, ...] | None = None


class Facts(Frozen, frozen=True):
    """A session's evidence, with what follows from it.

    Attributes:
        record: the record (its ``gates`` and ``places`` are not read from here).
        ledger: the session's ledger.
        earlier: the parents' ledgers.
        fates: the fate of each test.
        kinds: the tests grouped by kind: there may be many, and they are asked about many times.
        loosened: settings that let more through than before.
        policy_unknown: why the target branch's settings are not known, if the project names one.
        not_compared: settings in force that can be compared with no session before, since none was measured.
        baselines: the parents' value of each metric, by name, and the duration of their run, by the id of its row.
        inherited: promises that the parents' configuration had in force.
        taken_out: exceptions that the parents' configuration had in force and that are gone.
        document: what the document adds; empty until the document is read.
        proof: what ``handoff prove`` has found of this run, if it was made.
    """

    record: Record
    ledger: dict[str, LedgerLine]
    earlier: EarlierTests
    fates: regression.Fates
    kinds: LineGroups
    loosened: tuple[Loosening, ...] = ()
    policy_unknown: str | None = None
    not_compared: tuple[str, ...] = ()
    baselines: dict[str, float] = {}
    inherited: tuple[Promise, ...] = ()
    taken_out: tuple[TakenOut, ...] = ()
    document: DocumentFacts = DocumentFacts()
    proof: Proof | None = None

    @property
    def session(self) -> str:
        """Return the session's name."""
        return self.record.session

    @property
    def is_first(self) -> bool:
        """Check that nothing came before this session."""
        return not self.record.previous

    def tests(self, *, tier: str | None = None, scope: Scope = "all", path: str | None = None) -> Sequence[LedgerLine]:
        """Return the tests of a tier and scope that count; retired tests, promises and those skipped then and now do not.

        Earlier tests of a tier are those that were of it then or are now.
        """
        lines = self.kinds.lines(lambda kind: is_of(kind, tier, scope) and self._counts(kind, scope))
        return lines if path is None else [line for line in lines if path_matches(file_of(line.id), path)]

    def outcomes(self, *, tier: str | None = None, scope: Scope = "all") -> Counter[Outcome | None]:
        """Count the tests that :meth:`tests` returns by outcome."""
        return self.kinds.outcomes(lambda kind: is_of(kind, tier, scope) and self._counts(kind, scope))

    def live(self, *, tier: str | None = None, scope: Scope = "all", path: str | None = None) -> Sequence[LedgerLine]:
        """Return the tests of a tier and scope that still exist, however they ended."""
        lines = self.kinds.lines(lambda kind: kind.live and is_of(kind, tier, scope) and self._is_in(kind, scope))
        return lines if path is None else [line for line in lines if path_matches(file_of(line.id), path)]

    def rated(self, *, tier: str | None = None, scope: Scope = "all", path: str | None = None) -> Sequence[LedgerLine]:
        """Return the tests for a pass rate: those that count and still exist; the gate ``regression`` deals with missing ones."""
        return [line for line in self.tests(tier=tier, scope=scope, path=path) if line.outcome is not None]

    def not_counted(self, *, tier: str | None = None, scope: Scope = "all", path: str | None = None) -> dict[str, int]:
        """Count by reason the tests of a tier and scope that :meth:`tests` leaves out; retired ones are listed elsewhere."""
        reasons: dict[str, Callable[[LineGroup], bool]] = {
            "known to fail": lambda kind: (
                kind.known is not None
                and kind.outcome in regression.FAILING
                and scope in ("all", "current" if kind.since == self.session else "previous")
            ),
            "promised": lambda kind: scope != "previous" and kind.promised and kind.since == self.session,
            "skipped as before": lambda kind: (
                scope != "current"
                and kind.outcome in regression.LEFT_OUT
                and not (kind.since == self.session or kind.retired is not None or kind.fate.counts)
            ),
        }
        found = {why: self._of(tier, scope, path, wanted) for why, wanted in reasons.items()}
        return {why: number for why, number in found.items() if number}

    def of_other_tier(self, tier: str) -> Sequence[LedgerLine]:
        """Return the earlier tests that count and had this tier but have another now."""
        return self.kinds.lines(lambda kind: kind.fate.was == tier and self._counts(kind, "previous"))

    def with_status(self, *statuses: str) -> Sequence[LedgerLine]:
        """Return the tests with one of these statuses, sorted by id."""
        return self.kinds.lines(lambda kind: kind.fate.status in statuses)

    def became(self, line: LedgerLine) -> str:
        """Say what became of a test: only one that failed before is *still* failing."""
        status = self.fates[line.id].status
        before = regression.then(line, self.earlier.lines)
        if status != "still_failing" or before in regression.FAILING:
            return status.replace("_", " ")
        return f"failing ({before} before)" if before else "failing"

    def new(self, tier: str | None = None) -> Sequence[LedgerLine]:
        """Return the tests that are new in this session."""
        return self.kinds.lines(lambda kind: kind.since == self.session and tier in (None, kind.tier))

    def known_failures(self) -> Sequence[LedgerLine]:
        """Return the tests that fail and are known to fail."""
        return self.kinds.lines(lambda kind: kind.known is not None and kind.outcome in regression.FAILING)

    def fixed_known(self) -> Sequence[LedgerLine]:
        """Return the tests that are known to fail, and pass."""
        return self.kinds.lines(lambda kind: kind.known is not None and kind.outcome in regression.PASSING)

    def promised(self) -> Sequence[LedgerLine]:
        """Return the tests that this session owes the next: strict xfails."""
        return self.kinds.lines(lambda kind: kind.promised)

    def open_promises(self) -> list[Promise]:
        """List the configuration's promises that are not kept yet: no test matches the glob, or one does not pass."""
        entries = read_policy(self.record.policy, path=f"the record of {self.session}").promise
        return [promise for promise in entries if not self.is_kept(promise)]

    def is_kept(self, promise: Promise) -> bool:
        """Check that tests match the promise, and that all of them pass."""
        lines = self.promised_by(promise)
        return bool(lines) and all(line.outcome in regression.PASSING for line in lines)

    def promised_by(self, promise: Promise) -> list[LedgerLine]:
        """List the tests that match a promise of the configuration and are not retired."""
        return [line for test, line in self.ledger.items() if line.retired is None and id_matches(test, promise.test)]

    def owed(self) -> list[LedgerLine]:
        """List this session's lines of the tests that the parents promised."""
        promised = {line.id for line in filter(attrgetter("promised"), self.earlier.lines.values())}
        if not promised:
            return []
        replaced = {without_parameters(test) for test in promised - self.ledger.keys()}
        lines = self.ledger.values()
        return [line for line in lines if (line.moved_from or line.id) in promised or self._replaces(line, replaced)]

    def _counts(self, kind: LineGroup, scope: Scope) -> bool:
        """Check that tests of a kind are in the scope, and count."""
        if kind.since == self.session:
            return scope != "previous" and not kind.promised and not (kind.known and kind.outcome in regression.FAILING)
        return scope != "current" and kind.fate.counts

    def _is_in(self, kind: LineGroup, scope: Scope) -> bool:
        return scope in ("all", "current" if kind.since == self.session else "previous")

    def _of(self, tier: str | None, scope: Scope, path: str | None, wanted: Callable[[LineGroup], bool]) -> int:
        """Count the tests of a tier and path that are of the wanted kinds."""
        files = self.kinds.files(lambda kind: is_of(kind, tier, scope) and wanted(kind))
        return sum(number for file, number in files.items() if path is None or path_matches(file, path))

    def _replaces(self, line: LedgerLine, functions: set[str]) -> bool:
        return self.fates[line.id].status == "reparametrized" and without_parameters(line.id) in functions


def tally(
    session: str,
    ledger: Mapping[str, LedgerLine],
    found: regression.Fates,
    ledger_digest: str,
    *,
    skipped: Sequence[SkippedNode] = (),
    left_out: Mapping[str, int] | None = None,
) -> TallySummary:
    """Summarise the ledger in figures, as the record keeps them.

    Args:
        skipped: the files that skipped themselves while they were collected.
        left_out: how many tests of each file the settings leave out.
    """
    tiers = count_by_tier(ledger.values(), skipped)
    return TallySummary(
        ledger=ledger_digest,
        counts=sum_of_tiers(tiers),
        tiers=tiers,
        new=countOf(map(attrgetter("since"), ledger.values()), session),
        flaky=sum(map(attrgetter("flaky"), ledger.values())),
        regression=regression.summarise(found.of(found)),
        skipped_nodes=list(skipped),
        left_out=dict(sorted((left_out or {}).items())),
        failed_subtests=sum(map(attrgetter("failed_subtests"), ledger.values())),
    )


def fates_on_record(record: Record, ledger: Ledger, earlier: EarlierTests) -> regression.Fates:
    """Work out the fate of each test again, and check that the figures match the record.

    Raises:
        EvidenceProblem: the ledgers give other figures than the record's: one of them was edited or made anew.
    """
    fates = regression.fates(record.session, ledger, earlier)
    said = record.tests
    if said != tally(record.session, ledger, fates, said.ledger, skipped=said.skipped_nodes, left_out=said.left_out):
        raise EvidenceProblem(
            f"the record of {record.session} does not match its ledger and the earlier sessions: one of them was changed; "
            f"restore it, or run pytest --handoff={quote(record.session)} again"
        )
    return fates


Scope = Literal["current", "previous", "all"]


def is_of(kind: LineGroup, tier: str | None, scope: Scope) -> bool:
    """Check that tests of a kind have this tier (or any); among earlier tests, those that had it before count as well."""
    return tier in (None, kind.tier) or (scope == "previous" and kind.fate.was == tier)

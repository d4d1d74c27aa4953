"""Choose the sessions that a session continues, follow the chain, and find files that no later session needs."""

from __future__ import annotations

from collections import deque
from functools import cache, cached_property
from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.config import Promise, check_session_name
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.ledger import EarlierTests, Files, join_parents
from pytest_handoff.evidence.metrics import DURATION_ROW, run_seconds
from pytest_handoff.evidence.policy import read_policy
from pytest_handoff.figures import listed
from pytest_handoff.nodeids import file_of
from pytest_handoff.project.foreign_files import TEXT, read_if_there
from pytest_handoff.project.stored_files import SOURCES, Gap
from pytest_handoff.record import Frozen, Parent, Record, SourceLine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_handoff.evidence.moved_tests import Bodies
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.store import Store


class Chain:
    """The recorded sessions of a hand-off folder as they stand, each with the sessions it continues.

    Only the beginning of each record is read, once, when the first question is asked.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @cached_property
    def links(self) -> dict[str, list[str]]:
        """Map every recorded session to the names of the sessions it continues, which need not exist any more.

        Raises:
            EvidenceProblem: when a record cannot be read.
        """
        return self.store.links()

    def tips(self) -> list[str]:
        """Name the sessions that no other session continues, oldest first.

        Raises:
            EvidenceProblem: as :attr:`links`, or when the record of a tip is damaged.
        """
        return self.newest_of(self.links)

    def newest_of(self, names: Collection[str]) -> list[str]:
        """Keep of some recorded sessions those that no other one of them continues, oldest first."""
        there = [name for name in names if name in self.links]
        continued = {parent for name in there for parent in self.links[name]}
        return self._by_age(name for name in there if name not in continued)

    def descendants(self, session: str) -> set[str]:
        """Name the sessions that go back to this one."""
        children: dict[str, list[str]] = {}
        for name, parents in self.links.items():
            for parent in parents:
                children.setdefault(parent, []).append(name)
        found: set[str] = set()
        ahead = [session]
        while ahead:
            fresh = [name for name in children.get(ahead.pop(), ()) if name not in found]
            found.update(fresh)
            ahead += fresh
        return found

    def after(self, session: str) -> list[str]:
        """Name the sessions that continue this one, sorted."""
        return sorted(name for name, parents in self.links.items() if session in parents)

    def _by_age(self, names: Iterable[str]) -> list[str]:
        several = list(names)
        return several if len(several) < 2 else sorted(several, key=lambda name: (self.store.figures(name).run.started, name))

    def before(self, session: str) -> list[str]:
        """Name the recorded ancestors of this session, nearest first."""
        found: dict[str, None] = {}
        ahead = deque([session])
        while ahead:
            for name in self.links.get(ahead.popleft(), ()):
                if name in self.links and name not in found:
                    found[name] = None
                    ahead.append(name)
        return list(found)

    def records_up_to(self, record: Record, *, most: int | None = None) -> list[Record]:
        """Read the records of a session and of its ancestors, oldest first; those of ancestors as ``Store.figures`` does.

        The walk does not go past a session whose evidence is gone.

        Args:
            record: the session's own record, which need not be written yet.
            most: the most records to read, the nearest ones.

        Raises:
            EvidenceProblem: when a record cannot be read, or the sessions form a circle.
        """
        from pytest_handoff.evidence.history import in_order

        found = {record.session: record}
        ahead = [record]
        while ahead and (most is None or len(found) < most):
            for link in ahead.pop(0).previous:
                if link.session not in found and self.store.has(link.session):
                    found[link.session] = self.store.figures(link.session)
                    ahead.append(found[link.session])
        ordered = in_order(found)
        if ordered[-1].session != record.session:
            raise EvidenceProblem(f"the sessions before {record.session} continue each other in a circle; restore their records")
        return ordered if most is None else ordered[-most:]


class Parents(Frozen, frozen=True):
    """The evidence of a session's parents.

    Attributes:
        links: every parent.
        records: the records of those that no other parent goes back to: the others say nothing that these do not say later.
        earlier: the tests of these.
        sources: the trees of these; ``None`` where one was pruned, empty for a first session.
    """

    records: tuple[Record, ...] = ()
    links: list[Parent] = []
    earlier: EarlierTests = EarlierTests()
    sources: tuple[dict[str, SourceLine], ...] | None = ()

    @property
    def names(self) -> str:
        """Name the parents in one phrase."""
        return " and ".join(record.session for record in self.records)

    @property
    def metrics(self) -> dict[str, float]:
        """Map each metric to its value, and the row of the duration to the run's seconds; of two parents the later one counts."""
        took = [seconds for record in self.records if (seconds := run_seconds(record.run)) is not None]
        values = {metric.name: metric.value for record in self.records for metric in record.metrics}
        return values | ({DURATION_ROW: took[-1]} if took else {})

    @property
    def promises(self) -> tuple[Promise, ...]:
        """List the promises in the parents' configuration, each once."""
        return tuple(dict.fromkeys(promise for record in self.records for promise in _promises_of(record)))

    @property
    def required(self) -> list[str]:
        """List the checklist lines that the parents' documents had to carry, each once."""
        return list(dict.fromkeys(line for record in self.records for line in record.required))

    @property
    def percent(self) -> float | None:
        """Return the coverage of the parent, where there is exactly one and it was measured."""
        measured = [record.coverage.percent for record in self.records if record.coverage]
        return measured[0] if len(self.records) == len(measured) == 1 else None


def _promises_of(record: Record) -> list[Promise]:
    return read_policy(record.policy, path=f"the record of {record.session}").promise


def choose_parents(store: Store, session: str, override: Sequence[str] = (), *, tracked: Collection[str] = ()) -> list[str]:
    """Choose a session's parents: those asked for, else those it had before and what was merged since, else the chain's tips.

    Args:
        tracked: the sessions whose records git tracks; one that has come beside this session was merged in, and is continued.

    Raises:
        UsageProblem: when a session is asked to continue itself or one that comes after it, or a name has no record.
        EvidenceProblem: when a record cannot be read, or that of this session is lost and others continue it.
    """
    if override:
        return [_known(store, session, name) for name in dict.fromkeys(override)]
    chain = Chain(store)
    if store.has(session):
        kept = [parent.session for parent in store.figures(session).previous]
        _refuse_lost(store, session, kept)
        beside = set(tracked) - {session, *kept, *chain.before(session)} - chain.descendants(session) if tracked else set()
        return [*kept, *chain.newest_of(beside)]
    if later := chain.after(session):
        raise EvidenceProblem(
            f"the record of {session!r} is missing, but {listed(later)} {'continues' if len(later) == 1 else 'continue'} it; "
            f"restore it from git, or name the session it continued with --handoff-previous, "
            f"or start again without {listed(later)}"
        )
    return chain.tips()


def _refuse_lost(store: Store, session: str, kept: Sequence[str]) -> None:
    """Refuse to run a session again whose parents are not all here, as after a revert or a cherry-pick of that session alone."""
    lost = [name for name in kept if not store.has(name)]
    if not lost:
        return
    chain = Chain(store)
    here = chain.newest_of(chain.links.keys() - chain.descendants(session) - {session})
    run = " ".join([f"pytest --handoff={quote(session)}", *(f"--handoff-previous={quote(name)}" for name in here)])
    raise EvidenceProblem(
        f"the record of {listed([repr(name) for name in lost])} is missing, but {session} continues it; restore it from git"
        + (f", or if it was reverted or never was on this branch: {run}" if here else "")
    )


def load_parents(store: Store, names: Sequence[str]) -> Parents:
    """Read the evidence of these sessions.

    Raises:
        EvidenceProblem: when a record or ledger is missing, damaged or edited.
    """
    records = tuple(store.record(name) for name in latest_of(store, names))
    sources = [store.sources_of(record) for record in records]
    ledgers = [store.whole_ledger(record) for record in records]
    tests = [(record.session, lines) for record, (lines, _) in zip(records, ledgers, strict=True)]
    return Parents(
        records=records,
        links=[Parent(session=name, digest=store.digest(name)) for name in names],
        earlier=join_parents(tests, [replaced for _, replaced in ledgers]),
        sources=None if None in sources else tuple(tree for tree in sources if tree is not None),
    )


def files_to_trace(
    project: Project, sources: Sequence[Mapping[str, SourceLine]] | None, exists: Callable[[str], bool] | None = None
) -> Files:
    """Return what tracing asks of the test files, as the parents left them (``sources``) and as they are now.

    Args:
        exists: tells whether a file is in the tree, also where it is not checked out; without it only the disk is asked.
    """

    @cache
    def bodies() -> Bodies:
        from pytest_handoff.evidence.moved_tests import Bodies

        return Bodies(sources or (), lambda path: read_if_there(project.root / path, project.within, TEXT))

    def in_body(test: str, cases: list[str]) -> list[str]:
        from pytest_handoff.evidence.cases_in_body import cases_in_body

        content = read_if_there(project.root / file_of(test), project.within, TEXT)
        return [] if content is None else cases_in_body(content, test, cases)

    return Files(exists=exists or project.has_file, agree=lambda old, new: bodies().agree(old, new), in_body=in_body)


def latest_of(store: Store, names: Sequence[str]) -> list[str]:
    """Leave out of a session's parents those that another parent goes back to; sessions in a circle all stay.

    Raises:
        EvidenceProblem: when a record cannot be read.
    """
    if len(names) < 2:
        return list(names)
    chain = Chain(store)
    before = {name: set(chain.before(name)) for name in names}
    passed = {old for new, olds in before.items() for old in olds & before.keys() if new not in before[old]}
    return [name for name in names if name not in passed]


def _known(store: Store, session: str, name: str) -> str:
    check_session_name(name)
    if name == session:
        raise UsageProblem(f"--handoff-previous={quote(name)}: a session cannot continue itself")
    if not store.has(name):
        known = ", ".join(store.sessions()) or "none"
        raise UsageProblem(f"--handoff-previous={quote(name)}: there is no record of it; recorded: {known}")
    if session in Chain(store).before(name):
        raise UsageProblem(f"--handoff-previous={quote(name)}: it comes after {session} itself")
    return name


class Pruning(Frozen, frozen=True):
    """The sessions whose sources can go and those whose sources have to stay, each a sorted list.

    Attributes:
        removable: sessions whose sources no session will be compared with.
        kept: sessions whose sources are a base: the newest ones, for the session to come, and those that they continue, so that
            the newest can be run again.
        unrepeatable: sessions that could not have their new code measured again without the removable sources.
        standing: kept sessions whose files hold what differs from removable ones, and have to be written whole before.
    """

    removable: list[str]
    kept: list[str]
    unrepeatable: list[str]
    standing: list[str] = []


def plan(store: Store) -> Pruning:
    """Plan what pruning would remove.

    Raises:
        EvidenceProblem: when a record cannot be read, since the bases would then be a guess.
    """
    records = {name: store.figures(name) for name in store.sessions()}
    tips = Chain(store).tips()
    needed = {*tips, *(parent.session for tip in tips for parent in records[tip].previous)}
    there = {name for name in records if store.sources_path(name).is_file()}
    removable = there - needed
    repeats = [name for name, record in records.items() if removable & {parent.session for parent in record.previous}]
    standing = [name for name in sorted(there & needed) if removable.intersection(_bases_of(store, name)[:1])]
    return Pruning(removable=sorted(removable), kept=sorted(there & needed), unrepeatable=sorted(repeats), standing=standing)


def _bases_of(store: Store, session: str) -> list[str]:
    """Name the sessions whose sources those of a session are made of; none where they are gone already."""
    try:
        return store.chain(SOURCES).bases_of(session)
    except Gap:
        return []

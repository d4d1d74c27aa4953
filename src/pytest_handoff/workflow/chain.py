"""Check the chain of a session: no ancestor's record has changed, and no session that git has is left out."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.figures import listed
from pytest_handoff.project.merged_sessions import (
    is_in_git,
    merged_sessions,
    not_continued,
    replaced,
    restoring,
    rewritten,
    tracked_sessions,
)
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.merged_sessions import MergedRecord, MergedSessions, Rewritten
    from pytest_handoff.record import LedgerLine, Record


class Problem(Frozen, frozen=True):
    """One reason not to believe the evidence, with its place and a remedy; ``command`` is set if it is the whole remedy."""

    kind: str
    path: str
    message: str
    remedy: str | None
    line: int | None = None
    command: str | None = None

    def __str__(self) -> str:
        """Say it on one line: place, what is wrong, what to do."""
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message}; {self.remedy}"

    def as_table(self) -> dict[str, object]:
        """Return the shape for ``--json``."""
        return {"kind": self.kind, "path": self.path, "line": self.line, "message": self.message, "remedy": self.remedy}


def chain_problems(project: Project, session: str, merged: MergedSessions | None = None) -> list[Problem]:
    """Find what is wrong with the chain of a session, back to its beginning; each file is named once.

    Args:
        merged: the sessions that are merged, if they are known already.

    Raises:
        EvidenceProblem: when a record cannot be read.
    """
    merged = merged_sessions(project) if merged is None else merged
    found = [*_rewritten(project, session, merged), *_left_out(project, session, merged)]
    named = {problem.path for problem in found}
    broken = [problem for problem in _broken(project, session, merged) if problem.path not in named]
    return [*broken, *found, *([] if broken or found else _skipped_since(project, session, merged))]


def cannot_tell(session: str, merged: MergedSessions) -> str | None:
    """Say why git cannot tell whether a session continues all that it must, if it cannot."""
    unknown = merged.unknown
    return None if unknown is None else f"cannot tell whether {session} continues everything that is merged: {unknown}"


def chain_of(project: Project, session: str) -> list[str]:
    """Name a session and all its ancestors, nearest first."""
    return list(dict.fromkeys([session, *project.chain.before(session)]))


def _broken(project: Project, session: str, merged: MergedSessions) -> Iterator[Problem]:
    """Find each record of the chain that is missing, or differs from the one that a later session continued."""
    in_git, store = {one.session: one for one in merged.records}, project.store  # made once: there may be a thousand sessions
    for name in chain_of(project, session):
        for parent in store.parents(name):
            command = None
            if not store.has(parent.session):
                from pytest_handoff.project.restoring import restored

                message = f"is missing, but {name} continues it"
                remedy, command = restored(project, parent.session)
            elif store.digest(parent.session) != parent.digest:
                message = f"is not the record that {name} continues"
                remedy = f"restore it, or run pytest --handoff={quote(name)} again"
                found = in_git.get(parent.session)
                command = restoring(project, found) if found and is_in_git(project, found, parent.digest) else None
                from pytest_handoff.project.restoring import restoring_session

                command = command or restoring_session(project, parent.session)
                command = command or (f"pytest --handoff={quote(name)}" if name == session else None)
            else:
                continue
            path = project.shown_record(parent.session)
            yield Problem(kind="chain", path=path, message=message, remedy=remedy, command=command)


def _rewritten(project: Project, session: str, merged: MergedSessions) -> Iterator[Problem]:
    """Find records of a target branch that are gone or changed here; the session at hand may be recorded again."""
    elsewhere: dict[str, list[MergedRecord]] = {}
    for found in rewritten(project, merged.records):
        record = found.newest
        folder = record.path.rsplit("/", 2)[0]
        if record.session == session:
            yield from _recorded_again(project, found)
            continue
        if found.how == "is gone" and folder != project.key(project.evidence):
            elsewhere.setdefault(folder, []).append(record)
            continue
        message = f"{found.how}, and is on {record.where}" if found.how == "is gone" else f"{found.how} on {record.where}"
        command = restoring(project, record)
        path = project.shown(project.root / record.path)
        yield Problem(kind="chain", path=path, message=message, remedy=f"restore it with {command}", command=command)
    for folder, records in elsewhere.items():
        yield _in_another_folder(project, session, folder, records)


def _recorded_again(project: Project, found: Rewritten) -> Iterator[Problem]:
    """Find what this session's own record lost, if it was recorded again and differs from the merged one."""
    session, where = found.newest.session, found.newest.where
    path, own = project.shown_record(session), "record this work under another name: pytest --handoff=NAME"
    now = replaced(project, project.store.record(session), found.merged)
    if not (now.lost or now.weaker):
        return
    restore = f"restore its evidence with {restoring(project, found.newest)}, and {own}"
    if now.lost:
        message = f"lacks what {session} has on {where}: {listed(now.lost)}"
        remedy = f"put back what is missing; if the merged {session} is someone else's, {restore}"
        yield Problem(kind="chain", path=path, message=message, remedy=remedy)
    if now.weaker:
        message = f"differs from {session} on {where}: {listed(now.weaker)}"
        remedy = f"undo that and run pytest --handoff={quote(session)} again; or {restore}"
        yield Problem(kind="chain", path=path, message=message, remedy=remedy)


def _in_another_folder(project: Project, session: str, folder: str, records: list[MergedRecord]) -> Problem:
    names = listed([one.session for one in records])
    move = f"git mv {quote(project.shown(project.root / folder))} {quote(project.shown(project.evidence))}"
    return Problem(
        kind="chain",
        path=project.shown_record(session),
        message=f"does not continue {names}, recorded on {records[0].where} in {folder}/",
        remedy=f"keep all evidence in one folder ({move}, or change 'dir' back), "
        f"then run pytest --handoff={quote(session)} again",
    )


def _left_out(project: Project, session: str, merged: MergedSessions) -> Iterator[Problem]:
    """Find sessions that are recorded here and merged, but that this one does not continue, directly or indirectly."""
    names = not_continued(project, session, merged.records)
    later = project.chain.descendants(session)
    where = {record.session: record.where for record in merged.records}
    after, beside = [name for name in names if name in later], [name for name in names if name not in later]
    path = project.shown_record(session)
    if beside:
        message = f"does not continue {listed(beside)}, recorded on {where[beside[0]]}"
        command, remedy = _again(project, session, beside)
        yield Problem(kind="chain", path=path, message=message, remedy=remedy, command=command)
    if after:
        message = f"is not the end of the chain on {where[after[0]]}: {listed(after)} comes after it"
        yield Problem(kind="chain", path=path, message=message, remedy="record this work as a new session: pytest --handoff=NAME")


def _again(project: Project, session: str, beside: list[str]) -> tuple[str, str]:
    """Write the run that continues these sessions too, and the sentence that asks for it; git's sessions need not be named."""
    command = f"pytest --handoff={quote(session)}"
    if set(beside) <= tracked_sessions(project):
        return command, f"run {command} again, to continue what was merged as well"
    names = dict.fromkeys([*(parent.session for parent in project.store.parents(session)), *beside])
    command = " ".join([command, *(f"--handoff-previous={quote(name)}" for name in names)])
    return command, f"run {command}"


def _skipped_since(project: Project, session: str, merged: MergedSessions) -> Iterator[Problem]:
    """Find tests that passed in merged sessions and that an earlier session, not merged yet, skipped.

    Only where this session's figures hold, and not what one of those sessions skipped with its gate waived for a reason.
    """
    store = project.store
    names, chain = {record.session for record in merged.records if record.where != "HEAD"}, project.chain
    before = chain.before(session)
    record = store.figures(session)
    if session in names or not names.intersection(before) or not _holds(record):
        return
    records = {name: store.figures(name) for name in reversed(before) if name not in names}  # a ledger may differ from the last
    between = {name: store.ledger(one) for name, one in records.items()}
    if not between:
        return
    from pytest_handoff.evidence.ledger import join_parents
    from pytest_handoff.evidence.skipped_since import skipped_since

    ends = chain.newest_of(names.intersection(before))
    there = join_parents([(name, store.ledger(store.figures(name))) for name in ends])
    excused = {test for name, one in records.items() if _is_waived(one) for test in _left_out_by(between[name])}
    lost = [line for line in skipped_since(store.ledger(record), between, there.lines) if line.id not in excused]
    if lost:
        yield Problem(
            kind="regression",
            path=project.shown_record(session),
            message=f"no longer passes all that passed in {listed(ends)}, which {'is' if len(ends) == 1 else 'are'} merged: "
            + listed([f"{line.id} is {line.outcome}" for line in lost]),
            remedy="make them pass again, or retire them with a reason in [[tool.handoff.retire]]",
        )


def _holds(record: Record) -> bool:
    """Check that a session's figures show no lost test, even if no earlier test counts any more."""
    return any(one.id == "regression" and one.verdict != "failed" for one in record.gates) and not _is_waived(record)


def _is_waived(record: Record) -> bool:
    """Check whether somebody gave a reason for lost tests; a gate that does not apply counts as waived, too."""
    said = [one for one in record.gates if one.id == "regression" and one.verdict == "waived"]
    return any(not one.evidence.startswith("not applicable") for one in said)


def _left_out_by(ledger: Mapping[str, LedgerLine]) -> list[str]:
    return [line.id for line in ledger.values() if line.outcome in ("skipped", "xfailed")]

"""Find lines that count as old only by their hash, if git has the earlier text: verifying does this, a run does not."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.evidence.source_changes import match_moves
from pytest_handoff.figures import format_ranges
from pytest_handoff.nodeids import file_of
from pytest_handoff.project.contents import Contents, all_in_git, with_lines
from pytest_handoff.project.sessions import Parents, latest_of
from pytest_handoff.workflow.chain import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record, SourceLine


def collided(project: Project, facts: Facts, tree: Tree, merged: Collection[str]) -> Iterator[Problem]:
    """Compare each file that differs from an earlier version with the text of that version, one problem a file.

    A version that git does not have here says nothing.

    Args:
        tree: the tree that the session is about.
        merged: the sessions that are merged; what came before them is not compared again.
    """
    record = facts.record
    bases = list(_earlier(project, record, merged))
    if not project.uses_git or not bases:
        return
    measured = record.coverage.files if record.coverage else {}
    now = with_lines(project, tree, [path for path in measured if path in tree.files], bases[0])
    others = [*bases, *_merged_in(project, record, tree, now, bases)]
    pairs = {*_pairs(now, others), *_moved_tests(facts, now, others)}
    yield from _problems(project, record, Contents(project, tree), pairs)


def _earlier(project: Project, record: Record, merged: Collection[str]) -> Iterator[dict[str, SourceLine]]:
    """Yield the trees of the sessions before this one, up to those that are merged: each of these was compared with its own."""
    ahead, seen = latest_of(project.store, [parent.session for parent in record.previous]), {record.session}
    while ahead:
        name = ahead.pop(0)
        if name in seen or not project.store.has(name):
            continue
        seen.add(name)
        parent = project.store.figures(name)
        sources = project.store.sources_of(parent)
        if sources is not None:
            yield sources
        if name not in merged:
            ahead += [one.session for one in parent.previous]


def _merged_in(
    project: Project, record: Record, tree: Tree, now: Mapping[str, SourceLine], bases: list[dict[str, SourceLine]]
) -> Iterable[Mapping[str, SourceLine]]:
    """Return the states of the target branch whose lines are left out of this session's new code."""
    if record.new_code is None or project.config.target is None:
        return ()
    from pytest_handoff.project.merged_lines import merged_in

    names = latest_of(project.store, [parent.session for parent in record.previous])
    records = tuple(project.store.figures(name) for name in names if project.store.has(name))
    parents = Parents(records=records, sources=tuple(bases))
    found = merged_in(project, tree, parents, now)
    return found.trees if found else ()


def _pairs(now: Mapping[str, SourceLine], bases: Iterable[Mapping[str, SourceLine]]) -> Iterator[tuple[str, str]]:
    """Yield each file that differs from an earlier version, with the blob id of that version."""
    for base in bases:
        moves = match_moves(base, now)
        for path, line in now.items():
            old = base.get(moves.get(path, path))
            if old is not None and old.lines and line.lines and old.blob != line.blob:
                yield path, old.blob


def _moved_tests(
    facts: Facts, now: Mapping[str, SourceLine], bases: Iterable[Mapping[str, SourceLine]]
) -> Iterator[tuple[str, str]]:
    """Yield the files to which tests moved, each with the one that they left."""
    moved = {(file_of(line.id), file_of(line.moved_from)) for line in facts.ledger.values() if line.moved_from}
    for base in bases:
        yield from ((new, base[old].blob) for new, old in moved if new in now and old in base and base[old].lines)


def _problems(project: Project, record: Record, contents: Contents, pairs: Collection[tuple[str, str]]) -> Iterator[Problem]:
    from pytest_handoff.evidence.line_collisions import collided_lines

    befores = all_in_git(project, {blob for _, blob in pairs})
    found: dict[str, set[int]] = {}
    for path, blob in pairs:
        text = contents.read(path) if blob in befores else None
        if text is not None:
            found.setdefault(path, set()).update(collided_lines(befores[blob], text))
    again = f"then run pytest --handoff={quote(record.session)} again"
    for path, lines in sorted(found.items()):
        if lines:
            place, which = project.shown(project.root / path), format_ranges(lines)
            has, it = (f"line {which} has", "it") if len(lines) == 1 else (f"lines {which} have", "them")
            message = f"{has} the hash of an earlier line and another text, so new code would count as old"
            yield Problem(
                kind="record", path=place, line=min(lines), message=message, remedy=f"reword {it} (a comment is enough), {again}"
            )

"""Recompute what a record says about files and test functions from the tree it is about."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from pytest_handoff.evidence.integrity import examine
from pytest_handoff.evidence.source_changes import changes_between, match_moves
from pytest_handoff.figures import listed
from pytest_handoff.project.foreign_files import TEXT, read_if_there
from pytest_handoff.project.tree import unparsable, with_lines
from pytest_handoff.record import Changes, Frozen, Integrity, SourceLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record


Sources = dict[str, SourceLine]


class Recomputed(Frozen, frozen=True):
    """The parts of a record that follow from the tree, the trees before it and the ledger."""

    changes: Changes
    unparsable: dict[str, str]
    integrity: Integrity


def untrue(project: Project, facts: Facts, tree: Tree) -> list[str]:
    """Find what the record of a fresh session says that the tree does not, one phrase each.

    Another version of Python than the one that recorded the files may understand less of them: then only what the record leaves
    out is named.
    """
    record, bases = facts.record, _bases(project, facts.record)
    if record.changes is None:
        known = record.source.base_found != "pruned"
        return ["it does not say what changed, although the trees before it were there"] if known else []
    if None in bases:
        return []
    now = recompute(project, facts, tree, [base for base in bases if base is not None])
    same_reader = record.run.python.rpartition(".")[0] == platform.python_version().rpartition(".")[0]
    return list(_differences(record, now, same_reader=same_reader))


def missing_bases(project: Project, record: Record) -> list[str]:
    """Name the parent sessions whose sources are gone, although the record was made with them."""
    if record.changes is None:
        return []
    return [parent.session for parent in record.previous if not project.store.has_sources(parent.session)]


def recompute(project: Project, facts: Facts, tree: Tree, bases: list[Sources]) -> Recomputed:
    """Compare the tree as it stands with those of the parent sessions, as a run does when it records."""
    record, base = facts.record, bases[-1] if bases else {}
    renames = {old: new for new, old in match_moves(base, with_lines(project, tree, (), base)).items()} if base else {}
    measured = record.coverage.files if record.coverage else {}
    sources = with_lines(project, tree, measured, base) | _generated(project, record, tree.files)
    changes = changes_between(base, sources, renames, record.tests.new)
    touched = {*changes.created, *changes.modified, *renames.values()}
    integrity = examine(
        facts.session, facts.ledger.values(), sources, bases, renames=renames, read=lambda path: _content(project, path)
    )
    return Recomputed(changes=changes, unparsable=unparsable(project.root, touched & sources.keys()), integrity=integrity)


def _bases(project: Project, record: Record) -> list[Sources | None]:
    store = project.store
    return [store.sources_of(store.record(parent.session)) if store.has(parent.session) else None for parent in record.previous]


def _generated(project: Project, record: Record, files: Collection[str]) -> Sources:
    """Find measured files that git ignores: a clean clone may lack them, so the run's word on them stands."""
    stored = project.store.sources_of(record) or {}
    return {path: line for path, line in stored.items() if path not in files}


def _content(project: Project, path: str) -> bytes | None:
    return read_if_there(project.root / path, project.within, TEXT)


def _differences(record: Record, now: Recomputed, *, same_reader: bool) -> Iterator[str]:
    known = record.integrity or Integrity(changed=[], without_assertion=[])
    pairs: list[tuple[str, Collection[str], Collection[str]]] = [
        ("the tests that changed", known.changed or [], now.integrity.changed or []),
        ("the tests that assert nothing", known.without_assertion, now.integrity.without_assertion),
        ("the files that do not parse", record.unparsable or {}, now.unparsable),
    ]
    for what, said, found in pairs:
        hidden, invented = sorted({*found} - {*said}), sorted({*said} - {*found})
        if hidden:
            yield f"it leaves out of {what}: {listed(hidden)}"
        if invented and same_reader:
            yield f"it counts among {what}, wrongly: {listed(invented)}"
    if record.changes != now.changes:
        yield f"it says otherwise what changed: {listed(_files(record.changes, now.changes)) or 'the figures'}"


def _files(said: Changes | None, found: Changes) -> list[str]:
    """Name the files about which the two differ."""
    each = [_kinds(said) if said else {}, _kinds(found)]
    return sorted(path for path in {*each[0], *each[1]} if each[0].get(path) != each[1].get(path))


def _kinds(changes: Changes) -> Mapping[str, str]:
    renamed = dict.fromkeys((new for _, new in changes.renamed), "renamed")
    return (
        dict.fromkeys(changes.created, "created")
        | dict.fromkeys(changes.modified, "modified")
        | dict.fromkeys(changes.removed, "removed")
        | renamed
    )

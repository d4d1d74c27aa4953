"""Find out which configuration files parse: read those that a session changed, and take the others from the earlier record."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.evidence.settings_text import format_of
from pytest_handoff.project.contents import Contents
from pytest_handoff.project.tree import unparsable
from pytest_handoff.record import ParsedFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Changes, Record, SourceLine


def touched_by(changes: Changes) -> set[str]:
    """Collect the files that a session made or changed, under their new names."""
    return {*changes.created, *changes.modified, *(new for _, new in changes.renamed)}


def unchanged_files(
    project: Project,
    paths: Iterable[str],
    touched: Collection[str],
    base: Record | None,
    stored: Callable[[str], bytes | None],
) -> ParsedFiles:
    """Count the configuration files, and find those that do not parse and were not touched.

    Args:
        paths: the files of the tree.
        touched: those that the session changed; they are left to :func:`pytest_handoff.project.tree.unparsable`.
        base: the record of the previous session, with whose tree the files were compared.
        stored: reads what is not checked out.
    """
    formats = {path: found for path in paths if (found := format_of(path))}
    others = formats.keys() - set(touched)
    known = None if base is None else _known(base)
    there = {path: known[path] for path in sorted(known.keys() & others)} if known is not None else None
    broken = unparsable(project.root, others, stored) if there is None else there
    return ParsedFiles(formats=dict(sorted(Counter(formats.values()).items())), broken=broken)


def changed_and_broken(
    project: Project, tree: Tree, sources: Mapping[str, SourceLine], changes: Changes | None
) -> dict[str, str] | None:
    """Find the configuration files that a session touched and that do not parse; ``None`` if nobody knows what it touched."""
    if changes is None:
        return None
    touched = touched_by(changes) & sources.keys()
    return unparsable(project.root, touched, Contents(project, tree).stored) if touched else {}


def _known(record: Record) -> dict[str, str] | None:
    """Return all files that did not parse in a session; ``None`` where its record knows of the changed ones only."""
    parsed = record.integrity.parsed if record.integrity else None
    return None if parsed is None or record.unparsable is None else record.unparsable | parsed.broken

"""Compare the source trees before and after a session: files, lines and documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.evidence.source_changes import changed_lines
from pytest_handoff.nodeids import path_matches
from pytest_handoff.record import Changes, SourceLine

if TYPE_CHECKING:
    from collections.abc import Mapping


_DOCUMENTS = ("**/*.md", "**/*.rst", "**/*.adoc", "docs/**", "**/docs/**")


def changes_between(
    base: Mapping[str, SourceLine], now: Mapping[str, SourceLine], renames: Mapping[str, str], tests_added: int
) -> Changes:
    """Compare two trees, by file and by line.

    Args:
        renames: old path to new path.
        tests_added: how many tests are new.
    """
    created = sorted(now.keys() - base.keys() - set(renames.values()))
    removed = sorted(base.keys() - now.keys() - set(renames))
    modified = sorted(path for path in now.keys() & base.keys() if now[path].blob != base[path].blob)
    pairs = [(base.get(old), now[new]) for old, new in renames.items()] + [(base[path], now[path]) for path in modified]
    pairs += [(None, now[path]) for path in created]
    added = sum(len(changed_lines(old.lines if old else "", new.lines)) for old, new in pairs)
    taken = sum(len(changed_lines(new.lines, old.lines)) for old, new in pairs if old)
    taken += sum(len(changed_lines("", base[path].lines)) for path in removed)
    touched = {*created, *modified, *renames.values()}
    return Changes(
        created=created,
        modified=modified,
        removed=removed,
        renamed=sorted((old, new) for old, new in renames.items()),
        lines_added=added,
        lines_removed=taken,
        tests_added=tests_added,
        documents_changed=sum(any(path_matches(path, glob) for glob in _DOCUMENTS) for path in touched),
    )

"""Recompute a record from the tree it is about, and check that its figures fit each other."""

from __future__ import annotations

import platform
import re
from math import isclose
from shlex import quote
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.integrity import examine
from pytest_handoff.evidence.source_changes import changes_between, match_moves
from pytest_handoff.figures import listed
from pytest_handoff.nodeids import file_of
from pytest_handoff.project.contents import Contents, with_lines
from pytest_handoff.project.sessions import latest_of
from pytest_handoff.project.tree import unparsable
from pytest_handoff.record import Changes, Frozen, Integrity, SourceLine
from pytest_handoff.workflow.parsing import unchanged_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import CoverageSummary, NewCode, NewCodeFile, Record


Sources = dict[str, SourceLine]


class Recomputed(Frozen, frozen=True):
    """The parts of a record that follow from the tree, the trees before it and the ledger."""

    changes: Changes
    unparsable: dict[str, str]
    integrity: Integrity


def untrue(project: Project, facts: Facts, tree: Tree) -> list[str]:
    """Find what the record of a fresh session says but the tree contradicts, one phrase each.

    Another version of Python than the one that recorded the files may understand less of them: then only what the record leaves
    out is named.
    """
    record, bases = facts.record, _bases(project, facts.record)
    if record.changes is None:
        known = record.source.base_found != "pruned"
        return ["it does not say what changed, although the earlier trees were available"] if known else []
    if None in bases:
        return []
    now = recompute(project, facts, tree, [base for base in bases if base is not None])
    contents = Contents(project, tree)
    same_reader = record.run.python.rpartition(".")[0] == platform.python_version().rpartition(".")[0]
    return list(_differences(record, now, contents, same_reader=same_reader))


def missing_bases(project: Project, record: Record) -> list[str]:
    """Name the parent sessions whose sources are gone, although the record was made with them."""
    if record.changes is None:
        return []
    return [name for name in _compared_with(project, record) if not project.store.has_sources(name)]


def recompute(project: Project, facts: Facts, tree: Tree, bases: list[Sources]) -> Recomputed:
    """Compare the tree as it stands with those of the parent sessions, as a run does when it records."""
    record, base = facts.record, bases[-1] if bases else {}
    contents, measured = Contents(project, tree), record.coverage.files if record.coverage else {}
    own = project.store.sources_of(record) or {}
    now, sources = (_with_what_git_lacks(with_lines(project, tree, more, base), tree, own) for more in ((), measured))
    renames = {old: new for new, old in match_moves(base, now).items()} if base else {}
    sources |= {path: line for path, line in own.items() if path not in tree.files}  # ignored: a clean clone may lack them
    changes = changes_between(base, sources, renames, record.tests.new)
    touched = {*changes.created, *changes.modified, *renames.values()}
    parsed = unchanged_files(project, sources, touched, _base(project, record), contents.stored)
    broken = unparsable(project.root, touched & sources.keys(), contents.stored)
    integrity = examine(facts.session, facts.ledger.values(), sources, bases, renames=renames, read=contents.read)
    return Recomputed(changes=changes, unparsable=broken, integrity=replace(integrity, parsed=parsed))


def _base(project: Project, record: Record) -> Record | None:
    """Return the record of the session whose tree this one was compared with."""
    names = _compared_with(project, record)
    return project.store.figures(names[-1]) if names else None


def _bases(project: Project, record: Record) -> list[Sources | None]:
    store = project.store
    return [store.sources_of(store.figures(name)) if store.has(name) else None for name in _compared_with(project, record)]


def _compared_with(project: Project, record: Record) -> list[str]:
    return latest_of(project.store, [parent.session for parent in record.previous])


def _with_what_git_lacks(now: Sources, tree: Tree, own: Sources) -> Sources:
    """Believe the run about the lines of files that are neither checked out nor in git here, as in a partial clone."""
    lacking = [path for path in tree.absent if not now[path].lines and path in own and own[path].blob == now[path].blob]
    return now | {path: own[path] for path in lacking}


def _differences(record: Record, now: Recomputed, contents: Contents, *, same_reader: bool) -> Iterator[str]:
    known = record.integrity or Integrity(changed=[], without_assertion=[])
    pairs: list[tuple[str, Collection[str], Collection[str]]] = [
        ("the tests that changed", known.changed or [], now.integrity.changed or []),
        ("the changed files that tests use", known.beside, now.integrity.beside),
        ("the tests that run code under another name", known.in_another_name, now.integrity.in_another_name),
        ("the tests that assert nothing", known.without_assertion, now.integrity.without_assertion),
        ("the files that do not parse", record.unparsable or {}, now.unparsable),
        ("the files that do not parse", _broken(known), _broken(now.integrity)),
    ]
    for what, said, found in pairs:
        hidden, invented = sorted({*found} - {*said}), sorted({*said} - {*found})
        invented = [one for one in invented if not contents.lacks(file_of(one))]
        if hidden:
            yield f"in {what}, it omits {listed(hidden)}"
        if invented and same_reader:
            yield f"in {what}, it wrongly lists {listed(invented)}"
    if record.changes != now.changes:
        yield f"it describes the changes differently: {listed(_files(record.changes, now.changes)) or 'the figures'}"


def _broken(integrity: Integrity) -> Collection[str]:
    """Name the unchanged files that do not parse."""
    return integrity.parsed.broken if integrity.parsed else ()


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


_RANGE = re.compile(r"([1-9]\d{0,8})(?:-([1-9]\d{0,8}))?", re.ASCII)


def refuse_edited(record: Record) -> None:
    """Refuse a record that contradicts itself.

    Raises:
        EvidenceProblem: naming the first contradiction.
    """
    for contradiction in contradictions(record):
        raise EvidenceProblem(
            f"the record of {record.session} contradicts itself, {contradiction}: it was edited; "
            f"restore it, or run pytest --handoff={quote(record.session)} again"
        )


def contradictions(record: Record) -> list[str]:
    """List the contradictions in a record, one phrase each; an untouched record has none."""
    found = list(_of_run(record))
    if record.coverage is not None:
        found += _of_coverage(record.coverage)
    if record.new_code is not None:
        found += _of_new_code(record.new_code)
    return found


def _of_run(record: Record) -> Iterator[str]:
    run, counts = record.run, record.tests.counts
    if not record.previous and any(record.tests.regression.statuses.values()):
        yield "it names no earlier session, but counts tests of earlier sessions"
    if run.complete and run.why_incomplete:
        yield "it calls the run complete, but says why it is not"
    if run.complete and counts.get("not_run", 0):
        yield f"it calls the run complete, but {counts['not_run']} of its tests did not run"


def _of_coverage(coverage: CoverageSummary) -> Iterator[str]:
    files = coverage.files.values()
    if coverage.covered != sum(file.covered for file in files):
        yield "the covered statements of the files do not add up to its total"
    if coverage.num_statements != sum(file.num_statements for file in files):
        yield "the statements of the files do not add up to its total"
    branches = [(file.covered_branches or 0, file.num_branches or 0) for file in files]
    hit = coverage.covered + sum(covered for covered, _ in branches)
    total = coverage.num_statements + sum(number for _, number in branches)
    if total and not isclose(coverage.percent, 100 * hit / total, abs_tol=1e-6):
        yield f"its coverage of {coverage.percent} % does not match its files"
    for path, file in coverage.files.items():
        if file.num_statements - file.covered != _lines_in(file.missing):
            yield f"the figures of {path} do not fit its missing lines"


def _of_new_code(code: NewCode) -> Iterator[str]:
    files = code.files.values()
    if code.num_statements != sum(file.num_statements for file in files):
        yield "the new statements of the files do not add up to its total"
    if code.covered != sum(file.covered for file in files):
        yield "the covered new statements of the files do not add up to its total"
    if code.excluded != sum(_lines_in(file.excluded) for file in files):
        yield "the excluded new lines of the files do not add up to its total"
    for whose in ("unit", "new_unit"):
        total, parts = getattr(code, f"covered_by_{whose}"), [getattr(file, f"covered_by_{whose}") for file in files]
        if total != (None if None in parts else sum(parts)) and (parts or total):
            yield f"the new statements covered by {whose.replace('_', ' ')} tests do not add up to its total"
    if not code.at_import.keys() <= code.files.keys():
        yield "it has statements that run at import in files without new code"
    every = [code.owed, *code.owed_to.values()]
    if any(_lines_in(lines) < 1 for owed in every for files in owed.values() for lines in files.values()):
        yield "the lines that earlier sessions left untested are not line numbers"
    for path, file in code.files.items():
        yield from _of_new_lines(path, file, _lines_in(code.at_import.get(path, "")))


def _of_new_lines(path: str, file: NewCodeFile, at_import: int) -> Iterator[str]:
    if at_import < 0:
        yield f"the lines of {path} that run at import are not line numbers"
    if _lines_in(file.marked) < 0:
        yield f"the marked lines of {path} are not line numbers"
    if file.num_statements != _lines_in(file.lines):
        yield f"the number of {path}'s new statements is not that of its new lines"
    if file.num_statements - file.covered != _lines_in(file.missing):
        yield f"the figures of {path}'s new lines do not fit its missing lines"
    ran = file.covered - at_import
    for covered, others in ((file.covered_by_unit, file.not_by_unit), (file.covered_by_new_unit, file.not_by_new_unit)):
        if (covered is None) != (others is None) or (covered is not None and ran - covered != _lines_in(others or "")):
            yield f"the figures of {path}'s new lines do not fit the lines that other tests ran"


def _lines_in(ranges: str) -> int:
    """Count the lines in ``7, 9-10`` without listing them, since a damaged record may name very many; -1 for any other text."""
    parts = [_RANGE.fullmatch(part.strip()) for part in ranges.split(",")] if ranges.strip() else []
    if None in parts:
        return -1
    return sum(int(part[2] or part[1]) - int(part[1]) + 1 for part in parts if part)

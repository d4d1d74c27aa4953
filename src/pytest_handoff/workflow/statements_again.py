"""Check that the statements and branches which a session keeps for the next run are those of its sources."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.figures import listed
from pytest_handoff.project.foreign_files import leads_outside
from pytest_handoff.project.stored_files import STATEMENTS
from pytest_handoff.workflow.chain import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record, StatementsLine


def untrue_statements(project: Project, record: Record, tree: Tree) -> Iterator[Problem]:
    """Parse the sources of a fresh session again, and compare; where another version made the file, no run here believes it.

    Raises:
        EvidenceProblem: when the file is missing, damaged, or not the one that the record was written with.
    """
    known = record.coverage.statements if record.coverage else None
    if known is None:
        return
    from pytest_handoff.coverage.parse_again import CannotParse, Sources, parse_again
    from pytest_handoff.workflow.known_statements import read_statements

    said = read_statements(project, record, known)
    paths = [path for path in said if path in tree.files and _is_here(project, path)]
    try:
        found = parse_again(Sources(str(project.root), paths, known.parsed_by, str(project.folder)))
    except CannotParse as problem:
        yield _problem(project, record, f"cannot be checked: {problem}")
        return
    if found is None:
        return
    what = "the statements" if known.parsed_by.partial is None else "the statements and branches"
    if wrong := [path for path in paths if not _is_true(said[path], found.get(path))]:
        yield _problem(project, record, f"does not match {what} that coverage.py finds in {listed(wrong)}")


def _is_true(said: StatementsLine, found: StatementsLine | None) -> bool:
    """Compare what is said of a source with what is found; branches that are not kept are believed by no run."""
    return found is not None and said.layout == found.layout and said.branches in ("", found.branches)


def _problem(project: Project, record: Record, message: str) -> Problem:
    again = f"pytest --handoff={quote(record.session)}"
    places = [
        project.shown(_place(project, parent.session)) for parent in record.previous if _place(project, parent.session).exists()
    ]
    first = f"delete {listed(places)}, which a run would use, and " if places else ""
    return Problem(
        kind="record", path=project.shown(_place(project, record.session)), message=message, remedy=f"{first}run {again} again"
    )


def _place(project: Project, session: str) -> Path:
    return project.evidence / session / STATEMENTS


def _is_here(project: Project, path: str) -> bool:
    place = project.root / path
    return place.is_file() and not leads_outside(place, project.within)

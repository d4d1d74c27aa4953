"""Run ``handoff init``: make a new document, or adopt one that already exists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import GOOD, project_here, project_to_write, verb
from pytest_handoff.cli.text_diff import unified
from pytest_handoff.errors import DocumentProblem, UsageProblem
from pytest_handoff.printing import say

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project


@click.command()
@click.argument("session")
@click.option("--template", metavar="NAME", help="The template; without it the configured one.")
@click.option("--adopt", metavar="FILE", help="Begin with this document instead, and show the blocks that it would be given.")
@click.option("--write", is_flag=True, help="With --adopt: write the document with the blocks.")
@click.pass_obj
@verb
def init(handoff_dir: str | None, session: str, template: str | None, adopt: str | None, *, write: bool) -> int:
    """Make the document of a new SESSION, pre-filled with what the sessions before promised."""
    from pytest_handoff.config import check_session_name

    project = (project_to_write if adopt is None or write else project_here)(handoff_dir)
    check_session_name(session)
    if adopt is not None and template is not None:
        raise UsageProblem("--adopt takes the document as it is; leave --template out")
    if adopt is not None:
        return _adopt(project, session, Path(adopt), write=write)
    if write:
        raise UsageProblem("--write goes with --adopt FILE; without it the document is written anyway")
    return _make(project, session, template)


def _make(project: Project, session: str, template: str | None) -> int:
    from pytest_handoff.document import parse
    from pytest_handoff.project.artifacts import Artifact, write_all
    from pytest_handoff.project.sessions import choose_parents, load_parents
    from pytest_handoff.workflow import finish

    path = project.document(session)
    if path.exists():
        raise DocumentProblem(f"is there already; fill it in place with pytest --handoff={session}", path=project.shown(path))
    parents = load_parents(project.store, choose_parents(project.store, session))
    text = finish.new_document(project, session, parents, template=template)
    write_all([Artifact(path=path, content=parse.encode(text))], project.within)
    say(project.shown(path))
    say(f"next: write what the session is about, then pytest --handoff={session}")
    return GOOD


def _adopt(project: Project, session: str, source: Path, *, write: bool) -> int:
    from pytest_handoff.document import parse
    from pytest_handoff.document.find import adopt
    from pytest_handoff.project.artifacts import Artifact, write_all

    target = project.document(session)
    shown = project.shown(target)
    if target.exists() and os.path.realpath(source) != os.path.realpath(target):
        raise DocumentProblem("is there already; adopt that one, or move it away", path=shown)
    if not source.is_file():
        raise DocumentProblem("there is no such file to adopt", path=str(source))
    text = parse.decode(_content(project, source), str(source))
    adopted = adopt(text, str(source))
    _show(text, adopted.text, str(source), shown)
    for block in adopted.homeless:
        say(f"{shown}: no section for the block {block}")
    if not adopted.added:
        say(f"{shown}: nothing to add")
    if write:
        write_all([Artifact(path=target, content=parse.encode(adopted.text))], project.within)
        say(f"{shown}: written; next: pytest --handoff={session}")
    else:
        say(f"nothing was written; next: handoff init {session} --adopt {source} --write")
    return GOOD


def _content(project: Project, source: Path) -> bytes:
    from pytest_handoff.project.foreign_files import TEXT, named_by_a_person, read_file

    try:
        return read_file(source, [named_by_a_person(Path.cwd() / source, project.root)], TEXT)
    except OSError as error:
        raise DocumentProblem(f"cannot be read: {error.strerror or error}", path=str(source)) from error


def _show(old: str, new: str, source: str, shown: str) -> None:
    lines = unified(old.split("\n"), new.split("\n"), source, shown, end="")
    for line in lines:
        say(line.rstrip("\r"), whole=True)

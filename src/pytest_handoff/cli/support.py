"""Provide what every command needs: exit codes, the errors that lead to them, and the project of the working directory."""

from __future__ import annotations

import errno
import functools
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pytest_handoff.config import is_session_name
from pytest_handoff.errors import HandoffError, UsageProblem, WriteProblem
from pytest_handoff.printing import put_line, say, say_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_handoff.details import Details
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.proof import Proof
    from pytest_handoff.record import Record
    from pytest_handoff.workflow.ci import Annotation
    from pytest_handoff.workflow.finish import FinishedSession


GOOD, NO, CANNOT_TELL = 0, 1, 2

_ONE_WORD = re.compile(r"[\w.+-]+")

Command = TypeVar("Command", bound="Callable[..., Any]")


def verb(command: Command) -> Command:
    """Wrap a command: a user's mistake, or output that could not be written, becomes one sentence and exit code 2."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            sys.exit(command(*args, **kwargs))
        except HandoffError as error:
            say_error(error)
            sys.exit(CANNOT_TELL)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EPIPE) or error.filename is not None:
                raise
            if error.errno == errno.ENOSPC:
                say("handoff: no space left to write the output", err=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushing the rest at exit would fail again
            sys.exit(CANNOT_TELL)

    return run  # type: ignore[return-value] # click only needs the name and the parameters, which wraps keeps


def project_here(handoff_dir: str | None, *, below: bool = True) -> Project:
    """Open the project of the working directory, or the only one below it, for reading; nothing in it is changed.

    Raises:
        UsageProblem: if the settings cannot be used.
        EvidenceProblem: if a process died while it wrote the evidence, and only some of its files are new.
    """
    from pytest_handoff.project.writing import refuse_mixed

    project = _open(handoff_dir, below=below)
    if (unfinished := refuse_mixed(project)) is not None:
        say(f"handoff: {unfinished}", err=True)
    return project.sharing()


def project_to_write(handoff_dir: str | None, *, below: bool = True) -> Project:
    """Open the project as :func:`project_here` does, for writing, and finish the write of a process that died.

    Raises:
        UsageProblem: if the settings cannot be used.
        WriteProblem: if that write cannot be finished.
    """
    from pytest_handoff.project.writing import finish_interrupted_write

    project = _open(handoff_dir, below=below)
    for name in finish_interrupted_write(project):
        say(f"{name}: was changed by somebody else while it was being written, and is left as it is", err=True)
    return project


def _open(handoff_dir: str | None, *, below: bool) -> Project:
    from pytest_handoff.project.writing import OLD_NOTE

    project = _found(handoff_dir, below=below)
    if not Path.cwd().resolve().is_relative_to(project.folder):
        say(f"handoff: {project.shown(project.folder)} is the project; cd there to run pytest", err=True)
    if os.path.lexists(note := project.handoffs / OLD_NOTE):
        say(
            f"{project.shown(note)}: is an old note about files to move, and is ignored: anybody can commit one; remove it",
            err=True,
        )
    return project


def _found(handoff_dir: str | None, *, below: bool = True) -> Project:
    """Find the project of the working directory, or the only one below it, except for a command that begins a project."""
    from pytest_handoff.project.layout import open_project

    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise UsageProblem("the working directory is gone; change to one that exists") from error
    project = open_project(here, dir_option=handoff_dir)
    if handoff_dir is not None or not below:
        return project
    from pytest_handoff.project.below import project_below

    return project_below(project) or project


def write_output(project: Project, output: str, content: bytes) -> None:
    """Write a file that a person named.

    Raises:
        WriteProblem: with the name that the person gave, when it cannot be written.
    """
    from pytest_handoff.project.artifacts import Artifact, write_each
    from pytest_handoff.project.foreign_files import named_by_a_person

    path = Path.cwd() / output
    if path.is_dir():
        raise WriteProblem("is a folder; name a file in it", path=output)
    try:
        write_each([Artifact(path=path, content=content)], [named_by_a_person(path, project.root)])
    except WriteProblem as error:
        raise WriteProblem(error.message, path=output) from error


def write_named_file(project: Project, output: str, content: bytes) -> None:
    """Write a file that a person named, print its name, and warn if it makes the evidence stale.

    Raises:
        WriteProblem: with the name that the person gave, when it cannot be written.
    """
    write_output(project, output, content)
    say(output)
    tell_if_code(project, Path.cwd() / output)


def tell_if_code(project: Project, path: Path, tree: Tree | None = None) -> None:
    """Warn if a file that was just written makes the tree differ from the one that the evidence is about.

    Args:
        tree: the tree before the file was written, for a file that git ignores unless it tracks it.
    """
    from pytest_handoff.project.tree import read_tree

    if project.key(path.resolve()) in (tree or read_tree(project)).files:
        say(
            f"{project.shown(path)}: is part of the tree now, which makes the evidence stale; "
            f"add it to .gitignore, or write it below {project.shown(project.handoffs)}/"
        )


def file_size(number: int) -> str:
    """Format a number of bytes for people."""
    return f"{number:,} bytes" if number < 10_000 else f"{number // 1024:,} KiB"


def outcome_of(project: Project, session: str, take_over: frozenset[str] = frozenset()) -> FinishedSession:
    """Refill a session without writing it, and warn about a run of it that died.

    Raises:
        HandoffError: if its evidence is missing or damaged, or its document cannot be filled.
    """
    from pytest_handoff.project.locks import read_settled

    tell_interrupted(project, session)
    return read_settled(project.handoffs, lambda: refilled(project, session, take_over))


def refilled(project: Project, session: str, take_over: frozenset[str]) -> FinishedSession:
    """Refill a session without writing it; nobody else may be writing, and nothing is printed."""
    from pytest_handoff.project import environment
    from pytest_handoff.project.layout import find_session
    from pytest_handoff.workflow.finish import refill

    return refill(project, find_session(project, session), today=environment.today(), take_over=take_over)


def shown_details(project: Project, record: Record) -> Details | None:
    """Read the durations and failure texts of a record's run; warn about a file that cannot be used, and go on."""
    from pytest_handoff.project.detail_files import details_of

    try:
        return details_of(project, record)
    except HandoffError as error:
        say_error(error)
        return None


def shown_proof(project: Project, record: Record) -> Proof | None:
    """Read the proof of a record's run; warn about one that cannot be read, and leave it out."""
    from pytest_handoff.project.proofs import proof_of

    try:
        return proof_of(project, record)
    except HandoffError as error:
        say_error(error)
        return None


def tell_interrupted(project: Project, session: str) -> None:
    """Warn that a run of this session died; on standard error, so that ``--json`` stays JSON."""
    from pytest_handoff.recording import journal

    if journal.left_behind(journal.journals_of(project.folder), session):
        from pytest_handoff.recording import run_folder

        told = run_folder.tell(project, session)
        if told is not None:
            say(f"handoff: {told}", err=True)


def complete_session(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """Complete the names of recorded sessions, except names that a shell would not take as one plain word."""
    return [name for name in _recorded(context) if name.startswith(incomplete) and _ONE_WORD.fullmatch(name)]


def _recorded(context: click.Context) -> list[str]:
    try:
        names = _found(context.find_root().params.get("handoff_dir")).store.sessions()
    except HandoffError:  # an error message in the middle of a command line helps nobody
        return []
    return [name for name in names if is_session_name(name)]


def _named(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 - click's signature
    if value is not None or context.resilient_parsing:
        return value
    try:
        return named_session(_found(context.find_root().params.get("handoff_dir")))
    except HandoffError as error:
        say_error(error)
        context.exit(CANNOT_TELL)


def named_session(project: Project) -> str:
    """Name the newest session, and say on standard error which one that is.

    Raises:
        HandoffError: as :func:`pytest_handoff.cli.newest.newest_session`.
    """
    from pytest_handoff.cli.newest import newest_session

    chosen = newest_session(project)
    say(f"handoff: {chosen.session} ({chosen.why})", err=True)
    return chosen.session


session_argument = click.argument(
    "session", metavar="[SESSION]", required=False, callback=_named, shell_complete=complete_session
)
"""The argument SESSION, which the shell can complete; without it the newest session is meant, and said on standard error."""

unnamed_session_argument = click.argument("session", metavar="[SESSION]", required=False, shell_complete=complete_session)
"""The same, but the command finds the session itself, and can say how to repair evidence in which it finds none."""


def annotate(found: Callable[[], Sequence[Annotation]]) -> None:
    """On GitHub, write annotations beside the lines that they are about; on standard error, so that ``--json`` stays JSON."""
    from pytest_handoff.workflow.ci import error_commands, on_github

    if on_github():
        for command in error_commands(found()):
            put_line(sys.stderr, command)

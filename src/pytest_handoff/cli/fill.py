"""Create a new document, adopt an existing one, or fill one again, and show the differences."""

from __future__ import annotations

import difflib
import os
from difflib import Match, SequenceMatcher
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from pytest_handoff.cli.support import (
    GOOD,
    NO,
    outcome_of,
    project_here,
    project_to_write,
    refilled,
    session_argument,
    tell_interrupted,
    verb,
)
from pytest_handoff.errors import DocumentProblem, UsageProblem
from pytest_handoff.printing import say
from pytest_handoff.text_lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import FinishedSession


_MOST_LINES = 1_000
"""Where many lines are the same, the time that :mod:`difflib` takes grows with the cube of their number."""

_WINDOW = 64
"""So many lines ahead the next line that is in both texts is looked for, in texts of more lines than that."""


def unified(old: Sequence[str], new: Sequence[str], before: str, after: str, *, end: str = "\n") -> Iterator[str]:
    """Write the diff; ``end`` ends the header lines."""
    if max(len(old), len(new)) <= _MOST_LINES:
        yield from difflib.unified_diff(old, new, before, after, lineterm=end)
        return
    for at, group in enumerate(_NearestLines(old, new).get_grouped_opcodes()):
        if not at:
            yield from (f"--- {before}{end}", f"+++ {after}{end}")
        (_, first, _, start, _), (_, _, last, _, stop) = group[0], group[-1]
        yield f"@@ -{_lines(first, last)} +{_lines(start, stop)} @@{end}"
        for tag, first, last, start, stop in group:
            yield from (f"{' ' if tag == 'equal' else '-'}{line}" for line in old[first:last])
            yield from (f"+{line}" for line in new[start:stop] if tag != "equal")


class _NearestLines(SequenceMatcher[str]):
    """Pair each line with the next equal one: filling and adopting do not move lines."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, old, new)
        self._texts = old, new

    def get_matching_blocks(self) -> list[Match]:
        """Find the blocks in which both texts are the same, in time that grows with their length."""
        old, new = self._texts
        blocks: list[Match] = []
        first = start = 0
        while first < len(old) and start < len(new):
            same = first
            while same < len(old) and start + same - first < len(new) and old[same] == new[start + same - first]:
                same += 1
            if same > first:
                blocks.append(Match(first, start, same - first))
            first, start = _next_in_both(old, new, same, start + same - first)
        return [*blocks, Match(len(old), len(new), 0)]


def _next_in_both(old: Sequence[str], new: Sequence[str], first: int, start: int) -> tuple[int, int]:
    """Find the nearest lines at which the texts agree again after a difference."""
    ahead: dict[str, int] = {}
    for at, line in enumerate(new[start : start + _WINDOW]):
        ahead.setdefault(line, at)
    pairs = ((at, ahead[line]) for at, line in enumerate(old[first : first + _WINDOW]) if line in ahead)
    down, right = min(pairs, key=lambda pair: (max(pair), -min(pair)), default=(1, 1))
    return first + down, start + right


def _lines(first: int, last: int) -> str:
    """Write the lines of a hunk as unified diffs number them."""
    length = last - first
    return f"{first + (length > 0)}" if length == 1 else f"{first + (length > 0)},{length}"


@click.command(short_help="Fill the document again without running tests")
@session_argument
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the document differs from the evidence.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, and exit 1 if anything would.")
@click.option("--take-over", is_flag=True, help="Also replace text that a person wrote, where the evidence has a value.")
@click.option("--interrupted", is_flag=True, help="Record the latest interrupted run as an incomplete run.")
@click.argument("places", nargs=-1)
@click.pass_obj
@verb
def fill(
    handoff_dir: str | None,
    session: str,
    *,
    check: bool,
    diff: bool,
    take_over: bool,
    interrupted: bool,
    places: tuple[str, ...],
) -> int:
    """Fill the document of SESSION again from its record, without running tests. PLACES limit --take-over to these ids."""
    if places and not take_over:
        raise UsageProblem(
            f"{places[0]!r} goes with --take-over: handoff fill {quote(session)} --take-over {' '.join(map(quote, places))}"
        )
    replaced = frozenset(places or ["*"]) if take_over else frozenset()
    if check or diff:
        if interrupted:
            raise UsageProblem("--interrupted writes the record, but --check and --diff write nothing: use one or the other")
        project = project_here(handoff_dir)
        outcome = outcome_of(project, session, replaced)
        _refuse_unknown(places, outcome)
        return _compare(project, session, outcome, diff=diff)
    project = project_to_write(handoff_dir)
    if interrupted:
        _record_interrupted(project, session)
    _fill(project, session, replaced, places)
    return GOOD


def _compare(project: Project, session: str, outcome: FinishedSession, *, diff: bool) -> int:
    """Check the document against the evidence; with ``diff``, show how it differs."""
    from pytest_handoff.workflow.start import document_bytes

    document = project.document(session)
    artifact, shown = outcome.artifact(document), project.shown(document)
    if diff:
        for line in _diff(document_bytes(project, session) or b"", artifact.whole, shown):
            say(line, whole=True)
    if artifact.differs():
        say(f"{shown}: differs from the evidence; next: handoff fill {quote(session)}")
        return NO
    say(f"{shown}: matches the evidence")
    return GOOD


def _fill(project: Project, session: str, take_over: frozenset[str], places: Sequence[str]) -> None:
    """Fill and write the document, with the lock held from the first read on, since a run may end meanwhile."""
    from pytest_handoff.project.writing import write_as_one, writing

    tell_interrupted(project, session)
    document = project.document(session)
    with writing(project):
        outcome = refilled(project, session, take_over)
        _refuse_unknown(places, outcome)
        changed = [artifact.path for artifact in outcome.artifacts if artifact.differs()]
        write_as_one(project, session, outcome.artifacts)
    say(f"{project.shown(document)}: {_what_was_filled(project, document, changed)}")
    _tell_findings(outcome)


def _refuse_unknown(places: Sequence[str], outcome: FinishedSession) -> None:
    known = {place.id for place in outcome.composition.document.places}
    for place in places:
        if place not in known:
            names = f"handoff explain {quote(outcome.record.session)} lists places that a person filled"
            raise UsageProblem(f"the document has no place {place!r}; {names}")


def _what_was_filled(project: Project, document: Path, changed: Sequence[Path]) -> str:
    if document in changed:
        return "filled"
    beside = "".join(f"; {project.shown(path)}: updated" for path in changed)
    return f"nothing to change{beside}"


def _record_interrupted(project: Project, session: str) -> None:
    from pytest_handoff.project.writing import write_as_one, writing
    from pytest_handoff.recording.journal import forget
    from pytest_handoff.recording.run_folder import keep_details, outcome_of_dead_run

    with writing(project):
        before = project.store.figures(session) if project.store.has(session) else None
        outcome, runs = outcome_of_dead_run(project, session)
        write_as_one(project, session, outcome.artifacts)
        trouble = keep_details(project, outcome, runs[-1], before)
    forget(runs)
    if trouble is not None:
        say(f"could not save durations and failure texts: {trouble}", err=True)
    say(f"recorded as an incomplete run: {'; '.join(outcome.record.run.why_incomplete)}")


def _diff(have: bytes, want: bytes, name: str) -> Iterator[str]:
    old, new = (split_lines(data.decode("utf-8", "replace")) for data in (have, want))
    for line in unified(old, new, f"{name} (as it stands)", f"{name} (by the evidence)"):
        yield line.rstrip("\r\n")


def _tell_findings(outcome: FinishedSession) -> None:
    for finding in outcome.composition.findings:
        if finding.kind != "placeholder":
            place = f"line {finding.line}: " if finding.line else ""
            say(f"  {place}{finding.message}")


@click.command(short_help="Create or adopt the document of a session")
@click.argument("session")
@click.option("--template", metavar="NAME", help="The template to use instead of the configured one.")
@click.option("--adopt", metavar="FILE", help="Start from this document instead, and show the blocks that would be added.")
@click.option("--write", is_flag=True, help="With --adopt: write the document with the blocks.")
@click.pass_obj
@verb
def init(handoff_dir: str | None, session: str, template: str | None, adopt: str | None, *, write: bool) -> int:
    """Create the document of a new SESSION, pre-filled with what earlier sessions promised."""
    from pytest_handoff.config import check_session_name

    project = (project_to_write if adopt is None or write else project_here)(handoff_dir, below=False)
    check_session_name(session)
    if adopt is not None and template is not None:
        raise UsageProblem("--adopt keeps the document as it is; leave out --template")
    if adopt is not None:
        return _adopt(project, session, Path(adopt), write=write)
    if write:
        raise UsageProblem("--write needs --adopt FILE; without --adopt, the document is always written")
    return _make(project, session, template)


def _make(project: Project, session: str, template: str | None) -> int:
    from pytest_handoff.document import parse
    from pytest_handoff.project.artifacts import Artifact, write_each
    from pytest_handoff.project.sessions import choose_parents, load_parents
    from pytest_handoff.workflow import finish

    path = project.document(session)
    if path.exists():
        raise DocumentProblem(f"already exists; fill it with pytest --handoff={quote(session)}", path=project.shown(path))
    parents = load_parents(project.store, choose_parents(project.store, session))
    text = finish.new_document(project, session, parents, template=template)
    write_each([Artifact(path=path, content=parse.encode(text))], project.within)
    say(project.shown(path))
    say(f"next: write what the session is about, then pytest --handoff={quote(session)}")
    return GOOD


def _adopt(project: Project, session: str, source: Path, *, write: bool) -> int:
    from pytest_handoff.document import parse
    from pytest_handoff.document.adopt import adopt
    from pytest_handoff.project.artifacts import Artifact, write_each

    target = project.document(session)
    shown = project.shown(target)
    if target.exists() and os.path.realpath(source) != os.path.realpath(target):
        raise DocumentProblem("already exists; adopt that file, or move it away", path=shown)
    if not source.is_file():
        raise DocumentProblem("does not exist, so it cannot be adopted", path=str(source))
    text = parse.decode(_content(project, source), str(source))
    adopted = adopt(text, str(source), corrections=project.config.corrections == "on")
    _show(text, adopted.text, str(source), shown)
    for block in adopted.homeless:
        say(f"{shown}: no section for the block {block}")
    if not adopted.added:
        say(f"{shown}: nothing to add")
    if write:
        write_each([Artifact(path=target, content=parse.encode(adopted.text))], project.within)
        say(f"{shown}: written; next: pytest --handoff={quote(session)}")
    else:
        say(f"nothing was written; next: handoff init {quote(session)} --adopt {quote(str(source))} --write")
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

"""Run ``handoff agents``: install the stop hook of a coding agent, remove it, and answer it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pytest_handoff.cli.agent_tools import TOOLS, Tool
from pytest_handoff.cli.support import GOOD, verb
from pytest_handoff.errors import UsageProblem
from pytest_handoff.printing import agrees, say, say_json_text
from pytest_handoff.text_lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_handoff.project.layout import Project


BEGIN, END = "<!-- pytest-handoff: begin -->", "<!-- pytest-handoff: end -->"
TEXT_FILE = "AGENTS.md"


class Change(NamedTuple):
    """A file before and after a change; ``None`` means no file."""

    path: Path
    old: str | None
    new: str | None


@click.command(short_help="Install or remove an agent's stop hook")
@click.argument("action", type=click.Choice(["install", "remove", "hook"]), metavar="{install|remove|hook}")
@click.argument("tool", type=click.Choice(sorted(TOOLS)), metavar=f"{{{'|'.join(sorted(TOOLS))}}}")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--command", metavar="COMMAND", default="handoff", help="How the tool runs handoff, such as 'uv run handoff'.")
@click.option("--folder", metavar="DIR", help="With hook: the project's folder, relative to the root of the repository.")
@click.pass_obj
@verb
def agents(handoff_dir: str | None, action: str, tool: str, *, dry_run: bool, yes: bool, command: str, folder: str | None) -> int:
    """Install or remove a stop hook, so that a coding agent is done only when the gate passes.

    Before the agent stops, the hook runs handoff gate --machine-only on the newest session, and tells the agent what is left.
    It stays silent if no hand-off is in progress, and sends an agent back at most twice in a row. The command also installs or
    removes the text for AGENTS.md, and shows every change before it writes.
    """
    if action == "hook":
        from pytest_handoff.cli.agent_stop import answer, sent_by_the_tool

        if told := answer(TOOLS[tool], sent_by_the_tool(), folder):
            say_json_text(told)
        return GOOD
    from pytest_handoff.cli.support import project_here

    project = project_here(handoff_dir, below=False)
    changes = [*_changes(project, tool, command if action == "install" else None)]
    again = _again(handoff_dir, action, tool, command)
    return _write(project, [change for change in changes if change.old != change.new], again, dry_run=dry_run, yes=yes)


def _again(handoff_dir: str | None, action: str, tool: str, command: str) -> str:
    """Write the command that makes the same change without asking."""
    import shlex

    program = ["handoff"] if handoff_dir is None else ["handoff", "--handoff-dir", handoff_dir]
    how = ["--command", command] if action == "install" and command != "handoff" else []
    return shlex.join([*program, "agents", action, tool, *how, "--yes"])


def _changes(project: Project, name: str, command: str | None) -> Iterator[Change]:
    """Work out the changes to the tool's settings and the text for agents; without a command, take ours out."""
    tool = TOOLS[name]
    path = project.root / tool.path
    old = _read(project, path)
    wanted = None if command is None else f"{command} agents hook {name}{_below(project)}"
    yield Change(path, old, with_hook(old or "", tool, name, wanted, path=tool.path))
    others = [other for other in TOOLS if other != name and _is_installed(project, other)]
    text = project.root / TEXT_FILE
    if command is not None or not others:
        old = _read(project, text)
        yield Change(text, old, with_text(old or "", wanted=command is not None))


def with_hook(text: str, tool: Tool, name: str, command: str | None, *, path: str) -> str | None:
    """Put our entry into the text of a tool's settings, or take it out; return ``None`` if nothing is left of the file.

    Raises:
        UsageProblem: when the text is not JSON, or has something else where the hooks should be.
    """
    from pytest_handoff.cli.json_edit import comments_blanked, read_json, removed

    entries = _entries(read_json(text, path, comments=tool.comments), tool, path)
    commands = [(at, *pair) for at, entry in enumerate(entries) for pair in tool.commands(entry)]
    mine = [(at, inner, one) for at, inner, one in commands if is_ours(one, name)]
    if command is not None and [one for *_, one in mine] == [command]:
        return text
    for at, inner, _ in reversed(mine):
        alone = inner is None or len(_entries(read_json(text, path, comments=tool.comments), tool, path)[at]["hooks"]) == 1
        where: list[str | int] = ["hooks", tool.event]
        text = removed(text, where, at) if alone or inner is None else removed(text, [*where, at, "hooks"], inner)
    if command is not None:
        return _with_entry(text, tool, command, path)
    if mine and not _entries(read_json(text, path, comments=tool.comments), tool, path):
        text = _without_empty(text, tool, path)
    left = read_json(text, path, comments=tool.comments)
    return None if left in ({}, dict(tool.beside)) and comments_blanked(text) == text else text


def _without_empty(text: str, tool: Tool, path: str) -> str:
    """Remove the list that held our entry, and the hooks around it, if nothing is left in them, not even a comment."""
    from pytest_handoff.cli.json_edit import holds_comment, read_json, removed

    if holds_comment(text, ["hooks"], tool.event):
        return text
    text = removed(text, ["hooks"], tool.event)
    empty = not read_json(text, path, comments=tool.comments)["hooks"] and not holds_comment(text, [], "hooks")
    return removed(text, [], "hooks") if empty else text


def _with_entry(text: str, tool: Tool, command: str, path: str) -> str:
    """Add our entry after the existing ones, with whatever else the tool needs."""
    from pytest_handoff.cli.json_edit import added, read_json

    for key, value in tool.beside.items():
        text = text if key in read_json(text, path, comments=tool.comments) else added(text, [], key, value)
    table = read_json(text, path, comments=tool.comments)
    if "hooks" not in table:
        return added(text, [], "hooks", {tool.event: [tool.entry(command)]})
    if tool.event not in table["hooks"]:
        return added(text, ["hooks"], tool.event, [tool.entry(command)])
    return added(text, ["hooks", tool.event], None, tool.entry(command))


def _entries(table: dict[str, Any], tool: Tool, path: str) -> list[Any]:
    hooks = table.get("hooks", {})
    if not isinstance(hooks, dict):
        raise UsageProblem("'hooks' is not an object; nothing was written", path=path)
    entries = hooks.get(tool.event, [])
    if not isinstance(entries, list):
        raise UsageProblem(f"'hooks.{tool.event}' is not a list; nothing was written", path=path)
    return entries


def with_text(text: str, *, wanted: bool) -> str | None:
    """Put our section between its markers into a text for agents, or take it out; return ``None`` if nothing is left."""
    from pytest_handoff.cli.agents_text import AGENTS_TEXT

    newline = "\r\n" if "\r\n" in text else "\n"
    section = f"{BEGIN}\n{AGENTS_TEXT.strip()}\n{END}\n".replace("\n", newline)
    start, end = text.find(BEGIN), text.find(END)
    if (start < 0) != (end < 0) or end < start:
        raise UsageProblem(f"has one of {BEGIN} and {END} without the other; nothing was written", path=TEXT_FILE)
    if start < 0:
        gap = "" if not text.strip() else newline if text.endswith(newline) else newline * 2
        return text + gap + section if wanted else text or None
    rest = text[end + len(END) :].removeprefix(newline)
    if wanted:
        return text[:start] + section + rest
    before = text[:start].removesuffix(newline) if not rest else text[:start]
    return before + rest if (before + rest).strip() else None


def is_ours(command: str, name: str) -> bool:
    """Check whether a command is our hook for a tool, however it calls handoff."""
    return re.search(rf"(?:^|\s)agents hook {name}(?:\s|$)", command) is not None


def _is_installed(project: Project, name: str) -> bool:
    return re.search(rf"\bagents hook {name}\b", _read(project, project.root / TOOLS[name].path) or "") is not None


def _below(project: Project) -> str:
    import shlex

    return "" if project.folder == project.root else f" --folder {shlex.quote(project.key(project.folder))}"


def _read(project: Project, path: Path) -> str | None:
    from pytest_handoff.project.foreign_files import SETTINGS, Refused, read_file

    try:
        return read_file(path, [project.root], SETTINGS).decode("utf-8")
    except FileNotFoundError:
        return None
    except Refused as error:
        raise UsageProblem(f"{error.why}; nothing was written", path=project.key(path)) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageProblem(f"cannot be read: {why}; nothing was written", path=project.key(path)) from error


def _write(project: Project, changes: Sequence[Change], again: str, *, dry_run: bool, yes: bool) -> int:
    """Show the changes, and write them if a person agrees; ``again`` is the command that writes them."""
    from pytest_handoff.cli.fill import unified
    from pytest_handoff.project.artifacts import Artifact, write_each

    if not changes:
        say("nothing to change")
        return GOOD
    for change in changes:
        shown = project.key(change.path)
        for line in unified(split_lines(change.old or ""), split_lines(change.new or ""), shown, shown):
            say(line.rstrip("\r\n"), whole=True)
    if dry_run:
        say(f"nothing was written; next: {again}")
        return GOOD
    if not yes and not agrees("write this?"):
        raise UsageProblem("nothing was written; answer yes, or pass --yes")
    for change in changes:
        if change.new is None:
            change.path.unlink()
        else:
            write_each([Artifact(path=change.path, content=change.new.encode())], [project.root])
        say(f"{project.key(change.path)}: {'removed' if change.new is None else 'written'}")
    if project.store.sessions():
        say("these files are part of the tree: run pytest --handoff=SESSION again before the next gate")
    return GOOD

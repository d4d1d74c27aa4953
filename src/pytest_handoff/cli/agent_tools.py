"""Describe the stop hooks of coding agents: where each tool reads them, what it sends, and what makes it continue.

The formats are those of the tools' public documentation: code.claude.com/docs/en/hooks, developers.openai.com/codex/hooks,
geminicli.com/docs/hooks/reference and cursor.com/docs/hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Tool(NamedTuple):
    """A coding agent's stop hook.

    Attributes:
        name: what a person calls the tool.
        path: the file with its hooks, relative to the top of the repository.
        event: the list below ``hooks`` that an entry is added to.
        entry: makes the entry from a command.
        commands: lists the commands of an entry, each with its number in the entry's own list of hooks, if it has one.
        may_ask: whether it may be told to go on, by what it sends; never where that does not say how often it was told.
        answer: makes what it is told from a reason.
        beside: members of the file that it needs beside its hooks.
        comments: whether it reads comments in that file; where it does not, a file with comments is no file of its.
    """

    name: str
    path: str
    event: str
    entry: Callable[[str], dict[str, Any]]
    commands: Callable[[Any], list[tuple[int | None, str]]]
    may_ask: Callable[[Mapping[str, Any]], bool]
    answer: Callable[[str], dict[str, Any]]
    beside: Mapping[str, object] = {}
    comments: bool = False


MOST_FOLLOW_UPS = 2
"""How often in a row Cursor is told to go on; the other tools say only whether they were, so they are told once."""

_PATIENCE = 120
"""Seconds that a gate may take."""


def _group(command: str) -> dict[str, Any]:
    return {"hooks": [{"type": "command", "command": command, "timeout": _PATIENCE}]}


def _gemini_group(command: str) -> dict[str, Any]:
    return {"hooks": [{"name": "handoff", "type": "command", "command": command, "timeout": _PATIENCE * 1000}]}


def _commands_of_group(entry: Any) -> list[tuple[int | None, str]]:
    hooks = entry.get("hooks") if isinstance(entry, dict) else None
    if not isinstance(hooks, list):
        return []
    commands = [(at, hook.get("command")) for at, hook in enumerate(hooks) if isinstance(hook, dict)]
    return [(at, command) for at, command in commands if isinstance(command, str)]


def _own_command(entry: Any) -> list[tuple[int | None, str]]:
    command = entry.get("command") if isinstance(entry, dict) else None
    return [(None, command)] if isinstance(command, str) else []


def _first_stop(sent: Mapping[str, Any]) -> bool:
    return sent.get("stop_hook_active") is False


def _few_follow_ups(sent: Mapping[str, Any]) -> bool:
    count = sent.get("loop_count")
    return sent.get("status") == "completed" and type(count) is int and count < MOST_FOLLOW_UPS


def _block(reason: str) -> dict[str, Any]:
    return {"decision": "block", "reason": reason}


TOOLS: dict[str, Tool] = {
    "claude": Tool(
        name="Claude Code", path=".claude/settings.json", event="Stop", entry=_group, commands=_commands_of_group,
        may_ask=_first_stop, answer=_block,
    ),
    "codex": Tool(
        name="Codex", path=".codex/hooks.json", event="Stop", entry=_group, commands=_commands_of_group,
        may_ask=_first_stop, answer=_block,
    ),
    "cursor": Tool(
        name="Cursor", path=".cursor/hooks.json", event="stop",
        entry=lambda command: {"command": command, "loop_limit": MOST_FOLLOW_UPS}, commands=_own_command,
        may_ask=_few_follow_ups, answer=lambda reason: {"followup_message": reason}, beside={"version": 1},
    ),
    "gemini": Tool(
        name="Gemini CLI", path=".gemini/settings.json", event="AfterAgent", entry=_gemini_group, commands=_commands_of_group,
        may_ask=_first_stop, answer=lambda reason: {"decision": "deny", "reason": reason}, comments=True,
    ),
}  # fmt: skip

"""``handoff agents``: the stop hooks of coding agents, in their documented formats, written, taken out again, and answered."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.cli.agent_tools import MOST_FOLLOW_UPS, TOOLS
from pytest_handoff.cli.agents import BEGIN, END, with_hook, with_text
from pytest_handoff.cli.agents_text import AGENTS_TEXT
from pytest_handoff.cli.json_edit import read_json
from pytest_handoff.cli.support import CANNOT_TELL, GOOD
from stories import PYPROJECT

if TYPE_CHECKING:
    from stories import Done, Story

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS = 120
WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    "claude": (
        ".claude/settings.json",
        {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "handoff agents hook claude", "timeout": SECONDS}]}]}},
    ),
    "codex": (
        ".codex/hooks.json",
        {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "handoff agents hook codex", "timeout": SECONDS}]}]}},
    ),
    "cursor": (
        ".cursor/hooks.json",
        {"version": 1, "hooks": {"stop": [{"command": "handoff agents hook cursor", "loop_limit": MOST_FOLLOW_UPS}]}},
    ),
    "gemini": (
        ".gemini/settings.json",
        {
            "hooks": {
                "AfterAgent": [
                    {
                        "hooks": [
                            {
                                "name": "handoff",
                                "type": "command",
                                "command": "handoff agents hook gemini",
                                "timeout": SECONDS * 1000,
                            }
                        ]
                    }
                ]
            }
        },
    ),
}
SENT: dict[str, dict[str, Any]] = {
    "claude": {
        "session_id": "abc123", "transcript_path": "~/.claude/projects/x.jsonl", "cwd": ".", "permission_mode": "default",
        "hook_event_name": "Stop", "stop_hook_active": False, "last_assistant_message": "I've completed the refactoring.",
    },
    "codex": {
        "cwd": ".", "hook_event_name": "Stop", "last_assistant_message": None, "model": "m", "permission_mode": "default",
        "session_id": "s", "stop_hook_active": False, "transcript_path": None, "turn_id": "t",
    },
    "cursor": {
        "conversation_id": "c", "generation_id": "g", "model": "m", "hook_event_name": "stop", "cursor_version": "3.7.21",
        "workspace_roots": ["."], "user_email": None, "transcript_path": None, "status": "completed", "loop_count": 0,
    },
    "gemini": {
        "session_id": "s", "transcript_path": "t.json", "cwd": ".", "hook_event_name": "AfterAgent",
        "timestamp": "2026-01-01T00:00:00Z",
        "prompt": "Do it", "prompt_response": "Done", "stop_hook_active": False,
    },
}  # fmt: skip
AGAIN: dict[str, dict[str, Any]] = {
    "claude": {"stop_hook_active": True},
    "codex": {"stop_hook_active": True},
    "cursor": {"loop_count": MOST_FOLLOW_UPS},
    "gemini": {"stop_hook_active": True},
}
DOCUMENT = "# Session\n\n## Checklist\n\n- [ ] All unit tests pass\n- [ ] The wording was agreed\n"
each_tool = pytest.mark.parametrize("tool", sorted(TOOLS))


def stop(story: Story, tool: str, sent: dict[str, Any] | bytes, *args: str, cwd: Path | None = None) -> dict[str, Any] | None:
    """What the tool reads when an agent wants to stop; ``None`` where nothing is said."""
    data = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    done = subprocess.run(
        [sys.executable, "-m", "pytest_handoff", "agents", "hook", tool, *args],
        cwd=cwd or story.folder, env=story.environment, input=data, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (GOOD, b""), done
    return json.loads(done.stdout) if done.stdout else None


def reason(told: dict[str, Any] | None) -> str:
    """The words for the agent, in whichever shape."""
    assert told is not None
    text: str = told.get("reason") or told["followup_message"]
    return text


@pytest.fixture
def failing(shop: Story) -> Story:
    """A session that is being worked on, with a test that fails."""
    shop.write_files({"handoffs/session-1.md": DOCUMENT})
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(prices) or 1")
    assert shop.pytest("-q", "--no-cov", "--handoff=session-1").code == 1
    return shop


def agents(story: Story, *args: str) -> Done:
    """The command."""
    return story.handoff("agents", *args)


@each_tool
def test_a_hook_is_shown_written_and_taken_out(shop: Story, tool: str) -> None:
    """First only shown; with ``--yes`` written, once; taken out, nothing is left of it."""
    path, wanted = WRITTEN[tool]
    shown, asked = agents(shop, "install", tool, "--dry-run"), agents(shop, "install", tool)
    assert (shown.code, asked.code) == (GOOD, CANNOT_TELL)
    assert f"+++ {path}" in shown.out
    assert f"agents hook {tool}" in asked.out
    assert asked.err == "handoff: nothing was written; answer yes, or pass --yes\n"
    assert shop.git("status", "--porcelain") == ""
    written, again = agents(shop, "install", tool, "--yes"), agents(shop, "install", tool, "--yes")
    assert written.code == GOOD, written
    assert json.loads(shop.text(path)) == wanted
    assert shop.text("AGENTS.md") == f"{BEGIN}\n{AGENTS_TEXT.strip()}\n{END}\n"
    assert again.out == "nothing to change\n"
    assert agents(shop, "remove", tool, "--yes").code == GOOD
    assert shop.git("status", "--porcelain") == ""


@pytest.mark.parametrize("options", [(), ("--command", "uv run handoff")])
def test_the_command_that_writes_can_be_copied(shop: Story, options: tuple[str, ...]) -> None:
    """A dry run ends with it: typed as it stands, it writes what was shown, and takes it out again."""
    for action in ("install", "remove"):
        shown = agents(shop, action, "codex", *options, "--dry-run")
        said, _, command = shown.out.splitlines()[-1].partition("; next: ")
        assert said == "nothing was written"
        program, *args = shlex.split(command)
        assert program == "handoff"
        assert args[-1] == "--yes"
        assert shop.handoff(*args).code == GOOD
        assert agents(shop, action, "codex", *options, "--dry-run").out == "nothing to change\n"


OTHERS = [
    '{}',
    '{"a": 1}',
    '{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}], "Other": []}, "z": [1, 2.50, 1e3]}\n',
    '{\n\t"model": "x",\n\t"hooks": {\n\t\t"Pre": [ ],\n\t\t"Stop": [\n\t\t\t{"hooks": []}\n\t\t]\n\t},\n\t"é\\u00e9": null\n}\n',
    '{\r\n    "hooks": {\r\n        "b": [{"x": "]}, {"}]\r\n    },\r\n    "a": {"hooks": {"Stop": 3}}\r\n}\r\n',
    '\n  {  "hooks" : { } , "a":1 }  ',
]  # fmt: skip


@pytest.mark.parametrize("text", OTHERS, ids=range(len(OTHERS)))
@each_tool
def test_what_a_person_wrote_stays_as_it_is(tool: str, text: str) -> None:
    """Every entry stays, in its order and its spelling; taken out again, the file is what it was."""
    described = TOOLS[tool]
    event = described.event
    text = text.replace('"Stop": [', f'"{event}": [')
    before, command = json.loads(text), f"handoff agents hook {tool}"
    added = with_hook(text, described, tool, command, path="f")
    assert added is not None
    after = json.loads(added)
    assert after["hooks"][event] == [*before.get("hooks", {}).get(event, []), described.entry(command)]
    assert [key for key in after if key in before] == list(before)
    others = lambda table: {key: one for key, one in table.get("hooks", {}).items() if key != event}  # noqa: E731
    assert others(after) == others(before)
    assert with_hook(added, described, tool, command, path="f") == added
    other = with_hook(added, described, tool, f"uv run {command}", path="f")
    assert other is not None
    assert json.loads(other)["hooks"][event][-1] == described.entry(f"uv run {command}")
    left = with_hook(added, described, tool, None, path="f")
    kept = json.loads(left or "{}")
    kept.pop("version", None)
    assert {**kept, "hooks": others(kept)} == {**before, "hooks": others(before)} or event in others(before)
    if before.get("hooks", {}).get(event):
        assert re.sub(r',\s*"version": 1', "", left or "") == text


COMMENTED = [
    '// the team\'s\n{\n  "theme": "x", // dark\n  "a": "// no comment", /* nor "this" */\n  "b": [1] // the last\n}\n',
    '{\n  "hooks": {\n    // ours\n    "AfterAgent": [\n      {"hooks": []} // mine\n    ]\n  }\n}\n',
    '{\r\n    // nothing yet\r\n}\r\n',
    '{"hooks": {"AfterAgent": [/* none */]}}',
    '/* "a": 1 } */ {}\n',
    '{"hooks": { // why\n "AfterAgent": [ // none\n ] }, "a": 1 }',
    '{\n  "url": "https://a.invalid/*x*/", // "quoted\n  "hooks": {} /* empty */\n}\n',
]  # fmt: skip


def comments_in(text: str) -> list[str]:
    """The comments of a text, in their order; what looks like one in a string is none."""
    return [found.rstrip("\r") for found in re.findall(r'"(?:[^"\\]|\\.)*"|(//.*|/\*.*?\*/)', text) if found]


@pytest.mark.parametrize("text", COMMENTED, ids=range(len(COMMENTED)))
def test_comments_stay_where_the_tool_allows_them(text: str) -> None:
    """Gemini CLI reads comments in its settings; each is there after the hook comes, and when it is gone."""
    tool, command, comments = TOOLS["gemini"], "handoff agents hook gemini", comments_in(text)
    added = with_hook(text, tool, "gemini", command, path="f")
    assert added is not None
    table = read_json(added, "f", comments=True)
    assert table["hooks"]["AfterAgent"][-1] == tool.entry(command)
    assert comments_in(added) == comments
    assert with_hook(added, tool, "gemini", command, path="f") == added
    left = with_hook(added, tool, "gemini", None, path="f")
    assert left is not None
    assert comments_in(left) == comments
    hooks = read_json(left, "f", comments=True).get("hooks", {})
    assert hooks.get("AfterAgent", []) == read_json(text, "f", comments=True).get("hooks", {}).get("AfterAgent", [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('\ufeff{"a": 1}', "begins with a byte order mark; save it as UTF-8 without one"),
        ('{\n "a": 1,\n // mine\n}', ".claude/settings.json:3: is not valid JSON"),
        ('{"a": 1, "a": 2}', "has the key 'a' twice in one object"),
        ("[]", "is not a JSON object"),
        ('{"hooks": []}', "'hooks' is not an object"),
        ('{"hooks": {"Stop": {}}}', "'hooks.Stop' is not a list"),
    ],
)
def test_what_cannot_be_merged_is_refused(shop: Story, text: str, why: str) -> None:
    """The file and the line are named, and nothing is written, no text for agents either."""
    (shop.folder / ".claude").mkdir()
    (shop.folder / ".claude/settings.json").write_text(text)
    done = agents(shop, "install", "claude", "--yes")

    assert done.code == CANNOT_TELL
    assert why in done.err
    assert "nothing was written" in done.err
    assert (shop.folder / ".claude/settings.json").read_text() == text
    assert not (shop.folder / "AGENTS.md").exists()


def test_a_link_that_leads_out_is_not_followed(shop: Story, tmp_path: Path) -> None:
    """Settings elsewhere stay as they are."""
    (tmp_path / "elsewhere.json").write_text("{}")
    (shop.folder / ".codex").mkdir()
    (shop.folder / ".codex/hooks.json").symlink_to(tmp_path / "elsewhere.json")
    done = agents(shop, "install", "codex", "--yes")

    assert done.code == CANNOT_TELL
    assert (tmp_path / "elsewhere.json").read_text() == "{}"


def test_the_text_for_agents_is_kept_while_another_tool_needs_it(shop: Story) -> None:
    """Between its markers, behind what a person wrote; brought up to date in its place."""
    shop.write_files({"AGENTS.md": "# Agents\n\nBe kind.\n"})
    agents(shop, "install", "claude", "--yes")
    agents(shop, "install", "codex", "--yes")
    shop.edit("AGENTS.md", "## Handing over", "## Something old")
    (shop.folder / "AGENTS.md").write_text(shop.text("AGENTS.md") + "\n## More\n")
    agents(shop, "install", "codex", "--yes")
    assert shop.text("AGENTS.md") == f"# Agents\n\nBe kind.\n\n{BEGIN}\n{AGENTS_TEXT.strip()}\n{END}\n\n## More\n"
    agents(shop, "remove", "claude", "--yes")
    assert BEGIN in shop.text("AGENTS.md")
    agents(shop, "remove", "codex", "--yes")
    assert BEGIN not in shop.text("AGENTS.md")
    assert shop.text("AGENTS.md").startswith("# Agents\n\nBe kind.\n")


@pytest.mark.parametrize("text", ["", "# A\n", "# A", "# A\r\n\r\nb\r\n"])
def test_the_text_comes_and_goes(text: str) -> None:
    """What was there before is there after, but for the end of the last line."""
    added = with_text(text, wanted=True)
    assert added is not None
    assert with_text(added, wanted=True) == added
    assert (with_text(added, wanted=False) or "").rstrip() == text.rstrip()


def test_the_page_shows_the_text() -> None:
    """What the documentation shows is what is written."""
    assert AGENTS_TEXT in (CHECKOUT / "docs/agents.md").read_text("utf-8")


@each_tool
def test_an_agent_is_told_what_is_left(failing: Story, tool: str) -> None:
    """In the shape that the tool documents, with file, line and command; what waits for a person is not asked of it."""
    told = stop(failing, tool, SENT[tool])
    words = reason(told)

    assert told is not None
    assert {key: value for key, value in told.items() if value != words} == {
        "claude": {"decision": "block"}, "codex": {"decision": "block"}, "cursor": {}, "gemini": {"decision": "deny"},
    }[tool]  # fmt: skip
    assert "`handoff gate session-1 --machine-only` does not pass" in words
    assert "1. tests/unit/test_cart.py:6: tests/unit/test_cart.py::test_empty failed" in words
    assert "The wording" not in words


@each_tool
def test_no_agent_is_told_for_ever(failing: Story, tool: str) -> None:
    """An agent that never gets it right is let go; so is one whose tool does not say how often it was told."""
    assert stop(failing, tool, SENT[tool] | AGAIN[tool]) is None
    unknown = {key: value for key, value in SENT[tool].items() if key not in AGAIN[tool]}
    assert stop(failing, tool, unknown) is None
    for sent in (b"", b"[]", b"no JSON", b"\xff"):
        assert stop(failing, tool, sent) is None
    if tool == "cursor":
        assert stop(failing, tool, SENT[tool] | {"loop_count": MOST_FOLLOW_UPS - 1}) is not None
        assert stop(failing, tool, SENT[tool] | {"status": "aborted"}) is None


def test_silent_where_no_hand_off_is_under_way(shop: Story, tmp_path: Path) -> None:
    """Before the first session, elsewhere, when the gate agrees, and when the session is committed; not before."""
    sent = SENT["claude"]
    assert stop(shop, "claude", sent) is None
    assert stop(shop, "claude", sent | {"cwd": str(tmp_path)}, cwd=tmp_path) is None
    shop.handoff("init", "session-1")
    assert "run all tests: pytest --handoff=session-1" in reason(stop(shop, "claude", sent))
    shop.write_files({"handoffs/session-1.md": DOCUMENT})
    shop.pytest("-q", "--no-cov", "--handoff=session-1")
    assert stop(shop, "claude", sent) is None
    shop.edit("src/shop/cart.py", "sum", "max")
    assert "ran on another tree" in reason(stop(shop, "claude", sent))
    shop.commit("session-1")
    assert stop(shop, "claude", sent) is None, "what is committed is over"
    shop.pytest("-q", "--no-cov", "--handoff=session-1")
    assert "failed" in reason(stop(shop, "claude", b"\xef\xbb\xbf" + json.dumps(sent).encode()))


def test_evidence_that_cannot_be_read_is_told(failing: Story) -> None:
    """It is for the agent to mend, or to report."""
    (failing.folder / "handoffs/evidence/session-1/tests.jsonl").write_text("{")
    said = reason(stop(failing, "codex", SENT["codex"]))
    assert "Cannot read the hand-off of session-1: handoffs/evidence/session-1/tests.jsonl" in said
    (failing.folder / "handoffs/evidence/session-1/record.json").write_text("{")
    assert "Cannot read the evidence of a hand-off: handoffs/evidence/session-1/record.json" in reason(
        stop(failing, "codex", SENT["codex"])
    )


def test_a_project_below_the_top_of_the_repository(empty: Story) -> None:
    """The hook is at the top, where the tools look for it, and knows the project's folder."""
    test = {"my part/tests/test_a.py": "def test_a():\n    assert 0\n"}
    empty.write_files({"my part/pyproject.toml": PYPROJECT + "\n    [tool.handoff]\n"} | test)
    empty.commit()
    part = empty.folder / "my part"
    assert empty.handoff("agents", "install", "claude", "--yes", cwd=part).code == GOOD
    [entry] = json.loads(empty.text(".claude/settings.json"))["hooks"]["Stop"]
    assert entry["hooks"][0]["command"] == "handoff agents hook claude --folder 'my part'"
    empty.pytest("-q", "--no-cov", "--handoff=session-1", cwd=part)
    assert "my part/tests/test_a.py:1" in reason(stop(empty, "claude", SENT["claude"], "--folder", "my part"))
    assert empty.handoff("agents", "install", "claude", "--yes", cwd=part).out == "nothing to change\n"


def test_another_command_is_not_taken_for_ours() -> None:
    """One of a name that begins like ours stays; so does one beside ours in the same group, and a timeout that a person chose."""
    tool = TOOLS["claude"]
    ours = '{"type": "command", "command": "uv run handoff agents hook claude", "timeout": 7}'
    other = '{"type": "command", "command": "x agents hook claudette"}'
    alike = f'{{"hooks": {{"Stop": [{{"hooks": [{other}]}}]}}}}'
    added = with_hook(alike, tool, "claude", "handoff agents hook claude", path="f")
    assert added is not None
    assert len(json.loads(added)["hooks"]["Stop"]) == 2
    assert with_hook(added, tool, "claude", None, path="f") == alike
    group = f'{{"hooks": {{"Stop": [{{"hooks": [{ours}, {other}]}}]}}}}'
    assert with_hook(group, tool, "claude", "uv run handoff agents hook claude", path="f") == group
    assert with_hook(group, tool, "claude", None, path="f") == alike

"""``handoff agents`` in the test's own process: the hook that is put in and taken out, and what a coding agent is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.cli import agent_stop
from pytest_handoff.cli.agent_stop import answer, why_not_done
from pytest_handoff.cli.agent_tools import TOOLS
from pytest_handoff.cli.json_edit import added, read_json, removed
from pytest_handoff.cli.newest import newest_session
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from runs_here import RunsHere

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def runs(pytester: pytest.Pytester, plain_git: Callable[..., str]) -> RunsHere:
    return RunsHere(pytester, plain_git)


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_in_and_out_again(runs: RunsHere, tool: str) -> None:
    """What others have written stays; afterwards the files are as they were."""
    path = runs.folder / TOOLS[tool].path
    runs.write({TOOLS[tool].path: '{\n  "theme": "dark"\n}\n', "AGENTS.md": "# For agents\n"})
    done = runs.handoff("agents", "install", tool, "--yes")
    assert (done.code, f"{TOOLS[tool].path}: written" in done.out) == (0, True)
    table = json.loads(path.read_text())
    assert table["theme"] == "dark"
    ((_, command),) = TOOLS[tool].commands(table["hooks"][TOOLS[tool].event][0])
    assert command == f"handoff agents hook {tool}"
    assert "handoff" in (runs.folder / "AGENTS.md").read_text()
    assert "nothing to change" in runs.handoff("agents", "install", tool, "--yes").out

    changed = runs.handoff("agents", "install", tool, "--yes", "--command", "uv run handoff")
    assert f"uv run handoff agents hook {tool}" in changed.out
    assert runs.handoff("agents", "remove", tool, "--yes").code == 0
    assert json.loads(path.read_text()) == {"theme": "dark"} | dict(TOOLS[tool].beside)
    assert (runs.folder / "AGENTS.md").read_text() == "# For agents\n"


def test_files_of_ours_alone(runs: RunsHere) -> None:
    """They are made, and removed; until somebody agrees, nothing is written."""
    shown = runs.handoff("agents", "install", "claude", "--dry-run")
    assert (shown.code, "nothing was written; next: handoff agents install claude --yes" in shown.out) == (0, True)
    assert not (runs.folder / ".claude").exists()
    asked = runs.handoff("agents", "install", "claude")
    assert (asked.code, "nothing was written; answer yes, or pass --yes" in asked.err) == (2, True)
    runs.handoff("agents", "install", "claude", "--yes")
    runs.handoff("agents", "install", "codex", "--yes")
    runs.handoff("agents", "remove", "claude", "--yes")
    assert (runs.folder / "AGENTS.md").exists()  # another tool's hook needs it
    runs.handoff("agents", "remove", "codex", "--yes")
    assert not (runs.folder / "AGENTS.md").exists()
    assert not (runs.folder / ".claude/settings.json").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1", "is not valid JSON"),
        ("[]", "is not a JSON object"),
        ('{"a": 1, "a": 2}', "has the key 'a' twice in one object"),
        ("\ufeff{}", "begins with a byte order mark"),
        ('{"hooks": []}', "'hooks' is not an object"),
        ('{"hooks": {"Stop": {}}}', "'hooks.Stop' is not a list"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_settings_that_cannot_be_changed(runs: RunsHere, text: str, said: str) -> None:
    """Nothing is written, and it is said why."""
    runs.write({".claude/settings.json": text})
    done = runs.handoff("agents", "install", "claude", "--yes")
    assert (done.code, f"{said}" in done.err, "nothing was written" in done.err) == (2, True, True)
    assert (runs.folder / ".claude/settings.json").read_text("utf-8") == text


def test_a_text_with_half_a_section(runs: RunsHere) -> None:
    """Somebody has to put it right; a file that is none cannot be read."""
    runs.write({"AGENTS.md": "<!-- pytest-handoff: begin -->\n"})
    assert "without the other; nothing was written" in runs.handoff("agents", "install", "claude", "--yes").err
    (runs.folder / "AGENTS.md").unlink()
    (runs.folder / "AGENTS.md").mkdir()
    done = runs.handoff("agents", "install", "claude", "--yes")
    assert (done.code, "nothing was written" in done.err) == (2, True)


def test_comments_of_a_tool_that_allows_them(runs: RunsHere) -> None:
    """They stay, also within what held our hook."""
    text = '{\n  // mine\n  "hooks": {\n    "AfterAgent": [] // none yet\n  }\n}\n'
    runs.write({".gemini/settings.json": text})
    runs.handoff("agents", "install", "gemini", "--yes")
    written = (runs.folder / ".gemini/settings.json").read_text()
    assert "// mine" in written
    assert "// none yet" in written
    assert "agents hook gemini" in written
    runs.handoff("agents", "remove", "gemini", "--yes")
    left = (runs.folder / ".gemini/settings.json").read_text()
    assert "agents hook gemini" not in left
    assert "// mine" in left


def test_a_project_in_a_folder_of_the_repository(runs: RunsHere) -> None:
    """The hook says where; runs must be made again, since these files are part of the tree."""
    runs.pytest()
    done = runs.handoff("agents", "install", "cursor", "--yes")
    assert "these files are part of the tree: run pytest --handoff=SESSION again before the next gate" in done.out


@pytest.mark.parametrize(
    ("text", "where", "key", "value", "expected"),
    [
        ("", [], "a", 1, '{\n  "a": 1\n}\n'),
        ('{"a": [1]}', ["a"], None, 2, '{"a": [1,\n    2]}'),
        ('{\r\n    "a": 1 // one\r\n}', [], "b", {}, '{\r\n    "a": 1, // one\r\n    "b": {}\r\n}'),
    ],
)
def test_a_value_that_is_added(text: str, where: list[str | int], key: str | None, value: object, expected: str) -> None:
    """Everything else stays as it is, with its line endings and its indentation."""
    assert added(text, where, key, value) == expected


@pytest.mark.parametrize(
    ("text", "where", "which", "expected"),
    [
        ('{"a": 1}', [], "a", "{}"),
        ('{"a": [1, 2, 3]}', ["a"], 1, '{"a": [1, 3]}'),
        ('{"a": 1, "b": 2}', [], "b", '{"a": 1}'),
        ('{\n  // kept\n  "a": 1\n}', [], "a", "{\n  // kept\n}"),
        ('{\n  "a": 1, // one\n  "b": 2\n}', [], "b", '{\n  "a": 1 // one\n}'),
    ],
)
def test_a_value_that_is_removed(text: str, where: list[str | int], which: int | str, expected: str) -> None:
    """So do comments."""
    assert removed(text, where, which) == expected
    assert isinstance(read_json(expected, "a.json", comments=True), dict)


SENT: dict[str, dict[str, Any]] = {
    "claude": {"stop_hook_active": False}, "codex": {"stop_hook_active": False}, "gemini": {"stop_hook_active": False},
    "cursor": {"status": "completed", "loop_count": 0},
}  # fmt: skip


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_what_an_agent_is_told(runs: RunsHere, tool: str) -> None:
    """Nothing without a hand-off under way; then what is left, in the words of the tool, and not again and again."""
    sent = SENT[tool] | {"cwd": str(runs.folder)}
    assert answer(TOOLS[tool], json.dumps(sent).encode(), None) == ""
    runs.write({"handoffs/session-1.md": "# Work\n\n- [ ] All tests pass\n"})
    told = json.loads(answer(TOOLS[tool], json.dumps(sent).encode(), None))
    assert any("The hand-off of session-1 is not done" in str(text) for text in told.values())
    again = sent | {"stop_hook_active": True, "loop_count": 2}
    assert answer(TOOLS[tool], json.dumps(again).encode(), None) == ""


@pytest.mark.parametrize("sent", [b"", b"[]", b"{", b"\xff"])
def test_what_cannot_be_read(sent: bytes) -> None:
    """Then an agent must come to its end."""
    assert answer(TOOLS["claude"], sent, None) == ""


def test_what_is_left(runs: RunsHere) -> None:
    """The first steps, with their places, and how many more there are; nothing once all is done or committed."""
    failing = "".join(f"def test_{number}():\n    assert 0\n\n" for number in range(7))
    runs.write({"test_b.py": failing})
    runs.pytest()
    reason = str(why_not_done(runs.folder, None))
    assert "1. test_b.py:1: test_b.py::test_0 failed" in reason
    assert f"\n{agent_stop.MOST_STEPS}. " in reason
    assert re.search(r"\nand \d+ more: handoff next session-1 --json\n", reason)
    runs.commit()
    assert why_not_done(runs.folder, None) is None


def test_evidence_that_cannot_be_read(runs: RunsHere, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It is never passed over; but where there is no hand-off, there is nothing to say."""
    runs.pytest()
    record = runs.folder / "handoffs/evidence/session-1/record.json"
    record.write_text("{")
    assert str(why_not_done(runs.folder, None)).startswith("Cannot read the ")
    runs.pytest(session="session-1")
    runs.write({"pyproject.toml": "[tool.handoff]\nnonsense = 1\n"})
    assert why_not_done(runs.folder, None) is None
    assert why_not_done(tmp_path_factory.mktemp("none"), None) is None


def test_which_session_is_the_newest(runs: RunsHere) -> None:
    """The one whose document waits for its run, else the newest record; of two that wait somebody has to name one."""
    with pytest.raises(EvidenceProblem, match="no session is recorded yet"):
        newest_session(runs.project)
    runs.write({"handoffs/session-1.md": "# Work\n"})
    assert newest_session(runs.project) == ("session-1", "its document has no run yet")
    runs.pytest()
    assert newest_session(runs.project) == ("session-1", "the newest")
    runs.write({"handoffs/notes.md": "# Old notes\n", "handoffs/session-2.md": "# Work\n"})
    assert newest_session(runs.project) == ("session-2", "its document is newer than every record")
    runs.write({"handoffs/other.md": "<!-- handoff:begin summary -->\n<!-- handoff:end -->\n"})
    with pytest.raises(UsageProblem, match="which SESSION"):
        newest_session(runs.project)

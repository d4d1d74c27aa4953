"""Where a reader meets a proof: the document, the commands, the page, CI; never the proof of another run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import jsonschema
import pytest

from pytest_handoff.cli.schemas import schema
from pytest_handoff.evidence.history import HISTORY_SCHEMA
from pytest_handoff.figures import percent
from stories import Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = "<!-- handoff:begin proof -->\n<!-- handoff:end proof -->\n"
DOCUMENT = f"# Session 2\n\n{BLOCK}\n## Verification Checklist\n\n- [ ] Mutation score >= 90 %\n- [ ] All tests pass\n"
LINES = "- [ ] Earlier tests pass unchanged\n- [ ] New tests fail without the change\n"
FIRST = {
    "src/shop.py": "def net(price):\n    return price - 5\n\n\ndef label(price):\n    return f'{price} EUR'\n",
    "tests/test_shop.py": """
        from shop import label, net

        def test_net():
            assert net(50) == 45

        def test_label():
            assert label(5) == "5 EUR"
    """,
}
SECOND = {
    "src/shop.py": "def net(price):\n    return price - price // 5\n\n\ndef label(price):\n    return f'{price} EUR'\n",
    "tests/test_shop.py": """
        from shop import label, net

        def test_net():
            assert net(50) < 50

        def test_label():
            assert label(5) == "5 EUR"
    """,
    "tests/test_new.py": "from shop import net\n\ndef test_new():\n    assert net(10) < 10\n",
    "handoffs/session-2.md": DOCUMENT + LINES,
}


def proof_block(story: Story) -> str:
    """The body of the block."""
    return story.document("session-2").partition("handoff:begin proof -->\n")[2].partition("<!-- handoff:end")[0]


def recorded(folder: Path) -> Story:
    """A project with two recorded sessions; the second weakened a test."""
    story = new_story(folder)
    for number, files in enumerate((FIRST, SECOND), start=1):
        story.write_files(files)
        story.pytest(f"--handoff=session-{number}")
        story.commit(f"session-{number}")
    return story


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The project with a proof of all three kinds, and its document filled again."""
    story = recorded(tmp_path_factory.mktemp("proved") / "project")
    done = story.handoff("prove", "session-2", "--earlier", "--new", "--faults")
    assert done.code == 0, done
    story.handoff("fill", "session-2")
    return story


def test_the_block_of_a_document(tmp_path: Path) -> None:
    """It says how to prove, then what was found; a new run has no proof, though the old one is still there."""
    story = recorded(tmp_path / "project")
    unproved = "Not proved: run `handoff prove session-2`, then `handoff fill session-2`.\n"
    assert proof_block(story) == unproved

    story.handoff("prove", "session-2", "--earlier")
    story.handoff("fill", "session-2")
    assert proof_block(story) == (
        "- old tests on the new code: 0 unchanged, 1 still passes, 1 adapted\n"
        "- not proved: run `handoff prove session-2 --new`\n"
        "- not proved: run `handoff prove session-2 --faults`\n"
    )

    story.pytest("--handoff=session-2")
    assert (story.folder / "handoffs/evidence/session-2/proof.json").is_file()
    assert proof_block(story) == unproved
    assert story.handoff("fill", "session-2", "--check").code == 0


def test_survivors_are_lines_of_the_block(proved: Story) -> None:
    """Each fault that no test noticed is one line: the place, the line as it is, the line with the fault."""
    block = proof_block(proved)
    survived = json.loads(proved.text("handoffs/evidence/session-2/proof.json"))["faults"]["survived"]

    assert survived
    assert "- new tests on the old code: 1 passes without it\n" in block
    assert f"{len(survived)} survived" in block
    for fault in survived:
        was, _, now = fault["diff"].removeprefix("- ").partition("\n+ ")
        assert f"- `src/shop.py:{fault['line']}`: `{was}` became `{now}`\n" in block


def test_lines_are_decided_by_it(proved: Story) -> None:
    """An edited test that does not pass as it was, and a new one that passes without the change, are told with their ids."""
    evidence = {check["text"]: (check["verdict"], check["evidence"]) for check in proved.show("session-2")["checks"]}

    verdict, said = evidence["Earlier tests pass unchanged"]
    assert (verdict, "changed: tests/test_shop.py::test_net (adapted)" in said) == ("failed", True), said
    verdict, said = evidence["New tests fail without the change"]
    assert (verdict, said) == ("failed", "1 new test passes without the change: tests/test_new.py::test_new")


def test_commands_tell_of_it(proved: Story) -> None:
    """``show`` and ``explain`` have a line for each experiment, the history a column, the comment one line."""
    show, explained = proved.handoff("show", "session-2").out, proved.handoff("explain", "session-2").out
    history = proved.handoff("history").out.splitlines()
    table = json.loads(proved.handoff("history", "--json").out)["sessions"]
    comment = proved.handoff("comment", "session-2").out
    faults = json.loads(proved.text("handoffs/evidence/session-2/proof.json"))["faults"]
    noticed, tried = faults["caught"] + faults["timeout"], faults["tried"]

    assert "proof      old tests on the new code: 0 unchanged, 1 still passes, 1 adapted\n" in show
    assert f"proof      small faults: {tried} of {tried} faults in the new code tried: " in show
    assert "   –  proof: new tests on the old code: 1 passes without it\n" in explained
    assert history[0].split()[-2:] == ["proof", "gate"]
    assert f"✓ {percent(noticed, tried)}" in history[2]
    assert history[1].split()[-3:] == ["–", "✓", "passes"]
    jsonschema.validate({"schema": HISTORY_SCHEMA, "sessions": table}, schema("history"))
    assert [row["proof"] for row in table] == [None, {"holds": True, "faults": {"part": noticed, "whole": tried}}]
    assert "\nProof: old tests on the new code: 0 unchanged, 1 still passes, 1 adapted; new tests on the old code: 1 " in comment


def test_the_page_and_the_summary_of_the_step(proved: Story, tmp_path: Path) -> None:
    """The page has a section with the survivors; on GitHub the gate's summary has one line."""
    proved.handoff("report", "session-2", "-o", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    summary = tmp_path / "summary.md"
    proved.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    proved.handoff("gate", "session-2")
    del proved.environment["GITHUB_ACTIONS"], proved.environment["GITHUB_STEP_SUMMARY"]

    assert '<h2 id="proof">Proof</h2>' in page
    faults = json.loads(proved.text("handoffs/evidence/session-2/proof.json"))["faults"]
    noticed = percent(faults["caught"] + faults["timeout"], faults["tried"])
    table = page.partition('<h2 id="history">')[2].partition("</table>")[0]
    assert '<th scope="col">Proof</th><th scope="col">Gate</th>' in table
    assert re.findall(r'<td data-label="Proof">(.*?)</td>', table) == [f"✓ {noticed}", "–"]
    assert "<code>src/shop.py:2</code> <code>return price - price // 5</code> became <code>" in page
    assert "\n\nProof: old tests on the new code: 0 unchanged, 1 still passes, 1 adapted; new tests" in summary.read_text("utf-8")


def test_what_is_next_names_the_survivors_to_programs(proved: Story) -> None:
    """Each fault that no test noticed, with its line and its tests; they are no steps of their own."""
    table = json.loads(proved.handoff("next", "session-2", "--json").out)

    jsonschema.validate(table, schema("next"))
    assert table["survivors"] == json.loads(proved.text("handoffs/evidence/session-2/proof.json"))["faults"]["survived"]
    [step] = [step for step in table["steps"] if step["kind"] == "faults"]
    assert "write tests that notice these faults: src/shop.py:2" in step["do"]


def test_where_nothing_is_proved_nothing_is_said(tmp_path: Path) -> None:
    """No column, no section, no line; unless the settings ask for a proof: then ``show`` and ``explain`` name the command."""
    story = recorded(tmp_path / "project")
    commands = [("show", "session-2"), ("explain", "session-2"), ("history",), ("comment", "session-2")]
    assert not [command for command in commands if "proof" in story.handoff(*command).out.lower()]
    assert json.loads(story.handoff("next", "session-2", "--json").out)["survivors"] == []
    story.handoff("report", "session-2", "-o", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    assert 'id="proof"' not in page
    assert ">Proof<" not in page

    story.write_files({"pyproject.toml": story.text("pyproject.toml") + '\n[tool.handoff]\nprove = ["new"]\n'})
    for command in commands[:2]:
        assert "not proved: run handoff prove session-2" in story.handoff(*command).out

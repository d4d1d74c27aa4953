"""What the plugin and the command write beside the evidence spoils no evidence, and what they say of their files is true."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

from pytest_handoff.cli.support import CANNOT_TELL, GOOD, NO

if TYPE_CHECKING:
    from stories import Story


def test_a_report_is_written_where_it_spoils_nothing(shop: Story) -> None:
    """Without ``-o`` the page goes into the hand-off folder and git does not see it; into the tree it goes only with a word."""
    shop.pytest("--handoff=session-1", "--no-cov")

    done = shop.handoff("report")
    assert done.out.startswith("handoffs/report/session-1.html: session-1, ")
    assert shop.text("handoffs/report/session-1.html").startswith("<!doctype html>")
    assert "report" not in shop.git("status", "--porcelain", "--untracked-files=all")
    assert shop.handoff("verify", "session-1").code == GOOD

    done = shop.handoff("report", "-o", "page.html")
    assert "page.html: is part of the tree now, which makes the evidence stale; " in done.out
    assert shop.handoff("verify", "session-1").code == NO
    shop.edit(".gitignore", "artifacts/\n", "artifacts/\npage.html\n")
    assert "part of the tree" not in shop.handoff("report", "-o", "page.html").out


def test_a_report_spoils_nothing_without_git(shop: Story) -> None:
    """The folder that ignores itself is left out of the tree where there is no git to ask, too."""
    shutil.rmtree(shop.folder / ".git")
    shop.pytest("--handoff=session-1", "--no-cov", "--handoff-artifacts=kept/here")
    assert shop.text("kept/here/.gitignore") == "*\n"
    assert shop.handoff("verify", "session-1").out == "session-1: verified\n"


def test_an_artifacts_folder_in_the_tree_ignores_itself(shop: Story) -> None:
    """A new folder for CI is kept out of git, also the second time; one that somebody made is left as it is."""
    for _ in range(2):
        assert shop.pytest("--handoff=session-1", "--no-cov", "--handoff-artifacts=kept").code == 0
        assert "kept" not in shop.git("status", "--porcelain", "--untracked-files=all")
        assert shop.handoff("verify", "session-1").code == GOOD
    shop.write_files({"mine/note.txt": "mine"})
    shop.pytest("--handoff=session-1", "--no-cov", "--handoff-artifacts=mine")
    assert not (shop.folder / "mine" / ".gitignore").exists()


def test_parts_within_the_tree_can_be_combined_there(shop: Story) -> None:
    """The folder of the parts is no part of the code that they are about."""
    for label, path in (("unit", "tests/unit"), ("e2e", "tests/e2e")):
        done = shop.pytest("--handoff=session-1", "--no-cov", f"--handoff-part={label}", "--handoff-artifacts=parts", path)
        assert done.code == 0, done
    done = shop.handoff("combine", "session-1", "parts")
    assert done.code == GOOD, done
    assert shop.show("session-1")["complete"]


def test_fill_says_what_it_wrote(shop: Story) -> None:
    """A record that is brought up to date is named, also where the document stays as it is."""
    shop.pytest("--handoff=session-1", "--no-cov")
    assert shop.handoff("fill", "session-1").out == "handoffs/session-1.md: nothing to change\n"
    shop.edit("handoffs/session-1.md", "- **Tests Added**: not known: first session\n", "")
    before = shop.text("handoffs/evidence/session-1/record.json")
    done = shop.handoff("fill", "session-1")
    assert shop.text("handoffs/evidence/session-1/record.json") != before
    assert done.out.splitlines()[0] == (
        "handoffs/session-1.md: nothing to change; handoffs/evidence/session-1/record.json: updated"
    )


def test_a_project_without_tests_is_not_stale(empty: Story) -> None:
    """An empty tree is a tree: what comes to it later is named, and nothing is said of pruning."""
    for path in empty.folder.iterdir():
        if path.name != ".git":
            path.unlink()
    empty.pytest("--handoff=session-1", "--no-cov")
    empty.write_files({"later.py": "x = 1"})
    done = empty.handoff("verify", "session-1")
    assert "is about another tree: 1 file differs: later.py; run pytest --handoff=session-1 again\n" in done.out


def test_ticks_that_came_after_the_last_fill_are_told_from_forged_ones(shop: Story) -> None:
    """A person's tick makes our own lines about it old, and the remedy is one command; a machine's tick set by hand is named."""
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.edit("handoffs/session-1.md", "- [ ] Error handling", "- [x] Error handling")
    done = shop.handoff("verify", "session-1")
    assert done.code == NO
    assert done.out.endswith(
        ": differs from the evidence: its checklist figures are older than its last tick or waiver; "
        "update them with handoff fill session-1, which runs no tests\n"
    )
    shop.edit("handoffs/session-1.md", "- [x] All E2E tests for current", "- [ ] All E2E tests for current")
    done = shop.handoff("verify", "session-1")
    number = 1 + shop.document("session-1").splitlines().index("- [ ] All E2E tests for current session pass")
    assert done.out.startswith(
        f"handoffs/session-1.md:{number}: differs from the evidence: the line holds, but its box is empty; "
    )
    assert shop.handoff("fill", "session-1").out == "handoffs/session-1.md: filled\n"
    assert shop.handoff("verify", "session-1").code == GOOD


def test_a_session_that_is_not_there_names_the_nearest(shop: Story) -> None:
    """Three of many names are shown, the ones most alike first, and what is to be typed."""
    shop.pytest("--handoff=session-1", "--no-cov")
    evidence = shop.folder / "handoffs" / "evidence"
    for name in ("alpha", "beta", "gamma", "sesion-12"):
        shutil.copytree(evidence / "session-1", evidence / name)
    done = shop.handoff("gate", "session-12")
    assert done.code == CANNOT_TELL
    assert done.err == (
        "handoff: handoffs/evidence: there is no record of 'session-12' (nearest of 5: session-1, sesion-12, beta); "
        "record it with pytest --handoff=session-12\n"
    )


def test_a_log_that_the_run_writes_into_the_tree_is_named_with_the_remedy(shop: Story) -> None:
    """Running again does not help there, and that is not what is advised."""
    command = f"{sys.executable} -m pytest --handoff=session-1 --no-cov > run.log"
    assert shop.run("sh", "-c", command).code == 0
    advice = "files changed while the tests ran: run.log (what the run itself writes belongs in .gitignore)"
    assert advice in shop.text("run.log")
    assert (
        "1 file differs: run.log; run pytest --handoff=session-1 again, or add what a run generates to .gitignore: run.log\n"
        in (shop.handoff("verify", "session-1").out)
    )


def test_what_git_tracks_is_never_offered_to_gitignore(shop: Story) -> None:
    """A cherry-pick changed it, or a person; only a file that the run itself writes can be taken out of git."""
    shop.write_files({"README.md": "# Shop\n", "run.log": ""})
    shop.commit()
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.edit("README.md", "Shop", "The shop")
    told = "is about another tree: 1 file differs: README.md; run pytest --handoff=session-1 again\n"
    assert told in shop.handoff("verify", "session-1").out

    shop.run("sh", "-c", f"{sys.executable} -m pytest --handoff=session-1 --no-cov > run.log")
    advice = "run.log (what the run itself writes must not be tracked: run git rm --cached, and add it to .gitignore)"
    assert advice in shop.text("run.log")


def test_evidence_that_another_package_of_the_repository_spoils_names_the_scope(empty: Story) -> None:
    """Two packages of one repository hand over by themselves; each counts what the other commits, until it is told not to."""
    for package in ("one", "two"):
        empty.write_files({f"{package}/pytest.ini": "[pytest]\n", f"{package}/test_{package}.py": "def test_a(): pass\n"})
    for package in ("one", "two"):
        empty.pytest("--no-cov", "--handoff=session-1", cwd=empty.folder / package)
    told = empty.handoff("verify", "session-1", cwd=empty.folder / "one").out
    assert "two/handoffs/evidence/session-1/record.json" in told
    assert "or set 'scope' to the folders of this project, such as ['one']" in told

    empty.write_files({"one/handoff.toml": "scope = ['one']\n"})
    empty.pytest("--no-cov", "--handoff=session-1", cwd=empty.folder / "one")
    empty.pytest("--no-cov", "--handoff=session-2", cwd=empty.folder / "two")
    assert empty.handoff("verify", "session-1", cwd=empty.folder / "one").code == 0


def test_instructions_in_the_hand_off_folder_can_be_ticked_after_the_run(shop: Story) -> None:
    """There they are no part of the tree, and what decides the line about them is how they stand now."""
    shop.write_files({"handoffs/instructions/session-1.md": "# Do\n\n## Checklist\n\n- [ ] Talk to Ada\n"})
    shop.pytest("--handoff=session-1", "--no-cov", "--handoff-instructions=handoffs/instructions/session-1.md")
    line = "All validation checklist items from session instructions completed"
    assert not shop.boxes("session-1")[line]
    shop.edit("handoffs/instructions/session-1.md", "[ ] Talk", "[x] Talk")
    assert shop.handoff("fill", "session-1").out == "handoffs/session-1.md: filled\n"
    assert shop.boxes("session-1")[line]
    assert shop.handoff("verify", "session-1").code == GOOD


def test_a_build_that_would_take_the_folder(empty: Story) -> None:
    """The first session says that setuptools takes the folder for a package; once it is mended, or later, nobody does."""
    pyproject = '[project]\nname = "app"\nversion = "1"\n'
    empty.write_files({"pyproject.toml": pyproject, "app/__init__.py": "", "test_app.py": "def test_app(): pass\n"})
    done = empty.pytest("--handoff=session-1", "--no-cov")
    assert "setuptools treats handoffs/ as a package" in done.section
    empty.write_files({"pyproject.toml": pyproject + '[tool.setuptools]\npackages = ["app"]\n'})
    assert "setuptools" not in empty.pytest("--handoff=session-1", "--no-cov").section


def test_data_of_tests_that_look_like_an_environment(shop: Story) -> None:
    """A `pyvenv.cfg` without a Python is data: committing it makes no evidence stale, and changing what lies there does."""
    shop.write_files({"tests/data/proj/pyvenv.cfg": "home = x\n", "tests/data/proj/a.txt": "1\n"})
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.commit()
    assert shop.handoff("verify", "session-1").code == 0
    shop.write_files({"tests/data/proj/a.txt": "2\n"})
    assert shop.handoff("verify", "session-1").code == 1


def test_a_virtual_environment_is_no_part_of_the_tree(shop: Story) -> None:
    """`.venv` without a line in .gitignore, and one of another name; what git tracks is code all the same."""
    for name in (".venv", "tools/env", "src/kept"):
        python = "Scripts/python.exe" if name == ".venv" else "bin/python3"
        files = {"pyvenv.cfg": "home = /usr/bin\n", "lib/site-packages/a.py": "x = 1\n", python: ""}
        shop.write_files({f"{name}/{path}": text for path, text in files.items()})
    shop.git("add", "src/kept/lib/site-packages/a.py")
    shop.git("commit", "--quiet", "--message", "kept")
    shop.pytest("--no-cov", "--handoff=session-1")
    known = {json.loads(line)["path"] for line in shop.text("handoffs/evidence/session-1/sources.jsonl").splitlines()}

    assert {path for path in known if "pyvenv" in path or "site-packages" in path} == {
        "src/kept/pyvenv.cfg",
        "src/kept/lib/site-packages/a.py",
    }
    (shop.folder / ".venv/lib/site-packages/b.py").write_text("y = 2\n")
    assert shop.handoff("verify", "session-1").code == 0
    (shop.folder / "src/kept/lib/site-packages/b.py").write_text("y = 2\n")
    assert shop.handoff("verify", "session-1").code == 1

"""Any checkout: the same code is the same evidence in a sparse or shallow clone, a work tree beside, or one with other rights."""

from __future__ import annotations

import json
import os
import shutil
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from stories import Story

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Done

RECORD, SOURCES = "handoffs/evidence/session-1/record.json", "handoffs/evidence/session-1/sources.jsonl"


def record_of(story: Story, session: str) -> dict[str, Any]:
    """What stands in a record."""
    table: dict[str, Any] = json.loads(story.text(f"handoffs/evidence/{session}/record.json"))
    return table


def with_a_script(story: Story) -> None:
    """A program in the repository."""
    story.write_files({"tools/run.sh": "#!/bin/sh\n"})
    (story.folder / "tools/run.sh").chmod(0o755)


def make_older(story: Story) -> None:
    """The evidence as a version wrote it that knew nothing of what files are besides their contents."""
    lines = [json.loads(line) for line in story.text(SOURCES).splitlines()]
    kept = "".join(json.dumps({key: line[key] for key in line if key != "kind"}) + "\n" for line in lines)
    record = json.loads(story.text(RECORD))
    rows = "".join(f"{line['path']}\0{line['blob']}\n" for line in lines)
    record["source"]["fingerprint"] = "sha256:" + sha256(rows.encode()).hexdigest()
    record["source"]["sources"] = "sha256:" + sha256(kept.encode()).hexdigest()
    del record["digest"]
    story.write_files({SOURCES: kept, RECORD: json.dumps(record)})


def test_older_evidence_stays_valid(shop: Story) -> None:
    """Its fingerprint is read as it was made; a session after it lists no file as changed that is what it was."""
    with_a_script(shop)
    shop.pytest("--handoff=session-1", "--no-cov")
    make_older(shop)
    assert shop.handoff("fill", "session-1").code == 0
    assert shop.handoff("verify", "session-1").code == 0

    shop.pytest("--handoff=session-2", "--no-cov")
    assert shop.show("session-2")["changes"]["modified"] == []
    assert shop.handoff("verify", "session-2").code == 0
    (shop.folder / "tools/run.sh").chmod(0o644)
    done = shop.handoff("verify", "session-2")
    assert (done.code, "1 file differs: tools/run.sh" in done.out) == (1, True), done


def test_a_remedy_can_be_pasted_into_a_shell(shop: Story) -> None:
    """Whatever a branch or a folder is called: git allows nearly every character."""
    settings = '\n[tool.handoff]\ntarget = "it\'s&done"\ndir = "hand offs"\n'
    (shop.folder / "pyproject.toml").write_text(shop.text("pyproject.toml") + settings)
    shop.git("checkout", "--quiet", "-b", "it's&done")
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    shop.git("checkout", "--quiet", "-b", "work")
    shop.pytest("--handoff=session-2", "--no-cov")
    record = shop.folder / "hand offs/evidence/session-1/record.json"
    kept = record.read_bytes()
    record.write_bytes(kept.replace(b'"run"', b' "run"'))

    said = shop.handoff("verify", "session-2").out
    command = said.partition("restore it with ")[2].partition("\n")[0]
    assert command == """git checkout 'it'"'"'s&done' -- 'hand offs/evidence/session-1' 'hand offs/session-1.md'""", said
    assert shop.run("sh", "-c", command).code == 0
    assert record.read_bytes() == kept


def with_more(shop: Story) -> None:
    """Folders that a sparse checkout may leave out: docs, settings that do not parse, another package with tests."""
    shop.write_files({
        "docs/a.txt": "x\n", "big/broken.json": "{", "big/code.py": "x = 1\ny = 2\n",
        "tests/other/test_big.py": "def test_big():\n    big = 1\n",
    })  # fmt: skip
    shop.commit()


ABSENT = "2 files of code, tests or settings not checked out (git sparse-checkout)"
CONE = ("sparse-checkout", "set", "--cone", "src", "tests/unit", "tests/e2e")


@pytest.mark.parametrize(
    "how", [CONE, ("sparse-checkout", "set", "--no-cone", "/src/", "/tests/unit/", "/*.toml"), (*CONE, "--sparse-index")]
)
def test_a_sparse_checkout_with_files_where_it_has_none(shop: Story, how: tuple[str, ...]) -> None:
    """The hand-off folder itself may lie outside of it, and so may what was generated or changed there."""
    with_more(shop)
    shop.git(*how)
    assert not (shop.folder / "big").exists()
    shop.write_files({"big/generated.txt": "made\n", "docs/a.txt": "other\n"})
    for _ in range(2):
        done = shop.pytest("--handoff=session-1", "--no-cov")
        assert done.code == 0, done
    source = record_of(shop, "session-1")["source"]
    assert (source["modified"], source["untracked"]) == (["docs/a.txt"], ["big/generated.txt"])
    assert shop.handoff("verify", "session-1").code == 0


def sparse_clone(shop: Story, *folders: str) -> Story:
    """A clone that checks out some folders only."""
    place = shop.folder.parent / "sparse"
    shop.git("clone", "--quiet", "--sparse", str(shop.folder), str(place))
    clone = Story(place)
    clone.git("sparse-checkout", "set", "--cone", *folders)
    return clone


def test_a_record_of_a_full_checkout_is_verified_in_a_sparse_one(shop: Story) -> None:
    """What is not checked out is read from git: its lines, whether it parses, what its tests assert."""
    with_more(shop)
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    shop.write_files({"big/code.py": "x = 1\n", "big/new.json": "[", "tests/other/test_new.py": "def test_new():\n    pass\n"})
    shop.pytest("--handoff=session-2", "--no-cov")
    shop.commit()
    clone = sparse_clone(shop, "src", "tests/unit", "handoffs")
    assert not (clone.folder / "big").exists()
    done = clone.handoff("verify", "session-2")
    assert done.code == 0, done
    clone.git("sparse-checkout", "add", "big")
    (clone.folder / "big/code.py").write_text("x = 2\n")
    done = clone.handoff("verify", "session-2")
    assert (done.code, "1 file differs: big/code.py" in done.out) == (1, True), done


def test_a_record_of_a_sparse_checkout_is_verified_in_a_full_one(shop: Story) -> None:
    """Tests that are tracked and not checked out did not run; nothing is missing, and the run is not complete."""
    with_more(shop)
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    clone = sparse_clone(shop, "src", "tests/unit", "tests/e2e", "handoffs")
    done = clone.pytest("--handoff=session-2", "--no-cov")
    assert clone.statuses("session-2")["test_big"] == "not_run", done
    run = record_of(clone, "session-2")["run"]
    assert not run["complete"]
    assert f"{ABSENT}: big/code.py, tests/other/test_big.py" in run["why_incomplete"]
    clone.git("add", "--all", "--sparse")
    clone.git("commit", "--quiet", "-m", "session-2")
    clone.git("sparse-checkout", "disable")
    assert clone.handoff("verify", "session-2").code == 0


def test_a_first_session_of_a_sparse_checkout_is_not_complete(shop: Story) -> None:
    """Nobody has seen what tests and code do that are not checked out; other files are only named."""
    with_more(shop)
    clone = sparse_clone(shop, "src", "tests/unit", "tests/e2e")
    done = clone.pytest("--handoff=session-1", "--no-cov")
    run = record_of(clone, "session-1")["run"]
    assert run["why_incomplete"] == [f"{ABSENT}: big/code.py, tests/other/test_big.py"]
    assert "files that tests may read are not checked out: big/broken.json, docs/a.txt" in done.section


@pytest.mark.parametrize("name", ["lib/conftest.py", "lib/pytest.ini", "lib/fast.so"])
def test_whatever_python_or_a_tool_would_read_decides(shop: Story, name: str) -> None:
    """A run without it is a run of something else; in a scope that leaves it out, it is nobody's."""
    shop.write_files({name: ""})
    shop.commit()
    shop.git("sparse-checkout", "set", "--no-cone", "/*", "!/lib/")
    shop.pytest("--handoff=session-1", "--no-cov")
    named = f"1 file of code, tests or settings not checked out (git sparse-checkout): {name}"
    assert record_of(shop, "session-1")["run"]["why_incomplete"] == [named]

    (shop.folder / "handoff.toml").write_text('scope = ["src", "tests"]\n')
    shop.pytest("--handoff=session-1", "--no-cov")
    assert record_of(shop, "session-1")["run"]["complete"]


def test_a_partial_clone_lacks_contents_and_is_told_nothing_false(shop: Story) -> None:
    """What neither stands there nor is in the clone cannot be compared: the run's word on it stands."""
    with_more(shop)
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    shop.git("config", "uploadpack.allowFilter", "true")
    place = shop.folder.parent / "partial"
    shop.git("clone", "--quiet", "--sparse", "--filter=blob:none", f"file://{shop.folder}", str(place))
    clone = Story(place)
    clone.git("sparse-checkout", "set", "--cone", "src", "handoffs")
    done = clone.handoff("verify", "session-1")
    assert done.code == 0, done


WITHOUT_POWERS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.name != "nt" and os.geteuid() == 0 else []
needs_modes = pytest.mark.skipif(
    os.name == "nt" or bool(WITHOUT_POWERS and not shutil.which("setpriv")), reason="needs a user who may not read everything"
)


class Powerless(Story):
    """A project of a user who may not read everything, as root may."""

    def run(self, *command: str, cwd: Path | None = None) -> Done:
        """Run any command in the project, without root's powers over files."""
        return super().run(*WITHOUT_POWERS, *command, cwd=cwd)


@pytest.fixture
def powerless(shop: Story) -> Powerless:
    """A project with tests of such a user."""
    return Powerless(shop.folder)


LOCKS = """
    import os

    def test_writes_a_key():
        os.makedirs("data", exist_ok=True)
        os.close(os.open("data/server.key", os.O_CREAT | os.O_WRONLY, 0o000))
        os.makedirs("volume/inner", exist_ok=True)
        os.chmod("volume", 0o000)
"""


@needs_modes
def test_what_nobody_may_read_costs_no_run(powerless: Powerless) -> None:
    """A file or folder that appears and is closed to this user changed nothing that was run; it is named."""
    powerless.write_files({"tests/unit/test_locks.py": LOCKS})
    done = powerless.pytest("--handoff=session-1", "--no-cov")
    assert done.code == 0, done
    assert "no permission to read data/server.key, volume, so the tree leaves it out; add it to .gitignore" in done.section
    assert record_of(powerless, "session-1")["run"]["complete"]
    assert powerless.handoff("verify", "session-1").code == 0
    powerless.run("chmod", "-R", "u+rwX", "data", "volume")
    assert "data/server.key" in powerless.handoff("verify", "session-1").out


@needs_modes
@pytest.mark.parametrize("closed", ["src/shop/cart.py", "src/shop"])
def test_what_git_tracks_and_nobody_may_read_is_another_tree(powerless: Powerless, closed: str) -> None:
    """Nobody can say that it is what was run."""
    powerless.pytest("--handoff=session-1", "--no-cov")
    powerless.run("touch", "src/shop/cart.py")
    powerless.run("chmod", "000", closed)
    done = powerless.handoff("verify", "session-1")
    assert (done.code, "src/shop/cart.py" in done.out) == (1, True), done
    done = powerless.pytest("--handoff=session-2", "--no-cov", "--continue-on-collection-errors")
    assert "src/shop/cart.py" in record_of(powerless, "session-2")["source"]["modified"], done
    assert "no permission to read" not in done.out


def test_a_submodule_that_is_not_checked_out_loses_no_tests(shop: Story, tmp_path: Path) -> None:
    """Its commit says what is in it, so the evidence holds; its tests did not run, and are not missing."""
    (tmp_path / "vendored").mkdir()
    other = Story(tmp_path / "vendored")
    other.git("init", "--quiet", "--initial-branch=main")
    other.write_files({"test_vendored.py": "def test_vendored():\n    assert 1 < 2\n"})
    other.commit()
    shop.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "tests/vendored")
    shop.commit()
    shop.pytest("--handoff=session-1", "--no-cov")
    assert "test_vendored" in shop.statuses("session-1")
    shop.commit()
    shop.git("clone", "--quiet", str(shop.folder), str(tmp_path / "clone"))
    clone = Story(tmp_path / "clone")
    assert clone.handoff("verify", "session-1").code == 0
    clone.pytest("--handoff=session-2", "--no-cov")
    assert clone.statuses("session-2")["test_vendored"] == "not_run"
    assert record_of(clone, "session-2")["run"]["why_incomplete"] == [
        "1 test did not run: tests/vendored/test_vendored.py::test_vendored (the files of 1 were not collected)"
    ]
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    clone.pytest("--handoff=session-2", "--no-cov")
    assert clone.statuses("session-2")["test_vendored"] == "still_passing"


def library(folder: Path, code: str) -> Story:
    """A repository with code that another one takes in as a submodule."""
    folder.mkdir()
    story = Story(folder)
    story.git("init", "--quiet", "--initial-branch=main")
    story.write_files({"levy.py": code})
    story.commit()
    return story


def take_in(story: Story, other: Story, where: str) -> None:
    """Add a repository as a submodule, and commit that."""
    story.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), where)
    story.commit()


@pytest.mark.parametrize("place", ["vendor", "outer/vendor", "nested"])
def test_code_that_is_mended_in_a_submodule_alone(shop: Story, tmp_path: Path, place: str) -> None:
    """What passed with it is evidence of no commit: here it holds and is called dirty, and a clean clone has other code."""
    inner = library(tmp_path / "inner", "levy = 1 / 0\n")
    if place == "nested":
        outer = library(tmp_path / "outer", "")
        take_in(outer, inner, "vendor")
        take_in(shop, outer, place)
        shop.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
        place = "nested/vendor"
    else:
        take_in(shop, inner, place)
    shop.edit("pyproject.toml", '["src"]', f'["src", "{place}"]')
    shop.write_files({"tests/unit/test_levy.py": "def test_levy():\n    import levy\n\n    assert levy.levy == 3\n"})
    shop.commit()
    (shop.folder / place / "levy.py").write_text("levy = 3\n")
    done = shop.pytest("--handoff=session-1", "--no-cov")
    assert done.code == 0, done
    assert record_of(shop, "session-1")["source"]["dirty"] is True
    assert shop.handoff("verify", "session-1").code == 0
    shop.commit()

    shop.git("clone", "--quiet", str(shop.folder), str(tmp_path / "clone"))
    clone = Story(tmp_path / "clone")
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")
    for verb in ("verify", "gate"):
        done = clone.handoff(verb, "session-1")
        assert (done.code, place.partition("/vendor")[0] in done.out) == (1, True), done
    (shop.folder / place / "levy.py").write_text("levy = 4\n")
    assert shop.handoff("verify", "session-1").code == 1


def test_a_shallow_clone_and_a_work_tree_beside(shop: Story, tmp_path: Path) -> None:
    """Both hold the same code; a work tree that lies within another one is none of its files."""
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    shop.git("worktree", "add", "--quiet", "-b", "beside", str(tmp_path / "beside"))
    shop.git("clone", "--quiet", "--depth=1", f"file://{shop.folder}", str(tmp_path / "shallow"))
    shop.git("worktree", "add", "--quiet", "-b", "within", "within")
    for place in (tmp_path / "beside", tmp_path / "shallow", shop.folder / "within", shop.folder):
        assert Story(place).handoff("verify", "session-1").code == 0, place
    within = Story(shop.folder / "within")
    within.pytest("--handoff=session-2", "--no-cov")
    assert within.handoff("verify", "session-2").code == 0
    assert not (shop.folder / "handoffs/session-2.md").exists()
    (within.folder / "src/shop/cart.py").write_text("")
    assert shop.handoff("verify", "session-1").code == 0
    assert within.handoff("verify", "session-2").code == 1


@pytest.mark.parametrize("variable", ["GIT_LITERAL_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"])
def test_a_hook_of_a_program_that_takes_paths_literally(shop: Story, variable: str) -> None:
    """Editors set such variables for the git that they start, which hands them to its hooks."""
    hook = shop.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m pytest -q --no-cov --handoff=session-1\n")
    hook.chmod(0o755)
    shop.environment[variable] = "1"
    shop.write_files({"src/shop/new.py": "x = 1\n"})
    shop.git("add", ".")
    shop.git("commit", "--quiet", "-m", "work")
    assert shop.handoff("verify", "session-1").code == 0

"""One hand-off folder, found from where the user stands by pytest and by the command, and paths that lead there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Done, Story

PROMPTS = "# Session 1\n\n- [ ] All tests pass\n"


@pytest.fixture
def own_ini(empty: Story) -> Story:
    """A project whose tests have a configuration of their own, and whose document is at its top."""
    (empty.folder / "pyproject.toml").unlink()
    empty.write_files({
        "src/app/one.py": "def one():\n    return 1\n",
        "tests/pytest.ini": "[pytest]\npythonpath = ../src\n",
        "tests/test_one.py": "from app.one import one\n\ndef test_one():\n    assert one() == 1\n",
        "handoffs/session-1.md": PROMPTS,
    })  # fmt: skip
    return empty


def printed_document(done: Done, here: Path) -> Path:
    """The document that a run names, which must be there."""
    found = re.search(r"^document +(\S+)", done.out, re.MULTILINE)
    assert found, done
    path = here / found[1]
    assert path.is_file(), path
    return path.resolve()


@pytest.mark.parametrize(("here", "args"), [(".", ["tests"]), ("tests", []), ("src", ["../tests"])])
@pytest.mark.parametrize("processes", [[], ["-n", "1"]])
def test_an_ini_below_tests(own_ini: Story, here: str, args: list[str], processes: list[str]) -> None:
    """The document at the top is filled wherever pytest is started, and the command finds its evidence there."""
    place = own_ini.folder / here
    done = own_ini.pytest(*args, *processes, "--handoff=session-1", "--no-cov", "-p", "no:cacheprovider", cwd=place)
    assert printed_document(done, place) == own_ini.folder / "handoffs/session-1.md"
    assert "- [x] All tests pass" in own_ini.document("session-1")
    assert not (own_ini.folder / "tests/handoffs").exists()
    assert own_ini.handoff("gate", "session-1", cwd=place).code == 0
    assert list(own_ini.show("session-1")["tests"]) == ["tests/test_one.py::test_one"]


def test_settings_below_where_the_user_stands(empty: Story) -> None:
    """A service with settings of its own is found by pytest's rootdir where there are none around it."""
    empty.write_files({
        "services/a/pyproject.toml": '[tool.pytest.ini_options]\n[tool.handoff]\ndir = "notes"\n',
        "services/a/test_a.py": "def test_a():\n    assert 1 < 2\n",
    })  # fmt: skip
    (empty.folder / "pyproject.toml").unlink()
    done = empty.pytest("services/a", "--handoff=session-1", "--no-cov")
    assert printed_document(done, empty.folder) == empty.folder / "services/a/notes/session-1.md"


def test_a_package_has_hand_offs_of_its_own(empty: Story) -> None:
    """The hand-off folder of the repository around it is another project's."""
    empty.write_files({
        "handoffs/session-1.md": PROMPTS, "services/a/setup.cfg": "[tool:pytest]\n",
        "services/a/tests/test_a.py": "def test_a():\n    assert 1 < 2\n",
    })  # fmt: skip
    place = empty.folder / "services/a/tests"
    done = empty.pytest("--handoff=session-1", "--no-cov", cwd=place)
    assert printed_document(done, place) == empty.folder / "services/a/handoffs/session-1.md"
    assert empty.handoff("verify", "session-1", cwd=place).code == 0


def test_a_configuration_elsewhere(shop: Story, tmp_path: Path) -> None:
    """The tests' repository is the project; ids are relative to the rootdir, so that must be in it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/pytest.ini").write_text("[pytest]\npythonpath = src\n")
    given = ("-c", str(tmp_path / "elsewhere/pytest.ini"), "tests", "--handoff=session-1", "--no-cov")
    done = shop.pytest(*given)
    assert (done.code, f"lies outside of the repository; add --rootdir={shop.folder}" in done.err) == (4, True), done
    done = shop.pytest(*given, f"--rootdir={shop.folder}", "-o", f"pythonpath={shop.folder}/src")
    assert printed_document(done, shop.folder) == shop.folder / "handoffs/session-1.md"
    assert "tests/unit/test_cart.py::test_total" in shop.show("session-1")["tests"]
    assert not (tmp_path / "elsewhere/handoffs").exists()


def test_tests_of_another_repository(shop: Story, tmp_path: Path) -> None:
    """Who names tests elsewhere stands in no project of theirs; the printed path leads to the document."""
    done = shop.pytest(str(shop.folder / "tests"), "--handoff=session-1", "--no-cov", cwd=tmp_path)
    assert printed_document(done, tmp_path) == shop.folder / "handoffs/session-1.md"


def test_a_remedy_from_below(shop: Story) -> None:
    """A path in a command is one from where it is pasted."""
    (shop.folder / "pyproject.toml").write_text(shop.text("pyproject.toml") + '\n[tool.handoff]\ntarget = "main"\n')
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.commit()
    shop.git("checkout", "--quiet", "-b", "work")
    shop.pytest("--handoff=session-2", "--no-cov")
    record = shop.folder / "handoffs/evidence/session-1/record.json"
    kept = record.read_bytes()
    record.write_bytes(kept.replace(b'"run"', b' "run"'))
    said = shop.handoff("verify", "session-2", cwd=shop.folder / "src").out
    command = said.partition("restore it with ")[2].partition("\n")[0]
    assert shop.run("sh", "-c", command, cwd=shop.folder / "src").code == 0, said
    assert record.read_bytes() == kept


@pytest.mark.parametrize("args", [["--rootdir=/"], ["--rootdir=/", "--no-cov"]])
def test_a_file_system_is_no_project(shop: Story, args: list[str]) -> None:
    """It is said in one sentence, before anything is read."""
    done = shop.pytest("tests", "--handoff=session-1", *args)
    assert done.code == 4, done
    assert "Traceback" not in done.out + done.err

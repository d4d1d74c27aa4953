"""One hand-off folder, found from where the user stands by pytest and by the command, and paths that lead there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from stories import Story

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Done

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
    assert (done.code, f"is outside the repository; add --rootdir={shop.folder}" in done.err) == (4, True), done
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


def total_of(done: Done) -> float:
    """The total that coverage.py's own report in the same run prints."""
    found = re.search(r"^TOTAL .* ([\d.]+)%$", done.out, re.MULTILINE)
    assert found, done
    return float(found[1])


IDLE = {
    "src/app/idle/never.py": "def never():\n    return 0\n",
    "src/app/one.py": "def one():\n    return 1\n\ndef two():\n    return 2\n",
}
NAMED = ["src/app/idle/never.py", "src/app/one.py"]


@pytest.mark.parametrize(
    ("here", "args"),
    [(".", ["tests"]), ("tests", []), (".", ["-c", "tests/pytest.ini"]), ("src", ["-c", "../tests/pytest.ini", "../tests"])],
)
@pytest.mark.parametrize("processes", [[], ["-n", "1"]])
def test_code_beside_the_rootdir_is_measured(own_ini: Story, here: str, args: list[str], processes: list[str]) -> None:
    """An ini file below tests makes that the rootdir; the code beside it is measured, and the total is coverage.py's own."""
    own_ini.write_files(IDLE | {"src/app/__init__.py": "", "src/app/idle/__init__.py": ""})
    place = own_ini.folder / here
    done = own_ini.pytest(*args, *processes, "--cov-report=term", "--handoff=session-1", cwd=place)
    coverage, code = own_ini.show("session-1")["coverage"], own_ini.show("session-1")["new_code"]
    assert sorted(coverage["files"]) == ["src/app/__init__.py", "src/app/idle/__init__.py", *NAMED]
    assert int(coverage["percent"]) == total_of(done) == 50
    assert (code["covered"], code["num_statements"]) == (3, 6)


@pytest.mark.parametrize(
    ("laid", "ini", "files"),
    [
        ({"app/__init__.py": "", "app/one.py": ""}, "config/pytest.ini", ["app/__init__.py", "app/one.py"]),
        ({"one.py": "", "tests/help.py": "x = 1"}, "tests/unit/pytest.ini", ["one.py"]),
        ({"lib/deep/app/one.py": ""}, "tests/pytest.ini", ["lib/deep/app/one.py"]),
    ],
)
def test_other_places_of_an_ini(empty: Story, laid: dict[str, str], ini: str, files: list[str]) -> None:
    """Settings in a folder of their own, an ini for some of the tests, code that no folder of its own has."""
    (empty.folder / "pyproject.toml").unlink()
    one = next(name for name in laid if name.endswith("one.py"))
    module = one.removeprefix("lib/deep/").removesuffix(".py").replace("/", ".")
    root = "../../" if ini.count("/") == 2 else "../"
    laid |= {
        one: "def one():\n    return 1\n",
        "tests/unit/test_one.py": f"from {module} import one\n\ndef test_one():\n    one()\n",
    }
    empty.write_files({**laid, ini: f"[pytest]\npythonpath = {root} {root}lib/deep\n"})
    done = empty.pytest("-c", ini, "tests/unit", "--cov-report=term", "--handoff=session-1")
    shown = empty.show("session-1")
    assert [name for name in shown["coverage"]["files"] if not name.startswith("tests/")] == files, done
    assert int(shown["coverage"]["percent"]) == total_of(done)


def test_a_source_has_one_name_wherever_pytest_is_started(own_ini: Story) -> None:
    """``--cov=src`` at the top and ``--cov=../src`` below it are the same setting, and nothing is narrower."""
    own_ini.pytest("tests", "--cov=src", "--handoff=session-1")
    done = own_ini.pytest("--cov=../src", "--handoff=session-2", cwd=own_ini.folder / "tests")
    below = own_ini.pytest("tests", "--cov=src/app", "--handoff=session-3")
    assert "policy" not in done.section, done.section
    assert own_ini.gate("session-2")["policy"] == "passed"
    assert "'source' is narrower: 'everything' became '../src/app'" in below.section, below.section


def test_runs_beside_the_code_add_up_and_join(own_ini: Story) -> None:
    """A second run on the same tree adds the code that it runs, and parts are joined elsewhere, where nothing has their paths."""
    own_ini.write_files(IDLE | {"tests/test_two.py": "from app.one import two\n\ndef test_two():\n    assert two() == 2\n"})
    own_ini.commit()
    first, second = ["tests/test_one.py", "tests/test_two.py"]
    own_ini.pytest(first, "--handoff=session-1")
    own_ini.pytest(second, "--handoff=session-1")
    added = own_ini.show("session-1")["coverage"]["files"]["src/app/one.py"]
    own_ini.git("clean", "-fdq", "handoffs")
    for number, tests in enumerate([first, second]):
        own_ini.pytest(tests, "--handoff=session-1", f"--handoff-part=p{number}", "--handoff-artifacts=../parts")
    own_ini.git("clone", "--quiet", ".", "../elsewhere")
    elsewhere = Story(own_ini.folder.with_name("elsewhere"))
    elsewhere.environment["PYTEST_ADDOPTS"] = "-c tests/pytest.ini"
    done = elsewhere.handoff("combine", "session-1", "../parts")
    joined = elsewhere.show("session-1")["coverage"]["files"]["src/app/one.py"]
    assert (added["covered"], added["num_statements"]) == (4, 4)
    assert (joined["covered"], joined["num_statements"]) == (4, 4), done


BELOW = {
    "pyproject": {"services/a/pyproject.toml": '[tool.handoff]\ndir = "notes"\n'},
    "handoff.toml": {"services/a/handoff.toml": 'dir = "notes"\n'},
    "hand-off folder": {"services/a/setup.cfg": "[tool:pytest]\n"},
}
TEST = "def test_a():\n    assert 1 < 2\n"


@pytest.mark.parametrize("kind", BELOW)
def test_the_only_project_below(empty: Story, kind: str) -> None:
    """The command finds it from the top and from between, says which it is, and names paths that are there."""
    (empty.folder / "pyproject.toml").unlink()
    empty.write_files({**BELOW[kind], "services/a/test_a.py": TEST, "other/pyproject.toml": "[project]\n"})
    empty.pytest("--handoff=session-1", "--no-cov", cwd=empty.folder / "services/a")
    for here, name in [(".", "services/a"), ("services", "a")]:
        done = empty.handoff("show", cwd=empty.folder / here)
        assert done.code == 0, done
        assert f"handoff: {name} is the project; cd there to run pytest" in done.err
        assert empty.handoff("next", cwd=empty.folder / here).code != 2
        missing = empty.handoff("show", "session-9", cwd=empty.folder / here).err
        place = re.search(r"^handoff: (\S+/evidence):", missing, re.MULTILINE)
        assert place, missing
        assert (empty.folder / here / place[1]).is_dir()
    assert empty.handoff("show", cwd=empty.folder / "services/a").err.count("is the project") == 0


def test_several_projects_below(empty: Story) -> None:
    """None of them is chosen for the user."""
    (empty.folder / "pyproject.toml").unlink()
    empty.write_files({"a/handoff.toml": "", "b/pyproject.toml": "[tool.handoff]\n"})
    for args in (["next"], ["show"], ["gate", "session-1"]):
        done = empty.handoff(*args)
        assert (done.code, "several projects below this folder: a, b; cd into one" in done.err) == (2, True), done


def test_a_project_around_is_not_left_for_one_below(empty: Story) -> None:
    """Settings or a hand-off folder at the top decide, and an ignored folder is nobody's project."""
    (empty.folder / "pyproject.toml").unlink()
    empty.write_files({"venv/handoff.toml": "", ".gitignore": "venv/\n"})
    assert "is the project" not in empty.handoff("next").err
    empty.write_files({"a/handoff.toml": "", "handoffs/session-1.md": PROMPTS})
    assert "is the project" not in empty.handoff("next").err


def test_what_begins_a_project_begins_it_here(empty: Story) -> None:
    """``init`` makes the hand-off folder where the user stands."""
    (empty.folder / "pyproject.toml").unlink()
    empty.write_files({"a/handoff.toml": ""})
    assert empty.handoff("init", "session-1").code == 0
    assert (empty.folder / "handoffs/session-1.md").is_file()

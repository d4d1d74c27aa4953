"""A downloaded part says what ran elsewhere; it decides neither what runs here nor which file is read or written."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from coverage.data import CoverageData

from pytest_handoff.parts.setup import own_setup
from stories import Story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.cold_start

GATES = """
    from pathlib import Path
    from pytest_handoff.record import Verdict

    {ran}

    def pytest_handoff_gates(config):
        return {{"own.gate": lambda facts: Verdict(id="own.gate", verdict="passed", evidence="own")}}
"""


@pytest.fixture(scope="module")
def parts_once(recorded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded project, and a part of its next session beside it."""
    world = tmp_path_factory.mktemp("parts")
    shutil.copytree(recorded_once, world / "project", symlinks=True)
    done = Story(world / "project").pytest("-q", "--handoff=session-2", "--handoff-part=all", "--handoff-artifacts=../parts")
    assert done.code == 0, done
    return world


class Joining:
    """The project, and the part that an attack changes."""

    def __init__(self, world: Path) -> None:
        self.story = Story(world / "project")
        self.part = world / "parts" / "part-all"
        self.canary = world / "canary"

    def say(self, **run: object) -> None:
        """Change what the part says of its run, so that it still fits."""
        head = self.part / "part.json"
        table: dict[str, Any] = json.loads(head.read_text("utf-8"))
        table["run"] |= run
        head.write_text(json.dumps(table), "utf-8")

    def measured(self, **coverage: object) -> None:
        """Change what it says of coverage.py."""
        table = json.loads((self.part / "part.json").read_text("utf-8"))["run"]
        self.say(coverage=table["coverage"] | coverage)

    def data(self, *statements: str) -> None:
        """Change its data, and the digest with them."""
        file = self.part / "coverage.sqlite"
        with closing(sqlite3.connect(file)) as database, database:
            for statement in statements:
                database.execute(statement)
        self.seal()

    def seal(self) -> None:
        """Let the head name the data as they are."""
        digests = json.loads((self.part / "part.json").read_text("utf-8"))["run"]["digests"]
        digest = sha256((self.part / "coverage.sqlite").read_bytes()).hexdigest()
        self.say(digests=digests | {"coverage.sqlite": f"sha256:{digest}"})

    def combine(self) -> tuple[int, str]:
        """Join the part; nothing that it brings may have run."""
        done = self.story.handoff("combine", "session-2", "../parts")
        assert not self.canary.exists(), "something was run"
        assert "Traceback" not in done.err, done.err
        if done.code:
            assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
            assert not (self.story.folder / "handoffs/evidence/session-2").exists()
        return done.code, done.err

    @property
    def drops(self) -> str:
        """A line of Python that leaves the canary."""
        return f"Path({str(self.canary)!r}).touch()"


@pytest.fixture
def joining(parts_once: Path, tmp_path: Path) -> Joining:
    """A copy of one's own."""
    shutil.copytree(parts_once, tmp_path / "world", symlinks=True)
    return Joining(tmp_path / "world")


def test_an_honest_part_is_joined(joining: Joining) -> None:
    """Where the project has no hooks nothing of it is run, and nothing is said."""
    joining.story.write_files({"unrelated/conftest.py": f"from pathlib import Path\n{joining.drops}\n"})
    (joining.story.folder / ".git/info/exclude").write_text("unrelated/\n")
    code, said = joining.combine()
    assert (code, said) == (0, "")
    assert joining.story.show("session-2")["coverage"]["percent"] == 100.0


@pytest.mark.parametrize("rootdir", ["{parts}", "../parts", "tests", "./.", ""])
def test_another_rootdir_is_refused(joining: Joining, rootdir: str) -> None:
    """Absolute, above the checkout, or a folder of it: pytest finds the rootdir, and the part must have had the same."""
    parts = joining.part.parent
    said = rootdir.format(parts=parts)
    (parts / "conftest.py").write_text(
        f"from pathlib import Path\n{joining.drops}\ndef pytest_handoff_gates(config): return {{}}\n"
    )
    (parts / "pytest.ini").touch()
    joining.say(rootdir=said, hooks=["pytest_handoff_gates"])
    code, told = joining.combine()
    assert code == 2
    assert f"the part 'all' says that pytest's rootdir is {said!r}, but here pytest finds '.'" in told


def test_a_hook_that_a_part_demands_must_be_here(joining: Joining) -> None:
    """It is the checkout's hooks that are run; that they are is said before."""
    joining.say(hooks=["pytest_handoff_gates"])
    code, told = joining.story.handoff("combine", "session-2", "../parts")[::2]
    assert code == 2
    assert told.splitlines() == [
        "handoff: running the hooks of this checkout, from its conftest.py files and the plugins that pytest finds",
        "handoff: the parts were made with pytest_handoff_gates, but pytest finds no such hook here: "
        "install the plugins that those jobs had",
    ]


def test_a_hook_that_a_part_conceals_is_asked(recorded: Story) -> None:
    """The gate of a conftest is not left out because a part does not speak of it."""
    recorded.write_files({"conftest.py": GATES.format(ran="")})
    recorded.pytest("-q", "--handoff=session-2", "--handoff-part=all", "--handoff-artifacts=../parts")
    joining = Joining(recorded.folder.parent)
    joining.say(hooks=[])
    code, told = joining.combine()
    assert code == 0
    assert "running the hooks of this checkout" in told
    assert "also calling pytest_handoff_gates, which no part had" in told
    assert recorded.gate("session-2")["own.gate"] == "passed"


@pytest.mark.parametrize("place", ["{parts}/rc", "../parts/rc", "docs/rc"])
def test_another_configuration_of_coverage_is_refused(joining: Joining, place: str) -> None:
    """Its plugins would be imported, and its debug file written."""
    named = place.format(parts=joining.part.parent)
    file = joining.story.folder / named
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"[run]\nplugins = evil\ndebug = sys\ndebug_file = {joining.canary}\n")
    (joining.story.folder / ".git/info/exclude").write_text("docs/\n")
    evil = joining.part.parent / "evil"
    evil.mkdir()
    (evil / "evil.py").write_text(f"from pathlib import Path\n{joining.drops}\n")
    joining.story.environment["PYTHONPATH"] = str(evil)
    joining.measured(config_file=named)
    code, told = joining.combine()
    assert code == 2
    assert f"the part 'all' was measured with {named!r}, but here coverage.py finds no configuration file" in told


def test_a_configuration_that_addopts_name_is_the_checkout_s_own(recorded: Story) -> None:
    """Part and checkout read the same file, and what it leaves out is left out."""
    recorded.edit("pyproject.toml", 'testpaths = ["tests"]', 'testpaths = ["tests"]\naddopts = ["--cov-config=tests/cov.ini"]')
    recorded.write_files({"tests/cov.ini": "[report]\nexclude_also =\n    return sum\n"})
    recorded.pytest("-q", "--handoff=session-2", "--handoff-part=all", "--handoff-artifacts=../parts")
    code, told = Joining(recorded.folder.parent).combine()
    assert (code, told) == (0, "")
    assert recorded.show("session-2")["coverage"]["files"]["src/shop/cart.py"]["num_statements"] == 1


def test_plugins_of_coverage_are_the_checkout_s_and_are_named(recorded: Story) -> None:
    """They are loaded as any run loads them, and that is said."""
    recorded.edit("pyproject.toml", '["src"]', '["src"]\n[tool.coverage.run]\nplugins = ["own_plugin"]')
    elsewhere = recorded.folder.parent / "site"
    elsewhere.mkdir()
    (elsewhere / "own_plugin.py").write_text("def coverage_init(reg, options):\n    pass\n")
    recorded.environment["PYTHONPATH"] = str(elsewhere)
    recorded.pytest("-q", "--handoff=session-2", "--handoff-part=all", "--handoff-artifacts=../parts")
    joining = Joining(recorded.folder.parent)
    loading = "handoff: loading the coverage.py plugins that this checkout configures: own_plugin\n"
    done = joining.story.handoff("combine", "session-2", "../parts")
    assert done.code == 2
    assert done.err.startswith(loading)
    assert done.err.endswith("coverage.py cannot load its plugins: No module named 'own_plugin'; install what the jobs had\n")
    joining.story.environment["PYTHONPATH"] = str(elsewhere)
    assert joining.combine() == (0, loading)


HOSTILE = {
    "a trigger": (["create trigger t after insert on file begin select 1; end"], "has the trigger 't'"),
    "a view": (["alter table file rename to f", "create view file as select * from f"], "has the table 'f'"),
    "a view beside": (["create view more as select * from file"], "has the view 'more'"),
    "a computed column": (["alter table file add column x as (hex(path))"], "table 'file' has other columns"),
    "a table that is gone": (["drop table tracer"], "lacks the table 'tracer'"),
    "a table of its own": (["create table own (x)"], "has the table 'own'"),
    "an index of its own": (["create index i on file (hex(path))"], "has the index 'i'"),
    "a path that is no text": (["update file set path = cast(id as blob)"], "table 'file' has a strange 'path'"),
    "a path with a NUL": (["update file set path = 'a' || char(0) || id"], "table 'file' has a strange 'path'"),
    "lines that are no bits": (["update line_bits set numbits = 'many'"], "table 'line_bits' has a strange 'numbits'"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_data_that_coverage_did_not_make_are_refused(joining: Joining, attack: str) -> None:
    """A database may hold what runs when it is read."""
    statements, why = HOSTILE[attack]
    joining.data(*statements)
    code, told = joining.combine()
    assert code == 2
    assert "coverage.sqlite: the coverage of the part 'all' was not written by coverage.py: it" in told
    assert why in told


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + bytes(200), b"not at all"])
def test_data_that_are_no_database(joining: Joining, content: bytes) -> None:
    """They are named, and the session is incomplete without them."""
    (joining.part / "coverage.sqlite").write_bytes(content)
    joining.seal()
    assert joining.combine()[0] == 0
    assert "coverage of the part 'all' could not be added" in joining.story.show("session-2")["why_incomplete"]


def _bad_text(joining: Joining) -> None:
    with closing(sqlite3.connect(joining.part / "coverage.sqlite")) as database, database:
        database.execute("insert into context values (99, cast(x'ff' as text))")
    joining.seal()


def _beside(joining: Joining) -> None:
    for name in ("journal", "wal"):
        (joining.part / f"coverage.sqlite-{name}").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))


def _plugin(joining: Joining) -> None:
    with closing(CoverageData(basename=str(joining.part / "coverage.sqlite"))) as data:
        data.read()
        data.add_file_tracers(dict.fromkeys(data.measured_files(), "evil"))
    (joining.part.parent / "evil.py").write_text(f"from pathlib import Path\n{joining.drops}\n")
    joining.story.environment["PYTHONPATH"] = str(joining.part.parent)
    joining.seal()


@pytest.mark.parametrize("attack", [_bad_text, _beside, _plugin])
def test_nothing_in_or_beside_the_data_is_followed(joining: Joining, attack: Callable[[Joining], None]) -> None:
    """No plugin that they name is imported, no journal beside them is replayed or removed."""
    attack(joining)
    before = {path.name: path.read_bytes() for path in joining.part.iterdir()}
    assert joining.combine()[0] == 0
    assert {path.name: path.read_bytes() for path in joining.part.iterdir()} == before


@pytest.mark.parametrize("name", ["/etc/hostname", "../secret.md"])
def test_instructions_outside_of_the_checkout_are_refused(joining: Joining, name: str) -> None:
    """A file of the reader's is none of the session's."""
    (joining.story.folder.parent / "secret.md").write_text("- [ ] All unit tests pass\n")
    joining.say(instructions=name)
    code, told = joining.combine()
    assert code == 2
    assert f"the parts name instructions outside this checkout ({name})" in told


def test_settings_behind_a_link_out_of_the_repository_name_nothing(tmp_path: Path) -> None:
    """A link could lead to any file of the reader's; what it says of coverage.py's configuration is not followed."""
    (tmp_path / "elsewhere.toml").write_text('[tool.pytest.ini_options]\naddopts = "--cov-config=named.rc"\n')
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "named.rc").write_text("[run]\nbranch = true\n")
    (folder / "pyproject.toml").symlink_to(tmp_path / "elsewhere.toml")
    assert own_setup(folder, [tmp_path.resolve()]).coverage_file == folder / "named.rc"
    assert own_setup(folder, [folder.resolve()]).coverage_file is None

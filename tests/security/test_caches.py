"""What a repository ships in pytest's cache is nobody's memory: neither a figure, nor a template, nor an interrupted run."""

from __future__ import annotations

import marshal
import os
import shutil
from hashlib import blake2b
from pathlib import Path

import pytest

from pytest_handoff.rendering.templates import bundled_templates
from stories import Story

pytestmark = pytest.mark.cold_start

ADDED = """
        def rebate(prices):
            if prices:
                return 1
            return 0
"""
NOT_OURS = "pytest's cache has coverage data that none of your runs saved here; run all tests again"
CACHE = ".pytest_cache/d/handoff"


@pytest.fixture
def stranger(recorded: Story, tmp_path: Path) -> Story:
    """The same project as another user has it, who has recorded two partial runs and one that died."""
    story = Story(tmp_path / "theirs")
    shutil.copytree(recorded.folder, story.folder, symlinks=True)
    story.environment["XDG_CACHE_HOME"] = str(tmp_path / "their cache")
    return story


def bring(stranger: Story, recorded: Story) -> None:
    """Ship everything that the other user has, caches and all."""
    shutil.rmtree(recorded.folder)
    shutil.copytree(stranger.folder, recorded.folder, symlinks=True)


def own_folder(story: Story) -> Path:
    """Where this user's runs keep what they believe."""
    return Path(story.environment["XDG_CACHE_HOME"]) / "pytest-handoff"


@pytest.fixture
def fresh(recorded: Story, tmp_path: Path) -> Story:
    """A user who has run nothing yet."""
    recorded.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    recorded.environment["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    return recorded


@pytest.fixture
def own_template(fresh: Story) -> Story:
    """The same user's project, with a template of its own: the plugin's are functions, which nobody keeps anywhere."""
    text = (bundled_templates() / "session_handoff.md.j2").read_text("utf-8")
    fresh.write_files({"handoff.toml": 'templates = "own"\n', "own/session_handoff.md.j2": text})
    return fresh


def record(story: Story, *args: str) -> str:
    """The document of a second session, recorded."""
    done = story.pytest("-q", "--handoff=session-2", *args)
    assert done.code == 0, done
    return story.document("session-2")


def spoil(folder: Path) -> None:
    """Let every compiled template say another word."""
    for path in filter(Path.is_file, folder.rglob("*")):
        path.write_bytes(path.read_bytes().replace(b"Session Overview", b"Doomed! Overview"))


def test_compiled_templates_are_the_users_own(own_template: Story) -> None:
    """Those that runs of this user's left are used again; those in the repository, or in a folder that others write, are not."""
    honest = record(own_template)
    assert "Session Overview" in honest
    templates = own_folder(own_template) / "templates"
    spoil(templates)
    for place in (".pytest_cache/handoff/.templates", ".pytest_cache/handoff/templates"):
        shutil.copytree(templates, own_template.folder / place)
    (own_template.folder / "handoffs/session-2.md").unlink()
    assert "Doomed!" in record(own_template), "this user's own are used"
    (own_template.folder / "handoffs/session-2.md").unlink()
    own_folder(own_template).chmod(0o777)
    assert "Doomed!" not in record(own_template)
    own_folder(own_template).chmod(0o755)
    shutil.rmtree(own_folder(own_template))
    (own_template.folder / "handoffs/session-2.md").unlink()
    assert record(own_template) == honest


def test_a_cache_folder_within_the_tree_is_not_the_users_own(own_template: Story, tmp_path: Path) -> None:
    """A repository could bring it; the folder for temporary files takes its place, and where that is within the tree nothing."""
    record(own_template)
    shutil.move(own_folder(own_template), own_template.folder / ".cache/pytest-handoff")
    spoil(own_template.folder / ".cache/pytest-handoff/templates")
    (own_template.folder / ".git/info/exclude").write_text("/.cache\n")
    own_template.environment["XDG_CACHE_HOME"] = str(own_template.folder / ".cache")
    (own_template.folder / "handoffs/session-2.md").unlink()
    own_template.environment["HOME"] = str(tmp_path / "no" / "home")
    (tmp_path / "no").write_text("")
    assert "Doomed!" not in record(own_template)
    [kept] = filter(Path.is_dir, (tmp_path / "tmp").glob("pytest-handoff-*"))
    assert (kept.stat().st_mode & 0o777, (kept / "key").stat().st_mode & 0o777) == (0o700, 0o600)
    own_template.environment["TMPDIR"] = str(own_template.folder / ".cache")
    assert "Doomed!" not in record(own_template)


@pytest.mark.parametrize("payload", [b"no marshal at all", marshal.dumps({b"k" * 16: b"no zlib"}), b"\xfb" + bytes(8)])
def test_marshal_reads_nothing_that_a_repository_brings(fresh: Story, payload: bytes) -> None:
    """A file of the right name, whose contents fit a digest that anybody can compute."""
    record(fresh)
    [parsed] = (fresh.folder / CACHE).glob("parsed-*")
    honest = parsed.read_bytes()
    public = blake2b(payload, digest_size=32, key=parsed.name.encode()).digest()
    parsed.write_bytes(public + payload)
    record(fresh)
    assert parsed.read_bytes() == honest
    parsed.write_bytes(blake2b(payload, digest_size=32).digest() + payload)
    record(fresh)
    assert parsed.read_bytes() == honest


def test_what_another_user_knew_of_sources_is_not_read(fresh: Story, stranger: Story) -> None:
    """Sealed, but with another key."""
    record(stranger)
    bring(stranger, fresh)
    [parsed] = (fresh.folder / CACHE).glob("parsed-*")
    theirs = parsed.read_bytes()
    record(fresh)
    assert parsed.read_bytes() != theirs
    assert parsed.read_bytes()[32:] == theirs[32:]


def test_coverage_of_another_users_runs_is_not_added(fresh: Story, stranger: Story) -> None:
    """A part of the tests adds nothing up with it, and says so; all tests together need nothing that was kept."""
    for story in (fresh, stranger):
        story.edit("src/shop/cart.py", "return sum(prices)", "return sum(prices)\n" + ADDED.replace("        def", "\n\ndef"))
    stranger.pytest("-q", "--handoff=session-2", "tests/unit")
    kept = sorted((stranger.folder / ".pytest_cache/handoff/session-2").rglob("part-*"))
    assert len(kept) == 1
    bring(stranger, fresh)
    fresh.pytest("-q", "--handoff=session-2", "tests/e2e")
    shown = fresh.show("session-2")
    assert shown["coverage"] is None
    assert shown["not_measured"]["coverage"] == NOT_OURS
    record(fresh)
    assert fresh.show("session-2")["coverage"]["percent"] < 100


def test_ones_own_runs_add_up(fresh: Story) -> None:
    """The honest twin, with data that somebody renames in the end."""
    fresh.pytest("-q", "--handoff=session-2", "tests/unit")
    fresh.pytest("-q", "--handoff=session-2", "tests/e2e")
    assert fresh.show("session-2")["coverage"]["percent"] == 100
    one, two = sorted((fresh.folder / ".pytest_cache/handoff/session-2").rglob("part-*"))
    one.write_bytes(two.read_bytes())
    fresh.pytest("-q", "--handoff=session-2", "tests/e2e")
    assert fresh.show("session-2")["not_measured"]["coverage"] == NOT_OURS


def test_a_journal_of_another_user_is_no_interrupted_run(fresh: Story, stranger: Story) -> None:
    """It is not told, not recorded, and swept away by the next run; the user whose run it was is told."""
    stranger.edit("tests/e2e/test_shop.py", "assert total([5]) == 5", "import os; os._exit(0)")
    stranger.pytest("-q", "--handoff=session-1")
    assert "a run of session-1 was interrupted" in stranger.handoff("show", "session-1").err
    bring(stranger, fresh)
    assert fresh.handoff("show", "session-1").err == ""
    done = fresh.handoff("fill", "session-1", "--interrupted")
    assert (done.code, done.err) == (
        2, "handoff: none of your runs left the journal of 'session-1' in pytest's cache; run it again\n"
    )  # fmt: skip
    for seal in (fresh.folder / ".pytest_cache/handoff/.journals").rglob("seal"):
        seal.write_bytes(bytes(32))
    assert fresh.handoff("verify", "session-1").err == ""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make files another user's")
@pytest.mark.parametrize("name", ["", "key"])
def test_a_folder_or_key_of_another_owner_is_not_taken(own_template: Story, name: str) -> None:
    """As after ``sudo``, which may leave the home of another user."""
    record(own_template)
    spoil(own_folder(own_template) / "templates")
    [parsed] = (own_template.folder / CACHE).glob("parsed-*")
    before = parsed.read_bytes()
    os.chown(own_folder(own_template) / name, 12345, 12345)
    if not name:
        (own_template.folder / "handoffs/session-2.md").unlink()
        assert "Doomed!" not in record(own_template)
    record(own_template)
    assert (parsed.read_bytes() == before) == (name == "key"), "another key seals it anew, and without one nothing is written"


@pytest.mark.parametrize("home", ["/", "/nonexistent", ""])
def test_a_home_that_cannot_be_written(fresh: Story, home: str, tmp_path: Path) -> None:
    """Nothing breaks; what is kept lies in the folder for temporary files."""
    del fresh.environment["XDG_CACHE_HOME"]
    (tmp_path / "file").write_text("")
    fresh.environment["HOME"] = str(tmp_path / "file") if home == "/nonexistent" else home
    if home == "/":
        fresh.environment["XDG_CACHE_HOME"] = "relative/folder"
        fresh.environment["HOME"] = str(fresh.folder)
    fresh.pytest("-q", "--handoff=session-2", "tests/unit", "-p", "no:cacheprovider")
    fresh.pytest("-q", "--handoff=session-2", "tests/e2e", "-p", "no:cacheprovider")
    assert fresh.show("session-2")["coverage"]["percent"] == 100
    assert not (fresh.folder / "relative").exists()
    assert list((tmp_path / "tmp").glob("pytest-handoff-*/key")) or home == ""


def test_parts_that_are_kept_here_have_plain_names_elsewhere(fresh: Story) -> None:
    """The seal says nothing to whoever gets the artifacts."""
    record(fresh, "--handoff-artifacts=../out")
    assert (fresh.folder / "../out/coverage-part-0").is_file()

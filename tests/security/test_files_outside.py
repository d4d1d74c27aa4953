"""Nothing that a repository brings leads a reader, or a writer, out of it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest
from every_verb import EVERY, READING, complete, picture, play

from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.layout import open_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stories import Done, Story

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links")

HIDDEN = "hunter2"
EVIDENCE = "handoffs/evidence/session-1"
CANNOT_TELL = 2

BLOCK = "\n<!-- handoff:begin coverage.files -->\n<!-- handoff:end coverage.files -->\n"


@pytest.fixture
def secret(recorded: Story) -> Path:
    """A file of the reader's beside the repository; whatever reads it as a document, a table or settings would tell of it."""
    path = recorded.folder.parent / "secret"
    path.write_text(f"# {HIDDEN}\n- [ ] All unit tests pass {HIDDEN}\n[{HIDDEN}\n")
    return path


def link(path: str, to: str = "{secret}") -> Callable[[Story, Path], None]:
    """Put a link in the place of what is there; ``{outside}`` is a copy of that beside the repository."""

    def attack(story: Story, secret: Path) -> None:
        place = story.folder / path
        outside = secret.parent / "outside"
        if place.is_dir() and not place.is_symlink():
            shutil.move(place, outside)
        else:
            place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(to.format(secret=secret, outside=outside, root=story.folder, missing=secret.parent / "missing"))

    return attack


def settings(text: str) -> Callable[[Story, Path], None]:
    """Settings that name something outside; a template there, and a document, say the secret."""

    def attack(story: Story, secret: Path) -> None:
        for name in ("outside/blocks/coverage.files.md.j2", "outside/session_handoff.md.j2", "outside/session-1.md"):
            path = secret.parent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(HIDDEN)
        (story.folder / "out").symlink_to(secret.parent / "outside")
        (story.folder / "handoffs/session-1.md").write_text(story.document("session-1") + BLOCK)
        (story.folder / "handoff.toml").write_text(text.format(outside=secret.parent / "outside"))

    return attack


def template(text: str = "", to: str = "{secret}") -> Callable[[Story, Path], None]:
    """The project's own template for a block, as a link, or with what leads to one."""

    def attack(story: Story, secret: Path) -> None:
        story.write_files({"handoff.toml": 'templates = "tpl"\n', "tpl/_here.md.j2": "nothing"})
        (story.folder / "handoffs/session-1.md").write_text(story.document("session-1") + BLOCK)
        link("tpl/_there.md.j2" if text else "tpl/blocks/coverage.files.md.j2", to)(story, secret)
        if text:
            story.write_files({"tpl/blocks/coverage.files.md.j2": text})

    return attack


def pipe(path: str) -> Callable[[Story, Path], None]:
    """A pipe that nobody writes to."""

    def attack(story: Story, secret: Path) -> None:
        (story.folder / path).unlink(missing_ok=True)
        os.mkfifo(story.folder / path)

    return attack


def folder(path: str) -> Callable[[Story, Path], None]:
    """A folder in the place of a file."""

    def attack(story: Story, secret: Path) -> None:
        (story.folder / path).unlink()
        (story.folder / path).mkdir()

    return attack


def in_two_steps(story: Story, secret: Path) -> None:
    """A link to a link that leads out."""
    link("src/there")(story, secret)
    link(f"{EVIDENCE}/tests.jsonl", "{root}/src/there")(story, secret)


def _forged(story: Story, **changes: object) -> None:
    """Change the record as its own digest says it should be."""
    store = open_project(story.folder).store
    record = msgspec.structs.replace(store.record("session-1"), **changes)
    write_each(store.artifacts(record, b"", None)[-1:])


def instructions(path: str) -> Callable[[Story, Path], None]:
    """A record that names what the session was told to do."""

    def attack(story: Story, secret: Path) -> None:
        line = "- [ ] All validation checklist items from session instructions completed\n"
        (story.folder / "handoffs/session-1.md").write_text(story.document("session-1") + line)
        _forged(story, instructions=path.format(secret=secret))

    return attack


ATTACKS: dict[str, tuple[Callable[[Story, Path], None], str | None]] = {
    "record": (link(f"{EVIDENCE}/record.json"), f"{EVIDENCE}/record.json"),
    "record, of the environment": (link(f"{EVIDENCE}/record.json", "/proc/self/environ"), f"{EVIDENCE}/record.json"),
    "ledger": (link(f"{EVIDENCE}/tests.jsonl"), f"{EVIDENCE}/tests.jsonl"),
    "ledger without end": (link(f"{EVIDENCE}/tests.jsonl", "/dev/zero"), f"{EVIDENCE}/tests.jsonl"),
    "ledger in two steps": (in_two_steps, f"{EVIDENCE}/tests.jsonl"),
    "ledger that is git's": (link(f"{EVIDENCE}/tests.jsonl", "{root}/.git/config"), f"{EVIDENCE}/tests.jsonl"),
    "ledger in a circle": (link(f"{EVIDENCE}/tests.jsonl", "tests.jsonl"), f"{EVIDENCE}/tests.jsonl"),
    "ledger that is a pipe": (pipe(f"{EVIDENCE}/tests.jsonl"), f"{EVIDENCE}/tests.jsonl"),
    "ledger that is a folder": (folder(f"{EVIDENCE}/tests.jsonl"), f"{EVIDENCE}/tests.jsonl"),
    "record that is a folder": (folder(f"{EVIDENCE}/record.json"), None),
    "record that is a pipe": (pipe(f"{EVIDENCE}/record.json"), None),
    "sources": (link(f"{EVIDENCE}/sources.jsonl"), None),
    "sources without end": (link(f"{EVIDENCE}/sources.jsonl", "/dev/zero"), None),
    "session's folder": (link(EVIDENCE, "{outside}"), EVIDENCE),
    "folder of the evidence": (link("handoffs/evidence", "{outside}"), "handoffs/evidence"),
    "hand-off folder": (link("handoffs", "{outside}"), "'dir'"),
    "document": (link("handoffs/session-1.md"), "handoffs/session-1.md"),
    "document that is not there yet": (link("handoffs/session-1.md", "{missing}"), "handoffs/session-1.md"),
    "document that is git's": (link("handoffs/session-1.md", "../.git/config"), "handoffs/session-1.md"),
    "document that would be a hook": (link("handoffs/session-1.md", "../.git/hooks/post-checkout"), "handoffs/session-1.md"),
    "document that is a pipe": (pipe("handoffs/session-1.md"), "handoffs/session-1.md"),
    "next document": (link("handoffs/session-2.md", "{missing}"), None),
    "folder of the report": (link("handoffs/report", "{secret}/.."), None),
    "report": (link("handoffs/report/session-1.html"), None),
    "setting dir": (settings('dir = "../outside"'), "'dir'"),
    "setting dir through a link": (settings('dir = "out"'), "'dir'"),
    "setting dir in .git": (settings('dir = ".git/handoffs"'), "'dir'"),
    "setting document": (settings('document = "../outside/{{session}}.md"'), "'document'"),
    "setting document, absolute": (settings('document = "{outside}/{{session}}.md"'), "'document'"),
    "setting document through a link": (settings('document = "out/{{session}}.md"'), "'document'"),
    "setting document in .git": (settings('document = ".git/hooks/{{session}}"'), "'document'"),
    "setting templates": (settings('templates = "../outside"'), "'templates'"),
    "setting templates, absolute": (settings('templates = "{outside}"'), "'templates'"),
    "setting templates through a link": (settings('templates = "out"'), "'templates'"),
    "handoff.toml": (link("handoff.toml"), "handoff.toml"),
    "pyproject.toml": (link("pyproject.toml"), "pyproject.toml"),
    "setup.cfg": (link("setup.cfg"), "setup.cfg"),
    ".coveragerc": (link(".coveragerc"), ".coveragerc"),
    "template": (template(), "coverage.files.md.j2"),
    "template that includes": (template('{% include "_there.md.j2" %}'), "_there.md.j2"),
    "template that extends": (template('{% extends "_there.md.j2" %}'), "_there.md.j2"),
    "template that is endless": (template(to="/dev/zero"), "coverage.files.md.j2"),
    "instructions": (instructions("../secret"), None),
    "instructions, absolute": (instructions("{secret}"), None),
}  # fmt: skip


def _says(done: Done) -> bool:
    return HIDDEN in done.out + done.err


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_outside_is_read_or_written(recorded: Story, secret: Path, attack: str) -> None:
    """Under no verb anything beside the repository changes, or is shown; where it matters, one sentence names the file."""
    play_it, named = ATTACKS[attack]
    play_it(recorded, secret)
    world = picture(recorded.folder.parent, without="project") | picture(recorded.folder / ".git/hooks")
    for verb, args in EVERY.items():
        done = play(recorded, *args)
        assert not _says(done), (verb, done)
        if named is not None and verb == "show":
            assert done.code == CANNOT_TELL, done
            assert named in done.err, done
            assert done.err.count("\n") == 1, done
    complete(recorded)
    now = picture(recorded.folder.parent, without="project") | picture(recorded.folder / ".git/hooks")
    assert now == world
    pages = [path for path in (recorded.folder / "handoffs").rglob("*.html") if not path.is_symlink()]
    assert not [page for page in pages if HIDDEN in page.read_text()]


HONEST = {
    "evidence": link(f"{EVIDENCE}/tests.jsonl", "../../../kept/tests.jsonl"),
    "session's folder": link(EVIDENCE, "../../kept"),
    "document": link("handoffs/session-1.md", "../docs/session-1.md"),
    "template": template('{% include "_there.md.j2" %}', "_here.md.j2"),
    "setup.cfg": link("setup.cfg", "kept/setup.cfg"),
}


@pytest.mark.parametrize("twin", HONEST)
def test_links_within_the_repository_go_on_working(recorded: Story, secret: Path, twin: str) -> None:
    """Who keeps files elsewhere in the repository reads and writes them as before."""
    shutil.copytree(recorded.folder / EVIDENCE, recorded.folder / "kept")
    recorded.write_files({"kept/setup.cfg": "[metadata]\nname = shop\n", "docs/session-1.md": recorded.document("session-1")})
    HONEST[twin](recorded, secret)
    for verb in ("show", "explain", "history", "fill --check", "report"):
        done = play(recorded, *READING[verb])
        assert done.code in (0, 1), (verb, done)
        assert "cannot be read" not in done.err
    assert play(recorded, "fill", "session-1").code == 0
    if twin == "document":
        assert (recorded.folder / "handoffs/session-1.md").is_symlink()
        (recorded.folder / "docs/session-1.md").write_text(recorded.document("session-1").replace("[x]", "[ ]"))
        assert play(recorded, "fill", "session-1").code == 0
        assert "[x]" in recorded.text("docs/session-1.md")


@pytest.mark.parametrize("verb", ["report", "attest"])
def test_a_page_goes_where_a_person_says(recorded: Story, secret: Path, verb: str) -> None:
    """Outside of the repository a person's word holds; a link that the repository brought is not followed out of it."""
    elsewhere = secret.parent / "page"
    assert play(recorded, verb, "session-1", "-o", str(elsewhere)).code == 0
    assert elsewhere.is_file()
    (recorded.folder / "page.html").symlink_to(secret)
    (recorded.folder / "build").symlink_to(secret.parent)
    (recorded.folder / ".git/info/exclude").write_text("page.html\nbuild\n")
    for name in ("page.html", "build/new"):
        refused = play(recorded, verb, "session-1", "-o", name)
        assert refused.code == CANNOT_TELL, refused
        assert "points outside the repository" in refused.err
    assert HIDDEN in secret.read_text()
    assert not (secret.parent / "new").exists()


@pytest.mark.parametrize("named", ["there.md", "../project/there.md"])
def test_what_is_adopted_lies_where_it_is_named(recorded: Story, secret: Path, named: str) -> None:
    """A person may adopt a file from anywhere, but not by a link that the repository brought."""
    (recorded.folder / "there.md").symlink_to(secret)
    refused = play(recorded, "init", "session-2", "--adopt", named, "--write")
    assert (refused.code, _says(refused)) == (CANNOT_TELL, False)
    assert not (recorded.folder / "handoffs/session-2.md").exists()
    secret.write_text("# Mine\n")
    assert play(recorded, "init", "session-2", "--adopt", "../secret", "--write").code == 0
    assert recorded.document("session-2").startswith("# Mine\n")


def test_a_run_reads_and_writes_nothing_outside(recorded: Story, secret: Path) -> None:
    """Files of the tree that are links out of it are links to a run as well: what they lead to is not in the evidence."""
    for name in ("src/shop/there.py", "there.ini", "there.yaml"):
        (recorded.folder / name).symlink_to(secret)
    (recorded.folder / "artifacts").mkdir()
    (recorded.folder / "artifacts/handoffs").symlink_to(secret.parent)
    world = picture(secret.parent, without="project")
    assert recorded.pytest("-q", "--no-cov", "--handoff=session-2").code == 0
    assert HIDDEN not in "".join(text.decode() for text in recorded.evidence().values())
    refused = recorded.pytest("-q", "--no-cov", "--handoff=session-2", "--handoff-artifacts=artifacts")
    assert "points outside the repository" in refused.section, refused
    named = recorded.pytest("-q", "--no-cov", "--handoff=session-2", "--handoff-instructions=../secret")
    assert named.code == 4
    assert "points outside the repository, but --handoff-instructions names it" in named.err
    assert picture(secret.parent, without="project") == world


@pytest.mark.parametrize("name", ["tests.jsonl", "start.json", "collection.json"])
def test_a_journal_that_was_shipped(recorded: Story, secret: Path, name: str) -> None:
    """Pytest's cache may come with the repository: what a run left there is read as files, and removed as none of others."""
    journals = recorded.folder / ".pytest_cache/handoff/.journals/session-1"
    (journals / "1-1").mkdir(parents=True)
    (journals / "1-1/alive").touch()
    start = '{"session":"session-1","fingerprint":"","started":1,"prefix":"","args":[],"why_partial":[],"previous":[],'
    start += '"instructions":null,"plugins":{},"suite":{"patterns":[],"folders":[]}}'
    (journals / "1-1/start.json").write_text(start)
    (journals / "1-1" / name).unlink(missing_ok=True)
    (journals / "1-1" / name).symlink_to("/dev/zero")
    shutil.copytree(journals / "1-1", secret.parent / "theirs", symlinks=True)
    (journals / "2-2").symlink_to(secret.parent / "theirs")
    assert play(recorded, "show", "session-1").code == 0
    play(recorded, "fill", "session-1", "--interrupted")
    assert (secret.parent / "theirs/alive").exists()

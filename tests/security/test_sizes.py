"""What a repository brings is read up to a size that no honest file has, and beyond it a sentence says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from every_verb import EVERY, play
from msgspec.structs import replace

from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.encoding import LONGEST, digest_of
from pytest_handoff.project.foreign_files import LINES, MEGABYTE, SETTINGS, TABLE, TEXT
from pytest_handoff.project.layout import open_project

if TYPE_CHECKING:
    from stories import Story

EVIDENCE = "handoffs/evidence/session-1"
MOST = {
    f"{EVIDENCE}/record.json": TABLE,
    f"{EVIDENCE}/tests.jsonl": LINES,
    "handoffs/session-1.md": TEXT,
    "handoff.toml": SETTINGS,
    "pyproject.toml": SETTINGS,
    "setup.cfg": SETTINGS,
    "pytest.ini": SETTINGS,
}


@pytest.mark.skipif(os.name == "nt", reason="needs files with holes, which take no room")
@pytest.mark.parametrize("name", MOST)
def test_a_file_that_is_too_large(recorded: Story, name: str) -> None:
    """It is named by every verb that needs it, none of which reads it."""
    path = recorded.folder / name
    path.touch()
    os.truncate(path, MOST[name] + 1)
    for verb, args in EVERY.items():
        done = play(recorded, *args)
        if verb in ("show", "explain", "verify", "gate", "report", "attest", "fill", "fill --check"):
            assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), (verb, done)
            assert name in done.err, (verb, done)
            assert f"has more than {MOST[name] // MEGABYTE} MB" in done.err, (verb, done)
    assert path.stat().st_size == MOST[name] + 1


@pytest.mark.skipif(os.name == "nt", reason="needs files with holes, which take no room")
@pytest.mark.parametrize("verb", ["verify", "gate", "report", "show --json"])
def test_sources_that_are_too_large(recorded: Story, verb: str) -> None:
    """They are needed where the tree is compared."""
    os.truncate(recorded.folder / EVIDENCE / "sources.jsonl", LINES + 1)
    (recorded.folder / "src/shop/cart.py").write_text("changed = 1\n")
    done = play(recorded, *EVERY[verb])
    assert (done.code, "Traceback" in done.err) == (2, False), done
    assert "sources.jsonl: cannot be read: it has more than" in done.err


@pytest.mark.parametrize("where", ["first", "last", "without an end"])
def test_a_line_that_is_too_long(recorded: Story, where: str) -> None:
    """It is named by its number, although the record has the right digest of it."""
    store = open_project(recorded.folder).store
    ledger = recorded.folder / EVIDENCE / "tests.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    long = lines[0].replace(b'"id":"', b'"id":"' + b"a" * LONGEST)
    lines = [long, *lines] if where == "first" else [*lines, long if where == "last" else long.rstrip()]
    record = store.record("session-1")
    record = replace(record, tests=replace(record.tests, ledger=digest_of(b"".join(lines))))
    write_each(store.artifacts(record, b"".join(lines), None))
    done = play(recorded, "show", "session-1")
    number = 1 if where == "first" else len(lines)
    assert (done.code, done.out) == (2, "")
    assert f"{EVIDENCE}/tests.jsonl:{number}: is damaged: the line has more than {LONGEST:,} bytes" in done.err


def test_large_files_of_an_honest_project(recorded: Story) -> None:
    """A long document and settings with a long list are read as ever, and so is a test with a very long id."""
    (recorded.folder / "handoffs/session-1.md").write_text(recorded.document("session-1") + "\nA word of a person.\n" * 20_000)
    globs = ", ".join(f'"generated/{number}/**"' for number in range(2000))
    recorded.write_files({"handoff.toml": f"ignore = [{globs}]\n"})
    assert play(recorded, "fill", "session-1").code == 0

    store = open_project(recorded.folder).store
    ledger = recorded.folder / EVIDENCE / "tests.jsonl"
    lines = ledger.read_bytes().splitlines(keepends=True)
    lines[-1] = lines[-1].replace(b'"id":"', b'"id":"z' + b"a" * (LONGEST // 2))
    record = store.record("session-1")
    record = replace(record, tests=replace(record.tests, ledger=digest_of(b"".join(lines))))
    write_each(store.artifacts(record, b"".join(lines), None))
    done = play(recorded, "history", "z" + "a" * 1000)
    assert done.code == 0, done.err[:500]

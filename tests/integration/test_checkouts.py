"""Any checkout: the same code is the same evidence in a sparse or shallow clone, a work tree beside, or one with other rights."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stories import Story

RECORD, SOURCES = "handoffs/evidence/session-1/record.json", "handoffs/evidence/session-1/sources.jsonl"


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
    assert command == """git checkout 'it'"'"'s&done' -- 'hand offs/evidence/session-1/record.json'""", said
    assert shop.run("sh", "-c", command).code == 0
    assert record.read_bytes() == kept

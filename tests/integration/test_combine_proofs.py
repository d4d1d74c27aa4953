"""``handoff combine`` given the proofs of shards, as several machines kept them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

PROOF = "handoffs/evidence/session-1/proof.json"
FILES = {
    "src/shop.py": "def price(n):\n    return n * 10 + 1\n",
    "tests/test_shop.py": "from shop import price\n\ndef test_price():\n    assert price(2) == 21\n",
}


@pytest.fixture
def shards(empty: Story, tmp_path: Path) -> Path:
    """A folder with the proof of each of two shards, in a folder of its own; the project has none."""
    empty.write_files(FILES)
    empty.pytest("--handoff=session-1")
    empty.commit("session-1")
    for number in (1, 2):
        done = empty.handoff("prove", "session-1", "--faults", "--shard", f"{number}/2")
        assert done.code == 0, done
        (tmp_path / "jobs" / str(number)).mkdir(parents=True)
        (empty.folder / PROOF).rename(tmp_path / "jobs" / str(number) / "proof.json")
    return tmp_path / "jobs"


def test_shards_are_joined(empty: Story, shards: Path) -> None:
    """From the folder that holds them, or named one by one: the proof is that of all faults."""
    done = empty.handoff("combine", "session-1", str(shards))

    assert done.code == 0, done
    joined = json.loads(empty.text(PROOF))["faults"]
    assert joined["shards"] == ["1/2", "2/2"]
    assert joined["tried"] == joined["possible"] == joined["caught"] > 1
    assert f"faults   {joined['tried']} of {joined['tried']} faults in the new code tried: " in done.out
    assert done.out.endswith(f"wrote {PROOF}\n")
    (empty.folder / PROOF).unlink()
    each = [str(shards / number / "proof.json") for number in ("1", "2")]
    assert empty.handoff("combine", "session-1", *each) == done
    assert json.loads(empty.text(PROOF))["faults"] == joined
    twice = empty.handoff("combine", "session-1", str(shards))
    assert (twice.code, "are not different shards of the same faults" in twice.err) == (2, True), twice


def test_what_cannot_be_joined_is_one_sentence(empty: Story, shards: Path) -> None:
    """A file that is no proof, one of another run, a proof beside parts, a folder that is not there: nothing is written."""

    def refused(*args: str) -> str:
        done = empty.handoff("combine", "session-1", *args)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert not (empty.folder / PROOF).exists()
        return done.err

    first = shards / "1" / "proof.json"
    assert "--artifacts works with parts only" in refused(str(first), "--artifacts", "out")
    assert "is not a folder; name the folder with the parts" in refused(str(shards / "3"))
    empty.pytest("--handoff=session-1", "--handoff-part=unit", "--handoff-artifacts=artifacts")
    assert "is a proof, but the other files are parts; combine the parts first, then prove the session" in refused(
        str(first), "artifacts"
    )
    whole = first.read_text()
    first.write_text(whole.replace('"caught"', '"cought"', 1))
    assert "is not a complete proof" in refused(str(first))
    first.write_text(whole)
    empty.write_files({"tests/test_more.py": "def test_more():\n    pass\n"})
    empty.pytest("--handoff=session-1")
    assert "are for different runs of the session; prove all shards of one record" in refused(str(first))

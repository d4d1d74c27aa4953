"""``handoff prune`` in a real project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

SOURCES = "handoffs/evidence/{}/sources.jsonl"


@pytest.fixture
def three(shop: Story) -> Story:
    """A project with three sessions."""
    for number in (1, 2, 3):
        shop.write_files({f"src/shop/part{number}.py": f"x = {number}\n"})
        shop.pytest(f"--handoff=session-{number}")
        shop.commit()
    return shop


def test_prune_says_what_it_removes_and_leaves_the_rest_whole(three: Story) -> None:
    """Only the oldest tree goes; verifying and the newest session's figures are as before; the orphan is named."""
    before = three.evidence()
    dry = three.handoff("prune", "--dry-run")
    assert dry.code == 0
    assert "handoffs/evidence/session-1/sources.jsonl: would be removed" in dry.out
    assert three.evidence() == before
    done = three.handoff("prune")
    assert done.code == 0
    assert "handoffs/evidence/session-1/sources.jsonl: removed" in done.out
    assert "kept, because later runs compare with them: session-2, session-3" in done.out
    assert "the new code of session-2 could not be measured again" in done.out
    assert before.keys() - three.evidence().keys() == {SOURCES.format("session-1")}
    assert three.handoff("verify", "session-3", "--all").code == 0
    assert "nothing to remove" in three.handoff("prune").out
    again = three.pytest("--handoff=session-3")
    assert "new code 0/1" in again.out
    old = three.pytest("--handoff=session-2")
    assert "new code not measured: the sources of session-1 were pruned" in old.out
    assert three.show("session-2")["new_code"] is None

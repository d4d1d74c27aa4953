"""How many commits a session made, in documents that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stories import Story

ASKS = "# Work\n\n## Git Status\n\n- [N] new commits\n"


def test_commits_since_the_session_before(shop: Story) -> None:
    """They are counted in git's history, kept in the record, and told again by every later fill."""
    shop.write_files({"handoffs/session-2.md": ASKS})
    shop.commit("before")
    shop.pytest("--handoff=session-1", "--no-cov")
    for name in ("a", "b"):
        shop.write_files({f"src/shop/{name}.py": "x = 1\n"})
        shop.commit(name)
    shop.pytest("--handoff=session-2", "--no-cov")
    assert "- 2 new commits\n" in shop.document("session-2")
    assert shop.handoff("fill", "session-2", "--check").code == 0


def test_history_that_went_another_way(shop: Story) -> None:
    """Where the commit of the session before is not part of the history, nobody can count from it."""
    shop.write_files({"handoffs/session-2.md": ASKS})
    shop.commit("before")
    shop.pytest("--handoff=session-1", "--no-cov")
    shop.git("commit", "-q", "--amend", "-m", "rewritten")
    shop.pytest("--handoff=session-2", "--no-cov")
    assert "- [N] new commits\n" in shop.document("session-2")

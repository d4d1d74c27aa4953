"""The trend block in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stories import Story


def test_the_trend_is_there_when_asked_for(shop: Story) -> None:
    """No template has it; between two markers it is filled, and filling again changes nothing."""
    shop.pytest("--no-cov", "--handoff=session-1")
    assert "| Session |" not in shop.document("session-1")

    with (shop.folder / "handoffs/session-1.md").open("a") as document:
        document.write("\n<!-- handoff:begin trend -->\n<!-- handoff:end trend -->\n")
    shop.handoff("fill", "session-1")

    assert "| session-1 | 3/3 | 3 | 0 | – | – | – |" in shop.document("session-1")
    assert shop.handoff("fill", "session-1", "--check").code == 0
    assert shop.handoff("verify", "session-1").code == 0

"""The server before its first request."""

from __future__ import annotations

from pathlib import Path

from toolshed.server import build_server
from toolshed.store import Store


def test_only_this_machine_can_reach_the_shed(tmp_path: Path) -> None:
    with build_server(Store(tmp_path / "shed.db")) as server:
        assert server.server_address[0] == "127.0.0.1"

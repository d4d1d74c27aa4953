"""The server, in one process with its first request."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path
from threading import Thread

from toolshed.server import build_server
from toolshed.store import Store


def test_only_this_machine_can_reach_the_shed(tmp_path: Path) -> None:
    with build_server(Store(tmp_path / "shed.db")) as server:
        assert server.server_address[0] == "127.0.0.1"
        thread = Thread(target=server.handle_request)
        thread.start()
        connection = HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        connection.request("POST", "/loans", body=b"not JSON")
        assert connection.getresponse().status == 400
        connection.close()
        thread.join()

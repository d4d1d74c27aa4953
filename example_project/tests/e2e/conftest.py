"""A real server on a free port, with a calendar that the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import pytest

from client import Calendar, Client
from toolshed.server import build_server
from toolshed.store import Store


@pytest.fixture
def calendar() -> Calendar:
    """It is 2 March 2026."""
    return Calendar(date(2026, 3, 2))


@pytest.fixture
def request_shed(tmp_path: Path, calendar: Calendar) -> Iterator[Client]:
    """A client of a running server with an empty shed."""
    with build_server(Store(tmp_path / "shed.db"), clock=lambda: calendar.today) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Client(server.server_port)
        finally:
            server.shutdown()
            thread.join()

"""The HTTP side of the API, on this machine only."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from toolshed.api import Answer, respond
from toolshed.store import Store

Clock = Callable[[], date]


class ShedServer(ThreadingHTTPServer):
    """A server that knows its shed and the day; closing it waits for the requests it still answers."""

    daemon_threads = False

    def __init__(self, store: Store, port: int, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        super().__init__(("127.0.0.1", port), _Handler)


def build_server(store: Store, port: int = 0, clock: Clock = date.today) -> ShedServer:
    """A server that listens already; port 0 takes a free one."""
    return ShedServer(store, port, clock)


class _Handler(BaseHTTPRequestHandler):
    server: ShedServer

    def do_GET(self) -> None:
        status, payload = self._respond()
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the street needs no access log."""

    def _respond(self) -> Answer:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            sent = json.loads(body or b"{}")
        except ValueError:
            return HTTPStatus.BAD_REQUEST, {"error": "the body is not JSON"}
        return respond(self.server.store, self.command, self.path, sent, self.server.clock())

"""What a neighbour has: a client for the shed, and a calendar on the wall."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class Client:
    """Sends one request and gives status and JSON back."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self._base + path, data, method=method), timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)


@dataclass(slots=True)
class Calendar:
    """The day it is at the server."""

    today: date

    def pass_days(self, count: int) -> None:
        self.today += timedelta(days=count)

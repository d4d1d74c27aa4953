"""The answers of the shed, without a socket."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from pathlib import Path

import pytest

from toolshed.api import respond
from toolshed.store import Store

TODAY = date(2026, 3, 2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A shed with a saw, number 1."""
    store = Store(tmp_path / "shed.db")
    store.add_tool("saw")
    return store


def test_tools_are_listed_and_addressed(store: Store) -> None:
    saw = {"id": 1, "name": "saw"}
    assert respond(store, "GET", "/tools", {}, TODAY) == (HTTPStatus.OK, {"tools": [saw]})
    assert respond(store, "GET", "/tools/1", {}, TODAY) == (HTTPStatus.OK, saw)


def test_a_tool_is_added_without_the_blanks_around_its_name(store: Store) -> None:
    answer = respond(store, "POST", "/tools", {"name": " drill "}, TODAY)
    assert answer == (HTTPStatus.CREATED, {"id": 2, "name": "drill"})


def test_a_loan_is_due_after_two_weeks(store: Store) -> None:
    answer = respond(store, "POST", "/tools/1/loan", {"borrower": "Ada"}, TODAY)
    assert answer == (HTTPStatus.CREATED, {"borrower": "Ada", "due": "2026-03-16"})


def test_a_tool_comes_back(store: Store) -> None:
    respond(store, "POST", "/tools/1/loan", {"borrower": "Ada"}, TODAY)
    assert respond(store, "DELETE", "/tools/1/loan", {}, TODAY) == (HTTPStatus.OK, {"id": 1, "name": "saw"})
    assert store.loans() == []


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        pytest.param("GET", "/", {}, HTTPStatus.NOT_FOUND, id="the root"),
        pytest.param("GET", "/neighbours", {}, HTTPStatus.NOT_FOUND, id="an unknown collection"),
        pytest.param("GET", "/tools/7", {}, HTTPStatus.NOT_FOUND, id="an unknown number"),
        pytest.param("GET", "/tools/saw", {}, HTTPStatus.NOT_FOUND, id="no number at all"),
        pytest.param("POST", "/tools", {}, HTTPStatus.BAD_REQUEST, id="a tool without a name"),
        pytest.param("POST", "/tools", {"name": 3}, HTTPStatus.BAD_REQUEST, id="a name that is no text"),
        pytest.param("POST", "/tools", {"name": "saw"}, HTTPStatus.CONFLICT, id="a name that is taken"),
        pytest.param("POST", "/tools/1/loan", {}, HTTPStatus.BAD_REQUEST, id="a loan to nobody"),
        pytest.param("DELETE", "/tools/1/loan", {}, HTTPStatus.CONFLICT, id="back without having been out"),
    ],
)
def test_mistakes_have_a_status_and_a_sentence(
    store: Store, method: str, path: str, sent: dict[str, object], status: HTTPStatus
) -> None:
    got, payload = respond(store, method, path, sent, TODAY)
    assert got == status
    assert isinstance(payload["error"], str)

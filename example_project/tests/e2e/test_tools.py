"""Tools over HTTP."""

from __future__ import annotations

from client import Client


def test_a_tool_that_was_added_is_listed(request_shed: Client) -> None:
    assert request_shed("POST", "/tools", {"name": "drill"}) == (201, {"id": 1, "name": "drill"})
    assert request_shed("GET", "/tools") == (200, {"tools": [{"id": 1, "name": "drill"}]})


def test_one_tool_has_an_address(request_shed: Client) -> None:
    request_shed("POST", "/tools", {"name": "drill"})
    assert request_shed("GET", "/tools/1") == (200, {"id": 1, "name": "drill"})


def test_unknown_addresses_are_not_found(request_shed: Client) -> None:
    assert request_shed("GET", "/tools/7")[0] == 404
    assert request_shed("GET", "/neighbours")[0] == 404


def test_a_name_is_taken_once(request_shed: Client) -> None:
    request_shed("POST", "/tools", {"name": "drill"})
    assert request_shed("POST", "/tools", {"name": "drill"})[0] == 409
    assert request_shed("POST", "/tools", {"name": " "})[0] == 400

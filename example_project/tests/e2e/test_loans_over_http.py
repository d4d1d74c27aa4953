"""Borrowing over HTTP."""

from __future__ import annotations

from client import Calendar, Client


def test_a_tool_is_borrowed_and_brought_back(request_shed: Client) -> None:
    request_shed("POST", "/tools", {"name": "drill"})
    assert request_shed("POST", "/tools/1/loan", {"borrower": "Ada"}) == (201, {"borrower": "Ada", "due": "2026-03-16"})
    assert request_shed("DELETE", "/tools/1/loan") == (200, {"id": 1, "name": "drill"})


def test_a_lent_tool_is_refused_to_the_next(request_shed: Client) -> None:
    request_shed("POST", "/tools", {"name": "drill"})
    request_shed("POST", "/tools/1/loan", {"borrower": "Ada"})
    assert request_shed("POST", "/tools/1/loan", {"borrower": "Grace"}) == (409, {"error": "the drill is lent"})


def test_a_body_that_is_not_json_is_refused(request_shed: Client) -> None:
    assert request_shed("POST", "/tools", b"drill") == (400, {"error": "the body is not JSON"})


def test_a_late_borrower_is_listed(request_shed: Client, calendar: Calendar) -> None:
    request_shed("POST", "/tools", {"name": "drill"})
    request_shed("POST", "/tools/1/loan", {"borrower": "Ada"})
    calendar.pass_days(15)
    assert request_shed("GET", "/overdue") == (200, {"overdue": [{"tool": "drill", "borrower": "Ada", "days": 1}]})


def test_a_renewed_loan_is_not_late(request_shed: Client, calendar: Calendar) -> None:
    request_shed("POST", "/tools", {"name": "drill"})
    request_shed("POST", "/tools/1/loan", {"borrower": "Ada"})
    calendar.pass_days(10)
    assert request_shed("PUT", "/tools/1/loan") == (200, {"borrower": "Ada", "due": "2026-03-26"})
    calendar.pass_days(10)
    assert request_shed("GET", "/overdue") == (200, {"overdue": []})

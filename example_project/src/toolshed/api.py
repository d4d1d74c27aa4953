"""What the shed answers: a request in, a status and a payload out, without a socket."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from http import HTTPStatus

from toolshed.overdue import is_late, late_loans, reminder
from toolshed.store import DuplicateName, Loan, NotAvailable, Store, UnknownTool

LOAN_DAYS = 14

Payload = dict[str, object]
Answer = tuple[HTTPStatus, Payload]


def respond(store: Store, method: str, path: str, sent: Payload, today: date) -> Answer:
    """The answer to one request; whatever the caller did wrong becomes a status of the 400s."""
    try:
        return _dispatch(store, method, path.strip("/").split("/"), sent, today)
    except UnknownTool as error:
        return HTTPStatus.NOT_FOUND, {"error": str(error)}
    except (DuplicateName, NotAvailable) as error:
        return HTTPStatus.CONFLICT, {"error": str(error)}
    except ValueError as error:
        return HTTPStatus.BAD_REQUEST, {"error": str(error)}


def _dispatch(store: Store, method: str, parts: list[str], sent: Payload, today: date) -> Answer:
    match method, parts:
        case "GET", ["tools"]:
            return HTTPStatus.OK, {"tools": [asdict(tool) for tool in store.tools()]}
        case "POST", ["tools"]:
            return HTTPStatus.CREATED, asdict(store.add_tool(_text(sent, "name")))
        case "GET", ["tools", number]:
            return HTTPStatus.OK, asdict(store.tool(_number(number)))
        case "POST", ["tools", number, "loan"]:
            loan = store.lend(_number(number), _text(sent, "borrower"), today + timedelta(days=LOAN_DAYS))
            return HTTPStatus.CREATED, {"borrower": loan.borrower, "due": loan.due.isoformat()}
        case "PUT", ["tools", number, "loan"]:
            loan = _renew(store, _number(number), today)
            return HTTPStatus.OK, {"borrower": loan.borrower, "due": loan.due.isoformat()}
        case "DELETE", ["tools", number, "loan"]:
            return HTTPStatus.OK, asdict(store.take_back(_number(number)))
        case "GET", ["overdue"]:
            return HTTPStatus.OK, {"overdue": [asdict(late) for late in late_loans(store.loans(), today)]}
        case "GET", ["reminders"]:
            return HTTPStatus.OK, {"reminders": [reminder(late) for late in late_loans(store.loans(), today)]}
        case _:
            return HTTPStatus.NOT_FOUND, {"error": f"nothing answers {method} at /{'/'.join(parts)}"}


def _renew(store: Store, number: int, today: date) -> Loan:
    loan = store.loan(number)
    if is_late(loan, today):
        raise NotAvailable(f"the {loan.tool.name} is late and cannot be renewed")
    return store.extend(loan, today + timedelta(days=LOAN_DAYS))


def _number(text: str) -> int:
    if not text.isdecimal():
        raise UnknownTool(f"no tool has the number {text}")
    return int(text)


def _text(sent: Payload, key: str) -> str:
    value = sent.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"a {key} is missing")
    return value.strip()

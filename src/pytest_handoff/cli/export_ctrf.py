"""Write a session's tests as CTRF, the Common Test Report Format (ctrf.io), specification 0.0.0.

CTRF asks for a duration of each test. The evidence has none; where it was not kept beside the evidence either, it is 0, and
``results.extra`` says that it was not measured.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any

from pytest_handoff import __version__
from pytest_handoff.cli.page_failures import not_collected
from pytest_handoff.cli.support import shown_details
from pytest_handoff.figures import counted
from pytest_handoff.nodeids import file_of, name_of
from pytest_handoff.workflow.locate import TestPlaces

if TYPE_CHECKING:
    from pytest_handoff.details import Attachment, Failure
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine
    from pytest_handoff.workflow.finish import FinishedSession


_STATUS = {
    "passed": "passed", "xpassed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped", "xfailed": "skipped",
    "not_run": "pending", None: "other",
}  # fmt: skip


def text_of(project: Project, outcome: FinishedSession) -> str:
    """Write the document."""
    facts, run = outcome.composition.facts, outcome.record.run
    places, details = TestPlaces(project), shown_details(project, outcome.record)
    seconds, said = ({}, {}) if details is None else (details.seconds, details.by_test())
    tests = [_test(facts, line, places, said.get(line.id)) for line in facts.ledger.values() if line.retired is None]
    ids = [line.id for line in facts.ledger.values() if line.retired is None]
    for test, name in zip(tests, ids, strict=True):
        test["duration"] = round(1000 * seconds.get(name, 0))
    untimed = len(ids) - sum(name in seconds for name in ids)
    tests += [_not_collected(path, error, said.get(path)) for path, error in not_collected(outcome.record).items()]
    counts = Counter(test["status"] for test in tests)
    summary: dict[str, Any] = {"tests": len(tests)}
    summary |= {status: counts[status] for status in ("passed", "failed", "skipped", "pending", "other")}
    summary |= {
        "flaky": facts.record.tests.flaky, "start": _milliseconds(run.started), "stop": _milliseconds(run.finished),
        "duration": round(run.duration_s * 1000),
    }  # fmt: skip
    tool = {"name": "pytest"} | ({"version": run.plugins["pytest"]} if "pytest" in run.plugins else {})
    extra: dict[str, Any] = {"session": facts.session, "complete": run.complete}
    if untimed:
        extra["durations"] = f"of {counted(untimed, 'test')} not measured"
    results = {"tool": tool, "summary": summary, "tests": tests, "extra": extra}
    table = {
        "reportFormat": "CTRF", "specVersion": "0.0.0", "generatedBy": f"pytest-handoff {__version__}", "results": results,
    }  # fmt: skip
    return json.dumps(table, indent=1)


def _test(facts: Facts, line: LedgerLine, places: TestPlaces, failure: Failure | None) -> dict[str, Any]:
    file = file_of(line.id)
    plain, bracket, parameters = name_of(line.id).partition("[")
    *classes, name = plain.split("::")
    labels: dict[str, str] = {"tier": line.tier, "since": line.since, "status": facts.fates[line.id].status}
    told: dict[str, Any] = {
        "name": (name + bracket + parameters) or file,
        "status": _STATUS[line.outcome],
        "duration": 0,
        "suite": [file, *classes],
        "filePath": file,
        "line": places.line(line.id),
        "type": line.tier,
        "rawStatus": line.outcome or "missing",
        "message": line.error or line.reason,
        "flaky": True if line.flaky else None,
        "retries": line.reruns or None,
        "labels": labels,
    }
    if failure is not None:
        told |= {"message": failure.message or told["message"], "trace": failure.text or None}
        told |= {"attachments": [_attached(one) for one in failure.attachments] or None}
    return {key: value for key, value in told.items() if value is not None}


def _not_collected(path: str, error: str, failure: Failure | None) -> dict[str, Any]:
    """Report a file that could not be collected as a failed test: CTRF has no other word for it."""
    told = {"name": path, "status": "failed", "duration": 0, "suite": [path], "filePath": path, "rawStatus": "not_collected"}
    told["message"] = f"could not be collected: {error}"
    return told if failure is None or not failure.text else told | {"trace": failure.text}


def _attached(attachment: Attachment) -> dict[str, str]:
    kind = guess_type(attachment.path)[0] or "application/octet-stream"
    return {"name": attachment.name, "contentType": kind, "path": attachment.path}


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)

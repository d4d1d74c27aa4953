"""Write failing tests, files that cannot be collected and new lines that no test runs as SARIF 2.1.0.

Code hosts show them beside the lines.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_handoff import __version__
from pytest_handoff.checklist.condition import why
from pytest_handoff.cli.page_failures import not_collected
from pytest_handoff.nodeids import file_of
from pytest_handoff.workflow.locate import TestPlaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import FinishedSession


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_RULES = {
    "failing-test": ("error", "A test fails", "The test failed or had an error in the recorded run."),
    "untested-new-code": ("warning", "No test runs new code", "No test ran these lines, which are new since the last session."),
    "not-collected": ("error", "A test file cannot be collected", "pytest could not import the file, so none of its tests ran."),
}


def text_of(project: Project, outcome: FinishedSession) -> str:
    """Write the document."""
    rules = [
        {
            "id": name,
            "shortDescription": {"text": short},
            "fullDescription": {"text": full},
            "defaultConfiguration": {"level": level},
        }
        for name, (level, short, full) in _RULES.items()
    ]
    driver = {"name": "pytest-handoff", "version": __version__, "rules": rules}
    results = [*_broken(outcome), *_failing(project, outcome), *_untested(outcome)]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "properties": {"session": outcome.record.session},
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _broken(outcome: FinishedSession) -> Iterator[dict[str, Any]]:
    for path, error in not_collected(outcome.record).items():
        yield _result("not-collected", f"{path} could not be collected: {error}", path, 1)


def _failing(project: Project, outcome: FinishedSession) -> Iterator[dict[str, Any]]:
    places = TestPlaces(project)
    for line in outcome.composition.facts.kinds.lines(lambda kind: kind.fails):
        yield _result("failing-test", f"{line.id} {why(line)}", file_of(line.id), places.line(line.id))


def _untested(outcome: FinishedSession) -> Iterator[dict[str, Any]]:
    code = outcome.record.new_code
    for path, file in code.files.items() if code is not None else ():
        for block in file.missing.split(", ") if file.missing else ():
            first, _, last = block.partition("-")
            lines = f"lines {block} are" if last else f"line {block} is"
            yield _result("untested-new-code", f"{lines} new, and no test runs {'them' if last else 'it'}", path, first, last)


def _result(rule: str, text: str, path: str, first: str | int | None, last: str = "") -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path), "uriBaseId": "%SRCROOT%"}}
    if first is not None:
        place["region"] = {"startLine": int(first), "endLine": int(last or first)}
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": _RULES[rule][0],
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }

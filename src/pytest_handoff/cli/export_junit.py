"""Write a session's tests as JUnit XML, in the shape of pytest's own ``--junit-xml`` (family ``xunit2``).

A lost test is an error, because systems that read this have no word for it; a retired test is left out. A file that could not be
collected is an error, too, as it is for pytest.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from pytest_handoff.cli.page_failures import not_collected
from pytest_handoff.cli.support import shown_details
from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import file_of, name_of
from pytest_handoff.workflow.locate import TestPlaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.details import Failure
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine
    from pytest_handoff.workflow.finish import FinishedSession


_CHILDREN = {
    "failed": "failure", "error": "error", None: "error", "skipped": "skipped", "xfailed": "skipped", "not_run": "skipped",
}  # fmt: skip
"""The element of each outcome; passing tests have none."""

_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def text_of(project: Project, outcome: FinishedSession) -> str:
    """Write the document."""
    facts, run = outcome.composition.facts, outcome.record.run
    places, details = TestPlaces(project), shown_details(project, outcome.record)
    said = details.by_test() if details is not None else {}
    root = ET.Element("testsuites", name=one_line(facts.session))
    files: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in facts.ledger.values():
        if line.retired is None:
            files[file_of(line.id)].append(line)
    broken = not_collected(outcome.record)
    for file in dict.fromkeys([*files, *broken]):
        suite, lines = ET.SubElement(root, "testsuite", name=one_line(file), timestamp=run.started), files.get(file, [])
        suite.extend(_case(facts, line, places) for line in lines)
        if details is not None:
            _add_details(suite, [line.id for line in lines], details.seconds, said)
        if file in broken:
            suite.append(_not_collected(file, broken[file], said.get(file)))
        _count(suite, suite)
    _count(root, root.iter("testcase"))
    root.set("time", f"{run.duration_s:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_details(suite: ET.Element, tests: Sequence[str], seconds: Mapping[str, float], said: Mapping[str, Failure]) -> None:
    """Add how long tests took and what failing ones said; if nothing is known about a test, it has no ``time``."""
    for case, test in zip(suite, tests, strict=True):
        if test in seconds:
            case.set("time", f"{seconds[test]:.3f}")
        failure = said.get(test)
        child = next((found for name in ("failure", "error") if (found := case.find(name)) is not None), None)
        if failure is None or child is None:
            continue
        child.text = "\n".join(filter(None, (failure.message, failure.text, failure.left_out)))
        printed = "\n".join(f"--- {section.title} ---\n{section.text}" for section in failure.sections)
        if printed:
            ET.SubElement(case, "system-out").text = printed
    if known := [seconds[test] for test in tests if test in seconds]:
        suite.set("time", f"{sum(known):.3f}")


def _not_collected(file: str, error: str, failure: Failure | None) -> ET.Element:
    """Write a file that could not be collected as pytest does: a case named like the module."""
    case = ET.Element("testcase", classname="", name=_module(file), file=one_line(file))
    child = ET.SubElement(case, "error", message=one_line(f"collection failure: {error}"))
    child.text = "\n".join(filter(None, (failure.text, failure.left_out))) if failure is not None else None
    return case


def _module(file: str) -> str:
    return one_line(file.removesuffix(".py").replace("/", "."))


def _count(element: ET.Element, cases: Iterable[ET.Element]) -> None:
    found = list(cases)
    element.set("tests", str(len(found)))
    for name, child in _COUNTED.items():
        element.set(name, str(sum(case.find(child) is not None for case in found)))


def _case(facts: Facts, line: LedgerLine, places: TestPlaces) -> ET.Element:
    file = file_of(line.id)
    *classes, name = _steps(name_of(line.id))
    case = ET.Element(
        "testcase", classname=one_line(".".join([_module(file), *classes])), name=one_line(name), file=one_line(file)
    )
    if (number := places.line(line.id)) is not None:
        case.set("line", str(number))
    properties = ET.SubElement(case, "properties")
    told = {"tier": line.tier, "since": line.since, "outcome": line.outcome or "missing", "status": facts.fates[line.id].status}
    told |= {"flaky": "true"} if line.flaky else {}
    told |= {"reruns": str(line.reruns)} if line.reruns else {}
    told |= {"moved_from": line.moved_from} if line.moved_from else {}
    for key, value in told.items():
        ET.SubElement(properties, "property", name=key, value=one_line(value))
    if line.outcome not in PASSING:
        message = one_line(line.error or line.reason or _why(line))
        child = ET.SubElement(case, _CHILDREN[line.outcome], message=message)
        if line.error:
            child.text = message
        if line.outcome in (None, "xfailed", "not_run"):
            child.set("type", "missing" if line.outcome is None else line.outcome)
    return case


def _steps(name: str) -> list[str]:
    """Split the names in an id, but not its parameters, at ``::``; a file that is a test has no name within."""
    plain, bracket, parameters = name.partition("[")
    *classes, last = plain.split("::")
    return [*classes, last + bracket + parameters]


def _why(line: LedgerLine) -> str:
    if line.outcome is None:
        return "the test is missing" + (f"; it {line.last.outcome} in {line.last.session}" if line.last else "")
    return {"not_run": "the test did not run"}.get(line.outcome, line.outcome)

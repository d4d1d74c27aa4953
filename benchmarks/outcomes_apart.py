"""Which tests a suite has and which pass, seen without the plugin: from ``--collect-only`` and from JUnit XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

from project_runs import suite_run

if TYPE_CHECKING:
    from pathlib import Path

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Apart:
    """Test ids as pytest collects them, and those that passed."""

    ids: frozenset[str]
    passed: frozenset[str]


NOTHING = Apart(frozenset(), frozenset())


def collect(python: Path, release: Path) -> frozenset[str]:
    """The ids that pytest lists without the plugin."""
    listed = suite_run(python, release, "-p", "no:handoff", "--collect-only")
    return frozenset(line for line in listed.splitlines() if "::" in line)


def passed_in(report: Path, ids: frozenset[str]) -> frozenset[str]:
    """Which of the tests passed according to a run's JUnit XML."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
    passing = {(case.get("classname"), case.get("name")) for case in cases if not _troubled(case)}
    return frozenset(test for test in ids if _junit_name(test) in passing)


def _troubled(case: ET.Element) -> bool:
    return any(case.find(word) is not None for word in ("failure", "error", "skipped"))


def _junit_name(test: str) -> tuple[str, str]:
    """How JUnit XML names the test: the dotted path of what holds it, and its own name."""
    bare, bracket, parameters = test.partition("[")
    path, *inner = bare.split("::")
    name = _NOT_XML.sub(lambda found: f"#x{ord(found[0]):02X}", inner.pop() + bracket + parameters)
    return ".".join([path.removesuffix(".py").replace("/", "."), *inner]), name

"""Runs that pytest's own options cut short or reorder: what is recorded is what pytest and junitxml count, never more."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stories import Story

EARLIER = {
    "tests/test_a.py": "def test_one():\n    assert True\n",
    "tests/test_b.py": "import pytest\n\ndef test_two():\n    assert True\n\ndef test_three():\n    pytest.skip('later')\n",
    "tests/test_c.py": "def test_four():\n    assert True\n",
}
BROKEN = "def test_{}():\n    assert False\n\n"
ORDER = ["test_one", "test_new", "test_two", "test_three", "test_newer", "test_four"]
OUTCOMES = ["passed", "failed", "passed", "skipped", "failed", "passed"]
WAYS = {
    "-x": ORDER[:2],
    "--maxfail=2": ORDER[:5],
    "--sw": ORDER[:2],
    "--lf": ["test_new", "test_newer"],
    "--ff": ORDER,
    "--nf": ORDER,
    "-p no:cacheprovider": ORDER,
}
"""Each option, and the tests that are run then; two that are new fail, and failed in the run before."""


@pytest.fixture
def grown(empty: Story) -> Story:
    """A project after its first session, with two new tests that fail, and a run that found so."""
    empty.write_files(
        {"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n', ".gitignore": "*.xml\n", **EARLIER}
    )
    empty.commit()
    assert empty.pytest("--handoff=session-1", "--no-cov").code == 0
    empty.write_files(
        {
            "tests/test_a.py": EARLIER["tests/test_a.py"] + "\n\n" + BROKEN.format("new"),
            "tests/test_c.py": BROKEN.format("newer") + EARLIER["tests/test_c.py"],
        }
    )
    empty.commit()
    assert empty.pytest("--no-cov").code == 1
    return empty


def test_a_run_that_is_cut_short(grown: Story) -> None:
    """Outcomes and counts are junitxml's and those of pytest's last line, and no earlier test still passes that did not run."""
    for number, (options, ran) in enumerate(WAYS.items(), start=2):
        session = f"session-{number}"
        asked = ("--handoff-previous=session-1", "--no-cov", "--junitxml=report.xml", "-p", "no:xdist", *options.split())
        done = grown.pytest(f"--handoff={session}", *asked)
        record, outcomes = _evidence(grown, session)

        assert done.code == (2 if options == "--sw" else 1), options  # pytest's own: stepwise ends as an interrupted session
        assert outcomes == dict.fromkeys(ORDER, "not_run") | {test: OUTCOMES[ORDER.index(test)] for test in ran}, options
        assert {test: outcome for test, outcome in outcomes.items() if outcome != "not_run"} == _by_junitxml(grown), options
        assert {outcome: count for outcome, count in record["tests"]["counts"].items() if count} == Counter(outcomes.values())
        assert _last_line(done.out) == Counter(OUTCOMES[ORDER.index(test)] for test in ran), options
        _is_called_what_it_is(
            record, done.section, whole=ran == ORDER, passing=len({"test_one", "test_two", "test_four"} & {*ran})
        )


def _is_called_what_it_is(record: dict[str, Any], said: str, *, whole: bool, passing: int) -> None:
    """All earlier tests still pass where all of them ran, one that is skipped as before aside; else the run is partial."""
    regression = {gate["id"]: gate["verdict"] for gate in record["gates"]}["regression"]
    earlier = record["tests"]["regression"]
    assert (earlier["passing"] == earlier["expected"]) == whole
    assert earlier["passing"] == passing
    assert record["run"]["complete"] == whole
    assert bool(record["run"]["why_incomplete"]) != whole
    assert regression == ("passed" if whole else "unknown")
    assert ("incomplete" in said) != whole


def _evidence(story: Story, session: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The record, and the outcome of each test by its name."""
    folder = f"handoffs/evidence/{session}"
    lines = [json.loads(line) for line in story.text(f"{folder}/tests.jsonl").splitlines()]
    return json.loads(story.text(f"{folder}/record.json")), {line["id"].partition("::")[2]: line["outcome"] for line in lines}


def _by_junitxml(story: Story) -> dict[str, str]:
    suite = ET.fromstring(story.text("report.xml")).find("testsuite")  # noqa: S314 - it was written a moment ago, by pytest
    assert suite is not None
    found = {case.attrib["name"]: next((child.tag for child in case), "passed") for case in suite.iter("testcase")}
    assert int(suite.attrib["tests"]) == len(found)
    return {name: {"failure": "failed"}.get(tag, tag) for name, tag in found.items()}


def _last_line(output: str) -> dict[str, int]:
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped)", output.rstrip().splitlines()[-1])}

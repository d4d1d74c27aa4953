"""Hooks of a project: the example of the documentation, and hooks that do wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builders import facts_of
from pytest_handoff.composition.blocks import block_context

if TYPE_CHECKING:
    from stories import Story

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "extending.md").read_text("utf-8")
EXAMPLE = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[0]
LINE = "Both sides of each contract are tested"


@pytest.fixture
def extended(shop: Story) -> Story:
    """The shop with the documentation's conftest and a contract test of one side."""
    (shop.folder / "conftest.py").write_text(EXAMPLE, "utf-8")
    shop.write_files({"tests/contracts/test_orders.py": "def test_consumer_slow(): pass\n"})
    shop.pytest("--no-cov", "--handoff=session-1")
    return shop


def test_a_project_has_a_tier_a_gate_and_a_field_of_its_own(extended: Story) -> None:
    """The page's example does what the page says."""
    shown = extended.show("session-1")
    done = extended.pytest("--no-cov", "--handoff=session-1")

    assert shown["tiers"]["contract"]["passed"] == 1
    assert extended.gate("session-1")["contracts"] == "failed"
    assert extended.boxes("session-1")[LINE] is False
    assert "- **Slow tests**: 1 of 4 <!-- handoff:project.slow_tests -->" in extended.document("session-1")
    expected = re.findall(r"^contracts  .*$", PAGE, re.MULTILINE)[0]
    assert expected in done.out


def test_a_gate_that_passes_ticks_its_line(extended: Story) -> None:
    """With the other side tested the line is ticked; nothing is added twice."""
    extended.write_files({"tests/contracts/test_bills.py": "def test_provider(): pass\n"})
    extended.pytest("--no-cov", "--handoff=session-1")

    assert extended.gate("session-1")["contracts"] == "passed"
    assert extended.boxes("session-1")[LINE] is True
    assert extended.document("session-1").count("## Project\n") == 1


def test_the_record_is_enough_to_fill_and_to_verify(extended: Story) -> None:
    """Without the hooks the document is the same, and so is the verdict."""
    (extended.folder / "conftest.py").write_text("", "utf-8")
    before = extended.document("session-1")

    assert extended.handoff("fill", "session-1").code == 0
    assert extended.document("session-1") == before
    assert extended.gate("session-1")["contracts"] == "failed"
    assert "contracts" in extended.handoff("gate", "session-1", "--machine-only").out


def test_with_xdist_the_tier_is_the_same(extended: Story) -> None:
    """Workers ask the hook too."""
    extended.pytest("--no-cov", "--handoff=session-1", "-n", "2")

    assert extended.show("session-1")["tiers"]["contract"]["passed"] == 1


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("def pytest_handoff_facts(run):\n    return {'tests.current': '9/9'}\n", "a name of pytest-handoff"),
        ("def pytest_handoff_facts(run):\n    return {'nodot': 'x'}\n", "is not a valid name"),
        ("def pytest_handoff_facts(run):\n    return {'a.b': 7}\n", "a value is text"),
        ("def pytest_handoff_facts(run):\n    return ['a.b']\n", "return a dict"),
        ("def pytest_handoff_facts(run):\n    raise KeyError('x')\n", "pytest_handoff_facts raised KeyError"),
        ("def pytest_handoff_gates(config):\n    return {'tests': print}\n", "a name of pytest-handoff"),
        ("def pytest_handoff_document(text, facts):\n    return 7\n", "not text or None"),
    ],
)
def test_a_hook_that_cannot_be_used_is_told(shop: Story, hook: str, message: str) -> None:
    """One sentence, exit code 3, and no evidence written."""
    (shop.folder / "conftest.py").write_text(hook, "utf-8")
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == 3
    assert message in done.out
    assert "Traceback" not in done.out
    assert not (shop.folder / "handoffs/evidence/session-1/record.json").exists()


def test_a_tier_that_is_no_word_is_told(shop: Story) -> None:
    """Before any test has run."""
    (shop.folder / "conftest.py").write_text("def pytest_handoff_tier(item):\n    return 'a b'\n", "utf-8")
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code != 0
    assert "a tier is a word" in done.out + done.err


@pytest.mark.parametrize(("body", "evidence"), [("1 / 0", "raised ZeroDivisionError"), ("True", "returned bool, not a Verdict")])
def test_a_gate_that_fails_to_decide_never_passes(shop: Story, body: str, evidence: str) -> None:
    """It is unknown, and says why."""
    (shop.folder / "conftest.py").write_text(f"def pytest_handoff_gates(config):\n    return {{'own': lambda facts: {body}}}\n")
    shop.pytest("--no-cov", "--handoff=session-1")
    done = shop.handoff("gate", "session-1", "--machine-only", "--json")
    reasons = {reason["gate"]: reason["message"] for reason in json.loads(done.out)["reasons"]}

    assert done.code == 1
    assert evidence in reasons["own"]


def test_every_name_of_a_block_is_described() -> None:
    """The page's table and what a template is given are the same names."""
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.partition("may use these names")[2], re.MULTILINE)

    assert sorted(listed) == sorted(block_context(facts_of("unit a.py::t passed"), (), line_counts={}, trend=None))


SEES_ALL = """
    from pytest_handoff.record import Verdict


    def whole(facts):
        document = facts.document
        said = [
            f"looser: {len(facts.loosened)}",
            f"baselines: {sorted(facts.baselines)}",
            f"inherited: {[promise.test for promise in facts.inherited]}",
            f"targets: {document.targets}",
            f"contradicted: {len(document.contradicted)}",
            f"absent: {document.absent[0][0]}",
            f"instructions: {[line.text for line in document.instructions]}",
        ]
        return Verdict(id="whole", verdict="passed", evidence="; ".join(said))


    def pytest_handoff_gates(config):
        return {"whole": whole}


    def pytest_handoff_checks(config):
        return {"The project agrees": "whole"}
"""


def test_a_gate_of_the_project_is_given_the_facts_whole(shop: Story) -> None:
    """Settings, sessions before, document and instructions: all of it is there when the project's own gate is asked."""
    settings = shop.text("pyproject.toml")
    promise = '\n[[tool.handoff.promise]]\ntest = "tests/unit/test_later.py::*"\nreason = "later"\n'
    (shop.folder / "pyproject.toml").write_text(settings + "\n[tool.handoff]\nrequired = ['All is well']\n" + promise)
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.edit("pyproject.toml", "required = ['All is well']", "")
    shop.write_files(
        {
            "conftest.py": SEES_ALL,
            "plan.md": "# Plan\n\n## Checklist\n\n- [x] Talk to the shop\n- [ ] The project agrees\n",
            "handoffs/session-2.md": """
                # Session 2

                ## Test Results

                - **Previous Session Tests**: 9/9 passed

                ## Performance Metrics

                | Metric | Target | Actual |
                |---|---|---|
                | Test duration | < 1 min | [value] |
            """,
        }
    )
    shop.pytest("--no-cov", "--handoff=session-2", "--handoff-instructions=plan.md")

    [verdict] = [gate for gate in shop.show("session-2")["gates"] if gate["id"] == "whole"]
    assert verdict["evidence"].split("; ") == [
        "looser: 1",
        "baselines: ['metrics.duration']",
        "inherited: ['tests/unit/test_later.py::*']",
        "targets: {'metrics.duration': '< 1 min'}",
        "contradicted: 1",
        "absent: All is well",
        "instructions: ['Talk to the shop']",  # the other line waits for this very gate
    ]
    assert shop.handoff("fill", "session-2", "--check").code == 0

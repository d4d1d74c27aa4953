"""``handoff export``: the shapes that JUnit, CTRF and SARIF are published with, from one session with every outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from pytest_handoff.cli.support import CANNOT_TELL, GOOD

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

TESTS = """
    import pytest

    from shop.cart import total

    class TestTotal:
        @pytest.mark.parametrize("prices", [[1, 2], [3]], ids=["a::b", "<é & \\x01>"])
        def test_sum(self, prices):
            assert total(prices) == 3

    def test_fails():
        assert total([1]) == 2, "<b>\\x1b[31m \\ud800"

    @pytest.fixture
    def broken():
        raise RuntimeError("no such thing")

    def test_error(broken):
        pass

    @pytest.mark.skip(reason="not today")
    def test_skipped():
        pass

    @pytest.mark.xfail(reason="later", strict=True)
    def test_owed():
        assert 0
"""
LONGER = """
    def total(prices):
        if prices is None:
            return 0
        if prices == "many":
            a = 1
            return a
        return sum(prices)
"""
OUTCOMES = {
    "test_sum[a::b]": "passed",
    r"test_sum[<\xe9 & \x01>]": "passed",
    "test_fails": "failed",
    "test_error": "error",
    "test_skipped": "skipped",
    "test_owed": "xfailed",
    "test_checkout": "passed",
    "test_total": "missing",
    "test_empty": "missing",
}
TEXT, NUMBER = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these members, and no others."""
    return {
        "type": "object", "properties": required | optional, "required": list(required), "additionalProperties": False,
    }  # fmt: skip


CTRF = closed({
    "reportFormat": {"const": "CTRF"},
    "specVersion": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
    "results": closed(
        {
            "tool": closed({"name": TEXT}, version={"type": "string"}, extra={"type": "object"}),
            "summary": closed(
                dict.fromkeys(("tests", "passed", "failed", "skipped", "pending", "other", "start", "stop"), NUMBER),
                flaky=NUMBER, suites=NUMBER, duration=NUMBER, extra={"type": "object"},
            ),
            "tests": {"type": "array", "items": closed(
                {"name": TEXT, "status": {"enum": ["passed", "failed", "skipped", "pending", "other"]}, "duration": NUMBER},
                suite={"type": "array", "minItems": 1, "items": {"type": "string"}}, message={"type": "string"}, line=NUMBER,
                rawStatus={"type": "string"}, type={"type": "string"}, filePath={"type": "string"}, retries=NUMBER,
                flaky={"type": "boolean"}, trace={"type": "string"}, attachments={"type": "array", "items": closed(
                    {"name": {"type": "string"}, "contentType": {"type": "string"}, "path": {"type": "string"}}
                )},
                labels={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
            )},
        },
        extra={"type": "object"},
    ),
}, generatedBy={"type": "string"})  # fmt: skip
"""What the published schema says of the members that we write, which are closed there too."""

MESSAGE = {"type": "object", "properties": {"text": TEXT}, "required": ["text"]}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {"type": "array", "items": closed(
            {"tool": {"type": "object", "required": ["driver"], "properties": {"driver": closed(
                {"name": TEXT},
                version=TEXT,
                rules={"type": "array", "uniqueItems": True, "items": closed(
                    {"id": TEXT}, shortDescription=MESSAGE, fullDescription=MESSAGE, defaultConfiguration=closed(
                        {"level": {"enum": ["none", "note", "warning", "error"]}}
                    ),
                )},
            )}}},
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]}, properties={"type": "object"},
            results={"type": "array", "items": closed(
                {"message": MESSAGE},
                ruleId=TEXT, ruleIndex=NUMBER, level={"enum": ["none", "note", "warning", "error"]},
                locations={"type": "array", "minItems": 1, "items": closed({"physicalLocation": closed(
                    {"artifactLocation": closed({"uri": {"type": "string", "pattern": "^[^ <>\"\\\\]+$"}}, uriBaseId=TEXT)},
                    region=closed({"startLine": {"type": "integer", "minimum": 1}}, endLine={"type": "integer", "minimum": 1}),
                )})},
            )},
        )},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A second session with every outcome, two lost tests and new lines that no test runs."""
    from stories import FIRST, new_story

    story = new_story(tmp_path_factory.mktemp("export") / "project")
    story.write_files(FIRST)
    story.commit()
    assert story.pytest("-q", "--handoff=session-1").code == GOOD
    story.write_files({"tests/unit/test_cart.py": TESTS, "src/shop/cart.py": LONGER})
    story.pytest("-q", "--handoff=session-2")
    return story


def test_junit(story: Story) -> None:
    """Suites count their cases; each case has a class and a name, its tier and first session, and what became of it."""
    done = story.handoff("export", "junit")
    root = ET.fromstring(done.out)  # noqa: S314 - it is ours
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}

    assert done.code == GOOD
    assert (root.tag, root.attrib["name"]) == ("testsuites", "session-2")
    assert {child.tag for child in root} == {"testsuite"}
    for suite in [*root, root]:
        inner = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(inner)
        for count, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(suite.attrib[count]) == sum(case.find(tag) is not None for case in inner)
    assert {key: root.attrib[key] for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "9", "failures": "1", "errors": "3", "skipped": "2",
    }  # fmt: skip
    assert {name: _properties(case)["outcome"] for name, case in cases.items()} == OUTCOMES
    assert cases["test_sum[a::b]"].attrib["classname"] == "tests.unit.test_cart.TestTotal"
    assert (cases["test_sum[a::b]"].attrib["file"], cases["test_sum[a::b]"].attrib["line"]) == ("tests/unit/test_cart.py", "6")
    assert _properties(cases["test_checkout"]) == {
        "tier": "e2e", "since": "session-1", "outcome": "passed", "status": "still_passing",
    }  # fmt: skip
    assert [child.tag for child in cases["test_fails"]] == ["properties", "failure"]
    assert cases["test_fails"][1].attrib["message"].startswith(r"AssertionError: <b>\x1b[31m")
    assert cases["test_total"][1].attrib == {"message": "the test is missing; it passed in session-1", "type": "missing"}
    assert cases["test_owed"][1].attrib == {"message": "later", "type": "xfailed"}


def _properties(case: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}


def test_ctrf(story: Story) -> None:
    """By the published schema; statuses are CTRF's own, and the raw ones are ours."""
    table = json.loads(story.handoff("export", "ctrf").out)
    jsonschema.Draft7Validator(CTRF).validate(table)
    results = table["results"]
    summary = results["summary"]

    assert 1_500_000_000_000 < summary["start"] <= summary["stop"]
    assert {key: summary[key] for key in ("tests", "passed", "failed", "skipped", "pending", "other")} == {
        "tests": 9, "passed": 3, "failed": 2, "skipped": 2, "pending": 0, "other": 2,
    }  # fmt: skip
    assert {test["name"]: test["rawStatus"] for test in results["tests"]} == OUTCOMES
    assert results["extra"]["durations"] == "of 2 tests not measured", "those that did not run"
    [one] = [test for test in results["tests"] if test["name"] == "test_sum[a::b]"]
    assert (one["suite"], one["type"], one["line"]) == (["tests/unit/test_cart.py", "TestTotal"], "unit", 6)


def test_durations_and_failures_come_from_the_details(story: Story) -> None:
    """Where the run left them, JUnit and CTRF have what a failing test said and how long each took; else they say less."""
    folder = story.folder / "handoffs/.details"
    table = json.loads((folder / "session-2.json").read_text("utf-8"))
    table["seconds"]["tests/unit/test_cart.py::test_fails"] = 1.25
    kept = json.dumps(table)
    (folder / "session-2.json").write_text(kept, "utf-8")
    ctrf = {test["name"]: test for test in json.loads(story.handoff("export", "ctrf").out)["results"]["tests"]}
    cases = {case.attrib["name"]: case for case in ET.fromstring(story.handoff("export", "junit").out).iter("testcase")}  # noqa: S314
    assert (ctrf["test_fails"]["duration"], cases["test_fails"].attrib["time"]) == (1250, "1.250")
    for text in (ctrf["test_fails"]["trace"], cases["test_fails"][1].text or ""):
        assert "def test_fails" in text
        assert "\nE  " in text
    assert ctrf["test_fails"]["message"].startswith("tests/unit/test_cart.py:")

    (folder / "session-2.json").write_text('{"schema":', "utf-8")
    done = story.handoff("export", "ctrf")
    (folder / "session-2.json").write_text(kept, "utf-8")
    assert done.code == GOOD
    assert "session-2.json: is damaged" in done.err
    assert json.loads(done.out)["results"]["extra"]["durations"] == "of 9 tests not measured"


def test_sarif(story: Story) -> None:
    """By the published schema; failing tests and new lines that no test runs, at their lines."""
    table = json.loads(story.handoff("export", "sarif").out)
    jsonschema.Draft202012Validator(SARIF).validate(table)
    [run] = table["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    places = [(one["ruleId"], one["locations"][0]["physicalLocation"]) for one in run["results"]]

    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    assert [(rule, place["artifactLocation"]["uri"], *place["region"].values()) for rule, place in places] == [
        ("failing-test", "tests/unit/test_cart.py", 17, 17),
        ("failing-test", "tests/unit/test_cart.py", 10, 10),
        ("untested-new-code", "src/shop/cart.py", 3, 3),
        ("untested-new-code", "src/shop/cart.py", 5, 6),
    ]


def test_a_file_that_could_not_be_collected(shop: Story) -> None:
    """Nothing in it ran, and a system that sees only an export must not take that for a pass: it is a failure there, too."""
    shop.write_files({"tests/unit/test_new.py": "import not_there\n"})
    shop.pytest("-q", "--no-cov", "--handoff=session-1", "--continue-on-collection-errors")
    root = ET.fromstring(shop.handoff("export", "junit").out)  # noqa: S314 - it is ours
    ctrf = json.loads(shop.handoff("export", "ctrf").out)
    sarif = json.loads(shop.handoff("export", "sarif").out)
    jsonschema.Draft7Validator(CTRF).validate(ctrf)
    jsonschema.Draft202012Validator(SARIF).validate(sarif)

    [suite] = [one for one in root if one.attrib["name"] == "tests/unit/test_new.py"]
    [case] = suite
    assert (root.attrib["tests"], root.attrib["errors"], suite.attrib["errors"]) == ("4", "1", "1")
    assert (case.attrib["name"], case.attrib["file"]) == ("tests.unit.test_new", "tests/unit/test_new.py")
    assert case[0].attrib["message"] == "collection failure: ModuleNotFoundError: No module named 'not_there'"
    assert "import not_there" in (case[0].text or "")
    assert (ctrf["results"]["summary"]["tests"], ctrf["results"]["summary"]["failed"]) == (4, 1)
    [test] = [one for one in ctrf["results"]["tests"] if one["status"] == "failed"]
    assert (test["filePath"], test["rawStatus"]) == ("tests/unit/test_new.py", "not_collected")
    assert "No module named 'not_there'" in test["message"]
    [result] = sarif["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("not-collected", "error")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tests/unit/test_new.py"


@pytest.mark.parametrize("form", ["junit", "ctrf", "sarif"])
def test_into_a_file(story: Story, form: str, tmp_path: Path) -> None:
    """The same bytes, where they are asked for; a folder that is not there is made."""
    path = tmp_path / "there" / form
    done = story.handoff("export", form, "session-2", "-o", str(path))

    assert (done.code, done.out, done.err) == (GOOD, f"{path}\n", "")
    assert path.read_text("utf-8").strip() == story.handoff("export", form, "session-2").out.strip()


def test_a_format_that_is_none_and_another_tree(story: Story) -> None:
    """The formats are told; where the tree is another one, standard error says so and the export is the same."""
    wrong = story.handoff("export", "html")
    assert wrong.code == CANNOT_TELL
    assert all(form in wrong.err for form in ("junit", "ctrf", "sarif"))
    before = story.handoff("export", "sarif").out
    story.write_files({"other.py": ""})
    done = story.handoff("export", "sarif")
    (story.folder / "other.py").unlink()
    assert (done.code, done.out) == (GOOD, before)
    assert "is about another tree: line numbers may have moved since" in done.err


@pytest.mark.parametrize("command", [["export", "junit"], ["comment"], ["report"], ["attest"]])
def test_a_place_that_cannot_be_written_has_the_name_that_was_given(story: Story, command: list[str]) -> None:
    """A folder, or a path below a file: relative as it was typed, with what to do about it."""
    folder = story.handoff(*command, "session-2", "-o", "tests/unit")
    below = story.handoff(*command, "session-2", "-o", "pyproject.toml/x")

    assert (folder.code, below.code) == (CANNOT_TELL, CANNOT_TELL)
    assert folder.err == "handoff: tests/unit: is a folder; name a file in it\n"
    assert below.err.startswith("handoff: pyproject.toml/x: cannot be written: ")

"""Which changes of the settings let more through, and which do not."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.loosened import loosened, without_repeats
from pytest_handoff.evidence.moved_settings import moved
from pytest_handoff.evidence.policy import InForce, Loosening, read_policy, together

NO_COVER = r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)"
UNIT = {"markers": ["unit"], "paths": ["**/unit/**"]}
E2E = {"markers": ["e2e"], "paths": ["**/e2e/**"]}


def found(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What is looser, without file and session."""
    policies = [read_policy(table, path="record.json") for table in (before, now)]
    return [finding.what for finding in loosened(*policies, against="session-1")]


@pytest.mark.parametrize("key", ["retire", "known", "adapt"])
@pytest.mark.parametrize(
    ("pattern", "suites", "whole"),
    [
        ("tests/*", [["tests/a.py::x", "tests/b.py::y"], []], True),
        ("tests/old/*", [["tests/old/a.py::x", "tests/old/b.py::y"], ["tests/new/c.py::z", "tests/old/a.py::x"]], True),
        ("*::x*", [["tests/a.py::x", "tests/b.py::xy"]], True),
        ("tests/a.py*", [["tests/a.py::x", "tests/a.py::z", "tests/b.py::y"]], False),
        ("*::x*", [["tests/a.py::x[1]", "tests/a.py::x[2]"]], False),
    ],
)
def test_a_pattern_that_takes_in_all_tests(key: str, pattern: str, suites: list[list[str]], whole: bool) -> None:
    """It is told by the tests that there are, before or now; one that names the only test there is names just that."""
    policies = [read_policy(table, path="r") for table in ({}, {key: [{"test": pattern, "reason": "later"}]})]
    assert bool(loosened(*policies, against="session-1", suites=suites)) is whole


def in_tool(tool: str, **settings: Any) -> dict[str, Any]:
    """A policy with these settings of pytest or coverage."""
    return {"settings": {tool: settings}}


def instructed(file: str, *lines: str) -> dict[str, Any]:
    """A policy with these instructions."""
    return {"places": {}, "instructions": {"file": file, "lines": list(lines)}}


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        ({}, {"ignore": ["src/**"]}, "'ignore': 1 entry added: 'src/**'"),
        ({}, {"scope": ["docs"]}, "'scope' is narrower: 'the whole repository' became 'docs'"),
        ({"scope": ["a", "b"]}, {"scope": ["a"]}, "'scope' is narrower: 'a', 'b' became 'a'"),
        ({"tiers": {"e2e": E2E}}, {"tiers": {}}, "the tier 'e2e' was removed"),
        ({"tiers": {"e2e": E2E}}, {"tiers": {"e2e": {**E2E, "markers": ["slow"]}}},
         "the markers of the tier 'e2e' were 'e2e' and are 'slow'"),
        ({"tiers": {"e2e": E2E}}, {"tiers": {"e2e": {**E2E, "paths": []}}},
         "the paths of the tier 'e2e' were '**/e2e/**' and are none"),
        ({}, {"default_tier": "e2e"}, "'default_tier' was 'unit' and is 'e2e'"),
        ({"required": ["All unit tests pass", "Reviewed"]}, {"required": ["Reviewed"]},
         "'required': 1 entry removed: 'All unit tests pass'"),
        ({"required": ["Coverage >= 90 %"]}, {"required": ["Coverage >= 50 %"]},
         "'required': 1 entry removed: 'Coverage >= 90 %'"),
        ({"parts": ["unit", "e2e"]}, {"parts": ["unit"]}, "'parts': 1 entry removed: 'e2e'"),
        ({"prove": ["earlier", "new"]}, {"prove": ["new"]}, "'prove': 1 entry removed: 'earlier'"),
        ({}, {"adapt": [{"test": "**", "reason": "all new"}]}, "'adapt' matches every test: '**'"),
        ({}, {"retire": [{"test": "*", "reason": "old"}]}, "'retire' matches every test: '*'"),
        ({"bind": [{"line": "Works", "tests": "tests/e2e/*"}]}, {"bind": [{"line": "Works", "tests": "tests/unit/*"}]},
         "'bind' of 'Works' was changed"),
        ({"bind": [{"line": "Works", "tests": "tests/e2e/*"}]}, {}, "'bind' of 'Works' was removed"),
        ({"words": {"pass": ["green"]}}, {"words": {}}, "'words' of the checklist language changed: pass"),
        ({"target": "main"}, {}, "'target' was 'main' and is None"),
        (in_tool("pytest"), in_tool("pytest", addopts=["-q", "-k", "not slow"]), "'addopts' leaves tests out: '-k not slow'"),
        (in_tool("pytest"), in_tool("pytest", addopts=["--no-cov"]), "'addopts' leaves tests out: '--no-cov'"),
        (in_tool("pytest"), in_tool("pytest", addopts=["-vk", "not new"]), "'addopts' leaves tests out: '-k not new'"),
        (in_tool("pytest", addopts=["-vp", "checks"]), in_tool("pytest"), "what 'addopts' loads: 1 entry removed: '-p checks'"),
        (in_tool("pytest"), in_tool("pytest", addopts=["-p", "no:threadexception"]),
         "what 'addopts' keeps out: 1 entry added: '-p no:threadexception'"),
        (in_tool("pytest", testpaths=["tests"]), in_tool("pytest", testpaths=["tests"], addopts=["tests/unit", "tests/e2e"]),
         "'addopts' is narrower: 'tests' became 'tests/unit', 'tests/e2e'"),
        (in_tool("pytest"), in_tool("pytest", addopts=["--strict-markers", "tests/unit"]),
         "'addopts' is narrower: 'everything' became 'tests/unit'"),
        (in_tool("pytest", addopts=["tests"], testpaths=["tests/unit"]), in_tool("pytest", testpaths=["tests/unit"]),
         "'testpaths' is narrower: 'tests' became 'tests/unit'"),
        (in_tool("pytest"), in_tool("pytest", addopts=["--noconftest"]), "'addopts' leaves tests out: '--noconftest'"),
        (in_tool("pytest"), in_tool("pytest", addopts=["@opts.txt"]),
         "'addopts' takes options from files that cannot be compared: '@opts.txt'"),
        (in_tool("pytest"), in_tool("pytest", testpaths=["tests/unit"]),
         "'testpaths' is narrower: 'everything' became 'tests/unit'"),
        (in_tool("pytest"), in_tool("pytest", norecursedirs=["e2e"]), "'norecursedirs': 1 entry added: 'e2e'"),
        (in_tool("pytest", python_files=["check_*.py", "test_*.py"]), in_tool("pytest", python_files=["test_*.py"]),
         "'python_files': 1 entry removed: 'check_*.py'"),
        (in_tool("pytest"), in_tool("pytest", python_functions=["check"]), "'python_functions': 1 entry removed: 'test'"),
        (in_tool("pytest", xfail_strict=True), in_tool("pytest"), "'xfail_strict' was switched off"),
        (in_tool("coverage"), in_tool("coverage", omit=["src/shop/hard.py"]), "'omit': 1 entry added: 'src/shop/hard.py'"),
        (in_tool("coverage"), in_tool("coverage", exclude=["def "]), "the lines that coverage excludes: 1 entry added: 'def '"),
        (in_tool("coverage"), in_tool("coverage", exclude=["if TYPE_CHECKING:", "if TYPE_CHECKING or DEBUG:"]),
         "the lines that coverage excludes: 1 entry added: 'if TYPE_CHECKING or DEBUG:'"),
        (in_tool("coverage", exclude=["nothing"]), in_tool("coverage", exclude=["nothing", "pragma: no cover"]),
         "the lines that coverage excludes: 1 entry added: 'pragma: no cover'"),
        (in_tool("coverage"), in_tool("coverage", exclude=["pragma: no", "TYPE_CHECKING", ".*: ...$"]),
         "the lines that coverage excludes: 3 entries added: 'pragma: no', 'TYPE_CHECKING', '.*: ...$'"),
        (in_tool("coverage"), in_tool("coverage", source=["src/a"]), "'source' is narrower: 'everything' became 'src/a'"),
        (in_tool("coverage", branch=True), in_tool("coverage"), "'branch' was switched off"),
        (in_tool("coverage", fail_under=90), in_tool("coverage", fail_under=89.5), "'fail_under' was 90 and is 89.5"),
        (in_tool("coverage"), in_tool("coverage", plugins=["liar"]), "'plugins' of coverage.py: 1 entry added: 'liar'"),
        (in_tool("pytest", usefixtures=["checks"]), in_tool("pytest", usefixtures=[]),
         "'usefixtures': 1 entry removed: 'checks'"),
        (in_tool("pytest", addopts=["-p", "checks", "-q"]), in_tool("pytest", addopts=["-q"]),
         "what 'addopts' loads: 1 entry removed: '-p checks'"),
        (in_tool("pytest", addopts=["--doctest-modules"]), in_tool("pytest"),
         "what 'addopts' loads: 1 entry removed: '--doctest-modules'"),
        (in_tool("pytest", pythonpath=["src"]), in_tool("pytest", pythonpath=["stubs", "src"]),
         "'pythonpath' may find other code: 'src' became 'stubs', 'src'"),
        (in_tool("pytest", pythonpath=["src", "lib"]), in_tool("pytest", pythonpath=["src"]),
         "'pythonpath' may find other code: 'src', 'lib' became 'src'"),
        (in_tool("pytest", decisive={}), in_tool("pytest", decisive={"doctest_optionflags": "SKIP"}),
         "'doctest_optionflags' was not set and is SKIP"),
        (in_tool("pytest", decisive={"consider_namespace_packages": "true"}), in_tool("pytest", decisive={}),
         "'consider_namespace_packages' was true and is not set"),
        (in_tool("coverage", paths=["a as src"]), in_tool("coverage", paths=["a as src", "fill as src"]),
         "'paths' of coverage.py, which treats one file as another: 1 entry added: 'fill as src'"),
        (in_tool("pytest", strict_markers=True), in_tool("pytest"), "'--strict-markers' was switched off"),
        (in_tool("pytest", filterwarnings=["error"]), in_tool("pytest"),
         "'filterwarnings' lets warnings pass that failed a test: 'error' removed"),
        (in_tool("pytest", filterwarnings=["error"]), in_tool("pytest", filterwarnings=["error", "ignore:x"]),
         "'filterwarnings': 1 entry added: 'ignore:x'"),
        ({"places": {"dir": "a"}}, {"places": {"dir": "b"}}, "'dir' was 'a' and is 'b'"),
        ({"places": {}, "own_templates": {"t": "1"}}, {"places": {}, "own_templates": {"t": "2"}},
         "the template changed, and may print other figures"),
        ({"places": {}}, {"places": {}, "own_templates": {"t": "2"}}, "the template is new, and may print other figures"),
        (instructed("p", "a", "b"), instructed("p", "b"),
         "the checklist of the instructions: 1 entry removed: 'a'"),
    ],
)  # fmt: skip
def test_a_looser_setting_is_named(before: dict[str, Any], now: dict[str, Any], what: str) -> None:
    """Each setting that lets more through is found, with what it was and is."""
    assert found(before, now) == [what]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"ignore": ["a/**"]}, {}),
        ({"places": {"dir": "a", "document": None}}, {"places": {"dir": "a", "document": "a/{session}.md"}}),
        ({"ignore": ["./a/", "b"]}, {"ignore": ["b", "a"]}),
        ({"scope": ["a"]}, {"scope": ["a", "b"]}),
        ({"scope": ["a"]}, {}),
        ({"tiers": {"unit": UNIT}}, {"tiers": {"unit": UNIT, "contract": {"markers": ["contract"]}}}),
        ({"required": ["A"]}, {"required": ["B", " A  "]}),
        ({}, {"retire": [{"test": "tests/test_old.py::*", "reason": "the old shop is gone"}]}),
        ({}, {"waive": [{"gate": "claims", "reason": "the figures are of the vendor"}]}),
        ({}, {"bind": [{"line": "Works", "tests": "tests/*"}]}),
        ({}, {"target": "main"}),
        (in_tool("pytest"), in_tool("pytest", addopts=["-q", "--strict-markers", "-p", "no:cacheprovider", "-n", "2"])),
        (in_tool("pytest", addopts=["-k", "not slow"]), in_tool("pytest", addopts=["-knot slow"])),
        (in_tool("pytest", addopts=["-k", "not slow"]), in_tool("pytest", addopts=["-qxk", "not slow"])),
        (in_tool("pytest", addopts=["-p", "no:asyncio"]), in_tool("pytest", addopts=["-qpno:asyncio", "-p", "no:pastebin"])),
        (in_tool("pytest", addopts=["-p", "no:asyncio"]), in_tool("pytest")),
        (in_tool("pytest", addopts=["-p", "no:cacheprovider", "-pchecks"]), in_tool("pytest", addopts=["-p", "checks"])),
        (in_tool("pytest", usefixtures=[]), in_tool("pytest", usefixtures=["checks"])),
        (in_tool("pytest"), in_tool("pytest", pythonpath=["stubs"])),  # evidence that does not know of it
        (in_tool("pytest", pythonpath=["src"]), in_tool("pytest", pythonpath=["./src/", "lib"])),
        (in_tool("pytest"), in_tool("pytest", decisive={"collect_imported_tests": "false"})),  # evidence that does not know of it
        (in_tool("pytest", pythonpath=[]), in_tool("pytest", pythonpath=["src"])),
        (in_tool("coverage"), in_tool("coverage", paths=["fill as src"])),  # evidence that does not know of it
        (in_tool("coverage", paths=["b as src", "a as src"]), in_tool("coverage", paths=["a as src"])),
        (in_tool("pytest", testpaths=["tests/unit", "more/a"]), in_tool("pytest", testpaths=["tests", "more/"])),
        (in_tool("pytest", testpaths=["tests"]), in_tool("pytest", testpaths=["."])),
        (in_tool("pytest"), in_tool("pytest", testpaths=["./"])),
        (
            in_tool("pytest", testpaths=["tests"]),
            in_tool("pytest", addopts=["tests/", "--cov", "src", "-n", "2", "--tb", "short"]),
        ),
        (in_tool("pytest", addopts=["tests/unit"], testpaths=["tests"]), in_tool("pytest", testpaths=["tests"])),
        (
            in_tool("pytest", addopts=["tests"], testpaths=["tests"]),
            in_tool("pytest", addopts=["tests"], testpaths=["tests/unit"]),
        ),
        (in_tool("pytest", testpaths=["tests"]), in_tool("pytest", testpaths=["tests", "more"])),
        (in_tool("coverage", omit=["a"]), in_tool("coverage")),
        (in_tool("coverage", source=["a"]), in_tool("coverage", source=["a", "b"])),
        (in_tool("coverage", source=["a"]), in_tool("coverage")),
        (in_tool("coverage", fail_under=80), in_tool("coverage", fail_under=90)),
        (in_tool("pytest"), in_tool("pytest", filterwarnings=["ignore:x"])),
        (in_tool("pytest", filterwarnings=["error"]), in_tool("pytest", filterwarnings=["error", "error:y"])),
        ({}, {"places": {"dir": "b"}, "own_templates": {"t": "2"}}),
        (instructed("p", "a"), instructed("q")),
        (in_tool("coverage", omit=["a"]), {}),
        ({}, in_tool("coverage", omit=["a"])),
        (in_tool("coverage"), in_tool("coverage", exclude=["pragma: no cover", "if TYPE_CHECKING:"])),
        (
            in_tool("coverage", exclude=["x"]),
            in_tool("coverage", exclude=["x", "if t.TYPE_CHECKING", r"^\s*if typing\.TYPE_CHECKING:$"]),
        ),
        (
            in_tool("coverage", exclude=[NO_COVER]),
            in_tool("coverage", exclude=["# pragma: no cover", r"if (typing\.)?TYPE_CHECKING:"]),
        ),
    ],
)
def test_stricter_or_equal_settings_are_not_named(before: dict[str, Any], now: dict[str, Any]) -> None:
    """What became stricter, says the same in other words, or is not told by older evidence, is no loosening."""
    assert found(before, now) == []


def test_a_finding_names_the_file_it_is_about() -> None:
    """Settings of coverage name the file that coverage reads, and the session they are compared with."""
    before, now = ({"settings": {"coverage": {"file": ".coveragerc", "omit": omit}}} for omit in ([], ["a.py"]))
    [finding] = loosened(read_policy(before, path="r"), read_policy(now, path="r"), against="session-1")

    assert str(finding) == ".coveragerc: 'omit': 1 entry added: 'a.py', looser than in session-1"


def test_the_same_loosening_against_two_is_named_once() -> None:
    """Two parents that both were stricter make one finding."""
    twice = [Loosening(file="f", what="w", against=name) for name in ("session-1", "main", "main")]

    assert [str(finding) for finding in without_repeats(twice)] == ["f: w, looser than in session-1 and main"]


@pytest.mark.parametrize("table", [{"ignore": "src"}, {"tiers": {"unit": 3}}, {"settings": {"pytest": {"addopts": [1]}}}])
def test_a_policy_of_other_types_is_damaged_evidence(table: dict[str, Any]) -> None:
    """A record whose policy has other types was edited, and that is said in one sentence."""
    with pytest.raises(EvidenceProblem, match="'policy' is damaged"):
        read_policy(table, path="record.json")


def by_runs(before: dict[str, Any], now: dict[str, Any], pythons: tuple[str, str] = ("3.13", "3.13")) -> list[str]:
    """What is looser of two runs."""
    policies = [read_policy(table, path="record.json") for table in (before, now)]
    return [finding.what for finding in loosened(*policies, against="session-1", pythons=pythons)]


def run_with(files: dict[str, Any], run: dict[str, Any] | None, tool: str = "coverage") -> dict[str, Any]:
    """A policy whose files say one thing, and whose run went by another."""
    return {"settings": {tool: files}, "in_force": {tool: run}}


@pytest.mark.parametrize(
    ("before", "now", "what"),
    [
        (run_with({}, {"branch": True}), run_with({}, {"branch": True}), []),
        (run_with({}, {"branch": True}), run_with({}, {}), ["'branch' was switched off"]),
        (run_with({}, {"omit": ["x"]}), run_with({"omit": ["x"]}, {"omit": ["x"]}), []),
        (
            run_with({"omit": ["x"]}, {"omit": ["x"]}),
            run_with({"omit": ["x"]}, {"omit": ["x", "y"]}),
            ["'omit': 1 entry added: 'y'"],
        ),
        (run_with({}, None), run_with({}, {"omit": ["y"]}), ["'omit': 1 entry added: 'y'"]),
        (run_with({"branch": True}, {"branch": True}), run_with({"branch": True}, None), []),
        (run_with({}, {"branch": True}), run_with({}, None), []),
    ],
)
def test_the_settings_that_both_runs_went_by_decide(before: dict[str, Any], now: dict[str, Any], what: list[str]) -> None:
    """Where a setting comes from makes no difference: an option, another file, a plugin of coverage.py."""
    assert by_runs(before, now) == what


def test_what_may_come_from_another_python_is_told_so() -> None:
    """A difference that no file makes may be the interpreter's: plugins exclude lines by its version."""
    before, now = (run_with({}, {"exclude": [pattern]}) for pattern in ("# pragma: <3.12", "# pragma: <3.13"))
    [what] = by_runs(before, now, ("3.11", "3.12"))
    assert what.endswith("; Python was 3.11 and is 3.12, which may be the whole difference")
    [what] = by_runs(run_with({}, {}), run_with({"omit": ["a"]}, {"omit": ["a"]}), ("3.11", "3.12"))
    assert what == "'omit': 1 entry added: 'a'"


def test_what_makes_a_test_fail_is_compared_as_the_run_had_it() -> None:
    """An option can switch off what the files say, against a run as against files."""
    strict, lax = {"xfail_strict": True}, {"xfail_strict": False}
    off = ["'xfail_strict' was switched off"]
    assert by_runs(run_with(strict, strict, "pytest"), run_with(strict, lax, "pytest")) == off
    assert by_runs(run_with(strict, None, "pytest"), run_with(strict, lax, "pytest")) == off
    assert by_runs(run_with({}, strict, "pytest"), run_with({}, None, "pytest")) == []


def test_runs_that_make_up_one_are_as_lenient_as_either() -> None:
    """What one part let through was let through."""
    strict, lax = (
        read_policy({"in_force": {"pytest": table, "coverage": {"omit": [name]}}}, path="r").in_force
        for table, name in (({"xfail_strict": True, "filterwarnings": ["error"]}, "a"), ({"filterwarnings": ["ignore"]}, "b"))
    )
    both = together(strict, lax)
    assert both.coverage is not None
    assert both.pytest is not None
    assert (both.coverage.omit, both.pytest.xfail_strict, both.pytest.filterwarnings) == (["a", "b"], False, ["ignore"])
    assert together(strict, InForce()) == together(InForce(), strict) == strict


@pytest.mark.parametrize(
    ("before", "now", "renamed", "left", "what"),
    [
        ({"source": ["src"]}, {"source": ["shop"]}, [("src/shop/a.py", "shop/a.py")], False, []),
        ({"source": ["src"]}, {"source": ["shop"]}, [("src/shop/a.py", "shop/a.py")], True,
         ["'source' is narrower: 'src' became 'shop'"]),
        ({"source": ["src"]}, {"source": ["shop"]}, [("src/shop/a.py", "shop/a.py"), ("src/b.py", "lib/b.py")], False,
         ["'source' is narrower: 'src' became 'shop'"]),
        ({"omit": ["src/shop/gen.py"]}, {"omit": ["shop/gen.py"]}, [("src/shop/a.py", "shop/a.py")], False, []),
        ({"omit": ["src/shop/gen.py"]}, {"omit": ["shop/a.py"]}, [("src/shop/a.py", "shop/a.py")], False,
         ["'omit': 1 entry added: 'shop/a.py'"]),
    ],
)  # fmt: skip
def test_the_same_files_under_new_names_are_no_loosening(
    before: dict[str, Any], now: dict[str, Any], renamed: list[tuple[str, str]], left: bool, what: list[str]
) -> None:
    """A layout that is given up moves sources and omitted files; if code stays behind, the setting is narrower."""
    then, here = (read_policy(in_tool("coverage", **table), path="r") for table in (before, now))
    found = loosened(moved(then, here, renamed, lambda _entry: left), here, against="session-1")
    assert [finding.what for finding in found] == what

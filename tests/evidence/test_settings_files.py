"""Which settings of pytest and coverage.py the files of a project hold."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence import tool_settings
from pytest_handoff.evidence.addopts import deselecting, loading, overrides, unread_files
from pytest_handoff.evidence.tool_settings import coverage_settings, own_settings, pytest_settings


@pytest.mark.parametrize(
    ("texts", "file", "addopts"),
    [
        ({"pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-q -k \'not slow\'"'},
         "pyproject.toml", ["-q", "-k", "not slow"]),
        ({"pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-q"]'}, "pyproject.toml", ["-q"]),
        ({"pyproject.toml": '[tool.pytest]\naddopts = ["-q"]'}, "pyproject.toml", ["-q"]),
        ({"pytest.ini": "[pytest]\naddopts = -q\n  -x", "pyproject.toml": '[tool.pytest]\naddopts = ["-v"]'},
         "pytest.ini", ["-q", "-x"]),
        ({"pytest.ini": "", "pyproject.toml": '[tool.pytest]\naddopts = ["-v"]'}, "pytest.ini", []),
        ({"pytest.toml": '[pytest]\naddopts = ["-v"]', "pytest.ini": "[pytest]\naddopts = -q"}, "pytest.toml", ["-v"]),
        ({"tox.ini": "[tox]", "setup.cfg": "[tool:pytest]\naddopts = -q"}, "setup.cfg", ["-q"]),
        ({"tox.ini": "[pytest]\naddopts = 'unclosed -q"}, "tox.ini", ["'unclosed", "-q"]),
        ({}, "pyproject.toml", []),
    ],
)  # fmt: skip
def test_pytest_takes_its_settings_from_one_file(texts: dict[str, str], file: str, addopts: list[str]) -> None:
    """The first file that is pytest's wins, whether it is TOML or INI."""
    settings = pytest_settings(texts)

    assert (settings.file, settings.addopts) == (file, addopts)


def test_all_settings_of_pytest_that_matter_are_read() -> None:
    """Lists come as lists or as text, and strictness under both of its names."""
    text = "[pytest]\ntestpaths = a b\nnorecursedirs = c\npython_files = t_*.py\nxfail_strict = true\n"
    settings = pytest_settings({"pytest.ini": text})

    assert (settings.testpaths, settings.norecursedirs, settings.python_files) == (["a", "b"], ["c"], ("t_*.py",))
    assert settings.xfail_strict
    assert pytest_settings({"pytest.toml": "[pytest]\nstrict_xfail = true"}).xfail_strict


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({".coveragerc": "[run]\nomit = a.py, b.py\nbranch = True\n[report]\nfail_under = 85.5\nomit =\n  c.py\n"},
         {"file": ".coveragerc", "omit": ["a.py", "b.py", "c.py"], "branch": True, "fail_under": 85.5}),
        ({"setup.cfg": "[coverage:run]\nsource = src\n"}, {"file": "setup.cfg", "source": ["src"]}),
        ({"setup.cfg": "[metadata]", "pyproject.toml": '[tool.coverage.run]\nsource_pkgs = ["shop"]\ninclude = ["i"]'},
         {"file": "pyproject.toml", "source": ["shop"], "include": ["i"]}),
        ({"pyproject.toml": '[tool.coverage.report]\nexclude_also = ["x"]\nexclude_lines = ["y"]\nfail_under = "much"'},
         {"file": "pyproject.toml", "exclude": ["y", "x"], "fail_under": 0}),
        ({".coveragerc.toml": "[run]\nbranch = true"}, {"file": ".coveragerc.toml", "branch": True}),
        ({"setup.cfg": "[coverage:paths]\ncode =\n  src/\n  ./fill/\n  */site-packages\n"},
         {"file": "setup.cfg", "paths": ["fill as src", "*/site-packages as src"]}),
        ({"pyproject.toml": '[tool.coverage.paths]\na = ["src", "src/", "fill"]'}, {"paths": ["fill as src"]}),
        ({}, {"file": "pyproject.toml", "omit": [], "paths": []}),
    ],
)  # fmt: skip
def test_coverage_takes_its_settings_from_one_file(texts: dict[str, str], expected: dict[str, Any]) -> None:
    """coverage.py's own order of files and both of its formats are followed."""
    settings = coverage_settings(texts)

    assert {name: getattr(settings, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["-k", "not slow"], ["-k not slow"]),
        (["-mnot e2e"], ["-m not e2e"]),
        (["--deselect=tests/a.py::test_x", "--ignore", "tests/e2e"], ["--deselect tests/a.py::test_x", "--ignore tests/e2e"]),
        (["-p", "-k", "-q", "--cov=src", "--maxfail", "2"], []),
        (["--runxfail", "--lf"], ["--runxfail", "--lf"]),
        (["-vk", "not slow"], ["-k not slow"]),
        (["-qxmnot slow"], ["-m not slow"]),
        (["-vk=x", "-k=y"], ["-k x", "-k y"]),
        (["-rA", "-vp", "-k", "-nauto"], []),
        (["--of-a-plugin", "-k", "x"], ["-k x"]),
        (["--cov", "-k", "x", "--", "-k"], ["-k x"]),
    ],
)
def test_options_that_leave_tests_out(options: list[str], found: list[str]) -> None:
    """Each form of an option that deselects is the same one, and another option's value is none."""
    assert deselecting(options) == found


def test_an_option_is_found_at_the_end_of_short_ones() -> None:
    """``-vp checks`` loads what ``-p checks`` does, and so with ``-o`` and ``-W``."""
    assert loading(["-vp", "checks", "-qpmore", "-vp", "no:checks"]) == ["-p checks", "-p more"]
    assert overrides(["-qo", "testpaths=a", "-vopython_files=b"]) == {"testpaths": "a", "python_files": "b"}
    assert pytest_settings({"pytest.ini": "[pytest]\naddopts = -qW error"}).filterwarnings == ["error"]


@pytest.mark.parametrize(
    ("text", "decisive"),
    [
        ("collect_imported_tests = true\nconsider_namespace_packages = no", {}),
        ("collect_imported_tests = off\nconsider_namespace_packages = 1",
         {"collect_imported_tests": "false", "consider_namespace_packages": "true"}),
        ("doctest_optionflags = SKIP ELLIPSIS", {"doctest_optionflags": "ELLIPSIS SKIP"}),
        ("addopts = -qo collect_imported_tests=false", {"collect_imported_tests": "false"}),
    ],
)  # fmt: skip
def test_settings_of_which_nobody_can_say_what_is_less(text: str, decisive: dict[str, str]) -> None:
    """Only what differs from pytest's own value is held, whatever its form."""
    assert pytest_settings({"pytest.ini": f"[pytest]\n{text}\n"}).decisive == decisive


def test_an_option_in_addopts_changes_a_setting() -> None:
    """pytest goes by the code and fixtures that ``-o`` names, and so does the policy."""
    settings = pytest_settings({"pytest.ini": "[pytest]\npythonpath = src\naddopts = -o pythonpath=stubs -o usefixtures=\n"})
    assert (settings.pythonpath, settings.usefixtures) == (["stubs"], [])


def test_options_in_a_file_stand_in_its_place() -> None:
    """pytest takes one option of each line, and files within files; a file that is not there, or names itself, stays named."""
    there = {"opts.txt": "-v\n@more.txt\n", "more.txt": "-k\nnot new\n-oxfail_strict=true", "loop.txt": "@loop.txt"}
    [settings, loop] = [
        pytest_settings({"pytest.ini": f"[pytest]\naddopts = {name} @gone.txt"}, there.get) for name in ("@opts.txt", "@loop.txt")
    ]

    assert settings.addopts == ["-v", "-k", "not new", "-oxfail_strict=true", "@gone.txt"]
    assert settings.xfail_strict
    assert unread_files(loop.addopts) == ["@loop.txt", "@gone.txt"]


def test_options_of_a_length_that_nobody_writes_are_read_as_words() -> None:
    """shlex would take many seconds for one word of a megabyte."""
    found = pytest_settings({"pytest.ini": f"[pytest]\naddopts = -q {'x' * 1000}\n" + f" -k '{'y' * 9000}'\n" * 6})
    assert found.addopts[:2] == ["-q", "x" * 1000]
    assert found.addopts[2:4] == ["-k", f"'{'y' * 9000}'"]


def test_our_own_settings_stand_in_one_of_two_files() -> None:
    """``handoff.toml`` wins over ``[tool.handoff]``."""
    shared = {"pyproject.toml": '[tool.handoff]\ndir = "a"'}

    assert own_settings(shared) == ({"dir": "a"}, "pyproject.toml")
    assert own_settings({**shared, "handoff.toml": 'dir = "b"'}) == ({"dir": "b"}, "handoff.toml")
    assert own_settings({}) == (None, "pyproject.toml")


def test_a_file_of_several_tools_is_parsed_once() -> None:
    """A long ``pyproject.toml`` takes long to parse, and each reader asks for it."""
    texts = {"pyproject.toml": '[tool.handoff]\ndir = "parsed-once"\n[tool.coverage.run]\nsource = ["a"]'}
    with mock.patch.object(tool_settings, "parse_toml", wraps=tool_settings.parse_toml) as parse:
        for _ in range(2):
            assert own_settings(texts) == ({"dir": "parsed-once"}, "pyproject.toml")
            assert coverage_settings(texts).source == ["a"]
            assert pytest_settings(texts).testpaths == []
    assert parse.call_count == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "pytest.ini"])
def test_a_file_that_is_neither_toml_nor_ini_is_named(name: str) -> None:
    """A file that cannot be parsed is one sentence with its name."""
    with pytest.raises(UsageProblem, match=name):
        pytest_settings({name: "[pytest\n"})

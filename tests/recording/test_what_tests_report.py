"""What is recorded of what tests report: attempts, sub-tests, files they leave, tiers and links; in the test's own process."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.composition.terminal import Line
from pytest_handoff.project import detail_files
from pytest_handoff.recording import ending
from pytest_handoff.recording.assertions import skipped_asserts
from pytest_handoff.recording.end_report import EndReport
from pytest_handoff.recording.faults import Faults
from runs_here import PASSES, QUIET, RunsHere

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_handoff.details import Failure


@pytest.fixture
def runs(pytester: pytest.Pytester, plain_git: Callable[..., str]) -> RunsHere:
    return RunsHere(pytester, plain_git)


def outcomes(runs: RunsHere) -> dict[str, str | None]:
    """The outcome of each test, by the end of its id."""
    return {test.rpartition("::")[2]: line.outcome for test, line in runs.ledger().items()}


def failures(runs: RunsHere) -> dict[str, Failure]:
    """What failing tests said and left, by the end of their ids."""
    details = detail_files.details_of(runs.project, runs.record())
    return {} if details is None else {one.test.rpartition("::")[2]: one for one in details.failures}


PROTOCOL = """
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if any(report.failed for report in reports):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""
CALLS = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(pyfuncitem):
        try:
            return (yield)
        except ValueError:
            return pyfuncitem.obj() or True
"""
FLAKY = """
    import pytest
    calls = []

    def test_flaky():
        calls.append(1)
        if len(calls) < 2:
            raise ValueError("at first")

    def test_steady():
        pass

    def test_skipped():
        pytest.skip("not here")
"""


@pytest.mark.parametrize("conftest", [PROTOCOL, CALLS], ids=["protocols", "calls"])
def test_attempts_that_nobody_reports(runs: RunsHere, conftest: str) -> None:
    """A conftest that runs tests again makes a test flaky, though pytest sees one that passed."""
    runs.write({"conftest.py": conftest, "test_a.py": FLAKY})
    done = runs.pytest()
    assert (done.code, outcomes(runs)) == (0, {"test_flaky": "passed", "test_steady": "passed", "test_skipped": "skipped"})
    assert [test for test, line in runs.ledger().items() if line.flaky] == ["test_a.py::test_flaky"]


def test_sub_tests(runs: RunsHere) -> None:
    """They count within their test: one that fails, fails it; what each said is kept."""
    runs.write({
        "test_a.py": """
            def test_x(subtests):
                for number in range(3):
                    with subtests.test("numbers", number=number):
                        assert number != 1

            def test_y(subtests):
                with subtests.test():
                    pass
        """
    })  # fmt: skip
    assert runs.pytest().code == 1
    assert outcomes(runs) == {"test_x": "failed", "test_y": "passed"}
    assert "Sub-test numbers number=1:" in failures(runs)["test_x"].text


def test_phases_and_categories(runs: RunsHere) -> None:
    """Setup and teardown make errors; a category of the project's own counts as what its report says."""
    runs.write({
        "conftest.py": """
            def pytest_report_teststatus(report):
                if report.when == "call" and report.nodeid.endswith("slow"):
                    return "slow", "S", "SLOW"
        """,
        "test_a.py": """
            import pytest

            @pytest.fixture
            def broken():
                raise OSError("no room")

            @pytest.fixture
            def messy():
                yield
                raise ValueError("left over")

            def test_begin(broken):
                pass

            def test_end(messy):
                print("so far")
                assert 0, "and more"

            def test_slow():
                pass

            @pytest.mark.xfail(reason="later")
            def test_late():
                assert 0
        """,
    })  # fmt: skip
    assert runs.pytest().code == 1
    assert outcomes(runs) == {"test_begin": "error", "test_end": "failed", "test_slow": "passed", "test_late": "xfailed"}
    told = failures(runs)
    assert told["test_begin"].when == "setup"
    assert "At teardown:" in told["test_end"].text
    assert [section.text for section in told["test_end"].sections] == ["so far\n"]


def test_files_that_failing_tests_left(runs: RunsHere) -> None:
    """Named by a property, in Playwright's folder, or in Allure's lists; only what is there, and below the project."""
    allure = {
        "fullName": "test_a#test_x", "name": "test_x", "attachments": [{"name": "log", "source": "1-log.txt"}],
        "steps": [{"attachments": [{"name": "deep", "source": "2-deep.txt"}]}],
    }  # fmt: skip
    runs.write({
        ".gitignore": ".pytest_cache/\nout/\n",
        "conftest.py": """
            def pytest_addoption(parser):
                parser.addoption("--output")
                parser.addoption("--alluredir")
        """,
        "test_a.py": """
            def test_x(record_property):
                record_property("picture", "out/picture.png")
                record_property("far", "/etc/hostname")
                record_property("page", "https://example.invalid/")
                record_property("gone", "out/gone.png")
                assert 0
        """,
        "out/picture.png": "", "out/pw/test-a-py-test-x/trace.zip": "", "out/allure/1-log.txt": "", "out/allure/2-deep.txt": "",
        "out/allure/1-result.json": json.dumps(allure), "out/allure/2-result.json": "[]", "out/allure/3-result.json": "{",
    })  # fmt: skip
    runs.pytest("--output=out/pw", "--alluredir=out/allure")
    assert [(one.name, one.path) for one in failures(runs)["test_x"].attachments] == [
        ("picture", "out/picture.png"), ("trace.zip", "out/pw/test-a-py-test-x/trace.zip"), ("log", "out/allure/1-log.txt"),
        ("deep", "out/allure/2-deep.txt"),
    ]  # fmt: skip
    runs.pytest("--output=out/none", "--alluredir=out/none")
    assert [one.name for one in failures(runs)["test_x"].attachments] == ["picture"]


def test_files_that_cannot_be_collected(runs: RunsHere) -> None:
    """They are named with their error; a module that skips itself has no tests that ran."""
    runs.write({"test_b.py": "import nothing_of_this_name\n", "test_c.py": "import pytest\npytest.importorskip('no_such')\n"})
    done = runs.pytest()
    assert done.code == 2
    assert "test_b.py could not be collected: ModuleNotFoundError: No module named 'nothing_of_this_name'" in done.section
    assert failures(runs)["test_b.py"].when == "collect"


TIER = """
    def pytest_handoff_tier(item):
        return {}
"""


def test_tiers_and_links(runs: RunsHere) -> None:
    """By a hook, a marker, or the folder; a marker links a test to a line of the checklist, also from its class."""
    runs.write({
        "conftest.py": TIER.format("'smoke' if 'smoke' in item.name else None"),
        "e2e/test_b.py": PASSES,
        "test_a.py": """
            import pytest

            def test_smoke():
                pass

            @pytest.mark.handoff(check="It  works")
            @pytest.mark.e2e
            class TestAll:
                def test_one(self):
                    pass

                @pytest.mark.integration
                @pytest.mark.xfail(strict=True)
                def test_two(self):
                    assert 0
        """,
    })  # fmt: skip
    assert runs.pytest().code == 0
    ledger = {test.rpartition("::")[2]: line for test, line in runs.ledger().items()}
    assert {test: line.tier for test, line in ledger.items()} == {
        "test_smoke": "smoke", "test_one": "e2e", "test_two": "integration", "test_x": "e2e",
    }  # fmt: skip
    assert list(ledger["test_one"].checks) == ["It works"]
    assert [test for test, line in ledger.items() if line.promised] == ["test_two"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"conftest.py": TIER.format("'two words'")}, "pytest_handoff_tier returned 'two words'; a tier is a word"),
        (
            {"test_a.py": "import pytest\n\n@pytest.mark.handoff('It works')\ndef test_x():\n    pass\n"},
            'write @pytest.mark.handoff(check="the text of a checklist line")',
        ),
    ],
    ids=["tier", "marker"],
)
def test_what_cannot_be_understood(runs: RunsHere, files: dict[str, str], said: str) -> None:
    """It is refused before a test runs."""
    runs.write(files)
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (4, False)
    assert f"test_a.py::test_x: {said}" in done.err


def test_what_settings_and_others_leave_out(runs: RunsHere) -> None:
    """Tests that the settings deselect are known as such; those that a conftest adds later are there."""
    runs.write({
        "pyproject.toml": QUIET.replace('"--no-cov"', '"--no-cov", "-k", "not slow"'),
        "test_a.py": PASSES + "\ndef test_slow():\n    pass\n",
    })  # fmt: skip
    runs.pytest()
    assert runs.record().run.complete
    assert runs.record().tests.left_out
    assert outcomes(runs)["test_x"] == "passed"


def test_instructions_and_names(runs: RunsHere) -> None:
    """A file that is none, or that nobody else can read, is refused; so is a folder in the place of the session's name."""
    runs.write({"work.md": "- [ ] Write tests\n", "tests/test_b.py": PASSES})
    runs.git("init", "--quiet", str(runs.folder.parent / "other"))
    for name, said in (("none.md", "is not a file, but --handoff-instructions names it"), ("/etc/hostname", "outside")):
        done = runs.pytest(f"--handoff-instructions={name}")
        assert (done.code, said in done.err) == (4, True)
    done = runs.plain("--handoff", "tests")
    assert (done.code, "took 'tests' as the name of the session, but a file or folder has that name" in done.err) == (4, True)
    assert runs.pytest("--handoff-instructions=work.md").code == 0
    assert runs.record().instructions == "work.md"


def test_files_that_are_not_checked_out(runs: RunsHere) -> None:
    """Without code, the run is not whole; that other files are not here is told beside it."""
    runs.write({"lib/code.py": "x = 1\n", "data/words.txt": "words\n"})
    runs.commit()
    runs.git("sparse-checkout", "set", "--no-cone", "/*", "!/lib/", "!/data/")
    done = runs.pytest()
    assert "files that tests may read are not checked out: data/words.txt" in done.section
    assert runs.record().run.why_incomplete == [
        "1 file of code, tests or settings not checked out (git sparse-checkout): lib/code.py"
    ]


def test_pytest_counts_otherwise(runs: RunsHere) -> None:
    """Where its last line says something else than what was seen, nothing is recorded."""
    runs.write({
        "conftest.py": """
            def pytest_sessionfinish(session):
                stats = session.config.pluginmanager.get_plugin("terminalreporter").stats
                stats["passed"] += stats["passed"]
        """
    })  # fmt: skip
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (3, False)
    assert "; nothing was recorded" in done.section


def test_pytest_itself_breaks(runs: RunsHere) -> None:
    """The run is interrupted, and it is said by what."""
    runs.write({"conftest.py": "def pytest_runtest_logfinish(nodeid):\n    raise RuntimeError('a plugin broke')\n"})
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (3, False)
    assert "(internal error: RuntimeError: a plugin broke): nothing was recorded" in done.out + done.err


def test_a_defect_of_ours(runs: RunsHere, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with its traceback, and never looks like success; whatever fails beside the evidence costs only that."""
    monkeypatch.setattr(detail_files, "earlier_details", lambda *_: 1 / 0)
    done = runs.pytest()
    assert (done.code, runs.is_recorded()) == (0, True)
    assert "could not save all durations and failure texts: ZeroDivisionError: division by zero" in done.section
    monkeypatch.setattr(ending, "disagreement", lambda *_: 1 / 0)
    done = runs.pytest(session="session-2")
    assert (done.code, runs.is_recorded("session-2")) == (3, False)
    assert "a defect of pytest-handoff, please report it; nothing was recorded:" in done.section
    assert "ZeroDivisionError: division by zero" in done.section


class Terminal:
    """A terminal of 40 columns, or a log."""

    def __init__(self, *, isatty: bool) -> None:
        self.isatty, self.rows = isatty, []  # type: ignore[var-annotated]
        self.config = SimpleNamespace(get_terminal_writer=lambda: SimpleNamespace(fullwidth=40))

    def write_sep(self, _: str, title: str) -> None:
        self.rows.append(title)

    def write_line(self, row: str, **_: bool) -> None:
        self.rows.append(row)


def test_lines_are_wrapped_on_a_terminal_only() -> None:
    """A log and grep want whole lines."""
    report = EndReport("session-1", None, Faults())
    report.say([Line(f"tests      {'some words ' * 8}")])
    shown: Any = [Terminal(isatty=isatty) for isatty in (True, False)]
    for terminal in shown:
        report.pytest_terminal_summary(terminal)
    narrow, log = (terminal.rows for terminal in shown)
    assert len(log) == 2
    assert len(narrow) > 3
    assert all(len(row) <= 40 for row in narrow)


@pytest.mark.parametrize(
    ("mode", "files", "said"),
    [
        ("plain", {}, "--assert=plain was given to an optimizing Python"),
        ("rewrite", {"a.py": "x = 1\n", "test_a.py": "assert 1\n", "b.txt": "assert 1\n"}, None),
        ("rewrite", {"a.py": "if 1: assert 1\n"}, "left out the assert statements of a.py; run without it"),
        ("rewrite", {"test_a.py": '"""PYTEST_DONT_REWRITE"""\nassert 1\n'}, "left out the assert statements of test_a.py"),
    ],
)
def test_asserts_that_an_optimizing_python_skips(tmp_path: Path, mode: str, files: dict[str, str], said: str | None) -> None:
    """pytest writes those of tests anew, unless it is told not to; those of the code are gone."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    plan: Any = SimpleNamespace(
        config=SimpleNamespace(getoption=lambda _: mode),
        start=SimpleNamespace(tree=SimpleNamespace(files=files)),
        project=SimpleNamespace(root=tmp_path, within=[tmp_path]),
        suite=SimpleNamespace(is_module=lambda path: path.startswith("test_")),
    )
    found = skipped_asserts(plan)
    assert found is None if said is None else said in str(found)

"""What is kept beside the evidence: how long tests took, and what those that failed said."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from stories import Story, new_story

if TYPE_CHECKING:
    from pathlib import Path

FAILING = """
    import logging
    import time

    def test_good():
        time.sleep(0.02)

    def test_bad():
        print("GET /orders/17")
        logging.getLogger("shop").warning("rendering took 2.1 s")
        price = {"order": 17}
        assert price == {"order": 18}
"""


@pytest.fixture
def bare(tmp_path: Path) -> Story:
    """A committed project without coverage, for runs that measure nothing."""
    story = new_story(tmp_path / "project")
    story.write_files({"tests/test_a.py": FAILING})
    story.commit("first")
    return story


def record(story: Story, session: str, *args: str) -> str:
    """Record a run without coverage, and return what it said."""
    done = story.pytest(f"--handoff={session}", "--no-cov", "-p", "no:benchmark", *args)
    assert "defect" not in done.out, done.out
    assert (story.folder / f"handoffs/evidence/{session}/record.json").is_file(), done
    return done.out


def details(story: Story, session: str, folder: str = "handoffs/.details") -> dict[str, Any]:
    """The details as they are on disk."""
    path = story.folder / folder / f"{session}.json"
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert table["schema"] == "pytest-handoff/details/1"
    return table


def failures(story: Story, session: str) -> dict[str, dict[str, Any]]:
    """Each failure by its test."""
    return {failure["test"]: failure for failure in details(story, session)["failures"]}


@pytest.mark.parametrize("args", [("-p", "no:xdist"), ("-n", "2")], ids=["serial", "xdist"])
def test_a_failure_is_kept_with_its_traceback_and_output(bare: Story, args: tuple[str, ...]) -> None:
    """What pytest prints about a failing test is kept, whoever ran it; a passing one has its time."""
    record(bare, "session-1", *args)
    kept = details(bare, "session-1")
    (failure,) = kept["failures"]
    assert failure["test"] == "tests/test_a.py::test_bad"
    assert failure["outcome"] == "failed"
    assert failure["message"].startswith("tests/test_a.py:11: AssertionError: assert {'order': 17} == {'order': 18}")
    assert ">       assert price ==" in failure["text"]
    assert "E       AssertionError: assert {'order': 17} == {'order': 18}" in failure["text"]
    sections = {section["title"]: section["text"] for section in failure["sections"]}
    assert sections["Captured stdout call"] == "GET /orders/17\n"
    assert "rendering took 2.1 s" in sections["Captured log call"]
    assert set(kept["seconds"]) == {"tests/test_a.py::test_bad", "tests/test_a.py::test_good"}
    assert 0.02 <= kept["seconds"]["tests/test_a.py::test_good"] < 5
    assert re.fullmatch(r"\d\.\d{2,5}", str(kept["seconds"]["tests/test_a.py::test_good"]))
    assert str(bare.folder) not in json.dumps(kept)


def test_git_does_not_get_it_and_nothing_depends_on_it(bare: Story) -> None:
    """It is not in ``git status``, and the evidence verifies with it, without it, and with garbage in its place."""
    record(bare, "session-1")
    assert ".details" not in bare.git("status", "--porcelain", "--untracked-files=all")
    with_it = [bare.handoff(verb, "session-1") for verb in ("verify", "gate", "show")]
    path = bare.folder / "handoffs/.details/session-1.json"
    path.write_bytes(b"\x00 garbage")
    with_garbage = [bare.handoff(verb, "session-1") for verb in ("verify", "gate", "show")]
    path.unlink()
    without = [bare.handoff(verb, "session-1") for verb in ("verify", "gate", "show")]
    assert [done.code for done in with_it] == [done.code for done in with_garbage] == [done.code for done in without]
    assert bare.handoff("verify", "session-1").code == 0
    bare.commit("session")
    assert "details" not in bare.git("ls-files")


def test_without_git_it_is_no_part_of_the_tree(tmp_path: Path) -> None:
    """In a project without git the evidence is not stale for the file that lies beside it."""
    story = Story(tmp_path / "project")
    story.folder.mkdir()
    story.write_files({"pyproject.toml": "", "tests/test_a.py": FAILING})
    record(story, "session-1")
    assert details(story, "session-1")["failures"]
    assert story.handoff("verify", "session-1").code == 0


def test_the_project_may_commit_it(bare: Story) -> None:
    """With the setting it lies beside the record, is seen by git, and makes nothing stale."""
    bare.write_files({"handoff.toml": 'details = "commit"\n'})
    bare.commit("setting")
    record(bare, "session-1")
    assert not (bare.folder / "handoffs/.details").exists()
    assert "evidence/session-1/details.json" in bare.git("status", "--porcelain", "--untracked-files=all")
    assert bare.handoff("verify", "session-1").code == 0
    bare.commit("session")
    assert bare.handoff("verify", "session-1").code == 0


def test_code_called_details_is_code(bare: Story) -> None:
    """A program in place of committed details belongs to the tree; real details do not."""
    bare.write_files({"handoff.toml": 'details = "commit"\n'})
    bare.commit("setting")
    record(bare, "session-1")
    path = bare.folder / "handoffs/evidence/session-1/details.json"
    beginning = path.read_text("utf-8")[:60]
    path.write_text('{"schema":"pytest-handoff/details/1","session":"session-1"}\nprint("code")\n', "utf-8")
    assert beginning.startswith('{"schema":"pytest-handoff/details/1","session":"session-1"')
    done = bare.handoff("verify", "session-1")
    assert done.code == 1
    assert "handoffs/evidence/session-1/details.json" in done.out + done.err


def test_off_keeps_nothing(bare: Story) -> None:
    """With ``off`` there is no file, not even among the artifacts."""
    bare.write_files({"handoff.toml": 'details = "off"\n'})
    record(bare, "session-1", "--handoff-artifacts=artifacts")
    assert not list(bare.folder.rglob("*details*"))


def test_artifacts_hold_it(bare: Story) -> None:
    """CI uploads it with the evidence."""
    record(bare, "session-1", "--handoff-artifacts=artifacts")
    kept = json.loads(bare.text("artifacts/handoffs/evidence/session-1/details.json"))
    assert kept == details(bare, "session-1")


def test_long_texts_are_cut_and_say_so(bare: Story) -> None:
    """16 KiB are kept of a test, and it is said how much is left out, in the text and beside it."""
    loud = "def test_loud():\n    print('b' * 5, 'x' * 100_000, 'e' * 5)\n    assert 1 == 2\n"
    bare.write_files({"tests/test_a.py": loud})
    record(bare, "session-1")
    failure = failures(bare, "session-1")["tests/test_a.py::test_loud"]
    (section,) = failure["sections"]
    size = sum(map(len, (failure["message"], failure["text"], section["title"], section["text"])))
    assert 15_000 < size <= 16 * 1024
    assert section["text"].startswith("bbbbb x")
    assert section["text"].endswith("x eeeee\n")
    lost = 100_013 - section["text"].count("x") - 13
    assert f"[{lost:,} characters left out here]" in section["text"]
    assert failure["left_out"] == f"{lost:,} characters left out: the limit is 16 KiB per test"
    assert "E       assert 1 == 2" in failure["text"]


def test_a_session_keeps_a_megabyte(bare: Story) -> None:
    """With very many failures the last ones have less text, none, or are not there, and that is said."""
    many = """
        import pytest

        @pytest.mark.parametrize("n", range(300))
        def test_many(n):
            print("\\u20ac" * 40_000)
            assert n < 0
    """
    bare.write_files({"tests/test_a.py": many})
    record(bare, "session-1")
    kept = details(bare, "session-1")
    assert (bare.folder / "handoffs/.details/session-1.json").stat().st_size < 1.2 * 2**20
    without = [failure for failure in kept["failures"] if not failure.get("text")]
    assert without
    assert all("n < 0" in failure["message"] or "assert" in failure["message"] for failure in without)
    texts = len(kept["failures"]) - len(without)
    assert kept["left_out"] == f"{300 - texts} failures have no text here: the limit is 1 MiB per session"


def test_setup_teardown_and_collection(bare: Story) -> None:
    """Errors have their phase; a file that cannot be collected is there under its name."""
    bare.write_files(
        {
            "tests/test_a.py": """
                import pytest

                @pytest.fixture
                def late():
                    yield
                    raise RuntimeError("the server hangs")

                @pytest.fixture
                def early():
                    raise RuntimeError("no server")

                def test_late(late):
                    pass

                def test_both(late):
                    assert 0, "in the call"

                def test_early(early):
                    pass
            """,
            "tests/test_broken.py": "import not_there_at_all\n",
        }
    )
    record(bare, "session-1", "--continue-on-collection-errors")
    kept = failures(bare, "session-1")
    assert kept["tests/test_a.py::test_late"]["when"] == "teardown"
    assert kept["tests/test_a.py::test_early"]["when"] == "setup"
    assert kept["tests/test_a.py::test_early"]["outcome"] == "error"
    both = kept["tests/test_a.py::test_both"]
    assert both.get("when", "call") == "call"
    assert both["outcome"] == "failed"
    assert both["text"].index("in the call") < both["text"].index("At teardown:") < both["text"].index("the server hangs")
    broken = kept["tests/test_broken.py"]
    assert (broken["when"], broken["outcome"]) == ("collect", "error")
    assert "not_there_at_all" in broken["text"]


def test_the_last_failure_of_a_test_that_is_tried_again(bare: Story) -> None:
    """Of several attempts the last one that failed is kept, and also where the test passed then."""
    again = """
        tries = {"fails": 0, "passes": 0}

        def test_fails():
            tries["fails"] += 1
            assert False, f"attempt {tries['fails']}"

        def test_passes():
            tries["passes"] += 1
            assert tries["passes"] > 2, f"attempt {tries['passes']}"
    """
    bare.write_files({"tests/test_a.py": again})
    record(bare, "session-1", "--reruns=2", "-p", "no:xdist")
    kept = failures(bare, "session-1")
    assert "attempt 3" in kept["tests/test_a.py::test_fails"]["text"]
    assert "attempt 1" not in kept["tests/test_a.py::test_fails"]["text"]
    assert "attempt 2" in kept["tests/test_a.py::test_passes"]["text"]
    assert kept["tests/test_a.py::test_passes"]["outcome"] == "passed"


def test_sub_tests_each_say_what_failed(bare: Story) -> None:
    """Every failed sub-test of a test has its text, with its name."""
    bare.write_files(
        {
            "tests/test_a.py": """
                def test_all(subtests):
                    for number in range(3):
                        with subtests.test("divides", number=number):
                            assert number % 2 == 0
                    with subtests.test(msg="last"):
                        assert "a" == "b"
            """
        }
    )
    record(bare, "session-1")
    text = failures(bare, "session-1")["tests/test_a.py::test_all"]["text"]
    assert "Sub-test divides number=1:" in text
    assert "number=0" not in text
    assert "Sub-test last:" in text
    assert "assert 'a' == 'b'" in text


@pytest.mark.parametrize("style", ["no", "line", "short", "native"])
def test_whatever_style_of_traceback(bare: Story, style: str) -> None:
    """What pytest's report holds is kept; the error is in it with each style."""
    record(bare, "session-1", f"--tb={style}")
    failure = failures(bare, "session-1")["tests/test_a.py::test_bad"]
    assert "assert {'order': 17} == {'order': 18}" in failure["text"]
    assert failure["message"]


def test_runs_that_add_up_keep_both(bare: Story) -> None:
    """A second part of a session adds its texts and times; a test that it runs again has the new ones."""
    bare.write_files({"tests/test_b.py": "def test_b(): assert 'b' == 'c'\n"})
    record(bare, "session-1", "tests/test_a.py")
    record(bare, "session-1", "tests/test_b.py")
    kept = details(bare, "session-1")
    assert set(failures(bare, "session-1")) == {"tests/test_a.py::test_bad", "tests/test_b.py::test_b"}
    assert len(kept["seconds"]) == 3
    bare.write_files({"tests/test_b.py": "def test_b(): pass\n"})
    record(bare, "session-1", "tests/test_b.py")
    assert failures(bare, "session-1") == {}
    assert set(details(bare, "session-1")["seconds"]) == {"tests/test_b.py::test_b"}


def test_parts_are_joined(bare: Story) -> None:
    """``handoff combine`` joins what the parts kept."""
    bare.write_files({"tests/test_b.py": "def test_b(): assert 'b' == 'c'\n"})
    for label in ("a", "b"):
        bare.pytest("--handoff=session-1", f"--handoff-part={label}", "--no-cov", f"tests/test_{label}.py")
    done = bare.handoff("combine", "session-1", "--artifacts", "artifacts")
    assert done.code == 0, done
    assert set(failures(bare, "session-1")) == {"tests/test_a.py::test_bad", "tests/test_b.py::test_b"}
    assert len(details(bare, "session-1")["seconds"]) == 3
    assert json.loads(bare.text("artifacts/handoffs/evidence/session-1/details.json")) == details(bare, "session-1")


def test_damaged_details_of_a_part_cost_nothing(bare: Story) -> None:
    """A part whose texts are garbage is joined without them."""
    bare.pytest("--handoff=session-1", "--handoff-part=a", "--no-cov")
    (path,) = (bare.folder / ".pytest_cache").rglob("details.json")
    path.write_bytes(b"[" * 100_000)
    done = bare.handoff("combine", "session-1")
    assert done.code == 0, done
    assert bare.show("session-1")["details"] is None


def test_a_run_that_was_killed_keeps_what_failed(bare: Story) -> None:
    """``handoff fill --interrupted`` records how far the run came, with the texts of its failures."""
    bare.write_files({"tests/test_b.py": "import os\n\ndef test_kill():\n    os._exit(1)\n"})
    bare.pytest("--handoff=session-1", "--no-cov", "-p", "no:xdist")
    done = bare.handoff("fill", "session-1", "--interrupted")
    assert done.code == 0, done
    kept = details(bare, "session-1")
    assert "seconds" not in kept or kept["seconds"] == {}
    assert "GET /orders/17" in json.dumps(failures(bare, "session-1")["tests/test_a.py::test_bad"])


def test_a_run_within_a_test_leaves_its_own_texts_out(bare: Story) -> None:
    """A pytest that a test starts in its own process fails for itself: its texts are no texts of this session."""
    nested = """
        pytest_plugins = ["pytester"]

        def test_outer(pytester):
            pytester.makepyfile("def test_inner(): assert 'inner' == 'fails'")
            result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:benchmark")
            result.assert_outcomes(failed=1)
            assert "outer" == "too"
    """
    bare.write_files(
        {
            "tests/conftest.py": 'pytest_plugins = ["pytester"]\n',
            "tests/test_a.py": nested.replace('pytest_plugins = ["pytester"]', ""),
        }
    )
    bare.write_files({"conftest.py": 'pytest_plugins = ["pytester"]\n', "tests/conftest.py": ""})
    record(bare, "session-1", "-p", "no:xdist")
    assert set(failures(bare, "session-1")) == {"tests/test_a.py::test_outer"}


def test_a_crashed_worker(bare: Story) -> None:
    """The test that took its worker down is there, with what xdist says of it."""
    bare.write_files({"tests/test_a.py": "import os\n\ndef test_crash():\n    os._exit(3)\n"})
    record(bare, "session-1", "-n", "1")
    failure = failures(bare, "session-1")["tests/test_a.py::test_crash"]
    assert "crashed" in failure["text"]


def test_strange_characters_are_kept_readable(bare: Story) -> None:
    """Surrogates, colours and control characters neither break the file nor reach a terminal."""
    strange = """
        def test_strange():
            print("\\x1b[31mred\\x1b[0m \\x00 \\udcff \\u202e")
            assert "\\udcff" == "\\x1b]0;title\\x07"
    """
    bare.write_files({"tests/test_a.py": strange})
    record(bare, "session-1", "-s" if os.name == "nt" else "-rN")
    failure = failures(bare, "session-1")["tests/test_a.py::test_strange"]
    told = failure["sections"][0]["text"]
    assert told.startswith("red ")
    done = bare.handoff("show", "session-1")
    assert done.code == 0
    assert not set("\x1b\x00\u202e") & set(done.out)


def test_a_folder_that_cannot_be_written_costs_only_the_texts(bare: Story) -> None:
    """A file in place of the folder is said in one line; evidence and exit code are as ever."""
    bare.write_files({"handoffs/.details": "a file\n"})
    bare.commit("odd")
    out = record(bare, "session-1")
    assert "could not save all durations and failure texts" in out
    assert bare.handoff("verify", "session-1").code == 0


def test_a_link_out_of_the_project_is_not_followed(bare: Story) -> None:
    """A repository that brings a link in place of the folder writes nothing elsewhere, and nothing is read there."""
    (bare.folder.parent / "elsewhere").mkdir()
    (bare.folder / "handoffs").mkdir()
    (bare.folder / "handoffs/.details").symlink_to(bare.folder.parent / "elsewhere")
    out = record(bare, "session-1")
    assert "could not save all durations and failure texts" in out
    assert list((bare.folder.parent / "elsewhere").iterdir()) == []


ATTACHES = """
    import json
    from pathlib import Path

    def test_screens(record_property):
        Path("out").mkdir(exist_ok=True)
        Path("out/screen.png").write_bytes(b"png")
        record_property("screenshot", "out/screen.png")
        record_property("absolute", str(Path("out/screen.png").resolve()))
        record_property("outside", "/etc/passwd")
        record_property("up", "../elsewhere.txt")
        record_property("link", "out/link")
        record_property("address", "https://example.invalid/x")
        record_property("git", ".git/config")
        record_property("gone", "out/gone.png")
        record_property("folder", "out")
        assert 0
"""


def attached(story: Story, test: str) -> list[tuple[str, str, str]]:
    """Name, path and place of each attachment of a failure."""
    found = failures(story, "session-1")[test].get("attachments", [])
    return [(one["name"], one["path"], one["below"]) for one in found]


def test_files_named_by_a_test_are_linked(bare: Story) -> None:
    """A file below the project is named once, relative; what is elsewhere, gone or no file is not."""
    bare.write_files({"tests/test_a.py": ATTACHES, ".gitignore": "out/\n.pytest_cache/\n__pycache__/\n"})
    (bare.folder.parent / "elsewhere.txt").write_text("secret")
    (bare.folder / "out").mkdir()
    (bare.folder / "out/link").symlink_to(bare.folder.parent / "elsewhere.txt")
    record(bare, "session-1", "-p", "no:xdist")
    assert attached(bare, "tests/test_a.py::test_screens") == [("screenshot", "out/screen.png", "project")]


def test_files_among_the_artifacts_are_linked(bare: Story) -> None:
    """A file in an artifacts folder outside of the project is relative to that folder."""
    folder = bare.folder.parent / "kept"
    folder.mkdir()
    (folder / "trace.zip").write_bytes(b"zip")
    source = f"def test_a(record_property):\n    record_property('trace', r'{folder}/trace.zip')\n    assert 0\n"
    bare.write_files({"tests/test_a.py": source})
    record(bare, "session-1", f"--handoff-artifacts={folder}")
    assert attached(bare, "tests/test_a.py::test_a") == [("trace", "trace.zip", "artifacts")]


E2E = """
    import json
    from pathlib import Path

    def pytest_addoption(parser):
        parser.addoption("--output", default="test-results")
        parser.addoption("--alluredir", default="allure-results")
        parser.addoption("--html", dest="htmlpath", default="report/page.html")

    def pytest_runtest_makereport(item, call):
        if call.when == "call":
            slug = "tests-test-a-py-test-shop-chromium-1"
            folder = Path("test-results", slug)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "trace.zip").write_bytes(b"zip")
            allure = Path("allure-results")
            allure.mkdir(exist_ok=True)
            (allure / "1-attachment.png").write_bytes(b"png")
            attached = [{"name": "the page", "source": "1-attachment.png"}, {"name": "bad", "source": "../.git/config"}]
            step = {"attachments": attached}
            result = {"fullName": "tests.test_a#test_shop", "name": item.name, "steps": [step]}
            (allure / "1-result.json").write_text(json.dumps(result))
            (allure / "2-result.json").write_text("garbage")

    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_logreport(report):
        if report.failed:
            Path("report/assets").mkdir(parents=True, exist_ok=True)
            Path("report/assets/full.png").write_bytes(b"png")
            report.extras = [{"name": "Image", "format_type": "image", "content": "assets/full.png", "mime_type": "image/png"}]
        return (yield)
"""


def test_what_end_to_end_plugins_left_is_linked(bare: Story) -> None:
    """The folder of pytest-playwright, the extras of pytest-html and the attachments of Allure, by the options of each."""
    bare.write_files(
        {
            "conftest.py": E2E,
            "tests/test_a.py": """
                import pytest

                @pytest.mark.parametrize("browser", ["chromium-1"])
                def test_shop(browser):
                    assert 0
            """,
        }
    )
    record(bare, "session-1", "-p", "no:xdist")
    assert attached(bare, "tests/test_a.py::test_shop[chromium-1]") == [
        ("Image", "report/assets/full.png", "project"),
        ("trace.zip", "test-results/tests-test-a-py-test-shop-chromium-1/trace.zip", "project"),
        ("the page", "allure-results/1-attachment.png", "project"),
    ]


def test_show_and_next_tell_what_failed(bare: Story) -> None:
    """``show`` has the error and the slowest tests, ``-v`` everything, ``--json`` all keys; ``next --json`` where it failed."""
    record(bare, "session-1")
    short, long = bare.handoff("show", "session-1").out, bare.handoff("show", "-v", "session-1").out
    assert "tests/test_a.py:11: AssertionError: assert {'order': 17} == {'order': 18}" in short
    assert "GET /orders/17" not in short
    assert "run it alone: pytest tests/test_a.py::test_bad" in short
    assert "--- Captured stdout call ---" in long
    assert re.search(r"^slow +[\d.]+ s +tests/test_a.py::test_good$", short, re.MULTILINE)
    table = bare.show("session-1")["details"]
    (failure,) = table["failures"]
    assert list(failure) == [
        "test", "outcome", "when", "message", "text", "sections", "attachments", "left_out", "command",
    ]  # fmt: skip
    assert failure["text"].startswith("    def test_bad():\n        print")
    assert table["slowest"][0]["test"] == "tests/test_a.py::test_good"
    assert table["slowest"][0]["before"] is None
    steps = json.loads(bare.handoff("next", "session-1", "--json").out)["steps"]
    (step,) = [step for step in steps if step["kind"] == "failures"]
    assert step["failure"].startswith("tests/test_a.py:11: AssertionError")
    (bare.folder / "handoffs/.details/session-1.json").unlink()
    assert bare.show("session-1")["details"] is None
    steps = json.loads(bare.handoff("next", "session-1", "--json").out)["steps"]
    assert {step["failure"] for step in steps} == {None}


def test_a_verbose_run_tells_the_slowest_tests_and_their_change(bare: Story) -> None:
    """With ``-v`` there is a line for each slow test, compared with the session before where its times are there."""
    first = record(bare, "session-1", "-v", "-p", "no:xdist")
    assert re.search(r"^  slow +[\d.]+ s +tests/test_a.py::test_good$", first, re.MULTILINE)
    bare.edit("tests/test_a.py", "sleep(0.02)", "sleep(1)")
    second = record(bare, "session-2", "-v", "-p", "no:xdist")
    assert re.search(r"^  slow +[\d.]+ s  \+[\d.]+ s +tests/test_a.py::test_good$", second, re.MULTILINE)
    assert "slow" not in record(bare, "session-2", "-p", "no:xdist").partition("handoff session-2")[2]


def test_details_of_another_run_are_not_shown(bare: Story) -> None:
    """The texts of an earlier run of the session are not taken for those of the newest."""
    record(bare, "session-1")
    path = bare.folder / "handoffs/.details/session-1.json"
    old = path.read_bytes()
    bare.edit("tests/test_a.py", '{"order": 18}', '{"order": 17}')
    record(bare, "session-1")
    path.write_bytes(old)
    assert bare.show("session-1")["details"] is None


FORGED = {
    "an array": "[]",
    "deep": "[" * 100_000,
    "another schema": '{"schema": "pytest-handoff/details/9", "session": "session-1"}',
    "another session": '{"schema": "pytest-handoff/details/1", "session": "s", "record": ""}',
    "an unknown key": '{"schema": "pytest-handoff/details/1", "session": "session-1", "record": "", "more": 1}',
    "bad bytes": "\udcff",
}


@pytest.mark.parametrize("content", FORGED.values(), ids=FORGED)
def test_what_is_no_details_is_refused_in_one_sentence(bare: Story, content: str) -> None:
    """Garbage costs a sentence on standard error, and nothing else."""
    record(bare, "session-1")
    good = bare.handoff("gate", "session-1")
    path = bare.folder / "handoffs/.details/session-1.json"
    path.write_text(content, "utf-8", "surrogateescape")
    done = bare.handoff("show", "session-1", "--json")
    assert done.code == 0
    assert json.loads(done.out)["details"] is None
    assert done.err.count("\n") == 1
    assert "handoffs/.details/session-1.json" in done.err
    assert bare.handoff("gate", "session-1") == good

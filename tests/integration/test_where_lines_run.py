"""Lines that run elsewhere than in the body of a test, and runs that are measured in a way of the user's own."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from stories import FIRST, PYPROJECT, Story

SERVED = {
    "pyproject.toml": """
        [tool.pytest.ini_options]
        testpaths = ["tests"]
        pythonpath = ["src"]

        [tool.coverage.run]
        source = ["src"]
        patch = ["subprocess"]
        sigterm = true
    """,
    "src/shop/served.py": """
        from http.server import BaseHTTPRequestHandler, HTTPServer


        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer(self.path))

            def log_message(self, *args):
                pass


        def answer(path):
            if path == "/none":
                return b"nothing"
            return path.encode()


        def main():
            server = HTTPServer(("127.0.0.1", 0), Handler)
            print(server.server_port, flush=True)
            server.serve_forever()


        if __name__ == "__main__":
            main()
    """,
    "src/shop/line.py": """
        import sys


        def main():
            print(sys.argv[1].upper())


        if __name__ == "__main__":
            main()
    """,
    "tests/e2e/test_served.py": """
        import os
        import subprocess
        import sys
        from urllib.request import urlopen

        import pytest

        @pytest.fixture
        def port():
            command = [sys.executable, "-m", "shop.served"]
            environment = {**os.environ, "PYTHONPATH": "src"}
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
                yield int(server.stdout.readline())
                server.terminate()

        def test_served(port):
            with urlopen(f"http://127.0.0.1:{port}/some") as answer:
                assert answer.read() == b"/some"
    """,
    "tests/unit/test_line.py": """
        import os
        import subprocess
        import sys

        def test_line():
            environment = {**os.environ, "PYTHONPATH": "src"}
            command = [sys.executable, "-m", "shop.line", "a"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            assert done.stdout == "A\\n"
    """,
}


def new_code(story: Story) -> dict[str, Any]:
    """What the record of session 2 says of new code."""
    record: dict[str, Any] = story.show("session-2")["new_code"]
    return record


def lines(story: Story, path: str, *keys: str) -> tuple[str, ...]:
    """Some of the ranges that the record has for a file."""
    return tuple(new_code(story)["files"][path][key] for key in keys)


def test_a_served_process_belongs_to_the_test_that_started_it(shop: Story) -> None:
    """What a server did for an e2e test is the e2e tests', what a command did for a unit test is the unit tests'."""
    assert shop.pytest("--handoff=session-1").code == 0
    shop.write_files(SERVED)
    done = shop.pytest("--handoff=session-2")
    assert done.code == 0, done.out
    # Only the answer that nobody asked for never ran; the rest ran, and under no unit test.
    served = lines(shop, "src/shop/served.py", "lines", "missing", "not_by_unit")
    assert served == ("1, 4-8, 10-11, 14-17, 20-23, 26-27", "16", "4-8, 10-11, 14-15, 17, 20-23")
    assert lines(shop, "src/shop/line.py", "lines", "missing", "not_by_new_unit") == ("1, 4-5, 8-9", "", "")


THREAD = {
    "src/shop/desk.py": """
        import queue
        import threading


        class Desk:
            def __init__(self):
                self.asked, self.answers = queue.Queue(), queue.Queue()
                threading.Thread(target=self.work, daemon=True).start()

            def work(self):
                while True:
                    self.answers.put(self.answer(self.asked.get()))

            def answer(self, question):
                if question == "price":
                    return 1
                return None

            def ask(self, question):
                self.asked.put(question)
                return self.answers.get(timeout=300)
    """,
    "tests/conftest.py": """
        import pytest

        @pytest.fixture(scope="session")
        def desk():
            from shop.desk import Desk
            return Desk()
    """,
    "tests/unit/test_desk.py": "def test_desk(desk):\n    assert desk.ask('weather') is None\n",
    "tests/z/e2e/test_price.py": "def test_price(desk):\n    assert desk.ask('price') == 1\n",
}


def test_a_thread_belongs_to_the_test_that_runs(shop: Story) -> None:
    """A thread that a unit test started works for an e2e test later: what it runs then is the e2e test's."""
    assert shop.pytest("--handoff=session-1").code == 0
    shop.write_files(THREAD)
    assert shop.pytest("--handoff=session-2").code == 0
    assert lines(shop, "src/shop/desk.py", "missing", "not_by_new_unit") == ("", "16")


CART = """
    def total(prices):
        return sum(prices)


    def mean(prices):
        if not prices:
            return 0
        return total(prices) / len(prices)


    def most(prices):
        return max(prices)
"""

UNIT = """
    from shop.cart import mean

    def test_mean():
        assert mean([1, 3]) == 2
"""

E2E = """
    from shop.cart import most

    def test_most():
        assert most([1, 3]) == 3
"""

FIGURES = {"num_statements": 6, "covered": 5, "covered_by_unit": 3, "covered_by_new_unit": 3}
"""Lines 5 to 8, of which 7 never runs, and 11 to 12, which an e2e test runs."""

NEVER_KNOWN = {"num_statements": 6, "covered": 5, "covered_by_unit": None, "covered_by_new_unit": None}


@pytest.fixture(scope="module")
def own_ways(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A project in its second session."""
    story = Story(tmp_path_factory.mktemp("ways"))
    story.leave_unmeasured()
    story.write_files({**FIRST, "pyproject.toml": PYPROJECT + "\n    [tool.coverage.run]\n    source = ['src']\n"})
    assert story.pytest("--handoff=session-1").code == 0
    story.write_files({"src/shop/cart.py": CART, "tests/unit/test_mean.py": UNIT, "tests/e2e/test_most.py": E2E})
    return story


@pytest.mark.parametrize(
    ("args", "environment", "configuration", "figures"),
    [
        (("--cov", "--cov-fail-under=10", "--cov-report=term"), {}, "", FIGURES),
        (("--cov", "--cov-append"), {}, "", FIGURES),
        (("--cov", "--cov-context=test", "-n2"), {}, "", FIGURES),
        ((), {"COVERAGE_CORE": "pytrace"}, "context = 'shard'", FIGURES),
        ((), {"COVERAGE_CORE": "sysmon"}, "", FIGURES),
        (("-W", "ignore"), {}, "dynamic_context = 'test_function'", NEVER_KNOWN),
        (("coverage run",), {}, "", FIGURES),
    ],
    ids=["threshold and report", "appended", "per test", "pytrace", "sysmon", "dynamic_context", "coverage run"],
)
def test_other_ways_to_measure_give_the_same_figures(
    own_ways: Story, args: tuple[str, ...], environment: dict[str, str], configuration: str, figures: dict[str, int | None]
) -> None:
    """Options, contexts, cores and starters of the user's own change no figure, or leave it out with the reason."""
    if environment.get("COVERAGE_CORE") == "sysmon" and not hasattr(sys, "monitoring"):
        pytest.skip("this Python has no sys.monitoring")
    before = own_ways.text("pyproject.toml")
    own_ways.write_files({"pyproject.toml": before.replace("source = ", f"{configuration}\nsource = ")})
    own_ways.environment |= environment
    command = ("-m", "coverage", "run", "-m", "pytest") if args == ("coverage run",) else ("-m", "pytest", *args)
    try:
        done = own_ways.run(sys.executable, *command, "--handoff=session-2")
        code = new_code(own_ways)
    finally:
        own_ways.write_files({"pyproject.toml": before})
        own_ways.environment = {key: value for key, value in own_ways.environment.items() if key not in environment}
    assert done.code == 0, done.out
    assert {key: code[key] for key in figures} == figures
    reasons = [note for note in code["notes"] if note.startswith("Which tests ran a line is not known: [run] dynamic_context")]
    assert len(reasons) == (figures is NEVER_KNOWN)
    assert ("TOTAL" in done.out) == ("--cov" in args)


VERSION_PLUGIN = """
    import sys

    from coverage import CoveragePlugin


    class ByVersion(CoveragePlugin):
        def configure(self, config):
            here = f"{sys.version_info.major}.{sys.version_info.minor}"
            config.set_option("report:exclude_lines", [*config.get_option("report:exclude_lines"), f"# not on {here}"])


    def coverage_init(registry, options):
        registry.add_configurer(ByVersion())
"""


def test_lines_that_are_left_out_on_this_python_only_are_told(shop: Story) -> None:
    """A plugin of coverage.py decides by version what is excluded: such new lines are in no figure, and are named."""
    shop.write_files({"src/by_version.py": VERSION_PLUGIN})
    (shop.folder / ".coveragerc").write_text("[run]\nsource = src/shop\nplugins = by_version\n")
    shop.environment["PYTHONPATH"] = "src"
    assert shop.pytest("--handoff=session-1").code == 0
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    code = f"def here():  # not on {here}\n    return 1\n\n\ndef there():  # not on 2.7\n    return 1\n"
    shop.write_files({"src/shop/old.py": code})
    done = shop.pytest("--handoff=session-2")
    assert done.code == 0, done.out
    assert lines(shop, "src/shop/old.py", "lines", "excluded") == ("5-6", "1-2")
    assert "2 new lines excluded" in done.section


def test_a_module_imported_before_coverage_began(shop: Story) -> None:
    """A project that is a pytest plugin: its headers ran unseen, so that nobody covered them, and its record fits itself."""
    assert shop.pytest("--handoff=session-1").code == 0
    body = "import pytest\n\n\n@pytest.fixture\ndef price():\n    return 1\n"
    shop.write_files({"src/shop/plugin.py": body, "tests/unit/test_price.py": "def test_price(price):\n    assert price == 1\n"})
    shop.environment["PYTHONPATH"] = "src"
    done = shop.pytest("-p", "shop.plugin", "-W", "ignore", "--handoff=session-2")
    assert done.code == 0, done.out
    assert lines(shop, "src/shop/plugin.py", "lines", "missing", "not_by_new_unit") == ("1, 4-6", "1, 4-5", "")
    verified = shop.handoff("verify", "session-2")
    assert verified.code == 0, verified.out + verified.err

"""What the plugin does not do: a user who does not ask for a hand-off pays for none, and a run with one starts few processes."""

from __future__ import annotations

import ast
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.project.locks import HAS_FLOCK

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

WATCH = """
    import json, os, re._compiler, sys

    seen = {"opened": [], "started": [], "compiled": []}
    compile_pattern = re._compiler.compile

    def compile_and_note(pattern, flags=0):
        callers, frame = [], sys._getframe(1)
        while frame is not None and len(callers) < 4:
            callers.append(frame.f_globals.get("__name__", ""))
            frame = frame.f_back
        if any(name.startswith("pytest_handoff") for name in callers):
            seen["compiled"].append(str(pattern))
        return compile_pattern(pattern, flags)

    re._compiler.compile = compile_and_note

    def note(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            seen["opened"].append(arguments[0])
        if event == "subprocess.Popen":
            seen["started"].append([os.fsdecode(part) for part in arguments[1]])

    sys.addaudithook(note)

    def pytest_unconfigure(config):
        seen["imported"] = sorted(sys.modules)
        with open("seen.json", "w") as file:
            json.dump(seen, file)
"""
ONLY_FOR_A_HANDOFF = {"click", "filelock", "jinja2", "markdown_it", "markupsafe", "msgspec", "rich", "subprocess", "unidiff"}
ONLY_FOR_THE_COMMAND = {"click", "rich", "unidiff"}
ONLY_FOR_COVERAGE = {"coverage", "sqlite3"}
ONLY_WITHOUT_FLOCK = {"filelock"} if HAS_FLOCK else set()
ONLY_FOR_OTHER_DOCUMENTS = {"markdown_it"}  # those that a template of ours makes are plain enough to be read without it
ONLY_FOR_OWN_TEMPLATES = {"jinja2", "markupsafe"}  # ours are functions
OURS_FOR_OTHER_RUNS = re.compile(
    r"pytest_handoff\.(coverage\.(?!kept$)|parts|cli|workflow\.(ci|recheck|verify)|evidence\.(history|new_code)"
    r"|rendering\.(?!bundled|templates|words))"
)
NEVER_ON_A_WORKER = re.compile(
    r"pytest_handoff\.(workflow|composition|rendering|checklist|document|parts|cli|coverage\.reading)\b"
)
MOST_OF_OURS, MOST_ON_A_WORKER = 129, 27
"""How many modules of ours a run without coverage imports, and a worker, rooms counted with them."""
MOST_PATTERNS = 70
"""How many regular expressions such a run compiles: one takes as long as importing a small module, or twenty of them."""

TELLS_IMPORTS = """
    import json, sys

    def test_what_is_imported():
        with open("imported.json", "w") as file:
            json.dump([name for name in sys.modules if name.startswith("pytest_handoff")], file)
"""


def watched(story: Story, *args: str) -> dict[str, list[str]]:
    """What a run imports, opens and starts from the moment on at which plugins are loaded."""
    story.leave_unmeasured()
    story.environment["PYTHONPATH"] = str(story.folder.parent)
    (story.folder.parent / "watch.py").write_text("\n".join(line[4:] for line in WATCH.splitlines()))
    others = ["-p", "no:xdist", "-p", "no:benchmark"]  # pytest-benchmark asks git about the checkout in every run
    done = story.run(sys.executable, "-m", "pytest", "-p", "watch", *others, *args)
    assert done.code == 0, done
    seen: dict[str, list[str]] = json.loads(story.text("seen.json"))
    return seen


def test_a_run_without_a_handoff_pays_for_none(shop: Story) -> None:
    """Without the option, nothing that a hand-off needs is imported, none of our files is read and no process is started."""
    bare, seen = watched(shop, "-p", "no:handoff", "-p", "no:pytest_cov"), watched(shop, "-p", "no:pytest_cov")
    ours = {name for name in seen["imported"] if name.startswith("pytest_handoff")}
    assert ours == {"pytest_handoff", "pytest_handoff.plugin", "pytest_handoff.hookspecs"}
    assert set(seen["imported"]) - set(bare["imported"]) == ours
    assert ONLY_FOR_A_HANDOFF & set(seen["imported"]) <= set(bare["imported"])
    assert seen["started"] == []
    read = {name for name in seen["opened"] if "pytest_handoff" in name and not _is_read_for_every_plugin(name)}
    assert read == set()


def test_a_handoff_starts_git_a_few_times(shop: Story) -> None:
    """Where the work tree is, its state before the tests, its files after them, what is merged; nothing else, nothing in vain."""
    shop.write_files({"src/shop/new.py": "x = 1", "tests/unit/test_cart.py": "def test_total(): pass"})
    seen = watched(shop, "--handoff=session-1", "--no-cov")
    asked = [next(part for part in command[4:] if "=" not in part and part != "-c") for command in seen["started"]]
    before, after = ["rev-parse", "add", "ls-files", "status"], ["add", "ls-files"]
    targets, merged = ["for-each-ref", "cat-file", "for-each-ref"], ["ls-tree"]
    assert asked == [*before, *after, *targets, *merged]
    others = ONLY_FOR_THE_COMMAND | ONLY_FOR_COVERAGE | ONLY_FOR_OTHER_DOCUMENTS | ONLY_FOR_OWN_TEMPLATES
    assert others & set(seen["imported"]) == set()
    assert list(filter(OURS_FOR_OTHER_RUNS.match, seen["imported"])) == []
    assert len([name for name in seen["imported"] if name.startswith("pytest_handoff")]) <= MOST_OF_OURS
    assert len(seen["compiled"]) <= MOST_PATTERNS, seen["compiled"]


def test_a_worker_imports_what_it_needs_to_hear_tests(empty: Story) -> None:
    """Neither what makes evidence nor what reads coverage is imported again in each of xdist's workers."""
    empty.write_files({"tests/test_a.py": TELLS_IMPORTS})
    done = empty.pytest("--handoff=session-1", "--no-cov", "-n", "1", "-p", "no:benchmark")
    assert done.code == 0, done
    imported: list[str] = json.loads(empty.text("imported.json"))
    assert list(filter(NEVER_ON_A_WORKER.match, imported)) == []
    assert len(imported) <= MOST_ON_A_WORKER


def test_the_command_imports_a_verb_when_it_is_asked_for(empty: Story) -> None:
    """Before that it knows names only: ``handoff --version`` and an unknown verb load no verb."""
    program = "import sys; from pytest_handoff.cli.handoff import main; print(*sorted(n for n in sys.modules if 'handoff' in n))"
    done = empty.run(sys.executable, "-c", program)
    assert done.out.split() == ["pytest_handoff", "pytest_handoff.cli", "pytest_handoff.cli.handoff", "pytest_handoff.printable"]


def test_a_handoff_leaves_no_loggers_among_the_tests(shop: Story) -> None:
    """pytest goes through every logger there is six times in each test: those of a parser would cost more than the recording."""
    looks = "import logging\n\ndef test_looks():\n    print('loggers', sorted(logging.root.manager.loggerDict))"
    shop.write_files({"tests/unit/test_loggers.py": looks})
    run = ("tests/unit/test_loggers.py", "-s", "--no-cov", "-p", "no:xdist", "-p", "no:benchmark")
    shop.pytest("--handoff=session-1", *run)
    bare, recorded = (_loggers(shop.pytest(*options, *run).out) for options in ((), ("--handoff=session-2",)))
    assert recorded - bare <= {"filelock"}


def _loggers(output: str) -> set[str]:
    line = next(line for line in output.splitlines() if "loggers [" in line)
    names: list[str] = ast.literal_eval(line.partition("loggers ")[2])
    return set(names)


def _is_read_for_every_plugin(name: str) -> bool:
    return name.endswith(".py") or ".pyc" in name or ".dist-info" in name

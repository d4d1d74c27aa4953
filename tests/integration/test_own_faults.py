"""Defects of ours: no test run stops for one, no result is hidden, and none passes for success."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from typing import TYPE_CHECKING

import pytest

import pytest_handoff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stories import Story

RAISES = """
    import importlib

    module, *names, attribute = "{place}".split(":")
    owner = importlib.import_module("pytest_handoff." + module)
    for name in names:
        owner = getattr(owner, name)

    def defect(*args, **kwargs):
        raise LookupError("a defect in " + attribute)

    setattr(owner, attribute, defect)
"""

RAISES_WITHIN = '''
    """Raises an error in the first statement that a function guards."""

    import ast, importlib, inspect, pathlib, sys

    module, *names = "{place}".split(":")
    function = importlib.import_module("pytest_handoff." + module)
    for name in names:
        function = getattr(function, name)
    code = inspect.unwrap(function).__code__
    tree = ast.parse(pathlib.Path(code.co_filename).read_text("utf-8"))
    [body] = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == names[-1]
              and code.co_firstlineno in (node.lineno, *(decorator.lineno for decorator in node.decorator_list))]
    guards = {type(node): node.body[0] for node in reversed([*ast.walk(body)]) if isinstance(node, (ast.With, ast.Try))}
    inside = guards.get(ast.With) or guards[ast.Try]
    guarded = (inside.body[0] if isinstance(inside, ast.Try) else inside).lineno

    def within(frame, event, argument):
        if event == "line" and frame.f_lineno == guarded:
            raise LookupError("a defect in " + names[-1])
        return within

    def called(frame, event, argument):
        return within if frame.f_code is code else None

    sys.settrace(called)
'''

DECLARATIONS = {"plugin:pytest_addoption", "plugin:pytest_addhooks"}
"""Hooks that say the same in every run of every project: a defect in one of them would be there in all runs of ours."""

HOOKS = {
    "plugin:pytest_load_initial_conftests": [],
    "recording.controller:take_part": [],  # for plugin:pytest_configure, whose halves these two are
    "recording.worker:join": ["-n", "1"],
    "recording.collection:Collector:pytest_collection_modifyitems": [],
    "recording.collection:Collector:pytest_collectreport": [],
    "recording.collection:Collector:pytest_collection_finish": [],
    "recording.controller:Controller:pytest_configure_node": ["-n", "1"],
    "recording.controller:Controller:pytest_xdist_node_collection_finished": ["-n", "1"],
    "recording.controller:Controller:pytest_testnodedown": ["-n", "1"],
    "recording.controller:Controller:pytest_sessionstart": [],
    "recording.controller:Controller:pytest_sessionfinish": [],
    "recording.controller:Controller:pytest_unconfigure": [],
    "recording.end_report:EndReport:pytest_sessionfinish": [],
    "recording.end_report:EndReport:pytest_terminal_summary": [],
    "recording.recorder:Recorder:pytest_runtest_logreport": [],
    "recording.recorder:Recorder:pytest_collectreport": [],
    "recording.recorder:Recorder:pytest_testnodedown": ["-n", "1"],
}
AT_THE_END = {
    "recording.controller:Controller:pytest_unconfigure",
    "recording.end_report:EndReport:pytest_sessionfinish",
    "recording.end_report:EndReport:pytest_terminal_summary",
}
IN_AN_EARLY_END = {
    "recording.recorder:Recorder:pytest_keyboard_interrupt": (
        "def pytest_runtest_logfinish():\n    raise KeyboardInterrupt\n",
        2,
    ),
    "recording.recorder:Recorder:pytest_internalerror": ("def pytest_runtest_logfinish():\n    raise ZeroDivisionError\n", 3),
}
OTHERWISE = {
    "plugin:pytest_configure",  # its halves are tried
    "coverage.contexts:ContextSwitcher:pytest_runtest_protocol",  # coverage.py takes the tracing: what it calls is tried
    "coverage.contexts:ContextSwitcher:pytest_unconfigure",  # the same
    "coverage.contexts:ContextSwitcher:pytest_runtestloop",  # the same
    "coverage.analysis:SharedAnalyses:pytest_runtestloop",  # the same
    "coverage.apart:DataApart:pytest_runtestloop",  # the same
    "coverage.apart:MeasuredHere:pytest_runtestloop",  # the same, on a worker
    "coverage.apart:SafeEnd:pytest_runtestloop",  # calls nothing of ours
    *(f"coverage.contexts:PhasesApart:pytest_runtest_{phase}" for phase in ("setup", "call", "teardown")),  # the same
    "recording.end_report:EndReport:pytest_unconfigure",  # where defects are told last
    "recording.attempts:AttemptCounter:pytest_runtest_makereport",  # there beside a plugin that may try again only
    "recording.attempts:AttemptCounter:pytest_pyfunc_call",  # the same
    "recording.worker:Refusals:pytest_collection",  # calls nothing of ours
}

DEEPER = {
    "recording.recorder:Recorder:_final_results": [],
    "recording.journal:Journal:note": [],
    "recording.ending:RunEnd:_record": [],
    "recording.ending:counts_of_pytest": [],
    "recording.ending:RunEnd:_export": [],
    "recording.worker:NewOrOld:__call__": ["--cov"],
    "coverage.contexts:ContextSwitcher:_switch": ["--cov"],
    "coverage.switching:Children:forget": ["--cov"],
    "coverage.switching:who_else_switched": ["--cov"],
    "coverage.apart:MeasuredHere:_take": ["--cov"],
    "coverage.apart:DataApart:_give_back": ["--cov"],
    "coverage.analysis:SharedAnalyses:attach": ["--cov"],
    "recording.measuring:RunCoverage:read": [],
    "recording.measuring:RunCoverage:keep": ["--cov"],
    "recording.run_folder:RunFolder:lines": [],
    "recording.run_folder:RunFolder:close": [],
}
WRITTEN_BEFORE = {
    "coverage.switching:Children:forget",
    "recording.ending:RunEnd:_export",
    "recording.measuring:RunCoverage:keep",
    "recording.run_folder:RunFolder:lines",
    "recording.run_folder:RunFolder:close",
    *AT_THE_END,
}


IN_NO_RUN_OF_A_USER = {
    "__main__",
    "workflow.hooks",
    "hookspecs",
    "proving.fault_jobs",
    "proving.fault_probe",
    "proving.probe",
    "proving.redirect",
}


def hooks_of_ours() -> Iterator[str]:
    """Every implementation of a hook of pytest's or xdist's in the package that takes part in runs."""
    for found in pkgutil.walk_packages(pytest_handoff.__path__, "pytest_handoff."):
        short = found.name.removeprefix("pytest_handoff.")
        if short in IN_NO_RUN_OF_A_USER:
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            if short == "plugin" and name.startswith("pytest_"):
                yield f"{short}:{name}"
            if inspect.isclass(thing):
                yield from (f"{short}:{name}:{method}" for method in vars(thing) if method.startswith("pytest_"))


def test_every_hook_is_tried() -> None:
    """A hook that is added later has its defect tried here as well."""
    tried = {*HOOKS, *IN_AN_EARLY_END} - {"recording.controller:take_part", "recording.worker:join"}
    assert set(hooks_of_ours()) == tried | DECLARATIONS | OTHERWISE


def run_with_a_defect(story: Story, code: str, place: str, args: list[str]) -> tuple[int, str]:
    """Run three tests, one of which fails; return the exit code and what was said."""
    story.write_files({"broken.py": code.replace("{place}", place)})
    story.edit("tests/unit/test_cart.py", "== 3", "== 4")
    measured = [] if "--cov" in args else ["--no-cov"]
    done = story.pytest("-p", "broken", *measured, "--handoff=session-1", *(arg for arg in args if arg != "--cov"))
    assert "1 failed, 2 passed" in done.out, done
    assert done.code == 1, done
    return done.code, done.out + done.err


@pytest.mark.parametrize("place", HOOKS)
def test_a_defect_in_a_hook_is_named_and_stops_nothing(shop: Story, place: str) -> None:
    """Every test runs, pytest's totals stand, the run ends non-zero, and the defect is shown with its place."""
    _, said = run_with_a_defect(shop, RAISES_WITHIN, place, HOOKS[place])

    assert "a defect of pytest-handoff, please report it" in said
    assert f"LookupError: a defect in {place.rpartition(':')[2]}" in said
    assert (shop.folder / "handoffs/evidence/session-1/record.json").exists() == (place in WRITTEN_BEFORE)
    assert ("the record and the document are written" in said) == (place in WRITTEN_BEFORE)


@pytest.mark.parametrize("place", DEEPER)
def test_a_defect_behind_a_hook(shop: Story, place: str) -> None:
    """The same further in: a defect while the evidence is made costs the evidence, one behind it does not."""
    _, said = run_with_a_defect(shop, RAISES, place, DEEPER[place])

    assert f"LookupError: a defect in {place.rpartition(':')[2]}" in said
    assert (shop.folder / "handoffs/evidence/session-1/record.json").exists() == (place in WRITTEN_BEFORE)
    assert ("the record and the document are written" in said) == (place in WRITTEN_BEFORE)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python has no sys.monitoring")
def test_a_defect_between_phases(shop: Story) -> None:
    """Contexts of the user's own on the sysmon core, which are kept apart phase by phase."""
    shop.environment["COVERAGE_CORE"] = "sysmon"
    shop.edit("pyproject.toml", "[tool.pytest.ini_options]", "[tool.pytest.ini_options]\nfilterwarnings = ['ignore']")
    _, said = run_with_a_defect(shop, RAISES, "coverage.switching:begin_anew", ["--cov", "--cov-context=test"])

    assert "LookupError: a defect in begin_anew" in said


@pytest.mark.parametrize("place", IN_AN_EARLY_END)
def test_a_defect_in_an_early_end(shop: Story, place: str) -> None:
    """A run that ends early by itself ends with its own exit status, and the defect is named."""
    conftest, code = IN_AN_EARLY_END[place]
    shop.write_files({"broken.py": RAISES_WITHIN.replace("{place}", place), "conftest.py": conftest})
    done = shop.pytest("-p", "broken", "--no-cov", "--handoff=session-1")

    assert done.code == code, done
    assert f"LookupError: a defect in {place.rpartition(':')[2]}" in done.out + done.err


@pytest.mark.parametrize("args", [[], ["-p", "no:terminal"]], ids=["terminal", "no terminal"])
@pytest.mark.parametrize(
    ("place", "written"), [("recording.recorder:Recorder:_tell_end", False), ("recording.run_folder:RunFolder:close", True)]
)
def test_a_green_run_with_a_defect_is_not_green(shop: Story, place: str, args: list[str], *, written: bool) -> None:
    """Asked for evidence and not free of a defect, a run of passing tests ends with 3, with or without a terminal plugin."""
    shop.write_files({"broken.py": RAISES.replace("{place}", place)})
    done = shop.pytest("-p", "broken", "--no-cov", "--handoff=session-1", *args)

    assert done.code == 3
    assert "a defect of pytest-handoff" in done.out + done.err
    assert (shop.folder / "handoffs").exists() == written


def test_a_defect_in_a_worker(shop: Story) -> None:
    """A worker goes on as well, and its defect is told by the controller, once for each worker."""
    place = "coverage.contexts:ContextSwitcher:_switch"
    _, said = run_with_a_defect(shop, RAISES, place, ["--cov", "-n", "2"])

    assert "in worker gw0: Traceback" in said
    assert said.count("LookupError: a defect in _switch") == 2
    assert not (shop.folder / "handoffs").exists()


def test_what_a_user_did_wrong_is_no_defect(shop: Story) -> None:
    """A marker without its text is the user's fix: pytest's own usage error says so."""
    shop.edit("tests/unit/test_cart.py", "def test_total", "import pytest\n@pytest.mark.handoff\ndef test_total")
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == 4
    assert "write @pytest.mark.handoff(check=" in done.err + done.out
    assert "defect" not in done.out

"""What other packages do not promise is used in three modules alone: a new release of theirs is looked at there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "pytest_handoff"
DOORS = {"coverage/not_public.py", "coverage/not_public_children.py", "recording/not_public.py"}

IN_ANOTHER_PROCESS = "runs in a process of its own, from its file alone, and imports nothing of ours"
EXCEPTIONS = {
    ("proving/fault_jobs.py", "_ORDERS"): "a module of ours, which a child process has under another name",
    ("proving/fault_jobs.py", "_tell"): "a module of ours",
    ("proving/fault_jobs.py", "_key"): "a plugin of ours",
    ("proving/fault_jobs.py", "_report"): "a module of ours",
    ("proving/fault_jobs.py", "_PARENT"): "a module of ours",
    ("proving/fault_jobs.py", "_warn"): IN_ANOTHER_PROCESS,
    ("proving/fault_jobs.py", "_setupstate"): IN_ANOTHER_PROCESS,
    ("proving/fault_probe.py", "_ORDERS"): "a module of ours",
    ("proving/fault_probe.py", "_tell"): "a module of ours",
    ("proving/fault_probe.py", "_key"): "a plugin of ours",
    ("proving/fault_probe.py", "_ensure_unconfigure"): IN_ANOTHER_PROCESS,
    ("proving/fault_probe.py", "_run_exitfuncs"): IN_ANOTHER_PROCESS,
    ("proving/override.py", "_find_spec"): IN_ANOTHER_PROCESS,
    ("proving/probe.py", "_report"): "a module of ours",
    ("parts/setup.py", "_pytest.config.findpaths"): "asked where no pytest runs; without it, the message asks for --rootdir",
    ("rendering/sandbox.py", "jinja2.filters"): "no release of Jinja 3 lacks it, and pyproject.toml allows no other",
    ("rendering/sandbox.py", "jinja2.runtime"): "the same",
    ("rendering/sandbox.py", "jinja2.utils"): "the same",
    ("rendering/own_templates.py", "jinja2.loaders"): "the same",
}
"""Where a name that looks private is used all the same, and why."""

DOCUMENTED = {
    "coverage", "coverage.exceptions", "pytest", "xdist", "jinja2", "jinja2.nodes", "jinja2.sandbox", "jinja2.exceptions",
    "jinja2.visitor", "jinja2.bccache", "multiprocessing",
}  # fmt: skip
WATCHED = {"coverage", "pytest_cov", "_pytest", "pytest", "xdist", "jinja2", "multiprocessing", "pytest_benchmark", "execnet"}
PUBLIC_BY_UNDERSCORE = {"_exit", "_asdict", "_getframe", "_fields", "_replace"}
"""Names with an underscore that Python's documentation promises."""
NO_PROMISE = {
    "cov_controller", "combining_cov", "failed_workers", "process_startup", "original_bootstrap", "get_preparation_data",
    "code_infos", "tracer_class", "tracers",
}  # fmt: skip
"""Names that do not look private, which no documentation has."""


def private_parts(text: str) -> Iterator[str]:
    """The private names of others, and modules that are not documented, in a source; what only types need is left out."""
    tree = ast.parse(text)
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node not in for_types:
            yield from _named(node)


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
        yield from filter(_is_private, [node.attr])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("getattr", "setattr", "hasattr"):
        yield from (arg.value for arg in node.args[1:2] if isinstance(arg, ast.Constant) and _is_private(str(arg.value)))
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names if node.module == "coverage")]
        yield from (name for name in names if name and _is_unpromised(name))
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if _is_unpromised(alias.name))


def _is_private(name: str) -> bool:
    hidden = name.startswith("_") and not name.startswith("__") and name not in PUBLIC_BY_UNDERSCORE
    return hidden or name in NO_PROMISE


def _is_unpromised(module: str) -> bool:
    if module.partition(".")[2][:1].isupper():  # a class of the package itself
        return False
    return module.partition(".")[0] in WATCHED and module not in DOCUMENTED


def test_private_parts_of_others_are_used_behind_the_doors_alone() -> None:
    """Every other module uses what is documented; each exception has its reason, and is needed."""
    found = {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        for name in private_parts(path.read_text("utf-8"))
        if path.relative_to(PACKAGE).as_posix() not in DOORS
    }
    assert found == EXCEPTIONS.keys()


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("cov._data.read()", ["_data"]),
        ("getattr(cov, '_started', True)", ["_started"]),
        ("plugin.cov_controller", ["cov_controller"]),
        ("from coverage.parser import PythonParser", ["coverage.parser"]),
        ("from coverage import multiproc", ["coverage.multiproc"]),
        ("from coverage import Coverage, CoverageData", []),
        ("import _pytest.main", ["_pytest.main"]),
        ("super()._generate(tree)", ["_generate"]),
        ("from multiprocessing import spawn", []),
        ("spawn.get_preparation_data = ours", ["get_preparation_data"]),
        ("self._own, os._exit(0), x.__dict__", []),
        ("if TYPE_CHECKING:\n    from coverage.results import Analysis", []),
    ],
)
def test_what_counts_as_private(line: str, parts: list[str]) -> None:
    """By its underscore, by its module, or by name."""
    assert list(private_parts(line)) == parts


def test_versions_without_a_way_round_are_bounded() -> None:
    """Where nothing else can be done without a part of theirs, pyproject.toml allows no release that nobody tried."""
    text = (PACKAGE.parents[1] / "pyproject.toml").read_text("utf-8")
    assert '"pytest-cov>=7,<8"' in text
    assert '"jinja2>=3.1,<4"' in text

"""Find out from pytest's resolved options, never from argv, whether it was asked for all tests or fewer, and what for us."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.tool_settings import PytestSettings
from pytest_handoff.project.foreign_files import leads_outside
from pytest_handoff.run import SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from pytest_handoff.project.layout import Project
    from pytest_handoff.recording.faults import Faults


_DESELECTING = {"keyword": "-k", "markexpr": "-m", "deselect": "--deselect"}
"""Options that leave out tests which were collected: where all of those ran, they left out none."""

_NARROWING = _DESELECTING | {
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
    "lf": "--lf",
    "stepwise": "--sw",
    "stepwise_skip": "--sw-skip",
    "runxfail": "--runxfail",
    "noconftest": "--noconftest",
}
_NOT_A_RUN = ("collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test", "cacheshow", "markers")


def runs_tests(config: pytest.Config) -> bool:
    """Check if tests will run at all: not with ``--collect-only``, ``--setup-plan``, ``--fixtures`` and the like."""
    return not any(config.getoption(name, default=False) for name in _NOT_A_RUN)


def has_pytest_cov(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Check if pytest-cov takes part, by its entry point or by ``-p pytest_cov.plugin``."""
    return pluginmanager.hasplugin("pytest_cov") or pluginmanager.hasplugin("pytest_cov.plugin")


def measures_coverage(config: pytest.Config) -> bool:
    """Check if this run measures coverage: pytest-cov is there and was not switched off."""
    return has_pytest_cov(config.pluginmanager) and not config.getoption("no_cov", default=False)


def narrowing(config: pytest.Config, *, all_ran: bool = False) -> tuple[str, ...]:
    """List why this is less than a full run: the options with their values, and paths that leave tests out.

    Args:
        all_ran: whether every test that was collected ran.
    """
    left_out = _DESELECTING if all_ran else {}
    return tuple(_narrowing_options(config, left_out)) + tuple(_narrowing_paths(config))


def files_given_in_part(config: pytest.Config) -> frozenset[Path]:
    """Return the files of which only some tests were asked for, by ``path::name``."""
    directory = config.invocation_params.dir
    return frozenset((directory / arg.partition("::")[0]).resolve() for arg in config.args if "::" in arg)


def drops_within_files(config: pytest.Config) -> bool:
    """Check for ``--lf``, which leaves tests out while a file is collected, where no hook sees them."""
    return bool(config.getoption("lf", default=False))


def shown_arguments(config: pytest.Config) -> tuple[str, ...]:
    """Return the command-line arguments of pytest without the folders of this machine."""
    directory = config.invocation_params.dir
    return tuple(_as_given(str(arg), directory) for arg in config.invocation_params.args)


def suite_files(config: pytest.Config, prefix: str) -> SuiteFiles:
    """Describe which files hold tests; ``prefix`` makes paths relative to the git root."""
    return SuiteFiles(
        patterns=list(config.getini("python_files")), folders=[prefix + str(path) for path in config.getini("testpaths")]
    )


def pytest_in_force(config: pytest.Config) -> PytestSettings:
    """Return pytest's settings in this run, whatever options and files they come from."""
    strict = ini_if_known(config, "strict")
    markers = config.getoption("strict_markers", default=False) or ini_if_known(config, "strict_markers")
    filters = [*config.getini("filterwarnings"), *(config.getoption("pythonwarnings", default=None) or [])]
    return PytestSettings(
        file=config.inipath.name if config.inipath else "pyproject.toml",
        addopts=list(config.getini("addopts")),
        testpaths=list(config.getini("testpaths")),
        norecursedirs=list(config.getini("norecursedirs")),
        python_files=tuple(config.getini("python_files")),
        python_classes=tuple(config.getini("python_classes")),
        python_functions=tuple(config.getini("python_functions")),
        xfail_strict=is_xfail_strict(config),
        strict_markers=bool(strict if markers is None else markers),
        filterwarnings=filters if config.pluginmanager.hasplugin("warnings") else [],
    )


def is_xfail_strict(config: pytest.Config) -> bool:
    """Check whether an ``xfail`` that passes fails, unless its marker says otherwise."""
    given = [ini_if_known(config, name) for name in ("xfail_strict", "strict_xfail")]
    return any(given) or (given[-1] is None and bool(ini_if_known(config, "strict")))


def ini_if_known(config: pytest.Config, name: str) -> object:
    """Return the value of an ini option, or ``None`` if this pytest does not have it."""
    try:
        return config.getini(name)
    except (KeyError, ValueError):
        return None


_SILENT = ("flaky", "flaky.flaky_pytest_plugin")
"""Plugins that try a test again and report its last attempt only, by the names that pytest knows them by."""


def count_attempts(config: pytest.Config, faults: Faults) -> None:
    """Count attempts if a plugin is there that does not report them: the hook costs a little for each test."""
    if any(map(config.pluginmanager.hasplugin, _SILENT)):
        from pytest_handoff.recording.attempts import AttemptCounter

        config.pluginmanager.register(AttemptCounter(faults), "handoff-attempts")


def plugins(config: pytest.Config) -> dict[str, str]:
    """List pytest and the plugins of this run with their versions."""
    found = {dist.project_name: dist.version for _, dist in config.pluginmanager.list_plugin_distinfo()}
    return {"pytest": pytest.__version__, **{name: found[name] for name in sorted(found)}}


def _narrowing_options(config: pytest.Config, left_out: Container[str]) -> Iterator[str]:
    directory = config.invocation_params.dir
    for name, option in _NARROWING.items():
        given = config.getoption(name, default=None)
        if given and name not in left_out:
            values = [] if given is True else [given] if isinstance(given, str) else given
            yield " ".join([option, *(quote(_as_given(str(value), directory)) for value in values), "was given"])


def _narrowing_paths(config: pytest.Config) -> Iterator[str]:
    # Plugins may have put other paths in the place of those of testpaths.
    directory = config.invocation_params.dir
    given = [(directory / arg.partition("::")[0]).resolve() for arg in config.args if "::" not in arg]
    for wanted in _everything(config):
        if not any(wanted == path or wanted.is_relative_to(path) for path in given):
            yield "only a part was asked for: " + " ".join(_as_given(arg, directory) for arg in config.args)
            return


def _everything(config: pytest.Config) -> list[Path]:
    """Return the paths that a plain ``pytest`` in the rootdir would collect; a glob in ``testpaths`` is expanded."""
    testpaths: list[str] = config.getini("testpaths")
    found = [path.resolve() for pattern in testpaths for path in sorted(config.rootpath.glob(pattern))]
    return found or [config.rootpath.resolve()]


def paths_given(config: pytest.Config) -> list[Path]:
    """Return the paths that pytest was asked to collect, or would collect by itself."""
    return [config.invocation_params.dir / arg.partition("::")[0] for arg in config.args]


def _as_given(arg: str, directory: Path) -> str:
    """Shorten an absolute path in an argument: no absolute path goes into the evidence."""
    option, equals, value = ("", "", arg) if Path(arg).is_absolute() else arg.rpartition("=")
    path = Path(value.partition("::")[0])
    if not path.is_absolute():
        return arg
    shown = path.relative_to(directory).as_posix() if path.is_relative_to(directory) else path.name
    return f"{option}{equals}{shown}{value[len(str(path)) :]}"


def instructions_key(config: pytest.Config, project: Project) -> str | None:
    """Return the key of the file that ``--handoff-instructions`` names.

    Raises:
        UsageProblem: if there is no such file in the repository.
    """
    name = config.getoption("handoff_instructions")
    if name is None:
        return None
    path = Path(os.path.normpath(config.invocation_params.dir / name))
    if not path.is_file():
        raise UsageProblem("is named by --handoff-instructions and is no file", path=name)
    if why := leads_outside(path, project.within):
        raise UsageProblem(f"is named by --handoff-instructions and {why}: readers elsewhere need it too", path=name)
    return project.key(path)


def refuse_a_path(config: pytest.Config, session: str) -> None:
    """Refuse ``pytest --handoff tests``: the session's name was forgotten, and all tests would run as the session ``tests``.

    Raises:
        UsageProblem: if the word after the option names a file or folder here; ``--handoff=tests`` is accepted.
    """
    typed = list(map(str, config.invocation_params.args))
    if ("--handoff", session) in pairwise(typed) and (config.invocation_params.dir / session).exists():
        raise UsageProblem(
            f"took {session!r} for the session's name, and there is a folder or file of that name; "
            f"write --handoff=SESSION {session}, or --handoff={session} if it is meant"
        )

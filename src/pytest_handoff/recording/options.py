"""Find out from pytest's resolved options, never from argv, whether it was asked for all tests or fewer, and what for us."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import pytest

from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.tool_settings import PytestSettings
from pytest_handoff.project.foreign_files import leads_outside
from pytest_handoff.recording.selection import as_given
from pytest_handoff.run import SuiteFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_handoff.project.layout import Project
    from pytest_handoff.recording.faults import Faults


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


def files_given_in_part(config: pytest.Config) -> frozenset[Path]:
    """Return the files of which only some tests were asked for, by ``path::name``."""
    directory = config.invocation_params.dir
    return frozenset((directory / arg.partition("::")[0]).resolve() for arg in config.args if "::" in arg)


def drops_within_files(config: pytest.Config) -> bool:
    """Check for ``--lf``, which leaves tests out while a file is collected, where no hook sees them."""
    return bool(config.getoption("lf", default=False))


def repeats_tests(config: pytest.Config) -> bool:
    """Check for ``--count`` of pytest-repeat where this run is given it; in the settings it makes cases of every run."""
    count = config.getoption("count", default=1)
    settled = any(str(word).startswith("--count") for word in config.getini("addopts"))
    return isinstance(count, int) and count > 1 and not settled


def shown_arguments(config: pytest.Config) -> tuple[str, ...]:
    """Return the command-line arguments of pytest without the folders of this machine."""
    directory = config.invocation_params.dir
    return tuple(as_given(str(arg), directory) for arg in config.invocation_params.args)


_SHARED = ("/usr", "/usr/local", "/opt")
"""Where Python may lie together with all else: a path below is no path of Python's."""


def without_places(config: pytest.Config, root: Path) -> Callable[[str], str]:
    """Return a function that takes the places of this machine out of a message: two machines must record the same.

    Paths below the git root become relative, as all paths in evidence are; the folder of temporary files, Python's own and the
    user's home get a name.
    """
    python = {path: "$PYTHON" for path in (sys.prefix, sys.base_prefix) if path not in _SHARED}
    library = Path(os.__file__).parent
    python |= {str(library): f"$PYTHON/lib/{library.name}"}
    roots = [root, root.resolve(), config.rootpath, config.rootpath.resolve(), config.invocation_params.dir]
    places = python | {os.path.expanduser("~"): "~", tempfile.gettempdir(): "$TMP"} | {str(path): "." for path in roots}  # noqa: PTH111
    known = [path.rstrip(os.sep) for path in sorted(places, key=len, reverse=True) if len(path) > len(os.sep)]
    slash = re.escape(os.sep)
    own = rf"(?:{slash}pytest-of-[^{slash}]+{slash}pytest-\d+(?:{slash}popen-gw\d+)?)?"  # of this run of pytest
    either = rf"(?<![\w.~$-])({'|'.join(map(re.escape, known))}){own}({slash}|(?![\w.-]))"

    def named(found: re.Match[str]) -> str:
        name = places[found[1]]
        return "" if name == "." and found[2] else name + found[2]

    # Most runs have nothing to be cleaned: the pattern is compiled with the first text that may hold one of the places.
    return lambda text: re.sub(either, named, text) if any(place in text for place in known) else text


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


_RUN_A_TEST = ("pytest_runtest_protocol", "pytest_runtest_call", "pytest_pyfunc_call", "pytest_runtest_makereport")

_ONCE = frozenset({
    "_pytest", "pytest_handoff", "xdist", "pytest_cov", "pytest_rerunfailures", "pytest_retry", "pytest_timeout",
    "pytest_asyncio", "anyio", "pytest_benchmark", "pytest_django", "pytest_bdd", "pytest_subtests", "_hypothesis_pytestplugin",
})  # fmt: skip
"""Packages whose hooks run a test once, or report each attempt."""


def count_attempts(config: pytest.Config, faults: Faults) -> None:
    """Count attempts if a plugin or conftest takes part in running a test and may not report them: that costs a little."""
    hooks = config.pluginmanager.hook
    if any(_package_of(impl.plugin) not in _ONCE for name in _RUN_A_TEST for impl in getattr(hooks, name).get_hookimpls()):
        from pytest_handoff.recording.attempts import AttemptCounter

        config.pluginmanager.register(AttemptCounter(faults), "handoff-attempts")


def _package_of(plugin: object) -> str:
    module = getattr(plugin, "__name__", None) or type(plugin).__module__
    return str(module).partition(".")[0]


def plugins(config: pytest.Config) -> dict[str, str]:
    """List pytest and the plugins of this run with their versions."""
    found = dict(_name_and_version(dist) for _, dist in config.pluginmanager.list_plugin_distinfo())
    return {"pytest": pytest.__version__, **{name: found[name] for name in sorted(found)}}


_HEADER = r"(?m)^(Name|Version): *(\S+)[ \t]*$"


def _name_and_version(dist: Any) -> tuple[str, str]:
    """Read the two headers that count; Python's way to them reads the whole description as an e-mail, and imports what can."""
    head = (dist.read_text("METADATA") or "").partition("\n\n")[0]
    found = dict(re.findall(_HEADER, head))
    return (found["Name"], found["Version"]) if len(found) == 2 else (dist.name, dist.version)


def paths_given(config: pytest.Config) -> list[Path]:
    """Return the paths that pytest was asked to collect, or would collect by itself."""
    return [config.invocation_params.dir / arg.partition("::")[0] for arg in config.args]


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
        raise UsageProblem("is not a file, but --handoff-instructions names it", path=name)
    if why := leads_outside(path, project.within):
        raise UsageProblem(f"{why}, but --handoff-instructions names it: others need to read it, too", path=name)
    return project.key(path)


def refuse_a_path(config: pytest.Config, session: str) -> None:
    """Refuse ``pytest --handoff tests``: the session's name was forgotten, and all tests would run as the session ``tests``.

    Raises:
        UsageProblem: if the word after the option names a file or folder here; ``--handoff=tests`` is accepted.
    """
    typed = list(map(str, config.invocation_params.args))
    if ("--handoff", session) in pairwise(typed) and (config.invocation_params.dir / session).exists():
        raise UsageProblem(
            f"took {session!r} as the name of the session, but a file or folder has that name; "
            f"write --handoff=SESSION {quote(session)}, or --handoff={quote(session)} if that is the session"
        )

"""Find out what this invocation leaves out of the whole suite, which is what the project's settings select."""

from __future__ import annotations

import glob
import os
from argparse import Namespace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pytest_handoff.evidence.tool_settings import PytestSettings, pytest_settings

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    import pytest


_DESELECTING = {"keyword": "-k", "markexpr": "-m", "deselect": "--deselect"}
"""Options that leave out collected tests: if all of those ran, they left out none."""

_BY_CHANCE = {"lf": "--lf", "stepwise": "--sw", "stepwise_skip": "--sw-skip"}
"""Options that leave out tests that passed before: no setting can make that the whole suite."""

_NARROWING = (
    _DESELECTING
    | {"ignore": "--ignore", "ignore_glob": "--ignore-glob"}
    | _BY_CHANCE
    | {"runxfail": "--runxfail", "noconftest": "--noconftest"}
)


def narrowing(config: pytest.Config, *, all_ran: bool = False) -> tuple[str, ...]:
    """List what makes this less than the suite that the settings select: options with their values, and paths.

    Args:
        all_ran: whether every test that was collected ran, but those that the settings leave out.
    """
    declared = _Declared(config)
    left_out = _DESELECTING if all_ran else {}
    return (*_options(config, declared, left_out), *_paths(config, declared), *_overridden(config))


def left_out_by_settings(config: pytest.Config, items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Pick the items that ``-m``, ``-k`` and ``--deselect`` in the settings leave out, as pytest itself decides it."""
    options = _Declared(config).options
    marks, words, prefixes = _deselecting(options)
    if not (marks or words or prefixes):
        return []
    given = list(items)
    found = {item for item in given if item.nodeid.startswith(prefixes or ("\0",))}
    if marks or words:
        from pytest_handoff.recording.not_public import left_out

        found |= set(left_out(config, given, marks=marks, words=words))
    return [item for item in given if item in found]


def selects(config: pytest.Config) -> bool:
    """Check whether the settings leave out tests that are collected."""
    return any(_deselecting(_Declared(config).options))


def _deselecting(options: Namespace) -> tuple[str, str, tuple[str, ...]]:
    """Return the values of ``-m`` and ``-k``, and the beginnings of ids that ``--deselect`` names."""
    prefixes = tuple(getattr(options, "deselect", None) or ())
    return getattr(options, "markexpr", None) or "", getattr(options, "keyword", None) or "", prefixes


class _Declared:
    """Hold the options that the settings give to pytest, without the command line, ``PYTEST_ADDOPTS`` and ``-o``.

    Attributes:
        overridden: the settings that ``-o`` gives another value.
        settings: the file's own values of these; ``None`` where nothing is overridden.
        options: pytest's options as a plain ``pytest`` would have them.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.overridden = {name.partition("=")[0].strip() for name in config.getoption("override_ini", default=None) or ()}
        self.settings = _of_file(config.inipath) if self.overridden else None
        addopts = config.getini("addopts") if self.settings is None else self.settings.addopts
        self.options = _options_in(config, addopts) if addopts else Namespace()

    def get(self, config: pytest.Config, name: str) -> list[str]:
        """Return the value of a setting that is a list, as the file has it."""
        return list(config.getini(name) if self.settings is None or name not in self.overridden else getattr(self.settings, name))


def _options_in(config: pytest.Config, addopts: list[str]) -> Namespace:
    from pytest_handoff.recording.not_public import options_in

    return options_in(config, addopts)


def _of_file(path: Path | None) -> PytestSettings:
    return PytestSettings() if path is None else pytest_settings({path.name: path.read_text("utf-8", "replace")})


def _options(config: pytest.Config, declared: _Declared, left_out: Container[str]) -> Iterator[str]:
    directory = config.invocation_params.dir
    for name, option in _NARROWING.items():
        given, own = config.getoption(name, default=None), getattr(declared.options, name, None)
        if not given or name in left_out:
            continue
        if isinstance(given, list):
            values = [str(value) for value in given if value not in (own or ())]
            values = [value for value in values if name != "ignore" or _takes_away(config, declared, value)]
        elif given == own and name not in _BY_CHANCE:
            continue
        else:
            values = [] if given is True else [str(given)]
        if values or given is True:
            yield " ".join([option, *(quote(as_given(value, directory)) for value in values), "was given"])


def _takes_away(config: pytest.Config, declared: _Declared, ignored: str) -> bool:
    """Check that an ignored path exists, and that pytest looks for tests in it or around it."""
    path = (config.invocation_params.dir / ignored).resolve()
    wanted = _everything(config, declared)
    return path.exists() and any(path.is_relative_to(place) or place.is_relative_to(path) for place in wanted)


def _overridden(config: pytest.Config) -> Iterator[str]:
    """Find what the invocation's own settings take away, if it has any; pytest itself sets ``--confcutdir`` to its folder."""
    from pytest_handoff.evidence.addopts import HARMLESS

    cut = config.getoption("confcutdir", default=None)
    usual = [str(folder) for folder in (config.rootpath, config.inipath.parent if config.inipath else None) if folder]
    kept_out = {name for name in config.getoption("plugins", default=None) or [] if name.startswith("no:")}
    chosen = config.getoption("override_ini") or config.getoption("inifilename", default=None)
    if chosen or kept_out - HARMLESS or cut not in (None, *usual) or is_without_autoload(config):
        from pytest_handoff.recording.overridden import taken_away

        yield from taken_away(config)


def is_without_autoload(config: pytest.Config) -> bool:
    """Check whether pytest was told to load no installed plugin by itself."""
    return bool(os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or config.getoption("disable_plugin_autoload", default=False))


def _paths(config: pytest.Config, declared: _Declared) -> Iterator[str]:
    # Plugins may have put other paths in the place of those of testpaths.
    directory = config.invocation_params.dir
    given = [(directory / arg.partition("::")[0]).resolve() for arg in config.args if "::" not in arg]
    named = getattr(declared.options, "file_or_dir", ())
    if named and {*map(str, named)} <= {*map(str, config.args)}:
        return
    for wanted in _everything(config, declared):
        if not any(wanted == path or wanted.is_relative_to(path) for path in given):
            yield "only some tests were selected: " + " ".join(as_given(arg, directory) for arg in config.args)
            return


def _everything(config: pytest.Config, declared: _Declared) -> list[Path]:
    """Return the paths that a plain ``pytest`` in the rootdir would collect; a glob in ``testpaths`` is expanded."""
    named = [config.rootpath / str(arg).partition("::")[0] for arg in getattr(declared.options, "file_or_dir", ())]
    patterns = [os.path.join(glob.escape(str(config.rootpath)), each) for each in declared.get(config, "testpaths")]  # noqa: PTH118
    found = [Path(path) for pattern in patterns for path in sorted(glob.iglob(pattern, recursive=True))]  # noqa: PTH207 - pathlib refuses "."
    return [path.resolve() for path in named or found or [config.rootpath]]


def as_given(arg: str, directory: Path) -> str:
    """Shorten an absolute path in an argument: no absolute path goes into the evidence."""
    option, equals, value = ("", "", arg) if Path(arg).is_absolute() else arg.rpartition("=")
    path = Path(value.partition("::")[0])
    if not path.is_absolute():
        return arg
    shown = path.relative_to(directory).as_posix() if path.is_relative_to(directory) else path.name
    return f"{option}{equals}{shown}{value[len(str(path)) :]}"

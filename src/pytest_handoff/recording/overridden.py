"""Find out what an invocation leaves out of the suite with its own settings: ``-o``, ``-c``, ``-p no:``, ``--confcutdir``.

The project's files say what the whole suite is. It is imported only where such an option was given, or where plugins are not
loaded by themselves.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import import_module, metadata
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.evidence.addopts import deselecting, keeping_out, loading, overrides
from pytest_handoff.evidence.loosened import weakened
from pytest_handoff.evidence.tool_settings import PYTEST_NAMES, pytest_settings_from, pytest_table, words
from pytest_handoff.figures import listed
from pytest_handoff.recording.not_public import is_autouse
from pytest_handoff.recording.selection import is_without_autoload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    import pytest


_NEVER_SEARCHED = ["*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}"]
"""pytest's own ``norecursedirs``."""

_DECIDING = ("pythonpath", "usefixtures", "collect_imported_tests", "consider_namespace_packages", "doctest_optionflags")
"""Settings of which nobody can say what is less: they decide which code is imported, which fixtures run and what is collected."""

_OF_PYTEST = frozenset({"no:unittest", "no:doctest", "no:python", "no:threadexception", "no:unraisableexception"})
"""Plugins of pytest that collect tests or let them fail; what ``no:warnings`` lets pass is told with the filters of warnings."""

_DECIDE = (
    "pytest_collect_file", "pytest_collect_directory", "pytest_pycollect_makemodule", "pytest_pycollect_makeitem",
    "pytest_runtest_protocol", "pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown", "pytest_pyfunc_call",
    "pytest_fixture_setup",
)  # fmt: skip
"""Hooks of plugins that collect tests or let them fail."""


def taken_away(config: pytest.Config) -> Iterator[str]:
    """Say what the invocation takes away, a phrase each."""
    found = _settled(config)
    if found is not None:
        name, table = found
        yield from _by_settings(config, name, table)
        addopts = pytest_settings_from(name, table).addopts
    else:
        addopts = []
    yield from _by_plugins(config, addopts)
    yield from _not_by_themselves(config, addopts)
    yield from _by_conftests(config)


def _settled(config: pytest.Config) -> tuple[str, Mapping[str, Any]] | None:
    """Read the settings that pytest would take without an option, from the folder of the file that it took."""
    folder = config.inipath.parent if config.inipath else config.rootpath
    there = [folder / name for name in PYTEST_NAMES]
    return pytest_table({path.name: _text(path) for path in there if path.is_file()})


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def _by_settings(config: pytest.Config, name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """Compare the settings of the files with those that ``-o`` and ``-c`` put in their place."""
    before = {**table, **overrides(pytest_settings_from(name, table).addopts)}
    given = overrides([f"--override-ini={entry}" for entry in config.getoption("override_ini", default=None) or []])
    now = {**_chosen(config, name, table), **given}
    then, here = pytest_settings_from(name, before), pytest_settings_from(name, now)
    options = here.addopts  # pytest has read them: what they leave out is told as options of the run are
    here = replace(here, addopts=then.addopts, pythonpath=None, usefixtures=None, decisive=None)
    if not then.norecursedirs:
        then = replace(then, norecursedirs=_NEVER_SEARCHED)
    yield from (f"by an option, {what}" for what in weakened(then, here))
    for key in _DECIDING:
        if words(before.get(key)) != words(now.get(key)):
            yield f"by an option, {key!r} is {listed(words(now.get(key))) or 'empty'}, unlike in {name}"
    lost = [option for option in loading(then.addopts) if option not in loading(options)]
    if lost:
        yield f"by an option, 'addopts' loses {listed(lost)}"


def _chosen(config: pytest.Config, name: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of the file that ``-c`` names, or of the one that pytest finds by itself."""
    path = config.inipath
    if path is None or path.name == name or not config.getoption("inifilename", default=None):
        return table
    like = path.name if path.name in PYTEST_NAMES else "setup.cfg" if path.suffix == ".cfg" else f"pytest{path.suffix}"
    found = pytest_table({like: _text(path)}) if like in PYTEST_NAMES else None
    return table if found is None else found[1]


def _by_plugins(config: pytest.Config, addopts: Sequence[str]) -> Iterator[str]:
    """Name the plugins that are kept out, where tests need them; pytest itself lets nobody keep out a conftest."""
    loaded, kept_out = loading(addopts), keeping_out(addopts)
    for option in keeping_out([f"-p{name}" for name in config.getoption("plugins", default=None) or []]):
        name = option.removeprefix("-p ")
        bare = name.removeprefix("no:")
        if option in kept_out:
            continue
        if name in _OF_PYTEST or f"-p {bare}" in loaded or bare in _asked_for(config) or any(map(_decides, _installed(bare))):
            yield f"{option} was given"


def _asked_for(config: pytest.Config) -> set[str]:
    """List the plugins that conftests and other plugins ask for by ``pytest_plugins``."""
    asked = (getattr(plugin, "pytest_plugins", ()) for plugin in config.pluginmanager.get_plugins())
    return {name for names in asked for name in ([names] if isinstance(names, str) else words(names))}


def _not_by_themselves(config: pytest.Config, addopts: Sequence[str]) -> Iterator[str]:
    """Name the installed plugins that are not loaded since the environment, or an option, keeps pytest from looking for them."""
    if not is_without_autoload(config) or "--disable-plugin-autoload" in deselecting(addopts):
        return
    there = config.pluginmanager.get_plugins()
    names = sorted(_entries(tuple(sys.path)))
    absent = [name for name in names if keeping_out([f"-pno:{name}"]) and not config.pluginmanager.has_plugin(name)]
    lost = [name for name in absent if any(plugin not in there and _decides(plugin) for plugin in _installed(name))]
    if lost:
        yield f"installed plugins are not loaded ({listed(lost)}): load them with -p, or add --disable-plugin-autoload to addopts"


@lru_cache(maxsize=1)
def _entries(_path: tuple[str, ...]) -> dict[str, list[metadata.EntryPoint]]:
    """Map the names of installed plugins to where they are; it is asked several times, and reads a file of each distribution."""
    found: dict[str, list[metadata.EntryPoint]] = {}
    for entry in metadata.entry_points(group="pytest11"):
        found.setdefault(entry.name, []).append(entry)
    return found


def _installed(name: str) -> list[object]:
    """Load an installed plugin, or the module of this name; one that cannot be imported takes part in nothing."""
    try:
        entries = [entry.load() for entry in _entries(tuple(sys.path)).get(name, ())]
        return entries or ([import_module(name)] if "." in name else [])
    except Exception:  # it may well be kept out since it cannot be imported
        return []


def _decides(plugin: object) -> bool:
    """Check whether a plugin takes part in collection, or can let a test fail by a hook or a fixture that every test has."""
    return any(hasattr(plugin, hook) for hook in _DECIDE) or any(map(is_autouse, vars(plugin).values()))


def _by_conftests(config: pytest.Config) -> Iterator[str]:
    """Name each ``conftest.py`` that ``--confcutdir`` leaves out."""
    given = config.getoption("confcutdir", default=None)
    for folder in (config.invocation_params.dir / given).resolve().parents if given else ():
        if folder.is_relative_to(config.rootpath) and (folder / "conftest.py").is_file():
            yield f"--confcutdir leaves out {(folder / 'conftest.py').relative_to(config.rootpath).as_posix()}"

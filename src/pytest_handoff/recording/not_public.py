"""Ask pytest what it has no public way to tell, here alone; where a release has changed that, find it out otherwise.

Tried with pytest 8.4 to 9.2 and pytest-benchmark 5.2 to 5.3; `make test-newest` tries the newest.
"""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_handoff.evidence.addopts import deselecting, named_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pytest


_CHANGED = (ImportError, AttributeError, TypeError)
"""The errors that a part of pytest raises which is gone, or takes other arguments."""

_LISTS = {"--deselect": "deselect", "--ignore": "ignore", "--ignore-glob": "ignore_glob"}
_VALUES = {"-k": "keyword", "-m": "markexpr", "--confcutdir": "confcutdir"}
_SWITCHES = {
    "--lf": "lf", "--last-failed": "lf", "--sw": "stepwise", "--stepwise": "stepwise", "--runxfail": "runxfail",
    "--noconftest": "noconftest",
}  # fmt: skip


def options_in(config: pytest.Config, words: Sequence[str]) -> Namespace:
    """Read the options in these words as pytest would."""
    try:
        return config._parser.parse_known_args(list(words))
    except _CHANGED:
        return _read(words)


def _read(words: Sequence[str]) -> Namespace:
    """Read what leaves tests out, and the paths; options of which nothing depends on that are not told."""
    found = Namespace(file_or_dir=named_paths(words))
    for name, _, value in (option.partition(" ") for option in deselecting(words)):
        if name in _LISTS:
            setattr(found, _LISTS[name], [*(getattr(found, _LISTS[name], None) or ()), value])
        elif name in _VALUES:
            setattr(found, _VALUES[name], value)
        elif name in _SWITCHES:
            setattr(found, _SWITCHES[name], True)
    return found


def left_out(config: pytest.Config, items: Iterable[pytest.Item], *, marks: str, words: str) -> list[pytest.Item]:
    """Pick the items that ``-m`` and ``-k`` with these values leave out; none where this pytest does not tell."""
    given = list(items)
    for way in (_by_matchers, _by_its_plugin):
        try:
            taken = way(config, given, marks, words)
        except _CHANGED:
            continue
        return [item for item in given if item not in taken]
    return []


def _by_matchers(_config: pytest.Config, items: list[pytest.Item], marks: str, words: str) -> set[pytest.Item]:
    from _pytest.mark import KeywordMatcher, MarkMatcher
    from _pytest.mark.expression import Expression

    by_mark = Expression.compile(marks) if marks else None
    by_word = Expression.compile(words) if words else None
    takes: Callable[[pytest.Item], bool] = lambda item: (  # noqa: E731 - one expression
        (by_mark is None or by_mark.evaluate(MarkMatcher.from_markers(item.iter_markers())))
        and (by_word is None or by_word.evaluate(KeywordMatcher.from_item(item)))
    )
    return set(filter(takes, items))


def _by_its_plugin(config: pytest.Config, items: list[pytest.Item], marks: str, words: str) -> set[pytest.Item]:
    """Let pytest's own plugin, which has a hook for it, deselect from a copy of the list, and tell nobody."""
    plugin, left = config.pluginmanager.get_plugin("mark"), list(items)
    asked = SimpleNamespace(
        option=Namespace(**{**vars(config.option), "keyword": words, "markexpr": marks}),
        hook=SimpleNamespace(pytest_deselected=lambda items: None),  # noqa: ARG005 - pluggy's way to call it
        getini=config.getini,
    )
    plugin.pytest_collection_modifyitems(items=left, config=asked)  # type: ignore[union-attr]
    return set(left)


def is_autouse(value: object) -> bool:
    """Check whether a value in a plugin is a fixture that every test has; one that this pytest does not tell is none."""
    marker = getattr(value, "_fixture_function_marker", None) or getattr(value, "_pytestfixturefunction", None)
    return getattr(marker, "autouse", False) is True


def benchmarks_of(config: pytest.Config) -> list[Any]:
    """List the results of pytest-benchmark; none where they are not known.

    It has no hook that hands them to other plugins: its own report reads them from here, in every release since 3.0.
    """
    found = getattr(getattr(config, "_benchmarksession", None), "benchmarks", None)
    return [bench for bench in found if _is_benchmark(bench)] if isinstance(found, list | tuple) else []


def _is_benchmark(bench: Any) -> bool:
    return bool(bench) and all(hasattr(bench, name) for name in ("fullname", "name", "has_error", "__getitem__"))

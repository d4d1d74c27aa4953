"""Compare the settings that decide what evidence counts, and name those that a session loosened."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from pytest_handoff.config import Binding, Promise, Retirement, TierRule, Waiver
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.tool_settings import CoverageSettings, PytestSettings, deselecting
from pytest_handoff.figures import counted, listed
from pytest_handoff.record import Frozen


class Settings(msgspec.Struct, frozen=True):
    """The settings of pytest and coverage.py, as their files give them."""

    pytest: PytestSettings = PytestSettings()
    coverage: CoverageSettings = CoverageSettings()


class Policy(msgspec.Struct, frozen=True):
    """The part of the settings that can be loosened; ``file`` is the file that holds ``[tool.handoff]``.

    ``settings`` is ``None`` in evidence that does not hold them.
    """

    file: str = "pyproject.toml"
    ignore: list[str] = []
    scope: list[str] = []
    tiers: dict[str, TierRule] = {}
    default_tier: str = "unit"
    retire: list[Retirement] = []
    required: list[str] = []
    bind: list[Binding] = []
    waive: list[Waiver] = []
    promise: list[Promise] = []
    words: dict[str, Any] = {}
    target: str | None = None
    parts: list[str] = []
    settings: Settings | None = None


class Loosening(Frozen, frozen=True):
    """One setting that lets more through than before: its file, what was loosened, and what it is compared with."""

    file: str
    what: str
    against: str

    def __str__(self) -> str:
        """Name the file, what was loosened, and what it is compared with."""
        return f"{self.file}: {self.what}, looser than in {self.against}"


def read_policy(table: Mapping[str, object], *, path: str) -> Policy:
    """Read the policy that a record (or a configuration) holds.

    Raises:
        EvidenceProblem: the table is not one that this plugin wrote.
    """
    try:
        return msgspec.convert(table, Policy)
    except msgspec.ValidationError as error:
        raise EvidenceProblem(f"'policy' is damaged: {error}", path=path) from error


def loosened(before: Policy, now: Policy, *, against: str) -> list[Loosening]:
    """List every setting that lets more through now, but none that became stricter or says the same in other words.

    A new waiver or retirement loosens nothing: each has its reason, and the document prints it. Retiring every test does.
    """
    found = [Loosening(file=now.file, what=what, against=against) for what in _of_handoff(before, now)]
    if before.settings is None or now.settings is None:
        return found
    then, here = before.settings, now.settings
    found += [Loosening(file=here.pytest.file, what=what, against=against) for what in _of_pytest(then.pytest, here.pytest)]
    of_coverage = _of_coverage(then.coverage, here.coverage)
    return found + [Loosening(file=here.coverage.file, what=what, against=against) for what in of_coverage]


def without_repeats(found: Iterable[Loosening]) -> tuple[Loosening, ...]:
    """List each loosening once, with everything it is looser than."""
    against: dict[tuple[str, str], list[str]] = {}
    for item in found:
        against.setdefault((item.file, item.what), []).append(item.against)
    return tuple(
        Loosening(file=file, what=what, against=" and ".join(dict.fromkeys(names))) for (file, what), names in against.items()
    )


def _of_handoff(before: Policy, now: Policy) -> Iterator[str]:
    yield from _more("'ignore'", before.ignore, now.ignore)
    if now.scope and (not before.scope or _gone(before.scope, now.scope)):
        yield f"'scope' is narrower: {_shown(before.scope or ['the whole repository'])} became {_shown(now.scope)}"
    yield from chain.from_iterable(_tier(name, rule, now.tiers.get(name)) for name, rule in before.tiers.items())
    if before.default_tier != now.default_tier:
        yield f"'default_tier' was {before.default_tier!r} and is {now.default_tier!r}"
    yield from _less("'required'", before.required, now.required)
    yield from _less("'parts'", before.parts, now.parts)
    for entry in now.retire:
        if not entry.test.strip("*?/:.") and entry not in before.retire:
            yield f"'retire' takes every test out: {entry.test!r}"
    bound = {binding.line: binding for binding in now.bind}
    for binding in before.bind:
        if bound.get(binding.line) != binding:
            yield f"'bind' of {binding.line!r} was {'changed' if binding.line in bound else 'removed'}"
    changed = sorted(key for key, value in before.words.items() if now.words.get(key) != value)
    if changed:
        yield f"'words' of the checklist language changed: {listed(changed)}"
    if before.target is not None and before.target != now.target:
        yield f"'target' was {before.target!r} and is {now.target!r}"


def _tier(name: str, before: TierRule, now: TierRule | None) -> Iterator[str]:
    if now is None:
        yield f"the tier {name!r} was removed"
        return
    if set(before.markers) != set(now.markers):
        yield f"the markers of the tier {name!r} were {_shown(before.markers)} and are {_shown(now.markers)}"
    if set(before.paths) != set(now.paths):
        yield f"the paths of the tier {name!r} were {_shown(before.paths)} and are {_shown(now.paths)}"


def _of_pytest(before: PytestSettings, now: PytestSettings) -> Iterator[str]:
    narrowing = _gone(deselecting(now.addopts), deselecting(before.addopts))
    if narrowing:
        yield f"'addopts' leaves tests out: {_shown(narrowing)}"
    if now.testpaths and (not before.testpaths or _gone(before.testpaths, now.testpaths)):
        yield f"'testpaths' is narrower: {_shown(before.testpaths or ['everything'])} became {_shown(now.testpaths)}"
    yield from _more("'norecursedirs'", before.norecursedirs, now.norecursedirs)
    for name in ("python_files", "python_classes", "python_functions"):
        yield from _less(f"'{name}'", getattr(before, name), getattr(now, name))
    if before.xfail_strict and not now.xfail_strict:
        yield "'xfail_strict' was switched off"


def _of_coverage(before: CoverageSettings, now: CoverageSettings) -> Iterator[str]:
    yield from _more("'omit'", before.omit, now.omit)
    yield from _more("the lines that coverage excludes", before.exclude, now.exclude)
    for name, then, here in (("source", before.source, now.source), ("include", before.include, now.include)):
        if here and (not then or _gone(then, here)):
            yield f"'{name}' is narrower: {_shown(then or ['everything'])} became {_shown(here)}"
    if before.branch and not now.branch:
        yield "'branch' was switched off"
    if before.fail_under > now.fail_under:
        yield f"'fail_under' was {before.fail_under:g} and is {now.fail_under:g}"


def _more(name: str, before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    added = _gone(now, before)
    if added:
        yield f"{name}: {counted(len(added), 'entry/entries')} added: {_shown(added)}"


def _less(name: str, before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    removed = _gone(before, now)
    if removed:
        yield f"{name}: {counted(len(removed), 'entry/entries')} removed: {_shown(removed)}"


def _gone(these: Sequence[str], others: Sequence[str]) -> list[str]:
    known = {_plain(entry) for entry in others}
    return [entry for entry in dict.fromkeys(these) if _plain(entry) not in known]


def _plain(entry: str) -> str:
    return " ".join(entry.split()).removeprefix("./").rstrip("/")


def _shown(entries: Sequence[str]) -> str:
    return listed([repr(entry) for entry in entries]) or "none"

"""Compare the settings that decide which evidence counts, and name those that a session loosened."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.config import Adaptation, KnownFailure, Retirement, TierRule
from pytest_handoff.evidence.addopts import deselecting, keeping_out, loading, named_paths, unread_files
from pytest_handoff.evidence.policy import Loosening, Policy
from pytest_handoff.evidence.tool_settings import CoverageSettings, PytestSettings, with_those_in_force
from pytest_handoff.figures import counted, listed
from pytest_handoff.nodeids import id_matches, path_matches, without_parameters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.evidence.last_measured import LastMeasured
    from pytest_handoff.record import LedgerLine


def loosened(
    before: Policy,
    now: Policy,
    *,
    against: str,
    pythons: tuple[str, str] | None = None,
    suites: Sequence[Collection[str]] = (),
    measured: Sequence[LastMeasured] = (),
) -> list[Loosening]:
    """List every setting that lets more through now; leave out those that became stricter, or mean the same in other words.

    A new waiver or retirement loosens nothing: each has its reason, and the document prints it. Retiring every test does.

    Args:
        pythons: the versions of Python of both runs; ``None`` if ``before`` is of no run.
        suites: the ids of the tests before and now; what takes in all of either takes in every test.
        measured: where ``before`` is of a run that was not measured, the last ones before it that were.
    """
    found = [Loosening(file=now.file, what=what, against=against) for what in _of_handoff(before, now, suites)]
    found += [Loosening(file=file, what=what, against=against) for file, what in _of_texts(before, now)]
    if before.settings is None or now.settings is None:
        return found
    then, here = before.settings.pytest, now.settings.pytest
    collected = _collected_by(then, before.in_force.pytest), _collected_by(here, now.in_force.pytest)
    found += [Loosening(file=here.file, what=what, against=against) for what in _of_collection(*collected)]
    if now.in_force.pytest is not None:
        then, here = before.in_force.pytest or then, now.in_force.pytest
    alike = (before.in_force.pytest is None) == (now.in_force.pytest is None)
    found += [Loosening(file=here.file, what=what, against=against) for what in _of_strictness(then, here, alike=alike)]
    then_measured, here_measured, run = before.settings.coverage, now.settings.coverage, now.in_force.coverage
    if measured and run is not None and pythons is not None:
        by_files = [*_of_coverage(then_measured, here_measured)]
        found += [Loosening(file=here_measured.file, what=what, against=against) for what in by_files]
        return [*found, *_since_measured(before, run, by_files, pythons[1], measured)]
    file, of_coverage = _of_measurement(before, now, then_measured, here_measured, pythons)
    return found + [Loosening(file=file, what=what, against=against) for what in of_coverage]


def _since_measured(
    before: Policy, run: CoverageSettings, by_files: list[str], python: str, measured: Sequence[LastMeasured]
) -> Iterator[Loosening]:
    """Compare the settings that a run measured with, and those of the last runs that were measured."""
    from pytest_handoff.evidence.last_measured import expected_of

    for last in measured:
        for what in _of_runs(expected_of(before, last.policy), run, by_files, (last.python, python)):
            yield Loosening(file=run.file, what=what, against=last.session)


def _collected_by(files: PytestSettings, run: PytestSettings | None) -> PytestSettings:
    """Return the settings of the files with those that a run collected by, which ``-o`` may have changed."""
    if run is None:
        return files
    return replace(
        files,
        testpaths=run.testpaths,
        python_files=run.python_files,
        python_classes=run.python_classes,
        python_functions=run.python_functions,
    )


def _of_measurement(
    before: Policy, now: Policy, then: CoverageSettings, here: CoverageSettings, pythons: tuple[str, str] | None
) -> tuple[str, list[str]]:
    """Compare the settings that two runs measured by, or those of the files where one of them is not known."""
    run = now.in_force.coverage
    if pythons is None or run is None:
        return here.file, list(_of_coverage(then, here))
    if before.in_force.coverage is None:
        from pytest_handoff.evidence.last_measured import without_plugins

        return run.file, list(_of_coverage(then, with_those_in_force(here, without_plugins(here, run, then))))
    return run.file, _of_runs(before.in_force.coverage, run, [*_of_coverage(then, here)], pythons)


def _of_runs(before: CoverageSettings, now: CoverageSettings, by_files: Collection[str], pythons: tuple[str, str]) -> list[str]:
    """Compare the settings that two runs measured by; what comes from no file may differ because Python's version does."""
    found = list(_of_coverage(before, now))
    if pythons[0] == pythons[1]:
        return found
    told = f"; Python was {pythons[0]} and is {pythons[1]}, which may be the whole difference"
    return [what if what in by_files else what + told for what in found]


def without_repeats(found: Iterable[Loosening]) -> tuple[Loosening, ...]:
    """List each loosening once, with everything it is looser than."""
    against: dict[tuple[str, str], list[str]] = {}
    for item in found:
        against.setdefault((item.file, item.what), []).append(item.against)
    return tuple(
        Loosening(file=file, what=what, against=" and ".join(dict.fromkeys(names))) for (file, what), names in against.items()
    )


def _of_handoff(before: Policy, now: Policy, suites: Sequence[Collection[str]]) -> Iterator[str]:
    yield from _more("'ignore'", before.ignore, now.ignore)
    if now.scope and (not before.scope or _gone(before.scope, now.scope)):
        yield f"'scope' is narrower: {_shown(before.scope or ['the whole repository'])} became {_shown(now.scope)}"
    yield from chain.from_iterable(_tier(name, rule, now.tiers.get(name)) for name, rule in before.tiers.items())
    if before.default_tier != now.default_tier:
        yield f"'default_tier' was {before.default_tier!r} and is {now.default_tier!r}"
    yield from _less("'required'", before.required, now.required)
    yield from _less("'parts'", before.parts, now.parts)
    yield from _less("'prove'", before.prove, now.prove)
    yield from _all_of("'retire' matches every test", before.retire, now.retire, suites)
    yield from _all_of("'known' matches every test", before.known, now.known, suites)
    yield from _all_of("'adapt' matches every test", before.adapt, now.adapt, suites)
    bound = {binding.line: binding for binding in now.bind}
    for binding in before.bind:
        if bound.get(binding.line) != binding:
            yield f"'bind' of {binding.line!r} was {'changed' if binding.line in bound else 'removed'}"
    changed = sorted(key for key, value in before.words.items() if now.words.get(key) != value)
    if changed:
        yield f"'words' of the checklist language changed: {listed(changed)}"
    yield from _of_places(before.places, now.places)
    if before.target is not None and before.target != now.target:
        yield f"'target' was {before.target!r} and is {now.target!r}"


_OfTests = Retirement | KnownFailure | Adaptation


def _all_of(what: str, before: Sequence[_OfTests], now: Sequence[_OfTests], suites: Sequence[Collection[str]]) -> Iterator[str]:
    """Name the new entries whose pattern takes in every test."""
    for entry in now:
        if entry not in before and (not entry.test.strip("*?/:.") or any(_is_whole(suite, entry.test) for suite in suites)):
            yield f"{what}: {entry.test!r}"


def _is_whole(suite: Collection[str], pattern: str) -> bool:
    """Check whether a pattern takes in all tests; it may well name the only one that there is."""
    return len({*map(without_parameters, suite)}) > 1 and all(id_matches(test, pattern) for test in suite)


def _of_places(before: Mapping[str, str | None] | None, now: Mapping[str, str | None] | None) -> Iterator[str]:
    if before is None or now is None:
        return
    for name, place in before.items():
        is_said_otherwise = name == "document" and _documents_of(before) == _documents_of(now)
        if now.get(name) != place and not is_said_otherwise:
            yield f"{name!r} was {place!r} and is {now.get(name)!r}"


def _documents_of(places: Mapping[str, str | None]) -> str:
    return places.get("document") or f"{places.get('dir')}/{{session}}.md"


def _of_texts(before: Policy, now: Policy) -> Iterator[tuple[str, str]]:
    """Name each of the project's own templates and each line of the instructions that changed, with its file."""
    if before.places is None or now.places is None:
        return
    if before.places.get("templates") == now.places.get("templates"):
        for path, digest in now.own_templates.items():
            if before.own_templates.get(path) != digest:
                yield path, f"the template {'changed' if path in before.own_templates else 'is new'}, and may print other figures"
    if before.instructions and now.instructions and before.instructions.file == now.instructions.file:
        for what in _less("the checklist of the instructions", before.instructions.lines, now.instructions.lines):
            yield now.instructions.file, what


def _tier(name: str, before: TierRule, now: TierRule | None) -> Iterator[str]:
    if now is None:
        yield f"the tier {name!r} was removed"
        return
    if set(before.markers) != set(now.markers):
        yield f"the markers of the tier {name!r} were {_shown(before.markers)} and are {_shown(now.markers)}"
    if set(before.paths) != set(now.paths):
        yield f"the paths of the tier {name!r} were {_shown(before.paths)} and are {_shown(now.paths)}"


def _of_collection(before: PytestSettings, now: PytestSettings) -> Iterator[str]:
    narrowing = _gone(deselecting(now.addopts), deselecting(before.addopts))
    if narrowing:
        yield f"'addopts' leaves tests out: {_shown(narrowing)}"
    unread = _gone(unread_files(now.addopts), unread_files(before.addopts))
    if unread:
        yield f"'addopts' takes options from files that cannot be compared: {_shown(unread)}"
    yield from _of_paths(before, now)
    yield from _less("what 'addopts' loads", loading(before.addopts), loading(now.addopts))
    yield from _more("what 'addopts' keeps out", keeping_out(before.addopts), keeping_out(now.addopts))
    if before.usefixtures is not None and now.usefixtures is not None:
        yield from _less("'usefixtures'", before.usefixtures, now.usefixtures)
    if before.pythonpath is not None and now.pythonpath is not None and _finds_other_code(before.pythonpath, now.pythonpath):
        yield f"'pythonpath' may find other code: {_shown(before.pythonpath)} became {_shown(now.pythonpath)}"
    yield from _of_decisive(before.decisive, now.decisive)
    yield from _more("'norecursedirs'", before.norecursedirs, now.norecursedirs)
    for name in ("python_files", "python_classes", "python_functions"):
        yield from _less(f"'{name}'", getattr(before, name), getattr(now, name))


def _of_paths(before: PytestSettings, now: PytestSettings) -> Iterator[str]:
    """Compare where pytest looks for tests: it uses the paths in ``addopts`` instead of ``testpaths``."""
    named, names = named_paths(before.addopts), named_paths(now.addopts)
    then, here = named or before.testpaths, names or now.testpaths
    if _leaves_out(then, here):
        by = "'addopts'" if names else "'testpaths'"
        yield f"{by} is narrower: {_shown(then or ['everything'])} became {_shown(here)}"


def _of_decisive(before: Mapping[str, str] | None, now: Mapping[str, str] | None) -> Iterator[str]:
    """Name the settings that changed and for which nobody can say whether they let more through."""
    if before is None or now is None:
        return
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"'{name}' was {before.get(name, 'not set')} and is {now.get(name, 'not set')}"


def _leaves_out(before: Sequence[str], now: Sequence[str]) -> bool:
    """Check whether these paths cover less; no path, or the folder itself, means everything, and a folder means all below it."""
    if not now:
        return False
    everything = before or ["."]
    return any(not any(is_below(_plain(entry), other) for other in now) for entry in _gone(everything, now))


def _finds_other_code(before: Sequence[str], now: Sequence[str]) -> bool:
    """Check whether a folder is no longer searched, or others are searched before it; later ones do no harm."""
    here = [*map(_plain, now)]
    return here[: len(before)] != [*map(_plain, before)]


def weakened(before: PytestSettings, now: PytestSettings) -> list[str]:
    """Name what pytest's settings leave out or let pass in addition to those in the project's files."""
    return [*_of_collection(before, now), *_of_strictness(before, now, alike=True)]


def _of_strictness(before: PytestSettings, now: PytestSettings, *, alike: bool) -> Iterator[str]:
    """Compare what makes a test fail.

    Args:
        alike: whether both are of runs, or both of files: plugins add filters to those of a run.
    """
    if before.xfail_strict and not now.xfail_strict:
        yield "'xfail_strict' was switched off"
    if before.strict_markers and not now.strict_markers:
        yield "'--strict-markers' was switched off"
    failing = [entry for entry in before.filterwarnings if _fails(entry)]
    removed = _gone(failing, now.filterwarnings)
    if removed:
        yield f"'filterwarnings' lets warnings pass that failed a test: {_shown(removed)} removed"
    elif failing and alike:
        yield from _more("'filterwarnings'", before.filterwarnings, [entry for entry in now.filterwarnings if not _fails(entry)])


def _fails(entry: str) -> bool:
    """Check whether a filter of warnings makes a test fail."""
    return entry.partition(":")[0].strip() == "error"


def _of_coverage(before: CoverageSettings, now: CoverageSettings) -> Iterator[str]:
    yield from _more("'omit'", before.omit, now.omit)
    own = not before.exclude or any(entry.startswith(_COMMENT_OF_COVERAGE) for entry in before.exclude)
    leaving_out = [entry for entry in now.exclude if not _leaves_out_anyway(entry, defaults=own)]
    yield from _more("the lines that coverage excludes", before.exclude, leaving_out)
    yield from _more("'plugins' of coverage.py", before.plugins, now.plugins)
    if before.paths is not None and now.paths is not None:
        yield from _more("'paths' of coverage.py, which treats one file as another", before.paths, now.paths)
    for name, then, here in (("source", before.source, now.source), ("include", before.include, now.include)):
        if here and (not then or _gone(then, here)):
            yield f"'{name}' is narrower: {_shown(then or ['everything'])} became {_shown(here)}"
    if before.branch and not now.branch:
        yield "'branch' was switched off"
    if before.fail_under > now.fail_under:
        yield f"'fail_under' was {before.fail_under:g} and is {now.fail_under:g}"


def _leaves_out_anyway(pattern: str, *, defaults: bool) -> bool:
    """Check whether coverage.py excludes these lines by default: blocks for type checkers, which never run, and its comment.

    Args:
        defaults: whether nothing had replaced its own patterns before, so that the comment counted.
    """
    bare = pattern.removeprefix("^").removeprefix(r"\s*").removesuffix("$").removesuffix(r"\s*").removesuffix(":")
    return bare in _FOR_TYPE_CHECKERS or (defaults and bare.removeprefix("#").removeprefix(r"\s*").strip() == "pragma: no cover")


_COMMENT_OF_COVERAGE = r"#\s*(pragma|PRAGMA)"
_FOR_TYPE_CHECKERS = tuple(f"if {module}TYPE_CHECKING" for module in ("", "t.", "typing.", r"t\.", r"typing\.", r"(typing\.)?"))


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


def taken_over(
    before: Policy, now: Policy, earlier: Mapping[str, LedgerLine], ledger: Mapping[str, LedgerLine], *, against: str
) -> Iterator[Loosening]:
    """Name each new tier that takes over earlier tests from another tier."""
    for name in now.tiers.keys() - before.tiers.keys():
        taken = [test for test, line in earlier.items() if line.tier != name and test in ledger and ledger[test].tier == name]
        if taken:
            what = f"the new tier {name!r} takes over {counted(len(taken), 'earlier test')}: {listed(sorted(taken))}"
            yield Loosening(file=now.file, what=what, against=against)


def is_below(path: str, entry: str) -> bool:
    return _plain(entry) in ("", ".") or path_matches(path, _plain(entry))

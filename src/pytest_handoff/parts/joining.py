"""Choose the parts of a session and join their tests into one run: the worst outcome of each, and which outcomes differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.completeness import WHOLE, RunScope
from pytest_handoff.figures import listed
from pytest_handoff.nodeids import file_of, nodes_above
from pytest_handoff.record import OUTCOMES, CombinedPart
from pytest_handoff.run import CaseResult, Run, worse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.parts.files import Part, PartTests
    from pytest_handoff.record import Outcome, Parent, SkippedNode
    from pytest_handoff.run import Collected, Collection


_NO_FAILURE = (0, 5)
"""pytest's exit codes of a part in which nothing failed; 5 is a share without a test."""


def joined_run(parts: Sequence[PartTests], older: Sequence[PartTests] = (), mishaps: Iterable[str] = ()) -> Run:
    """Join the results of all parts to one run.

    Args:
        parts: the newest attempt of each part, sorted by label.
        older: earlier attempts; a different outcome in them makes a test flaky, and they count for nothing else.
        mishaps: what else went wrong, such as a missing part.

    Raises:
        EvidenceProblem: when shards of one suite collected different tests.
    """
    refuse_other_collections(parts)
    results, differing = _joined_results(parts, older)
    runs = [part.run for part in parts]
    collections = _distinct(parts)
    return Run(
        collected=_collected(collections),
        results=results,
        whole_files=frozenset(path for collection in collections for path in collection.whole_files),
        broken_files={path: error for collection in collections for path, error in collection.broken_files.items()},
        skipped_nodes=_skipped_everywhere(collections),
        left_out=frozenset(test for collection in collections for test in collection.left_out).difference(results),
        why_partial=(),
        mishaps=(*mishaps, *(f"{part.head.label}: {mishap}" for part in parts for mishap in part.run.mishaps)),
        interrupted=None,
        started=min(run.started for run in runs),
        finished=max(run.finished for run in runs),
        exitstatus=next((run.exitstatus for run in runs if run.exitstatus not in _NO_FAILURE), 0),
        args=(),
        plugins=_versions(run.plugins for run in runs),
        reported={},
        metrics=tuple(metric for run in runs for metric in run.metrics),
        differing=differing,
    )


def joined_scope(parts: Iterable[PartTests], run: Run) -> RunScope:
    """Join the scopes of the parts: what they looked at together."""
    broken = (f"{path} could not be collected: {error}" for path, error in run.broken_files.items())
    narrowed = ("; ".join(part.run.why_partial) or WHOLE for part in parts)
    return RunScope(parts=tuple(dict.fromkeys(narrowed)), whole_files=run.seen_files, mishaps=(*run.mishaps, *broken))


def combined_part(part: PartTests) -> CombinedPart:
    """Sum up a part for the record."""
    counts = Counter(result.outcome for result in part.results.values())
    return CombinedPart(
        label=part.head.label,
        attempt=part.head.provenance.attempt,
        python=part.head.python,
        platform=part.head.platform,
        exitstatus=part.run.exitstatus,
        args=part.run.args,
        counts={outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]},
        not_measured=part.run.not_measured,
    )


def refuse_other_collections(parts: Sequence[PartTests]) -> None:
    """Refuse shards of one suite that disagree on which tests there are: a test might then be in nobody's share.

    Two parts are shards of one suite if they ran in the same environment, both collected the whole of a file, and one of them
    left some of the file's tests to others.

    Raises:
        EvidenceProblem: naming the parts, the file and a test.
    """
    for _, group in groupby(sorted(parts, key=_environment), key=_environment):
        known: dict[str, tuple[PartTests, set[str]]] = {}
        seen: set[int] = set()
        for part in group:
            if id(part.collection) in seen:
                continue
            seen.add(id(part.collection))
            for path, tests in _by_whole_file(part.collection).items():
                other, theirs = known.setdefault(path, (part, tests))
                if tests != theirs and (_leaves_some(part, tests) or _leaves_some(other, theirs)):
                    raise EvidenceProblem(
                        f"the parts {other.head.label!r} and {part.head.label!r} collected different tests from {path} "
                        f"({listed(sorted(tests ^ theirs), 1)}) on the same code: "
                        "tests with ids that change from run to run cannot be split"
                    )


def _environment(part: PartTests) -> tuple[str, ...]:
    return (*part.head.environment, *(f"{name} {version}" for name, version in sorted(part.run.plugins.items())))


def _by_whole_file(collection: Collection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {path: set() for path in collection.whole_files}
    for test in collection.tests:
        if (path := file_of(test)) in found:
            found[path].add(test)
    return found


def _leaves_some(part: PartTests, tests: set[str]) -> bool:
    return not tests.difference(part.collection.left_out) <= part.results.keys()


def _joined_results(
    parts: Sequence[PartTests], older: Sequence[PartTests]
) -> tuple[dict[str, CaseResult], dict[str, dict[str, Outcome]]]:
    before: dict[str, list[PartTests]] = defaultdict(list)
    for part in older:
        before[part.head.label].append(part)
    results: dict[str, CaseResult] = {}
    several: set[str] = set()
    for part in parts:
        several |= results.keys() & part.results.keys()
        several.update(test for old in before[part.head.label] for test in old.results if test in part.results)
        results |= part.results
    differing: dict[str, dict[str, Outcome]] = {}
    for test in sorted(several):
        ran = [(part, part.results[test]) for part in parts if test in part.results]
        again = [(old, old.results[test]) for part, _ in ran for old in before[part.head.label] if test in old.results]
        results[test] = _verdict([result for _, result in ran], flaky=_is_flaky([*ran, *again]))
        outcomes = {part.head.shown: result.outcome for part, result in (*again, *ran)}
        if len(set(outcomes.values())) > 1:
            differing[test] = dict(sorted(outcomes.items()))
    return results, differing


def _verdict(results: Sequence[CaseResult], *, flaky: bool) -> CaseResult:
    """Take the worst outcome; a skip says nothing about a test that another part ran."""
    ran = [result for result in results if result.outcome != "skipped"] or list(results)
    worst = ran[0]
    for result in ran[1:]:
        worst = worse(worst, result)
    return replace(worst, flaky=worst.flaky or flaky)


def _is_flaky(ran: Sequence[tuple[PartTests, CaseResult]]) -> bool:
    """Check whether a part saw the test as flaky, or one environment or label had two outcomes; two environments may differ."""
    outcomes: dict[str | tuple[str, str], set[Outcome]] = defaultdict(set)
    for part, result in ran:
        if result.outcome != "skipped":
            outcomes[part.head.environment].add(result.outcome)
            outcomes[part.head.label].add(result.outcome)
    return any(result.flaky for _, result in ran) or any(len(found) > 1 for found in outcomes.values())


def _collected(collections: Sequence[Collection]) -> dict[str, Collected]:
    """Merge the tests that any part collected; if parts disagree on a test's kind, the first label counts."""
    collected: dict[str, Collected] = {}
    for collection in reversed(collections):
        collected |= collection.tests
    return collected


def _skipped_everywhere(collections: Sequence[Collection]) -> tuple[SkippedNode, ...]:
    """Return the files that skipped themselves in a part, and of which no other part collected a test."""
    nodes = {node.id: node for collection in reversed(collections) for node in collection.skipped_nodes}
    if not nodes:
        return ()
    seen = {node for collection in collections for test in collection.tests for node in nodes_above(test)}
    return tuple(nodes[name] for name in sorted(nodes.keys() - seen))


def _distinct(parts: Iterable[PartTests]) -> list[Collection]:
    return list({id(part.collection): part.collection for part in parts}.values())


def _versions(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Map each plugin to every version that a part used."""
    found: dict[str, list[str]] = defaultdict(list)
    for table in tables:
        for name, version in table.items():
            if version not in found[name]:
                found[name].append(version)
    return {name: ", ".join(found[name]) for name in sorted(found, key=lambda name: (name != "pytest", name))}


def newest_attempts(parts: Mapping[str, Part]) -> tuple[list[str], list[str]]:
    """Pick the places of the parts that count, and of finished earlier attempts of the same jobs, both sorted by label.

    Args:
        parts: each part by the place where it was found.

    Raises:
        EvidenceProblem: for two parts with one label that are not attempts of one job, or a newest attempt that did not finish.
    """
    newest: list[str] = []
    older: list[str] = []
    for places in _by_label(parts).values():
        for first, second in pairwise(places):
            _refuse_twins((first, parts[first]), (second, parts[second]))
        *before, last = places
        if parts[last].run is None:
            raise EvidenceProblem(
                f"the part {parts[last].shown!r} did not finish: {parts[last].unfinished}; run that job again", path=last
            )
        newest.append(last)
        older += [place for place in before if parts[place].run is not None]
    return newest, older


def refuse_strangers(parts: Mapping[str, Part], *, session: str, previous: Sequence[Parent]) -> None:
    """Refuse a part of another session, or one that was compared with other parent sessions.

    Raises:
        EvidenceProblem: naming the part.
    """
    for place, part in parts.items():
        if part.session != session:
            raise EvidenceProblem(f"is a part of {part.session!r}, not of {session!r}", path=place)
        if part.previous != list(previous):
            raise EvidenceProblem(
                f"the part {part.shown!r} was compared with {_names(part.previous)}, but here that is {_names(previous)}: "
                "check out the same hand-off folder in every job",
                path=place,
            )


def missing(declared: Iterable[str], present: Iterable[str]) -> list[str]:
    """Name each part that the configuration declares but that is missing, in one sentence each."""
    there = set(present)
    return [f"the part {label!r} is missing" for label in declared if label not in there]


def _by_label(parts: Mapping[str, Part]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for place in sorted(parts, key=lambda place: (parts[place].label, parts[place].provenance.attempt or 0, place)):
        found[parts[place].label].append(place)
    return found


def _refuse_twins(one: tuple[str, Part], other: tuple[str, Part]) -> None:
    (place, part), (second, twin) = one, other
    again = part.provenance.run_url == twin.provenance.run_url and part.provenance.attempt != twin.provenance.attempt
    if not again:
        raise EvidenceProblem(
            f"the label {part.label!r} is also used in {place}: give each job its own label, or remove one of the two parts",
            path=second,
        )


def _names(parents: Sequence[Parent]) -> str:
    return listed([f"{parent.session} ({parent.digest.removeprefix('sha256:')[:7]})" for parent in parents]) or "no session"

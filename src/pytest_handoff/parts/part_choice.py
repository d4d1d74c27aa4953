"""Choose the parts that make up a session: the newest attempt of each job, all finished and of the same session."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.figures import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.parts.part import Part
    from pytest_handoff.record import Parent


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
                f"the part {part.shown!r} was compared with {_names(part.previous)}, and here that is {_names(previous)}: "
                "check out the same hand-off folder in every job",
                path=place,
            )


def missing(declared: Iterable[str], present: Iterable[str]) -> list[str]:
    """Name each part that the configuration declares and that is not there, in one sentence each."""
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
            f"the label {part.label!r} is that of {place}, too: give each job one of its own, or take one of the two away",
            path=second,
        )


def _names(parents: Sequence[Parent]) -> str:
    return listed([f"{parent.session} ({parent.digest.removeprefix('sha256:')[:7]})" for parent in parents]) or "no session"

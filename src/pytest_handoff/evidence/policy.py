"""Describe the settings that decide what evidence counts, as records hold them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from pytest_handoff.config import Adaptation, Binding, KnownFailure, Promise, Retirement, TierRule, Waiver
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence.tool_settings import CoverageSettings, PytestSettings, lenient, with_those_in_force
from pytest_handoff.record import Frozen


class Settings(msgspec.Struct, frozen=True):
    """The settings of pytest and coverage.py, as their files give them."""

    pytest: PytestSettings = PytestSettings()
    coverage: CoverageSettings = CoverageSettings()


class InForce(msgspec.Struct, frozen=True):
    """The settings that a run used, whatever options and files they came from; ``None`` if they are not known."""

    pytest: PytestSettings | None = None
    coverage: CoverageSettings | None = None


def together(some: InForce, others: InForce) -> InForce:
    """Join the settings of two runs that make up one: what either let through was let through."""
    pytest, coverage = some.pytest or others.pytest, some.coverage or others.coverage
    if some.pytest is not None and others.pytest is not None:
        pytest = lenient(some.pytest, others.pytest)
    if some.coverage is not None and others.coverage is not None:
        coverage = with_those_in_force(some.coverage, others.coverage)
    return InForce(pytest=pytest, coverage=coverage)


class Instructions(msgspec.Struct, frozen=True):
    """The file with a session's instructions, and the lines of its checklist."""

    file: str
    lines: list[str]


class Policy(msgspec.Struct, frozen=True):
    """The settings that can be loosened; ``file`` is the file that holds ``[tool.handoff]``.

    ``settings`` is ``None`` in evidence that does not hold them, and so is ``places``, the settings ``dir``, ``document`` and
    ``templates`` by name. ``own_templates`` maps the path of each template of the project's own to a digest.
    """

    file: str = "pyproject.toml"
    ignore: list[str] = []
    scope: list[str] = []
    tiers: dict[str, TierRule] = {}
    default_tier: str = "unit"
    retire: list[Retirement] = []
    known: list[KnownFailure] = []
    required: list[str] = []
    bind: list[Binding] = []
    waive: list[Waiver] = []
    promise: list[Promise] = []
    words: dict[str, Any] = {}
    target: str | None = None
    parts: list[str] = []
    prove: list[str] = []
    adapt: list[Adaptation] = []
    settings: Settings | None = None
    in_force: InForce = InForce()
    places: dict[str, str | None] | None = None
    own_templates: dict[str, str] = {}
    instructions: Instructions | None = None


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


class TakenOut(Frozen, frozen=True):
    """An entry that an earlier session's settings had and today's no longer have; ``what`` is what it did."""

    what: str
    test: str
    reason: str


def taken_out(before: Iterable[Mapping[str, Any]], now: Mapping[str, Any]) -> Iterator[TakenOut]:
    """List the entries of ``retire`` and ``known`` that the policies of earlier sessions held and that are gone."""
    told: set[tuple[str, str]] = set()
    for policy in before:
        for name, what in (("retire", "Retired"), ("known", "Known to fail")):
            here = {entry["test"] for entry in now.get(name) or ()}
            for entry in policy.get(name) or ():
                if entry["test"] not in here and (name, entry["test"]) not in told:
                    told.add((name, entry["test"]))
                    yield TakenOut(what=what, test=entry["test"], reason=entry["reason"])

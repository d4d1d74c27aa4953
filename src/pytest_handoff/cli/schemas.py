"""Build and print JSON Schemas of everything that programs read: evidence on disk, and what ``--json`` prints."""

from __future__ import annotations

import re
from typing import Any, Literal

import click
import msgspec

from pytest_handoff.cli.next_steps import NEXT_SCHEMA
from pytest_handoff.cli.show import SHOW_SCHEMA
from pytest_handoff.cli.support import GOOD, verb
from pytest_handoff.details import DETAILS_SCHEMA, Attachment, Details, Phase, Section
from pytest_handoff.document.places import Finding
from pytest_handoff.errors import UsageProblem
from pytest_handoff.evidence.history import HISTORY_SCHEMA, LIFE_SCHEMA, Moment, SessionRow
from pytest_handoff.evidence.integrity import IntegrityReport
from pytest_handoff.parts.files import PART_SCHEMA, Part
from pytest_handoff.printing import say_json
from pytest_handoff.proof import PROOF_SCHEMA, EarlierStatus, FaultCount, NewStatus, Proof, Survivor
from pytest_handoff.record import (
    RECORD_SCHEMA,
    Changes,
    CombinedPart,
    CoverageLine,
    CoverageSummary,
    Difference,
    LedgerLine,
    NewCode,
    Outcome,
    Provenance,
    Record,
    Regression,
    SourceEdits,
    SourceLine,
    StatementsLine,
    Status,
    UnstableIds,
    Verdict,
    Word,
)

_CODE = re.compile(r"(?::[a-z]+:`~?|``)([^`]+)``?")
"""Code, or a name with its role, in reStructuredText."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class ShownSource(msgspec.Struct, kw_only=True):
    """Which code the evidence is about."""

    commit: str | None
    branch: str | None
    dirty: bool | None
    fingerprint: str
    base: str | None


class ShownTest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One test; its outcome is null where it is gone."""

    outcome: Outcome | None
    tier: str
    since: str
    status: Status
    flaky: bool = False
    moved_from: str = ""
    reason: str = ""
    error: str = ""
    parts: dict[str, Outcome] = {}


class ShownCheck(msgspec.Struct, kw_only=True):
    """One checklist line, who decides it, and what the evidence says; ``verdict`` is null where a person decides."""

    line: int
    text: str
    decision: str
    verdict: Word | None
    ticked: bool
    gate: str | None
    rule: list[str]
    state: str
    evidence: str
    needs: str | None


class ShownProof(msgspec.Struct, kw_only=True):
    """Count the tests of each status in the proof of this run, and its faults; null where an experiment was not made."""

    holds: bool
    interrupted: bool
    reasons: list[str]
    earlier: dict[EarlierStatus, int] | None
    new: dict[NewStatus, int] | None
    faults: dict[FaultCount, int] | None


class ShownFailure(msgspec.Struct, kw_only=True):
    """Hold the last failure of a test, or of a file that could not be collected, and the command that runs it alone."""

    test: str
    outcome: Outcome
    when: Phase
    message: str
    text: str
    sections: list[Section]
    attachments: list[Attachment]
    left_out: str | None
    command: str


class ShownSlow(msgspec.Struct, kw_only=True):
    """Give the seconds of a test, now and in the previous session; null where that is not known."""

    test: str
    seconds: float
    before: float | None


class ShownDetails(msgspec.Struct, kw_only=True):
    """Hold what a run kept beside the evidence; ``left_out`` says how many failures have no text."""

    failures: list[ShownFailure]
    slowest: list[ShownSlow]
    seconds: dict[str, float]
    left_out: str | None


class Shown(msgspec.Struct, kw_only=True):
    """What ``handoff show SESSION --json`` prints."""

    schema: str
    session: str
    previous: list[str]
    complete: bool
    why_incomplete: str | None
    fresh: bool
    source: ShownSource
    counts: dict[str, int]
    tiers: dict[str, dict[str, int]]
    tests: dict[str, ShownTest]
    regression: Regression
    coverage: CoverageSummary | None
    new_code: NewCode | None
    not_measured: dict[str, str]
    changes: Changes | None
    integrity: IntegrityReport
    unstable: list[UnstableIds]
    combined: list[CombinedPart]
    gates: list[Verdict]
    checks: list[ShownCheck]
    claims: list[Finding]
    proof: ShownProof | None
    details: ShownDetails | None
    document: str
    provenance: Provenance


class ShownStep(msgspec.Struct, kw_only=True):
    """One thing that is left to do: what is wrong, what fixes it, where, and all names that it is about."""

    kind: str
    what: str
    do: str
    file: str | None
    line: int | None
    names: list[str]
    command: str | None
    who: Literal["anyone", "person"]
    failure: str | None


class ShownNext(msgspec.Struct, kw_only=True):
    """Print what is left to do: ``steps`` are in the order in which to take them, and ``done`` is true where there are none.

    ``survivors`` are the faults in the new code that no test noticed, where the run is proved. ``root`` is the way from the
    working directory to the folder that each ``file`` is relative to, and ``folder`` the way to where each ``command`` is run.
    """

    schema: str
    session: str
    done: bool
    root: str
    folder: str
    steps: list[ShownStep]
    survivors: list[Survivor]


class ShownHistory(msgspec.Struct, kw_only=True):
    """What ``handoff history --json`` prints."""

    schema: str
    sessions: list[SessionRow]


class ShownLife(msgspec.Struct, kw_only=True):
    """What ``handoff history TEST --json`` prints."""

    schema: str
    test: str
    since: str | None
    sessions: list[Moment]


_PRINTED: dict[str, tuple[type[msgspec.Struct], str | None]] = {
    "show": (Shown, SHOW_SCHEMA),
    "history": (ShownHistory, HISTORY_SCHEMA),
    "life": (ShownLife, LIFE_SCHEMA),
    "next": (ShownNext, NEXT_SCHEMA),
}
_WRITTEN: dict[str, tuple[type[msgspec.Struct], str | None]] = {
    "record": (Record, RECORD_SCHEMA),
    "ledger": (LedgerLine, None),
    "sources": (SourceLine, None),
    "coverage": (CoverageLine, None),
    "statements": (StatementsLine, None),
    "part": (Part, PART_SCHEMA),
    "proof": (Proof, PROOF_SCHEMA),
    "details": (Details, DETAILS_SCHEMA),
}
_LINES = ("ledger", "sources", "coverage", "statements")
"""Files whose first line may say what they differ from."""

NAMES = (*_WRITTEN, *_PRINTED)


def schema(name: str) -> dict[str, Any]:
    """Build the JSON Schema of one of :data:`NAMES`.

    Schemas of written files refuse unknown keys. Those of printed output allow them: keys may be added, and none is removed.

    Raises:
        KeyError: if there is no schema of that name.
    """
    kind, version = (_WRITTEN | _PRINTED)[name]
    made: dict[str, Any] = {"$schema": _DIALECT, "title": name}
    if name in _LINES:
        kinds = [kind, Difference, SourceEdits] if kind is SourceLine else [kind, Difference]
        either, defined = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
        return made | {"anyOf": list(either), "$defs": _in_markdown(defined)}
    made |= msgspec.json.schema(kind, schema_hook=_anything)
    if version is not None:
        made["$defs"][kind.__name__]["properties"]["schema"] = {"const": version}
    spelled: dict[str, Any] = _in_markdown(_open(made) if name in _PRINTED else made)
    return spelled


def _in_markdown(part: Any) -> Any:
    """Spell code in the descriptions, which come from docstrings, as Markdown does, and Python's ``None`` as JSON does."""
    if isinstance(part, dict):
        return {
            key: _spelled(value) if key == "description" and isinstance(value, str) else _in_markdown(value)
            for key, value in part.items()
        }
    return [_in_markdown(value) for value in part] if isinstance(part, list) else part


def _spelled(description: str) -> str:
    return _CODE.sub(r"`\1`", description).replace("`None`", "`null`")


def _anything(kind: type) -> dict[str, Any]:
    """Allow any JSON value, since the policy holds the user's own settings."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError(f"no schema of {kind}")


def _open(part: Any) -> Any:
    """Drop the refusals of unknown keys from a schema; the values of an object may still have a type."""
    if isinstance(part, dict):
        return {key: _open(value) for key, value in part.items() if (key, value) != ("additionalProperties", False)}
    return [_open(value) for value in part] if isinstance(part, list) else part


@click.command("schema", short_help="Print JSON Schemas of what is printed")
@click.argument("name", required=False)
@verb
def print_schema(name: str | None) -> int:
    """Print the JSON Schema of NAME, or all of them by name.

    The names are record, ledger, sources, coverage, statements, proof, part, details, show, history, life and next.
    """
    if name is not None and name not in NAMES:
        raise UsageProblem(f"there is no schema {name!r}; the schemas are: {', '.join(NAMES)}")
    table = schema(name) if name else {one: schema(one) for one in NAMES}
    say_json(table)
    return GOOD

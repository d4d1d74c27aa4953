"""Check the reason of a waiver against the record: "first session" is not a reason in the third session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.figures import counted, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_handoff.checklist.condition import Condition
    from pytest_handoff.evidence.facts import Facts, Scope


def refuted(reason: str, lifted: Sequence[Condition], facts: Facts) -> str | None:
    """Say how the record contradicts the reason that somebody gave; ``None`` if it does not.

    Args:
        lifted: the conditions that the waiver lifts: "no e2e tests" is about the tests that the line is about.
    """
    for clause in re.split(_CLAUSES, " ".join(reason.casefold().split())):
        said = re.sub(_EMPTY, "", clause).strip(" .!")
        for row in _ROWS:
            match = re.fullmatch(row.pattern, said)
            if match is not None:
                return row.known(facts, _Said(_tier(match.groupdict().get("tier")), row.scope or _scope(lifted)))
    return None


class _Said(NamedTuple):
    tier: str | None
    scope: Scope


class _Row(NamedTuple):
    """A reason in other words, and what the record may know against it."""

    pattern: str
    known: Callable[[Facts, _Said], str | None]
    scope: Scope | None = None


_CLAUSES = r"[,;:()]|\s[-–—]\s|\bas\b|\bsince\b|\bbecause\b"
_EMPTY = (
    r"\b(?:this|that|it|is|was|were|are|there|the|a|an|our|very|still|yet|so far|only|just|currently|exists?|have been|has been|"
    r"had been|written|das|ist|die|es|gibt|noch)\b\s*"
)
_TIER = r"(?P<tier>[a-z0-9_-]+(?: to end)?\s+)?"


def _tier(word: str | None) -> str | None:
    name = (word or "").strip().replace(" ", "-")
    return {"end-to-end": "e2e", "": None}.get(name, name)


def _scope(lifted: Sequence[Condition]) -> Scope:
    named: set[Scope] = {spec.scope for spec in lifted if spec.gate == "tests"}
    return named.pop() if len(named) == 1 else "all"


def _came_before(facts: Facts, _said: _Said) -> str | None:
    return None if facts.is_first else f"{listed([parent.session for parent in facts.record.previous])} came before"


def _has_tests(facts: Facts, said: _Said) -> str | None:
    kind = {"current": "new ", "previous": "earlier ", "all": ""}[said.scope] + (f"{said.tier} " if said.tier else "")
    tests = facts.live(tier=said.tier, scope=said.scope)
    return f"there {'is' if len(tests) == 1 else 'are'} {counted(len(tests), f'{kind}test')}" if tests else None


def _has_new_code(facts: Facts, _said: _Said) -> str | None:
    code = facts.record.new_code
    return None if code is None or not code.num_statements else f"there are {counted(code.num_statements, 'new statement')}"


def _was_measured(facts: Facts, _said: _Said) -> str | None:
    return None if facts.record.coverage is None else "coverage was measured"


_NO_CODE = r"no new (?:code|lines|statements)|no code (?:added|changed|changes)|no changes? (?:to|in|of) code|no source changes?"

_ROWS = (
    _Row(r"(?:first|initial|1st) (?:recorded )?session(?: of project)?|erste session", _came_before),
    _Row(r"no (?:previous|earlier|prior|parent) sessions?|nothing (?:came )?before|no sessions? before", _came_before),
    _Row(rf"no (?:previous|earlier|prior|existing) {_TIER}tests?", _has_tests, "previous"),
    _Row(rf"no new {_TIER}tests?", _has_tests, "current"),
    _Row(rf"no {_TIER}tests? (?:added|changed|new)(?: in session)?", _has_tests, "current"),
    _Row(rf"no {_TIER}tests?(?: in project| at all)?", _has_tests),
    _Row(rf"{_NO_CODE}|(?:documentation|docs?|docs?-only)(?: changes?| session| change)?", _has_new_code),
    _Row(r"coverage not measured|no coverage (?:measured|data)", _was_measured),
)

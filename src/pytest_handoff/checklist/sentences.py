"""Fit the tags of a checklist line into known sentences, and translate each into conditions for the gates.

We do not understand a row of tags that fits no sentence, or whose sentence says something that no gate can decide, such as the
coverage of new code by integration tests.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.checklist.grammar import SENTENCES
from pytest_handoff.checklist.meanings import Found, Specs, files_valid, only_refuted, tests_counted
from pytest_handoff.checklist.tags import Bound, Tag

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sentence(msgspec.Struct, frozen=True):
    """One understood sentence: its tags by kind, its gates, and whether a person has to confirm more than the gates say."""

    found: Found
    specs: Specs
    veto: bool = False


def claims_of(tags: Sequence[Tag]) -> list[Sentence] | None:
    """Find the claims that a line makes, all of which must hold; ``None`` if we do not understand every part of it."""
    if not _brackets_fit(tags):
        return None
    flat = [tag for tag in tags if tag.kind not in {"open", "close"}]
    return _joined_claims(flat) or _joined_claims([tag for tag in tags if tag.kind != "close"])


_JOINTS = {"and", "comma", "with", "without", "open"}


def _joined_claims(tags: Sequence[Tag]) -> list[Sentence] | None:
    """Read the whole as one sentence, else each part between joints as one."""
    if (whole := _sentence(tags)) is not None:
        return [whole]
    claims: list[Sentence] = []
    for joint, part in _parts(tags):
        claim = _sentence(part) or _note(part, claims[-1] if claims else None, joint)
        if claim is None or (joint != "and" and any(_may_narrow(before, claim) for before in claims)):
            return None
        claims.append(claim)
    return claims or None


def _parts(tags: Sequence[Tag]) -> list[tuple[str, list[Tag]]]:
    """Split at the joints, and keep the joint before each part; of two in a row, such as ", and", the later one says more."""
    parts: list[tuple[str, list[Tag]]] = [("", [])]
    for tag in tags:
        if tag.kind not in _JOINTS:
            parts[-1][1].append(tag)
            continue
        if len(parts) > 1 and not parts[-1][1]:
            parts.pop()
        parts.append((tag.kind, [Tag("none")] if tag.kind == "without" else []))
    return parts


def _brackets_fit(tags: Sequence[Tag]) -> bool:
    kinds = [tag.kind for tag in tags if tag.kind in {"open", "close"}]
    return kinds in ([], ["open", "close"])


def _may_narrow(one: Sentence, other: Sentence) -> bool:
    """Check whether one claim's coverage may mean coverage by the other's tests: "unit tests pass with 80 % coverage"."""
    coverage, tests = (one, other) if one.specs[0].gate in {"coverage", "new_code"} else (other, one)
    if coverage.specs[0].gate not in {"coverage", "new_code"} or {"total_coverage", "tier", "path"} & coverage.found.keys():
        return False
    return any(tests.found.get(kind) for kind in ("tier", "scope", "scope_new", "scope_after", "path"))


def _note(part: Sequence[Tag], before: Sentence | None, joint: str) -> Sentence | None:
    """Read what may follow a claim about tests and is about the same tests: "(17/17 passed)", "without failures"."""
    if before is None or joint == "and" or before.specs[0].gate not in {"tests", "regression"}:
        return None
    if (found := _fits("fraction tests? pass?", part)) is not None:
        same = tests_counted({**before.found, **found})
        return Sentence(before.found, same) if same else None
    if _fits("none failures|errors", part) is not None or _is_hundred(_fits("percent pass?", part)):
        return Sentence(before.found, before.specs)
    return None


def _is_hundred(found: Found | None) -> bool:
    return found is not None and found["percent"] in {Bound(None, Decimal(100)), Bound("==", Decimal(100))}


def _sentence(tags: Sequence[Tag]) -> Sentence | None:
    tags = tags[1:] if tags and tags[0].kind == "opener" else tags
    for asked, shapes in SENTENCES:
        for shape in shapes:
            found = _fits(shape, tags)
            if found is not None and (specs := asked(found)):
                return Sentence(found, specs, veto=asked is files_valid or any(map(only_refuted, specs)))
    return None


def _fits(shape: str, tags: Sequence[Tag]) -> Found | None:
    return _fit(shape.split(), tags)


def _fit(slots: Sequence[str], tags: Sequence[Tag]) -> Found | None:
    """Return the tags by kind if they fill the slots from first to last; an optional slot may stay empty."""
    if len(tags) > len(slots):  # no slot takes two
        return None
    if not slots:
        return {}
    slot, *others = slots
    if tags and tags[0].kind in slot.rstrip("?").split("|") and (rest := _fit(others, tags[1:])) is not None:
        return {tags[0].kind: tags[0].value, **rest}
    return _fit(others, tags) if slot.endswith("?") else None

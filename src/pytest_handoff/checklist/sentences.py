"""Fit the tags of a checklist line into known sentences, and find the gates that each sentence asks.

A sentence is a row of tags in a fixed order, with ``?`` marking those that may be missing and ``|`` a choice. A row that fits no
sentence is not understood; neither is one whose sentence says something that no gate can decide, such as the coverage of new
code by integration tests.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.checklist import claim_gates
from pytest_handoff.checklist.claim_gates import Found, Specs
from pytest_handoff.checklist.tags import Bound, Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Claim(msgspec.Struct, frozen=True):
    """One understood sentence: its tags by kind, its claim_gates, and whether a person has to confirm more than the claim_gates say."""

    found: Found
    specs: Specs
    veto: bool = False


def claims_of(tags: Sequence[Tag]) -> list[Claim] | None:
    """Find the claims that a line makes, all of which must hold; ``None`` if any part of it is not understood."""
    if not _brackets_fit(tags):
        return None
    flat = [tag for tag in tags if tag.kind not in {"open", "close"}]
    return _joined_claims(flat) or _joined_claims([tag for tag in tags if tag.kind != "close"])


_JOINTS = {"and", "comma", "with", "without", "open"}


def _joined_claims(tags: Sequence[Tag]) -> list[Claim] | None:
    """Read the whole as one sentence, else each part between joints as one."""
    if (whole := _sentence(tags)) is not None:
        return [whole]
    claims: list[Claim] = []
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


def _may_narrow(one: Claim, other: Claim) -> bool:
    """Check whether one claim's coverage may mean coverage by the other's tests: "unit tests pass with 80 % coverage"."""
    coverage, tests = (one, other) if one.specs[0].gate in {"coverage", "new_code"} else (other, one)
    if coverage.specs[0].gate not in {"coverage", "new_code"} or {"total_coverage", "tier", "path"} & coverage.found.keys():
        return False
    return any(tests.found.get(kind) for kind in ("tier", "scope", "scope_after", "path"))


def _note(part: Sequence[Tag], before: Claim | None, joint: str) -> Claim | None:
    """Read what may follow a claim about tests and speaks of the same tests: "(17/17 passed)", "without failures"."""
    if before is None or joint == "and" or before.specs[0].gate not in {"tests", "regression"}:
        return None
    if (found := _fits("fraction tests? pass?", part)) is not None:
        same = claim_gates.tests_counted({**before.found, **found})
        return Claim(before.found, same) if same else None
    if _fits("none failures|errors", part) is not None or _is_hundred(_fits("percent pass?", part)):
        return Claim(before.found, before.specs)
    return None


def _is_hundred(found: Found | None) -> bool:
    return found is not None and found["percent"] in {Bound(None, Decimal(100)), Bound("==", Decimal(100))}


def _sentence(tags: Sequence[Tag]) -> Claim | None:
    tags = tags[1:] if tags and tags[0].kind == "opener" else tags
    for asked, shapes in _SENTENCES:
        for shape in shapes:
            found = _fits(shape, tags)
            if found is not None and (specs := asked(found)):
                return Claim(found, specs, veto=asked is claim_gates.files_valid)
    return None


def _fits(shape: str, tags: Sequence[Tag]) -> Found | None:
    return _fit(shape.split(), tags)


def _fit(slots: Sequence[str], tags: Sequence[Tag]) -> Found | None:
    """Return the tags by kind if they fill the slots from first to last; an optional slot may stay empty."""
    if not slots:
        return None if tags else {}
    slot, *others = slots
    if tags and tags[0].kind in slot.rstrip("?").split("|") and (rest := _fit(others, tags[1:])) is not None:
        return {tags[0].kind: tags[0].value, **rest}
    return _fit(others, tags) if slot.endswith("?") else None


_WHO = "scope? tier?"
_TESTS = f"{_WHO} tests scope_after?"
_COVERAGE = "coverage|total_coverage"
_IS = "reach? of? percent"
_NO_ERRORS = "without errors|import_errors|collection_errors"

_SENTENCES: tuple[tuple[Callable[[Found], Specs], tuple[str, ...]], ...] = (
    (claim_gates.tests_pass, (
        f"all? {_TESTS} pass", f"{_TESTS} all pass", f"pass all {_TESTS}", f"all? {_WHO} suite scope_after? pass",
        f"each {_WHO} test scope_after? pass", f"all? {_WHO} tests in path pass", f"each {_WHO} test in path pass",
        "path pass",
        f"none failing {_TESTS}", f"none {_WHO} failing tests", f"none {_WHO} tests|test failures",
        f"none {_TESTS} fail|failing",
    )),
    (claim_gates.tests_counted, (
        f"all? count|fraction {_TESTS} pass", f"{_TESTS} pass count|fraction", f"{_TESTS} count|fraction pass",
    )),
    (claim_gates.pass_rate, (
        f"percent of? all? {_TESTS} pass", f"{_TESTS} pass percent", f"{_WHO} tests|test? pass_rate {_IS} reach?",
        f"reach? percent {_WHO} tests|test? pass_rate reach?", "reach pass_rate of? percent", f"pass_rate of {_TESTS} {_IS}",
        f"{_TESTS} reach percent pass_rate",
    )),
    (claim_gates.new_tests, (
        f"count {_TESTS} added?", f"added count {_TESTS}", f"count {_TESTS} written_and_pass",
        f"{_TESTS} written_and_pass",
    )),
    (claim_gates.coverage, (
        f"tier? {_COVERAGE} {_IS} reach?", f"{_IS} tier? {_COVERAGE} reach?", f"reach tier? {_COVERAGE} of? percent",
        "coverage_target of? percent reach", f"{_WHO} tests reach? percent {_COVERAGE}",
        f"{_WHO} tests {_COVERAGE} {_IS}",
        f"{_WHO} tests cover percent of code", "percent of code covered", "code percent covered",
        f"code reach percent {_COVERAGE}",
        f"tier? {_COVERAGE} of|in path {_IS} reach?", f"path tier? {_COVERAGE} {_IS} reach?",
        f"path reach percent tier? {_COVERAGE}",
        f"reach? percent tier? {_COVERAGE} of|in path", "path percent covered", "percent of path covered",
    )),
    (claim_gates.new_code, (
        f"tier? {_COVERAGE} of|in new_code {_IS} reach?", f"new_code tier? {_COVERAGE} {_IS} reach?",
        f"tier? {_COVERAGE} {_IS} of|in new_code",
        f"new_code reach percent tier? {_COVERAGE}", f"reach? percent tier? {_COVERAGE} of|in new_code",
        f"reach? percent new_code tier? {_COVERAGE}", f"reach new_code {_COVERAGE} of? percent",
        "percent of new_code covered", "new_code of? percent covered", "new_code covered percent",
        f"{_TESTS} reach percent {_COVERAGE} of|in new_code", f"{_TESTS} cover percent of new_code",
        f"new_code_coverage {_IS} reach?", "reach? percent new_code_coverage reach?",
    )),
    (claim_gates.regression, (
        "none regressions introduced?", f"none regressions introduced? of|in {_TESTS}",
        "none regressions introduced? scope_after",
        "regressions introduced? none",
    )),
    (claim_gates.skips, (
        "none skipped tests?", "none skipped tier tests", "none tier? tests skipped", "skipped tests? none",
        "skipped tier tests none",
    )),
    (claim_gates.flaky, (
        "none flaky tests?", "none flaky tier tests", "none tier? tests flaky", "flaky tests? none", "flaky tier tests none",
    )),
    (claim_gates.collection, (
        "none collection_errors introduced?", "collection_errors none", f"all? tests collected {_NO_ERRORS}",
        "all? count tests executed without import_errors|collection_errors",
        "all? count tests executed with none import_errors|collection_errors",
    )),
    (claim_gates.reports, ("coverage_report generated|added",)),
    (claim_gates.files_parse, ("all? config_files parse", "all? config_files parse without errors")),
    (claim_gates.files_valid, (
        "all? config_files|config valid", "all? config_files|config valid and documented",
        "all? config_files|config documented and valid",
    )),
    (claim_gates.promises, ("none failing promises scope_after?", "none promises scope_after? failing")),
    (claim_gates.metrics, ("all? metric_targets reach",)),
    (claim_gates.instructions, ("all? instructions completed|reach",)),
)  # fmt: skip

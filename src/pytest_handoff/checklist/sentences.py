"""Fit the tags of a checklist line into known sentences, and translate each into conditions for the gates.

A sentence is a row of tags in a fixed order, with ``?`` marking those that may be missing and ``|`` a choice. A row that fits no
sentence is not understood; neither is one whose sentence says something that no gate can decide, such as the coverage of new
code by integration tests. If a sentence can be read in two ways, the gates are asked the stricter one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

import msgspec

from pytest_handoff.checklist.condition import Condition
from pytest_handoff.checklist.tags import Bound, Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_handoff.checklist.condition import CoveredBy
    from pytest_handoff.evidence.facts import Scope
    from pytest_handoff.figures import Comparison


Found = dict[str, object]
Specs = tuple[Condition, ...]


def tests_pass(found: Found) -> Specs:
    """Require the tests to pass; for all earlier tests ask the regression gate, which also knows the lost ones."""
    tests = _tests(found)
    if tests == (Condition(gate="tests", scope="previous"),):
        return (Condition(gate="regression"),)
    return tests


def tests_counted(found: Found) -> Specs:
    """Require so many tests to pass and none to fail: ``17/17``, ``all 17`` and a bare ``17`` mean exactly that many."""
    bound, tests = _count(found), _tests(found)
    return (_bounded(tests[0], bound, "count"),) if bound is not None and len(tests) == 1 else ()


def pass_rate(found: Found) -> Specs:
    """Require at least this share of the tests to pass."""
    bound = _percent(found)
    return () if bound is None else tuple(_bounded(spec, bound, "percent") for spec in _tests(found))


def new_tests(found: Found) -> Specs:
    """Require so many new tests in this session; "added and passing" also requires all tests in the line's scope to pass."""
    tests = _tests(found)
    if len(tests) != 1 or (tests[0].scope != "current" and not {"added", "written_and_pass"} & found.keys()):
        return ()
    bound = _count(found) if "count" in found else (">=", Decimal(1))
    if tests[0].scope == "previous" or bound is None:
        return ()
    new = _bounded(Condition(gate="new_tests", tier=tests[0].tier), bound, "count")
    return (new, *tests) if "written_and_pass" in found else (new,)


def coverage(found: Found) -> Specs:
    """Require coverage of everything, by the tests of a tier, or of some files."""
    bound = _percent(found)
    if bound is None or "scope" in found:
        return ()
    tiers, path = _tiers(found), _path(found)
    return tuple(_bounded(Condition(gate="coverage", tier=tier, path=path), bound, "percent") for tier in tiers)


def new_code(found: Found) -> Specs:
    """Require coverage of the new code by any tests, unit tests, or new unit tests; for other tests it is not known."""
    kinds: dict[tuple[object, object], CoveredBy] = {
        (None, None): "any", (("unit",), None): "unit", (("unit",), "current"): "new_unit",
    }  # fmt: skip
    by = kinds.get((found.get("tier"), _scope(found, default=None)))
    bound = _percent(found)
    if by is None or bound is None:
        return ()
    return (_bounded(Condition(gate="new_code", by=by), bound, "percent"),)


def regression(found: Found) -> Specs:
    """Require that nothing that passed in an earlier session fails or is lost now."""
    if _scope(found, default="previous") != "previous":
        return ()
    return tests_pass(found | {"scope": "previous", "scope_after": None})


def regressions_of(found: Found) -> Specs:
    """Require the same of a tier; a performance regression is not one of performance tests, nor need another tier's be."""
    return regression(found) if set(_tiers(found)) <= {"unit", "e2e"} else ()


def skips(found: Found) -> Specs:
    """Require that no test is skipped."""
    return tuple(Condition(gate="skips", tier=tier) for tier in _tiers(found))


def flaky(found: Found) -> Specs:
    """Require that no test needed a second attempt."""
    return tuple(Condition(gate="flaky", tier=tier) for tier in _tiers(found))


def collection(found: Found) -> Specs:
    """Require that every test file was imported and collected; with a number, also that so many tests ran, however they ended."""
    if "count" not in found:
        return (Condition(gate="collection"),)
    bound = _count(found)
    return () if bound is None else (_bounded(Condition(gate="collection"), bound, "count"),)


def reports(_found: Found) -> Specs:
    """Require that the coverage reports are there."""
    return (Condition(gate="reports"),)


def files_parse(_found: Found) -> Specs:
    """Require that a parser of their format can read the configuration files, and no more."""
    return (Condition(gate="files_parse"),)


def files_valid(_found: Found) -> Specs:
    """Require that the configuration files parse; a person has to say whether they are right."""
    return (Condition(gate="files_parse"),)


def promises(found: Found) -> Specs:
    """Require that no promise of an earlier session is broken; the gate does not say that all of them are kept already."""
    return (Condition(gate="promises"),) if _scope(found, default="previous") == "previous" else ()


def metrics(_found: Found) -> Specs:
    """Require that what was measured meets its targets."""
    return (Condition(gate="metrics"),)


def instructions(_found: Found) -> Specs:
    """Require that the checklist of the session's instructions is done."""
    return (Condition(gate="instructions"),)


def _tests(found: Found) -> Specs:
    scope, path = _scope(found, default="all"), _path(found)
    if scope is None or (path is not None and "test" not in path):  # "src/app.py passes" may speak of any tool
        return ()
    return tuple(Condition(gate="tests", tier=tier, scope=scope, path=path) for tier in _tiers(found))


def _tiers(found: Found) -> tuple[str | None, ...]:
    return cast("tuple[str, ...] | None", found.get("tier")) or (None,)


def _scope(found: Found, *, default: Scope | None) -> Scope | None:
    """Return the scope that is named before or after the noun, else the default; ``None`` if the two differ."""
    named = {cast("Scope", found[kind]) for kind in ("scope", "scope_after") if found.get(kind)}
    return default if not named else named.pop() if len(named) == 1 else None


def _path(found: Found) -> str | None:
    """Return the path as a glob; a folder stands for the files below it."""
    path = cast("str | None", found.get("path"))
    if path is None or "." in path.rsplit("/", 1)[-1] or path.endswith("*"):
        return path
    return f"{path.rstrip('/')}/**"


def _count(found: Found) -> tuple[Comparison, Decimal] | None:
    """Read a number of tests; a bare one means exactly that many. No gate can use an upper limit or part of a test."""
    bound = cast("Bound", found.get("fraction") or found["count"])
    op, value = bound.op, bound.value
    if op in {"<", "<="} or value != value.to_integral_value():
        return None
    return op or "==", value


def _percent(found: Found) -> tuple[Comparison, Decimal] | None:
    """Read a percentage; a bare one means at least that much."""
    bound = cast("Bound", found["percent"])
    op, value = bound.op, bound.value
    if op in {"<", "<="} or not 0 < value <= 100 or (op == ">" and value == 100):
        return None
    return op or ">=", value


def _bounded(spec: Condition, bound: tuple[Comparison, Decimal], unit: str) -> Condition:
    return Condition(gate=spec.gate, tier=spec.tier, scope=spec.scope, path=spec.path, by=spec.by, op=bound[0], value=bound[1],
                    unit="percent" if unit == "percent" else "count")  # fmt: skip


class Sentence(msgspec.Struct, frozen=True):
    """One understood sentence: its tags by kind, its gates, and whether a person has to confirm more than the gates say."""

    found: Found
    specs: Specs
    veto: bool = False


def claims_of(tags: Sequence[Tag]) -> list[Sentence] | None:
    """Find the claims that a line makes, all of which must hold; ``None`` if any part of it is not understood."""
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
    return any(tests.found.get(kind) for kind in ("tier", "scope", "scope_after", "path"))


def _note(part: Sequence[Tag], before: Sentence | None, joint: str) -> Sentence | None:
    """Read what may follow a claim about tests and speaks of the same tests: "(17/17 passed)", "without failures"."""
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
    for asked, shapes in _SENTENCES:
        for shape in shapes:
            found = _fits(shape, tags)
            if found is not None and (specs := asked(found)):
                return Sentence(found, specs, veto=asked is files_valid)
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
    (tests_pass, (
        f"all? {_TESTS} pass", f"{_TESTS} all pass", f"pass all {_TESTS}", f"all? {_WHO} suite scope_after? pass",
        f"each {_WHO} test scope_after? pass", f"all? {_WHO} tests in path pass", f"each {_WHO} test in path pass",
        "path pass",
        f"none failing {_TESTS}", f"none {_WHO} failing tests", f"none {_WHO} tests|test failures",
        f"none {_TESTS} fail|failing",
    )),
    (tests_counted, (
        f"all? count|fraction {_TESTS} pass", f"{_TESTS} pass count|fraction", f"{_TESTS} count|fraction pass",
    )),
    (pass_rate, (
        f"percent of? all? {_TESTS} pass", f"{_TESTS} pass percent", f"{_WHO} tests|test? pass_rate {_IS} reach?",
        f"reach? percent {_WHO} tests|test? pass_rate reach?", "reach pass_rate of? percent", f"pass_rate of {_TESTS} {_IS}",
        f"{_TESTS} reach percent pass_rate",
    )),
    (new_tests, (
        f"count {_TESTS} added?", f"added count {_TESTS}", f"count {_TESTS} written_and_pass",
        f"{_TESTS} written_and_pass",
    )),
    (coverage, (
        f"tier? {_COVERAGE} {_IS} reach?", f"{_IS} tier? {_COVERAGE} reach?", f"reach tier? {_COVERAGE} of? percent",
        "coverage_target of? percent reach", f"{_WHO} tests reach? percent {_COVERAGE}",
        f"{_WHO} tests {_COVERAGE} {_IS}",
        f"{_WHO} tests cover percent of code", "percent of code covered", "code percent covered",
        f"code reach percent {_COVERAGE}",
        f"tier? {_COVERAGE} of|in path {_IS} reach?", f"path tier? {_COVERAGE} {_IS} reach?",
        f"path reach percent tier? {_COVERAGE}",
        f"reach? percent tier? {_COVERAGE} of|in path", "path percent covered", "percent of path covered",
    )),
    (new_code, (
        f"tier? {_COVERAGE} of|in new_code {_IS} reach?", f"new_code tier? {_COVERAGE} {_IS} reach?",
        f"tier? {_COVERAGE} {_IS} of|in new_code",
        f"new_code reach percent tier? {_COVERAGE}", f"reach? percent tier? {_COVERAGE} of|in new_code",
        f"reach? percent new_code tier? {_COVERAGE}", f"reach new_code {_COVERAGE} of? percent",
        "percent of new_code covered", "new_code of? percent covered", "new_code covered percent",
        f"{_TESTS} reach percent {_COVERAGE} of|in new_code", f"{_TESTS} cover percent of new_code",
        f"new_code_coverage {_IS} reach?", "reach? percent new_code_coverage reach?",
    )),
    (regression, (
        "none regressions introduced?", f"none regressions introduced? of|in {_TESTS}",
        "none regressions introduced? scope_after",
        "regressions introduced? none", f"none {_TESTS} regressed", f"none {_WHO} regressed tests",
    )),
    (regressions_of, ("none scope? tier regressions introduced? scope_after?",)),
    (skips, (
        "none skipped tests?", "none skipped tier tests", "none tier? tests skipped", "skipped tests? none",
        "skipped tier tests none",
    )),
    (flaky, (
        "none flaky tests?", "none flaky tier tests", "none tier? tests flaky", "flaky tests? none", "flaky tier tests none",
    )),
    (collection, (
        "none collection_errors introduced?", "collection_errors none", f"all? tests collected {_NO_ERRORS}",
        "all? count tests executed without import_errors|collection_errors",
        "all? count tests executed with none import_errors|collection_errors",
    )),
    (reports, ("coverage_report generated|added",)),
    (files_parse, ("all? config_files parse", "all? config_files parse without errors")),
    (files_valid, (
        "all? config_files|config valid", "all? config_files|config valid and documented",
        "all? config_files|config documented and valid",
    )),
    (promises, ("none failing promises scope_after?", "none promises scope_after? failing")),
    (metrics, ("all? metric_targets reach",)),
    (instructions, ("all? instructions completed|reach",)),
)  # fmt: skip

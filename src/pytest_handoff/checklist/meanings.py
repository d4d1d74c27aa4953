"""Say what each sentence of the checklist language asks of the gates.

If a sentence can be read in two ways, we ask the stricter one. One that no gate can decide asks nothing, and is not understood.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from pytest_handoff.checklist.condition import Condition

if TYPE_CHECKING:
    from pytest_handoff.checklist.condition import CoveredBy
    from pytest_handoff.checklist.tags import Bound
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


def none_fails(found: Found) -> Specs:
    """Require that no test fails (a skipped one does not); for earlier tests, which are known, require that they pass.

    "No new failing tests" is about new failures, whether or not the tests are new.
    """
    if "scope_new" in found or "introduced" in found:
        narrowed = found.keys() & {"scope", "scope_after", "path"}
        return () if narrowed else tuple(Condition(gate="new_failures", tier=tier) for tier in _tiers(found))
    return none_of_these_fails(found)


def none_of_these_fails(found: Found) -> Specs:
    """Require that none of these tests fails: "no failing new tests" are new tests."""
    tests = _tests(found)
    if tests and tests[0].scope == "previous":
        return tests_pass(found)
    return tuple(replace(spec, unit="failing") for spec in tests)


def few_fail(found: Found) -> Specs:
    """Require that at most so many tests fail: "fewer than 3 tests fail"."""
    bound, tests = cast("Bound", found["count"]), _tests(found)
    if bound.op not in {"<", "<="} or bound.value != bound.value.to_integral_value() or len(tests) != 1 or "scope_new" in found:
        return ()
    return (replace(tests[0], op=cast("Comparison", bound.op), value=bound.value, unit="failing"),)


def none_of(found: Found) -> Specs:
    """Require that no test is any of these: "no flaky or skipped tests"."""
    asked = {"flaky": flaky, "skipped": skips, "failing": none_of_these_fails}
    kinds = [kind for kind in found if kind in asked]
    return tuple(spec for kind in kinds for spec in asked[kind](found)) if len(kinds) > 1 else ()


def tests_counted(found: Found) -> Specs:
    """Require this many tests to pass, exactly if the number is bare; ``17/17`` and ``all 17`` also require no failures."""
    bound, tests = _count(found), _tests(found)
    if bound is None or len(tests) != 1:
        return ()
    whole = tests_pass(found) if {"all", "fraction"} & found.keys() else ()
    return (*whole, _bounded(tests[0], bound, "count"))


def pass_rate(found: Found) -> Specs:
    """Require at least this share of the tests to pass; all of them is what "100% of tests" says, and no rate."""
    bound = _percent(found)
    if bound is None:
        return ()
    if bound[1] == 100 and "pass_rate" not in found:
        return tests_pass(found)
    return tuple(_bounded(spec, bound, "percent") for spec in _tests(found))


def new_tests(found: Found) -> Specs:
    """Require so many new tests in this session; "added and passing" also requires so many, or all in the scope, to pass."""
    tests = _tests(found)
    if len(tests) != 1 or (tests[0].scope != "current" and not {"added", "written_and_pass"} & found.keys()):
        return ()
    bound = _count(found) if "count" in found else (">=", Decimal(1))
    if tests[0].scope == "previous" or bound is None:
        return ()
    new = _bounded(Condition(gate="new_tests", tier=tests[0].tier), bound, "count")
    if "written_and_pass" not in found:
        return (new,)
    passing = _bounded(replace(tests[0], scope="current"), bound, "count") if "count" in found else tests[0]
    return (new, passing)


def coverage(found: Found) -> Specs:
    """Require coverage of everything, by the tests of a tier, or of some files."""
    bound = _percent(found)
    if bound is None or {"scope", "scope_new"} & found.keys():
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
    """Require the same of unit or e2e tests only; a performance regression, for example, is not one of performance tests."""
    return regression(found) if set(_tiers(found)) <= {"unit", "e2e"} else ()


def skips(found: Found) -> Specs:
    """Require that no test is skipped."""
    return tuple(Condition(gate="skips", tier=tier) for tier in _tiers(found))


def flaky(found: Found) -> Specs:
    """Require that no test needed a second attempt; a person has to say whether one might have."""
    return tuple(Condition(gate="flaky", tier=tier) for tier in _tiers(found))


def collection(found: Found) -> Specs:
    """Require that every test file was imported and collected; with a number, also that this many ran, however they ended."""
    if "count" not in found:
        return (Condition(gate="collection"),)
    bound = _count(found)
    return () if bound is None else (_bounded(Condition(gate="collection"), bound, "count"),)


def reports(_found: Found) -> Specs:
    """Require that the coverage reports are there."""
    return (Condition(gate="reports"),)


def files_parse(found: Found) -> Specs:
    """Require that a parser of their format can read the configuration files, and no more."""
    scope: Scope = "current" if "changed" in found else "all"
    formats = cast("tuple[str, ...] | None", found.get("format")) or (None,)
    return tuple(Condition(gate="files_parse", scope=scope, name=name) for name in formats)


def files_valid(found: Found) -> Specs:
    """Require that the configuration files parse; a person has to say whether they are right."""
    return files_parse(found)


def promises(found: Found) -> Specs:
    """Require that no promise of an earlier session is broken; some may not be kept yet."""
    return (Condition(gate="promises"),) if _scope(found, default="previous") == "previous" else ()


def metrics(_found: Found) -> Specs:
    """Require that what was measured meets its targets."""
    return (Condition(gate="metrics"),)


def instructions(_found: Found) -> Specs:
    """Require that the checklist of the session's instructions is done."""
    return (Condition(gate="instructions"),)


def faults(found: Found) -> Specs:
    """Require that the tests notice a share of the faults that are put into the new code, or all of them."""
    if "percent" not in found:
        return (Condition(gate="faults"),)
    bound = _percent(found)
    return () if bound is None else (_bounded(Condition(gate="faults"), bound, "percent"),)


def unchanged(found: Found) -> Specs:
    """Require that the tests of earlier sessions pass, and pass as they were before anybody edited them."""
    if set(_tiers(found)) != {None} or _scope(found, default=None) != "previous":
        return ()
    return (Condition(gate="tests", scope="previous"), Condition(gate="unchanged"))


def need_the_change(found: Found) -> Specs:
    """Require that each new test fails on the old code."""
    if set(_tiers(found)) != {None} or _scope(found, default=None) != "current":
        return ()
    return (Condition(gate="need_change"),)


def _tests(found: Found) -> Specs:
    scope, path = _scope(found, default="all"), _path(found)
    if scope is None or (path is not None and "test" not in path):  # "src/app.py passes" may speak of any tool
        return ()
    return tuple(Condition(gate="tests", tier=tier, scope=scope, path=path) for tier in _tiers(found))


def _tiers(found: Found) -> tuple[str | None, ...]:
    return cast("tuple[str, ...] | None", found.get("tier")) or (None,)


def _scope(found: Found, *, default: Scope | None) -> Scope | None:
    """Return the scope named before or after the noun, else the default; ``None`` if the two differ."""
    named = {cast("Scope", found[kind]) for kind in ("scope", "scope_new", "scope_after") if found.get(kind)}
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


def only_refuted(spec: Condition) -> bool:
    """Check whether evidence can refute a condition but never show that it is true."""
    return spec.gate == "flaky" or (spec.gate == "coverage" and spec.tier is not None)

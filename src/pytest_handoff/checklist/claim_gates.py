"""Translate each kind of claim into conditions for the gates.

Every function takes the tags of one sentence by their kind and returns the conditions that must all hold, or none if no gate
can decide exactly what the sentence says. If a sentence can be read in two ways, the gates are asked the stricter one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from pytest_handoff.checklist.gate_spec import GateSpec

if TYPE_CHECKING:
    from pytest_handoff.checklist.gate_spec import CoveredBy
    from pytest_handoff.checklist.tags import Bound
    from pytest_handoff.evidence.facts import Scope
    from pytest_handoff.figures import Comparison


Found = dict[str, object]
Specs = tuple[GateSpec, ...]


def tests_pass(found: Found) -> Specs:
    """Require the tests to pass; for all earlier tests ask the regression gate, which also knows the lost ones."""
    tests = _tests(found)
    if tests == (GateSpec(gate="tests", scope="previous"),):
        return (GateSpec(gate="regression"),)
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
    new = _bounded(GateSpec(gate="new_tests", tier=tests[0].tier), bound, "count")
    return (new, *tests) if "written_and_pass" in found else (new,)


def coverage(found: Found) -> Specs:
    """Require coverage of everything, by the tests of a tier, or of some files."""
    bound = _percent(found)
    if bound is None or "scope" in found:
        return ()
    tiers, path = _tiers(found), _path(found)
    return tuple(_bounded(GateSpec(gate="coverage", tier=tier, path=path), bound, "percent") for tier in tiers)


def new_code(found: Found) -> Specs:
    """Require coverage of the new code by any tests, unit tests, or new unit tests; for other tests it is not known."""
    kinds: dict[tuple[object, object], CoveredBy] = {
        (None, None): "any", (("unit",), None): "unit", (("unit",), "current"): "new_unit",
    }  # fmt: skip
    by = kinds.get((found.get("tier"), _scope(found, default=None)))
    bound = _percent(found)
    if by is None or bound is None:
        return ()
    return (_bounded(GateSpec(gate="new_code", by=by), bound, "percent"),)


def regression(found: Found) -> Specs:
    """Require that nothing that passed in an earlier session fails or is lost now."""
    if _scope(found, default="previous") != "previous":
        return ()
    return tests_pass(found | {"scope": "previous", "scope_after": None})


def skips(found: Found) -> Specs:
    """Require that no test is skipped."""
    return tuple(GateSpec(gate="skips", tier=tier) for tier in _tiers(found))


def flaky(found: Found) -> Specs:
    """Require that no test needed a second attempt."""
    return tuple(GateSpec(gate="flaky", tier=tier) for tier in _tiers(found))


def collection(found: Found) -> Specs:
    """Require that every test file was imported and collected; with a number, also that so many tests pass."""
    if "count" not in found:
        return (GateSpec(gate="collection"),)
    bound = _count(found)
    return () if bound is None else (_bounded(GateSpec(gate="tests"), bound, "count"), GateSpec(gate="collection"))


def reports(_found: Found) -> Specs:
    """Require that the coverage reports are there."""
    return (GateSpec(gate="reports"),)


def files_parse(_found: Found) -> Specs:
    """Require that a parser of their format can read the configuration files, and no more."""
    return (GateSpec(gate="files_parse"),)


def files_valid(_found: Found) -> Specs:
    """Require that the configuration files parse; a person has to say whether they are right."""
    return (GateSpec(gate="files_parse"),)


def promises(found: Found) -> Specs:
    """Require that no promise of an earlier session is broken; the gate does not say that all of them are kept already."""
    return (GateSpec(gate="promises"),) if _scope(found, default="previous") == "previous" else ()


def metrics(_found: Found) -> Specs:
    """Require that what was measured meets its targets."""
    return (GateSpec(gate="metrics"),)


def instructions(_found: Found) -> Specs:
    """Require that the checklist of the session's instructions is done."""
    return (GateSpec(gate="instructions"),)


def _tests(found: Found) -> Specs:
    scope, path = _scope(found, default="all"), _path(found)
    if scope is None or (path is not None and "test" not in path):  # "src/app.py passes" may speak of any tool
        return ()
    return tuple(GateSpec(gate="tests", tier=tier, scope=scope, path=path) for tier in _tiers(found))


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


def _bounded(spec: GateSpec, bound: tuple[Comparison, Decimal], unit: str) -> GateSpec:
    return GateSpec(gate=spec.gate, tier=spec.tier, scope=spec.scope, path=spec.path, by=spec.by, op=bound[0], value=bound[1],
                    unit="percent" if unit == "percent" else "count")  # fmt: skip

"""What each kind of claim asks of the gates.

Every function takes the tags of one sentence by their kind and gives the conditions that must all hold; none where no gate
can decide exactly what the sentence says. Where a sentence could be read in two ways, the stricter one is asked.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from pytest_handoff.gate_spec import GateSpec

if TYPE_CHECKING:
    from pytest_handoff.gate_spec import Comparison, CoveredBy, Scope
    from pytest_handoff.line_tags import Bound

Found = dict[str, object]
Specs = tuple[GateSpec, ...]


def tests_pass(found: Found) -> Specs:
    """All of them pass. Earlier tests of every tier are the regression gate's, which also knows the lost ones."""
    tests = _tests(found)
    if tests == (GateSpec(gate="tests", scope="previous"),):
        return (GateSpec(gate="regression"),)
    return tests


def tests_counted(found: Found) -> Specs:
    """So many of them pass, and none fails: ``17/17``, ``all 17`` and a bare ``17`` mean exactly so many."""
    bound, tests = _count(found), _tests(found)
    return (_bounded(tests[0], bound, "count"),) if bound is not None and len(tests) == 1 else ()


def pass_rate(found: Found) -> Specs:
    """At least this share of them passes."""
    bound = _percent(found)
    return () if bound is None else tuple(_bounded(spec, bound, "percent") for spec in _tests(found))


def new_tests(found: Found) -> Specs:
    """So many tests are new in this session; "added and passing" asks that these, or with no number all, pass as well."""
    tests = _tests(found)
    if len(tests) != 1 or (tests[0].scope != "current" and not {"added", "written_and_pass"} & found.keys()):
        return ()
    bound = _count(found) if "count" in found else (">=", Decimal(1))
    if tests[0].scope == "previous" or bound is None:
        return ()
    new = _bounded(GateSpec(gate="new_tests", tier=tests[0].tier), bound, "count")
    return (new, *tests) if "written_and_pass" in found else (new,)


def coverage(found: Found) -> Specs:
    """Coverage of everything, by the tests of a tier, or of some files."""
    bound = _percent(found)
    if bound is None or "scope" in found:
        return ()
    tiers, path = _tiers(found), _path(found)
    return tuple(_bounded(GateSpec(gate="coverage", tier=tier, path=path), bound, "percent") for tier in tiers)


def new_code(found: Found) -> Specs:
    """Coverage of the new code, by any tests, unit tests, or new unit tests; of no other tests is it known."""
    kinds: dict[tuple[object, object], CoveredBy] = {
        (None, None): "any", (("unit",), None): "unit", (("unit",), "current"): "new_unit",
    }  # fmt: skip
    by = kinds.get((found.get("tier"), _scope(found, default=None)))
    bound = _percent(found)
    if by is None or bound is None:
        return ()
    return (_bounded(GateSpec(gate="new_code", by=by), bound, "percent"),)


def regression(found: Found) -> Specs:
    """Nothing that passed in an earlier session fails or is lost now."""
    if _scope(found, default="previous") != "previous":
        return ()
    return tests_pass(found | {"scope": "previous", "scope_after": None})


def skips(found: Found) -> Specs:
    """No test is skipped."""
    return tuple(GateSpec(gate="skips", tier=tier) for tier in _tiers(found))


def flaky(found: Found) -> Specs:
    """No test needed a second attempt."""
    return tuple(GateSpec(gate="flaky", tier=tier) for tier in _tiers(found))


def collection(found: Found) -> Specs:
    """Every test file could be imported and collected; with a number, so many tests are there."""
    if "count" not in found:
        return (GateSpec(gate="collection"),)
    bound = _count(found)
    return () if bound is None else (_bounded(GateSpec(gate="tests"), bound, "count"), GateSpec(gate="collection"))


def reports(_found: Found) -> Specs:
    """The coverage reports are there."""
    return (GateSpec(gate="reports"),)


def files_parse(_found: Found) -> Specs:
    """The configuration files can be read by a parser of their format, and no more is said of them."""
    return (GateSpec(gate="files_parse"),)


def files_valid(_found: Found) -> Specs:
    """The configuration files are valid: they must parse, and whether they are right a person has to say."""
    return (GateSpec(gate="files_parse"),)


def promises(found: Found) -> Specs:
    """No promise of an earlier session is broken; that all of them are kept already is more than the gate says."""
    return (GateSpec(gate="promises"),) if _scope(found, default="previous") == "previous" else ()


def metrics(_found: Found) -> Specs:
    """What was measured meets its targets."""
    return (GateSpec(gate="metrics"),)


def instructions(_found: Found) -> Specs:
    """The checklist of the session's instructions is done."""
    return (GateSpec(gate="instructions"),)


def _tests(found: Found) -> Specs:
    scope, path = _scope(found, default="all"), _path(found)
    if scope is None or (path is not None and "test" not in path):  # "src/app.py passes" may speak of any tool
        return ()
    return tuple(GateSpec(gate="tests", tier=tier, scope=scope, path=path) for tier in _tiers(found))


def _tiers(found: Found) -> tuple[str | None, ...]:
    return cast("tuple[str, ...] | None", found.get("tier")) or (None,)


def _scope(found: Found, *, default: Scope | None) -> Scope | None:
    """The scope that is named before or after the noun, else the default; ``None`` where the two differ."""
    named = {cast("Scope", found[kind]) for kind in ("scope", "scope_after") if found.get(kind)}
    return default if not named else named.pop() if len(named) == 1 else None


def _path(found: Found) -> str | None:
    """A folder stands for the files below it."""
    path = cast("str | None", found.get("path"))
    if path is None or "." in path.rsplit("/", 1)[-1] or path.endswith("*"):
        return path
    return f"{path.rstrip('/')}/**"


def _count(found: Found) -> tuple[Comparison, Decimal] | None:
    """A bare number means exactly so many; upper limits and broken numbers say nothing a gate could want."""
    bound = cast("Bound", found.get("fraction") or found["count"])
    op, value = bound.op, bound.value
    if op in {"<", "<="} or value != value.to_integral_value():
        return None
    return op or "==", value


def _percent(found: Found) -> tuple[Comparison, Decimal] | None:
    """A bare percentage means at least so much."""
    bound = cast("Bound", found["percent"])
    op, value = bound.op, bound.value
    if op in {"<", "<="} or not 0 < value <= 100 or (op == ">" and value == 100):
        return None
    return op or ">=", value


def _bounded(spec: GateSpec, bound: tuple[Comparison, Decimal], unit: str) -> GateSpec:
    return GateSpec(gate=spec.gate, tier=spec.tier, scope=spec.scope, path=spec.path, by=spec.by, op=bound[0], value=bound[1],
                    unit="percent" if unit == "percent" else "count")  # fmt: skip

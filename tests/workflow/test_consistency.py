"""Figures of a record that do not fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from builders import coverage_of, earlier_of, new_code_of, record_of, run_info
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.workflow.recheck import contradictions, refuse_edited

if TYPE_CHECKING:
    from pytest_handoff.record import NewCode

COVERAGE = replace(coverage_of(a=(3, 4)), files={"src/a.py": replace(coverage_of(a=(3, 4)).files["src/a.py"], missing="7")})
CODE = new_code_of(4, covered=3, missing="2")


def with_file(code: NewCode, **changes: Any) -> NewCode:
    """New code in which something of its one file is another."""
    return replace(code, files={path: replace(file, **changes) for path, file in code.files.items()})


BY = with_file(new_code_of(4, covered=3, unit=2, new_unit=1, missing="2"), not_by_unit="4", not_by_new_unit="3-4")


def test_an_untouched_record_does_not_contradict_itself() -> None:
    """Sums, percentages and missing lines that fit each other are no finding."""
    assert contradictions(record_of(coverage=COVERAGE, new_code=CODE)) == []
    assert contradictions(record_of(new_code=BY)) == []
    assert contradictions(record_of(new_code=new_code_of(0, covered=0, unit=0, new_unit=0))) == []
    refuse_edited(record_of())
    assert contradictions(record_of()) == []


def test_earlier_tests_come_from_earlier_sessions() -> None:
    """A record that counts earlier tests and names no session before it was cut off from its history."""
    earlier = earlier_of("unit tests/a.py::test_x passed")
    record = record_of(earlier.lines, earlier)

    assert contradictions(record) == []
    assert contradictions(replace(record, previous=[])) == ["it names no earlier session, but counts tests of earlier sessions"]


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"coverage": replace(COVERAGE, percent=95.0)}, "its coverage of 95.0 % does not match its files"),
        ({"coverage": replace(COVERAGE, covered=4)}, "the covered statements of the files do not add up to its total"),
        ({"coverage": replace(COVERAGE, num_statements=3)}, "the statements of the files do not add up to its total"),
        ({"coverage": coverage_of(a=(3, 4))}, "the figures of src/a.py do not fit its missing lines"),
        ({"new_code": replace(CODE, covered=4)}, "the covered new statements of the files do not add up to its total"),
        ({"new_code": replace(CODE, num_statements=3)}, "the new statements of the files do not add up to its total"),
        ({"new_code": new_code_of(4, covered=3, missing="x")},
         "the figures of src/a.py's new lines do not fit its missing lines"),
        ({"new_code": new_code_of(4, covered=3, missing="1-99999999999999")},
         "the figures of src/a.py's new lines do not fit its missing lines"),
        ({"new_code": replace(CODE, owed={"session-1": {"src/a.py": "2-x"}})},
         "the lines that earlier sessions left untested are not line numbers"),
        ({"new_code": replace(CODE, excluded=1)}, "the excluded new lines of the files do not add up to its total"),
        ({"new_code": replace(BY, covered_by_unit=3)}, "the new statements covered by unit tests do not add up to its total"),
        ({"new_code": replace(BY, covered_by_new_unit=None)},
         "the new statements covered by new unit tests do not add up to its total"),
        ({"new_code": with_file(BY, covered_by_new_unit=3)},
         "the figures of src/a.py's new lines do not fit the lines that other tests ran"),
        ({"new_code": with_file(BY, not_by_unit=None)},
         "the figures of src/a.py's new lines do not fit the lines that other tests ran"),
        ({"new_code": with_file(BY, lines="1-3")}, "the number of src/a.py's new statements is not that of its new lines"),
        ({"tests": replace(record_of().tests, counts={"not_run": 2})},
         "it calls the run complete, but 2 of its tests did not run"),
        ({"run": replace(run_info(["-k was given"]), complete=True)}, "it calls the run complete, but says why it is not"),
    ],
)  # fmt: skip
def test_a_figure_that_was_changed_alone_is_found(changes: dict[str, object], phrase: str) -> None:
    """A figure that no longer fits its neighbours is named."""
    record = record_of(**changes)
    assert phrase in contradictions(record)
    with pytest.raises(EvidenceProblem, match=r"the record of session-2 contradicts itself, .*: it was edited; restore it"):
        refuse_edited(record)

"""What is kept of failing tests stays within its bounds, and says what it leaves out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from pytest_handoff.details import DETAILS_SCHEMA, MOST_A_SESSION, MOST_A_TEST, NO_ROOM, Details, Failure, settled, with_earlier
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.project.detail_files import decoded, encoded, is_plain
from pytest_handoff.record import LedgerLine
from pytest_handoff.recording.failures import FailureTexts

if TYPE_CHECKING:
    from pytest_handoff.record import Outcome


class SubReport(pytest.TestReport):
    """A report as pytest makes one of a sub-test."""

    context: object = None


def report(
    test: str = "a.py::t", text: Any = "E   boom", *, kind: type[pytest.TestReport] = pytest.TestReport, **more: Any
) -> Any:
    """A report of a failed call."""
    made = kind(nodeid=test, location=("", 0, ""), keywords={}, outcome="failed", longrepr=text, when="call")
    for name, value in more.items():
        setattr(made, name, value)
    return made


def line(test: str, outcome: Outcome = "failed") -> LedgerLine:
    """A test in the ledger."""
    return LedgerLine(id=test, tier="unit", since="s1", outcome=outcome)


def heard(*reports: Any) -> list[Failure]:
    """What is kept of these reports."""
    texts = FailureTexts()
    for one in reports:
        texts.take(one)
    assert texts.trouble is None
    return [failure for failure, _ in texts.failures()]


@pytest.mark.parametrize("char", ["x", "€", "\U0001f600", "\udcff", "\x1b[31mx"])
def test_any_characters_stay_within_the_limit(char: str) -> None:
    """The limit counts bytes, and what is kept can be written and read."""
    (failure,) = heard(report(text=char * 50_000, sections=[("Captured stdout call", char * 70_000)] * 3))
    assert failure.size <= MOST_A_TEST + len(failure.test) + 100
    assert failure.left_out is not None
    assert msgspec.json.decode(msgspec.json.encode(failure), type=Failure) == failure


def test_very_many_sub_tests_have_a_few_texts() -> None:
    """Twenty of them are kept, the others are counted."""
    many = [report(kind=SubReport, context=SimpleNamespace(msg=f"n{at}", kwargs={"x": "\udcff"})) for at in range(500)]
    (failure,) = heard(*many)
    assert failure.text.count("Sub-test n") == 20
    assert failure.left_out == "480 more failures of its sub-tests left out"
    msgspec.json.encode(failure)


def test_a_report_that_cannot_be_read_costs_only_its_text() -> None:
    """A plugin's report may raise whatever is asked of it."""

    class Odd:
        def __str__(self) -> str:
            raise ValueError("odd")

    texts = FailureTexts()
    texts.take(report(text=Odd()))
    assert texts.trouble == "ValueError: odd"
    texts.take(report("a.py::u"))
    assert [failure.test for failure, _ in texts.failures()] == ["a.py::u"]


def test_what_many_parts_bring_stays_within_a_session_and_can_be_read() -> None:
    """Parts joined have a megabyte together; the rest is counted, and our own reader takes what is written."""
    ids = [f"a.py::test_{at:05}" for at in range(9_000)]
    each = [Failure(test=test, outcome="failed", message="m" * 250, text="t" * 400) for test in ids]
    details = Details(schema=DETAILS_SCHEMA, session="s1", record="", failures=each)
    kept = settled(details, {test: line(test) for test in ids})
    assert sum(failure.size for failure in kept.failures) <= MOST_A_SESSION
    without = len(ids) - sum(bool(failure.text) for failure in kept.failures)
    assert kept.left_out == f"{without:,} failures have no text here: the limit is 1 MiB per session"
    assert any(failure.left_out == NO_ROOM for failure in kept.failures)
    assert decoded(b"".join(encoded(kept)), "s1", "file") == kept


def test_only_what_the_ledger_bears_out() -> None:
    """A test that passed, or that is not there, has no failure; the outcome is that of the ledger."""
    told = [Failure(test=f"a.py::{name}", outcome="failed", text="t") for name in ("good", "bad", "gone", "flaky")]
    told.append(Failure(test="b.py", outcome="error", when="collect", text="t"))
    details = Details(schema=DETAILS_SCHEMA, session="s1", record="", failures=told, seconds={"a.py::bad": 1.0, "x": 2.0})
    flaky = replace(line("a.py::flaky", "passed"), flaky=True)
    ledger = {one.id: one for one in (line("a.py::good", "passed"), line("a.py::bad", "error"), flaky)}
    kept = settled(details, ledger)
    assert [(failure.test, failure.outcome) for failure in kept.failures] == [
        ("a.py::bad", "error"), ("a.py::flaky", "passed"), ("b.py", "error"),
    ]  # fmt: skip
    assert kept.seconds == {"a.py::bad": 1.0}


def test_runs_that_add_up() -> None:
    """What the new run saw takes the place of what was known; the rest stays."""
    old = Details(
        schema=DETAILS_SCHEMA, session="s1", record="", seconds={"a": 1.0, "b": 2.0},
        failures=[Failure(test="a", outcome="failed"), Failure(test="b", outcome="failed")],
    )  # fmt: skip
    new = Details(schema=DETAILS_SCHEMA, session="s1", record="", seconds={"b": 3.0})
    both = with_earlier(new, old, {"b"})
    assert both.seconds == {"a": 1.0, "b": 3.0}
    assert [failure.test for failure in both.failures] == ["a"]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "C:/x", "c:x", "a\\b", "javascript:alert(1)", "//host/x", "a\nb", "a\x1b"]
)
def test_a_path_that_leads_elsewhere_is_no_attachment(path: str) -> None:
    """A forged file names nothing outside of the project, and no address."""
    assert not is_plain(path)
    forged = {"test": "t", "outcome": "failed", "attachments": [{"name": "n", "path": path}, {"name": "n", "path": "out/a.png"}]}
    table = {"schema": DETAILS_SCHEMA, "session": "s1", "record": "", "failures": [forged]}
    (failure,) = decoded(msgspec.json.encode(table), "s1", "file").failures
    assert [one.path for one in failure.attachments] == ["out/a.png"]


def test_forged_texts_are_shown_with_escapes_and_within_bounds() -> None:
    """Control characters become escapes, times that cannot be go, and too much text is refused."""
    forged = {"test": "t", "outcome": "failed", "message": "a\x1b[2J\nb", "text": "one\n\ttwo\x07\u202e"}
    table: dict[str, Any] = {
        "schema": DETAILS_SCHEMA,
        "session": "s1",
        "record": "",
        "failures": [forged],
        "seconds": {"t": -1.0},
    }
    found = decoded(msgspec.json.encode(table), "s1", "file")
    assert (found.failures[0].message, found.failures[0].text) == (r"a\x1b[2J\nb", "one\n\ttwo\\x07\\u202e")
    assert found.seconds == {}
    for more in ([forged | {"text": "x" * 3 * MOST_A_SESSION}], [forged] * 60_000):
        with pytest.raises(EvidenceProblem, match="more text than any run writes"):
            decoded(msgspec.json.encode(table | {"failures": more}), "s1", "file")

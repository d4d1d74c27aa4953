"""Keep the output of failing tests while they run, within bounds, and never at the cost of the run.

Only reports of failures come here. Of each test the last attempt that failed is kept, with all its phases and sub-tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from pytest_handoff.composition.terminal import Line
from pytest_handoff.details import DETAILS_SCHEMA, MOST_A_SESSION, MOST_A_TEST, NO_ROOM, Details, Failure, Phase, Section
from pytest_handoff.figures import counted
from pytest_handoff.markup import one_line
from pytest_handoff.recording.collection import first_line, key_of, told_by, told_by_doctest
from pytest_handoff.recording.measuring import seconds_of_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.run import Run


Report = pytest.TestReport | pytest.CollectReport

_LEAST = 512
"""With less room than this, the text of a failure is left out."""
_SENTENCE = 60
"""Bytes for the sentence that replaces what is left out."""
_PART = 16
"""A failure gets at most this fraction (one part of so many) of the remaining room, so that later failures get some too."""
_LONGEST_MESSAGE, _LONGEST_TITLE, _LONGEST_NAME = 300, 100, 1_000
_MOST_TEXTS, _MOST_SECTIONS, _MOST_NAMES = 20, 20, 50
_ENDED = ("rerun", "retried")
"""Outcomes of an attempt that another one follows: pytest-rerunfailures and pytest-retry."""
_STYLED = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))"
"""A terminal's codes for colours and links."""
_FUNCTION = r"(?:@|def |async def |class )"
_PHASES: dict[str | None, Phase] = {"setup": "setup", "teardown": "teardown"}


class _Heard(msgspec.Struct):
    """Hold what one attempt of a test said.

    Attributes:
        named: the values that may name files it left.
        lost, lost_below: how many characters of the texts, and of the sections, are left out.
        without: whether there was no room left for any text.
        more: how many more phases or sub-tests failed than there are texts.
    """

    when: Phase
    message: str
    texts: list[str] = []
    sections: list[Section] = []
    named: list[tuple[str, str]] = []
    lost: int = 0
    lost_below: int = 0
    without: bool = False
    more: int = 0
    size: int = 0

    def failure(self, test: str) -> Failure:
        return Failure(
            test=test,
            outcome="failed" if self.when == "call" else "error",
            when=self.when,
            message=self.message,
            text="\n\n".join(self.texts),
            sections=self.sections,
            left_out=self._left_out(),
        )

    def _left_out(self) -> str | None:
        if self.without:
            return NO_ROOM
        lost = self.lost + self.lost_below
        told = [f"{lost:,} characters left out: the limit is {MOST_A_TEST // 1024} KiB per test"] if lost else []
        told += [f"{counted(self.more, 'more failure')} of its sub-tests left out"] if self.more else []
        return "; ".join(told) or None


class FailureTexts:
    """The texts of the failures of a run; an exception in here costs the text, never the run.

    Args:
        clean: takes the places of this machine out of a text.
        keep: is called with each failure as it happens, and again when more is known of it.

    Attributes:
        trouble: what went wrong in here, if anything did.
        dropped: how often there was no room left for a failure.
    """

    def __init__(self, clean: Callable[[str], str] = str, keep: Callable[[Failure], None] | None = None) -> None:
        self._clean, self._keep = clean, keep
        self._heard: dict[str, _Heard] = {}
        self._ended: set[str] = set()
        self._left = MOST_A_SESSION
        self.dropped = 0
        self.trouble: str | None = None

    def take(self, report: Report) -> None:
        """Keep what the report of a failure says."""
        try:
            self._take(report)
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"

    def failures(self) -> list[tuple[Failure, list[tuple[str, str]]]]:
        """Return each failure, under pytest's id, with what may name files that its test left."""
        return [(heard.failure(nodeid), heard.named) for nodeid, heard in self._heard.items()]

    def _take(self, report: Report) -> None:
        nodeid = report.nodeid.partition("::")[0] if isinstance(report, pytest.CollectReport) else report.nodeid
        if nodeid in self._ended:
            self._ended.discard(nodeid)
            self._forget(nodeid)
        if report.outcome in _ENDED:
            self._ended.add(nodeid)
        heard = self._forget(nodeid) or _Heard(when=_phase(report), message=self._message(report))
        room = min(MOST_A_TEST, self._left // _PART)
        heard.named += _named(report)[: _MOST_NAMES - len(heard.named)]
        if room >= _LEAST:
            self._add(heard, report, room)
        elif not heard.texts:
            heard.without = True
        heard.size = heard.failure(nodeid).size
        self._left -= heard.size
        if self._left < 0:
            self._left += heard.size
            self.dropped += 1
            return
        self._heard[nodeid] = heard
        if self._keep is not None:
            self._keep(heard.failure(nodeid))

    def _add(self, heard: _Heard, report: Report, room: int) -> None:
        """Add the texts of a report, all of them together within so many bytes."""
        if len(heard.texts) >= _MOST_TEXTS:
            heard.more += 1
            return
        texts = [(text, 0) for text in heard.texts]
        text, lost = self._plain(_indented(told_by(report)), room)
        texts.append((_encodable(_headed(heard, report)) + text, lost))
        sections = [(str(title), str(body)) for title, body in report.sections if str(body).strip()]
        below = [(section.title, section.text, 0) for section in heard.sections]
        if sections:  # a later phase repeats what the earlier ones captured
            below = [(_title(title), *self._plain(body, room)) for title, body in sections[-_MOST_SECTIONS:]]
            heard.lost_below = sum(len(body) for _, body in sections[:-_MOST_SECTIONS])
        left = room - _length(heard.message) - sum(_length(title) for title, _, _ in below)
        whole = [*texts, *((body, lost) for _, body, lost in below)]
        shares = _shares([_length(text) for text, _ in whole], left)
        cut = [_cut(text, share, lost) for (text, lost), share in zip(whole, shares, strict=True)]
        heard.texts = [text for text, _ in cut[: len(texts)]]
        heard.lost += sum(lost for _, lost in cut[: len(texts)])
        heard.lost_below += sum(lost for _, lost in cut[len(texts) :])
        bodies = [text for text, _ in cut[len(texts) :]]
        heard.sections = [Section(title=title, text=body) for (title, _, _), body in zip(below, bodies, strict=True) if body]

    def _plain(self, text: str, room: int) -> tuple[str, int]:
        """Remove terminal styles and this machine's paths from a text; keep the ends of a very long one, and count the loss."""
        lost = max(len(text) - 4 * room, 0)
        ends = text[: 2 * room] + text[-2 * room :] if lost else text
        return _encodable(self._clean(re.sub(_STYLED, "", ends))), lost

    def _message(self, report: Report) -> str:
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None:
            where, error = f"{crash.path}:{crash.lineno}", next(iter(str(crash.message).splitlines()), "")
        elif (doctest := told_by_doctest(told_by(report))) is not None:
            where, error = doctest
        else:
            return _encodable(first_line(told_by(report), self._clean))
        return _encodable(self._clean(one_line(f"{where}: {error}"))[:_LONGEST_MESSAGE])

    def _forget(self, nodeid: str) -> _Heard | None:
        heard = self._heard.pop(nodeid, None)
        self._left += heard.size if heard is not None else 0
        return heard


def details_of_run(plan: RunPlan, texts: FailureTexts, run: Run) -> Details:
    """Gather how long the tests of a run took, and what those that failed said and left."""
    heard = texts.failures()
    found: list[Failure] = []
    if heard:
        from pytest_handoff.recording.attachments import LeftFiles

        named = plan.option("artifacts")
        files = LeftFiles(plan.config, plan.project, plan.config.invocation_params.dir / named if named else None)
        for failure, values in heard:
            test = key_of(failure.test, plan.prefix, run.collected)
            found.append(replace(failure, test=test, attachments=files.of(failure.test, test, values)))
    return Details(
        schema=DETAILS_SCHEMA,
        session=plan.start.session,
        record="",
        seconds=seconds_of_tests(plan.config, plan.prefix, run.collected),
        failures=found,
    )


def untold(trouble: str) -> Line:
    """Say that durations or failure texts are not kept, or not all of them."""
    return Line(f"{'beside':<11}could not save all durations and failure texts: {trouble}", {"yellow": True})


def _phase(report: Report) -> Phase:
    return "collect" if isinstance(report, pytest.CollectReport) else _PHASES.get(report.when, "call")


def _indented(text: str) -> str:
    """Restore the indentation of the first line: pytest strips it, and a function would not line up with its body."""
    return f"    {text}" if re.match(_FUNCTION, text) else text


def _headed(heard: _Heard, report: Report) -> str:
    """Say what a text is about, unless it is about the test's call."""
    context = getattr(report, "context", None)
    if context is not None:
        values = [f"{name}={value}" for name, value in (getattr(context, "kwargs", None) or {}).items()]
        told = one_line(" ".join([str(getattr(context, "msg", None) or ""), *values]).strip())
        return f"Sub-test {told}:\n" if told else "Sub-test:\n"
    if isinstance(report, pytest.CollectReport):
        inside = one_line(report.nodeid.partition("::")[2])
        return f"In {inside}:\n" if inside else ""
    return f"At {_phase(report)}:\n" if heard.texts and _phase(report) != "call" else ""


def _named(report: Report) -> list[tuple[str, str]]:
    """List the values of ``record_property`` and of pytest-html's extras, which may name files."""
    found: list[tuple[str, object]] = [(str(name), value) for name, value in getattr(report, "user_properties", ())]
    extras = getattr(report, "extras", None) or getattr(report, "extra", None) or ()
    found += [(str(extra.get("name")), extra.get("content")) for extra in extras if isinstance(extra, dict)]
    return [(name[:_LONGEST_TITLE], str(value)) for name, value in found if 0 < len(str(value)) <= _LONGEST_NAME]


def _title(title: str) -> str:
    return _encodable(one_line(title)[:_LONGEST_TITLE])


def _encodable(text: str) -> str:
    return text if text.isascii() else _bytes(text).decode("utf-8")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(_bytes(text))


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """Share out the room: a short text takes what it needs, and the others get equal shares of the rest."""
    shares = [0] * len(sizes)
    for done, at in enumerate(sorted(range(len(sizes)), key=sizes.__getitem__)):
        shares[at] = min(sizes[at], max(room, 0) // (len(sizes) - done))
        room -= shares[at]
    return shares


def _cut(text: str, room: int, lost: int = 0) -> tuple[str, int]:
    """Cut the middle out of a text that has more bytes than this, or that has lost characters already; return how many in all.

    The end gets more room than the beginning: there the error stands, and what was printed last.
    """
    if not lost and _length(text) <= room:
        return text, 0
    within = max(room - _SENTENCE, 0)
    if not within:
        return "", lost + len(text)
    head = _bytes(text[:within])[: within // 3].decode("utf-8", "ignore")
    tail = _bytes(text[-within:])[within // 3 - within :].decode("utf-8", "ignore")
    lost += len(text) - len(head) - len(tail)
    return f"{head}\n[{lost:,} characters left out here]\n{tail}", lost

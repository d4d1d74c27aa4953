"""What a run's coverage measurement says, as data: statements, what ran, and which kind of test ran it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

import msgspec

_PREFIX = "handoff"
_UNKNOWN = "handoff-unknown"
_XFAIL = "xfail"


class RunBy(msgspec.Struct, frozen=True):
    """Which kind of test ran a line.

    Attributes:
        session: the session the run belonged to; ``None`` where the data cannot hold another session's.
        tier: the test's tier, such as ``unit``.
        age: ``new`` (first recorded in that session) or ``old``.
        counts: whether a pass of such a test is a pass; ``False`` for tests marked xfail.
    """

    session: str | None
    tier: str
    age: str
    counts: bool = True


class MeasuredFile(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage of one file. Statements are named by the number of their first line, as coverage.py names them.

    Attributes:
        path: relative to the root of the measurement, with ``/``.
        statements: all statements, without excluded ones.
        excluded: lines that coverage.py was told to leave out.
        marked: gives those of the excluded lines that a comment in the file itself leaves out, ``pragma: no cover``; it is
            asked of few files, since the file must be parsed once more for it.
        missing: statements that nothing ran.
        executed: gives what each kind of test ran; it is asked of files with new code alone.
        first_line: for each continuation line, the first line of its statement; other lines are not in it.
        headers: for each ``def``, ``class`` and decorator that runs at import, the statements of its body.
        import_time: the other statements that run at import, in class bodies too.
        num_branches, covered_branches: ``None`` where branches are not measured.
        percent: coverage.py's own, with branches where they are measured.
    """

    path: str
    statements: frozenset[int]
    excluded: frozenset[int] = frozenset()
    marked: Callable[[], frozenset[int]] = frozenset
    missing: frozenset[int] = frozenset()
    executed: Callable[[], Mapping[RunBy, frozenset[int]]] = dict
    first_line: Mapping[int, int] = {}
    headers: Mapping[int, frozenset[int]] = {}
    import_time: frozenset[int] = frozenset()
    num_branches: int | None = None
    covered_branches: int | None = None
    percent: float


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Coverage of the code under test.

    Attributes:
        percent: coverage.py's total over ``files``, unrounded, 0 to 100.
        branch_percent: of branches alone; ``None`` where they are not measured.
        why_no_classes: why it is not known which kind of test ran what; ``None`` where it is known.
        untidy: why the data are not those of a whole run, one sentence each; a run with any is incomplete.
        notes: what a reader must know beside the figures, one sentence each.
    """

    files: Mapping[str, MeasuredFile]
    percent: float
    branch_percent: float | None
    why_no_classes: str | None = None
    untidy: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def classes_known(self) -> bool:
        """Whether ``executed`` of the files can be believed."""
        return self.why_no_classes is None


class NotMeasured(msgspec.Struct, frozen=True):
    """There is no coverage to speak of, and why."""

    why: str


def context_name(session: str, tier: str, age: str, *, xfail: bool = False) -> str:
    """The name of coverage.py's dynamic context for one kind of test: ``handoff:session-3:unit:new``.

    It holds the session, because data of several sessions can meet in one file (``--cov-append``). Colons and bars within the
    parts are percent-encoded: coverage.py joins a static context to the name with a bar.
    """
    parts = [_PREFIX, *(quote(part, safe=" ") for part in (session, tier, age))]
    return ":".join([*parts, _XFAIL] if xfail else parts)


def unknown_context(why: str) -> str:
    """The name of a context that says, in the data themselves, why kinds of tests are not kept apart there."""
    return f"{_UNKNOWN}:{quote(why, safe=' ')}"


def parse_unknown(name: str) -> str | None:
    """The reason that :func:`unknown_context` wrote; ``None`` for any other context."""
    prefix, _, why = name.rpartition("|")[2].partition(":")
    return unquote(why) if prefix == _UNKNOWN else None


def parse_context(name: str) -> RunBy | None:
    """The kind of test that :func:`context_name` named, also behind a static context; ``None`` for any other context."""
    prefix, *parts = name.rpartition("|")[2].split(":")
    xfail = len(parts) == 4 and parts[3] == _XFAIL
    if prefix != _PREFIX or not (len(parts) == 3 or xfail):
        return None
    session, tier, age = (unquote(part) for part in parts[:3])
    return RunBy(session, tier, age, counts=not xfail)

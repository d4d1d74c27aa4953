"""Keep contexts apart in the processes that a test starts, and on coverage.py's sysmon core.

That core, the default from Python 3.14 on, sees each line only once, whatever context follows, and with branches it joins each
line that it sees to the one that it saw before in that function. So after a switch it must see all lines again, and must not
join lines of two contexts.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

from pytest_handoff.coverage.not_public import (
    Changed,
    context_of,
    lines_before,
    uses_sysmon,
    was_stopped,
)
from pytest_handoff.coverage.not_public_children import hook_children, serialized, with_plugin
from pytest_handoff.evidence.measurement import unknown_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import coverage


UNKNOWN_CORE = "the sysmon core of this release of coverage.py cannot tell kinds of tests apart in branches"
UNTOLD = "this release of coverage.py or Python cannot tell a process which kind of test started it"


def broken() -> tuple[type[Exception], ...]:
    """Return the errors of coverage.py and the system if a test has removed data, or no disk takes them."""
    import sqlite3

    from coverage.exceptions import CoverageException

    return CoverageException, sqlite3.Error, OSError


def keeps_apart(cov: coverage.Coverage) -> bool:
    """Check whether :func:`switch_context` can keep two contexts apart: lines always, and branches if we know the core."""
    return not cov.get_option("run:branch") or lines_before(cov) is not None


def switch_context(cov: coverage.Coverage, name: str) -> None:
    """Record under another context what runs from now on."""
    with warnings.catch_warnings():
        # coverage.py warns that contexts are incomplete on this core; beginning anew makes them complete.
        warnings.filterwarnings("ignore", message="Dynamic contexts aren't supported", category=Warning)
        cov.switch_context(name)
    begin_anew(cov)


def who_else_switched(cov: coverage.Coverage, is_ours: Callable[[str], bool]) -> str | None:
    """Say that this process's data have contexts that are not ours, so that nobody knows which tests ran some lines."""
    known = {"", cov.get_option("run:context") or ""}
    found = {*cov.get_data().measured_contexts(), context_of(cov) or ""}
    others = sorted(name for name in found if name not in known and not is_ours(name))
    return f"something else switched coverage.py to the context {others[0]!r} during the run" if others else None


def note_unknown(cov: coverage.Coverage, why: str | None) -> None:
    """Note in this process's data why nobody knows which kind of test ran some of the lines."""
    data: Any = cov.get_data() if why is not None else None
    if why is not None and data:
        data.set_context(unknown_context(why))
        add = data.add_arcs if data.has_arcs() else data.add_lines
        add({next(iter(data.measured_files())): []})


def begin_anew(cov: coverage.Coverage) -> None:
    """Make coverage.py see every line again, and no arc start at a line it saw before.

    If a generator that an earlier context began goes on, the line on which it waited stays with that context.
    """
    for info in lines_before(cov) or ():
        info.last_line = None
    sys.monitoring.restart_events()  # type: ignore[attr-defined, unused-ignore]


_BY_CONFIGURATION = frozenset({"subprocess", "fork", "execv"})
"""The patches of coverage.py that start measuring a child with its parent's configuration."""


class _Told:
    """The context that :mod:`multiprocessing` processes get when they start; forked ones inherit it."""

    context: str | None = None
    hooked = False


class Children:
    """The child processes of a measured process.

    Attributes:
        untold: why it is not known which kind of test started some of them, if it is not.
    """

    def __init__(self) -> None:
        self.untold: str | None = None
        self._static: str | None = None
        self._before = _Told.context

    def tell(self, cov: coverage.Coverage, context: str) -> None:
        """Let child processes that start from now on record their lines under a context, after the user's static one."""
        try:
            self._tell(cov, context)
        except Changed:
            self.untold = UNTOLD

    def _tell(self, cov: coverage.Coverage, context: str) -> None:
        patches = _BY_CONFIGURATION.intersection(_listed(cov, "run:patch"))
        if patches:
            # This process has already read its static context: from now on only children read it from the configuration.
            if self._static is None:
                self._static = str(cov.get_option("run:context") or "")
            cov.set_option("run:context", f"{self._static}|{context}" if self._static else context)
        multiprocessing = "multiprocessing" in _listed(cov, "run:concurrency")
        if "subprocess" in patches:
            os.environ["COVERAGE_PROCESS_CONFIG"] = _told_in_turn(cov, context) if multiprocessing else serialized(cov)
        if patches or multiprocessing:
            _tell_multiprocessing(context)

    def forget(self) -> None:
        """Restore the context that processes got before."""
        _Told.context = self._before


def switch(cov: coverage.Coverage, context: str) -> None:
    """Record what this process runs from now on under a context, whichever core measures it."""
    if not uses_sysmon(cov):
        cov.switch_context(context)
    elif keeps_apart(cov):
        switch_context(cov, context)
    else:
        switch_context(cov, unknown_context(UNKNOWN_CORE))


def coverage_init(_registry: object, options: Mapping[str, str]) -> None:
    """Start as a coverage.py plugin in an interpreter that a test started, so that its own children are told the context."""
    _tell_multiprocessing(options["context"])


def _told_in_turn(cov: coverage.Coverage, context: str) -> str:
    """Serialize the configuration for child interpreters, with this module as a plugin."""
    with with_plugin(cov, __name__, {"context": context}):
        return serialized(cov)


class _Message:
    """A message to a new process, which reads it on unpickling, before it runs any code of the test."""

    def __init__(self, context: str) -> None:
        self._context = context

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return hear, (self._context,)


def hear(context: str) -> None:
    """Take up the context in a new process.

    A fork server outlives the test that first needed it, and the processes it forks must not inherit that test's context.
    """
    if "coverage" in sys.modules:
        _tell_multiprocessing(context)
        _switch_here()


def _tell_multiprocessing(context: str) -> None:
    _Told.context = context
    if not _Told.hooked:
        hook_children(lambda: {} if _Told.context is None else {"pytest_handoff": _Message(_Told.context)}, _switch_here)
        _Told.hooked = True


def _switch_here() -> None:
    cov = sys.modules["coverage"].Coverage.current()
    if _Told.context is not None and cov is not None and not was_stopped(cov):
        switch(cov, _Told.context)


def _listed(cov: coverage.Coverage, option: str) -> list[str]:
    value = cov.get_option(option)
    return [str(name) for name in value] if isinstance(value, list | tuple) else []

"""Keep contexts apart on coverage.py's sysmon core, the default from Python 3.14 on, which was not made for them.

It sees each line only once, whatever context follows, and with branches it joins each line that it sees to the one that it saw
before in that function. So after a switch it must see all lines again, and must not join lines of two contexts.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import coverage


UNKNOWN_CORE = "this release of coverage.py has a sysmon core whose branches cannot be told apart by kinds of tests"


def uses_sysmon(cov: coverage.Coverage) -> bool:
    """Check whether a measurement that has begun uses ``sys.monitoring``."""
    core: Any = getattr(cov, "_core", None)
    return core is not None and core.tracer_class.__name__ == "SysMonitor"


def keeps_apart(cov: coverage.Coverage) -> bool:
    """Check whether :func:`switch_context` can keep two contexts apart: lines always, and branches if we know the core."""
    return not cov.get_option("run:branch") or all(hasattr(tracer, "code_infos") for tracer in _tracers(cov))


def switch_context(cov: coverage.Coverage, name: str) -> None:
    """Record what runs from now on under another context."""
    with warnings.catch_warnings():
        # coverage.py warns that contexts are incomplete on this core; beginning anew makes them complete.
        warnings.filterwarnings("ignore", message="Dynamic contexts aren't supported", category=Warning)
        cov.switch_context(name)
    begin_anew(cov)


def begin_anew(cov: coverage.Coverage) -> None:
    """See every line again, and join none of them to a line seen before.

    If a generator that an earlier context began goes on, the line on which it waited stays with that context.
    """
    for tracer in _tracers(cov):
        for info in list(getattr(tracer, "code_infos", {}).values()):
            info.last_line = None
    sys.monitoring.restart_events()  # type: ignore[attr-defined, unused-ignore]


def _tracers(cov: coverage.Coverage) -> list[Any]:
    collector: Any = getattr(cov, "_collector", None)
    return list(collector.tracers)

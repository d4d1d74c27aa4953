"""Contexts on coverage.py's sysmon core, the usual one from Python 3.14 on, which was not made for them.

It hears of each line once, whichever context comes later, and with branches it joins each line that it hears to the one that it
heard before in that function. So after a switch it must hear of all lines again, and must not join two contexts' lines.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import coverage

UNKNOWN_CORE = "this release of coverage.py has a sysmon core whose branches cannot be told apart by kinds of tests"


def uses_sysmon(cov: coverage.Coverage) -> bool:
    """Whether a measurement that has begun goes by ``sys.monitoring``."""
    core: Any = getattr(cov, "_core", None)
    return core is not None and core.tracer_class.__name__ == "SysMonitor"


def keeps_apart(cov: coverage.Coverage) -> bool:
    """Whether :func:`switch_context` can keep two contexts apart: by lines always, with branches if we know the core."""
    return not cov.get_option("run:branch") or all(hasattr(tracer, "code_infos") for tracer in _tracers(cov))


def switch_context(cov: coverage.Coverage, name: str) -> None:
    """Let what runs from now on belong to another context."""
    with warnings.catch_warnings():
        # coverage.py warns that contexts are incomplete on this core; what follows makes them whole.
        warnings.filterwarnings("ignore", message="Dynamic contexts aren't supported", category=Warning)
        cov.switch_context(name)
    begin_anew(cov)


def begin_anew(cov: coverage.Coverage) -> None:
    """Hear of every line again, and join none of them to what was heard before.

    Where a generator goes on that an earlier context began, the line on which it waited stays with that context.
    """
    for tracer in _tracers(cov):
        for info in list(getattr(tracer, "code_infos", {}).values()):
            info.last_line = None
    sys.monitoring.restart_events()  # type: ignore[attr-defined, unused-ignore]


def _tracers(cov: coverage.Coverage) -> list[Any]:
    collector: Any = getattr(cov, "_collector", None)
    return list(collector.tracers)

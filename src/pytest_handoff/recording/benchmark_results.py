"""Turn the results of pytest-benchmark, if that plugin took part, into metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.record import Metric

if TYPE_CHECKING:
    from collections.abc import Collection

    import pytest


def benchmark_metrics(config: pytest.Config, prefix: str, tests: Collection[str]) -> list[tuple[str, Metric]]:
    """Give the mean time of each benchmark in seconds, with the id of its test; leave out those that ended in an error.

    The plugin has no hook that hands its results to other plugins; its own report reads them from ``config._benchmarksession``,
    in every release since 3.0. It measures nothing under xdist.

    Args:
        prefix: makes a node id relative to the git root.
        tests: the ids of the tests that passed; what others measured means nothing.
    """
    session = getattr(config, "_benchmarksession", None)
    return [
        (prefix + bench.fullname, Metric(name=bench.name, value=float(bench["mean"]), unit="s", better="lower"))
        for bench in getattr(session, "benchmarks", ())
        if bench and not bench.has_error and prefix + bench.fullname in tests
    ]

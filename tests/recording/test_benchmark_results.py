"""Results of pytest-benchmark as metrics."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import pytest_benchmark  # noqa: F401 - the plugin whose results these are

from pytest_handoff.record import Metric
from pytest_handoff.recording.measuring import benchmark_metrics


class Bench(dict[str, float]):
    """What the plugin keeps of one benchmark."""

    name, fullname, has_error = "test_sum", "tests/test_a.py::test_sum", False


class Broken(Bench):
    """One that ended in an error."""

    has_error = True


class Failed(Bench):
    """One whose test failed."""

    name, fullname = "test_max", "tests/test_a.py::test_max"


def test_means_are_metrics() -> None:
    """Each benchmark's mean is a metric of its test; an empty one, and one of a test that did not pass, are left out."""
    benchmarks = [Bench(mean=0.25), Bench(), Broken(mean=1.0), Failed(mean=1.0)]
    config = SimpleNamespace(_benchmarksession=SimpleNamespace(benchmarks=benchmarks))
    found = benchmark_metrics(config, "a/", {"a/tests/test_a.py::test_sum"})  # type: ignore[arg-type]  # it only looks for the one attribute
    assert found == [("a/tests/test_a.py::test_sum", Metric(name="test_sum", value=0.25, unit="s", better="lower"))]


@pytest.mark.parametrize("config", [SimpleNamespace(), SimpleNamespace(_benchmarksession=None)])
def test_without_the_plugin(config: SimpleNamespace) -> None:
    """Where the plugin is not there, or off, there is nothing."""
    assert benchmark_metrics(config, "", {"a.py::x"}) == []  # type: ignore[arg-type]  # as above

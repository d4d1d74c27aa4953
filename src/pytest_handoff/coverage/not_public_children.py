"""Tell processes that a test starts which kind of test it is, where coverage.py and multiprocessing have no public way to.

What a release has changed raises :class:`~pytest_handoff.coverage.not_public.Changed`: then it is unknown which test started a
process.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_handoff.coverage.not_public import as_it_was, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import coverage


def serialized(cov: coverage.Coverage) -> str:
    """Return the configuration as ``COVERAGE_PROCESS_CONFIG`` wants it."""
    with as_it_was():
        return checked(cov.config.serialize(), str)


@contextmanager
def with_plugin(cov: coverage.Coverage, name: str, options: dict[str, str]) -> Iterator[None]:
    """Add a plugin to the configuration for a while, without loading it here."""
    with as_it_was():
        plugins, of_plugins = [*cov.config.plugins], {**cov.config.plugin_options}
    cov.config.plugins, cov.config.plugin_options = [*plugins, name], {**of_plugins, name: options}
    try:
        yield
    finally:
        cov.config.plugins, cov.config.plugin_options = plugins, of_plugins


def hook_children(message: Callable[[], dict[str, Any]], begin: Callable[[], None]) -> None:
    """Send a message to each process that multiprocessing spawns, or that its server forks, and begin it once it is measured.

    For ``concurrency = multiprocessing`` coverage.py starts in a new process, and then calls what it replaced.
    """
    with as_it_was():
        from multiprocessing import spawn

        from coverage import multiproc

        prepared, bootstrap = spawn.get_preparation_data, multiproc.original_bootstrap
        if not all(map(callable, (prepared, bootstrap))):
            raise TypeError("a function of coverage.py or multiprocessing is not callable")

    def get_preparation_data(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return prepared(*args, **kwargs) | message()

    def original_bootstrap(*args: Any, **kwargs: Any) -> Any:
        begin()
        return bootstrap(*args, **kwargs)

    spawn.get_preparation_data, multiproc.original_bootstrap = get_preparation_data, original_bootstrap

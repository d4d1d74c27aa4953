"""Make click's own usage errors safe to print."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from pytest_handoff.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


class SpeakingPlainly(click.Group):
    """A group of verbs with safe usage errors; arguments that click repeats may come from the name of a branch or a folder."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the options before the verb."""
        with _plainly():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the verb with its arguments, and run it."""
        with _plainly():
            return super().invoke(ctx)


@contextmanager
def _plainly() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if error.ctx is not None and error.message == error.ctx.get_help():
            raise
        raise click.UsageError(printable(error.format_message()), error.ctx) from error

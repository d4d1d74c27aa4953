"""Define the ``handoff`` command; each subcommand is imported only when it is used."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from pytest_handoff import __version__
from pytest_handoff.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

VERBS = {
    "agents": ("agents", "agents"),
    "attest": ("attest", "attest"),
    "combine": ("combine", "combine"),
    "comment": ("comment", "comment"),
    "explain": ("show", "explain"),
    "export": ("export", "export"),
    "fill": ("fill", "fill"),
    "gate": ("gate", "gate"),
    "history": ("history", "history"),
    "init": ("fill", "init"),
    "next": ("next_steps", "next_steps"),
    "prove": ("prove", "prove"),
    "prune": ("prune", "prune"),
    "report": ("report", "report"),
    "schema": ("schemas", "print_schema"),
    "show": ("show", "show"),
    "verify": ("gate", "verify"),
}
"""Each verb's module in this room, and its command there."""


def verb_named(name: str) -> click.Command:
    """Import one of the verbs."""
    module, function = VERBS[name]
    verb: click.Command = getattr(import_module(f"pytest_handoff.cli.{module}"), function)
    return verb


class SpeakingPlainly(click.Group):
    """A group of verbs with safe usage errors; arguments that click repeats may come from the name of a branch or a folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the verbs by name."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a verb, if it is one."""
        return verb_named(cmd_name) if cmd_name in VERBS else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or name the one that was probably meant."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the options before the verb."""
        with _plainly():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the verb with its arguments, and run it; one that was interrupted gives no answer, and click would say *no*."""
        try:
            with _plainly():
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            from pytest_handoff.cli.support import CANNOT_TELL
            from pytest_handoff.printing import say

            say("", err=True)
            say("handoff: interrupted", err=True)
            ctx.exit(CANNOT_TELL)


@contextmanager
def _plainly() -> Iterator[None]:
    """Make usage errors printable; click breaks lines only in the list of choices for a missing argument."""
    try:
        yield
    except click.UsageError as error:
        if error.ctx is not None and error.message == error.ctx.get_help():
            raise
        message = error.format_message()
        one_line = " ".join(message.split()) if isinstance(error, click.MissingParameter) else message
        raise click.UsageError(printable(one_line), error.ctx) from error


@click.group(cls=SpeakingPlainly, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="handoff")
@click.option("--handoff-dir", metavar="DIR", help="Use this hand-off folder instead of the configured one.")
@click.pass_context
def main(context: click.Context, handoff_dir: str | None) -> None:
    """Hand-off documents filled with evidence from pytest runs.

    Exit codes: 0 good; 1 the answer is no (a gate fails, a document differs, evidence is stale); 2 it cannot tell.
    """
    context.obj = handoff_dir

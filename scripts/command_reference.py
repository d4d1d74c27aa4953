"""Write the reference of the command in docs/commands.md from the command itself; ``--check`` only compares."""
# ruff: noqa: T201 - a script prints

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import click

from pytest_handoff.cli.handoff import VERBS, verb_named

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "commands.md"
_REFERENCE = re.compile(r"(?<=<!-- commands: begin -->\n).*(?=<!-- commands: end -->)", re.DOTALL)


def main(*, check: bool) -> int:
    """Exit with 1 when ``check`` finds that the page differs."""
    page = PAGE.read_text("utf-8")
    wanted = _REFERENCE.sub(lambda _: reference(), page)
    if wanted == page:
        return 0
    if check:
        print(f"{PAGE.relative_to(CHECKOUT)}: the reference is not up to date; run python scripts/command_reference.py")
        return 1
    PAGE.write_text(wanted, "utf-8")
    return 0


def reference() -> str:
    """A section for each verb, by name."""
    return "".join(_section(name, verb_named(name)) for name in sorted(VERBS))


def _section(name: str, verb: click.Command) -> str:
    context = click.Context(verb, info_name=f"handoff {name}", parent=None)
    usage = " ".join([f"handoff {name}", *verb.collect_usage_pieces(context)]).replace("[OPTIONS]", "[OPTION]…")
    told = inspect.cleandoc(verb.help or "")
    rows = "".join(_row(option) for option in verb.params if isinstance(option, click.Option))
    table = f"\n| option | meaning |\n|---|---|\n{rows}" if rows else ""
    return f"\n### handoff {name}\n\n```\n{usage}\n```\n\n{told}\n{table}"


def _row(option: click.Option) -> str:
    value = "" if option.is_flag else f"={option.metavar or '|'.join(getattr(option.type, 'choices', ['TEXT']))}"
    names = ", ".join(f"`{name}{value if name.startswith('--') else ''}`" for name in option.opts)
    return f"| {names} | {option.help} |\n"


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))

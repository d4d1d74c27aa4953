"""Print all output of the command, and make its text safe to print."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from errno import EPIPE
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_handoff.markup import shows_everything, spelled
from pytest_handoff.printable import LONGEST, printable, printable_json, printable_pieces
from pytest_handoff.text_lines import raw_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TextIO

    from rich.console import Console

    from pytest_handoff.errors import HandoffError


Item = TypeVar("Item")

_FEW = 20
"""So few items are done before anyone could read a progress bar."""


def say(line: str, *, err: bool = False, whole: bool = False) -> None:
    """Print one line; show a line end within it as an escape.

    Args:
        err: print on standard error.
        whole: print a line of a document in full length, with its tabs as spaces.
    """
    stream = sys.stderr if err else sys.stdout
    text = spelled(line.expandtabs(4) if whole else line, stream)
    put_line(stream, printable(text, None if whole else LONGEST))


def say_text(text: str, *, err: bool = False) -> None:
    """Print text of several lines from another source, line by line."""
    for line in raw_lines(text):
        say(line, err=err, whole=True)


def say_error(error: HandoffError) -> None:
    """Print an error, with a path below the working directory as the user would write it, and below it its details."""
    here = f"{Path.cwd()}/" if error.path else ""
    say(f"handoff: {str(error).removeprefix(here)}", err=True)
    for detail in error.details:
        say(f"  {detail}", err=True)


def say_json(table: object) -> None:
    """Print a table as JSON."""
    say_json_text(json.dumps(table, indent=1, ensure_ascii=not shows_everything(sys.stdout)))


def say_json_text(text: str) -> None:
    """Print JSON text, made safe to print without a change of meaning."""
    put_line(sys.stdout, printable_json(text).removesuffix("\n"))


def say_parts(lines: Iterable[Iterable[tuple[str, str]]]) -> None:
    """Print lines made of pieces, each a text and a rich style."""
    from rich.text import Text

    terminal = console()
    for line in lines:
        parts = list(line)
        texts = printable_pieces([spelled(text, sys.stdout) for text, _ in parts])
        terminal.print(Text.assemble(*zip(texts, (style for _, style in parts), strict=True)))


def console() -> Console:
    """Make a rich console on standard output, plain if that is not a terminal."""
    from rich.console import Console

    class OurConsole(Console):
        """A console that leaves it to the command what a reader who goes away means; rich exits with 1, which says "no"."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(EPIPE, "the reader of the output went away")

    columns, rows = _size()
    return OurConsole(highlight=False, soft_wrap=True, emoji=False, markup=False, width=columns, height=rows)


def _size() -> tuple[int | None, int | None]:
    """Return the size of a terminal without features, which rich does not ask for it: 80 columns are not always there."""
    if os.environ.get("TERM", "").lower() not in ("dumb", "unknown") or not sys.stdout.isatty():
        return None, None
    import shutil

    return shutil.get_terminal_size()


def progress(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """Iterate over the items with a progress bar on standard error; without one for few items, or if that is not a terminal."""
    from rich.console import Console
    from rich.progress import track

    terminal = Console(stderr=True)
    shown = terminal.is_terminal and len(items) > _FEW
    return track(items, doing, console=terminal, transient=True) if shown else items


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Show progress bars on standard error, if that is a terminal.

    What is yielded takes the name of a bar, which is ours and safe to print, how many are done, and of how many.
    """
    from rich.console import Console
    from rich.progress import Progress, TaskID

    terminal = Console(stderr=True)
    if not terminal.is_terminal:
        yield lambda _name, _done, _total: None
        return
    tasks: dict[str, TaskID] = {}
    with Progress(console=terminal, transient=True) as shown:

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=None)
            shown.update(tasks[name], completed=done, total=total or None)

        yield tell


def agrees(question: str) -> bool:
    """Ask the person at the terminal; without a terminal, the answer is no."""
    import click

    return sys.stdin.isatty() and click.confirm(question)


def put_line(stream: TextIO, line: str) -> None:
    """Write one line that is already safe to print."""
    stream.write(f"{line}\n")
    stream.flush()

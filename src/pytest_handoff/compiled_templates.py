"""Keep compiled templates for later runs: compiling those of a document takes longer than everything else done to it.

They are kept in pytest's cache, and only pytest runs use them. ``handoff verify``, ``gate`` and ``fill`` compile the template's
text each time, so nothing in the cache can deceive them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import jinja2

from pytest_handoff import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2.bccache import Bucket


class CompiledTemplates(jinja2.FileSystemBytecodeCache):
    """Jinja's own cache, which reuses only what the same versions of this plugin, Python and Jinja made of the same text.

    If the folder cannot be read or written, the templates are compiled each time.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), f"%s-{__version__}-jinja-{jinja2.__version__}")
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a compiled template, if there is one."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)

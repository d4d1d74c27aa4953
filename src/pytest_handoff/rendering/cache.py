"""Keep compiled templates for later runs: compiling a document's templates takes longer than everything else.

They are in the user's own folder, where no repository can put any, and all of the user's projects share them. Only pytest uses
them: ``handoff verify``, ``gate`` and ``fill`` compile the template's text each time.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import jinja2

from pytest_handoff import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2.bccache import Bucket


_MOST, _KEPT = 400, 200
"""The most templates to keep, and how many of the newest stay if there are more; a template takes some 4 KiB."""


class CompiledTemplates(jinja2.FileSystemBytecodeCache):
    """Jinja's own cache, which reuses only what the same versions of this plugin, Python and Jinja compiled from the same text.

    If the folder cannot be read or written, the templates are compiled each time.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), f"%s-{__version__}-jinja-{jinja2.__version__}-{sys.implementation.cache_tag}")
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a compiled template, if there is one."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template; when there are too many, remove the oldest."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
            kept = list(self._folder.iterdir())
            if len(kept) > _MOST:
                for old in sorted(kept, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                    old.unlink(missing_ok=True)

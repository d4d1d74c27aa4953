"""Templates that were compiled by an earlier run: compiling those of one document takes longer than all else that is done to it.

They lie in pytest's cache and are used by runs of pytest alone. ``handoff verify``, ``gate`` and ``fill`` compile the template's
text each time, so what lies there can make nobody believe anything.
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
    """Jinja's own cache, which takes nothing but what came of the same text, with the same versions of Python and Jinja.

    A folder that cannot be read or written is no reason to stop: the templates are compiled then.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), f"%s-{__version__}-jinja-{jinja2.__version__}")
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what is there."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)

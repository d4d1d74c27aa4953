"""Read the beginning of a record, its session and the sessions it continues, without the rest of the file.

A project may have thousands of sessions, and of most of them nothing more is needed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.project.foreign_files import FLAGS
from pytest_handoff.record import RECORD_SCHEMA, Parent

if TYPE_CHECKING:
    from pathlib import Path


_LONGEST = 4096
"""Bytes to read; the head of a record with one parent has 200."""
_HEAD = re.compile(
    rb'\s*\{\s*"schema":\s*"%s",\s*"session":\s*"([^"\\]+)",\s*"previous":\s*(\[[^\[\]\\]*\]),\s*"run":\s*\{'
    % re.escape(RECORD_SCHEMA.encode())
)
"""The first keys of a record as :mod:`pytest_handoff.project.store` writes them."""


def parents_at_head(path: Path | str, session: str) -> list[str] | None:
    """Name the sessions that a record continues, or return ``None`` where its beginning is not as we write it.

    Raises:
        OSError: when the file cannot be read.
    """
    file = os.open(path, FLAGS)
    try:
        head = _HEAD.match(os.read(file, _LONGEST))
    finally:
        os.close(file)
    if head is None or head[1] != session.encode("utf-8", "surrogateescape"):
        return None
    try:
        return [parent.session for parent in msgspec.json.decode(head[2], type=list[Parent])]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None

"""Cache, between runs, the facts that follow from a source's text alone; read only what this user's runs wrote."""

from __future__ import annotations

import marshal
import zlib
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from pytest_handoff.errors import WriteProblem
from pytest_handoff.project.artifacts import Artifact, write_all

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_handoff.project.user_folder import Sealed


_SEAL = 32
_FILES = 4
_FASTEST = 1


class ParseCache:
    """A cache of facts by the text they follow from, in one file for each maker.

    A missing or damaged file, or somebody else's, is an empty cache: only time is lost. Another text, or another maker, has
    another key, so its facts cannot be taken for those of this text.

    Args:
        folder: where the file is kept, and what it is sealed with; with ``None``, nothing is kept for the next run.
        maker: everything besides the text that the facts depend on: versions, settings. Its ``repr`` must tell makers apart.
    """

    def __init__(self, folder: Sealed | None, maker: object) -> None:
        self._name = f"parsed-{blake2b(repr(maker).encode(), digest_size=8).hexdigest()}"
        self._folder = folder
        self._found = _load(folder, self._name) if folder else {}
        self._used: dict[bytes, bytes] = {}

    def get(self, text: str) -> object | None:
        """Return the facts of a text, or ``None`` if they are not known."""
        key = _key(text)
        kept = self._used.get(key) or self._found.get(key)
        if kept is None:
            return None
        self._used[key] = kept
        facts: object = marshal.loads(zlib.decompress(kept))  # noqa: S302 # out of a file that bears this user's seal
        return facts

    def put(self, text: str, facts: tuple[Any, ...]) -> None:
        """Remember facts that are plain data: tuples, lists, dictionaries, sets, numbers, text. Others are not kept."""
        try:
            self._used[_key(text)] = zlib.compress(marshal.dumps(facts), _FASTEST)
        except ValueError:  # not plain data: another coverage.py's parser may hold more than today's, and then parses each time
            self._used.pop(_key(text), None)

    def save(self) -> None:
        """Write what this run used, if anything is new, and remove the oldest files of other makers."""
        if self._folder is None or self._used.items() <= self._found.items():
            return
        payload = marshal.dumps(self._used)
        try:
            path = self._folder.path / self._name
            write_all([Artifact(path=path, content=self._folder.seal(self._name, payload) + payload)])
            for old in _by_age(self._folder.path)[_FILES:]:
                old.unlink(missing_ok=True)
        except (WriteProblem, OSError):  # the folder cannot be written: the next run parses again, with the same result
            return


def _load(folder: Sealed, name: str) -> dict[bytes, bytes]:
    try:
        content = (folder.path / name).read_bytes()
    except OSError:
        return {}
    payload = content[_SEAL:]
    if not compare_digest(content[:_SEAL], folder.seal(name, payload)):
        return {}
    found: dict[bytes, bytes] = marshal.loads(payload)  # noqa: S302 # it bears this user's seal
    return found


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _by_age(folder: Path) -> list[Path]:
    """List the cache files of a folder, the newest first."""
    return sorted(folder.glob("parsed-*"), key=lambda path: path.stat().st_mtime, reverse=True)

"""Choose the session if the user names none: the newest one."""

from __future__ import annotations

import glob
import re
from typing import TYPE_CHECKING, NamedTuple

from pytest_handoff.config import is_session_name
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.figures import listed
from pytest_handoff.project.foreign_files import TEXT, read_if_there

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project


_NUMBERED = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)
_OURS = b"<!-- handoff:begin "
"""What every document made by handoff init contains, and no document from before the project had this plugin."""


class Newest(NamedTuple):
    """A session, and why it is the newest, in a few words."""

    session: str
    why: str


def newest_session(project: Project) -> Newest:
    """Choose the one session whose document waits for its first run, else the newest record.

    A document without a record is newer when its name continues the count of the newest record (``session-4`` after
    ``session-3``), or has another name and our markers in it. Others were there before the project had this plugin.

    Raises:
        UsageProblem: when several documents are newer.
        EvidenceProblem: when nothing is recorded and no document waits, or the records cannot be read or form a circle.
    """
    chain = project.chain
    tips = chain.tips() if chain.links else []
    if chain.links and not tips:
        circle = "the sessions continue each other in a circle; restore their records"
        raise EvidenceProblem(circle, path=project.shown(project.evidence))
    waiting = [name for name in _without_record(project) if _is_newer(project, name, tips[-1] if tips else None)]
    if len(waiting) > 1:
        raise UsageProblem(f"which SESSION? {listed(waiting)} have a document but no record; name one of them")
    if waiting:
        return Newest(waiting[0], "its document is newer than every record" if tips else "its document has no run yet")
    if not tips:
        folder = project.shown(project.handoffs)
        raise EvidenceProblem("no session is recorded yet; start with pytest --handoff=session-1", path=folder)
    return Newest(tips[-1], "the newest")


def _without_record(project: Project) -> list[str]:
    """Name the sessions that have a document but no record, sorted."""
    parts = project.config.document_path("\0").split("\0")
    if len(parts) < 2:
        return []
    pattern = re.compile(re.escape(parts[0]) + r"([^/]+)" + r"\1".join(map(re.escape, parts[1:])))
    found = glob.glob("*".join(map(glob.escape, parts)), root_dir=project.folder)  # noqa: PTH207 - Path.glob follows other rules
    names = {match[1] for path in found if (match := pattern.fullmatch(path.replace("\\", "/")))}
    return sorted(name for name in names if is_session_name(name) and not project.store.has(name))


def _is_newer(project: Project, name: str, newest: str | None) -> bool:
    mine, theirs = _NUMBERED.fullmatch(name), _NUMBERED.fullmatch(newest or "")
    if mine and (newest is None or (theirs and mine[1] == theirs[1])):
        return theirs is None or int(mine[2]) > int(theirs[2])
    try:
        return _OURS in (read_if_there(project.document(name), project.within, TEXT) or b"")
    except OSError:
        return False

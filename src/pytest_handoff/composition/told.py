"""Word the values that are not figures: the commit, the branch, the state of git, the date, the names of failing tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_handoff.composition.wording import failures
from pytest_handoff.document.scopes import FRONT_MATTER, PATH, SINCE
from pytest_handoff.figures import listed
from pytest_handoff.markup import code_in_text, escape, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_handoff.document.places import Place
    from pytest_handoff.evidence.facts import Facts

_CONFIGURATION = (".toml", ".json", ".yaml", ".yml", ".ini", ".cfg")
_YES_OR_NO = r"(?i)\W*(?:yes|no|y|n)(?:\W+(?:yes|no|y|n))?\W*"
_OTHER_ORDER = r"(?i)(?<!y[./-])\b(?:dd|mm)[./-](?!dd\W*$)|\bmm/dd"
"""Prompts for a date that does not begin with the year."""


def told(facts: Facts, place: Place, scopes: tuple[str, ...]) -> str | None:
    """Word what a place asks for, escaped as Markdown; in front matter, leave it as it is if YAML allows that."""
    if place.quantity in ("failing_names", "change"):
        return _failing_names(facts, scopes) if place.quantity == "failing_names" else _change_of(facts, scopes[0])
    if place.quantity == "duration" and scopes != ("",):
        return None
    word = _WORDS[place.quantity](facts, place.form)
    if word is None or (place.quantity == "date" and re.search(_OTHER_ORDER, place.text)):
        return None
    if place.quantity == "git_status" and re.fullmatch(_YES_OR_NO, place.text):
        return "no" if word == "clean" else "yes"
    if place.id.startswith(FRONT_MATTER):
        from pytest_handoff.document.front_matter import is_plain_yaml

        return word if is_plain_yaml(word) else None
    return word if place.quantity in _MARKED_UP else escape(word)


def _failing_names(facts: Facts, scopes: tuple[str, ...]) -> str | None:
    """List the tests that fail or are lost, of all or of one kind."""
    if len(scopes) != 1 or scopes[0].startswith((PATH, SINCE)):
        return None
    return failures(facts, scopes[0] or None)


def _change_of(facts: Facts, scope: str) -> str | None:
    """Say what the session did to a file."""
    changes, path = facts.record.changes, scope.removeprefix(PATH)
    if changes is None or facts.is_first or not scope.startswith(PATH):
        return None
    known = {"created": changes.created, "modified": changes.modified, "removed": changes.removed}
    return next((word for word, paths in known.items() if path in paths), None)


def _duration(facts: Facts, form: str) -> str | None:
    seconds = facts.record.run.duration_s
    if not seconds or not facts.record.run.complete:
        return None
    return f"{seconds:.2f}" if form == "count" else f"{seconds:.2f} s"


def _commit(facts: Facts, _form: str) -> str | None:
    commit = facts.record.source.commit
    return None if commit is None else commit[:7] + (" with uncommitted changes" if facts.record.source.dirty else "")


def _config_files(facts: Facts, _form: str) -> str | None:
    """List the configuration files that the session made or changed."""
    changes = facts.record.changes
    if changes is None or facts.is_first:
        return None
    files = sorted(path for path in (*changes.created, *changes.modified) if path.endswith(_CONFIGURATION))
    return listed([one_line(path) for path in files], most=6) or "none"


def _is_clean(facts: Facts, form: str) -> str | None:
    status = _git_status(facts, form)
    return status if status is None else "yes" if status == "clean" else f"no: {status}"


def _git_status(facts: Facts, _form: str) -> str | None:
    source = facts.record.source
    if source.dirty is None:
        return None
    parts = [f"{len(paths)} {what}" for paths, what in ((source.modified, "modified"), (source.untracked, "untracked")) if paths]
    return ", ".join(parts) or ("uncommitted changes" if source.dirty else "clean")


def _files(kind: str) -> Callable[[Facts, str], str | None]:
    """Return a function that lists the files that the session made, changed or removed."""

    def files(facts: Facts, _form: str) -> str | None:
        changes = facts.record.changes
        if changes is None or facts.is_first:
            return None
        return listed([code_in_text(path) for path in sorted(getattr(changes, kind))], most=_MOST_FILES) or "none"

    return files


_MOST_FILES = 8
_MARKED_UP = ("created_files", "modified_files", "removed_files")
_WORDS: Mapping[str, Callable[[Facts, str], str | None]] = {
    "failing_names": lambda _facts, _form: None,
    "change": lambda _facts, _form: None,
    "created_files": _files("created"),
    "modified_files": _files("modified"),
    "removed_files": _files("removed"),
    "config_files": _config_files,
    "workspace": lambda facts, _form: f"{facts.record.document.rpartition('/')[0] or '.'}/",
    "duration": _duration,
    "commit": _commit,
    "branch": lambda facts, _form: facts.record.source.branch,
    "git_status": _git_status,
    "tree_clean": _is_clean,
    "agent": lambda facts, _form: facts.record.run.agent,
    "date": lambda facts, _form: facts.record.run.finished[:10],
    "python": lambda facts, _form: facts.record.run.python,
    "platform": lambda facts, _form: facts.record.run.platform,
}

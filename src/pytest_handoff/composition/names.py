"""List what a document may call the project's tests: by kind, file, folder, or the session that added them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_handoff.composition.counts import TIERS, numbered_sessions
from pytest_handoff.document.labels import keys_of
from pytest_handoff.document.scopes import PATH, SINCE, Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_handoff.evidence.facts import Facts


def names_of(facts: Facts, text: str) -> Names:
    """Return the names that the document uses, with the tests that each means."""
    scopes = kinds_of_tests(dict.fromkeys([*TIERS, *(kind.tier for kind, _ in facts.kinds)]))
    files = {*facts.kinds.files(lambda _kind: True), *(facts.record.coverage.files if facts.record.coverage else ())}
    if (changes := facts.record.changes) is not None:
        files |= {*changes.created, *changes.modified, *changes.removed}
    scopes |= _names_of_files(files, text) | _names_of_folders(files, text)
    for number, session in numbered_sessions(facts).items():
        scopes |= dict.fromkeys([f"session {number} tests", f"session {number}"], SINCE + session)
    own = re.fullmatch(r"([^\W\d_]*)[-_ ]?([0-9]{1,9})", facts.session) or re.search(r"()([0-9]{1,9})$", facts.session)
    filled = tuple(written.text for written in facts.record.places if " (" in written.text)
    return Names(scopes=scopes, number=int(own[2]) if own else None, series=own[1].casefold() if own else "", filled=filled)


def _names_of_files(files: Iterable[str], text: str) -> dict[str, str]:
    """Map a file's path and, where it is the only file of that name, the ends of its path."""
    words = set(re.findall(r"[\w.-]+", text))
    named = [path for path in sorted(files) if path.rpartition("/")[2] in words]
    times = Counter(path.rpartition("/")[2] for path in named)
    found: dict[str, str] = {}
    for path in named:
        base = path.rpartition("/")[2]
        shorter = [path[at + 1 :] for at, sign in enumerate(path) if sign == "/"] if times[base] == 1 else []
        names = [PATH + path, *keys_of(path), *(form for name in shorter for form in (PATH + name, *keys_of(name)))]
        found |= dict.fromkeys(names, PATH + path)
    return found


def _names_of_folders(files: Iterable[str], text: str) -> dict[str, str]:
    """Map the paths of folders, where they stand in the text with a slash in them or behind them."""
    words = {word.strip("`*()[]:,;|").rstrip("/") for word in text.split() if "/" in word}
    folders = {file[:at] for file in files for at, char in enumerate(file) if char == "/"} & words if words else set()
    found: dict[str, str] = {}
    for folder in sorted(folders):
        found |= dict.fromkeys([PATH + folder, *(keys_of(folder) if "/" in folder else ())], f"{PATH}{folder}/")
    return found


_CALLED = (
    "{}", "{} test", "{} tests", "{} test results", "{} test status", "{} test suite", "{} suite", "{} testing", "{} level",
    "{} layer", "{} tier", "{} test cases", "{} results", "{} tests result", "{} tests results",
)  # fmt: skip


def kinds_of_tests(tiers: Iterable[str]) -> dict[str, str]:
    """Map what documents call the tests of each kind to its name."""
    found: dict[str, str] = {}
    for tier in tiers:
        plain = " ".join(keys_of(tier) and sorted(keys_of(tier))[:1])
        for form in (plain, *(("end to end", "end to end") if tier == "e2e" else ())):
            found |= dict.fromkeys((name.format(form) for name in _CALLED), tier)
    return {name: tier for name, tier in found.items() if name}

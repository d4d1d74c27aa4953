"""Parse sources again to check what a session keeps of them, in a process of its own that is given so much time and no more.

The patterns come from the session, and a pattern may be made to be searched for ever. No line of the sources is run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

import coverage
from pytest_handoff.coverage.adding import closing_data
from pytest_handoff.coverage.not_public import Changed, reporter_of
from pytest_handoff.coverage.parsed_sources import PARTIAL, ParsedSources, kept_cache, parsed_by, parsed_sources
from pytest_handoff.coverage.public_analyses import UNREADABLE, layout_in
from pytest_handoff.record import Frozen, ParsedBy, StatementsLine

_LEAST, _A_BYTE = 60, 1e-4
"""Seconds that it may take at least, and for each byte of the sources: a hundred times what coverage.py's parser takes."""


class Sources(Frozen, frozen=True):
    """Sources to parse.

    Attributes:
        folder: the folder that ``paths`` are relative to.
        by: what parsed them before.
        project: the folder of the project, whose cache may know some of them.
    """

    folder: str
    paths: list[str]
    by: ParsedBy
    project: str


class CannotParse(Exception):
    """Says why the sources could not be parsed with these patterns."""


def parse_again(sources: Sources) -> dict[str, StatementsLine] | None:
    """Return what each source is that can be read; ``None`` where this Python or coverage.py is another one.

    Raises:
        CannotParse: the patterns are none, or take too long.
    """
    size = sum(Path(sources.folder, path).stat().st_size for path in sources.paths)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__],
            input=msgspec.json.encode(sources),
            capture_output=True,
            timeout=_LEAST + _A_BYTE * size,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotParse("its patterns take too long to match") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CannotParse(f"its patterns cannot be used: {said[:200]}")
    return msgspec.json.decode(done.stdout, type=dict[str, StatementsLine] | None)


def statements_in(sources: Sources) -> dict[str, StatementsLine] | None:
    """Parse the sources in this process, but for those that the cache of this user's runs holds."""
    cov = coverage.Coverage(data_file=None, config_file=False)
    with closing_data(cov.get_data()):  # which also gets it ready to read sources
        return _statements(cov, sources)


def _statements(cov: coverage.Coverage, sources: Sources) -> dict[str, StatementsLine] | None:
    for pattern in (*sources.by.exclude, *(sources.by.partial or ())):
        re.compile(pattern)  # some versions of coverage.py find out later, where it looks like a change of theirs
    cov.clear_exclude()
    for pattern in sources.by.exclude:
        cov.exclude(pattern)
    if sources.by.partial is not None:
        for option, patterns in zip(PARTIAL, (sources.by.partial, []), strict=True):
            cov.set_option(option, patterns)
    if parsed_by(cov, branches=sources.by.partial is not None) != sources.by:
        return None
    parsed = parsed_sources(cov, kept_cache(Path(sources.project)))
    found = {}
    for path in sources.paths:
        with suppress(*UNREADABLE):
            found[path] = _line(cov, parsed, sources, path)
    parsed.save()
    return found


def _line(cov: coverage.Coverage, parsed: ParsedSources, sources: Sources, path: str) -> StatementsLine:
    name = str(Path(sources.folder, path))
    try:
        facts = parsed.facts(reporter_of(cov, name), branches=sources.by.partial is not None)
    except Changed:
        return StatementsLine(path=path, layout=layout_in(cov, name))
    return StatementsLine(path=path, layout=facts.layout, branches=facts.branches)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(statements_in(msgspec.json.decode(sys.stdin.buffer.read(), type=Sources))))

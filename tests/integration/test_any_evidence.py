"""Whatever is done to the files of a session, a command answers in a sentence: no traceback, and no yes to what was changed.

A run tries 40 damages of each kind, each with a real command that is called in this process; ``make fuzz`` tries more.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_handoff.cli.handoff import main
from stories import FIRST, new_story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAW = settings(
    max_examples=int(os.environ.get("HANDOFF_FUZZ_EXAMPLES") or 40), deadline=None, suppress_health_check=list(HealthCheck)
)
EVIDENCE = [
    f"handoffs/evidence/session-{number}/{name}" for number in (1, 2) for name in ("record.json", "tests.jsonl", "sources.jsonl")
]
RECORD = EVIDENCE[3]
JUDGING = ["verify session-2", "verify session-2 --all", "gate session-2 --machine-only", "attest session-2"]
READING = [
    "show session-2", "show session-2 --json", "explain session-2", "fill session-2", "fill session-2 --check",
    "fill session-2 --diff", "history", "history --json", "report session-2 -o report.html", "prune", "init session-9",
    "fill session-3 --interrupted", "show session-3",
]  # fmt: skip
DYING = """
    import os

    def pytest_runtest_logfinish(nodeid):
        if os.environ.get("DIES") and "test_total" in nodeid:
            os._exit(9)
"""

DOCUMENT = """
    # Taxes

    - **Current Session Tests**: [X/Y]

    ## Checklist

    - [ ] All tests pass
    - [ ] New code has 90% coverage
"""
NEXT = {
    "src/shop/tax.py": "RATE = 2\n",
    "tests/unit/test_tax.py": """
        from shop.tax import RATE

        def test_tax():
            assert RATE == 2
    """,
    "handoffs/session-2.md": DOCUMENT,
}
ASKED = st.tuples(st.sampled_from(JUDGING), st.sampled_from(READING))


class Damaged:
    """A project of two sessions and a run that died, whose files are damaged and mended again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.whole = self._files()
        self.journal = sorted(name for name in self.whole if name.startswith(".pytest_cache/handoff/.journals/session-3/"))

    def asks(self, command: str) -> tuple[int, str]:
        """The exit code of a command and what it says; a defect of ours fails the test."""
        result = CliRunner().invoke(main, command.split(), prog_name="handoff")
        assert result.exception is None or isinstance(result.exception, SystemExit), (command, result.exc_info)
        assert result.exit_code in (0, 1, 2), (command, result.output)
        assert "Traceback" not in result.output
        if result.exit_code == 2:
            assert result.stderr.startswith(("handoff: ", "Usage: ")), (command, result.stderr)
            assert len(result.stderr.splitlines()) < 20, (command, result.stderr)
        return result.exit_code, result.output

    def judged(self, file: str, data: bytes, asked: tuple[str, str], *, must_see: bool) -> None:
        """Damage a file, ask both commands, and mend it; the first one must not say yes to what it must see."""
        try:
            (self.folder / file).write_bytes(data)
            code, said = self.asks(asked[0])
            assert code != 0 or not must_see, (file, said)
            self.asks(asked[1])
        finally:
            self.mend()

    def mend(self) -> None:
        """Everything as it was."""
        for name, data in self._files().items():
            if self.whole.get(name) != data:
                (self.folder / name).unlink()
        for name, data in self.whole.items():
            path = self.folder / name
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def _files(self) -> dict[str, bytes]:
        places = [*self.folder.glob("*.*"), *(self.folder / "handoffs").rglob("*"), *(self.folder / ".pytest_cache").rglob("*")]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in places if path.is_file()}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Damaged]:
    """The project, as the working directory; its gate passes."""
    story = new_story(tmp_path_factory.mktemp("any") / "project")
    story.write_files({**FIRST, "conftest.py": DYING, "handoffs/session-1.md": DOCUMENT})
    story.commit()
    story.pytest("--handoff=session-1")
    story.write_files(NEXT)
    story.pytest("--handoff=session-2")
    story.environment["DIES"] = "1"
    story.pytest("--handoff=session-3")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(story.folder)
        for name, value in story.environment.items():
            patch.setenv(name, value)
        project = Damaged(story.folder)
        assert [project.asks(command)[0] for command in JUDGING] == [0, 0, 0, 0]
        assert project.journal
        assert project.asks("fill session-3 --interrupted")[0] == 0
        project.mend()
        yield project


VALUES = st.sampled_from([
    None, True, -1, 10**400, 1e308, -0.0, "", "x" * 5000, "\u2028", "../../../etc/passwd", "sha256:", [], {}, [[]], [None],
    {"a": {"a": []}}, [0] * 500,
])  # fmt: skip
BYTES = st.one_of(
    st.binary(max_size=8), st.sampled_from([b"", b"\x00", b"\xff\xfe", b'"', b"{", b"[" * 5000, b"}", b",", b"9" * 400])
)
CUT = st.tuples(st.floats(0, 1), st.integers(0, 40) | st.just(1 << 40), BYTES)


@LAW
@given(name=st.integers(0), cut=CUT, asked=ASKED)
def test_other_bytes(damaged: Damaged, name: int, cut: tuple[float, int, bytes], asked: tuple[str, str]) -> None:
    """Cut, flipped and foreign bytes anywhere in evidence, journals and settings."""
    files = [*EVIDENCE, *EVIDENCE, *damaged.journal, "pyproject.toml", "handoffs/session-2.md"]
    file, (at, length, new) = files[name % len(files)], cut
    old = damaged.whole[file]
    place = int(at * len(old))
    data = old[:place] + new + old[place + length :]
    damaged.judged(file, data, asked, must_see=_says_something_else(file, old, data))


@LAW
@given(file=st.sampled_from([RECORD, EVIDENCE[0]]), where=st.integers(0), value=VALUES, asked=ASKED, sealed=st.booleans())
def test_other_values(damaged: Damaged, *, file: str, where: int, value: object, asked: tuple[str, str], sealed: bool) -> None:
    """Any value of a record replaced; with its digest left out, only what follows from other evidence can be seen."""
    table = json.loads(damaged.whole[file])
    holder, key = _places(table)[where % len(_places(table))]
    changed = json.dumps(holder[key]) != json.dumps(value) and key != "digest"
    holder[key] = value
    if not sealed:
        table.pop("digest", None)
    damaged.judged(file, json.dumps(table).encode(), asked, must_see=changed and sealed)


@LAW
@given(name=st.integers(0), row=st.integers(0), where=st.integers(0), value=VALUES, asked=ASKED)
def test_other_values_in_lines(
    damaged: Damaged, *, name: int, row: int, where: int, value: object, asked: tuple[str, str]
) -> None:
    """Any value of a line of a ledger, of sources or of a journal replaced, for that line or beside it."""
    files = [file for file in (*EVIDENCE, *damaged.journal) if file.endswith(".jsonl")]
    file = files[name % len(files)]
    rows = damaged.whole[file].splitlines()
    at = row % len(rows)
    line = [json.loads(rows[at])]
    holder, key = _places(line)[where % len(_places(line))]
    holder[key] = value
    data = b"\n".join([*rows[:at], json.dumps(line[0]).encode(), *rows[at + where % 2 :]]) + b"\n"
    damaged.judged(file, data, asked, must_see=file in EVIDENCE)


def _places(table: Any) -> list[tuple[Any, Any]]:
    """Every key of every table and every index of every list, with what holds it."""
    keys = table.keys() if isinstance(table, dict) else range(len(table)) if isinstance(table, list) else ()
    return [place for key in keys for place in ((table, key), *_places(table[key]))]


def _says_something_else(file: str, old: bytes, new: bytes) -> bool:
    """Whether the evidence is another: blanks in a record mean nothing; journals, settings and documents are no evidence."""
    if file not in EVIDENCE:
        return False
    if not file.endswith("record.json"):
        return old != new
    try:
        return json.dumps(json.loads(old)) != json.dumps(json.loads(new))
    except (ValueError, RecursionError):
        return True

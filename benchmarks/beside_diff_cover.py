"""New code beside diff-cover's: the same edits in real repositories, what each calls new and how much of it is covered.

    pip install diff-cover && python benchmarks/beside_diff_cover.py

Prints the table of docs/new-code.md. diff-cover reads the XML report of the very run that the hand-off was recorded in and
compares with the commit of session-1.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_CALL = "def {name}(x):\n    return max(\n        x,\n        {least},\n    )\n"
_BASE = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n',
    ".gitignore": "__pycache__/\n.coverage*\n.pytest_cache/\ncoverage.xml\ndiff.json\n",
    "src/app/__init__.py": "",
    "src/app/a.py": _CALL.format(name="f", least=1) + "\n\n" + _CALL.format(name="g", least=2),
    "tests/test_a.py": "from app import a\n\n\ndef test_f():\n    assert a.f(3) == 3\n",
}
_NEW = "def h(x):\n    if x:\n        return 1\n    return 2\n"
_A = "src/app/a.py"


class Case(NamedTuple):
    """An edit after session-1; ``commit`` says whether it is committed."""

    name: str
    edit: Callable[[Path], object]
    commit: bool = True


def _replace(path: str, old: str, new: str) -> Callable[[Path], object]:
    return lambda root: (root / path).write_text((root / path).read_text().replace(old, new))


def _write(path: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / path).write_text(text)


def _move(root: Path) -> None:
    (root / "src/app/b.py").write_text((root / _A).read_text() + "\n\n" + _NEW)
    (root / _A).unlink()
    (root / "tests/test_a.py").write_text("from app import b as a\n\n\ndef test_f():\n    assert a.f(3) == 3\n")


def _three_places(root: Path) -> None:
    path = root / _A
    path.write_text(path.read_text() + "\n\n" + _NEW)
    _git(root, "commit", "-qam", "committed")
    path.write_text("# one\n# two\n# three\n" + path.read_text())


CASES = (
    Case("a new file that nobody imports", _write("src/app/new.py", _NEW)),
    Case("the same, not yet added to git", _write("src/app/new.py", _NEW), commit=False),
    Case("an argument of a call that never runs, on its third line", _replace(_A, "        2,", "        4,")),
    Case("an argument of a call that runs, on its third line", _replace(_A, "        1,", "        0,")),
    Case("uncovered lines committed, three lines inserted above and not committed", _three_places, commit=False),
    Case("a file moved, four lines added", _move),
    Case("line endings changed to CR LF", lambda root: (root / _A).write_bytes((root / _A).read_bytes().replace(b"\n", b"\r\n"))),
    Case("trailing blanks", _replace(_A, ",\n", ",  \n")),
    Case("a line covered by an old test only", _replace(_A, "def f(x):\n", "def f(x):\n    x += 0\n")),
    Case("a new line marked `no cover`", _replace(_A, "def f(x):\n", "def f(x):\n    x += 0  # pragma: no cover\n")),
)


def main() -> None:
    """Print the table."""
    print("| edit | ours: new | covered | by new unit tests | diff-cover: new | covered |\n|---|---:|---:|---:|---:|---:|")
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
            print(_row(case, Path(scratch)), flush=True)


def _row(case: Case, root: Path) -> str:
    for path, text in _BASE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    _git(root, "init", "-q")
    _pytest(root, "--handoff=session-1")
    _commit(root)
    base = _git(root, "rev-parse", "HEAD").strip()
    case.edit(root)
    if case.commit:
        _commit(root)
    _pytest(root, "--handoff=session-2", "--cov=src", "--cov-report=xml")
    shown = json.loads(_run(root, sys.executable, "-m", "pytest_handoff", "show", "session-2", "--json"))["new_code"]
    diff_cover = str(Path(sys.executable).with_name("diff-cover"))
    _run(root, shutil.which(diff_cover) or "diff-cover", "coverage.xml", f"--compare-branch={base}", "--format=json:diff.json")
    theirs = json.loads((root / "diff.json").read_text())
    lines, missed = theirs["total_num_lines"], theirs["total_num_violations"]
    figures = (shown["num_statements"], shown["covered"], shown["covered_by_new_unit"], lines, lines - missed)
    return f"| {case.name} | " + " | ".join(map(str, figures)) + " |"


def _pytest(root: Path, *options: str) -> None:
    _run(root, sys.executable, "-m", "pytest", "-q", *options)


def _commit(root: Path) -> None:
    _git(root, "add", "-A")
    _git(root, "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "commit", "-qm", "work")


def _git(root: Path, *arguments: str) -> str:
    return _run(root, "git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid", *arguments)


def _run(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout


if __name__ == "__main__":
    main()

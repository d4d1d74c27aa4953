"""Is what the plugin says of real projects so? Two releases each, their own suites, compared with pytest's own words.

    python benchmarks/real_projects.py [NAME...]      a few minutes; needs PyPI and git

Each project becomes a git repository in which the older release is ``session-1`` and the newer one ``session-2``. The
plugin's counts are held against pytest's last line; what it calls new, gone and still passing against a comparison made
without it, from ``pytest --collect-only`` and the runs' JUnit XML. Any difference ends the program with exit code 1.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from outcomes_apart import NOTHING, Apart, collect, passed_in
from project_runs import Project, handoff_run, make_environment

PROJECTS = (
    Project("pluggy", ("1.5.0", "1.6.0")),
    Project("itsdangerous", ("2.1.2", "2.2.0")),
    Project("click", ("8.1.8", "8.2.1")),
)
_WAYS = {"serial": (), "-n 2": ("-n", "2")}
_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
_WORDS = {"error": "errors?"}


@dataclass(slots=True)
class Comparison:
    """One release, run in one way."""

    release: str
    way: str
    figures: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def expect(self, what: str, ours: object, theirs: object) -> None:
        """Note a difference between what the plugin says and what was seen without it."""
        if ours != theirs:
            shown = f"only ours {sorted(ours - theirs)[:5]}, only theirs {sorted(theirs - ours)[:5]}" if (
                isinstance(ours, set) and isinstance(theirs, set)) else f"{ours} against {theirs}"  # fmt: skip
            self.differences.append(f"{self.release} {self.way}: {what}: {shown}")


def main(names: list[str]) -> int:
    """Print the table; 1 when anything differs."""
    rows: list[Comparison] = []
    with tempfile.TemporaryDirectory(prefix="handoff-real-") as scratch:
        python = make_environment(Path(scratch) / "venv")
        for project in PROJECTS:
            if not names or project.name in names:
                rows += _compare(python, project, Path(scratch))
    print(f"{'release':22} {'way':7} {'tests':>6} {'passed':>6} {'new':>5} {'gone':>5} {'still passing':>13}")
    for row in rows:
        print(f"{row.release:22} {row.way:7} " + "{tests:6} {passed:6} {new:5} {gone:5} {still:13}".format(**row.figures))
    differences = [line for row in rows for line in row.differences]
    print(*(differences or ["no difference"]), sep="\n")
    return int(bool(differences))


def _compare(python: Path, project: Project, scratch: Path) -> list[Comparison]:
    releases = [_download(project.name, version, scratch) for version in project.versions]
    collected = [collect(python, release) for release in releases]
    found = []
    for way, options in _WAYS.items():
        repository, before = scratch / f"{project.name}-{len(options)}", NOTHING
        for number, (release, ids) in enumerate(zip(releases, collected, strict=True), 1):
            _take_over(repository, release)
            report = scratch / "report.xml"
            last_line, shown = handoff_run(python, repository, f"session-{number}", f"--junitxml={report}", *options)
            now = Apart(ids, passed_in(report, ids))
            found.append(row := Comparison(release.name, way))
            _compare_counts(row, last_line, shown["counts"])
            _compare_tests(row, shown["tests"], before, now)
            before = now
    return found


def _compare_counts(row: Comparison, last_line: str, counts: dict[str, int]) -> None:
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        said = re.search(rf"(\d+) {_WORDS.get(outcome, outcome)}\b", last_line)
        row.expect(f"{outcome} beside {last_line!r}", counts[outcome], int(said[1]) if said else 0)
    row.figures |= {"tests": sum(counts.values()), "passed": counts["passed"]}


def _compare_tests(row: Comparison, tests: dict[str, dict[str, str]], before: Apart, now: Apart) -> None:
    by_status: dict[str, set[str]] = {}
    for test, line in tests.items():
        by_status.setdefault(line["status"], set()).add(test)
    moved_from = {line["moved_from"] for line in tests.values() if "moved_from" in line}
    other_parameters = by_status.get("reparametrized", set())
    functions = {_function(test) for test in other_parameters}
    # The plugin answers more finely: a renamed test is not new, other parameters of a known test are not a loss.
    new = by_status.get("new", set()) | by_status.get("moved", set()) | (other_parameters - before.ids)
    gone_apart = before.ids - now.ids
    gone = by_status.get("missing", set()) | moved_from | {test for test in gone_apart if _function(test) in functions}
    still = by_status.get("still_passing", set())
    row.expect("tests", {test for test, line in tests.items() if line["outcome"]}, set(now.ids))
    row.expect("new", new, set(now.ids - before.ids))
    row.expect("gone", gone, set(gone_apart))
    row.expect("still passing", still, set(before.passed & now.passed))
    row.figures |= {"new": len(new), "gone": len(gone), "still": len(still)}


def _function(test: str) -> str:
    return test.partition("[")[0]


def _download(name: str, version: str, scratch: Path) -> Path:
    folder = scratch / "sdists"
    command = [sys.executable, "-m", "pip", "download", "--no-binary", ":all:", "--no-deps", f"--dest={folder}"]
    subprocess.run([*command, f"{name}=={version}"], check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(folder / f"{name}-{version}.tar.gz") as archive:
        archive.extractall(scratch, filter="data")
    return scratch / f"{name}-{version}"


def _take_over(repository: Path, release: Path) -> None:
    """Let the work tree be the release, with the hand-offs so far, and commit it."""
    repository.mkdir(exist_ok=True)
    subprocess.run([*_GIT, "init", "--quiet"], cwd=repository, check=True)
    for path in repository.iterdir():
        if path.name not in {".git", "handoffs"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(release, repository, dirs_exist_ok=True)
    subprocess.run([*_GIT, "add", "--all"], cwd=repository, check=True)
    subprocess.run([*_GIT, "commit", "--quiet", f"--message={release.name}"], cwd=repository, check=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

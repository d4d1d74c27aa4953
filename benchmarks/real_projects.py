"""Is what the plugin says of real projects so? Releases in a row, their own suites, beside what others say of the same run.

    python benchmarks/real_projects.py [NAME...]      some minutes; needs PyPI and git

Each project becomes a git repository in which the oldest release is ``session-1``, and so on: ten of cachetools. Compared are

* the counts with pytest's last line and its JUnit XML; new, gone and still passing tests with ``pytest --collect-only``;
* the total with the one that pytest-cov prints at the end of the run;
* the new statements with those of diff-cover, which reads the run's XML report and git's differences since the release before.

Any difference ends the program with exit code 1. The table has besides what the default checklist makes of each release.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outcomes_apart import NOTHING, Apart, collect, passed_in
from project_runs import Project, handoff_run, make_environment

from pytest_handoff.evidence.source_changes import changed_lines, hash_lines

PROJECTS = (
    Project("h11", ("0.14.0", "0.16.0")),
    Project("idna", ("3.9", "3.10")),
    Project("itsdangerous", ("2.1.2", "2.2.0")),
    Project("cachetools", ("4.2.4", "5.0.0", "5.1.0", "5.2.0", "5.3.0", "5.3.1", "5.3.2", "5.3.3", "5.4.0", "5.5.0")),
    Project("pluggy", ("1.5.0", "1.6.0")),
    Project("humanize", ("4.11.0", "4.12.0")),
    Project("click", ("8.1.8", "8.2.1")),
    Project("inflection", ("0.5.0", "0.5.1")),
    Project("blinker", ("1.8.2", "1.9.0")),
    Project("wcwidth", ("0.2.12", "0.2.13")),
    Project("tomlkit", ("0.13.1", "0.13.2")),
    Project("tabulate", ("0.8.10", "0.9.0")),
    Project("toolz", ("0.12.1", "1.0.0")),
    Project("semver", ("3.0.1", "3.0.2")),
    Project("tenacity", ("8.5.0", "9.0.0")),
    Project("platformdirs", ("4.3.6", "4.3.7")),
)
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
_WORDS = {"error": "errors?"}


_COLUMNS = (
    "release",
    "tests",
    "passed",
    "new",
    "gone",
    "still passing",
    "total, both",
    "new statements, diff-cover's",
    "checklist",
)


@dataclass(slots=True)
class Comparison:
    """One release."""

    release: str
    figures: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def expect(self, what: str, ours: object, theirs: object) -> None:
        """Note a difference between what the plugin says and what was seen without it."""
        if ours != theirs:
            shown = f"only ours {sorted(ours - theirs)[:5]}, only theirs {sorted(theirs - ours)[:5]}" if (
                isinstance(ours, set) and isinstance(theirs, set)) else f"{ours} against {theirs}"  # fmt: skip
            self.differences.append(f"{self.release}: {what}: {shown}")


def main(names: list[str]) -> int:
    """Print the table; 1 when anything differs."""
    rows: list[Comparison] = []
    print(f"| {' | '.join(_COLUMNS)} |")
    print("|---|---:|---:|---:|---:|---:|---:|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="handoff-real-") as scratch:
        python = make_environment(Path(scratch) / "venv")
        for project in PROJECTS:
            if not names or project.name in names:
                rows += _compare(python, project, Path(scratch))
    differences = [line for row in rows for line in row.differences]
    print(*(differences or ["no difference"]), sep="\n")
    return int(bool(differences))


def _compare(python: Path, project: Project, scratch: Path) -> list[Comparison]:
    repository, before, found = scratch / f"{project.name}-sessions", NOTHING, []
    for number, version in enumerate(project.versions, 1):
        release = download(project.name, version, scratch)
        ids = collect(python, release)
        take_over(repository, release)
        options = (
            "-v",
            "--cov-report=term",
            "--cov-report=xml:.coverage.xml",
            "--cov-precision=2",
            f"--junitxml={scratch}/report.xml",
        )
        output, shown = handoff_run(python, repository, f"session-{number}", *options)
        now = Apart(ids, passed_in(scratch / "report.xml", ids))
        found.append(row := Comparison(release.name))
        _compare_counts(row, output.splitlines()[-1], shown["counts"], scratch / "report.xml")
        _compare_tests(row, shown["tests"], before, now)
        _compare_total(row, output)
        _compare_new_statements(row, python, repository, shown["new_code"], first=number == 1)
        row.words["checklist"] = "; ".join(_verdict(gate) for gate in shown["gates"] if gate["verdict"] == "failed") or "holds"
        print(_table_row(row), flush=True)
        before = now
    return found


def _table_row(row: Comparison) -> str:
    figures = " | ".join(str(row.figures[name]) for name in ("tests", "passed", "new", "gone", "still"))
    return f"| {row.release} | {figures} | {row.words['total']} | {row.words['statements']} | {row.words['checklist']} |"


def _verdict(gate: dict[str, str]) -> str:
    return f"`{gate['id']}`: {gate['evidence'][:160]}"


def _compare_total(row: Comparison, output: str) -> None:
    """pytest-cov rounds to the decimals it is asked for, and so does the plugin then."""
    theirs = re.search(r"^TOTAL .* (\S+%)$", output, re.MULTILINE)
    ours = re.search(r"^coverage +([\d.]+) %", output, re.MULTILINE)
    row.words["total"] = ours[1] + " %" if ours else "not measured"
    if theirs is None and re.search(r"^(FAILED|ERROR) ", output, re.MULTILINE):  # with --no-cov-on-fail there is no report then
        row.words["total"] += ", no report"
        return
    row.expect("total", ours and ours[1], theirs and theirs[1].rstrip("%"))


def _compare_new_statements(row: Comparison, python: Path, repository: Path, code: dict[str, Any], *, first: bool) -> None:
    """Both name a statement by its first line; only ours counts one for a change further down, and knows files that moved.

    diff-cover knows the files of the report alone: one that coverage.py did not see, and that lies beside code, is new for us.
    """
    if first:
        row.words["statements"] = "everything is new"
        return
    ours = {(path, line) for path, file in code["files"].items() for line in _numbers(file["lines"])}
    report = repository.parent / "diff.json"
    command = [str(python.with_name("diff-cover")), ".coverage.xml", "--compare-branch=HEAD~1", "--format", f"json:{report}"]
    subprocess.run(command, cwd=repository, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stats = json.loads(report.read_text(encoding="utf-8"))["src_stats"]
    theirs = {
        (path, line)
        for path, file in stats.items()
        for line in {*file["violation_lines"], *file.get("covered_lines", ())}
        if not _is_test(path)
    }
    reported = _files_of(repository / ".coverage.xml", repository)
    beside = {(path, line) for path, line in ours if path not in reported}
    added, left_over = _added_lines(repository), _left_over(repository, {path for path, _ in ours | theirs})
    for path, lines in left_over.items():
        least = {line for other, line in added if other == path}
        if len(lines) > len(least):
            row.expect(f"new lines of {path}", lines, least)
    one_of_several = {(path, line) for path, line in theirs & added if line not in left_over.get(path, {line})}
    alike = (ours & added) - beside
    row.expect("new statements", alike - one_of_several, (theirs & added) - one_of_several)
    further_down = len(ours - alike - beside)
    told = {"by a later line": further_down, "not in the report": len(beside), "elsewhere": len(one_of_several)}
    words = ", ".join(f"{number} {what}" for what, number in told.items() if number)
    row.words["statements"] = f"{len(ours)}, {len(theirs)}" + (f" ({words})" if words else "")


def _files_of(report: Path, repository: Path) -> set[str]:
    """The files of an XML report, as paths in the repository."""
    root = ET.parse(report).getroot()  # noqa: S314 - coverage.py wrote it a moment ago
    sources = [repository / (source.text or "") for source in root.iter("source")] or [repository]
    found = {source / file.get("filename", "") for source in sources for file in root.iter("class")}
    return {path.relative_to(repository).as_posix() for path in found if path.is_file() and path.is_relative_to(repository)}


def _left_over(repository: Path, paths: set[str]) -> dict[str, set[int]]:
    """The lines that our comparison leaves over; of several that are as short, git may take another."""
    told = subprocess.run(
        [*GIT, "diff", "--name-status", "-M", "HEAD~1", "HEAD"], cwd=repository, check=True, capture_output=True
    )
    renamed = {row[2]: row[1] for line in told.stdout.decode().splitlines() if len(row := line.split("\t")) == 3}
    found = {}
    for path in paths:
        command = [*GIT, "show", f"HEAD~1:{renamed.get(path, path)}"]
        before = subprocess.run(command, cwd=repository, check=False, capture_output=True)
        if before.returncode == 0:
            now = (repository / path).read_bytes()
            found[path] = set(changed_lines(hash_lines(before.stdout), hash_lines(now)))
    return found


def _is_test(path: str) -> bool:
    return not {"test", "tests"}.isdisjoint(Path(path).parts) or Path(path).name.startswith(("test_", "conftest"))


def _numbers(ranges: str) -> set[int]:
    pairs = [part.split("-") for part in ranges.split(", ") if part]
    return {number for pair in pairs for number in range(int(pair[0]), int(pair[-1]) + 1)}


def _added_lines(repository: Path) -> set[tuple[str, int]]:
    """The lines that git adds since the last session where it adds as few as it can, as diff-cover's git does in here, too."""
    command = [*GIT, "diff", "--unified=0", "--no-color", "HEAD~1", "HEAD", "--", "*.py"]
    told = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout
    path, found = "", set()
    for line in told.splitlines():
        if line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/")
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            found |= {(path, int(hunk[1]) + offset) for offset in range(int(hunk[2] or 1))}
    return found


def _compare_counts(row: Comparison, last_line: str, counts: dict[str, int], report: Path) -> None:
    suite = next(ET.parse(report).iter("testsuite"))  # noqa: S314 - pytest wrote it a moment ago
    row.expect(
        "failures in JUnit XML", counts["failed"] + counts["error"], int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    )
    row.expect("tests in JUnit XML", sum(counts.values()) - counts["not_run"], int(suite.get("tests", 0)))
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
    gone &= before.ids  # what went in an earlier release is missing until it is retired
    still = by_status.get("still_passing", set())
    row.expect("tests", {test for test, line in tests.items() if line["outcome"]}, set(now.ids))
    row.expect("new", new, set(now.ids - before.ids))
    row.expect("gone", gone, set(gone_apart))
    row.expect("still passing", still, set(before.passed & now.passed))
    row.figures |= {"new": len(new), "gone": len(gone), "still": len(still)}


def _function(test: str) -> str:
    return test.partition("[")[0]


def download(name: str, version: str, scratch: Path) -> Path:
    """Download a release from PyPI, and unpack it."""
    folder = scratch / "sdists"
    command = [sys.executable, "-m", "pip", "download", "--no-binary", ":all:", "--no-deps", f"--dest={folder}"]
    subprocess.run([*command, f"{name}=={version}"], check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(folder / f"{name}-{version}.tar.gz") as archive:
        archive.extractall(scratch, filter="data")
    return scratch / f"{name}-{version}"


def take_over(repository: Path, release: Path) -> None:
    """Turn the work tree into the release, with the hand-offs so far, and commit it."""
    repository.mkdir(exist_ok=True)
    subprocess.run([*GIT, "init", "--quiet"], cwd=repository, check=True)
    subprocess.run([*GIT, "config", "diff.algorithm", "minimal"], cwd=repository, check=True)
    for path in repository.iterdir():
        if path.name not in {".git", "hand-offs", "handoffs"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(release, repository, dirs_exist_ok=True)
    subprocess.run([*GIT, "add", "--all"], cwd=repository, check=True)
    subprocess.run([*GIT, "commit", "--quiet", f"--message={release.name}"], cwd=repository, check=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The example project as a git repository, and the three sessions of work on it, one after the other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
EXAMPLE = CHECKOUT / "example_project"
HISTORY = CHECKOUT / "tests" / "data" / "example_history"


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the example's history, and the moment at which it is run."""

    name: str
    title: str
    ended: datetime

    @property
    def patch(self) -> Path:
        """What the session did to the session before it."""
        return HISTORY / f"{self.name}.patch"


SESSIONS = (
    Session("session-1", "Keep the shed's tools and serve them over HTTP", datetime(2026, 3, 2, 17, 30, tzinfo=UTC)),
    Session("session-2", "Lend tools and take them back", datetime(2026, 3, 9, 16, 45, tzinfo=UTC)),
    Session("session-3", "Tell who is late, and renew loans", datetime(2026, 3, 16, 18, 10, tzinfo=UTC)),
)


def copy_example(folder: Path, *, with_handoffs: bool) -> None:
    """Copy the example project into a folder that does not exist yet, and make it a git repository without commits."""
    left_out = ["__pycache__", ".pytest_cache", ".coverage*", "*.db", *([] if with_handoffs else ["handoffs"])]
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(*left_out))
    run(folder, SESSIONS[0], "git", "init", "--quiet", "--initial-branch=main")


def commit(folder: Path, session: Session, message: str) -> None:
    """Commit all that stands in the folder, at the session's moment."""
    run(folder, session, "git", "add", "--all")
    run(folder, session, "git", "commit", "--quiet", f"--message={message}")


def run(folder: Path, session: Session, *command: str | Path) -> None:
    """Run a command in the folder as on the session's day; one that fails ends the program with exit code 2."""
    done = subprocess.run(
        command, cwd=folder, env=_environment(session), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        shown = " ".join(map(str, command))
        sys.stderr.write(f"{done.stdout}\n{shown} ended with exit code {done.returncode} in {session.name}\n")
        raise SystemExit(2)


def _environment(session: Session) -> dict[str, str]:
    """Ours, less what would make two replays differ: the caller's git, pytest, coverage and CI."""
    unwanted = ("GIT_", "PYTEST_", "COV_", "COVERAGE_", "CI", "GITHUB_", "GITLAB_", "HANDOFF_", "SOURCE_DATE_EPOCH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    moment = session.ended.isoformat()
    who = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in (
        ("NAME", "Ada"), ("EMAIL", "ada@example.invalid"), ("DATE", moment))}  # fmt: skip
    fixed = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "SOURCE_DATE_EPOCH": f"{session.ended.timestamp():.0f}",
             "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "100"}  # fmt: skip
    return kept | who | fixed

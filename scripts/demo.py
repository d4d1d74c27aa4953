"""Run the example's third session in a copy of it, and print what the command and the document say."""
# ruff: noqa: T201 - a demonstration prints

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from example_sessions import SESSIONS, commit, copy_example


def main() -> int:
    """Exit with what pytest exits with."""
    session = SESSIONS[-1]
    with tempfile.TemporaryDirectory(prefix="handoff-demo-") as scratch:
        folder = Path(scratch) / "toolshed"
        copy_example(folder, with_handoffs=True)
        commit(folder, session, session.title)
        print(f"$ pytest --handoff={session.name}", flush=True)
        code = subprocess.run([sys.executable, "-m", "pytest", f"--handoff={session.name}"], cwd=folder, check=False).returncode
        document = folder / "handoffs" / f"{session.name}.md"
        print(f"\n$ cat handoffs/{document.name}\n{document.read_text(encoding='utf-8')}")
    return code


if __name__ == "__main__":
    raise SystemExit(main())

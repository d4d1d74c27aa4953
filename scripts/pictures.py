"""Take the two pictures of the README from a real run: the end of a run that the gate stops, and the page about it.

    python scripts/pictures.py        write docs/assets/terminal.svg and docs/assets/page.png

The run is that of the example's third session, in a copy in which somebody deleted a test and broke another one.
The page needs Chromium; without it only the first picture is made.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from example_sessions import CHECKOUT, SESSIONS, commit, copy_example
from rich.console import Console
from rich.text import Text

ASSETS = CHECKOUT / "docs" / "assets"
COLUMNS = 96
SESSION = SESSIONS[-1]
HANDOFF = re.compile(r"^.*-+ handoff session-3 -+.*$|^.*─+ handoff session-3 ─+.*$", re.MULTILINE)


def main() -> int:
    """Exit 2 where the run did not do what the pictures are to show."""
    with tempfile.TemporaryDirectory(prefix="handoff-pictures-") as scratch:
        folder = Path(scratch) / "toolshed"
        copy_example(folder, with_handoffs=True)
        commit(folder, SESSION, SESSION.title)
        spoil(folder)
        shown = tell(folder, "-m", "pytest", f"--handoff={SESSION.name}")
        begins = HANDOFF.search(shown)
        if begins is None:
            sys.stderr.write(shown)
            return 2
        draw(f"$ pytest --handoff={SESSION.name}\n…\n" + shown[begins.start() :])
        tell(folder, "-m", "pytest_handoff", "report", "-o", "page.html")
        photograph(folder / "page.html")
    return 0


def spoil(folder: Path) -> None:
    """Delete one test of an earlier session, and break what another one tests."""
    tests = sorted((folder / "tests" / "unit").glob("test_*.py"))
    text = tests[0].read_text("utf-8")
    first, second = [found.start() for found in re.finditer(r"^def test_", text, re.MULTILINE)][:2]
    tests[0].write_text(text[:first] + text[second:], "utf-8")
    text = tests[-1].read_text("utf-8")
    tests[-1].write_text(
        re.sub(r"^(def test_\w+\([^)]*\)[^\n]*:\n)", r"\1    assert 41 == 42\n", text, count=1, flags=re.MULTILINE), "utf-8"
    )


def tell(folder: Path, *command: str) -> str:
    """Run Python in the folder, on a terminal; return what it showed."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_", "COV", "HANDOFF_", "CI"))
    }
    fixed = {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "PYTHONDONTWRITEBYTECODE": "1"}
    here, there = pty.openpty()
    with subprocess.Popen([sys.executable, *command], cwd=folder, env=ours | fixed, stdout=there, stderr=there):
        os.close(there)
        shown = b"".join(iter(partial(_read, here), b""))
    os.close(here)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # on Linux, a terminal without a process at its other end
        return b""


def draw(text: str) -> None:
    """Draw a terminal that shows the text with its colours."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(text.rstrip()))
        svg = console.export_svg(title="pytest --handoff", font_aspect_ratio=0.61)
    plain = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # nothing is fetched from elsewhere
    (ASSETS / "terminal.svg").write_text(plain, "utf-8")


def photograph(page: Path) -> None:
    """Take a picture of the top of the page."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return
    subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1200,800",
         f"--screenshot={ASSETS / 'page.png'}", page.as_uri()],
        check=True, capture_output=True,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())

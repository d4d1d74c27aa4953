"""Other plugins that write reports, to measure beside this one; installed into a folder of their own."""

from __future__ import annotations

import subprocess
import sys
import venv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGES = ("pytest-reportlog", "pytest-json-report", "pytest-html", "pytest-metadata")
_METADATA = ("-p", "pytest_metadata.plugin")
PEERS: dict[str, tuple[str, ...]] = {
    "pytest-reportlog": ("-p", "pytest_reportlog.plugin", "--report-log=report.jsonl"),
    "pytest-json-report": (*_METADATA, "-p", "pytest_jsonreport.plugin", "--json-report", "--json-report-file=report.json"),
    "pytest-html": (*_METADATA, "-p", "pytest_html.plugin", "--html=report.html"),
}
"""The options with which each takes part and writes its report."""


def install_peers(folder: Path) -> Path | None:
    """A folder for ``PYTHONPATH`` that holds them, or ``None`` where they cannot be had, which is said."""
    venv.create(folder / "venv", with_pip=True)
    pip = (folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    done = subprocess.run([*pip, "--no-deps", f"--target={folder / 'packages'}", *_PACKAGES], check=False, capture_output=True)
    if done.returncode:
        print(f"without other plugins: {done.stderr.decode().strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return folder / "packages"

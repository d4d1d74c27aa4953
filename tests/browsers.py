"""A real browser, for the tests that read pages as a person does."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)

in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed here (apt-get install chromium)")

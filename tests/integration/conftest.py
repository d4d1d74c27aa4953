"""Real projects in real git repositories, with real pytest runs and real commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from browsers import CHROMIUM, FLAGS
from stories import FIRST, Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture
def empty(tmp_path: Path) -> Story:
    """A project without code."""
    return new_story(tmp_path / "project")


@pytest.fixture
def shop(empty: Story) -> Story:
    """A small project with unit and e2e tests, committed, before its first session."""
    empty.write_files(FIRST)
    empty.commit("first")
    return empty


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed here")
    with api.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield found
        found.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page, and in the end sees that it said nothing to the console and fetched nothing."""
    trouble: list[str] = []
    pages: list[Page] = []

    def open_page(html: str, **options: Any) -> Page:
        path = tmp_path / "page.html"
        path.write_text(html, "utf-8")
        page = browser.new_page(**options)
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert trouble == []

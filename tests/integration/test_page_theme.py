"""The page's theme: the reader's system decides, until the reader does; and files beside the page are linked."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browsers import in_browser
from stories import Story

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

EXAMPLE = Path(__file__).resolve().parents[2] / "example_project"
LIGHT, DARK = "rgb(251, 250, 248)", "rgb(20, 23, 26)"
FORBIDDEN = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('forbidden', 'SecurityError'); } });"
AT_FIRST = """
    new MutationObserver((_, seen) => {
        if (document.body) { window.first = getComputedStyle(document.body).backgroundColor; seen.disconnect(); }
    }).observe(document, { childList: true, subtree: true });
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page about the newest session of the example project."""
    folder = tmp_path_factory.mktemp("example") / "project"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage*"))
    story = Story(folder)
    assert story.handoff("report", "-o", "page.html").code == 0
    return story.text("page.html")


def ground(page: Page) -> str:
    """The colour of the page."""
    color: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return color


@in_browser
@pytest.mark.parametrize(("scheme", "color"), [("light", LIGHT), ("dark", DARK)])
def test_it_follows_the_system(html: str, opened: Callable[..., Page], scheme: str, color: str) -> None:
    """Nothing is chosen at first; when the system changes, the page does."""
    page = opened(html, color_scheme=scheme)

    assert ground(page) == color
    assert page.get_by_role("button", name="Theme: auto").is_visible()
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    assert ground(page) == (DARK if scheme == "light" else LIGHT)


@in_browser
def test_a_choice_is_made_by_keyboard_and_remembered(html: str, opened: Callable[..., Page]) -> None:
    """Light and dark hold against the system; after a reload the page has the chosen colours from its first moment on."""
    page = opened(html, color_scheme="dark")
    page.add_init_script(AT_FIRST)
    page.locator("#theme").focus()
    page.keyboard.press("Enter")
    assert (ground(page), page.locator("#theme").inner_text()) == (LIGHT, "Theme: light")

    page.reload()
    assert (page.evaluate("window.first"), page.locator("#theme").inner_text()) == (LIGHT, "Theme: light")
    page.locator("#theme").press("Space")
    page.emulate_media(color_scheme="light")
    assert (ground(page), page.locator("#theme").inner_text()) == (DARK, "Theme: dark")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.locator("#theme").press("Enter")
    page.reload()
    assert (ground(page), page.locator("#theme").inner_text()) == (LIGHT, "Theme: auto")


@in_browser
def test_where_storage_is_forbidden_the_choice_holds_for_the_page(html: str, opened: Callable[..., Page]) -> None:
    """A sandboxed frame or a strict browser: the button works, and the console stays quiet."""
    page = opened(html, color_scheme="light")
    page.add_init_script(FORBIDDEN)
    page.reload()
    page.locator("#theme").click()
    page.locator("#theme").click()

    assert ground(page) == DARK
    page.reload()
    assert ground(page) == LIGHT


@in_browser
def test_paper_is_white_whatever_was_chosen(html: str, opened: Callable[..., Page]) -> None:
    """A dark page is not printed dark, and has no button."""
    for scheme, presses in (("dark", 0), ("light", 2)):
        page = opened(html, color_scheme=scheme)
        for _ in range(presses):
            page.locator("#theme").click()
        page.emulate_media(media="print")
        assert ground(page) == "rgb(255, 255, 255)"
        assert not page.locator("#theme").is_visible()


def hrefs(html: str) -> list[str]:
    """The addresses of what a test left."""
    return re.findall(r'<a href="([^"]*)" rel="noopener', html)


def test_files_of_the_artifacts_folder_are_linked_from_beside_them(shop: Story, tmp_path: Path) -> None:
    """From a page in that folder or below it; a page elsewhere names them, and no page tells a path of this machine."""
    artifacts = tmp_path / "from the job"
    video = artifacts / "test-results" / "checkout #1" / "video.webm"
    video.parent.mkdir(parents=True)
    video.write_text("a film")
    (shop.folder / "trace.zip").write_text("a trace")
    shop.write_files({
        "tests/e2e/test_shop.py": f"""
            def test_checkout(record_property):
                record_property("video", {str(video)!r})
                record_property("trace", "trace.zip")
                assert 0
        """
    })  # fmt: skip
    assert shop.pytest("-q", "--no-cov", "--handoff=session-1", f"--handoff-artifacts={artifacts}").code == 1
    pages = {}
    for name, path in {
        "beside": artifacts / "page.html", "below": artifacts / "pages/page.html", "project": shop.folder / "page.html",
        "elsewhere": tmp_path / "other/page.html",
    }.items():  # fmt: skip
        assert shop.handoff("report", "session-1", "-o", str(path)).code == 0
        pages[name] = path.read_text("utf-8")

    assert hrefs(pages["beside"]) == ["test-results/checkout%20%231/video.webm"]
    assert hrefs(pages["below"]) == ["../test-results/checkout%20%231/video.webm"]
    assert hrefs(pages["project"]) == ["trace.zip"]
    assert hrefs(pages["elsewhere"]) == []
    assert "(in the artifacts folder)" in pages["elsewhere"]
    assert "(in the project)" in pages["elsewhere"]
    said = [page for page in pages.values() if re.search(rf'(?:href|class="command")[^<]*{re.escape(str(tmp_path))}', page)]
    assert said == []

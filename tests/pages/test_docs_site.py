"""The documentation as a site: `make docs` builds it, and it says what the pages say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

pytest.importorskip("material", reason="the documentation's tools are not installed here; make docs installs them")

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted((CHECKOUT / "docs").glob("*.md"))
STRUCTURE = ("h1", "h2", "h3", "li", "table", "tr")


class Page(HTMLParser):
    """What a built page links to, and what can be linked to in it; how many elements its article has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.article: Counter[str] = Counter()
        self._inside = False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found["id"]} if "id" in found else set()
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        self.loads += [found[name] for name in ("src", "href") if name in found and tag in ("link", "script", "img")]
        self._inside |= tag == "article"
        self.article[tag] += self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """The site's pages by name; a warning of mkdocs fails here."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.relative_to(folder).as_posix(): Page(path) for path in folder.rglob("*.html")}


def test_every_page_is_there(site: dict[str, Page]) -> None:
    """Those of docs/, the changes, and how to contribute."""
    wanted = {f"{page.stem}.html" for page in PAGES} | {"changes.html", "contributing.html", "404.html"}
    assert set(site) == wanted


def test_every_link_leads_somewhere(site: dict[str, Page]) -> None:
    """Links between pages name a page and an anchor that is in it; links into the repository name what the checkout has."""
    wrong = []
    for name, page in site.items():
        for link in page.links:
            parts = urlsplit(link)
            if "/OWNER/pytest-handoff/" in link:
                inside = unquote(parts.path).split("/main/")[1]
                wrong += [] if (CHECKOUT / inside).exists() else [(name, link)]
            elif not parts.scheme and name != "404.html" and not (parts.path and not parts.path.endswith(".html")):
                target = site.get(parts.path or name)
                wrong += [] if target and (not parts.fragment or parts.fragment in target.ids) else [(name, link)]
    assert wrong == []


def test_nothing_is_loaded_from_elsewhere(site: dict[str, Page]) -> None:
    """Scripts, styles, fonts and pictures are the site's own."""
    assert {load for page in site.values() for load in page.loads if urlsplit(load).netloc} == set()


def test_the_search_works_in_a_folder(site: dict[str, Page]) -> None:
    """A page that was opened from a folder may start no worker, so each page loads what stands in for one, from the site."""
    assert {
        name for name, page in site.items() if not any(one.endswith("assets/search-in-a-folder.js") for one in page.loads)
    } == set()
    assert (CHECKOUT / "docs/assets/search-in-a-folder.js").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_site_has_the_structure_of_the_page(page: Path, site: dict[str, Page]) -> None:
    """Headings, list items and tables are those that a code host shows: the two dialects of Markdown agree on our pages."""
    shown = MarkdownIt("commonmark").enable("table").render(page.read_text("utf-8"))
    built = site[f"{page.stem}.html"].article
    assert {tag: built[tag] for tag in STRUCTURE} == {tag: len(re.findall(f"<{tag}[ >]", shown)) for tag in STRUCTURE}

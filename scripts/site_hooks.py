"""What mkdocs does with our pages beside rendering them: they are written to be read on a code host first.

Pages at the top of the checkout become pages of the site, links to other files lead to the repository, and the comments that say
which file a block is (see ``tests/integration/page_steps.py``) become the block's title.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from typing import Any

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

CHECKOUT = Path(__file__).resolve().parents[1]
OF_THE_CHECKOUT = {"CHANGELOG.md": "changes.md", "CONTRIBUTING.md": "contributing.md"}
"""Pages outside ``docs/``, and what the site calls them."""

_SHIM = "https://unpkg.com/iframe-worker/shim"

_PAGES = OF_THE_CHECKOUT | {"README.md": "index.md"}
_TITLED = re.compile(r"^<!-- (?P<kind>file|edit|shows): (?P<path>\S+) -->\n```(?P<language>\w*)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<path>(?!https?:|#)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand at the top of the checkout."""
    for source, name in OF_THE_CHECKOUT.items():
        files.append(File.generated(config, name, content=(CHECKOUT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - mkdocs names them
    """One page as the site shows it."""
    folder = CHECKOUT if page.file.src_uri in OF_THE_CHECKOUT.values() else CHECKOUT / "docs"
    titled = _TITLED.sub(_with_title, markdown)
    return _LINK.sub(lambda link: f"]({_target(folder, link['path'], config.extra['repository'])}{link['anchor'] or ''})", titled)


def on_post_page(output: str, page: Any, config: MkDocsConfig) -> str:  # noqa: ARG001 - mkdocs names them
    """Load what the search needs in a folder from the site itself, as everything else."""
    return output.replace(_SHIM, "assets/search-in-a-folder.js")


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:  # noqa: ARG001 - mkdocs names them
    """Do the same on the page for addresses that do not exist."""
    return output_content.replace(_SHIM, "/assets/search-in-a-folder.js")


def _with_title(block: re.Match[str]) -> str:
    what = {"file": "", "edit": " – change", "shows": " – in it now"}[block["kind"]]
    return f'```{block["language"] or "text"} title="{block["path"]}{what}"'


def _target(folder: Path, link: str, repository: str) -> str:
    """Where a link of a page leads on the site: to a page, to a file beside the pages, or into the repository."""
    path = (folder / link).resolve()
    inside = path.relative_to(CHECKOUT).as_posix()
    if inside in _PAGES:
        return _PAGES[inside]
    if path.is_relative_to(CHECKOUT / "docs"):
        return path.relative_to(CHECKOUT / "docs").as_posix()
    return f"{repository}/{'tree' if path.is_dir() else 'blob'}/main/{inside}"

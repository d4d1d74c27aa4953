"""Give the package's page on an index its text: README.md, with addresses in place of paths where the repository is known.

A release names the repository: ``PACKAGE_REPOSITORY=https://github.com/… python -m build``. Without it the page is README.md
as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<path>(?!https?:|#)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


class PackagePage(MetadataHookInterface):
    """Hatchling's hook for metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the page and, where the repository is known, its addresses."""
        root, repository = Path(self.root), os.environ.get("PACKAGE_REPOSITORY", "").rstrip("/")
        text = (root / "README.md").read_text("utf-8")
        if repository:
            text = with_addresses(text, root, repository)
            metadata["urls"] = {
                "Source": repository,
                "Changes": f"{repository}/blob/main/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def with_addresses(text: str, root: Path, repository: str) -> str:
    """Replace the paths of links and pictures: an index does not have the files beside the page."""

    def address(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "tree" if (root / link["path"]).is_dir() else "blob"
        return f"{link['image']}[{link['text']}]({repository}/{kind}/main/{link['path']}{link['anchor'] or ''})"

    return _LINK.sub(address, text)

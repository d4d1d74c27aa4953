"""Render templates: a new document, and the plugin's own blocks in a document."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_handoff.errors import UsageProblem
from pytest_handoff.rendering.bundled import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.rendering.own_templates import OwnTemplates


SUFFIX = ".md.j2"


def bundled_templates() -> Path:
    """Find our own templates: in the installed package, else at the top of the checkout."""
    installed = Path(__file__).parents[1] / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "templates"


class Renderer:
    """Renders templates, a project's own in a sandbox of Jinja's; every value that a template prints is escaped for Markdown.

    Args:
        own: the project's own template folder; a file there wins over ours of the same name.
        compiled: a folder for compiled templates, which are reused as long as their text is the same.
        within: the folders that no link among the project's own templates may lead out of; without them, ``own``.
    """

    def __init__(self, own: Path | None = None, compiled: Path | None = None, within: Sequence[Path] = ()) -> None:
        self._templates = _Bundled() if own is None else _own(own, compiled, within)

    def names(self) -> list[str]:
        """List the templates that make documents."""
        found = self._files
        return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX) and "/" not in name and name[0] != "_")

    def document(self, template: str, context: Mapping[str, object]) -> str:
        """Render a new document.

        Raises:
            UsageProblem: there is no such template, or it cannot be rendered.
        """
        self.refuse_unknown(template)
        return self._render(f"{template}{SUFFIX}", context)

    def refuse_unknown(self, template: str) -> None:
        """Refuse the name of a template that does not exist.

        Raises:
            UsageProblem: there is none of that name; the message lists those there are.
        """
        if template not in self.names():
            raise UsageProblem(f"there is no template {template!r}; the templates are: {', '.join(self.names())}")

    def block(self, place: str, context: Mapping[str, object]) -> str | None:
        """Render the body of a block, or return ``None`` if no template makes it."""
        name = f"blocks/{place}{SUFFIX}"
        if name not in self._files:
            return None
        return self._render(name, context).strip("\n")

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(self._templates.names())

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        return self._templates.render(name, context)


class _Bundled:
    """Our own templates, compiled to Python functions before the package was built."""

    def names(self) -> Iterable[str]:
        return TEMPLATES

    def render(self, name: str, context: Mapping[str, object]) -> str:
        return "".join(TEMPLATES[name](context))


def _own(own: Path, compiled: Path | None, within: Sequence[Path]) -> OwnTemplates:
    from pytest_handoff.rendering.own_templates import OwnTemplates

    return OwnTemplates(own, bundled_templates(), within or (own.resolve(),), compiled and compiled / "bounded")

"""Render one self-contained page about a session: a template with its style, script and data embedded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_handoff.cli.document_html import document_html
from pytest_handoff.figures import counted, percent, percent_of
from pytest_handoff.printable import printable_text
from pytest_handoff.rendering.templates import bundled_templates

if TYPE_CHECKING:
    from collections.abc import Mapping


TEMPLATE = "report.html.j2"

_NEVER_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def page(context: Mapping[str, object], data: Mapping[str, Any], document: str) -> str:
    """Render the page as HTML.

    Args:
        context: the values that the template prints; each is escaped.
        data: the plain JSON values that the page's script shows.
        document: the session's document, as Markdown.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(bundled_templates()),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent_of": percent_of, "counted": counted}
    environment.globals["percent"] = percent
    return environment.get_template(TEMPLATE).render(
        **context,
        data=Markup(embedded(data)),  # noqa: S704 - escaped already
        document=Markup(document_html(printable_text(document))),  # noqa: S704 - escaped already
    )


def _shown(value: object) -> object:
    return printable_text(value) if type(value) is str else value


def embedded(data: Mapping[str, Any]) -> str:
    """Format data as JSON for a script element: no character in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_NEVER_IN_SCRIPT)
    return text.encode("utf-8", "backslashreplace").decode()

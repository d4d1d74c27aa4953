"""Render a Markdown document as inert HTML: no script, no markup of its own, nothing fetched from elsewhere."""

# ruff: noqa: ARG001 - markdown-it-py calls every rule with the same five arguments
from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from markdown_it.token import Token

from pytest_handoff.document.comments import without_comments
from pytest_handoff.document.markdown_it_reader import parser_with_tables
from pytest_handoff.document.outline import LONGEST_INLINE

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore


_BOX = re.compile(r"\[([ xX])\] ")
_DEEPER = 2
"""The document's headings are two levels below the page's own."""


def document_html(text: str) -> str:
    """Render the document as a code host shows it; comments are dropped, other HTML is shown as text."""
    parser = _parser()
    tokens = parser.parse(text)
    for at, token in enumerate(tokens):
        if token.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            token.tag = f"h{min(int(token.tag[1]) + _DEEPER, 6)}"
        if token.type == "inline" and at > 1 and tokens[at - 2].type == "list_item_open":
            _tick_box(token)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _parser() -> MarkdownIt:
    parser = parser_with_tables()
    parser.core.ruler.at("inline", _read_inline)
    for name, rule in (
        ("html_block", _markup),
        ("html_inline", _markup),
        ("image", _image),
        ("table_open", _table_open),
        ("table_close", _table_close),
        ("task_box", _task_box),
    ):
        parser.add_render_rule(name, rule)
    return parser


def _read_inline(state: StateCore) -> None:
    """Read inline markup as the parser does; a very long piece, for which it could take very long, is shown as it stands."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            if len(token.content) <= LONGEST_INLINE:
                state.md.inline.parse(token.content, state.md, state.env, token.children)
            else:
                token.children.append(Token("text", "", 0, content=token.content))


def _tick_box(token: Token) -> None:
    first = token.children[0] if token.children else None
    found = _BOX.match(first.content) if first is not None and first.type == "text" else None
    if first is None or found is None:
        return
    first.content = first.content[found.end() :]
    box = Token("task_box", "", 0, content=found[1].lower())
    token.children = [box, *(token.children or [])]


def _task_box(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]) -> str:
    done = tokens[at].content == "x"
    return f'<span class="box" role="img" aria-label="{"done" if done else "open"}">{"☑" if done else "☐"}</span> '


def _markup(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]) -> str:
    return escape(without_comments(tokens[at].content).strip())


def _image(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]) -> str:
    """Show a picture's alternative text and address; the page fetches nothing."""
    shown, address = tokens[at].content or "picture", str(tokens[at].attrGet("src") or "")
    return f'<span class="picture">{escape(shown)} ({escape(address)})</span>'


def _table_open(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="table"><table>\n'


def _table_close(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: MutableMapping[str, Any]) -> str:
    return "</table></div>\n"

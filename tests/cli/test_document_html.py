"""Markdown as HTML that cannot do anything."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_handoff.cli.page import MOST_LINES, document_html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Session 3\n", "<h3>Session 3</h3>\n"),
        ("##### Deep\n", "<h6>Deep</h6>\n"),
        ("a\n<!-- handoff:off -->\n\nb\n", "<p>a</p>\n<p>b</p>\n"),
        ("<script>alert(1)</script>\n", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a <img src=x onerror=alert(1)> b\n", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n"),
        ("[x](javascript:alert(1))\n", "<p>[x](javascript:alert(1))</p>\n"),
        (
            "![a plot](https://example.invalid/a.png)\n",
            '<p><span class="picture">a plot (https://example.invalid/a.png)</span></p>\n',
        ),
        ("[docs](https://example.invalid/)\n", '<p><a href="https://example.invalid/">docs</a></p>\n'),
        ("`<b>`\n", "<p><code>&lt;b&gt;</code></p>\n"),
    ],
)
def test_only_what_markdown_means_is_markup(markdown: str, html: str) -> None:
    """Headings go below the page's own; comments go; foreign markup and dangerous links are text; nothing is fetched."""
    assert document_html(markdown) == html


@pytest.mark.parametrize(("mark", "sign", "said"), [("x", "☑", "done"), ("X", "☑", "done"), (" ", "☐", "open")])
def test_a_tick_is_a_sign_with_a_name(mark: str, sign: str, said: str) -> None:
    """A checklist line shows its box, and says it to who cannot see it."""
    assert f'aria-label="{said}">{sign}</span> All pass' in document_html(f"- [{mark}] All pass\n")


def test_a_bracket_elsewhere_is_no_box() -> None:
    """Only a list item begins with a box."""
    assert "role" not in document_html("[x] not a list\n\n- see [x]\n")


def test_a_document_of_very_many_lines_is_shown_as_text() -> None:
    """Whatever stands in it is text then."""
    shown = document_html("# <b>x</b>\n" * (MOST_LINES + 1))
    assert shown.startswith("<pre># &lt;b&gt;x&lt;/b&gt;\n#")
    assert shown.count("&lt;b&gt;") == MOST_LINES + 1


def test_a_table_can_be_scrolled_by_keyboard() -> None:
    """A wide table is a region of its own that can have the focus."""
    html = document_html("| a |\n|---|\n| 1 |\n")

    assert html.startswith('<div class="scroll" tabindex="0"')
    assert html.endswith("</table></div>\n")


@settings(max_examples=150)
@given(st.text(alphabet="<>/!-&\"'scriptonerror=[]()`#|* \n", max_size=60))
def test_no_text_makes_an_element_that_is_not_markdown(text: str) -> None:
    """Every element of the result is one that Markdown has, and has no handler."""
    elements = set(re.findall(r"</?([a-z]\w*)", document_html(text)))

    known = "p h3 h4 h5 h6 ul ol li code pre em strong a br hr blockquote span div table thead tbody tr th td"
    assert elements <= set(known.split())
    assert not re.search(r"<[^>]*\bon\w+=", re.sub(r'"[^"]*"', '""', document_html(text)))

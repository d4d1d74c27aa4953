"""Draw a page's parts: charts as plain geometry for SVG, and a Markdown document as inert HTML."""

# ruff: noqa: ARG001 - markdown-it-py calls every rule with the same five arguments
from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from markdown_it.token import Token

from pytest_handoff.document.comments import without_comments
from pytest_handoff.document.markdown_it_reader import parser_with_tables
from pytest_handoff.document.outline import LONGEST_INLINE
from pytest_handoff.figures import percent, percent_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore

    from pytest_handoff.evidence.history import SessionRow


WIDTH, HEIGHT = 640.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 20.0, 34.0
MOST_SESSIONS = 40
"""The most bars that a reader can tell apart; if there are more, only the newest are drawn."""

_KINDS = (
    ("pass", ("passed", "xpassed")),
    ("fail", ("failed", "error")),
    ("skip", ("skipped", "xfailed")),
    ("idle", ("not_run",)),
)
_MOST_LABELS = 8


class Bar(NamedTuple):
    """A piece of a stacked bar; ``kind`` is its class, ``said`` its words."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    said: str


class Point(NamedTuple):
    """A measured value of a line."""

    x: float
    y: float
    said: str


class Tick(NamedTuple):
    """A label on an axis, and its position; a ``minor`` one is left out if there is little room."""

    at: float
    text: str
    minor: bool = False


class Label(NamedTuple):
    """A number above a bar: a few failures among many tests would be too small to see."""

    x: float
    y: float
    text: str


class Chart(NamedTuple):
    """A chart of a fixed size; ``lines`` are runs of points without a gap, by kind."""

    bars: list[Bar]
    lines: list[tuple[str, list[Point]]]
    across: list[Tick]
    up: list[Tick]
    labels: list[Label]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def outcome_chart(rows: Sequence[SessionRow]) -> Chart:
    """Chart the outcomes of each session's tests; the highest bar fills the height."""
    rows = rows[-MOST_SESSIONS:]
    most = max((sum(row.counts.values()) for row in rows), default=0) or 1
    return Chart(
        bars=[bar for at, row in enumerate(rows) for bar in _bars(row, at, len(rows), most)],
        lines=[],
        across=_names(rows),
        up=[Tick(_y(share), f"{round(most * share):,}") for share in (0.0, 0.5, 1.0) if most % 2 == 0 or share != 0.5],
        labels=[label for at, row in enumerate(rows) for label in _failing(row, at, len(rows), most)],
    )


def coverage_chart(rows: Sequence[SessionRow]) -> Chart:
    """Chart coverage and coverage of new code in percent; a session in which nothing was measured leaves a gap."""
    rows = rows[-MOST_SESSIONS:]
    total = [None if row.percent is None else (row.percent, percent_of(row.percent)) for row in rows]
    new = [
        (100 * row.new_code.part / row.new_code.whole, percent(row.new_code.part, row.new_code.whole))
        if row.new_code and row.new_code.whole
        else None
        for row in rows
    ]
    floor = _floor([value for value, _ in filter(None, [*total, *new])])
    return Chart(
        bars=[],
        lines=[*_line("total", "coverage", total, rows, floor), *_line("new", "new code", new, rows, floor)],
        across=_names(rows),
        up=[Tick(_y(share), f"{floor + (100 - floor) * share:g} %") for share in (0.0, 0.5, 1.0)],
        labels=[],
    )


def _bars(row: SessionRow, at: int, count: int, most: int) -> list[Bar]:
    width = min(_step(count) * 0.7, 46.0)
    found: list[Bar] = []
    below = 0
    for kind, outcomes in _KINDS:
        number = sum(row.counts[outcome] for outcome in outcomes)
        if number:
            top = _y((below + number) / most)
            left, height = round(_x(at, count) - width / 2, 1), round(_y(below / most) - top, 1)
            found.append(Bar(left, top, round(width, 1), height, kind, f"{row.session}: {_words(row, outcomes)}"))
            below += number
    return found


def _failing(row: SessionRow, at: int, count: int, most: int) -> list[Label]:
    """Write the number of failing tests above the bar, or only a sign if the bars are too narrow for it."""
    number = row.counts["failed"] + row.counts["error"]
    if not number:
        return []
    text = f"✗ {number:,}"
    top = _y(sum(row.counts.values()) / most)
    return [Label(_x(at, count), round(top - 4, 1), text if len(text) * 7 <= _step(count) else "✗")]


def _words(row: SessionRow, outcomes: Sequence[str]) -> str:
    return ", ".join(f"{row.counts[outcome]:,} {outcome.replace('_', ' ')}" for outcome in outcomes if row.counts[outcome])


def _line(
    kind: str, name: str, values: Sequence[tuple[float, str] | None], rows: Sequence[SessionRow], floor: int
) -> list[tuple[str, list[Point]]]:
    runs: list[list[Point]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            said = f"{rows[at].session}: {name} {value[1]}"
            runs[-1].append(Point(_x(at, len(rows)), _y((value[0] - floor) / (100 - floor)), said))
    return [(kind, run) for run in runs if run]


def _floor(values: Sequence[float]) -> int:
    """Choose the start of the axis: whole tens below the lowest value, and never so high that a small change looks big."""
    return min(int(min(values, default=0.0)) // 10 * 10, 80)


def _names(rows: Sequence[SessionRow]) -> list[Tick]:
    every = -(-len(rows) // _MOST_LABELS) or 1
    named = [(at, row) for at, row in enumerate(rows) if (len(rows) - 1 - at) % every == 0]
    minor = {at for at, _ in named[len(named) % 2 :: 2]} if len(named) > _MOST_LABELS // 2 else set()
    return [Tick(_x(at, len(rows)), row.session, at in minor) for at, row in named]


def _step(count: int) -> float:
    return (WIDTH - LEFT - RIGHT) / count


def _x(at: int, count: int) -> float:
    return round(LEFT + _step(count) * (at + 0.5), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


_BOX = re.compile(r"\[([ xX])\] ")
_DEEPER = 2
"""The document's headings are two levels below the page's own."""


MOST_LINES = 50_000
"""A longer document is shown as its text: nobody reads it, and rendering would take seconds."""


def document_html(text: str) -> str:
    """Render the document as a code host shows it; comments are dropped, other HTML is shown as text."""
    if text.count("\n") > MOST_LINES:
        return f"<pre>{escape(text)}</pre>\n"
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

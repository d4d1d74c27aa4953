"""Templates that a repository brings cost what a document may cost, and no more, whatever they are made to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from every_verb import READING, play

from pytest_handoff.errors import UsageProblem
from pytest_handoff.rendering import budget as template_budget
from pytest_handoff.rendering.templates import Renderer

if TYPE_CHECKING:
    from pathlib import Path

    from stories import Story

pytestmark = pytest.mark.cold_start

AGAIN = "{% for i in range(99) %}"
MANY = "(['a' * 99999] * 99999)"


def grows(begin: str, step: str) -> str:
    """A template that makes ``n.x`` larger 99 times, and shows it."""
    return f"{{% set n = namespace(x={begin}) %}}{AGAIN}{step}{{% endfor %}}{{{{ n.x }}}}"


ENDLESS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "loops that choose": "{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}",
    "loops that call themselves": "{% for a in [0, 1] recursive %}{% if a %}{{ loop(range(99999)) }}{% endif %}{% endfor %}",
    "macros": "{% macro m(n) %}{% if n %}{{ m(n-1) }}{{ m(n-1) }}{% endif %}{% endmacro %}{{ m(99) }}",
    "macros without end": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "callers": "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}" + "{% call m() %}" * 60 + "x" + "{% endcall %}" * 60,
    "includes": '{% include "blocks/x.md.j2" %}',
    "includes of nothing": '{% include ["nope"] * 99999 ignore missing %}',
    "lazy filters": "{% for a in range(99999) %}{% set x = range(99999)|map('string')|sort %}{% endfor %}",
    "comparisons": "{% set a = [0] * 99999 %}{% for i in range(99999) %}{% if a == a[:] %}{% endif %}{% endfor %}",
    "a nest of brackets": "{{ " + "(" * 9999 + "1" + ")" * 9999 + " }}",
    "a long sum": "{{ 1" + " + 1" * 9999 + " }}",
}
LARGE = {
    "times": "{{ 'a' * 2000000000 }}",
    "lists": "{{ ([0] * 2000000000)|length }}",
    "power": "{{ 10 ** (10 ** 10) }}",
    "squares": grows("3", "{% set n.x = n.x * n.x %}"),
    "plus": grows("'a'", "{% set n.x = n.x + n.x %}"),
    "tilde": grows("'a'", "{% set n.x = n.x ~ n.x %}"),
    "lists and lists": grows("[1]", "{% set n.x = n.x + n.x %}"),
    "a list twice in a list": grows("[1]", "{% set n.x = [n.x, n.x] %}"),
    "a table twice in a table": grows("[1]", "{% set n.x = dict(a=n.x, b=n.x) %}"),
    "a list that was put twice": grows("[1]", "{% set y = [] %}{% set _ = y.append(n.x), y.append(n.x) %}{% set n.x = y %}"),
    "a list within itself": "{% set x = [1] %}" + AGAIN + "{% set _ = x.append(x) %}{% endfor %}{{ x }}",
    "captured": grows("'a'", "{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}"),
    "ljust": "{{ 'a'.ljust(10000000000) }}",
    "center": "{{ 'a'|center(10000000000) }}",
    "percent": "{{ '%1000000000d' % 1 }}",
    "percent star": "{{ '%*d' % (1000000000, 1) }}",
    "precision": "{{ '%.999999999f' % 1.5 }}",
    "format filter": "{{ '%1000000000d'|format(1) }}",
    "format": "{{ '{:1000000000}'.format(1) }}",
    "format in format": "{{ '{:{}}'.format(1, 1000000000) }}",
    "format by attr": "{{ ('{:1000000000}'|attr('format'))(1) }}",
    "format_map": "{{ '{a:1000000000}'.format_map({'a': 1}) }}",
    "format as a key": "{{ [1, 2].sort(key='{:1000000000}'.format) }}",
    "indent": "{{ ('\n' * 99999)|indent(99999) }}",
    "batch": "{{ [1]|batch(10000000000, 'x')|list|length }}",
    "slice": "{{ [1]|slice(10000000000)|list|length }}",
    "join": "{{ range(99999)|join('a' * 99999) }}",
    "join of a list": "{{ " + MANY + "|join }}",
    "join of attributes": "{{ " + MANY + "|map('upper')|join }}",
    "join method": "{{ ('a' * 99999).join('b' * 99999) }}",
    "tojson": "{{ " + MANY + "|tojson }}",
    "pprint": "{{ " + MANY + "|pprint }}",
    "a list printed": "{{ " + MANY + " }}",
    "a list in a text": "{{ '%s' % [" + MANY + "] }}",
    "a list beside a text": "{{ 'a' ~ " + MANY + " }}",
    "replace": "{{ ('a' * 99999)|replace('a', 'b' * 99999) }}",
    "replace method": "{{ ('a' * 99999).replace('a', 'b' * 99999) }}",
    "expandtabs": "{{ ('\t' * 99999).expandtabs(99999) }}",
    "translate": "{{ ('a' * 99999).translate({97: 'b' * 99999}) }}",
    "wordwrap": "{{ ('a ' * 99999)|wordwrap(2, wrapstring='b' * 99999) }}",
    "urlize": "{{ ('http://a.b ' * 9999)|urlize(rel='x' * 99999) }}",
    "lipsum": "{{ lipsum(n=99999999) }}",
    "bytes": "{{ (1).to_bytes(10000000000, 'big') }}",
    "sum": "{{ ([[1] * 9999] * 99999)|sum(start=[])|length }}",
    "text": "{% for a in range(99999) %}" + "x" * 99999 + "{% endfor %}",
    "kept texts": "{% set x = [] %}{% for i in range(99999) %}{% set _ = x.append('a' * 99999) %}{% endfor %}",
    "kept slices": "{% set s, x = 'a' * 99999, [] %}{% for i in range(99999) %}{% set _ = x.append(s[i:]) %}{% endfor %}",
    "kept numbers": "{% set x = [] %}{% for i in range(99999) %}{% set _ = x.append(2 ** 99990 + i) %}{% endfor %}",
    "kept ranges": "{% set x = [] %}{% for i in range(99999) %}{% set _ = x.extend(range(99999)) %}{% endfor %}",
    "a long number": "{{ " + "9" * 5000 + " }}",
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small budget, which what is endless uses up as it does a large one, and sooner."""
    for name, value in {"STEPS": 100_000, "CHARACTERS": 5_000_000, "LARGEST": 1_000_000, "SECONDS": 2.0}.items():
        monkeypatch.setattr(template_budget, name, value)


def rendered(folder: Path, text: str, **context: Any) -> str | None:
    """A block by a template of the project's own."""
    (folder / "blocks").mkdir(exist_ok=True)
    (folder / "blocks/x.md.j2").write_text(text)
    return Renderer(folder).block("x", context)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("attack", [*ENDLESS, *LARGE])
def test_it_is_stopped(tmp_path: Path, attack: str) -> None:
    """One sentence names the template; nobody waits, and nothing large was made."""
    with pytest.raises(UsageProblem) as caught:
        rendered(tmp_path, (ENDLESS | LARGE)[attack])
    assert str(caught.value).startswith("blocks/x.md.j2:")
    assert "cannot be rendered: " in str(caught.value)
    assert len(str(caught.value)) < 300


def test_all_templates_share_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document of many blocks costs no more than one block may."""
    monkeypatch.setattr(template_budget, "STEPS", 1000)
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks/x.md.j2").write_text("{% for i in range(200) %}{% endfor %}")
    renderer = Renderer(tmp_path)
    assert [renderer.block("x", {}) for _ in range(3)] == [""] * 3
    with pytest.raises(UsageProblem, match="more than 1,000 steps"):
        renderer.block("x", {})


HONEST = {
    "a table": ("{% for row in rows if row.n % 2 %}| {{ row.id|code }} | {{ loop.index }}/{{ loop.length }} |\n{% endfor %}", 8),
    "formats": ("{{ '**%s** %5.1f %%'|format('a', 12.34) }} {{ '{:>8,.1f} {{}}'.format(1234.5) }} {{ '%05d' % 7 }}", 30),
    "lists": ("{% set x = [] %}{% for row in rows %}{% set _ = x.append([row.id, row.n]) %}{% endfor %}{{ x|length }}", 1),
    "groups": ("{% set x = {} %}{% for row in rows %}{% set _ = x.setdefault(row.n, []).append(1) %}{% endfor %}{{ x }}", 9),
    "names": ("{% set n = namespace(x=0) %}{% for row in rows %}{% set n.x = n.x + row.n %}{% endfor %}{{ n.x }}", 1),
    "filters": ("{{ rows|map(attribute='id')|sort|join(', ') }} {{ rows|sum(attribute='n') }}{{ [[1], [2]]|sum(start=[]) }}", 9),
    "words": ("{{ ('a' ~ 1 ~ none)|center(20)|upper|indent(2) }} {{ 'a\tb'.expandtabs(4) }} {{ '-'.join(['a', 'b']) }}", 9),
    "macros": (
        "{% macro m(x, y=1) %}{{ x ~ y }}{% if caller %}{{ caller() }}{% endif %}{% endmacro %}"
        "{% call m('b') %}c{% endcall %}",
        3,
    ),
    "trees": ("{% for one in tree recursive %}{{ one.id }}{{ loop(one.below) }}{% endfor %}", 3),
    "slices": ("{{ rows[1:3]|map(attribute='id')|list }}{{ 'abc'[::-1] }}{{ (1, 2) == (1, 2) }}{{ {'a': [1]} }}", 20),
}  # fmt: skip


@pytest.mark.parametrize("twin", HONEST)
def test_an_honest_template_says_what_it_said(tmp_path: Path, twin: str) -> None:
    """What templates are usually made of gives what the sandbox alone gives."""
    from jinja2.sandbox import SandboxedEnvironment

    from pytest_handoff.markup import escape
    from pytest_handoff.rendering.own_templates import OPTIONS, WORDS

    plain = SandboxedEnvironment(finalize=escape, **OPTIONS)
    plain.filters |= WORDS
    context = {
        "rows": [{"id": f"t{n}", "n": n} for n in range(7)],
        "tree": [{"id": "a", "below": [{"id": "b", "below": []}, {"id": "c", "below": []}]}],
    }
    text, longest = HONEST[twin]
    said = rendered(tmp_path, text, **context)
    assert said == plain.from_string(text).render(context).strip("\n")
    assert len(said) >= longest


def test_a_hundred_thousand_rows(tmp_path: Path) -> None:
    """A large project's list of tests is no attack."""
    rows = [{"id": f"tests/test_{n // 100}.py::test_it[{n}]", "outcome": "passed"} for n in range(100_000)]
    said = rendered(tmp_path, "{% for row in rows %}| {{ row.id|code }} | {{ row.outcome|upper }} |\n{% endfor %}", rows=rows)
    assert said is not None
    assert said.count("\n") == len(rows) - 1


@pytest.mark.parametrize("attack", ["loops", "times", "includes"])
@pytest.mark.parametrize("verb", ["show", "explain", "verify", "gate", "report", "attest", "fill --check", "fill"])
@pytest.mark.usefixtures("small")
def test_every_verb_that_renders_stops(recorded: Story, attack: str, verb: str) -> None:
    """Whoever only looks at a stranger's hand-off is told which template it is, and gets no verdict."""
    name = "blocks/coverage.files.md.j2"
    recorded.write_files({"handoff.toml": 'templates = "tpl"\n'})
    (recorded.folder / "tpl/blocks").mkdir(parents=True)
    (recorded.folder / "tpl" / name).write_text((ENDLESS | LARGE)[attack].replace("blocks/x.md.j2", name))
    block = "\n<!-- handoff:begin coverage.files -->\n<!-- handoff:end coverage.files -->\n"
    (recorded.folder / "handoffs/session-1.md").write_text(recorded.document("session-1") + block)
    done = play(recorded, *READING.get(verb, ("fill", "session-1")))
    assert (done.code, done.out) == (2, "")
    assert name in done.err
    assert done.err.count("\n") == 1

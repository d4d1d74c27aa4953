"""Templates in their sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_handoff.errors import UsageProblem
from pytest_handoff.rendering.templates import Renderer, bundled_templates

if TYPE_CHECKING:
    from pathlib import Path


def own(folder: Path, **templates: str) -> Renderer:
    """A renderer with templates of a project's own; two underscores within a name are a slash."""
    for name, text in templates.items():
        path = folder / f"{name.replace('__', '/')}.md.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Renderer(folder)


def test_our_templates_are_found() -> None:
    """The templates that ship with the package can be named, and blocks are none of them."""
    assert (bundled_templates() / "session_handoff.md.j2").is_file()
    names = Renderer().names()
    assert "session_handoff" in names
    assert not any("/" in name or name.startswith("_") for name in names)


def test_values_are_escaped(tmp_path: Path) -> None:
    """Whatever a template prints is escaped, but for what is Markdown already."""
    renderer = own(tmp_path, a="{{ x }} {{ x | code }} {{ 1200 | counted('test') }} {{ percent(1, 3) }}\n")
    assert renderer.document("a", {"x": "*|*"}) == "\\*\\|\\* `*\\|*` 1,200 tests 33.3 %\n"


def test_own_templates_win(tmp_path: Path) -> None:
    """A project's template of the same name is taken before ours."""
    renderer = own(tmp_path, session_handoff="mine\n", blocks__x="\n\nbody\n\n")
    assert renderer.document("session_handoff", {}) == "mine\n"
    assert renderer.block("x", {}) == "body"
    assert renderer.block("no.such.block", {}) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("\n{% if %}", "a.md.j2:2: cannot be rendered"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ none + 1 }}", "unsupported operand"),
        ("{{ percent(0, 0) }}", "a percentage of nothing"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% include 'gone' %}", "gone"),
    ],
)
def test_templates_that_cannot_be_rendered(tmp_path: Path, text: str, said: str) -> None:
    """Whatever is wrong with a template is told as one sentence."""
    with pytest.raises(UsageProblem, match="cannot be rendered") as caught:
        own(tmp_path, a=text).document("a", {})
    assert said in str(caught.value)


def test_a_template_that_is_not_there() -> None:
    """A name that no template has is told, with those that there are."""
    with pytest.raises(UsageProblem, match=r"there is no template 'x'; the templates are: .*session_handoff"):
        Renderer().document("x", {})


def test_compiled_templates_are_taken_for_the_same_text_only(tmp_path: Path) -> None:
    """What was compiled is used again, until the template's text changes; what lies there and is damaged is not used."""
    compiled = tmp_path / "deep" / "compiled"
    write = (tmp_path / "a.md.j2").write_text
    write("one {{ x }}\n", "utf-8")

    def rendered() -> str:
        return Renderer(tmp_path, compiled).document("a", {"x": 1})

    assert rendered() == "one 1\n"
    (kept,) = (compiled / "bounded").iterdir()
    as_compiled = kept.read_bytes()
    kept.write_bytes(as_compiled.replace(b"one ", b"two "))
    assert rendered() == "two 1\n", "the compiled template is not used"
    write("three {{ x }}\n", "utf-8")
    assert rendered() == "three 1\n"
    for damaged in (b"", as_compiled[:-9], b"\0" * 100):
        kept.write_bytes(damaged)
        assert rendered() == "three 1\n"


def test_compiled_templates_that_cannot_be_kept(tmp_path: Path) -> None:
    """Where their folder cannot be made, templates are compiled and nothing is said."""
    (tmp_path / "file").touch()
    write = (tmp_path / "a.md.j2").write_text
    write("{{ x }}\n", "utf-8")
    assert Renderer(tmp_path, tmp_path / "file" / "compiled").document("a", {"x": 1}) == "1\n"

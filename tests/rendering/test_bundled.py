"""Our own templates as Python functions: they render what Jinja renders of their text, whatever they are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import jinja2
import pytest

from pytest_handoff.figures import percent
from pytest_handoff.markup import SafeMarkdown, escape
from pytest_handoff.rendering import bundled
from pytest_handoff.rendering.bundled import TEMPLATES
from pytest_handoff.rendering.own_templates import OPTIONS, WORDS
from pytest_handoff.rendering.templates import bundled_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
SEEDS = range(120)
TEXTS = ("a|b", "*x*", "", "1. y", "B", "é `z`")
MAY_BE_NONE = ("covered_by", "changed")


class Stand:
    """Stands for anything that a template may be given: what it is follows from the way to it and a number."""

    def __init__(self, way: str, *, is_part: bool = False) -> None:
        self._way, self._is_part = way, is_part
        self._chance = crc32(way.encode())

    def _at(self, step: object) -> Any:
        found = Stand(f"{self._way}.{step}")
        return None if str(step).startswith(MAY_BE_NONE) and found._chance % 3 == 0 else found

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("_", "jinja")):
            raise AttributeError(name)
        return float(self._at(name)._chance % 1001) / 10 if name == "percent" else self._at(name)

    def __call__(self, *given: object) -> Any:
        return self._at(f"({len(given)})")

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Stand]:
        number = 2 if self._is_part else len(self)
        return (Stand(f"{self._way}[{place}]", is_part=True) for place in range(number))

    def __len__(self) -> int:
        return (0, 0, 0, 0, 0, 0, 1, 2, 3, 21, 22, 51, 61, 101)[self._chance % 14]

    def __getitem__(self, key: object) -> Any:
        return list(self)[key] if isinstance(key, slice) else self._at(key)

    def items(self) -> list[tuple[str, Any]]:
        return [(f"{one}", one) for one in self]

    def values(self) -> list[Any]:
        return list(self)

    def lower(self) -> str:
        return str(self).lower()

    def __str__(self) -> str:
        return f"{TEXTS[self._chance % len(TEXTS)]}{self._chance % 1000}"

    __repr__ = __str__

    def __format__(self, _form: str) -> str:
        return str(self)

    def __hash__(self) -> int:
        return self._chance

    def __eq__(self, other: object) -> bool:
        return self._chance % 2 == 0 if isinstance(other, int) else self is other

    def __gt__(self, other: object) -> bool:
        return self._chance % 2 == 0


class Given(dict[str, Any]):
    """Whatever name a template asks for."""

    def __init__(self, seed: int) -> None:
        super().__init__(owed_block=SafeMarkdown("*as it is*"))
        self._seed = seed

    def __missing__(self, name: str) -> Any:
        stand = Stand(f"{self._seed}.{name}")
        return None if name.startswith(MAY_BE_NONE) and self._seed % 3 == 0 else stand


@pytest.fixture(scope="module")
def rendered() -> Callable[[str, Given], str]:
    """What Jinja renders, told as the renderer of a project's own templates is."""
    environment = jinja2.Environment(  # noqa: S701 - Markdown, which finalize escapes
        loader=jinja2.FileSystemLoader(bundled_templates()), finalize=escape, **OPTIONS
    )
    environment.filters |= WORDS

    def render(name: str, given: Given) -> str:
        template = environment.get_template(name)
        asked = {word: given[word] for word in names_in(name)} | {"percent": percent}
        return template.render(asked)

    return render


def names_in(name: str) -> set[str]:
    """The names that the function of a template asks for."""
    return {one for one in TEMPLATES[name].__code__.co_consts if isinstance(one, str) and one.isidentifier()}


def test_they_are_made_of_the_templates_as_these_are_now() -> None:
    """Whoever changes a template runs the script; what the script does not understand is an error of its own."""
    script = CHECKOUT / "scripts" / "compile_templates.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_they_render_what_jinja_renders(name: str, rendered: Callable[[str, Given], str]) -> None:
    """Every branch and every loop, of nothing, of few and of too many."""
    seen: set[int] = set()
    code_of_it = TEMPLATES[name].__code__
    for seed in SEEDS:
        given = Given(seed)
        expected = rendered(name, given)
        found = "".join(TEMPLATES[name](given))  # not watched, so that whatever measures this process sees it too
        with lines_run(code_of_it, seen):
            watched = "".join(TEMPLATES[name](given))
        assert (found, watched) == (expected, expected), f"{name}, {seed}"
    lines = {line for _, _, line in code_of_it.co_lines() if line is not None} - {code_of_it.co_firstlineno}
    assert lines - seen == set(), f"{bundled.__file__}: no seed comes to these lines"


class lines_run:  # noqa: N801 - used as a function
    """Note the lines of a function that run."""

    def __init__(self, wanted: Any, seen: set[int]) -> None:
        self._wanted, self._seen = wanted, seen

    def __enter__(self) -> None:
        self._before = sys.gettrace()
        sys.settrace(lambda frame, _event, _arg: self._line if frame.f_code is self._wanted else None)

    def _line(self, frame: Any, _event: str, _arg: object) -> Any:
        self._seen.add(frame.f_lineno)
        return self._line

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

"""Read the place and the error from pytest's text about a failing doctest, which has no line marked with ``E``."""

from __future__ import annotations

import re

from pytest_handoff.markup import one_line

_PLACE = re.compile(r"^(\S.*:(?:\d+|None)): (?:DocTestFailure|UnexpectedException)[ \t]*$", re.MULTILINE)
"""The line that ends each failure of a doctest; with ``--doctest-continue-on-failure`` there are several."""
_RAISED = "UNEXPECTED EXCEPTION: "


def place_and_error(text: str) -> tuple[str, str] | None:
    """Return the place (``path:line``) and the error of the first failure in a doctest's text; ``None`` if it is no such text."""
    place = _PLACE.search(text)
    if place is None:
        return None
    lines = text[: place.start()].splitlines()
    return place[1], one_line(_raised(lines) or _compared(lines) or f"unexpected result{_example(lines)}")


def _raised(lines: list[str]) -> str | None:
    return next((line.removeprefix(_RAISED) for line in lines if line.startswith(_RAISED)), None)


def _compared(lines: list[str]) -> str | None:
    """Say what was expected and what came; the doctest's own text is numbered or indented, so these headings are pytest's."""
    expected = next((at for at, line in enumerate(lines) if line in ("Expected:", "Expected nothing")), None)
    got = next((at for at, line in enumerate(lines) if line in ("Got:", "Got nothing")), None)
    if expected is None or got is None:
        return None
    return f"expected {_joined(lines[expected + 1 : got])}, got {_joined(lines[got + 1 :])}"


def _joined(lines: list[str]) -> str:
    return " ".join(filter(None, map(str.strip, lines))) or "nothing"


def _example(lines: list[str]) -> str:
    examples = [line.partition(">>> ")[2] for line in lines if ">>> " in line]
    return f": {examples[-1]}" if examples else ""

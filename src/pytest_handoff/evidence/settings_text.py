"""Parse TOML and INI within limits: settings that we do not trust must not keep their parsers busy for minutes."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from configparser import ConfigParser


MOST_DOTS, LONGEST_LINE = 200, 10_000
"""tomllib takes time for a dotted key, and configparser for a line, that grows with the square of its length."""


FORMATS = {"json": "JSON", "toml": "TOML", "yaml": "YAML", "yml": "YAML", "ini": "INI", "cfg": "INI"}
"""The formats of settings and data files, by the ending of their names."""


def format_of(path: str) -> str | None:
    """Name the format of a file of settings or data; ``None`` for any other file."""
    name, _, ending = path.rpartition("/")[2].rpartition(".")
    return FORMATS.get(ending.lower()) if name else None


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises:
        ValueError: saying what is wrong, for what is no TOML, and for a key with too many dots.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MOST_DOTS and line.partition("=")[0].count(".") > MOST_DOTS:
            raise ValueError(f"line {number} has a key of more than {MOST_DOTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("its tables or lists are nested too deeply") from error


def parse_ini(text: str, parser: ConfigParser) -> None:
    """Parse INI into a parser.

    Raises:
        ValueError: saying what is wrong, for what is no INI, and for a line that is too long.
    """
    import configparser

    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            raise ValueError(f"line {number} has more than {LONGEST_LINE:,} characters")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    except AttributeError as error:  # older versions of Python stumble there
        raise ValueError("a line continues a key that has no value") from error

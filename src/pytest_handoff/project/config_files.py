"""Check that configuration files can be parsed: JSON, TOML, YAML, INI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_handoff.evidence.tool_settings import parse_ini, parse_toml
from pytest_handoff.project.foreign_files import SETTINGS, TEXT, Refused, leads_outside, read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def unparsable(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Find the files that do not parse, each with the reason on one line."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        parse = _PARSERS.get((root / path).suffix.lower())
        if parse is not None and (root / path).is_file() and not leads_outside(root / path, [root]):
            problem = _problem(parse, root / path, root)
            if problem:
                found[path] = problem
    return found


def _problem(parse: Callable[[str], object], path: Path, root: Path) -> str | None:
    try:
        most = TEXT if path.suffix.lower() == ".json" else SETTINGS  # the other parsers take seconds for a megabyte
        parse(read_file(path, [root], most).decode("utf-8-sig"))
    except Refused as refused:
        return f"it {refused.why}"
    except (ValueError, OverflowError, RecursionError) as error:
        return " ".join(str(error).split())[:200] or type(error).__name__
    return None


def _yaml(text: str) -> None:
    """Check the syntax only: the meaning of a tag is up to the program that reads the file."""
    import yaml

    try:
        for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _ini(text: str) -> None:
    import configparser

    parse_ini(text, configparser.ConfigParser(interpolation=None, allow_no_value=True))


_PARSERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".toml": parse_toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".ini": _ini,
    ".cfg": _ini,
}

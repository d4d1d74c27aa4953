"""Write the map of the rooms in docs/architecture.md from the modules' own words; ``--check`` only compares."""
# ruff: noqa: T201 - a script prints

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "architecture.md"
PACKAGE = CHECKOUT / "src" / "pytest_handoff"
GROUND = "Ground floor"
_MAP = re.compile(r"(?<=<!-- modules: begin -->\n).*(?=<!-- modules: end -->)", re.DOTALL)


def main(*, check: bool) -> int:
    """Exit with 1 when ``check`` finds that the page differs."""
    page = PAGE.read_text("utf-8")
    wanted = _MAP.sub(lambda _: module_map(), page)
    if wanted == page:
        return 0
    if check:
        print(f"{PAGE.relative_to(CHECKOUT)}: the map of modules is not up to date; run python scripts/module_map.py")
        return 1
    PAGE.write_text(wanted, "utf-8")
    return 0


def module_map() -> str:
    """Describe each room, from the top: its promise, the rooms it may import, its modules and what others use of each."""
    floors = layers()
    used = faces()
    parts = []
    for at, row in enumerate(floors):
        below = [f"`{room}`" for floor in floors[at + 1 :] for room in floor]
        for room in row:
            promise = f"{sentence(PACKAGE / room / '__init__.py')}\n\nMay import {', '.join([*below, 'the ground floor'])}.\n"
            parts.append(f"\n### {room}\n\n{promise}\n{table(sorted((PACKAGE / room).glob('[!_]*.py')), used)}")
    words = "The entries, and the data and words that everything speaks of.\n"
    return "".join(parts) + f"\n### {GROUND}\n\n{words}\n{table(sorted(PACKAGE.glob('*.py'))[1:], used)}\n"


def layers() -> list[list[str]]:
    """List the rooms of each floor, from the top, as import-linter holds them; modules of the ground floor are no rooms."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    contract = next(one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    rows = [[name for name in re.split(r"\s*[:|]\s*", row) if (PACKAGE / name).is_dir()] for row in contract["layers"]]
    return [row for row in rows if row]


def faces() -> dict[Path, set[str]]:
    """Find for each module the names that modules of other rooms import from it."""
    found: dict[Path, set[str]] = {}
    for reader in PACKAGE.rglob("*.py"):
        for path, name in imported(ast.parse(reader.read_text("utf-8"))):
            if path.parent != reader.parent:
                found.setdefault(path, set()).add(name)
    return found


def imported(tree: ast.Module) -> Iterator[tuple[Path, str]]:
    """List what a module takes from modules of ours: names, and attributes of a module that it imports as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE.name:
            module = PACKAGE.joinpath(*(node.module or "").split(".")[1:])
            for alias in node.names:
                if not module.is_dir():
                    yield module.with_suffix(".py"), alias.name
                elif (whole := module / f"{alias.name}.py").exists():
                    yield from ((whole, name) for name in attributes(tree, alias.asname or alias.name))


def attributes(tree: ast.Module, owner: str) -> Iterator[str]:
    """List the attributes of this name that a module uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == owner:
            yield node.attr


def table(modules: list[Path], used: dict[Path, set[str]]) -> str:
    """Make a Markdown table of modules."""
    rows = []
    for path in modules:
        face = ", ".join(f"`{name}`" for name in sorted(used.get(path, ())))
        rows.append(f"| [`{path.stem}`](../{path.relative_to(CHECKOUT).as_posix()}) | {cell(sentence(path))} | {face} |")
    return "| module | what it does | its face |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def sentence(module: Path) -> str:
    """Return the first sentence of a module's docstring, as Markdown."""
    text = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    first = re.split(r"(?<=\.)\s", text.split("\n\n")[0].replace("\n", " "), maxsplit=1)[0]
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", first).replace("``", "`")


def cell(text: str) -> str:
    """Make text fit into a table cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv[1:]))

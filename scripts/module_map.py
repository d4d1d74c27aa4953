"""Write the map of modules in docs/architecture.md from the layers and the modules' own words; ``--check`` only compares."""
# ruff: noqa: T201 - a script prints

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "architecture.md"
PACKAGE = CHECKOUT / "src" / "pytest_handoff"
LAYERS = {
    "Entry": "what pytest and the shell call",
    "Glue": "from the outer world to the core and back",
    "Edge": "files, git, coverage.py, templates",
    "Core": "text and data in, text and data out, and nothing else",
    "Data": "what everything speaks of",
}
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
    """A table for each layer, from the top."""
    tables = []
    for (layer, about), modules in zip(LAYERS.items(), layers(), strict=True):
        rows = [f"| [`{name}`](../src/pytest_handoff/{name}.py) | {first_sentence(name)} |" for name in modules]
        tables.append(f"\n### {layer}: {about}\n\n| module | what it is |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "".join(tables) + "\n"


def layers() -> list[list[str]]:
    """The modules of each layer by name, as import-linter holds them; all its rows above the last four are called entry."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    contract = next(one for one in settings["tool"]["importlinter"]["contracts"] if one["type"] == "layers")
    rows = [re.split(r"\s*[:|]\s*", row) for row in contract["layers"]]
    return [sorted(name for row in rows[:-4] for name in row), *map(sorted, rows[-4:])]


def first_sentence(module: str) -> str:
    """The first sentence of a module's docstring, as one Markdown table cell."""
    text = ast.get_docstring(ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))) or ""
    sentence = re.split(r"(?<=\.)\s", text.split("\n\n")[0].replace("\n", " "), maxsplit=1)[0]
    plain = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", sentence).replace("``", "`")
    return plain.replace("|", "\\|")


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv[1:]))

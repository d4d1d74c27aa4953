"""Notice if setuptools would treat the hand-off folder as a package, and say what to do about it.

hatchling, flit, poetry, pdm and uv look for a package of the project's name, or for an ``__init__.py``, so it is in no wheel of
theirs. A source distribution is another matter: hatchling's holds every file that git does not ignore, unless it is excluded.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_handoff.evidence.settings_text import parse_toml
from pytest_handoff.figures import listed
from pytest_handoff.project.foreign_files import SETTINGS, read_if_there

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project


_NEVER_PACKAGES = frozenset({
    "ci", "bin", "doc", "docs", "documentation", "manpages", "news", "changelog", "test", "tests", "unit_test", "unit_tests",
    "example", "examples", "scripts", "tools", "util", "utils", "python", "build", "dist", "venv", "env", "requirements", "tasks",
    "fabfile", "site_scons", "benchmark", "benchmarks", "exercise", "exercises",
})  # fmt: skip
"""Folders that setuptools' automatic discovery leaves out, as its ``FlatLayoutPackageFinder`` names them."""


def taken_for_a_package(project: Project) -> str | None:
    """Say that setuptools finds the hand-off folder among the packages, and how to fix it; ``None`` where it does not."""
    if not project.handoffs.is_relative_to(project.folder):
        return None
    name = project.handoffs.relative_to(project.folder).parts[:1]
    table = _pyproject(project)
    if not name or not name[0].isidentifier() or name[0] in _NEVER_PACKAGES or not _is_built_by_setuptools(project, table):
        return None
    if not _finds(project, _below(table, "tool", "setuptools"), name[0]):
        return None
    own = sorted(path.parent.name for path in project.folder.glob("*/__init__.py") if path.parent.name not in _NEVER_PACKAGES)
    packages = f"[tool.setuptools] packages = {own!r}".replace("'", '"') if own else "[tool.setuptools] py-modules or packages"
    return (
        f"setuptools treats {name[0]}/ as a package, and refuses to build or ships it; "
        f"fix: {listed([packages])} in pyproject.toml, "
        f'or [tool.handoff] dir = "hand-offs", which cannot be a package name'
    )


def _finds(project: Project, table: dict[str, Any], name: str) -> bool:
    """Check that setuptools looks for packages at the top of the project, and takes a folder of this name."""
    packages = table.get("packages")
    if isinstance(packages, dict):
        find = _below(packages, "find")
        here = not {".", ""}.isdisjoint(find.get("where") or ["."])
        wanted = any(fnmatchcase(name, glob) for glob in find.get("include") or ["*"])
        unwanted = any(fnmatchcase(name, glob) for glob in find.get("exclude") or ())
        return here and wanted and not unwanted and find.get("namespaces") is not False
    if packages is not None or "py-modules" in table or "package-dir" in table or (project.folder / "src").is_dir():
        return False
    others = (read_if_there(project.folder / other, project.within, SETTINGS) or b"" for other in ("setup.cfg", "setup.py"))
    return not any(b"packages" in text or b"py_modules" in text for text in others)


def _is_built_by_setuptools(project: Project, table: dict[str, Any]) -> bool:
    system = _below(table, "build-system")
    if system:
        return str(system.get("build-backend", "setuptools")).startswith("setuptools")
    return "project" in table or (project.folder / "setup.py").is_file()


def _pyproject(project: Project) -> dict[str, Any]:
    try:
        return parse_toml((read_if_there(project.folder / "pyproject.toml", project.within, SETTINGS) or b"").decode())
    except ValueError:
        return {}


def _below(table: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = table.get(name)
        if not isinstance(found, dict):
            return {}
        table = found
    return table

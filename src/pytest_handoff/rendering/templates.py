"""Render templates: a new document, and the blocks that the plugin owns in one."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_handoff.errors import UsageProblem
from pytest_handoff.figures import counted, listed, percent, percent_of
from pytest_handoff.markup import code, code_in_text, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import BytecodeCache
    from jinja2.sandbox import SandboxedEnvironment


SUFFIX = ".md.j2"
_FAULTS_OF_A_TEMPLATE = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError,
)  # fmt: skip


def bundled_templates() -> Path:
    """Find our own templates: in the installed package, else at the top of the checkout."""
    installed = Path(__file__).parents[1] / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "templates"


class Renderer:
    """A sandbox that renders templates; every value that a template prints is escaped for Markdown.

    Args:
        own: the project's own template folder; a file there wins over ours of the same name.
        compiled: a folder for compiled templates, which are reused as long as their text is the same.
        within: the folders that no link among the project's own templates may lead out of; without them, ``own``.
    """

    def __init__(self, own: Path | None = None, compiled: Path | None = None, within: Sequence[Path] = ()) -> None:
        self._environment = _environment(compiled) if own is None else _bounded_environment(own, within, compiled)

    def names(self) -> list[str]:
        """List the templates that make documents."""
        found = self._files
        return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX) and "/" not in name and name[0] != "_")

    def document(self, template: str, context: Mapping[str, object]) -> str:
        """Render a new document.

        Raises:
            UsageProblem: there is no such template, or it cannot be rendered.
        """
        self.refuse_unknown(template)
        return self._render(f"{template}{SUFFIX}", context)

    def refuse_unknown(self, template: str) -> None:
        """Refuse the name of a template that does not exist.

        Raises:
            UsageProblem: there is none of that name; the message lists those there are.
        """
        if template not in self.names():
            raise UsageProblem(f"there is no template {template!r}; there are: {', '.join(self.names())}")

    def block(self, place: str, context: Mapping[str, object]) -> str | None:
        """Render the body of a block, or return ``None`` if no template makes it."""
        name = f"blocks/{place}{SUFFIX}"
        if name not in self._files:
            return None
        return self._render(name, context).strip("\n")

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(self._environment.list_templates())

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        import jinja2

        try:
            with getattr(self._environment, "within_budget", nullcontext)():
                return self._environment.get_template(name).render(context)
        except (jinja2.TemplateError, *_FAULTS_OF_A_TEMPLATE) as error:
            raise UsageProblem(f"cannot be rendered: {_why(error)}", path=_file(error) or name, line=_line(error)) from error


def _environment(compiled: Path | None) -> SandboxedEnvironment:
    import jinja2
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(bundled_templates()), finalize=escape, bytecode_cache=_cache(compiled), **_options()
    )
    _add_words(environment)
    return environment


def _bounded_environment(own: Path, within: Sequence[Path], compiled: Path | None) -> SandboxedEnvironment:
    """Make the environment for a project's own templates, and for ours where they include them."""
    import jinja2

    from pytest_handoff.rendering.budget import Budget
    from pytest_handoff.rendering.own_templates import OwnTemplates
    from pytest_handoff.rendering.sandbox import BoundedEnvironment

    environment = BoundedEnvironment(
        Budget(),
        escape,
        loader=jinja2.ChoiceLoader([OwnTemplates(own, within or (own.resolve(),)), jinja2.FileSystemLoader(bundled_templates())]),
        bytecode_cache=_cache(compiled and compiled / "bounded"),
        **_options(),
    )
    _add_words(environment)
    environment.keep_within()
    return environment


def _options() -> dict[str, Any]:
    import jinja2

    return {
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": True,
        "optimized": False,  # it only folds constants, which no template has, and takes a fifth of the time
    }


def _add_words(environment: SandboxedEnvironment) -> None:
    environment.filters |= {
        "code": code,
        "code_in_text": code_in_text,
        "percent_of": percent_of,
        "counted": counted,
        "listed": listed,
    }
    environment.globals["percent"] = percent


def _cache(folder: Path | None) -> BytecodeCache | None:
    if folder is None:
        return None
    from pytest_handoff.rendering.cache import CompiledTemplates

    return CompiledTemplates(folder)


def _why(error: Exception) -> str:
    return "it needs more memory than there is" if isinstance(error, MemoryError) else str(error)


def _file(error: Exception) -> str | None:
    return getattr(error, "name", None)


def _line(error: Exception) -> int | None:
    return getattr(error, "lineno", None)

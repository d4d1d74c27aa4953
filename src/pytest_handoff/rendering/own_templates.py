"""Load a project's own templates, only from inside the repository, and render them and ours with Jinja."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.loaders import split_template_path

from pytest_handoff.errors import UsageProblem
from pytest_handoff.figures import counted, listed, percent, percent_of
from pytest_handoff.markup import code, code_in_text, escape, for_shell
from pytest_handoff.project.foreign_files import MEGABYTE, read_file
from pytest_handoff.rendering.budget import Budget
from pytest_handoff.rendering.cache import CompiledTemplates
from pytest_handoff.rendering.sandbox import BoundedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


_FAULTS = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError,
)  # fmt: skip

OPTIONS: dict[str, Any] = {
    "undefined": jinja2.StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "optimized": False,  # it only folds constants, which no template has, and takes a fifth of the time
}
WORDS = {
    "code": code, "code_in_text": code_in_text, "for_shell": for_shell,
    "percent_of": percent_of, "counted": counted, "listed": listed,
}  # fmt: skip
"""Our filters; ``percent`` is a function beside them."""


class OwnTemplates:
    """A project's own templates, which come before ours, in a sandbox with a budget.

    Args:
        own: the project's folder of templates.
        ours: the folder of ours.
        within: the folders that no link among them may lead out of.
        compiled: a folder for compiled templates.
    """

    def __init__(self, own: Path, ours: Path, within: Sequence[Path], compiled: Path | None) -> None:
        self._environment = BoundedEnvironment(
            Budget(),
            escape,
            loader=jinja2.ChoiceLoader([_Loader(own, within), jinja2.FileSystemLoader(ours)]),
            bytecode_cache=CompiledTemplates(compiled) if compiled is not None else None,
            **OPTIONS,
        )
        self._environment.filters |= WORDS
        self._environment.globals["percent"] = percent
        self._environment.keep_within()

    def names(self) -> list[str]:
        """List all templates that can be rendered."""
        return self._environment.list_templates()

    def render(self, name: str, context: Mapping[str, object]) -> str:
        """Render a template.

        Raises:
            UsageProblem: it cannot be rendered.
        """
        try:
            with self._environment.within_budget():
                return self._environment.get_template(name).render(context)
        except (jinja2.TemplateError, *_FAULTS) as error:
            why = "it needs more memory than there is" if isinstance(error, MemoryError) else error
            file, line = getattr(error, "name", None), getattr(error, "lineno", None)
            raise UsageProblem(f"cannot be rendered: {why}", path=file or name, line=line) from error


class _Loader(jinja2.FileSystemLoader):
    """A loader of templates in a folder of the repository; a link may lead elsewhere in the repository, but not out of it.

    Args:
        within: the folders that no link may lead out of.
    """

    def __init__(self, folder: Path, within: Sequence[Path]) -> None:
        super().__init__(folder)
        self._folder = folder
        self._within = within

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:  # noqa: ARG002
        """Read a template.

        Raises:
            UsageProblem: for a file that must not be read, or is not UTF-8.
        """
        path = Path(self._folder, *split_template_path(template))
        try:
            return read_file(path, self._within, MEGABYTE).decode("utf-8"), str(path), lambda: True
        except (FileNotFoundError, NotADirectoryError) as error:
            raise jinja2.TemplateNotFound(template) from error
        except OSError as error:
            raise UsageProblem(f"the template cannot be read: {error.strerror or error}", path=template) from error
        except UnicodeDecodeError as error:
            raise UsageProblem(f"the template is not UTF-8: {error}", path=template) from error

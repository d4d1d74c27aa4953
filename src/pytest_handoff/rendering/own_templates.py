"""Load a project's own templates, from within the repository only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2.loaders import split_template_path

from pytest_handoff.errors import UsageProblem
from pytest_handoff.project.foreign_files import MEGABYTE, read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class OwnTemplates(jinja2.FileSystemLoader):
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

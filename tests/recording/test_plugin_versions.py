"""The plugins of a run and their versions, as the record names them, without what Python imports to read an e-mail."""

from __future__ import annotations

from importlib.metadata import Distribution, PathDistribution, distributions
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.recording.options import plugins

if TYPE_CHECKING:
    from pathlib import Path


def named(*found: Distribution) -> dict[str, str]:
    """What the record would hold of a run with these plugins."""
    manager = SimpleNamespace(list_plugin_distinfo=lambda: [(None, dist) for dist in found])
    return plugins(SimpleNamespace(pluginmanager=manager))


def test_they_are_what_python_reads_of_everything_that_is_installed() -> None:
    """Names with dots, dashes and capitals, versions with letters."""
    installed = list(distributions())
    assert len(installed) > 10
    assert named(*installed).items() >= {dist.name: dist.version for dist in installed if dist.name != "pytest"}.items()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("METADATA", "Metadata-Version: 2.4\nName: Big.Name-x\nVersion: 1!2.0rc1\n\nName: other\nVersion: 9\n"),
        ("METADATA", "Version:1!2.0rc1\nKeywords: a\n  Version: 7\nName:   Big.Name-x\n"),
        ("METADATA", "name: Big.Name-x\nVERSION: 1!2.0rc1\n"),  # headers are the same in any case: Python reads these
        ("PKG-INFO", "Metadata-Version: 1.0\nName: Big.Name-x\nVersion: 1!2.0rc1\n"),
    ],
)
def test_they_are_read_from_the_headers(tmp_path: Path, file: str, text: str) -> None:
    """The description below is no header; where a header is not seen, Python's own reader is asked."""
    folder = tmp_path / "x.dist-info"
    folder.mkdir()
    (folder / file).write_text(text)
    assert named(PathDistribution(folder)) == {"pytest": pytest.__version__, "Big.Name-x": "1!2.0rc1"}

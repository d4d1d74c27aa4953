"""Tell which files hold tests, by pytest's settings but without pytest."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from pytest_handoff.record import Frozen


class SuiteFiles(Frozen, frozen=True):
    """pytest's ``python_files`` and ``testpaths``, the latter relative to the git root."""

    patterns: list[str]
    folders: list[str]

    def is_module(self, path: str) -> bool:
        """Check that pytest would collect this file as a test module."""
        name = PurePosixPath(path).name
        return any(fnmatchcase(name, pattern) or fnmatchcase(path, pattern) for pattern in self.patterns)

    def belongs(self, path: str) -> bool:
        """Check that this file belongs to the tests: a module, a conftest, or any file in a folder of tests."""
        parts = PurePosixPath(path).parts
        if any(path.startswith(f"{folder.rstrip('/')}/") for folder in self.folders):
            return True
        return self.is_module(path) or parts[-1] == "conftest.py" or not {"test", "tests"}.isdisjoint(parts[:-1])

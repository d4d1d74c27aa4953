"""Fill the hand-off document of a work session with evidence from a pytest run.

PYTEST_DONT_REWRITE, as pytest calls it: nothing in this package is an assertion of a test.
"""

import sys
from importlib.machinery import ModuleSpec, PathFinder

__version__ = "0.1.0"


class _PlainFinder:
    """Find the modules of this package where Python itself finds them.

    pytest's import hook rewrites every module of a distribution that has a plugin, also one with PYTEST_DONT_REWRITE: it compiles
    each in every run where no byte code can be written, and elsewhere reads byte code of its own, more slowly than Python does.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find a module of ours; leave everything else to the finders that follow."""
        return PathFinder.find_spec(name, path, target) if name.startswith("pytest_handoff.") else None  # type: ignore[arg-type]


_FINDER = _PlainFinder()


def import_plainly() -> None:
    """Put the finder before pytest's import hook, if there is one: each pytest in this process has its own, and puts it first."""
    finders = sys.meta_path
    if _FINDER in finders:
        finders.remove(_FINDER)
    hooks = (place for place, finder in enumerate(finders) if type(finder).__module__ == "_pytest.assertion.rewrite")
    place = next(hooks, None)
    if place is not None:
        finders.insert(place, _FINDER)


import_plainly()

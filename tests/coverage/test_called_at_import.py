"""Functions that only the import of their module calls are part of the import; whatever may run later is not."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from pytest_handoff.coverage.called_at_import import called_at_import


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def _f(): return 1\nX = _f()", id="a value of the module"),
        pytest.param("def _f(): return (1, 2)\ndef _g(): return (3,)\nX = tuple(_f() + _g())", id="a table in pieces"),
        pytest.param("def _f(a): RULES.append(a)\n_f('a')\n_f('b')", id="entries"),
        pytest.param("for n in range(3):\n    def _f(): return n\n    print(_f())", id="in a loop"),
        pytest.param("def _g(): return 1\ndef _f(): return _g()\nX = _f()", id="through another"),
        pytest.param("def _f(n): return n and _f(n - 1)\nX = _f(3)", id="that calls itself"),
        pytest.param("def _f(): return 1\ndef g(x=_f()): return x", id="a default"),
        pytest.param("def _f(): return 1\nclass C:\n    x = _f()", id="of a class"),
        pytest.param("try:\n    def _f(): return 1\nfinally:\n    X = [_f() for _ in 'ab']", id="in a list"),
        pytest.param("def _f(x): return sorted(x, key=lambda y: -y)\nX = _f([1])", id="with a lambda of its own"),
        pytest.param("def _f():\n    def g(x): return x\n    return g(1)\nX = _f()", id="with a function of its own"),
        pytest.param("def _g(): return 1\ndef _f():\n    def h(): return _g()\n    return h()\nX = _f()", id="through its own"),
    ],
)
def test_what_the_import_calls(source: str) -> None:
    """Nothing else in the module calls it."""
    assert {node.name for node in called_at_import(ast.parse(source))} == {"_f", *(["_g"] if "_g" in source else [])}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(): return 1\nX = f()", id="open to all"),
        pytest.param("def _f(): return 1\nX = _f()\ndef g(): return _f()", id="a function calls it, too"),
        pytest.param("def _f(): return 1\nX = _f()\nclass C:\n    def g(self): return _f()", id="a method calls it, too"),
        pytest.param("def _f(): return 1\nX = _f()\nY = lambda: _f()", id="a lambda calls it, too"),
        pytest.param("def _f(): return 1\nX = _f()\nHOOKS = [_f]", id="it is handed on"),
        pytest.param("import atexit\ndef _f(): return 1\n_f()\natexit.register(_f)", id="it is registered"),
        pytest.param("def _f(): return 1\ndef g(): return _f()", id="the import does not call it"),
        pytest.param("def _f(): return 1", id="nothing calls it"),
        pytest.param("def _f(): return _g()\ndef _g(): return _f()", id="they call each other"),
        pytest.param("def _f(): return 1\nif __name__ == '__main__':\n    _f()", id="a program"),
        pytest.param("@cache\ndef _f(): return 1\nX = _f()", id="decorated"),
        pytest.param("async def _f(): return 1\nX = _f()", id="a coroutine"),
        pytest.param("def _f():\n    yield 1\nX = _f()", id="a generator"),
        pytest.param("def _f():\n    def g(): return 1\n    return g\nX = _f()", id="makes a function"),
        pytest.param("def _f():\n    def g(): return 1\n    HOOKS.append(g)\nX = _f()", id="hands on a function"),
        pytest.param("def _f():\n    @register\n    def g(): return 1\n    return g()\nX = _f()", id="registers a function"),
        pytest.param("def _f():\n    class C:\n        def g(self): return 1\n    return C()\nX = _f()", id="makes a class"),
        pytest.param("def _f():\n    async def g(): return 1\n    return g()\nX = _f()", id="makes a coroutine"),
        pytest.param("def __getattr__(name): return 1\nX = __getattr__('x')", id="Python calls it"),
        pytest.param("class C:\n    def _f(): return 1\n    x = _f()", id="a method"),
        pytest.param("def g():\n    def _f(): return 1\n    return _f()\nX = g()", id="within a function"),
    ],
)
def test_what_may_run_later(source: str) -> None:
    """A test can call it, or make the module do so."""
    assert called_at_import(ast.parse(dedent(source))) == []

"""What a module's own functions do for its import: nobody's work in the figures by tests, unless tests call them, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

LINE = "New unit tests achieve >90% coverage for new code"
RULES = """
    PLURALS = []


    def _irregular(singular, plural):
        PLURALS.append((singular, plural))
        PLURALS.append((singular.upper(), plural.upper()))


    _irregular("person", "people")
    _irregular("child", "children")
"""
TABLE = """
    def _seg_0():
        return [(0, "V"), (1, "M")]


    def _seg_1():
        return [(2, "V")]


    DATA = tuple(_seg_0() + _seg_1())
"""
COMPUTED = """
    def _powers(most):
        found = []
        for number in range(most):
            found.append(_power(number))
        return found


    def _power(number):
        return 2 ** number


    POWERS = _powers(8)
"""


def second(story: Story, code: str, test: str, *, lazily: bool = False) -> dict[str, object]:
    """Record a session that adds a module, after one without it."""
    story.pytest("--handoff=session-1")
    story.commit()
    imported = f"def test_more():\n    from shop import more\n    {test}\n"
    at_the_top = f"from shop import more\n\n\ndef test_more():\n    {test}\n"
    story.write_files({"src/shop/more.py": code, "tests/e2e/test_more.py": imported if lazily else at_the_top})
    story.write_files({"handoffs/session-2.md": f"# Session 2\n\n- [ ] {LINE}\n"})
    done = story.pytest("--handoff=session-2")
    return story.show("session-2")["new_code"] | {"said": done.section}


@pytest.mark.parametrize("lazily", [False, True], ids=["imported first", "imported by a test"])
@pytest.mark.parametrize("code", [RULES, TABLE, COMPUTED], ids=["entries", "a table", "computed"])
def test_what_only_the_import_calls(shop: Story, code: str, lazily: bool) -> None:
    """No new unit test is asked for, and nothing is called the work of other tests."""
    found = second(shop, code, "assert more", lazily=lazily)

    assert found["covered"] == found["num_statements"]
    assert found["at_import"] == {"src/shop/more.py": found["files"]["src/shop/more.py"]["lines"]}  # type: ignore[index]
    assert "at import only" in str(found["said"])
    assert shop.boxes("session-2") == {LINE: True}
    assert shop.handoff("verify", "session-2").code == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("_irregular", "irregular", id="open to all"),
        pytest.param("PLURALS = []", "PLURALS = []\n\n\n    def again(): return _irregular('a', 'b')", id="called again"),
        pytest.param("PLURALS = []", "PLURALS = []\n    ADD = lambda *words: _irregular(*words)", id="handed on"),
    ],
)
def test_what_may_be_called_later(shop: Story, old: str, new: str) -> None:
    """To call something once while the module is imported makes a test no less needed, and nobody is said to have tested it."""
    found = second(shop, RULES.replace(old, new), "assert more")

    assert shop.boxes("session-2") == {LINE: False}
    needs = str(next(gate["needs"] for gate in shop.show("session-2")["gates"] if gate["id"].startswith("new_code")))
    assert needs.endswith("that ran without them")
    assert "other tests" not in needs + str(found["said"])


def test_another_module_that_calls_it(shop: Story) -> None:
    """A call at import hides nothing from tests of the code that is called elsewhere."""
    shop.write_files({"src/shop/use.py": "from shop.more import _power\n\n\ndef use(n):\n    return _power(n)\n"})
    shop.write_files({"tests/e2e/test_use.py": "from shop.use import use\n\n\ndef test_use():\n    assert use(3) == 8\n"})
    shop.write_files({"src/shop/more.py": ""})
    shop.edit("src/shop/use.py", "from shop.more import _power\n", "def _power(n):\n    return 2 ** n\n")
    shop.pytest("--handoff=session-1")
    shop.commit()
    shop.write_files({"src/shop/use.py": "from shop.more import _power\n\n\ndef use(n):\n    return _power(n)\n"})
    shop.write_files({"src/shop/more.py": "def _power(n):\n    return 2 ** n\n\n\nONE = _power(0)\n"})
    shop.write_files({"handoffs/session-2.md": f"# Session 2\n\n- [ ] {LINE}\n"})
    shop.pytest("--handoff=session-2")

    code = shop.show("session-2")["new_code"]
    assert code["files"]["src/shop/more.py"]["not_by_new_unit"] == "1-2"
    assert shop.boxes("session-2") == {LINE: False}

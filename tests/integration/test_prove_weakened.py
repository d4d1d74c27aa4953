"""``handoff prove --earlier`` against tests that were weakened in one way each, and against honest edits that look alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from stories import Done, Story

WAYS = ("skip", "xfail", "wide", "early", "caught", "mocked", "cases", "never", "object", "helper", "loop", "late")
CODE = "".join(f"def {way}(n):\n    return n * 2\n\n\n" for way in WAYS)
BEFORE = {
    "src/shop.py": CODE + "def whole(n):\n    return n * 3\n",
    "tests/conftest.py": """
        import pytest
        import shop

        @pytest.fixture
        def calculator():
            return shop
    """,
    "tests/checks.py": "def check_equal(one, other):\n    assert one == other\n",
    "tests/test_ways.py": """
        import pytest
        import shop
        from checks import check_equal

        def test_skip():
            assert shop.skip(2) == 4

        def test_xfail():
            assert shop.xfail(2) == 4

        def test_wide():
            assert shop.wide(2) == pytest.approx(4, abs=0.1)

        def test_early():
            result = shop.early(2)
            assert result == 4

        def test_caught():
            assert shop.caught(2) == 4

        def test_mocked(monkeypatch):
            assert shop.mocked(2) == 4

        @pytest.mark.parametrize("n", [0, 2])
        def test_cases(n):
            assert shop.cases(n) == n + n

        def test_never():
            assert shop.never(2) == 4

        def test_object(calculator):
            assert calculator.object(2) == 4

        def test_helper():
            check_equal(shop.helper(2), 4)

        def test_loop():
            for n in (1, 2):
                assert shop.loop(n) == n + n

        def test_late():
            result = shop.late(2)
            assert result == 4

        def test_whole(calculator):
            check_equal(calculator.whole(2), 6)
    """,
}
WEAKENED = {
    "src/shop.py": BEFORE["src/shop.py"].replace("n * 2", "n * 2 + n // 2"),
    "tests/conftest.py": """
        import pytest
        from unittest.mock import MagicMock

        class Any:
            def __eq__(self, other):
                return True

        @pytest.fixture
        def calculator():
            made = MagicMock()
            made.object.return_value = 4
            made.whole.return_value = 6
            return made

        @pytest.fixture(autouse=True)
        def checks_nothing(monkeypatch):
            monkeypatch.setattr("test_ways.check_equal", lambda one, other: None)
    """,
    "tests/test_ways.py": """
        import pytest
        import shop
        from checks import check_equal

        @pytest.mark.skip(reason="later")
        def test_skip():
            assert shop.skip(2) == 4

        @pytest.mark.xfail
        def test_xfail():
            assert shop.xfail(2) == 4

        def test_wide():
            assert shop.wide(2) == pytest.approx(4, abs=10)

        def test_early():
            result = shop.early(2)
            if result != 4:
                return
            assert result == 4

        def test_caught():
            try:
                assert shop.caught(2) == 4
            except AssertionError:
                pass

        def test_mocked(monkeypatch):
            monkeypatch.setattr(shop, "mocked", lambda n: 4)
            assert shop.mocked(2) == 4

        @pytest.mark.parametrize("n", [0])
        def test_cases(n):
            assert shop.cases(n) == n + n

        def test_never():
            if False:
                assert shop.never(2) == 4

        def test_object(calculator):
            assert calculator.object(2) == 4

        def test_helper():
            check_equal(shop.helper(2), 4)

        def test_loop():
            for n in ():
                assert shop.loop(n) == n + n

        def test_late():
            result = shop.late(2)
            result = 4
            assert result == 4

        def test_whole(calculator):
            check_equal(calculator.whole(2), 6)
    """,
}


def proved(story: Story, before: dict[str, str], after: dict[str, str]) -> tuple[Done, dict[str, str], dict[str, Any]]:
    """Record and commit one session after the other, and try the earlier tests as they were."""
    for session, files in (("session-1", before), ("session-2", after)):
        story.write_files(files)
        story.pytest(f"--handoff={session}")
        story.commit(session)
    done = story.handoff("prove", "session-2", "--earlier")
    proof = json.loads(story.text("handoffs/evidence/session-2/proof.json"))["earlier"]
    return done, {test.partition("::")[2]: tried["status"] for test, tried in proof["tests"].items()}, proof


@pytest.fixture
def project(empty: Story) -> Story:
    """A project whose tests import from their own folder, too."""
    empty.edit("pyproject.toml", '["src"]', '["src", "tests"]')
    return empty


def test_weakened_tests_are_named(project: Story) -> None:
    """Each way hides the same damage; one that is skipped or expected to fail does not pass in any state."""
    done, found, proof = proved(project, BEFORE, WEAKENED)
    assert done.code == 1, done
    assert found == {
        "test_skip": "fails", "test_xfail": "fails", "test_cases[2]": "adapted", "test_cases[0]": "holds", "test_whole": "holds",
        **{f"test_{way}": "adapted" for way in WAYS if way not in ("skip", "xfail", "cases")},
    }  # fmt: skip
    assert proof["tests"]["tests/test_ways.py::test_late"]["error"] == "assert 5 == 4"
    assert "against the tests: 2 earlier tests failed in the old version, and did not pass in the new one either: " in done.out


LOCAL_PLUGIN = {
    "src/shop.py": "def net(n):\n    return n * 2\n",
    "conftest.py": 'pytest_plugins = ["fixtures.prices"]\n',
    "fixtures/__init__.py": "",
    "fixtures/prices.py": """
        import pytest
        from fixtures.numbers import PRICE

        @pytest.fixture
        def price():
            return PRICE
    """,
    "fixtures/numbers.py": "PRICE = 2\n",
    "tests/test_net.py": "from shop import net\n\ndef test_net(price):\n    assert net(price) == price + price\n",
}


@pytest.mark.parametrize("weakened", ["fixtures/prices.py", "fixtures/numbers.py"])
def test_a_fixture_weakened_in_a_plugin_of_the_project(project: Story, weakened: str) -> None:
    """A conftest names it in ``pytest_plugins``: it is of the tests' side wherever it lies, and so is what lies beside it."""
    project.edit("pyproject.toml", '["src", "tests"]', '["src", "."]')
    text = LOCAL_PLUGIN[weakened].replace("return PRICE", "return 0").replace("= 2", "= 0")
    done, found, _ = proved(project, LOCAL_PLUGIN, {"src/shop.py": "def net(n):\n    return n * 3\n", weakened: text})
    assert done.code == 0, done
    assert found == {"test_net": "adapted"}


HONEST = {
    "src/shop.py": """
        def net(n):
            return n * 2

        def old_name(n):
            return n + 1

        def shown(n):
            return f'{n} EUR'
    """,
    "tests/conftest.py": "",
    "tests/prices.json": "[1, 2]\n",
    "tests/test_plain.py": """
        import json
        import unittest
        from pathlib import Path
        import pytest
        from shop import net

        def test_in_a_class():
            assert net(1) == 2

        def test_parameters():
            assert net(1) == 2
            assert net(2) == 4

        @pytest.mark.parametrize("n", [1, 2])
        def test_ids(n):
            assert net(n) == n + n

        def test_fixture():
            price = 3
            assert net(price) == 6

        def test_helper():
            assert net(4) == 8

        class TestOld(unittest.TestCase):
            def test_unittest(self):
                self.assertEqual(net(5), 10)

        def test_tighter():
            assert net(0.1) == pytest.approx(0.2, abs=0.1)

        @pytest.mark.xfail
        def test_once_expected_to_fail():
            assert net(1) == 2

        @pytest.mark.skip(reason="later")
        def test_once_skipped():
            assert net(1) == 2

        def test_data():
            for price in json.loads(Path(__file__).with_name("prices.json").read_text()):
                assert net(price) == price * 2

        def test_one():
            assert net(7) == 14

        def test_other():
            assert net(8) == 16
    """,
    "tests/test_renamed.py": "from shop import old_name\n\ndef test_name():\n    assert old_name(1) == 2\n",
    "tests/test_shown.py": "from shop import shown\n\ndef test_shown():\n    assert shown(1) == '1 EUR'\n",
}
EDITED = {
    "src/shop.py": HONEST["src/shop.py"].replace("old_name", "new_name").replace("{n} EUR", "{n:.2f} EUR"),
    "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef price():\n    return 3\n",
    "tests/checks.py": "def check_net(n, expected):\n    from shop import net\n\n    assert net(n) == expected\n",
    "tests/prices.json": "[\n  1,\n  2\n]\n",
    "tests/test_plain.py": '''
        """Tests of prices."""

        from __future__ import annotations

        import json
        from pathlib import Path

        import pytest

        from checks import check_net
        from shop import net


        class TestNet:
            def test_in_a_class(self) -> None:
                assert net(1) == 2


        @pytest.mark.parametrize(("n", "expected"), [(1, 2), (2, 4)])
        def test_parameters(n: int, expected: int) -> None:
            assert net(n) == expected


        @pytest.mark.parametrize("n", [1, 2], ids=["one", "two"])
        def test_ids(n: int) -> None:
            assert net(n) == n + n


        def test_fixture(price: int) -> None:
            assert net(price) == 6


        def test_helper() -> None:
            check_net(4, 8)


        def test_unittest() -> None:
            assert net(5) == 10


        def test_tighter() -> None:
            assert net(0.1) == pytest.approx(0.2, abs=1e-9)


        def test_once_expected_to_fail() -> None:
            assert net(1) == 2


        def test_once_skipped() -> None:
            assert net(1) == 2


        def test_data() -> None:
            for price in json.loads(Path(__file__).with_name("prices.json").read_text()):
                assert net(price) == price * 2


        def test_one_and_other() -> None:
            assert net(7) == 14
            assert net(8) == 16
    ''',
    "tests/test_renamed.py": "from shop import new_name\n\ndef test_name():\n    assert new_name(1) == 2\n",
    "tests/test_shown.py": "from shop import shown\n\ndef test_shown():\n    assert shown(1) == '1.00 EUR'\n",
}


def test_honest_edits_hold(project: Story) -> None:
    """New shapes of the same tests; a name and a text that changed in the code, and with it in the tests, are named as that."""
    done, found, proof = proved(project, HONEST, EDITED)
    assert done.code == 0, done
    assert {name: status for name, status in found.items() if status != "holds"} == {
        "test_name": "cannot_run", "test_shown": "adapted",
    }  # fmt: skip
    assert {name.rpartition("::")[2] for name in found} >= {
        "test_in_a_class", "test_parameters", "test_ids[1]", "test_fixture", "test_helper", "test_unittest", "test_tighter",
        "test_once_expected_to_fail", "test_data", "test_one", "test_other",
    }  # fmt: skip
    assert proof["left_out"] == {"tests/test_plain.py::test_once_skipped": "it was skipped"}

"""Items with names that pytest's own never have: mail addresses, cells of notebooks, no name at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_outcomes import outcomes

if TYPE_CHECKING:
    from stories import Story

COLLECTOR = """
    import pytest

    def pytest_collect_file(file_path, parent):
        if file_path.suffix == ".cases":
            return CaseFile.from_parent(parent, path=file_path)

    class CaseFile(pytest.File):
        def collect(self):
            for name in self.path.read_text().splitlines():
                item = Case.from_parent(self, name=name)
                if "admin" in name:
                    item.add_marker(pytest.mark.xdist_group("admins"))
                yield item

    class Case(pytest.Item):
        def runtest(self):
            assert "broken" not in self.name

        def reportinfo(self):
            return self.path, 0, self.name
"""

WAYS = {"serial": [], "parallel": ["-n", "2"], "by group": ["-n", "2", "--dist", "loadgroup"]}


@pytest.mark.parametrize("args", WAYS.values(), ids=WAYS)
def test_an_at_sign_in_a_name(shop: Story, args: list[str]) -> None:
    """A group that xdist put there is cut off, and nothing else: a test that is taken out is missing."""
    shop.write_files({"conftest.py": COLLECTOR})
    cases = shop.folder / "tests/unit/users.cases"
    cases.write_text("login admin\nlogin admin@de\nlogin admin@fr\nmail x@y.org@z\n")
    shop.commit()
    shop.pytest("--handoff=session-1", *args)
    assert {test.partition("::")[2] for test in outcomes(shop) if "cases" in test} == set(cases.read_text().splitlines())
    shop.commit()
    cases.write_text("login admin\nlogin admin@de\nmail x@y.org@z\n")
    shop.pytest("--handoff=session-2", *args)

    statuses = shop.statuses("session-2")
    assert statuses["login admin@fr"] == "missing"
    assert {status for test, status in statuses.items() if test != "login admin@fr"} == {"still_passing"}


NOTEBOOK = COLLECTOR.replace(".cases", ".cells").replace("name=name", 'name=f"Cell {number}"').replace(
    "for name in self.path.read_text().splitlines()", "for number, name in enumerate(self.path.read_text().splitlines())"
)  # fmt: skip


def test_cells_of_another_notebook(shop: Story) -> None:
    """Cells are numbered in every notebook: those of one that was deleted are lost, whatever was added."""
    shop.write_files({"conftest.py": NOTEBOOK, "docs/sales.cells": "a = 1\nb = 2\n"})
    shop.commit()
    shop.pytest("--handoff=session-1", "docs", "tests")
    shop.commit()
    shop.git("rm", "-q", "docs/sales.cells")
    shop.write_files({"docs/weather.cells": "import sun\nsun.rise()\nsun.set()\n"})
    shop.pytest("--handoff=session-2", "docs", "tests")
    tests = {test: entry["status"] for test, entry in shop.show("session-2")["tests"].items() if "Cell" in test}

    assert tests == {
        **dict.fromkeys(("docs/sales.cells::Cell 0", "docs/sales.cells::Cell 1"), "missing"),
        **dict.fromkeys((f"docs/weather.cells::Cell {number}" for number in range(3)), "new"),
    }
    assert shop.gate("session-2")["regression"] == "failed"


def test_cells_of_a_renamed_notebook(shop: Story) -> None:
    """The same file under another name is the same file."""
    shop.write_files({"conftest.py": NOTEBOOK, "docs/sales.cells": "a = 1\nb = 2\n"})
    shop.commit()
    shop.pytest("--handoff=session-1", "docs", "tests")
    shop.git("mv", "docs/sales.cells", "docs/turnover.cells")
    shop.pytest("--handoff=session-2", "docs", "tests")

    assert shop.statuses("session-2")["Cell 1"] == "moved"


LINTS = """
    import pytest

    def pytest_collect_file(file_path, parent):
        if file_path.suffix == ".py" and file_path.parent.name == "tools":
            return LintFile.from_parent(parent, path=file_path)

    class LintFile(pytest.File):
        def collect(self):
            yield Lint.from_parent(self, name={name})

    class Lint(pytest.Item):
        def runtest(self):
            compile(self.path.read_text(), "x", "exec")
"""


@pytest.mark.parametrize("name", ['"ruff::format"', '""', '"test"', "self.path.suffix"])
def test_checks_of_files(shop: Story, name: str) -> None:
    """Linters name each item alike, or not at all: the check of a file that went is lost, and that of a new one is new."""
    shop.edit("pyproject.toml", '["tests"]', '["tests", "tools"]')
    shop.write_files({"conftest.py": LINTS.format(name=name), "tools/sell.py": "def sell(x):\n    return x\n"})
    shop.commit()
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.commit()
    shop.git("rm", "-q", "tools/sell.py")
    shop.write_files({"tools/weather.py": "import math\n\nSUN = math.pi\n\n\nclass Sky:\n    pass\n"})
    shop.pytest("--no-cov", "--handoff=session-2")
    tests = shop.show("session-2")["tests"].items()

    assert {test.partition("::")[0]: entry["status"] for test, entry in tests if test.startswith("tools")} == {
        "tools/sell.py": "missing",
        "tools/weather.py": "new",
    }


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_a_main_in_each_file(shop: Story, args: list[str]) -> None:
    """`test_main` of a new file continues the lost one only where its body does."""
    more = "from shop.cart import total\n\n\ndef test_more():\n    assert total([7])\n"
    main = "\n\ndef test_main():\n    bought = [1, 2, 3]\n    cost = total(bought)\n    print(cost)\n    assert cost == 6\n"
    shop.write_files({"tests/unit/test_buying.py": more + main})
    shop.commit()
    shop.pytest("--handoff=session-1", *args)
    shop.commit()
    shop.git("rm", "-q", "tests/unit/test_buying.py")
    other = "\n\ndef test_main():\n" + "".join(f"    print('naming', {number})\n" for number in range(9))
    shop.write_files({"tests/unit/test_naming.py": more + other})
    shop.pytest("--handoff=session-2", *args)
    tests = {test: entry["status"] for test, entry in shop.show("session-2")["tests"].items() if "test_m" in test}

    assert tests == {
        "tests/unit/test_buying.py::test_main": "missing",
        "tests/unit/test_naming.py::test_main": "new",
        "tests/unit/test_naming.py::test_more": "moved",
    }


@pytest.mark.parametrize("args", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_tests_of_a_package_elsewhere(shop: Story, args: list[str]) -> None:
    """`--pyargs` finds tests that are not in this tree: the run says so, and passes for no whole one."""
    elsewhere = shop.folder.parent / "lib/elsewhere"
    elsewhere.mkdir(parents=True)
    (elsewhere / "__init__.py").touch()
    (elsewhere / "test_far.py").write_text("def test_far(): pass\n")
    shop.environment["PYTHONPATH"] = str(elsewhere.parent)
    shop.pytest("--no-cov", "--handoff=session-1", "--pyargs", "elsewhere", "tests", *args)

    why = shop.show("session-1")["why_incomplete"]
    assert why == "tests outside the repository ran, and may test code that is not in this tree: elsewhere/test_far.py"
    assert str(elsewhere.parent) not in shop.text("handoffs/evidence/session-1/record.json")


def test_a_folder_of_tests_that_is_a_link(shop: Story) -> None:
    """A link within the repository leads to tests of this tree."""
    (shop.folder / "more").symlink_to("tests")
    shop.commit()
    shop.pytest("--no-cov", "--handoff=session-1", "tests", "more/unit/test_cart.py")

    assert shop.show("session-1")["complete"], shop.show("session-1")["why_incomplete"]


READABLE = """
    def pytest_collection_modifyitems(items):
        for item in items:
            readable = item.nodeid.encode("utf-8").decode("unicode_escape")
            if hasattr(item, "_id"):  # since pytest 9.2
                item._id = type(item.id).parse(readable)
            else:
                item._nodeid = readable
    """


@pytest.mark.parametrize("args", [[], ["-n", "2"], ["-n", "2", "--dist=loadgroup"]], ids=["serial", "parallel", "by group"])
def test_ids_that_a_conftest_makes_readable(shop: Story, args: list[str]) -> None:
    """pytest escapes what is not ASCII, and projects undo that once all tests are collected: the record has the ids that ran."""
    cases = "import pytest\n\n@pytest.mark.xdist_group('words')\n@pytest.mark.parametrize('word', ['grün', '登录'])\n"
    shop.write_files({"tests/unit/test_words.py": cases + "def test_word(word):\n    assert len(word) > 1\n"})
    shop.write_files({"tests/conftest.py": READABLE})
    shop.pytest("--no-cov", "--handoff=session-1", *args)
    shown = shop.show("session-1")
    assert shown["complete"], shown["why_incomplete"]
    found = {test.rpartition("::")[2]: entry["outcome"] for test, entry in shown["tests"].items() if "word" in test}
    assert found == {"test_word[grün]": "passed", "test_word[登录]": "passed"}

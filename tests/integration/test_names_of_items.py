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

"""Cheats on what is measured: every run here measures coverage, and the checklist asks for it."""

from __future__ import annotations

from hashlib import sha256
from textwrap import indent
from typing import TYPE_CHECKING, Any

from cheating import CART, CART_TESTS, CONFTEST, DOCUMENT, EVIDENCE, RECORD, Cheat, Shop
from cheats_on_tests import PYPROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

TAX, TAX_TESTS = "src/shop/tax.py", "tests/unit/test_tax.py"

ASKED = "- [x] Code coverage >= 90%\n- [x] New unit tests achieve >90% coverage for new code\n"

DUTY = """

def duty(price):
    if price < 100:
        return 0
    reduced = price - 100
    return reduced * 0.3
"""
DUTY_TESTS = """

def test_duty():
    from shop.tax import duty

    assert duty(50) == 0
    assert duty(200) == 30
"""


def asking(shop: Shop) -> None:
    """Let the checklist ask for coverage."""
    shop.edit(DOCUMENT, "- [x] All E2E tests pass\n", "- [x] All E2E tests pass\n" + ASKED)


def untested(shop: Shop, duty: str = DUTY) -> None:
    """New code that no test runs, and a checklist that asks for coverage."""
    asking(shop)
    (shop.folder / TAX).write_text(shop.text(TAX) + duty, "utf-8")


def tested(shop: Shop) -> None:
    """The same new code, with its tests."""
    untested(shop)
    (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + DUTY_TESTS, "utf-8")


AT_IMPORT = DUTY + "\n\nDUTIES = [duty(50), duty(200)]\n"
BY_AN_OWN_NAME = DUTY.replace("def duty", "def _duty") + (
    "\n\ndef duty(price):\n    return _duty(price)\n\n\nDUTIES = [_duty(50), _duty(200), duty(50)]\n"
)


def tested_besides(duty: str) -> Callable[[Shop], None]:
    """Code that its import calls, with the same tests."""

    def do(shop: Shop) -> None:
        untested(shop, duty)
        (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + DUTY_TESTS, "utf-8")
        run_measured(shop)

    return do


def run_measured(shop: Shop, *args: str) -> None:
    """Run with coverage, and tick what is not ticked."""
    shop.measured(*args)
    shop.tick_everything()


def without_tests(
    *args: str, setting: tuple[str, str] | None = None, conftest: str = "", duty: str = DUTY
) -> Callable[[Shop], None]:
    """New code without tests, and something that shall hide it."""

    def do(shop: Shop) -> None:
        untested(shop, duty)
        if setting is not None:
            shop.edit(PYPROJECT, *setting)
        if conftest:
            shop.write({CONFTEST: conftest})
        run_measured(shop, *args)

    return do


def with_tests(*args: str, setting: tuple[str, str] | None = None, conftest: str = "") -> Callable[[Shop], None]:
    """New code with tests, and something of the same kind that hides nothing."""

    def do(shop: Shop) -> None:
        tested(shop)
        if setting is not None:
            shop.edit(PYPROJECT, *setting)
        if conftest:
            shop.write({CONFTEST: conftest})
        shop.measured(*args)

    return do


def gated_as_the_next(*, tests: str) -> Callable[[Shop], None]:
    """Leave the gate of the session with the new code shut, and have the next one gated, which changes a test only."""

    def do(shop: Shop) -> None:
        asking(shop)
        shop.edit(DOCUMENT, "- [x] Code coverage >= 90%\n", "")
        (shop.folder / TAX).write_text(shop.text(TAX) + "\n\ndef duty(price):\n    return price * 0.3\n", "utf-8")
        shop.measured()
        shop.commit()
        shop.write({"handoffs/session-3.md": shop.text(DOCUMENT).replace("Session 2", "Session 3")})
        (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + tests, "utf-8")
        shop.session = "session-3"
        shop.measured(session="session-3")

    return do


def run_by_others(*, tests: str) -> Callable[[Shop], None]:
    """Let only an integration test run the new code, and have the next session gated."""

    def do(shop: Shop) -> None:
        shop.write(
            {"tests/integration/test_paid.py": "from shop.tax import duty\n\n\ndef test_duty_paid():\n    assert duty(10) == 3\n"}
        )
        gated_as_the_next(tests=tests)(shop)

    return do


def another_configuration(shop: Shop) -> None:
    """Measure by a file that nobody compares."""
    untested(shop)
    shop.write({"lax.toml": '[tool.coverage.run]\nomit = ["src/shop/tax.py"]\n'})
    run_measured(shop, "--cov-config=lax.toml")


def another_configuration_in_a_part(shop: Shop) -> None:
    """The same in jobs, which are not joined then."""
    untested(shop)
    shop.write({"lax.toml": '[tool.coverage.run]\nomit = ["src/shop/tax.py"]\n'})
    in_parts(shop, "--cov-config=lax.toml")
    shop.tick_everything()


def in_parts(shop: Shop, *args: str) -> None:
    """Run in two jobs, and join them."""
    shop.measured("--handoff-part=unit", "tests/unit", *args)
    shop.measured("--handoff-part=e2e", "tests/e2e", *args)
    shop.handoff("combine", "session-2")


def kept_in_another_file(shop: Shop) -> None:
    """Name the file that coverage.py would read anyway."""
    tested(shop)
    shop.measured("--cov-config=pyproject.toml")


def data_of_another_run(shop: Shop) -> None:
    """Add lines to coverage's data that no test has run."""
    untested(shop)
    lines = f"{{'{shop.folder / TAX}': range(1, 20)}}"
    shop.run("python", "-c", f"import coverage; d = coverage.CoverageData('.coverage'); d.add_lines({lines}); d.write()")
    run_measured(shop, "--cov-append")


def with_tables(shop: Shop, *args: str) -> None:
    """Add fifty modules of constants, each with a branch and a function that no test takes, and record them."""
    table = "".join(f"rate_{number} = {number}\n\n" for number in range(30))
    table += "if rate_1:\n    rest = 0\n\n\ndef rest():\n    return 0\n"
    shop.write({f"src/shop/table{number:02}.py": table for number in range(50)})
    shop.write(
        {
            "tests/unit/test_tables.py": """
        import importlib


        def test_tables():
            for number in range(50):
                assert importlib.import_module(f"shop.table{number:02}").rate_1 == 1
    """
        }
    )
    shop.measured(*args)


def with_branches(shop: Shop) -> None:
    """The same, with branches."""
    with_tables(shop, "--cov-branch")


def statements_taken_out(shop: Shop) -> None:
    """Write that there is no statement where nobody calls a function, with the digest of that."""
    with_tables(shop)
    file, line = EVIDENCE + "statements.jsonl", '"src/shop/table07.py","layout":"'
    layout = shop.text(file).partition(line)[2].partition('"')[0]
    rewrite_statements(shop, line + layout, line + layout[:-2])


def branches_taken_out(shop: Shop) -> None:
    """Write that there is no branch where no test takes one, with the digest of that."""
    with_branches(shop)
    line = shop.text(EVIDENCE + "statements.jsonl").partition('"src/shop/table07.py",')[2].partition("}")[0]
    layout, _, branches = line.partition(',"branches":')
    assert branches == '"61la4a"', line
    rewrite_statements(shop, f'table07.py",{line}', f'table07.py",{layout},"branches":"."')


def rewrite_statements(shop: Shop, old: str, new: str) -> None:
    """Write something else of the sources, with the digest of that."""
    file = EVIDENCE + "statements.jsonl"
    before = shop.text(file)
    shop.edit(file, old, new)
    digests = [f"sha256:{sha256(text.encode()).hexdigest()}" for text in (before, shop.text(file))]
    shop.edit_json(RECORD, lambda table: table["coverage"]["statements"].update(digest=digests[1]))
    assert digests[0] not in shop.text(RECORD)


def better_figures(shop: Shop) -> None:
    """Write better figures into the record than were measured."""
    untested(shop)
    shop.measured()

    def better(table: dict[str, Any]) -> None:
        table["new_code"]["covered"] = table["new_code"]["covered_by_new_unit"] = table["new_code"]["num_statements"]
        table["coverage"]["percent"] = 100.0

    shop.edit_json(RECORD, better)
    shop.handoff("fill", "session-2")
    shop.tick_everything()


def one_better_figure(shop: Shop) -> None:
    """The same, with the one figure that the line asks for."""
    untested(shop)
    shop.measured()
    shop.edit_json(RECORD, lambda table: table["new_code"].update(covered_by_new_unit=table["new_code"]["num_statements"]))
    shop.handoff("fill", "session-2")
    shop.tick_everything()


PRAGMA = DUTY.replace("def duty(price):", "def duty(price):  # pragma: no cover")
STOPPING = "import coverage\n\n\ndef pytest_runtest_setup():\n    coverage.Coverage.current().stop()\n"

FORGING = """def test_total():
    import coverage

    coverage.Coverage.current().switch_context("handoff:session-2:unit:new")
    from shop.tax import duty

    duty(50)
    duty(200)
"""


def forged_context(shop: Shop) -> None:
    """Let an old test run the new code, in the name of a new one."""
    untested(shop)
    shop.edit(CART_TESTS, "def test_total():\n", FORGING)
    run_measured(shop)


def forged_in(run: Callable[[Shop], None]) -> Callable[[Shop], None]:
    """The same by an invented nonce, where the data of several runs are read together."""

    def do(shop: Shop) -> None:
        untested(shop)
        shop.edit(CART_TESTS, "def test_total():\n", FORGING.replace("handoff:", "handoff.0123456789abcdef:"))
        run(shop)
        shop.tick_everything()

    return do


def bit_by_bit(*folders: str) -> Callable[[Shop], None]:
    """Run folder by folder, so that the runs add up."""

    def do(shop: Shop) -> None:
        for folder in folders:
            shop.measured(folder)

    return do


def known_to_fail(tests: str, result: int) -> Callable[[Shop], None]:
    """Test the new code beside a test that fails, where the settings know that tests fail."""

    def do(shop: Shop) -> None:
        untested(shop)
        (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + DUTY_TESTS.replace("30", str(result)), "utf-8")
        shop.write({"tests/unit/test_late.py": "def test_late():\n    assert 1 + 1 == 3\n"})
        shop.edit(PYPROJECT, "[tool.handoff]\n", f'[tool.handoff]\nknown = [{{test = "{tests}", reason = "issue 71"}}]\n')
        run_measured(shop)

    return do


def run_by_one_that(ends: str, marker: str = "") -> Callable[[Shop], None]:
    """Let new code be run by a test that proves nothing, or tests of it stand beside one that says so beforehand."""

    def do(shop: Shop) -> None:
        (tested if marker else untested)(shop)
        calls = f"    import pytest\n    from shop.tax import duty\n\n    duty(50), duty(200)\n    {ends}\n"
        (shop.folder / TAX_TESTS).write_text(f"{shop.text(TAX_TESTS)}\n\n{marker}def test_later():\n{calls}", "utf-8")
        run_measured(shop)

    return do


FOR_TYPES, DUTY_INDENTED = "\n\n{}\nif TYPE_CHECKING:\n{}", indent(DUTY.lstrip("\n"), "    ")


def annotated(by: str) -> Callable[[Shop], None]:
    """Annotate old code that only old tests run, beside new code with its tests."""

    def do(shop: Shop) -> None:
        tested(shop)
        shop.edit(CART, "def discount(price):", f"def discount(price: {by}) -> {by}:")
        run_measured(shop)

    return do


PROMISED = "import pytest\n\n\n@pytest.mark.xfail(strict=True)\n"

COLLIDES = "        prices = ()  # lwwmnna\n"
"""Has the hash of ``def total(prices):``. All comments of seven letters were tried in turn: this was number 160,624,943."""
ALMOST = COLLIDES.replace("lwwmnna", "lwwmnnb")
COLLIDES_IN_TESTS = "    assert True  # mdwduuc\n"
"""Has the hash of ``    assert discount(price) <= price``; found in the same way, as number 864,666,282."""

MORE_TESTS = """

def test_total_of_more():
    from shop.cart import total

    assert total([2, 2]) == 4
"""
NO_PRICES = "\n\ndef test_total_of_none():\n    from shop.cart import total\n\n    assert total() == 0\n"


def with_a_branch(line: str, tests: str) -> Callable[[Shop], None]:
    """A new branch in earlier code, and tests, all of them new."""

    def do(shop: Shop) -> None:
        asking(shop)
        head = "def total(prices=None):\n    if prices is None:\n"
        shop.edit(CART, "def total(prices):\n", head + line)
        (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + tests, "utf-8")
        shop.measured()

    return do


def with_a_branch_of_the_session_before(line: str, tests: str) -> Callable[[Shop], None]:
    """The same, and then a session that changes a test only is gated."""

    def do(shop: Shop) -> None:
        with_a_branch(line, tests)(shop)
        shop.commit()
        shop.write({"handoffs/session-3.md": shop.text(DOCUMENT).replace("Session 2", "Session 3")})
        more = "\n\ndef test_tax_of_more():\n    assert tax(20) == 4\n"
        (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + more, "utf-8")
        shop.session = "session-3"
        shop.measured(session="session-3")

    return do


def with_lines_moved(shop: Shop) -> None:
    """A function that changes its place, and a line that stands twice, with its tests."""
    asking(shop)
    total = "def total(prices):\n    return sum(prices)\n"
    shop.edit(CART, f"{total}\n\n", "")
    again = "\n\ndef total_of_all(prices):\n    return sum(prices)\n"
    (shop.folder / CART).write_text(f"{shop.text(CART)}\n\n{total}{again}", "utf-8")
    of_all = MORE_TESTS.replace("test_total_of_more", "test_total_of_all").replace("total([", "total_of_all([")
    tests = MORE_TESTS + of_all.replace("import total\n", "import total_of_all\n")
    tests += "\n\ndef test_discount_of_more():\n    from shop.cart import discount\n\n    assert discount(20) == 18\n"
    (shop.folder / TAX_TESTS).write_text(shop.text(TAX_TESTS) + tests, "utf-8")
    shop.measured()


CHEATS = [
    Cheat("measured", "write no tests", without_tests(), "new_code|coverage", "write them", with_tests()),
    Cheat("measured", "call it while its module is imported", without_tests(duty=AT_IMPORT), "new_code",
          "test what an import calls", tested_besides(AT_IMPORT)),
    Cheat("measured", "call it then by a name of the module's own", without_tests(duty=BY_AN_OWN_NAME), "new_code",
          "test what is called by both names", tested_besides(BY_AN_OWN_NAME)),
    Cheat("measured", "test it by tests that are known to fail", known_to_fail("tests/unit/test_?a*.py::test_*", 31), "new_code",
          "test it beside one that is known to fail", known_to_fail("tests/unit/test_late.py::test_late", 30)),
    Cheat("measured", "test it by a test that skips itself then", run_by_one_that("pytest.skip('later')"), "new_code",
          "test it beside a promise", run_by_one_that("assert 0", PROMISED)),
    Cheat("measured", "test it by a test that expects to fail then", run_by_one_that("pytest.xfail('later')"), "new_code",
          "test it beside a promise of other words", run_by_one_that("raise ValueError", PROMISED)),
    Cheat("measured", "mark new code as no cover", without_tests(duty=PRAGMA), "new_code", "mark one line of many", lambda shop: (
              tested(shop), shop.edit(TAX_TESTS, "import duty\n", "import duty  # pragma: no cover\n"), shop.measured())),
    Cheat("measured", "mark every new line as no cover", lambda shop: (
              asking(shop), shop.edit(TAX, "def tax(price):", "def tax(price):  # pragma: no cover"), run_measured(shop)), "new_code",
          "a comment like it", lambda shop: (
              tested(shop), shop.edit(TAX, "def duty(price):", "def duty(price):  # covered by its tests"), shop.measured())),
    Cheat("measured", "call it a matter of types", without_tests(duty=FOR_TYPES.format("TYPE_CHECKING = True", DUTY_INDENTED)),
          "new_code", "import for types only", tested_besides(FOR_TYPES.format(
              "from typing import TYPE_CHECKING", "    from decimal import Decimal\n") + DUTY)),
    Cheat("measured", "write a line with the hash of one that is gone", with_a_branch(COLLIDES, MORE_TESTS), "record",
          "write it in other words, and test it", with_a_branch(ALMOST, MORE_TESTS + NO_PRICES)),
    Cheat("measured", "write one that has it without its annotation",
          with_a_branch(COLLIDES.replace("prices =", "prices: tuple[int, ...] ="), MORE_TESTS), "record",
          "move lines, and write one a second time", with_lines_moved),
    Cheat("measured", "write such a line, and have the next session gated",
          with_a_branch_of_the_session_before(COLLIDES, MORE_TESTS), "record", "write an honest one",
          with_a_branch_of_the_session_before(ALMOST, MORE_TESTS + NO_PRICES)),
    Cheat("measured", "empty a test by a line with the hash of its assertion", lambda shop: (
              shop.edit(CART_TESTS, "    assert discount(price) <= price\n", COLLIDES_IN_TESTS), shop.pytest()), "record",
          "empty it, and be named", lambda shop: (
              shop.edit(CART_TESTS, "    assert discount(price) <= price\n", "    assert True\n"), shop.pytest())),
    Cheat("measured", "write code into an annotation", annotated("sum([0.2])"), "new_code", "annotate", annotated("float")),
    Cheat("measured", "leave it untested, and have the next session gated",
          gated_as_the_next(tests="\n\ndef test_more():\n    assert tax(20) == 4\n"), "new_code", "test it in the next session",
          gated_as_the_next(tests="\n\ndef test_duty():\n    from shop.tax import duty\n\n    assert duty(10) == 3\n")),
    Cheat("measured", "let an integration test run it, and have the next session gated",
          run_by_others(tests="\n\ndef test_more():\n    assert tax(20) == 4\n"), "new_code", "test it by a unit test in the next session",
          run_by_others(tests="\n\ndef test_duty():\n    from shop.tax import duty\n\n    assert duty(10) == 3\n")),
    Cheat("measured", "omit it", without_tests(setting=('vendored.py"]', 'vendored.py", "src/shop/tax.py"]')), "policy",
          "omit less", with_tests(setting=('omit = ["src/shop/vendored.py"]', "omit = []"))),
    Cheat("measured", "exclude its lines", without_tests(setting=("fail_under = 80", 'fail_under = 80\nexclude_also = ["def duty"]')),
          "policy", "sort the report", with_tests(setting=("fail_under = 80", 'fail_under = 80\nsort = "Cover"'))),
    Cheat("measured", "leave it out of the report", without_tests(setting=("fail_under = 80", 'fail_under = 80\nomit = ["*/tax.py"]')),
          "policy", "show empty files too", with_tests(setting=("fail_under = 80", "fail_under = 80\nskip_empty = false"))),
    Cheat("measured", "narrow the source", without_tests(
              setting=("[tool.coverage.run]\n", '[tool.coverage.run]\nsource = ["src/shop/cart"]\n')), "policy|coverage|new_code",
          "measure branches, too", with_tests(setting=("[tool.coverage.run]\n", '[tool.coverage.run]\nbranch = true\n'))),
    Cheat("measured", "narrow it on the command line", without_tests("--cov=shop.cart"), "new_code|coverage|complete|policy",
          "name the package", with_tests("--cov=src")),
    Cheat("measured", "measure by other settings", another_configuration, "policy|complete", "name the usual ones", kept_in_another_file),
    Cheat("measured", "measure by other settings in a part", another_configuration_in_a_part, "stale",
          "run in parts", lambda shop: (tested(shop), in_parts(shop))),
    Cheat("measured", "an unreachable threshold made reachable", lambda shop: (
              untested(shop), run_measured(shop, "--cov-fail-under=1")), "new_code|coverage", "ask for more", with_tests("--cov-fail-under=90")),
    Cheat("measured", "append lines that nobody ran", data_of_another_run, "complete|new_code|coverage", "a report beside it", with_tests(
              "--cov-report=term")),
    Cheat("measured", "stop measuring in a conftest", lambda shop: (
              asking(shop), shop.write({CONFTEST: STOPPING}), run_measured(shop)), "new_code|coverage|complete",
          "look at coverage in a conftest", with_tests(conftest="import coverage\n\nRUNNING = coverage.Coverage.current()\n")),
    Cheat("measured", "run lines of an old test in the name of a new one", forged_context, "new_code", "ask who measures",
          lambda shop: (tested(shop), shop.edit(CART_TESTS, "def test_total():\n", FORGING.partition(".switch")[0] + "\n"),
                        shop.measured())),
    Cheat("measured", "do so in a part", forged_in(in_parts), "new_code", "test it in parts",
          lambda shop: (tested(shop), in_parts(shop))),
    Cheat("measured", "do so in a run that is added to", forged_in(bit_by_bit("tests/unit", "tests/e2e")), "new_code",
          "test it bit by bit", lambda shop: (tested(shop), bit_by_bit("tests/unit", "tests/e2e")(shop))),
    Cheat("measured", "do so in a run that adds to another", forged_in(bit_by_bit("tests/e2e", "tests/unit")), "new_code",
          "test it the other way round", lambda shop: (tested(shop), bit_by_bit("tests/e2e", "tests/unit")(shop))),
    Cheat("measured", "take statements out of what the next run believes", statements_taken_out, "record", "record them", with_tables),
    Cheat("measured", "take branches out of what the next run believes", branches_taken_out, "record", "record branches", with_branches),
    Cheat("measured", "better figures in the record", better_figures, "cannot tell", "read them", lambda shop: (
              tested(shop), shop.measured(), shop.handoff("show", "session-2"))),
    Cheat("measured", "one better figure in the record", one_better_figure, "cannot tell", "fill once more", lambda shop: (
              tested(shop), shop.measured(), shop.handoff("fill", "session-2"))),
]  # fmt: skip

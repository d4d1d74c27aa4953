"""Cheats with settings in force: what pytest and coverage.py go by, templates, instructions, tiers, and where things are."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from cheating import CART_TESTS, DOCUMENT, NEXT, Cheat, Shop, build
from cheats_on_coverage import ASKED as COVERAGE_ASKED
from cheats_on_coverage import run_measured, tested, untested
from cheats_on_evidence import third_session
from cheats_on_tests import PYPROJECT, rerun

if TYPE_CHECKING:
    from collections.abc import Callable

ANOTHER = "tests/unit/test_another.py"
TEMPLATE = "parts/blocks/tests.summary.md.j2"
INSTRUCTIONS = "specs/plan.md"
PLAN = """
    # Plan

    - [x] All unit tests pass
    - [ ] At least 60 tests pass
"""
LIAR = """
import coverage


class Liar(coverage.CoveragePlugin, coverage.FileTracer, coverage.FileReporter):
    def __init__(self, *args):
        self.filename = args[0] if args else ""

    def file_tracer(self, filename):
        return self.__class__(filename) if filename.endswith("tax.py") else None

    def source_filename(self):
        return self.filename

    def file_reporter(self, filename):
        return self.__class__(filename)

    def line_number_range(self, frame):
        return 1, 1

    def lines(self):
        return {1}


def coverage_init(reg, options):
    reg.add_file_tracer(Liar())
"""

WIDE = """
from coverage import CoveragePlugin


class Wide(CoveragePlugin):
    def configure(self, config):
        config.set_option("run:branch", True)
        config.set_option("run:omit", [*(config.get_option("run:omit") or ()), "*/setup.py"])
        config.set_option("report:exclude_lines", [*config.get_option("report:exclude_lines"), "^ *raise NotImplementedError"])


def coverage_init(reg, options):
    reg.add_configurer(Wide())
"""
WIDENED = ("[tool.coverage.run]\n", '[tool.coverage.run]\nplugins = ["wide"]\n')


FAILS = {"tests/unit/test_new.py": "def test_zbad():\n    assert 0\n"}
WATCHES = """
import pytest
from shop.cart import discount


@pytest.fixture(autouse=True)
def prices_are_right():
    assert discount(10) == 9
"""


def begun(
    then: Callable[[Shop], object],
    *args: str,
    more: dict[str, str] | None = None,
    setting: tuple[str, str] | None = None,
) -> Callable[[Shop], None]:
    """Begin with other files and settings on main, and do something then."""

    def do(shop: Shop) -> None:
        shutil.rmtree(shop.folder)
        build(shop.folder, more, setting, args)
        then(shop)

    return do


def rewritten(name: str, old: str, new: str, *args: str) -> Callable[[Shop], None]:
    """Change a file, and run."""

    def do(shop: Shop) -> None:
        shop.edit(name, old, new)
        rerun(shop, *args)

    return do


def with_wide_plugin(*changes: Callable[[Shop], object]) -> Callable[[Shop], None]:
    """Begin with a plugin of coverage.py that leaves lines out and a session without coverage, and do something then."""
    return begun(lambda shop: [change(shop) for change in changes], more={"wide.py": WIDE}, setting=WIDENED)


def omit_by_another_file(shop: Shop) -> None:
    """Measure by a file that names the same plugin, and leaves more out."""
    untested(shop)
    (shop.folder / "lax.toml").write_text('[tool.coverage.run]\nplugins = ["wide"]\nomit = ["src/shop/tax.py"]\n', "utf-8")
    run_measured(shop, "--cov-config=lax.toml")


def fourth_session(shop: Shop) -> None:
    """Record one more measured session after one without coverage."""
    shop.commit()
    third_session(shop)
    shop.write({
        "handoffs/session-4.md": NEXT[DOCUMENT].replace("Session 2: Taxes", "Session 4: Rounding"),
        "src/shop/rounding.py": "def rounded(price):\n    return round(price, 2)\n",
        "tests/unit/test_rounding.py": "from shop.rounding import rounded\n\n\ndef test_rounded():\n    assert rounded(1.234) == 1.23\n",
    })  # fmt: skip
    shop.edit("handoffs/session-4.md", "- [ ] All E2E tests pass\n", "- [ ] All E2E tests pass\n" + COVERAGE_ASKED)
    shop.session = "session-4"


def measured_again(shop: Shop) -> None:
    """Measure the session at hand."""
    shop.run(sys.executable, "-m", "pytest", "-q", f"--handoff={shop.session}")


def widen(shop: Shop) -> None:
    """Let the plugin's own code leave out more."""
    shop.edit("wide.py", '"*/setup.py"', '"*/setup.py", "*/rounding.py"')


def lying(shop: Shop) -> None:
    """Measure by a plugin that knows of one line in a file."""
    untested(shop)
    shop.write({"liar.py": LIAR})
    shop.edit(PYPROJECT, "[tool.coverage.run]\n", '[tool.coverage.run]\nplugins = ["liar"]\n')
    run_measured(shop)


def new_tier(glob: str) -> Callable[[Shop], None]:
    """A new tier for some files."""

    def do(shop: Shop) -> None:
        shop.edit(PYPROJECT, "[tool.handoff]\n", f'[tool.handoff]\ntiers = {{browser = {{paths = ["{glob}"]}}}}\n')
        shop.write({"tests/browser/test_page.py": "def test_page():\n    assert len('page') == 4\n"})
        rerun(shop)

    return do


def without_src(shop: Shop) -> None:
    """Give up the src layout; the source of coverage.py is the same package under its new name."""
    shop.git("mv", "src/shop", "shop")
    shop.edit(PYPROJECT, 'source = ["src"]', 'source = ["shop"]')
    shop.edit(PYPROJECT, 'pythonpath = ["src"]', 'pythonpath = ["."]')
    shop.edit(PYPROJECT, "src/shop/vendored.py", "shop/vendored.py")
    shop.pytest()


def half_without_src(shop: Shop) -> None:
    """Move one module out of src, and measure only that."""
    shop.git("mv", "src/shop/cart.py", "basket.py")
    shop.edit("tests/unit/test_cart.py", "shop.cart", "basket")
    shop.edit("tests/e2e/test_shop.py", "shop.cart", "basket")
    shop.edit(PYPROJECT, 'source = ["src"]', 'source = ["basket.py"]')
    shop.edit(PYPROJECT, 'pythonpath = ["src"]', 'pythonpath = ["src", "."]')
    rerun(shop)


WARNING = 'addopts = ["-p", "no:cacheprovider"]\n'
STRICT = (WARNING, WARNING + 'filterwarnings = ["error"]\n')
SOURCE = ("[tool.coverage.run]\n", '[tool.coverage.run]\nsource = ["src"]\n')
MARKERS = ('"no:cacheprovider"]', '"no:cacheprovider", "--strict-markers"]')


def with_addopts(options: str) -> tuple[str, str]:
    """Add options to addopts."""
    return '"no:cacheprovider"]', f'"no:cacheprovider", {options}]'


XFAIL = (WARNING, WARNING + "xfail_strict = true\n")
CHECKED = (WARNING, WARNING + 'usefixtures = ["prices_are_right"]\n')
PLAINLY = WATCHES.replace("(autouse=True)", "")
PATHS = ("[tool.coverage.report]\n", '[tool.coverage.paths]\ncode = ["src", "fill"]\n\n[tool.coverage.report]\n')
OWN = ("[tool.handoff]\n", '[tool.handoff]\ntemplates = "parts"\n')
ASKED = f"--handoff-instructions={INSTRUCTIONS}"


def on_other_code(path: str, *, broken: bool = True) -> Callable[[Shop], None]:
    """Test a copy of the code that works."""

    def do(shop: Shop) -> None:
        shutil.copytree(shop.folder / "src", shop.folder / "stubs")
        shop.edit(PYPROJECT, 'pythonpath = ["src"]', f"pythonpath = {path}")
        if broken:
            shop.break_discount()
        rerun(shop)

    return do


ON_A_DAY = """
import os, sys, pytest

os.environ["SOURCE_DATE_EPOCH"] = "1420070400"
sys.exit(pytest.main(["--no-cov", "-q", "--handoff=session-2"]))
"""
"""A run whose clock stands at the beginning of 2015."""


def failing_until(day: str) -> Callable[[Shop], None]:
    """Break the code where tests are known to fail until a day, and run with a clock that stands still before it."""

    def do(shop: Shop) -> None:
        shop.break_discount()
        entry = f'test = "tests/unit/test_cart.py::test_discount"\nreason = "the bank is late"\nuntil = "{day}"\n'
        (shop.folder / PYPROJECT).write_text(shop.text(PYPROJECT) + f"\n[[tool.handoff.known]]\n{entry}", "utf-8")
        shop.write({ANOTHER: "def test_another():\n    assert 1 + 1 == 2\n"})
        shop.run(sys.executable, "-c", ON_A_DAY)
        shop.handoff("fill", "session-2")

    return do


def lost_for(reason: str) -> Callable[[Shop], None]:
    """Delete a test, and retire it for a reason."""

    def do(shop: Shop) -> None:
        shop.edit(CART_TESTS, "def test_discount():\n    assert discount(10) == 9\n\n\n", "")
        entry = f'test = "tests/unit/test_cart.py::test_discount"\nreason = "{reason}"\n'
        (shop.folder / PYPROJECT).write_text(shop.text(PYPROJECT) + f"\n[[tool.handoff.retire]]\n{entry}", "utf-8")
        shop.write({ANOTHER: "def test_another():\n    assert 1 + 1 == 2\n"})
        rerun(shop)

    return do


CHEATS = [
    Cheat("policy", "turn the clock back to when a failure was excused", failing_until("2015-06-30"), "failures",
          "hold the clock still while one is", failing_until("2999-06-30")),
    Cheat("policy", "give a reason that nobody sees", lost_for("\u200b\u3164"), "cannot tell", "give one in any script",
          lost_for("古い")),
    Cheat("policy", "a coverage plugin that lies", lying, "policy", "one that was there before", begun(
              lambda shop: (tested(shop), shop.measured()), more={"quiet.py": "def coverage_init(reg, options):\n    pass\n"},
              setting=("[tool.coverage.run]\n", '[tool.coverage.run]\nplugins = ["quiet"]\n'))),
    Cheat("policy", "leave code out by another file, behind a session without coverage", with_wide_plugin(omit_by_another_file), "policy",
          "measure for the first time, by a plugin that leaves lines out", with_wide_plugin(tested, Shop.measured)),
    Cheat("policy", "let a coverage plugin leave out more before anything is measured", with_wide_plugin(
              untested, lambda shop: shop.edit("wide.py", '"*/setup.py"', '"*/setup.py", "*/tax.py"'), run_measured), "policy",
          "change another file beside it", with_wide_plugin(tested, lambda shop: shop.write({"wider.py": "WIDER = 1\n"}), Shop.measured)),
    Cheat("policy", "let a coverage plugin leave out more, behind a session without coverage", with_wide_plugin(
              tested, Shop.measured, fourth_session, widen, measured_again), "policy", "measure again by the plugin as it was",
          with_wide_plugin(tested, Shop.measured, fourth_session, measured_again)),
    Cheat("policy", "take a file for another", lambda shop: (untested(shop), shop.edit(PYPROJECT, *PATHS), run_measured(shop)), "policy",
          "take the same for it as before", begun(lambda shop: (
              shop.edit(PYPROJECT, 'code = ["src", "fill"]', 'all = ["./src/", "fill/"]'), tested(shop), shop.measured()), setting=PATHS)),
    Cheat("policy", "set a check up for no test any more", begun(lambda shop: (
              shop.break_discount(), rewritten(PYPROJECT, *CHECKED[::-1])(shop)), setting=CHECKED, more={"conftest.py": PLAINLY}), "policy",
          "set up one more", begun(rewritten(PYPROJECT, '["prices_are_right"]', '["prices_are_right", "tmp_path"]'),
              setting=CHECKED, more={"conftest.py": PLAINLY})),
    Cheat("policy", "find other code first", on_other_code('["stubs", "src"]'), "policy",
          "find more code behind it", on_other_code('["src", "stubs"]', broken=False)),
    Cheat("policy", "print figures by a template", begun(rewritten(TEMPLATE, "As it was.", "100 % of everything."), setting=OWN,
              more={TEMPLATE: "As it was.\n"}), "policy", "leave the template as it was", begun(
              rerun, setting=OWN, more={TEMPLATE: "As it was.\n"})),
    Cheat("policy", "add a template that prints figures", lambda shop: (
              shop.write({TEMPLATE: "100 % of everything.\n"}), rewritten(PYPROJECT, *OWN)(shop)), "policy",
          "take one away", begun(lambda shop: ((shop.folder / TEMPLATE).unlink(), shop.write({"parts/blocks/README": "-\n"}), rerun(shop)),
              setting=OWN, more={TEMPLATE: "As it was.\n"})),
    Cheat("policy", "let warnings pass", begun(rewritten(PYPROJECT, 'filterwarnings = ["error"]\n', ""), setting=STRICT), "policy",
          "name one more that fails", begun(rewritten(PYPROJECT, '["error"]', '["error", "error::UserWarning"]'), setting=STRICT)),
    Cheat("policy", "let one kind of warning pass", begun(
              rewritten(PYPROJECT, '["error"]', '["error", "ignore::UserWarning"]'), setting=STRICT), "policy",
          "ignore one where none failed", rewritten(PYPROJECT, WARNING, WARNING + 'filterwarnings = ["ignore::UserWarning"]\n')),
    Cheat("policy", "let warnings pass in this run", begun(lambda shop: rerun(shop, "-p", "no:warnings"), setting=STRICT), "policy",
          "let all fail in this run", begun(lambda shop: rerun(shop, "-W", "error"), setting=STRICT)),
    Cheat("policy", "let a misspelt marker pass", begun(rewritten(PYPROJECT, *MARKERS[::-1]), setting=MARKERS), "policy",
          "say it as a setting", begun(rewritten(
              PYPROJECT, '"no:cacheprovider", "--strict-markers"]\n', '"no:cacheprovider"]\nstrict_markers = true\n'), setting=MARKERS)),
    Cheat("policy", "let an unexpected pass be one", begun(lambda shop: rerun(shop, "-o", "xfail_strict=false"), setting=XFAIL),
          "policy", "say it once more", begun(lambda shop: rerun(shop, "-o", "xfail_strict=true"), setting=XFAIL)),
    Cheat("policy", "make the instructions easier", begun(
              rewritten(INSTRUCTIONS, "At least 60", "At least 6", ASKED), ASKED, more={INSTRUCTIONS: PLAN}), "policy",
          "ask for more", begun(rewritten(
              INSTRUCTIONS, "- [x] All", "- [x] The demo was shown\n- [x] All", ASKED), ASKED, more={INSTRUCTIONS: PLAN})),
    Cheat("policy", "a new tier over old e2e tests", new_tier("tests/e2e/**"), "policy", "a new tier over new tests", new_tier(
              "tests/browser/**")),
    Cheat("policy", "other settings in a new file, without the target", lambda shop: (
              shop.write({"handoff.toml": 'required = ["Reviewed by a second person"]\n'}), rerun(shop)), "policy",
          "the same settings in a new file", lambda shop: (
              shop.write({"handoff.toml": 'target = "main"\nrequired = ["Reviewed by a second person"]\n'}), rerun(shop))),
    Cheat("policy", "move what is measured, half of it", begun(half_without_src, setting=SOURCE), "policy",
          "give up the src layout", begun(without_src, setting=SOURCE)),
    Cheat("policy", "keep documents elsewhere", rewritten(PYPROJECT, "[tool.handoff]\n", '[tool.handoff]\ndocument = "x/{session}.md"\n'),
          "policy|document", "keep them where they are", rewritten(
              PYPROJECT, "[tool.handoff]\n", '[tool.handoff]\ndir = "./handoffs/"\n')),
    Cheat("policy", "collect less files by an option", lambda shop: (
              shop.write(FAILS), rerun(shop, "-o", "python_files=test_cart.py test_shop.py")), "policy",
          "an option about the terminal", lambda shop: rerun(shop, "-o", "console_output_style=classic")),
    Cheat("policy", "collect less functions by addopts", lambda shop: (
              shop.write(FAILS), shop.edit(PYPROJECT, '"no:cacheprovider"]', '"no:cacheprovider", "-o", "python_functions=test_[!z]*"]'),
              rerun(shop)), "policy",
          "an option about the terminal in addopts", lambda shop: (
              shop.edit(PYPROJECT, '"no:cacheprovider"]', '"no:cacheprovider", "-o", "console_output_style=classic"]'), rerun(shop))),
    Cheat("policy", "skip every doctest", rewritten(PYPROJECT, WARNING, WARNING + 'doctest_optionflags = ["SKIP"]\n'), "policy",
          "write pytest's own value out", rewritten(PYPROJECT, WARNING, WARNING + "collect_imported_tests = true\n")),
    Cheat("policy", "collect less paths by addopts", lambda shop: (
              shop.write({"tests/more/test_new.py": FAILS["tests/unit/test_new.py"]}),
              rewritten(PYPROJECT, *with_addopts('"tests/unit", "tests/e2e"'))(shop)), "policy",
          "name the same path in addopts", rewritten(PYPROJECT, *with_addopts('"tests"'))),
    Cheat("policy", "leave a test out by a file of options", begun(lambda shop: (
              shop.write({**FAILS, "opts.txt": "-k\nnot zbad\n"}), rerun(shop)), setting=with_addopts('"@opts.txt"'),
              more={"opts.txt": "-v\n"}), "policy",
          "say more by a file of options", begun(lambda shop: (
              shop.write({"opts.txt": "-vv\n"}), rerun(shop)), setting=with_addopts('"@opts.txt"'), more={"opts.txt": "-v\n"})),
    Cheat("policy", "leave a test out at the end of short options", lambda shop: (
              shop.write(FAILS), rewritten(PYPROJECT, *with_addopts('"-vk", "not zbad"'))(shop)), "policy",
          "short options that leave out nothing", rewritten(PYPROJECT, *with_addopts('"-vrA"'))),
    Cheat("runs", "leave out the conftest that finds the fault", lambda shop: (
              shop.write({"tests/conftest.py": WATCHES}), shop.break_discount(), rerun(shop, "--noconftest")), "complete",
          "with the conftest", lambda shop: (shop.write({"tests/conftest.py": WATCHES}), rerun(shop))),
    Cheat("measured", "call one's own work the target branch by a tag", lambda shop: (
              untested(shop), shop.git("add", "-A"), shop.git("commit", "-qm", "duty"), shop.git("tag", "main"), run_measured(shop)),
          "new_code|coverage", "a tag of another name", lambda shop: (
              tested(shop), shop.git("add", "-A"), shop.git("commit", "-qm", "duty"), shop.git("tag", "v2"), run_measured(shop))),
]  # fmt: skip

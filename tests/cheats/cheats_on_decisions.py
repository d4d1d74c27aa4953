"""Cheats on who decides: lines bound to something easier, and earlier tests that are called something else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cheating import CART_TESTS, CONFTEST, DOCUMENT, Cheat, Shop, Told
from cheats_on_coverage import run_measured, tested, untested
from cheats_on_tests import PYPROJECT

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = "New unit tests achieve >90% coverage for new code"
OWN = "Prices were tried by hand"
REVIEWED = "Reviewed by a second person"
REVIEWED_MEANS_TESTS = '{ subjects = { tests = ["reviewed"] }, verbs = { pass = ["by a second person"] } }'
MARKED = 'import pytest\n\n\n@pytest.mark.handoff(check="{line}")\ndef test_linked():\n    assert 1 + 1 == 2\n'
LINKED = "tests/unit/test_linked.py"
GATE = """
def licences(facts):
    from pytest_handoff.record import Verdict

    return Verdict(id="licences", verdict="passed", evidence="all fine")


def pytest_handoff_gates(config):
    return {"licences": licences}
"""
HOOKED = 'def pytest_handoff_checks(config):\n    return {{"{line}": "{gate}"}}\n'


def decided_by(files: dict[str, str] | None = None, bind: str = "") -> Callable[[Shop], None]:
    """Leave new code untested, and let something trivial decide the line that asks for it."""

    def do(shop: Shop) -> None:
        untested(shop)
        _bound(shop, files or {}, ASKED, bind)
        run_measured(shop)

    return do


def adding(files: dict[str, str] | None = None, bind: str = "") -> Callable[[Shop], None]:
    """Test the new code, and let a test decide a line that nothing else can."""

    def do(shop: Shop) -> None:
        tested(shop)
        shop.edit(DOCUMENT, f"- [x] {ASKED}\n", f"- [x] {ASKED}\n- [ ] {OWN}\n")
        _bound(shop, files or {}, OWN, bind)
        shop.measured()
        assert f"- [x] {OWN}" in shop.text(DOCUMENT), shop.text(DOCUMENT)

    return do


def _bound(shop: Shop, files: dict[str, str], line: str, bind: str) -> None:
    for name, text in files.items():
        (shop.folder / name).write_text(text.format(line=line, gate="files_parse"), "utf-8")
    if bind:
        shop.edit(PYPROJECT, 'target = "main"', f'target = "main"\nbind = [{{line = "{line}", {bind}}}]')


PREVIOUS = "All E2E tests from previous sessions still pass"
CALLS_IT = 'def pytest_handoff_tier(item):\n    return "{tier}" if "e2e" in item.nodeid else None\n'


def run_and_explain(shop: Shop, *args: str) -> str:
    """Run, let everything be ticked, and return all that a reader is shown."""
    done = shop.pytest("-vv", *args)
    shop.tick_everything()
    return done.out + shop.handoff("explain", "session-2").out + shop.text(DOCUMENT)


def moved(to: str) -> Callable[[Shop], str]:
    """Move the e2e test, which the checklist asks for as one of the sessions before."""

    def do(shop: Shop) -> str:
        shop.edit(DOCUMENT, "- [x] All E2E tests pass\n", f"- [x] All E2E tests pass\n- [ ] {PREVIOUS}\n")
        shop.git("mv", "tests/e2e/test_shop.py", to)
        return run_and_explain(shop)

    return do


def called(tier: str) -> Callable[[Shop], str]:
    """Let a conftest say of which tier the e2e test is."""

    def do(shop: Shop) -> str:
        shop.edit(DOCUMENT, "- [x] All E2E tests pass\n", f"- [x] All E2E tests pass\n- [ ] {PREVIOUS}\n")
        shop.write({CONFTEST: CALLS_IT.format(tier=tier)})
        return run_and_explain(shop)

    return do


UNSTEADY = """
    from pathlib import Path

    SEEN = Path(__file__).parents[2] / ".pytest_cache" / "seen"


    def test_unsteady():
        seen = {seen}
        SEEN.parent.mkdir(exist_ok=True)
        SEEN.touch()
        assert seen
"""


def run_twice(seen: str) -> Callable[[Shop], None]:
    """Run everything, and once more, with a checklist that asks for no flaky tests."""

    def do(shop: Shop) -> None:
        shop.edit(DOCUMENT, "- [x] All E2E tests pass\n", "- [x] All E2E tests pass\n- [x] No flaky tests\n")
        shop.write({"tests/unit/test_unsteady.py": UNSTEADY.format(seen=seen)})
        shop.pytest()
        shop.pytest()
        shop.tick_everything()

    return do


def with_line(line: str) -> Callable[[Shop], None]:
    """Add a line to the checklist, and run."""

    def do(shop: Shop) -> None:
        shop.edit(DOCUMENT, "- [x] All E2E tests pass\n", f"- [x] All E2E tests pass\n- [x] {line}\n")
        shop.pytest()
        shop.tick_everything()

    return do


def optimized(name: str) -> Callable[[Shop], None]:
    """Run by an optimizing Python, with an assert statement in this file, which pytest makes run in test modules only."""

    def do(shop: Shop) -> None:
        shop.write({name: "def check(value):\n    assert value\n\n\ndef test_check():\n    check(1)\n"})
        shop.run(sys.executable, "-O", "-m", "pytest", "--no-cov", "-q", "--handoff=session-2")
        shop.tick_everything()

    return do


def in_words(table: str, meaning: str, phrase: str, *, cover: bool = False) -> Callable[[Shop], None]:
    """Teach the checklist language a phrase, with new code that is covered or not."""

    def do(shop: Shop) -> None:
        (tested if cover else untested)(shop)
        shop.edit(PYPROJECT, 'target = "main"', f'target = "main"\nwords = {{ {table} = {{ {meaning} = ["{phrase}"] }} }}')
        run_measured(shop)

    return do


def kind_of_tests(name: str, *, cover: bool = False) -> Callable[[Shop], None]:
    """Add a kind of tests, with new code that is covered or not."""

    def do(shop: Shop) -> None:
        (tested if cover else untested)(shop)
        shop.edit(PYPROJECT, 'target = "main"', f'target = "main"\ntiers = {{ {name} = {{ paths = ["tests/more/**"] }} }}')
        run_measured(shop)

    return do


def kept_out(tick: str) -> Callable[[Shop], str]:
    """Write a checklist of one's own, and keep the plugin out of it."""

    def do(shop: Shop) -> str:
        lines = f"## More\n<!-- handoff:off -->\n\n- [{tick}] All load tests pass\n- [{tick}] Coverage >= 99%\n\n"
        shop.edit(DOCUMENT, "## Final Checklist\n", f"{lines}## Final Checklist\n")
        done = shop.pytest("-vv")
        return done.out + shop.handoff("explain", "session-2").out

    return do


def reviewed_by_words(words: str) -> Callable[[Shop], str]:
    """Teach words, and run."""

    def do(shop: Shop) -> str:
        shop.edit(PYPROJECT, 'target = "main"', f'target = "main"\nwords = {words}')
        return run_and_explain(shop)

    return do


def automated(files: dict[str, str] | None = None, bind: str = "") -> Callable[[Shop], None]:
    """Let something decide a required line that was a person's."""

    def do(shop: Shop) -> None:
        shop.edit(DOCUMENT, f"- [x] {REVIEWED}", f"- [ ] {REVIEWED}")
        _bound(shop, files or {}, REVIEWED, bind)
        shop.pytest()

    return do


def reviewed(shop: Shop) -> None:
    """Teach words that make a line of tests of the review."""
    reviewed_by_words(REVIEWED_MEANS_TESTS)(shop)


def taken_back(before: dict[str, str], now: dict[str, str] | None = None) -> Callable[[Shop], None]:
    """Let main have had something, and change or remove it in the session."""

    def do(shop: Shop) -> None:
        shop.git("checkout", "--quiet", "main")
        for name, text in before.items():
            (shop.folder / name).write_text(text, "utf-8")
        shop.pytest(session="session-1")
        shop.commit()
        shop.git("checkout", "--quiet", "work")
        shop.git("merge", "--quiet", "--no-edit", "main")
        for name in before:
            (shop.folder / name).unlink()
        for name, text in (now or {}).items():
            (shop.folder / name).write_text(text, "utf-8")
        shop.pytest()
        shop.tick_everything()

    return do


def with_nothing_to_it(reason: str = "") -> Callable[[Shop], None]:
    """Add a line about e2e tests of this session, which has none, and tick it after the run or say why it is there."""

    def do(shop: Shop) -> None:
        shop.edit(DOCUMENT, "- [x] All E2E tests pass\n", f"- [x] All E2E tests pass\n- [ ] All new E2E tests pass{reason}\n")
        shop.pytest()
        if not reason:
            shop.tick_everything()

    return do


def in_a_block_of(name: str, text: str = "") -> Callable[[Shop], None]:
    """Write figures between our markers, and run."""

    def do(shop: Shop) -> None:
        block = f"<!-- handoff:begin {name} -->\n{text}<!-- handoff:end {name} -->\n\n"
        shop.edit(DOCUMENT, "## Final Checklist\n", f"{block}## Final Checklist\n")
        shop.pytest()
        shop.tick_everything()

    return do


CHEATS = [
    Cheat("lines", "write figures into a block of no known name", in_a_block_of("tests.summary", "260 tests pass, 0 fail.\n"), "document",
          "ask for a block that there is", in_a_block_of("tests.lost")),
    Cheat("lines", "tick a line that does not apply", with_nothing_to_it(), "document",
          "say why it does not apply", with_nothing_to_it(" (N/A: nothing a user sees has changed)")),
    Cheat("lines", "mark a trivial test with the line", decided_by({"tests/unit/test_linked.py": MARKED}), "new_code",
          "mark a test with a line of one's own", adding({"tests/unit/test_linked.py": MARKED})),
    Cheat("lines", "bind the line to a gate that always holds", decided_by(bind='gate = "files_parse"'), "new_code",
          "bind a line of one's own", adding(bind='tests = "tests/unit/test_tax.py::*"')),
    Cheat("lines", "bind the line to trivial tests", decided_by(bind='tests = "tests/e2e/*"'), "new_code",
          "bind a line of one's own to a gate", adding(bind='gate = "files_parse"')),
    Cheat("lines", "let a hook decide the line", decided_by({CONFTEST: HOOKED}), "new_code",
          "let a hook decide a line of one's own", adding({CONFTEST: HOOKED})),
    Cheat("lines", "bind a required line that is a person's", automated(bind='tests = "tests/e2e/*"'), "policy",
          "bind a line that is not required", adding(bind='tests = "tests/e2e/*"')),
    Cheat("lines", "mark a trivial test with a required line", automated({"tests/unit/test_linked.py": MARKED}), "policy",
          "have a required line ticked by a person", lambda shop: shop.pytest()),
    Cheat("lines", "let a hook decide a required line", automated({CONFTEST: HOOKED}), "policy",
          "waive that with a reason", lambda shop: (automated({CONFTEST: HOOKED})(shop), shop.edit(
              PYPROJECT, 'target = "main"', 'target = "main"\nwaive = [{gate = "policy", reason = "a bot reviews now"}]'),
              shop.pytest())),
    Cheat("lines", "teach words that a required line is made of", reviewed, "policy",
          "teach words that none is made of", reviewed_by_words(  # type: ignore[arg-type]
              '{ subjects = { tests = ["specs"] } }')),
    Cheat("lines", "take back a gate of the project's own", taken_back({CONFTEST: GATE}), "policy",
          "keep it, and change the hook", taken_back({CONFTEST: GATE}, {CONFTEST: "import pytest\n" + GATE})),
    Cheat("lines", "take back what a hook decides", taken_back({CONFTEST: HOOKED.format(line=OWN, gate="files_parse")}), "policy",
          "let it decide one more line", taken_back(
              {CONFTEST: HOOKED.format(line=OWN, gate="files_parse")},
              {CONFTEST: HOOKED.format(line=OWN, gate="files_parse").replace("}\n", ', "Demo shown": "files_parse"}\n')})),
    Cheat("lines", "take the marker off a linked test", taken_back(
              {LINKED: MARKED.format(line=OWN)}, {LINKED: "def test_linked():\n    assert 1 + 1 == 2\n"}), "policy",
          "mark another test in place of it", taken_back({LINKED: MARKED.format(line=OWN)}, {
              LINKED: "def test_linked():\n    assert 1 + 1 == 2\n", "tests/unit/test_more.py": MARKED.format(line=OWN)})),
    Cheat("lines", "let a longer phrase mean something else", in_words("subjects", "total_coverage", "coverage for new code"), "cannot tell",
          "let a new word mean the same", in_words("subjects", "coverage", "branch coverage", cover=True)),
    Cheat("lines", "call a kind of tests as a line is worded", kind_of_tests("coverage_for_new_code"), "new_code",
          "call a kind of tests by a word of its own", kind_of_tests("browser", cover=True)),
    Cheat("lines", "waive a line for a reason that is not true", with_line(f"{PREVIOUS} (N/A: first session)"), "waiver",
          "waive a line for a reason", with_line("Performance impact assessed (N/A: nothing a user would notice)")),
    Cheat("lines", "put a note behind a line that is false", with_line("99+ tests pass - 99/99 passed"), "tests",
          "put a note behind a line that is true", with_line("2+ tests pass - 99/99 passed")),
    Cheat("runs", "run everything again until it passes", run_twice("SEEN.exists()"), "flaky",
          "run everything again when it passed", run_twice("SEEN.name")),
    Cheat("runs", "leave out the assert statements of a helper", optimized("tests/unit/support.py"), "complete",
          "leave out none", optimized("tests/unit/test_support.py")),
]  # fmt: skip

CASES = """
    import pytest

    from shop.cart import discount

    CASES = [0, {case}]


    @pytest.mark.parametrize("price", CASES, ids=["low", "high"])
    def test_cases(price):
        assert discount(price) < 18
"""


def changed_cases(old: str, new: str) -> Callable[[Shop], str]:
    """Change a file of tests that the session before had as well."""

    def do(shop: Shop) -> str:
        shop.write({"tests/unit/test_cases.py": CASES.format(case=10)})
        shop.edit(CART_TESTS, "def test_total", "# the sum\ndef test_total")
        shop.pytest()
        shop.commit()
        shop.write({"handoffs/session-3.md": shop.text(DOCUMENT)})
        shop.edit("tests/unit/test_cases.py", old, new)
        done = shop.pytest("-vv", session="session-3")
        shop.git("checkout", "--quiet", "tests/unit/test_cases.py")
        return done.out

    return do


def with_new_test(body: str) -> Callable[[Shop], str]:
    """Write a test with this body."""

    def do(shop: Shop) -> str:
        imports = "import shop.tax\nfrom shop.tax import tax\n\n\n"
        (shop.folder / "tests/unit/test_more.py").write_text(f"{imports}def test_more():\n    {body}\n", "utf-8")
        return run_and_explain(shop)

    return do


def with_new_code(name: str) -> Callable[[Shop], str]:
    """Write new code to a file of this name, with a test that runs it, and measure."""

    def do(shop: Shop) -> str:
        tested(shop)
        shop.edit(PYPROJECT, 'pythonpath = ["src"]', 'pythonpath = ["src", "lib", "src/shop", "tests/unit", "tests"]')
        shop.write({name: "def levy(price):\n    return price\n"})
        module = name.rpartition("/")[2].removesuffix(".py")
        test = f"from {module} import levy\n\n\ndef test_levy():\n    assert levy(1) == 1\n"
        shop.write({"tests/unit/test_new_levy.py": test})
        done = shop.measured("-vv")
        shop.tick_everything()
        return done.out + shop.handoff("explain", "session-2").out

    return do


TOLD = [
    Told("an earlier e2e test moved to the unit tests", moved("tests/unit/test_shop.py"),
         ("1/1 earlier e2e tests passed (now unit: tests/unit/test_shop.py::test_checkout)", "1/1 passed (1 now unit)"),
         "an earlier e2e test moved to another file", moved("tests/e2e/test_checkout.py")),
    Told("an earlier e2e test that a conftest calls a unit test", called("unit"),
         ("1/1 earlier e2e tests passed (now unit: tests/e2e/test_shop.py::test_checkout)", "was e2e, is now unit"),
         "an earlier e2e test that a conftest calls one", called("e2e")),
    Told("a failing case swapped in a module's constant", changed_cases("[0, 10]", "[0, 1]"),
         ("tests/unit/test_cases.py::CASES changed, and earlier tests use it",),
         "a constant that only a new test uses", changed_cases("CASES = [0, 10]\n", "CASES = [0, 10]\nOTHER = 3\n")),
    Told("a call without looking", with_new_test("tax(10)\n    assert True"), ("no assert  tests/unit/test_more.py::test_more",),
         "a call with a look", with_new_test("assert tax(10) == 2")),
    Told("lines compiled under another file's name",
         with_new_test('exec(compile("x = 1", shop.tax.__file__, "exec"))\n    assert tax(10) == 2'),
         ("tests/unit/test_more.py::test_more runs code under a computed file name",),
         "lines compiled under a name of their own", with_new_test(
             'exec(compile("x = 1", "<example>", "exec"))\n    assert tax(10) == 2')),
    Told("a person's line that new words make a machine's", reviewed_by_words(REVIEWED_MEANS_TESTS),
         ("read with words of the project: 6/6 tests passed",),
         "new words that no line has", reviewed_by_words('{ subjects = { tests = ["specs"] } }')),
    Told("lines that were ticked where the plugin is kept out", kept_out("x"),
         ("2 lines are ticked under <!-- handoff:off -->, where no evidence decides anything",),
         "lines that nobody ticked there", kept_out(" ")),
    Told("new code beside what is measured", with_new_code("lib/levy.py"), ("; not measured: lib/levy.py", "unmeasured lib/levy.py"),
         "new code where it is measured", with_new_code("src/shop/levy.py")),
    Told("new code in a conftest that no test has", with_new_code("src/shop/conftest.py"), ("unmeasured src/shop/conftest.py",),
         "a conftest of tests", with_new_code("tests/unit/conftest.py")),
    Told("new code in a file that is called a test", with_new_code("src/shop/test_levy.py"), ("unmeasured src/shop/test_levy.py",),
         "a module of tests beside others", with_new_code("tests/test_more.py")),
]  # fmt: skip

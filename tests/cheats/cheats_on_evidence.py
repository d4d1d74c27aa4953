"""Cheats on document, evidence, chain and settings."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cheating import CART, CART_TESTS, CONFTEST, DOCUMENT, EVIDENCE, LEDGER, NEXT, RECORD, Cheat, Shop
from cheats_on_tests import PYPROJECT, honest_edit, rerun, whole_run

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = "- [x] All E2E tests pass\n"


def edited(old: str, new: str, name: str = DOCUMENT) -> object:
    """Change a file, and run nothing."""
    return lambda shop: shop.edit(name, old, new)


def setting(old: str, new: str) -> object:
    """Change a setting, and run."""

    def do(shop: Shop) -> None:
        shop.edit(PYPROJECT, old, new)
        rerun(shop)

    return do


FIGURES = "<!-- handoff:begin checklist.evidence -->"


def with_block(change: Callable[[str, str], str]) -> Callable[[Shop], None]:
    """Have a block of ours filled, and change the document's text, given that of the block."""

    def do(shop: Shop) -> None:
        shop.edit(DOCUMENT, "## Final", f"{FIGURES}\n<!-- handoff:end checklist.evidence -->\n\n## Final")
        shop.pytest()
        text = shop.text(DOCUMENT)
        block = FIGURES + text.split(FIGURES)[1].split("## Final")[0].rstrip()
        assert "5/5" in block, text
        (shop.folder / DOCUMENT).write_text(change(text, block), "utf-8")

    return do


def in_the_record(*keys: str, value: object) -> object:
    """Change one value of the record."""

    def change(table: dict[str, object]) -> None:
        for key in keys[:-1]:
            table = table[key]  # type: ignore[assignment]
        table[keys[-1]] = value

    return lambda shop: shop.edit_json(RECORD, change)


def forge_ledger(shop: Shop) -> None:
    """Let a failed test have passed, and mend the digest."""
    shop.break_discount()
    shop.pytest()
    shop.edit(LEDGER, '"outcome":"failed"', '"outcome":"passed"')
    digest = "sha256:" + sha256((shop.folder / LEDGER).read_bytes()).hexdigest()
    in_the_record("tests", "ledger", value=digest)(shop)  # type: ignore[operator]
    shop.tick_everything()


def forge_everything(shop: Shop) -> None:
    """Let a failed test have passed, and mend every figure that knows of it."""
    forge_ledger(shop)

    def better(table: dict[str, Any]) -> None:
        for counts in (table["tests"]["counts"], table["tests"]["tiers"]["unit"]):
            counts["failed"], counts["passed"] = 0, counts["passed"] + counts["failed"]
        regression = table["tests"]["regression"]
        regression["passing"] = regression["expected"]
        regression["statuses"]["still_passing"] += regression["statuses"]["regressed"]
        regression["statuses"]["regressed"] = 0

    shop.edit_json(RECORD, better)
    shop.handoff("fill", "session-2", "--take-over")


def subset_called_whole(shop: Shop) -> None:
    """Run a part, and call it the whole."""
    shop.break_discount()
    shop.pytest("-k", "not discount")
    in_the_record("run", "complete", value=True)(shop)  # type: ignore[operator]
    in_the_record("run", "why_incomplete", value=[])(shop)  # type: ignore[operator]
    shop.tick_everything()


def replay(shop: Shop) -> None:
    """Put the evidence of an earlier, better commit back."""
    shop.break_discount()
    shop.pytest()
    shop.git("checkout", "HEAD", "--", "handoffs")


def squash(shop: Shop) -> None:
    """Squash the branch into one commit, as a merge would."""
    shop.git("reset", "--quiet", "--soft", "main")
    shop.commit()


def rebase(shop: Shop) -> None:
    """Commit again, with other ids and times."""
    shop.git("commit", "--quiet", "--amend", "--message", "the same, said better")


def rerun_the_old_session(shop: Shop) -> None:
    """Record the first session anew, without the test that will fail."""
    shop.edit(CART_TESTS, "def test_discount():\n    assert discount(10) == 9\n", "")
    shop.pytest(session="session-1")
    shop.pytest()


def drop_the_parents(shop: Shop) -> None:
    """Begin the history anew, so that nothing is regression."""
    shop.break_discount()
    shop.edit(CART_TESTS, "def test_discount():\n    assert discount(10) == 9\n", "")
    shop.git("rm", "-rq", "handoffs/evidence/session-1")
    for name in ("record.json", "tests.jsonl", "sources.jsonl"):
        (shop.folder / EVIDENCE / name).unlink()
    rerun(shop)


PEERS_TESTS = "tests/unit/test_peer.py"


def land_a_peer(shop: Shop, change: Callable[[Shop], None] | None = None) -> None:
    """Let a colleague's session land on main, with some change, and merge main."""
    shop.git("checkout", "--quiet", "-b", "peer", "main")
    shop.write({
        "src/shop/peer.py": "def peer(price):\n    return price\n",
        PEERS_TESTS: "from shop.peer import peer\n\n\ndef test_peer():\n    assert peer(1) == 1\n",
        "handoffs/session-2b.md": shop.text("handoffs/session-1.md").replace("Session 1: A cart", "Session 2b: A peer"),
    })  # fmt: skip
    if change is not None:
        change(shop)
    shop.pytest(session="session-2b")
    shop.commit()
    shop.git("checkout", "--quiet", "main")
    shop.git("merge", "--quiet", "--ff-only", "peer")
    shop.git("checkout", "--quiet", "work")
    shop.git("merge", "--quiet", "--no-edit", "main")


def after_a_peer(*args: str, lose: bool = False) -> object:
    """Run again after a colleague's session was merged; ``lose`` the colleague's test, and break what it tests."""

    def do(shop: Shop) -> None:
        land_a_peer(shop)
        if lose:
            shop.git("rm", "-q", PEERS_TESTS)
            shop.edit("src/shop/peer.py", "return price", "return price + 1")
        rerun(shop, *args)

    return do


TAX_TESTS = "tests/unit/test_tax.py"


def after_it_landed(*, lose: bool = False) -> object:
    """Run the session again after it was merged; ``lose`` its test, and break what it tests."""

    def lost(shop: Shop) -> None:
        if lose:
            shop.git("rm", "-q", TAX_TESTS)
            shop.edit(DOCUMENT, "At least 6", "At least 5")
            break_tax(shop)

    return again_after(lost)


def again_after(change: Callable[[Shop], object]) -> Callable[[Shop], None]:
    """Change something after the session was merged, and run it again."""

    def do(shop: Shop) -> None:
        shop.git("branch", "--quiet", "--force", "main", "work")
        change(shop)
        rerun(shop)

    return do


def break_tax(shop: Shop) -> None:
    """A defect that the merged session's test finds."""
    shop.edit("src/shop/tax.py", "price * 0.2", "price * 0.7")


def tax_tests(old: str, new: str) -> Callable[[Shop], None]:
    """Change the merged session's test, and what it tests."""
    return lambda shop: (shop.edit(TAX_TESTS, old, new), break_tax(shop))  # type: ignore[return-value]


def another_of_its_name(shop: Shop) -> None:
    """Put a test of the same name into another file in place of it."""
    shop.git("rm", "-q", TAX_TESTS)
    shop.write({"tests/unit/test_duty.py": "def test_tax():\n    assert True\n"})
    break_tax(shop)


def skipped_by_a_conftest(shop: Shop) -> None:
    """Skip the merged session's test, and leave its file as it is."""
    skip = 'def pytest_runtest_setup(item):\n    if item.name == "test_tax":\n        pytest.skip("later")\n'
    shop.write({CONFTEST: "import pytest\n\n\n" + skip})
    for line in ("- [x] All unit tests pass\n", "- [x] All previous session tests pass\n"):
        shop.edit(DOCUMENT, line, "")
    break_tax(shop)


def two_sides(shop: Shop, *, take: str) -> None:
    """Let the session land in two versions, by two merges that cross each other; then go on with one version of its record."""
    shop.git("branch", "--quiet", "--force", "main", "work")
    shop.write({"README": "1\n", "tests/unit/test_more.py": "def test_more():\n    assert 1 + 1 == 2\n"})
    shop.pytest()
    shop.commit()
    shop.git("checkout", "--quiet", "main")
    shop.write({"NOTES": "1\n"})
    shop.commit()
    shop.git("branch", "--quiet", "side")
    shop.git("merge", "--quiet", "--no-edit", "work")
    shop.git("checkout", "--quiet", "work")
    shop.git("merge", "--quiet", "--no-edit", "side")
    assert len(shop.git("merge-base", "--all", "main", "work").split()) == 2
    if take == "older":
        shop.git("checkout", "--quiet", "side", "--", "handoffs")
        shop.git("rm", "-q", "tests/unit/test_more.py")
    rerun(shop)


def begin_in_another_folder(shop: Shop) -> None:
    """Let new settings begin a new history in another folder, without the test that would fail and without a target."""
    shop.break_discount()
    shop.edit(CART_TESTS, "def test_discount():\n    assert discount(10) == 9\n", "")
    shop.write({"handoff.toml": 'dir = "notes"\n', "notes/session-2.md": shop.text(DOCUMENT)})
    shop.pytest()
    shop.commit()


def move_the_folder(shop: Shop) -> None:
    """Move the hand-off folder with all that is in it, and say so."""
    shop.git("mv", "handoffs", "notes")
    waived = 'waive = [{gate = "policy", reason = "the folder has another name"}]\n'
    shop.edit(PYPROJECT, "[tool.handoff]\n", f'[tool.handoff]\ndir = "notes"\n{waived}')
    shop.pytest()
    shop.commit()


def restored(name: str) -> object:
    """Change a file and take it back."""

    def do(shop: Shop) -> None:
        (shop.folder / name).write_text("", "utf-8")
        shop.git("checkout", "HEAD", "--", name)

    return do


def hide_an_emptied_test(shop: Shop) -> None:
    """Empty a test, and take it off the list of tests that changed."""
    shop.edit(CART_TESTS, "    assert discount(10) == 9\n", "    pass\n")
    shop.pytest()
    in_the_record("integrity", value={"changed": [], "without_assertion": []})(shop)  # type: ignore[operator]
    shop.handoff("fill", "session-2")
    shop.tick_everything()


def hide_a_broken_file(shop: Shop) -> None:
    """Break a configuration file, and take it off the list of files that do not parse."""
    shop.write({"settings.json": "{"})
    shop.edit(DOCUMENT, LINE, LINE + "- [x] All configuration files parse\n")
    shop.pytest()
    in_the_record("unparsable", value={})(shop)  # type: ignore[operator]
    shop.handoff("fill", "session-2")


def a_file_that_parses(shop: Shop) -> None:
    """The same line, and a file that parses."""
    shop.write({"settings.json": "{}"})
    shop.edit(DOCUMENT, LINE, LINE + "- [x] All configuration files parse\n")
    shop.pytest()


def forget_a_line(shop: Shop) -> None:
    """Delete a line in the document, and from the memory of it."""
    shop.edit(DOCUMENT, LINE, "")
    shop.edit_json(RECORD, lambda table: table["required"].remove("All E2E tests pass"))
    shop.handoff("fill", "session-2")


def moved_line(shop: Shop) -> None:
    """Move a line to another section."""
    shop.edit(DOCUMENT, LINE, "")
    shop.edit(DOCUMENT, "- [x] Reviewed by a second person\n", "- [x] Reviewed by a second person\n\n## More checks\n\n" + LINE)
    shop.handoff("fill", "session-2")


def leave_out(marker: str) -> Callable[[Shop], None]:
    """Mark an earlier test that passed, so that it need not pass any more."""
    test = "def test_discount():\n"
    return lambda shop: shop.edit(CART_TESTS, test, f"@pytest.mark.{marker}(reason='later')\n{test}")


WAIVED = '[tool.handoff]\nwaive = [{gate = "regression", reason = "the service of discounts is gone until May"}]\n'


def without_parameters(body: str) -> Callable[[Shop], None]:
    """Write a test with two cases as a plain one."""

    def do(shop: Shop) -> None:
        cases = '@pytest.mark.parametrize("price", [0, 20])\ndef test_discounts(price):\n    assert discount(price) <= price\n'
        shop.edit(CART_TESTS, cases, f"def test_discounts():\n{body}\n\ndef test_free():\n    assert total([]) == 0\n")
        shop.edit(CART_TESTS, "import pytest\n\n", "")

    return do


def one_session_later(*changes: Callable[[Shop], object]) -> Callable[[Shop], None]:
    """Record changes in the second session, whatever its gate says, and ask for the third one to be merged."""

    def do(shop: Shop) -> None:
        for change in changes:
            change(shop)
        shop.pytest()
        shop.commit()
        third_session(shop)

    return do


def third_session(shop: Shop) -> None:
    """Record one more session, with one more test."""
    shop.write({
        "handoffs/session-3.md": NEXT[DOCUMENT].replace("Session 2: Taxes", "Session 3: More"),
        "tests/unit/test_more.py": "def test_more():\n    assert 1 + 1 == 2\n",
    })  # fmt: skip
    shop.session = "session-3"
    shop.pytest(session=shop.session)
    shop.commit()


def merged_first(marker: str) -> Callable[[Shop], None]:
    """Let the session that leaves the test out be merged, whoever let it through, before the third one."""

    def do(shop: Shop) -> None:
        leave_out(marker)(shop)
        shop.pytest()
        shop.commit()
        shop.git("branch", "--quiet", "--force", "main", "work")
        third_session(shop)

    return do


CHEATS = [
    Cheat("document", "tick a box that does not hold", lambda shop: (
              shop.break_discount(), shop.pytest(), shop.tick_everything()), "document", "write above the checklist", edited(
              "Taxes on every price.", "Taxes on every price, in cents.")),
    Cheat("document", "untrue figure", edited("**Previous Session Tests**: 1/1", "**Previous Session Tests**: 60/60"), "claims|document",
          "fill once more", lambda shop: shop.handoff("fill", "session-2")),
    Cheat("document", "copy a block of ours, with other figures", with_block(
              lambda text, block: f"{text}\n## Appendix\n\n{block.replace('5/5', '99/99')}\n"), "document", "quote one in a fence", with_block(
              lambda text, block: f"{text}\n## Appendix\n\n```\n{block}\n```\n")),
    Cheat("document", "change the figures in a block of ours", with_block(
              lambda text, block: text.replace(block, block.replace("5/5", "99/99"))), "document", "copy one where the plugin keeps out", with_block(
              lambda text, block: f"{text}\n## Appendix\n<!-- handoff:off -->\n\n{block}\n")),
    Cheat("document", "take the end of a block of ours off", with_block(
              lambda text, block: text.replace(block, block.replace("5/5", "99/99").rpartition("<!--")[0])), "document",
          "take both of its markers off", with_block(
              lambda text, block: text.replace(block, block.removeprefix(FIGURES).rpartition("<!--")[0]))),
    Cheat("document", "delete an inconvenient line", edited(LINE, ""), "required", "move it to another section", moved_line),
    Cheat("document", "reword it", edited("All E2E tests pass", "All important E2E tests pass"), "required", "emphasise it",
          edited("All E2E tests pass", "**All E2E tests pass**")),
    Cheat("document", "lower the threshold in the line", edited("At least 6 tests", "At least 2 tests"), "required", "add a line",
          edited(LINE, LINE + "- [x] At least 3 tests pass\n")),
    Cheat("document", "strike it out", edited("All E2E tests pass", "~~All E2E tests pass~~"), "required",
          "waive it with a reason", lambda shop: (
              shop.edit(DOCUMENT, "All E2E tests pass", "All E2E tests pass (N/A: the shop has no front end yet)"),
              shop.handoff("fill", "session-2"))),
    Cheat("document", "waive it without a reason", edited("All E2E tests pass", "All E2E tests pass (N/A)"), "required",
          "other line endings", lambda shop: (shop.folder / DOCUMENT).write_bytes(
              shop.text(DOCUMENT).replace("\n", "\r\n").encode())),
    Cheat("document", "hide it in a comment", edited(LINE, f"<!--\n{LINE}-->\n"), "required", "a comment beside it",
          edited(LINE, LINE + "<!-- see the plan -->\n")),
    Cheat("document", "hide it in a code block", edited(LINE, f"\n```\n{LINE}```\n\n"), "required", "an example beside it",
          edited("Taxes on every price.", "Taxes on every price:\n\n```\n- [ ] an example\n```\n")),
    Cheat("document", "make it a plain bullet", edited(LINE, LINE.replace("[x] ", "")), "required", "another bullet sign",
          edited(LINE, LINE.replace("- ", "* "))),
    Cheat("document", "switch the plugin off around it", edited("## Final Checklist\n", "## Final Checklist\n<!-- handoff:off -->\n"),
          "required", "switch it off elsewhere", edited("Taxes on every price.", "<!-- handoff:off -->\n\nTaxes on every price.")),
    Cheat("document", "delete the document", lambda shop: (shop.folder / DOCUMENT).unlink(), "document|required", "restore it",
          restored(DOCUMENT)),
    Cheat("document", "untick what nobody did, then merge", edited("- [x] Reviewed", "- [ ] Reviewed"), "person", "tick in upper case",
          edited("- [x] Reviewed", "- [X] Reviewed")),
    Cheat("evidence", "call a part the whole", subset_called_whole, "cannot tell", "squash the branch", squash),
    Cheat("evidence", "change an outcome in the ledger", lambda shop: (
              shop.break_discount(), shop.pytest(), shop.edit(LEDGER, '"outcome":"failed"', '"outcome":"passed"')), "cannot tell",
          "commit again", rebase),
    Cheat("evidence", "change it, and the digest", forge_ledger, "cannot tell", "run again", whole_run),
    Cheat("evidence", "forge ledger, figures and document", forge_everything, "provenance", "run in CI", lambda shop: shop.pytest(),
          gate=("--require-provenance=ci",)),
    Cheat("evidence", "change a count", in_the_record("tests", "counts", "passed", value=900), "cannot tell", "read it",
          lambda shop: shop.handoff("show", "session-2")),
    Cheat("evidence", "change what nothing else knows", edited('"agent": null', '"agent": "Somebody else"', RECORD), "cannot tell",
          "format the record", lambda shop: (shop.folder / RECORD).write_text(shop.text(RECORD).replace("\n", "\r\n"), "utf-8")),
    Cheat("evidence", "hide an emptied test", hide_an_emptied_test, "record", "simplify a test", lambda shop: (
              shop.edit(CART_TESTS, "assert discount(10) == 9", "assert discount(10) == 9.0"), shop.pytest())),
    Cheat("evidence", "hide a file that does not parse", hide_a_broken_file, "record", "add one that does", a_file_that_parses),
    Cheat("evidence", "make the record forget a line", forget_a_line, "required", "write another line", edited(
              LINE, LINE + "- [x] All unit tests pass\n")),
    Cheat("evidence", "remove what the record was compared with", lambda shop: (
              hide_an_emptied_test(shop), (shop.folder / "handoffs/evidence/session-1/sources.jsonl").unlink()), "chain",
          "restore it", restored("handoffs/evidence/session-1/sources.jsonl")),
    Cheat("evidence", "delete the record", lambda shop: (shop.folder / RECORD).unlink(), "cannot tell", "restore it", restored(RECORD)),
    Cheat("evidence", "cut the record", lambda shop: (shop.folder / RECORD).write_text(shop.text(RECORD)[:900], "utf-8"), "cannot tell",
          "restore the ledger", restored(LEDGER)),
    Cheat("evidence", "show an earlier session's record", lambda shop: (shop.folder / RECORD).write_text(
              shop.text("handoffs/evidence/session-1/record.json"), "utf-8"), "cannot tell", "prune", lambda shop: shop.handoff("prune")),
    Cheat("time and chain", "tell git not to look: assume-unchanged", lambda shop: (
              shop.git("update-index", "--assume-unchanged", CART), shop.break_discount()), "stale", "and change nothing", lambda shop: (
              shop.git("update-index", "--assume-unchanged", CART))),
    Cheat("time and chain", "tell git not to look: skip-worktree", lambda shop: (
              shop.git("update-index", "--skip-worktree", CART), shop.break_discount()), "stale", "a sparse checkout", lambda shop: (
              shop.git("sparse-checkout", "set", "--no-cone", "/*", "!/.gitignore"))),
    Cheat("time and chain", "replay the evidence of another commit", replay, "stale", "amend the commit", rebase),
    Cheat("time and chain", "empty the list of parents", in_the_record("previous", value=[]), "cannot tell", "squash", squash),
    Cheat("time and chain", "run the old session again without the test", rerun_the_old_session, "chain|regression",
          "run this session again", whole_run),
    Cheat("time and chain", "edit the parent's record", lambda shop: shop.edit(
              "handoffs/evidence/session-1/record.json", '"target": "main"', '"target": "trunk"'), "chain|cannot tell",
          "read the history", lambda shop: shop.handoff("history")),
    Cheat("time and chain", "delete the parent", lambda shop: shop.git("rm", "-rq", "handoffs/evidence/session-1"), "cannot tell|chain",
          "restore its ledger", restored("handoffs/evidence/session-1/tests.jsonl")),
    Cheat("time and chain", "begin the history anew", drop_the_parents, "chain", "switch branches and back", lambda shop: (
              shop.git("checkout", "--quiet", "main"), shop.git("checkout", "--quiet", "work"))),
    Cheat("time and chain", "run a merged session again without its test", after_it_landed(lose=True), "chain",
          "run a merged session again", after_it_landed()),
    Cheat("time and chain", "weaken its test, and run a merged session again", again_after(
              tax_tests("assert tax(10) == 2", "assert tax(10)")), "chain",
          "write one more, and run a merged session again", again_after(lambda shop: shop.write({
              "tests/unit/test_more.py": "def test_more():\n    assert 1 + 1 == 2\n"}))),
    Cheat("time and chain", "replace its test by one of its name elsewhere", again_after(another_of_its_name), "chain",
          "move its test to another file", again_after(lambda shop: shop.git("mv", TAX_TESTS, "tests/unit/test_duty.py"))),
    Cheat("time and chain", "loosen what its test uses", again_after(tax_tests(
              "from shop.tax import tax", "from shop.tax import tax as real\n\n\ndef tax(price):\n    return real(price) and 2")), "chain",
          "write above what its test uses", again_after(lambda shop: shop.edit(
              TAX_TESTS, "from shop.tax import tax", "# taxes\nfrom shop.tax import tax"))),
    Cheat("time and chain", "skip the test of a merged session", again_after(skipped_by_a_conftest), "chain",
          "a conftest that skips nothing", again_after(lambda shop: shop.write({CONFTEST: "import pytest\n"}))),
    Cheat("time and chain", "take the older of two merged versions", lambda shop: two_sides(shop, take="older"), "chain",
          "take the newer", lambda shop: two_sides(shop, take="newer")),
    Cheat("time and chain", "begin a new history in another folder", begin_in_another_folder, "chain", "move the folder", move_the_folder),
    Cheat("time and chain", "continue less than was merged", after_a_peer("--handoff-previous=session-1", lose=True), "chain",
          "name what was merged", after_a_peer("--handoff-previous=session-2b")),
    Cheat("time and chain", "lose a colleague's test in a merge", after_a_peer(lose=True), "regression",
          "merge a colleague's session, and run again", after_a_peer()),
    Cheat("time and chain", "skip a test, and ask one session later", one_session_later(leave_out("skip"), Shop.break_discount),
          "regression", "a test that the target branch skips", one_session_later(lambda shop: land_a_peer(shop, leave_out("skip")))),
    Cheat("time and chain", "expect it to fail, and ask one session later", one_session_later(
              leave_out("xfail"), Shop.break_discount), "regression", "a test that was merged so", merged_first("skip")),
    Cheat("time and chain", "skip it, and waive the gate after that", lambda shop: (
              one_session_later(leave_out("skip"))(shop), shop.edit(PYPROJECT, "[tool.handoff]\n", WAIVED), shop.pytest(session="session-3")),
          "regression", "waive the gate in the session that skips it", one_session_later(
              leave_out("skip"), lambda shop: shop.edit(PYPROJECT, "[tool.handoff]\n", WAIVED))),
    Cheat("time and chain", "skip it in another file, and ask one session later", one_session_later(leave_out("skip"), lambda shop: (
              shop.git("mv", CART_TESTS, "tests/unit/test_basket.py"))), "regression", "move it, and ask one session later",
          one_session_later(lambda shop: shop.git("mv", CART_TESTS, "tests/unit/test_basket.py"))),
    Cheat("time and chain", "skip it with parameters, and ask one session later", one_session_later(lambda shop: shop.edit(
              CART_TESTS, "def test_discount():\n    assert discount(10) == 9", "@pytest.mark.skip(reason='later')\n"
              "@pytest.mark.parametrize('price', [10])\ndef test_discount(price):\n    assert discount(price) == 9")), "regression",
          "give it parameters, and ask one session later", one_session_later(lambda shop: shop.edit(
              CART_TESTS, "def test_discount():\n    assert discount(10) == 9",
              "@pytest.mark.parametrize('price', [10])\ndef test_discount(price):\n    assert discount(price) == 9"))),
    Cheat("time and chain", "take the parameters away, and a case with them", one_session_later(without_parameters(
              "    assert discount(0) <= 0\n")), "regression", "take the parameters away, and keep both cases",
          one_session_later(without_parameters("    assert discount(0) <= 0\n    assert discount(20) <= 20\n"))),
    Cheat("tests", "name a case that is gone, and test nothing by it", lambda shop: (without_parameters(
              "    (20, 'a case')\n    assert discount(0) <= 0\n")(shop), rerun(shop)), "regression", "let a loop go through the cases",
          lambda shop: (without_parameters("    for price in (0, 20):\n        assert discount(price) <= price\n")(shop), rerun(shop))),
    Cheat("policy", "ignore the code", setting("[tool.handoff]\n", '[tool.handoff]\nignore = ["src/**"]\n'), "policy",
          "another template", setting("[tool.handoff]\n", '[tool.handoff]\ntemplate = "session_summary"\n')),
    Cheat("policy", "narrow the scope", setting("[tool.handoff]\n", '[tool.handoff]\nscope = ["tests"]\n'), "policy",
          "a promise", setting("[tool.handoff]\n", '[tool.handoff]\npromise = [{test = "tests/x*", reason = "next"}]\n')),
    Cheat("policy", "make e2e tests unit tests", setting("[tool.handoff]\n", '[tool.handoff]\ntiers = {e2e = {paths = ["none/**"]}}\n'),
          "policy", "one more tier", setting("[tool.handoff]\n", '[tool.handoff]\ntiers = {contract = {markers = ["contract"]}}\n')),
    Cheat("policy", "take a required line back", setting('required = ["Reviewed by a second person"]', "required = []"), "policy",
          "require one more", lambda shop: (
              shop.edit(PYPROJECT, '["Reviewed by a second person"]', '["Reviewed by a second person", "Demo shown"]'),
              shop.edit(DOCUMENT, LINE, LINE + "- [x] Demo shown\n"), shop.pytest())),
    Cheat("policy", "forget the target branch", setting('target = "main"\n', ""), "policy", "a comment in the settings",
          setting('target = "main"\n', 'target = "main" # where it goes\n')),
    Cheat("policy", "retire everything", setting("[tool.handoff]\n", '[tool.handoff]\nretire = [{test = "*", reason = "old"}]\n'),
          "policy", "retire what is gone already", setting("[tool.handoff]\n", '[tool.handoff]\nretire = [{test = "*::gone", reason = "old"}]\n')),
    Cheat("policy", "let every test fail", lambda shop: (
              shop.break_discount(), shop.edit(PYPROJECT, "[tool.handoff]\n",
                  '[tool.handoff]\nknown = [{test = "*", reason = "later"}]\n'), rerun(shop)), "policy",
          "let one fail, with a reason", setting("[tool.handoff]\n",
                  '[tool.handoff]\nknown = [{test = "*::test_discount", reason = "issue 7: fails on Mondays"}]\n')),
    Cheat("policy", "let every test fail, by the folder of all", lambda shop: (
              shop.break_discount(), shop.edit(PYPROJECT, "[tool.handoff]\n",
                  '[tool.handoff]\nknown = [{test = "tests/*", reason = "later"}]\n'), rerun(shop)), "policy",
          "let one file of tests fail, with a reason", setting("[tool.handoff]\n",
                  '[tool.handoff]\nknown = [{test = "tests/unit/test_cart.py*", reason = "issue 7: fails on Mondays"}]\n')),
    Cheat("policy", "retire everything, by what all names have", setting(
              "[tool.handoff]\n", '[tool.handoff]\nretire = [{test = "t*::test_*", reason = "old"}]\n'), "policy",
          "retire a folder that is gone already", setting(
              "[tool.handoff]\n", '[tool.handoff]\nretire = [{test = "tests/old/*", reason = "old"}]\n')),
    Cheat("policy", "a waiver that has ended", lambda shop: (
              shop.break_discount(), shop.edit(PYPROJECT, "[tool.handoff]\n",
                  '[tool.handoff]\nwaive = [{gate = "failures", reason = "soon", until = "2020-01-01"}]\n'), rerun(shop)), "failures",
          "an open waiver of a settings change", lambda shop: (
              shop.edit(PYPROJECT, "[tool.handoff]\n", '[tool.handoff]\nwaive = [{gate = "policy", reason = "vendored code came in"}]\n'),
              shop.edit(PYPROJECT, 'vendored.py"]', 'vendored.py", "src/shop/more.py"]'), shop.pytest())),
    Cheat("policy", "waive completeness", lambda shop: (
              shop.break_discount(), shop.edit(PYPROJECT, "[tool.handoff]\n",
                  '[tool.handoff]\nwaive = [{gate = "complete", reason = "slow"}]\n'), rerun(shop, "-k", "not discount")), "complete",
          "a stricter marker setting", setting('"no:cacheprovider"]', '"no:cacheprovider", "--strict-config"]')),
    Cheat("policy", "deselect in addopts", lambda shop: (shop.break_discount(), setting(
              '"no:cacheprovider"]', '"no:cacheprovider", "-k", "not discount"]')(shop)), "policy", "quieter addopts", setting(
              '"no:cacheprovider"]', '"no:cacheprovider", "-q"]')),
    Cheat("policy", "narrow testpaths", lambda shop: (shop.break_discount(), setting('["tests"]', '["tests/e2e"]')(shop)),
          "policy|complete", "one more test path", lambda shop: (
              shop.write({"more/test_more.py": "def test_more():\n    assert 1\n"}), setting('["tests"]', '["tests", "more"]')(shop))),
    Cheat("coverage", "omit the code that is not covered", setting('vendored.py"]', 'vendored.py", "src/shop/tax.py"]'), "policy",
          "omit less", setting('omit = ["src/shop/vendored.py"]', "omit = []")),
    Cheat("coverage", "exclude every function", setting("fail_under = 80", 'fail_under = 80\nexclude_also = ["def "]'), "policy",
          "show what is missing", setting("fail_under = 80", "fail_under = 80\nshow_missing = true")),
    Cheat("coverage", "lower the threshold", setting("fail_under = 80", "fail_under = 8"), "policy", "raise it",
          setting("fail_under = 80", "fail_under = 90")),
    Cheat("coverage", "ask for coverage and switch it off", lambda shop: (
              shop.edit(DOCUMENT, LINE, LINE + "- [x] Code coverage >= 90%\n"), rerun(shop)), "coverage", "not ask for it", honest_edit(
              CART, "return sum(prices)", "return sum(prices, 0)")),
]  # fmt: skip

"""Cheats with what runs and is no plain Python source: byte code, text that is executed, files that a setting takes out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cheating import CART, DOCUMENT, Cheat, Shop
from cheats_on_tests import PYPROJECT, rerun

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = """

def levy(price):
    rules = {}
    exec(open("%s").read(), rules)
    return rules["levy"](price)
"""
RULES_TEST = """

def test_levy():
    from shop.tax import levy

    assert levy(10) == 3
"""


def compiled(shop: Shop, mode: str) -> None:
    """Compile the cart as it stands, and let git track the result."""
    how = f"import py_compile as p; print(p.compile({CART!r}, invalidation_mode=p.PycInvalidationMode.{mode}))"
    shop.git("add", "--force", shop.run(sys.executable, "-c", how).out.strip())


def byte_code_over_a_broken_source(shop: Shop) -> None:
    """Let the byte code of the old source run, and break the source."""
    compiled(shop, "UNCHECKED_HASH")
    shop.break_discount()
    shop.commit()
    rerun(shop)


def byte_code_with_the_digest_of_a_broken_source(shop: Shop) -> None:
    """The same with byte code that says which source it was made of, and lies."""
    compiled(shop, "CHECKED_HASH")
    place = next((shop.folder / "src/shop/__pycache__").glob("cart.*.pyc"))
    shop.break_discount()
    digest = "import sys, importlib.util as u; sys.stdout.write(u.source_hash(open(sys.argv[1], 'rb').read()).hex())"
    told = bytes.fromhex(shop.run(sys.executable, "-c", digest, CART).out)
    content = place.read_bytes()
    place.write_bytes(content[:8] + told + content[16:])
    shop.commit()
    rerun(shop)


def add_rules(shop: Shop, place: str) -> None:
    """Write code that runs what is in a file, and its test."""
    for name, text in (("src/shop/tax.py", RULES % place), ("tests/unit/test_tax.py", RULES_TEST)):
        (shop.folder / name).write_text(shop.text(name) + text, "utf-8")


def with_rules(place: str, settings: str = "") -> Callable[[Shop], None]:
    """New code in a text file, tested and recorded."""

    def do(shop: Shop) -> None:
        shop.edit(PYPROJECT, "[tool.handoff]\n", f"[tool.handoff]\n{settings}")
        add_rules(shop, place)
        shop.write({place: "levy = lambda price: 3\n"})
        rerun(shop)

    return do


def changed_later(place: str, settings: str = "") -> Callable[[Shop], None]:
    """Change it once it is recorded."""

    def do(shop: Shop) -> None:
        with_rules(place, settings)(shop)
        shop.write({place: "levy = lambda price: 1 / 0\n"})

    return do


def changed_coverage(shop: Shop) -> None:
    """Code in a file that begins as the coverage of a session does, and that no record names."""
    place, code = "handoffs/evidence/session-1/coverage.jsonl", '{{"path": "src"}}\nlevy = lambda price: {}\n'
    add_rules(shop, place)
    shop.write({place: code.format("3")})
    rerun(shop)
    shop.write({place: code.format("1 / 0")})


def note_later(shop: Shop) -> None:
    """Write a note beside the document, and a part of the document."""
    shop.write({"handoffs/notes.md": "# Notes\n"})
    shop.edit(DOCUMENT, "Taxes on every price.", "Taxes on every price, at last.")
    shop.handoff("fill", "session-2")


def a_submodule(shop: Shop) -> None:
    """A repository within the tree, recorded with its commit."""
    shop.write({"vendored/levy.py": "levy = 3\n"})
    shop.git("-C", "vendored", "init", "--quiet")
    shop.git("-C", "vendored", "add", "--all")
    shop.git("-C", "vendored", "commit", "--quiet", "--message", "levy")
    rerun(shop)
    shop.commit()


def a_script(shop: Shop, mode: int) -> None:
    """A program that the tests start, which they skip nothing for."""
    shop.write({"tools/levy.sh": "#!/bin/sh\necho 3\n"})
    (shop.folder / "tools/levy.sh").chmod(mode)


def run_by_a_test(shop: Shop) -> None:
    """A test that starts it, recorded."""
    a_script(shop, 0o755)
    text = '\n\ndef test_script():\n    import subprocess\n\n    assert subprocess.check_output(["tools/levy.sh"]) == b"3\\n"\n'
    (shop.folder / "tests/unit/test_tax.py").write_text(shop.text("tests/unit/test_tax.py") + text, "utf-8")
    rerun(shop)


def unseen_mode(*and_then: str) -> Callable[[Shop], None]:
    """Let git heed no modes, run a script all the same (or tell git of its mode before), and check it out anew."""

    def do(shop: Shop) -> None:
        shop.git("config", "core.fileMode", "false")
        a_script(shop, 0o755)
        if and_then:
            shop.git(*and_then)
        run_by_a_test(shop)
        shop.commit()
        (shop.folder / "tools/levy.sh").unlink()
        shop.git("checkout", "--", "tools/levy.sh")

    return do


def taken_for_another(shop: Shop) -> None:
    """Commit a rate that is wrong, and run with one that git takes for it: of the same size and time."""
    rate, new = shop.folder / "src/shop/rate.txt", shop.folder / "src/shop/new.txt"
    (shop.folder / CART).write_text(shop.text(CART).replace("0.9", "float(open('src/shop/rate.txt').read())"), "utf-8")
    shop.git("config", "core.checkStat", "minimal")
    shop.git("config", "core.trustctime", "false")
    rate.write_text("0.8\n", "utf-8")
    os.utime(rate, (1_600_000_000, 1_600_000_000))
    shop.commit()
    new.write_text("0.9\n", "utf-8")
    os.utime(new, (1_600_000_000, 1_600_000_000))
    new.replace(rate)
    rerun(shop)
    shop.commit()
    shop.git("checkout", "--quiet", "main")
    rate.unlink(missing_ok=True)
    shop.git("checkout", "--quiet", "work")


def with_a_rate(shop: Shop) -> None:
    """Commit the rate that the tests ran with, under the same settings of git."""
    (shop.folder / CART).write_text(shop.text(CART).replace("0.9", "float(open('src/shop/rate.txt').read())"), "utf-8")
    shop.git("config", "core.checkStat", "minimal")
    shop.git("config", "core.trustctime", "false")
    shop.write({"src/shop/rate.txt": "0.9\n"})
    rerun(shop)
    shop.commit()


def linked_rules(shop: Shop) -> None:
    """Rules behind a link, tested and recorded."""
    (shop.folder / "rules").mkdir()
    (shop.folder / "rules/now.txt").symlink_to("3.txt")
    shop.write({"rules/3.txt": "levy = lambda price: 3\n"})
    add_rules(shop, "rules/now.txt")
    rerun(shop)
    shop.commit()


def link_made_a_file(shop: Shop) -> None:
    """What the link holds, as a file."""
    (shop.folder / "rules/now.txt").unlink()
    (shop.folder / "rules/now.txt").write_text("3.txt", "utf-8")


def of_two_names(name: bytes) -> Callable[[Shop], None]:
    """Rules in a file whose name spells a byte, recorded; afterwards they get another name."""

    def do(shop: Shop) -> None:
        shop.write({"rules/\\xff": "levy = lambda price: 3\n"})
        add_rules(shop, "rules/\\\\xff")
        rerun(shop)
        shop.commit()
        (shop.folder / "rules/\\xff").rename(shop.folder / "rules" / os.fsdecode(name))

    return do


def with_ident(text: str) -> Callable[[Shop], None]:
    """Rules with a keyword that git fills in at a checkout, recorded."""

    def do(shop: Shop) -> None:
        shop.write({"rules.txt": text, ".gitattributes": "rules.txt ident\n"})
        add_rules(shop, "rules.txt")
        rerun(shop)
        shop.commit()

    return do


def check_out_anew(shop: Shop) -> None:
    """Let git fill the keyword in."""
    (shop.folder / "rules.txt").unlink()
    shop.git("checkout", "--", "rules.txt")


def check_out_without(folder: str) -> Callable[[Shop], None]:
    """Import rates that cannot work, and leave a folder out of the checkout: all runs well without it."""

    def do(shop: Shop) -> None:
        rates = "try:\n    from shop.extra.rates import RATE\nexcept ImportError:\n    RATE = 0.9\n\n\n"
        (shop.folder / CART).write_text(rates + shop.text(CART).replace("price * 0.9", "price * RATE"), "utf-8")
        given = "7" if folder == "src/shop/extra" else "0.9"
        shop.write({"src/shop/extra/rates.py": f"RATE = {given}\n", "data/rates.csv": "7\n"})
        shop.commit()
        shop.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{folder}/")
        rerun(shop)
        shop.commit()
        shop.git("sparse-checkout", "disable")

    return do


CHEATS = [
    Cheat("trees", "track byte code of another source", byte_code_over_a_broken_source, "complete", "track Python's own cache",
          lambda shop: (compiled(shop, "TIMESTAMP"), shop.pytest(), shop.commit())),
    Cheat("trees", "commit such byte code only after the run", lambda shop: (
              compiled(shop, "UNCHECKED_HASH"), shop.break_discount(), rerun(shop), shop.commit()), "complete",
          "commit Python's own cache after the run", lambda shop: (compiled(shop, "TIMESTAMP"), shop.pytest(), shop.commit())),
    Cheat("trees", "let it say that it is of this source", byte_code_with_the_digest_of_a_broken_source, "complete",
          "run with the cache there", lambda shop: (compiled(shop, "TIMESTAMP"), rerun(shop), compiled(shop, "TIMESTAMP"))),
    Cheat("trees", "run a text of the hand-off folder, changed later", changed_later("handoffs/rules.txt"), "stale",
          "add a note to that folder", lambda shop: (with_rules("handoffs/rules.txt")(shop), note_later(shop))),
    Cheat("trees", "run a text among the evidence, changed later", changed_later("handoffs/evidence/rules.json"), "stale",
          "only run it", with_rules("handoffs/evidence/rules.json")),
    Cheat("trees", "call it evidence of a session that there is not", changed_later("handoffs/evidence/rules/sources.jsonl"), "stale",
          "have a run of another session cut short", lambda shop: shop.write({"handoffs/evidence/s/tests.jsonl": '{"id":"a"}\n'})),
    Cheat("trees", "call it the coverage of a session", changed_coverage, "stale",
          "only run it", with_rules("handoffs/evidence/session-1/coverage.jsonl")),
    Cheat("trees", "call its folder a ledger", changed_later("handoffs/evidence/rules/tests.jsonl/levy"), "stale",
          "only run it", with_rules("handoffs/evidence/rules/tests.jsonl/levy")),
    Cheat("trees", "run the attributes of the hand-off folder", changed_later("handoffs/.gitattributes"), "stale",
          "write attributes there later", lambda shop: shop.write({"handoffs/.gitattributes": "evidence/** -diff\n"})),
    Cheat("trees", "run a text in a cache that git tracks", lambda shop: (
              with_rules("src/.hypothesis/rules")(shop), shop.commit(), shop.pytest(),
              shop.write({"src/.hypothesis/rules": "levy = lambda price: 1 / 0\n"})), "stale",
          "an untracked cache", lambda shop: shop.write({"src/.hypothesis/examples/1": "x\n"})),
    Cheat("trees", "call code documents", lambda shop: (
              shop.edit(PYPROJECT, "[tool.handoff]\n", '[tool.handoff]\ndocument = "src/shop/{session}"\n'), rerun(shop),
              shop.break_discount()), "cannot tell", "say where documents are by default", lambda shop: (
              shop.edit(PYPROJECT, "[tool.handoff]\n", '[tool.handoff]\ndocument = "handoffs/{session}.md"\n'), shop.pytest())),
    Cheat("trees", "change a submodule later", lambda shop: (a_submodule(shop), shop.write({"vendored/levy.py": "levy = 1 / 0\n"})),
          "stale", "leave it as it is", a_submodule),
    Cheat("trees", "take the right to run a script away later", lambda shop: (run_by_a_test(shop), a_script(shop, 0o644), shop.commit()),
          "stale", "write it again as it was", lambda shop: (run_by_a_test(shop), a_script(shop, 0o755), shop.commit())),
    Cheat("trees", "run a script that git stores as a plain file", unseen_mode(), "stale",
          "tell git that it can be run", unseen_mode("add", "--chmod=+x", "tools/levy.sh")),
    Cheat("trees", "run with a file that git takes for another", taken_for_another, "stale",
          "commit the one that ran", with_a_rate),
    Cheat("trees", "commit a link as a file of the same text", lambda shop: (linked_rules(shop), link_made_a_file(shop)), "stale",
          "commit the link", linked_rules),
    Cheat("trees", "keep the rule where git fills in a keyword", lambda shop: (
              with_ident('ident = "$Id: 3 $"\nlevy = lambda price: int(ident[5:-2])\n')(shop), check_out_anew(shop)), "stale",
          "have git fill it in", lambda shop: (with_ident('ident = "$Id$"\nlevy = lambda price: 3\n')(shop), check_out_anew(shop))),
    Cheat("trees", "keep the rule in bytes that git does not store", lambda shop: (
              shop.write({".gitattributes": "rules.txt working-tree-encoding=UTF-7\n", "rules.txt": "levy = lambda price: 3 +ACMAIAAjACA-\n"}),
              add_rules(shop, "rules.txt"), rerun(shop), shop.commit(), check_out_anew(shop)), "stale",
          "store it in Latin-1", lambda shop: (
              shop.write({".gitattributes": "rules.txt working-tree-encoding=latin-1\n"}),
              (shop.folder / "rules.txt").write_bytes("levy = lambda price: 3 # gr\xfcn\n".encode("latin-1")),
              shop.edit("src/shop/tax.py", "price * 0.2", "price * 0.2"), rerun(shop), shop.commit(), check_out_anew(shop))),
    Cheat("trees", "leave code out of the checkout", check_out_without("src/shop/extra"), "complete",
          "leave data out of it", check_out_without("data")),
    Cheat("trees", "give a file the name that its name spells", of_two_names(b"\xff"), "stale", "leave its name", of_two_names(b"\\xff")),
]  # fmt: skip

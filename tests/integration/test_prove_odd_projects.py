"""``handoff prove`` where a clone lacks history, tests reach out of their tree, or somebody kills it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stories import Story, new_story

if TYPE_CHECKING:
    from stories import Done

CART = "tests/unit/test_cart.py"
PROOF = "handoffs/evidence/session-2/proof.json"
MORE = "def more(a):\n    return a + 1\n"


@pytest.fixture
def second(shop: Story) -> Story:
    """A project with one session, committed, before the work of its second."""
    shop.pytest("--handoff=session-1")
    shop.commit("session-1")
    return shop


def record(story: Story, files: dict[str, str]) -> None:
    """Write the files, and record and commit the second session."""
    story.write_files(files)
    done = story.pytest("--handoff=session-2")
    assert done.code == 0, done
    story.commit("session-2")


def proved(story: Story, *args: str) -> tuple[Done, dict[str, Any]]:
    """Prove the second session."""
    done = story.handoff("prove", "session-2", *args)
    return done, json.loads(story.text(PROOF)) if (story.folder / PROOF).is_file() else {}


def statuses(proof: dict[str, Any], which: str) -> dict[str, str]:
    """Test name to status."""
    return {test.partition("::")[2]: tried["status"] for test, tried in proof[which]["tests"].items()}


def scratch_trees(story: Story) -> list[str]:
    """The scratch folders that are there."""
    return [path.name for path in (Path(story.environment["XDG_CACHE_HOME"]) / "pytest-handoff" / "proving").glob("*")]


@pytest.fixture
def own_cache(second: Story, tmp_path: Path) -> Story:
    """The project, with a cache that no other test uses."""
    (tmp_path / "cache").mkdir()
    second.environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    return second


@pytest.mark.parametrize("how", ["--depth=1", "--filter=blob:none"])
def test_a_clone_without_the_history_says_what_is_not_here(second: Story, tmp_path: Path, how: str) -> None:
    """Shallow, or partial without the server it came from: nothing is fetched, and what needs it is not tried."""
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 0")
    second.edit(CART, "== 3", "== 1 + 2")
    record(second, {"tests/unit/test_more.py": "from shop.cart import total\n\ndef test_more():\n    assert total([1])\n"})
    second.git("config", "uploadpack.allowFilter", "true")
    second.git("clone", "--quiet", how, second.folder.as_uri(), str(tmp_path / "clone"))
    second.folder.rename(tmp_path / "gone")
    clone = Story(tmp_path / "clone")

    done, proof = proved(clone)

    assert (done.code, done.err) == (2, ""), done
    assert statuses(proof, "earlier") == {"test_total": "not_tried", "test_empty": "not_tried"}
    assert statuses(proof, "new") == {"test_more": "not_tried"}
    assert f"not here  {CART}  git in this clone does not have it" in done.out
    assert "not here  src/shop/cart.py  git in this clone does not have it" in done.out


NEEDY = """
    import os, socket
    from shop.more import more

    def test_needy():
        if not os.path.exists(".git"):
            raise ConnectionRefusedError("nobody answers")
        assert more(1) == 2
"""


def test_no_fault_survives_where_the_only_test_of_its_line_cannot_run(second: Story) -> None:
    """The test needs what a scratch tree lacks: other tests, which never run the line, do not let the fault survive."""
    record(second, {"src/shop/more.py": MORE, "tests/unit/test_needy.py": NEEDY})

    done, proof = proved(second, "--faults")

    assert done.code == 2, done
    faults = proof["faults"]
    assert (faults["possible"], faults["tried"], faults["survived"]) == (3, 0, [])
    assert faults["not_tried"] == {"src/shop/more.py": "tests that run some of its lines were left out"}
    assert list(faults["left_out"]) == ["tests/unit/test_needy.py::test_needy"]


COLLIDING = {
    "a port": """
        import socket, time

        def use():
            with socket.socket() as server:
                server.bind(("127.0.0.1", {port}))
                server.listen()
                time.sleep(0.3)
    """,
    "a file of the tree": """
        import time
        from pathlib import Path

        def use():
            file = Path(__file__).with_name("artifacts")
            assert not file.exists()
            file.write_text("x")
            time.sleep(0.3)
            file.unlink()
    """,
    "a port of a child": """
        import subprocess, sys

        def use():
            code = "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', {port})); s.listen(); time.sleep(0.3)"
            subprocess.run([sys.executable, "-c", code], check=True)
    """,
}
USING = """
    from shop.more import more
    from using import use

    def test_one():
        use()
        assert more(1)

    def test_two():
        use()
        assert more(2) > 2
"""


def _free_port() -> int:
    import socket

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@pytest.mark.parametrize("what", COLLIDING)
def test_tests_that_would_collide_do_not_run_at_the_same_time(second: Story, what: str) -> None:
    """Several faults are tried at once; a test that fails since another uses its port, or its file, has noticed nothing."""
    second.edit(".gitignore", "artifacts/", "artifacts")
    second.edit("pyproject.toml", '["src"]', '["src", "tests"]')
    text = COLLIDING[what].replace("{port}", str(_free_port()))
    record(second, {"src/shop/more.py": MORE, "tests/using.py": text, "tests/unit/test_using.py": USING})

    done, proof = proved(second, "--faults", "-n", "3")

    assert done.code == 0, done
    faults = proof["faults"]
    assert (faults["tried"], faults["caught"], faults["left_out"], faults["not_tried"]) == (3, 2, {}, {}), faults
    assert [fault["diff"] for fault in faults["survived"]] == ["- return a + 1\n+ return a + 2"]


def test_a_work_tree_that_changes_while_tests_run_is_not_mixed_in(second: Story) -> None:
    """Here a test writes there, by its whole path: what would be copied after it is not tried, what was before it is kept."""
    second.write_files({"src/shop/state.py": "STATE = 1\n"})
    record(second, {"src/shop/more.py": MORE})
    second.edit(CART, "== 3", "== 1 + 2")
    state = second.folder / "src/shop/state.py"
    second.write_files({"tests/unit/test_state.py": f"""
        import os
        from pathlib import Path
        from shop.cart import total

        def test_state():
            if not os.path.exists(".git"):
                Path({str(state)!r}).write_text("STATE = 2 + 2\\n")
            assert total([1]) == 1
    """})  # fmt: skip
    second.pytest("--handoff=session-3")
    second.commit("session-3")
    second.edit("tests/unit/test_state.py", "== 1", "== 1.0")
    second.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 0")
    second.write_files({"tests/unit/test_new.py": "from shop.cart import total\n\ndef test_new():\n    assert total([2]) == 2\n"})
    second.pytest("--handoff=session-4")
    second.commit("session-4")

    done = second.handoff("prove", "session-4")

    proof = json.loads(second.text("handoffs/evidence/session-4/proof.json"))
    assert done.code == 2, done
    assert statuses(proof, "earlier") == {"test_state": "holds"}
    assert proof["new"]["tests"]["tests/unit/test_new.py::test_new"] == {
        "status": "not_tried", "error": "src/shop/state.py changed in the work tree while the tests ran; stop what writes there",
    }  # fmt: skip


WAITING = """
    import time
    from pathlib import Path
    from shop.more import more

    def test_first():
        assert more(1) == 2

    def test_second():
        here = Path({here!r})
        (here / "begun").touch()
        while not (here / "go-on").exists():
            time.sleep(0.02)
        assert more(1) == 2

    def test_third():
        (Path({here!r}) / "third").touch()
        assert more(1) == 2
"""


def started(story: Story, folder: Path, *args: str) -> subprocess.Popen[bytes]:
    """Begin to prove, and wait until the second test runs."""
    (folder / "begun").unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_handoff", "prove", "session-2", *args],
        cwd=story.folder, env=story.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not (folder / "begun").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


@pytest.fixture
def waiting(own_cache: Story, tmp_path: Path) -> Story:
    """The project with a session whose second new test waits for a file in ``tmp_path``."""
    (tmp_path / "go-on").touch()
    record(own_cache, {"src/shop/more.py": MORE, "tests/unit/test_waiting.py": WAITING.format(here=str(tmp_path))})
    for name in ("go-on", "third"):
        (tmp_path / name).unlink()
    return own_cache


def _alive(tree: str) -> list[str]:
    """The processes that have a folder in their environment; Linux alone can tell."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if tree.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("which", ["--new", "--faults"])
def test_what_a_killed_command_left_ends_and_is_cleared(waiting: Story, tmp_path: Path, which: str) -> None:
    """The pytest that it started goes no further than its test; the next command removes the trees."""
    process = started(waiting, tmp_path, which)
    process.kill()
    process.communicate()
    left = scratch_trees(waiting)
    assert len(left) == 2, "a tree and its lock"
    (tmp_path / "go-on").touch()
    end = time.monotonic() + 300
    while _alive(str(tmp_path / "cache" / "pytest-handoff" / "proving")) and time.monotonic() < end:
        time.sleep(0.1)
    assert not _alive(str(tmp_path / "cache" / "pytest-handoff" / "proving"))
    assert not (tmp_path / "third").exists(), "it went on with the next test"

    done, proof = proved(waiting, "--new")

    assert done.code == 0, done
    assert statuses(proof, "new") == dict.fromkeys(("test_first", "test_second", "test_third"), "needs_the_change")
    assert scratch_trees(waiting) == []


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_what_was_tried_is_kept_when_a_ci_service_stops_the_job(waiting: Story, tmp_path: Path) -> None:
    """SIGTERM reaches the command alone: it ends its pytest, keeps what was tried, and removes the trees."""
    process = started(waiting, tmp_path, "--new")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)

    assert process.returncode == 2, (out, err)
    assert b"interrupted: results up to this point are kept" in out
    proof = json.loads(waiting.text(PROOF))
    assert proof["interrupted"] is True
    assert scratch_trees(waiting) == []
    assert not (tmp_path / "third").exists()


LAYOUTS = {
    "flat, no settings": ("", "shop", "tests"),
    "pythonpath, append": ('pythonpath = ["code"]\naddopts = ["--import-mode=append"]', "code/shop", "tests"),
    "tests inside the package, importlib": (
        'pythonpath = ["src"]\naddopts = ["--import-mode=importlib"]', "src/shop", "src/shop/tests",
    ),
    "namespace packages": (
        'pythonpath = ["src"]\naddopts = ["--import-mode=importlib"]\nconsider_namespace_packages = true',
        "src/org/shop", "src/org/shop/tests",
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path: Path, layout: str) -> None:
    """The code of before is what new tests see, the code of now is what earlier tests see, and faults are there."""
    settings, package, tests = LAYOUTS[layout]
    name = package.removeprefix("src/").removeprefix("code/").replace("/", ".")
    story = new_story(tmp_path / "project")
    use = f"from {name}.cart import total\n\ndef test_{{0}}():\n    assert total({{1}}) == {{2}}\n"
    story.write_files({
        "pyproject.toml": f"[tool.pytest.ini_options]\n{settings}\n",
        f"{package}/cart.py": "def total(prices):\n    return sum(prices)\n",
        f"{tests}/test_cart.py": use.format("empty", "[]", 0),
    })  # fmt: skip
    if "namespace" not in layout:
        story.write_files({f"{package}/__init__.py": "", **({f"{tests}/__init__.py": ""} if "inside" in layout else {})})
    story.pytest("--handoff=session-1")
    story.commit("session-1")
    record(story, {
        f"{package}/cart.py": "def total(prices):\n    return max(1, sum(prices))\n",
        f"{tests}/test_cart.py": use.format("empty", "[]", 1),
        f"{tests}/test_one.py": use.format("one", "[-1]", 1),
        f"{tests}/test_five.py": use.format("five", "[5]", 5),
    })  # fmt: skip

    done, proof = proved(story, "--earlier", "--new", "--faults")

    assert done.code == 0, done
    assert statuses(proof, "earlier") == {"test_empty": "adapted"}
    assert statuses(proof, "new") == {"test_one": "needs_the_change", "test_five": "passes_without_it"}
    assert (proof["faults"]["tried"], proof["faults"]["caught"]) == (2, 2)


def _extension() -> Path | None:
    """An extension module of the standard library, which may be imported by any dotted name."""
    folder = sysconfig.get_config_var("DESTSHARED")
    found = [Path(folder, f"_heapq{ending}") for ending in EXTENSION_SUFFIXES] if folder else []
    return next((path for path in found if path.is_file()), None)


@pytest.mark.skipif(_extension() is None, reason="this Python has no extension module to copy")
def test_an_extension_module_beside_the_sources(second: Story) -> None:
    """Git ignores it, and the trees have it; built from sources that have changed, it is no code of before."""
    built = _extension()
    assert built is not None
    second.edit(".gitignore", "artifacts/", "artifacts/\n*.so\n*.pyd")
    shutil.copy(built, second.folder / "src/shop" / built.name)
    second.write_files({
        "src/shop/_heapq.c": "/* 1 */\n",
        "src/shop/heap.py": "from shop._heapq import heappop\n\n\ndef first(heap):\n    return heappop(heap)\n",
    })  # fmt: skip
    second.pytest("--handoff=session-1")
    second.commit("session-1")
    second.edit("src/shop/heap.py", "heappop(heap)", "heappop(heap) + 1")
    test = "from shop.heap import first\n\ndef test_first():\n    assert first([2, 3]) == 3\n"
    record(second, {"tests/unit/test_heap.py": test})

    done, proof = proved(second, "--new", "--faults")

    assert done.code == 0, done
    assert statuses(proof, "new") == {"test_first": "needs_the_change"}
    assert proof["faults"]["tried"] == proof["faults"]["caught"] > 0
    record(second, {"src/shop/_heapq.c": "/* 2 */\n"})
    done, proof = proved(second, "--new")
    assert done.code == 2, done
    error = proof["new"]["tests"]["tests/unit/test_heap.py::test_first"]["error"]
    assert f"src/shop/{built.name} was built from the current sources, but src/shop/_heapq.c has changed" in error

"""``handoff prove`` with its own part in the test's process: old tests on new code, new tests on old code, and what is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runs_here import RunsHere

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = "def rate(country):\n    return {'de': 19}[country]\n\n\ndef net(price):\n    return price\n"
TESTS = """
from code_ import net, rate


def test_rate():
    assert rate("de") == 19


def test_net():
    assert net(1) == 1


def test_same():
    assert rate("de") > 0
"""


@pytest.fixture
def runs(pytester: pytest.Pytester, plain_git: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> RunsHere:
    """A first session, committed."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    found = RunsHere(pytester, plain_git)
    settings = "[pytest]\npythonpath = .\naddopts = --no-cov -p no:rerunfailures\n"
    found.write({"code_.py": CODE, "test_a.py": TESTS, "pytest.ini": settings})
    assert found.pytest().code == 0
    found.commit()
    return found


def proved(runs: RunsHere, *args: str) -> tuple[int, str, dict[str, Any]]:
    """The exit code, what is printed, and the proof."""
    done = runs.handoff("prove", "session-2", *args)
    path = runs.folder / "handoffs/evidence/session-2/proof.json"
    assert path.is_file(), done
    return done.code, done.out, json.loads(path.read_text("utf-8"))


def statuses(proof: dict[str, Any], which: str) -> dict[str, str]:
    return {test.partition("::")[2]: tried["status"] for test, tried in proof[which]["tests"].items()}


def test_a_change_and_its_tests(runs: RunsHere) -> None:
    """A test that had to change with the code is told; a new test that needs the change is told from one that does not."""
    runs.write({
        "code_.py": CODE.replace("19", "20"),
        "test_a.py": TESTS.replace("== 19", "== 20"),
        "test_b.py": """
            from code_ import net, rate

            def test_new():
                assert rate("de") == 20

            def test_old():
                assert net(2) == 2
        """,
    })  # fmt: skip
    assert runs.pytest(session="session-2").code == 0
    code, out, proof = proved(runs)
    assert statuses(proof, "earlier") == {"test_rate": "adapted", "test_net": "holds", "test_same": "holds"}
    assert statuses(proof, "new") == {"test_new": "needs_the_change", "test_old": "passes_without_it"}
    assert (code, proof["holds"], proof["reasons"]) == (0, True, [])
    assert "passes without it  test_b.py::test_old" in out
    assert "no findings against the tests" in out


def test_where_there_is_nothing_to_try(runs: RunsHere) -> None:
    """No new test, and no old code that differs: each is said."""
    runs.pytest(session="session-2")
    code, out, proof = proved(runs)
    assert code == 0
    assert proof["new"]["nothing"] == "session-2 has no new tests that pass"
    assert proof["earlier"]["unchanged"] == 3
    assert "3 earlier tests unchanged, no other" in out
    assert json.loads(runs.handoff("prove", "session-2", "--json", "--earlier").out)["session"] == "session-2"


def test_options_that_pytest_does_not_know(runs: RunsHere) -> None:
    """No test ran anywhere, so nothing is proved."""
    runs.write({"code_.py": CODE.replace("19", "20"), "test_a.py": TESTS.replace("== 19", "== 20")})
    runs.pytest(session="session-2")
    done = runs.handoff("prove", "session-2", "--", "--no-such-option")
    assert done.code == 2
    assert "put pytest's options after --" in done.err


def test_a_first_session(runs: RunsHere) -> None:
    """There is nothing before it."""
    done = runs.handoff("prove", "session-1")
    assert done.code == 2
    assert "there is nothing to prove: session-1 is the first session: there are no earlier tests" in done.err
    assert "session-1 is the first session: there is no old code" in done.err

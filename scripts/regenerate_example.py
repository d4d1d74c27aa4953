"""Play the example's three sessions in a repository of their own, and keep what the plugin writes.

    python scripts/regenerate_example.py            replace example_project/handoffs
    python scripts/regenerate_example.py --check    compare instead; exit 1 with a diff, 2 when a step fails

Each session is done as a person would: ``handoff init``, the work (a patch), words in the document, a commit,
``pytest --handoff``, a commit; one whose words have the block ``proof`` is proved, too. Compared are the documents, ledgers and
sources byte for byte, less what differs between two machines: how long the tests took, commit ids (a commit holds durations),
a record's ``run`` table, and of a proof the Python that made it, the digest of the record, and the words of failures.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from example_sessions import EXAMPLE, HISTORY, SESSIONS, Session, commit, copy_example, run
from written_by_hand import write_in

_DURATION = re.compile(r"(?m)^(\*\*Duration\*\*: test run: ).*$")
_COMMIT = re.compile(r"commit `[0-9a-f]{7,40}`")
_CHECKSUM_OVER_COMMIT = re.compile(r"(<!-- handoff:end checklist\.evidence )[0-9a-f]+")
_VARYING = ("commit", "dirty")  # of a record's source table
_VARYING_IN_A_PROOF = ("record", "python", "platform", "digest")
_PROVED = "<!-- handoff:begin proof -->"


def main() -> int:
    """Exit 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the checkout instead of writing into it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-example-") as scratch:
        handoffs = replay(Path(scratch) / "toolshed") / "handoffs"
        if options.check:
            return compare(EXAMPLE / "handoffs", handoffs)
        shutil.rmtree(EXAMPLE / "handoffs", ignore_errors=True)
        shutil.copytree(handoffs, EXAMPLE / "handoffs")
    return 0


def replay(folder: Path) -> Path:
    """Make the repository in a folder that does not exist yet, with a commit for the work and one for the evidence."""
    copy_example(folder, with_handoffs=False)
    for later in reversed(SESSIONS[1:]):
        run(folder, later, "git", "apply", "--reverse", later.patch)
    for session in SESSIONS:
        _work(folder, session)
        run(folder, session, sys.executable, "-m", "pytest", "-q", f"--handoff={session.name}")
        if _PROVED in (folder / "handoffs" / f"{session.name}.md").read_text(encoding="utf-8"):
            run(folder, session, sys.executable, "-m", "pytest_handoff", "prove", session.name)
            run(folder, session, sys.executable, "-m", "pytest_handoff", "fill", session.name)
        commit(folder, session, f"Hand over {session.name}")
    return folder


def compare(kept: Path, fresh: Path) -> int:
    """Print where the two folders differ; 1 when they do."""
    names = sorted({path.relative_to(root).as_posix() for root in (kept, fresh) for path in root.rglob("*") if path.is_file()})
    different = False
    for name in names:
        old, new = (_comparable(root / name).splitlines(keepends=True) for root in (kept, fresh))
        lines = list(difflib.unified_diff(old, new, f"kept/{name}", f"fresh/{name}"))
        sys.stdout.writelines(lines)
        different |= bool(lines)
    return int(different)


def _work(folder: Path, session: Session) -> None:
    run(folder, session, sys.executable, "-m", "pytest_handoff", "init", session.name)
    if session is not SESSIONS[0]:
        run(folder, session, "git", "apply", session.patch)
    document = folder / "handoffs" / f"{session.name}.md"
    words = (HISTORY / f"{session.name}.md").read_text(encoding="utf-8")
    written = write_in(document.read_text(encoding="utf-8"), session.title, words)
    document.write_text(written, encoding="utf-8", newline="\n")
    commit(folder, session, session.title)


def _comparable(path: Path) -> str:
    """The file's text less what differs between two machines; nothing where there is no such file."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if path.name == "proof.json" and text:
        return _comparable_proof(json.loads(text))
    if path.name != "record.json" or not text:
        return _COMMIT.sub("commit `…`", _CHECKSUM_OVER_COMMIT.sub(r"\1…", _DURATION.sub(r"\1…", text)))
    record = json.loads(text)
    record["run"] = record["provenance"] = "…"
    record["source"] |= dict.fromkeys(_VARYING, "…")
    # A record's digest holds its run, and a parent is named by the digest of its record.
    record["digest"] = "…"
    record["previous"] = [parent["session"] for parent in record["previous"]]
    for place in record["places"]:
        # A long block is known by its digest, which covers the commit; the document holds its text.
        place.update({"sha256": "…"} if "sha256" in place else {"text": _comparable_place(place["text"])})
    return json.dumps(record, indent=1, ensure_ascii=False)


def _comparable_proof(proof: dict[str, Any]) -> str:
    proof |= dict.fromkeys(_VARYING_IN_A_PROOF, "…")
    for tests in (proof["earlier"]["tests"], proof["new"]["tests"]):
        for tried in tests.values():
            tried.pop("error", None)
            tried.pop("place", None)
    return json.dumps(proof, indent=1, ensure_ascii=False)


def _comparable_place(text: str) -> str:
    return _COMMIT.sub("commit `…`", "…" if text.startswith("test run: ") else text)


if __name__ == "__main__":
    raise SystemExit(main())

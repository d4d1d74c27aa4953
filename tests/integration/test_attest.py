"""The attestation, checked by in-toto's own package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

if TYPE_CHECKING:
    from stories import Story


def test_the_statement_is_in_totos_own_and_follows_the_evidence(shop: Story) -> None:
    """in-toto's package accepts statement and predicate; result, tests, tree and commit are those of the evidence."""
    shop.pytest("--no-cov", "--handoff=session-1")
    done = shop.handoff("attest", "session-1", "-o", "statement.json")
    assert done.code == 0, done
    text = shop.text("statement.json")
    (shop.folder / "statement.json").unlink()
    shown = shop.show("session-1")

    whole = Statement.copy_from_pb(json_format.Parse(text, statement_pb2.Statement()))
    whole.validate()
    table = json.loads(text)
    predicate = json_format.ParseDict(table["predicate"], test_result_pb2.TestResult())
    digests = {subject.name: dict(subject.digest) for subject in whole.pb.subject}

    assert table["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    fingerprint = shown["source"]["fingerprint"]
    assert digests["tree-without-handoff-files"] == {"sha256": fingerprint.removeprefix("sha256:").removesuffix("+kinds")}
    assert digests["commit"] == {"gitCommit": shop.git("rev-parse", "HEAD").strip()}
    assert list(predicate.passed_tests) == sorted(shown["tests"])
    assert predicate.result == "FAILED"  # coverage is asked for in the checklist and was not measured
    assert "handoffs/evidence/session-1/record.json" in {entry.name for entry in predicate.configuration}


def test_nothing_is_attested_about_another_tree(shop: Story) -> None:
    """Code that was changed after the run makes no statement."""
    shop.pytest("--no-cov", "--handoff=session-1")
    shop.edit("src/shop/cart.py", "sum(prices)", "sum(prices) + 0")
    done = shop.handoff("attest", "session-1")

    assert (done.code, done.out) == (1, "")
    assert "src/shop/cart.py" in done.err

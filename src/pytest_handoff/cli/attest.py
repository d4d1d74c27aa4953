"""Make an in-toto Statement v1 of a session's evidence, with the predicate ``test-result`` v0.1, ready for a signer.

The formats are specified in github.com/in-toto/attestation: ``spec/v1/statement.md`` and ``spec/predicates/test-result.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.project.encoding import digest_of
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.composition.compose import Composition


STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


class Digests(Frozen, frozen=True):
    """The digests of the files that the statement names, as ``sha256:…`` by path."""

    files: dict[str, str]


def statement(composed: Composition, digests: Digests) -> bytes:
    """Build the statement about a session as JSON.

    Its subjects are the commit (if there is one) and the tree without the hand-off files; its configuration is the policy
    in force and the given files. The result is ``FAILED`` if a machine-decided check does not hold, and ``WARNED`` if one
    holds only by a waiver.
    """
    record = composed.facts.record
    policy = digest_of(msgspec.json.encode(record.policy, order="sorted"))
    configuration = {"policy": policy, **dict(sorted(digests.files.items()))}
    predicate: dict[str, Any] = {
        "result": _result(composed),
        "configuration": [{"name": name, "digest": _digest(digest)} for name, digest in configuration.items()],
        **({"url": record.provenance.run_url} if record.provenance.run_url else {}),
        **_tests(composed),
    }
    table = {"_type": STATEMENT, "subject": _subjects(composed), "predicateType": PREDICATE, "predicate": predicate}
    return msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n"


def _subjects(composed: Composition) -> list[dict[str, object]]:
    source = composed.facts.record.source
    subjects: list[dict[str, object]] = [{"name": "tree-without-handoff-files", "digest": _digest(source.fingerprint)}]
    if source.commit and not source.dirty:
        subjects.append({"name": "commit", "digest": {"gitCommit": source.commit}})
    return subjects


def _result(composed: Composition) -> str:
    if composed.blocking:
        return "FAILED"
    excused = any("(waived: " in verdict.evidence for verdict in composed.verdicts)
    return "WARNED" if excused else "PASSED"


def _tests(composed: Composition) -> Mapping[str, list[str]]:
    live = {test: line for test, line in composed.facts.ledger.items() if line.retired is None}
    passing = [test for test, line in live.items() if line.outcome in PASSING and not line.flaky]
    excused = {test for test, line in live.items() if line.outcome in ("skipped", "xfailed")}
    warned = [test for test, line in live.items() if test in excused or (line.flaky and line.outcome in PASSING)]
    others = set(passing) | set(warned)
    return {"passedTests": passing, "warnedTests": warned, "failedTests": [test for test in live if test not in others]}


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}

"""Write the evidence as a statement that a signer can sign: in-toto Statement v1, predicate ``test-result`` v0.1.

The formats are specified in github.com/in-toto/attestation: ``spec/v1/statement.md`` and ``spec/predicates/test-result.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from pytest_handoff.cli.support import GOOD, NO, outcome_of, project_here, session_argument, verb, write_named_file
from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.printing import say, say_json_text
from pytest_handoff.project.encoding import digest_of
from pytest_handoff.record import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.composition.compose import Composition
    from pytest_handoff.project.layout import Project
    from pytest_handoff.workflow.finish import FinishedSession


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
    subjects: list[dict[str, object]] = [
        {"name": "tree-without-handoff-files", "digest": _digest(source.fingerprint.partition("+")[0])}
    ]
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


@click.command(short_help="Write an in-toto statement, ready to sign")
@session_argument
@click.option("-o", "--output", metavar="FILE", help="Write the statement to this file instead of standard output.")
@click.pass_obj
@verb
def attest(handoff_dir: str | None, session: str, output: str | None) -> int:
    """Write an in-toto statement (test-result) about SESSION, for the signer of your choice.

    If document, evidence, tree and chain do not match (see handoff verify), it writes nothing and exits with 1.
    """
    from pytest_handoff.workflow.verify import verify

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    problems = verify(project, session, outcome)
    for problem in problems:
        say(str(problem), err=True)
    if problems:
        return NO
    content = statement(outcome.composition, Digests(files=_digests(project, outcome)))
    if output is None:
        say_json_text(content.decode())
    else:
        write_named_file(project, output, content)
    return GOOD


def _digests(project: Project, outcome: FinishedSession) -> dict[str, str]:
    """Compute the digests of the evidence, the document and the template for new documents."""
    from pytest_handoff.project.foreign_files import LINES, SETTINGS, read_file, read_if_there
    from pytest_handoff.rendering.templates import SUFFIX, bundled_templates

    files = [artifact.path for artifact in outcome.artifacts]
    digests = {project.named(path): digest_of(read_file(path, project.within, LINES)) for path in files}
    name, own = project.config.template, project.config.templates
    template = read_if_there(project.folder / own / (name + SUFFIX), project.within, SETTINGS) if own else None
    if template is None:
        template = read_if_there(bundled_templates() / (name + SUFFIX), [bundled_templates().resolve()], SETTINGS)
    return digests | ({} if template is None else {f"template {name}": digest_of(template)})

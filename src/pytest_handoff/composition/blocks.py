"""Build the context of our block templates, with the last sessions as a chart that code hosts draw."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.composition.tables import metric_rows
from pytest_handoff.document.file_counts import PREFIX as COUNTS
from pytest_handoff.document.file_counts import counted_path
from pytest_handoff.document.labels import read_label
from pytest_handoff.evidence.integrity import report
from pytest_handoff.evidence.regression import PASSING, count_passing, passing_of
from pytest_handoff.figures import percent, percent_of
from pytest_handoff.markup import SafeMarkdown, one_line
from pytest_handoff.record import Frozen
from pytest_handoff.text_lines import split_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_handoff.checklist.decisions import Decision
    from pytest_handoff.composition.proved import ProofSummary
    from pytest_handoff.document.places import Finding
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.evidence.history import Rate, SessionRow  # noqa: TC004 - a trend is never decoded, nothing evaluates it
    from pytest_handoff.record import NewCodeFile


_ITEM = r"(?:>[ \t]*|[-*+][ \t]+|\d+[.)][ \t]+)*"
_EMPHASIS = str.maketrans("", "", "*`")

VERDICT_WORDS = {
    "holds": "holds",
    "fails": "does not hold",
    "vetoed": "does not hold",
    "waived": "does not apply",
    "done": "nothing against it",
    "waits": "nothing against it",
}


class InventoryRow(Frozen, frozen=True):
    """A test file, and how many tests it has, how many passed and how many are new."""

    path: str
    tests: int
    passed: int
    new: int


class Inventory(Frozen, frozen=True):
    """The test files of a tier or of all tests (``what`` says which), and their total."""

    rows: list[InventoryRow]
    total: InventoryRow
    what: str


class ChangedFile(Frozen, frozen=True):
    """A file and what happened to it; ``was`` is its earlier path."""

    path: str
    what: str
    was: str | None = None


class Correction(Frozen, frozen=True):
    """A person's words that the evidence contradicts: where they stand, what they say, and what the evidence says."""

    where: str
    claim: str
    evidence: SafeMarkdown


def corrections_of(text: str, findings: Iterable[Finding]) -> list[Correction]:
    """List the claims of a document that the evidence contradicts, in its order."""
    wrong = [(found.line, found) for found in findings if found.kind == "contradicted" and found.line is not None]
    lines = split_lines(text) if wrong else []
    return [
        Correction(
            where=_where(lines[line - 1], found),
            claim=one_line(found.claim or ""),
            evidence=SafeMarkdown(found.evidence or ""),
        )
        for line, found in wrong
    ]


def _where(line: str, found: Finding) -> str:
    """Name the spot of a claim so that a reader finds it: its file, its label or row, or the id of its place."""
    if (found.place or "").startswith(COUNTS):
        return counted_path(found.place or "")[1]
    item = re.sub(_ITEM, "", line.strip())
    label = read_label(item)
    if label is not None:
        return label.text.translate(_EMPHASIS)
    row = item.strip("|").split("|")[0].strip() if item.startswith("|") else ""
    return row.translate(_EMPHASIS) or (found.place or "")


def block_context(
    facts: Facts,
    decisions: Sequence[Decision],
    *,
    line_counts: Mapping[str, int],
    trend: Trend | None,
    corrections: Sequence[Correction] = (),
) -> dict[str, object]:
    """Return the names that a block's template may use.

    Args:
        line_counts: how many lines each source file has.
        trend: the sessions that a trend block shows, if the document has one.
        corrections: what a person wrote and the evidence contradicts.
    """
    return {
        "facts": facts,
        "decisions": decisions,
        "verdict_words": VERDICT_WORDS,
        "waiting": sum(decision.counts and decision.state == "waits" for decision in decisions),
        "new_code_rows": _new_code_rows(facts),
        "why_not_measured": why_not_measured,
        "owed": owed(facts),
        "inventory_of": inventory,
        "changed_rows": changed_files(facts),
        "integrity": report(facts),
        "metric_rows": metric_rows(facts),
        "line_counts": line_counts,
        "trend": trend,
        "corrections": corrections,
        "proof": _proof(facts),
    }


def _proof(facts: Facts) -> ProofSummary | None:
    """Sum up the proof of this run; a run of pytest has none, and does not pay for the import."""
    if facts.proof is None:
        return None
    from pytest_handoff.composition.proved import proof_summary

    return proof_summary(facts.proof)


def owed(facts: Facts) -> dict[str, object]:
    """Collect what this session must keep from earlier ones: passing tests and promises."""
    earlier = facts.earlier
    return {
        "parents": list(earlier.sessions),
        "passing": count_passing(earlier.lines.values()),
        "promised": list(filter(attrgetter("promised"), earlier.lines.values())),
        "promises": facts.inherited,
    }


def inventory(facts: Facts, tier: str | None = None) -> Inventory:
    """Count the tests of each file, in one tier or in all."""
    kinds = {kind for kind, _ in facts.kinds if kind.live and tier in (None, kind.tier)}
    tests = facts.kinds.files(kinds.__contains__)
    passed = facts.kinds.files(lambda kind: kind in kinds and kind.outcome in PASSING)
    new = facts.kinds.files(lambda kind: kind in kinds and kind.since == facts.session)
    return Inventory(
        rows=[InventoryRow(path=path, tests=tests[path], passed=passed[path], new=new[path]) for path in sorted(tests)],
        total=InventoryRow(path="", tests=tests.total(), passed=passed.total(), new=new.total()),
        what=f"{tier} test" if tier else "test",
    )


def changed_files(facts: Facts) -> list[ChangedFile] | None:
    """List what the session did to files; ``None`` if nobody knows, as in a first session."""
    changes = facts.record.changes
    if changes is None or facts.is_first:
        return None
    rows = [ChangedFile(path=path, what="new") for path in changes.created]
    rows += [ChangedFile(path=path, what="changed") for path in changes.modified]
    rows += [ChangedFile(path=new, what="was", was=old) for old, new in changes.renamed]
    return rows + [ChangedFile(path=path, what="removed") for path in changes.removed]


def _new_code_rows(facts: Facts) -> list[tuple[str, NewCodeFile]]:
    code = facts.record.new_code
    return sorted(code.files.items(), key=_worst_first) if code else []


def _worst_first(row: tuple[str, NewCodeFile]) -> tuple[float, str]:
    path, file = row
    covered = file.covered if file.covered_by_new_unit is None else file.covered_by_new_unit
    return covered / file.num_statements if file.num_statements else 1.0, path


MOST_SESSIONS = 12
"""The number of sessions that a document shows at most: the newest."""

_NOT_IN_A_LABEL = r"[^\w .+-]"


class Trend(Frozen, frozen=True):
    """The contents of the block ``trend``.

    Attributes:
        rows: the sessions, oldest first, with the document's own last.
        chart: the Mermaid text; ``None`` if fewer than two sessions measured coverage, since one point is no trend.
    """

    rows: tuple[SessionRow, ...]
    chart: SafeMarkdown | None

    @staticmethod
    def passing(row: SessionRow) -> str:
        """Format the tests that pass out of all that the session had, as ``39/40``."""
        return f"{passing_of(row.counts):,}/{sum(row.counts.values()):,}"

    @staticmethod
    def rate(rate: Rate | None) -> str:
        """Format a rate in percent, or a dash if it was not measured."""
        if rate is None:
            return "–"
        return percent(rate.part, rate.whole) if rate.whole else "none"

    @staticmethod
    def coverage(row: SessionRow) -> str:
        """Format coverage in percent, or a dash if it was not measured."""
        return "–" if row.percent is None else percent_of(row.percent)


def trend_of(rows: Sequence[SessionRow]) -> Trend:
    """Build the trend of these sessions, given oldest first."""
    newest = tuple(rows[-MOST_SESSIONS:])
    return Trend(rows=newest, chart=_chart([row for row in newest if row.percent is not None]))


def _chart(rows: Sequence[SessionRow]) -> SafeMarkdown | None:
    """Draw all code as a line, and new code as bars if every session has some: a bar of height 0 would lie."""
    if len(rows) < 2:
        return None
    labels = ", ".join(f'"{re.sub(_NOT_IN_A_LABEL, "?", row.session)}"' for row in rows)
    total = ", ".join(_cut(row.percent or 0.0) for row in rows)
    new = [_cut(100 * row.new_code.part / row.new_code.whole) for row in rows if row.new_code and row.new_code.whole]
    whole = len(new) == len(rows)
    title = "Coverage in percent: all code (line)" + (", new code (bars)" if whole else "")
    lines = ["xychart-beta", f'    title "{title}"', f"    x-axis [{labels}]", '    y-axis "%" 0 --> 100']
    lines += [f"    bar [{', '.join(new)}]"] if whole else []
    return SafeMarkdown("\n".join([*lines, f"    line [{total}]"]))


def _cut(value: float) -> str:
    """Format one decimal, never rounded up."""
    return percent_of(value).removesuffix(" %")

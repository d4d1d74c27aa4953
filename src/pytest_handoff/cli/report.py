"""Gather what the page about a session shows: its evidence, the earlier sessions, and the source lines it mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_handoff.cli import html_report
from pytest_handoff.cli.page import coverage_chart, outcome_chart
from pytest_handoff.cli.report_grid import grid
from pytest_handoff.evidence import history
from pytest_handoff.figures import parse_ranges, percent, percent_of
from pytest_handoff.markup import one_line
from pytest_handoff.printable import printable_text
from pytest_handoff.project.foreign_files import TEXT, Refused, read_file
from pytest_handoff.project.sessions import Chain
from pytest_handoff.project.tree import read_tree
from pytest_handoff.text_lines import raw_lines
from pytest_handoff.workflow.start import read_document

if TYPE_CHECKING:
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import Record
    from pytest_handoff.workflow.finish import Outcome


COLUMNS = 12
"""The most sessions in the grid of tests: as many columns as fit beside a name."""

MOST_SOURCE = 400_000
"""The most characters of source in a page, so that it can still be mailed; files with missing lines come first."""

_CHANGED = "The file is not as it was when this was measured; its lines are not shown."
_WHO = {"decided": "machine", "veto": "person, machine may block", "person": "person", "waived": "waived"}


def report_of(project: Project, outcome: Outcome) -> str:
    """Render the page about a session as HTML.

    Raises:
        EvidenceProblem: if an earlier session cannot be read.
    """
    record, composed = outcome.record, outcome.composition
    before = Chain(project.store).records_up_to(record)
    rows = history.session_rows({one.session: one for one in before})
    ledgers = [(one.session, project.store.ledger(one)) for one in before[-COLUMNS:-1]]
    ledgers.append((record.session, composed.facts.ledger))
    tree = read_tree(project)
    data = grid(composed.facts, ledgers) | {"coverage": _coverage(project, record, tree.files)}
    stands = read_document(project, record.session)
    context = {
        "record": record,
        "facts": composed.facts,
        "row": rows[-1],
        "rows": rows,
        "outcomes": outcome_chart(rows),
        "trend": coverage_chart(rows),
        "blocking": composed.blocking,
        "verdicts": composed.verdicts,
        "checks": [(decision, _WHO[decision.check.decision]) for decision in composed.decisions if decision.counts],
        "open_boxes": sum(not decision.counts for decision in composed.decisions),
        "fresh": tree.fingerprint == record.source.fingerprint,
        "differs": stands is not None and stands != composed.text,
        "tiles": tiles(outcome),
    }
    return html_report.page(context, data, composed.text)


def tiles(outcome: Outcome) -> list[dict[str, str]]:
    """Make the tiles at the top of the page: each has a name, a value, words under it, and the kind ``bad`` or ``plain``."""
    record, counts = outcome.record, outcome.record.tests.counts
    failing, regression = counts["failed"] + counts["error"], record.tests.regression
    decided = [decision for decision in outcome.composition.decisions if decision.state in ("holds", "fails", "vetoed")]
    holding = sum(decision.state == "holds" for decision in decided)
    code = record.new_code
    passing = counts["passed"] + counts["xpassed"]
    shown = [
        _tile("tests", f"{passing:,} pass", f"{failing:,} fail · {record.tests.new:,} new", bad=failing > 0),
        _tile(
            "earlier tests",
            f"{regression.passing:,}/{regression.expected:,}" if record.previous else "none",
            "still pass" if record.previous else "this is the first session",
            bad=regression.passing < regression.expected,
        ),
    ]
    if record.coverage is None:
        shown.append(_tile("coverage", "not measured", record.not_measured.get("coverage", "")))
    else:
        before = outcome.parent_percent
        words = f"before: {percent_of(before)}" if before is not None else f"{record.coverage.num_statements:,} statements"
        shown.append(_tile("coverage", percent_of(record.coverage.percent), words))
    if code is not None:
        value = percent(code.covered, code.num_statements) if code.num_statements else "none"
        shown.append(_tile("new code", value, f"{code.covered:,} of {code.num_statements:,} new statements ran"))
    waiting = sum(decision.counts and decision.state == "waits" for decision in outcome.composition.decisions)
    words = f"decided lines hold · {waiting:,} wait for a person"
    return [*shown, _tile("checklist", f"{holding:,}/{len(decided):,}", words, bad=holding < len(decided))]


def _tile(name: str, value: str, words: str, *, bad: bool = False) -> dict[str, str]:
    return {"name": name, "value": value, "words": words, "kind": "bad" if bad else "plain"}


def _coverage(project: Project, record: Record, files: dict[str, str]) -> list[dict[str, Any]]:
    """List the measured files, most missing statements first, with the source if it is still the one that was measured."""
    if record.coverage is None:
        return []
    known = project.store.sources_of(record) or {}
    new = record.new_code.files if record.new_code else {}
    found, room = [], MOST_SOURCE
    order = sorted(record.coverage.files.items(), key=lambda item: (item[1].covered - item[1].num_statements, item[0]))
    for path, file in order:
        code = new.get(path)
        row: dict[str, Any] = {
            "path": one_line(path), "n": file.num_statements, "c": file.covered, "percent": percent_of(file.percent),
            "missing": file.missing, "new": code.lines if code else "", "new_missing": code.missing if code else "",
        }  # fmt: skip
        if file.missing or code:
            wanted = path in known and files.get(path) == known[path].blob
            text, row["why"] = _text(project, path) if wanted else (None, _CHANGED)
            if text is not None and len(text) > room:
                text, row["why"] = None, "The page holds enough source already; look at the file itself."
            row["source"] = text
            row["marks"] = _line_marks(file.missing, code.lines if code else "", last=len(raw_lines(text or "")))
            room -= len(text or "")
        found.append(row)
    return found


def _line_marks(missing: str, new: str, *, last: int) -> dict[str, list[int]]:
    """Mark lines of a shown source, up to its last line; a record may name others, and very many."""
    return {"missing": sorted(parse_ranges(missing, last=last)), "new": sorted(parse_ranges(new, last=last))}


def _text(project: Project, path: str) -> tuple[str | None, str]:
    """Read the text of a file, or explain why it is not shown."""
    try:
        return printable_text(read_file(project.root / path, project.within, TEXT).decode("utf-8", "replace")), ""
    except Refused as refused:
        return None, f"The file {refused.why}; its lines are not shown."
    except OSError:
        return None, _CHANGED

"""Write one self-contained page about a session: its evidence, the earlier sessions, and the source lines it mentions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.cli.page import coverage_chart, document_html, outcome_chart
from pytest_handoff.cli.support import GOOD, file_size, outcome_of, project_here, session_argument, tell_if_code, verb
from pytest_handoff.evidence import history
from pytest_handoff.evidence.regression import passing_of
from pytest_handoff.figures import counted, parse_ranges, percent, percent_of
from pytest_handoff.markup import one_line
from pytest_handoff.nodeids import file_of, name_of
from pytest_handoff.printable import printable_text
from pytest_handoff.printing import say
from pytest_handoff.project.foreign_files import TEXT, Refused, named_by_a_person, read_file
from pytest_handoff.project.sessions import Chain
from pytest_handoff.project.tree import read_tree
from pytest_handoff.rendering.templates import bundled_templates
from pytest_handoff.text_lines import raw_lines
from pytest_handoff.workflow.start import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.project.layout import Project
    from pytest_handoff.record import LedgerLine, Record
    from pytest_handoff.workflow.finish import FinishedSession


TEMPLATE = "report.html.j2"

_NEVER_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def page(context: Mapping[str, object], data: Mapping[str, Any], document: str) -> str:
    """Render the page as HTML.

    Args:
        context: the values that the template prints; each is escaped.
        data: the plain JSON values that the page's script shows.
        document: the session's document, as Markdown.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(bundled_templates()),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent_of": percent_of, "counted": counted}
    environment.globals["percent"] = percent
    return environment.get_template(TEMPLATE).render(
        **context,
        data=Markup(embedded(data)),  # noqa: S704 - escaped already
        document=Markup(document_html(printable_text(document))),  # noqa: S704 - escaped already
    )


def _shown(value: object) -> object:
    return printable_text(value) if type(value) is str else value


def embedded(data: Mapping[str, Any]) -> str:
    """Format data as JSON for a script element: no character in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_NEVER_IN_SCRIPT)
    return text.encode("utf-8", "backslashreplace").decode()


MARKS = {
    "passed": "P", "failed": "F", "error": "E", "skipped": "S", "xfailed": "X", "xpassed": "U", "not_run": "N", None: "M",
}  # fmt: skip
RETIRED, ABSENT = "R", "."

LONGEST_DETAIL = 200


def grid(facts: Facts, ledgers: Sequence[tuple[str, Mapping[str, LedgerLine]]]) -> dict[str, Any]:
    """Build the grid of a session's tests, with their outcome in each of the given sessions.

    Args:
        facts: the session that the page is about.
        ledgers: the sessions and their ledgers, oldest first, with the session itself last.

    Returns:
        ``sessions``, ``tiers``, ``statuses`` and ``since`` are lists of names; a test refers to the last three by index.
        ``files`` are pairs of a path and its tests; a test is ``[name, tier, status, since, marks, flaky, detail]``. Of these,
        ``marks`` has one letter per session (see :data:`MARKS`; ``R`` retired, ``.`` not in the ledger), and ``detail`` is text.
    """
    lines = facts.ledger.values()
    tiers = sorted({line.tier for line in lines})
    statuses = sorted({fate.status for fate in facts.fates.values()})
    since = sorted({line.since for line in lines})
    marks = _marks(facts.ledger, ledgers)
    files: dict[str, list[list[Any]]] = {}
    for test, line in facts.ledger.items():
        figures = [tiers.index(line.tier), statuses.index(facts.fates[test].status), since.index(line.since)]
        row = [one_line(name_of(test)), *figures, marks[test], int(line.flaky), _detail(line)]
        files.setdefault(file_of(test), []).append(row)
    return {
        "sessions": [session for session, _ in ledgers],
        "tiers": [one_line(tier) for tier in tiers],
        "statuses": statuses,
        "since": [one_line(session) for session in since],
        "files": [[one_line(path), files[path]] for path in sorted(files)],
    }


def _marks(tests: Mapping[str, LedgerLine], ledgers: Sequence[tuple[str, Mapping[str, LedgerLine]]]) -> dict[str, str]:
    """Give each test one letter per session, oldest first; before a move, a test is looked up under its earlier id."""
    known_as = {test: test for test in tests}
    marks: dict[str, list[str]] = {test: [] for test in tests}
    for _, ledger in reversed(ledgers):
        for test, name in known_as.items():
            line = ledger.get(name)
            marks[test].append(_mark(line))
            if line is not None and line.moved_from:
                known_as[test] = line.moved_from
    return {test: "".join(reversed(letters)) for test, letters in marks.items()}


def _mark(line: LedgerLine | None) -> str:
    if line is None:
        return ABSENT
    return RETIRED if line.retired is not None else MARKS[line.outcome]


def _detail(line: LedgerLine) -> str:
    told = [
        f"moved from {line.moved_from}" if line.moved_from else "",
        f"retired in {line.retired.session}: {line.retired.reason}" if line.retired else "",
        f"{line.last.outcome} in {line.last.session}" if line.last else "",
        f"{line.reruns} more {'try' if line.reruns == 1 else 'tries'}" if line.reruns else "",
        line.error or line.reason or "",
    ]
    return " · ".join(one_line(part)[:LONGEST_DETAIL] for part in told if part)


COLUMNS = 12
"""The most sessions in the grid of tests: as many columns as fit beside a name."""

MOST_SOURCE = 400_000
"""The most characters of source in a page, so that it can still be mailed; files with missing lines come first."""

_CHANGED = "The file is not as it was when this was measured; its lines are not shown."
_WHO = {"decided": "machine", "veto": "person, machine may block", "person": "person", "waived": "waived"}


def report_of(project: Project, outcome: FinishedSession) -> str:
    """Render the page about a session as HTML.

    Raises:
        EvidenceProblem: if an earlier session cannot be read.
    """
    record, composed = outcome.record, outcome.composition
    before = Chain(project.store).records_up_to(record)
    rows = history.session_rows({one.session: one for one in before})
    store = project.store
    ledgers = [(one.session, store.ledger(one)) for one in before[-COLUMNS:-1]]
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
        "fresh": tree.is_that_of(record.source.fingerprint),
        "differs": stands is not None and stands != composed.text,
        "tiles": tiles(outcome),
    }
    return page(context, data, composed.text)


def tiles(outcome: FinishedSession) -> list[dict[str, str]]:
    """Make the tiles at the top of the page: each has a name, a value, words under it, and the kind ``bad`` or ``plain``."""
    record, counts = outcome.record, outcome.record.tests.counts
    failing, regression = counts["failed"] + counts["error"], record.tests.regression
    decided = [decision for decision in outcome.composition.decisions if decision.state in ("holds", "fails", "vetoed")]
    holding = sum(decision.state == "holds" for decision in decided)
    code = record.new_code
    passing = passing_of(counts)
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
        shown.append(_tile("coverage", "not measured", why_not_measured(outcome.composition.facts, "coverage")))
    else:
        before = outcome.parent_percent
        words = f"before: {percent_of(before)}" if before is not None else f"{record.coverage.num_statements:,} statements"
        shown.append(_tile("coverage", record.coverage.shown, words))
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


@click.command(short_help="Write one HTML page about a session")
@session_argument
@click.option("-o", "--output", metavar="FILE", help="Where the page is written, instead of report/ in the hand-off folder.")
@click.pass_obj
@verb
def report(handoff_dir: str | None, session: str, output: str | None) -> int:
    """Write one page about SESSION that needs no network: history, tests, coverage, checklist."""
    from pytest_handoff.project.artifacts import Artifact, self_ignoring, write_each

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    content = report_of(project, outcome).encode("utf-8", "backslashreplace")
    own = project.handoffs / "report"
    path = own / f"{session}.html" if output is None else Path.cwd() / output
    within = project.within if output is None else [named_by_a_person(path, project.root)]
    write_each([*([self_ignoring(own)] if output is None else []), Artifact(path=path, content=content)], within)
    say(f"{output or project.shown(path)}: {session}, {file_size(len(content))}; open it in a browser")
    tell_if_code(project, path)
    return GOOD

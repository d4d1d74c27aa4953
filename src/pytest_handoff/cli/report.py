"""Write one self-contained page about a session: its evidence, the earlier sessions, and the source lines it mentions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_handoff.checklist.condition import why_not_measured
from pytest_handoff.cli.history import proof_cell, with_proofs
from pytest_handoff.cli.page import coverage_chart, document_html, outcome_chart
from pytest_handoff.cli.page_breaks import joints, whole_words
from pytest_handoff.cli.page_code import MOST_FILES, Sources, coverage_rows, untested
from pytest_handoff.cli.page_failures import LEAST, MOST_ROWS, Breakage, timed
from pytest_handoff.cli.page_grid import grid, timeline
from pytest_handoff.cli.page_summary import changes, covered_by, measure, standing, tested, tiles
from pytest_handoff.cli.support import (
    GOOD,
    file_size,
    outcome_of,
    project_here,
    session_argument,
    tell_if_code,
    verb,
    write_output,
)
from pytest_handoff.composition.durations import slowest
from pytest_handoff.composition.proved import proof_summary
from pytest_handoff.errors import EvidenceProblem
from pytest_handoff.evidence import history
from pytest_handoff.figures import counted, percent, percent_of
from pytest_handoff.markup import for_shell
from pytest_handoff.printable import printable_text
from pytest_handoff.printing import say
from pytest_handoff.project.detail_files import details_before, details_of
from pytest_handoff.project.tree import read_tree
from pytest_handoff.rendering.templates import bundled_templates
from pytest_handoff.workflow.start import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_handoff.cli.page_grid import Timeline
    from pytest_handoff.details import Details
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.tree import Tree
    from pytest_handoff.record import Record
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
    environment.filters |= {"percent_of": percent_of, "counted": counted, "for_shell": for_shell}
    environment.filters |= {"joints": joints, "whole_words": whole_words}
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


SESSIONS = 50
"""The most sessions in the history; the template says so, too."""

COLUMNS = 12
"""The most sessions in the grid of tests: as many columns as fit beside a name."""

_WHO = {"decided": "evidence", "veto": "person; evidence can block", "person": "person", "waived": "waived"}


def report_of(project: Project, outcome: FinishedSession, folder: Path, tree: Tree) -> str:
    """Render the page about a session as HTML.

    Args:
        folder: where the page will be; it links to files of the project from there.
        tree: the tree as it stands.

    Raises:
        EvidenceProblem: if an earlier session cannot be read.
    """
    record, composed = outcome.record, outcome.composition
    before = project.chain.records_up_to(record)
    shown = _timeline(project, outcome, before)
    details, problem = _details(project, record)
    earlier = details_before(project, record)
    seconds = details.seconds if details else {}
    seconds_before = {test: took for one in earlier for test, took in one.seconds.items()}
    sources = Sources(project, record, tree.files)
    slow = slowest(details, earlier, composed.facts.ledger) if details else []
    context = {
        **_of_session(project, outcome, tree),
        **_of_history(project, before),
        **_of_new_code(outcome, sources),
        "breakage": Breakage(project, composed.facts, details, shown, folder),
        "slow": [timed(one) for one in slow if one.seconds >= LEAST],
        "timed": bool(seconds),
        "timed_before": bool(seconds_before),
        "details_problem": problem,
        "most": {"first": 10, "rows": MOST_ROWS, "files": MOST_FILES, "sessions": 10},
    }
    data = grid(composed.facts, shown, seconds, seconds_before)
    data |= {"coverage": coverage_rows(record, sources), "prefix": project.shown(project.root / "x").removesuffix("x")}
    return page(context, data, composed.text)


def _timeline(project: Project, outcome: FinishedSession, before: list[Record]) -> Timeline:
    """Lay out what became of each test in as many sessions as there is room for, with this one last."""
    ledger = outcome.composition.facts.ledger
    ledgers = [(one.session, project.store.ledger(one)) for one in before[-COLUMNS:-1]]
    return timeline(ledger, [*ledgers, (outcome.record.session, ledger)], more=len(before) > COLUMNS)


def _of_session(project: Project, outcome: FinishedSession, tree: Tree) -> dict[str, object]:
    from pytest_handoff.workflow.left import steps_left

    record, composed = outcome.record, outcome.composition
    stands = read_document(project, record.session)
    return {
        "record": record,
        "facts": composed.facts,
        "standing": standing(outcome, steps_left(project, record.session, outcome, tree=tree)),
        "tiles": tiles(outcome),
        "proof": proof_summary(composed.facts.proof) if composed.facts.proof is not None else None,
        "changes": changes(outcome),
        "verdicts": composed.verdicts,
        "checks": [(decision, _WHO[decision.check.decision]) for decision in composed.decisions if decision.counts],
        "differs": stands is not None and stands != composed.text,
        "why_not": {what: why_not_measured(composed.facts, what) for what in ("coverage", "new_code")},
    }


def _of_history(project: Project, before: list[Record]) -> dict[str, object]:
    records = {one.session: one for one in before}
    rows = history.session_rows(records)
    rows[-SESSIONS:] = with_proofs(project, rows[-SESSIONS:], records)
    return {
        "rows": rows,
        "proved": [row.proof for row in rows[-SESSIONS:] if row.proof],
        "proof_cell": proof_cell,
        "outcomes": outcome_chart(rows),
        "trend": coverage_chart(rows),
    }


def _of_new_code(outcome: FinishedSession, sources: Sources) -> dict[str, object]:
    """List the untested new code by the figure that the gate uses or, if that was not measured, by all tests."""
    record, (by, _, _) = outcome.record, measure(outcome)
    if record.new_code is not None and covered_by(record.new_code, by) is None:
        by = "any"
    return {
        "untested": untested(record, sources, by),
        "untested_by": {"any": "no test", "unit": "no unit test", "new_unit": "no new unit test"}[by],
        "tested": tested(record.new_code, by) if record.new_code is not None else "",
    }


def _details(project: Project, record: Record) -> tuple[Details | None, str]:
    """Read what is kept beside the evidence, or say why it cannot be read: the page does without."""
    try:
        return details_of(project, record), ""
    except EvidenceProblem as error:
        return None, str(error)


@click.command(short_help="Write one HTML page about a session")
@session_argument
@click.option("-o", "--output", metavar="FILE", help="Write the page to this file instead of report/ in the hand-off folder.")
@click.pass_obj
@verb
def report(handoff_dir: str | None, session: str, output: str | None) -> int:
    """Write one page about SESSION that needs no network: history, tests, coverage, checklist."""
    from pytest_handoff.project.artifacts import Artifact, self_ignoring, write_each

    project = project_here(handoff_dir)
    outcome = outcome_of(project, session)
    own = project.handoffs / "report"
    path = own / f"{session}.html" if output is None else Path.cwd() / output
    tree = read_tree(project)
    content = report_of(project, outcome, path.parent, tree).encode("utf-8", "backslashreplace")
    if output is None:
        write_each([self_ignoring(own), Artifact(path=path, content=content)], project.within)
    else:
        write_output(project, output, content)
    say(f"{output or project.shown(path)}: {session}, {file_size(len(content))}; open it in a browser")
    tell_if_code(project, path, tree if output is None else None)
    return GOOD

"""Print sessions side by side, or one test in every session: a row each if there is room, else a few lines."""

from __future__ import annotations

import sys
from itertools import groupby
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

import click
from msgspec.structs import replace

from pytest_handoff.cli.support import GOOD, project_here, shown_proof, verb
from pytest_handoff.errors import EvidenceProblem, UsageProblem
from pytest_handoff.evidence.regression import PASSING, passing_of
from pytest_handoff.figures import listed, percent, percent_of, points
from pytest_handoff.markup import one_line, spelled
from pytest_handoff.printable import shorten
from pytest_handoff.printing import console, progress, say_json, say_parts
from pytest_handoff.project.sessions import Chain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_handoff.evidence.history import Moment, Rate, SessionProof, SessionRow
    from pytest_handoff.project.layout import Project
    from pytest_handoff.project.store import Store
    from pytest_handoff.record import Record


WIDE = 110
"""The columns that a session needs to fit on one line."""

_HEAD = ("session", "tests", "by tier", "new", "lost", "earlier", "coverage", "new code", "gate")
_PROOF = "proof"
"""The column before the gate's, where some session is proved."""
_GAP = "  "
_NOT_MEASURED = "–"
_GATE_STYLE = {"passed": "green", "failed": "red", None: "dim"}


class StyledText(NamedTuple):
    """A piece of a line in one rich style; ``""`` is plain."""

    text: str
    style: str = ""


def history_lines(rows: Sequence[SessionRow], *, width: int) -> list[list[StyledText]]:
    """Format the sessions in the order given; colour never carries information alone."""
    if not rows:
        return []
    return _table(rows, width) if width >= WIDE else [line for row in rows for line in _stacked(row, width)]


def life_lines(moments: Sequence[Moment]) -> list[list[StyledText]]:
    """Format the life of a test; sessions in which nothing changed share a line."""
    runs = [list(group) for _, group in groupby(moments, key=lambda moment: (moment.id, moment.what))]
    spans = [_span(run) for run in runs]
    room = max(map(len, spans), default=0)
    lines: list[list[StyledText]] = []
    known_id = None
    for span, run in zip(spans, runs, strict=True):
        moment = run[0]
        if moment.id != known_id:
            lines.append([StyledText(one_line(moment.id), "bold")])
            known_id = moment.id
        lines.append([StyledText(f"  {span:<{room}}  "), StyledText(*_sign(moment)), StyledText(f" {one_line(moment.what)}")])
    return lines


def _table(rows: Sequence[SessionRow], width: int) -> list[list[StyledText]]:
    proved = any(row.proof for row in rows)
    head = [StyledText(name, "dim") for name in (*_HEAD[:-1], *([_PROOF] if proved else []), _HEAD[-1])]
    cells = [head, *(_cells(row, proved=proved) for row in rows)]
    cells = [[StyledText(spelled(part.text, sys.stdout), part.style) for part in row] for row in cells]
    widths = [max(len(row[column].text) for row in cells) for column in range(len(head) - 1)]
    room = max(width - sum(widths) - len(_GAP) * len(widths), 12)
    lines = []
    for row in cells:
        fixed = [StyledText(f"{part.text:<{wide}}{_GAP}", part.style) for part, wide in zip(row[:-1], widths, strict=True)]
        lines.append([*fixed, StyledText(shorten(row[-1].text, room), row[-1].style)])
    return lines


def _cells(row: SessionRow, *, proved: bool) -> list[StyledText]:
    return [
        StyledText(row.session, "bold"),
        StyledText(_tests(row), "red" if _failing(row) else ""),
        StyledText(_by_tier(row)),
        StyledText(f"{row.new:,}"),
        StyledText(f"{row.lost:,}", "red" if row.lost else ""),
        StyledText(_earlier(row.earlier), "red" if _falls_short(row.earlier) else ""),
        StyledText(_coverage(row)),
        StyledText(_rate(row.new_code)),
        *([StyledText(proof_cell(row.proof), "red" if row.proof and not row.proof.holds else "")] if proved else []),
        StyledText(_gate(row), _GATE_STYLE[row.gate]),
    ]


def _stacked(row: SessionRow, width: int) -> Iterator[list[StyledText]]:
    gate = shorten(_gate(row), max(width - len(row.session) - 2, 12))
    yield [StyledText(row.session, "bold"), StyledText("  "), StyledText(gate, _GATE_STYLE[row.gate])]
    tests = [_tests(row), *([_by_tier(row)] if len(row.tiers) > 1 else []), f"{row.new:,} new", f"{row.lost:,} lost"]
    tests += [f"earlier {_earlier(row.earlier)}"] if row.earlier else []
    measured = [f"coverage {_coverage(row)}", f"new code {_rate(row.new_code)}"]
    measured += [f"proof {proof_cell(row.proof)}"] if row.proof else []
    for parts in (tests, measured):
        yield from ([StyledText(f"  {line}")] for line in _folded(parts, width - 2))


def _folded(parts: Sequence[str], width: int) -> Iterator[str]:
    """Fold the parts onto as few lines as possible, without breaking a part."""
    line = ""
    for part in parts:
        joined = f"{line} · {part}" if line else part
        if line and len(joined) > width:
            yield line
            joined = part
        line = joined
    yield line


def _tests(row: SessionRow) -> str:
    counts = row.counts
    shown = [f"{passing_of(counts):,} ✓"] + ([f"{_failing(row):,} ✗"] if _failing(row) else [])
    rest = (outcome for outcome in ("skipped", "xfailed", "not_run") if counts[outcome])
    shown += [f"{counts[outcome]:,} {outcome.replace('_', ' ')}" for outcome in rest]
    return "  ".join([*shown, *([f"{row.flaky:,} flaky"] if row.flaky else [])])


def _by_tier(row: SessionRow) -> str:
    return " · ".join(f"{tier} {passing_of(counts):,}/{sum(counts.values()):,}" for tier, counts in row.tiers.items())


def _failing(row: SessionRow) -> int:
    return row.counts["failed"] + row.counts["error"]


def _earlier(rate: Rate | None) -> str:
    return f"{rate.part:,}/{rate.whole:,}" if rate else _NOT_MEASURED


def _falls_short(rate: Rate | None) -> bool:
    return rate is not None and rate.part < rate.whole


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return _NOT_MEASURED
    return percent(rate.part, rate.whole) if rate.whole else "none"


def proof_cell(proof: SessionProof | None) -> str:
    """Say whether the proof holds, and how many of the faults that were tried the tests noticed."""
    if proof is None:
        return _NOT_MEASURED
    faults = f" {percent(proof.faults.part, proof.faults.whole)}" if proof.faults else ""
    return f"{'✓' if proof.holds else '✗'}{faults or (' holds' if proof.holds else ' does not hold')}"


def _coverage(row: SessionRow) -> str:
    return _NOT_MEASURED if row.percent is None else f"{percent_of(row.percent)}{_trend(row.percent_change)}"


def _trend(change: float | None) -> str:
    """Format a change as an arrow and percentage points, cut as elsewhere; one that is too small to show is ``=``."""
    if change is None:
        return ""
    size = points(change)
    return " =" if size == "0.0" else f" {'▲' if change > 0 else '▼'} {size}"


def _gate(row: SessionRow) -> str:
    why = [] if row.complete else ["incomplete"]
    names = [name for name in row.gate_names if name != "complete"]
    if row.gate == "passed":
        return "✓ passes" if row.complete else "– incomplete"
    return f"✗ {listed([*why, *names], most=6)}" if row.gate else "– no gate recorded"


def _span(run: Sequence[Moment]) -> str:
    first, last = run[0].session, run[-1].session
    return first if len(run) == 1 else f"{first} … {last} ({len(run):,} sessions)"


def _sign(moment: Moment) -> tuple[str, str]:
    if moment.outcome in PASSING:
        return ("≈", "yellow") if moment.flaky else ("✓", "green")
    if moment.outcome in ("failed", "error"):
        return "✗", "red"
    return ("–", "yellow") if moment.outcome else ("∅", "red")


PIPED = 10_000
"""The width for output that is not a terminal: so wide that nothing is folded."""

_MOST_NAMED = 10


@click.command(short_help="Compare sessions, or follow one test")
@click.argument("test", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
@verb
def history(handoff_dir: str | None, test: str | None, *, as_json: bool) -> int:
    """Show sessions side by side or, with TEST (an id, or any unique part of it), that test in every session."""
    from pytest_handoff.evidence.history import history_table, session_rows

    project = project_here(handoff_dir)
    records = {name: project.store.figures(name) for name in progress(project.store.sessions(), "reading records")}
    if not records:
        folder = project.shown(project.handoffs)
        raise EvidenceProblem("no session is recorded yet; start with pytest --handoff=session-1", path=folder)
    if test is not None:
        _tell_life(project.store, records, test, as_json=as_json)
        return GOOD
    rows = with_proofs(project, session_rows(records), records)
    if as_json:
        say_json(history_table(rows))
        return GOOD
    say_parts(history_lines(rows, width=_width()))
    return GOOD


def with_proofs(project: Project, rows: Iterable[SessionRow], records: Mapping[str, Record]) -> list[SessionRow]:
    """Add the result of its session's proof to each row."""
    return [replace(row, proof=_session_proof(project, records[row.session])) for row in rows]


def _session_proof(project: Project, record: Record) -> SessionProof | None:
    """Sum up the proof of a session's run; report one that cannot be read, and leave it out."""
    from pytest_handoff.evidence.history import Rate, SessionProof

    proof = shown_proof(project, record)
    if proof is None:
        return None
    faults = proof.faults
    rate = Rate(part=faults.caught + faults.timeout, whole=faults.tried) if faults is not None and faults.tried else None
    return SessionProof(holds=proof.holds, faults=rate)


def _tell_life(store: Store, records: Mapping[str, Record], wanted: str, *, as_json: bool) -> None:
    from pytest_handoff.evidence.history import in_order, life_of, life_table, names_of, with_absences

    ordered = in_order(records)
    test = _one_test(store, ordered, wanted)
    names, known = {test}, None
    while names != known:
        known = names
        ledgers = store.ledger_lines(ordered, names)
        names = names_of(test, ledgers)
    sessions = [record.session for record in ordered]
    moments = with_absences(life_of(names, zip(sessions, ledgers, strict=True)), sessions, Chain(store).before)
    if as_json:
        say_json(life_table(test, moments))
    else:
        say_parts(life_lines(moments))


def _one_test(store: Store, ordered: Sequence[Record], wanted: str) -> str:
    """Find the test id that is meant: an exact id of any session, else the only id of the newest sessions that contains it."""
    if any(store.names_test(record, wanted) and any(store.ledger_lines([record], {wanted})) for record in ordered):
        return wanted
    tips = Chain(store).tips()
    known = {test for record in ordered if record.session in tips for test in store.ledger(record)}
    found = sorted(test for test in known if wanted in test)
    if not found:
        gone = {test for record in ordered if record.session in tips for test in store.whole_ledger(record)[1]}
        found = sorted(test for test in gone if wanted in test)
    if len(found) != 1:
        store.ledger_lines(ordered, {wanted})  # an edited ledger is said before a name that is none
    if not found:
        newest = ordered[-1].session
        raise UsageProblem(f"no test has {wanted!r} in its id; handoff show {quote(newest)} --json lists them")
    if len(found) > 1:
        more = [f"and {len(found) - _MOST_NAMED:,} more"] if len(found) > _MOST_NAMED else []
        raise UsageProblem(f"{wanted!r} matches {len(found):,} ids; name one:", details=(*found[:_MOST_NAMED], *more))
    return found[0]


def _width() -> int:
    terminal = console()
    return terminal.width if terminal.is_terminal else PIPED

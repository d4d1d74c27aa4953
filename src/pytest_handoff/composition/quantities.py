"""Measure what documents count (all tests, or those of a tier, file, folder or session), and word it in the requested form."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_handoff.composition.counts import CHANGES, state_of
from pytest_handoff.composition.tables import MET, MISSED, Figure, coverage_of, share, status_of
from pytest_handoff.composition.wording import if_incomplete, live, passing
from pytest_handoff.document.figure_lines import WORDS
from pytest_handoff.document.figures_in_text import RATES
from pytest_handoff.document.labels import own_length
from pytest_handoff.document.scopes import PATH, SINCE, SUM
from pytest_handoff.evidence.metrics import run_seconds
from pytest_handoff.evidence.regression import count_passing
from pytest_handoff.figures import percent
from pytest_handoff.record import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_handoff.composition.earlier import Before
    from pytest_handoff.document.places import Place
    from pytest_handoff.evidence.facts import Facts
    from pytest_handoff.evidence.regression import LineGroup
    from pytest_handoff.figures import Comparison
    from pytest_handoff.record import Outcome, Record

PROMPTS = {"fraction": "[X/Y]", "percent": "[X%]", "count": "[N]", "mark": "[✅/❌]"}
"""What we write in place of a figure of ours that is no longer known."""

_OUTCOMES: Mapping[str, Outcome] = {"failed": "failed", "errors": "error", "skipped": "skipped", "xfailed": "xfailed"}
_TOLD = WORDS - {"result", "status"}
_OF_COVERAGE = ("coverage", "branch_coverage", "line_coverage", "statements", "covered", "missed")
_LESS_IS_BETTER = ("failed", "errors", "skipped", "xfailed", "missed")
"""Quantities for which a target without a sign is a maximum."""

_NUMBERS = r"\d|\b[nx#] (?:tests? )?pass|(?:\b[A-Z]{1,2}|[\]}>_#])\]? +(?:tests? +)?(?:pass|fail)"


def figure_values(measured: Measured, places: Sequence[Place], targets: Mapping[str, str]) -> dict[str, str]:
    """Map the id of each figure's place to its text; what is not known is left out.

    Args:
        targets: the targets that rows of tables name, by the id of the row.
    """
    figures = [place for place in places if place.quantity]
    rows = _scopes_by_table(figures)
    values = {}
    for place in figures:
        scopes = tuple(rows[_table_of(place)]) if place.scope == SUM else (place.scope,)
        if place.quantity.endswith(".status"):
            text = measured.status(place, scopes, targets.get(place.id.removesuffix(".status"), ""))
        else:
            text = measured.text(place, scopes)
        if text is not None:
            values[place.id] = text + place.tail
    return values


def without_remarks(
    places: Iterable[Place], memory: Mapping[str, str], known: Mapping[str, str]
) -> tuple[list[Place], dict[str, str]]:
    """Leave out the figures that a person wrote, unless they are claims that the evidence contradicts.

    Return the prompts that replace figures of ours that are no longer known.
    """
    kept: list[Place] = []
    prompts: dict[str, str] = {}
    for place in places:
        ours = place.state != "written" or own_length(place.text, memory.get(place.id, "")) is not None
        if not place.quantity or place.quantity.endswith(".target"):
            kept.append(place)
        elif ours or place.id in memory or (place.is_claim and _contradicts(place.text, known.get(place.id, ""))):
            kept.append(place)
            if ours and place.state == "written" and place.id not in known and place.form in PROMPTS:
                prompts[place.id] = PROMPTS[place.form] + place.tail
    return kept, prompts


def _contradicts(claim: str, evidence: str) -> bool:
    from pytest_handoff.document.claims import contradicts

    return contradicts(claim, evidence)


def _scopes_by_table(figures: Sequence[Place]) -> dict[str, dict[str, None]]:
    """Map each table to the scopes of its rows, except the total."""
    found: dict[str, dict[str, None]] = {}
    for place in figures:
        rows = found.setdefault(_table_of(place), {})
        if place.scope not in (SUM, ""):
            rows[place.scope] = None
    return found


def _table_of(place: Place) -> str:
    return place.id.partition(" in ")[2]


class Measured:
    """The evidence by quantity and scope.

    Args:
        parent: the record of the previous session, if there is exactly one.
        percent: the coverage of that session.
        lines: how many lines each source file has, if the document asks for that.
    """

    def __init__(self, facts: Facts, parent: Record | None, percent: float | None, lines: Mapping[str, int]) -> None:
        self._facts, self._parent, self._percent, self._lines = facts, parent, percent, lines
        self._inside: dict[tuple[str, int], list[str]] = {}

    @cached_property
    def _before(self) -> Before:
        """Return the evidence of the previous session, which few documents ask for."""
        from pytest_handoff.composition.earlier import Before

        return Before(self._facts, self._parent, self._percent)

    def text(self, place: Place, scopes: tuple[str, ...]) -> str | None:
        """Word a quantity in the form that the place has, or ``None`` if it is not known in it."""
        if place.quantity.endswith(".before"):
            return self._text_before(place.quantity.removesuffix(".before"), place.form) if scopes == ("",) else None
        if place.quantity.endswith(".change"):
            return self._text_of_change(place.quantity.removesuffix(".change")) if scopes == ("",) else None
        if place.quantity == "number":
            return str(int(found[0])) if (found := re.search(r"[0-9]{1,9}$", self._facts.session)) else None
        if place.quantity in _TOLD and not (self._facts.is_first and place.quantity == "config_files"):
            from pytest_handoff.composition.told import told

            return told(self._facts, place, scopes)
        if place.quantity in ("result", "status"):
            return self._result(place, scopes)
        figure = self._figure(place.quantity, scopes) if self._facts.record.run.complete else None
        return None if figure is None else _worded(figure, place.form, place.quantity)

    def status(self, place: Place, scopes: tuple[str, ...], target: str) -> str | None:
        """Say whether the target of a row is met, in the form that the place has."""
        figure = self._figure(place.quantity.removesuffix(".status"), scopes)
        default: Comparison = "<=" if place.quantity.removesuffix(".status") in _LESS_IS_BETTER else ">="
        met = None if figure is None else status_of(self._facts, figure, target, default)
        if met is None or place.form != "mark":
            return met
        return None if met not in (MET, MISSED) else mark_like(place.text, good=met == MET)

    def _figure(self, quantity: str, scopes: tuple[str, ...]) -> Figure | None:
        """Measure a quantity: a count, or a part with the whole that it is of."""
        if quantity in _OF_COVERAGE:
            return self._coverage(quantity, scopes)
        if quantity in CHANGES or quantity == "lines":
            return self._of_files(quantity, scopes)
        if quantity == "new_code":
            code = self._facts.record.new_code
            return share(code.covered, code.num_statements) if code and code.num_statements and scopes == ("",) else None
        if not self._knows_tests(scopes):
            return None
        if quantity == "test_files":
            return _count(len(self._facts.kinds.files(lambda kind: kind.live))) if scopes == ("",) else None
        return self._of_tests(quantity, scopes)

    def _new_tests(self, scopes: tuple[str, ...]) -> Figure | None:
        """Count the tests of some kinds that are new in this session."""
        if self._facts.is_first or any(scope.startswith((PATH, SINCE)) for scope in scopes):
            return None
        session = self._facts.session
        return _count(self._counted(lambda kind: kind.since == session and kind.tier in scopes).total())

    def _of_files(self, quantity: str, scopes: tuple[str, ...]) -> Figure | None:
        """Count the lines of a file, or what the session changed; for only some of the tests, count just the new ones."""
        changes = self._facts.record.changes
        if quantity == "lines":
            return _count(self._lines[path]) if (path := scopes[0].removeprefix(PATH)) in self._lines else None
        if scopes != ("",):
            return self._new_tests(scopes) if quantity == "new_tests" else None
        number = None if changes is None or self._facts.is_first else CHANGES[quantity](self._facts, changes)
        return None if number is None else _count(number)

    def _rate(self, scopes: tuple[str, ...]) -> Figure | None:
        """Measure the rate of a tier or of all tests as checklist lines do, so that a document has one."""
        rated = [line for scope in scopes for line in self._facts.rated(tier=scope or None)]
        return Figure(shown="", part=count_passing(rated), whole=len(rated)) if rated else None

    def _of_tests(self, quantity: str, scopes: tuple[str, ...]) -> Figure | None:
        if quantity == "pass_rate" and not any(scope.startswith((PATH, SINCE)) for scope in scopes):
            return self._rate(scopes)
        outcomes = self._outcomes(scopes)
        if quantity in _OUTCOMES:
            return _count(outcomes[_OUTCOMES[quantity]])
        if quantity in ("tests", "executed"):
            return _count(outcomes.total() - (outcomes["skipped"] if quantity == "executed" else 0))
        if quantity in ("passed", "pass_rate"):
            return Figure(shown="", part=passing(outcomes), whole=outcomes.total())
        return None

    def _result(self, place: Place, scopes: tuple[str, ...]) -> str | None:
        """Word the result of tests in the form that the place asks for: share, rate, mark, word, or number of each outcome."""
        if not self._knows_tests(scopes):
            return None
        outcomes = self._outcomes(scopes)
        passed, whole, incomplete = passing(outcomes), outcomes.total(), if_incomplete(self._facts)
        if place.form:
            if not whole or incomplete or place.form == "count":
                return None
            return {
                "mark": mark_like(place.text, good=passed == whole),
                "fraction": f"{passed:,}/{whole:,}",
                "percent": percent(passed, whole),
            }[place.form]
        if place.quantity == "status" or _asks_for_a_word(place.text):
            return state_of(outcomes) + incomplete
        words = [f"{outcomes[outcome]:,} {outcome.replace('_', ' ')}" for outcome in OUTCOMES if outcomes[outcome]]
        return (", ".join(words) or "no test") + incomplete

    def _knows_tests(self, scopes: tuple[str, ...]) -> bool:
        """Check that the scopes hold tests: for a file of code, the answer is not known, rather than zero."""
        paths = [scope for scope in scopes if scope.startswith(PATH)]
        return all(self._paths(scope, self._test_files) for scope in paths)

    @cached_property
    def _test_files(self) -> Counter[str]:
        return self._facts.kinds.files(lambda _kind: True)

    def _coverage(self, quantity: str, scopes: tuple[str, ...]) -> Figure | None:
        measured = self._facts.record.coverage
        if measured is None or not all(scope == "" or scope.startswith(PATH) for scope in scopes):
            return None
        paths = dict.fromkeys(path for scope in scopes for path in self._paths(scope, measured.files))
        files = [measured.files[path] for path in paths]
        if not files:
            return None
        if quantity == "coverage":
            return coverage_of(files, measured.shown if scopes == ("",) else None)
        if quantity == "branch_coverage":
            branches = sum(file.num_branches or 0 for file in files)
            return share(sum(file.covered_branches or 0 for file in files), branches) if branches else None
        statements, covered = sum(file.num_statements for file in files), sum(file.covered for file in files)
        if quantity == "line_coverage":
            return share(covered, statements)
        return _count({"statements": statements, "covered": covered, "missed": statements - covered}[quantity])

    def _text_before(self, quantity: str, form: str) -> str | None:
        if quantity == "duration":
            seconds = self._before.seconds
            return None if seconds is None else f"{seconds:.2f}" if form == "count" else f"{seconds:.2f} s"
        figure = self._before.figure(quantity)
        return None if figure is None else _worded(figure, form, quantity)

    def _text_of_change(self, quantity: str) -> str | None:
        """Word how a count, or a rate in percentage points, differs from the previous session."""
        run, before = self._facts.record.run, self._before
        if quantity == "duration":
            now, then = run_seconds(run), before.seconds
            return None if now is None or then is None else f"{now - then:+.2f} s"
        figure, old = self._figure(quantity, ("",)) if run.complete else None, before.figure(quantity)
        if figure is None or old is None:
            return None
        if quantity not in RATES:
            return f"{figure.part - old.part:+,}" if figure.part != old.part else "0"
        return _points(_number_in(_worded(figure, "percent", quantity)) - _number_in(_worded(old, "percent", quantity)))

    def _outcomes(self, scopes: tuple[str, ...]) -> Counter[Outcome | None]:
        """Count the outcomes of the tests in any of these scopes."""
        found: Counter[Outcome | None] = Counter()
        for scope in scopes:
            if scope.startswith(PATH):
                for file in self._paths(scope, self._by_file):
                    found += self._by_file[file]
            elif scope.startswith(SINCE):
                since = scope.removeprefix(SINCE)
                found += self._counted(lambda kind, since=since: kind.since == since)  # type: ignore[misc]
            else:
                found += live(self._facts, scope or None)
        return found

    def _paths(self, scope: str, known: Mapping[str, object]) -> Sequence[str]:
        """Return the known files of a scope: all, one, or those in a folder."""
        path = scope.removeprefix(PATH)
        if not path.endswith("/"):
            return list(known) if not path else [path] if path in known else []
        key = (path, id(known))
        if key not in self._inside:
            self._inside[key] = [file for file in known if file.startswith(path)]
        return self._inside[key]

    def _counted(self, wanted: Callable[[LineGroup], bool]) -> Counter[Outcome | None]:
        found: Counter[Outcome | None] = Counter()
        for kind, number in self._facts.kinds:
            if kind.live and wanted(kind):
                found[kind.outcome] += number
        return found

    @cached_property
    def _by_file(self) -> dict[str, Counter[Outcome | None]]:
        found: dict[str, Counter[Outcome | None]] = {}
        for outcome in dict.fromkeys(kind.outcome for kind, _ in self._facts.kinds if kind.live):
            files = self._facts.kinds.files(lambda kind, outcome=outcome: kind.live and kind.outcome == outcome)  # type: ignore[misc]
            for file, number in files.items():
                found.setdefault(file, Counter())[outcome] += number
        return found


def _worded(figure: Figure, form: str, quantity: str) -> str | None:
    """Write a figure in a form; if nothing says which, write a rate in percent and everything else as a count."""
    part, whole = figure.part, figure.whole
    form = form or ("percent" if quantity in RATES else "count")
    if form == "percent":
        return None if not whole else figure.shown or percent(part, whole)
    if form == "fraction":
        return f"{part:,}/{whole:,}" if whole else None
    return f"{part:,}" if form == "count" and quantity not in RATES else None


_MARKS = (("🟢", "🔴"), ("✓", "✗"), ("✔", "✘"))


def mark_like(text: str, *, good: bool) -> str:
    """Choose a mark of the kind that a prompt offers, or that we wrote there earlier."""
    pair = next((pair for pair in _MARKS if pair[0] in text or pair[1] in text), ("✅", "❌"))
    return pair[0] if good else pair[1]


def _asks_for_a_word(text: str) -> bool:
    """Check for alternatives such as ``[PASS/FAIL]``, or the word that answered them."""
    plain = text.casefold()
    answers = ("passing", "failing", "not yet written", "none passes", "not all were run")
    return ("pass" in plain and "fail" in plain and re.search(_NUMBERS, text) is None) or plain.startswith(answers)


def _number_in(text: str | None) -> Decimal:
    return Decimal((text or "0").removesuffix("%").strip())


def _points(change: Decimal) -> str:
    return f"{change:+}" if change else "0"


def _count(number: int) -> Figure:
    return Figure(shown="", part=number)

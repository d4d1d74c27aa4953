"""Find out which tests a spot in a document is about: all, a tier, a file, a folder, those a session added, or unknown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from pytest_handoff.document.figures_in_text import figures_in, skeleton
from pytest_handoff.document.labels import keys_of, read_label
from pytest_handoff.document.names_of_quantities import quantity_of
from pytest_handoff.document.quantities import QUANTITIES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pytest_handoff.document.outline import Heading, Outline, TextLine
    from pytest_handoff.document.places import Place


class Names(msgspec.Struct, frozen=True):
    """List the names that the project's documents may give to its tests.

    Attributes:
        scopes: names of kinds of tests, files, folders and sessions, with the scope that each means.
        number: that of the session at hand, if its name ends in one.
        series: what stands before that number in the session's name, such as ``phase``.
        filled: values of ours with more than one figure, such as ``62.5 % (s1: 83.3 %)``: each is one value.
    """

    scopes: Mapping[str, str]
    number: int | None
    series: str = ""
    filled: tuple[str, ...] = ()


ALL, SUM, PATH, SINCE = "", "sum", "path ", "since "
"""The scope of all tests, that of all other rows of a table, and the beginnings of those of a path and of an earlier session."""

_LONGEST_NAME = 80
FRONT_MATTER = "front."
"""How the ids of places in front matter begin: their values are YAML, not Markdown."""


_NEUTRAL = frozenset({
    "test", "tests", "testing", "results", "result", "status", "summary", "metrics", "metric", "quality", "code", "coverage",
    "overall", "executive", "final", "current", "success", "key", "session", "report", "statistics", "stats", "execution",
    "suite", "complete", "full", "regression", "validation", "verification", "evidence", "overview", "and", "the", "of",
    "for", "total", "breakdown", "by", "category", "categories", "type", "types", "tier", "tiers", "kind", "kinds", "file",
    "files", "run", "runs", "details", "detailed", "information", "info", "state", "project", "quantitative", "achieved",
    "implementation", "git", "repository", "environment", "after", "outcome", "outcomes", "numbers", "figures", "at", "a",
    "glance", "health", "dashboard", "battery", "measurements", "measured", "delivery", "handoff", "hand", "off", "all",
    "in", "scorecard", "module", "modules", "folder", "achievements", "what", "was", "were", "done", "changes", "change",
    "work", "completed", "this", "our", "analysis", "findings", "assurance", "gates", "inventory", "output", "outputs",
    "log", "terminal", "command", "commands", "closing", "line", "lines", "pytest", "python", "counts", "count", "passing",
    "passed", "failing", "failed", "skipped", "testergebnisse", "teststatus", "kennzahlen", "qualität", "überblick",
    "zusammenfassung", "abdeckung", "phase", "sprint", "snapshot", "artifacts", "proof", "per", "package", "packages",
    "table", "check", "checks", "accomplishments", "review", "where", "things", "stand", "stands", "size", "reached", "pass",
    "rate", "it", "again", "impact", "progress",
})  # fmt: skip
"""Words of headings below which figures are of all tests; one with another word, such as *New Code*, is about something else."""

_NEUTRAL_TO_PROMPTS = _NEUTRAL | {
    "repo", "automated", "automatic", "candidate", "b", "c", "d", "ii", "iii", "iv", "machine", "changed", "tldr", "tl", "dr",
    "how", "i", "we", "verified", "verify", "my", "is", "are", "be", "to", "from", "with", "on", "as", "s", "touched", "diff",
    "tree", "version", "control", "vcs", "counters", "counter", "one", "two", "layer", "layers", "level", "levels", "area",
    "step", "part", "section", "story", "holds", "fix", "fixed", "fixes", "exit", "criteria", "requirement", "requirements",
    "gate", "card", "sheet", "note", "notes", "board", "sign", "signoff", "ready", "readiness", "left", "red", "green", "today",
    "now", "end", "close", "short", "quick", "brief", "general", "basic", "basics", "facts", "data", "about", "ran", "running",
    "executed", "tested", "proved", "proven", "checked", "measure", "measuring", "measurement", "context", "header", "meta",
    "metadata", "identity", "reference", "references", "branch", "commit", "commits", "head", "workspace", "working",
    "worktree", "local", "env", "runtime", "interpreter", "toolchain", "platform", "footprint", "scope", "shipped", "delivered",
    "built", "made", "did", "wrote", "added", "created", "modified", "removed", "deleted", "edited", "updated", "statements",
    "handed", "over", "handover", "transfer", "reviewer", "reviewers", "you", "your", "their", "team", "cycle", "iteration",
    "wrap", "up", "wrapup", "recap", "digest", "synopsis", "abstract", "outline", "bottom", "headline", "headlines",
    "situation", "position", "standing", "condition", "signal", "signals", "indicator", "indicators", "kpi", "kpis", "score",
    "scores", "rates", "ratio", "totals", "tally", "tallies", "ledger", "matrix", "tables", "list", "statistic", "verifying",
    "validating", "acceptance", "dod", "definition", "safety", "net", "nets", "everything", "whole", "actual", "actuals",
    "latest", "recent", "observed", "that", "which", "there", "here", "so", "far", "when", "finished", "release", "flight",
    "preflight", "merge", "pr", "pull", "request", "verdict", "decision", "decisions", "conclusion", "conclusions",
    "confidence", "trust", "guard", "guards", "passes", "broken", "works", "does", "still", "ve", "have", "has", "been", "its",
    "suites", "cases", "case", "comparison", "vs", "hard", "objective", "vital", "vitals", "sanity", "self", "audit", "audited",
    "assessment", "evaluation", "deliverables", "deliverable", "technical", "closing", "closure", "completion", "safe", "sound",
    "clean", "proofs", "confirm", "confirmed", "confirmation", "me", "us", "myself", "who", "really", "actually", "exactly",
    "honest", "recorded", "went", "kind", "criterion", "number", "figure", "into", "or", "go", "get", "got", "re", "what",
    "under", "moved", "right", "measures", "good", "truth", "real", "raw", "detail", "id", "ids", "provenance", "origin",
    "identification", "test", "metrics", "stats", "percentages", "e", "f", "g", "vi", "v",
}  # fmt: skip
"""Words that narrow nothing where a prompt asks, while a person's figure below them may well be about something else."""

_PHRASES = frozenset(
    {
        "pre merge",
        "pre flight",
        "pre release",
        "against target",
        "before after",
        "before and after",
        "before vs after",
        "unit test results",
        "python test results",
        "in short",
        "in a nutshell",
        "entry and exit criteria",
        "change set",
        "test pyramid",
    }
)
_BEFORE_ACTING = (
    r"(?i)\b(?:before|prior to) (?:you |we |i )?(?:start|begin|merg|releas|ship|push|committ?|leav|go|clos|hand|deploy)"
    r"(?:e|es|ing)?(?: (?:off|over|on))?\b|\bpre[- ](?:commit|push|deploy|ship|handoff|check)\b"
)
"""What is to be done first: no other time is spoken of."""
_IN_EACH_BEFORE = ("before ", "or to ", "pre-", "pre ")

_OTHER_TIMES = frozenset({
    "before", "last", "previous", "previously", "baseline", "planned", "plan", "plans", "next", "target", "targets", "goal",
    "goals", "old", "initial", "initially", "start", "yesterday", "week", "month", "expected", "wanted", "required", "legacy",
    "prior", "earlier", "then", "was", "former", "should", "todo", "future", "proposed", "upcoming", "original", "first",
    "until", "estimate", "estimates", "estimated", "hoped", "desired", "minimum", "example", "examples", "template", "sample",
})  # fmt: skip
_FIGURES = r"\[[^\[\]]*\]|\d[\d,./%]*"
_NUMBERED = r"(?i)\b(?:session|phase|sprint)\s+#?(\d{1,9})\b"


def is_neutral(heading: str, number: int | None, known: frozenset[str] = _NEUTRAL_TO_PROMPTS) -> bool:
    """Check that a heading narrows nothing: figures below it are about all tests, as they are now.

    Args:
        number: that of the session at hand; a heading that names another session speaks of then.
        known: words that narrow nothing.
    """
    if _is_of_another(heading, number):
        return False
    words = re.sub(_BEFORE_ACTING, " ", heading) if _may_say_before(heading) else heading
    words = re.sub(_FIGURES, " ", words) if "[" in words or _has_number(words) else words
    return any(form in _PHRASES or set(form.split()) <= known for form in keys_of(words) or {""})


def _may_say_before(heading: str) -> bool:
    plain = heading.casefold()
    return any(sign in plain for sign in _IN_EACH_BEFORE)


def _has_number(text: str) -> bool:
    return any(map(str.isdecimal, text))


def _is_of_another(heading: str, number: int | None) -> bool:
    """Check whether a heading names another session than the one at hand."""
    return _has_number(heading) and any(int(other) != number for other in re.findall(_NUMBERED, heading))


_NARROWING = frozenset({
    "failed", "failing", "skipped", "broken", "red", "left", "added", "created", "modified", "removed", "deleted", "wrote",
    "fixed", "fixes", "updated", "edited",
})  # fmt: skip
_BOTH = frozenset({"passed", "passing", "passes", "green", "total", "totals"})


def narrows(heading: str) -> bool:
    """Check whether a heading is about tests of one outcome or change: a count below it does not count all tests."""
    words = set(heading.casefold().split())
    return len(words & _NARROWING) == 1 and not words & _BOTH


class Scopes:
    """The scopes of the lines of one document."""

    def __init__(self, parsed: Outline, names: Names, closed: Collection[int]) -> None:
        self.parsed, self.names, self.closed = parsed, names, closed
        self._known: dict[int, str | None] = {}
        self._items: dict[int, str | None] = {}
        self._current: dict[int, bool] = {}
        self._spoken: dict[tuple[int, str], bool] = {}
        self._led = _led_lines(parsed)

    def named(self, text: str) -> str | None:
        """Return the scope that a text names, or ``None`` if it names none."""
        found = next((self.names.scopes[key] for key in sorted(keys_of(text)) if key in self.names.scopes), None)
        if found is None and text.endswith((")", ")**")) and "(" in text:  # *Layer 1 (unit)*
            inner = keys_of(text[text.rindex("(") :])
            return next((self.names.scopes[key] for key in sorted(inner) if key in self.names.scopes), None)
        return found

    def below(self, line: int) -> str | None:
        """Return the scope of the innermost heading above a line; ``None`` if the heading is about something else."""
        path = self.parsed.path(line)
        at = path[-1].line if path else -1
        if at not in self._known:
            self._known[at] = self._of_heading(line)
        return self._known[at]

    def paths_alone(self, line: int) -> bool:
        """Check that a line is about a file as it is now, whatever else the headings above are about."""
        path = self.parsed.path(line)
        at = path[-1].line if path else -1
        if at not in self._current:
            self._current[at] = self._speak_of_now([heading.text for heading in path])
        return self._current[at]

    def _speak_of_now(self, headings: list[str]) -> bool:
        """Check that no heading names another time or another session."""
        other = any(not _OTHER_TIMES.isdisjoint(form.split()) for text in headings for form in keys_of(text))
        return not other and not any(_is_of_another(text, self.names.number) for text in headings)

    def is_certain(self, line: int) -> bool:
        """Check that a person's figure in a line is about the project's tests: the heading has only well-known words."""
        path = self.parsed.path(line)
        return path in ((), self.parsed.headings[:1]) or is_neutral(path[-1].text, self.names.number, _NEUTRAL)

    def of(self, line: TextLine) -> str | None:
        """Return the scope of a line of text: that of the item around it, else of the heading above it."""
        if line.line in self._led:
            return self._of_lead(self._led[line.line], line.line)
        outer = [parent for parent in line.parents if parent is not line]
        if not outer:
            return self.below(line.line)
        item = outer[-1]
        if item.line not in self._items:  # many lines may stand in one item
            self._items[item.line] = self._of_item(item)
        return self._items[item.line]

    def _of_lead(self, lead: str, line: int) -> str | None:
        """Return the scope that a text before a list names; what is filled in behind a label there changes nothing."""
        label = read_label(lead)
        if label is not None and lead[label.start : label.end].strip():
            counts = quantity_of(label.keys, QUANTITIES) is not None
            return self.named(label.text) or (self.below(line) if counts or is_neutral(label.text, self.names.number) else None)
        return self.named(lead) or (self.below(line) if is_neutral(lead, self.names.number) or _is_fact(lead) else None)

    def _of_item(self, item: TextLine) -> str | None:
        """Return the scope that an outer item names; one such as *All tests* leaves that of what is around it."""
        label = read_label(item.text)
        if label is None and len(item.text) > _LONGEST_NAME:
            return None
        name = item.text if label is None else label.text
        named = self.named(name)
        return named if named is not None or not is_neutral(name, self.names.number) else self.of(item)

    def name_above(self, line: TextLine) -> str:
        """Return the name of the item around a line, of the text that leads to it if that counts something, or of the heading."""
        outer = [parent for parent in line.parents if parent is not line]
        if not outer:
            lead = keys_of(self._led.get(line.line, "")) & (QUANTITIES.keys() | {"known failures"})
            return min(lead, default="") or self.heading(line.line)
        label = read_label(outer[-1].text)
        return min(label.keys if label else keys_of(outer[-1].text), default="")

    def heading(self, line: int) -> str:
        """Return the name of the innermost heading, as it stands in the ids of places."""
        path = self.parsed.path(line)
        if not path or path == self.parsed.headings[:1]:
            return "top"
        figures = figures_in(path[-1].text, names=self.names.scopes)
        return skeleton(path[-1].text, figures) if figures else _key(path[-1].text)

    def speaks_of(self, line: int, word: str) -> bool:
        """Check whether one of the headings above a line, or a line of text below the innermost, has this word in it."""
        path = self.parsed.path(line)
        at = path[-1].line if path else -1
        if (at, word) not in self._spoken:
            texts = [*(heading.text.casefold() for heading in path), self._texts.get(at, "")]
            self._spoken[at, word] = any(word in text for text in texts)
        return self._spoken[at, word]

    @cached_property
    def _texts(self) -> dict[int, str]:
        """Map the line of each heading to the text right below it, without what stands behind labels: we may fill that."""
        found: dict[int, list[str]] = {}
        for line in self.parsed.lines:
            path = self.parsed.path(line.line)
            label = read_label(line.text)
            said = line.text if label is None else label.text
            found.setdefault(path[-1].line if path else -1, []).append(said.casefold())
        return {at: "\n".join(texts) for at, texts in found.items()}

    def _of_heading(self, line: int) -> str | None:
        path = self.parsed.path(line)
        if not path or path == self.parsed.headings[:1]:
            return ALL
        named = self.named(path[-1].text)
        if named is not None:
            return named
        return ALL if is_neutral(path[-1].text, self.names.number) and self._outer_is_neutral(path) else None

    def _outer_is_neutral(self, path: tuple[Heading, ...]) -> bool:
        """Check that none of the outer headings, apart from the title, names a part of the tests or another session."""
        outer = path[1:-1] if path[0] is self.parsed.headings[0] else path[:-1]
        return all(is_neutral(heading.text, self.names.number) for heading in outer)


def _is_fact(text: str) -> bool:
    """Check for a fact that stands before a list and is no lead to it: *Commit ..... c31486f*."""
    if " " not in text or len(text) > _LONGEST_NAME:
        return False
    from pytest_handoff.document.divided_lines import divided

    found = divided(text)
    return found is not None and quantity_of(keys_of(found["label"]), QUANTITIES) is not None


def unique(places: Iterable[Place]) -> list[Place]:
    """Keep the places with an id of their own: if two share one, nothing could tell them apart later."""
    known = list(places)
    times = Counter(place.id for place in known)
    return [place for place in known if times[place.id] == 1]


def figure_id(quantity: str, scope: str, where: str) -> str:
    """Build the id of a figure's place: what it counts, of which tests, and where it stands."""
    of = f" of {scope}" if scope else ""
    return f"figure.{quantity}{of} in {where}"


def _key(text: str) -> str:
    return min(keys_of(text), default="") or re.sub(r"\W+", " ", text).strip()[:40]


def _led_lines(parsed: Outline) -> dict[int, str]:
    """Find the lines that open items of a list with a lead-in, each with that text: it may say what they are about."""
    led: dict[int, str] = {}
    lead: TextLine | None = None
    for line in parsed.lines:
        if line.opens_item and lead is not None and parsed.path(line.line) == parsed.path(lead.line):
            led[line.line] = lead.text
        elif line.line == line.paragraph and not (line.opens_item or line.parents):
            lead = line if line.followed else None
    return led

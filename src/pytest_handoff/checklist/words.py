"""List the words that a checklist line may use, by their meaning: mostly English, some German.

The tables hold words only. The sentences that these words may form are in ``sentences``, so a project can
teach new words for known things, but never a new kind of claim.
"""

from __future__ import annotations

import msgspec

from pytest_handoff.record import Frozen

Table = dict[str, tuple[str, ...]]


class Words(Frozen, frozen=True):
    """Phrases by meaning. The keys of each table are fixed, the phrases are not; case and hyphens make no difference.

    Attributes:
        subjects: what a line can be about.
        tiers: what the kinds of tests are called. The name of a tier always stands for it, too.
        formats: what the formats of configuration files are called.
        scopes: which sessions' tests; ``…_after`` phrases follow the noun ("from previous sessions"), the others come
            before it. "In this session" is not one: it may say whose tests, or when all of them ran. ``new`` is this session's
            tests, or what is new about them: "no new failing tests".
        verbs: what a line says about the subject.
        quantities: ``all``, ``each`` (with a singular) and ``none``.
        comparisons: by operator; ``or_more`` follows the number ("or higher").
        links: words that join claims or parts of one; ``opener`` only begins a line ("ensure that").
        fillers: single words that change nothing, wherever they are.
    """

    subjects: Table
    tiers: Table
    formats: Table
    scopes: Table
    verbs: Table
    quantities: Table
    comparisons: Table
    links: Table
    fillers: tuple[str, ...]

    def __hash__(self) -> int:
        """Hash the content, so that what is built from the tables can be cached."""
        return hash(msgspec.json.encode(self))


_SUBJECTS: Table = {
    "tests": ("tests", "test cases", "testcases", "Testfälle"),
    "test": ("test", "test case", "Testfall"),
    "suite": ("test suite", "testsuite", "test suites", "tests suite", "complete test suite", "suite", "complete suite",
              "pytest suite"),
    "coverage": (
        "coverage", "test coverage", "code coverage", "test code coverage", "minimum coverage",
        "minimum test coverage",
        "minimum code coverage", "a coverage", "a test coverage", "a code coverage",
        "Testabdeckung", "Codeabdeckung", "Code-Abdeckung", "Abdeckung",
    ),
    "total_coverage": (
        "overall coverage", "overall test coverage", "overall code coverage", "total coverage", "total test coverage",
        "total code coverage", "project coverage", "overall project coverage", "Gesamtabdeckung",
    ),
    "coverage_target": (
        "coverage target", "coverage goal", "coverage threshold", "test coverage target", "test coverage goal",
        "test coverage threshold", "code coverage target", "code coverage goal", "code coverage threshold",
    ),
    "threshold": ("threshold", "target", "goal"),
    "new_code": (
        "new code", "newly added code", "newly written code", "added code", "changed code", "new and changed code",
        "new or changed code", "new and modified code", "new or modified code", "new lines", "new lines of code",
        "changed lines", "new and changed lines", "new or changed lines", "new code in this session", "neuer Code",
        "neuen Code", "neuem Code", "neuen Codes",
    ),
    "new_code_coverage": ("patch coverage", "diff coverage"),
    "code": ("code", "codebase", "code base", "Quellcode"),
    "pass_rate": (
        "test pass rate", "overall pass rate", "overall test pass rate", "minimum pass rate", "minimum test pass rate",
        "test success rate",
        "pass rate", "a pass rate", "a test pass rate", "passing rate", "Erfolgsquote", "Bestehensquote",
    ),
    "regressions": (
        "regressions", "regression", "new regressions", "test regressions", "regressed tests", "Regressionen",
        "neuen Regressionen",
    ),
    "skipped": (
        "skipped", "were skipped", "was skipped", "skips", "test skips", "skipped test", "übersprungen", "übersprungenen",
        "übersprungene",
    ),
    "flaky": ("flaky", "flaky test", "flakes", "flakiness", "instabilen", "instabile"),
    "failing": ("failing", "failed", "broken", "gebrochenen", "fehlgeschlagenen", "fehlgeschlagene"),
    "fail": ("fail", "fails"),
    "failures": ("failures", "failure", "Fehlschläge"),
    "errors": ("errors", "error"),
    "import_errors": ("import errors", "import error", "Importfehler"),
    "collection_errors": (
        "collection errors", "test collection errors", "errors during collection", "errors during test collection",
        "errors in test collection",
    ),
    "coverage_report": ("coverage report", "coverage reports", "test coverage report", "code coverage report"),
    "config_files": (
        "configuration files", "config files", "configuration file", "config file", "Konfigurationsdateien",
        "Konfigurationsdatei",
    ),
    "files": ("files", "Dateien"),
    "file": ("file", "Datei"),
    "changed": ("changed", "modified", "touched", "new and changed", "new or changed", "geänderten"),
    "config": ("configuration", "configurations", "config", "Konfiguration"),
    "metric_targets": (
        "performance targets", "performance goals", "performance budgets", "metric targets", "benchmark targets",
        "Leistungsziele",
    ),
    "mutation_score": ("mutation score", "mutation test score", "mutation testing score", "minimum mutation score"),
    "faults": ("injected faults", "injected bugs", "injected defects", "seeded faults", "seeded bugs", "mutants"),
    "promises": ("promises", "Zusagen"),
    "instructions": (
        "validation checklist items from session instructions", "checklist items from session instructions",
        "validation items from session instructions", "items from session instructions",
        "validation checklist items of session instructions", "checklist items of session instructions",
        "validation checklist items in session instructions", "checklist items in session instructions",
    ),
}  # fmt: skip

_TIERS: Table = {
    "unit": ("unit",),
    "integration": ("integration", "integrations"),
    "e2e": ("e2e", "end to end", "Ende zu Ende"),
    "performance": ("performance",),
}

_FORMATS: Table = {"JSON": ("JSON",), "YAML": ("YAML", "YML"), "TOML": ("TOML",), "INI": ("INI",)}

_SCOPES: Table = {
    "current": (
        "newly added", "newly written", "newly created", "current session", "current session's", "this session's",
        "this session",
    ),
    "new": ("new", "newly", "newly introduced", "neuen", "neue"),
    "previous": (
        "existing", "pre-existing", "preexisting", "already existing", "earlier", "older", "previous", "prior",
        "previously passing",
        "previous session", "previous sessions", "previous sessions'", "previous session's", "earlier sessions'",
        "prior sessions'", "bestehenden", "bisherigen", "früheren",
    ),
    "all": ("new and existing", "existing and new", "old and new", "new and old", "neuen und bestehenden"),
    "current_after": (
        "for current session", "from current session", "of current session", "for this session",
        "from this session", "of this session", "added in this session", "written in this session",
        "added this session", "written this session", "created in this session", "created this session",
        "added during this session", "written during this session", "added in current session", "added for this session",
        "dieser Session",
        "aktuellen Session",
        "für aktuelle Session", "aus dieser Session",
    ),
    "previous_after": (
        "that passed before", "which passed before", "that existed before", "that were there before", "that were green before",
        "that passed in previous session", "that passed in last session", "that passed last session",
        "from previous sessions", "of previous sessions", "for previous sessions", "in previous sessions",
        "from all previous sessions", "of all previous sessions", "from earlier sessions", "of earlier sessions",
        "from all earlier sessions", "of all earlier sessions", "from prior sessions", "of prior sessions",
        "from all prior sessions", "of all prior sessions", "from previous session", "of previous session",
        "compared to previous session", "compared to previous sessions", "compared with previous session",
        "since previous session", "vs. previous session", "früherer Sessions",
        "aller früheren Sessions", "aus früheren Sessions", "vorheriger Sessions", "aus vorherigen Sessions",
    ),
    "all_after": ("from all sessions", "of all sessions", "from current and previous sessions", "aller Sessions"),
}  # fmt: skip

_VERBS: Table = {
    "pass": (
        "pass", "passes", "passing", "passed", "have passed", "has passed", "pass successfully", "green", "succeed",
        "succeeds",
        "succeeded",
        "continue to pass", "do pass",
        "continue passing", "continues to pass", "run and pass", "run green", "fully green", "pass fully",
        "executed and passing", "run and passing",
        "come back green", "came back green", "came out green", "come out green", "pass without exception",
        "passes without exception", "pass cleanly", "passes cleanly", "ran green", "turn green", "turned green",
        "remain green", "stay green", "remains green", "stays green", "bestehen", "bestanden",
        "laufen durch", "grün",
    ),
    "written_and_pass": (
        "added and passing", "added and pass", "created and passing", "created and pass", "written and passing",
        "written and pass", "implemented and passing", "implemented and pass", "exist and pass",
        "hinzugefügt und bestanden",
    ),
    "added": (
        "added", "written", "created", "implemented", "add", "were added", "was added", "were written", "was written",
        "were created", "was created", "have been added", "have been written", "hinzugefügt",
    ),
    "reach": (
        "at", "maintained at", "kept", "kept at", "stays at", "remains at", "sits", "sits at", "stands at", "lies at",
        "comes in at", "achieve", "achieves", "achieved", "maintain",
        "maintains", "maintained", "reach", "reaches",
        "reached", "have", "has", "meets", "met",
        "provide", "provides", "remains", "stays", "erreicht", "erreichen", "beträgt", "liegt bei",
    ),
    "cover": ("cover", "covers"),
    "catch": ("catch", "catches", "detect", "detects", "notice", "kill"),
    "unchanged": ("unchanged", "unmodified", "unedited", "as they were"),
    "without_change": (
        "without the change", "without the changes", "without this change", "without these changes", "without the new code",
        "on the code of before", "on the old code", "on the code before the change",
    ),
    "caught": ("caught", "caught by tests", "noticed", "killed"),
    "covered": ("covered", "covered by", "covered by tests", "abgedeckt"),
    "executed": ("executed", "execute", "run", "ran"),
    "regressed": ("regressed", "regress", "have regressed", "has regressed"),
    "collected": ("collected", "collect", "collected successfully", "collect successfully"),
    "introduced": ("introduced", "were introduced", "was introduced", "have been introduced", "eingeführt"),
    "there": ("detected", "found", "present", "remain", "remaining"),
    "generated": ("generated", "created and available", "produced", "available", "erzeugt", "vorhanden"),
    "valid": ("valid", "validated", "gültig"),
    "parse": (
        "parse", "parses", "parsed", "parse correctly", "parse cleanly", "parse successfully", "can be parsed",
        "well-formed", "parseable", "syntactically valid",
        "syntaktisch gültig",
    ),
    "documented": ("documented", "dokumentiert"),
    "completed": ("completed", "complete", "done", "checked", "erledigt"),
}  # fmt: skip

DEFAULT_WORDS = Words(
    subjects=_SUBJECTS,
    tiers=_TIERS,
    formats=_FORMATS,
    scopes=_SCOPES,
    verbs=_VERBS,
    quantities={
        "all": ("all", "all of", "each of", "every one of", "entire", "whole", "full", "complete set of", "alle", "aller",
                "sämtliche"),
        "each": ("every", "each", "every single", "jeder"),
        "none": ("no", "zero", "none", "none of", "there are no", "not a single", "not one", "nothing",
                 "keine", "keinen"),
    },
    comparisons={
        ">": (
            ">", "above", "over", "more than", "greater than", "exceeds", "exceed", "exceeding", "higher than",
            "über", "mehr als",
        ),
        ">=": (
            ">=", "≥", "⩾", "at least", "minimum", "minimum of", "min", "min.", "no fewer than", "not fewer than",
            "not less than", "no less than", "not below", "not under", "no lower than", "not lower than", "never below",
            "does not fall below", "does not drop below", "doesn't fall below", "doesn't drop below", "never falls below",
            "has not dropped below", "has not fallen below", "did not drop below", "did not fall below", "is not below",
            "hasn't dropped below", "hasn't fallen below", "didn't drop below", "didn't fall below", "not dropped below",
            "greater than or equal to", "at or above",
            "mindestens",
        ),
        "==": ("=", "==", "exactly", "genau"),
        "<=": ("<=", "≤", "at most", "no more than", "not more than", "maximum", "höchstens"),
        "<": ("<", "below", "under", "less than", "fewer than", "unter"),
        "or_more": (
            "+", "or higher", "or more", "or above", "or greater", "or better", "and above", "oder mehr",
            "oder höher",
        ),
    },
    links={
        "and": ("and", "&", ";", "und"),
        "or": ("or", "nor", "oder"),
        "with": ("with", "mit"),
        "without": ("without", "ohne"),
        "in": ("in", "inside", "within"),
        "of": ("of", "for", "on", "from", "out of", "von", "für", "zu"),
        "percent": ("%", "percent", "per cent", "pct", "Prozent"),
        "opener": (
            "ensure", "make sure", "verify", "verified", "confirm", "confirmed", "check", "ensure that", "make sure that",
            "verify that", "verified that", "confirm that", "confirmed that", "check that",
        ),
    },
    fillers=("the", "is", "are", "been", "must", "still", "now", "today", "currently", "successfully", "also", "der", "die",
             "das", "den", "dem", "sind", "ist", "weiterhin", "noch"),
)  # fmt: skip

"""List the rows of tags that each sentence of the checklist language may be written in.

A sentence is a row of tags in a fixed order, with ``?`` marking those that may be missing and ``|`` a choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_handoff.checklist.meanings import (
    collection,
    coverage,
    faults,
    few_fail,
    files_parse,
    files_valid,
    flaky,
    instructions,
    metrics,
    need_the_change,
    new_code,
    new_tests,
    none_fails,
    none_of,
    none_of_these_fails,
    pass_rate,
    promises,
    regression,
    regressions_of,
    reports,
    skips,
    tests_counted,
    tests_pass,
    unchanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_handoff.checklist.meanings import Found, Specs

_WHO = "scope|scope_new? tier?"
_TESTS = f"{_WHO} tests scope_after?"
_COVERAGE = "coverage|total_coverage"
_IS = "reach? of? percent"
_NO_ERRORS = "without errors|import_errors|collection_errors"

_FILES = "changed? config_files"
_FORMATTED = "changed? format files|file|config_files"
_BAD = "flaky|skipped|failing"

SENTENCES: tuple[tuple[Callable[[Found], Specs], tuple[str, ...]], ...] = (
    (tests_pass, (
        f"all? {_TESTS} pass", f"{_TESTS} all pass", f"pass all {_TESTS}", f"all? {_WHO} suite scope_after? pass",
        f"each {_WHO} test scope_after? pass", f"all? {_WHO} tests in path pass", f"each {_WHO} test in path pass",
        "path pass",
    )),
    (none_of_these_fails, (f"none failing {_TESTS}", f"none failing {_WHO} test", f"{_TESTS} none fail|failing")),
    (none_fails, (
        f"none failing {_TESTS} introduced|there", f"none {_WHO} failing tests introduced|there?",
        "none scope_new failing tier tests introduced|there?", f"none {_WHO} tests|test failures introduced|there?",
        "none tier failures there?", f"none {_TESTS} fail|failing", f"none {_WHO} test fail|failing",
        "none tier? tests scope_new fail|failing",
    )),
    (none_of, (f"none {_BAD} or {_BAD} tier? tests", f"none tier? tests|test {_BAD} or {_BAD}")),
    (few_fail, (f"count {_TESTS} fail|failing", f"count {_WHO} test fail|failing", f"count failing {_TESTS}")),
    (tests_counted, (
        f"all? count|fraction {_TESTS} pass", f"count {_WHO} test pass", "count pass tier? tests",
        "tier fraction pass", f"{_TESTS} pass count|fraction", f"{_TESTS} count|fraction pass",
    )),
    (pass_rate, (
        f"percent of? all? {_TESTS} pass", f"{_TESTS} pass percent", f"{_WHO} tests|test? pass_rate {_IS} reach?",
        f"reach? percent {_WHO} tests|test? pass_rate reach?", "reach pass_rate of? percent", f"pass_rate of {_TESTS} {_IS}",
        f"{_TESTS} reach percent pass_rate", f"{_TESTS} percent pass",
    )),
    (new_tests, (
        f"count {_TESTS} added?", f"count {_WHO} test added?", f"added count {_TESTS}", f"added count {_WHO} test",
        f"count {_TESTS} written_and_pass", f"count {_WHO} test written_and_pass", f"{_TESTS} added? count",
        f"{_TESTS} written_and_pass",
    )),
    (coverage, (
        f"tier? {_COVERAGE} {_IS} reach?", f"{_IS} tier? {_COVERAGE} reach?", f"reach tier? {_COVERAGE} of? percent",
        "coverage_target of? percent reach", f"{_WHO} tests reach? percent {_COVERAGE}",
        f"{_WHO} tests {_COVERAGE} {_IS}",
        f"{_WHO} tests cover percent of code", "percent of code covered", "code percent covered",
        "code covered reach? percent",
        f"code reach percent {_COVERAGE}",
        f"tier? {_COVERAGE} of|in path {_IS} reach?", f"path tier? {_COVERAGE} {_IS} reach?",
        f"path reach percent tier? {_COVERAGE}", f"tier? {_COVERAGE} reach of? percent threshold",
        f"reach? percent tier? {_COVERAGE} of|in path", "path percent covered", "path covered reach? percent",
        "percent of path covered",
    )),
    (new_code, (
        f"tier? {_COVERAGE} of|in new_code {_IS} reach?", f"new_code tier? {_COVERAGE} {_IS} reach?",
        f"tier? {_COVERAGE} {_IS} of|in new_code",
        f"new_code reach percent tier? {_COVERAGE}", f"reach? percent tier? {_COVERAGE} of|in new_code",
        f"reach? percent new_code tier? {_COVERAGE}", f"reach new_code {_COVERAGE} of? percent",
        "percent of new_code covered", "new_code of? percent covered", "new_code covered reach? percent",
        f"percent of new_code covered {_TESTS}",
        f"{_TESTS} reach? percent {_COVERAGE} of|in new_code", f"{_TESTS} cover percent of new_code",
        f"new_code_coverage {_IS} reach?", "reach? percent new_code_coverage reach?",
    )),
    (regression, (
        "none regressions introduced|there?", f"none regressions introduced|there? of|in {_TESTS}",
        "none regressions introduced|there? scope_after",
        "regressions introduced|there? none", f"none {_TESTS} regressed", f"none {_WHO} test regressed", "none regressed",
        f"none regressed of|in {_TESTS}",
        f"none regressions introduced|there? of|in {_WHO} suite", f"none {_WHO} regressed tests",
    )),
    (regressions_of, ("none scope|scope_new? tier regressions introduced|there? scope_after?",)),
    (skips, (
        "none skipped tests?", "none skipped tier tests", "none tier? tests|test skipped", "skipped tests? none",
        "skipped tier tests none",
    )),
    (flaky, (
        "none flaky tests?", "none flaky tier tests", "none tier? tests flaky", "flaky tests? none", "flaky tier tests none",
    )),
    (collection, (
        "none collection_errors introduced|there?", "collection_errors none", f"all? tests collected {_NO_ERRORS}",
        "all? count tests executed without import_errors|collection_errors",
        "all? count tests executed with none import_errors|collection_errors",
    )),
    (reports, ("coverage_report generated|added",)),
    (files_parse, (
        f"all|each? {_FILES} parse", f"all|each? {_FILES} parse without errors", f"none failing {_FILES}",
        f"all|each? {_FORMATTED} parse", f"all|each? {_FORMATTED} parse without errors", f"none failing {_FORMATTED}",
    )),
    (files_valid, (
        f"all|each? {_FILES}|config valid", f"all|each? {_FILES}|config valid and documented",
        f"all|each? {_FILES}|config documented and valid", f"all|each? {_FORMATTED} valid",
    )),
    (promises, ("none failing promises scope_after?", "none promises scope_after? failing")),
    (metrics, ("all? metric_targets reach",)),
    (faults, (
        f"mutation_score {_IS} reach?", "reach? percent mutation_score reach?", "reach mutation_score of? percent",
        f"mutation_score of|in new_code {_IS} reach?", f"new_code mutation_score {_IS} reach?",
        "tests catch all? faults", "all? faults caught", "tests catch percent of? faults", "percent of? faults caught",
        "tests catch all? faults in new_code", "all? faults in new_code caught",
    )),
    (unchanged, (f"all? {_TESTS} pass unchanged", f"all? {_TESTS} unchanged and pass")),
    (need_the_change, (f"all? {_TESTS} fail without_change", f"each {_WHO} test fail without_change")),
    (instructions, ("all? instructions completed|reach",)),
)  # fmt: skip

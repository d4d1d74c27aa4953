"""Render our own templates without Jinja: `python scripts/compile_templates.py` makes this module of them."""
# ruff: noqa
# fmt: off

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_handoff.figures import counted, listed, percent, percent_of
from pytest_handoff.markup import code, code_in_text, escape, for_shell
from pytest_handoff.rendering.words import dictsort, ends, joined, of

Given = Mapping[str, Any]


def checklist_evidence(given: Given) -> Iterator[str]:
    its_decided = list([one for one in given['decisions'] if of(one, 'verdict')])
    if its_decided:
        yield '| Decided by evidence | Verdict | Evidence |\n|---|---|---|\n'
        for its_decision in its_decided:
            yield '| '
            yield escape(of(its_decision, 'text'))
            yield ' | '
            yield escape(given['verdict_words'][of(its_decision, 'state')])
            yield ' | '
            yield escape(of(its_decision, 'evidence'))
            yield ' |\n'
        yield '\n'
    for its_entry in (of(of(of(given['facts'], 'record'), 'policy'), 'get')('retire') or []):
        yield 'Retired: '
        yield escape(code_in_text(of(its_entry, 'test')))
        yield ', because '
        yield escape(of(its_entry, 'reason'))
        yield '.\n'
    for its_entry in of(given['facts'], 'taken_out'):
        yield escape(of(its_entry, 'what'))
        yield ' until now, but no longer in the settings: '
        yield escape(code_in_text(of(its_entry, 'test')))
        yield ', because '
        yield escape(of(its_entry, 'reason'))
        yield '.\n'
    for its_line in of(given['facts'], 'known_failures')():
        yield 'Known to fail: '
        yield escape(code_in_text(of(its_line, 'id')))
        yield ', because '
        yield escape(of(its_line, 'known'))
        yield '.\n'
    for its_line in of(given['facts'], 'fixed_known')():
        yield 'Known to fail, but passes now: '
        yield escape(code_in_text(of(its_line, 'id')))
        yield '.\n'
    for its_entry in (of(of(of(given['facts'], 'record'), 'policy'), 'get')('waive') or []):
        yield 'Waived: '
        yield escape(code_in_text(of(its_entry, 'gate')))
        yield ', because '
        yield escape(of(its_entry, 'reason'))
        if of(its_entry, 'until'):
            yield ' (until '
            yield escape(of(its_entry, 'until'))
            yield ')'
        yield '.\n'
    yield 'Run on '
    if of(of(of(given['facts'], 'record'), 'source'), 'commit'):
        yield 'commit '
        yield escape(code(of(of(of(given['facts'], 'record'), 'source'), 'commit')[:7]))
        if of(of(of(given['facts'], 'record'), 'source'), 'dirty'):
            yield ' with uncommitted changes'
        yield ', '
    yield 'tree '
    yield escape(code(of(of(of(given['facts'], 'record'), 'source'), 'fingerprint')[7:19]))
    yield ', '
    yield escape(of(of(of(given['facts'], 'record'), 'provenance'), 'kind'))
    yield ', '
    yield escape(('complete' if of(of(of(given['facts'], 'record'), 'run'), 'complete') else joined('', ['incomplete: ', joined('; ', of(of(of(given['facts'], 'record'), 'run'), 'why_incomplete'))])))
    yield '. '
    yield escape((counted(given['waiting'], 'checklist line needs/checklist lines need') if given['waiting'] else 'No checklist line needs'))
    yield ' sign-off.\n'


def claims_corrections(given: Given) -> Iterator[str]:
    if given['corrections']:
        yield '**The evidence contradicts this document:**\n\n'
        for its_correction in given['corrections'][:20]:
            yield '- '
            yield escape(of(its_correction, 'where'))
            yield ': the document says “'
            yield escape(of(its_correction, 'claim'))
            yield '”; the evidence says: '
            yield escape(of(its_correction, 'evidence'))
            yield '\n'
        if (len(given['corrections']) > 20):
            yield '- '
            yield escape((len(given['corrections']) - 20))
            yield ' more: '
            yield escape(code_in_text(joined('', ['handoff explain ', for_shell(of(given['facts'], 'session'))])))
            yield ' lists them\n'


def coverage_files(given: Given) -> Iterator[str]:
    if of(of(given['facts'], 'record'), 'coverage'):
        yield '| File | Statements | Covered | Coverage | Missing |\n|---|---:|---:|---:|---|\n'
        for its_path, its_file in dictsort(of(of(of(given['facts'], 'record'), 'coverage'), 'files')):
            yield '| '
            yield escape(code(its_path))
            yield ' | '
            yield escape(of(its_file, 'num_statements'))
            yield ' | '
            yield escape(of(its_file, 'covered'))
            yield ' | '
            yield escape(percent_of(of(its_file, 'percent')))
            yield ' | '
            yield escape((of(its_file, 'missing') or '–'))
            yield ' |\n'
    else:
        yield 'Coverage was not measured: '
        yield escape(given['why_not_measured'](given['facts'], 'coverage'))
        yield '\n'


def files_changed(given: Given) -> Iterator[str]:
    if (given['changed_rows'] is None):
        yield 'What changed is not known: '
        yield escape(('this is the first session' if of(given['facts'], 'is_first') else 'the previous session has no source snapshot to compare with'))
        yield '.\n'
    elif (not given['changed_rows']):
        yield 'No file changed.\n'
    else:
        for its_row in given['changed_rows'][:60]:
            yield '- '
            yield escape(code_in_text(of(its_row, 'path')))
            yield ' – '
            yield escape(of(its_row, 'what'))
            if of(its_row, 'was'):
                yield ' '
                yield escape(code_in_text(of(its_row, 'was')))
            yield '\n'
        if (len(given['changed_rows']) > 60):
            yield '- … and '
            yield escape(counted((len(given['changed_rows']) - 60), 'more file'))
            yield '\n'


def files_lines(given: Given) -> Iterator[str]:
    if (not of(of(given['facts'], 'record'), 'coverage')):
        yield 'Coverage was not measured: '
        yield escape(given['why_not_measured'](given['facts'], 'coverage'))
        yield '\n'
    else:
        yield '| File | '
        if given['line_counts']:
            yield 'Lines | '
        yield 'Statements | Coverage |\n|---|'
        if given['line_counts']:
            yield '---:|'
        yield '---:|---:|\n'
        for its_path, its_file in dictsort(of(of(of(given['facts'], 'record'), 'coverage'), 'files')):
            yield '| '
            yield escape(code(its_path))
            yield ' | '
            if given['line_counts']:
                yield escape(of(given['line_counts'], 'get')(its_path, '–'))
                yield ' | '
            yield escape(of(its_file, 'num_statements'))
            yield ' | '
            yield escape(percent_of(of(its_file, 'percent')))
            yield ' |\n'


def metrics_table(given: Given) -> Iterator[str]:
    if (not given['metric_rows']):
        yield 'No metric was recorded.\n'
    else:
        yield '| Metric | Baseline | Target | Actual | Improvement | Status |\n|---|---:|---:|---:|---:|---|\n'
        for its_row in given['metric_rows']:
            yield '| '
            yield escape(of(its_row, 'name'))
            yield ' | '
            yield escape((of(its_row, 'baseline') or '–'))
            yield ' | '
            yield escape((of(its_row, 'target') or '–'))
            yield ' | '
            yield escape(of(its_row, 'value'))
            yield ' | '
            yield escape((of(its_row, 'improvement') or '–'))
            yield ' | '
            yield escape((of(its_row, 'status') or '–'))
            yield ' |\n'


def new_code_files(given: Given) -> Iterator[str]:
    its_code = of(of(given['facts'], 'record'), 'new_code')
    if (not its_code):
        yield 'Coverage of new code was not measured: '
        yield escape(given['why_not_measured'](given['facts'], 'new_code'))
        yield '\n'
    elif (not of(its_code, 'num_statements')):
        yield 'No new statements since '
        yield escape(of(its_code, 'base'))
        yield '.\n'
    else:
        yield '| New code | New statements | Covered | By unit tests | By new unit tests | Missing | Ran without new unit tests |\n|---|---:|---:|---:|---:|---|---|\n'
        for its_path, its_file in given['new_code_rows']:
            yield '| '
            yield escape(code(its_path))
            yield ' | '
            yield escape(of(its_file, 'num_statements'))
            yield ' | '
            yield escape(of(its_file, 'covered'))
            yield ' | '
            yield escape((of(its_file, 'covered_by_unit') if (not (of(its_code, 'covered_by_unit') is None)) else 'not measured'))
            yield ' | '
            yield escape((of(its_file, 'covered_by_new_unit') if (not (of(its_code, 'covered_by_new_unit') is None)) else 'not measured'))
            yield ' | '
            yield escape((of(its_file, 'missing') or '–'))
            yield ' | '
            yield escape((of(its_file, 'not_by_new_unit') or '–'))
            yield ' |\n'
        yield '| **All** | '
        yield escape(of(its_code, 'num_statements'))
        yield ' | '
        yield escape(of(its_code, 'covered'))
        yield ' | '
        yield escape((of(its_code, 'covered_by_unit') if (not (of(its_code, 'covered_by_unit') is None)) else 'not measured'))
        yield ' | '
        yield escape((of(its_code, 'covered_by_new_unit') if (not (of(its_code, 'covered_by_new_unit') is None)) else 'not measured'))
        yield ' | | |\n'
        for its_note in of(its_code, 'notes'):
            yield '\n'
            yield escape(its_note)
            yield '\n'
    if (its_code and of(its_code, 'at_import')):
        yield '\nRun only at import, so counted under *Covered* but not by tests: '
        for last, (its_path, its_lines) in ends(of(of(its_code, 'at_import'), 'items')()):
            yield escape(code_in_text(its_path))
            yield ' '
            yield escape(its_lines)
            if (not last):
                yield '; '
        yield '.\n'
    if (its_code and of(its_code, 'excluded')):
        yield '\nNew lines that coverage excludes, which these figures leave out: '
        for last, (its_path, its_file) in ends([(its_path, its_file) for its_path, its_file in given['new_code_rows'] if of(its_file, 'excluded')]):
            yield escape(code_in_text(its_path))
            yield ' '
            yield escape(of(its_file, 'excluded'))
            if (not last):
                yield '; '
        yield '.\n'
    if (its_code and of(its_code, 'unmeasured')):
        yield '\nNew Python files that were not measured, which these figures leave out: '
        for last, (its_path) in ends(of(its_code, 'unmeasured')[:20]):
            yield escape(code_in_text(its_path))
            if (not last):
                yield ', '
        if (len(of(its_code, 'unmeasured')) > 20):
            yield ' and '
            yield escape(counted((len(of(its_code, 'unmeasured')) - 20), 'more file'))
        yield '.\n'


def proof(given: Given) -> Iterator[str]:
    if (not given['proof']):
        yield 'Not proved: run '
        yield escape(code_in_text(joined('', ['handoff prove ', for_shell(of(given['facts'], 'session'))])))
        yield ', then '
        yield escape(code_in_text(joined('', ['handoff fill ', for_shell(of(given['facts'], 'session'))])))
        yield '.\n'
    else:
        for its_line in of(given['proof'], 'lines'):
            yield '- '
            yield escape(its_line)
            yield '\n'
        for its_reason in of(given['proof'], 'reasons')[:20]:
            yield '- **against the tests:** '
            yield escape(its_reason)
            yield '\n'
        if (len(of(given['proof'], 'reasons')) > 20):
            yield '- '
            yield escape((len(of(given['proof'], 'reasons')) - 20))
            yield ' more in `proof.json`\n'
        for its_name in of(given['proof'], 'missing'):
            yield '- not proved: run '
            yield escape(code_in_text(joined('', ['handoff prove ', for_shell(of(given['facts'], 'session')), ' --', its_name])))
            yield '\n'
        if of(given['proof'], 'survivors'):
            yield '\nNo test noticed these faults:\n\n'
            for its_one in of(given['proof'], 'survivors')[:20]:
                yield '- '
                yield escape(code_in_text(of(its_one, 'place')))
                yield ': '
                yield escape(code_in_text(of(its_one, 'was')))
                yield ' became '
                yield escape(code_in_text(of(its_one, 'now')))
                yield '\n'
            if (len(of(given['proof'], 'survivors')) > 20):
                yield '- '
                yield escape((len(of(given['proof'], 'survivors')) - 20))
                yield ' more in `proof.json`\n'


def session_owed(given: Given) -> Iterator[str]:
    if (not of(given['owed'], 'parents')):
        yield 'Nothing is carried over: this is the first session.\n'
    else:
        yield '- '
        yield escape(counted(of(given['owed'], 'passing'), 'test'))
        yield ' of '
        yield escape(joined(', ', of(given['owed'], 'parents')))
        yield ' pass and must keep passing.\n'
        for its_line in of(given['owed'], 'promised'):
            yield '- Promised: '
            yield escape(code_in_text(of(its_line, 'id')))
            if of(its_line, 'reason'):
                yield ' — '
                yield escape(of(its_line, 'reason'))
            yield '\n'
        for its_promise in of(given['owed'], 'promises'):
            yield '- Promised: '
            yield escape(code_in_text(of(its_promise, 'test')))
            yield ' — '
            yield escape(of(its_promise, 'reason'))
            if of(its_promise, 'due'):
                yield ' (due by '
                yield escape(of(its_promise, 'due'))
                yield ')'
            yield '\n'
        if ((not of(given['owed'], 'promised')) and (not of(given['owed'], 'promises'))):
            yield '- Nothing was promised.\n'


def summary(given: Given) -> Iterator[str]:
    its_tests = of(of(given['facts'], 'record'), 'tests')
    yield '### Hand-off '
    yield escape(of(given['facts'], 'session'))
    yield ': '
    yield escape(('the gate would not pass' if given['blocking'] else 'all automatic checks pass'))
    yield '\n\n| What | Result |\n|---|---|\n| Tests | '
    for last, (its_outcome, its_number) in ends([(its_outcome, its_number) for its_outcome, its_number in of(of(its_tests, 'counts'), 'items')() if its_number]):
        yield escape(its_number)
        yield ' '
        yield escape(str(its_outcome).replace('_', ' '))
        if (not last):
            yield ', '
    yield '; '
    yield escape(of(its_tests, 'new'))
    yield ' new |\n| Earlier tests | '
    yield escape(('none: the first session' if of(given['facts'], 'is_first') else joined('', [of(of(its_tests, 'regression'), 'passing'), '/', of(of(its_tests, 'regression'), 'expected'), ' still pass'])))
    yield ' |\n| Coverage | '
    yield escape((percent_of(of(of(of(given['facts'], 'record'), 'coverage'), 'percent')) if of(of(given['facts'], 'record'), 'coverage') else 'not measured'))
    yield ' |\n'
    its_code = of(of(given['facts'], 'record'), 'new_code')
    yield '| New code | '
    if (not its_code):
        yield 'not measured'
    elif (not of(its_code, 'num_statements')):
        yield 'no new statements'
    else:
        yield escape(of(its_code, 'covered'))
        yield '/'
        yield escape(of(its_code, 'num_statements'))
        yield ' covered, '
        yield escape((of(its_code, 'covered_by_new_unit') if (not (of(its_code, 'covered_by_new_unit') is None)) else 'not measured'))
        yield ' by new unit tests'
    yield ' |\n| Run | '
    yield escape(('complete' if of(of(of(given['facts'], 'record'), 'run'), 'complete') else joined('', ['incomplete: ', joined('; ', of(of(of(given['facts'], 'record'), 'run'), 'why_incomplete'))])))
    yield ' |\n\n'
    if given['blocking']:
        yield '| Gate | Evidence | Fix |\n|---|---|---|\n'
        for its_verdict in given['blocking']:
            yield '| '
            yield escape(of(its_verdict, 'id'))
            yield ' | '
            yield escape(of(its_verdict, 'evidence'))
            yield ' | '
            yield escape((of(its_verdict, 'needs') or ''))
            yield ' |\n'
    if of(of(of(given['facts'], 'record'), 'run'), 'combined'):
        yield '\n| Part | Python | System | Tests |\n|---|---|---|---|\n'
        for last, (its_part) in ends(of(of(of(given['facts'], 'record'), 'run'), 'combined')):
            yield '| '
            yield escape(of(its_part, 'label'))
            if ((of(its_part, 'attempt') or 1) > 1):
                yield ' (attempt '
                yield escape(of(its_part, 'attempt'))
                yield ')'
            yield ' | '
            yield escape(of(its_part, 'python'))
            yield ' | '
            yield escape(of(its_part, 'platform'))
            yield ' | '
            for last, (its_outcome, its_number) in ends(of(of(its_part, 'counts'), 'items')()):
                yield escape(its_number)
                yield ' '
                yield escape(str(its_outcome).replace('_', ' '))
                if (not last):
                    yield ', '
            yield ' |\n'
    its_differing = list([one for one in of(of(given['facts'], 'ledger'), 'values')() if of(one, 'parts')])
    if its_differing:
        yield '\n| Test whose outcome differs | By part |\n|---|---|\n'
        for last, (its_line) in ends(its_differing[:50]):
            yield '| '
            yield escape(of(its_line, 'id'))
            yield ' | '
            for last, (its_part, its_outcome) in ends(of(of(its_line, 'parts'), 'items')()):
                yield escape(its_part)
                yield ' '
                yield escape(its_outcome)
                if (not last):
                    yield ', '
            yield ' |\n'


def tests_changed(given: Given) -> Iterator[str]:
    its_kinds = [('changed', (of(given['integrity'], 'changed') or []),), ('changed, and earlier tests use it', (of(given['integrity'], 'beside') or []),), ('asserts nothing', (of(given['integrity'], 'without_assertion') or []),), ('runs code under a computed file name, or calls coverage.py', (of(given['integrity'], 'in_another_name') or []),), ('a test module that was not collected', (of(given['integrity'], 'uncollected') or []),), ('skipped now', of(given['integrity'], 'newly_skipped'),), ('expected to fail now', of(given['integrity'], 'newly_xfailed'),)]
    its_tiers = of(given['integrity'], 'tier_changes')
    if (of(given['integrity'], 'changed') is None):
        yield 'Which earlier tests changed is not known: there are no earlier lines to compare with.\n'
    elif (not of(given['integrity'], 'changed')):
        yield 'No earlier test changed.\n'
    if (its_tiers or list([one for one in its_kinds if one[1]])):
        yield '\n| Test | What to look at |\n|---|---|\n'
        for its_what, its_tests in its_kinds:
            for its_test in its_tests[:20]:
                yield '| '
                yield escape(code(its_test))
                yield ' | '
                yield escape(its_what)
                yield ' |\n'
            if (len(its_tests) > 20):
                yield '| '
                yield escape(counted((len(its_tests) - 20), 'more test'))
                yield ' | '
                yield escape(its_what)
                yield ' |\n'
        for its_test in its_tiers[:20]:
            yield '| '
            yield escape(code(of(its_test, 'id')))
            yield ' | was '
            yield escape(of(its_test, 'was'))
            yield ', is now '
            yield escape(of(its_test, 'now'))
            yield ' |\n'
        if (len(its_tiers) > 20):
            yield '| '
            yield escape(counted((len(its_tiers) - 20), 'more test'))
            yield ' | other tier |\n'


def tests_inventory_integration(given: Given) -> Iterator[str]:
    its_found = given['inventory_of'](given['facts'], 'integration')
    if (not of(its_found, 'rows')):
        yield 'There is no '
        yield escape(of(its_found, 'what'))
        yield '.\n'
    else:
        yield '| Test file | Tests | Passed | New |\n|---|---:|---:|---:|\n'
        for its_row in of(its_found, 'rows')[:100]:
            yield '| '
            yield escape(code(of(its_row, 'path')))
            yield ' | '
            yield escape(of(its_row, 'tests'))
            yield ' | '
            yield escape(of(its_row, 'passed'))
            yield ' | '
            yield escape(of(its_row, 'new'))
            yield ' |\n'
        yield '| **All** | '
        yield escape(of(of(its_found, 'total'), 'tests'))
        yield ' | '
        yield escape(of(of(its_found, 'total'), 'passed'))
        yield ' | '
        yield escape(of(of(its_found, 'total'), 'new'))
        yield ' |\n'
        if (len(of(its_found, 'rows')) > 100):
            yield '\n'
            yield escape(counted((len(of(its_found, 'rows')) - 100), 'more file'))
            yield ' are in the ledger.\n'


def tests_inventory(given: Given) -> Iterator[str]:
    its_found = given['inventory_of'](given['facts'])
    if (not of(its_found, 'rows')):
        yield 'There is no '
        yield escape(of(its_found, 'what'))
        yield '.\n'
    else:
        yield '| Test file | Tests | Passed | New |\n|---|---:|---:|---:|\n'
        for its_row in of(its_found, 'rows')[:100]:
            yield '| '
            yield escape(code(of(its_row, 'path')))
            yield ' | '
            yield escape(of(its_row, 'tests'))
            yield ' | '
            yield escape(of(its_row, 'passed'))
            yield ' | '
            yield escape(of(its_row, 'new'))
            yield ' |\n'
        yield '| **All** | '
        yield escape(of(of(its_found, 'total'), 'tests'))
        yield ' | '
        yield escape(of(of(its_found, 'total'), 'passed'))
        yield ' | '
        yield escape(of(of(its_found, 'total'), 'new'))
        yield ' |\n'
        if (len(of(its_found, 'rows')) > 100):
            yield '\n'
            yield escape(counted((len(of(its_found, 'rows')) - 100), 'more file'))
            yield ' are in the ledger.\n'


def tests_inventory_unit(given: Given) -> Iterator[str]:
    its_found = given['inventory_of'](given['facts'], 'unit')
    if (not of(its_found, 'rows')):
        yield 'There is no '
        yield escape(of(its_found, 'what'))
        yield '.\n'
    else:
        yield '| Test file | Tests | Passed | New |\n|---|---:|---:|---:|\n'
        for its_row in of(its_found, 'rows')[:100]:
            yield '| '
            yield escape(code(of(its_row, 'path')))
            yield ' | '
            yield escape(of(its_row, 'tests'))
            yield ' | '
            yield escape(of(its_row, 'passed'))
            yield ' | '
            yield escape(of(its_row, 'new'))
            yield ' |\n'
        yield '| **All** | '
        yield escape(of(of(its_found, 'total'), 'tests'))
        yield ' | '
        yield escape(of(of(its_found, 'total'), 'passed'))
        yield ' | '
        yield escape(of(of(its_found, 'total'), 'new'))
        yield ' |\n'
        if (len(of(its_found, 'rows')) > 100):
            yield '\n'
            yield escape(counted((len(of(its_found, 'rows')) - 100), 'more file'))
            yield ' are in the ledger.\n'


def tests_lost(given: Given) -> Iterator[str]:
    its_lost = of(given['facts'], 'with_status')('regressed', 'still_failing', 'newly_skipped', 'missing', 'not_run', 'retired')
    if (not its_lost):
        yield 'No earlier test was lost.\n'
    else:
        yield '| Earlier test | Since | What happened | Reason |\n|---|---|---|---|\n'
        for its_line in its_lost[:100]:
            yield '| '
            yield escape(code(of(its_line, 'id')))
            yield ' | '
            yield escape(of(its_line, 'since'))
            yield ' | '
            yield escape(of(given['facts'], 'became')(its_line))
            yield ' | '
            yield escape(((of(of(its_line, 'retired'), 'reason') if of(its_line, 'retired') else (joined('', ['known: ', of(its_line, 'known')]) if of(its_line, 'known') else (of(its_line, 'error') or of(its_line, 'reason')))) or '–'))
            yield ' |\n'
        if (len(its_lost) > 100):
            yield '\n'
            yield escape((len(its_lost) - 100))
            yield ' more are in the ledger.\n'
    its_changed = len(of(given['facts'], 'with_status')('reparametrized'))
    if its_changed:
        yield '\n'
        yield escape(counted(its_changed, 'earlier test'))
        yield ' '
        yield escape(('continues' if (its_changed == 1) else 'continue'))
        yield ' with other parameters; the ledger keeps the old ids.\n'


def trend(given: Given) -> Iterator[str]:
    if of(given['trend'], 'chart'):
        yield '```mermaid\n'
        yield escape(of(given['trend'], 'chart'))
        yield '\n```\n\n'
    yield '| Session | Tests passed | New | Lost | Earlier | Coverage | New code |\n|---|---:|---:|---:|---:|---:|---:|\n'
    for its_row in of(given['trend'], 'rows'):
        yield '| '
        yield escape(of(its_row, 'session'))
        yield ' | '
        yield escape(of(given['trend'], 'passing')(its_row))
        yield ' | '
        yield escape(of(its_row, 'new'))
        yield ' | '
        yield escape(of(its_row, 'lost'))
        yield ' | '
        if of(its_row, 'earlier'):
            yield escape(of(of(its_row, 'earlier'), 'part'))
            yield '/'
            yield escape(of(of(its_row, 'earlier'), 'whole'))
        else:
            yield '–'
        yield ' | '
        yield escape(of(given['trend'], 'coverage')(its_row))
        yield ' | '
        yield escape(of(given['trend'], 'rate')(of(its_row, 'new_code')))
        yield ' |\n'


def brief(given: Given) -> Iterator[str]:
    yield '# '
    yield escape((joined('', ['Session ', given['number']]) if given['number'] else given['session']))
    yield '\n\n<!-- handoff:begin claims.corrections -->\n<!-- handoff:end claims.corrections -->\n\n**Date**: [Filled by the run]  \n**Agent**: [Who did the work]\n\n## Evidence\n\n- **Tests**: [Filled by the run]\n- **Tests from Previous Sessions**: [Filled by the run]\n- **New Tests**: [Filled by the run]\n- **Test Failures**: [Filled by the run]\n- **Code Coverage**: [Filled by the run]\n\n## Done\n\n[What works now that did not before]\n\n## Next\n\n[What to do first, and what to watch out for]\n\n## Checklist\n\n- [ ] All tests pass\n- [ ] No regressions\n- [ ] Coverage ≥80% for new code\n- [ ] Documentation is up to date\n\n'
    yield '<!-- handoff:begin checklist.evidence -->\n<!-- handoff:end checklist.evidence -->\n'
    yield '\n**Session Status**: [Filled by the run]\n'


def phase_readme(given: Given) -> Iterator[str]:
    yield '# '
    yield escape((joined('', ['Phase ', given['number']]) if given['number'] else given['session']))
    yield ': [Name]\n\n<!-- handoff:begin claims.corrections -->\n<!-- handoff:end claims.corrections -->\n\n**Status:** [✅ Complete / 🚧 In Progress / ⭕ Not Started]  \n**Timeline:** [Planned dates]  \n**Completion Date:** [Filled by the run]  \n**Files:** [count] implementation | [count] tests\n\n---\n\n## Overview\n\n[What this phase is for, and why now]\n\n**Key objectives:**\n- [Objective]\n\n**Dependencies:**\n- [What earlier phases must have delivered]\n\n### Carried Over\n<!-- handoff:begin session.owed -->\n'
    yield escape(given['owed_block'])
    yield '\n<!-- handoff:end session.owed -->\n\n---\n\n## Components Implemented\n\n<!-- handoff:begin files.lines -->\n<!-- handoff:end files.lines -->\n\n### 1. [Component]\n\n**Purpose:** [What it does]\n\n**Key features:**\n- [Feature]\n\n---\n\n## Tests\n\n### Unit Tests\n\n<!-- handoff:begin tests.inventory.unit -->\n<!-- handoff:end tests.inventory.unit -->\n\n### Integration Tests\n\n<!-- handoff:begin tests.inventory.integration -->\n<!-- handoff:end tests.inventory.integration -->\n\n### Test Results\n\n```\n[Filled by the run]\n```\n\n'
    yield '<!-- handoff:begin tests.lost -->\n<!-- handoff:end tests.lost -->\n'
    yield '\n'
    yield '<!-- handoff:begin coverage.files -->\n<!-- handoff:end coverage.files -->\n\n<!-- handoff:begin new_code.files -->\n<!-- handoff:end new_code.files -->\n'
    yield '\n---\n\n## Configuration\n\n[New parameters and variables]\n\n---\n\n## Performance Metrics\n\n<!-- handoff:begin metrics.table -->\n<!-- handoff:end metrics.table -->\n\n---\n\n## Known Issues & Limitations\n\n1. **Issue**: [What is wrong]\n   - **Workaround**: [What to do meanwhile]\n\n---\n\n## Validation Gates\n\n- **Existing Functionality**: [Filled by the run]\n- **New Functionality**: [Filled by the run]\n\n---\n\n## Quality Checklist\n\n- [ ] All tests pass\n- [ ] All previously passing tests still pass\n- [ ] New unit tests achieve >90% coverage for new code\n- [ ] Coverage >= 80%\n- [ ] Performance targets met\n- [ ] Documentation updated\n\n'
    yield '<!-- handoff:begin checklist.evidence -->\n<!-- handoff:end checklist.evidence -->\n'
    yield '\n---\n\n## Lessons Learned\n\n- [What to keep, and what to change]\n\n---\n\n## Next Steps\n\n[What the next phase starts with]\n\n---\n\n**Phase'
    if given['number']:
        yield ' '
        yield escape(given['number'])
    yield ' Status:** [Filled by the run]  \n**Next Phase Ready:** [Filled by the run]\n'


def session_handoff(given: Given) -> Iterator[str]:
    yield '# Session '
    yield escape((given['number'] or given['session']))
    yield ': [Title] - Implementation Handoff\n\n<!-- handoff:begin claims.corrections -->\n<!-- handoff:end claims.corrections -->\n\n## Session Overview\n\n**Session**: [Filled by the run]  \n**Completion Date**: [Filled by the run]  \n**Agent**: [Who did the work]  \n**Duration**: [Filled by the run]\n\n### Carried Over\n<!-- handoff:begin session.owed -->\n'
    yield escape(given['owed_block'])
    yield '\n<!-- handoff:end session.owed -->\n\n## Mission Accomplished\n\n### Primary Objectives\n- [ ] [What this session set out to do]\n\n### Secondary Objectives\n- [ ] [What would be nice to have]\n\n## Implementation Summary\n\n### What Was Built\n\n- **Core Components**: [The new parts, and what each is for]\n- **Key Features**: [What a user can do now]\n- **Integration Points**: [Where this touches the work of earlier sessions]\n- **Configuration Changes**: [New or changed settings]\n\n### Architecture Changes\n\n- **New Patterns Introduced**: [Approaches that are new in this code base]\n- **Existing Patterns Extended**: [Existing approaches, and how this session extended them]\n- **Interface Changes**: [What callers will notice]\n- **Breaking Changes**: [What no longer works as it did, and why that is worth it]\n\n## Test Results\n\n### E2E Test Status\n- **Current Session Tests**: [Filled by the run]\n- **Previous Session Tests**: [Filled by the run]\n- **New Test Coverage**: [Filled by the run]\n- **Test Failures**: [Filled by the run]\n\n<!-- handoff:begin tests.lost -->\n<!-- handoff:end tests.lost -->\n\n<!-- handoff:begin tests.changed -->\n<!-- handoff:end tests.changed -->\n\n### Quality Metrics\n- **Code Coverage**: [Filled by the run]\n- **Performance Impact**: [What became faster or slower, and how it was measured]\n- **Error Handling**: [Which failures are handled, and how]\n\n<!-- handoff:begin coverage.files -->\n<!-- handoff:end coverage.files -->\n\n<!-- handoff:begin new_code.files -->\n<!-- handoff:end new_code.files -->\n\n## Implementation Insights\n\n### Technical Decisions\n\n1. **Decision**: [What was decided]\n   - **Rationale**: [Why]\n   - **Alternatives Considered**: [What else was on the table]\n   - **Trade-offs**: [What it costs, what it gives]\n\n### Challenges Encountered\n\n1. **Challenge**: [What got in the way]\n   - **Root Cause**: [Why it happened]\n   - **Resolution**: [What was done about it]\n   - **Prevention**: [How the next one is avoided]\n\n### Code Quality Notes\n- **Design Patterns Used**: [Which, and where]\n- **Refactoring Opportunities**: [What could be simpler]\n- **Technical Debt**: [Shortcuts that someone will have to pay for]\n- **Performance Considerations**: [What to keep in mind]\n\n## Configuration and Setup\n\n### New Configuration Files\n\n- **File**: [Path]\n  - **Purpose**: [What it controls]\n  - **Key Settings**: [The ones that matter]\n  - **Dependencies**: [What it relies on]\n\n### Environment Changes\n\n- **Dependencies Added**: [Packages and tools]\n- **System Requirements**: [What a machine needs now that it did not need before]\n- **Setup Steps**: [What a developer has to do once]\n\n## Integration Status\n\n### Upstream Integration\n\n- **Dependencies Met**: [What this session needed from earlier ones]\n- **Interfaces Used**: [Which of their interfaces it builds on]\n- **Data Flow**: [How data moves through the new parts]\n\n### Downstream Preparation\n\n- **New Interfaces**: [What the next session can call]\n- **Extension Points**: [Where it can build on]\n- **Data Outputs**: [What data it will find]\n\n## Known Issues\n\n### Current Limitations\n\n1. **Limitation**: [What does not work yet]\n   - **Impact**: [Who will notice]\n   - **Workaround**: [What to do meanwhile]\n   - **Future Resolution**: [How it could be solved]\n\n### Future Improvements\n\n1. **Improvement**: [What would be better]\n   - **Benefit**: [What it would give]\n   - **Effort**: [How much work it is]\n   - **Priority**: [How soon]\n\n## Next Session Preparation\n\n### Required Context for Next Session\n\n- **Key Components**: [What the next session will work with]\n- **Interface Contracts**: [What it can rely on]\n- **Configuration**: [What it has to set]\n- **Test Setup**: [How to run the tests and add to them]\n\n### Recommended Approach\n\n- **Starting Points**: [Where to begin]\n- **Key Considerations**: [What to keep in mind]\n- **Potential Pitfalls**: [What is easy to get wrong]\n- **Resources**: [What is worth reading]\n\n### Validation Gates\n- **Existing Functionality**: [Filled by the run]\n- **New Functionality**: [Filled by the run]\n- **Integration Points**: [Tests that show the parts working together]\n\n## Files Modified\n\n### New Files Created\n```\n[Filled by the run]\n```\n\n### Existing Files Modified\n```\n[Filled by the run]\n```\n\n### Files Removed\n```\n[Filled by the run]\n```\n\n## Session Metrics\n\n### Implementation Stats\n- **Lines of Code Added**: [Filled by the run]\n- **Files Created**: [Filled by the run]\n- **Files Modified**: [Filled by the run]\n- **Tests Added**: [Filled by the run]\n- **Documentation Updated**: [Filled by the run]\n\n### Time Breakdown\n- **Planning**: [Time]\n- **Implementation**: [Time]\n- **Testing**: [Time]\n- **Documentation**: [Time]\n- **Debugging**: [Time]\n\n## Verification Checklist\n\nBefore marking session complete, verify:\n\n- [ ] All E2E tests for current session pass\n- [ ] All E2E tests from previous sessions still pass\n- [ ] New unit tests achieve >90% coverage for new code\n- [ ] All validation checklist items from session instructions completed\n- [ ] Code follows established patterns and conventions\n- [ ] Documentation updated for new functionality\n- [ ] Configuration files are valid and documented\n- [ ] No breaking changes without justification\n- [ ] Performance impact assessed and documented\n- [ ] Error handling comprehensive and tested\n\n<!-- handoff:begin checklist.evidence -->\n<!-- handoff:end checklist.evidence -->\n\n## Final Notes\n\n### Success Factors\n- [What went well, and why]\n\n### Lessons Learned\n- [What to do differently]\n\n### Recommendations\n- [Advice for whoever continues]\n\n---\n\n**Session Status**: ✅ Complete | ⚠️ Complete with Issues | ❌ Incomplete  \n**Next Session Ready**: [Filled by the run]\n'


def session_recovery(given: Given) -> Iterator[str]:
    yield "# Session Recovery: [What is being built]\n\n<!-- handoff:begin claims.corrections -->\n<!-- handoff:end claims.corrections -->\n\n**Workspace**: [The folder of this work]  \n**Last Updated**: [Filled by the run]  \n**Current Phase**: [Planning | Research | Implementation | Testing | Documentation | QA]\n\n## Quick Context\n\n**What we're building**: [One sentence]\n\n**Why**: [The problem, in one sentence]\n\n**Status**: [Where the work stands, and what comes next]\n\n### Carried Over\n<!-- handoff:begin session.owed -->\n"
    yield escape(given['owed_block'])
    yield "\n<!-- handoff:end session.owed -->\n\n## Current State\n\n### Completed\n- [ ] [What is done]\n\n### In Progress\n- [ ] **Current focus**: [The one thing at hand]\n- **File being modified**: [Path]\n- **Line range**: [Where in it]\n- **What's working**: [So far]\n- **What's not working**: [And what was tried]\n- **Last action**: [The last thing that was done]\n\n### Blocked\n- [ ] [What is stuck] - **Blocker**: [What it is waiting for]\n\n## Key Decisions Made\n\n1. **Decision**: [What was decided, and why]\n\n## Files Modified So Far\n\n<!-- handoff:begin files.changed -->\n<!-- handoff:end files.changed -->\n\n## Next Steps\n\n1. **Immediate**: [The very next task]\n2. **After that**: [The task after it]\n3. **Finally**: [What completes the work]\n\n## Research Findings\n\n### [Topic]\n- **Source**: [Where you read it]\n- **Key Finding**: [What it says]\n- **Applied?**: [Yes | No | Partially]\n- **Impact**: [What it changes here]\n\n## Open Questions\n\n1. [Question] - **Status**: [Answered | Investigating | Blocked]\n\n"
    yield '## Test Status\n\n- **Unit Tests**: [Filled by the run]\n  - Coverage: [Filled by the run]\n  - Passing: [Filled by the run]\n  - Issues: [Filled by the run]\n\n- **Integration Tests**: [Filled by the run]\n  - Passing: [Filled by the run]\n  - Issues: [Filled by the run]\n\n- **E2E Tests**: [Filled by the run]\n  - Passing: [Filled by the run]\n  - Issues: [Filled by the run]\n\n- **Performance Tests**: [Filled by the run]\n  - Passing: [Filled by the run]\n  - Issues: [Filled by the run]\n\n'
    yield '<!-- handoff:begin tests.lost -->\n<!-- handoff:end tests.lost -->\n'
    yield '\n## Code Quality Checklist\n\n- [ ] All unit tests pass\n- [ ] All previously passing tests still pass\n- [ ] New unit tests achieve >90% coverage for new code\n- [ ] Type hints added to new functions\n- [ ] Docstrings added to public APIs\n- [ ] Error handling implemented\n- [ ] Configuration parameters documented\n\n'
    yield '<!-- handoff:begin checklist.evidence -->\n<!-- handoff:end checklist.evidence -->\n'
    yield '\n## Commands to Resume Work\n\n```bash\n[Filled by the run]\n```\n\n## Agent Handoff Notes\n\n**For whoever tests**:\n- [Cases to try first]\n\n**For whoever documents**:\n- [Pages that are out of date]\n\n## Integration Points\n\n**Upstream Dependencies**:\n- [What this needs]\n\n**Downstream Consumers**:\n- [Who will use it]\n\n## Performance Considerations\n\n- **Expected Impact**: [Faster, slower or the same, and where]\n- **Memory Usage**: [What it needs]\n\n<!-- handoff:begin metrics.table -->\n<!-- handoff:end metrics.table -->\n\n## Rollback Information\n\n- **Feature Flag**: [The switch that turns it off]\n- **Configuration**: [How to roll back with configuration]\n- **Code Changes**: [What to revert]\n\n---\n\n**Session Status**: ✅ Complete | ⚠️ Complete with Issues | ❌ Incomplete  \n**Next Session Ready**: [Filled by the run]\n'


def session_summary(given: Given) -> Iterator[str]:
    yield '# '
    yield escape((joined('', ['Session ', given['number']]) if given['number'] else given['session']))
    yield ': [Title] - Summary\n\n<!-- handoff:begin claims.corrections -->\n<!-- handoff:end claims.corrections -->\n\n**Session**: [Filled by the run]  \n**Session Date**: [Filled by the run]  \n**Session Duration**: [Filled by the run]  \n**Agent**: [Who did the work]\n\n---\n\n## Session Overview\n\n[What this session was for, in a few sentences]\n\n### Carried Over\n<!-- handoff:begin session.owed -->\n'
    yield escape(given['owed_block'])
    yield '\n<!-- handoff:end session.owed -->\n\n---\n\n## Key Accomplishments\n\n1. [What exists now that did not before]\n\n---\n\n## Test Inventory\n\n<!-- handoff:begin tests.inventory -->\n<!-- handoff:end tests.inventory -->\n\n'
    yield '<!-- handoff:begin tests.lost -->\n<!-- handoff:end tests.lost -->\n'
    yield '\n---\n\n## Decisions Made\n\n### 1. [Decision]\n**Rationale**: [Why]  \n**Impact**: [What follows from it]\n\n---\n\n## Work Products Delivered\n\n<!-- handoff:begin files.changed -->\n<!-- handoff:end files.changed -->\n\n---\n\n## Key Metrics\n\n### Current State\n| Metric | Value | Target | Status |\n|--------|-------|--------|--------|\n| **Test Count** | [Filled by the run] | [Target] | [Known when there is a target] |\n| **Test Pass Rate** | [Filled by the run] | 100% | [Filled by the run] |\n| **Code Coverage** | [Filled by the run] | ≥80% | [Filled by the run] |\n| **New Code Coverage** | [Filled by the run] | >90% | [Filled by the run] |\n\n<!-- handoff:begin metrics.table -->\n<!-- handoff:end metrics.table -->\n\n### Coverage Targets\n| Scope | Coverage | Target | Status |\n|-------|----------|--------|--------|\n| **Overall** | [Filled by the run] | ≥80% | [Filled by the run] |\n| **New code** | [Filled by the run] | ≥85% | [Filled by the run] |\n\n'
    yield '<!-- handoff:begin coverage.files -->\n<!-- handoff:end coverage.files -->\n\n<!-- handoff:begin new_code.files -->\n<!-- handoff:end new_code.files -->\n'
    yield '\n---\n\n## Risks Identified\n\n1. [Risk]\n   - **Mitigation**: [What is done about it]\n\n---\n\n## Recommended Next Steps\n\n### Validation Gates\n- **Existing Functionality**: [Filled by the run]\n- **New Functionality**: [Filled by the run]\n\n### Next Actions\n1. [What to do first]\n\n---\n\n## Success Criteria\n\n- [ ] All tests pass\n- [ ] No regressions\n- [ ] Overall coverage ≥80%\n- [ ] Coverage ≥85% for new code\n- [ ] Coverage reports generated\n- [ ] Documentation complete\n\n'
    yield '<!-- handoff:begin checklist.evidence -->\n<!-- handoff:end checklist.evidence -->\n'
    yield '\n---\n\n## Lessons Learned\n\n- [What worked, and what did not]\n\n---\n\n**Session Status**: ✅ Complete | ⚠️ Complete with Issues | ❌ Incomplete  \n**Next Session Ready**: [Filled by the run]  \n**Next Action**: [What comes first]\n'


TEMPLATES: dict[str, Callable[[Given], Iterator[str]]] = {
    "blocks/checklist.evidence.md.j2": checklist_evidence,
    "blocks/claims.corrections.md.j2": claims_corrections,
    "blocks/coverage.files.md.j2": coverage_files,
    "blocks/files.changed.md.j2": files_changed,
    "blocks/files.lines.md.j2": files_lines,
    "blocks/metrics.table.md.j2": metrics_table,
    "blocks/new_code.files.md.j2": new_code_files,
    "blocks/proof.md.j2": proof,
    "blocks/session.owed.md.j2": session_owed,
    "blocks/summary.md.j2": summary,
    "blocks/tests.changed.md.j2": tests_changed,
    "blocks/tests.inventory.integration.md.j2": tests_inventory_integration,
    "blocks/tests.inventory.md.j2": tests_inventory,
    "blocks/tests.inventory.unit.md.j2": tests_inventory_unit,
    "blocks/tests.lost.md.j2": tests_lost,
    "blocks/trend.md.j2": trend,
    "brief.md.j2": brief,
    "phase_readme.md.j2": phase_readme,
    "session_handoff.md.j2": session_handoff,
    "session_recovery.md.j2": session_recovery,
    "session_summary.md.j2": session_summary,
}

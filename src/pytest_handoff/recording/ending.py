"""Turn a finished run into evidence and a document, a part, or the reason why nothing was recorded."""

from __future__ import annotations

from itertools import repeat
from operator import is_
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from pytest_handoff.composition.terminal import Line, build_line, dropped_line, run_lines
from pytest_handoff.evidence.completeness import disagreement
from pytest_handoff.evidence.ledger import share_ids
from pytest_handoff.evidence.measurement import Measured
from pytest_handoff.evidence.policy import InForce
from pytest_handoff.evidence.regression import PASSING
from pytest_handoff.figures import counted, listed
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.project.byproducts import in_place_of_source
from pytest_handoff.project.environment import context_of
from pytest_handoff.project.pending_note import read_note
from pytest_handoff.project.tree import since
from pytest_handoff.project.writing import finish_interrupted_write, write_as_one, writing
from pytest_handoff.recording import options
from pytest_handoff.recording.collection import read_spool
from pytest_handoff.recording.failures import details_of_run, untold
from pytest_handoff.recording.measuring import benchmark_metrics, duration_metrics
from pytest_handoff.recording.recorder import Invocation, counts_of_pytest
from pytest_handoff.recording.run_folder import interrupted_after, meanwhile
from pytest_handoff.run import PASSED, Collection
from pytest_handoff.workflow.finish import FinishedSession, renderer_of, trace_all
from pytest_handoff.workflow.hooks import ProjectHooks
from pytest_handoff.workflow.record import RunResults, record_run
from pytest_handoff.workflow.start import read_document, run_again, with_latest

if TYPE_CHECKING:
    from pytest_handoff.details import Details
    from pytest_handoff.evidence.ledger import Lineage
    from pytest_handoff.record import Metric, Record
    from pytest_handoff.recording.end_report import EndReport
    from pytest_handoff.recording.failures import FailureTexts
    from pytest_handoff.recording.measuring import RunCoverage
    from pytest_handoff.recording.part import PartWriting
    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.recording.recorder import Recorder
    from pytest_handoff.recording.run_folder import RunFolder
    from pytest_handoff.rendering.templates import Renderer
    from pytest_handoff.run import Run


_WRITTEN = "the record and the document are written"
_PART_WRITTEN = "the part is written"
_BEGUN = "the files are ready, and the next run or handoff fill puts them in place"


class RunEnd:
    """The end of a run: collects what the recorder and the other plugin objects gathered, and writes it.

    Args:
        plan: what was known of the run before its first test.
        ending: reports the result of the run.
        part: writes this run's part, if it is one of several that ``handoff combine`` joins.

    Attributes:
        texts: what failing tests said; ``None`` where the project does not want it kept.
        traced: which collected test continues which earlier one, if this process collected.
        recorded: true once the evidence, or the part, is written.
        keeps: false if the run's own folder is not worth keeping when nothing was recorded.
    """

    def __init__(
        self,
        plan: RunPlan,
        ending: EndReport,
        *,
        measuring: RunCoverage,
        folder: RunFolder,
        recorder: Recorder,
        part: PartWriting | None,
    ) -> None:
        self.traced: Lineage | None = None
        self.recorded, self.keeps = False, True
        self.texts: FailureTexts | None = None
        self._plan = plan
        self._project = plan.project
        self._start = plan.start
        self._ending = ending
        self._measuring = measuring
        self._folder = folder
        self._recorder = recorder
        self._part = part
        self._before: Record | None = None
        self._unread: list[str] = []
        self._absent: list[str] = []

    def finished(self, exitstatus: int) -> int | None:
        """Return the exit status if the tests ran to their end, else ``None``."""
        return None if self._recorder.interrupted or exitstatus == pytest.ExitCode.USAGE_ERROR else exitstatus

    def finish(self, session: pytest.Session, exitstatus: int, collection: Collection | None) -> None:
        """Write the evidence of a run without faults; ``collection`` is ``None`` if this process did not finish one."""
        run = self._run(exitstatus, collection)
        stop = self._why_stopped(run, exitstatus)
        if stop is not None:
            self._ending.fail(session, stop)
            return
        wrong = disagreement(run, counts_of_pytest(self._plan.config))
        if wrong:
            self.keeps = False
            self._ending.fail(session, f"{wrong}; nothing was recorded")
            return
        run = replace(run, metrics=(*run.metrics, *self._measured_besides(run)))
        if self._part is not None:
            self._ending.say(self._part.finish(run, self._measuring, company=self._folder.had_company()))
            self.recorded, self._ending.written = True, _PART_WRITTEN
            if self.texts is not None:
                self._ending.say(self._part.keep_details(self.texts, run))
            return
        outcome = self._write(run)
        details = self._keep_details(outcome, run)
        broken = self._broken_chain()
        self._say(outcome, broken, details)
        self._say_what_a_build_does()
        if self._plan.option("gate") and (outcome.composition.blocking or broken) and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._measuring.keep(outcome.record)
        self._export(outcome, details)

    def break_off(self, session: pytest.Session) -> None:
        """Handle Ctrl-C while the evidence is made: finish a write that has begun, so that we write everything or nothing."""
        finish_interrupted_write(self._project)
        if self._folder.is_recorded():
            self.recorded, self._ending.written = True, _WRITTEN
        self._ending.fail(session, f"interrupted while writing the evidence: {self._ending.written}")

    def _write(self, run: Run) -> FinishedSession:
        try:
            with writing(self._project):
                outcome = self._record(run)
        finally:
            if read_note(self._project.handoffs) is not None:
                self._ending.written = _BEGUN
        self.recorded, self._ending.written = True, _WRITTEN
        return outcome

    def _keep_details(self, outcome: FinishedSession, run: Run) -> Details | None:
        """Keep durations and failure texts beside the evidence; whatever goes wrong here, the evidence is written."""
        if self.texts is None:
            return None
        from pytest_handoff.project import detail_files

        try:
            fingerprint = outcome.record.source.fingerprint
            old = detail_files.earlier_details(self._project, self._before, fingerprint)
            details = detail_files.finished(
                details_of_run(self._plan, self.texts, run),
                outcome.record,
                outcome.composition.facts.ledger,
                old=old,
                seen=() if old is None else {*run.results, *run.whole_files, *run.broken_files},  # a large set
            )
            trouble = detail_files.keep(self._project, details) or self.texts.trouble
        except Exception as error:
            details, trouble = None, f"{type(error).__name__}: {error}"
        if trouble:
            self._ending.say([untold(trouble)])
        return details

    def _broken_chain(self) -> list[str]:
        """Find what is wrong with the chain if this run may have left out a session, by an option or as a first session."""
        if self._start.parents.links and not self._plan.option("previous"):
            return []
        from pytest_handoff.workflow.chain import chain_problems

        return [str(problem) for problem in chain_problems(self._project, self._start.session)]

    def _say(self, outcome: FinishedSession, broken: list[str], details: Details | None) -> None:
        self._ending.say(self._folder.lines())
        if self._unread:
            left_out = f"no permission to read {listed(self._unread)}, so the tree leaves it out; add it to .gitignore"
            self._ending.say([Line(left_out)])
        if times := self._recorder.repeated:
            several = f"{counted(len(times), 'test')} ran several times (--count): each counts once here; pytest counts every run"
            self._ending.say([Line(f"beside     {several}")])
        if self._absent:
            self._ending.say([Line(f"files that tests may read are not checked out: {listed(self._absent)}")])
        verbosity = self._plan.config.get_verbosity()
        *lines, document = run_lines(
            outcome.composition,
            self._project.shown(self._project.document(self._start.session)),
            parent_percent=self._start.parents.percent,
            verbosity=verbosity,
            chain=broken,
        )
        dropped = [dropped_line()] if outcome.dropped_part and verbosity >= 0 else []
        slow = self._slowest(outcome, details) if details is not None and verbosity > 0 else []
        self._ending.say([*lines, *dropped, *slow, document])

    def _slowest(self, outcome: FinishedSession, details: Details) -> list[Line]:
        from pytest_handoff.composition.durations import slowest, slowest_lines
        from pytest_handoff.project.detail_files import details_before

        before = details_before(self._project, outcome.record)
        return [Line(f"  {line}") for line in slowest_lines(slowest(details, before, outcome.composition.facts.ledger))]

    def _say_what_a_build_does(self) -> None:
        """Warn in the first session if the project cannot be built any more; later ones would only repeat it."""
        if self._start.parents.links or (self._project.folder / "src").is_dir():
            return
        from pytest_handoff.project.build_backend import taken_for_a_package

        told = taken_for_a_package(self._project)
        if told:
            self._ending.say([build_line(told)])

    def _why_stopped(self, run: Run, exitstatus: int) -> str | None:
        """Explain why there is nothing to record, and what to do next; return ``None`` for a run that can be recorded."""
        if exitstatus == pytest.ExitCode.USAGE_ERROR:
            self.keeps = False
            return "pytest rejected the command line: nothing was recorded, and the evidence is unchanged"
        if run.interrupted is None:
            return None
        far = f"{interrupted_after(len(run.results), len(run.collected) or None)} ({run.interrupted})"
        if self._part is not None:
            self.keeps = False
            return f"{far}; next: run this part again"
        step = run_again(self._start) if run.collected else "run again"
        return f"{far}: nothing was recorded, and the evidence is unchanged; next: {step}"

    def _record(self, run: Run) -> FinishedSession:
        start = with_latest(self._project, self._start)
        self._before = start.before
        share_ids(start.own, run.collected)
        if start.before is not None and start.before != self._start.before:
            self._ending.say([meanwhile(start, run)])
        traced = self.traced or trace_all(self._project, start, run.collected, run.whole_files)
        measured = self._measuring.read(run, start, traced, company=self._folder.had_company())
        untidy = measured.measurement.untidy if isinstance(measured, Measured) else measured.untidy
        run = replace(run, mishaps=(*run.mishaps, *untidy)) if untidy else run
        results = RunResults(
            run=run,
            measured=measured,
            context=context_of(run, self._plan.option("agent")),
            is_test_file=self._plan.suite.is_module,
            instructions=self._plan.instructions,
            in_force=InForce(pytest=options.pytest_in_force(self._plan.config), coverage=self._measuring.settings()),
            traced=traced,
        )
        outcome = record_run(self._project, start, results, hooks=ProjectHooks(self._plan.config), renderer=self._renderer())
        self._folder.will_be_recorded(outcome.record.run)
        write_as_one(self._project, self._start.session, outcome.artifacts)
        return outcome

    def _measured_besides(self, run: Run) -> list[tuple[str, Metric]]:
        """Collect the metrics that tests do not record themselves: benchmarks, and durations that the document asks for."""
        config, prefix = self._plan.config, self._plan.prefix
        document = read_document(self._project, self._start.session)
        results = run.results
        plain = all(map(is_, results.values(), repeat(PASSED)))  # no other table of very many tests, if possible
        passed = results.keys() if plain else {test for test, result in results.items() if result.outcome in PASSING}
        return [*benchmark_metrics(config, prefix, passed), *duration_metrics(config, prefix, document, passed)]

    def _export(self, outcome: FinishedSession, details: Details | None) -> None:
        folder = self._plan.option("artifacts")
        if folder:
            from pytest_handoff.project.foreign_files import named_by_a_person
            from pytest_handoff.workflow.ci import artifacts_for_ci

            target = self._plan.config.invocation_params.dir / folder
            data = self._measuring.data_files()
            copies = artifacts_for_ci(target, self._project, outcome, data, self._renderer(), details=details)
            write_each(copies, [named_by_a_person(target, self._project.root)])

    def _renderer(self) -> Renderer:
        return renderer_of(self._project, self._folder.templates)

    def _run(self, exitstatus: int, collection: Collection | None) -> Run:
        mishaps = self._mishaps_of_the_tree()
        collection = collection or read_spool(self._folder.path)
        if collection is None:
            mishaps.append("collection was not finished")
        invocation = Invocation(
            why_partial=self._plan.why_partial(),
            mishaps=mishaps,
            started=self._folder.started,
            finished=self._folder.now(),
            exitstatus=exitstatus,
            args=options.shown_arguments(self._plan.config),
            plugins=options.plugins(self._plan.config),
        )
        collection = collection or Collection(tests={}, whole_files=[], broken_files={})
        if self._plan.skipped_asserts:  # no file was looked at as it would be: a later run must not add up with this one
            collection = replace(collection, whole_files=[])
        run = self._recorder.finish(collection, invocation)
        if run.collected and run.all_ran:
            return replace(run, why_partial=self._plan.why_partial(all_ran=True))
        return run

    def _mishaps_of_the_tree(self) -> list[str]:
        """Say what keeps the results from being about the tree: files changed meanwhile, are absent, or did not run."""
        found = since(self._project, self._start.tree)
        changed, self._unread = found.changed, self._start.tree.beside(found.unread)
        untracked = set(changed) <= set(self._start.tree.untracked or ())
        advice = "belongs in .gitignore" if untracked else "must not be tracked: run git rm --cached, and add it to .gitignore"
        told = f"files changed while the tests ran: {listed(changed)} (what the run itself writes {advice})"
        mishaps = [told] if changed else []
        absent, self._absent = self._start.tree.parted_absent(self._plan.suite.is_module)
        if absent:
            files = counted(len(absent), "file of code, tests or settings/files of code, tests or settings")
            mishaps.append(f"{files} not checked out (git sparse-checkout): {listed(absent)}")
        mishaps += [
            f"Python runs {path} instead of its source: remove it from git"
            for path in in_place_of_source(self._project.root, self._start.tree.files)
        ]
        return mishaps

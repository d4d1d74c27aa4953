"""Write a part (``--handoff-part``) instead of a document and evidence, for ``handoff combine`` to join."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from pytest_handoff.composition.terminal import Line
from pytest_handoff.config import check_part_label
from pytest_handoff.errors import UsageProblem, WriteProblem
from pytest_handoff.evidence.measurement import NotMeasured
from pytest_handoff.figures import counted
from pytest_handoff.parts import files
from pytest_handoff.parts.files import PART_SCHEMA, Part, PartRun, parts_here
from pytest_handoff.project import environment
from pytest_handoff.project.artifacts import write_each
from pytest_handoff.record import OUTCOMES
from pytest_handoff.recording.failures import details_of_run, untold
from pytest_handoff.recording.options import pytest_in_force
from pytest_handoff.run import Collection
from pytest_handoff.workflow.ci import kept_out_of_git
from pytest_handoff.workflow.hooks import implemented

if TYPE_CHECKING:
    import pytest

    from pytest_handoff.project.layout import Project
    from pytest_handoff.recording.failures import FailureTexts
    from pytest_handoff.recording.measuring import RunCoverage
    from pytest_handoff.recording.plan import RunPlan
    from pytest_handoff.run import Run


class PartWriting:
    """The writer of one part: first a head that says that the part is unfinished, then everything."""

    def __init__(self, plan: RunPlan) -> None:
        self._plan = plan
        self._project = plan.project
        self._start = start = plan.start
        label = str(plan.part)
        origin = environment.provenance(os.environ)
        self._parts = _parts_folder(plan)
        self._folder = files.folder_of(self._parts, label, origin.attempt)
        self._head = Part(
            schema=PART_SCHEMA,
            session=start.session,
            label=label,
            fingerprint=start.tree.fingerprint,
            previous=start.parents.links,
            python=environment.python(),
            platform=environment.system(),
            provenance=origin,
            unfinished="its process ended before its tests finished",
        )

    def begin(self) -> None:
        """Write the unfinished head, so that a process that dies leaves a trace; remove parts of other trees from pytest's cache.

        Raises:
            WriteProblem: if nothing can be written there.
        """
        if not self._plan.option("artifacts"):
            _forget_other_trees(self._parts)
        write_each(kept_out_of_git(self._parts, self._project))
        files.remove_details(self._folder)
        files.write_head(self._folder, self._head)

    def finish(self, run: Run, measuring: RunCoverage, *, company: bool) -> list[Line]:
        """Write the part, and return the lines that report it.

        Raises:
            HandoffError: if it cannot be written.
        """
        measured = measuring.save(self._folder / files.COVERAGE, company=company)
        collection = Collection(
            tests=run.collected,
            whole_files=sorted(run.whole_files),
            broken_files=run.broken_files,
            skipped_nodes=list(run.skipped_nodes),
            left_out=sorted(run.left_out),
        )
        files.write_tests(self._folder, collection, run.results, self._start.tree.ids)
        rootdir = self._plan.prefix.rstrip("/") or "."
        done = PartRun(
            started=run.started,
            finished=run.finished,
            exitstatus=run.exitstatus,
            args=list(run.args),
            plugins=run.plugins,
            why_partial=list(run.why_partial),
            mishaps=list(run.mishaps),
            metrics=list(run.metrics),
            rootdir=rootdir,
            suite=self._plan.suite,
            instructions=self._plan.instructions,
            agent=environment.agent_of(self._plan.option("agent")),
            hooks=implemented(self._plan.config),
            coverage=None if isinstance(measured, NotMeasured) else measured,
            not_measured=measured.why if isinstance(measured, NotMeasured) else None,
            digests=files.digests(self._folder),
            pytest=msgspec.to_builtins(pytest_in_force(self._plan.config)),
        )
        files.write_head(self._folder, replace(self._head, unfinished=None, run=done))
        return self._lines(run, measured)

    def keep_details(self, texts: FailureTexts, run: Run) -> list[Line]:
        """Write durations and failure texts beside the finished part; whatever goes wrong here, the part is written."""
        try:
            files.write_details(self._folder, details_of_run(self._plan, texts, run))
            trouble = texts.trouble
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
        return [untold(trouble)] if trouble else []

    def stop(self, why: str) -> None:
        """Write what stopped the run into the head; if that fails, the head there already says that the part is unfinished."""
        with suppress(WriteProblem):
            files.write_head(self._folder, replace(self._head, unfinished=why))

    def _lines(self, run: Run, measured: object) -> list[Line]:
        counts = Counter(result.outcome for result in run.results.values())
        told = ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in OUTCOMES if counts[outcome]) or "none ran"
        left = len(run.collected) - len(run.results)
        others = f"   {left:,} of {counted(len(run.collected), 'collected test')} left to others" if left else ""
        named = self._plan.option("artifacts")
        parts = named or self._project.shown(self._parts)
        folder = f"{parts}/{self._folder.relative_to(self._parts).as_posix()}"
        return [
            Line(f"{'tests':<11}{told}{others}"),
            *([Line(f"{'coverage':<11}not measured: {measured.why}")] if isinstance(measured, NotMeasured) else []),
            *(Line(f"{'beside':<11}{mishap}", {"yellow": True}) for mishap in run.mishaps),
            Line(f"{'part':<11}{folder}"),
            Line(f"{'next':<11}with all parts: handoff combine {quote(self._head.session)}{' ' + quote(named) if named else ''}"),
        ]


def refuse_part(config: pytest.Config, project: Project) -> None:
    """Refuse options that a part cannot have.

    Raises:
        UsageProblem: for ``--handoff-gate``, or a label that cannot be used or that the configuration does not declare.
    """
    label = check_part_label(config.getoption("handoff_part"))
    if config.getoption("handoff_gate"):
        raise UsageProblem("--handoff-gate needs a whole session, not a part; run handoff combine, then handoff gate")
    declared = project.config.parts
    if declared and label not in declared:
        raise UsageProblem(
            f"--handoff-part={quote(label)} is not one of the declared parts ({', '.join(declared)}); add it to 'parts'"
        )


def _parts_folder(plan: RunPlan) -> Path:
    named = plan.option("artifacts")
    return Path(os.path.normpath(plan.config.invocation_params.dir / named)) if named else parts_here(plan.project, plan.start)


def _forget_other_trees(here: Path) -> None:
    for other in here.parent.iterdir() if here.parent.is_dir() else ():
        if other != here:
            shutil.rmtree(other, ignore_errors=True)

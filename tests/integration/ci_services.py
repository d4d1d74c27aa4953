"""What CI services do with the files that they are given, as far as the files of this repository use it.

Commands are run as they stand, by bash, in clones of a real repository; only ``pip install`` is left out, since the tests run in
an environment that has everything. What a job uploads is what the next one may download.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCRIPTS = str(Path(sys.executable).parent)


@dataclass
class Job:
    """A job that was run: whether it succeeded, everything it printed, its outputs and its summary."""

    passed: bool = True
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


class Service:
    """One run of a workflow or pipeline in a repository.

    Args:
        repository: what is checked out.
        scratch: where clones and artifacts go.
        environment: what commands find in their environment.
    """

    def __init__(self, repository: Path, scratch: Path, environment: Mapping[str, str]) -> None:
        self.repository = repository
        self.scratch = scratch
        self.environment = {**environment, "PATH": os.pathsep.join((SCRIPTS, environment["PATH"])), "CI": "true"}
        self.store = scratch / "store"
        self.jobs: dict[str, Job] = {}

    def clone(self, name: str) -> Path:
        """A fresh checkout for a job."""
        folder = self.scratch / "jobs" / name / "work"
        shutil.rmtree(folder.parent, ignore_errors=True)
        folder.parent.mkdir(parents=True)
        self.sh(f'git clone --quiet "{self.repository}" "{folder}"', folder.parent, {})
        return folder

    def sh(self, script: str, cwd: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        """Run commands as a service does; the first that fails ends them."""
        kept = "\n".join(line for line in script.splitlines() if "pip install" not in line)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", kept], cwd=cwd, env={**self.environment, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300, text=True, encoding="utf-8",
        )  # fmt: skip
        return done.returncode, f"$ {script}\n{done.stdout}"


class GitHub(Service):
    """GitHub Actions: jobs in the order in which they need each other, ``matrix.include``, outputs, what runs after a failure."""

    attempt = 1
    known: Mapping[str, str] = {}

    def run(self, workflow: Path, *, event: Mapping[str, str], attempt: int = 1, only: str | None = None) -> None:
        """Run a workflow, or of an earlier run the job ``only`` again and the last one, which needs it."""
        self.attempt = attempt
        self.known = {f"github.event.{name}": value for name, value in event.items()} | {
            "github.run_attempt": str(attempt), "github.token": "token",
        }  # fmt: skip
        jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
        for name, job in jobs.items():
            needs = job.get("needs", [])
            needs = [needs] if isinstance(needs, str) else needs
            wanted = "always()" in job.get("if", "") or all(self._passed(need) for need in needs)
            for label, matrix in _matrix(name, job):
                if only in (None, label) or name == list(jobs)[-1]:
                    self.jobs[label] = self._job(label, job, matrix) if wanted else Job(passed=False, log="not run")

    def _passed(self, name: str) -> bool:
        return all(job.passed for label, job in self.jobs.items() if label.partition(" ")[0] == name)

    def act(self, action: Path, label: str, **inputs: str) -> Job:
        """Run a composite action as the only step of a job, after a checkout."""
        table = yaml.safe_load(action.read_text("utf-8"))
        given = {key: str(one.get("default", "")) for key, one in table["inputs"].items()} | inputs
        known = {f"inputs.{key.replace('_', '-')}": value for key, value in given.items()}
        outputs = {key: one["value"] for key, one in table["outputs"].items()}
        self.jobs[label] = self._job(label, {"steps": table["runs"]["steps"], "outputs": outputs}, {}, known)
        return self.jobs[label]

    def _job(self, label: str, job: dict[str, Any], matrix: Mapping[str, str], inputs: Mapping[str, str] | None = None) -> Job:
        done, folder = Job(), self.clone(label.replace(" ", "-"))
        temporary = folder.parent / "temp"
        temporary.mkdir()
        known = {**self.known} | {f"matrix.{key}": str(value) for key, value in matrix.items()} | {"runner.temp": str(temporary)}
        known |= dict(inputs or {})
        for name, other in self.jobs.items():
            known |= {f"needs.{name}.outputs.{key}": value for key, value in other.outputs.items()}
        files = {key: temporary / key for key in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        fixed = {key: str(file) for key, file in files.items()} | {
            "RUNNER_TEMP": str(temporary), "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://example.invalid",
            "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": str(self.attempt),
        }  # fmt: skip
        for step in job["steps"]:
            if _is_wanted(step.get("if", "success()"), known, passed=done.passed):
                own = {**job.get("env", {}), **dict(_assignments(files["GITHUB_ENV"])), **step.get("env", {})}
                self._step(step, done, folder, fixed | {key: _filled(str(value), known) for key, value in own.items()}, known)
            said = dict(_assignments(files["GITHUB_OUTPUT"]))
            known |= {f"steps.{step['id']}.outputs.{key}": value for key, value in said.items()} if "id" in step else {}
        done.outputs = {key: _filled(text, known) for key, text in job.get("outputs", {}).items()}
        done.summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        return done

    def _step(self, step: dict[str, Any], done: Job, folder: Path, environment: dict[str, str], known: dict[str, str]) -> None:
        if "run" in step:
            within = _filled(step.get("working-directory", "."), known)
            code, said = self.sh(step["run"], folder / within, environment)
            done.log += said
            done.passed &= code == 0
            return
        given = {key: _filled(str(value), known) for key, value in step.get("with", {}).items()}
        action = step["uses"].partition("@")[0]
        if action == "actions/upload-artifact":
            self._upload(given)
        elif action == "actions/download-artifact":
            self._download(given)
        else:
            assert action in ("actions/checkout", "actions/setup-python"), action

    def _download(self, given: Mapping[str, str]) -> None:
        """Each artifact of a pattern into a folder of its name; one that is named, into the folder itself."""
        if "name" in given:
            shutil.copytree(self.store / given["name"], given["path"], dirs_exist_ok=True)
        for artifact in sorted(self.store.glob(given["pattern"])) if "pattern" in given else ():
            shutil.copytree(artifact, Path(given["path"]) / artifact.name)

    def _upload(self, given: Mapping[str, str]) -> None:
        """By the rules of upload-artifact 4: no ``..`` in a path, no name twice, hidden files only on request."""
        assert ".." not in Path(given["path"]).parts, given
        assert not (self.store / given["name"]).exists(), given
        if Path(given["path"]).is_dir():
            hidden = None if given.get("include-hidden-files") == "True" else shutil.ignore_patterns(".*")
            shutil.copytree(given["path"], self.store / given["name"], ignore=hidden)


GH = """
import json, os, pathlib, subprocess, sys

store = pathlib.Path(os.environ["GH_STORE"])
known = json.loads(store.read_text("utf-8")) if store.is_file() else {"pulls": [], "comments": []}
if known.get("read_only") and "--method" in sys.argv and "GET" not in sys.argv:
    sys.exit("HTTP 403: Resource not accessible by integration")
assert os.environ["GH_TOKEN"] and sys.argv[1] == "api", sys.argv
options, path = {}, ""
words = sys.argv[2:]
while words:
    word = words.pop(0)
    if word == "--paginate":
        continue
    if word.startswith("-"):
        options.setdefault(word, []).append(words.pop(0))
    else:
        path = word
fields = dict(one.split("=", 1) for one in options.get("-f", []) + options.get("--field", []))
method = options.get("--method", ["GET"])[0]
if method == "GET":
    heads = [pull for pull in known["pulls"] if pull["head"] == fields.get("head")]
    found = heads if path.endswith("/pulls") else known["comments"]
    done = subprocess.run(["jq", "-r", options["--jq"][0]], input=json.dumps(found), text=True, capture_output=True, check=True)
    print(done.stdout, end="")
else:
    body = pathlib.Path(fields["body"].removeprefix("@")).read_text("utf-8")
    if method == "POST":
        assert path == "repos/a/b/issues/5/comments", path
        known["comments"].append({"id": 70 + len(known["comments"]), "user": {"type": "Bot"}, "body": body})
    else:
        [one] = [one for one in known["comments"] if path == f"repos/a/b/issues/comments/{one['id']}"]
        one["body"] = body
    store.write_text(json.dumps(known), "utf-8")
"""
"""What ``gh api`` does with pull requests and comments, which are in a file."""


class GitLab(Service):
    """GitLab CI: stages, ``parallel: matrix``, ``after_script``, and artifacts that later stages find in their checkout."""

    def run(self, pipeline: Path, **variables: str) -> None:
        """Run every job of a pipeline; one of a later stage only where all before passed, or ``when: always``."""
        table = yaml.safe_load(pipeline.read_text("utf-8"))
        jobs = {name: job for name, job in table.items() if isinstance(job, dict) and "script" in job}
        stages = table.get("stages", ["test"])
        for name, job in sorted(jobs.items(), key=lambda pair: stages.index(pair[1].get("stage", stages[0]))):
            ready = job.get("when") == "always" or all(done.passed for done in self.jobs.values())
            before = sorted(self.store.iterdir()) if self.store.is_dir() else []
            for label, own in _gitlab_matrix(name, job):
                given = {**table.get("variables", {}), **job.get("variables", {}), **own, **variables, "GITLAB_CI": "true"}
                self.jobs[label] = self._job(label, job, given, before) if ready else Job(passed=False, log="not run")

    def _job(self, label: str, job: dict[str, Any], given: dict[str, str], before: list[Path]) -> Job:
        folder = self.clone(label.replace(" ", "-"))
        for artifact in before:
            shutil.copytree(artifact, folder, dirs_exist_ok=True)
        variables = given | {"CI_PROJECT_DIR": str(folder)}
        code, log = self.sh("\n".join(job["script"]), folder, variables)
        after, said = self.sh("\n".join(job.get("after_script", ["true"])), folder, variables)
        assert after == 0, said
        for path in job.get("artifacts", {}).get("paths", []):
            if (folder / path).is_dir():
                shutil.copytree(folder / path, self.store / label / path)
        return Job(passed=code == 0, log=log + said)


def _matrix(name: str, job: dict[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for matrix in job.get("strategy", {}).get("matrix", {}).get("include", [{}]):
        yield (f"{name} {next(iter(matrix.values()))}" if matrix else name), matrix


def _gitlab_matrix(name: str, job: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for matrix in job.get("parallel", {}).get("matrix", [{}]):
        yield (f"{name} {next(iter(matrix.values()))}" if matrix else name), matrix


def _assignments(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text("utf-8").splitlines():
        name, _, value = line.partition("=")
        yield name, value


_AFTER_A_FAILURE = ("always()", "!cancelled()")


def _is_wanted(condition: str, known: Mapping[str, str], *, passed: bool) -> bool:
    """Whether a step is run: after a failure only where it says so; of the comparisons with a text, all must hold."""
    clauses = [clause.strip() for clause in condition.removeprefix("${{").removesuffix("}}").split("&&")]
    if not passed and not any(clause in _AFTER_A_FAILURE for clause in clauses):
        return False
    compared = [clause for clause in clauses if clause not in (*_AFTER_A_FAILURE, "success()")]
    found = [re.fullmatch(r"([\w.-]+) (==|!=) '(.*)'", clause) for clause in compared]
    return all(one is not None and (known[one[1]] == one[3]) == (one[2] == "==") for one in found)


def _filled(text: str, known: Mapping[str, str]) -> str:
    """The text with its expressions evaluated: the first of several alternatives that is known; nothing for none."""

    def value(found: re.Match[str]) -> str:
        return next((known[name] for name in map(str.strip, found[1].split("||")) if known.get(name)), "")

    return re.sub(r"\$\{\{(.*?)\}\}", value, text)

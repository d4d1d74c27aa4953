"""Whatever stands in a repository: what is printed of it moves no cursor, hides no word, and gives a CI system no order."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import warm_python
from stories import Story

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "pytest_handoff"
UNSEEN = "\x1b[31m\x1b]0;t\x07\x9b2J\x85\u2028\u202e\u2066\u200b\u3164##[add-mask]x##vso[x]"
ORDER = "::stop-commands::"
ANNOTATION = re.compile(r"::error (?:file=[^,:\s][^,:\n]*(?:,line=\d+)?(?:,endLine=\d+)?,)?title=[\w+%. -]+::[^\n]+")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HEBREW = "שלום_東京_é_👩\u200d💻.py"


def hostile(tag: str, *, lines: bool = True) -> str:
    """A foreign word that can be found again by its tag; where it may, it begins lines of its own."""
    return f"{tag}{UNSEEN}\n{ORDER}{tag}\n  {ORDER}{tag}\n" if lines else f"{tag}{UNSEEN}"


def unfit(printed: bytes) -> list[str]:
    """The lines that should not have been printed."""
    return [ascii(line) for line in printed.decode("utf-8").split("\n") if _is_unfit(line)]


def _is_unfit(line: str) -> bool:
    if re.search(r"##\w*\[", line) or (line.lstrip().startswith("::") and not ANNOTATION.fullmatch(line)):
        return True
    unseen = [char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in "\u3164\u2800"]
    return bool(set(unseen) - {"\u200d"}) or bool(re.search(r"[\x00-\x7f]\u200d", line))


class Printed(NamedTuple):
    """What a process printed, as bytes."""

    code: int
    out: bytes
    err: bytes

    @property
    def both(self) -> bytes:
        """Everything."""
        return self.out + self.err


class Place:
    """A copy of a repository, in which commands are run as a job of GitHub Actions runs them."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.folder = story.folder
        self.summary = story.folder.parent / f"{story.folder.name}-summary.md"
        self.environment = story.environment | {
            "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_SERVER_URL": "https://x/" + hostile("URL"), "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "1",
            "PYTHONIOENCODING": "utf-8",
        }  # fmt: skip

    def run(self, *command: str) -> Printed:
        """Run a command."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, check=False, timeout=300)
        return Printed(done.returncode, done.stdout, done.stderr)

    def handoff(self, *args: str) -> Printed:
        """Run the command."""
        return self._run_module("pytest_handoff", *args)

    def pytest(self, *args: str) -> Printed:
        """Run pytest."""
        return self._run_module("pytest", "-p", "no:cacheprovider", *args)

    def _run_module(self, module: str, *args: str) -> Printed:
        done = warm_python.run_module(module, args, cwd=self.folder, environment=self.environment)
        return Printed(done.returncode, done.stdout, done.stderr)

    def in_terminal(self, *args: str) -> bytes:
        """Run the command in a terminal, and give what the terminal got."""
        mine, its = pty.openpty()
        environment = {key: value for key, value in self.environment.items() if not key.startswith("GITHUB_")} | {"TERM": "xterm"}
        command = [sys.executable, "-m", "pytest_handoff", *args]
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=its, stdout=its, stderr=its)
        os.close(its)
        shown = b"".join(_read(mine))
        os.close(mine)
        process.wait(timeout=300)
        return shown


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # a terminal without a process at its other end
            return
        if not data:
            return
        yield data


TESTS = """
import pytest

WORDS = {words!r}

def test_total():
    assert False, WORDS + "ASSERTED"

def test_empty():
    pytest.skip(WORDS + "SKIPPED")

@pytest.mark.xfail(reason=WORDS + "EXPECTED")
def test_xfail():
    assert False

@pytest.mark.parametrize("word", [WORDS, "##[x]", "é"], ids=["##[add-mask]x", "::a", "é"])
def test_ids(word, handoff_metric):
    handoff_metric("METRIC ##[x]", 3, unit="##[x]", target=2, better="lower")
    assert word == "é"
"""

DOCUMENT = """
# Session 2 {0}

## Test Results {0}

- **Current Session Tests**: [X/Y passed] {0}

| Metric | Value |
|---|---|
| METRIC ##[x] {0} | TBD |

## Final Checklist

- [ ] All unit tests pass
- [ ] LINE {0}
- [ ] All E2E tests for current session pass (N/A: WAIVED {0})
- [ ] All integration tests pass, REASONED {0}

::stop-commands::DOCUMENT
"""

SETTINGS = """
[tool.handoff]
required = [{required}]
parts = ["all"]

[[tool.handoff.waive]]
gate = "failures"
reason = {waived}

[[tool.handoff.promise]]
test = {promised}
reason = {promised}
due = "session-2"

[[tool.handoff.retire]]
test = "tests/e2e/*"
reason = {retired}
"""


@pytest.fixture(scope="session")
def hostile_once(recorded_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second session is recorded of tests, a document and settings that an attacker wrote, then the tree has hostile names."""
    folder = tmp_path_factory.mktemp("hostile") / "project"
    shutil.copytree(recorded_once, folder, symlinks=True)
    place = Place(Story(folder))
    place.story.git("checkout", "--quiet", "-b", "BRANCH\u202e")
    (folder / "tests/unit/test_cart.py").write_text(TESTS.format(words=hostile("")))
    (folder / "handoffs/session-2.md").write_text(DOCUMENT.format(UNSEEN.replace("\x85", "").replace("\u2028", "")))
    names = {name: json.dumps(hostile(name.upper())) for name in ("required", "waived", "promised", "retired")}
    with (folder / "pyproject.toml").open("a") as settings:
        settings.write(SETTINGS.format(**names))
    place.story.commit("second")
    done = place.pytest("-q", "--handoff=session-2", "--handoff-agent", hostile("AGENT"))
    assert (folder / "handoffs/evidence/session-2/record.json").is_file(), done
    for name in ("NAMED" + UNSEEN, "src/FILE" + hostile("") + ".py", HEBREW):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")
    _forge_session(folder, hostile("FOLDER").replace("/", "."))
    return folder


def _forge_session(folder: Path, name: str) -> None:
    """A session that nobody could have named so."""
    evidence = folder / "handoffs/evidence"
    shutil.copytree(evidence / "session-1", evidence / name)
    record = json.loads((evidence / name / "record.json").read_bytes())
    record |= {"session": name, "digest": None}
    (evidence / name / "record.json").write_text(json.dumps(record))


@pytest.fixture
def place(hostile_once: Path, tmp_path: Path) -> Place:
    """A copy of it."""
    shutil.copytree(hostile_once, tmp_path / "project", symlinks=True)
    return Place(Story(tmp_path / "project"))


VERBS: dict[tuple[str, ...], str] = {
    ("show", "session-2"): "\\x1b[31m",
    ("show", "session-2", "--json"): "",
    ("explain", "session-2"): "WAIVED",
    ("explain", "session-2", "--json"): "LINE",
    ("verify", "session-2"): "FILE",
    ("verify", "session-2", "--all"): "",
    ("verify", "session-2", "--json"): "FILE",
    ("gate", "session-2"): "LINE",
    ("gate", "session-2", "--json"): "LINE",
    ("next", "session-2"): "LINE",
    ("next", "session-2", "--json"): "FILE",
    ("comment", "session-2"): "LINE",
    ("comment", hostile("NOBODY")): "NOBODY",
    ("export", "junit", "session-2"): "",
    ("export", "ctrf", "session-2"): "",
    ("export", "sarif", "session-2"): "",
    ("export", hostile("FORMAT")): "FORMAT",
    ("agents", "install", hostile("TOOL")): "TOOL",
    ("agents", "install", "claude", "--command", hostile("COMMAND"), "--dry-run"): "COMMAND",
    ("history",): "",
    ("history", "--json"): "FOLDER",
    ("history", "test_ids"): "",
    ("history", "add-mask"): "",
    ("history", hostile("ARGUMENT")): "ARGUMENT",
    ("report", "session-2"): "",
    ("attest", "session-2"): "FILE",
    ("fill", "session-2", "--check"): "",
    ("fill", "session-2", "--diff"): "",
    ("fill", "session-2", "--take-over"): "",
    ("fill", "session-2", "--take-over", hostile("PLACE")): "PLACE",
    ("fill", "session-2"): "",
    ("fill", hostile("ASKED")): "ASKED",
    ("show", "session-9"): "FOLDER",
    ("show",): "",
    ("init", hostile("NEW")): "NEW",
    ("init", "session-3", "--template", hostile("TEMPLATE")): "TEMPLATE",
    ("init", "session-3", "--adopt", "handoffs/session-2.md"): "",
    ("init", "session-3", "--adopt", hostile("ADOPTED")): "ADOPTED",
    ("combine", "session-2", hostile("PARTS")): "PARTS",
    ("prune", "--dry-run"): "",
    ("schema", hostile("SCHEMA")): "SCHEMA",
    (hostile("VERB"),): "VERB",
    ("gate", "session-2", "--" + hostile("OPTION")): "OPTION",
    ("gate", "session-2", "--require-provenance", hostile("CHOICE")): "CHOICE",
    ("gate", "session-2", hostile("EXTRA")): "EXTRA",
    ("--handoff-dir", hostile("DIR"), "history"): "DIR",
    ("--help",): "",
    (): "",
}


@pytest.mark.parametrize(("words", "tag"), VERBS.items(), ids=lambda value: ascii(value)[:40])
def test_a_verb_prints_nothing_unfit(place: Place, words: tuple[str, ...], tag: str) -> None:
    """In a log, on standard output and standard error, in annotations and in the step's summary; the word itself is told."""
    done = place.handoff(*words)
    assert unfit(done.out) == unfit(done.err) == []
    assert tag.encode() in done.both
    assert b"Traceback" not in done.both
    if place.summary.exists():
        assert unfit(place.summary.read_bytes()) == []


ON_A_TERMINAL = (
    ("show", "session-2"), ("explain", "session-2"), ("verify", "session-2"), ("fill", "session-2", "--diff"),
    ("gate", "session-2"), ("history",), ("history", "test_ids"), ("show",), ("next", "session-2"), ("comment", "session-2"),
    (hostile("VERB"),),
)  # fmt: skip


@pytest.mark.parametrize("words", ON_A_TERMINAL, ids=lambda words: ascii(" ".join(words))[:30])
def test_a_terminal_gets_colours_and_nothing_else(place: Place, words: tuple[str, ...]) -> None:
    """No title is set, no cursor moves, no direction turns: what is left besides text are colours of ours."""
    shown = place.in_terminal(*words).replace(b"\r\n", b"\n")
    assert unfit(COLOUR.sub("", shown.decode("utf-8")).encode()) == []
    assert len(shown) > 20


def test_findings_become_annotations_of_one_line(place: Place) -> None:
    """Each is one whole workflow command of ours; what it says of foreign names is data."""
    done = place.handoff("gate", "session-2")
    commands = [line for line in done.err.decode().split("\n") if line.startswith("::")]
    assert commands
    assert all(ANNOTATION.fullmatch(line) for line in commands)
    assert any("FILE\\x1b[31m" in line for line in commands)
    assert "FILE" in place.summary.read_text("utf-8")


def test_the_end_of_a_run(place: Place) -> None:
    """The section that the plugin prints, what it exports for CI, and the documents of the run."""
    done = place.pytest("-v", "--handoff=session-2", "--handoff-artifacts=artifacts", "--handoff-gate")
    section = done.out.partition("─ handoff".encode())[2].partition(b"\n")[2].partition(b"short test summary")[0]
    assert b"not recorded" not in section
    assert b"document" in section
    assert unfit(section) == unfit(done.err) == []
    assert unfit((place.folder / "artifacts/summary.md").read_bytes()) == []


def test_a_run_into_another_folder(place: Place) -> None:
    """Where the evidence goes is told on one line."""
    done = place.pytest("-q", "tests/e2e", "--handoff=session-3", "--handoff-dir=" + hostile("NAME"))
    assert unfit(done.out.partition("─ handoff".encode())[2].partition(b"\n")[2]) == unfit(done.err) == []
    assert b"NAME\\x1b[31m" in done.both


@pytest.mark.parametrize(
    "words",
    [
        ("--handoff=" + hostile("NAME"),),
        ("--handoff=session-3", "--handoff-previous=" + hostile("NAME")),
        ("--handoff=session-3", "--handoff-template=" + hostile("NAME")),
        ("--handoff=session-3", "--handoff-instructions=" + hostile("NAME")),
        ("--handoff=session-3", "--handoff-part=" + hostile("NAME")),
        ("--handoff-" + hostile("NAME"),),
    ],
    ids=lambda words: ascii(words[-1])[:24],
)
def test_options_of_pytest(place: Place, words: tuple[str, ...]) -> None:
    """What a usage error of ours repeats; where pytest itself does not know an option, its words are its own."""
    done = place.pytest("-q", "tests/e2e", *words)
    assert done.code == 4
    if b"unrecognized arguments" not in done.err:
        assert unfit(done.err) == []
        assert b"NAME\\x1b[31m" in done.err


MISTAKES = {
    "an unknown key": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\n{0} = 1\n", "KEY"),
    "a value": ("pyproject.toml", 'parts = ["all"]', "parts = [{0}]", "KEY"),
    "a date": ("pyproject.toml", 'gate = "failures"', 'gate = "failures"\nuntil = {0}', "KEY"),
    "a gate": ("pyproject.toml", 'gate = "failures"', "gate = {0}", ""),
    "a tier": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\ndefault_tier = {0}\n", ""),
    "a target": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\ntarget = {0}\n", ""),
    "a template": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\ntemplate = {0}\n", ""),
    "a folder": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\ndir = {0}\n", ""),
    "an alias": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\naliases = {{ {0} = [{0}] }}\n", ""),
    "a binding": ("pyproject.toml", "[tool.handoff]\n", "[tool.handoff]\nbind = [{{ line = {0} }}]\n", "KEY"),
}


@pytest.mark.parametrize(("name", "old", "new", "tag"), MISTAKES.values(), ids=MISTAKES)
def test_settings_that_nobody_can_use(place: Place, name: str, old: str, new: str, tag: str) -> None:
    """A message about settings names them, fit to be printed, from the command and from pytest."""
    place.story.edit(name, old, new.format(json.dumps(hostile("KEY"))))
    for done in (place.handoff("gate", "session-2"), place.pytest("-q", "tests/e2e", "--handoff=session-3")):
        assert unfit(done.err) == []
        assert tag.encode() in done.both
        assert b"Traceback" not in done.both
    assert unfit(place.handoff("init", "session-4").both) == []


def _strings(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from _strings(inner, (*path, key))


NOT_FORGED = {"schema", "session", "previous", "digest", "verdict", "kind", "ledger", "sources", "missing", "lines", "better"}
"""Keys of values of which a reader takes no others, and looks at nothing else."""


def _forged(record: dict[str, Any], share: int) -> dict[str, Any]:
    for number, keys in enumerate(_strings(record)):
        if number % 4 == share and not NOT_FORGED & {keys[0], keys[-1]}:
            inner: Any = record
            for key in keys[:-1]:
                inner = inner[key]
            inner[keys[-1]] += hostile("FORGED")
    if share == 0:
        record["not_measured"][hostile("WHAT")] = hostile("WHY")
    return record | {"digest": None}


@pytest.mark.parametrize("share", range(4))
def test_a_forged_record(place: Place, share: int) -> None:
    """Each word of a record is a stranger's: one of four of them is forged at a time."""
    path = place.folder / "handoffs/evidence/session-2/record.json"
    path.write_text(json.dumps(_forged(json.loads(path.read_bytes()), share)))
    for words in (("show", "session-2"), ("explain", "session-2"), ("gate", "session-2"), ("history",)):
        done = place.handoff(*words)
        assert unfit(done.both) == []
        assert b"Traceback" not in done.both
        assert words[0] != "show" or done.code == 0


def test_a_forged_ledger(place: Place) -> None:
    """Its ids, tiers, reasons and errors, with the digest made right."""
    from pytest_handoff.project.encoding import digest_of

    folder = place.folder / "handoffs/evidence/session-2"
    lines = [json.loads(line) for line in (folder / "tests.jsonl").read_bytes().splitlines()]
    forged = [line | {"id": line["id"] + hostile("ID"), "tier": hostile("TIER"), "error": hostile("ERROR")} for line in lines]
    data = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in forged).encode()
    (folder / "tests.jsonl").write_bytes(data)
    record = json.loads((folder / "record.json").read_bytes())
    record["tests"]["ledger"] = digest_of(data)
    (folder / "record.json").write_text(json.dumps(record | {"digest": None}))
    for words in (
        ("show", "session-2"),
        ("gate", "session-2"),
        ("history", "test_"),
        ("history", forged[0]["id"]),
        ("attest", "session-2"),
    ):
        done = place.handoff(*words)
        assert unfit(done.both) == []
        assert b"Traceback" not in done.both
        assert words[0] != "history" or b"ID\\x1b[31m" in done.both


@pytest.mark.parametrize("shell", ["bash_complete", "zsh_complete", "fish_complete"])
def test_the_shell_is_offered_nothing_that_it_would_run(place: Place, shell: str) -> None:
    """Names of sessions that are one word; others are a person's to quote."""
    for name in ("$(touch x)", "a;b", "a b", "`id`", "a'b", "Köln"):
        _forge_session(place.folder, name)
    place.environment |= {
        "_HANDOFF_COMPLETE": shell,
        "COMP_WORDS": "handoff show ",
        "COMP_CWORD": "" if shell.startswith("fish") else "2",
    }
    done = place.run(str(Path(sys.executable).parent / "handoff"))
    offered = set(re.findall(r"^(?:plain,|plain\n)?((?!plain$|_$).+)$", done.out.decode(), re.MULTILINE))
    assert {name.partition(",")[2] or name for name in offered} == {"session-1", "session-2", "Köln"}
    assert unfit(done.both) == []


def test_words_of_git(place: Place) -> None:
    """What git complains of is repeated on one line."""
    (place.folder / ".git/HEAD").write_text("ref: refs/heads/" + hostile("GIT"))
    done = place.handoff("verify", "session-2")
    assert unfit(done.both) == []
    assert done.code != 0


def test_a_name_of_a_megabyte(place: Place) -> None:
    """A line for people has an end, and so has what GitHub is given."""
    (place.folder / "handoffs/session-2.md").write_text("- [ ] " + "long " * 200_000 + "\n")
    done = place.handoff("gate", "session-2")
    assert max(map(len, done.both.decode().split("\n"))) < 20_000
    assert place.summary.stat().st_size < 20_000


def test_honest_names_are_printed_as_they_are(place: Place) -> None:
    """Letters of any script, emoji of several characters; an id can be copied from what is printed."""
    for name in (path for path in place.folder.rglob("*") if path.name.startswith(("FILE", "NAMED"))):
        if name.is_file():
            name.unlink()
    assert HEBREW in place.handoff("verify", "session-2").out.decode()
    assert HEBREW in json.loads(place.handoff("verify", "session-2", "--json").out)["problems"][0]["message"]
    assert b"tests/unit/test_cart.py::test_ids[::a]" in place.handoff("history", "test_ids").both


def test_json_holds_exactly_what_is_there(place: Place) -> None:
    """Programs read the words themselves, whatever they are."""
    table = json.loads(place.handoff("verify", "session-2", "--json").out)
    assert any(f"FILE{UNSEEN}\n{ORDER}" in problem["message"] for problem in table["problems"])


def test_a_stream_that_is_not_utf_8(place: Place) -> None:
    """Nothing stops, and nothing unfit comes of spelling a word in ASCII."""
    place.environment["PYTHONIOENCODING"] = "ascii"
    (place.folder / "＃＃［add-mask］x.py").write_text("")
    done = place.handoff("verify", "session-2")
    assert unfit(done.both) == []
    assert b"FILE" in done.both
    assert done.code == 1


def test_the_page_shows_what_nobody_would_see(place: Place) -> None:
    """Sources, document and figures on the page turn no direction and hide nothing."""
    assert place.handoff("report", "session-2", "-o", "page.html").code == 0
    page = (place.folder / "page.html").read_text("utf-8")
    assert not [char for char in page if unicodedata.category(char) in ("Cc", "Cf") and char not in "\n\t\u200d"]
    assert "LINE \\x1b[31m" in page


DOORS = {"printing.py", "parse_again.py"}  # what the latter writes is read by the process that started it
WAYS_OUT = {"print", "echo", "secho", "write_line", "Console", "confirm", "prompt", "print_exception", "print_exc"}


def _ways_out(module: Path) -> Iterator[str]:
    """Calls that print, other than through the door; what pytest prints for us must have been made fit before."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        if called in ("sys.stdout.write", "sys.stderr.write", "sys.stdout.buffer.write", "sys.stderr.buffer.write"):
            yield f"{module.name}:{node.lineno}: {called}"
        elif name in ("UsageError", "write_line", "write_sep", "ClickException", "BadParameter") or called == "pytest.exit":
            said = [one for one in node.args if not isinstance(one, ast.Constant)][:1]
            if not all(ast.unparse(one).startswith("printable(") for one in said):
                yield f"{module.name}:{node.lineno}: {ast.unparse(node)}"
        elif name in WAYS_OUT:
            yield f"{module.name}:{node.lineno}: {called}"


def test_there_is_one_door() -> None:
    """No module prints for itself."""
    assert [way for module in sorted(PACKAGE.glob("**/*.py")) if module.name not in DOORS for way in _ways_out(module)] == []

"""Read the project's settings: ``[tool.handoff]`` in ``pyproject.toml``, or the same keys in ``handoff.toml``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

import msgspec

from pytest_handoff.errors import UsageProblem
from pytest_handoff.record import Frozen

MOST_ENTRIES, MOST_CHARACTERS = 5_000, 2_000
"""The most entries in a list or table of the settings, and the most characters in a text."""

_LONGEST_NAME = 255
"""Bytes that common file systems allow in a name."""

_SHOWN = 40
SESSION_NAME_LIMIT = 100
"""Bytes in UTF-8; file systems take 255, and the name of a document or a temporary file is longer than the session's."""

_DEVICES = {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10))}


Experiment = Literal["earlier", "new", "faults"]
"""The experiments of ``handoff prove``: the earlier tests as they were, the new tests on the old code, small faults."""


class TierRule(Frozen, frozen=True):
    """The rule that gives a test its tier: by one of these markers, else by one of these path globs."""

    markers: list[str] = []
    paths: list[str] = []


class Retirement(Frozen, frozen=True):
    """Tests (a glob over ids) that no longer count, and why."""

    test: str
    reason: str


class KnownFailure(Frozen, frozen=True):
    """Tests (a glob over ids) that may fail, and why; ``until`` is the last day (``2026-12-31``) on which they may."""

    test: str
    reason: str
    until: str | None = None


class Waiver(Frozen, frozen=True):
    """A gate that may fail, and why; ``until`` is the last day (``2026-12-31``) on which it may."""

    gate: str
    reason: str
    until: str | None = None


class Binding(Frozen, frozen=True):
    """A checklist line (its text) that is decided by the tests whose id matches the glob, or by a gate of this name."""

    line: str
    tests: str | None = None
    gate: str | None = None


class Adaptation(Frozen, frozen=True):
    """Earlier tests (a glob over ids) that had to change with the code, and why."""

    test: str
    reason: str


class Promise(Frozen, frozen=True):
    """Tests (a glob over ids) that a later session must have and pass; ``due`` is the session by which they are due."""

    test: str
    reason: str
    due: str | None = None


def _default_tiers() -> dict[str, TierRule]:
    names = ("unit", "integration", "e2e", "performance")
    return {name: TierRule(markers=[name], paths=[f"**/{name}/**"]) for name in names}


class Config(Frozen, frozen=True):
    """Every setting with its default.

    Attributes:
        dir: the hand-off folder, relative to the project's folder.
        document: where a session's document is; ``{session}`` stands for its name. ``None``: ``<dir>/{session}.md``.
        template: the template of a new document.
        templates: a folder of the project's own templates; a file in it wins over ours of the same name.
        ignore: globs of files that are not part of the fingerprint.
        scope: the folders that the fingerprint covers; empty for the whole repository.
        tiers: tier name to rule; the built-in four keep their rules unless named here.
        default_tier: the tier of a test that no rule matches.
        retire: retirements, each with its reason.
        known: tests that are known to fail, each with its reason.
        required: checklist lines that every document must carry.
        bind: checklist lines that tests or a gate of the project's choice decide.
        aliases: place id to what the project's documents call it: ``Label``, ``Heading > Label``, for a fenced block ``Heading``.
        words: further phrases for the checklist language, in the shape of its own tables.
        promise: what later sessions owe.
        target: the branch that the work will be merged into, such as ``main``; what is merged in from it is not new code.
        waive: gates that may fail, each with its reason.
        corrections: whether the block ``claims.corrections`` says in the document what the evidence contradicts.
        parts: labels of the parts that ``handoff combine`` must find; without one of them a session is incomplete.
        prove: the experiments of ``handoff prove`` that the gate asks for.
        adapt: earlier tests that had to change with the code, each with its reason.
        details: where durations and failure texts are kept: in a folder that git ignores, with the evidence, or nowhere.
    """

    dir: str = "handoffs"
    document: str | None = None
    template: str = "session_handoff"
    templates: str | None = None
    ignore: list[str] = []
    scope: list[str] = []
    tiers: dict[str, TierRule] = msgspec.field(default_factory=_default_tiers)
    default_tier: str = "unit"
    retire: list[Retirement] = []
    known: list[KnownFailure] = []
    required: list[str] = []
    bind: list[Binding] = []
    waive: list[Waiver] = []
    aliases: dict[str, list[str]] = {}
    words: dict[str, Any] = {}
    promise: list[Promise] = []
    target: str | None = None
    parts: list[str] = []
    corrections: Literal["on", "off"] = "on"
    prove: list[Experiment] = []
    adapt: list[Adaptation] = []
    details: Literal["local", "commit", "off"] = "local"

    def document_path(self, session: str) -> str:
        """Return the path of a session's document, relative to the project's folder."""
        return (self.document or f"{self.dir}/{{session}}.md").replace("{session}", session)


def read_config(table: Mapping[str, Any], *, path: str) -> Config:
    """Turn a configuration table into a :class:`Config`.

    Raises:
        UsageProblem: with every problem of the table in one message.
    """
    excess = list(_excess(table, "the table"))
    if excess:
        raise UsageProblem("; ".join(excess), path=path)
    problems = [*_unknown_keys(table), *_bad_values(table)]
    config = Config() if problems else msgspec.convert(dict(table), Config)
    problems += _without_meaning(config)
    if problems:
        raise UsageProblem("; ".join(problems), path=path)
    return msgspec.structs.replace(config, tiers=_default_tiers() | config.tiers)


def check_session_name(name: str) -> str:
    """Return the name if it can be a file's name everywhere.

    Raises:
        UsageProblem: naming what is wrong with it.
    """
    return _checked(name, "the session name", "session-3")


def is_session_name(name: str) -> bool:
    """Tell whether :func:`check_session_name` accepts this name."""
    return _complaint(name) is None


def check_part_label(label: str) -> str:
    """Return the label of a part if it can be a folder's name everywhere.

    Raises:
        UsageProblem: naming what is wrong with it.
    """
    return _checked(label, "the label of a part", "py3.13-2")


def _checked(name: str, what: str, example: str) -> str:
    complaint = _complaint(name)
    if complaint:
        raise UsageProblem(f"{what} {name!r} {complaint}; use letters, digits, '-', '_' and '.', as in {example}")
    return name


def _complaint(name: str) -> str | None:
    if not name.strip():
        return "is empty"
    if any(not char.isprintable() for char in name):
        return "contains a control character"
    if any(char in '/\\:*?"<>|{}' for char in name):
        return "contains a character that some systems do not allow in file names"
    if name[0] in "-." or name.strip() != name or name.endswith("."):
        return "begins or ends with a dash, a dot or a space"
    if name.partition(".")[0].casefold() in _DEVICES:
        return "is a device name on Windows"
    return f"is longer than {SESSION_NAME_LIMIT} bytes" if len(name.encode()) > SESSION_NAME_LIMIT else None


def _excess(value: object, name: str) -> Iterator[str]:
    """Find what is longer than anybody would write: reading all of it would take too long."""
    if isinstance(value, (dict, list)) and len(value) > MOST_ENTRIES:
        yield f"{name} has {len(value):,} entries; the limit is {MOST_ENTRIES:,}"
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _excess(key, f"a key of {name}")
            yield from _excess(entry, f"{key[:_SHOWN]!r}")
    elif isinstance(value, list):
        for entry in value:
            yield from _excess(entry, f"an entry of {name}")
    elif isinstance(value, str) and len(value) > MOST_CHARACTERS:
        yield f"{name} has {len(value):,} characters; the limit is {MOST_CHARACTERS:,}"


def _unknown_keys(table: Mapping[str, Any]) -> Iterator[str]:
    known = Config.__struct_fields__
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            yield f"unknown key '{key}'" + (f", did you mean '{near[0]}'?" if near else "")


def _bad_values(table: Mapping[str, Any]) -> Iterator[str]:
    fields = {field.name: field for field in msgspec.structs.fields(Config)}
    for key, value in table.items():
        if key in fields:
            try:
                msgspec.convert(value, fields[key].type)
            except msgspec.ValidationError as error:
                yield f"'{key}': {_sentence(str(error))}{_choices(fields[key].type)}"


def _choices(kind: Any) -> str:
    """Name the values to choose from, where a setting or the entries of its list take only a few."""
    entry = get_args(kind)[0] if get_origin(kind) is list else kind
    return f"; choose from {', '.join(map(repr, get_args(entry)))}" if get_origin(entry) is Literal else ""


def _without_meaning(config: Config) -> Iterator[str]:
    for binding in config.bind:
        if (binding.tests is None) == (binding.gate is None):
            yield f"'bind': {binding.line!r} needs either tests or a gate"
    reasoned: dict[str, Sequence[Retirement | KnownFailure | Waiver | Promise | Adaptation]] = {
        "retire": config.retire,
        "known": config.known,
        "waive": config.waive,
        "promise": config.promise,
        "adapt": config.adapt,
    }
    for kind, entries in reasoned.items():
        if not all(_says_something(entry.reason) for entry in entries):
            yield f"'{kind}': an entry has no reason"
    yield from (f"'parts': {label!r} {complaint}" for label in config.parts if (complaint := _complaint(label)))
    yield from (f"'parts': {label!r} appears twice" for label, times in Counter(config.parts).items() if times > 1)
    if config.target is not None and not config.target.strip():
        yield "'target': give the name of a branch"
    yield from _unusable_names(config)
    for kind, ending in (("waive", config.waive), ("known", config.known)):
        for entry in ending:
            if entry.until is not None and not _is_day(entry.until):
                yield f"'{kind}': {entry.until!r} is not a date such as 2026-12-31"


def _says_something(reason: str) -> bool:
    """Check that a reason has a visible letter or digit: white space, and what looks like it, is no reason."""
    if reason.isascii():
        return any(map(str.isalnum, reason))
    from pytest_handoff.printable import holds_a_word

    return holds_a_word(reason)


def _unusable_names(config: Config) -> Iterator[str]:
    for key in ("dir", "document", "template", "templates", "target"):
        name = getattr(config, key) or ""
        if not name.isprintable():
            yield f"'{key}': contains a control character"
        if any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in name.split("/")):
            yield f"'{key}': has a name longer than {_LONGEST_NAME} bytes"
        if "\\" in name and key in ("dir", "document", "templates"):
            yield f"'{key}': {name!r} has a backslash; write folders with '/', which means the same on every system"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _sentence(message: str) -> str:
    text, _, place = message.partition(" - at `$")
    return text[0].lower() + text[1:] + (f" at {place.rstrip('`')}" if place else "")

"""Read pytest's ``addopts``: what its options leave out, load and set, in any spelling.

pytest reads them with argparse: ``-vk x``, ``-vkx``, ``-k=x`` and ``-k x`` are the same option.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence

_FLAGS = frozenset("dfhlqsvVx")
_VALUED = frozenset("cknmoprW")
"""Short options of pytest and pytest-xdist, without a value and with one."""

_LONG_FLAGS = frozenset((
    "--cache-clear", "--co", "--collect-in-virtualenv", "--collect-only", "--continue-on-collection-errors", "--cov-append",
    "--cov-branch", "--cov-reset", "--disable-plugin-autoload", "--disable-pytest-warnings", "--disable-warnings",
    "--doctest-continue-on-failure", "--doctest-ignore-import-errors", "--doctest-modules", "--exitfirst", "--failed-first",
    "--ff", "--force-short-summary", "--full-trace", "--fulltrace", "--keep-duplicates", "--last-failed", "--lf", "--new-first",
    "--nf", "--no-cov", "--no-cov-on-fail", "--no-fold-skipped", "--no-header", "--no-showlocals", "--no-summary", "--noconftest",
    "--pdb", "--pyargs", "--quiet", "--runxfail", "--setup-only", "--setup-plan", "--setup-show", "--showlocals", "--stepwise",
    "--stepwise-skip", "--strict", "--strict-config", "--strict-markers", "--sw", "--sw-skip", "--trace", "--trace-config",
    "--verbose",
))  # fmt: skip
_DESELECTING = ("-k", "-m", "--deselect", "--ignore", "--ignore-glob", "--confcutdir")
_SWITCHES = (
    "--lf", "--last-failed", "--sw", "--stepwise", "--runxfail", "--no-cov", "--collect-only", "--co", "--noconftest",
    "--setup-only", "--setup-plan", "--disable-plugin-autoload",
)  # fmt: skip

_MOST_FILES = 20

HARMLESS = frozenset({"no:cacheprovider", "no:xdist", "no:randomly", "no:cov", "no:pytest_cov", "no:benchmark", "no:handoff"})
"""Plugins that collect nothing and that people often turn off."""

_ABOUT_OUTPUT = frozenset((
    "no:faulthandler", "no:html", "no:hypothesispytest", "no:junitxml", "no:pastebin", "no:pytest_sugar", "no:rerunfailures",
    "no:sugar", "no:terminal",
))  # fmt: skip

_PATH = ""
"""The name under which :func:`_single` gives words that are no options."""


def deselecting(options: Sequence[str]) -> list[str]:
    """Pick the options that leave tests out, or what they run with; ``-k x``, ``-kx`` and ``-k=x`` come in one form."""
    single = [(name, value) for name, value in _single(options) if name in _DESELECTING or name in _SWITCHES]
    return [name if value is None else f"{name} {value}" for name, value in single]


def loading(options: Sequence[str]) -> list[str]:
    """Pick the options that load plugins or turn on doctests."""
    single = list(_single(options))
    plugins = [f"-p {value}" for name, value in single if name == "-p" and value and not value.startswith("no:")]
    doctests = [(name, value) for name, value in single if name.startswith("--doctest")]
    return [*plugins, *(name if value is None else f"{name}={value}" for name, value in doctests)]


def keeping_out(options: Sequence[str]) -> list[str]:
    """Pick the plugins that ``-p no:`` turns off, except those that only print or keep something."""
    named = [value.strip() for name, value in _single(options) if name == "-p" and value]
    return [f"-p {name}" for name in named if name.startswith("no:") and name not in HARMLESS | _ABOUT_OUTPUT]


def overrides(options: Sequence[str]) -> dict[str, str]:
    """Pick the settings that ``-o`` and ``--override-ini`` give among pytest's options; the last one of a name counts."""
    given = [value for name, value in _single(options) if name in ("-o", "--override-ini") and value]
    return {name.strip(): value for name, equals, value in (entry.partition("=") for entry in given) if equals}


def warning_filters(options: Sequence[str]) -> list[str]:
    """Pick the filters that ``-W`` gives."""
    return [value or "" for name, value in _single(options) if name in ("-W", "--pythonwarnings")]


def named_paths(options: Sequence[str]) -> list[str]:
    """Pick the files and folders that are named, which pytest collects instead of ``testpaths``.

    A word behind a long option that is none of pytest's flags is taken for its value.
    """
    return [value for name, value in _single(options) if name == _PATH and value and not value.startswith("@")]


def unread_files(options: Sequence[str]) -> list[str]:
    """Pick the files with options that :func:`expanded` could not read."""
    return [word for word in options if word.startswith("@")]


def expanded(options: Sequence[str], read: Callable[[str], str | None]) -> list[str]:
    """Put the lines of each file that is named as ``@file`` in its place; one that cannot be read stays as it is."""
    left = _MOST_FILES

    def put(words: Sequence[str]) -> Iterator[str]:
        nonlocal left
        for word in words:
            text = None
            if word.startswith("@") and len(word) > 1 and left > 0:
                left -= 1
                text = read(word[1:])
            if text is None:
                yield word
            else:
                yield from put(text.splitlines())

    return list(put(options))


def _single(options: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Give each option by itself with its value, and each path under an empty name."""
    rest = deque(options)
    while rest:
        word = rest.popleft()
        if word == "--":
            yield from ((_PATH, other) for other in rest)
            return
        if word.startswith("--"):
            yield _long(word, rest)
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word[1:], rest)
        else:
            yield _PATH, word


def _long(word: str, rest: deque[str]) -> tuple[str, str | None]:
    """Read a long option; the word behind it is its value unless it is an option itself, as argparse has it."""
    name, equals, value = word.partition("=")
    if equals:
        return name, value
    takes_next = name not in _LONG_FLAGS and rest and not rest[0].startswith("-")
    return name, rest.popleft() if takes_next else None


def _short(letters: str, rest: deque[str]) -> Iterator[tuple[str, str | None]]:
    """Split a cluster of short options; the last one may have its value behind it, or as the next word."""
    for at, letter in enumerate(letters):
        if letter in _VALUED:
            value = letters[at + 1 :].removeprefix("=")
            yield f"-{letter}", value or (rest.popleft() if rest else "")
            return
        yield f"-{letter}", None
        if letter not in _FLAGS:
            return

"""Import one module of a scratch tree with a fault in it, and put the fault into functions that are already in memory.

This file is copied beside the tree, and imports nothing of ours. It takes part in every process of a test, too.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib.abc import FileLoader, SourceLoader
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

JOB = "HANDOFF_FAULT"
"""The variable that names the file of a job: the fault, the tests and the report."""

Places = dict[tuple[str, int], list[FunctionType]]
"""The functions of a file that are in memory, by qualified name and first line."""


class CannotSwap(Exception):
    """The code of a function cannot be put in the place of another one's."""


def text_of(place: str) -> str:
    """Return the text of a file."""
    return decode_source(Path(place).read_bytes())


def text_with(fault: dict[str, Any], tree: str) -> str:
    """Return the text of a file of the tree with a fault."""
    return applied(fault, text_of(os.path.join(tree, fault["path"])))  # noqa: PTH118


def applied(fault: dict[str, Any], text: str) -> str:
    """Return a text with a fault in it."""
    return text[: fault["start"]] + str(fault["replacement"]) + text[fault["end"] :]


def install(fault: dict[str, Any], tree: str) -> None:
    """Import the file of a fault with it, whenever it is imported from now on."""
    place = os.path.join(tree, fault["path"])  # noqa: PTH118
    name = os.path.basename(place)  # noqa: PTH119
    as_it_is = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if os.path.basename(path) == name and os.path.realpath(path) == place:  # noqa: PTH119
            return compile(text_with(fault, tree), path, "exec", dont_inherit=True)
        return as_it_is(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
    _keep_from_rewriting(fault, place, tree)


def _keep_from_rewriting(fault: dict[str, Any], place: str, tree: str) -> None:
    """Give the file a loader of its own: pytest reads by itself what it rewrites, but leaves alone what another loader loads."""

    class WithFault(FileLoader, SourceLoader):  # type: ignore[misc] # typeshed has two signatures of source_to_code
        def get_code(self, fullname: str) -> CodeType:
            return compile(text_with(fault, tree), self.get_filename(fullname), "exec", dont_inherit=True)

    as_it_is = PathFinder.find_spec

    class FindSpec:  # no function: pytest keeps it as an attribute of a class, where that would become a method
        def __call__(self, fullname: str, path: Any = None, target: Any = None) -> Any:
            spec = as_it_is(fullname, path, target)
            if spec is not None and spec.origin and os.path.realpath(spec.origin) == place:
                spec.loader = WithFault(fullname, spec.origin)
            return spec

    find_spec = FindSpec()
    PathFinder.find_spec = find_spec  # type: ignore[method-assign]
    for finder in sys.meta_path:
        if hasattr(finder, "_find_spec"):  # pytest's, which is there already in a fork
            finder._find_spec = find_spec


def install_from(job: str, tree: str) -> None:
    """Do so for the fault of a job, if it has one."""
    with open(job, encoding="utf-8") as file:  # noqa: PTH123
        fault = json.load(file)["fault"]
    if fault is not None:
        install(fault, tree)


def functions_of(files: Iterable[str]) -> dict[str, Places]:
    """Find the functions of these files that are in memory."""
    found: dict[str, Places] = {file: {} for file in files}
    real: dict[str, str] = {}
    for one in gc.get_objects():
        if type(one) is FunctionType:
            code = one.__code__
            file = real.setdefault(code.co_filename, os.path.realpath(code.co_filename))
            if file in found:
                found[file].setdefault((code.co_qualname, code.co_firstlineno), []).append(one)
    return found


def swaps(places: Places, old: CodeType, new: CodeType) -> list[tuple[FunctionType, CodeType]]:
    """List the functions whose code differs between two states of a file, with their new code.

    Raises:
        CannotSwap: when functions came or went, or one would need other variables of the function around it.
    """
    found = []
    for before, after in _pairs(old, new):
        for function in places.get((before.co_qualname, before.co_firstlineno), ()):
            if len(before.co_freevars) != len(after.co_freevars):
                raise CannotSwap(before.co_qualname)
            found.append((function, after.replace(co_filename=function.__code__.co_filename)))
    return found


def _pairs(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    before = [one for one in old.co_consts if isinstance(one, CodeType)]
    after = [one for one in new.co_consts if isinstance(one, CodeType)]
    if [one.co_qualname for one in before] != [one.co_qualname for one in after]:
        raise CannotSwap(old.co_qualname)
    for one, other in zip(before, after, strict=True):
        if one != other:
            yield one, other
            yield from _pairs(one, other)

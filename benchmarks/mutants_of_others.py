"""What cosmic-ray or mutmut makes of a tree: one JSON line for each fault that it tried.

    python mutants_of_others.py cosmic-ray|mutmut LINES.json

To be run in the tree, by the Python of an environment that has the tool. ``LINES.json`` has the lines that count, by file.
Each fault is told by a digest of the module as it would be parsed, which is the same for whoever makes the same fault.
"""

from __future__ import annotations

import ast
import hashlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_TIMEOUT = 60
_STATUS = {"killed": "caught", "survived": "survived", "timeout": "timeout", "segfault": "caught", "suspicious": "caught"}


def key_of(text: str) -> str:
    """Return what two texts of a module have in common where they mean the same."""
    return _digest(ast.parse(text))


def main(tool: str, lines: dict[str, list[int]]) -> None:
    """Try the faults, and print what became of each."""
    facts, clock = _cosmic_ray(lines) if tool == "cosmic-ray" else _mutmut(lines)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    for fact in facts:
        print(json.dumps(fact))
    print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "clock": clock}))


class _Plain(ast.NodeTransformer):
    """Write a negated comparison as its opposite: one tool puts a ``not`` before it, another one changes the operator."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=ast.Compare(ops=[op]) as compared) if type(op) in _OPPOSITE:
                return ast.Compare(left=compared.left, ops=[_OPPOSITE[type(op)]()], comparators=compared.comparators)
        return node


_PAIRS = [(ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.Eq, ast.NotEq), (ast.Lt, ast.GtE), (ast.LtE, ast.Gt)]
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {**dict(_PAIRS), **{other: one for one, other in _PAIRS}}


def _digest(tree: ast.AST) -> str:
    return hashlib.sha256(ast.dump(_Plain().visit(tree)).encode()).hexdigest()


def _cosmic_ray(lines: dict[str, list[int]]) -> tuple[list[dict[str, Any]], float]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator
    from cosmic_ray.work_db import WorkDB, use_db

    command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider"
    Path("cosmic-ray.toml").write_text(
        f'[cosmic-ray]\nmodule-path = {json.dumps(sorted(lines))}\ntimeout = {_TIMEOUT}\nexcluded-modules = []\n'
        f'test-command = {json.dumps(command)}\n[cosmic-ray.distributor]\nname = "local"\n',
        encoding="utf-8",
    )  # fmt: skip
    tool = str(Path(sys.executable).with_name("cosmic-ray"))
    subprocess.run([tool, "init", "cosmic-ray.toml", "session.sqlite"], check=True, stdout=sys.stderr)
    texts = {path: Path(path).read_text(encoding="utf-8") for path in lines}
    keys: dict[str, dict[str, Any]] = {}
    with use_db("session.sqlite", WorkDB.Mode.open) as database:
        for item in database.work_items:
            (fault,) = item.mutations
            path = fault.module_path.as_posix()
            if fault.start_pos[0] not in lines[path]:
                continue
            text = mutate_code(texts[path], get_operator(fault.operator_name)(**fault.operator_args), fault.occurrence)
            keys[item.job_id] = {"path": path, "line": fault.start_pos[0], "key": key_of(text), "operator": fault.operator_name}
        kept = [item for item in database.work_items if item.job_id in keys]
        database.clear()
        database.add_work_items(kept)
    began = time.monotonic()
    subprocess.run([tool, "exec", "cosmic-ray.toml", "session.sqlite"], check=True, stdout=sys.stderr)
    seconds = time.monotonic() - began
    with use_db("session.sqlite", WorkDB.Mode.open) as database:
        return [{**keys[job], **_of_cosmic_ray(result)} for job, result in database.results], seconds


def _of_cosmic_ray(result: Any) -> dict[str, str]:
    status = "timeout" if result.output == "timeout" else "caught" if result.is_killed else "survived"
    changed = [line for line in (result.diff or "").split("\n")[3:] if line.startswith(("-", "+"))]
    return {"status": status, "diff": "\n".join(changed)}


def _mutmut(lines: dict[str, list[int]]) -> tuple[list[dict[str, Any]], float]:
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.stats import status_by_exit_code

    top = sorted({Path(path).parts[0] for path in lines})
    settings = Path("pyproject.toml")
    text = settings.read_text(encoding="utf-8") if settings.exists() else ""
    more = f"\n[tool.mutmut]\nsource_paths = {json.dumps(top)}\nonly_mutate = {json.dumps(sorted(lines))}\n"
    settings.write_text(text + more, encoding="utf-8")
    tool = str(Path(sys.executable).with_name("mutmut"))
    began = time.monotonic()
    _run_mutmut(tool, "no.such.name")  # it writes its faults, learns who runs what, and then finds no fault of this name
    places: dict[str, dict[str, Any]] = {}
    for path in lines:
        data = SourceFileMutationData(path=Path(path))
        data.load()
        places |= {name: {"path": path, **_of_mutmut(name, path)} for name in data.exit_code_by_key}
    chosen = [name for name, place in places.items() if place["line"] in lines[place["path"]]]
    done = _run_mutmut(tool, *chosen) if chosen else None
    seconds = time.monotonic() - began
    if done is not None and done.returncode:
        sys.exit(f"mutmut ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    found = []
    for path in lines:
        data = SourceFileMutationData(path=Path(path))
        data.load()
        told = {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items() if name in chosen}
        found += [{**places[name], "status": _STATUS.get(status, status)} for name, status in told.items()]
    return found, seconds


def _run_mutmut(tool: str, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool, "run", "--max-children", "1", *names], check=False, capture_output=True, text=True)


def _of_mutmut(name: str, path: str) -> dict[str, Any]:
    """Put the function that mutmut changed into the tree of the module; ``None`` where its place is not certain."""
    import libcst
    from mutmut.mutation.diff_apply import read_functions_from_index
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    function, owner = orig_function_and_class_names_from_key(name)
    functions = read_functions_from_index(name, path)
    if functions is None:
        return {"line": None, "key": None, "diff": name}
    before, now = (libcst.Module([one]).code.strip("\n").split("\n") for one in functions)
    changed = next((at for at, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), 0)
    diff = f"-{before[changed].strip()}\n+{now[changed].strip()}"
    module = ast.parse(Path(path).read_text(encoding="utf-8"))
    bodies = (
        [node.body for node in module.body if isinstance(node, ast.ClassDef) and node.name == owner] if owner else [module.body]
    )
    places = [
        (body, at)
        for body in bodies
        for at, node in enumerate(body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function.rpartition(".")[2]
    ]
    if len(places) != 1:
        return {"line": None, "key": None, "diff": diff}
    body, at = places[0]
    node = body[at]
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    above = next(index for index, line in enumerate(before) if line.strip().startswith(("def ", "async def ", "@")))
    (body[at],) = _parsed(now)
    return {"line": first + changed - above, "key": _digest(module), "diff": diff}


def _parsed(function: list[str]) -> list[ast.stmt]:
    indented = function[0][:1].isspace()
    if not indented:
        return ast.parse("\n".join(function)).body
    (owner,) = ast.parse("\n".join(["class _:", *function])).body
    return owner.body if isinstance(owner, ast.ClassDef) else []


if __name__ == "__main__":
    main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))

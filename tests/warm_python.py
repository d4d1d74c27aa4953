"""Run ``python -m MODULE`` in a process that is forked from one which has imported already what every run imports.

A start of Python with pytest, its plugins and ours is half of what a story costs. The child is a process of its own: its working
directory, environment, standard streams and end are those of a command, and nothing it does comes back. What Python reads as it
starts cannot be given to it, so whoever sets such a variable gets a process that starts from nothing.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import re
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READ_AT_THE_START = re.compile(r"PYTHON|COVERAGE_|LANG|LC_|TZ$|LD_|MALLOC_|TMPDIR$")
"""Variables that Python, or something imported, reads only once."""

IMPORTED_BY_ALL = """
    pytest _pytest._argcomplete _pytest.assertion.rewrite _pytest.cacheprovider _pytest.debugging _pytest.doctest
    _pytest.faulthandler _pytest.helpconfig _pytest.junitxml _pytest.logging _pytest.pastebin _pytest.python_path
    _pytest.setuponly _pytest.setupplan _pytest.skipping _pytest.stepwise _pytest.subtests _pytest.threadexception
    _pytest.unittest _pytest.unraisableexception _pytest.warnings execnet hypothesis.internal.observability
    coverage coverage.cmdline coverage.data coverage.html coverage.jsonreport coverage.lcovreport coverage.patch
    coverage.pytracer coverage.report coverage.sysmon coverage.tracer coverage.xmlreport
    click filelock jinja2 jinja2.sandbox markdown_it msgspec msgspec.json packaging.version rich.console rich.markup rich.table
    rich.text yaml
    cProfile code concurrent.futures.process csv faulthandler gzip multiprocessing.connection netrc pdb sqlite3 statistics timeit
    unittest.mock xml.sax.saxutils
"""
"""Third parties' plugins are left out: pytest warns of one that is there before its import hook."""

NOT_OURS = ("plugin", "hookspecs", "__main__", "proving")
"""What of this package is imported as it is told: pytest's plugin, and what a proof runs in processes of other projects."""

LONGEST = 300
"""Seconds that a process may take."""


class Server:
    """The process that others are forked from."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._one_at_a_time = threading.Lock()
        self._ours, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"import warm_python; warm_python.serve({its.fileno()})"],
                cwd=Path(__file__).parent, env=environment, pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def stop(self) -> None:
        """Let it end."""
        self._ours.shutdown(socket.SHUT_RDWR)  # closing would not do where somebody has forked this process
        self._ours.close()
        self._process.wait(60)

    def run(
        self, module: str, args: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a module as ``python -m`` does, and wait for its end."""
        (out, its_out), (err, its_err), (told, its_told) = os.pipe(), os.pipe(), os.pipe()
        given = [0, its_out, its_err, its_told]
        request = {"module": module, "args": args, "cwd": str(cwd), "environment": dict(environment)}
        try:
            with self._one_at_a_time:
                _send(self._ours, json.dumps(request).encode(), given)
        finally:
            for handle in given[1:]:
                os.close(handle)
        said = _read_all([out, err, told], time.monotonic() + LONGEST, [sys.executable, "-m", module, *args])
        return subprocess.CompletedProcess([module, *args], int(said[2].split()[1]), said[0], said[1])


_STARTED: dict[frozenset[tuple[str, str]], Server] = {}


def server(environment: Mapping[str, str]) -> Server | None:
    """The server of this process whose children start as those with this environment do, if there may be one; it is started."""
    variables = frozenset(_read_at_the_start(environment).items())
    if variables not in _STARTED and sys.platform == "linux" and _is_plain(environment):
        _STARTED[variables] = Server(environment)
        atexit.register(_STARTED[variables].stop)
    return _STARTED.get(variables)


def run_module(
    module: str, args: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run ``python -m MODULE ARGS``: in a process that is forked where that makes no difference, in a new one elsewhere."""
    if (warm := server(environment)) is not None:
        return warm.run(module, args, cwd=cwd, environment=environment)
    command = [sys.executable, "-m", module, *args]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, timeout=LONGEST)


def _is_plain(environment: Mapping[str, str]) -> bool:
    """Whether what is read at the start is what it is here, but for an encoding, and nothing measures from there on."""
    own = dict(_read_at_the_start(environment).items() - os.environ.items())
    return own.keys() <= {"PYTHONIOENCODING"} and not any(name.startswith("COVERAGE_") for name in environment)


def _read_at_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if READ_AT_THE_START.match(name)}


def _read_all(handles: list[int], deadline: float, command: list[str]) -> list[bytes]:
    """Read pipes until all are closed; the last one tells the process and how it ended."""
    said: dict[int, list[bytes]] = {handle: [] for handle in handles}
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as opened:
        for handle in handles:
            selector.register(opened.enter_context(os.fdopen(handle, "rb", buffering=0)), selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(max(0.0, deadline - time.monotonic())):
                if data := os.read(key.fd, 65536):
                    said[key.fd].append(data)
                else:
                    selector.unregister(key.fileobj)
            if time.monotonic() > deadline:
                os.kill(int(b"".join(said[handles[-1]]).split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(command, LONGEST, b"".join(said[handles[0]]), b"".join(said[handles[1]]))
    return [b"".join(said[handle]) for handle in handles]


def _send(connection: socket.socket, message: bytes, handles: list[int]) -> None:
    """Send a message of any length, with handles of open files."""
    head = len(message).to_bytes(8)
    connection.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", handles))])
    connection.sendall(message)


# What follows runs in the server and in its children.


def serve(handle: int) -> None:
    """Import what all runs need; then fork a child for each request, until the other side closes."""
    import_before_all()
    connection = socket.socket(fileno=handle)
    del sys.modules["__main__"].__dict__["warm_python"], sys.modules[__name__]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
    while True:
        head, handles, _, _ = socket.recv_fds(connection, 8, 4)
        if not head:
            return None
        request = json.loads(connection.recv(int.from_bytes(head), socket.MSG_WAITALL))
        gc.freeze()
        if not os.fork():
            connection.close()
            return _watch(request, handles)
        for each in handles:
            os.close(each)


def import_before_all() -> None:
    """Import what nearly every run would."""
    for name in IMPORTED_BY_ALL.split():
        _import_if_it_can_be(name)
    for name in ("hypothesis", "_hypothesis_globals"):
        sys.modules.pop(name, None)  # pytest rewrites these two; what they stand on is what its plugin imports at every end
    package = Path(importlib.import_module("pytest_handoff").__file__ or "").parent
    if "site-packages" in package.parts:
        return  # pytest would warn that it cannot rewrite what is there already
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[0] not in NOT_OURS:
            _import_if_it_can_be(".".join(("pytest_handoff", *parts)).removesuffix(".__init__"))


def _import_if_it_can_be(name: str) -> None:
    """Import a module; what is wrong with it, the process says that needs it."""
    with contextlib.suppress(Exception):
        importlib.import_module(name)


def _watch(request: dict[str, object], handles: list[int]) -> None:
    """Fork the process that was asked for; tell its number and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told = handles[3]
    child = os.fork()
    if not child:
        os.close(told)
        return _become(handles[:3], **request)
    for each in handles[:3]:
        os.close(each)
    os.write(told, b"%d " % child)
    _, status = os.waitpid(child, 0)
    os.write(told, b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(handles: list[int], *, module: str, args: list[str], cwd: str, environment: dict[str, str]) -> None:
    """Be ``python -m MODULE ARGS`` in this folder, with this environment and these standard streams."""
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *args]
    sys.orig_argv = [sys.executable, "-m", module, *args]
    sys.path[0] = str(Path.cwd())
    runpy._run_module_as_main(module)  # what Python itself calls

"""Name other plugins that write reports, to measure them beside this one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """Hold what pip installs beside pytest, and the options with which a run writes the report."""

    packages: tuple[str, ...]
    options: tuple[str, ...]


PEERS = {
    "junitxml": Peer((), ("--junitxml=report.xml",)),
    "pytest-reportlog": Peer(("pytest-reportlog",), ("--report-log=report.jsonl",)),
    "pytest-json-report": Peer(("pytest-json-report",), ("--json-report", "--json-report-file=report.json")),
    "pytest-html": Peer(("pytest-html",), ("--html=report.html",)),
    "allure-pytest": Peer(("allure-pytest",), ("--alluredir=report.allure",)),
    "pytest-json-ctrf": Peer(("pytest-json-ctrf",), ("--ctrf=report.ctrf.json",)),
}

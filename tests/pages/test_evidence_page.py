"""The page on evidence explains each key that is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from pytest_handoff.details import Details, Failure
from pytest_handoff.proof import PROOF_SCHEMA, EarlierStatus, NewStatus, Proof
from pytest_handoff.record import (
    OUTCOMES,
    RECORD_SCHEMA,
    CoverageLine,
    Difference,
    LedgerLine,
    Record,
    SourceEdits,
    StatementsLine,
    Status,
)

if TYPE_CHECKING:
    import msgspec

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "evidence.md").read_text("utf-8")


def _listed(name: str, page: str = PAGE) -> list[str]:
    """What stands in backticks in the first cells of the table behind a comment of this name."""
    table = page.partition(f"<!-- {name} -->\n")[2].partition("\n\n")[0]
    return [key for row in table.splitlines()[2:] for key in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("ledger", LedgerLine),
        ("record", Record),
        ("coverage", CoverageLine),
        ("statements", StatementsLine),
        ("proof", Proof),
        ("details", Details),
        ("failure", Failure),
        ("difference", Difference),
        ("edits", SourceEdits),
    ],
)
def test_the_page_explains_each_key(name: str, struct: type[msgspec.Struct]) -> None:
    """The tables have the keys of the files, in their order."""
    assert _listed(name) == list(struct.__struct_fields__)


def test_the_page_explains_each_status() -> None:
    """No status of an earlier test is left out."""
    assert sorted(_listed("statuses")) == sorted(get_args(Status))


@pytest.mark.parametrize(("name", "statuses"), [("earlier", EarlierStatus), ("new", NewStatus)])
def test_the_page_on_proofs_explains_each_status(name: str, statuses: object) -> None:
    """None is left out, and none is explained that no test can have."""
    assert _listed(name, (DOCS / "proving.md").read_text("utf-8")) == list(get_args(statuses))


def test_the_page_names_outcomes_and_schema() -> None:
    """The words of the files are those of the page."""
    assert f"`{RECORD_SCHEMA}`" in PAGE
    assert f"`{PROOF_SCHEMA}`" in PAGE
    row = next(line for line in PAGE.splitlines() if line.startswith("| `outcome` |"))
    assert re.findall(r"`(\w+)`", row.partition("|")[2])[1:-1] == list(OUTCOMES)

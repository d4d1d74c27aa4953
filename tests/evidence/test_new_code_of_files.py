"""New code of real files: base and work tree are texts, what ran is written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from coverage.data import CoverageData

import coverage
from pytest_handoff.coverage.analysis import FileReader
from pytest_handoff.coverage.parsed_sources import parsed_sources
from pytest_handoff.evidence.measurement import Measured, parse_context
from pytest_handoff.evidence.new_code import Trees, new_code
from pytest_handoff.evidence.source_changes import hash_lines
from pytest_handoff.record import SourceLine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PRICES = '''\
"""Prices."""
RATES = {
    "low": 5,
    "high": 20,
}


def net(gross, rate="high"):
    """Without tax."""
    share = gross * RATES[rate] / (
        100 + RATES[rate]
    )
    return gross - share


def total(items):
    return sum(
        item.price
        for item in items
    )
'''


def tree(files: Mapping[str, bytes]) -> dict[str, SourceLine]:
    return {path: SourceLine(path=path, blob=str(hash(data)), lines=hash_lines(data)) for path, data in files.items()}


def judge(folder: Path, base: Mapping[str, bytes], now: Mapping[str, bytes]) -> dict[str, str]:
    """New statements by path, as ranges."""
    for path, text in now.items():
        (folder / path).write_bytes(text)
    cov = coverage.Coverage(data_file=str(folder / "unused"), config_file=False)
    cov.get_data()
    data = CoverageData(no_disk=True)
    data.add_lines({str(folder.resolve() / path): [] for path in now})
    reader = FileReader(cov, folder.resolve(), lambda _: False, parse_context, parsed_sources(cov, None))
    measurement = reader.measurement(data, [])
    data.close(force=True)
    assert isinstance(measurement, Measured)
    found = new_code(measurement, Trees(bases=[tree(base)], base_name="before", now=tree(now)), session="s")
    return {path: file.lines for path, file in found.files.items()}


def edited(*changes: tuple[str, str], text: str = PRICES) -> bytes:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text.encode()


OLD = {"prices.py": PRICES.encode()}
SPLIT = PRICES.index("def total")


@pytest.mark.parametrize(
    ("now", "new"),
    [
        pytest.param(OLD, {}, id="nothing changed"),
        pytest.param({"prices.py": edited(('"low": 5', '"low": 7'))}, {"prices.py": "2"}, id="inside a literal"),
        pytest.param({"prices.py": edited(("100 + RATES", "101 + RATES"))}, {"prices.py": "10"}, id="inside brackets"),
        pytest.param({"prices.py": edited(("for item", "for  item"))}, {"prices.py": "17"}, id="inside a generator"),
        pytest.param({"prices.py": edited(("Without tax", "Less tax"))}, {}, id="a docstring"),
        pytest.param({"prices.py": edited(("\n\n\ndef total", "\n# sums\ndef total"))}, {}, id="a comment"),
        pytest.param({"prices.py": PRICES.replace("\n", "\r\n").encode()}, {}, id="other line endings"),
        pytest.param({"prices.py": PRICES.replace("\n", "  \n").encode()}, {}, id="trailing blanks"),
        pytest.param({"prices.py": PRICES.rstrip().encode()}, {}, id="no last line ending"),
        pytest.param({"prices.py": PRICES[:SPLIT].encode()}, {}, id="only deletions"),
        pytest.param(
            {"prices.py": edited(("def total", "@cache\ndef total"), ("RATES = {", "X = 1\nRATES = {")).replace(b"\n", b"\r")},
            {"prices.py": "2, 17"},
            id="a decorator and a constant, with old line endings",
        ),
        pytest.param({"moved.py": PRICES.encode()}, {}, id="moved"),
        pytest.param({"moved.py": edited(("gross - share", "gross"))}, {"moved.py": "13"}, id="moved and edited"),
        pytest.param(
            {"net.py": PRICES[:SPLIT].encode(), "total.py": PRICES[SPLIT:].encode()},
            {"total.py": "1-2"},
            id="split in two: the larger part is the old file",
        ),
        pytest.param(
            {**OLD, "more.py": b"def f(\n    x,\n):\n    return x\n"}, {"more.py": "1, 4"}, id="a new file beside it"
        ),
        pytest.param({"prices.py": edited(("    return gross", "    log(\n        1,\n    )\n    return gross"))},
            {"prices.py": "13"}, id="a call over several lines"),
    ],
)  # fmt: skip
def test_new_statements(tmp_path: Path, now: Mapping[str, bytes], new: dict[str, str]) -> None:
    """A statement is new if one of its lines differs from the base; where it lies and how its lines end never matters."""
    assert judge(tmp_path, OLD, now) == new

"""pytest-cov's reports are the same with a hand-off and without, whether the sources were known before or not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stories import FIRST, PYPROJECT

if TYPE_CHECKING:
    from stories import Story

REPORTS = ("term-missing", "html:html", "xml:c.xml", "json:c.json", "lcov:c.lcov", "annotate:annotated")
VARYING = re.compile(r"created at [-\d]+ [:\d]+ [+\d]+|timestamp[^,]*?\d[-:.T\d]*")

CASES = """
    import contextlib


    @contextlib.contextmanager
    def opened():
        yield 1


    def kind(value, other=(
        1,
    )):
        with opened() as one, opened():
            if value == one:
                return "one"
        match value:
            case [_]:
                return "list"
            case _:
                pass
        for each in other:
            if each > 5: break
        else:
            value = [n for n in other if n]
        try:
            return value["a"]
        except TypeError:
            return lambda: value
        finally:
            value = None


    def never():  # pragma: no cover
        return 1
"""


def reports(story: Story, *args: str) -> dict[str, str]:
    """Everything that pytest-cov writes, less the times."""
    done = story.pytest("-q", "--cov=src", "--cov-branch", *(f"--cov-report={report}" for report in REPORTS), *args)
    assert done.code == 0, done.out
    printed = re.search("coverage: .*^TOTAL[^\n]*", done.out, re.DOTALL | re.MULTILINE)
    assert printed is not None
    assert "Couldn't parse Python file" in done.err
    folders = (path for name in ("html", "annotated") for path in (story.folder / name).rglob("*.*"))
    files = [path for path in (*folders, *story.folder.glob("c.*")) if path.suffix != ".png" and path.name != "status.json"]
    written = {path.name: VARYING.sub("", path.read_text("utf-8")) for path in files}
    return written | {"printed": printed[0]}


def test_reports_are_what_they_are_without_a_hand_off(empty: Story) -> None:
    """Text, HTML with the reasons of missed branches, XML, JSON, LCOV and annotated sources."""
    test = "from shop import cases\n\ndef test_kind():\n    assert cases.kind(1) == 'one'\n    assert cases.kind({'a': 2})\n"
    broken = {"src/shop/__init__.py": "", "src/shop/broken.py": "def (:\n"}
    empty.write_files({**FIRST, **broken, "pyproject.toml": PYPROJECT, "src/shop/cases.py": CASES, "tests/unit/test_k.py": test})
    (empty.folder / ".gitignore").write_text("__pycache__/\n.coverage*\n.pytest_cache/\nhtml/\nannotated/\nc.*\n")
    alone = reports(empty)
    assert {"c.xml", "c.json", "c.lcov", "index.html"} < alone.keys()
    assert any(name.endswith("cases.py,cover") for name in alone)
    assert "t jump to line" in "".join(alone.values())
    assert reports(empty, "--handoff=session-1") == alone
    assert reports(empty, "--handoff=session-2") == alone

"""Stubs in ``sys.modules`` and project modules of the same name: they are the tests' business, and tick no box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Story

pytestmark = pytest.mark.cold_start

LINE = "All configuration files parse"
STUBS = """
    import sys
    from unittest.mock import MagicMock

    for name in ("yaml", "jinja2", "jinja2.sandbox", "markdown_it"):
        sys.modules[name] = MagicMock()
"""


OWN = "YAMLError = ValueError\nload = parse = lambda text, Loader=None: [text]\nSafeLoader = None\n"


@pytest.mark.parametrize(
    "files",
    [
        {"conftest.py": STUBS},
        {"src/yaml.py": OWN},
        {
            "src/yaml.py": "YAMLError = ValueError\nload = parse = lambda text, Loader=None: [text]\nSafeLoader = None\n",
            "conftest.py": "import yaml\n",
        },
    ],
    ids=["mocks", "a module of that name", "and one that is imported"],
)
def test_a_stub_ticks_no_box(shop: Story, files: dict[str, str]) -> None:
    """The broken file is found broken, and the document is rendered, by what is installed."""
    shop.write_files({**files, "conf.yaml": "a: [1, 2\nb: }\n"})
    document = f"# S\n\n- [ ] {LINE}\n\n<!-- handoff:begin tests.lost -->\n<!-- handoff:end tests.lost -->\n"
    (shop.folder / "handoffs").mkdir()
    (shop.folder / "handoffs/session-1.md").write_text(document)
    shop.commit()
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert done.code == 0, done
    assert shop.boxes("session-1")[LINE] is False
    assert "No earlier test was lost." in shop.document("session-1")
    assert "Mock" not in shop.document("session-1")
    assert shop.handoff("verify", "session-1").code in (0, 1)


def test_tests_keep_their_stub(shop: Story) -> None:
    """What stood in its place while the tests ran stands there at pytest's own end, too."""
    end = "\n\ndef pytest_unconfigure():\n    print('at the end:', type(sys.modules['yaml']).__name__)\n"
    shop.write_files({"conftest.py": STUBS})
    with (shop.folder / "conftest.py").open("a") as file:
        file.write(end)
    done = shop.pytest("--no-cov", "--handoff=session-1")

    assert "at the end: MagicMock" in done.out

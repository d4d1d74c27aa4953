"""A session whose name has a blank, or a sign that the shell understands: every command that is named can be pasted."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stories import Done, Story

COMMAND = re.compile(
    r"(?:--handoff(?:-previous)?=|\bhandoff (?:init|fill|show|explain|verify|next|gate|prove|combine)(?: --\w+)* )(.*)"
)


def unpasteable(name: str, text: str) -> list[str]:
    """The lines that name a command with this session in it, and not as one word of the shell."""
    commands = [(line, rest) for line in text.splitlines() for rest in COMMAND.findall(line)]
    begins, whole = name.partition(" ")[0], shlex.quote(name)
    return [line for line, rest in commands if begins in rest.partition(" ")[0] and not rest.startswith(whole)]


def said(done: Done) -> str:
    """All that a command wrote."""
    return done.out + done.err


@pytest.mark.parametrize("name", ["phase 1", "it's $HOME & done"])
def test_every_command_can_be_pasted(shop: Story, name: str) -> None:
    """After a run that fails, of a document that differs, of evidence that is stale or damaged, and without a proof."""
    settings = '\n[tool.handoff]\nprove = ["earlier"]\n'
    (shop.folder / "pyproject.toml").write_text(shop.text("pyproject.toml") + settings)
    texts = [said(shop.handoff("init", name))]
    block = "<!-- handoff:begin proof -->\n<!-- handoff:end proof -->\n"
    (shop.folder / f"handoffs/{name}.md").write_text(f"{shop.document(name)}\n{block}", "utf-8")
    texts += [said(shop.pytest(f"--handoff={name}", "-k", "nothing")), said(shop.pytest(f"--handoff={name}"))]
    assert shlex.quote(name) in texts[-1], texts[-1]
    verbs = ["gate", "explain", "next", "show", "verify", "prove", "comment", "history"]
    texts += [said(shop.handoff(verb, *([] if verb == "history" else [name]))) for verb in verbs]
    texts.append(shop.document(name))
    assert shop.handoff("report", name).code == 0
    shop.edit(f"handoffs/{name}.md", "- [ ]", "- [x]")
    texts += [said(shop.handoff(verb, name)) for verb in ("gate", "next")]
    texts += [said(shop.handoff("fill", name, *args)) for args in (["--check"], ["a b"], ["--take-over"])]
    shop.write_files({"src/more.py": "MORE = 1\n"})
    texts += [said(shop.handoff(verb, name)) for verb in ("gate", "next", "prove", "attest")]
    (shop.folder / f"handoffs/evidence/{name}/tests.jsonl").write_text("{}\n")
    texts += [said(shop.handoff(verb, name)) for verb in ("gate", "next", "show", "fill")]
    assert unpasteable(name, "\n".join(texts)) == []


def test_the_law_can_fail() -> None:
    """A name that is left as it is, and one that is quoted."""
    assert unpasteable("phase 1", "x: run pytest --handoff=phase 1 again\nhandoff fill 'phase 1' --diff") == [
        "x: run pytest --handoff=phase 1 again"
    ]

"""The page on configuration says what the options and settings are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from pytest_handoff import plugin
from pytest_handoff.cli.handoff import VERBS
from pytest_handoff.config import Config, read_config

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "configuration.md").read_text("utf-8")
README = (CHECKOUT / "README.md").read_text("utf-8")


class _Options:
    """Stands where pytest's parser does, and keeps what is added to it."""

    def __init__(self) -> None:
        self.added: dict[str, dict[str, Any]] = {}

    def getgroup(self, *_names: str) -> _Options:
        return self

    def addoption(self, name: str, **settings: Any) -> None:
        self.added[name] = settings

    addini = addoption


def _rows(page: str, first_cell: str) -> dict[str, list[str]]:
    """The rows of the table with this header, by what stands in backticks in their first cell."""
    table = page.partition(f"| {first_cell} |")[2].partition("\n\n")[0]
    return {row.split("`")[1]: [cell.strip() for cell in row.split(" | ")[1:]] for row in table.split("\n")[2:]}


def _settings() -> Iterator[dict[str, Any]]:
    """The tables of all settings that the page shows."""
    for token in MarkdownIt().parse(PAGE):
        if token.info == "toml" and "[tool.handoff]" in token.content.replace("[[", "[").replace("handoff.", "handoff]"):
            yield tomllib.loads(token.content)["tool"]["handoff"]


def test_the_table_of_options_has_every_option_of_the_plugin() -> None:
    """An option that is added, renamed or removed is in the table, with the word for its value."""
    options = _Options()
    plugin.pytest_addoption(options)  # type: ignore[arg-type]  # it only has to take what is added
    shown = {name + (f"={settings['metavar']}" if "metavar" in settings else "") for name, settings in options.added.items()}
    assert set(_rows(PAGE, "option")) == shown


def test_the_table_of_keys_has_every_setting() -> None:
    """A setting that is added, renamed or removed is in the table."""
    assert set(_rows(PAGE, "key")) == set(Config.__struct_fields__)


@pytest.mark.parametrize("key", sorted(set(Config.__struct_fields__) - {"tiers"}))
def test_the_table_of_keys_has_the_defaults(key: str) -> None:
    """The default in the table is the one in force; tiers have a paragraph of their own."""
    default = getattr(Config(), key)
    assert _rows(PAGE, "key")[key][0] == ("none" if default is None else f"`{msgspec.json.encode(default).decode()}`")


def test_the_built_in_tiers_are_those_of_the_page() -> None:
    """The page names each built-in tier; its marker and folder have the tier's name, as it says."""
    paragraph = PAGE.partition("### Tiers")[2].partition("```")[0]
    for name, rule in Config().tiers.items():
        assert f"`{name}`" in paragraph
        assert (rule.markers, rule.paths) == ([name], [f"**/{name}/**"])


def test_every_setting_has_an_example_that_can_be_used() -> None:
    """The examples are accepted, and none of the settings is without one."""
    tables = list(_settings())
    assert all(read_config(table, path="docs/configuration.md") for table in tables)
    assert {key for table in tables for key in table} == set(Config.__struct_fields__)


def test_the_table_of_markers_has_every_marker() -> None:
    """A marker that is registered stands there, and no other one."""
    table = PAGE.partition("| marker |")[2].partition("\n\n")[0]
    shown = {name for row in table.split("\n")[2:] for name in re.findall(r"`(\w+)", row.split(" | ")[0])}
    assert shown == {re.split(r"[:(]", marker)[0] for marker in plugin._MARKERS}


def test_the_first_page_lists_every_verb_of_the_command() -> None:
    """A verb that is added or removed is in the table of the first page."""
    assert set(re.findall(r"^\| `handoff (\w+)", README, re.MULTILINE)) == set(VERBS)


@pytest.mark.parametrize("page", sorted((CHECKOUT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_entries_about_tests_name_tests(page: Path) -> None:
    """A path alone is the id of no test: an example that is copied would do nothing."""
    named = re.findall(
        r'^\[\[(?:tool\.handoff\.)?(?:retire|known|promise|adapt)\]\]\n(?:.+\n)*?test = "(.+)"$',
        page.read_text("utf-8"),
        re.MULTILINE,
    )
    assert [test for test in named if "::" not in test] == []

"""Kept facts are those of this very text, or there are none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_handoff.coverage.parsed_sources import ParseCache
from pytest_handoff.project.user_folder import Sealed

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(32)
FACTS = ({"statements": {1, 3}, "arcs": {(1, -1): None}}, True, frozenset({2}))


def kept(folder: Path, maker: object = "maker") -> Path:
    """The file of a cache that knows one text."""
    cache = ParseCache(Sealed(folder, KEY), maker)
    cache.put("x = 1\n", FACTS)
    cache.save()
    (file,) = set(folder.iterdir())
    return file


def test_the_next_run_finds_the_same_facts(tmp_path: Path) -> None:
    """Sets, tuples and dictionaries come back as they were."""
    kept(tmp_path)
    assert ParseCache(Sealed(tmp_path, KEY), "maker").get("x = 1\n") == FACTS


@pytest.mark.parametrize(("text", "maker"), [("x = 2\n", "maker"), ("x = 1", "maker"), ("x = 1\n", "another")])
def test_another_text_or_maker_knows_nothing(tmp_path: Path, text: str, maker: str) -> None:
    """Facts belong to one text, to the last byte, and to what made them."""
    kept(tmp_path)
    assert ParseCache(Sealed(tmp_path, KEY), maker).get(text) is None


@pytest.mark.parametrize("where", [0, 31, 32, -1])
def test_a_flipped_bit_anywhere_empties_it(tmp_path: Path, where: int) -> None:
    """What is not as it was written is not believed, not even where it could still be read."""
    file = kept(tmp_path)
    content = bytearray(file.read_bytes())
    content[where] ^= 1
    file.write_bytes(content)
    assert ParseCache(Sealed(tmp_path, KEY), "maker").get("x = 1\n") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_in_its_place_is_an_empty_cache(tmp_path: Path) -> None:
    """Whoever ships pytest's cache may ship one, and reading it would never end."""
    file = kept(tmp_path)
    file.unlink()
    os.mkfifo(file)
    assert ParseCache(Sealed(tmp_path, KEY), "maker").get("x = 1\n") is None


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_torn_file_is_an_empty_cache(tmp_path: Path, content: bytes) -> None:
    """It is written anew by the next run."""
    kept(tmp_path).write_bytes(content)
    assert ParseCache(Sealed(tmp_path, KEY), "maker").get("x = 1\n") is None
    kept(tmp_path)
    assert ParseCache(Sealed(tmp_path, KEY), "maker").get("x = 1\n") == FACTS


def test_a_file_of_another_maker_under_this_name_is_not_taken(tmp_path: Path) -> None:
    """The name belongs to what is guarded: renaming a file does not lend its facts to other versions."""
    ours, other = kept(tmp_path / "ours"), kept(tmp_path / "other", "another")
    other.replace(ours)
    assert ParseCache(Sealed(tmp_path / "ours", KEY), "maker").get("x = 1\n") is None


def test_a_file_with_another_seal_is_not_read(tmp_path: Path) -> None:
    """Whoever does not know the user's key cannot bring facts, however well they are made."""
    kept(tmp_path)
    assert ParseCache(Sealed(tmp_path, b"another user's key"), "maker").get("x = 1\n") is None


def test_only_what_a_run_used_is_kept_on(tmp_path: Path) -> None:
    """Texts of files that changed or went do not pile up."""
    kept(tmp_path)
    cache = ParseCache(Sealed(tmp_path, KEY), "maker")
    cache.put("y = 1\n", FACTS)
    cache.save()
    later = ParseCache(Sealed(tmp_path, KEY), "maker")
    assert (later.get("x = 1\n"), later.get("y = 1\n")) == (None, FACTS)


def test_without_news_nothing_is_written(tmp_path: Path) -> None:
    """A run over part of the sources, all of them known, forgets nothing."""
    file = kept(tmp_path)
    os.utime(file, (1, 1))
    cache = ParseCache(Sealed(tmp_path, KEY), "maker")
    assert cache.get("x = 1\n") == FACTS
    cache.save()
    ParseCache(Sealed(tmp_path, KEY), "maker").save()
    assert file.stat().st_mtime == 1
    assert ParseCache(Sealed(tmp_path, KEY), "maker").get("x = 1\n") == FACTS


def test_the_last_four_makers_are_kept(tmp_path: Path) -> None:
    """As many as a project tried with several Pythons needs; older ones go."""
    for age, maker in enumerate("abcd"):
        ParseCache(Sealed(tmp_path, KEY), maker).save()
        cache = ParseCache(Sealed(tmp_path, KEY), maker)
        cache.put("x = 1\n", FACTS)
        cache.save()
        newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (age, age))
    cache = ParseCache(Sealed(tmp_path, KEY), "e")
    cache.put("x = 1\n", FACTS)
    cache.save()
    assert [maker for maker in "abcde" if ParseCache(Sealed(tmp_path, KEY), maker).get("x = 1\n")] == list("bcde")


def test_facts_that_are_no_plain_data_are_not_kept(tmp_path: Path) -> None:
    """They are asked for again, each time."""
    cache = ParseCache(Sealed(tmp_path, KEY), "maker")
    cache.put("x = 1\n", (object(),))
    cache.put("y = 1\n", FACTS)
    cache.save()
    later = ParseCache(Sealed(tmp_path, KEY), "maker")
    assert (later.get("x = 1\n"), later.get("y = 1\n")) == (None, FACTS)


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    """Nothing depends on what could be kept."""
    (tmp_path / "file").write_text("")
    cache = ParseCache(Sealed(tmp_path / "file" / "below", KEY), "maker")
    cache.put("x = 1\n", FACTS)
    cache.save()
    assert (tmp_path / "file").is_file()


def test_without_a_folder_facts_are_kept_for_this_run_alone() -> None:
    """Neither read nor written."""
    cache = ParseCache(None, "maker")
    cache.put("x = 1\n", FACTS)
    cache.save()
    assert cache.get("x = 1\n") == FACTS
    assert ParseCache(None, "maker").get("x = 1\n") is None

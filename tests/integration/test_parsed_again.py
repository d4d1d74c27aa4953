"""What a run remembers of parsed sources makes the next one cheaper, and never other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stories import Story

CART = """
    def total(prices):
        with open("/dev/null") as file:
            file.read()
        if not prices:
            return 0
        return sum(prices)


    def rebate(
        price,
    ):
        return price / 2
"""

NEW = ("2-5, 9, 12", "12")
"""New statements, and those of them that nothing ran; the sixth line is an old one."""


def figures(story: Story, *args: str) -> Any:
    """What a run with branches says of the code."""
    done = story.pytest("--handoff=session-2", "--cov-branch", *args)
    assert done.code == 0, done
    shown = story.show("session-2")
    return shown["coverage"], shown["new_code"]


def test_a_run_says_the_same_with_and_without_what_it_remembers(shop: Story) -> None:
    """Known, damaged or not wanted: the figures are those of the sources as they stand."""
    shop.pytest("--handoff=session-1", "--cov-branch")
    (cache,) = (shop.folder / ".pytest_cache/d/handoff").iterdir()
    known = cache.read_bytes()
    shop.write_files({"src/shop/cart.py": CART})
    first = figures(shop)
    assert {path: (file["lines"], file["missing"]) for path, file in first[1]["files"].items()} == {"src/shop/cart.py": NEW}
    whole = cache.read_bytes()
    assert whole != known
    assert figures(shop) == first
    assert cache.read_bytes() == whole
    cache.write_bytes(whole[:-1])
    assert figures(shop) == first
    assert cache.read_bytes() != whole[:-1]
    assert figures(shop, "-p", "no:cacheprovider") == first

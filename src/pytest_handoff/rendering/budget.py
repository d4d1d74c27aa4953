"""Limit what a project's own templates may cost in steps, characters and seconds.

A step takes about a microsecond. No value is made before its size is known, and everything that is made or looped over costs
something, so the budget bounds time and memory.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NoReturn

from jinja2.exceptions import SecurityError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


STEPS, CHARACTERS, SECONDS = 10_000_000, 128_000_000, 30.0
"""The limits for all templates of one command together; 100,000 rows with ten filters each take a quarter of this."""

LARGEST = 16_000_000
"""The most characters of a single text, and eight times the most parts of a single list."""
_LONGEST_NUMBER = 100_000
"""The most bits of a number, and the largest width or precision."""
_PARTS_A_STEP = 8
_STEPS_A_LOOK = 32
"""Check the clock after so many steps."""

_PERCENT_WIDTH = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*(?:\.(?:\*|\d*))?)")
_BRACE_WIDTH = re.compile(r"\{[^{}]*:([^{}]*\{|[^{}]*)")
_CONTAINERS = (list, tuple, set, frozenset)


class Budget:
    """The steps, characters and seconds that are left to spend."""

    def __init__(self) -> None:
        self._steps, self._characters, self._seconds = STEPS, CHARACTERS, SECONDS
        self._deadline = 0.0

    def begin(self) -> None:
        """Start the clock, which counts only the CPU time of this thread."""
        self._deadline = time.thread_time() + self._seconds

    def end(self) -> None:
        """Stop the clock."""
        self._seconds = self._deadline - time.thread_time()

    def step(self, number: int = 1) -> None:
        """Spend steps.

        Raises:
            SecurityError: when too few are left, or the time is up.
        """
        before, self._steps = self._steps, self._steps - number
        if before // _STEPS_A_LOOK != self._steps // _STEPS_A_LOOK:
            if self._steps < 0:
                refuse(f"it takes more than {STEPS:,} steps")
            if time.thread_time() > self._deadline:
                refuse(f"it takes more than {SECONDS:.0f} seconds")

    def write(self, characters: int) -> None:
        """Spend the characters of a text that is made.

        Raises:
            SecurityError: when it is too long, or too few are left.
        """
        self._characters -= characters
        if characters > LARGEST:
            refuse(f"it produces text of more than {LARGEST:,} characters")
        if self._characters < 0:
            refuse(f"it produces more than {CHARACTERS:,} characters")

    def spent(self, characters: int) -> None:
        """Spend the characters of text between tags, which is printed unchanged."""
        self.step()
        self.write(characters)

    def weigh(self, value: object) -> None:
        """Spend the size of a value: its characters, or the parts of lists and tables at any depth.

        Raises:
            SecurityError: when it holds too much.
        """
        if isinstance(value, (str, bytes)):
            self.write(len(value))
        elif isinstance(value, int):
            self.write(value.bit_length() // 8)
        else:
            for _ in self._parts(value):
                pass

    def spell(self, value: object) -> int:
        """Return about how many characters a value has as text.

        Raises:
            SecurityError: when it has too many; nothing so long was made.
        """
        if not isinstance(value, (*_CONTAINERS, dict)):
            return len(value) if isinstance(value, (str, bytes)) else 1
        number, known = 0, dict[int, int]()
        for parts in self._parts(value):
            for part in parts:
                if id(part) not in known:
                    known[id(part)] = 1 if isinstance(part, (*_CONTAINERS, dict)) else len(repr(part))
                number += known[id(part)] + 2
            if number > LARGEST:
                refuse(f"it produces text of more than {LARGEST:,} characters")
        return number

    def _parts(self, value: object) -> Iterator[list[object]]:
        """Yield the parts of a list or table and of those in it, again for each time that one occurs."""
        number, ahead = 0, [value]
        while ahead:
            one = ahead.pop()
            parts = [*one.keys(), *one.values()] if isinstance(one, dict) else list(one) if isinstance(one, _CONTAINERS) else []
            number += len(parts)
            self.step(len(parts) // _PARTS_A_STEP + 1)
            if number > LARGEST // _PARTS_A_STEP:
                refuse(f"it produces a list of more than {LARGEST // _PARTS_A_STEP:,} parts")
            yield parts
            ahead += [part for part in parts if isinstance(part, (*_CONTAINERS, dict))]

    def made(self, value: object) -> object:
        """Spend for a value that was just made, and return it."""
        self.step()
        self.weigh(value)
        return value

    def printed(self, text: str) -> str:
        """Spend for a text that is to be printed, and return it."""
        self.step()
        self.write(len(text))
        return text

    def counted(self, items: Iterable[object]) -> Iterable[object]:
        """Return the items of a loop, each of which spends a step when its turn comes."""
        return _Counted(items, self)

    def joined(self, items: Iterable[object], between: str = "") -> str:
        """Join texts, and spend for each first."""
        texts = []
        for item in items:
            self.spell(item)
            texts.append(item if isinstance(item, str) else str(item))
            self.step()
            self.write(len(texts[-1]) + len(between))
        check_product(sum(map(len, texts)) + len(texts) * len(between))
        return between.join(texts)


class _Counted:
    """The unchanged items of a loop, with their number for ``loop.length`` where they have one."""

    def __init__(self, items: Iterable[object], budget: Budget) -> None:
        self._items = items
        self._budget = budget

    def __iter__(self) -> Iterator[object]:
        for item in self._items:
            self._budget.step()
            yield item

    def __len__(self) -> int:
        return len(self._items)  # type: ignore[arg-type] # like len, raises TypeError where they have no number


def refuse(why: str) -> NoReturn:
    """Stop a template.

    Raises:
        SecurityError: always.
    """
    raise SecurityError(f"{why}, so it was stopped")


def size_of(value: object) -> int:
    """Count the characters of a text or the parts of a list; any other value counts 1."""
    if isinstance(value, (str, bytes, dict, range, *_CONTAINERS)):
        return len(value)
    return 1


def check_product(*sizes: int) -> None:
    """Refuse an operation that multiplies sizes, before it is done.

    Raises:
        SecurityError: when the result would be too large.
    """
    product = 1
    for size in sizes:
        product *= max(size, 1)
    if product > 4 * LARGEST:
        refuse(f"it produces a text or list of more than {LARGEST:,} characters")


def check_number(value: object) -> None:
    """Refuse a width, precision or number of times that is far from what a document needs.

    Raises:
        SecurityError: when it is.
    """
    if isinstance(value, int) and abs(value) > _LONGEST_NUMBER:
        refuse(f"it uses a width or number above {_LONGEST_NUMBER:,}")


def check_format(text: str | bytes, sizes: Iterable[int], *, braces: bool = False) -> None:
    """Refuse a format whose widths are too large or not written out.

    Args:
        sizes: about how many characters each value has.
        braces: whether the format is for ``str.format``, not for ``%``.

    Raises:
        SecurityError: when it does.
    """
    text = text.decode("latin-1") if isinstance(text, bytes) else text
    specs = _BRACE_WIDTH.findall(text.replace("{{", "").replace("}}", "")) if braces else _PERCENT_WIDTH.findall(text)
    if any(("*" in spec and not braces) or "{" in spec for spec in specs):
        refuse("it uses a width that is not a literal number")
    written = [number.lstrip("0")[:9] for spec in specs for number in re.findall(r"\d+", spec)]
    widths = [int(number or 0) for number in written]
    for width in widths:
        check_number(width)
    check_product(text.count("{" if braces else "%"), max([*sizes, *widths], default=1))


def check_operation(operator: str, left: object, right: object) -> None:
    """Refuse an operation whose result would be too large, before it is done.

    Raises:
        SecurityError: when it would.
    """
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() + right.bit_length() if operator != "**" else left.bit_length() * abs(right)
        if bits > _LONGEST_NUMBER:
            refuse(f"it produces a number of more than {_LONGEST_NUMBER:,} bits")
    elif operator == "*":
        times = [value for value in (left, right) if isinstance(value, int)]
        check_product(*map(size_of, (left, right)), *(max(value, 0) for value in times))

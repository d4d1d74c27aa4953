"""What a long document costs: filling it at four sizes, and whether the cost grows as the size does.

``make bench`` measures it with everything else; alone:

    python benchmarks/long_documents.py                   up to 5 MB, about half a minute
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from statistics import median

from measuring_cpu import cost, make_suite
from results import Row

_SECTION = """
## Part {number}: what was tried

**Status**: done on day {number}. The queue was drained, and `src/app/part{number}.py` was left as it was; see [the log](log.md).

| Item | Before | After |
|---|---|---|
| Reads | {number} | {number} ms |
| Writes | 12 | 13 ms |

- [x] Somebody looked at part {number}
- [ ] All unit tests for part {number} pass

```python
def part_{number}():
    return {number}
```
"""

_FOR_THE_PARSER = """
## Part {number}: what was tried

> **Status**: done on day {number}, as *somebody* said.

- Item {number}

  A paragraph of its own, with `code` and [a link](log.md).

    1) Nested, and indented further than need be
- [ ] All unit tests for part {number} pass

~~~
def part_{number}(): ...
~~~
"""


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        print(*measure(Path(scratch) / "suite"), sep="\n")
    return 0


def measure(folder: Path, megabytes: float = 5) -> list[Row]:
    """Processor seconds of ``handoff fill`` by the size of the document, and the exponent with which they grow."""
    sizes = [megabytes / share for share in (8, 4, 2, 1)]
    make_suite(folder, 50)
    document = folder / "handoffs" / "session-1.md"
    ours = document.read_text("utf-8")
    start = _fill(folder)
    seconds = []
    for size in sizes:
        document.write_text(ours + _prose(_SECTION, int(size * 1e6) - len(ours)), "utf-8")
        seconds.append(_fill(folder) - start)
    document.write_text(ours + _prose(_FOR_THE_PARSER, int(sizes[1] * 1e6) - len(ours)), "utf-8")
    parsed = _fill(folder) - start
    shown = ", ".join(f"{size:g} MB {taken:.2f} s" for size, taken in zip(sizes, seconds, strict=True))
    return [
        Row(f"handoff fill of a document of {megabytes:g} MB, over a short one", 0.4 * megabytes, seconds[-1], "s", shown),
        Row("power of the size with which that grows", 1.1, _exponent(sizes, seconds), "", "1 is linear; by four sizes"),
        Row(f"the same of {sizes[1]:g} MB of what only the parser reads", None, parsed, "s", "quotes, paragraphs in items, ~~~"),
    ]


def _fill(folder: Path) -> float:
    """Processor seconds; the middle one of three runs."""
    return median(cost(folder, "-m", "pytest_handoff", "fill", "session-1").cpu for _ in range(3))


def _prose(section: str, size: int) -> str:
    parts, length, number = [], 0, 0
    while length < size:
        number += 1
        parts.append(section.format(number=number))
        length += len(parts[-1])
    return "".join(parts)


def _exponent(sizes: list[float], seconds: list[float]) -> float:
    """The slope of the straight line through the logarithms, by least squares."""
    points = [(math.log(size), math.log(taken)) for size, taken in zip(sizes, seconds, strict=True)]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    slope: float = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    return slope


if __name__ == "__main__":
    raise SystemExit(main())

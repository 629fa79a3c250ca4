"""Prints the figures that say whether the house is in order: ``make house``.

Figures that must be 0 end the program with exit status 1 if they are not. Of the public names a
sample is drawn by a seed (``SEED=7 SAMPLE=60``); the share whose docstring is full is to be 95 % or
more, and the others are named.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator

from .docstrings import Package
from .imports import ROOT, ROWS, SRC, circle, floors, imports, outside_their_row, upwards
from .rules_outside import rules_outside

MOST_LINES = 500
SAMPLE = 60
GOAL = 0.95

#: Files that may be longer, and why.
LONG = {
    "client/connection": "HTTPConnection, whose methods programs override one by one",
    "client/response": "HTTPResponse, a message and a file at once",
    "server/handlers/handler": "BaseHTTPRequestHandler, the same",
}


def long_files() -> list[str]:
    """Return the files with more than `MOST_LINES` lines that `LONG` does not name."""
    return [f"{path}: {count} lines" for path, count in long_and_counted() if path not in LONG]


def long_and_counted() -> Iterator[tuple[str, int]]:
    """Yield the files with more than `MOST_LINES` lines, each with their number."""
    for file in sorted(SRC.rglob("*.py")):
        path = file.relative_to(SRC).with_suffix("").as_posix()
        count = len(file.read_text().splitlines())
        if count > MOST_LINES:
            yield path, count


def must_be_nothing() -> dict[str, list[str]]:
    """Return the figures that must be 0: what each counts, and what was found."""
    arrows = imports()
    return {
        "modules in a circle of imports": circle(arrows),
        "imports upwards": [str(arrow) for arrow in upwards(arrows)],
        "imports outside their row": [str(arrow) for arrow in outside_their_row(arrows)],
        f"files over {MOST_LINES} lines": long_files(),
        "rules of framing outside wire/h1": rules_outside(),
    }


def sample(seed: int, size: int) -> tuple[int, list[str]]:
    """Return how many public names were drawn, and those whose docstring is not full.

    A `size` of 0 draws all of them.
    """
    package = Package()
    names = package.public()
    if size:
        names = random.Random(seed).sample(names, min(size, len(names)))
    missed = [(name, package.misses(name)) for name in names]
    return len(names), [f"{name}: {'; '.join(misses)}" for name, misses in missed if misses]


def main() -> int:
    """Print the figures, and return the exit status."""
    status = 0
    for what, found in must_be_nothing().items():
        print(f"{len(found):5}  {what}")
        for line in found:
            print(f"         {line}")
            status = 1
    for path, count in long_and_counted():
        if path in LONG:
            print(f"         {path}: {count} lines, {LONG[path]}")
    print(f"\n{len(imports()):5}  imports; the floors, importers above:")
    for table in ROWS:
        by_floor: dict[int, list[str]] = {}
        for row, floor in floors(table).items():
            by_floor.setdefault(floor, []).append(row)
        print(
            f"       {table}: {' > '.join(' '.join(by_floor[f]) for f in sorted(by_floor)[::-1])}"
        )
    seed = int(os.environ.get("SEED") or random.randrange(10_000))
    drawn, missed = sample(seed, int(os.environ.get("SAMPLE") or SAMPLE))
    full = 1 - len(missed) / drawn
    print(f"\n{full:5.0%}  of {drawn} public names have a full docstring (SEED={seed})")
    for line in missed:
        print(f"         {line.removeprefix(f'{ROOT}/')}")
    return 1 if full < GOAL else status


if __name__ == "__main__":
    sys.exit(main())

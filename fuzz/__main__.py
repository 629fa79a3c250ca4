"""``python -m fuzz --minutes N``: search for disagreements for N minutes, and print them.

The messages are from three sources: hypothesis' strategies, mutations of the corpus, and atheris,
which is guided by the code that each input reaches. An input that breaks a property is written into
fuzz/found/; once understood, it is added to the corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

from . import messages
from .properties import PROPERTIES, Property

FOUND = Path(__file__).parent / "found"

ROUND = 2000
"""Messages of one source for one property before the next one's turn."""


class Report:
    """The number of executions, and the failures that were found."""

    def __init__(self) -> None:
        self.executions: Counter[str] = Counter()
        self.failures: dict[str, str] = {}

    def count(self, source: str, number: int = 1) -> None:
        self.executions[source] += number

    def found(self, name: str, data: bytes, error: BaseException | str) -> None:
        """Write an input that broke a property to a file, and print its error."""
        FOUND.mkdir(exist_ok=True)
        path = FOUND / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        self.failures[path.name] = str(error)
        print(f"{path.name}: {error}", flush=True)

    def __str__(self) -> str:
        lines = [f"{number:>12,}  {source}" for source, number in sorted(self.executions.items())]
        total = sum(self.executions.values())
        return "\n".join([*lines, f"{total:>12,}  executions, {len(self.failures)} failures"])


def by_mutation(name: str, check: Property, round_seed: int, report: Report) -> None:
    """Check one round of mutated corpus messages."""
    for data in messages.mutations(name, round_seed, ROUND):
        report.count(f"mutations, {name}")
        try:
            check(data)
        except Exception as error:
            report.found(name, data, error)


def by_strategy(name: str, check: Property, round_seed: int, report: Report) -> None:
    """Check one round of hypothesis' messages; a failing one is shrunk before it is reported."""
    last = b""

    @seed(round_seed)
    @settings(
        max_examples=ROUND // 4,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(messages.STRATEGIES[name])
    def run(data: bytes) -> None:
        nonlocal last
        last = data
        report.count(f"strategies, {name}")
        check(data)

    try:
        run()
    except Exception as error:
        report.found(name, last, error)


def by_atheris(name: str, seconds: float, report: Report) -> None:
    """Run atheris for `seconds` in a separate process, since it always ends its process."""
    command = [sys.executable, "-m", "fuzz.targets", name, str(int(seconds))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    executed = 0
    for line in done.stderr.splitlines():
        if line.startswith("stat::number_of_executed_units:"):
            executed = int(line.split()[-1])
    report.count(f"atheris, {name}", executed)
    if done.returncode or not executed:
        data = b""
        for path in FOUND.glob(f"{name}-crash-*"):
            data = path.read_bytes()
        report.found(name, data, done.stderr[-2000:])


def rounds(minutes: float) -> Iterator[tuple[int, float]]:
    """Yield (round number, seconds left) until `minutes` have passed."""
    end = time.monotonic() + minutes * 60
    number = 0
    while (left := end - time.monotonic()) > 0:
        number += 1
        yield number, left


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if a property was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long to search (default: 5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the messages (default: 0)")
    arguments = parser.parse_args(argv)
    report = Report()
    sources: tuple[Callable[[str, Property, int, Report], None], ...] = (by_mutation, by_strategy)
    # Atheris gets the last third of the time, in one run for each property.
    for number, _ in rounds(arguments.minutes * 2 / 3):
        for name, check in PROPERTIES.items():
            for source in sources:
                source(name, check, arguments.seed * 1_000_000 + number, report)
    for name in PROPERTIES:
        by_atheris(name, arguments.minutes * 60 / 3 / len(PROPERTIES), report)
    print(report)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())

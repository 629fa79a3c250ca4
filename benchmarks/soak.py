"""``python -m benchmarks.soak --minutes 30``: does a server leak under long mixed load?

Servers of every kind run side by side under small and large responses, uploads, pipelining, aborts,
garbage, half heads, peers that do not read and peers that are idle. Every few seconds each of their
processes is asked for its memory (RSS), descriptors and threads. At the end the load stops, the
deadlines pass, and then:

* memory must have been flat after the first minutes,
* descriptors and threads must be as many as before,
* no process may have been replaced, and every well-behaved request answered as it should be.

The exit status is 1 if not. Loopback only, at a moderate rate, all on one core; Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .command import Command, unverified
from .page import DOCS, machine, write_section
from .soaked import content
from .traffic import BAD, GOOD, LARGE, SIZES, WAITING, Deadlines, Peer, closing

SAMPLE_EVERY = 3.0
"""Seconds between samples."""

PAUSE = 0.06
"""Mean seconds that a client pauses between two pieces of traffic, to keep the load moderate."""

CLIENTS = 4
"""Threads of traffic for each server, besides those that wait."""

SETTLING = 45.0
"""Seconds after the load in which descriptors and threads must be as many as before."""

MAX_GROWTH = 0.05
"""The part of its memory that a process may grow by and be called flat: what malloc keeps for its
threads settles slowly. 70 bytes lost a connection would be more; …"""

MAX_GROWTH_KIB = 512
"""… or so many KiB, where that is more."""

DEADLINES = Deadlines()

OPTIONS = (
    *("--head-timeout", f"{DEADLINES.head:g}", "--idle-timeout", f"{DEADLINES.idle:g}"),
    *("--body-timeout", f"{DEADLINES.body:g}"),
)

LOG = ("--access-log", "json", "--access-log-file", os.devnull)

SERVERS = {
    "handler": ("benchmarks.soaked:Handler",),
    "WSGI, 2 workers": ("benchmarks.soaked:wsgi", "--workers", "2", *LOG),
    "directory": ("files",),
    "WSGI over TLS": ("benchmarks.soaked:wsgi", "--tls-self-signed"),
}


class Sample(NamedTuple):
    """The memory, descriptors and threads of one process at one time."""

    seconds: float
    kib: int
    descriptors: int
    threads: int


class Process:
    """One of a server's processes, and what it had from time to time."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self.pid = pid
        self.samples: list[Sample] = []

    def look(self, seconds: float) -> Sample:
        """Return the process's memory, descriptors and threads now.

        Raises:
            OSError: the process has ended.
        """
        proc = Path(f"/proc/{self.pid}")
        status = (proc / "status").read_text()
        memory = re.search(r"VmRSS:\s+(\d+)", status)
        threads = re.search(r"Threads:\s+(\d+)", status)
        assert memory
        assert threads
        descriptors = len(os.listdir(proc / "fd"))
        return Sample(seconds, int(memory[1]), descriptors, int(threads[1]))

    def descriptors(self) -> list[str]:
        """Return the targets of the process's descriptors."""
        return [os.readlink(link) for link in Path(f"/proc/{self.pid}/fd").iterdir()]


class Server(Command):
    """A server of the soak, and the processes that it had in the beginning."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path) -> None:
        super().__init__([*arguments, *OPTIONS], folder)
        self.name = name
        context = unverified() if "--tls-self-signed" in arguments else None
        uploads = arguments[0] != "files"
        assert isinstance(self.address, tuple)
        self.peer = Peer(name, self.address, context, uploads)
        self.processes = [Process(f"{name}: supervisor", self.pid)]
        self.processes += [
            Process(f"{name}: worker {number}", pid) for number, pid in enumerate(self.workers(), 1)
        ]

    def is_as_before(self) -> bool:
        """Return whether its workers are those that it had in the beginning."""
        return [self.pid, *self.workers()] == [process.pid for process in self.processes]

    def tracebacks(self) -> str:
        """Return a summary of the unexpected errors that it logged, "" without any."""
        told = self.told.read_text(errors="replace")
        if "Traceback" not in told:
            return ""
        begin = told.index("Traceback")
        return f"{told.count('Traceback')} tracebacks, the first: {told[begin : begin + 2000]}"


class Traffic:
    """The threads of clients, and the results of their requests."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self.stop = threading.Event()
        self.answered: Counter[str] = Counter()
        self.failures: list[str] = []
        self._counting = threading.Lock()
        self.threads = [
            threading.Thread(target=self._mixed, args=(peer, random.Random(number)))
            for peer in peers
            for number in range(CLIENTS)
        ]
        self.threads += [
            threading.Thread(target=self._waiting, args=(peer, action))
            for peer in peers
            for action in WAITING
        ]

    def run(self, seconds: float, meanwhile: Callable[[float], None]) -> None:
        """Make traffic for so long; `meanwhile` is called every few seconds with the time."""
        began = time.monotonic()
        for thread in self.threads:
            thread.start()
        while (passed := time.monotonic() - began) < seconds:
            meanwhile(passed)
            # Wait for the time of the next sample: no event announces it.
            time.sleep(max(0.0, SAMPLE_EVERY - (time.monotonic() - began - passed)))
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _mixed(self, peer: Peer, chance: random.Random) -> None:
        actions = [*GOOD, *BAD]
        weights = [*GOOD.values(), *BAD.values()]
        while not self.stop.wait(chance.expovariate(1 / PAUSE)):
            action = chance.choices(actions, weights)[0]
            count = 0
            try:
                count = action(peer, chance)
            except Exception as error:
                # A peer that aborts or sends garbage may be cut off at any point.
                if action in GOOD or not isinstance(error, OSError):
                    self._failed(peer, action.__name__, error)
            self._count(f"{peer.name}: {'good' if action in GOOD else 'bad'}", count or 1)

    def _waiting(self, peer: Peer, action: Callable[[Peer, Deadlines], None]) -> None:
        while not self.stop.is_set():
            try:
                action(peer, DEADLINES)
            except Exception as error:
                self._failed(peer, action.__name__, error)
                self.stop.wait(1)
            self._count(f"{peer.name}: waiting", 1)

    def _count(self, what: str, count: int) -> None:
        with self._counting:
            self.answered[what] += count

    def _failed(self, peer: Peer, what: str, error: Exception) -> None:
        self.failures.append(f"{peer.name}, {what}: {error!r}")
        print(f"FAILED {self.failures[-1]}", file=sys.stderr, flush=True)


class Verdict(NamedTuple):
    """The findings about one process after the run."""

    process: Process
    kib: float
    """Memory after the first minutes."""
    growth: float
    """How many KiB more in the end: between the medians of the first quarter and the last."""
    slope: float
    """KiB a minute, by linear regression over all samples after the first minutes."""
    before: Sample
    after: Sample

    @property
    def flat(self) -> bool:
        """Whether memory did not grow after the first minutes."""
        return self.growth <= max(MAX_GROWTH * self.kib, MAX_GROWTH_KIB)

    @property
    def clean(self) -> bool:
        """Whether there are no more descriptors and threads than before the load."""
        return (
            self.after.descriptors <= self.before.descriptors
            and self.after.threads <= self.before.threads
        )


def judge(process: Process, before: Sample, after: Sample) -> Verdict:
    """Return what a process's samples say; its first minutes (a third at most) do not count."""
    last = process.samples[-1].seconds
    first = min(300.0, last / 3)
    counted = [sample for sample in process.samples if sample.seconds >= first]
    quarter = max(1, len(counted) // 4)
    begin = statistics.median(sample.kib for sample in counted[:quarter])
    end = statistics.median(sample.kib for sample in counted[-quarter:])
    slope, _ = statistics.linear_regression(
        [sample.seconds / 60 for sample in counted], [float(sample.kib) for sample in counted]
    )
    return Verdict(process, begin, end - begin, slope, before, after)


def settle(servers: Sequence[Server], before: dict[Process, Sample]) -> dict[Process, Sample]:
    """Wait until descriptors and threads are as many as before; return what there is then."""
    deadline = time.monotonic() + SETTLING
    while True:
        # A cache of open files drops those that are too old when it is next asked.
        for server in servers:
            closing(server.peer, random.Random(1))
        time.sleep(0.2)  # for the descriptors of those requests to be closed
        after = {process: process.look(0.0) for process in before}
        if time.monotonic() > deadline or all(
            now.descriptors <= then.descriptors and now.threads <= then.threads
            for now, then in zip(after.values(), before.values(), strict=True)
        ):
            return after
        time.sleep(0.5)  # another process gives no sign of what it closes


def make_files(folder: Path) -> None:
    """Make the files that a directory serves at the paths of the applications."""
    files = folder / "files" / "bytes"
    files.mkdir(parents=True)
    for size in (*SIZES, *LARGE):
        (files / str(size)).write_bytes(content(size))


def warm_up(peers: Sequence[Peer]) -> None:
    """Use everything once that is made at its first use."""
    chance = random.Random(1)
    for peer in peers:
        for good in GOOD:
            good(peer, chance)


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as a Markdown table."""
    lines = [
        "| process | memory | growth after the first minutes | a minute | descriptors | threads |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for process, kib, growth, slope, before, after in verdicts:
        most = max(process.samples, key=lambda sample: sample.descriptors).descriptors
        threads = max(process.samples, key=lambda sample: sample.threads).threads
        lines.append(
            f"| {process.name} | {kib / 1024:.1f} MiB | {growth:+,.0f} KiB | {slope:+.1f} KiB "
            f"| {before.descriptors}, {most}, {after.descriptors} "
            f"| {before.threads}, {threads}, {after.threads} |"
        )
    return "\n".join(lines)


def write_plot(processes: Sequence[Process]) -> None:
    """Draw each process's memory over time into docs/images/soak.png."""
    import matplotlib as mpl  # heavy, and only this function needs it

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(11, 4.5))
    for process in processes:
        minutes = [sample.seconds / 60 for sample in process.samples]
        axes.plot(
            minutes,
            [sample.kib / 1024 for sample in process.samples],
            label=process.name,
            linewidth=1.2,
        )
    axes.set_xlabel("minutes under mixed load")
    axes.set_ylabel("memory (RSS), MiB")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, ncols=2, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(DOCS / "images" / "soak.png", dpi=110)


def soak(minutes: float, folder: Path) -> tuple[list[Verdict], list[str], Traffic]:
    """Run the soak; return the verdict on each process, and the errors."""
    servers = []
    for number, (name, arguments) in enumerate(SERVERS.items()):
        own = folder / str(number)
        own.mkdir()
        make_files(own)
        servers.append(Server(name, arguments, own))
    processes = [process for server in servers for process in server.processes]
    peers = [server.peer for server in servers]
    wrong: list[str] = []
    try:
        time.sleep(1)  # what starts a server has ended by then
        before = {process: process.look(0.0) for process in processes}
        warm_up(peers)
        traffic = Traffic(peers)

        def sample(seconds: float) -> None:
            for process in processes:
                process.samples.append(process.look(seconds))

        traffic.run(minutes * 60, sample)
        after = settle(servers, before)
        for server in servers:
            wrong += [
                f"{process.name}: of {before[process].descriptors} descriptors there are {now}"
                for process in server.processes
                if len(now := process.descriptors()) > before[process].descriptors
            ]
            if not server.is_as_before():
                wrong += [f"{server.name}: a worker was replaced"]
    finally:
        statuses = {server.name: server.stop() for server in servers}
    wrong += [f"{name}: exit status {status}" for name, status in statuses.items() if status]
    wrong += [f"{server.name}: {told}" for server in servers if (told := server.tracebacks())]
    verdicts = [judge(process, before[process], after[process]) for process in processes]
    return verdicts, wrong, traffic


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default: 30)")
    parser.add_argument("--write", action="store_true", help="write docs/loads.md and its plot")
    arguments = parser.parse_args(argv)
    if hasattr(os, "sched_setaffinity"):
        # Servers inherit it: no more than one core is used, whatever happens.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="nethttp-soak-") as name:
        verdicts, wrong, traffic = soak(arguments.minutes, Path(name))
    wrong += [f"{verdict.process.name}: memory grows" for verdict in verdicts if not verdict.flat]
    wrong += [
        f"{verdict.process.name}: descriptors or threads are left"
        for verdict in verdicts
        if not verdict.clean
    ]
    good = sum(count for what, count in traffic.answered.items() if what.endswith("good"))
    bad = sum(count for what, count in traffic.answered.items() if what.endswith("bad"))
    waiting = sum(count for what, count in traffic.answered.items() if what.endswith("waiting"))
    wrong += traffic.failures[:20]
    text = (
        f"{arguments.minutes:g} minutes, {machine()}: {good:,} well-behaved requests, of which "
        f"{len(traffic.failures):,} were not answered as they should be; {bad:,} aborts and pieces "
        f"of garbage; {waiting:,} groups of connections that wait. Descriptors and threads: before "
        "the load, the most there were, after it.\n\n"
        f"{table(verdicts)}\n\n"
        + ("Not as it should be:\n\n" if wrong else "Nothing is left behind.")
        + "\n".join(f"* {what}" for what in wrong)
    )
    print(text)
    if arguments.write:
        write_section("loads.md", "soak", text + "\n\n![Memory over time](images/soak.png)")
        write_plot([verdict.process for verdict in verdicts])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

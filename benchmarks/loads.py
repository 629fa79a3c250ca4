"""``python -m benchmarks.loads``: what many idle, blocking or dripping clients cost the others.

The server runs on one core, all clients on the other, over this machine's loopback only; every load
is bounded in number and time. The other clients are measured without and with it in turns. The
medians are compared, and the range of the single measurements is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from .drippers import Cut
from .load import pinned
from .page import machine, write_section

PROGRAM = """
import time
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format, *args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""

FILES = """
import sys
from functools import partial
from nethttp.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=sys.argv[1]))
print(server.server_address[1], flush=True)
server.serve_forever()
"""

IDLE = 10_000
STALLED = 5_000
STALLED_SIZE = 10_000_000
"""Bytes of the file that the stalled clients do not read."""
DRIPPING = 5_000
DEADLINE = 10.0
"""Seconds that a head may take: the server's default."""


class Load(NamedTuple):
    """What wrk measured: requests a second, and the 99th percentile of their time in ms."""

    rate: float
    p99: float


class Finding(NamedTuple):
    """One row of the table."""

    load: str
    what: str
    asked: str
    measured: str
    met: bool


class Served:
    """A program with its arguments, on a core of its own."""

    def __init__(self, program: str = PROGRAM, *arguments: str) -> None:
        self._command = [sys.executable, "-c", program, *arguments]

    def __enter__(self) -> Served:
        self.process = subprocess.Popen(
            pinned(0, self._command),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def status(self, name: str) -> int:
        """Return a number of the process's status: VmRSS in kB, Threads."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+)", text)
        assert found
        return int(found[1])

    def tail(self, connections: int) -> float:
        """Return the 99th percentile of the others' time, in ms."""
        return self.load(connections=connections).p99

    def load(self, seconds: int = 3, path: str = "/", connections: int = 32) -> Load:
        """Return what wrk measures of the other clients during this time."""
        url = f"http://127.0.0.1:{self.port}{path}"
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", url]
        done = subprocess.run(pinned(1, wrk), capture_output=True, text=True, check=True)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
        assert rate
        assert p99
        return Load(float(rate[1]), float(p99[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99[2]])

    def connect(self, stack: ExitStack, count: int) -> None:
        """Hold `count` connections that have sent one request and are idle afterwards."""
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            stack.enter_context(sock)
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.recv(1000)


def ratios(
    without: Callable[[], float], beside: Callable[[], float], repeats: int
) -> tuple[float, float, str]:
    """Return the medians of both, measured in turns, and how far each lay apart."""
    pairs = [(without(), beside()) for _ in range(repeats)]
    first, second = zip(*pairs, strict=True)
    spread = f"{min(first):,.3g} to {max(first):,.3g} and {min(second):,.3g} to {max(second):,.3g}"
    return statistics.median(first), statistics.median(second), f"{repeats} turns: {spread}"


def idle(repeats: int) -> list[Finding]:
    """Return what idle keep-alive connections cost: one server has them, another has none."""
    load = f"{IDLE:,} idle connections"
    with Served() as free, Served() as full, ExitStack() as stack:
        for served in (free, full):
            served.load(1)
        before = full.status("VmRSS")
        full.connect(stack, IDLE)
        each = (full.status("VmRSS") - before) * 1024 / IDLE
        threads = full.status("Threads")
        found = [
            Finding(load, "threads of the process", "none each", f"{threads}", threads < 10),
            Finding(load, "memory of each", "3,072 bytes", f"{each:,.0f} bytes", each <= 3072),
        ]
        for connections in (32, 1):
            without, beside, spread = ratios(
                partial(free.tail, connections),
                partial(full.tail, connections),
                repeats,
            )
            measured = f"{without:.2f} ms without, {beside:.2f} ms beside them ({spread})"
            what = f"p99 of {connections} active"
            found.append(Finding(load, what, "2x at most", measured, beside <= 2 * without))
    return found


def blocking(repeats: int) -> list[Finding]:
    """Return what 32 handlers that sleep for a second cost 32 clients of a quick one."""
    load = "32 clients in a handler that sleeps 1 s"
    with Served() as served:
        slow: list[float] = []
        quick: list[float] = []

        def beside() -> float:
            thread = threading.Thread(target=lambda: slow.append(served.load(4, "/slow").p99))
            thread.start()
            measured = served.load()
            thread.join()
            quick.append(measured.p99)
            return measured.rate

        without, rate, spread = ratios(lambda: served.load().rate, beside, repeats)
    kept, p99, slowest = rate / without, statistics.median(quick), statistics.median(slow)
    return [
        Finding(
            load,
            "rate of 32 quick ones",
            "50 % of alone",
            f"{kept:.0%} of {without:,.0f}/s ({spread})",
            kept >= 0.5,
        ),
        Finding(load, "their p99", "25 ms", f"{p99:.1f} ms", p99 <= 25),
        Finding(load, "p99 of the slow ones", "about 1 s", f"{slowest:,.0f} ms", slowest < 1300),
    ]


def _drip(served: Served, port: int, begun: Callable[[], None] = lambda: None) -> tuple[float, Cut]:
    """Have clients drip at a port; return the others' rate meanwhile, and what became of them.

    From before the first byte to after the last connection's end. `begun` is called in between.
    """
    command = [sys.executable, "-m", "benchmarks.drippers", str(port), str(DRIPPING)]
    with subprocess.Popen(
        pinned(1, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as drippers:
        assert drippers.stdout
        drippers.stdout.readline()
        told: list[str] = []
        dripping = threading.Thread(target=lambda: told.append(drippers.communicate("\n")[0]))
        dripping.start()
        begun()
        rate = served.load(int(DEADLINE) + 3).rate
        dripping.join()
    return rate, Cut(**json.loads(told[0]))


def _drip_elsewhere(served: Served) -> float:
    """Return the others' rate while another program receives the drips, reads nothing, and closes.

    It shows what sending and receiving the bytes costs the machine, whichever server runs.
    """
    taken: list[socket.socket] = []

    def take() -> None:
        taken.extend(listener.accept()[0] for _ in range(DRIPPING))

    def close() -> None:
        for sock in taken:
            sock.close()

    with socket.create_server(("127.0.0.1", 0), backlog=DRIPPING) as listener:
        listener.settimeout(30.0)
        taking = threading.Thread(target=take)
        taking.start()
        closing = threading.Timer(DEADLINE, close)
        rate, _ = _drip(served, listener.getsockname()[1], closing.start)
        taking.join()
        closing.join()
    return rate


def dripping(repeats: int) -> list[Finding]:
    """Return what connections that send a byte a second cost, and when they are cut."""
    load = f"{DRIPPING:,} connections that drip a byte a second"
    cuts: list[Cut] = []

    def drip() -> float:
        rate, cut = _drip(served, served.port)
        cuts.append(cut)
        return rate

    with Served() as served:
        served.load(1)
        without, beside, spread = ratios(lambda: served.load(5).rate, drip, repeats)
        elsewhere = statistics.median(_drip_elsewhere(served) for _ in range(repeats))
    kept = beside / without
    answered = [seconds for cut in cuts for seconds in cut.answered]
    closed = [seconds for cut in cuts for seconds in cut.closed]
    count = DRIPPING * repeats
    all_cut = len(closed) == count and max(closed) <= DEADLINE + 2
    first, last, median = min(answered), max(closed), statistics.median(answered)
    return [
        Finding(
            load,
            "rate of 32 others, until all are cut",
            "80 % of alone",
            f"{kept:.0%} of {without:,.0f}/s ({spread})",
            kept >= 0.8,
        ),
        Finding(
            load,
            "the same, beside their rate while a program that reads nothing receives the drops",
            "80 %",
            f"{beside / elsewhere:.0%} of {elsewhere:,.0f}/s",
            beside / elsewhere >= 0.8,
        ),
        Finding(
            load,
            f"cut {DEADLINE:g} s after its first byte",
            "each",
            f"{len(answered):,} of {count:,} answered 408, the first after {first:.2f} s, the "
            f"median after {median:.2f} s; {len(closed):,} closed, the last after {last:.2f} s",
            all_cut and len(answered) == count,
        ),
    ]


def stalled(_repeats: int) -> list[Finding]:
    """Return what clients cost that ask for a large file and read nothing of it."""
    load = f"{STALLED:,} clients that do not read a file of {STALLED_SIZE // 1_000_000} MB"
    with ExitStack() as stack:
        directory = stack.enter_context(TemporaryDirectory())
        (Path(directory) / "large").write_bytes(bytes(STALLED_SIZE))
        (Path(directory) / "small").write_bytes(b"hello")
        served = stack.enter_context(Served(FILES, directory))
        served.load(1, "/small")
        # The threads that the load has needed end after a while without work.
        before = served.status("VmRSS")
        for _ in range(STALLED):
            sock = socket.create_connection(("127.0.0.1", served.port), timeout=10)
            stack.enter_context(sock)
            sock.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.recv(1)
        threads = served.status("Threads") - 1  # the one that called serve_forever
        memory = (served.status("VmRSS") - before) * 1024
        others = served.load(2, "/small")
    return [
        Finding(load, "threads beside the main thread", "2", str(threads), threads <= 2),
        Finding(load, "memory", "64 MiB", f"{memory / 2**20:.1f} MiB", memory <= 64 * 2**20),
        Finding(
            load,
            "32 others, for a small file",
            "are answered",
            f"{others.rate:,.0f}/s, p99 {others.p99:.2f} ms",
            others.rate > 0,
        ),
    ]


LOADS: dict[str, tuple[Callable[[int], list[Finding]], int]] = {
    "blocking": (blocking, 5),
    "idle": (idle, 9),
    "dripping": (dripping, 3),
    "stalled": (stalled, 1),
}
"""The loads by name: the function that measures each, and how many repetitions it makes."""


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as a Markdown table."""
    return "\n".join(
        [
            "| beside | what | asked for | measured | |",
            "|---|---|---|---|---|",
            *(
                f"| {one.load} | {one.what} | {one.asked} | {one.measured} "
                f"| {'met' if one.met else 'missed'} |"
                for one in findings
            ),
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loads", description=__doc__)
    parser.add_argument("load", nargs="*", help=f"one of {', '.join(LOADS)}; all of them if none")
    parser.add_argument("--write", action="store_true", help="write docs/loads.md")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.load) - set(LOADS):
        parser.error(f"expected loads of {', '.join(LOADS)}, got {', '.join(sorted(unknown))}")
    if shutil.which("wrk") is None:
        raise SystemExit("the loads need wrk (Debian: apt install wrk)")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    findings = []
    for name in arguments.load or LOADS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measure, repeats = LOADS[name]
        findings += measure(repeats)
    text = f"{machine()}:\n\n{table(findings)}"
    print(text)
    if arguments.write:
        write_section("loads.md", "loads", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

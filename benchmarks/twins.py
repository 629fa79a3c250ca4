"""Rows of what the C twin gains: a client's GET, with the pure twin and with it.

Each side is a process of its own, since a process picks its twin once.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from .client import canned_server
from .measure import REPEATS, Row

GETTING = """
import sys, time
from nethttp.client import HTTPConnection

connection = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)

def get():
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"Hello, World!"

for _ in range(200):
    get()
began = time.perf_counter()
for _ in range(2000):
    get()
print((time.perf_counter() - began) / 2000 * 1e6)
"""

TWINS = {"pure twin": {"NETHTTP_PURE": "1"}, "C twin": {}}


def _microseconds(port: int, environment: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", GETTING, str(port)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def rows() -> list[Row]:
    """Return the rows of this file, measured now."""
    taken: dict[str, list[float]] = {name: [] for name in TWINS}
    with canned_server() as port:
        for _ in range(REPEATS):
            for name, environment in TWINS.items():
                taken[name].append(_microseconds(port, environment))
    pure, compiled = (statistics.median(times) for times in taken.values())
    return [Row("GET on one keep-alive connection: C twin", pure, compiled, peer="pure twin")]

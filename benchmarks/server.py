"""Rows of the server: the everyday program under load, and what importing it costs.

The program is what everyone writes: a handler that sends its head, then its body, on a
`ThreadingHTTPServer` that speaks HTTP/1.1. The server runs on one core and wrk on the other, with
32 connections that are kept alive and a browser's 12 fields.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys

from .measure import Row, import_times

PROGRAM = """
import sys
from {module} import BaseHTTPRequestHandler, ThreadingHTTPServer

class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"Hello, World!"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
print(server.server_address[1], flush=True)
server.serve_forever()
"""

FIELDS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br",
    "Cache-Control": "max-age=0",
    "Cookie": "session=8f14e45fceea167a5a36dedd4bea2543",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Upgrade-Insecure-Requests": "1",
    "Connection": "keep-alive",
}
"""A browser's fields, which Host makes twelve."""

SECONDS = 3
RUNS = 5


def _pinned(core: int, command: list[str]) -> list[str]:
    """Return `command` bound to one core, where that can be done."""
    taskset = shutil.which("taskset")
    return (
        [taskset, "-c", str(core), *command] if taskset and (os.cpu_count() or 1) > 1 else command
    )


def _requests_per_second(module: str) -> float:
    """Return what one run of the program on `module` serves."""
    server = subprocess.Popen(
        _pinned(0, [sys.executable, "-c", PROGRAM.format(module=module)]),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        fields = [text for name, value in FIELDS.items() for text in ("-H", f"{name}: {value}")]
        wrk = ["wrk", "-t1", "-c32", f"-d{SECONDS}", *fields, f"http://127.0.0.1:{port}/"]
        done = subprocess.run(_pinned(1, wrk), capture_output=True, text=True, check=True)
    finally:
        server.kill()
        server.communicate()
    found = re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def rows() -> list[Row]:
    """Return the rows of this file, measured now; the first needs wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit("the server's row needs wrk (Debian: apt install wrk)")
    served: dict[str, list[float]] = {"http.server": [], "nethttp.server": []}
    for _ in range(RUNS):
        for module, rates in served.items():
            rates.append(_requests_per_second(module))
    stdlib, ours = (statistics.median(rates) for rates in served.values())
    name = "everyday program, 32 keep-alive connections"
    before, now = import_times("http.server", "nethttp.server")
    return [
        Row(name, stdlib, ours, unit="requests/s", better="more", aim=20),
        Row("import of the server module", before, now, unit="ms", aim=1),
    ]

"""``python -m benchmarks.loads``: what many idle, blocking or dripping clients cost the others.

The server runs on one core, all clients on the other, over this machine's loopback only; every
load is bounded in number and time.
"""

from __future__ import annotations

import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from .load import pinned

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

SECONDS = 3
IDLE = 10_000
DRIPPING = 5_000


class Served:
    """The program, on a core of its own."""

    def __enter__(self) -> Served:
        self.process = subprocess.Popen(
            pinned(0, [sys.executable, "-c", PROGRAM]), stdout=subprocess.PIPE, text=True
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

    def load(self, path: str = "/", connections: int = 32) -> tuple[float, float]:
        """Return requests a second and the 99th percentile of their time in ms."""
        url = f"http://127.0.0.1:{self.port}{path}"
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency", url]
        done = subprocess.run(pinned(1, wrk), capture_output=True, text=True, check=True)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
        p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
        assert rate
        assert p99
        return float(rate[1]), float(p99[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99[2]]

    def connect(self, stack: ExitStack, count: int, data: bytes) -> list[socket.socket]:
        """Return `count` connections that have sent `data`."""
        sockets = []
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            sockets.append(stack.enter_context(sock))
            sock.sendall(data)
        return sockets


def idle() -> str:
    """Return what idle keep-alive connections cost."""
    with Served() as served, ExitStack() as stack:
        _, alone = served.load()
        before = served.status("VmRSS")
        for sock in served.connect(stack, IDLE, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"):
            sock.recv(1000)
        each = (served.status("VmRSS") - before) * 1024 / IDLE
        _, beside = served.load()
        threads = served.status("Threads")
    return (
        f"{IDLE} idle connections: {each:.0f} bytes each, {threads} threads; "
        f"p99 {alone:.2f} ms without them, {beside:.2f} ms beside them"
    )


def blocking() -> str:
    """Return what 32 handlers that sleep cost 32 clients of a quick one."""
    with Served() as served:
        alone, _ = served.load()
        slow: list[tuple[float, float]] = []
        thread = threading.Thread(target=lambda: slow.append(served.load("/slow")))
        thread.start()
        beside, p99 = served.load()
        thread.join()
    return (
        f"quick ones beside 32 that sleep 1 s: {beside / alone:.0%} of {alone:,.0f}/s, "
        f"p99 {p99:.1f} ms; slow ones: p99 {slow[0][1]:,.0f} ms"
    )


def dripping() -> str:
    """Return what connections that send a byte a second cost, and when they are cut."""
    with Served() as served, ExitStack() as stack:
        alone, _ = served.load()
        began = time.monotonic()
        sockets = served.connect(stack, DRIPPING, b"GET / HTTP/1.1\r\nA: ")
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(1.0):
                for sock in sockets:
                    try:
                        sock.send(b"x")
                    except OSError:
                        continue

        thread = threading.Thread(target=drip)
        thread.start()
        beside, _ = served.load()
        cut = sum(b"408" in sock.recv(100) for sock in sockets)
        took = time.monotonic() - began
        stop.set()
        thread.join()
    return (
        f"{DRIPPING} connections that drip: others keep {beside / alone:.0%} of {alone:,.0f}/s; "
        f"{cut} were answered 408, the last after {took:.1f} s"
    )


def main() -> None:
    """Measure and print."""
    if shutil.which("wrk") is None:
        raise SystemExit("the loads need wrk (Debian: apt install wrk)")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    for measure in (blocking, idle, dripping):
        print(measure(), flush=True)


if __name__ == "__main__":
    main()

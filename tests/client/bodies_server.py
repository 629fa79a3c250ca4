"""A server whose responses are bombs and whose uploads are counted, and a client apart from it.

The client runs in a process of its own, whose memory is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import indent
from typing import Any

from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MIB = 1 << 20


class Handler(BaseHTTPRequestHandler):
    """Answers with the bomb that the path names, as the status that the query names."""

    protocol_version = "HTTP/1.1"
    bombs: dict[str, tuple[str, bytes]] = {}
    """By name: the Content-Encoding, and the content."""
    received: list[tuple[int, int]] = []
    """Of each upload: how many bytes it had, and their checksum."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        path, _, status = self.path.partition("?")
        coding, content = self.bombs.get(path[1:], ("identity", b"the end"))
        self.send_response(int(status or 200))
        self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Location", "/end")
        self.end_headers()
        self.wfile.write(content)

    def do_PUT(self):
        count = checksum = 0
        for piece in self._pieces():
            count += len(piece)
            checksum = zlib.crc32(piece, checksum)
        self.received.append((count, checksum))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self.rfile.read(1 << 16):
            yield piece


@contextmanager
def serving(bombs: dict[str, tuple[str, bytes]] | None = None) -> Iterator[tuple[str, Any]]:
    """Return a context with the URL of a server and its handler class."""
    handler = type("Given", (Handler,), {"bombs": bombs or {}, "received": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", handler
        finally:
            server.shutdown()
            thread.join()


PROGRAM = """
import asyncio, json, sys
from nethttp.client import AsyncClient, Client
from nethttp.errors import ResponseTooLarge

outcomes = []
for argument in json.loads(sys.argv[1]):
    said = None
    open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
{code}
    # ru_maxrss would count the parent's too.
    status = open("/proc/self/status").read()
    outcomes.append([said, int(status.partition("VmHWM:")[2].split()[0]) * 1024])
print(json.dumps(outcomes))
"""


def apart(code: str, *arguments: object) -> list[tuple[Any, int]]:
    """Run a client's code in another process, with each of the arguments.

    For each is returned what the code has set `said` to, and the most bytes of memory that the
    process had meanwhile.
    """
    program = PROGRAM.format(code=indent(code, "    "))
    command = [sys.executable, "-c", program, json.dumps(arguments)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return [(said, peak) for said, peak in json.loads(ran.stdout)]

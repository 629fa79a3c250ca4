"""Rows of the server: the everyday program and a WSGI application beside other servers.

The everyday program is what everyone writes: a handler that sends its head, then its body, on a
`ThreadingHTTPServer` that speaks HTTP/1.1. All servers answer the same 13 bytes, on one core. A
peer that is not installed has no row; bjoern is built from source and needs libev's headers.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from .load import Contestant, rates
from .measure import Row, import_times

EVERYDAY = """
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

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hello).serve_forever()
"""

BJOERN = """
import sys, bjoern
from benchmarks.hello import wsgi
bjoern.run(wsgi, "127.0.0.1", int(sys.argv[1]))
"""

FASTPYSGI = """
import sys, fastpysgi
from benchmarks.hello import wsgi
fastpysgi.run(wsgi, "127.0.0.1", int(sys.argv[1]))
"""

WSGI = """
import sys
from benchmarks.hello import wsgi
from nethttp.server.wsgi import WSGIServer
WSGIServer(("127.0.0.1", int(sys.argv[1])), wsgi).serve_forever()
"""


def _code(program: str, **environment: str) -> Contestant:
    return Contestant((sys.executable, "-c", program, "{port}"), environment)


def _module(name: str, *arguments: str) -> Contestant:
    return Contestant((sys.executable, "-m", name, *arguments))


C, PURE = "everyday", "everyday, pure twin"

VARIED = Path(__file__).with_name("varied.lua")
"""Requests that do not repeat each other: what came before is of no use."""

OURS = {
    C: _code(EVERYDAY.replace("{module}", "nethttp.server")),
    PURE: _code(EVERYDAY.replace("{module}", "nethttp.server"), NETHTTP_PURE="1"),
    "WSGI": _code(WSGI),
}

PEERS = {
    "stdlib": ("http", _code(EVERYDAY.replace("{module}", "http.server"))),
    "bjoern": ("bjoern", _code(BJOERN)),
    "fastpysgi": ("fastpysgi", _code(FASTPYSGI)),
    "granian": (
        "granian",
        _module(
            *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}"),
            *("--workers", "1", "--no-ws", "benchmarks.hello:wsgi"),
        ),
    ),
    "uvicorn": (
        "uvicorn",
        _module(
            *("uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log"),
            *("--host", "127.0.0.1", "--port", "{port}", "benchmarks.hello:asgi"),
        ),
    ),
    "gunicorn": (
        "gunicorn",
        _module(
            *("gunicorn", "--worker-class", "gthread", "--threads", "32"),
            *("--bind", "127.0.0.1:{port}", "benchmarks.hello:wsgi"),
        ),
    ),
    "waitress": (
        "waitress",
        _module("waitress", "--listen", "127.0.0.1:{port}", "benchmarks.hello:wsgi"),
    ),
}
"""Peers by name, with the module that must be installed."""

COMPARED = (
    ("everyday", "stdlib", 60),
    ("everyday", "bjoern", 0.8),
    ("everyday", "uvicorn", 0),
    ("everyday, pure twin", "uvicorn", 1.0),
    ("everyday", "everyday, pure twin", 0),
    ("WSGI", "bjoern", 1.0),
    ("WSGI", "fastpysgi", 0.8),
    ("WSGI", "granian", 1.3),
    ("WSGI", "gunicorn", 0),
    ("WSGI", "waitress", 0),
)
"""What is compared with whom, and the ratio that is asked for."""


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need wrk."""
    there = {
        name: contestant
        for name, (module, contestant) in PEERS.items()
        if importlib.util.find_spec(module)
    }
    found = rates(OURS | there)
    varied = rates(OURS | {name: there[name] for name in ("bjoern",) if name in there}, VARIED)
    before, now = import_times("http.server", "nethttp.server")
    return [
        *(
            Row(
                f"{ours}: Hello, World!",
                found[peer],
                found[ours],
                unit="requests/s",
                better="more",
                aim=aim,
                peer=peer,
            )
            for ours, peer, aim in COMPARED
            if peer in found
        ),
        Row(
            f"{C}: other fields each time",
            varied[PURE],
            varied[C],
            unit="requests/s",
            better="more",
            aim=1,
            peer=PURE,
        ),
        *(
            Row(
                f"{ours}: other fields each time",
                varied["bjoern"],
                varied[ours],
                unit="requests/s",
                better="more",
                peer="bjoern",
            )
            for ours in (C, "WSGI")
            if "bjoern" in varied
        ),
        Row("import of the server module", before, now, unit="ms", aim=1),
    ]

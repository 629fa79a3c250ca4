"""A process with one worker: what it reports, and what it makes of signals."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, socket
from nethttp.server import BaseHTTPRequestHandler
from nethttp.server.process.discover import NotServable, Target
from nethttp.server.process.worker import Service
from nethttp.server.process.worker_process import WorkerProcess

def find():
    {find}
    return Target("handler", BaseHTTPRequestHandler)

reader, writer = os.pipe()
with socket.create_server(("127.0.0.1", 0)) as listener:
    status = WorkerProcess().serve(Service(find), [listener], writer)
print(status, os.read(reader, 100).decode())
"""


@pytest.mark.parametrize(
    ("find", "reported"),
    [
        ("raise NotServable('no such thing')", "1 no such thing\n"),
        ("raise OSError(0, 'no such file')", "1 no such file\n"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "0 !\n"),
        ("[os.kill(os.getpid(), signal.SIGINT) for _ in range(2)]", "0 !\n"),
        ("os.kill(os.getpid(), signal.SIGQUIT)", ""),
    ],
)
def test_a_signal_before_the_worker_serves_ends_it_when_it_does(find, reported):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(find=find)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert (done.stdout, done.stderr) == (reported, "")

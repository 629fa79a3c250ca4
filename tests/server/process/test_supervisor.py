"""A supervisor whose workers cannot start: it says so once, and what serves goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

#: A program that supervises workers, with each batch of events in the worst order: everything that
#: the workers cause has happened, and the signals are read before the reports.
WORST_ORDER = """
import os, selectors, signal, sys
from nethttp.server.process import supervisor
from nethttp.server.process.discover import NotServable, Target
from nethttp.server.process.listeners import Listeners, parse_address
from nethttp.server.process.options import ServeOptions
from nethttp.server.process.worker import Service

how = sys.argv[1]
fails = how == "start"

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

def find():
    if fails:
        raise NotServable("the program " + "fails " * 2_000)
    return Target("wsgi", app)

class WorstOrder(selectors.DefaultSelector):
    def select(self, timeout=None):
        super().select(timeout)
        for pid, child in list(supervised._children.items()):
            if fails and not child.ready:
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return sorted(super().select(0), key=lambda event: event[0].data is not None)

selectors.DefaultSelector = WorstOrder

def no_room():
    raise BlockingIOError(11, "Resource temporarily unavailable")

def announce():
    global fails
    print("serving", flush=True)
    if how == "crowded":
        os.fork = no_room
    else:
        fails = True
    os.kill(os.getpid(), signal.SIGHUP)

def said(message, original=supervisor.write_stderr):
    original(message)
    if "go on" in message or "cannot start a worker" in message:
        os.kill(os.getpid(), signal.SIGTERM)

supervisor.write_stderr = said
listeners = Listeners([parse_address("127.0.0.1:0")], 4)
supervised = supervisor.Supervisor(
    Service(find, ServeOptions(workers=4)), listeners, announce
)
status = supervised.run()
listeners.close()
sys.exit(status)
"""


def supervise(how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WORST_ORDER), how],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def test_workers_that_die_together_at_a_renewal_end_nothing():
    done = supervise("renew")
    assert (done.returncode, done.stdout) == (0, "serving\n")
    reason, verdict = done.stderr.splitlines()
    assert reason.startswith("nethttp: the program fails fails")
    assert verdict == "nethttp: the new workers cannot start; the old ones go on"


def test_workers_that_die_together_at_the_start_say_why_once():
    done = supervise("start")
    assert (done.returncode, done.stdout) == (1, "")
    (reason,) = done.stderr.splitlines()
    assert reason == "nethttp: the program " + "fails " * 2_000


def test_a_system_without_room_for_new_workers_leaves_the_old():
    done = supervise("crowded")
    assert (done.returncode, done.stdout) == (0, "serving\n")
    assert done.stderr == "nethttp: cannot start a worker: Resource temporarily unavailable\n"

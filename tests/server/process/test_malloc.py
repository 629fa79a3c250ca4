"""Threads of a worker share their memory."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import re, sys, threading
from nethttp.server.process.malloc import use_one_arena

if sys.argv[1] == "one":
    assert use_one_arena()
together = threading.Barrier(9)

def allocate():
    # More than Python's own allocator hands out, less than what is mapped on its own.
    pieces = [bytearray(50_000) for _ in range(20)]
    together.wait(10)
    together.wait(10)

threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
together.wait(10)
import ctypes
ctypes.CDLL(None).malloc_stats()
together.wait(10)
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize(("how", "arenas"), [("one", {1}), ("default", set(range(2, 20)))])
def test_threads_share_one_arena(how, arenas):
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    assert said.stderr.count("Arena ") in arenas

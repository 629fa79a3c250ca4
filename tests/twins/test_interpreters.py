"""The C twin in threads, and in interpreters of their own: it keeps no state to share."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

REQUEST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
PARSE = """
from nethttp.wire.h1 import _head_c
read = _head_c.parse_request_head(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
assert read == ("GET", "/", 11, [("Host", "a")]), read
try:
    _head_c.parse_request_head(b"GET / HTTP/1.1\\nHost: a\\r\\n\\r\\n")
except ValueError:
    raise
except Exception as error:
    assert type(error).__name__ == "RemoteProtocolError", error
else:
    raise AssertionError("accepted")
"""


def test_threads_do_not_disturb_each_other(twin):
    wrong: list[object] = []

    def parse(number: int) -> None:
        for length in range(2000):
            target, expected = f"/{number}", [("Host", "a"), ("Content-Length", str(length))]
            read = twin.parse_request_head(REQUEST % (number, length))
            if read != ("POST", target, 11, expected):
                wrong.append(read)

    threads = [threading.Thread(target=parse, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_list_that_another_thread_changes_is_written_whole_or_refused(twin):
    fields = [("A", "a" * 100)] * 50
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            fields.append(("B", "b" * 1000))
            fields.pop()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2000):
            lines = twin.serialise_fields(fields).split(b"\r\n")
            assert lines[:50] == [b"A: " + b"a" * 100] * 50
    finally:
        done.set()
        thread.join()


IN_AN_INTERPRETER_OF_ITS_OWN = """
import sys
if sys.version_info >= (3, 13):
    import _interpreters
    number = _interpreters.create("isolated")
    run = _interpreters.exec
else:
    import _xxsubinterpreters as _interpreters
    number = _interpreters.create(isolated=True)
    run = _interpreters.run_string
failure = run(number, sys.argv[1])
assert failure is None, failure
_interpreters.destroy(number)
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no interpreter has a GIL of its own before")
def test_an_interpreter_with_a_gil_of_its_own():
    pytest.importorskip("nethttp.wire.h1._head_c", reason="the C twin was not built")
    # Without coverage, which aborts the process when any such interpreter has been.
    environment = {key: value for key, value in os.environ.items() if "COVERAGE" not in key}
    subprocess.run(
        [sys.executable, "-c", IN_AN_INTERPRETER_OF_ITS_OWN, PARSE], env=environment, check=True
    )

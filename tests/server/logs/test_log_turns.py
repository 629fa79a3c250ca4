"""Handlers' log lines: together where many requests come at once, and never held up."""

from __future__ import annotations

import io
import queue
import sys
import threading

from nethttp.server import HTTPServer

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


class Writes(io.StringIO):
    """A standard error that remembers what came in one write."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.Queue[str] = queue.Queue()

    def write(self, text: str) -> int:
        self.queue.put(text)
        return len(text)

    def next_write(self) -> str:
        return self.queue.get(timeout=10)


def test_lines_of_one_turn_are_written_together(monkeypatch, serve, echo, connect):
    written = Writes()
    monkeypatch.setattr(sys, "stderr", written)
    entered, leave = threading.Event(), threading.Event()

    class Logging(echo):
        def do_GET(self):
            if self.path == "/0":
                entered.set()
                assert leave.wait(10)
            self.answer(self.path.encode())

        def log_message(self, format, *args):
            super(echo, self).log_message(format, *args)

    served = serve(Logging, HTTPServer)
    raws = [connect(served.address) for _ in range(4)]
    opened = [raw.__enter__() for raw in raws]
    try:
        opened[1].send(GET % 1)
        opened[1].response()
        assert written.next_write().endswith('"GET /1 HTTP/1.1" 200 -\n')
        for raw in opened[2:]:  # known to the loop before it is held up
            raw.send(GET % 1)
            raw.response()
            written.next_write()
        opened[0].send(GET % 0)
        assert entered.wait(10)
        for raw in opened[1:]:
            raw.send(GET % 2)
        leave.set()
        assert "/0" in written.next_write()
        assert written.next_write().count('"GET /2 HTTP/1.1" 200 -\n') == 3
        for raw in opened:
            raw.response()
    finally:
        for raw in raws:
            raw.__exit__(None, None, None)


def test_a_line_that_was_kept_is_written_though_its_handler_blocks(
    monkeypatch, serve, echo, connect
):
    written = Writes()
    monkeypatch.setattr(sys, "stderr", written)
    leave = threading.Event()

    class Blocking(echo):
        def do_GET(self):
            self._log.gather()  # as the loop does where many requests have come
            super(echo, self).log_message("before")
            assert leave.wait(10)
            self.answer(b"")

    with connect(serve(Blocking).address) as raw:
        raw.send(GET % 0)
        assert written.next_write().endswith("before\n")
        leave.set()
        raw.response()

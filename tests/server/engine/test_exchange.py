"""Applications that answer after they have returned, and those that leave HTTP."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack

import pytest

from nethttp.server import HTTPServer, ThreadingHTTPServer
from nethttp.server.handlers.application import HandlerApplication

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"


class Late(HandlerApplication):
    """Puts each exchange into its server's queue, and answers nothing."""

    def respond(self, exchange):
        self._server.asked.put(exchange)
        return exchange.later()


def answer(exchange, keep=True) -> None:
    body = exchange.target.encode()
    exchange.connection.sock.sendall(OK % (len(body), body))
    exchange.finish(keep)


@pytest.fixture(params=[ThreadingHTTPServer, HTTPServer])
def late(request, serve, echo):
    """Return a server, and the queue of the exchanges that wait."""

    class Server(request.param):
        asked = queue.Queue()

        def _make_application(self):
            return Late(self.RequestHandlerClass, self)

    return serve(echo, Server), Server.asked


def test_no_thread_waits_with_an_exchange_that_is_answered_later(late, connect):
    served, asked = late
    with ExitStack() as stack:
        raws = [stack.enter_context(connect(served.address)) for _ in range(50)]
        for number, raw in enumerate(raws):
            raw.send(GET % number)
        waiting = [asked.get(timeout=10) for _ in raws]
        assert len({id(exchange) for exchange in waiting}) == 50
        assert served.server._engine.busy_threads <= 1
        thread = threading.Thread(target=lambda: [answer(one) for one in reversed(waiting)])
        thread.start()
        for number, raw in enumerate(raws):
            status, _, content = raw.response()
            assert (status, content) == (200, b"/%d" % number)
        thread.join()
        # The connections go on.
        raws[7].send(GET % 7)
        answer(asked.get(timeout=10))
        assert raws[7].response()[2] == b"/7"


def test_requests_behind_one_that_is_answered_later_wait(late, connect):
    served, asked = late
    with connect(served.address) as raw:
        raw.send(GET % 1 + GET % 2)
        first = asked.get(timeout=10)
        with pytest.raises(queue.Empty):
            asked.get(timeout=0.05)
        answer(first)
        answer(asked.get(timeout=10), keep=False)
        assert [raw.response()[2] for _ in range(2)] == [b"/1", b"/2"]
        assert raw.sock.recv(1) == b""


def test_a_connection_that_has_left_http_is_the_applications(late, connect):
    served, asked = late
    with connect(served.address) as raw:
        raw.send(GET % 1 + b"hello")
        exchange = asked.get(timeout=10)
        switched = exchange.switch()
        assert switched.received == b"hello"
        switched.sock.send(b"HTTP/1.1 101 Switching Protocols\r\n\r\nhow do you do?")
        assert raw.file.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        assert raw.file.read(16) == b"\r\nhow do you do?"
        exchange.finish(False)
        assert raw.file.read() == b""


def test_an_exchange_is_finished_once(late, connect):
    served, asked = late
    with connect(served.address) as raw:
        raw.send(GET % 1)
        exchange = asked.get(timeout=10)
        answer(exchange)
        with pytest.raises(RuntimeError, match="expected finish\\(\\) to be called once"):
            exchange.finish(True)
        assert raw.response()[2] == b"/1"

"""Applications that answer after they have returned, and those that leave HTTP."""

from __future__ import annotations

import queue
import threading
from contextlib import ExitStack

import pytest

from nethttp.errors import LocalProtocolError
from nethttp.server import HTTPServer, ThreadingHTTPServer
from nethttp.server.engine.application import Answered
from nethttp.server.handlers.application import HandlerApplication
from nethttp.server.logs.access import AccessLog
from nethttp.server.process.logged import LoggedApplication

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


# --- responses in any version's terms ---


class Answering(HandlerApplication):
    """Answers by its server's `answer(exchange)`, with nothing but the exchange."""

    def respond(self, exchange):
        exchange.open(self.timeouts, exchange.persistent)
        return self._server.answer(exchange)


@pytest.fixture
def answering(serve, echo):
    """Return a function that serves answers of a function, and gives the server's address."""

    def begin(function):
        class Server(ThreadingHTTPServer):
            answer = staticmethod(function)

            def _make_application(self):
                return Answering(self.RequestHandlerClass, self)

        return serve(echo, Server).address

    return begin


def in_pieces(exchange):
    exchange.begin(exchange.prepare(200, "OK", [("X", "y")]), None)
    for piece in (b"one", b"", b"two"):
        assert exchange.write(piece) == len(piece)
    exchange.end()
    assert (exchange.status, exchange.sent) == (200, 0 if exchange.method == "HEAD" else 6)
    return exchange.keep


@pytest.mark.parametrize(
    ("request_line", "fields", "content"),
    [
        (b"GET / HTTP/1.1", [b"X: y", b"Transfer-Encoding: chunked"], b"3\r\none\r\n3\r\ntwo\r\n0"),
        (b"GET / HTTP/1.0", [b"X: y", b"Connection: close"], b"onetwo"),
        (b"HEAD / HTTP/1.1", [b"X: y"], b""),
    ],
)
def test_content_of_unknown_length_is_framed_as_the_version_has_it(
    answering, connect, request_line, fields, content
):
    with connect(answering(in_pieces)) as raw:
        raw.send(request_line + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, _, rest = raw.rest().partition(b"\r\n\r\n")
        assert set(fields) <= set(head.split(b"\r\n")), head
        assert rest.rstrip(b"\r\n") == content


def test_a_prepared_head_serves_any_number_of_responses(answering, connect):
    prepared = []

    def answer(exchange):
        if not prepared:
            prepared.append(exchange.prepare(200, "OK", []))
        exchange.send(prepared[0], exchange.target.encode())
        return exchange.keep

    with connect(answering(answer)) as raw:
        for number in range(3):
            raw.send(GET % number)
            assert raw.response()[2] == b"/%d" % number
        raw.send(b"HEAD /abc HTTP/1.0\r\n\r\n")
        assert raw.rest().endswith(b"Content-Length: 4\r\nConnection: close\r\n\r\n")


def test_a_file_is_content_like_any_other(answering, connect, tmp_path):
    (tmp_path / "file").write_bytes(bytes(100_000))

    def answer(exchange):
        with open(tmp_path / "file", "rb") as file:
            exchange.begin(exchange.prepare(200, "OK", []), 50_003)
            exchange.write(b"abc")
            assert exchange.send_file(file, 10, 60_000) == 50_000
            exchange.end()
        return exchange.keep

    with connect(answering(answer)) as raw:
        for number in range(2):
            raw.send(GET % number)
            assert raw.response()[2] == b"abc" + bytes(50_000)


@pytest.mark.parametrize("end", ["end", "abort"])
def test_a_response_that_is_too_short_ends_the_connection(answering, connect, end):
    def answer(exchange):
        exchange.begin(exchange.prepare(200, "OK", []), 5)
        exchange.write(b"abc")
        getattr(exchange, end)()
        return exchange.keep

    with connect(answering(answer)) as raw:
        raw.send(GET % 1)
        assert raw.rest().endswith(b"Content-Length: 5\r\n\r\nabc")


def test_a_field_of_the_connection_is_the_versions(answering, connect):
    def answer(exchange):
        with pytest.raises(LocalProtocolError, match=r"got transfer-encoding .RFC 9110 section 7"):
            exchange.prepare(200, "OK", [("Transfer-Encoding", "chunked")])
        exchange.send(exchange.prepare(204, "No Content", []), b"")
        return exchange.keep

    with connect(answering(answer)) as raw:
        raw.send(GET % 1)
        assert raw.response()[0] == 204


@pytest.mark.parametrize("when", ["at once", "later"])
def test_every_application_can_have_an_access_log(serve, echo, connect, tmp_path, eventually, when):
    asked = queue.Queue()

    class Own(Answering):
        def respond(self, exchange):
            exchange.open(self.timeouts, exchange.persistent)
            if when == "later":
                asked.put(exchange)
                return exchange.later()
            return answer_in(exchange)

        def answered(self, exchange, fields):
            return Answered(
                "-", exchange.line, exchange.status, exchange.sent, fields.in_head(exchange.block)
            )

    def answer_in(exchange):
        exchange.send(exchange.prepare(200, "OK", []), b"hello")
        return exchange.keep

    class Server(ThreadingHTTPServer):
        def _make_application(self):
            return LoggedApplication(Own(self.RequestHandlerClass, self), log)

    log = AccessLog("combined", str(tmp_path / "log"))
    try:
        with connect(serve(echo, Server).address) as raw:
            for number in range(3):
                raw.send(b"GET /%d HTTP/1.1\r\nHost: a\r\nReferer: b\r\n\r\n" % number)
                if when == "later":
                    exchange = asked.get(timeout=10)
                    assert len((tmp_path / "log").read_text().splitlines()) == number
                    exchange.finish(answer_in(exchange))
                assert raw.response()[2] == b"hello"
            # A handler reads an unusual request.
            raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            raw.send(b"1\r\na\r\n0\r\n\r\n")
            assert raw.response()[2] == b"a"
            eventually(lambda: len((tmp_path / "log").read_text().splitlines()) == 4)
    finally:
        log.close()
    ends = [line.partition("] ")[2] for line in (tmp_path / "log").read_text().splitlines()]
    assert ends == [
        *(f'"GET /{number} HTTP/1.1" 200 5 "b" "-"' for number in range(3)),
        '"POST / HTTP/1.1" 200 1 "-" "-"',
    ]

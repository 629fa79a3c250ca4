"""The connection stays in step, whatever a request or a handler does."""

from __future__ import annotations

import select

import pytest

from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


def test_many_requests_on_one_connection(raw):
    for i in range(3):
        raw.send(GET % i)
        assert raw.response()[2] == b"/%d" % i


def test_pipelined_requests_are_answered_in_order(raw):
    raw.send(b"".join(GET % i for i in range(20)))
    assert [raw.response()[2] for _ in range(20)] == [b"/%d" % i for i in range(20)]


def test_connection_close_is_obeyed_and_told(raw):
    raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + GET % 1)
    _, fields, _ = raw.response()
    assert fields["connection"] == "close"
    assert raw.is_closed()


def test_http_1_0_closes_unless_asked_not_to(raw, serve, echo, connect):
    raw.send(b"GET / HTTP/1.0\r\n\r\n")
    assert raw.response()[1]["connection"] == "close"
    assert raw.is_closed()
    with connect(serve(echo).address) as other:
        for _ in range(2):
            other.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert other.response()[1]["connection"] == "keep-alive"


def test_a_handler_of_http_1_0_closes(serve, echo, connect):
    class Old(echo):
        protocol_version = "HTTP/1.0"

    with connect(serve(Old).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[0] == 200
        assert raw.is_closed()


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"
        ),
    ],
    ids=["length", "chunked"],
)
class TestContent:
    def test_is_decoded_and_bounded(self, raw, request_head):
        raw.send(request_head + GET % 7)
        assert raw.response()[2] == b"hello"
        assert raw.response()[2] == b"/7"

    def test_left_unread_is_drained(self, serve, echo, connect, request_head):
        class Indifferent(echo):
            def do_POST(self):
                self.answer(b"done")

        with connect(serve(Indifferent).address) as raw:
            raw.send(request_head + GET % 7)
            assert raw.response()[2] == b"done"
            assert raw.response()[2] == b"/7"

    def test_read_in_part_is_drained(self, serve, echo, connect, request_head):
        class Sipping(echo):
            def do_POST(self):
                self.answer(self.rfile.read(2))

        with connect(serve(Sipping).address) as raw:
            raw.send(request_head + GET % 7)
            assert raw.response()[2] == b"he"
            assert raw.response()[2] == b"/7"


def test_too_much_unread_content_closes(serve, echo, connect):
    class Indifferent(echo):
        limits = echo.limits._replace(max_drain=1000)

        def do_POST(self):
            self.answer(b"done")

    with connect(serve(Indifferent).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
        assert raw.response()[2] == b"done"
        assert raw.is_closed()


def test_a_request_without_content_reads_as_empty(serve, echo, connect):
    class Reading(echo):
        def do_GET(self):
            self.answer(b"got %d" % len(self.rfile.read()))

    with connect(serve(Reading).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[2] == b"got 0"


def test_head_sends_no_content_even_if_the_handler_writes_it(raw):
    raw.send(b"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
    line = raw.file.readline()
    fields = b"".join(iter(raw.file.readline, b"\r\n"))
    assert line.startswith(b"HTTP/1.1 200")
    assert b"Content-Length: 2\r\n" in fields
    raw.send(GET % 1)
    assert raw.response()[2] == b"/1"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_content_keep_the_connection(serve, echo, connect, status):
    class Empty(echo):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"must not be seen")

    with connect(serve(Empty).address) as raw:
        for _ in range(2):
            raw.send(GET % 1)
            assert raw.response()[0] == status


def test_a_response_without_a_length_closes(serve, echo, connect):
    class Endless(echo):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"all ")
            self.wfile.write(b"there is")

    with connect(serve(Endless).address) as raw:
        raw.send(GET % 1)
        status, fields, _ = raw.response()
        assert (status, fields["connection"]) == (200, "close")
        assert raw.rest() == b"all there is"


def test_more_than_the_declared_length_is_not_sent(serve, echo, connect):
    class Chatty(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"helloHTTP/1.1 200 OK\r\n\r\n")
            self.wfile.write(b"more")

    with connect(serve(Chatty).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[2] == b"hello"
        assert raw.is_closed()


def test_less_than_the_declared_length_closes(serve, echo, connect):
    class Short(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b"hello")

    with connect(serve(Short).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[2] == b"hello"


def test_expect_100_continue(raw):
    raw.send(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert raw.response()[0] == 100
    raw.send(b"hello" + GET % 1)
    assert raw.response()[2] == b"hello"
    assert raw.response()[2] == b"/1"


def test_a_refused_expectation_does_not_desynchronise(serve, echo, connect):
    class Refusing(echo):
        def handle_expect_100(self):
            self.send_error(413)
            return False

    with connect(serve(Refusing).address) as raw:
        raw.send(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert raw.response()[0] == 413
        raw.send(GET % 1)
        assert raw.is_closed()


def _refuse_by_a_head_alone(handler):
    handler.send_response_only(403)
    handler.end_headers()
    return False


def _parse_and_refuse(handler):
    handler.handle_expect_100 = lambda: True
    return BaseHTTPRequestHandler.parse_request(handler) and _refuse_by_a_head_alone(handler)


@pytest.mark.parametrize(
    "overriding",
    [
        {"handle_expect_100": _refuse_by_a_head_alone},
        {"parse_request": _parse_and_refuse},
        {
            "handle_expect_100": _refuse_by_a_head_alone,
            "handle": lambda handler: BaseHTTPRequestHandler.handle(handler),
        },
    ],
)
def test_a_request_is_refused_by_a_head_alone(serve, echo, connect, overriding):
    with connect(serve(type("Refusing", (echo,), overriding)).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert raw.response()[0] == 403


def test_an_expectation_of_http_1_0_is_ignored(raw):
    raw.send(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
    assert raw.response()[0] == 200


def test_malformed_content_is_answered_400(raw):
    raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + GET % 1)
    assert raw.response()[0] == 400
    assert raw.is_closed()


def test_malformed_content_that_nobody_reads_ends_the_connection(serve, echo, connect):
    class Indifferent(echo):
        def do_POST(self):
            self.answer(b"done")

    with connect(serve(Indifferent).address) as raw:
        raw.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + GET % 1
        )
        assert raw.response()[2] == b"done"
        assert raw.is_closed()


def test_content_that_breaks_off_is_no_request(serve, echo, connect):
    seen = []

    class Careful(echo):
        def do_POST(self):
            body = self.rfile.read()
            seen.append(body)

    with connect(serve(Careful).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
        raw.sock.shutdown(1)
        assert raw.response()[0] == 400
    assert seen == []


def test_a_crash_is_answered_500_and_the_connection_stays_in_step(capfd, serve, echo, connect):
    class Broken(echo):
        def do_GET(self):
            self.send_response(200)
            raise RuntimeError("the handler broke")

    with connect(serve(Broken).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[0] == 500
        raw.send(GET % 2)
        assert raw.response()[0] == 500
    assert "the handler broke" in capfd.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("the handler broke"), TimeoutError("no time")])
def test_an_error_is_told_before_500_is_sent(serve, echo, connect, error):
    answered = []

    def tell():
        answered.append(bool(select.select([raw.sock], [], [], 0)[0]))

    class Broken(echo):
        def log_error(self, format, *args):
            if error in args:
                tell()

        def do_GET(self):
            raise error

    class Telling(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            tell()

    with connect(serve(Broken, Telling).address) as raw:
        raw.send(GET % 1)
        status, fields, _ = raw.response()
        assert status == 500
        assert answered == [False]
        if isinstance(error, TimeoutError):
            assert fields["connection"] == "close"
            assert raw.is_closed()


def test_a_crash_behind_a_begun_response_closes(capfd, serve, echo, connect):
    class Broken(echo):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"half")
            raise RuntimeError("the handler broke")

    with connect(serve(Broken).address) as raw:
        raw.send(GET % 1)
        assert raw.rest().endswith(b"\r\n\r\nhalf")
    capfd.readouterr()

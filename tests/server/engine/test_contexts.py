"""What a request sets in context variables is not there for the next one, whichever way it runs."""

from __future__ import annotations

import contextvars
import queue
import socketserver
import threading

import pytest

from nethttp.server import HTTPServer, ThreadingHTTPServer
from nethttp.server.wsgi import WSGIServer

user = contextvars.ContextVar("user", default="nobody")


class Threaded(socketserver.ThreadingMixIn, HTTPServer):
    pass


def request(path, *fields, content=b"", method="GET"):
    lines = [f"{method} {path} HTTP/1.1", "Host: a", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + content


def usual(path):
    return request(path)


def with_content(path):
    return request(path, "Content-Length: 3", content=b"abc", method="POST")


def read_by_the_handler(path):
    """In chunks: the loop leaves it to a handler that may wait."""
    return request(
        path, "Transfer-Encoding: chunked", content=b"3\r\nabc\r\n0\r\n\r\n", method="POST"
    )


WAYS = {"usual": usual, "content": with_content, "chunks": read_by_the_handler}


@pytest.fixture(params=[HTTPServer, ThreadingHTTPServer, Threaded, "WSGI"])
def ask(request, serve, echo, connect):
    """Return a function that sends a request, on a connection of its own, and returns the answer.

    "/login" sets the user; every answer says what was set at its beginning.
    """

    def answer(path):
        found = user.get()
        if path == "/login":
            user.set("alice")
        return found.encode()

    def app(environ, start_response):
        # The content is made, and the response closed, when `app` has returned long since.
        class Content:
            def __iter__(self):
                yield answer(environ["PATH_INFO"])

            def close(self):
                closed.append(user.get())

        environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", "5" if user.get() == "alice" else "6")])
        return Content()

    class Handler(echo):
        def do_GET(self):
            self.rfile.read()
            self.answer(answer(self.path))

        do_POST = do_GET

    closed = []
    served = serve(app, WSGIServer) if request.param == "WSGI" else serve(Handler, request.param)

    def ask(*sent):
        with connect(served.address) as raw:
            answers = []
            for message in sent:
                raw.send(message)
                answers.append(raw.response()[2].decode())
            return answers

    yield ask
    if request.param == "WSGI":
        assert set(closed) == {"alice", "nobody"}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_request_sets_is_gone_for_the_next(ask, way):
    make = WAYS[way]
    assert ask(make("/login")) == ["nobody"]
    for other in WAYS.values():
        assert ask(other("/"), other("/login"), other("/")) == ["nobody"] * 3


def test_pipelined_requests_have_contexts_of_their_own(serve, echo, connect):
    class Handler(echo):
        def do_GET(self):
            found = user.get()
            user.set(self.path)
            self.answer(found.encode())

    for server_class in (HTTPServer, ThreadingHTTPServer):
        with connect(serve(Handler, server_class).address) as raw:
            raw.send(usual("/1") + usual("/2") + usual("/3"))
            assert [raw.response()[2] for _ in range(3)] == [b"nobody"] * 3


def test_a_handler_that_blocks_keeps_its_context_and_spoils_no_other(serve, echo, connect):
    entered, leave = threading.Event(), threading.Event()

    class Handler(echo):
        def do_GET(self):
            found = user.get()
            if self.path == "/slow":
                user.set("alice")
                entered.set()
                assert leave.wait(10)
                found = user.get()
            self.answer(found.encode())

    served = serve(Handler)
    for _ in range(2):  # the second time it is known to block
        with connect(served.address) as slow:
            slow.send(usual("/slow"))
            assert entered.wait(10)
            with connect(served.address) as quick:
                for _ in range(3):
                    quick.send(usual("/"))
                    assert quick.response()[2] == b"nobody"
            leave.set()
            assert slow.response()[2] == b"alice"
            slow.send(usual("/"))
            assert slow.response()[2] == b"nobody"
        entered.clear()
        leave.clear()


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_what_verify_request_and_errors_set_is_gone_too(serve, echo, connect, server_class):
    class Server(server_class):
        def verify_request(self, request, client_address):
            user.set("verified")
            return True

        def handle_error(self, request, client_address):
            user.set("failed")

    class Handler(echo):
        def do_GET(self):
            if self.path == "/fail":
                raise ValueError
            self.answer(user.get().encode())

    served = serve(Handler, Server)
    for path in ("/fail", "/"):
        with connect(served.address) as raw:
            raw.send(usual(path))
            status, _, content = raw.response()
    assert (status, content) == (200, b"nobody")


def test_an_error_is_told_in_the_context_of_its_request(serve, echo, connect):
    told = queue.Queue()

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            told.put(user.get())

    class Handler(echo):
        def do_GET(self):
            user.set("alice")
            raise ValueError

        do_POST = do_GET

    served = serve(Handler, Server)
    for make in WAYS.values():
        with connect(served.address) as raw:
            raw.send(make("/"))
            assert raw.response()[0] == 500
            assert told.get(timeout=10) == "alice"


def test_without_threads_a_request_sees_what_the_program_has_set(echo, connect):
    class Handler(echo):
        def do_GET(self):
            found = user.get()
            user.set("alice")
            self.answer(found.encode())

    def run(server):
        user.set("the program")
        server.serve_forever(0.01)
        assert user.get() == "the program"

    class Own(Handler):
        def handle(self):
            super().handle()

    for handler in (Handler, Own):
        with HTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=run, args=(server,))
            thread.start()
            for _ in range(2):
                with connect(server.server_address) as raw:
                    raw.send(usual("/"))
                    assert raw.response()[2] == b"the program"
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_outside_the_engine_each_connection_has_a_context(serve, echo, connect, server_class):
    class Own(echo):
        def handle(self):
            super().handle()

        def do_GET(self):
            found = user.get()
            user.set(found + "!")
            self.answer(found.encode())

    served = serve(Own, server_class)
    for _ in range(2):
        with connect(served.address) as raw:
            for expected in (b"nobody", b"nobody!"):
                raw.send(usual("/"))
                assert raw.response()[2] == expected

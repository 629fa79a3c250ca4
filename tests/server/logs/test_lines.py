"""Standard error that takes no lines costs the lines, and nothing else."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading

import pytest

from nethttp.server import HTTPServer, ThreadingHTTPServer, ThreadingHTTPSServer
from nethttp.server.engine.loop import Engine
from nethttp.server.logs.access import AccessLog, AccessRecord
from nethttp.server.logs.lines import ErrorStream, LineLog, write_stderr

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


def closed():
    file = io.StringIO()
    file.close()
    return file


def broken_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return unbuffered(writer)


def full_disk():
    if not os.path.exists("/dev/full"):
        pytest.skip("no device that is always full")
    return unbuffered(os.open("/dev/full", os.O_WRONLY))


def unbuffered(descriptor):
    # What could not be written would be tried again by closing a file that has a buffer.
    return io.TextIOWrapper(os.fdopen(descriptor, "wb", 0), write_through=True)


class Obstinate:
    """A program's own, which fails in its own way."""

    def write(self, text):
        raise RuntimeError("no")


@pytest.fixture(params=[lambda: None, closed, broken_pipe, full_disk, Obstinate])
def deafen(request, monkeypatch):
    """Return a function that makes standard error one that takes nothing."""
    file = request.param()
    # Between a test and its fixtures pytest puts its own in place.
    yield lambda: monkeypatch.setattr(sys, "stderr", file)
    if isinstance(file, io.TextIOWrapper):
        file.close()


def test_a_line_that_cannot_be_written_is_dropped(deafen):
    deafen()
    write_stderr("lost\n")
    log = LineLog()
    log.write("lost\n")
    log.gather()
    log.write("lost too\n")
    log.release()
    stream = ErrorStream()
    assert stream.write("lost\n") == 5
    stream.writelines(["a\n", "b\n"])
    stream.flush()
    print("lost", file=stream)


def test_a_failed_handshake_that_cannot_be_told_ends_nothing(deafen, serve, echo, certificate):
    deafen()
    cert, key = certificate
    served = serve(echo, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    # The second is met by the thread that has failed to tell of the first.
    for _ in range(2):
        with socket.create_connection(served.address, timeout=10) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                while sock.recv(1000):
                    pass
            except ConnectionResetError:
                pass


@pytest.mark.parametrize("path", [b"/logged", b"/crash"])
def test_a_handlers_line_that_cannot_be_written_ends_nothing(deafen, serve, echo, connect, path):
    deafen()

    class Talking(echo):
        def do_GET(self):
            if self.path == "/crash":
                raise ValueError("broke")
            self.log_message("answers %s", self.path)
            self.answer(b"here")

        log_message = super(echo, echo).log_message

    with connect(serve(Talking).address) as raw:
        # The last answer comes after all that was said of the others.
        for asked, status in ((path, 500 if path == b"/crash" else 200), (b"/last", 200)):
            raw.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % asked)
            assert raw.response()[0] == status


def test_a_program_that_replaces_standard_error_sees_the_lines(monkeypatch, serve, echo, connect):
    class Talking(echo):
        log_message = super(echo, echo).log_message

        def do_GET(self):
            if self.path == "/2":
                raise ValueError("broke")
            self.log_message("answers %s", self.path)
            self.answer(b"")

    with connect(serve(Talking).address) as raw:
        mine = io.StringIO()
        monkeypatch.setattr(sys, "stderr", mine)
        for i in (1, 2, 3):
            raw.send(GET % i)
            raw.response()
        assert "answers /1\n" in mine.getvalue()
        assert "Exception occurred during processing of request from ('127" in mine.getvalue()
        assert "ValueError: broke\n" + "-" * 40 + "\n" in mine.getvalue()


def test_a_handle_error_that_fails_ends_no_thread(printed, serve, echo, connect):
    class Clumsy(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            raise RuntimeError("this too")

    class Broken(echo):
        def do_GET(self):
            if self.path == "/1":
                raise ValueError("broke")
            self.answer(b"here")

    served = serve(Broken, Clumsy)
    with connect(served.address) as raw:
        raw.send(GET % 1)
        assert raw.response()[0] == 500
    with connect(served.address) as raw:
        raw.send(GET % 2)
        assert raw.response()[2] == b"here"
    printed("RuntimeError('this too')")


@pytest.mark.parametrize("file", [io.StringIO, closed, lambda: None])
def test_an_access_log_without_a_descriptor_goes_where_standard_error_goes(monkeypatch, file):
    monkeypatch.setattr(sys, "stderr", file())
    log = AccessLog("common")
    log.write(AccessRecord("::1", 0.0, "GET / HTTP/1.1", 200, 3, 0.1, "", ""))
    log.reopen()
    log.close()
    if isinstance(sys.stderr, io.StringIO) and not sys.stderr.closed:
        assert '"GET / HTTP/1.1" 200 3\n' in sys.stderr.getvalue()


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_what_goes_wrong_in_the_loop_itself_is_raised_by_who_serves(
    monkeypatch, echo, connect, server_class
):
    def broken(engine, fd):
        raise LookupError("the loop is broken")

    raised = []

    def run():
        try:
            server.serve_forever(0.01)
        except LookupError as error:
            raised.append(error)

    monkeypatch.setattr(Engine, "_on_other_event", broken)
    with server_class(("127.0.0.1", 0), echo) as server:
        thread = threading.Thread(target=run)
        thread.start()
        with connect(server.server_address):
            thread.join(10)
    assert len(raised) == 1

"""What programs override and set on an `HTTPResponse`, on the class, the object, or a stub."""

from __future__ import annotations

import copy
import io
import pickle
import socket

import pytest

import nethttp.client
from nethttp.client import HTTPConnection, HTTPResponse, IncompleteRead, parse_headers

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n"
LENGTH = HEAD + b"Content-Length: 11\r\n\r\nhello world"


class Sock:
    """A double for a socket: it has `makefile` alone."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def makefile(self, *_):
        return self.file


def begun(data: bytes, response_class=HTTPResponse, **options) -> HTTPResponse:
    response = response_class(Sock(data), **options)
    response.begin()
    return response


# --- the status line ---


def test_a_status_line_that_was_read_before_is_taken_from_the_subclass():
    """As botocore does where a server answers before the body was sent."""

    class Answered(HTTPResponse):
        known = ("HTTP/1.1", 403, "Forbidden ")

        def _read_status(self):
            if self.known is None:
                return super()._read_status()
            known, self.known = self.known, None
            return known

    response = begun(b"Content-Length: 2\r\nX-Amz: y\r\n\r\nno", Answered, method="PUT")
    assert (response.status, response.reason, response.version) == (403, "Forbidden", 11)
    assert (response.getheader("X-Amz"), response.read()) == ("y", b"no")


def test_a_status_line_of_another_protocol_is_translated_by_a_patch(monkeypatch):
    """As programs do that listen to a Shoutcast server."""
    original = HTTPResponse._read_status

    def read_status(self):
        class Taken:
            pass

        taken = Taken()
        taken.debuglevel, taken._close_conn = self.debuglevel, self._close_conn
        taken.fp = io.BytesIO(self.fp.readline().replace(b"ICY", b"HTTP/1.0"))
        return original(taken)

    monkeypatch.setattr(HTTPResponse, "_read_status", read_status)
    response = begun(b"ICY 200 OK\r\nicy-name: radio\r\n\r\nmusic")
    assert (response.version, response.status) == (10, 200)
    assert (response.getheader("icy-name"), response.read()) == ("radio", b"music")


def test_a_program_that_wants_to_see_an_interim_response_gives_it_another_status():
    """Whoever overrides the reading of the status line says which responses are interim."""

    class Seeing(HTTPResponse):
        def _read_status(self):
            version, status, reason = super()._read_status()
            return version, 199 if status == 100 else status, reason

        def _check_close(self):
            return super()._check_close() and self.status != 199

    ours, theirs = socket.socketpair()
    connection = HTTPConnection("example.com", timeout=10)
    connection.response_class = Seeing
    connection.sock = ours
    with connection, theirs:
        connection.request("PUT", "/", headers={"Content-Length": "2", "Expect": "100-continue"})
        theirs.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        interim = connection.getresponse()
        assert (interim.status, interim.will_close, interim.read()) == (199, False, b"")
        connection.send(b"hi")
        connection._HTTPConnection__state = "Request-sent"
        theirs.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        final = connection.getresponse()
        assert (final.status, final.read()) == (201, b"")


def test_an_object_may_have_its_own_reading_of_the_status():
    response = HTTPResponse(Sock(b"Content-Length: 0\r\n\r\n"))
    response._read_status = lambda: ("HTTP/1.0", 200, "")
    response.begin()
    assert (response.version, response.status, response.will_close) == (10, 200, True)


def test_what_the_status_line_says_is_what_programs_read_of_it():
    for line, read in (
        (b"HTTP/1.1 200 OK\r\n", ("HTTP/1.1", 200, "OK")),
        (b"HTTP/1.0 404 Not Found\n", ("HTTP/1.0", 404, "Not Found")),
        (b"HTTP/1.1 204\r\n", ("HTTP/1.1", 204, "")),
    ):
        response = HTTPResponse(Sock(line + b"\r\n"))
        assert response._read_status() == read
        assert response.fp.read() == b"\r\n"


def test_whether_the_connection_ends_is_asked():
    class Closing(HTTPResponse):
        def _check_close(self):
            return True

    assert begun(LENGTH, Closing).will_close
    response = begun(LENGTH)
    assert not response._check_close()
    response.headers["Connection"] = "close"
    assert response._check_close()


def test_a_replaced_parse_headers_makes_the_headers(monkeypatch):
    def counting(fp, _class=nethttp.client.HTTPMessage):
        message = parse_headers(fp, _class)
        message["Seen"] = "1"
        return message

    monkeypatch.setattr(nethttp.client, "parse_headers", counting)
    response = begun(LENGTH)
    assert response.headers is response.msg
    assert (response.getheader("Seen"), response.length, response.read()) == (
        "1",
        11,
        b"hello world",
    )


def test_the_bounds_of_the_module_count_from_the_moment_they_are_set(monkeypatch):
    many = HEAD + b"".join(b"X-%d: v\r\n" % i for i in range(150)) + b"Content-Length: 0\r\n\r\n"
    long = HEAD + b"X: " + b"v" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n"
    for data, name, value in (
        (many, "_MAXHEADERS", 1000),
        (many, "_MAXHEADERS", float("inf")),
        (long, "_MAXLINE", 1 << 20),
    ):
        section = data.partition(b"\r\n")[2]
        with pytest.raises(nethttp.client.HTTPException, match="got more than"):
            begun(data)
        with pytest.raises(nethttp.client.HTTPException, match="got more than"):
            parse_headers(io.BytesIO(section))
        with monkeypatch.context() as patched:
            patched.setattr(nethttp.client, name, value)
            assert begun(data).getheader("Content-Length") == "0"
            assert parse_headers(io.BytesIO(section))["Content-Length"] == "0"
    monkeypatch.setattr(nethttp.client, "_MAXHEADERS", 2)
    with pytest.raises(nethttp.client.HTTPException, match="got more than 2"):
        begun(HEAD + b"A: b\r\nC: d\r\nE: f\r\n\r\n")


# --- chunks ---


@pytest.mark.parametrize(
    "name",
    ["_read_next_chunk_size", "_get_chunk_left", "_safe_read", "_read_and_discard_trailer"],
)
@pytest.mark.parametrize("place", ["class", "object", "patch"])
def test_what_reads_chunks_is_called(name, place, monkeypatch):
    calls = []
    original = getattr(HTTPResponse, name)

    def noting(self, *arguments):
        calls.append(arguments)
        return original(self, *arguments)

    class Own(HTTPResponse):
        pass

    response = begun(CHUNKED, Own)
    if place == "class":
        setattr(Own, name, noting)
    elif place == "patch":
        monkeypatch.setattr(HTTPResponse, name, noting)
    else:
        setattr(response, name, lambda *arguments: noting(response, *arguments))
    assert response.read() == b"hello world"
    assert calls
    assert response.isclosed()


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda response: response.read(3), "_read_chunked"),
        (lambda response: response.readinto(bytearray(3)), "_readinto_chunked"),
        (lambda response: response.read1(3), "_read1_chunked"),
        (lambda response: response.peek(3), "_peek_chunked"),
    ],
)
def test_each_reading_of_chunks_is_a_method(read, name):
    class Own(HTTPResponse):
        pass

    setattr(Own, name, lambda *_: "taken")
    assert read(begun(CHUNKED, Own)) == "taken"


def test_a_size_that_the_subclass_makes_up_is_obeyed():
    class Forgiving(HTTPResponse):
        def _read_next_chunk_size(self):
            line = self.fp.readline().strip()
            return int(line, 16) if line else 0

    assert begun(CHUNKED[: CHUNKED.index(b"0\r\nA")], Forgiving).read() == b"hello world"


def test_a_size_that_is_none_closes_and_says_so():
    response = begun(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n")
    with pytest.raises(ValueError, match="chunk size"):
        response._read_next_chunk_size()
    assert response.isclosed()


# --- attributes ---


def test_a_length_that_is_not_trusted_is_set_aside():
    response = begun(HEAD + b"Content-Length: 3\r\n\r\nhello world")
    response.length = None
    assert response.read() == b"hello world"


def test_each_attribute_can_be_set_and_is_what_was_set():
    response = begun(LENGTH)
    for name in (
        *("fp", "length", "chunk_left", "chunked", "will_close", "version", "status", "reason"),
        *("headers", "msg", "code", "debuglevel"),
    ):
        value = object()
        setattr(response, name, value)
        assert getattr(response, name) is value
        assert vars(response)[name] is value
    response.fp = None


def test_a_chunked_body_can_be_taken_over_in_the_middle():
    response = begun(CHUNKED)
    assert response.read(3) == b"hel"
    assert (response.chunk_left, response.length) == (2, None)
    # The rest of the chunk is read past it, as by a program that knows what it does.
    assert response.fp.read(2) == b"lo"
    response.chunk_left = 0
    assert response.read() == b" world"


@pytest.mark.parametrize("data", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_a_file_put_around_fp_is_read_from(data):
    """A progress bar, a recorder."""

    class Counting(io.RawIOBase):
        count = 0

        def __init__(self, file):
            self.file = file

        def readable(self):
            return True

        def readinto(self, buffer):
            piece = self.file.read1(len(buffer))
            buffer[: len(piece)] = piece
            self.count += len(piece)
            return len(piece)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        ours.settimeout(10)
        with HTTPResponse(ours, method="GET") as response:
            response.begin()
            inner = response.fp
            counting = Counting(inner)
            response.fp = io.BufferedReader(counting)
            assert response.read() == b"hello world"
            assert counting.count >= 11
            inner.close()


def test_another_file_put_in_the_place_of_fp_is_read_from():
    response = begun(CHUNKED)
    response.fp = io.BytesIO(b"3\r\nnew\r\n0\r\n\r\n")
    assert response.read() == b"new"


# --- stubs ---


class Stub(HTTPResponse):
    """A recorded response, as vcrpy has it: without `super().__init__()`."""

    def __init__(self, body: bytes) -> None:
        self.fp = None
        self.status = self.code = 200
        self.headers = self.msg = parse_headers(io.BytesIO(b"Content-Type: a/b\r\n\r\n"))
        self.length = len(body)
        self._content = io.BytesIO(body)

    def read(self, *args):
        return self._content.read(*args)


def test_a_subclass_need_not_call_init():
    stub = Stub(b"body")
    assert (stub.status, stub.getheader("content-type"), stub.length) == (200, "a/b", 4)
    assert (stub.read(1), stub.read(), stub.isclosed()) == (b"b", b"ody", True)
    assert (stub.getheaders(), stub.getcode()) == ([("Content-Type", "a/b")], 200)
    assert pickle.loads(pickle.dumps(stub)).read() == b""
    stub.close()
    assert stub.closed


@pytest.mark.parametrize("chunked", [False, True])
def test_an_object_made_without_init_is_read_by_its_attributes(chunked):
    response = HTTPResponse.__new__(HTTPResponse)
    response.fp = io.BytesIO(b"5\r\nhello\r\n0\r\n\r\n" if chunked else b"hello")
    response.chunked = chunked
    response.chunk_left = None
    response.length = None if chunked else 5
    assert response.read() == b"hello"
    assert response.isclosed()


@pytest.mark.parametrize("again", [copy.copy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_response_that_was_read_can_be_copied_and_pickled(again):
    response = begun(LENGTH)
    response.read()
    other = again(response)
    assert (other.status, other.reason, other.length, other.fp) == (200, "OK", 0, None)
    assert other.getheader("content-length") == "11"
    assert set(vars(other)) >= {"headers", "msg", "status", "chunked", "will_close"}


def test_headers_may_be_a_property_of_the_subclass():
    class Own(HTTPResponse):
        @property
        def headers(self):
            return self.__dict__.get("kept")

        @headers.setter
        def headers(self, headers):
            self.__dict__["kept"] = headers

    response = begun(LENGTH, Own)
    assert response.__dict__["kept"]["content-length"] == "11"
    assert response.getheader("Content-Length") == "11"


def test_a_chunked_body_that_broke_off_is_never_taken_for_whole():
    response = begun(CHUNKED[: CHUNKED.index(b"world")])
    for _ in range(2):
        with pytest.raises(IncompleteRead):
            response.read()

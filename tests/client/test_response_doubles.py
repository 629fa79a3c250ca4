"""`HTTPResponse` over doubles for sockets and files, beside the standard library's."""

from __future__ import annotations

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client import HTTPException, HTTPResponse

HEAD = b"HTTP/1.1 200 OK\r\n"
BODIES = {
    "length": HEAD + b"Content-Length: 11\r\n\r\nhello\nworld",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n5\r\nworld\r\n0\r\n\r\n",
    "close": HEAD + b"\r\nhello\nworld",
}


class Sock:
    """A socket that can do nothing but give a file."""

    def __init__(self, file):
        self.file = file

    def makefile(self, *_):
        return self.file


class Short(io.RawIOBase):
    """An unbuffered file that gives what has come, a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.data.read(min(4, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


class Least:
    """A file with what reading a response needs, and no more."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size=-1):
        return self._data.read(size)

    def readline(self, limit=-1):
        return self._data.readline(limit)

    def close(self):
        pass


FILES = {
    "BytesIO": io.BytesIO,
    "BufferedReader": lambda data: io.BufferedReader(io.BytesIO(data)),
    "small buffer": lambda data: io.BufferedReader(io.BytesIO(data), 2),
    "buffer over short reads": lambda data: io.BufferedReader(Short(data)),
    "short reads": Short,
    "read and readline": Least,
}


def begun(data: bytes, file="BytesIO", response_class=HTTPResponse, **options):
    response = response_class(Sock(FILES[file](data)), **options)
    response.begin()
    return response


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("body", BODIES)
class TestFiles:
    def test_all_is_read(self, body, file):
        with begun(BODIES[body], file) as response:
            assert response.read() == b"hello\nworld"
            assert response.isclosed()

    def test_amounts_are_read(self, body, file):
        with begun(BODIES[body], file) as response:
            pieces = iter(lambda: response.read(7), b"")
            assert b"".join(pieces) == b"hello\nworld"

    def test_lines_are_read(self, body, file):
        with begun(BODIES[body], file) as response:
            assert list(response) == [b"hello\n", b"world"]
            assert response.readlines() == []

    def test_a_buffer_is_filled(self, body, file):
        if file == "read and readline":
            pytest.skip("the standard library asks for readinto")
        with begun(BODIES[body], file) as response:
            content, buffer = b"", bytearray(7)
            while count := response.readinto(buffer):
                content += buffer[:count]
            assert content == b"hello\nworld"


def test_a_response_needs_no_method():
    response = HTTPResponse(Sock(io.BytesIO(BODIES["length"])), 0, None, "http://a/")
    response.begin()
    assert (response.read(), response.url, response.geturl()) == (
        b"hello\nworld",
        "http://a/",
        "http://a/",
    )


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
def test_it_is_the_file_that_the_standard_librarys_is(body, read):
    """Each method of a file, before and after the end, and once closed."""
    tries = {
        "closed": lambda r: r.closed,
        "isclosed": lambda r: r.isclosed(),
        "readable": lambda r: r.readable(),
        "writable": lambda r: r.writable(),
        "seekable": lambda r: r.seekable(),
        "tell": lambda r: r.tell(),
        "seek": lambda r: r.seek(0),
        "truncate": lambda r: r.truncate(),
        "write": lambda r: r.write(b"x"),
        "detach": lambda r: r.detach(),
        "fileno": lambda r: r.fileno(),
        "isatty": lambda r: r.isatty(),
        "flush": lambda r: r.flush(),
        "iter": lambda r: iter(r) is r,
        "list": lambda r: list(r),
        "next": lambda r: next(r, None),
        "readlines": lambda r: r.readlines(),
        "readlines of a hint": lambda r: r.readlines(1),
        "readinto": lambda r: r.readinto(bytearray(3)),
        "readinto1": lambda r: r.readinto1(bytearray(3)),
        "read": lambda r: r.read(),
        "read of nothing": lambda r: r.read(0),
        "read an amount": lambda r: r.read(3),
        "read1": lambda r: r.read1(3),
        "read1 of nothing": lambda r: r.read1(0),
        "readline": lambda r: r.readline(),
        "readline of nothing": lambda r: r.readline(0),
        "peek": lambda r: r.peek(1)[:1],
        "with": lambda r: r.__enter__() is r,
        "getheader": lambda r: r.getheader("None", "x"),
    }

    def outcome(response_class, action, *, closed):
        response = begun(BODIES[body], "BufferedReader", response_class, method="GET")
        if read:
            response.read()
        if closed:
            response.close()
        try:
            return action(response)
        except Exception as error:
            return type(error)
        finally:
            response.close()

    for closed in (False, True):
        for name, action in tries.items():
            ours = outcome(HTTPResponse, action, closed=closed)
            theirs = outcome(http.client.HTTPResponse, action, closed=closed)
            assert ours == theirs, (name, closed)


# --- beside the standard library's ---

lines = st.sampled_from(
    [
        *(b"Content-Length: 5", b"Content-Length: 0", b"content-length:5", b"Connection: close"),
        *(
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding:  Chunked",
            b"Connection: keep-alive",
        ),
        *(b"A: b", b"A: b\x01c", b"X[]: y", b"A: b\r\n c", b"Keep-Alive: 5", b"Via: \xe4"),
    ]
)
ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])
starts = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1  204  No",
        b"HTTP/1.1 304",
        b"HTTP/1.1\t200",
    ]
)
chunks = st.lists(
    st.tuples(st.binary(min_size=1, max_size=9), st.sampled_from([b"", b" ", b";a", b" ; a=b"])),
    max_size=4,
).map(lambda pieces: b"".join(b"%x%b\r\n%b\r\n" % (len(c), e, c) for c, e in pieces) + b"0\r\n\r\n")
bodies = st.one_of(st.binary(max_size=20), chunks, st.just(b"hello"))


@given(
    start=starts,
    fields=st.lists(lines, max_size=4),
    end=ends,
    body=bodies,
    method=st.sampled_from(["GET", "HEAD", None]),
    amount=st.sampled_from([None, 1, 3, 100]),
)
def test_what_both_accept_they_read_alike(start, fields, end, body, method, amount):
    data = start + end + b"".join(line + end for line in fields) + end + body

    def read(response_class):
        response = begun(data, "BufferedReader", response_class, method=method)
        with response:
            pieces = iter(lambda: response.read(amount), b"")
            content = b"".join(pieces)
            return response, content

    try:
        ours, content = read(HTTPResponse)
    except HTTPException:
        return
    try:
        theirs, their_content = read(http.client.HTTPResponse)
    except (http.client.HTTPException, ValueError, OverflowError):
        return
    assert (ours.status, ours.reason, ours.version) == (
        theirs.status,
        theirs.reason,
        theirs.version,
    )
    # A folded line is one to us; the standard library keeps its line end.
    unfolded = [(name, "".join(value.splitlines())) for name, value in theirs.getheaders()]
    assert ours.getheaders() == unfolded
    framings = {line.partition(b":")[0].lower() for line in fields} & {
        b"content-length",
        b"transfer-encoding",
    }
    if len(framings) < 2 and ours.status == 200:
        assert content == their_content
    assert ours.will_close or not theirs.will_close, "who closes more is safe"

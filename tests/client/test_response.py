"""Responses as files, and their fields."""

from __future__ import annotations

import io

import pytest

from nethttp.client import HTTPMessage, HTTPResponse, IncompleteRead, ResponseNotReady

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello\nworld"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n5\r\nworld\r\n0\r\n\r\n"
)
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello\nworld"


@pytest.mark.parametrize("data", [LENGTH, CHUNKED, UNTIL_CLOSE], ids=["length", "chunked", "close"])
class TestBodies:
    def test_read(self, response_to, data):
        response = response_to(data)
        assert response.read(3) == b"hel"
        assert response.read1(2) == b"lo"
        assert response.read() == b"\nworld"
        assert response.isclosed()
        assert response.read() == b""
        assert response.read(5) == b""
        assert not response.closed
        response.close()
        assert response.closed

    def test_readinto(self, response_to, data):
        response = response_to(data)
        buffer = bytearray(7)
        assert response.readinto(buffer) == 7
        assert bytes(buffer) == b"hello\nw"
        assert response.readinto1(buffer) == 4
        assert response.readinto(buffer) == 0

    def test_lines(self, response_to, data):
        response = response_to(data)
        assert response.readline(2) == b"he"
        assert list(response) == [b"llo\n", b"world"]

    def test_peek(self, response_to, data):
        response = response_to(data)
        assert response.peek(3).startswith(b"hel")
        assert response.peek().startswith(b"hello\n")
        assert b"hello\nworld".startswith(response.peek())
        assert response.read() == b"hello\nworld"
        assert response.peek() == b""

    def test_as_text(self, response_to, data):
        with io.TextIOWrapper(response_to(data), "ascii") as text:
            assert text.read() == "hello\nworld"


def test_attributes(response_to):
    response = response_to(LENGTH)
    assert (response.status, response.code, response.getcode()) == (200, 200, 200)
    assert (response.reason, response.version) == ("OK", 11)
    assert (response.length, response.chunked, response.will_close) == (11, False, False)
    response.read(4)
    assert response.length == 7
    response = response_to(CHUNKED)
    assert (response.length, response.chunked, response.will_close) == (None, True, False)
    response.read(2)
    assert response.chunk_left == 4
    assert response_to(UNTIL_CLOSE).will_close


def test_fields(response_to):
    response = response_to(
        b"HTTP/1.1 200 OK\r\nA: 1\r\nSet-Cookie: a=1\r\na: 2\r\nSet-Cookie: b=2\r\n\r\n"
    )
    assert isinstance(response.headers, HTTPMessage)
    assert response.headers is response.msg is response.info()
    assert response.getheader("A") == "1, 2"
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert response.getheader("None") is None
    assert response.getheader("None", "x") == "x"
    assert response.getheader("None", ["x", "y"]) == "x, y"
    assert response.getheaders()[0] == ("A", "1")
    response.msg = "as urllib does"
    assert response.headers["A"] == "1"


def test_before_begin():
    class Sock:
        def makefile(self, mode: str) -> io.BytesIO:
            return io.BytesIO(b"")

    response = HTTPResponse(Sock())
    assert response.length == response.chunk_left == response.status == "UNKNOWN"
    assert response.headers is None
    for ask in (lambda: response.getheader("A"), response.getheaders):
        with pytest.raises(ResponseNotReady):
            ask()


def test_a_reading_of_all_says_when_the_connection_broke(response_to):
    with pytest.raises(IncompleteRead) as cut:
        response_to(LENGTH[:-3]).read()
    assert (cut.value.partial, cut.value.expected) == (b"hello\nwo", 3)
    assert repr(cut.value) == "IncompleteRead(8 bytes read, 3 more expected)"


def test_a_reading_of_an_amount_ends_there(response_to):
    response = response_to(LENGTH[:-3])
    assert response.read(100) == b"hello\nwo"
    assert response.read(100) == b""
    assert response.isclosed()


def test_chunks_that_break_off_are_never_taken_for_whole(response_to):
    for cut in range(len(CHUNKED) - 40, len(CHUNKED) - 7):
        data = CHUNKED[:cut]
        if b"\r\n\r\n" not in data:
            continue
        response = response_to(data)
        with pytest.raises(IncompleteRead):
            while response.read(4):
                pass


def test_the_last_empty_line_may_be_missing_at_the_end(response_to):
    assert response_to(CHUNKED[:-2]).read() == b"hello\nworld"


def test_interim_responses_are_passed_over(response_to):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    response = response_to(b"HTTP/1.1 100 Continue\r\n\r\n" + hints + LENGTH)
    assert response.status == 200
    assert response.read() == b"hello\nworld"


def test_an_interim_response_that_nothing_follows_is_the_answer(response_to):
    assert response_to(b"HTTP/1.1 102 Processing\r\n\r\n").status == 102


def test_an_upgrade_keeps_its_file(response_to):
    response = response_to(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x01\x02")
    assert response.status == 101
    assert response.fp.read(2) == b"\x01\x02"


@pytest.mark.parametrize(
    "cut", [b"Content-Len", b"Content-Length: 1", b"transfer-Encoding: ch", b"C"]
)
def test_a_head_cut_off_inside_what_may_frame_it_is_no_head(response_to, cut):
    with pytest.raises(IncompleteRead):
        response_to(b"HTTP/1.1 200 OK\r\nA: b\r\n" + cut)


def test_a_line_that_was_cut_off_is_no_field(response_to):
    """What stands behind the cut may be what makes it safe: of a cookie, Secure."""
    response = response_to(b"HTTP/1.1 200 OK\r\nA: b\r\nSet-Cookie: sid=7; Sec")
    assert response.getheaders() == [("A", "b")]
    assert (response.headers.get_payload(), response.will_close) == (
        "Set-Cookie: sid=7; Sec\r\n",
        True,
    )
    assert response_to(b"HTTP/1.1 200 OK\r\nA: b\r\n").will_close


def test_max_headers(response_to):
    data = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n"
    with pytest.raises(Exception, match="got more than 100 headers"):
        response_to(data)
    assert len(response_to(data, _max_headers=101).getheaders()) == 101


def test_a_trailer_section_has_as_many_fields_as_a_head(response_to):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
    for more, options in ((100, {}), (120, {"_max_headers": 120})):
        assert response_to(head + b"A: b\r\n" * more + b"\r\n", **options).read() == b"hi"
        response = response_to(head + b"A: b\r\n" * (more + 1) + b"\r\n", **options)
        with pytest.raises(Exception, match=f"got more than {more} trailers"):
            response.read()


def test_a_length_or_chunk_beyond_64_bits_reserves_nothing(response_to):
    for read in (
        lambda response: response.read(),
        lambda response: response.read1() and response.read(),
        lambda response: response.readline() and response.read(),
        lambda response: response.peek() and response.read(),
        lambda response: response.readinto(bytearray(4)) and response.read(),
    ):
        response = response_to(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\na\nbc" % 2**64)
        with pytest.raises(IncompleteRead):
            read(response)
        response = response_to(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\na\nbc"
        )
        with pytest.raises(IncompleteRead):
            read(response)

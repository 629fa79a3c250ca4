"""What the caller's mistakes raise: the same kind of exception as in the standard library."""

from __future__ import annotations

import array
import enum
import http.client
import io

import pytest

import nethttp.client
from nethttp import errors

THEIRS = {name: getattr(http.client, name) for name in http.client.__all__}


class Sock:
    """A socket as the standard library needs it, and no more."""

    def __init__(self):
        self.sent = b""

    def sendall(self, data):
        self.sent += bytes(memoryview(data))

    def makefile(self, mode):
        return io.BytesIO(b"")

    def close(self):
        pass


def begun(module):
    connection = module.HTTPConnection("example.com")
    connection.sock = Sock()
    connection.putrequest("GET", "/")
    return connection


def requests(module, *arguments, **options):
    connection = module.HTTPConnection("example.com")
    connection.sock = Sock()
    connection.request(*arguments, **options)


def tunnels(module, host, headers=None, port=443):
    connection = module.HTTPConnection("proxy")
    connection._create_connection = lambda *_: sock
    sock = Sock()
    sock.setsockopt = lambda *_: None
    connection.set_tunnel(host, port, headers)
    connection.connect()


class Text(str, enum.Enum):  # noqa: UP042  # a program's, of before StrEnum
    NAME = "Accept"


MISTAKES = {
    "a line end in a value": lambda m: begun(m).putheader("A", "b\r\nC: d"),
    "a line end in a value of bytes": lambda m: begun(m).putheader("A", b"b\nC: d"),
    "a value that ISO-8859-1 lacks": lambda m: begun(m).putheader("A", "\u4e2d"),
    "a value of None": lambda m: begun(m).putheader("A", None),
    "a value that is a float": lambda m: begun(m).putheader("A", 1.5),
    "a value that is a list": lambda m: begun(m).putheader("A", ["b"]),
    "an empty name": lambda m: begun(m).putheader("", "b"),
    "a name with a colon": lambda m: begun(m).putheader(":a", "b"),
    "a line end in a name": lambda m: begun(m).putheader("A\r\nB", "b"),
    "a name that ASCII lacks": lambda m: begun(m).putheader("\u00e9", "b"),
    "a name of None": lambda m: begun(m).putheader(None, "b"),
    "a line end in a method": lambda m: requests(m, "GET\r\n", "/"),
    "a method of bytes": lambda m: requests(m, b"GET", "/"),
    "a method of None": lambda m: requests(m, None, "/"),
    "a method that ASCII lacks": lambda m: requests(m, "G\u00c9T", "/"),
    "a space in a target": lambda m: requests(m, "GET", "/a b"),
    "a line end in a target": lambda m: requests(m, "GET", "/\r\n"),
    "a target that ASCII lacks": lambda m: requests(m, "GET", "/\u00e9"),
    "a target of bytes": lambda m: requests(m, "GET", b"/"),
    "a target that is an int": lambda m: requests(m, "GET", 5),
    "fields that are None": lambda m: begun(m).putheader("A", *None),
    "a body that ISO-8859-1 lacks": lambda m: requests(m, "POST", "/", "\u4e2d"),
    "a body that is a dict": lambda m: requests(m, "POST", "/", {"a": 1}),
    "a body of ints": lambda m: requests(m, "POST", "/", [104, 105]),
    "a body of str": lambda m: requests(m, "POST", "/", iter(["hi"])),
    "a body that is an int": lambda m: requests(m, "POST", "/", 5),
    "a body of ints with a length": lambda m: requests(
        m, "POST", "/", [104, 105], {"Content-Length": "2"}
    ),
    "a text file that ISO-8859-1 lacks": lambda m: requests(m, "POST", "/", io.StringIO("\u4e2d")),
    "data that is an int": lambda m: begun(m).send(5),
    "data that are ints": lambda m: begun(m).send([5]),
    "a URL for a host": lambda m: m.HTTPConnection("http://example.com/"),
    "a port that is no number": lambda m: m.HTTPConnection("example.com:a"),
    "a space in a host": lambda m: m.HTTPConnection("example .com"),
    "a line end in a host": lambda m: m.HTTPConnection("example.com\r\n"),
    "a host of None": lambda m: m.HTTPConnection(None),
    "a host of None with a port": lambda m: m.HTTPConnection(None, 80),
    "a host of bytes": lambda m: m.HTTPConnection(b"example.com"),
    "a tunnel's port that is text": lambda m: tunnels(m, "a", port="443"),
    "a tunnel's host with a port that is no number": lambda m: tunnels(m, "a:b", port=None),
    "a field without a request": lambda m: m.HTTPConnection("a").putheader("A", "b"),
    "an end without a request": lambda m: m.HTTPConnection("a").endheaders(),
    "a response without a request": lambda m: m.HTTPConnection("a").getresponse(),
    "two requests at once": lambda m: begun(m).putrequest("GET", "/"),
    "a tunnel for a connection that is there": lambda m: begun(m).set_tunnel("a"),
}


def kind_of(error: BaseException) -> type:
    """Return what a program catches an error as: the first class that both modules have."""
    for kind in type(error).__mro__:
        if kind.__name__ in THEIRS or kind.__module__ == "builtins":
            return THEIRS.get(kind.__name__, kind)
    raise AssertionError(error)


def outcome(call, module):
    try:
        call(module)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_raises_what_it_raises_in_the_standard_library(mistake):
    theirs = outcome(MISTAKES[mistake], http.client)
    ours = outcome(MISTAKES[mistake], nethttp.client)
    assert theirs is not None, "the standard library takes it"
    assert kind_of(ours) is kind_of(theirs), (ours, theirs)


@pytest.mark.parametrize(
    ("host", "headers"),
    [("a b", None), ("a\r\nb", None), ("a", {"A": "b\r\nC: d"}), ("a", {"A:": "b"})],
)
def test_a_tunnel_that_must_not_be_asked_for_is_a_value_error(host, headers):
    with pytest.raises(ValueError) as refused:
        tunnels(nethttp.client, host, headers)
    assert not isinstance(refused.value, nethttp.client.HTTPException)


TAKEN = {
    "bytes": b"b",
    "a bytearray": bytearray(b"b"),
    "a memoryview": memoryview(b"b"),
    "an array": array.array("B", b"b"),
    "an int": 5,
    "a bool": True,
    "text of ISO-8859-1": "\u00e9",
    "an enumeration": Text.NAME,
}


@pytest.mark.parametrize("value", TAKEN.values(), ids=TAKEN)
def test_a_value_is_written_as_in_the_standard_library(value):
    written = []
    for module in (http.client, nethttp.client):
        connection = begun(module)
        connection.putheader("A", value)
        written.append(connection._buffer[-1])
    assert written[0] == written[1]


class Old:
    """A sequence as it was before there were iterators."""

    def __getitem__(self, index):
        return [b"ab", b"c"][index]


def test_a_tunnels_fields_are_written_as_text():
    connection = nethttp.client.HTTPConnection("proxy")
    connection._create_connection = lambda *_: sock
    sock = Sock()
    sock.setsockopt = lambda *_: None
    connection.set_tunnel("a", 443, {"A": None, "B": 9, "C": b"c"})
    with pytest.raises(nethttp.client.RemoteDisconnected):
        connection.connect()
    assert b"\r\nA: None\r\nB: 9\r\nC: c\r\n" in sock.sent


BODIES = {
    "memoryviews": lambda: iter([memoryview(b"ab"), b"", memoryview(b"")]),
    "bytearrays": lambda: [bytearray(b"ab")],
    "arrays": lambda: [array.array("B", b"ab")],
    "what has __getitem__ alone": lambda: Old(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("headers", [{}, {"Content-Length": "2"}], ids=["chunks", "length"])
def test_a_body_is_written_as_in_the_standard_library(body, headers):
    sent = []
    for module in (http.client, nethttp.client):
        connection = module.HTTPConnection("example.com")
        connection.sock = Sock()
        connection.request("POST", "/", body(), headers)
        sent.append(connection.sock.sent)
    assert sent[0] == sent[1]


def test_a_chunk_of_wider_items_has_their_length_in_bytes():
    connection = nethttp.client.HTTPConnection("example.com")
    connection.sock = Sock()
    connection.request("POST", "/", iter([array.array("H", [1, 2])]))
    assert b"\r\n4\r\n\x01\x00\x02\x00\r\n" in connection.sock.sent


def test_a_mistake_of_the_caller_is_no_http_exception():
    assert not issubclass(errors.LocalProtocolError, errors.HTTPException)
    assert issubclass(errors.LocalProtocolError, ValueError)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.getresponse(), r"^Idle: call request\(\)"),
        (lambda c: c.putheader("A", "b"), r"^Idle: call putrequest\(\)"),
        (lambda c: c.endheaders(), r"^Idle: call putrequest\(\)"),
        (lambda c: [c.putrequest("GET", "/"), c.request("GET", "/")], r"started: call endheaders"),
        (lambda c: [c.putrequest("GET", "/"), c.getresponse()], r"started: call endheaders"),
        (lambda c: [c.request("GET", "/"), c.request("GET", "/")], r"sent: call getresponse\(\)"),
        (lambda c: [c.request("GET", "/"), c.putheader("A", "b")], r"sent: the head is sent"),
    ],
)
def test_a_call_out_of_order_says_which_one_is_missing(call, said):
    connection = nethttp.client.HTTPConnection("example.com")
    connection.sock = Sock()
    with pytest.raises(nethttp.client.ImproperConnectionState, match=said):
        call(connection)


def test_a_request_that_was_begun_by_hand_is_kept_when_another_is_refused():
    connection = begun(nethttp.client)
    before = list(connection._buffer)
    with pytest.raises(nethttp.client.CannotSendRequest):
        connection.request("GET", "/")
    assert connection._buffer == before
    connection.endheaders()
    assert connection.sock.sent.startswith(b"GET / HTTP/1.1\r\n")


def test_messages_say_what_was_expected():
    with pytest.raises(nethttp.client.InvalidURL) as refused:
        nethttp.client.HTTPConnection("http://example.com/")
    assert "nonnumeric port: '//example.com/'" in str(refused.value)
    assert "expected a host as 'example.com' or 'example.com:8080'" in str(refused.value)
    with pytest.raises(TypeError, match="expected a body of str, bytes, a readable file"):
        requests(nethttp.client, "POST", "/", {"a": 1})


def test_what_one_sees_of_a_connection():
    import inspect

    connection = nethttp.client.HTTPConnection("example.com:8080")
    assert repr(connection).endswith("HTTPConnection host='example.com' port=8080>")
    assert "timeout: 'float | None' = socket.getdefaulttimeout()" in str(
        inspect.signature(nethttp.client.HTTPConnection)
    )
    assert connection.timeout is http.client.HTTPConnection("a").timeout
    new = nethttp.client.HTTPSConnection.__new__(nethttp.client.HTTPSConnection)
    assert "HTTPSConnection host=None" in repr(new)

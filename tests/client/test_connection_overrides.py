"""What programs override, set and replace on a connection: it is called as in the standard library.

Each test runs the same session on `http.client` and on `nethttp.client`, with one method overridden
in one of four ways, and compares what the override was called with.
"""

from __future__ import annotations

import http.client
import inspect
import io
import socket
import ssl
import threading
from contextlib import closing

import pytest

import nethttp.client
from nethttp.client import HTTPConnection, HTTPSConnection, NotConnected

MODULES = {"stdlib": http.client, "nethttp": nethttp.client}

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
TUNNEL = b"HTTP/1.1 200 Connection established\r\nA: b\r\n\r\n"


class Sock:
    """A double for a socket: `sendall`, `makefile` and `close`."""

    def __init__(self, answers=OK * 20) -> None:
        self.file = io.BytesIO(answers)
        self.sent = b""
        self.closed = False

    def sendall(self, data) -> None:
        self.sent += bytes(memoryview(data))

    def makefile(self, mode):
        return Unclosed(self.file)

    def close(self) -> None:
        self.closed = True


class Connected(Sock):
    """What a function that connects returns."""

    def setsockopt(self, *_) -> None:
        pass


class Unclosed:
    """One file for all responses, as one buffer would be."""

    def __init__(self, file) -> None:
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def close(self) -> None:
        pass


class FakeContext:
    def wrap_socket(self, sock, server_hostname):
        return sock


BODIES = [
    None,
    "text \u00e9",
    b"bytes",
    bytearray(b"bytearray"),
    lambda: io.BytesIO(b"file"),
    lambda: io.StringIO("text file"),
    lambda: iter([b"an", b"", b"iterable"]),
]


def session(connection) -> None:
    """Make requests of all kinds, so that each method has a reason to be called."""
    connection.set_debuglevel(0)
    for body in BODIES:
        connection.request("POST", "/path", body() if callable(body) else body, {"X": "y"})
        connection.getresponse().read()
    connection.request("GET", "http://[fe80::1%eth0]:81/", headers={"Host": "a"})
    connection.getresponse().read()
    connection.putrequest("PUT", "/", skip_accept_encoding=True)
    connection.putheader("Content-Length", 4)
    connection.endheaders()
    connection.send(io.BytesIO(b"file"))
    connection.getresponse().read()
    connection.close()
    connection.set_tunnel("a", 443, {"A": "b"})
    connection._create_connection = lambda *_: Connected(TUNNEL + OK)
    connection.request("GET", "/")
    connection.getresponse().read()
    if hasattr(connection, "get_proxy_response_headers"):
        connection.get_proxy_response_headers()
    connection.close()


def made(kind, *arguments, **options):
    connection = kind("example.com", *arguments, **options)
    connection.sock = Sock()
    return connection


def overridable(kind) -> list[str]:
    return sorted(
        name
        for name, value in vars(kind).items()
        if (inspect.isfunction(value) or isinstance(value, staticmethod))
        and name not in ("__init__", "__new__")
    )


METHODS = overridable(http.client.HTTPConnection)


def recorder(calls: list, original):
    """Return a method that notes what it is called with, and calls the original."""

    def method(self, *arguments, **keywords):
        calls.append(noted(arguments, keywords))
        return original(self, *arguments, **keywords)

    return method


def noted(arguments, keywords):
    """Return what can be compared of a call: values, and of others their types."""
    plain = (str, bytes, int, type(None))

    def of(value):
        return value if isinstance(value, plain) else type(value).__name__

    return [of(a) for a in arguments], {name: of(value) for name, value in keywords.items()}


def bound_to(kind, name: str):
    """Return the method as a function of the connection, static ones too."""
    value = inspect.getattr_static(kind, name)
    if isinstance(value, staticmethod):
        return lambda _, *arguments: value.__func__(*arguments)
    return value


def on_a_subclass(kind, name, calls, monkeypatch):
    method = recorder(calls, bound_to(kind, name))
    return made(type("Own", (kind,), {name: method}))


def on_a_mix_in(kind, name, calls, monkeypatch):
    method = recorder(calls, bound_to(kind, name))
    return made(type("Own", (type("Mixin", (), {name: method}), kind), {}))


def on_the_object(kind, name, calls, monkeypatch):
    connection = made(kind)
    method = recorder(calls, bound_to(kind, name))
    setattr(connection, name, method.__get__(connection))
    return connection


def on_the_class(kind, name, calls, monkeypatch):
    monkeypatch.setattr(kind, name, recorder(calls, bound_to(kind, name)))
    return made(kind)


#: What the session does not call: there is no `with` in it.
NOT_CALLED = {"__enter__", "__exit__"}

WAYS = [on_a_subclass, on_a_mix_in, on_the_object, on_the_class]


def calls_of(module, kind_name, name, way, monkeypatch) -> list:
    calls: list = []
    with monkeypatch.context() as patch:
        connection = way(getattr(module, kind_name), name, calls, patch)
        if kind_name == "HTTPSConnection":
            connection._context = FakeContext()
        session(connection)
    return calls


def without_connect(calls: list) -> list:
    """Leave the line of CONNECT out: before Python 3.12 it is one of HTTP/1.0, without Host."""
    return [call for call in calls if not str(call[0][:1]).startswith("[b'CONNECT")]


@pytest.mark.parametrize("kind", ["HTTPConnection", "HTTPSConnection"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", METHODS)
def test_an_override_is_called_as_in_the_standard_library(name, way, kind, monkeypatch):
    theirs = calls_of(http.client, kind, name, way, monkeypatch)
    ours = calls_of(nethttp.client, kind, name, way, monkeypatch)
    assert without_connect(ours) == without_connect(theirs)
    assert ours or name in NOT_CALLED or (name == "_validate_host" and way is on_the_object)


def both(test):
    """Run a test on either module: the standard library's behaviour is what the test says."""
    return pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)(test)


# --- attributes -----------------------------------------------------------------------------------


@both
def test_what_is_set_before_the_connection_is_made_is_used(module):
    asked = []
    connection = module.HTTPConnection("example.com")
    connection._create_connection = lambda *arguments: asked.append(arguments) or Connected()
    connection.host, connection.port = "other.example", 81
    connection.timeout, connection.source_address = 3, ("127.0.0.1", 0)
    connection.request("GET", "/")
    assert asked == [(("other.example", 81), 3, ("127.0.0.1", 0))]
    assert b"Host: other.example:81\r\n" in connection.sock.sent


@both
def test_socket_create_connection_is_that_of_the_moment(module, monkeypatch):
    made = Connected()
    monkeypatch.setattr(module.socket, "create_connection", lambda *_: made)
    connection = module.HTTPConnection("example.com")
    connection.connect()
    assert connection.sock is made


def test_the_modules_socket_may_be_another(monkeypatch):
    made = Connected()
    fake = type("Fake", (), {"create_connection": staticmethod(lambda *_: made)})
    monkeypatch.setattr(nethttp.client, "socket", fake)
    connection = HTTPConnection("example.com")
    connection.connect()
    assert connection.sock is made


@both
def test_a_version_of_ones_own(module):
    class Old(module.HTTPConnection):
        _http_vsn = 10
        _http_vsn_str = "HTTP/1.0"

    connection = made(Old)
    connection.request("POST", "/", iter([b"ab"]))
    assert connection.sock.sent == b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\nab"
    connection = made(module.HTTPConnection)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.request("GET", "/")
    assert connection.sock.sent == b"GET / HTTP/1.0\r\n\r\n"


@both
def test_class_attributes_of_a_subclass(module):
    class Own(module.HTTPConnection):
        default_port = 8080
        auto_open = 0
        debuglevel = 0

    connection = Own("example.com")
    assert connection.port == 8080
    with pytest.raises(module.NotConnected):
        connection.request("GET", "/")
    connection = made(Own)
    connection.request("GET", "/")
    assert b"Host: example.com\r\n" in connection.sock.sent


@both
def test_a_response_class_may_be_any_callable(module):
    class Response:
        will_close = False

        def __init__(self, sock, method=None):
            self.sock, self.method = sock, method

        def begin(self):
            self.begun = True

        def isclosed(self):
            return True

        def close(self):
            pass

    connection = made(module.HTTPConnection)
    connection.response_class = Response
    for _ in range(2):
        connection.request("GET", "/")
        response = connection.getresponse()
        assert (response.sock, response.method, response.begun) == (connection.sock, "GET", True)

    class Own(module.HTTPConnection):
        response_class = staticmethod(lambda sock, **_: Response(sock))

    connection = made(Own)
    connection.request("GET", "/")
    assert connection.getresponse().method is None


@both
def test_putrequest_need_not_know_the_keywords(module):
    class Own(module.HTTPConnection):
        def putrequest(self, method, url):
            super().putrequest(method, url, True, True)

    connection = made(Own)
    connection.request("GET", "/")
    assert connection.sock.sent == b"GET / HTTP/1.1\r\n\r\n"


@both
def test_private_attributes_that_programs_reach(module):
    connection = made(module.HTTPConnection)
    assert connection._HTTPConnection__state == module._CS_IDLE
    assert connection._HTTPConnection__response is None
    connection.putrequest("GET", "/")
    assert connection._HTTPConnection__state == module._CS_REQ_STARTED
    assert connection._buffer[0] == b"GET / HTTP/1.1"
    connection._buffer[0] = b"GET /other HTTP/1.1"
    connection._buffer.append(b"X: y")
    connection.endheaders()
    assert connection._HTTPConnection__state == module._CS_REQ_SENT
    assert connection._method == "GET"
    assert connection.sock.sent.startswith(b"GET /other HTTP/1.1\r\n")
    assert connection.sock.sent.endswith(b"X: y\r\n\r\n")
    response = connection.getresponse()
    assert connection._HTTPConnection__response is response
    # What programs do to begin anew without reading the response.
    connection._HTTPConnection__response = None
    connection._HTTPConnection__state = module._CS_IDLE
    connection.request("GET", "/")
    assert connection._HTTPConnection__state == module._CS_REQ_SENT


@both
def test_a_tunnel_that_a_program_sets_up_by_its_attributes(module):
    connection = module.HTTPConnection("proxy")
    connection._create_connection = lambda *_: sock
    sock = Connected(TUNNEL + OK)
    connection._tunnel_host, connection._tunnel_port = "a", 443
    connection._tunnel_headers = {"X": "y"}
    connection.connect()
    assert sock.sent.startswith(b"CONNECT a:443 HTTP/1.")
    assert sock.sent.endswith(b"\r\nX: y\r\n\r\n")
    connection.request("GET", "/")
    assert b"Host: a:443\r\n" in sock.sent


@both
def test_a_subclass_need_not_call_init(module):
    class Own(module.HTTPConnection):
        def __init__(self):
            self.host, self.port = "example.com", 80
            self.timeout, self.source_address, self.blocksize = None, None, 8192
            self.sock = Sock()
            self._buffer, self._method, self._tunnel_host = [], None, None
            self._HTTPConnection__state = module._CS_IDLE
            self._HTTPConnection__response = None
            if module is http.client:
                # What Python 3.15 has, programs of before do not know.
                self.max_response_headers = None

    connection = Own()
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hi"
    assert b"Host: example.com\r\n" in connection.sock.sent


@both
def test_methods_that_expect_a_body_may_be_more(module, monkeypatch):
    monkeypatch.setattr(module, "_METHODS_EXPECTING_BODY", {"DELETE"})
    connection = made(module.HTTPConnection)
    connection.request("DELETE", "/")
    assert b"Content-Length: 0\r\n" in connection.sock.sent


@both
def test_text_may_be_encoded_another_way(module, monkeypatch):
    monkeypatch.setattr(module, "_encode", lambda data, _: data.encode("utf-8"))
    connection = made(module.HTTPConnection)
    connection.request("POST", "/", "\u4e2d", {"Content-Length": "3"})
    assert connection.sock.sent.endswith("\r\n\r\n\u4e2d".encode())


@both
def test_urlsplit_and_the_scope_of_a_host_may_be_read_another_way(module, monkeypatch):
    monkeypatch.setattr(module, "urlsplit", lambda _: ("", "other", "", "", ""))
    monkeypatch.setattr(module, "_strip_ipv6_iface", lambda host: b"stripped-" + host)
    connection = made(module.HTTPConnection)
    connection.request("GET", "http://example.com/")
    connection.getresponse().read()
    assert b"other\r\n" in connection.sock.sent


@pytest.mark.parametrize(
    ("field", "replaced", "taken"),
    [
        ((":authority", "a"), {"_is_legal_header_name": lambda _: True}, True),
        (("A b", "a"), {"_is_legal_header_name": lambda _: True}, True),
        (("A\r\nB", "a"), {"_is_legal_header_name": lambda _: True}, False),
        (("A", "a"), {"_is_legal_header_name": lambda _: None}, False),
        (("A", "a"), {"_is_illegal_header_value": lambda value: value == b"a"}, False),
        (("A", "a\x7f"), {"_is_illegal_header_value": lambda _: False}, True),
        (("A", "a\r\nB: c"), {"_is_illegal_header_value": lambda _: False}, False),
        (("A", "a\0"), {"_is_illegal_header_value": lambda _: False}, False),
    ],
)
def test_what_judges_fields_may_be_replaced_but_no_line_ends_early(
    monkeypatch, field, replaced, taken
):
    for name, value in replaced.items():
        monkeypatch.setattr(nethttp.client, name, value)
    connection = made(HTTPConnection)
    connection.putrequest("GET", "/", True, True)
    if taken:
        connection.putheader(*field)
        assert connection._buffer[-1] == ": ".join(field).encode()
    else:
        with pytest.raises(ValueError, match="Invalid header"):
            connection.putheader(*field)


@pytest.mark.parametrize(
    ("name", "request_line", "taken"),
    [
        ("_contains_disallowed_url_pchar_re", ("GET", "/a b"), True),
        ("_contains_disallowed_url_pchar_re", ("GET", "/a\nb"), False),
        ("_contains_disallowed_method_pchar_re", ("G\x7f", "/"), True),
        ("_contains_disallowed_method_pchar_re", ("G\r\n", "/"), False),
    ],
)
def test_what_judges_a_request_line_may_be_replaced_but_no_line_ends_early(
    monkeypatch, name, request_line, taken
):
    monkeypatch.setattr(nethttp.client, name, nethttp.client.re.compile("nothing"))
    connection = made(HTTPConnection)
    if taken:
        connection.request(*request_line)
        assert connection.sock.sent.startswith(" ".join(request_line).encode())
    else:
        with pytest.raises((ValueError, nethttp.client.InvalidURL), match="control characters"):
            connection.request(*request_line)


def test_fields_that_a_subclass_adds_to_the_default_are_of_that_request_alone():
    class Own(HTTPConnection):
        def _send_request(self, method, url, body, headers, encode_chunked):
            headers.setdefault("X", str(len(headers)))
            super()._send_request(method, url, body, headers, encode_chunked)

    for _ in range(2):
        connection = made(Own)
        connection.request("GET", "/")
        assert b"X: 0\r\n" in connection.sock.sent


# --- debuglevel -----------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("where", ["module", "builtins"])
def test_every_line_of_debuglevel_goes_to_the_print_that_a_program_has_put_there(
    module, where, monkeypatch, capsys
):
    lines = []
    if where == "module":
        monkeypatch.setattr(module, "print", lambda *v: lines.append(v), raising=False)
    else:
        monkeypatch.setattr("builtins.print", lambda *v: lines.append(v))
    connection = made(module.HTTPConnection)
    connection.set_debuglevel(1)
    connection.request("POST", "/", iter([b"", b"ab"]), {"Authorization": "Bearer secret"})
    connection.getresponse().read()
    connection.request("PUT", "/", io.StringIO("ab"), {"Content-Length": "2"})
    connection.send(io.StringIO("ab"))
    connection.getresponse().read()
    assert capsys.readouterr().out == ""
    said = {line[0] for line in lines}
    assert said >= {
        "send:",
        "reply:",
        "header:",
        "Zero length chunk ignored",
        "reading a readable",
        "sending a readable",
        "encoding file using iso-8859-1",
    }


# --- the socket is the program's ------------------------------------------------------------------


def answer(sock, count=1):
    """Answer requests on `sock` in a thread, and return it."""

    def run():
        with sock, sock.makefile("rb") as lines:
            for _ in range(count):
                while lines.readline() != b"\r\n":
                    pass
                sock.sendall(OK)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@both
def test_a_pair_of_sockets(module):
    ours, theirs = socket.socketpair()
    thread = answer(theirs, 2)
    with closing(module.HTTPConnection("example.com")) as connection:
        connection.sock = ours
        for _ in range(2):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"hi"
        assert connection.sock is ours
    thread.join()


@both
def test_a_unix_socket_as_clients_of_docker_have_it(module, tmp_path):
    class Unix(module.HTTPConnection):
        def __init__(self, path):
            super().__init__("localhost")
            self.path = path

        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(self.path)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        with closing(Unix(str(tmp_path / "s"))) as connection:
            connection.request("GET", "/")
            accepted, _ = listener.accept()
            thread = answer(accepted)
            assert connection.getresponse().read() == b"hi"
    thread.join()


@both
def test_a_socket_that_the_program_has_put_under_tls(module, tmp_path):
    import trustme

    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("example.com").configure_cert(server)
    authority.configure_trust(client)
    ours, theirs = socket.socketpair()

    def run():
        answer(server.wrap_socket(theirs, server_side=True)).join()

    thread = threading.Thread(target=run)
    thread.start()
    with closing(module.HTTPConnection("example.com")) as connection:
        connection.sock = client.wrap_socket(ours, server_hostname="example.com")
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hi"
    thread.join()


@both
def test_a_double_needs_no_more_than_sendall_makefile_and_close(module):
    with closing(made(module.HTTPConnection)) as connection:
        sock = connection.sock
        session_of_one(connection)
    assert sock.closed


def session_of_one(connection):
    connection.request("POST", "/", b"x")
    assert connection.getresponse().read() == b"hi"


# --- a connection is used again -------------------------------------------------------------------


@both
def test_a_connection_is_of_use_after_an_error_and_close(module):
    connection = made(module.HTTPConnection)
    for wrong in (
        lambda: connection.request("GET", "/a b"),
        lambda: connection.request("GET", "/", headers={"A": "b\n"}),
        lambda: connection.request("POST", "/", 5),
        lambda: connection.getresponse(),
    ):
        with pytest.raises((ValueError, TypeError, module.HTTPException)):
            wrong()
        connection.close()
        connection.sock = Sock()
        session_of_one(connection)


def test_what_was_refused_before_anything_left_needs_no_close():
    connection = made(HTTPConnection)
    for headers in ({"A": None}, {"A": "b\n"}, {"A\n": "b"}, {"Host": "a\n"}):
        with pytest.raises((ValueError, TypeError)):
            connection.request("GET", "/", headers=headers)
    assert connection.sock.sent == b""
    session_of_one(connection)


@both
def test_a_bad_response_leaves_a_connection_to_be_closed(module):
    connection = module.HTTPConnection("example.com")
    connection.sock = Sock(b"nonsense\r\n\r\n")
    connection.request("GET", "/")
    with pytest.raises(module.BadStatusLine):
        connection.getresponse()
    connection.close()
    connection.sock = Sock()
    session_of_one(connection)


@both
def test_a_proxy_that_refuses_and_closes_is_an_os_error_with_its_status(module):
    connection = module.HTTPConnection("proxy")
    sock = Connected(b"HTTP/1.0 403 Forbidden\r\nVia: proxy\r\n")
    connection._create_connection = lambda *_: sock
    connection.set_tunnel("a", 443)
    with pytest.raises(OSError, match="Tunnel connection failed: 403 Forbidden"):
        connection.request("GET", "/")
    assert sock.closed


def test_a_proxys_fields_are_those_of_the_program_that_reads_them(monkeypatch):
    monkeypatch.setattr(nethttp.client, "_read_headers", lambda fp: [fp.readline(), b"\r\n"])
    connection = HTTPConnection("proxy")
    connection._create_connection = lambda *_: Connected(TUNNEL)
    connection.set_tunnel("a", 443)
    connection.connect()
    assert connection._raw_proxy_headers == [b"A: b\r\n", b"\r\n"]
    assert connection.get_proxy_response_headers()["a"] == "b"
    monkeypatch.setattr(nethttp.client, "_parse_header_lines", lambda lines: len(lines))
    assert connection.get_proxy_response_headers() == 2
    connection.close()


def test_the_bounds_of_a_proxys_answer_are_the_modules(monkeypatch):
    monkeypatch.setattr(nethttp.client, "_MAXLINE", 17)
    connection = HTTPConnection("proxy")
    connection._create_connection = lambda *_: Connected(b"HTTP/1.1 200 \r\nA: " + b"b" * 20)
    connection.set_tunnel("a", 443)
    with pytest.raises(nethttp.client.LineTooLong, match="more than 17 bytes"):
        connection.connect()


def test_without_auto_open_nothing_connects():
    connection = HTTPSConnection("example.com")
    connection.auto_open = 0
    with pytest.raises(NotConnected):
        connection.request("GET", "/")


def test_every_name_of_the_standard_library_is_there():
    """Those of this Python; names of others are compared where all Pythons are."""
    missing = [name for name in vars(http.client) if not hasattr(nethttp.client, name)]
    assert missing == []
    for kind in ("HTTPConnection", "HTTPSConnection", "HTTPResponse", "HTTPMessage"):
        theirs, ours = getattr(http.client, kind), getattr(nethttp.client, kind)
        names = [name for name in vars(theirs) if not name.startswith("__")]
        assert [name for name in names if not hasattr(ours, name)] == []

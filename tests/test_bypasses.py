"""No fast path goes past what a program has put in the place of a method that it does not call.

Every `Bypassed` of the package is in `overrides.REGISTRY`. For each there is a case here: a class,
and a request, a connection or a jar that takes the fast path with it. Each of its names is
overridden in a subclass, on the object and by patching the class, and must then be called.
"""

from __future__ import annotations

import ast
import contextlib
import email.message
import importlib
import io
import os
import pkgutil
import socket
import threading
import urllib.request
from pathlib import Path
from unittest import mock

import pytest

import nethttp
from nethttp.client import HTTPConnection, HTTPMessage, HTTPResponse, HTTPSConnection, parse_headers
from nethttp.cookiejar import CookieJar, DefaultCookiePolicy, RFC6265Policy
from nethttp.cookies import Morsel, SimpleCookie
from nethttp.overrides import REGISTRY, Bypassed
from nethttp.server import (
    BaseHTTPRequestHandler,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)
from nethttp.server.wsgi import WSGIHandler, WSGIServer

for found in pkgutil.walk_packages(nethttp.__path__, "nethttp."):
    if not found.name.endswith("__main__"):
        with contextlib.suppress(ModuleNotFoundError):  # of a package that is not installed
            importlib.import_module(found.name)

SRC = Path(nethttp.__file__).parent


# --- servers -------------------------------------------------------------------------------------


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"hi")


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


def ask(server, request):
    """Send `request` twice over one connection to a server that serves meanwhile."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    with server:
        thread.start()
        try:
            with socket.create_connection(server.server_address, timeout=10) as sock:
                sock.sendall(request)
                assert sock.recv(1)
                with contextlib.suppress(OSError):  # the connection may be closed by now
                    sock.sendall(request)
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):
                        pass
        finally:
            server.shutdown()
            thread.join()


GET = b"GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n"


def handle(handler, request=GET):
    ask(ThreadingHTTPServer(("127.0.0.1", 0), handler), request)


def serve(server):
    ask(server(("127.0.0.1", 0), Hello), GET)


def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"hi"]


def handle_wsgi(handler):
    ask(WSGIServer(("127.0.0.1", 0), application, handler_class=handler), GET)


def serve_wsgi(server):
    ask(server(("127.0.0.1", 0), application), GET)


# --- clients -------------------------------------------------------------------------------------


@contextlib.contextmanager
def answering(answer):
    """Return the address of a server that answers one request with these bytes."""

    def run():
        with contextlib.suppress(OSError):
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()
        thread.join()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n4\r\n you\r\n0\r\n\r\n"


def post(connection_class):
    with answering(CHUNKED) as address:
        connection = connection_class(*address, timeout=10)
        with contextlib.closing(connection):
            connection.request("POST", "/", b"content")
            assert connection.getresponse().read() == b"hi you"


def receive(response_class):
    class Connection(HTTPConnection):
        pass

    Connection.response_class = response_class
    post(Connection)


def connect(connection_class):
    with answering(CHUNKED) as address, contextlib.suppress(OSError):
        connection = connection_class(*address, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/")


def parse(message_class):
    parse_headers(io.BytesIO(b"Host: a\r\n\r\n"), message_class)


# --- cookies -------------------------------------------------------------------------------------

URL = "http://www.example.com/a"


class Response:
    def info(self):
        message = email.message.Message()
        message["Set-Cookie"] = "a=b; Path=/"
        message["Set-Cookie"] = "gone=; Max-Age=0"
        return message


def use(make_jar):
    """Take cookies, send them, and remove them."""
    jar = make_jar()
    jar.extract_cookies(Response(), urllib.request.Request(URL))
    asked = urllib.request.Request(URL)
    jar.add_cookie_header(asked)
    assert asked.get_header("Cookie") == "a=b"
    assert len(jar) == 1
    jar.clear_session_cookies()


def load(morsel_class):
    with mock.patch("nethttp.cookies.Morsel", morsel_class):
        SimpleCookie("a=b")


def show(morsel_class):
    morsel = morsel_class()
    morsel.set("a", "b", "b")
    repr(morsel)


#: By the names of the registry: the class whose methods are overridden, and what is done with it.
CASES = {
    "Responder._HEAD_STEPS": (Hello, handle),
    "Responder._LOG_STEPS": (Hello, handle),
    "RequestParser._SEND_ERROR": (Hello, lambda cls: handle(cls, b"GET / HTTP/9.9\r\n\r\n")),
    "BaseHTTPRequestHandler._CONNECTION_STEPS": (Hello, handle),
    "SimpleHTTPRequestHandler._ANSWER_STEPS": (Files, handle),
    "FileFinder._GUESS_TYPE": (Files, handle),
    "FileFinder._TRANSLATE_PATH": (Files, handle),
    "FileFinder._COPYFILE": (Files, handle),
    "WSGIHandler._APPLICATION_STEPS": (WSGIHandler, handle_wsgi),
    "WSGIServer._ANSWERED": (WSGIServer, serve_wsgi),
    "HTTPServer._ACCEPT_STEPS": (ThreadingHTTPServer, serve),
    "BoundedThreadingMixIn._THREAD_STEPS": (ThreadingHTTPServer, serve),
    "HTTPConnection._SEND": (HTTPConnection, post),
    "HTTPResponse._READ_STATUS": (HTTPResponse, receive),
    "HTTPResponse._HEAD_STEPS": (HTTPResponse, receive),
    "HTTPResponse._HEADERS": (HTTPResponse, receive),
    "HTTPResponse._SAFE_READ": (HTTPResponse, receive),
    "HTTPResponse._CHUNK_STEPS": (HTTPResponse, receive),
    "HTTPSConnection._CONTEXT": (HTTPSConnection, connect),
    "HTTPMessage._FILL_STEPS": (HTTPMessage, parse),
    "Morsel._FILL_STEPS": (Morsel, load),
    "Morsel._OUTPUT_STRING": (Morsel, show),
    "BaseCookie._SET": (SimpleCookie, lambda cls: cls().load("a=b")),
    "BaseCookie._DECODE_AND_SET": (SimpleCookie, lambda cls: cls().load("a=b")),
    "BaseCookie._VALUE_ENCODE": (SimpleCookie, lambda cls: cls().load({"a": "b"})),
    "CookieStore._CLEAR": (CookieJar, use),
    "CookieStore._ITER": (CookieJar, lambda cls: len(cls())),
    "CookieJar._LOOK_UP": (CookieJar, use),
    "CookieJar._PUT": (CookieJar, use),
    "CookieJar._READ_STEPS": (CookieJar, use),
    "CookieJar._SWEEP": (CookieJar, use),
    "DefaultCookiePolicy._DOMAIN_RULE": (
        DefaultCookiePolicy,
        lambda cls: use(lambda: CookieJar(cls())),
    ),
    "DefaultCookiePolicy._PATH_RULE": (
        DefaultCookiePolicy,
        lambda cls: use(lambda: CookieJar(cls())),
    ),
    "RFC6265Policy._RETURN_OK": (RFC6265Policy, lambda cls: use(lambda: CookieJar(cls()))),
}


class Noting:
    """An attribute that notes when an object's is read or set."""

    def __init__(self, calls, original):
        self.calls, self.value = calls, original

    def __get__(self, subject, owner):
        if subject is None:
            return self
        self.calls.append(subject)
        value = self.value
        return value.__get__(subject, owner) if hasattr(type(value), "__get__") else value

    def __set__(self, subject, value):
        self.calls.append(subject)
        self.value = value


def noting(calls, name, original):
    if not callable(original):
        return Noting(calls, original)

    def override(self, *args, **named):
        calls.append(self)
        return original(self, *args, **named)

    return override


def setting(base, name, override):
    """Return a subclass whose `__init__` sets a method on the object, as programs write it."""
    names = {"base": base, "override": override}
    exec(  # the engine reads in the code which names are set
        "def __init__(self, *args, **named):\n"
        f"    self.{name} = lambda *args, **named: override(self, *args, **named)\n"
        "    base.__init__(self, *args, **named)\n",
        names,
    )
    return type(base.__name__, (base,), {"__init__": names["__init__"]})


@contextlib.contextmanager
def overridden(base, name, way, calls):
    override = noting(calls, name, getattr(base, name))
    if way == "subclass":
        yield type(base.__name__, (base,), {name: override})
    elif way == "object":
        yield setting(base, name, override)
    else:
        owner = next(cls for cls in base.__mro__ if name in vars(cls))
        with mock.patch.object(owner, name, override):
            yield base


def cases():
    for key, bypassed in REGISTRY.items():
        if bypassed.owner.__module__.startswith("nethttp"):
            base = CASES[key][0] if key in CASES else bypassed.owner
            for name in sorted(bypassed.names):
                # Special methods are looked up in the class, and other attributes are values.
                in_class = name.startswith("__") or not callable(getattr(base, name))
                for way in ("subclass", "class") if in_class else ("subclass", "object", "class"):
                    yield pytest.param(key, name, way, id=f"{key}-{name}-{way}")


@pytest.mark.parametrize(("key", "name", "way"), list(cases()))
def test_what_a_program_overrides_is_called(
    key, name, way, capfd, tmp_path, monkeypatch, eventually
):
    assert key in CASES, f"{key} needs a case that takes its fast path"
    (tmp_path / "hello.txt").write_text("hello")
    os.utime(tmp_path / "hello.txt", (0, 0))  # what has just changed is not remembered
    monkeypatch.chdir(tmp_path)
    calls = []
    base, act = CASES[key]
    with overridden(base, name, way, calls) as cls:
        act(cls)
        # A connection may be closed behind the server's end.
        assert eventually(lambda: calls)
    capfd.readouterr()


def test_there_is_no_case_for_what_is_gone():
    assert CASES.keys() <= REGISTRY.keys()


def test_a_list_outside_a_class_opens_no_fast_path():
    class Greeter:
        def name(self):
            return "you"

    lost = Bypassed("name")
    assert not lost.left_alone(Greeter())
    assert not lost.left_alone_by(Greeter)


def test_a_class_that_is_patched_before_the_first_request_is_obeyed():
    class Greeter:
        def name(self):
            return "you"

        words = Bypassed("name")

    assert Greeter.words.left_alone(Greeter())
    Greeter.name = print
    assert not Greeter.words.left_alone(Greeter())


def test_a_class_may_take_part_of_another_for_its_own():
    class First:
        def one(self): ...
        def two(self): ...

        both = Bypassed("one", "two")

    class MixIn:
        def two(self): ...

    First.both.also(MixIn)
    assert First.both.left_alone(type("Mixed", (MixIn, First), {})())
    assert not First.both.left_alone(type("Other", (First,), {"two": print})())


#: Where `__func__` or a class's attribute is compared for another reason.
ELSEWHERE = {
    "overrides.py",
    "net/tls.py",  # whether the ssl module is as it was, whoever changed it before
    "server/servers/http.py",  # whether a mix-in has brought threads
}


@pytest.mark.parametrize(
    "path", sorted(SRC.rglob("*.py")), ids=lambda path: str(path.relative_to(SRC))
)
def test_no_other_way_asks_whether_a_method_is_left_alone(path):
    if str(path.relative_to(SRC)) in ELSEWHERE:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (isinstance(node, ast.Attribute) and node.attr == "__func__"), node.lineno
        assert not (isinstance(node, ast.Constant) and node.value == "__func__"), node.lineno
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                # ``type(self).method is Base.method``
                assert not (
                    isinstance(side, ast.Attribute)
                    and not side.attr.startswith("__")
                    and isinstance(side.value, ast.Call)
                    and getattr(side.value.func, "id", "") == "type"
                ), node.lineno


def test_the_method_of_another_object_is_an_override():
    """Its function is the same: only the object tells them apart."""
    ours, other = HTTPConnection("localhost"), HTTPConnection("localhost")
    assert HTTPConnection._SEND.left_alone(ours)
    ours.send = other.send
    assert not HTTPConnection._SEND.left_alone(ours)
    cookie, another = SimpleCookie(), SimpleCookie()
    assert SimpleCookie._DECODE_AND_SET.left_alone(cookie)
    cookie.value_decode = another.value_decode
    assert not SimpleCookie._DECODE_AND_SET.left_alone(cookie)

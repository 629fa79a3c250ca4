"""Whatever a program may override or set of a server or a handler has its effect.

The names are read off the standard library's classes, so none is forgotten; for each there is a
case that overrides it on a subclass, by a mix-in, on the object and, of a server, while it serves.
Whether the engine obeys it or leaves the work to the methods is not asked here.
"""

from __future__ import annotations

import contextlib
import email.message
import http.server
import os
import re
import socket
import socketserver
import threading
from types import SimpleNamespace

import pytest

from nethttp.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    HTTPSServer,
    SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
)

GET = b"GET / HTTP/1.0\r\n\r\n"


def names_of(*classes):
    """Return the public names that classes of the standard library define, `__init__` included."""
    return {
        name
        for cls in classes
        for name in vars(cls)
        if not name.startswith("_") or name in ("__init__", "_handle_request_noblock")
    }


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"here")

    def do_FAIL(self):
        raise ValueError("expected")


class Quiet(Handler):
    def log_message(self, format, *args):
        pass


class Threaded(socketserver.ThreadingMixIn, HTTPServer):
    pass


SERVERS = [HTTPServer, ThreadingHTTPServer, Threaded]
WHERE = ["subclass", "mix-in", "object"]


def noting(called, original, name):
    """Return a function that does what `original` does, and notes that it was called."""

    def override(*args, **named):
        called.append(name)
        return original(*args, **named)

    return override


def with_override(base, name, where, make):
    """Return a class like `base` with `make(original)` under `name`, by a subclass or a mix-in."""
    override = make(getattr(base, name))
    if where == "mix-in":
        mix_in = type("MixIn", (), {name: override})
        return type("Mixed", (mix_in, base), {})
    return type("Sub", (base,), {name: override})


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


def ask(address, request=GET):
    with socket.create_connection(address, timeout=10) as sock:
        sock.sendall(request)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := sock.recv(65536):
                received += data
        return received


# --- methods of servers ---


def serve_and_ask(server):
    with serving(server):
        assert ask(server.server_address).endswith(b"here")


def fail(server):
    with serving(server):
        ask(server.server_address, b"FAIL / HTTP/1.0\r\n\r\n")


def by_hand(server):
    with socket.create_connection(server.server_address, timeout=10) as sock:
        sock.sendall(GET)
        server.handle_request()
        assert sock.makefile("rb").read().endswith(b"here")


def wait_in_vain(server):
    server.timeout = 0.01
    server.handle_request()


def bind(server):
    server.server_bind()
    server.server_activate()


#: For each method of a server, what a program does that calls it.
SERVER_METHODS = {
    **dict.fromkeys(
        [
            *("serve_forever", "shutdown", "service_actions", "verify_request"),
            *("get_request", "process_request", "finish_request", "shutdown_request"),
            *("close_request", "_handle_request_noblock", "fileno", "server_close"),
            "process_request_thread",
        ],
        serve_and_ask,
    ),
    "handle_error": fail,
    "handle_request": by_hand,
    "handle_timeout": wait_in_vain,
    "server_bind": bind,
    "server_activate": bind,
    "__init__": serve_and_ask,
}
#: Those that are called before there is an object to set anything on, or only once it serves.
MADE_BEFORE = {"__init__"}
IN_THREADS = {"process_request_thread"}


def attributes_and_methods(*classes):
    methods = {
        name
        for name in names_of(*classes)
        if any(callable(getattr(c, name, None)) for c in classes)
    }
    return names_of(*classes) - methods, methods


SERVER_CLASSES = [
    *(socketserver.BaseServer, socketserver.TCPServer, socketserver.ThreadingMixIn),
    *(http.server.HTTPServer, http.server.ThreadingHTTPServer),
    *([http.server.HTTPSServer] if hasattr(http.server, "HTTPSServer") else []),
]


def test_there_is_a_case_for_every_name_of_a_server():
    attributes, methods = attributes_and_methods(*SERVER_CLASSES)
    assert methods <= SERVER_METHODS.keys()
    assert attributes <= SERVER_ATTRIBUTES.keys()
    if hasattr(os, "fork"):
        assert names_of(socketserver.ForkingMixIn) <= FORKING | {"process_request", "server_close"}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("base", SERVERS)
@pytest.mark.parametrize("name", SERVER_METHODS)
def test_a_method_of_a_server_is_called(capfd, eventually, base, name, where):
    if name in IN_THREADS and base is HTTPServer:
        pytest.skip("it has no threads")
    if name in MADE_BEFORE and where == "object":
        pytest.skip("there is no object yet")
    called = []
    act = SERVER_METHODS[name]
    bound = act is not bind
    if where == "object":
        server = base(("127.0.0.1", 0), Quiet, bound)
        setattr(server, name, noting(called, getattr(server, name), name))
    else:
        cls = with_override(base, name, where, lambda original: noting(called, original, name))
        server = cls(("127.0.0.1", 0), Quiet, bound)
    with server:
        act(server)
    # A thread that is a daemon may close its connection behind the server's end.
    assert eventually(lambda: name in called)
    capfd.readouterr()


@pytest.mark.parametrize("base", SERVERS)
@pytest.mark.parametrize(
    "name", [name for name, act in SERVER_METHODS.items() if act in (serve_and_ask, fail)]
)
def test_a_method_that_is_set_while_a_server_serves_is_called(capfd, base, name):
    if name in MADE_BEFORE | {"serve_forever"}:
        pytest.skip("it has been called")
    if name in IN_THREADS and base is HTTPServer:
        pytest.skip("it has no threads")
    if name == "fileno":
        pytest.skip("it is asked when serving begins")
    called = threading.Event()
    with base(("127.0.0.1", 0), Quiet) as server, serving(server):
        assert ask(server.server_address).endswith(b"here")
        original = getattr(server, name)

        def override(*args, **named):
            called.set()
            return original(*args, **named)

        setattr(server, name, override)
        ask(server.server_address, b"FAIL / HTTP/1.0\r\n\r\n")
        assert ask(server.server_address).endswith(b"here")
        if name not in ("shutdown", "server_close"):
            # What comes last on a connection may run behind the answer.
            assert called.wait(10)
    assert called.is_set()
    capfd.readouterr()


@pytest.mark.parametrize("base", SERVERS)
def test_another_handler_class_is_obeyed_while_a_server_serves(base):
    class Other(Quiet):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"there")

    class OwnWay(Other):
        def handle(self):
            super().handle()

    with base(("127.0.0.1", 0), Quiet) as server, serving(server):
        for handler, answer in (
            *((Quiet, b"here"), (Other, b"there"), (OwnWay, b"there"), (Quiet, b"here")),
            (lambda *args: Other(*args), b"there"),
        ):
            server.RequestHandlerClass = handler
            assert ask(server.server_address).endswith(answer)


def test_a_class_that_is_patched_while_its_server_serves_is_obeyed(monkeypatch):
    called = []

    class Server(ThreadingHTTPServer):
        pass

    with Server(("127.0.0.1", 0), Quiet) as server, serving(server):
        ask(server.server_address)
        for cls, name in (
            *((Server, "finish_request"), (socketserver.TCPServer, "get_request")),
            *((Quiet, "handle"), (BaseHTTPRequestHandler, "handle_one_request")),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(cls, name, noting(called, getattr(cls, name), name), raising=False)
                assert ask(server.server_address).endswith(b"here")
            assert called.pop() == name
            assert ask(server.server_address).endswith(b"here")
            assert not called


# --- attributes of servers ---


def listens_on(family):
    def check(server):
        assert server.socket.family == family

    return check


def has_option(option):
    def check(server):
        assert bool(server.socket.getsockopt(socket.SOL_SOCKET, option)) is True

    return check


def check_time_out(server):
    server.handle_timeout = lambda: server.ended.append(1)
    server.ended = []
    server.handle_request()
    assert server.ended


def check_type(server):
    assert server.socket.type == socket.SOCK_DGRAM


def check_backlog(server):
    assert server.request_queue_size == 1
    # Linux has no way to ask for it; that it is passed on can be seen in the call.
    passed = []
    server.socket.close()
    server.socket = SimpleNamespace(listen=passed.append, close=lambda: None)
    server.server_activate()
    assert passed == [1]


def check_threads_at_the_end(waits):
    """Of a server whose handler is still running, that `server_close` waits for it, or does not."""

    def check(server):
        entered, leave = threading.Event(), threading.Event()

        class Blocking(Quiet):
            def do_GET(self):
                entered.set()
                assert leave.wait(10)
                super().do_GET()

        server.RequestHandlerClass = Blocking
        with socket.create_connection(server.server_address, timeout=10) as sock:
            with serving(server):
                sock.sendall(GET)
                assert entered.wait(10)
            closing = threading.Thread(target=server.server_close)
            closing.start()
            closing.join(0.05 if waits else 10)
            assert closing.is_alive() is waits
            leave.set()
            closing.join()
            sock.makefile("rb").read()

    return check


def nothing(server):
    """`socketserver` reads it only where it made the list itself."""


#: For each attribute, a value that is not the default, how it is seen, and whether before binding.
SERVER_ATTRIBUTES = {
    "timeout": (0.01, check_time_out),
    "address_family": (socket.AF_INET6, listens_on(socket.AF_INET6)),
    "socket_type": (socket.SOCK_DGRAM, check_type),
    "request_queue_size": (1, check_backlog),
    "allow_reuse_address": (True, has_option(socket.SO_REUSEADDR)),
    "allow_reuse_port": (True, has_option(getattr(socket, "SO_REUSEPORT", socket.SO_REUSEADDR))),
    "daemon_threads": (False, check_threads_at_the_end(True)),
    "block_on_close": (False, check_threads_at_the_end(False)),
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("base", [ThreadingHTTPServer, Threaded])
@pytest.mark.parametrize("name", SERVER_ATTRIBUTES)
def test_an_attribute_of_a_server_is_obeyed(base, name, where):
    value, check = SERVER_ATTRIBUTES[name]
    if where == "object" and name in ("address_family", "socket_type"):
        pytest.skip("the socket is made by then")
    if name == "address_family" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    host = "::1" if name == "address_family" else "127.0.0.1"
    binds = name != "socket_type"
    if name == "block_on_close":
        base = type("NoDaemons", (base,), {"daemon_threads": False})
    if where == "object":
        server = base((host, 0), Quiet, False)
        setattr(server, name, value)
        bind(server)
    elif where == "mix-in":
        mix_in = type("MixIn", (), {name: value})
        server = type("Mixed", (mix_in, base), {})((host, 0), Quiet, binds)
    else:
        server = type("Sub", (base,), {name: value})((host, 0), Quiet, binds)
    with server:
        check(server)


#: What `ForkingMixIn` adds; they are its own, and the server need only let it work.
FORKING = {"timeout", "active_children", "max_children", "block_on_close"} | {
    *("collect_children", "handle_timeout", "service_actions")
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.skipif(threading.active_count() > 1, reason="no thread may be forked")
@pytest.mark.parametrize("name", ["process_request", "collect_children", "service_actions"])
def test_a_forking_server_is_left_to_its_mix_in(name):
    called = []

    class Server(socketserver.ForkingMixIn, HTTPServer):
        def service_actions(self):
            super().service_actions()
            if answered:
                # `shutdown` waits for the loop that this runs in.
                self._stop_asked.set()

        def close_request(self, request):
            super().close_request(request)
            answered.append(request)

    answered = []
    with Server(("127.0.0.1", 0), Quiet) as server:
        setattr(server, name, noting(called, getattr(server, name), name))
        with socket.create_connection(server.server_address, timeout=10) as sock:
            sock.sendall(GET)
            server.serve_forever(0.01)
            assert sock.makefile("rb").read().endswith(b"here")
    assert name in called


# --- methods of handlers ---

EXPECT = (
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
UNKNOWN = b"BREW / HTTP/1.0\r\n\r\n"

#: For each method of a handler, the request that has it called.
HANDLER_METHODS = {
    **dict.fromkeys(
        [
            *("__init__", "setup", "handle", "finish", "handle_one_request", "parse_request"),
            *("send_response", "send_response_only", "send_header", "end_headers"),
            *("flush_headers", "log_request", "log_message", "version_string"),
            *("date_time_string", "log_date_time_string", "address_string"),
        ],
        GET,
    ),
    "handle_expect_100": EXPECT,
    "send_error": UNKNOWN,
    "log_error": UNKNOWN,
    "MessageClass": None,
}
#: What an object may be given in the middle of a request, to be called for its response.
OF_A_RESPONSE = [
    *("send_response", "send_response_only", "send_header", "end_headers", "flush_headers"),
    *("log_request", "log_message", "version_string", "date_time_string"),
    *("log_date_time_string", "address_string"),
]

HANDLER_CLASSES = [
    *(socketserver.BaseRequestHandler, socketserver.StreamRequestHandler),
    http.server.BaseHTTPRequestHandler,
]


def test_there_is_a_case_for_every_name_of_a_handler():
    attributes, methods = attributes_and_methods(*HANDLER_CLASSES)
    assert methods <= HANDLER_METHODS.keys()
    assert attributes <= HANDLER_ATTRIBUTES.keys()


class Expecting(Handler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.do_GET()
        self.close_connection = True


def served_by(handler, base=ThreadingHTTPServer, request=GET):
    with base(("127.0.0.1", 0), handler) as server, serving(server):
        return ask(server.server_address, request)


@pytest.mark.parametrize("where", [*WHERE, "object of any arguments"])
@pytest.mark.parametrize("base", [HTTPServer, ThreadingHTTPServer])
@pytest.mark.parametrize("name", [name for name, request in HANDLER_METHODS.items() if request])
def test_a_method_of_a_handler_is_called(capfd, base, name, where):
    if name == "__init__" and where.startswith("object"):
        pytest.skip("there is no object yet")
    called = []
    request = HANDLER_METHODS[name]
    parent = Expecting if request is EXPECT else Handler
    if where == "object":

        class Own(parent):
            def __init__(self, request, client_address, server):
                setattr(self, name, noting(called, getattr(self, name), name))
                super().__init__(request, client_address, server)

        handler = Own
    elif where == "object of any arguments":
        # As it is written: the name stands in the code.
        space = {"parent": parent, "noting": noting, "called": called}
        exec(
            "class Own(parent):\n"
            "    def __init__(self, *args, **named):\n"
            f"        self.{name} = noting(called, self.{name}, '{name}')\n"
            "        super(Own, self).__init__(*args, **named)\n",
            space,
        )
        handler = space["Own"]
    else:
        handler = with_override(
            parent, name, where, lambda original: noting(called, original, name)
        )
    assert served_by(handler, base, request)
    assert name in called
    capfd.readouterr()


@pytest.mark.parametrize("name", OF_A_RESPONSE)
def test_a_method_that_is_set_in_the_middle_of_a_request_is_called(capfd, name):
    called = []

    class Setting(Handler):
        def do_GET(self):
            setattr(self, name, noting(called, getattr(self, name), name))
            super().do_GET()

    assert served_by(Setting).endswith(b"here")
    assert name in called
    capfd.readouterr()


@pytest.mark.parametrize("name", ["handle_one_request", "parse_request"])
def test_how_the_next_request_is_read_may_be_set_by_the_one_before(name):
    called = []

    class Setting(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if not called:
                setattr(self, name, noting(called, getattr(self, name), name))
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"here")

    request = b"GET / HTTP/1.1\r\nHost: a\r\n"
    answer = served_by(Setting, request=request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    assert answer.count(b"here") == 2
    assert called == [name]


@pytest.mark.parametrize("requests", [1, 2])
@pytest.mark.parametrize("content", [b"", b"c" * 100_000])
def test_finish_that_is_set_in_the_middle_of_a_request_ends_the_connection(requests, content):
    called = []

    class Setting(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if "finish" not in vars(self):
                self.finish = noting(called, self.finish, "finish")
            self.rfile.read()
            assert not called
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"here")

    head = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n" % len(content)
    others = (head + b"\r\n" + content) * (requests - 1)
    answer = served_by(Setting, request=others + head + b"Connection: close\r\n\r\n" + content)
    assert answer.count(b"here") == requests
    assert called == ["finish"]


# --- attributes of handlers ---


class Message(email.message.Message):
    def marked(self):
        return "marked"


def in_the_answer(pattern, request=GET):
    def check(handler):
        assert re.search(pattern, served_by(handler, request=request)), pattern

    return check


def in_the_log(pattern):
    def check(handler, capfd):
        served_by(handler)
        assert re.search(pattern, capfd.readouterr().err.encode())

    return check


def of_the_handler(expression, expected):
    """Return a check of what an expression is while a request is handled."""

    def check(handler):
        seen = []

        class Looking(handler):
            def do_GET(self):
                seen.append(eval(expression, {"self": self, "socket": socket}))
                super().do_GET()

        served_by(Looking)
        assert seen == [expected]

    return check


NAGLE = "bool(self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))"


def cut_off(handler):
    assert served_by(handler, request=b"") == b""


#: For each attribute, a value that is not the default, and how it is seen.
HANDLER_ATTRIBUTES = {
    "rbufsize": (0, of_the_handler("hasattr(self.rfile, 'source')", True)),
    "wbufsize": (4096, of_the_handler("self.wfile.raw.writable()", True)),
    "timeout": (0.05, cut_off),
    "disable_nagle_algorithm": (False, of_the_handler(NAGLE, False)),
    "sys_version": ("System/9", in_the_answer(rb"\nServer: [^ ]+ System/9\r\n")),
    "server_version": ("Mine/9", in_the_answer(rb"\nServer: Mine/9 ")),
    "error_message_format": ("<%(code)d %(message)s>", in_the_answer(rb"\n<501 Uns", UNKNOWN)),
    "error_content_type": ("text/x", in_the_answer(rb"\nContent-Type: text/x\r\n", UNKNOWN)),
    "default_request_version": ("HTTP/1.0", in_the_answer(rb"^HTTP/1.0 200 ", b"GET /\r\n\r\n")),
    "weekdayname": (["Dies"] * 7, None),
    "monthname": ([None] + ["Mensis"] * 12, in_the_log(rb"/Mensis/")),
    "protocol_version": ("HTTP/1.1", in_the_answer(rb"^HTTP/1.1 200 ")),
    "MessageClass": (Message, of_the_handler("self.headers.marked()", "marked")),
    "responses": ({200: ("Fine", "")}, in_the_answer(rb"^HTTP/1.0 200 Fine\r\n")),
}


@pytest.mark.parametrize("where", [*WHERE, "patched"])
@pytest.mark.parametrize("name", [n for n, (_, check) in HANDLER_ATTRIBUTES.items() if check])
def test_an_attribute_of_a_handler_is_obeyed(capfd, monkeypatch, name, where):
    value, check = HANDLER_ATTRIBUTES[name]
    if where == "object":
        space = {"Handler": Handler, "value": value}
        exec(
            "class Own(Handler):\n"
            "    def __init__(self, *args, **named):\n"
            f"        self.{name} = value\n"
            "        super(Own, self).__init__(*args, **named)\n",
            space,
        )
        handler = space["Own"]
        if name == "timeout":
            pytest.skip("without a request there is no object on the engine")
    elif where == "patched":
        monkeypatch.setattr(BaseHTTPRequestHandler, name, value)
        handler = Handler
    else:
        bases = (type("MixIn", (), {name: value}), Handler) if where == "mix-in" else (Handler,)
        handler = type("Own", bases, {} if where == "mix-in" else {name: value})
    if check.__code__.co_argcount == 2:
        check(handler, capfd)
    else:
        check(handler)
    capfd.readouterr()


# --- file handlers ---


def test_there_is_a_case_for_every_name_of_a_file_handler():
    attributes, methods = attributes_and_methods(http.server.SimpleHTTPRequestHandler)
    assert methods <= FILE_METHODS.keys() | {"__init__"}
    assert attributes <= FILE_ATTRIBUTES.keys()


FILE_METHODS = {
    "do_GET": b"GET /a.txt HTTP/1.0\r\n\r\n",
    "do_HEAD": b"HEAD /a.txt HTTP/1.0\r\n\r\n",
    "send_head": b"GET /a.txt HTTP/1.0\r\n\r\n",
    "list_directory": b"GET / HTTP/1.0\r\n\r\n",
    "translate_path": b"GET /a.txt HTTP/1.0\r\n\r\n",
    "copyfile": b"GET /a.txt HTTP/1.0\r\n\r\n",
    "guess_type": b"GET /a.txt HTTP/1.0\r\n\r\n",
}
TXT = b"GET /a.txt HTTP/1.0\r\n\r\n"
FILE_ATTRIBUTES = {
    "server_version": ("Mine/9", TXT, rb"\nServer: Mine/9 "),
    "extensions_map": ({".txt": "text/x", "": "text/y"}, TXT, rb"\nContent-type: text/x"),
    "index_pages": (["a.txt"], GET, rb"\r\n\r\ncontent$"),
    "default_content_type": (
        "text/z",
        b"GET /unknown HTTP/1.0\r\n\r\n",
        rb"\nContent-type: text/z\r\n",
    ),
}


@pytest.fixture
def files(tmp_path):
    """Return a file handler class for a directory with two files."""
    for name in ("a.txt", "unknown"):
        (tmp_path / name).write_text("content")
        os.utime(tmp_path / name, (1e9, 1e9))

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args, **named):
            super().__init__(*args, directory=tmp_path, **named)

        def log_message(self, format, *args):
            pass

    return Files


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", FILE_METHODS)
def test_a_method_of_a_file_handler_is_called_for_each_request(files, name, where):
    called = []
    if where == "object":

        class Own(files):
            def __init__(self, *args, **named):
                setattr(self, name, noting(called, getattr(self, name), name))
                super().__init__(*args, **named)

        handler = Own
    else:
        handler = with_override(files, name, where, lambda original: noting(called, original, name))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, serving(server):
        for count in (1, 2, 3):
            assert ask(server.server_address, FILE_METHODS[name]).startswith(b"HTTP/1.0 200")
            assert called.count(name) >= count


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", FILE_ATTRIBUTES)
def test_an_attribute_of_a_file_handler_is_obeyed(files, name, where):
    value, request, pattern = FILE_ATTRIBUTES[name]
    if where == "object":

        class Own(files):
            def __init__(self, *args, **named):
                setattr(self, name, value)
                super().__init__(*args, **named)

        handler = Own
    elif where == "mix-in":
        handler = type("Own", (type("MixIn", (), {name: value}), files), {})
    else:
        handler = type("Own", (files,), {name: value})
    assert re.search(pattern, served_by(handler, request=request))


def test_servers_over_tls_call_what_is_overridden_too(certificate, trusting):
    called = []
    cert, key = certificate

    class Server(socketserver.ThreadingMixIn, HTTPSServer):
        def finish_request(self, *args):
            called.append("finish_request")
            super().finish_request(*args)

        def process_request_thread(self, *args):
            called.append("process_request_thread")
            super().process_request_thread(*args)

    with (
        Server(("127.0.0.1", 0), Quiet, certfile=cert, keyfile=key) as server,
        serving(server),
        socket.create_connection(server.server_address, timeout=10) as sock,
        trusting.wrap_socket(sock, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(GET)
        assert b"".join(iter(lambda: wrapped.recv(1000), b"")).endswith(b"here")
    assert called == ["process_request_thread", "finish_request"]

"""What a program may set, replace and buffer: its response is what it would be in the stdlib."""

from __future__ import annotations

import re

import pytest

from nethttp.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_10 = b"GET / HTTP/1.0\r\n\r\n"


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


def asked(serve, connect, handler, request=GET):
    """Return (head, content) of a response that ends with the connection."""
    with connect(serve(handler).address) as raw:
        raw.send(request)
        head, _, content = raw.rest().partition(b"\r\n\r\n")
        return head, content


# --- lines that are buffered after a head has left ---


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_heads_of_parts_are_content(serve, connect, version):
    class Camera(Quiet):
        protocol_version = version

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=F")
            self.end_headers()
            for frame in (b"<jpeg 1>", b"<jpeg 22>"):
                self.wfile.write(b"--F\r\n")
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", len(frame))
                self.end_headers()
                self.wfile.write(frame)
                self.wfile.write(b"\r\n")

    head, content = asked(serve, connect, Camera)
    assert b"Content-Length" not in head
    assert content == (
        b"--F\r\nContent-Type: image/jpeg\r\nContent-Length: 8\r\n\r\n<jpeg 1>\r\n"
        b"--F\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n<jpeg 22>\r\n"
    )


def test_parts_count_towards_the_length_and_the_connection_goes_on(serve, connect):
    part = b"A: b\r\n\r\n"

    class Parts(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(2 * len(part)))
            self.end_headers()
            for _ in range(2):
                self.send_header("A", "b")
                self.end_headers()

    with connect(serve(Parts).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[2] == 2 * part


def test_parts_have_no_fields_of_the_response(serve, connect, tmp_path):
    class Parts(SimpleHTTPRequestHandler):
        extra_response_headers = [("X-Every", "response")]

        def log_message(self, format, *args):
            pass

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.send_header("A", "b")
            self.end_headers()

    head, content = asked(serve, connect, Parts)
    assert b"X-Every: response" in head
    assert content == b"A: b\r\n\r\n"


def test_a_second_response_is_content_of_the_first(serve, connect):
    class Late(Quiet):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"so far\n")
            self.send_error(500, "later")

    head, content = asked(serve, connect, Late)
    assert head.startswith(b"HTTP/1.0 200 ")
    assert content.startswith(b"so far\nHTTP/1.0 500 later\r\n")
    assert content.endswith(b"</html>\n")


def test_a_second_response_never_passes_the_length_of_the_first(serve, connect):
    class Late(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            self.send_error(500)

    assert asked(serve, connect, Late)[1] == b"ok"


@pytest.mark.parametrize("request_", [GET, HEAD])
def test_the_peer_goes_by_the_first_of_two_status_lines(serve, connect, request_):
    class Undecided(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(304)
            self.send_error(500, "after all")

        do_HEAD = do_GET

    head, content = asked(serve, connect, Undecided, request_)
    assert head.startswith(b"HTTP/1.1 304 ")
    assert b"\r\nHTTP/1.1 500 after all\r\n" in head
    assert content == b"", "a 304 has none"


def test_an_interim_response_may_be_written_in_three_ways(serve, connect):
    class Early(Quiet):
        protocol_version = "HTTP/1.1"

        def early(self):
            if self.path == "/methods":
                self.send_response_only(103)
                self.send_header("Link", "</a>")
                self.end_headers()
            elif self.path == "/bytes":
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            else:
                self._headers_buffer.append(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n")
                self._headers_buffer.append(b"\r\n")

        def do_GET(self):
            self.early()
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok and more")

    for path in (b"/methods", b"/bytes", b"/buffer"):
        with connect(serve(Early).address) as raw:
            raw.send(GET.replace(b"/", path, 1))
            assert raw.response()[:2] == (103, {"link": "</a>"})
            assert raw.response()[2] == b"ok"
            assert raw.is_closed(), "more than the length ends the connection"


def test_a_program_may_write_the_rest_of_a_flushed_head_itself(serve, connect):
    class Script(Quiet):
        def do_GET(self):
            self.send_response(200, "Script output follows")
            self.flush_headers()
            self.wfile.write(b"Content-Type: text/plain\r\n\r\nout")

        do_HEAD = do_GET

    for request in (GET, HEAD):
        head, content = asked(serve, connect, Script, request)
        assert head.startswith(b"HTTP/1.0 200 Script output follows\r\n")
        assert head.endswith(b"\r\nContent-Type: text/plain")
        assert content == b"out"


def test_a_head_may_be_flushed_in_parts(serve, connect):
    class Parts(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.flush_headers()
            self.send_header("Content-Length", "2")
            self.flush_headers()
            self.end_headers()
            self.wfile.write(b"ok")

        do_HEAD = do_GET

    with connect(serve(Parts).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[2] == b"ok"
        raw.send(HEAD)
        assert raw.file.readline() == b"HTTP/1.1 200 OK\r\n"
        raw.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
        rest = raw.rest()
    assert rest.count(b"ok") == 1, "HEAD has no content"
    assert b"Connection: close\r\n" in rest


def test_a_writer_of_the_programs_own_gets_the_same_bytes(serve, connect):
    class Buffered(Quiet):
        wbufsize = -1
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.send_header("A", "b")
            self.end_headers()
            self.send_response_only(204)
            self.end_headers()

    head, content = asked(serve, connect, Buffered)
    assert head.endswith(b"Connection: close")
    assert content == b"A: b\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"


# --- methods and attributes that are replaced ---


class Answering(BaseHTTPRequestHandler):
    """Answers, after `prepare`; logs as ever."""

    protocol_version = "HTTP/1.1"

    def prepare(self):
        pass

    def do_GET(self):
        self.prepare()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


# As they are before any is replaced.
send_header = BaseHTTPRequestHandler.send_header
send_response_only = BaseHTTPRequestHandler.send_response_only
flush_headers = BaseHTTPRequestHandler.flush_headers
end_headers = BaseHTTPRequestHandler.end_headers


def _other_name(self, keyword, value):
    send_header(self, "X-" + keyword, value)


def _other_reason(self, code, message=None):
    send_response_only(self, code, "Replaced")


def _flush_more(self):
    self._headers_buffer.insert(1, b"X-Flushed: 1\r\n")
    flush_headers(self)


def _end_more(self):
    self.send_header("X-Ended", "1")
    end_headers(self)


#: (name, what it is replaced by, what the response or the log has then). What is no function is the
#: same on the class and on the object.
REPLACED = [
    ("version_string", lambda _self: "replaced", b"Server: replaced\r\n"),
    ("date_time_string", lambda _self, _timestamp=None: "replaced", b"Date: replaced\r\n"),
    ("send_header", _other_name, b"X-Server: "),
    ("send_response_only", _other_reason, b" 200 Replaced\r\n"),
    ("flush_headers", _flush_more, b"X-Flushed: 1\r\n"),
    ("end_headers", _end_more, b"X-Ended: 1\r\n"),
    ("server_version", "replaced", b"Server: replaced Python"),
    ("sys_version", "replaced", b" replaced\r\n"),
    ("protocol_version", "HTTP/1.0", b"HTTP/1.0 200 OK"),
    ("responses", {200: ("Replaced", "")}, b" 200 Replaced\r\n"),
]
LOGGED = [
    ("log_request", lambda self, *_: self.log_message("replaced"), "] replaced\n"),
    ("log_message", lambda self, *_: self._write("replaced"), "replaced"),
    ("address_string", lambda _self: "replaced", "replaced - - ["),
    ("log_date_time_string", lambda _self: "replaced", "[replaced] "),
    ("monthname", [None, *["replaced"] * 12], "/replaced/"),
]


def _method(handler, replacement):
    """Return what an object's attribute must be to do what the class's would."""
    return replacement.__get__(handler) if callable(replacement) else replacement


def _class(name, replacement):
    return type("Own", (Answering,), {name: replacement})


def _object(name, replacement):
    def prepare(self):
        setattr(self, name, _method(self, replacement))

    return type("Own", (Answering,), {"prepare": prepare})


def _mixed_in(name, replacement):
    return type("Own", (type("MixIn", (), {name: replacement}), Answering), {})


def _made_with(name, replacement):
    def __init__(self, *args, **kwargs):
        setattr(self, name, _method(self, replacement))
        Answering.__init__(self, *args, **kwargs)

    return type("Own", (Answering,), {"__init__": __init__})


def of_each(rows):
    return pytest.mark.parametrize(
        ("name", "replacement", "seen"), rows, ids=[name for name, _, _ in rows]
    )


WAYS = [_class, _object, _mixed_in, _made_with]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "replacement", "seen"), REPLACED, ids=[row[0] for row in REPLACED]
)
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in pieces"])
def test_what_a_response_is_made_of_may_be_replaced(
    capfd, serve, connect, way, name, replacement, seen, whole
):
    handler = way(name, replacement)
    with connect(serve(handler).address) as raw:
        raw.send(GET if whole else GET.replace(b"Host", b"Expect: 100-continue\r\nHost"))
        head = b""
        while seen not in head and (line := raw.file.readline()):
            head += line
        assert seen in head


@pytest.mark.parametrize("way", WAYS)
@of_each(LOGGED)
def test_what_a_log_line_is_made_of_may_be_replaced(
    printed, serve, connect, way, name, replacement, seen
):
    handler = way(name, replacement)
    handler._write = lambda self, text: BaseHTTPRequestHandler.log_message(self, "%s", text)
    with connect(serve(handler).address) as raw:
        raw.send(GET)
        raw.response()
    log = printed("\n")
    assert seen in log
    assert log.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "replacement", "seen"), REPLACED, ids=[row[0] for row in REPLACED]
)
@pytest.mark.parametrize("owner", ["own", "base"])
def test_a_class_may_be_patched_while_it_serves(
    monkeypatch, capfd, serve, connect, name, replacement, seen, owner
):
    handler = type("Own", (Answering,), {})
    if (owner, name) == ("base", "protocol_version"):
        pytest.skip("the class has its own")
    with connect(serve(handler).address) as raw:
        raw.send(GET)
        before = raw.file.readline()
        while (line := raw.file.readline()) != b"\r\n":
            before += line
        assert raw.file.read(2) == b"ok"
        assert seen not in before
        monkeypatch.setattr(
            handler if owner == "own" else BaseHTTPRequestHandler, name, replacement
        )
        raw.send(GET)
        after = b""
        while seen not in after and (line := raw.file.readline()):
            after += line
        assert seen in after


def test_the_log_may_be_patched_while_it_is_written(printed, serve, connect):
    said = []
    handler = type("Own", (Answering,), {})
    with connect(serve(handler).address) as raw:
        raw.send(GET)
        raw.response()
        handler.log_message = lambda _self, form, *args: said.append(form % args)
        raw.send(GET)
        raw.response()
        del handler.log_message
        raw.send(GET)
        raw.response()
    assert said == ['"GET / HTTP/1.1" 200 -']
    assert printed("\n", 2).count("\n") == 2


def test_what_is_set_on_an_object_may_be_taken_back(serve, connect, capfd):
    class Once(Answering):
        def prepare(self):
            if self.path == "/own":
                self.version_string = lambda: "own"
            else:
                del self.version_string

    with connect(serve(Once).address) as raw:
        for path, own in ((b"/own", True), (b"/", False), (b"/own", True)):
            raw.send(GET.replace(b"/", path, 1))
            assert (raw.response()[1]["server"] == "own") is own


def test_a_head_may_be_lengthened_as_it_is_flushed(serve, connect):
    class Longer(Quiet):
        def do_GET(self):
            self.flush_headers = self.longer
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello, all")

        def longer(self):
            self._headers_buffer = [
                line.replace(b"Content-Length: 5", b"Content-Length: 10")
                for line in self._headers_buffer
            ]
            super().flush_headers()

    assert asked(serve, connect, Longer)[1] == b"hello, all"


@pytest.mark.parametrize("on_object", [True, False])
def test_an_error_page_is_the_programs_own(serve, connect, on_object):
    own = {
        "error_message_format": "%(code)d|%(message)s|%(explain)s",
        "error_content_type": "text/plain",
        "responses": {404: ("Gone Fishing", "back soon")},
    }

    class Lost(Quiet):
        def do_GET(self):
            if on_object:
                for name, value in own.items():
                    setattr(self, name, value)
            self.send_error(404)

    if not on_object:
        for name, value in own.items():
            setattr(Lost, name, value)
    head, content = asked(serve, connect, Lost)
    assert head.startswith(b"HTTP/1.0 404 Gone Fishing\r\n")
    assert b"Content-Type: text/plain\r\n" in head
    assert content == b"404|Gone Fishing|back soon"


def test_names_of_months_are_those_of_the_class_or_the_object():
    handler = Answering.__new__(Answering)
    assert re.fullmatch(
        r"\d\d/[A-Z][a-z][a-z]/\d{4} \d\d:\d\d:\d\d", handler.log_date_time_string()
    )
    handler.monthname = [None, *["Ventôse"] * 12]
    assert "/Ventôse/" in handler.log_date_time_string()


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("request_", [GET_10, GET_10.replace(b"GET", b"POST")])
def test_a_method_that_sends_nothing_is_logged(capfd, printed, serve, connect, taken, request_):
    class Silent(BaseHTTPRequestHandler):
        def do_GET(self):
            if taken:
                self.connection.sendall(b"by hand")

        do_POST = do_GET

    with connect(serve(Silent).address) as raw:
        raw.send(request_)
        assert raw.rest() == (b"by hand" if taken else b"")
    if taken:
        assert "No response was sent" not in capfd.readouterr().err
    else:
        printed("No response was sent")

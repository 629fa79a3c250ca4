"""Answers that are given again: the same bytes, for as long as nothing has changed."""

from __future__ import annotations

import os
import re
import ssl
from functools import partial

import pytest
import trustme

from nethttp.caching import clear_all
from nethttp.client import HTTPConnection, HTTPSConnection
from nethttp.server import SimpleHTTPRequestHandler, ThreadingHTTPSServer
from nethttp.server.files import deciding
from nethttp.server.files import handler as files
from nethttp.server.files.finder import RESOURCES
from nethttp.server.files.stored import MAX_IN_MEMORY

LONG_AGO = 1_000_000_000
TEXT = b"To be, or not to be, that is the question.\n" * 100
LARGE = b"0123456789" * (MAX_IN_MEMORY // 10 + 1)
FIELDS = b"Host: a\r\nAccept-Encoding: gzip\r\n"


class Files(SimpleHTTPRequestHandler):
    """Counts the answers that were worked out."""

    protocol_version = "HTTP/1.1"
    worked_out = 0

    def log_message(self, format, *args):
        pass

    def _send_resource(self, resource):
        type(self).worked_out += 1
        return super()._send_resource(resource)


class NeverRepeats(Files):
    def end_headers(self):
        super().end_headers()

    def do_POST(self):
        self.do_GET()


@pytest.fixture
def counted():
    """Return a class of its own to serve with."""
    return type("Files", (Files,), {})


@pytest.fixture(autouse=True)
def a_long_life(monkeypatch):
    """Let what is kept be kept on a slow machine too: answers that were worked out are counted."""
    monkeypatch.setattr(RESOURCES, "life", 60)


def write(path, content: bytes, when: int = LONG_AGO) -> None:
    """Write a file that looks as if it had been changed long ago: such files are kept."""
    path.write_bytes(content)
    os.utime(path, (when, when))


@pytest.fixture
def site(tmp_path):
    for name, content in {
        "page.txt": TEXT,
        "image.png": TEXT,
        "large.bin": LARGE,
        "empty": b"",
        "beside.css": TEXT,
        "beside.css.gz": b"not really",
        "index.html": b"<p>Hello",
    }.items():
        write(tmp_path / name, content)
    return tmp_path


def answers(connect, address, head: bytes, times: int = 4) -> list[bytes]:
    """Return the whole answers to `times` equal requests on one connection, without their dates."""
    found = []
    with connect(address) as raw:
        for _ in range(times):
            raw.send(head)
            lines = []
            while (line := raw.file.readline()) not in (b"\r\n", b""):
                lines.append(line)
            block = b"".join(lines)
            length = re.search(rb"(?i)content-length: (\d+)", block)
            content = raw.file.read(int(length[1])) if length and head[:4] != b"HEAD" else b""
            assert re.search(rb"\r\nDate: .{29}\r\n", block)
            found.append(re.sub(rb"\r\nDate: .*", b"", block) + b"\r\n" + content)
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cache_control": "max-age=60"},
        {"cors": "*"},
        {"cors": ["https://a.example"]},
        {"extra_response_headers": [("X-Frame-Options", "DENY"), ("Date", "x" * 29)]},
        {"compress": False, "precompressed": False},
    ],
)
@pytest.mark.parametrize(
    "path", ["/page.txt", "/image.png", "/large.bin", "/empty", "/beside.css", "/", "/?a=b"]
)
def test_an_answer_is_the_same_however_it_came_about(serve, connect, site, counted, options, path):
    head = b"GET " + path.encode() + b" HTTP/1.1\r\n" + FIELDS + b"\r\n"
    handler = partial(counted, directory=site, **options)
    found = answers(connect, serve(handler).address, head)
    handler = partial(NeverRepeats, directory=site, **options)
    assert {*found, *answers(connect, serve(handler).address, head)} == {found[0]}
    repeats = path != "/empty" and not isinstance(options.get("cors"), list)
    assert counted.worked_out == (1 if repeats else 4)


@pytest.mark.parametrize(
    ("method", "version", "fields", "status"),
    [
        (b"GET", b"1.1", b"Range: bytes=0-9\r\n", 206),
        (b"GET", b"1.1", b"If-None-Match: *\r\nRange: bytes=0-\r\n", 206),
        (b"GET", b"1.1", b'If-Match: "b"\r\n', 412),
        (b"GET", b"1.1", b"If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT\r\n", 304),
        (b"HEAD", b"1.1", b"", 200),
        (b"POST", b"1.1", b"", 200),
        (b"GET", b"1.0", b"Connection: keep-alive\r\n", 200),
        (b"GET", b"1.1", b"Connection: close\r\n", 200),
        (b"GET", b"1.1", b"Cookie: " + b"a" * 4000 + b"\r\nRange: bytes=0-9\r\n", 206),
    ],
)
@pytest.mark.parametrize("coding", [b"", b"Accept-Encoding: gzip\r\n"])
def test_what_asks_for_something_else_gets_that(
    serve, connect, site, counted, method, version, fields, status, coding
):
    counted.do_POST = NeverRepeats.do_POST
    address = serve(partial(counted, directory=site)).address
    answers(connect, address, b"GET /page.txt HTTP/1.1\r\nHost: a\r\n" + coding + b"\r\n")
    before = counted.worked_out
    head = b"%s /page.txt HTTP/%s\r\nHost: a\r\n%s%s\r\n" % (method, version, coding, fields)
    (found,) = answers(connect, address, head, 1)
    handler = partial(NeverRepeats, directory=site)
    assert [found] == answers(connect, serve(handler).address, head, 1)
    assert found.startswith(b"HTTP/1.1 %d " % status)
    assert counted.worked_out == before + 1


def test_each_coding_is_answered_with_its_own(serve, connect, site, counted):
    coded = {b"gzip": True, b"identity": False, b"gzip;q=0": False, b"GZIP, x": True}
    with connect(serve(partial(counted, directory=site)).address) as raw:
        for accepted in [*coded] * 3:
            fields = b"Host: a\r\nAccept-Encoding: " + accepted
            raw.send(b"GET /page.txt HTTP/1.1\r\n" + fields + b"\r\n\r\n")
            _, fields, content = raw.response()
            assert ("content-encoding" in fields, content != TEXT) == (coded[accepted],) * 2
    assert counted.worked_out == 2


@pytest.mark.parametrize(
    "name",
    [
        *("do_GET", "send_head", "translate_path", "send_response", "send_response_only"),
        *("send_header", "end_headers", "flush_headers", "copyfile", "log_request"),
        *("version_string", "date_time_string"),
    ],
)
def test_whatever_a_program_overrides_is_asked_every_time(serve, connect, site, counted, name):
    calls = []

    def override(handler, *args, **kwargs):
        calls.append(name)
        return getattr(Files, name)(handler, *args, **kwargs)

    setattr(counted, name, override)
    address = serve(partial(counted, directory=site)).address
    head = b"GET /page.txt HTTP/1.1\r\n" + FIELDS + b"\r\n"
    answers(connect, address, head, 1)
    first = len(calls)
    answers(connect, address, head, 3)
    # The date of the file is written once.
    assert len(calls) == (5 if name == "date_time_string" else 4 * first) > 0


def test_one_object_may_override_too(serve, connect, site, counted):
    calls = []

    class Own(counted):
        def __init__(self, *args, **kwargs):
            self.end_headers = lambda: (calls.append(1), counted.end_headers(self))
            super().__init__(*args, **kwargs)

    head = b"GET /page.txt HTTP/1.1\r\n" + FIELDS + b"\r\n"
    answers(connect, serve(partial(Own, directory=site)).address, head, 4)
    assert len(calls) == 4


def ask(address, *requests) -> list[bytes]:
    """Return the contents that some (path, fields) get on one connection."""
    connection = HTTPConnection(*address, timeout=10)
    try:
        found = []
        for path, fields in requests:
            connection.request("GET", path, headers=fields)
            found.append(connection.getresponse().read())
        return found
    finally:
        connection.close()


def test_a_program_may_send_another_path(serve, site, counted):
    def do_GET(handler):
        if handler.path == "/old":
            handler.path = "/page.txt"
        Files.do_GET(handler)

    counted.do_GET = do_GET
    address = serve(partial(counted, directory=site)).address
    assert ask(address, *[("/", {}), ("/old", {})] * 3) == [b"<p>Hello", TEXT] * 3


def test_a_program_may_choose_the_directory_for_each_request(serve, tmp_path, counted):
    for name in "ab":
        (tmp_path / name).mkdir()
        write(tmp_path / name / "who", name.encode())

    def do_GET(handler):
        handler.directory = str(tmp_path / handler.path[1])
        handler.path = "/who"
        Files.do_GET(handler)

    counted.do_GET = do_GET
    address = serve(partial(counted, directory=tmp_path)).address
    assert ask(address, *[("/a", {}), ("/a", {}), ("/b", {})] * 2) == [b"a", b"a", b"b"] * 2


def test_an_option_may_change_between_two_requests(serve, connect, site, counted):
    with connect(serve(partial(counted, directory=site)).address) as raw:
        for fields in [
            {"server": files.SimpleHTTPRequestHandler.server_version},
            {"server": "Other/1", "cache-control": None},
            {"server": "Other/1", "cache-control": "no-store"},
        ]:
            counted.server_version = fields["server"]
            counted.cache_control = fields.get("cache-control")
            for _ in range(3):
                raw.send(b"GET /page.txt HTTP/1.1\r\n" + FIELDS + b"\r\n")
                found = raw.response()[1]
                assert found["server"].split()[0] == fields["server"]
                assert found.get("cache-control") == fields.get("cache-control")
    assert counted.worked_out == 3


@pytest.mark.parametrize("name", ["page.txt", "large.bin", "beside.css"])
def test_a_change_is_seen_at_once(serve, site, counted, name):
    address = serve(partial(counted, directory=site)).address
    connection = HTTPConnection(*address, timeout=10)
    for when in range(3):
        content = b"%d" % when * 1000
        for neighbour in (name, "beside.css.gz"):
            write(site / neighbour, content, LONG_AGO + when)
        for _ in range(3):
            connection.request("GET", f"/{name}", headers={"Accept-Encoding": "gzip;q=0"})
            assert connection.getresponse().read() == content
    connection.close()


def test_requests_that_came_together_are_answered_one_after_the_other(
    serve, connect, site, counted
):
    """The second is not answered with what was found out before the first ran."""

    def do_POST(handler):
        write(site / "image.png", b"new", LONG_AGO + 1)
        handler.send_response(204)
        handler.end_headers()

    counted.do_POST = do_POST
    get, post = (b"%s /image.png HTTP/1.1\r\nHost: a\r\n\r\n" % name for name in (b"GET", b"POST"))
    with connect(serve(partial(counted, directory=site)).address) as raw:
        for _ in range(2):
            raw.send(get)
            assert raw.response()[2] == TEXT
        raw.send(get + post + get)
        assert [raw.response()[2] for _ in range(3)] == [TEXT, b"", b"new"]


def test_over_tls_too(serve, site, counted, tmp_path_factory):
    authority = trustme.CA()
    pem = tmp_path_factory.mktemp("tls") / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    served = serve(partial(counted, directory=site), ThreadingHTTPSServer, certfile=pem)
    connection = HTTPSConnection(*served.address, timeout=10, context=context)
    for path, content in [("/image.png", TEXT), ("/large.bin", LARGE)] * 3:
        connection.request("GET", path)
        assert connection.getresponse().read() == content
    connection.close()
    assert counted.worked_out == 2


def test_every_answer_is_logged(serve, connect, site, printed):
    class Loud(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

    head = b"GET /page.txt HTTP/1.1\r\n" + FIELDS + b"\r\n"
    answers(connect, serve(partial(Loud, directory=site)).address, head, 4)
    lines = printed("\n", 4).splitlines()
    assert len(lines) == 4
    assert all(line.endswith('"GET /page.txt HTTP/1.1" 200 -') for line in lines)


def test_a_small_file_is_held_in_memory_from_the_first_time_on(site, stored_file):
    # Its time of access is older than a day, so that the system notes that it was read.
    os.utime(site / "page.txt", (LONG_AGO - 1, LONG_AGO))
    assert stored_file(site / "page.txt").content == TEXT


GET_WITH_COOKIE = b"GET /page.txt HTTP/1.1\r\nHost: b\r\nCookie: %s\r\n\r\n"


def test_what_fields_decide_is_remembered_if_they_occur_again(serve, connect, site, counted):
    clear_all()
    address = serve(partial(counted, directory=site)).address
    for number in range(20):
        answers(connect, address, GET_WITH_COOKIE % b"secret%d" % number, 1)
    assert len(deciding._KNOWN) == 0
    answers(connect, address, GET_WITH_COOKIE % (b"a" * deciding._KNOWN.max_key))
    assert len(deciding._KNOWN) == 0
    answers(connect, address, GET_WITH_COOKIE % b"a")
    assert len(deciding._KNOWN) == 1


def test_what_fields_decide_has_a_bound_in_bytes(serve, connect, site, counted):
    cache = deciding._KNOWN
    clear_all()
    most = 0
    with connect(serve(partial(counted, directory=site)).address) as raw:
        for number in range(cache.max_entries):
            for _ in range(2):
                raw.send(GET_WITH_COOKIE % (b"%01900d" % number))
                raw.response()
            most = max(most, len(cache))
    assert 0 < most < cache.max_bytes / (2 * 1900) < cache.max_entries


def test_what_was_found_since_the_request_came_is_good_enough(site, stored_file):
    path = site / "page.txt"
    stored = stored_file(path)
    assert stored.is_current()
    checked = stored.checked
    write(path, b"other")
    assert stored.is_current(since=checked)
    assert not stored.is_current(since=checked + 1e-9)
    assert not stored.is_current()

"""Files over HTTP: whole, in part, if changed; and never from outside the root."""

from __future__ import annotations

import email
import errno
import os
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client import HTTPConnection
from nethttp.server import SimpleHTTPRequestHandler
from nethttp.server.files.beneath import open_beneath
from nethttp.server.files.finder import RESOURCES
from nethttp.server.files.handler import SimpleHTTPRequestHandler as Files
from nethttp.server.files.paths import local_path
from nethttp.server.files.stored import MAX_COST, MAX_IN_MEMORY, descriptor_cost
from nethttp.wire.values import format_http_date

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def site(tmp_path):
    """Return a directory to serve, beside one that must never be."""
    root = tmp_path / "site"
    root.mkdir()
    (root / "data.bin").write_bytes(CONTENT)
    (root / "page.html").write_text("<h1>page</h1>")
    (root / "sub").mkdir()
    (root / "sub" / "index.html").write_text("index")
    (root / "empty").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("secret")
    return root


class Site:
    """Asks a server for paths, on one connection."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=10)

    def ask(self, path: str, method: str = "GET", **headers: str):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, headers=fields)
        response = self.connection.getresponse()
        response.body = response.read()
        return response

    def status(self, path: str, method: str = "GET", **headers: str) -> int:
        return self.ask(path, method, **headers).status


@pytest.fixture
def handler(site):
    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=site)

        def log_message(self, format, *args):
            pass

    return Handler


@pytest.fixture
def http(serve, handler):
    http = Site(serve(handler).port)
    yield http
    http.connection.close()


def test_a_file(http):
    response = http.ask("/data.bin")
    assert response.status == 200
    assert response.body == CONTENT
    assert response.getheader("content-type") == "application/octet-stream"
    assert response.getheader("accept-ranges") == "bytes"
    assert response.getheader("etag").startswith('"')
    head = http.ask("/data.bin", "HEAD")
    assert head.body == b""
    same = ("content-length", "content-type", "etag", "last-modified", "accept-ranges")
    assert [head.getheader(name) for name in same] == [response.getheader(name) for name in same]


def test_absolute_form_serves_the_path_in_it(http):
    assert http.ask("http://anything/page.html").body == b"<h1>page</h1>"


def test_index_files_and_directories(http):
    assert http.ask("/sub/").body == b"index"
    response = http.ask("/sub?a=b")
    assert (response.status, response.getheader("location")) == (301, "/sub/?a=b")
    assert http.status("/page.html/") == 404
    assert http.status("/nothing") == 404


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.html", "text/html"),
        ("a.css", "text/css"),
        ("a.js", "text/javascript"),
        ("a.MJS", "text/javascript"),
        ("a.json", "application/json"),
        ("a.wasm", "application/wasm"),
        ("a.svg", "image/svg+xml"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.woff2", "font/woff2"),
        ("a.tar.gz", "application/gzip"),
        ("a.png", "image/png"),
        ("a.unknown", "application/octet-stream"),
        ("a", "application/octet-stream"),
        *((f"a{extension}", "text/plain") for extension in (".ts", ".rs", ".toml", ".log", ".GO")),
        *((name, "text/plain") for name in ("Makefile", "LICENSE", "sub/README")),
        ("a.ipynb", "application/json"),
        ("a.md", "text/markdown"),
    ],
)
def test_media_types(name, media_type):
    handler = Files.__new__(Files)
    assert handler.guess_type(name) == media_type


# --- ranges: RFC 9110 section 14 ---


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("0-0", 0, 1),
        ("5-9", 5, 10),
        ("10000-", 10000, 10240),
        ("-40", 10200, 10240),
        ("0-", 0, 10240),
    ],
)
def test_one_range(http, asked, start, stop):
    response = http.ask("/data.bin", Range=f"bytes={asked}")
    assert response.status == 206
    assert response.body == CONTENT[start:stop]
    assert response.getheader("content-range") == f"bytes {start}-{stop - 1}/{len(CONTENT)}"
    assert response.getheader("content-length") == str(stop - start)


def test_many_ranges(http):
    response = http.ask("/data.bin", Range="bytes=0-4, 100-109, -3")
    assert response.status == 206
    assert response.getheader("content-range") is None
    kind = response.getheader("content-type")
    message = email.message_from_bytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + response.body
    )
    parts = message.get_payload()
    assert [part["content-range"] for part in parts] == [
        "bytes 0-4/10240",
        "bytes 100-109/10240",
        "bytes 10237-10239/10240",
    ]
    assert [part.get_content_type() for part in parts] == ["application/octet-stream"] * 3
    for piece in (CONTENT[:5], CONTENT[100:110], CONTENT[-3:]):
        assert b"\r\n\r\n" + piece + b"\r\n--" in response.body


def test_a_range_that_cannot_be(http):
    response = http.ask("/data.bin", Range="bytes=10240-")
    assert response.status == 416
    assert response.getheader("content-range") == "bytes */10240"


@pytest.mark.parametrize("asked", ["bytes=5-4", "lines=1-2", "bytes=x", "bytes=\u0661-", "bytes="])
def test_what_is_no_range_is_ignored(serve, handler, asked, http):
    assert http.ask("/data.bin", Range=asked.encode("utf-8").decode("latin-1")).status == 200


def test_starlette_2025_62727_many_ranges_are_answered_by_the_whole(http):
    many = "bytes=" + ",".join(f"{i}-{i}" for i in range(0, 2000, 2))
    assert http.status("/data.bin", Range=many) == 200
    assert len(http.ask("/data.bin", Range="bytes=" + ",".join(["0-"] * 60)).body) == len(CONTENT)


def test_a_range_is_for_get_alone(http):
    assert http.status("/data.bin", "HEAD", Range="bytes=0-1") == 200


def test_if_range(http, site):
    response = http.ask("/data.bin")
    etag, date = response.getheader("etag"), response.getheader("last-modified")
    os.utime(site / "data.bin", (1e9, 1e9))
    asked = "bytes=0-1"
    response = http.ask("/data.bin")
    etag, date = response.getheader("etag"), response.getheader("last-modified")
    assert http.status("/data.bin", Range=asked, If_Range=etag) == 206
    assert http.status("/data.bin", Range=asked, If_Range=date) == 206
    assert http.status("/data.bin", Range=asked, If_Range='"other"') == 200
    assert http.status("/data.bin", Range=asked, If_Range="W/" + etag) == 200
    assert http.status("/data.bin", Range=asked, If_Range=format_http_date(1e9 + 1)) == 200
    assert http.status("/data.bin", Range=asked, If_Range="garbage") == 200


# --- conditions: RFC 9110 section 13 ---


def test_conditions(http, site):
    os.utime(site / "data.bin", (1e9, 1e9))
    etag = http.ask("/data.bin").getheader("etag")
    before, exact, after = (format_http_date(1e9 + d) for d in (-1, 0, 1))
    table = [
        ({"If_None_Match": etag}, 304),
        ({"If_None_Match": "W/" + etag}, 304),
        ({"If_None_Match": f'"x", {etag}'}, 304),
        ({"If_None_Match": '"x"'}, 200),
        ({"If_None_Match": "*"}, 200),
        ({"If_Modified_Since": exact}, 304),
        ({"If_Modified_Since": after}, 304),
        ({"If_Modified_Since": before}, 200),
        ({"If_Modified_Since": "garbage"}, 200),
        ({"If_None_Match": '"x"', "If_Modified_Since": after}, 200),
        ({"If_None_Match": etag, "If_Modified_Since": before}, 304),
        ({"If_Match": etag}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": '"x"'}, 412),
        ({"If_Match": "W/" + etag}, 412),
        ({"If_Unmodified_Since": exact}, 200),
        ({"If_Unmodified_Since": before}, 412),
        ({"If_Match": etag, "If_Unmodified_Since": before}, 200),
        ({"If_Match": '"x"', "If_None_Match": etag}, 412),
        ({"If_None_Match": etag, "Range": "bytes=0-1"}, 304),
        ({"If_Match": etag, "Range": "bytes=0-1"}, 206),
    ]
    for headers, status in table:
        response = http.ask("/data.bin", **headers)
        assert response.status == status, headers
        if status == 304:
            assert response.getheader("etag") == etag
            assert response.getheader("date")


def test_the_tag_changes_with_the_content(http, site):
    first = http.ask("/data.bin").getheader("etag")
    (site / "data.bin").write_bytes(CONTENT + b"x")
    assert http.ask("/data.bin").getheader("etag") != first


# --- paths ---


@pytest.mark.parametrize(
    "path",
    [
        "/../secret/key.txt",
        "/%2e%2e/secret/key.txt",
        "/..%2fsecret/key.txt",
        "/sub/../../secret/key.txt",
        "/sub/%2e%2e/%2e%2e/secret/key.txt",
        "/%252e%252e/secret/key.txt",
        "/....//secret/key.txt",
        "/..%00/secret/key.txt",
        "/page.html%00.txt",
        "/..%5c..%5csecret%5ckey.txt",
        "/..%20/secret/key.txt",
        "/%c0%ae%c0%ae/secret/key.txt",
        "//secret/key.txt",
    ],
)
def test_aiohttp_2025_69226_no_path_leaves_the_root(http, path):
    response = http.ask(path)
    assert response.status == 404
    assert b"secret" not in response.body


def test_aiohttp_2024_23334_gh_132142_no_link_leaves_the_root(http, site, handler):
    (site / "out").symlink_to(site.parent / "secret")
    (site / "key").symlink_to(site.parent / "secret" / "key.txt")
    (site / "in").symlink_to(site / "page.html")
    (site / "loop").symlink_to(site / "loop")
    for path in ("/out/key.txt", "/key", "/out/", "/out", "/loop"):
        assert http.status(path) == 404, path
    assert http.ask("/in").body == b"<h1>page</h1>"
    handler.follow_links = "all"
    assert http.ask("/key").body == b"secret"
    handler.follow_links = "none"
    assert http.status("/in") == 404
    assert http.status("/page.html") == 200


def test_a_root_that_is_a_link_is_served(serve, site, handler):
    link = site.parent / "link"
    link.symlink_to(site)

    class Linked(handler):
        follow_links = "none"

        def __init__(self, *args):
            SimpleHTTPRequestHandler.__init__(self, *args, directory=link)

    http = Site(serve(Linked).port)
    assert http.ask("/page.html").status == 200
    http.connection.close()


def test_gh_157504_names_that_windows_takes_for_others(monkeypatch):
    import ntpath

    monkeypatch.setattr(os, "path", ntpath)
    for path in ("/aux", "/nul.txt", "/a.", "/a%20", "/..%20/x", "/com1"):
        assert "\0" in local_path("C:\\srv", path), path
    assert local_path("C:\\srv", "/a/b.txt") == "C:\\srv\\a\\b.txt"
    for path in ("/c:/x", "/a%5cb/x"):
        assert local_path("C:\\srv", path) == "C:\\srv\\x", path


def test_no_device_or_pipe_is_opened(http, site, tmp_path):
    os.mkfifo(site / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(site / "socket"))
        for name in ("pipe", "socket"):
            assert http.status("/" + name) == 404
    for links in ("inside", "all"):
        with pytest.raises(FileNotFoundError):
            open_beneath("/dev", "/dev/zero", links)


@given(st.text(alphabet="./%2eE5cC\\0aA~ \0", max_size=30))
def test_no_path_leaves_the_root_textually(path):
    found = local_path("/srv/site", "/" + path)
    assert os.path.normpath(found.replace("\0", "0")).startswith("/srv/site")


# --- seams ---


def test_a_program_may_map_paths_itself(serve, site, handler):
    class Mapped(handler):
        def translate_path(self, path):
            return str(site.parent / "secret" / "key.txt")

    http = Site(serve(Mapped).port)
    assert http.ask("/anything").body == b"secret"
    http.connection.close()


def test_a_program_may_add_fields(serve, handler):
    class Cross(handler):
        def end_headers(self):
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

    http = Site(serve(Cross).port)
    for path in ("/page.html", "/empty/", "/nothing"):
        assert http.ask(path).getheader("access-control-allow-origin") == "*"
    http.connection.close()


def test_a_file_that_shrinks_meanwhile_ends_the_connection(serve, site, handler):
    class Shrinking(handler):
        def copyfile(self, source, outputfile):
            os.truncate(site / "data.bin", 100)
            super().copyfile(source, outputfile)

    (site / "data.bin").write_bytes(CONTENT * 10)

    http = Site(serve(Shrinking).port)
    http.connection.request("GET", "/data.bin")
    response = http.connection.getresponse()
    with pytest.raises(Exception, match="IncompleteRead"):
        response.read()
    http.connection.close()


def test_a_file_that_grows_meanwhile_stays_in_step(serve, site, handler):
    class Growing(handler):
        def copyfile(self, source, outputfile):
            with open(site / "data.bin", "ab") as file:
                file.write(b"more")
            super().copyfile(source, outputfile)

    http = Site(serve(Growing).port)
    for _ in range(2):
        size = (site / "data.bin").stat().st_size
        assert len(http.ask("/data.bin").body) == size
    http.connection.close()


def test_a_large_file_to_a_slow_reader(http, site):
    big = os.urandom(3_000_000)
    (site / "big").write_bytes(big)
    http.connection.request("GET", "/big")
    response = http.connection.getresponse()
    pieces = iter(lambda: response.read(10_000), b"")
    assert b"".join(pieces) == big


def test_many_at_once(serve, handler):
    port = serve(handler).port
    found = []

    def ask() -> None:
        http = Site(port)
        found.extend(http.ask("/data.bin").body == CONTENT for _ in range(5))
        http.connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 40


def test_the_current_directory_is_the_default(monkeypatch, site, serve):
    monkeypatch.chdir(site)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    http = Site(serve(Quiet).port)
    assert http.ask("/page.html").body == b"<h1>page</h1>"
    http.connection.close()
    assert Path.cwd() == site


def test_what_may_not_be_read_is_forbidden(http, site, as_a_user):
    (site / "page.html").chmod(0)
    (site / "sub").chmod(0)
    (site / "empty").chmod(0o311)
    with as_a_user():
        assert http.status("/page.html") == 403
        assert http.status("/sub/index.html") == 403
        # What the standard library documents of directories that cannot be listed.
        assert http.status("/empty/") == 404
        assert http.status("/data.bin") == 200
    (site / "sub").chmod(0o755)


# --- what a program overrides, or changes, at any time ---


def settle(*paths) -> None:
    """Let files look as if they had been changed long ago, so that they are kept."""
    for path in paths:
        os.utime(path, (1e9, 1e9))


def media_type_of(http, path):
    return http.ask(path).getheader("content-type")


@pytest.mark.parametrize("where", ["class", "object"])
def test_guess_type_is_asked_for_each_request(serve, site, handler, where):
    def guess_type(self, path):
        assert path == str(site / "page.html")
        return "application/octet-stream" if "download" in self.path else "text/x-page"

    class Typed(handler):
        def do_GET(self):
            if where == "object":
                self.guess_type = guess_type.__get__(self)
            super().do_GET()

    if where == "class":
        Typed.guess_type = guess_type
    settle(site / "page.html")
    http = Site(serve(Typed).port)
    for _ in range(2):
        assert media_type_of(http, "/page.html") == "text/x-page"
        assert media_type_of(http, "/page.html?download") == "application/octet-stream"
    http.connection.close()


def test_a_table_of_types_may_be_changed_where_it_is(serve, site, handler):
    class Typed(handler):
        extensions_map = {".html": "text/x-first"}

    (site / "other.HTML").touch()
    settle(site / "page.html", site / "other.HTML")
    http = Site(serve(Typed).port)
    for path in ("/page.html", "/other.HTML"):
        assert media_type_of(http, path) == media_type_of(http, path) == "text/x-first"
    Typed.extensions_map[".html"] = "text/x-second"
    assert (
        media_type_of(http, "/page.html") == media_type_of(http, "/other.HTML") == "text/x-second"
    )
    Typed.extensions_map[".HTML"] = "text/x-third"
    assert media_type_of(http, "/other.HTML") == "text/x-third"
    del Typed.extensions_map[".html"]
    assert media_type_of(http, "/page.html") == "text/html"
    http.connection.close()


def test_lists_of_options_may_be_changed_where_they_are(serve, site, handler):
    class Optional(handler):
        index_pages = ["index.html"]
        extra_response_headers = [("X-First", "1")]

    (site / "sub" / "other.html").write_text("other")
    settle(*(site / "sub").iterdir())
    http = Site(serve(Optional).port)
    for _ in range(3):
        assert http.ask("/sub/").getheader("x-first") == "1"
    Optional.extra_response_headers[0] = ("X-Second", "2")
    assert http.ask("/sub/").getheader("x-second") == "2"
    Optional.index_pages.insert(0, "other.html")
    assert http.ask("/sub/").body == b"other"
    http.connection.close()


@pytest.mark.parametrize("patched", ["class", "object"])
@pytest.mark.parametrize(
    "name", ["translate_path", "send_head", "copyfile", "guess_type", "end_headers", "send_header"]
)
def test_a_method_that_is_replaced_while_it_serves_is_called(
    serve, site, handler, monkeypatch, name, patched
):
    called = threading.Event()
    original = getattr(handler, name)

    def replacement(self, *args):
        called.set()
        return original(self, *args)

    class Changing(handler):
        def do_GET(self):
            if patched == "object" and "replaced" in self.path:
                setattr(self, name, replacement.__get__(self))
            super().do_GET()

    settle(site / "page.html")
    http = Site(serve(Changing).port)
    for _ in range(3):
        assert http.status("/page.html") == 200
    if patched == "class":
        monkeypatch.setattr(SimpleHTTPRequestHandler, name, replacement)
    assert http.ask("/page.html?replaced").body == b"<h1>page</h1>"
    assert called.is_set()
    http.connection.close()


# --- small things ---


@pytest.mark.parametrize("slash", ["/", "%2f", "%2F"])
def test_a_slash_at_the_end_means_a_directory_escaped_or_not(http, slash):
    assert http.ask("/sub" + slash).body == b"index"
    assert http.status("/page.html" + slash) == 404


def test_a_path_that_is_no_text_is_the_bytes_of_a_name_or_what_replaces_them(http, site):
    (site / "\ufffd.txt").write_text("replaced")
    assert http.ask("/%ff.txt").body == b"replaced"
    (site / os.fsdecode(b"\xff.txt")).write_text("bytes")
    assert http.ask("/%ff.txt").body == b"bytes"
    assert http.status("/%fe.none") == 404


@pytest.mark.parametrize("path", ["/%ED%A0%80", "/sub/%ed%bf%bf.txt", "/%ff%00"])
def test_what_the_file_system_has_no_bytes_for_is_not_found(http, path):
    assert http.status(path) == 404


def test_a_name_of_dots_is_a_name(http, site):
    for name in ("...", ".. ", "....", "a. "):
        (site / name).write_text(name)
    for name in ("...", "..%20", "....", "a.%20"):
        assert http.status("/" + name) == 200, name
    assert b'<a href="...">' in http.ask("/").body


def test_a_file_of_the_future_was_changed_no_later_than_now(http, site):
    os.utime(site / "page.html", (4e9, 4e9))
    for _ in range(2):
        response = http.ask("/page.html")
        assert response.getheader("last-modified") <= response.getheader("date")
        assert response.getheader("last-modified")[-12:-4] <= response.getheader("date")[-12:-4]


def test_a_backslash_names_no_other_host(serve, site, handler, connect):
    (site / "\\evil.example").mkdir()
    with connect(serve(handler).address) as raw:
        raw.send(b"GET /\\evil.example HTTP/1.1\r\nHost: a\r\n\r\n")
        status, fields, _ = raw.response()
    assert (status, fields["location"]) == (301, "/%5Cevil.example/")


# --- descriptors ---


@pytest.fixture
def held(site):
    """Return a function that counts the files of the site that this process holds open."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("this system does not say which files are open")

    def count() -> int:
        found = 0
        for link in folder.iterdir():
            with suppress(OSError):
                found += os.readlink(link).startswith(str(site))
        return found

    return count


def test_no_file_is_held_open_for_long_while_nothing_is_asked(http, site, held, eventually):
    for i in range(5):
        (site / f"large{i}").write_bytes(bytes(MAX_IN_MEMORY + 1))
        settle(site / f"large{i}")
        assert http.status(f"/large{i}") == 200
    assert 1 <= held() <= 5
    assert eventually(lambda: held() == 0)


def test_few_files_are_held_open_where_few_may_be(monkeypatch):
    import resource

    for limit, most in ((120, 15), (256, 32), (1024, 128), (10**6, 128), (1, 1)):
        monkeypatch.setattr(resource, "getrlimit", lambda _what, limit=limit: (limit, limit))
        descriptor_cost.cache_clear()
        assert MAX_COST // descriptor_cost() == most
    descriptor_cost.cache_clear()


def test_a_server_without_descriptors_says_so_and_recovers(http, site, monkeypatch):
    (site / "large").write_bytes(bytes(MAX_IN_MEMORY + 1))
    settle(site / "large")
    assert http.status("/large") == 200
    real, failing = os.open, [True]

    def open_few(path, flags, mode=0o777, *, dir_fd=None):
        # Until a file that is kept open is closed.
        if failing[0] and (failing[0] != "kept" or len(RESOURCES)):
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_few)
    failing[0] = "kept"
    assert http.status("/data.bin") == 200
    failing[0] = True
    for path in ("/data.bin", "/sub/", "/empty/"):
        assert http.status(path) == 503, path
    failing[0] = False
    assert http.status("/data.bin") == 200

"""What a site may want besides its files: an application's page, pages of errors, fields, CORS."""

from __future__ import annotations

import gzip
from functools import partial

import pytest

from nethttp.client import HTTPConnection
from nethttp.server import SimpleHTTPRequestHandler
from nethttp.server.files import options
from nethttp.server.files.cors import preflight_fields, response_fields


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text("the application")
    (tmp_path / "app.js").write_text("script")
    (tmp_path / "docs").mkdir()
    return tmp_path


@pytest.fixture
def browse(serve, site):
    """Return a function that asks a site with some options for a path."""

    def browse(path, method="GET", options=None, **fields):
        address = serve(partial(Files, directory=site, **(options or {}))).address
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        with HTTPConnection(*address, timeout=10) as connection:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()

    return browse


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/users/7", "*/*", 200),
        ("/users/7?tab=a.b", "*/*", 200),
        ("/", "*/*", 200),
        ("/docs/", "*/*", 200),
        ("/missing.js", "*/*", 404),
        ("/users/john.doe", "text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("/missing.js", "text/html;q=0, */*", 404),
    ],
)
def test_a_single_page_application(browse, path, accept, status):
    got, _, content = browse(path, options={"spa": "index.html"}, Accept=accept)
    assert got == status
    assert (content == b"the application") == (status == 200)


def test_a_missing_application_is_not_found(browse):
    assert browse("/x", options={"spa": "nothing.html"})[0] == 404
    assert browse("/x", options={"spa": "../secret.html"})[0] == 404


def test_the_page_of_a_404(browse, site):
    (site / "404.html").write_text("nothing here " * 200)
    status, fields, content = browse(
        "/missing", options={"cache_control": "a"}, If_None_Match='"x"', Range="bytes=0-1"
    )
    assert (status, fields["content-type"]) == (404, "text/html")
    assert fields["etag"] is fields["cache-control"] is None
    assert content == (site / "404.html").read_bytes()
    _, fields, content = browse("/missing", Accept_Encoding="gzip")
    assert gzip.decompress(content) == (site / "404.html").read_bytes()
    assert browse("/missing", "HEAD")[2] == b""
    assert b"nothing here" not in browse("/missing", options={"not_found_page": None})[2]


def test_cache_control_is_for_files(browse):
    options = {"cache_control": "max-age=60"}
    assert browse("/app.js", options=options)[1]["cache-control"] == "max-age=60"
    assert browse("/missing", options=options)[1]["cache-control"] is None
    etag = browse("/app.js")[1]["etag"]
    status, fields, _ = browse("/app.js", options=options, If_None_Match=etag)
    assert (status, fields["cache-control"]) == (304, "max-age=60")


def test_extra_fields_are_for_what_brings_a_file_or_a_listing(browse):
    extra = [("X-Frame-Options", "DENY"), ("X-A", "b"), ("content-TYPE", "test/other")]
    for path, asked, status in (
        ("/app.js", {}, 200),
        ("/docs/", {}, 200),
        ("/app.js", {"Range": "bytes=0-1"}, 206),
    ):
        got, fields, _ = browse(path, options={"extra_response_headers": extra}, **asked)
        assert (got, fields["x-frame-options"], fields["x-a"]) == (status, "DENY", "b"), path
        assert fields.get_all("content-type") != ["test/other"]
        assert len(fields.get_all("content-type")) == 1
    etag = browse("/app.js")[1]["etag"]
    for path, asked, status in (
        ("/missing", {}, 404),
        ("/docs", {}, 301),
        ("/app.js", {"If-None-Match": etag}, 304),
        ("/app.js", {"Range": "bytes=999-"}, 416),
    ):
        got, fields, _ = browse(path, options={"extra_response_headers": extra}, **asked)
        assert (got, fields["x-a"]) == (status, None), path


def test_the_type_of_what_is_not_known(browse, site, monkeypatch):
    for name in ("data", "data.unheard-of"):
        (site / name).touch()
        assert browse("/" + name)[1]["content-type"] == "application/octet-stream"
        options = {"default_content_type": "text/x-any"}
        assert browse("/" + name, options=options)[1]["content-type"] == "text/x-any"
    assert browse("/app.js", options=options)[1]["content-type"] == "text/javascript"
    monkeypatch.setattr(Files, "default_content_type", "text/x-class")
    assert browse("/data")[1]["content-type"] == "text/x-class"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("日本 é".encode(), "text/plain; charset=utf-8", id="UTF-8"),
        pytest.param(b"a" * 65535 + "é".encode(), "text/plain; charset=utf-8", id="cut"),
        pytest.param(b"plain", "text/plain", id="ASCII"),
        pytest.param("é".encode("latin-1"), "text/plain", id="ISO-8859-1"),
        pytest.param("日本".encode("utf-16"), "text/plain", id="UTF-16"),
    ],
)
def test_a_text_that_is_utf_8_says_so(browse, site, content, said):
    (site / "text.txt").write_bytes(b"\xc3\xa9" * (len(content) > 100) + content)
    assert browse("/text.txt")[1]["content-type"] == said
    (site / "text.bin").write_bytes(content)
    assert browse("/text.bin")[1]["content-type"] == "application/octet-stream"


def test_the_type_that_a_program_gives_is_sent_as_it_is(serve, site):
    class Typed(Files):
        def guess_type(self, path):
            return "text/plain"

    (site / "text.txt").write_text("é", encoding="utf-8")
    with HTTPConnection(*serve(partial(Typed, directory=site)).address, timeout=10) as connection:
        connection.request("GET", "/text.txt")
        assert connection.getresponse().headers["content-type"] == "text/plain"


def test_a_directory_is_listed_only_where_that_is_wanted(browse):
    assert browse("/docs/")[0] == 200
    assert browse("/docs/", options={"show_listing": False})[0] == 404


def test_options_says_what_there_is(browse):
    status, fields, content = browse("/app.js", "OPTIONS")
    assert (status, fields["allow"], content) == (204, "GET, HEAD, OPTIONS", b"")
    assert fields["access-control-allow-origin"] is None


def test_cors_for_everyone(browse):
    options = {"cors": "*"}
    for path in ("/app.js", "/missing", "/docs/"):
        assert browse(path, options=options)[1]["access-control-allow-origin"] == "*", path
    status, fields, _ = browse(
        "/app.js",
        "OPTIONS",
        options,
        Origin="https://a.example",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="range, x-y",
    )
    assert status == 204
    assert fields["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert fields["access-control-allow-headers"] == "range, x-y"
    assert fields["access-control-max-age"]


def test_cors_for_one_origin(browse):
    options = {"cors": ["https://a.example", "https://b.example"]}
    fields = browse("/app.js", options=options, Origin="https://b.example")[1]
    assert fields["access-control-allow-origin"] == "https://b.example"
    assert "Origin" in fields.get_all("vary")
    fields = browse("/app.js", options=options, Origin="https://evil.example")[1]
    assert fields["access-control-allow-origin"] is None
    assert "Origin" in fields.get_all("vary")


def test_cors_echoes_nothing_that_is_no_field_name():
    wanted = preflight_fields(["GET"], 'ok, "bad", b\u00e4d')
    assert dict(wanted)["Access-Control-Allow-Headers"] == "ok"
    assert response_fields(["*"], None)[0] == ("Access-Control-Allow-Origin", "*")


def test_the_media_type_of_what_nobody_knows(browse, site):
    for name in ("notes", "notes.unknown-to-all"):
        (site / name).write_text("hello")
        fields = browse(f"/{name}")[1]
        assert fields["content-type"] == "application/octet-stream"
        # Though it was served another way before.
        options = {"default_content_type": "text/plain; charset=utf-8"}
        assert browse(f"/{name}", options=options)[1]["content-type"] == "text/plain; charset=utf-8"
    assert browse("/app.js", options=options)[1]["content-type"].startswith("text/javascript")


def test_every_option_is_a_class_attribute_too(serve, site):
    class Site(Files):
        cache_control = "no-store"
        cors = "*"

    with HTTPConnection(*serve(partial(Site, directory=site)).address, timeout=10) as connection:
        connection.request("GET", "/app.js")
        fields = connection.getresponse().headers
        assert (fields["cache-control"], fields["access-control-allow-origin"]) == ("no-store", "*")


def test_options_that_are_kept_have_a_bound():
    for number in range(2 * options.MAX_KNOWN):
        given = (f"/srv/{number}", ["index.html"])
        first = options.file_options(Files, given)
        assert options.file_options(Files, given) is first
        assert options.file_options(Files, (given[0], ["other.html"])) is not first
        assert len(options._KNOWN_OPTIONS) <= options.MAX_KNOWN


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="colour"):
        Files(None, ("127.0.0.1", 1), None, colour="red")

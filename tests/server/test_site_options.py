"""What a site may want besides its files: an application's page, pages of errors, fields, CORS."""

from __future__ import annotations

import gzip
from functools import partial

import pytest

from nethttp.client import HTTPConnection
from nethttp.server import SimpleHTTPRequestHandler
from nethttp.server.cors import preflight_fields, response_fields


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


def test_extra_fields_are_for_what_is_no_error(browse):
    options = {"extra_response_headers": [("X-Frame-Options", "DENY"), ("X-A", "b")]}
    for path in ("/app.js", "/docs/", "/docs"):
        fields = browse(path, options=options)[1]
        assert (fields["x-frame-options"], fields["x-a"]) == ("DENY", "b"), path
    assert browse("/missing", options=options)[1]["x-a"] is None


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


def test_every_option_is_a_class_attribute_too(serve, site):
    class Site(Files):
        cache_control = "no-store"
        cors = "*"

    with HTTPConnection(*serve(partial(Site, directory=site)).address, timeout=10) as connection:
        connection.request("GET", "/app.js")
        fields = connection.getresponse().headers
        assert (fields["cache-control"], fields["access-control-allow-origin"]) == ("no-store", "*")


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="colour"):
        Files(None, ("127.0.0.1", 1), None, colour="red")

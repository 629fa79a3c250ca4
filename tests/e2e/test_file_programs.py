"""Servers of files as others wrote them, with nethttp in the place of http.*, asked by a client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec

import pytest

from nethttp.client import HTTPConnection

CONTENT = bytes(range(256)) * 1000
PAGE = "<h1>Überschrift</h1>"


@pytest.fixture
def site(tmp_path):
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (site / "data.bin").write_bytes(CONTENT)
    (site / "page.html").write_text(PAGE, encoding="utf-8")
    (site / "cgi-bin").mkdir()
    (site / "cgi-bin" / "hello.py").write_text(
        "import os, sys\n"
        "print('Content-Type: text/plain')\n"
        "print()\n"
        "print('hello', os.environ['QUERY_STRING'], sys.stdin.read())\n"
    )
    return site


@pytest.fixture
def start(tmp_path, site):
    """Return a function that runs a program's text under compat in the site, and gives its URL.

    At the end it must have printed no traceback.
    """
    running = []

    def start(text: str, *arguments: str) -> str:
        program = tmp_path / "program.py"
        program.write_text(text)
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "nethttp.compat", str(program), *arguments],
            cwd=site,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        while line := process.stdout.readline():
            if found := re.search(r"127\.0\.0\.1 port ([0-9]+)", line):
                return f"http://127.0.0.1:{found[1]}"
        raise AssertionError(process.stderr.read())

    yield start
    for process in running:
        process.terminate()
        _, told = process.communicate(timeout=20)
        assert "Traceback" not in told, told


def package(name: str) -> str:
    """Return a program that runs a package's command; skip without the package."""
    if find_spec(name) is None:
        message = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return f"import runpy\nrunpy.run_module({name!r}, run_name='__main__', alter_sys=True)\n"


def get(url: str, **fields: str):
    request = urllib.request.Request(url, headers=fields)
    with urllib.request.urlopen(request, timeout=20) as response:
        response.content = response.read()
    return response


def status_of(url: str, data: bytes | None = None) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, data, timeout=20)
    with caught.value as error:
        return error.code


def test_range_http_server(start):
    url = start(package("RangeHTTPServer"), "0", "--bind", "127.0.0.1")
    whole = get(url + "/data.bin")
    assert (whole.status, whole.content) == (200, CONTENT)
    assert whole.headers.get_all("Accept-Ranges") is not None
    part = get(url + "/data.bin", Range="bytes=1000-200999")
    assert (part.status, part.content) == (206, CONTENT[1000:201_000])
    assert part.headers["Content-Range"] == f"bytes 1000-200999/{len(CONTENT)}"
    rest = get(url + "/data.bin", Range="bytes=255000-")
    assert (rest.status, rest.content) == (206, CONTENT[255_000:])
    assert b'href="data.bin"' in get(url + "/").content
    assert status_of(url + "/nothing") == 404


def multipart(name: str, content: bytes) -> tuple[str, bytes]:
    head = f'Content-Disposition: form-data; name="files"; filename="{name}"'.encode()
    body = b"--edge\r\n" + head + b"\r\n\r\n" + content + b"\r\n--edge--\r\n"
    return "multipart/form-data; boundary=edge", body


@pytest.mark.parametrize("size", [5, 500_000])
def test_uploadserver(start, site, size):
    url = start(package("uploadserver"), "0", "--bind", "127.0.0.1", "-d", str(site))
    listing = get(url + "/")
    # It puts its own text into the page, and corrects the length in the head.
    assert b'href="/upload"' in listing.content
    assert len(listing.content) == int(listing.headers["Content-Length"])
    assert b'href="data.bin"' in listing.content
    assert b"<form" in get(url + "/upload").content
    kind, body = multipart("new.bin", CONTENT[:size] * 2)
    with urllib.request.urlopen(
        urllib.request.Request(url + "/upload", body, {"Content-Type": kind}), timeout=20
    ) as response:
        assert response.status == 204
    assert (site / "new.bin").read_bytes() == CONTENT[:size] * 2
    assert get(url + "/new.bin").content == CONTENT[:size] * 2
    assert status_of(url + "/elsewhere", b"x") == 404


CGI_SERVER = """
from http.server import CGIHTTPRequestHandler, test
import sys
test(HandlerClass=CGIHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_server_of_scripts(start):
    url = start(CGI_SERVER, "0")
    assert get(url + "/cgi-bin/hello.py?a=b").content.split() == [b"hello", b"a=b"]
    connection = HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("POST", "/cgi-bin/hello.py", b"content")
    assert connection.getresponse().read().split() == [b"hello", b"content"]
    connection.close()
    assert get(url + "/data.bin").content == CONTENT
    assert status_of(url + "/cgi-bin/nothing.py") == 404
    assert status_of(url + "/page.html", b"x") == 501


OWN_TYPES = """
import http.server, socketserver, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map.copy()
    extensions_map.update({".bin": "application/x-own", "": "text/x-none"})

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cache-Control", "no-cache, no-store, must-revalidate")
        super().end_headers()

    def translate_path(self, path):
        return super().translate_path("/sub/../" + path.removeprefix("/static"))

socketserver.TCPServer.allow_reuse_address = True
with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
    print("serving at 127.0.0.1 port", server.server_address[1])
    server.handle_request()
    server.handle_request()
    server.serve_forever()
"""


def test_a_handler_with_types_and_fields_of_its_own_on_a_plain_tcp_server(start, site):
    (site / "none").touch()
    url = start(OWN_TYPES)
    for path, kind in (("/data.bin", "application/x-own"), ("/static/none", "text/x-none")):
        for _ in range(2):
            response = get(url + path)
            assert response.headers["Content-Type"] == kind
            assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    page = get(url + "/page.html")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.content.decode() == PAGE


MANY = """
import http.server, sys
http.server.test(
    HandlerClass=http.server.SimpleHTTPRequestHandler, port=0, bind="127.0.0.1"
)
"""


def test_a_mirror_of_a_large_directory_is_whole(start, site, program, tmp_path):
    wget = program("wget")
    for i in range(10_050):
        (site / "sub" / f"f{i}").touch()
    url = start(MANY)
    mirror = tmp_path / "mirror"
    wanted = ["-r", "-l", "1", "-np", "-nd", "-nH", "-A", "f1004*", "-P", str(mirror)]
    done = subprocess.run(
        [wget, "--no-proxy", "-q", *wanted, url + "/sub/"], capture_output=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    names = {f"f{i}" for i in (1004, *range(10_040, 10_050))}
    assert {path.name for path in mirror.iterdir()} == names

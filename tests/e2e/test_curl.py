"""curl against the server."""

from __future__ import annotations

import subprocess

import pytest

from nethttp.server import SimpleHTTPRequestHandler

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def curl(program):
    """Return a function that runs curl and gives what it wrote."""

    def run(*arguments: str, input: bytes | None = None, code: int = 0) -> bytes:
        done = subprocess.run(
            [program("curl"), "-sS", "--max-time", "20", *arguments],
            capture_output=True,
            input=input,
            timeout=30,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    return run


@pytest.fixture
def url(serve, tmp_path):
    (tmp_path / "data.bin").write_bytes(CONTENT)
    (tmp_path / "page.html").write_text("page")

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def do_PUT(self):
            body = self.rfile.read()
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT

        def log_message(self, format, *args):
            pass

    return serve(Handler).url


def test_keep_alive(curl, url):
    said = curl(
        "-w", "%{num_connects} ", "-o", "/dev/null", url, "-o", "/dev/null", url + "/page.html"
    )
    assert said.split() == [b"1", b"0"]


def test_ranges(curl, url):
    assert curl("-r", "100-199", url + "/data.bin") == CONTENT[100:200]
    assert curl("-r", "-5", url + "/data.bin") == CONTENT[-5:]
    parts = curl("-r", "0-9,100-109", url + "/data.bin")
    assert CONTENT[:10] in parts
    assert CONTENT[100:110] in parts
    assert (
        curl("-r", "999999-", "-o", "/dev/null", "-w", "%{http_code}", url + "/data.bin") == b"416"
    )


def test_a_download_is_resumed(curl, url, tmp_path):
    part = tmp_path / "part"
    part.write_bytes(CONTENT[:1000])
    curl("-C", "-", "-o", str(part), url + "/data.bin")
    assert part.read_bytes() == CONTENT


def test_head(curl, url):
    head = curl("-I", url + "/data.bin").lower()
    assert head.startswith(b"http/1.1 200")
    assert b"content-length: 256000" in head


@pytest.mark.parametrize("size", [3, 1_000_000])
def test_chunked_upload(curl, url, size):
    body = b"x" * size
    chunked = ["-T", "-", "-H", "Transfer-Encoding: chunked"]
    assert curl(*chunked, url + "/", input=body) == body


def test_expect_100_continue(curl, url):
    arguments = ["-H", "Expect: 100-continue", "--data-binary", "@-", "-D", "-"]
    said = curl(*arguments, url, input=b"y" * 2_000_000)
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n")
    assert said.endswith(b"y" * 1000)


def test_http_1_0(curl, url):
    assert curl("--http1.0", url + "/page.html") == b"page"
    said = curl(
        *("--http1.0", "-H", "Connection: keep-alive", "-w", "%{num_connects} "),
        *("-o", "/dev/null", url, "-o", "/dev/null", url),
    )
    assert said.split() == [b"1", b"0"]


def test_conditions(curl, url, tmp_path):
    etags = tmp_path / "etags"
    curl("--etag-save", str(etags), "-o", "/dev/null", url + "/page.html")
    code = ["-o", "/dev/null", "-w", "%{http_code}"]
    assert curl("--etag-compare", str(etags), *code, url + "/page.html") == b"304"
    assert curl("-z", "1 Jan 2037 00:00:00 GMT", *code, url + "/page.html") == b"304"
    assert curl("-z", "1 Jan 2000 00:00:00 GMT", *code, url + "/page.html") == b"200"


def test_a_path_as_it_is(curl, url):
    code = ["--path-as-is", "-o", "/dev/null", "-w", "%{http_code}"]
    assert curl(*code, url + "/../../../../etc/passwd") == b"404"
    assert curl(*code, url + "/..%2f..%2fetc/passwd") == b"404"


def test_a_redirect_to_the_directory(curl, url, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_text("")
    assert b"inside" in curl("-L", url + "/folder")

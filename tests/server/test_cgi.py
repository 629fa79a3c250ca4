"""Scripts."""

from __future__ import annotations

import os
import sys

import pytest

from nethttp.client import HTTPConnection
from nethttp.server import CGIHTTPRequestHandler, nobody_uid
from nethttp.server.cgi import url_collapse_path

SCRIPTS = {
    "hello.py": "print('Content-Type: text/plain')\nprint()\nprint('hello')",
    "env.py": "import os\nprint('Content-Type: text/plain\\n')\n"
    "print(*(f'{k}={v}' for k, v in sorted(os.environ.items())), sep='\\n')",
    "echo.py": "import sys\nprint('Content-Type: text/plain\\n', flush=True)\n"
    "sys.stdout.buffer.write(sys.stdin.buffer.read())",
    "status.py": "print('Status: 404 Gone fishing\\nContent-Type: text/plain\\n')",
    "moved.py": "print('Location: /elsewhere\\n')",
    "broken.py": "raise SystemExit('no head at all')",
    "deaf.py": "print('Content-Type: text/plain\\n\\ndeaf')",
}


@pytest.fixture
def connection(serve, tmp_path):
    folder = tmp_path / "cgi-bin"
    (folder / "inner").mkdir(parents=True)
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
        (folder / "inner" / name).write_text(text)
    (folder / "data.txt").write_text("not a script")

    class Handler(CGIHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def log_message(self, format, *args):
            pass

    with HTTPConnection("127.0.0.1", serve(Handler).port, timeout=30) as connection:
        yield connection


def ask(connection, path, method="GET", body=None, headers=None):
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read().decode(), response


def test_a_script_answers(connection):
    status, text, response = ask(connection, "/cgi-bin/hello.py")
    assert (status, text.strip()) == (200, "hello")
    assert response.getheader("content-type") == "text/plain"
    assert ask(connection, "/cgi-bin/inner/hello.py")[1].strip() == "hello"
    assert ask(connection, "/cgi-bin/hello.py", "HEAD")[:2] == (200, "")


def test_the_environment(connection):
    headers = {"X-A": "b", "Authorization": "Basic dXNlcjpwYXNz", "Proxy": "http://evil"}
    _, text, _ = ask(connection, "/cgi-bin/env.py/extra%20path?a=b&c", headers=headers)
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    assert found["REQUEST_METHOD"] == "GET"
    assert found["PATH_INFO"] == "/extra path"
    assert found["QUERY_STRING"] == "a=b&c"
    assert found["SCRIPT_NAME"] == "/cgi-bin/env.py"
    assert found["HTTP_X_A"] == "b"
    assert found["REMOTE_USER"] == "user"
    assert found["GATEWAY_INTERFACE"] == "CGI/1.1"
    assert "HTTP_PROXY" not in found
    assert "pass" not in found.get("HTTP_AUTHORIZATION", "")


@pytest.mark.parametrize("size", [5, 500_000])
def test_content_reaches_the_script(connection, size):
    assert ask(connection, "/cgi-bin/echo.py", "POST", b"x" * size)[1] == "x" * size
    chunks = iter([b"ab", b"c" * size])
    assert ask(connection, "/cgi-bin/echo.py", "POST", chunks)[1] == "ab" + "c" * size


def test_a_script_need_not_read(connection):
    assert ask(connection, "/cgi-bin/deaf.py", "POST", b"x" * 2_000_000)[1].strip() == "deaf"


def test_what_scripts_say_of_the_status(connection):
    status, _, response = ask(connection, "/cgi-bin/status.py")
    assert (status, response.reason) == (404, "Gone fishing")
    status, _, response = ask(connection, "/cgi-bin/moved.py")
    assert (status, response.getheader("location")) == (302, "/elsewhere")


def test_what_is_refused(capfd, connection):
    assert ask(connection, "/cgi-bin/nothing.py")[0] == 404
    assert ask(connection, "/cgi-bin/data.txt")[0] == 403
    assert ask(connection, "/cgi-bin/inner")[0] in (403, 404)
    assert ask(connection, "/cgi-bin/broken.py")[0] == 502
    assert ask(connection, "/page", "POST", b"")[0] == 501
    assert ask(connection, "/cgi-bin/../../etc/passwd")[0] == 404
    capfd.readouterr()


def test_paths_collapse():
    for path, collapsed in {
        "": "/",
        "/a/../b": "/b",
        "/a/b/..": "/a/",
        "/a//./b?c/../d": "/a/b?c/../d",
        "/a/.": "/a/",
    }.items():
        assert url_collapse_path(path) == collapsed
    for path in ("/..", "/a/../..", "/a/../../b"):
        with pytest.raises(IndexError):
            url_collapse_path(path)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no user ids")
def test_nobody():
    assert nobody_uid() == nobody_uid() > 0
    assert os.name == "posix"

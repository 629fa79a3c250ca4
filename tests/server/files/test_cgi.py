"""Scripts."""

from __future__ import annotations

import os
import sys

import pytest

from nethttp.client import HTTPConnection, HTTPSConnection
from nethttp.server import CGIHTTPRequestHandler, ThreadingHTTPSServer, nobody_uid
from nethttp.server.files.cgi import url_collapse_path

#: Python 3.13 deprecates the handler, and so do we there.
pytestmark = pytest.mark.filterwarnings("ignore:.*CGIHTTPRequestHandler:DeprecationWarning")

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
    assert found["HTTP_ACCEPT"] == found["HTTP_COOKIE"] == ""


def test_lines_of_one_field_are_one_value(connection):
    connection.putrequest("GET", "/cgi-bin/env.py")
    for name, value in [
        *(("Accept", "text/html"), ("ACCEPT", "text/plain")),
        *(("Cookie", "a=b"), ("Cookie", "c=d"), ("X_Proxy", "1"), ("Proxy", "2")),
    ]:
        connection.putheader(name, value)
    connection.endheaders()
    text = connection.getresponse().read().decode()
    assert "HTTP_ACCEPT=text/html,text/plain\n" in text
    assert "HTTP_COOKIE=a=b; c=d\n" in text
    assert "PROXY=" not in text


def test_the_root_may_be_a_directory_of_scripts(serve, tmp_path, capfd):
    (tmp_path / "script.py").write_text("print('Content-Type: text/plain\\n\\nfrom the root')")

    class Handler(CGIHTTPRequestHandler):
        cgi_directories = ["/"]

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def log_message(self, format, *args):
            pass

    with HTTPConnection(*serve(Handler).address, timeout=10) as connection:
        assert ask(connection, "/script.py")[1].strip() == "from the root"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="not deprecated yet")
@pytest.mark.filterwarnings("default")
def test_a_handler_of_scripts_is_deprecated():
    class Idle(CGIHTTPRequestHandler):
        def setup(self):
            pass

        handle = finish = setup

    with pytest.warns(DeprecationWarning, match=r"http\.server\.CGIHTTPRequestHandler"):
        Idle(None, None, None)


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
        "": "//",
        "/": "//",
        "/a": "//a",
        "/a/../b": "//b",
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


def test_a_script_that_ends_does_not_wait_for_content_that_is_never_sent(connection):
    connection.timeout = 5
    headers = {"Content-Length": "99"}
    status, answered, _ = ask(connection, "/cgi-bin/env.py", "POST", b"x", headers)
    assert status == 200
    assert answered


def test_over_tls_a_script_that_ends_early_is_answered_over_tls(
    serve, certificate, trusting, tmp_path
):
    (tmp_path / "cgi-bin").mkdir()
    (tmp_path / "cgi-bin" / "env.py").write_text(SCRIPTS["env.py"])

    class Handler(CGIHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def log_message(self, format, *args):
            pass

    cert, key = certificate
    served = serve(Handler, ThreadingHTTPSServer, certfile=cert, keyfile=key)
    with HTTPSConnection("localhost", served.port, timeout=5, context=trusting) as connection:
        headers = {"Content-Length": "99"}
        status, answered, _ = ask(connection, "/cgi-bin/env.py", "POST", b"x", headers)
        assert status == 200
        assert answered

"""Programs that others wrote, unchanged, with nethttp in the place of http.*."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
import zipfile

import pytest

from nethttp.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    """What a program finds at the other end: redirects, cookies, uploads, chunks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/moved":
            self.reply(b"", 302, Location="/hello")
        elif self.path == "/cookie":
            self.reply(b"", **{"Set-Cookie": "id=7; Path=/; HttpOnly"})
        elif self.path == "/cookies":
            self.reply((self.headers["Cookie"] or "").encode())
        elif self.path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.reply(b"hello")

    def do_POST(self):
        self.reply(self.rfile.read())

    do_PUT = do_POST

    def reply(self, body, status=200, **fields):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a program's text under compat, with arguments."""

    def run(text: str, *arguments: str) -> str:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text))
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "nethttp.compat", str(program), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_urllib_request(serve, run):
    run(
        """
        import sys, urllib.request, urllib.error, http.cookiejar, http.client
        assert http.client.__name__ == "nethttp.client"
        url = sys.argv[1]
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        with opener.open(url + "/moved") as response:
            assert (response.status, response.read()) == (200, b"hello")
            assert response.url == url + "/hello"
            assert isinstance(response, http.client.HTTPResponse)
        opener.open(url + "/cookie").close()
        assert opener.open(url + "/cookies").read() == b"id=7"
        assert opener.open(url + "/chunks").read() == b"one two three"
        assert opener.open(url + "/", data=b"x" * 100_000).read() == b"x" * 100_000
        try:
            opener.open(url + "/missing")
        except urllib.error.HTTPError as error:
            assert error.code == 404 and error.reason == "Not Found"
            error.close()
        """,
        serve(Handler).url,
    )


def test_urllib3(serve, run):
    run(
        """
        import sys, urllib3, http.client
        assert http.client.__name__ == "nethttp.client"
        assert issubclass(urllib3.connection.HTTPConnection, http.client.HTTPConnection)
        url = sys.argv[1]
        with urllib3.PoolManager(retries=2, timeout=10) as pool:
            assert pool.request("GET", url + "/moved").data == b"hello"
            assert pool.request("POST", url, body=b"abc" * 50_000).data == b"abc" * 50_000
            assert pool.request("PUT", url, body=iter([b"ab", b"c"])).data == b"abc"
            assert pool.request("POST", url, fields={"a": ("f", b"data")}).status == 200
            response = pool.request("GET", url + "/chunks", preload_content=False)
            assert b"".join(response.stream(5)) == b"one two three"
            response.release_conn()
            response = pool.request("GET", url + "/hello", preload_content=False)
            assert [response.read(2), response.read(2), response.read()] == [b"he", b"ll", b"o"]
            for _ in range(5):
                assert pool.request("HEAD", url).data == b""
            assert pool.request("GET", url + "/missing").status == 404
        """,
        serve(Handler).url,
    )


def test_requests(serve, run):
    run(
        """
        import pickle, sys, requests, http.client, http.cookiejar
        assert http.client.__name__ == "nethttp.client"
        url = sys.argv[1]
        with requests.Session() as session:
            response = session.get(url + "/moved")
            assert (response.text, response.reason, len(response.history)) == ("hello", "OK", 1)
            session.get(url + "/cookie")
            assert session.get(url + "/cookies").text == "id=7"
            assert session.cookies["id"] == "7"
            assert requests.get(url + "/cookies", cookies={"a": "b"}).text == "a=b"
            assert isinstance(session.cookies, http.cookiejar.CookieJar)
            assert pickle.loads(pickle.dumps(session)).cookies["id"] == "7"
            assert session.post(url, json={"a": [1, 2]}).json() == {"a": [1, 2]}
            assert session.post(url, files={"f": b"file"}).status_code == 200
            assert session.put(url, data=iter([b"ab", b"c"])).content == b"abc"
            with session.get(url + "/chunks", stream=True) as response:
                assert b"".join(response.iter_content(4)) == b"one two three"
            assert not session.get(url + "/missing").ok
            response = session.get(url, headers={"X": "y"}, auth=("a", "b"))
            assert response.elapsed and response.headers["content-length"] == "5"
        """,
        serve(Handler).url,
    )


def test_requests_behind_a_server_of_the_stdlibs_name(run):
    run(
        """
        import threading, requests
        from http.server import ThreadingHTTPServer, SimpleHTTPRequestHandler
        assert ThreadingHTTPServer.__module__ == "http.server"
        class Quiet(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *args): pass
        with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            with requests.Session() as session:
                for _ in range(3):
                    response = session.get(f"http://127.0.0.1:{server.server_port}/")
                    assert "Directory listing for /" in response.text
            server.shutdown()
            thread.join()
        """
    )


def test_an_xml_rpc_round_trip(run):
    run(
        """
        import threading, http.client, http.server
        from xmlrpc.client import ServerProxy, Fault, Binary
        from xmlrpc.server import SimpleXMLRPCServer, SimpleXMLRPCRequestHandler
        assert issubclass(SimpleXMLRPCRequestHandler, http.server.BaseHTTPRequestHandler)
        assert http.server.__name__ == "nethttp.server"
        with SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
            server.register_function(pow)
            server.register_function(lambda data: Binary(data.data * 2), "twice")
            server.register_introspection_functions()
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            with ServerProxy(f"http://127.0.0.1:{server.server_address[1]}/") as proxy:
                assert proxy.pow(2, 5) == 32
                assert "pow" in proxy.system.listMethods()
                assert proxy.twice(Binary(b"x" * 100_000)).data == b"x" * 200_000
                try:
                    proxy.nothing()
                except Fault as fault:
                    assert "nothing" in fault.faultString
                else:
                    raise AssertionError("no fault")
            server.shutdown()
            thread.join()
        """
    )


@pytest.fixture
def index(tmp_path, serve):
    """Serve a package index with one package, and return its URL."""
    wheel = tmp_path / "index" / "tiny" / "tiny-1.0-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "value = 1\n")
        archive.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    link = f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>'
    (wheel.parent / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")

    class Index(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path / "index")

        def log_message(self, format, *args):
            pass

    return serve(Index).url


def test_pip_download(index, tmp_path):
    target = tmp_path / "downloaded"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "nethttp.compat", "-m", "pip", "download", "tiny"),
            *("--isolated", "--disable-pip-version-check", "--no-cache-dir", "--no-deps"),
            *("--index-url", index, "--dest", str(target)),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in target.iterdir()] == ["tiny-1.0-py3-none-any.whl"]


def test_wsgiref(run):
    run(
        """
        import threading, urllib.request
        from wsgiref.simple_server import make_server, demo_app, WSGIRequestHandler
        from wsgiref.validate import validator
        class Quiet(WSGIRequestHandler):
            def log_message(self, *args): pass
        with make_server("127.0.0.1", 0, validator(demo_app), handler_class=Quiet) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{server.server_port}/path?query"
            with urllib.request.urlopen(url) as response:
                text = response.read().decode()
            assert text.startswith("Hello world!") and "QUERY_STRING = 'query'" in text
            server.shutdown()
            thread.join()
        """
    )


def test_the_development_server_of_flask(run):
    run(
        """
        import http.client, http.server, threading
        from flask import Flask, redirect, request
        from werkzeug.serving import WSGIRequestHandler, make_server
        assert issubclass(WSGIRequestHandler, http.server.BaseHTTPRequestHandler)
        assert http.server.__name__ == "nethttp.server"
        WSGIRequestHandler.protocol_version = "HTTP/1.1"
        app = Flask(__name__)

        @app.route("/", methods=["GET", "POST"])
        def echo():
            return request.get_data() or "hello"

        @app.route("/moved")
        def moved():
            return redirect("/")

        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with http.client.HTTPConnection("127.0.0.1", server.port, timeout=10) as connection:
            for method, path, body, status, answer in (
                ("GET", "/", None, 200, b"hello"),
                ("POST", "/", b"x" * 100_000, 200, b"x" * 100_000),
                ("POST", "/", iter([b"in ", b"chunks"]), 200, b"in chunks"),
                ("HEAD", "/", None, 200, b""),
                ("GET", "/moved", None, 302, None),
                ("GET", "/nothing", None, 404, None),
                ("GET", "/", None, 200, b"hello"),
            ):
                connection.request(method, path, body)
                response = connection.getresponse()
                read = response.read()
                assert response.status == status, response.status
                assert answer is None or read == answer
        server.shutdown()
        thread.join()
        server.server_close()
        """
    )

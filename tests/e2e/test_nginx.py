"""The client against nginx."""

from __future__ import annotations

import gzip
import socket
import subprocess
import time
from contextlib import closing

import pytest

from nethttp.client import HTTPConnection, RemoteDisconnected

CONFIG = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; keepalive_timeout {keepalive}; keepalive_requests 100;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  gzip on; gzip_types text/plain; gzip_min_length 10;
  types {{ text/plain txt; }}
  server {{
    listen 127.0.0.1:{port}; root {dir}/site;
    location /chunked/ {{ proxy_pass http://127.0.0.1:{port}/plain/; proxy_http_version 1.1;
      proxy_buffering off; gzip on; gzip_comp_level 1; }}
    location /empty {{ return 204; }}
    location /error {{ return 503 "busy"; }}
  }}
}}
"""

TEXT = "some text to send, more than once. " * 2000


@pytest.fixture
def nginx(program, tmp_path):
    """Return a function that starts nginx and gives its port."""
    path = program("nginx")
    running = []

    def start(keepalive: int = 60) -> int:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        site = tmp_path / "site"
        (site / "plain").mkdir(parents=True)
        (site / "text.txt").write_text(TEXT)
        (site / "plain" / "text.txt").write_text(TEXT)
        config = tmp_path / "nginx.conf"
        config.write_text(CONFIG.format(dir=tmp_path, port=port, keepalive=keepalive))
        process = subprocess.Popen(
            [path, "-c", str(config), "-e", str(tmp_path / "error.log")],
            stderr=subprocess.PIPE,
        )
        running.append(process)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return port
            except ConnectionRefusedError:
                assert process.poll() is None, process.stderr.read()
        raise AssertionError("nginx did not begin to listen")

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def connection(nginx):
    with HTTPConnection("127.0.0.1", nginx(), timeout=10) as connection:
        yield connection


def ask(connection, method="GET", path="/text.txt", **headers):
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=fields)
    response = connection.getresponse()
    response.body = response.read()
    return response


def test_keep_alive(connection):
    for _ in range(5):
        assert ask(connection).body.decode() == TEXT
        first = connection.sock
    assert connection.sock is first


def test_chunked_and_gzip_as_it_is(connection):
    response = ask(connection, path="/text.txt", Accept_Encoding="gzip")
    assert response.chunked
    assert response.getheader("content-encoding") == "gzip"
    assert gzip.decompress(response.body).decode() == TEXT
    response = ask(connection, path="/chunked/text.txt", Accept_Encoding="gzip")
    assert gzip.decompress(response.body).decode() == TEXT
    assert ask(connection).body.decode() == TEXT


def test_head_and_statuses_without_content(connection):
    response = ask(connection, "HEAD")
    assert (response.body, response.getheader("content-length")) == (b"", str(len(TEXT)))
    etag = response.getheader("etag")
    assert ask(connection, If_None_Match=etag).status == 304
    assert ask(connection, path="/empty").status == 204
    assert ask(connection, path="/error").body == b"busy"
    assert ask(connection, path="/nothing").status == 404
    assert ask(connection, Range="bytes=5-9").body == TEXT[5:10].encode()
    assert ask(connection).body.decode() == TEXT


def test_an_upload_in_chunks_is_refused_and_the_connection_lives(connection):
    connection.request("POST", "/text.txt", iter([b"ab", b"c"]))
    response = connection.getresponse()
    assert response.status == 405
    response.read()
    assert ask(connection).status == 200


def test_a_connection_that_the_server_closed_while_idle(nginx):
    with HTTPConnection("127.0.0.1", nginx(keepalive=1), timeout=10) as connection:
        assert ask(connection).status == 200
        # The end of the connection is an event of the socket: nothing is slept through.
        assert connection.sock.recv(1, socket.MSG_PEEK) == b""
        with pytest.raises((RemoteDisconnected, ConnectionError)):
            ask(connection)
        assert ask(connection).body.decode() == TEXT

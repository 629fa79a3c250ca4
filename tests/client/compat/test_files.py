"""Files of a form that the facade of httpx sends to a real server."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import nethttp.client.compat as httpx


class Echo(BaseHTTPRequestHandler):
    """A server that sends the body of a request back."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "given", [lambda: b"abc", lambda: ("n.txt", b"abc"), lambda: io.BytesIO(b"abc")]
)
@pytest.mark.parametrize("data", [None, {"k": "v"}])
def test_a_client_and_the_functions_send_files(url, given, data):
    with httpx.Client() as client:
        answers = [
            client.post(url, data=data, files={"f": given()}),
            httpx.post(url, data=data, files={"f": given()}),
        ]
    for answer in answers:
        assert b'name="f"' in answer.content
        assert b"\r\n\r\nabc\r\n" in answer.content
        assert (b'name="k"' in answer.content) == (data is not None)

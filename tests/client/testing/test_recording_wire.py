"""Responses of a real server are recorded, however they are cut into segments."""

from __future__ import annotations

import asyncio
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nethttp.client import AsyncClient, Client
from nethttp.client.testing.har import read_har
from nethttp.client.testing.recording import recorded_once

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
LENGTH = OK + b"Content-Length: 2\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(segments: list[bytes]) -> Iterator[str]:
    """Yield the URL of a server that reads a request, and sends `segments`."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while (line := self.rfile.readline().lower()) not in (b"\r\n", b""):
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
            self.rfile.read(length)
            for segment in segments:
                self.wfile.write(segment)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = False

    with Server(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("segments", "content"),
    [
        ([LENGTH + b"hi"], "hi"),
        ([LENGTH, b"h", b"i"], "hi"),
        ([CHUNKED + b"2\r\nhi\r\n0\r\n\r\n"], "hi"),
        ([CHUNKED, b"2\r\nhi\r\n", b"0\r\n\r\n"], "hi"),
        ([OK + b"Content-Length: 0\r\n\r\n"], ""),
    ],
)
def test_each_response_is_recorded(tmp_path, method, kind, segments, content):
    path = tmp_path / "calls.har"
    body = b"x" if method == "POST" else None

    async def call() -> str:
        async with AsyncClient(transport=recorded_once(path)) as client:
            return (await client.request(method, url, content=body)).text

    with answering(segments) as url:
        if kind is AsyncClient:
            assert asyncio.run(call()) == content
        else:
            with Client(transport=recorded_once(path)) as client:
                assert client.request(method, url, content=body).text == content
    [entry] = read_har(path)
    assert entry["response"]["status"] == 200
    assert entry["response"]["content"].get("text", "") == content

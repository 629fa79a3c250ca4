"""Programs that look deep into responses, unchanged, with nethttp in the place of http.*."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

CLOSE = b"Connection: close\r\n"


@contextmanager
def served_by(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run `answer` on each connection in turn, and give the server's URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listening.accept()
                except OSError:
                    return
                with peer:
                    answer(peer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def read_head(peer: socket.socket) -> bytes:
    """Return what came up to the end of a request's head, or of the connection."""
    head = b""
    while b"\r\n\r\n" not in head and (piece := peer.recv(1)):
        head += piece
    return head


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a program's text under compat, with arguments."""

    def run(text: str, *arguments: str) -> str:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text))
        done = subprocess.run(
            [sys.executable, "-m", "nethttp.compat", str(program), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


UPLOAD = """
import http.client, sys
import boto3, botocore.config, botocore.exceptions
assert http.client.__name__ == "nethttp.client"
assert http.client.HTTPResponse.__module__ == "http.client"
with open("body", "wb") as file:
    file.write(b"x" * 1_000_000)
config = botocore.config.Config(
    retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=10,
    s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
)
s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", config=config,
                  aws_access_key_id="a", aws_secret_access_key="b")
with open("body", "rb") as body:
    try:
        print(s3.put_object(Bucket="bucket", Key="key", Body=body)["ETag"])
    except botocore.exceptions.ClientError as error:
        print(error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
"""


@pytest.mark.parametrize("status", [200, 403, 412, 503])
def test_boto3_takes_an_answer_that_comes_before_the_body_was_sent(run, status):
    xml = b"" if status == 200 else b"<Error><Code>Early</Code><Message>no</Message></Error>"

    def answer(peer: socket.socket) -> None:
        head = read_head(peer)
        assert b"Expect: 100-continue" in head
        length = b"Content-Length: %d\r\n" % len(xml)
        peer.sendall(
            b'HTTP/1.1 %d Early\r\nETag: "7"\r\n' % status + CLOSE + length + b"\r\n" + xml
        )

    with served_by(answer) as url:
        said = run(UPLOAD, url).strip()
    assert said == ('"7"' if status == 200 else f"Early {status}")


def test_boto3_sends_the_body_when_it_is_told_to_continue(run):
    received = []

    def answer(peer: socket.socket) -> None:
        head = read_head(peer)
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        count = 0
        while count < length and (piece := peer.recv(65536)):
            count += len(piece)
        received.append(count)
        peer.sendall(b'HTTP/1.1 200 OK\r\nETag: "8"\r\nContent-Length: 0\r\n' + CLOSE + b"\r\n")

    with served_by(answer) as url:
        assert run(UPLOAD, url).strip() == '"8"'
    assert received == [1_000_000]


def answer_chunks(peer: socket.socket) -> None:
    """Answer each request of a connection in chunks."""
    while read_head(peer):
        peer.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"
        )


def test_vcrpy_records_and_replays(run):
    program = """
        import http.client, sys, urllib.request
        import requests, vcr
        assert http.client.__name__ == "nethttp.client"
        url = sys.argv[1]
        with vcr.use_cassette("cassette.yaml", record_mode=sys.argv[2]) as cassette:
            with urllib.request.urlopen(url + "/urllib") as response:
                assert (response.status, response.read()) == (200, b"hello world")
                assert response.headers["Content-Type"] == "text/plain"
            with requests.Session() as session:
                response = session.get(url + "/requests")
                assert (response.status_code, response.text) == (200, "hello world")
            print(cassette.play_count)
        """
    with served_by(answer_chunks) as url:
        assert run(program, url, "once").strip() == "0"
    # The server is gone: all comes from the cassette.
    assert run(program, url, "none").strip() == "2"


def test_responses_answers_for_requests(run):
    run(
        """
        import http.client
        import requests, responses
        assert http.client.__name__ == "nethttp.client"

        @responses.activate
        def ask():
            responses.get("http://example.com/", body=b"hello", headers={"X": "y"})
            responses.post("http://example.com/", json={"a": 1}, status=201)
            responses.get("http://example.com/cookie", headers={"Set-Cookie": "a=b"})
            with requests.Session() as session:
                response = session.get("http://example.com/", stream=True)
                assert response.raw.read(2) == b"he" and response.raw.read() == b"llo"
                assert response.headers["X"] == "y"
                assert session.post("http://example.com/").json() == {"a": 1}
                session.get("http://example.com/cookie")
                assert session.cookies["a"] == "b"

        ask()
        """
    )


def test_a_listener_of_shoutcast_hears_the_music(run):
    def answer(peer: socket.socket) -> None:
        read_head(peer)
        peer.sendall(b"ICY 200 OK\r\nicy-name: radio\r\nicy-metaint:4\r\n\r\nmusic")

    with served_by(answer) as url:
        said = run(
            """
            import http.client, io, sys, urllib.request

            class InterimResponse:
                def __init__(self, response, line):
                    self.fp = io.BytesIO(line)
                    self.debuglevel = response.debuglevel
                    self._close_conn = response._close_conn

            def nice_to_icy(self):
                line = self.fp.readline().replace(b"ICY 200 OK\\r\\n", b"HTTP/1.0 200 OK\\r\\n")
                return original(InterimResponse(self, line))

            original = http.client.HTTPResponse._read_status
            http.client.HTTPResponse._read_status = nice_to_icy
            with urllib.request.urlopen(sys.argv[1]) as response:
                print(response.headers["icy-name"], response.headers["icy-metaint"])
                print(response.read(4).decode(), response.read().decode())
            """,
            url,
        )
    assert said.split() == ["radio", "4", "musi", "c"]


def test_urllib3_warns_of_lines_that_are_no_fields(run):
    def answer(peer: socket.socket) -> None:
        while read_head(peer):
            peer.sendall(b"HTTP/1.1 200 OK\r\nBroken Header\r\nContent-Length: 2\r\n\r\nhi")

    with served_by(answer) as url:
        said = run(
            """
            import logging, sys, urllib3
            logging.basicConfig(stream=sys.stdout, level=logging.WARNING)
            with urllib3.PoolManager() as pool:
                print(pool.request("GET", sys.argv[1]).data)
            """,
            url,
        )
    assert "Failed to parse headers" in said
    assert "Broken Header" in said
    assert "b'hi'" in said

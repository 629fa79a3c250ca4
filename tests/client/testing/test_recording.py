"""What a client exchanges is recorded in a HAR file, and replayed from it."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import stat

import pytest

from nethttp.client import AsyncClient, Client
from nethttp.client.testing.har import read_har, write_har
from nethttp.client.testing.network import Read, ScriptedNetwork, Write, inf
from nethttp.client.testing.recording import RecordingTransport, recorded_once
from nethttp.client.testing.redaction import Redaction
from nethttp.client.testing.replaying import NotRecorded, ReplayingTransport
from nethttp.client.testing.wsgi import WSGITransport
from nethttp.errors import ReadError

BASE = "http://api.test/"
calls: list[str] = []


def app(environ, start_response):
    """Answer in many ways, and count."""
    path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
    calls.append(path)
    fields = [
        ("Content-Type", "text/plain; charset=iso-8859-1"),
        ("Set-Cookie", "s=secret; Path=/"),
    ]
    content = f"é {len(calls)}".encode("latin-1")
    if path == "/gzip":
        fields[0] = ("Content-Type", "application/json")
        fields.append(("Content-Encoding", "gzip"))
        content = gzip.compress(b'{"token": "secret", "n": 1}')
    elif path == "/binary":
        fields, content = [], bytes(range(256))
    elif path == "/echo":
        content = b"got " + body
    elif path == "/fails":
        start_response("200 OK", [("Content-Length", "100")])
        return [b"short"]
    start_response("201 Made", fields)
    return [content]


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.har"


def recording(path, **options) -> Client:
    return Client(transport=RecordingTransport(WSGITransport(app), path, **options), base_url=BASE)


def replaying(path, **options) -> Client:
    return Client(transport=ReplayingTransport(read_har(path), **options), base_url=BASE)


def test_what_is_recorded_is_replayed(path):
    with recording(path) as client:
        first = [client.get(name) for name in ("a", "gzip", "binary")]
        first.append(client.head("a"))
    asked = len(calls)
    with replaying(path) as client:
        again = [client.get(name) for name in ("a", "gzip", "binary")]
        again.append(client.head("a"))
    assert len(calls) == asked
    assert [r.status_code for r in again] == [r.status_code for r in first] == [201] * 4
    assert [r.reason for r in again] == ["Made"] * 4
    assert [r.text for r in again[::2]] == [r.text for r in first[::2]]
    assert again[0].text == "é 1"
    assert again[1].json() == {"token": "REDACTED", "n": 1}
    assert again[2].content == bytes(range(256))
    assert again[3].content == b""


def test_the_file_is_har_with_no_secret_and_for_its_owner_alone(path):
    with recording(path, redaction=Redaction(fields=["X-Mine"], names=["mine"])) as client:
        client.post(
            "a?mine=secret&page=1",
            json={"password": "secret"},
            headers={"Authorization": "Bearer secret", "X-Mine": "secret"},
        )
        client.get("gzip")
    assert "secret" not in path.read_text()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    log = json.loads(path.read_text())["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "nethttp")
    entry = log["entries"][0]
    assert entry["request"]["url"] == "http://api.test/a?mine=REDACTED&page=1"
    assert {"name": "page", "value": "1"} in entry["request"]["queryString"]
    assert entry["request"]["postData"] == {
        "mimeType": "application/json",
        "text": '{"password": "REDACTED"}',
    }
    assert {"name": "Host", "value": "api.test"} in entry["request"]["headers"]
    response = entry["response"]
    assert (response["status"], response["statusText"]) == (201, "Made")
    assert response["content"]["text"] == "é 1"
    assert entry["time"] > 0
    assert entry["timings"]["wait"] >= 0
    assert entry["startedDateTime"].endswith("+00:00")


def test_several_answers_to_one_request_are_given_in_their_order(path):
    with recording(path) as client:
        recorded = [client.get("a").text for _ in range(3)]
    with replaying(path) as client:
        assert [client.get("a").text for _ in range(5)] == [*recorded, *recorded[-1:] * 2]


def test_an_answer_to_the_same_body_comes_first(path):
    with recording(path) as client:
        for body in ("one", "two"):
            client.post("echo", content=body)
    with replaying(path) as client:
        assert client.post("echo", content="two").text == "got two"
        assert client.post("echo", content="three").text == "got one"


def test_what_was_not_recorded_is_an_error_that_names_what_was(path):
    with recording(path) as client:
        client.get("a")
    with replaying(path) as client:
        with pytest.raises(NotRecorded, match=r"got GET http://api.test/b; recorded are: GET .*/a"):
            client.get("b")
        with pytest.raises(NotRecorded):
            client.post("a")
    write_har(path, [])
    with replaying(path) as client, pytest.raises(NotRecorded, match="recorded are: none"):
        client.get("a")


def test_an_error_is_recorded_and_replayed(path):
    def raises(environ, start_response):
        raise ConnectionResetError("reset")

    transport = RecordingTransport(WSGITransport(raises), path)
    with Client(transport=transport, base_url=BASE) as client, pytest.raises(ConnectionResetError):
        client.get("a")
    with replaying(path) as client, pytest.raises(ReadError, match=r"recorded: .*reset"):
        client.get("a")


def test_a_response_that_breaks_off_is_recorded_as_far_as_it_came(path):
    with recording(path) as client, pytest.raises(Exception, match="Content-Length"):
        client.get("fails")
    (entry,) = read_har(path)
    assert entry["response"]["content"]["text"] == "short"
    assert "Content-Length" in entry["response"]["_error"]


def test_a_response_that_is_closed_early_is_recorded_as_far_as_it_was_read(path):
    with recording(path) as client, client.stream("GET", "a"):
        pass
    assert read_har(path)[0]["response"]["status"] == 201


def test_a_body_that_is_too_long_is_passed_on_and_not_kept(path):
    with recording(path, max_kept=3) as client:
        assert client.post("echo", content=iter([b"12", b"34"])).text == "got 1234"
    (entry,) = read_har(path)
    assert "postData" not in entry["request"]
    assert entry["request"]["bodySize"] == entry["response"]["bodySize"] == -1
    assert "too long" in entry["response"]["content"]["comment"]


def test_bodies_that_stream_are_recorded(path, tmp_path):
    (tmp_path / "file").write_bytes(b"file")

    async def main():
        async def pieces():
            yield b"piece"

        transport = RecordingTransport(WSGITransport(app), path)
        async with AsyncClient(transport=transport, base_url=BASE) as client:
            await client.post("echo", content=pieces())
            await client.post("echo", content=tmp_path / "file")

    asyncio.run(main())
    assert [entry["request"]["postData"]["text"] for entry in read_har(path)] == ["piece", "file"]


class SendsAgain:
    """A transport that finds its connection stale in the middle of each body."""

    def __init__(self, transport) -> None:
        self.transport = transport

    def send(self, request, *more):
        next(request.body.pieces())
        request.body.rewind()
        return self.transport.send(request, *more)

    def close(self) -> None:
        pass


def test_a_body_that_is_sent_again_is_recorded_once(path):
    transport = RecordingTransport(SendsAgain(WSGITransport(app)), path)
    with Client(transport=transport, base_url=BASE) as client:
        client.post("echo", content=[b"one ", b"two"])
    assert read_har(path)[0]["request"]["postData"]["text"] == "one two"


def test_recorded_once(path):
    def run() -> str:
        transport = recorded_once(path)(WSGITransport(app))
        with Client(transport=transport, base_url=BASE) as client:
            return client.get("a").text

    assert run() == run() == run()
    assert calls == ["/a"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"log": {}}', '{"log": {"entries": 3}}'])
def test_another_file_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(ValueError, match="expected"):
        read_har(path)


HEAD = b"HTTP/1.1 200 OK\r\n"
RESPONSES = {
    "with a length": HEAD + b"Content-Length: 2\r\n\r\nhi",
    "in chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "empty": HEAD + b"Content-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("response", RESPONSES)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_response_that_arrives_whole_is_recorded(path, kind, response):
    """The content of such a one is taken without a read, where nothing is around the connection."""
    network = ScriptedNetwork()

    def server(link):
        while (yield Read(link, inf)):
            yield Write(link, RESPONSES[response], inf)

    network.serve("a.example", 80, server)
    client = kind(network=network, transport=lambda usual: RecordingTransport(usual, path))

    def get() -> bytes:
        asked = client.get("http://a.example/")
        return (asked if kind is Client else asyncio.run(asked)).content

    assert [get(), get()] == [b"" if response == "empty" else b"hi"] * 2
    client.transport.close()
    found = [entry["response"]["content"].get("text", "") for entry in read_har(path)]
    assert found == ["" if response == "empty" else "hi"] * 2


def test_a_path_in_place_of_entries_is_refused(path):
    for given in (path, str(path)):
        with pytest.raises(TypeError, match=r"expected the entries that read_har returns, got the"):
            ReplayingTransport(given)

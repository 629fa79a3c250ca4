"""requests over nethttp: a session with the adapter does what one with urllib3 does."""

from __future__ import annotations

import gzip
import pickle

import pytest
import requests
import urllib3

from nethttp.client.compat.requests_adapter import NethttpAdapter

from ...flows import peer

__all__ = ["peer"]


@pytest.fixture
def session(peer):
    # It ends before the server, which waits for its connections to end.
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", NethttpAdapter())
        session.mount("https://", NethttpAdapter())
        yield session


def answering(*answers):
    """A server that sends these answers, one for each head."""
    heads = []

    def script(connection):
        with connection.makefile("rb") as lines:
            while head := lines.readline():
                while (line := lines.readline()) not in (b"\r\n", b""):
                    head += line
                heads.append(head)
                connection.sendall(answers[len(heads) - 1])

    script.heads = heads
    return script


OK = b"HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nX-Two: 1\r\nX-Two: 2\r\n\r\nok"


def test_a_response_is_what_requests_makes_of_it(session, peer):
    script = answering(OK, OK)
    url = f"http://127.0.0.1:{peer(script).port}/x%2Fy?b=c"
    response = session.get(url, headers={"X-Mine": "1"})
    assert (response.status_code, response.reason, response.text) == (200, "Fine", "ok")
    assert response.headers["x-two"] == "1, 2"
    assert response.cookies["a"] == session.cookies["a"] == "1"
    assert script.heads[0].startswith(b"GET /x%2Fy?b=c HTTP/1.1\r\n")
    assert b"X-Mine: 1\r\n" in script.heads[0]
    # The second request uses the connection again, and has the cookie.
    session.get(url)
    assert b"Cookie: a=1\r\n" in script.heads[1]


def test_content_is_decoded_and_streamed(session, peer):
    body = gzip.compress(b"text " * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    script = answering(head + body, head + body)
    url = f"http://127.0.0.1:{peer(script).port}/"
    assert session.get(url).content == b"text " * 1000
    with session.get(url, stream=True) as response:
        assert b"".join(response.iter_content(7)) == b"text " * 1000


def test_redirects_are_followed_by_requests(session, peer):
    moved = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"
    script = answering(moved, OK)
    response = session.get(f"http://127.0.0.1:{peer(script).port}/")
    assert [each.status_code for each in response.history] == [302]
    assert script.heads[1].startswith(b"GET /next ")


def test_pieces_without_a_size_are_given_as_received(session, peer):
    at = peer(answering(OK))
    response = session.get(f"http://127.0.0.1:{at.port}/", stream=True)
    assert b"".join(response.iter_content(chunk_size=None)) == b"ok"


@pytest.mark.parametrize("timeout", [3, {"connect": 1, "read": 2}, {"total": 4, "read": 9}])
def test_a_timeout_of_urllib3_is_taken(session, peer, timeout):
    given = urllib3.Timeout(**timeout) if isinstance(timeout, dict) else urllib3.Timeout(timeout)
    at = peer(answering(OK))
    assert session.get(f"http://127.0.0.1:{at.port}/", timeout=given).text == "ok"


def test_a_malformed_status_line_is_a_connection_error(session, peer):
    at = peer(answering(b"nonsense\r\n\r\n"))
    with pytest.raises(requests.ConnectionError):
        session.get(f"http://127.0.0.1:{at.port}/")


def test_a_cut_response_is_an_error(session, peer):
    at = peer(
        lambda c: c.recv(1000) and c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
    )
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"http://127.0.0.1:{at.port}/")


def test_errors_are_those_of_requests(session, peer):
    with pytest.raises(requests.ConnectionError):
        session.get("http://127.0.0.1:1/")
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("http://a.example/", proxies={"http": "http://127.0.0.1:1"})
    silent = peer(lambda connection: connection.recv(1000) and connection.recv(1))
    with pytest.raises(requests.ReadTimeout):
        session.get(f"http://127.0.0.1:{silent.port}/", timeout=0.05)
    for wrong in ((1, 2, 3), "soon"):
        with pytest.raises(ValueError, match="timeout"):
            session.get("http://127.0.0.1:1/", timeout=wrong)


def test_a_response_that_is_not_read_gives_its_connection_up(session, peer):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nstart"
    at = peer(lambda connection: connection.recv(1000) and connection.sendall(head))
    adapter = session.get_adapter("http://a/")
    with session.get(f"http://127.0.0.1:{at.port}/", stream=True):
        [transport] = adapter._transports.values()
        assert transport.pool.counts().held == 1
    assert transport.pool.counts().held == 0


def test_settings_have_connections_of_their_own(session):
    adapter = NethttpAdapter()
    one, other = adapter._transport(True, None, None), adapter._transport(False, None, None)
    assert one is adapter._transport(True, None, None)
    assert one is not other
    adapter.close()
    assert adapter._transports == {}


def test_a_session_can_be_pickled(session):
    again = pickle.loads(pickle.dumps(session))
    assert isinstance(again.get_adapter("https://a/"), NethttpAdapter)

"""Repr-Digest and Content-Digest of files: RFC 9530."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import socket
import threading

import pytest

from nethttp.server.files import digests
from nethttp.server.files.stored import MAX_IN_MEMORY

from .shares import Client, handler_of, share

SMALL, LARGE = b"small", b"0123456789abcdef" * (MAX_IN_MEMORY // 8)


def value(content: bytes, name: str = "sha-256") -> str:
    digest = hashlib.new(name.replace("-", ""), content).digest()
    return f"{name}=:{base64.b64encode(digest).decode()}:"


@pytest.fixture
def filled(root):
    (root / "small").write_bytes(SMALL)
    (root / "large").write_bytes(LARGE)
    os.utime(root / "large", (1000, 1000))
    return root


@pytest.mark.parametrize("rules", [("/ * r",), ("/ * rwd",), ("/ * r", "/x * -")])
@pytest.mark.parametrize(("path", "content"), [("/small", SMALL), ("/large", LARGE)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_wish_is_granted_once_and_for_one_request(shared, filled, rules, path, content, method):
    client = shared(*rules)
    for _ in range(3):
        plain = client.ask(method, path)
        assert "Repr-Digest" not in plain.headers
        response = client.ask(method, path, Want_Repr_Digest="sha-256=5")
        assert (response.status, response.body) == (200, plain.body)
        assert response.headers["Repr-Digest"] == value(content)
        assert "Content-Digest" not in response.headers
        for name in ("ETag", "Cache-Control", "Content-Length", "Content-Type"):
            assert response.headers[name] == plain.headers[name]
    assert "Repr-Digest" not in client.ask("PUT", path, b"x", If_None_Match="*").headers


def test_the_digest_of_the_content_is_that_of_the_whole_only(shared, filled):
    client = shared("/ * r")
    both = {"Want_Repr_Digest": "sha-512=1", "Want_Content_Digest": "sha-256=1"}
    response = client.ask("GET", "/large", **both)
    assert response.headers["Content-Digest"] == value(LARGE)
    assert response.headers["Repr-Digest"] == value(LARGE, "sha-512")
    for method, fields, status in (
        ("HEAD", {}, 200),
        ("GET", {"Range": "bytes=5-9"}, 206),
        ("GET", {"Range": "bytes=5-9,20-"}, 206),
    ):
        response = client.ask(method, "/large", **both, **fields)
        assert response.status == status
        assert "Content-Digest" not in response.headers
        assert response.headers["Repr-Digest"] == value(LARGE, "sha-512")
        assert response.body.count(b"Repr-Digest") == 0


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/large", {"Range": "bytes=999999999-"}, 416),
        ("/large", {"If-Match": '"x"'}, 412),
        ("/nothing", {}, 404),
        ("/", {}, 200),
    ],
)
def test_other_responses_have_none(shared, filled, path, fields, status):
    response = shared("/ * r").ask("GET", path, Want_Repr_Digest="sha-256=1", **fields)
    assert response.status == status
    assert "Repr-Digest" not in response.headers


def test_a_file_that_has_not_changed_is_not_read(shared, filled, monkeypatch):
    client = shared("/ * r")
    tag = client.ask("HEAD", "/large").headers["ETag"]
    monkeypatch.setattr(digests, "digest_of", None)
    wish = {"Want_Repr_Digest": "sha-256=1", "If_None_Match": tag}
    assert client.status("GET", "/large", **wish) == 304


def test_the_digest_is_that_of_the_coding_that_is_sent(serve, filled):
    (filled / "a.txt").write_bytes(SMALL * 1000)
    client = Client(serve(handler_of(share(filled, "/ * r"), compress=True)).port)
    wish = {"Want_Repr_Digest": "sha-256=1", "Want_Content_Digest": "sha-256=1"}
    response = client.ask("GET", "/a.txt", Accept_Encoding="gzip", **wish)
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.body) == SMALL * 1000
    assert response.headers["Repr-Digest"] == value(response.body)
    assert response.headers["Content-Digest"] == value(response.body)
    client.close()


def test_one_who_may_not_read_gets_no_digest(shared, filled):
    client = shared("/ * -", "/x * r")
    for method in ("GET", "HEAD"):
        response = client.ask(method, "/large", Want_Repr_Digest="sha-256=1")
        assert response.status == 403
        assert "Repr-Digest" not in response.headers


def test_a_wish_never_refuses_a_file(shared, filled, monkeypatch):
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(digests, "_TURNS", turns)
    digests._KNOWN.cache_clear()
    client = shared("/ * r")
    with turns:
        response = client.ask("GET", "/large", Want_Repr_Digest="sha-256=1")
    assert (response.status, response.body) == (200, LARGE)
    assert "Repr-Digest" not in response.headers


@pytest.mark.parametrize("target", [b"/huge", b"/huge?hash"])
def test_a_client_that_goes_ends_the_work(shared, filled, monkeypatch, capfd, target):
    with open(filled / "huge", "wb") as file:
        file.truncate(1 << 39)
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(digests, "_TURNS", turns)
    begun = threading.Event()
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda *given: begun.set() or real(*given))
    with socket.create_connection(("127.0.0.1", shared("/ * r").port)) as connection:
        connection.sendall(
            b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nWant-Repr-Digest: sha-256=1\r\n\r\n" % target
        )
        assert begun.wait(20)
    assert turns.acquire(timeout=20)
    turns.release()
    assert "Traceback" not in capfd.readouterr().err

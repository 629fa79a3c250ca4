"""`FolderHandler` over HTTP."""

from __future__ import annotations

from functools import partial

import pytest

from nethttp.server.files.folder import FolderHandler

from .shares import ByName, Client, QuietHandler, handler_of, share


class Quiet(FolderHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


@pytest.fixture(params=["plain", "shared"])
def client(request, serve, tmp_path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "README").write_text("read this")
    if request.param == "plain":
        handler = partial(Quiet, directory=root)
    else:
        handler = handler_of(share(root, "/ * rw"))
    client = Client(serve(handler).port)
    yield client
    client.close()


def test_a_directory_is_a_page(client):
    answer = client.ask("GET", "/?sort=size")
    assert answer.status == 200
    assert b'href="a.txt"' in answer.body
    assert b"read this" in answer.body
    assert answer.getheader("content-security-policy").startswith("default-src 'none'")
    assert answer.getheader("cache-control") == "no-cache"
    head = client.ask("HEAD", "/?sort=size")
    assert (head.status, head.body) == (200, b"")
    assert head.getheader("content-length") == str(len(answer.body))


def test_a_page_is_compressed(client):
    answer = client.ask("GET", "/", Accept_Encoding="gzip")
    assert answer.getheader("content-encoding") == "gzip"


def test_many_entries_are_sent_while_they_are_read(client, tmp_path):
    for i in range(1002):
        (tmp_path / "root" / "sub" / f"f{i}").touch()
    answer = client.ask("GET", "/sub/?page=3")
    assert answer.getheader("transfer-encoding") == "chunked"
    assert answer.body.count(b"<tr class=file") == 2
    assert client.ask("HEAD", "/sub/").status == 200
    assert client.status("GET", "/a.txt") == 200


def test_the_qr_code_has_the_url_of_the_page(client):
    pytest.importorskip("segno")
    answer = client.ask("GET", "/sub/?qr")
    assert answer.getheader("content-type") == "image/svg+xml"
    assert answer.body.startswith(b"<svg")
    assert client.status("GET", f"/{'a/../' * 300}sub/?qr") == 414


def test_errors_lead_back(client):
    answer = client.ask("GET", "/missing")
    assert answer.status == 404
    assert b'<a href="./">' in answer.body


def test_a_directory_that_cannot_be_read_is_an_error(client, monkeypatch):
    def broken(self, path):
        raise PermissionError
        yield

    monkeypatch.setattr(Quiet, "_read_entries", broken)
    monkeypatch.setattr(QuietHandler, "_read_entries", broken)
    assert client.status("GET", "/") == 404


def test_users_are_told_who_they_are_and_what_they_may(serve, tmp_path):
    (tmp_path / "root").mkdir()
    shared = share(tmp_path / "root", "/ * r", "/ ann rwd", accounts=ByName())
    client = Client(serve(handler_of(shared)).port)
    anyone, ann = client.ask("GET", "/").body, client.ask("GET", "/", Authorization="ann").body
    client.close()
    assert b'<a id=account href="?login"><bdi>Sign in</bdi></a>' in anyone
    assert b"Signed in as ann" in ann
    assert (b"?mkdir" in anyone.partition(b"<script")[0], b"?mkdir" in ann) == (False, True)

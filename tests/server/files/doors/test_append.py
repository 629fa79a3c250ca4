"""PATCH with ``X-Update-Range: append``, over a connection."""

from __future__ import annotations

import base64
import hashlib
import os

import pytest

from ..shares import Client, contents, handler_of, share

APPEND = {"X_Update_Range": "append"}


@pytest.fixture
def root(root):
    (root / "f").write_bytes(b"old")
    return root


@pytest.mark.parametrize("content", [b"new" * 300_000, [b"new", b"new"], b""])
def test_content_is_added(shared, root, content):
    os.chmod(root / "f", 0o640)
    added = content if isinstance(content, bytes) else b"".join(content)
    fields = APPEND if content else {**APPEND, "Content_Length": "0"}
    client = shared("/ * rwd")
    old = client.ask("GET", "/f").headers["ETag"]
    response = client.ask("PATCH", "/f", content, **fields)
    assert response.status == 204
    found = client.ask("GET", "/f")
    assert found.body == b"old" + added
    assert response.headers["ETag"] == found.headers["ETag"] != old
    assert os.stat(root / "f").st_mode & 0o777 == 0o640
    assert contents(root) == {"f": b"old" + added}


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/f", {"X_Update_Range": "bytes=0-1"}, 400),
        ("/f", {"X_Update_Range": ""}, 400),
        ("/f", {}, 400),
        ("/f", {**APPEND, "If_Match": '"x"'}, 412),
        ("/f", {**APPEND, "If_None_Match": "*"}, 412),
        ("/f", {**APPEND, "Content_Encoding": "gzip"}, 415),
        ("/f", {**APPEND, "Content_Digest": "sha-256=:AAAA:"}, 400),
        ("/f", {**APPEND, "X_OC_MTime": "x"}, 400),
        ("/f/", APPEND, 405),
        ("/nothing", APPEND, 404),
        ("/nothing/f", APPEND, 404),
        ("/dir", APPEND, 409),
        ("/link", APPEND, 404),
        ("/", APPEND, 405),
        ("/.hidden", APPEND, 404),
        ("/f", {**APPEND, "Origin": "http://evil.example"}, 403),
    ],
)
def test_what_is_refused_changes_nothing(shared, root, path, fields, status):
    (root / "dir").mkdir()
    (root / "link").symlink_to("f")
    (root / ".hidden").write_bytes(b"old")
    before = contents(root)
    assert shared("/ * rwd").status("PATCH", path, b"new", **fields) == status
    assert contents(root) == before


def test_it_is_checked_against_a_digest(shared, root):
    digest = base64.b64encode(hashlib.sha256(b"new").digest()).decode()
    fields = {**APPEND, "Content_Digest": f"sha-256=:{digest}:"}
    assert shared("/ * rwd").status("PATCH", "/f", b"new", **fields) == 204
    assert contents(root) == {"f": b"oldnew"}


@pytest.mark.parametrize("rights", ["r", "rw", "rd", "w", "-"])
def test_it_needs_the_rights_to_replace(shared, root, rights):
    client = shared(f"/ * {rights}")
    assert client.status("PATCH", "/f", b"new", **APPEND) == 403
    assert client.status("PATCH", "/nothing", b"new", **APPEND) == 403
    assert contents(root) == {"f": b"old"}


def test_a_file_is_not_longer_than_the_bound(shared, root):
    client = shared("/ * rwd", max_file=5)
    assert client.status("PATCH", "/f", b"new", **APPEND) == 413
    assert client.ask("PATCH", "/f", [b"n", b"ew"], **APPEND).status == 413
    assert client.status("PATCH", "/f", b"ne", **APPEND) == 204
    assert contents(root) == {"f": b"oldne"}


def begun(raw, length: int = 6) -> None:
    """Send the head of an append, and wait until its content is read."""
    raw.send(
        b"PATCH /f HTTP/1.1\r\nHost: localhost\r\nX-Update-Range: append\r\n"
        b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % length
    )
    assert raw.response()[0] == 100


def test_one_that_breaks_off_changes_nothing(root, serve, connect):
    server = serve(handler_of(share(root)))
    with connect(server.address) as raw:
        begun(raw)
        raw.send(b"new")
    client = Client(server.port)
    assert client.ask("GET", "/f").body == b"old"
    assert client.status("PATCH", "/f", b"er", **APPEND) == 204
    assert contents(root) == {"f": b"older"}
    client.close()


@pytest.mark.parametrize("change", ["append", "put", "delete", "in place"])
def test_nothing_that_changes_meanwhile_is_lost(root, serve, connect, change):
    server = serve(handler_of(share(root)))
    client = Client(server.port)
    with connect(server.address) as raw:
        begun(raw)
        if change == "append":
            assert client.status("PATCH", "/f", b"er", **APPEND) == 204
        elif change == "put":
            assert client.status("PUT", "/f", b"put") == 204
        elif change == "delete":
            assert client.status("DELETE", "/f") == 204
        else:
            with open(root / "f", "ab") as file:
                file.write(b" line")
        before = contents(root)
        raw.send(b"newnew")
        assert raw.response()[0] == 409
    assert contents(root) == before
    client.close()

"""``?zip`` and ``?tar`` of a directory, over a connection."""

from __future__ import annotations

import io
import os
import socket
import tarfile
import threading
import zipfile

import pytest

from nethttp.client import IncompleteRead, RemoteDisconnected
from nethttp.server.files.archives import members
from nethttp.server.files.doors import archive

from ..shares import ByName


def names_in(body: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(body)) as reader:
        assert reader.testzip() is None
        return reader.namelist()


@pytest.fixture
def filled(root):
    (root / "music" / "old").mkdir(parents=True)
    for path in ("music/a.mp3", "music/b\\c", "music/old/d", "e"):
        (root / path).write_bytes(path.encode())
    return root


def test_a_directory_in_one_directory_of_its_name(filled, shared):
    response = shared("/ * r").ask("GET", "/music/?zip")
    assert names_in(response.body) == [
        *("music/", "music/a.mp3", "music/b%5Cc", "music/old/", "music/old/d"),
    ]
    assert response.headers["Content-Length"] == str(len(response.body))
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Cache-Control"] == "no-store"
    assert 'attachment; filename="music.zip"' in response.headers["Content-Disposition"]


def test_a_tar(filled, shared):
    response = shared("/ * r").ask("GET", "/music?tar")
    assert response.headers["Content-Length"] == str(len(response.body))
    with tarfile.open(fileobj=io.BytesIO(response.body)) as reader:
        assert reader.extractfile("music/old/d").read() == b"music/old/d"


def test_the_root_and_a_selection(filled, shared):
    client = shared("/ * r")
    assert names_in(client.ask("GET", "/?zip").body)[0] == "e"
    assert names_in(client.ask("GET", "/music/?zip&name=old&name=a.mp3").body) == [
        *("a.mp3", "old/", "old/d"),
    ]
    assert client.status("GET", "/?zip&name=nothing") == 404
    assert client.status("GET", "/?zip&name=../x") == 404


def test_a_selection_of_many_names_and_of_one_that_is_not_utf_8(filled, shared):
    (filled / os.fsdecode(b"\xff")).write_bytes(b"")
    many = "".join(f"&name={number}" for number in range(5000))
    body = shared("/ * r").ask("GET", f"/?zip&name=%FF{many}&name=e").body
    assert names_in(body) == ["e", "%FF"]


def test_a_file_is_refused_and_so_is_one_without_rights(filled, shared):
    client = shared("/ * r", "/music * -", "/music ann r", accounts=ByName())
    assert client.status("GET", "/e?zip") == 400
    assert client.status("GET", "/music/?zip") == 401
    assert client.status("GET", "/music/?zip", Authorization="bob") == 403
    assert names_in(client.ask("GET", "/?zip").body) == ["e"]
    assert "music/old/d" in names_in(client.ask("GET", "/?zip", Authorization="ann").body)


@pytest.mark.parametrize("query", ["zip", "tar"])
def test_a_file_that_shrinks_meanwhile_cuts_the_connection(
    filled, shared, query, monkeypatch, capfd
):
    read = os.read

    def shrunk(descriptor, size):
        return b"" if size == len("music/old/d") else read(descriptor, size)

    client = shared("/ * r")
    monkeypatch.setattr(members.os, "read", shrunk)
    with pytest.raises((IncompleteRead, RemoteDisconnected)):
        client.ask("GET", f"/?{query}")
    client.close()
    assert client.status("GET", "/e") == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_client_that_goes_gives_its_turn_back(filled, shared, monkeypatch):
    with open(filled / "large", "wb") as file:
        file.truncate(1 << 30)
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(archive, "_TURNS", turns)
    client = shared("/ * r")
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        connection.sendall(b"GET /?zip HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert client.status("GET", "/?zip") == 503
    assert turns.acquire(timeout=10)
    turns.release()


def test_a_bounded_number_at_once(filled, shared, monkeypatch):
    monkeypatch.setattr(archive, "_TURNS", threading.BoundedSemaphore(1))
    client = shared("/ * r")
    assert client.status("GET", "/?zip") == 200
    assert client.status("GET", "/e?zip") == 400
    assert client.status("GET", "/?zip") == 200  # Each has given its turn back.
    with archive._TURNS:
        response = client.ask("GET", "/?zip")
    assert response.status == 503
    assert b"try again" in response.body

"""``?zip`` and ``?tar`` of a directory, over a connection."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tarfile
import threading
import zipfile

import pytest

from nethttp.client import IncompleteRead, RemoteDisconnected
from nethttp.server.files.archives import members
from nethttp.server.files.doors import archive

from ..shares import ByName, handler_of, share


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
    read = os.pread

    def shrunk(descriptor, size, start):
        return b"" if size == len("music/old/d") else read(descriptor, size, start)

    client = shared("/ * r")
    os.utime(filled / "music" / "old" / "d", (5, 5))  # Its end is not read.
    monkeypatch.setattr(members.os, "pread", shrunk)
    with pytest.raises((IncompleteRead, RemoteDisconnected)):
        client.ask("GET", f"/?{query}")
    client.close()
    assert client.status("GET", "/e") == 200
    assert "Traceback" not in capfd.readouterr().err


def test_hole_14_a_client_that_goes_gives_its_turn_back(filled, shared, monkeypatch):
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


def test_hole_14_a_bounded_number_at_once(filled, shared, monkeypatch):
    monkeypatch.setattr(archive, "_TURNS", threading.BoundedSemaphore(1))
    client = shared("/ * r")
    assert client.status("GET", "/?zip") == 200
    assert client.status("GET", "/e?zip") == 400
    assert client.status("GET", "/?zip") == 200  # Each has given its turn back.
    with archive._TURNS:
        response = client.ask("GET", "/?zip")
    assert response.status == 503
    assert response.headers["Retry-After"] == "10"
    assert b"try again" in response.body
    assert "Retry-After" not in client.ask("GET", "/nothing").headers


# --- a part of an archive ---


def ranged(client, query, start, last="", **fields):
    return client.ask("GET", f"/?{query}", Range=f"bytes={start}-{last}", **fields)


@pytest.mark.parametrize("query", ["zip", "tar"])
def test_head_has_the_fields_of_get_and_no_content(filled, shared, query):
    client = shared("/ * r")
    got, head = client.ask("GET", f"/?{query}"), client.ask("HEAD", f"/?{query}")
    assert head.status == 200
    assert head.body == b""
    for response in (got, head):
        del response.headers["Date"]
    assert head.headers.items() == got.headers.items()
    assert head.headers["Content-Length"] == str(len(got.body))
    assert head.headers["Accept-Ranges"] == "bytes"
    assert head.headers["ETag"].startswith('"')
    # RFC 9110 section 14.2: Range means something with GET alone.
    assert client.status("HEAD", f"/?{query}", Range="bytes=0-3") == 200


@pytest.mark.parametrize("query", ["zip", "tar"])
def test_a_part_is_that_of_the_whole(filled, shared, query):
    client = shared("/ * r")
    whole = client.ask("GET", f"/?{query}").body
    for start in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        for last in (start, start + 9, len(whole) - 1, ""):
            response = ranged(client, query, start, last)
            stop = len(whole) if last == "" else min(last + 1, len(whole))
            assert response.body == whole[start:stop]
            if (start, stop) == (0, len(whole)):
                assert response.status == 200
            else:
                assert response.status == 206
                expected = f"bytes {start}-{stop - 1}/{len(whole)}"
                assert response.headers["Content-Range"] == expected
                assert response.headers["Content-Length"] == str(stop - start)
    assert ranged(client, query, "", 5).body == whole[-5:]
    response = ranged(client, query, len(whole))
    assert response.status == 416
    assert response.headers["Content-Range"] == f"bytes */{len(whole)}"
    # Of several parts, and of what is no Range, all is sent.
    for value in ("bytes=0-1,5-6", "bytes=x", "lines=0-1"):
        assert client.ask("GET", f"/?{query}", Range=value).body == whole


@pytest.mark.parametrize("query", ["zip", "tar", "zip&name=music"])
def test_an_archive_has_another_tag_once_anything_in_it_has_changed(filled, shared, query):
    client = shared("/ * r", accounts=ByName())
    tag = client.ask("HEAD", f"/?{query}").headers["ETag"]
    assert client.ask("HEAD", f"/?{query}").headers["ETag"] == tag
    assert ranged(client, query, 5, If_Range=tag).status == 206
    assert ranged(client, query, 5, If_Match=tag).status == 206
    unchanged = client.ask("GET", f"/?{query}", If_None_Match=tag)
    assert unchanged.status == 304
    assert "Content-Length" not in unchanged.headers
    assert client.status("GET", f"/?{query}", If_None_Match='"other"') == 200
    assert ranged(client, query, 5, If_Range=f"W/{tag}").status == 200
    # No date says when an archive has changed.
    for date in ("Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 2060 00:00:00 GMT"):
        assert ranged(client, query, 5, If_Range=date).status == 200
    path = filled / "music" / "old" / "d"
    path.write_bytes(path.read_bytes()[::-1])
    whole = client.ask("GET", f"/?{query}")
    assert whole.headers["ETag"] != tag
    response = ranged(client, query, 5, If_Range=tag)
    assert (response.status, response.body) == (200, whole.body)
    assert ranged(client, query, 5, If_Match=tag).status == 412
    path.unlink()
    assert client.ask("HEAD", f"/?{query}").headers["ETag"] != whole.headers["ETag"]


def test_archives_of_other_forms_selections_and_users_have_other_tags(filled, shared):
    client = shared("/ * -", "/ ann r", "/ bob r", "/music bob -", accounts=ByName())
    tags = [
        client.ask("HEAD", path, Authorization=user).headers["ETag"]
        for path in ("/?zip", "/?tar", "/?zip&name=e", "/music/?zip")
        for user in ("ann", "bob")
        if (path, user) != ("/music/?zip", "bob")
    ]
    assert len(set(tags)) == len(tags) - 2  # "e" is one, and all that bob may read.


@pytest.mark.parametrize("query", ["zip", "tar"])
def test_curl_goes_on_with_a_download_that_broke_off(filled, shared, query, tmp_path):
    (filled / "large").write_bytes(os.urandom(3_000_000))
    client = shared("/ * r")
    whole = client.ask("GET", f"/?{query}").body
    url = f"http://127.0.0.1:{client.port}/?{query}"
    path = tmp_path / "archive"
    for size in (1, 1000, 2_000_000, len(whole) - 30):
        path.write_bytes(whole[:size])
        subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", path, url], check=True)
        assert path.read_bytes() == whole


def test_a_reader_that_is_too_slow_loses_its_turn(filled, root, serve, monkeypatch):
    with open(filled / "large", "wb") as file:
        file.truncate(1 << 28)
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(archive, "_TURNS", turns)
    slow = handler_of(share(root, "/ * r"))
    slow.min_body_rate, slow.body_grace = 10**12, 0.05
    with socket.create_connection(("127.0.0.1", serve(slow).port)) as connection:
        connection.sendall(b"GET /?zip HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert turns.acquire(timeout=20)
    turns.release()


def test_a_client_that_goes_while_files_before_its_part_are_read(filled, shared, monkeypatch):
    with open(filled / "e", "wb") as file:
        file.truncate(1 << 39)
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(archive, "_TURNS", turns)
    client = shared("/ * r")
    length = int(client.ask("HEAD", "/?zip&name=e").headers["Content-Length"])
    assert turns.acquire(timeout=20)  # The turn of HEAD ends after its response.
    turns.release()
    with socket.create_connection(("127.0.0.1", client.port)) as connection:
        # Among the last bytes is the checksum of half a terabyte.
        connection.sendall(
            b"GET /?zip&name=e HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Range: bytes=%d-\r\n\r\n" % (length - 180)
        )
        assert connection.recv(12) == b"HTTP/1.1 206"
    assert turns.acquire(timeout=20)
    turns.release()


@pytest.mark.parametrize("query", ["zip", "tar"])
def test_a_log_that_grows_is_in_an_archive_as_it_was(filled, shared, query, monkeypatch):
    client = shared("/ * r")
    (filled / "e").write_bytes(b"a line\n" * 100)
    found = archive._find

    def then_grown(*arguments):
        found(*arguments)
        with open(filled / "e", "ab") as log:
            log.write(b"one more\n")

    monkeypatch.setattr(archive, "_find", then_grown)
    body = client.ask("GET", f"/?{query}").body
    if query == "zip":
        assert "e" in names_in(body)
    else:
        with tarfile.open(fileobj=io.BytesIO(body)) as reader:
            assert reader.extractfile("e").read() == b"a line\n" * 100

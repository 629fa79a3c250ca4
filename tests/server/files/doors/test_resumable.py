"""Uploads in parts over HTTP: where they stopped they go on, whatever happened in between."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from nethttp.server.files.shared import SharedFolderHandler
from nethttp.server.files.unfinished import LIFE

from ..shares import ByName, Client, contents, handler_of, rule, share
from ..test_crashes import Served

PART = "application/partial-upload"


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def begin(client: Client, path: str = "/a", length: int = 6, content: bytes = b"", **fields: str):
    """Begin an upload, and return its path and query."""
    begun = client.ask(
        *("PUT", path, content), Upload_Complete="?0", Upload_Length=str(length), **fields
    )
    assert (begun.status, begun.body) == (201, b"")
    assert begun.getheader("Upload-Offset") == str(len(content))
    return path.partition("?")[0] + begun.getheader("Location")


def append(client: Client, url: str, offset: int, content: bytes, complete: bool, **fields: str):
    named = {"Content_Type": PART, "Upload_Offset": str(offset)} | fields
    return client.ask("PATCH", url, content, Upload_Complete=f"?{complete:d}", **named)


def offset(client: Client, url: str, **fields: str) -> int:
    return int(client.ask("HEAD", url, **fields).getheader("Upload-Offset"))


def seen(root) -> dict[str, bytes | str | None]:
    """Return what a directory has besides unfinished uploads."""
    return {name: it for name, it in contents(root).items() if ".nethttp-" not in name}


def test_an_upload_in_parts(shared, root):
    client = shared("/ * rwd", max_file=1000)
    url = begin(client, X_OC_Mtime="1700000000", content=b"ab")
    at = client.ask("HEAD", url)
    assert at.status == 204
    assert at.getheader("Upload-Complete") == "?0"
    assert at.getheader("Upload-Length") == "6"
    assert at.getheader("Upload-Limit") == f"max-age={LIFE}, max-size=1000"
    assert at.getheader("Cache-Control") == "no-store"
    part = append(client, url, 2, b"cd", False)
    assert (part.status, part.getheader("Upload-Offset")) == (204, "4")
    assert seen(root) == {}
    done = append(client, url, 4, b"ef", True)
    assert (done.status, done.getheader("Upload-Complete")) == (201, "?1")
    assert done.getheader("X-OC-MTime") == "accepted"
    assert done.getheader("ETag") == client.ask("GET", "/a").getheader("ETag")
    assert contents(root) == {"a": b"abcdef"}
    assert os.stat(root / "a").st_mtime == 1_700_000_000
    assert append(client, url, 6, b"", True).status == 404


def test_an_upload_that_is_whole_at_once_is_a_put(shared, root):
    assert shared().status("PUT", "/a", b"ab", Upload_Complete="?1") == 201
    assert contents(root) == {"a": b"ab"}


@pytest.mark.parametrize("content", [b"abc", b"abcdefg"])
def test_an_upload_that_is_whole_at_once_has_its_length_in_chunks_too(shared, root, content):
    begun = shared().ask("PUT", "/a", [content], Upload_Complete="?1", Upload_Length="6")
    assert begun.status == 400
    assert contents(root) == {}


def test_the_wrong_offset_is_answered_with_the_right_one(shared, root):
    client = shared()
    url = begin(client, content=b"abc")
    for wrong in (0, 2, 4, 10**14):
        refused = append(client, url, wrong, b"", False)
        assert (refused.status, refused.getheader("Upload-Offset")) == (409, "3")
        assert refused.getheader("Content-Type") == "application/problem+json"
        assert json.loads(refused.body)["expected-offset"] == 3
    assert append(client, url, 3, b"def", True).status == 201
    assert contents(root) == {"a": b"abcdef"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Upload_Complete": "1"}, 400),
        ({"Upload_Complete": "?0"}, 400),
        ({"Upload_Complete": "?0", "Upload_Length": "-1"}, 400),
        ({"Upload_Complete": "?0", "Upload_Length": "9" * 16}, 400),
        ({"Upload_Complete": "?0", "Upload_Length": "1", "Repr_Digest": "sha-256=x"}, 400),
        ({"Upload_Complete": "?0", "Upload_Length": "1", "X_OC_Mtime": "soon"}, 400),
        ({"Upload_Complete": "?1", "Upload_Length": "1"}, 400),
        ({"Upload_Complete": "?1", "Upload_Length": "-1"}, 400),
        ({"Upload_Complete": "?0", "Upload_Length": "1001"}, 413),
        ({"Upload_Complete": "?0", "Upload_Length": "1", "If_Match": '"x"'}, 412),
        ({"Upload_Complete": "?0", "Upload_Length": "1", "Content_Encoding": "gzip"}, 415),
        ({"Upload_Complete": "?0", "Upload_Length": "1", "Origin": "http://evil.example"}, 403),
        ({"Upload_Complete": "?0", "Upload_Length": "1", "Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
def test_what_is_refused_at_once(shared, root, fields, status):
    assert shared("/ * rwd", max_file=1000).status("PUT", "/a", **fields) == status
    assert contents(root) == {}


@pytest.mark.parametrize(
    ("fields", "content", "status"),
    [
        ({"Content_Type": "text/plain"}, b"d", 415),
        ({"Content_Encoding": "gzip"}, b"d", 415),
        ({"Upload_Offset": "x"}, b"d", 400),
        ({"Upload_Complete": "yes"}, b"d", 400),
        ({"Upload_Length": "7"}, b"d", 400),
        ({}, b"defg", 400),
        ({}, iter([b"de", b"fg"]), 400),
        ({"Upload_Complete": "?1"}, b"d", 400),
        ({"Content_Digest": digest(b"x")}, b"d", 400),
        ({"Repr_Digest": "x"}, b"d", 400),
        ({"Sec_Fetch_Site": "cross-site"}, b"d", 403),
        ({"Origin": "http://evil.example"}, b"d", 403),
    ],
)
def test_an_append_that_is_refused(shared, root, fields, content, status):
    client = shared()
    url = begin(client, content=b"abc")
    named = {"Content_Type": PART, "Upload_Offset": "3", "Upload_Complete": "?0"} | fields
    assert client.ask("PATCH", url, content, **named).status == status
    assert seen(root) == {}
    kept = offset(client, url)
    assert kept == (4 if fields == {"Upload_Complete": "?1"} else 3)
    assert append(client, url, kept, b"abcdef"[kept:], True).status == 201
    assert contents(root) == {"a": b"abcdef"}


def test_digests_of_a_part_and_of_the_whole(shared, root):
    client = shared()
    url = begin(client, Repr_Digest=digest(b"abcdef"))
    assert append(client, url, 0, b"abc", False, Content_Digest=digest(b"abc")).status == 204
    assert append(client, url, 3, b"dxx", False, Content_Digest=digest(b"def")).status == 400
    assert offset(client, url) == 3
    assert append(client, url, 3, b"def", True).status == 201
    wrong = begin(client, "/b", Repr_Digest=digest(b"abcdef"))
    assert append(client, wrong, 0, b"abcdeF", True).status == 400
    assert append(client, wrong, 6, b"", True).status == 404  # Never can it be right.
    last = begin(client, "/c")
    assert append(client, last, 0, b"abcdeF", True, Repr_Digest=digest(b"abcdef")).status == 400
    assert contents(root) == {"a": b"abcdef"}


def test_the_conditions_of_the_first_request_hold_at_the_end(shared, root):
    client = shared()
    url = begin(client, If_None_Match="*")
    (root / "a").write_bytes(b"theirs")
    assert append(client, url, 0, b"abcdef", True).status == 412
    assert contents(root)["a"] == b"theirs"
    # The user is asked, and nothing is sent again.
    renamed = append(client, f"{url}&conflict=rename", 0, b"abcdef", True)
    assert (renamed.status, renamed.getheader("Location")) == (201, "/a%20%281%29")
    assert contents(root) == {"a": b"theirs", "a (1)": b"abcdef"}


@pytest.mark.parametrize(("conflict", "status"), [("rename", 201), ("replace", 204)])
def test_what_happens_if_the_name_exists_is_said_at_first(shared, root, conflict, status):
    (root / "a").write_bytes(b"old")
    client = shared()
    assert (
        client.status("PUT", "/a", Upload_Complete="?0", Upload_Length="1", If_None_Match="*")
        == 412
    )
    url = begin(client, f"/a?conflict={conflict}")
    assert append(client, url, 0, b"abcdef", True).status == status
    assert (root / ("a (1)" if conflict == "rename" else "a")).read_bytes() == b"abcdef"


def test_hole_25_rights_withdrawn_during_an_upload_in_parts(root, serve):
    served = share(root)
    client = Client(serve(handler_of(served)).port)
    url = begin(client, content=b"ab")
    served.access._by_user[None][()] = rule("/ * r")
    assert append(client, url, 2, b"cd", False).status == 403
    assert client.status("HEAD", url) == 403
    assert client.status("DELETE", url) == 403
    served.access._by_user[None][()] = rule("/ * rw")
    assert offset(client, url) == 2
    assert append(client, url, 2, b"cdef", True).status == 201
    client.close()


def test_an_upload_is_its_users_alone(shared, root):
    client = shared("/ ann rw", "/ bob rw", accounts=ByName())
    url = begin(client, Authorization="ann")
    assert append(client, url, 0, b"abcdef", True, Authorization="bob").status == 404
    assert append(client, url.replace("/a", "/b"), 0, b"", False, Authorization="ann").status == 404
    assert client.status("DELETE", url, Authorization="bob") == 404
    assert client.status("HEAD", url) == 401
    assert append(client, url, 0, b"abcdef", True, Authorization="ann").status == 201


def test_no_door_shows_an_unfinished_upload(shared, root):
    client = shared("/ * rwd")
    url = begin(client, content=b"secret")
    (name,) = os.listdir(root)
    assert client.ask("GET", "/?json").body.count(b'"name"') == 0
    for way in ("/?zip", "/?tar", "/?q=net", "/"):
        body = client.ask("GET", way).body
        assert b"secret" not in body
        assert name.encode() not in body
    for method in ("GET", "HEAD", "DELETE", "MOVE", "COPY"):
        assert client.status(method, f"/{name}", Destination="/b") in (403, 404)
    assert client.status("DELETE", url) == 204
    assert contents(root) == {}


def test_a_cancelled_upload_is_gone_and_the_file_stays(shared, root):
    (root / "a").write_bytes(b"old")
    client = shared()
    url = begin(client, content=b"ab")
    assert client.status("DELETE", url) == 204
    assert client.status("DELETE", url) == 404
    assert contents(root) == {"a": b"old"}


def test_a_first_request_that_is_refused_leaves_nothing(shared, root):
    client = shared("/ * rwd")
    refused = client.ask(
        *("PUT", "/a", b"abc"),
        Upload_Complete="?0",
        Upload_Length="6",
        Content_Digest=digest(b"x"),
    )
    assert refused.status == 400
    assert contents(root) == {}


def test_a_cut_append_goes_on_where_it_stopped(root, serve, connect):
    server = serve(handler_of(share(root)))
    client = Client(server.port)
    url = begin(client, length=300_000)
    with connect(server.address) as raw:
        raw.send(
            f"PATCH {url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PART}\r\n"
            "Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: 300000\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert raw.response()[0] == 100
        raw.send(b"a" * 100_000)
        (part,) = root.iterdir()
        until = time.monotonic() + 20
        while part.stat().st_size < 48_000:  # While it still arrives, half of it is there.
            assert time.monotonic() < until
    while part.stat().st_size < 100_000:  # Now it was cut, and all of it is there.
        assert time.monotonic() < until
    at = offset(client, url)
    assert at == 100_000
    done = append(client, url, at, b"b" * (300_000 - at), True)
    assert done.status == 201
    assert contents(root) == {"a": b"a" * at + b"b" * (300_000 - at)}
    client.close()


def test_what_a_client_is_told_is_on_the_disk(shared, root, monkeypatch):
    client = shared()
    url = begin(client)
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    assert append(client, url, 0, b"abc", False).status == 204
    assert synced == [3]


def test_an_append_that_is_too_long_costs_no_content(root, serve, connect):
    server = serve(handler_of(share(root)))
    client = Client(server.port)
    url = begin(client)
    with connect(server.address) as raw:
        raw.send(
            f"PATCH {url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PART}\r\n"
            "Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: 7\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert raw.response()[0] == 400
    client.close()


def test_a_get_is_paced_by_its_path():
    assert "GET" not in SharedFolderHandler._PACED_BY_METHOD
    assert "PATCH" in SharedFolderHandler._PACED_BY_METHOD


def test_a_later_append_ends_the_one_before(root, serve, connect):
    server = serve(handler_of(share(root)))
    client = Client(server.port)
    url = begin(client)
    with connect(server.address) as raw:
        raw.send(
            f"PATCH {url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PART}\r\n"
            "Upload-Offset: 0\r\nUpload-Complete: ?1\r\nContent-Length: 6\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert raw.response()[0] == 100
        assert append(client, url, 0, b"new", False).status == 204
        raw.send(b"oldold")
        assert raw.response()[0] == 409
    assert offset(client, url) == 3
    assert append(client, url, 3, b"new", True).status == 201
    assert contents(root) == {"a": b"newnew"}
    client.close()


def test_a_patch_of_no_upload_says_what_it_is(shared):
    assert shared().status("PATCH", "/a", b"x") == 400


@pytest.fixture
def served(root, tmp_path):
    """Return a function that starts a server with two workers, on the same state each time."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    started = []

    def start() -> Served:
        started.append(Served(root, state))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.kill_all()


def test_an_upload_goes_on_after_all_processes_were_killed(root, served):
    content = os.urandom(1 << 20) * 8
    server = served()
    client = Client(server.port)
    url = begin(client, "/big", len(content), X_OC_Mtime="1700000000")
    at = 0
    for number in range(4):

        def half(at: int = at, server: Served = server, last: bool = number == 3):
            for start in range(at, at + (2 << 20), 1 << 18):
                yield content[start : start + (1 << 18)]
                if not last and start == at + (1 << 20):
                    server.kill_all()

        try:
            append_all = append(client, url, at, half(), False)
            assert append_all.status == 204
        except OSError:
            server = served()
        client.close()
        client = Client(server.port)
        before, at = at, offset(client, url)
        assert before <= at <= before + (2 << 20)
    assert append(client, url, at, content[at:], True).status == 201
    assert contents(root) == {"big": content}
    assert os.stat(root / "big").st_mtime == 1_700_000_000
    client.close()


def test_two_workers_know_of_it(root, served):
    """Each request is a connection of its own, which either worker may accept."""
    server = served()
    content = os.urandom(60_000)
    client = Client(server.port)
    url = begin(client, "/a", len(content))
    client.close()
    for at in range(0, len(content), 1000):
        client = Client(server.port)
        last = at + 1000 == len(content)
        assert append(client, url, at, content[at : at + 1000], last).status == (
            201 if last else 204
        )
        client.close()
    assert contents(root) == {"a": content}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_of_the_documentation(root, served, tmp_path):
    """They go on with an upload that broke off."""
    page = (Path(__file__).parents[4] / "docs" / "sharing.md").read_text()
    (commands,) = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    first, rest = commands.split("# Now, and again after each break:\n")
    port = served().port
    content = os.urandom(3_000_000)
    (tmp_path / "film.mkv").write_bytes(content)

    def run(script: str) -> str:
        script = script.replace("localhost:8000", f"localhost:{port}")
        done = subprocess.run(
            ["sh", "-ec", script], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    url = run(f"{first}echo $url").strip().partition("/")[2]
    client = Client(port)
    assert append(client, f"/{url}", 0, content[:1_000_000], False).status == 204
    run(f"url=localhost:8000/{url}\n{rest}")
    assert contents(root) == {"film.mkv": content}
    client.close()

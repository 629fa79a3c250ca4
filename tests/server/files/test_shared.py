"""A shared folder over HTTP: its doors, and the holes that others had."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import shutil
import threading
from urllib.parse import urljoin, urlsplit

import pytest

from .shares import ByName, Client, contents, handler_of, rule, share

PAGE = b"<script>alert(1)</script>"


def digest(content: bytes, name: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(name, content).digest()).decode()


# --- PUT ---


def test_put_makes_a_file_and_replaces_it(shared, root):
    client = shared()
    made = client.ask("PUT", "/a.txt", b"one")
    assert (made.status, made.body) == (201, b"")
    read = client.ask("GET", "/a.txt")
    assert (read.body, read.getheader("ETag")) == (b"one", made.getheader("ETag"))
    changed = client.ask("PUT", "/a.txt", b"two")
    assert changed.status == 204
    assert changed.getheader("ETag") != made.getheader("ETag")
    assert client.ask("GET", "/a.txt").body == b"two"
    assert contents(root) == {"a.txt": b"two"}


def test_put_in_chunks(shared, root):
    assert shared().ask("PUT", "/a", iter([b"ab", b"cd" * 100_000])).status == 201
    assert contents(root) == {"a": b"ab" + b"cd" * 100_000}


def test_put_of_nothing(shared, root):
    client = shared()
    assert client.status("PUT", "/a") == 201
    assert client.ask("PUT", "/b", iter([])).status == 201
    assert contents(root) == {"a": b"", "b": b""}


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_put_that_does_not_say_how_long_its_content_is(root, serve, connect, version):
    (root / "a").write_bytes(b"old")
    with connect(serve(handler_of(share(root))).address) as raw:
        raw.send(f"PUT /a HTTP/{version}\r\nHost: localhost\r\n\r\nnew".encode())
        assert raw.response()[0] == 411
    assert contents(root) == {"a": b"old"}


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/", {}, 405),
        ("/dir/", {}, 405),
        ("/dir", {}, 409),
        ("/nothing/a", {}, 409),
        ("/file/a", {}, 409),
        ("/new", {"Content_Range": "bytes 0-1/3"}, 400),
        ("/new", {"Content_Encoding": "gzip"}, 415),
        ("/new", {"If_Match": "*"}, 412),
        ("/file", {"If_None_Match": "*"}, 412),
        ("/file", {"If_None_Match": '"x", *'}, 400),
        ("/file", {"If_None_Match": "x"}, 400),
        ("/file", {"If_None_Match": ""}, 400),
        ("/file", {"If_Match": "x"}, 412),
        ("/file", {"If_Match": '"other"'}, 412),
        ("/file", {"If_Unmodified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 412),
        ("/file?conflict=refuse", {}, 409),
        ("/file?conflict=what", {}, 400),
        ("/new", {"X_OC_Mtime": "yesterday"}, 400),
        ("/new", {"Last_Modified": "yesterday"}, 400),
        ("/new", {"Content_Digest": "sha-256=x"}, 400),
        ("/new", {"Content_Digest": f"sha-256=:{digest(b'other')}:"}, 400),
        ("/new", {"Repr_Digest": f"sha-512=:{digest(b'other', 'sha512')}:"}, 400),
    ],
)
def test_put_that_is_refused_changes_nothing(shared, root, path, fields, status):
    (root / "dir").mkdir()
    (root / "file").write_bytes(b"old")
    before = contents(root)
    client = shared()
    assert client.status("PUT", path, b"new", **fields) == status
    assert contents(root) == before


def test_conditions_and_digests_that_hold(shared, root):
    client = shared()
    tag = client.ask("PUT", "/a", b"1", If_None_Match="*").getheader("ETag")
    good = f"md5=:AAAA:, sha-256=:{digest(b'22')}:, sha-512=:{digest(b'22', 'sha512')}:"
    assert client.status("PUT", "/a", b"22", If_Match=tag, Content_Digest=good) == 204
    assert client.status("PUT", "/a", b"3", If_Match=tag) == 412
    assert contents(root) == {"a": b"22"}


def test_a_condition_with_the_tag_of_a_coding(shared, root):
    client = shared()
    client.ask("PUT", "/a.txt", b"text " * 1000)
    os.utime(root / "a.txt", (1, 1))
    tag = client.ask("GET", "/a.txt", Accept_Encoding="gzip").getheader("ETag")
    assert tag.endswith('-gzip"')
    assert client.status("PUT", "/a.txt", b"x", If_None_Match=tag) == 412
    assert client.status("PUT", "/a.txt", b"x", If_Match=tag.replace("gzip", "what")) == 412
    assert client.status("PUT", "/a.txt", b"x", If_Match=tag) == 204
    assert client.status("PUT", "/a.txt", b"x", If_Match=tag) == 412


def test_the_time_of_modification_is_kept(shared, root):
    client = shared()
    answer = client.ask("PUT", "/a", b"1", X_OC_Mtime="1600000000")
    assert answer.getheader("X-OC-MTime") == "accepted"
    client.ask("PUT", "/b", b"1", Last_Modified="Sun, 13 Sep 2020 12:26:40 GMT")
    assert {os.stat(root / name).st_mtime for name in "ab"} == {1_600_000_000}


def test_conflicts_are_decided_as_said(shared, root):
    client = shared("/ * rwd", on_conflict="rename")
    assert client.status("PUT", "/a.txt", b"1") == 201
    second = client.ask("PUT", "/a.txt", b"2")
    assert (second.status, second.getheader("Location")) == (201, "/a%20%281%29.txt")
    assert client.status("PUT", "/a.txt?conflict=replace", b"3") == 204
    assert contents(root) == {"a.txt": b"3", "a (1).txt": b"2"}


def test_who_may_only_add_replaces_nothing(shared, root):
    client = shared("/ * rw")
    assert client.status("PUT", "/a", b"1") == 201
    assert client.status("PUT", "/a", b"2") == 403
    assert client.status("PUT", "/a?conflict=rename", b"2") == 201
    assert contents(root) == {"a": b"1", "a (1)": b"2"}


def test_a_refusal_costs_no_content(shared, root, connect, serve):
    server = serve(handler_of(share(root, "/ * r")))
    with connect(server.address) as raw:
        raw.send(
            b"PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert raw.response()[0] == 403


@pytest.mark.parametrize("field", ["Expect: 100-continue", "Upload-Complete: ?0"])
def test_content_for_the_name_of_a_directory_is_not_asked_for(root, connect, serve, field):
    (root / "dir").mkdir()
    with connect(serve(handler_of(share(root))).address) as raw:
        raw.send(
            b"PUT /dir HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            b"Upload-Length: 1000000\r\n%s\r\n\r\n" % field.encode()
        )
        assert raw.response()[0] == 409
    assert contents(root) == {"dir": None}


def test_100_continue_comes_before_the_content(shared, root, connect, serve):
    server = serve(handler_of(share(root)))
    with connect(server.address) as raw:
        raw.send(
            b"PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert raw.response()[0] == 100
        raw.send(b"abc")
        assert raw.response()[0] == 201
    assert contents(root) == {"a": b"abc"}


def test_too_large_and_too_full(shared, root):
    client = shared("/ * rwd", max_file=3)
    assert client.status("PUT", "/a", b"1234") == 413
    assert client.ask("PUT", "/a", iter([b"12", b"34"])).status == 413
    full = shared("/ * rwd", reserve=1 << 60)
    assert full.status("PUT", "/a", b"1") == 507
    assert contents(root) == {}


def test_a_cut_upload_leaves_the_old_file(root, connect, serve, tmp_path):
    (root / "a").write_bytes(b"old")
    shared = share(root)
    server = serve(handler_of(shared))
    with connect(server.address) as raw:
        raw.send(b"PUT /a HTTP/1.1\r\nHost: h.localhost\r\nContent-Length: 1000000\r\n\r\nhalf")
    # The next request is answered by the same server, after it has noticed.
    client = Client(server.port)
    assert client.ask("GET", "/a").body == b"old"
    client.close()
    assert contents(root) == {"a": b"old"}


def test_hole_25_rights_withdrawn_during_an_upload(root, connect, serve):
    shared = share(root)
    server = serve(handler_of(shared))
    with connect(server.address) as raw:
        raw.send(
            b"PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert raw.response()[0] == 100
        shared.access._by_user[None][()] = rule("/ * r")
        raw.send(b"abc")
        assert raw.response()[0] == 403
    assert contents(root) == {}


def test_a_directory_that_is_moved_during_an_upload(root, connect, serve):
    (root / "d").mkdir()
    server = serve(handler_of(share(root)))
    with connect(server.address) as raw:
        raw.send(
            b"PUT /d/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert raw.response()[0] == 100
        os.rename(root / "d", root / "secret")
        raw.send(b"abc")
        assert raw.response()[0] == 409
    assert contents(root) == {"secret": None}


# --- the other doors ---


def test_delete(shared, root):
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "f").write_bytes(b"f")
    (root / "g").write_bytes(b"g")
    client = shared()
    assert client.status("DELETE", "/g", If_Match='"other"') == 412
    assert [client.status("DELETE", path) for path in ("/g", "/g", "/d/", "/")] == [
        *(204, 404, 204, 403)
    ]
    assert contents(root) == {}


def test_mkcol(shared, root):
    client = shared()
    asked = [("/d", b""), ("/d", b""), ("/d/e/f", b""), ("/", b""), ("/x", b"<xml/>")]
    assert [client.status("MKCOL", path, body) for path, body in asked] == [
        *(201, 405, 409, 405, 415)
    ]
    assert contents(root) == {"d": None}


@pytest.mark.parametrize("method", ["MOVE", "COPY"])
def test_move_and_copy(shared, root, method):
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "f").write_bytes(b"f")
    (root / "x").write_bytes(b"x")
    client = shared()

    def ask(path: str, to: str, **fields: str) -> int:
        return client.status(method, path, Destination=to, **fields)

    assert ask("/d", "http://127.0.0.1:1/y") == 502
    assert ask("/d", "") == 400
    assert [ask("/d", to) for to in ("/", "/d", "/d/e/g")] == [403, 403, 403]
    assert ask("/d", "/nothing/y") == 409
    assert ask("/nothing", "/y") == 404
    assert ask("/d", "/x", Overwrite="F") == 412
    assert ask("/d", "/x", Overwrite="what") == 400
    before = contents(root)
    assert ask("/d", "/x") == 204
    assert contents(root)["x/e/f"] == b"f"
    assert ("d" in contents(root)) == (method == "COPY")
    assert "x" in before
    (root / "file").write_bytes(b"file")
    assert ask("/file", "/x/e", Overwrite="F") == 412
    assert ask("/file", "/x/e") == 204
    assert contents(root)["x/e"] == b"file"
    (root / "x" / "e").unlink()
    (root / "x" / "e").mkdir()
    (root / "x" / "e" / "f").write_bytes(b"f")
    moved = client.ask(method, "/x", Destination="/a%20b")
    assert (moved.status, moved.getheader("Location")) == (201, "/a%20b")
    assert contents(root)["a b/e/f"] == b"f"


@pytest.mark.parametrize("method", ["MOVE", "COPY", "DELETE"])
def test_conditions_are_those_of_what_is_moved_or_deleted(shared, root, method):
    (root / "a").write_bytes(b"1")
    (root / "d").mkdir()
    client = shared()
    before = contents(root)
    for fields in ({"If_Match": '"other"'}, {"If_None_Match": "*"}):
        assert client.status(method, "/a", Destination="/d/b", **fields) == 412
    assert contents(root) == before
    tag = client.ask("GET", "/a").getheader("ETag")
    assert client.status(method, "/a", Destination="/d/b", If_Match=tag) in (201, 204)
    assert contents(root) != before


@pytest.fixture
def two_file_systems(monkeypatch):
    """Have the system refuse to rename "d" and "f" to "e"."""
    real = os.rename

    def rename(old, new, **named):
        if old in ("d", "f") and new == "e":
            raise OSError(errno.EXDEV, "another file system")
        real(old, new, **named)

    monkeypatch.setattr(os, "rename", rename)


@pytest.mark.usefixtures("two_file_systems")
def test_move_to_another_file_system(shared, root):
    (root / "d" / "in").mkdir(parents=True)
    (root / "d" / "in" / "f").write_bytes(b"f")
    assert shared().status("MOVE", "/d", Destination="/e") == 201
    assert contents(root) == {"e": None, "e/in": None, "e/in/f": b"f"}


@pytest.mark.usefixtures("two_file_systems")
@pytest.mark.parametrize("kind", ["hidden", "link", "pipe"])
def test_move_to_another_file_system_loses_nothing_that_is_not_copied(shared, root, kind):
    (root / "d" / "in").mkdir(parents=True)
    if kind == "hidden":
        (root / "d" / "in" / ".git").mkdir()
    elif kind == "link":
        (root / "d" / "in" / "link").symlink_to("nothing")
    else:
        os.mkfifo(root / "d" / "in" / "pipe")
    before = sorted(os.walk(root))
    assert shared().status("MOVE", "/d", Destination="/e") == 409
    assert sorted(os.walk(root)) == before


@pytest.mark.usefixtures("two_file_systems")
def test_move_to_another_file_system_of_what_cannot_be_deleted(shared, root, monkeypatch):
    (root / "f").write_bytes(b"f")
    real = os.unlink

    def unlink(name, **named):
        if name == "f":
            raise OSError(errno.EROFS, "read-only")
        real(name, **named)

    monkeypatch.setattr(os, "unlink", unlink)
    assert shared().status("MOVE", "/f", Destination="/e") == 403
    assert contents(root) == {"f": b"f"}


def test_a_listing_as_json(shared, root):
    (root / "d").mkdir()
    (root / "é\n.txt").write_bytes(b"123")
    (root / ".hidden").write_bytes(b"h")
    os.symlink("/etc", root / "out")
    os.symlink("d", root / "in")
    client = shared()
    response = client.ask("GET", "/?json")
    found = json.loads(response.body)
    assert response.getheader("Content-Type") == "application/json"
    assert (found["path"], found["rights"]) == ("/", "rwd")
    entries = {entry.pop("name"): entry for entry in found["entries"]}
    assert sorted(entries) == ["d", "in", "out", "é\n.txt"]
    assert entries["é\n.txt"]["size"] == 3
    assert entries["out"] == {"link": True}
    assert (entries["in"]["type"], entries["in"]["link"]) == ("directory", True)
    assert client.status("GET", "/%C3%A9%0A.txt?json") == 400
    assert client.status("GET", "/nothing?json") == 404


def test_a_directory_that_the_system_does_not_let_the_server_read_is_refused(
    shared, root, monkeypatch
):
    """Root may read anything, so the system is played."""
    (root / "d").mkdir()
    real = os.scandir

    def scandir(place):
        if os.path.basename(os.readlink(f"/proc/self/fd/{place}")) == "d":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    client = shared()
    assert client.status("GET", "/d/?json") == 403
    assert client.status("GET", "/?json") == 200


def test_a_listing_shows_what_the_user_may_know_of(shared, root):
    for name in ("open", "secret", "drop", "team/inner"):
        (root / name).mkdir(parents=True)
        (root / name / "f").write_bytes(b"f")
    os.symlink("../secret", root / "open" / "to_secret")
    os.symlink("../team/inner", root / "open" / "to_inner")
    rules = ("/ * r", "/secret * -", "/drop * w", "/team * -", "/team/inner * r")
    client = shared(*rules)

    def names(path: str) -> list[str]:
        listed = json.loads(client.ask("GET", f"{path}?json").body)["entries"]
        page = client.ask("GET", path).body.decode()
        for entry in ("secret", "to_secret"):
            assert f">{entry}" not in page
        return sorted(entry["name"] for entry in listed)

    assert names("/") == ["drop", "open", "team"]
    assert names("/open/") == ["f", "to_inner"]
    assert names("/drop/") == []
    assert names("/team/") == ["inner"]


def test_options_says_what_this_user_may_do_there(shared, root):
    for place in ("drop", "secret", "open"):
        (root / place).mkdir()
        (root / place / "f").write_bytes(b"")
    rules = ("/ * r", "/ ann rwd", "/open * rw", "/drop * w", "/secret * -")
    client = shared(*rules, accounts=ByName())
    reading = "GET, HEAD, OPTIONS"

    def allowed(path: str, **fields: str) -> str:
        return client.ask("OPTIONS", path, **fields).getheader("Allow")

    assert allowed("/") == reading
    assert allowed("/open/") == f"{reading}, POST, COPY"
    assert allowed("/open/f") == f"{reading}, COPY"  # To replace it needs "d".
    assert allowed("/open/new") == f"{reading}, PUT, MKCOL"
    assert allowed("/open/upload") == f"{reading}, PUT, POST, MKCOL"
    # They may not know what is there, but that they may enter it.
    assert allowed("/drop/") == f"{reading}, POST"
    assert allowed("/drop/f") == allowed("/drop/new") == "OPTIONS, PUT, POST, MKCOL"
    assert allowed("/secret/") == allowed("/secret/f") == "OPTIONS"
    assert allowed("/secret/?login") == "OPTIONS, GET, HEAD, POST"
    assert allowed("/%00") == "OPTIONS"
    assert allowed("/", Authorization="ann") == f"{reading}, POST"
    assert allowed("/open/", Authorization="ann") == f"{reading}, POST, DELETE, MOVE, COPY"
    assert allowed("/open/f", Authorization="ann") == f"{reading}, PUT, PATCH, DELETE, MOVE, COPY"


def test_a_405_says_what_is_allowed(shared, root):
    (root / "a").mkdir()
    client = shared("/ * rw")
    for method, path in (("MKCOL", "/a"), ("PUT", "/a/")):
        refused = client.ask(method, path)
        assert (refused.status, refused.getheader("Allow")) == (
            *(405, "GET, HEAD, OPTIONS, POST, COPY"),
        )
    assert client.ask("GET", "/nothing").getheader("Allow") is None


def test_a_put_that_renames_needs_no_right_to_delete(shared, root):
    (root / "f").write_bytes(b"")
    client = shared("/ * rw", on_conflict="rename")
    assert "PUT" in client.ask("OPTIONS", "/f").getheader("Allow")
    assert client.status("PUT", "/f", b"") == 201


def test_one_without_a_name_is_asked_for_it_where_it_would_help(shared, root):
    (root / "a").write_bytes(b"a")
    client = shared("/ ann rwd", accounts=ByName())
    refused = client.ask("GET", "/a")
    assert (refused.status, refused.getheader("WWW-Authenticate")) == (401, 'Basic realm="test"')
    assert client.status("GET", "/a", Authorization="bob") == 403
    read = client.ask("GET", "/a", Authorization="ann")
    assert (read.status, read.getheader("Cache-Control")) == (200, "private, no-cache")


# --- what is kept is true at once ---


def test_hole_22_a_kept_answer_is_for_those_who_may_read(shared, root):
    (root / "a").write_bytes(b"secret")
    os.utime(root / "a", (1, 1))
    client = shared("/ ann r", accounts=ByName())
    for _ in range(4):
        assert client.ask("GET", "/a", Authorization="ann").body == b"secret"
        assert client.status("GET", "/a") == 401
        assert client.status("GET", "/a", Authorization="bob") == 403
        assert client.status("HEAD", "/a") == 401


def test_hole_22_a_kept_answer_for_one_who_may_only_write_there(shared, root):
    (root / "a").write_bytes(b"secret")
    os.utime(root / "a", (1, 1))
    client = shared("/ ann r", "/a * w", accounts=ByName())
    for _ in range(4):
        for method in ("GET", "HEAD"):
            assert client.status(method, "/a", Authorization="ann") == 200
            assert client.status(method, "/a") == 401
            assert client.status(method, "/a", Authorization="bob") == 403


def test_hole_22_a_kept_answer_through_a_link(shared, root):
    (root / "open").mkdir()
    (root / "secret").mkdir()
    (root / "secret" / "f").write_bytes(b"secret")
    os.utime(root / "secret" / "f", (1, 1))
    os.symlink("../secret", root / "open" / "link")
    rules = ("/ * r", "/secret * -", "/secret ann r")
    client = shared(*rules, accounts=ByName())
    for _ in range(3):
        assert client.ask("GET", "/open/link/f", Authorization="ann").body == b"secret"
        assert client.status("GET", "/open/link/f") == 401


def test_a_change_is_seen_at_once_by_every_worker(root, serve):
    (root / "a").write_bytes(b"old")
    os.utime(root / "a", (1, 1))
    one, other = (Client(serve(handler_of(share(root))).port) for _ in range(2))
    for number in range(5):
        for _ in range(2):
            one.ask("GET", "/a")
        content = b"%d" % number
        other.ask("PUT", "/a", content, X_OC_Mtime="1")
        assert one.ask("GET", "/a").body == content
        assert other.status("DELETE", "/a") == 204
        assert one.status("GET", "/a") == 404
        other.ask("PUT", "/a", b"again", X_OC_Mtime="1")
        assert one.ask("GET", "/a").body == b"again"
    one.close()
    other.close()


# --- safe where others write ---


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xml", "x.xhtml", "x.htm"])
def test_hole_9_what_is_uploaded_runs_no_script(shared, root, name):
    client = shared()
    client.ask("PUT", f"/{name}", PAGE)
    os.utime(root / name, (1, 1))
    for fields in ({}, {}, {}, {"Range": "bytes=0-3"}):
        for method in ("GET", "HEAD"):
            answer = client.ask(method, f"/{name}", **fields)
            assert answer.getheader("X-Content-Type-Options") == "nosniff"
            policy = answer.getheader("Content-Security-Policy")
            assert policy.startswith("sandbox; default-src 'none'")
            assert "script" not in policy


def test_hole_9_a_pdf_and_a_text(shared):
    client = shared()
    client.ask("PUT", "/x.pdf", b"%PDF")
    client.ask("PUT", "/x.txt", PAGE)
    assert "script-src 'none'" in client.ask("GET", "/x.pdf").getheader("Content-Security-Policy")
    assert client.ask("GET", "/x.txt").getheader("X-Content-Type-Options") == "nosniff"


def test_hole_26_no_file_stands_for_another(shared, root):
    client = shared()
    (root / "d").mkdir()
    for name in ("/d/index.html", "/404.html", "/a.html", "/a.html.gz", "/a.html.br"):
        assert client.status("PUT", name, PAGE) == 201
        os.utime(root / name[1:], (1, 1))
    assert PAGE not in client.ask("GET", "/d/").body
    assert PAGE not in client.ask("GET", "/nothing").body
    encoded = client.ask("GET", "/a.html", Accept_Encoding="gzip, br")
    assert encoded.getheader("Content-Encoding") is None


@pytest.mark.parametrize(
    "path",
    [
        *("/.htaccess", "/.nethttp-1", "/a%00b", "/a%0Ab", "/..%5cx", "/" + "x" * 256),
        *("/.git/config", "/%2e%2e", "/.", "/a%C2%9B2J", "/a%C2%85"),
    ],
)
def test_hole_26_names_that_are_refused(shared, root, path):
    client = shared()
    before = contents(root.parent / "root")
    assert client.status("PUT", path, b"x") in (400, 403, 404, 405, 409)
    assert contents(root) == before


def test_hidden_files_are_neither_listed_nor_served(shared, root):
    (root / ".env").write_bytes(b"secret")
    client = shared()
    assert client.status("GET", "/.env") == 404
    assert b".env" not in client.ask("GET", "/").body
    assert client.status("DELETE", "/.env") == 404
    open_to_all = shared("/ * r", hidden=True)
    assert open_to_all.ask("GET", "/.env").body == b"secret"


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_hole_11_no_page_of_another_site_changes_files(shared, root, fields):
    (root / "a").write_bytes(b"a")
    before = contents(root)
    client = shared()
    asked = [("PUT", "/b"), ("DELETE", "/a"), ("MKCOL", "/d"), ("MOVE", "/a"), ("COPY", "/a")]
    for method, path in asked:
        assert client.status(method, path, Destination="/c", **fields) == 403
    assert client.status("GET", "/a", **fields) == 200
    assert contents(root) == before


def test_hole_11_no_get_changes_anything(shared, root):
    (root / "a").write_bytes(b"a")
    client = shared()
    for query in ("delete", "mkdir", "put", "move=/b", "zip", "unzip", "json", "method=DELETE"):
        client.ask("GET", f"/a?{query}")
        client.ask("GET", f"/b?{query}")
    assert contents(root) == {"a": b"a"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.evil.io"])
def test_hole_11_dns_rebinding(root, serve, connect, host):
    (root / "a").write_bytes(b"a")
    for hosts, expected in (((), 421), ((host.partition(":")[0],), 200), (("*",), 200)):
        server = serve(handler_of(share(root, hosts=hosts)))
        with connect(server.address) as raw:
            raw.send(b"GET /a HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())
            assert raw.response()[0] == expected


def test_hole_11_cors_never_covers_writes(root, serve):
    client = Client(serve(handler_of(share(root), cors="*")).port)
    preflight = client.ask(
        "OPTIONS", "/a", Origin="https://b.example", Access_Control_Request_Method="PUT"
    )
    assert preflight.getheader("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS"
    assert client.status("PUT", "/a", b"x", Origin="https://b.example") == 403
    client.close()


def test_hole_6_the_state_is_reached_by_no_door(root, serve):
    (root / ".local").mkdir()
    state = root / "state"
    state.mkdir(mode=0o700)
    from nethttp.server.files.access import ANYTHING, Rule
    from nethttp.server.files.share import Share

    shared = Share(str(root), [Rule((), None, ANYTHING)], state=str(state), hidden=True)
    client = Client(serve(handler_of(shared)).port)
    (state / "users").write_bytes(b"secret")
    before = contents(root)
    for method, path in [
        *(("GET", "/state/users"), ("PUT", "/state/users"), ("DELETE", "/state/users")),
        *(("DELETE", "/state"), ("MOVE", "/state"), ("COPY", "/state"), ("MKCOL", "/state/x")),
        *(("GET", "/state/?json"), ("PUT", "/state"), ("MOVE", "/state/users")),
    ]:
        assert client.status(method, path, Destination="/x") in (403, 404, 409), (method, path)
    assert b"<bdi>state" not in client.ask("GET", "/").body
    assert b"state" not in client.ask("GET", "/?json").body
    assert {k: v for k, v in contents(root).items() if "locks/" not in k} == before
    client.close()


@pytest.mark.parametrize("named", [False, True])
def test_a_state_that_was_deleted_while_the_server_runs(shared, root, named, monkeypatch):
    if named:
        monkeypatch.setattr("nethttp.server.files.drafts._NAMELESS", 0)
    (root / "f").write_bytes(b"old")
    client = shared()
    shutil.rmtree(root.parent / "state of root")
    before = contents(root)
    assert client.status("PUT", "/f", b"new") == 503
    assert client.status("PUT", "/new", b"new") == 503
    assert client.status("DELETE", "/f") == 503
    assert client.status("MKCOL", "/d") == 503
    assert client.status("MOVE", "/f", Destination="/g") == 503
    assert client.status("PUT", "/new", b"new", Upload_Complete="?0", Upload_Length="6") == 503
    assert client.ask("GET", "/f").body == b"old"
    assert contents(root) == before


def test_two_that_put_at_once_leave_one_whole_file(shared, root):
    clients = [shared() for _ in range(4)]
    contents_of = [bytes([65 + number]) * 300_000 for number in range(4)]

    def put(number: int) -> None:
        for _ in range(5):
            clients[number].ask("PUT", "/a", contents_of[number])

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (root / "a").exists():
            assert (root / "a").read_bytes() in contents_of
    for thread in threads:
        thread.join()


def test_a_slow_disk_stops_no_other_request(root, serve, monkeypatch):
    """While a write waits for the disk, another thread answers."""
    (root / "a").write_bytes(b"a")
    port = serve(handler_of(share(root))).port
    waiting, go_on = threading.Event(), threading.Event()
    real = os.fsync

    def slow(descriptor):
        waiting.set()
        assert go_on.wait(20)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    writers = [Client(port) for _ in range(3)]
    threads = [
        threading.Thread(target=writer.ask, args=("PUT", f"/{number}", b"x"))
        for number, writer in enumerate(writers)
    ]
    for thread in threads:
        thread.start()
        assert waiting.wait(20)
        reader = Client(port)
        assert reader.ask("GET", "/a").body == b"a"
        reader.close()
        waiting.clear()
    go_on.set()
    for thread in threads:
        thread.join()
    for writer in writers:
        writer.close()
    assert sorted(contents(root)) == ["0", "1", "2", "a"]


# --- forms ---


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, str]:
    """Return the content of a form, and its Content-Type."""
    lines = []
    for name, filename, content in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        lines += [head.encode(), content, b"\r\n"]
    return b"".join([*lines, b"--x--\r\n"]), "multipart/form-data; boundary=x"


def post(client: Client, path: str, *parts: tuple[str, str | None, bytes], **fields: str):
    content, kind = form(*parts)
    return client.ask("POST", path, content, Content_Type=kind, **fields)


@pytest.mark.parametrize("path", ["/d/", "/d", "/d/upload"])
def test_a_form_stores_its_files(shared, root, path):
    (root / "d").mkdir()
    client = shared()
    big = b"\r\n--" * 200_000
    answer = post(client, path, ("files", "a.txt", b"a"), ("files", "b", big), ("files", "", b""))
    assert answer.status == 204
    assert contents(root) == {"d": None, "d/a.txt": b"a", "d/b": big}
    seen = post(client, path, ("files", "c", b"c"), Accept="text/html,*/*")
    assert (seen.status, urljoin(path, seen.getheader("Location"))) == (303, "/d/")


@pytest.mark.parametrize("path", ["//evil.example/", "//evil.example/upload", "/\\evil.example/"])
def test_hole_21_a_form_leads_back_to_no_other_host(shared, root, path):
    name = path.replace("//", "/").split("/")[1]
    (root / name).mkdir()
    answer = post(shared(), path, ("files", "a", b"a"), Accept="text/html")
    assert answer.status == 303
    # A browser takes a backslash for a slash.
    base = "http://here" + path.replace("\\", "/")
    assert urlsplit(urljoin(base, answer.getheader("Location"))).netloc == "here"


def test_a_form_at_the_root_as_uploadserver_has_it(shared, root):
    assert post(shared(), "/upload", ("files", "a", b"a")).status == 204
    assert contents(root) == {"a": b"a"}


@pytest.mark.parametrize("path", ["/d", "d", "/x/../d/", "//d"])
def test_a_form_for_a_directory_as_miniserve_has_it(shared, root, path):
    (root / "d").mkdir()
    file = ("path", "new", b"x")
    client = shared("/ * -", "/d * w")
    assert post(client, f"/upload?path={path}", file).status == 204
    assert post(client, "/upload?path=/", file).status == 403
    assert post(client, "/upload?path=%00", file).status == 400
    assert contents(root) == {"d": None, "d/new": b"x"}


def test_a_file_of_a_form_whose_name_exists(shared, root):
    (root / "a").write_bytes(b"old")
    client = shared()
    answer = post(client, "/", ("files", "a", b"new"), ("files", "b", b"b"))
    assert (answer.status, b"a: the name exists" in answer.body) == (409, True)
    assert contents(root) == {"a": b"old", "b": b"b"}
    for conflict, found in (("rename", {"a (1)": b"new"}), ("replace", {"a": b"new"})):
        answer = post(client, "/", ("conflict", None, conflict.encode()), ("files", "a", b"new"))
        assert answer.status == 204
        assert found.items() <= contents(root).items()


@pytest.mark.parametrize("filename", ["../a", "/etc/a", "C:\\dir\\a", "..\\a", "folder/a"])
def test_hole_12_a_file_of_a_form_stays_in_its_directory(shared, root, filename):
    (root / "d").mkdir()
    assert post(shared(), "/d/", ("files", filename, b"a")).status == 204
    assert contents(root) == {"d": None, "d/a": b"a"}


@pytest.mark.parametrize(
    ("path", "part", "status"),
    [
        ("/nothing/", ("files", "a", b"a"), 409),
        ("/", ("files", "..", b"a"), 403),
        ("/", ("files", ".htaccess", b"a"), 403),
        ("/", ("files", "a%0Ab", b"a"), 400),
        ("/", ("text", None, b"a" * 2000), 413),
        ("/", ("conflict", None, b"what"), 204),
    ],
)
def test_a_form_that_is_refused(shared, root, path, part, status):
    assert post(shared(), path, part).status == status
    assert contents(root) == {}


def test_a_form_of_another_site_or_kind(shared, root):
    client = shared()
    assert post(client, "/", ("files", "a", b"a"), Origin="https://evil.example").status == 403
    assert client.status("POST", "/", b"a=b", Content_Type="text/plain") == 415
    content, kind = form(("files", "a", b"a"))
    assert client.status("POST", "/", content[:-10], Content_Type=kind) == 400
    assert contents(root) == {}


def submit(client: Client, path: str, fields: str, **named: str) -> tuple[int, str | None]:
    kind = "application/x-www-form-urlencoded"
    answer = client.ask("POST", path, fields.encode(), Content_Type=kind, **named)
    return answer.status, answer.getheader("Location")


def test_forms_of_a_page_without_scripts(shared, root):
    client = shared()
    (root / "d").mkdir()
    for name in "abc":
        (root / "d" / name).write_bytes(name.encode())
    assert submit(client, "/d/?mkdir", "name=new+d%C3%A9") == (303, "./")
    assert submit(client, "/d/?move", "name=a&to=A%25") == (303, "./")
    assert submit(client, "/d?move", "name=b&name=A%25&into=/d/new+d%C3%A9") == (303, "/d/")
    assert submit(client, "/d/?delete", "name=c") == (303, "./")
    assert contents(root / "d") == {"new dé": None, "new dé/A%": b"a", "new dé/b": b"b"}
    assert submit(client, "/?delete", "name=d&name=nothing")[0] == 404
    assert contents(root) == {}


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/?mkdir", "name=a", 405),
        ("/?mkdir", "", 400),
        ("/?mkdir", "name=../x", 400),
        ("/?mkdir", "name=x&name=y", 400),
        ("/?mkdir", "name=%2Fx", 400),
        ("/?delete", "name=.", 400),
        ("/?delete", "name=..", 400),
        ("/?delete", "other=a", 400),
        ("/?move", "name=a&to=b", 412),
        ("/?move", "name=a&to=a", 403),
        ("/?move", "name=a&to=../x", 400),
        ("/?move", "name=a&name=b&to=c", 400),
        ("/?move", "name=a&into=/nothing", 409),
        ("/?move", "name=a", 400),
        ("/?delete", "&".join(["name=a"] * 1001), 400),
        ("/?delete", "name=" + "a" * 300_000, 413),
    ],
)
def test_a_form_of_a_page_that_is_refused(shared, root, path, fields, status):
    for name in "ab":
        (root / name).mkdir()
    client = shared()
    assert submit(client, path, fields)[0] == status
    assert contents(root) == {"a": None, "b": None}


def test_hole_11_a_form_of_another_site(shared, root):
    (root / "a").touch()
    client = shared()
    for path, fields in (("/?mkdir", "name=x"), ("/?delete", "name=a"), ("/?move", "name=a&to=b")):
        assert submit(client, path, fields, Sec_Fetch_Site="cross-site")[0] == 403
        assert client.status("POST", path, fields.encode(), Content_Type="text/plain") == 415
    assert contents(root) == {"a": b""}

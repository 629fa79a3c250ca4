"""Holes of other servers of shared folders, by number: those that concern several doors at once.

The others are tested where their code is, under names that begin with ``test_hole_`` and a number.
"""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from nethttp.server.files.accounts.folder_accounts import FolderAccounts
from nethttp.server.files.accounts.passwords import hash_password
from nethttp.server.files.accounts.users import Users
from nethttp.server.files.doors import DOORS
from nethttp.server.files.page.readme import MAX_README
from nethttp.server.files.shared import SharedFolderHandler
from nethttp.server.files.store import tag_of

from .shares import Client, contents, share

HOLES = range(1, 27)

#: Holes of what this server does not have: links to shares (7), XML (16).
NOT_BUILT = (7, 16)

FORM = "multipart/form-data; boundary=x"
FIELDS = "application/x-www-form-urlencoded"
PART = "application/partial-upload"
FILE = b'--x\r\nContent-Disposition: form-data; name="files"; filename="%b"\r\n\r\nnew\r\n--x--\r\n'

#: A request by each door that changes: method, target, content, media type, Destination.
CHANGES = {
    "put": ("PUT", "{}new", b"new", "", ""),
    "upload": ("PUT", "{}new", b"new", PART, ""),
    "upload append": ("PATCH", "{}new?upload=f", b"new", PART, ""),
    "upload offset": ("HEAD", "{}new?upload=f", b"", "", ""),
    "upload cancel": ("DELETE", "{}new?upload=f", b"", "", ""),
    "append": ("PATCH", "{}f", b"new", "", ""),
    "form": ("POST", "{}", FILE % b"new", FORM, ""),
    "delete": ("DELETE", "{}f", b"", "", ""),
    "mkcol": ("MKCOL", "{}new", b"", "", ""),
    "move": ("MOVE", "{}f", b"", "", "{}new"),
    "copy": ("COPY", "{}f", b"", "", "{}new"),
    "page mkdir": ("POST", "{}?mkdir", b"name=new", FIELDS, ""),
    "page delete": ("POST", "{}?delete", b"name=f", FIELDS, ""),
    "page move": ("POST", "{}?move", b"name=f&to=new", FIELDS, ""),
}


def ask(client: Client, request: tuple[str, str, bytes, str, str], place: str, **fields: str):
    """Return the response to one of `CHANGES` in a place."""
    method, target, content, kind, destination = request
    if kind:
        fields["Content_Type"] = kind
    if kind == PART:
        fields |= {"Upload_Complete": "?0", "Upload_Length": "9", "Upload_Offset": "0"}
    elif method == "PATCH":
        fields["X_Update_Range"] = "append"
    if destination:
        fields["Destination"] = destination.format(place)
    return client.ask(method, target.format(place), content, **fields)


def test_each_hole_has_a_test_named_after_it():
    found: Counter[int] = Counter()
    for path in Path(__file__).parent.rglob("test_*.py"):
        found.update(map(int, re.findall(r"^def test_hole_(\d+)_", path.read_text(), re.MULTILINE)))
    assert set(HOLES) - set(found) == set(NOT_BUILT)


@pytest.fixture
def places(root):
    """Return the root with a directory that anyone may change, and one that nobody may open."""
    for name in ("pub", "secret"):
        (root / name).mkdir()
        (root / name / "f").write_bytes(f"{name} content".encode())
    return root


@pytest.mark.parametrize(
    "place",
    [
        *("/secret/", "/pub/../secret/", "/pub/%2e%2e/secret/", "/pub/..%2fsecret/", "//secret/"),
        *("/secret//", "/./secret/", "/%73ecret/", "/nothing/%2E%2E/secret/./", "/secret%2f"),
    ],
)
def test_hole_1_a_path_is_judged_as_it_is_opened(places, shared, place):
    client = shared("/ * rwd", "/secret * -")
    before = contents(places)
    for way in (f"{place}f", place, f"{place}.", f"{place}f?x=/pub/f"):
        for method in ("GET", "HEAD"):
            assert client.status(method, way) == 403
    for query in ("json", "zip", "tar", "q=f", "simple", "hash"):
        assert client.status("GET", f"{place}?{query}") == 403
    assert client.status("GET", f"{place}f?hash") == 403
    for request in CHANGES.values():
        assert ask(client, request, place).status == 403
    # The other end of a move or copy.
    for method in ("MOVE", "COPY"):
        assert client.status(method, "/pub/f", Destination=f"{place}new") == 403
        assert client.status(method, f"{place}f", Destination="/pub/new") == 403
    content = b"name=f&into=" + place.encode()
    assert client.status("POST", "/pub/?move", content, Content_Type=FIELDS) in (403, 404)
    assert contents(places) == before


@pytest.mark.parametrize("link", ["to_secret", "pub/up/secret", "to_link"])
def test_hole_1_no_link_tells_what_lies_behind_it(places, shared, link):
    (places / "to_secret").symlink_to("secret")
    (places / "pub" / "up").symlink_to("..")
    (places / "to_link").symlink_to("to_secret")
    client = shared("/ * r", "/secret * -")
    for method in ("GET", "HEAD", "OPTIONS", "COPY", "PUT", "MKCOL", "DELETE"):
        for query in ("", "?json", "?zip", "?q=f", "?upload=f"):
            there, missing = (
                client.ask(method, f"/{link}/{name}{query}", Destination="/new")
                for name in ("f", "nothing")
            )
            assert there.status == missing.status
            assert there.getheader("Allow") == missing.getheader("Allow")
            assert there.body.replace(b"/f", b"") == missing.body.replace(b"/nothing", b"")


@pytest.mark.parametrize("begins", [False, True])
def test_hole_1_no_condition_tells_of_a_file_that_one_may_not_read(places, shared, begins):
    client = shared("/ * w")
    tag = str(tag_of(os.stat(places / "pub" / "f")))
    fields = {"Upload_Complete": "?0", "Upload_Length": "9"} if begins else {}
    answers = {
        client.status("PUT", "/pub/f", b"new", **{name: value}, **fields)
        for name, values in {
            "If_Match": (tag, '"other"', "*"),
            "If_None_Match": (tag, '"other"', "?"),
            "If_Unmodified_Since": (
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "Fri, 01 Jan 2100 00:00:00 GMT",
            ),
        }.items()
        for value in values
    }
    assert answers == {403}
    assert client.status("PUT", "/pub/f", b"new", If_None_Match="*", **fields) == 412
    assert (places / "pub" / "f").read_bytes() == b"pub content"


def test_hole_2_a_rule_holds_for_whole_names(shared, root):
    for name in ("secret", "secrets", "secret.txt"):
        (root / name).mkdir()
        (root / name / "f").write_bytes(name.encode())
    client = shared("/ * r", "/secret * -")
    assert client.status("GET", "/secret/f") == 403
    assert client.status("GET", "/secret") == 403
    assert client.ask("GET", "/secrets/f").body == b"secrets"
    assert client.ask("GET", "/secret.txt/f").body == b"secret.txt"


@pytest.mark.parametrize(
    "path",
    [
        *("/.cpr/%2Fetc%2Fpasswd", "/%2Fetc%2Fpasswd", "/page/%2Fetc%2Fpasswd", "/./.env"),
        *("/page/scripts/list.js", "/..%2f..%2fetc/passwd", "/%2e%2fpub/%2e%65nv", "/.env/."),
    ],
)
def test_hole_3_no_path_leads_to_files_of_the_page_or_of_the_system(places, shared, path):
    (places / ".env").write_bytes(b"password")
    (places / "pub" / ".env").write_bytes(b"password")
    client = shared()
    response = client.ask("GET", path)
    assert response.status == 404
    assert b"password" not in response.body
    assert b"root:" not in response.body


def test_hole_4_every_door_that_changes_is_listed_here():
    assert {door.name for door in DOORS if door.changes} == set(CHANGES)


@pytest.mark.parametrize("name", CHANGES)
def test_hole_4_no_door_changes_what_one_may_only_read(places, shared, name):
    client = shared("/ * r")
    before = contents(places)
    assert ask(client, CHANGES[name], "/pub/").status == 403
    assert contents(places) == before


@pytest.mark.parametrize("name", CHANGES)
def test_hole_4_a_move_deletes_and_creates(places, shared, name):
    """Who may only add deletes by no door, and who may only delete adds by none."""
    method = CHANGES[name][0]
    for rights in ("rw", "rd"):
        client = shared(f"/ * {rights}")
        before = contents(places)
        status = ask(client, CHANGES[name], "/pub/").status
        if "move" in name:
            assert (method, status) == (method, 403)
        lost = before.keys() - contents(places).keys()
        made = contents(places).keys() - before.keys()
        assert not (lost and rights == "rw")
        assert not (made and rights == "rd")
        for path in made:
            (places / path).rmdir() if (places / path).is_dir() else (places / path).unlink()
        (places / "pub" / "f").write_bytes(b"pub content")


MARKUP = ('<img src=x onerror="alert(1)">', "\"><script>alert(1)<'", "javascript:alert(1)")


def test_hole_6_files_of_the_server_that_lie_in_the_folder_are_out_of_reach(places, shared):
    """The users' file, a private key, the log."""
    (places / "users").write_bytes(b"hashes")
    (places / "pub" / "key.pem").write_bytes(b"hashes")
    (places / "to_users").symlink_to("users")
    own = [str(places / "users"), str(places / "pub" / "key.pem")]
    client = shared(own=own)
    before = contents(places)
    for path in ("/users", "/pub/key.pem", "/pub/../users", "/%75sers"):
        for method in ("GET", "HEAD", "PUT", "DELETE", "MKCOL", "MOVE", "COPY"):
            status = client.status(method, path, Destination="/new")
            assert status in (403, 404, 405, 409)
        for method in ("MOVE", "COPY"):
            assert client.status(method, "/pub/f", Destination=path) in (403, 409)
    for method in ("GET", "HEAD", "COPY"):
        assert client.status(method, "/to_users", Destination="/new") == 404
    for method, path in (("DELETE", "/pub"), ("MOVE", "/pub")):
        assert client.status(method, path, Destination="/new") == 403
    for form in (b"name=users", b"name=pub"):
        status = client.status("POST", "/?delete", form, Content_Type=FIELDS)
        assert status in (403, 404)
    assert client.status("POST", "/", FILE % b"users", Content_Type=FORM) in (403, 409)
    for query in ("json", "zip", "tar", "q=*", "simple", ""):
        for place in ("/", "/pub/"):
            assert b"hashes" not in client.ask("GET", f"{place}?{query}").body
    for path in ("/users", "/pub/key.pem", "/to_users"):
        assert client.status("GET", f"{path}?hash") == 404
    assert b'"users"' not in client.ask("GET", "/?json").body
    assert contents(places) == before
    assert client.status("COPY", "/pub", Destination="/copy") == 201
    assert contents(places / "copy") == {"f": b"pub content"}


READS = [
    *("/?json", "/?q=f", "/?zip", "/?tar", "/?login", "/", "/?qr"),
    *("/pub/f?json", "/?q="),
]


@pytest.mark.parametrize("target", READS)
def test_hole_9_no_browser_guesses_the_kind_of_a_reply(places, shared, target):
    for method in ("GET", "HEAD"):
        answer = shared("/ * r").ask(method, target)
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"], answer.status


@pytest.mark.parametrize("name", CHANGES)
def test_hole_9_nor_of_a_reply_to_a_change(places, shared, name):
    for rules in (["/ * rwd"], ["/ * r"]):
        client = shared(*rules)
        for place in ("/pub/", "/nothing/"):
            answer = ask(client, CHANGES[name], place)
            assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"], answer.status


@pytest.mark.parametrize("name", MARKUP)
def test_hole_10_no_name_is_markup_in_any_response(shared, root, name):
    escaped = "".join(f"%{byte:02X}" for byte in name.encode())
    client = shared()
    assert client.status("PUT", f"/{escaped}", b"1") == 201
    assert client.status("MKCOL", f"/{escaped}%20d") == 201
    asked = [
        client.ask("GET", "/", Accept="text/html"),
        client.ask("GET", f"/{escaped}%20d/", Accept="text/html"),
        client.ask("GET", f"/{escaped}/nothing", Accept="text/html"),
        client.ask("GET", f"/?filter={escaped}", Accept="text/html"),
        client.ask("PUT", f"/{escaped}?conflict={escaped}", b"2"),
        client.ask("POST", "/", FILE % name.replace('"', "%22").encode(), Content_Type=FORM),
        client.ask("MOVE", f"/{escaped}", Destination=f"/{escaped}%20d", Overwrite=name),
        client.ask("GET", f"/?login={escaped}"),
    ]
    for response in asked:
        text = response.body.decode()
        assert "html" in response.getheader("Content-Type")
        assert "<img" not in text
        assert "<script>alert" not in text
        assert 'href="javascript:' not in text
    for query in ("json", "q=a"):
        response = client.ask("GET", f"/?{query}")
        assert response.getheader("Content-Type") in ("application/json", "application/x-ndjson")


def test_hole_10_a_name_writes_no_line_of_the_log(serve, root, capfd):
    class Logging(SharedFolderHandler):
        protocol_version = "HTTP/1.1"

    handler = Logging.of(share(root))
    client = Client(serve(handler).port)
    client.status("PUT", "/a%0A127.0.0.1%20forged%1B%5B2J", b"1")
    client.status("PUT", "/%C2%9B2J", b"1")
    client.close()
    lines = capfd.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith("127.0.0.1 - - [") and line.isprintable() for line in lines)


@pytest.mark.parametrize("target", ["/pub/f?unzip", "/pub/f?delete", "/pub/?unzip", "/f?upload"])
def test_hole_13_no_query_deletes_a_file_of_the_name(places, shared, target):
    client = shared()
    before = contents(places)
    for content, kind in ((b"x", "application/zip"), (b"--x--\r\n", FORM), (b"name=g", FIELDS)):
        client.status("POST", target, content, Content_Type=kind)
    assert contents(places) == before


@pytest.fixture
def accounts(tmp_path):
    """Return accounts of one user, whose password is cheap to try."""
    return FolderAccounts(Users({"ann": hash_password("sesame", cost=4)}), str(tmp_path))


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"ann:{password}".encode()).decode()


def test_hole_18_a_forged_address_does_not_evade_the_delay(places, shared, accounts):
    client = shared("/ ann r", accounts=accounts)
    statuses = [
        client.status("GET", "/pub/f", Authorization=basic(f"x{n}"), X_Forwarded_For=f"192.0.2.{n}")
        for n in range(8)
    ]
    assert statuses == [401] * 5 + [429] * 3


def test_hole_19_no_log_has_credentials(places, serve, accounts, capfd):
    class Logging(SharedFolderHandler):
        protocol_version = "HTTP/1.1"

    client = Client(serve(Logging.of(share(places, "/ ann r", accounts=accounts))).port)
    assert client.status("GET", "/pub/f", Authorization=basic("sesame")) == 200
    assert client.status("GET", "/pub/f", Authorization=basic("sesame2")) == 401
    form = b"name=ann&password=sesame"
    signed_in = client.ask("POST", "/?login", form, Content_Type=FIELDS)
    cookie = signed_in.getheader("Set-Cookie").partition(";")[0]
    assert client.status("GET", "/pub/f", Cookie=cookie) == 200
    assert "sesame" not in signed_in.getheader("Location")
    client.close()
    log = capfd.readouterr().err
    assert log.count("\n") >= 4
    for secret in ("sesame", base64.b64encode(b"ann:sesame").decode(), cookie.partition("=")[2]):
        assert secret not in log


def test_hole_20_a_token_is_long_and_whole(places, shared, accounts):
    client = shared("/ ann r", accounts=accounts)
    form = b"name=ann&password=sesame"
    response = client.ask("POST", "/?login", form, Content_Type=FIELDS)
    name, _, token = response.getheader("Set-Cookie").partition(";")[0].partition("=")
    assert len(token) >= 43
    assert client.status("GET", "/pub/f", Cookie=f"{name}={token}") == 200
    for wrong in (token[:-1], token[:8], token + "A", token.swapcase(), ""):
        assert client.status("GET", "/pub/f", Cookie=f"{name}={wrong}") == 401


def test_hole_24_no_listing_reads_a_large_file_whole(shared, root, monkeypatch):
    for name in ("README.md", "big.txt"):
        with open(root / name, "wb") as file:
            file.truncate(10 << 30)
    read: list[int] = []
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: read.append(size) or real(fd, size, at))
    client = shared()
    assert len(client.ask("GET", "/").body) < 10 * MAX_README
    for query in ("json", "q=README", "filter=b"):
        assert len(client.ask("GET", f"/?{query}").body) < MAX_README
    head = client.ask("HEAD", "/big.txt")
    assert head.getheader("Content-Length") == str(10 << 30)
    assert max(read, default=0) <= 1 << 20


@pytest.mark.parametrize("rules", [("/ * rwd",), ("/ * rwd", "/x * r"), ("/ * r",)])
def test_hole_26_a_nul_is_in_no_name(shared, root, rules, capfd):
    client = shared(*rules)
    for path in ("/a%00", "/a%00/b", "/a/%00", "/%00?json", "/%00?zip", "/%00?q=a", "/%00/?login"):
        for method in ("GET", "HEAD", "PUT", "DELETE", "MKCOL", "MOVE", "COPY", "OPTIONS", "POST"):
            status = client.status(method, path, Destination="/b%00")
            assert status in (204 if method == "OPTIONS" else 404, 400, 403, 404, 415)
    assert capfd.readouterr().err == ""

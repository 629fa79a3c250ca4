"""What caches are told of the responses of a folder with accounts, and of one without."""

from __future__ import annotations

import pytest

from nethttp.server.files.doors import DOORS

from .shares import ByName, Client, handler_of, share
from .test_matrix import TABLE

RULES = ("/ ann rwd", "/open * r")


@pytest.fixture
def filled(root):
    for place in ("open", "secret"):
        (root / place).mkdir()
        (root / place / "f").write_bytes(b"content of " + place.encode())
        (root / place / "large").write_bytes(b"1" * 200_000)
        (root / place / "page.txt").write_bytes(b"text " * 5000)
    return root


def check(response, where: str) -> None:
    vary = {name.strip().lower() for name in (response.headers["Vary"] or "").split(",")}
    for more in response.headers.get_all("Vary", [])[1:]:
        vary |= {name.strip().lower() for name in more.split(",")}
    assert {"authorization", "cookie"} <= vary, where
    directives = response.headers.get_all("Cache-Control", [])
    assert len(directives) == 1, where
    assert {"private", "no-store"} & set(directives[0].split(", ")), where
    assert len(response.headers.get_all("Vary")) == len(set(response.headers.get_all("Vary")))


@pytest.mark.parametrize("name", TABLE)
def test_every_response_of_every_door_is_for_one_user(filled, shared, name):
    client = shared(*RULES, accounts=ByName())
    door = {door.name: door for door in DOORS}.get(name)
    method = door.method if door else name
    line = TABLE[name]
    query = f"?{door.query}=f" if door and door.query else ""
    fields = {"Content-Type": line.kind, "Destination": "/secret/new"}
    for user in (None, "bob", "ann"):
        signed_in = {} if user is None else {"Authorization": user}
        for path in ("/", "/open/", "/open/f", "/secret/", "/secret/f", "/secret/nothing", "/%00"):
            for verb in {method, "HEAD" if method == "GET" else method}:
                response = client.ask(verb, path + query, line.content, **fields, **signed_in)
                check(response, f"{verb} {path}{query} by {user}: {response.status}")


def test_so_are_parts_kept_heads_redirects_and_what_is_compressed(filled, shared):
    client = shared(*RULES, accounts=ByName())
    tag = client.ask("GET", "/open/f").headers["ETag"]
    for fields, status in (
        ({"Range": "bytes=0-1"}, 206),
        ({"Range": "bytes=0-1,5-6"}, 206),
        ({"Range": "bytes=99-"}, 416),
        ({"If-None-Match": tag}, 304),
        ({"If-Match": '"other"'}, 412),
    ):
        response = client.ask("GET", "/open/f", **fields)
        assert response.status == status
        check(response, str(fields))
    for _ in range(5):
        for path in ("/open/f", "/open/large"):
            check(client.ask("GET", path), path)
        compressed = client.ask("GET", "/open/page.txt", Accept_Encoding="gzip")
        assert compressed.headers["Content-Encoding"] == "gzip"
        check(compressed, "gzip")
    redirect = client.ask("GET", "/open")
    assert redirect.status == 301
    check(redirect, "redirect")
    foreign = client.ask("PUT", "/open/new", b"", Sec_Fetch_Site="cross-site", Authorization="ann")
    assert foreign.status == 403
    check(foreign, "foreign")


def test_the_head_of_a_part_has_these_fields_once(filled, shared):
    response = shared(*RULES, accounts=ByName()).ask("GET", "/open/f", Range="bytes=0-1,5-6")
    assert b"Vary" not in response.body


def test_without_accounts_no_field_is_added(filled, shared):
    client = shared("/ * rwd")
    for method, path in (("GET", "/open/f"), ("GET", "/open/"), ("PUT", "/open/new")):
        response = client.ask(method, path)
        assert "Authorization" not in (response.headers["Vary"] or "")
        assert "private" not in (response.headers["Cache-Control"] or "")
    assert "Cache-Control" not in client.ask("GET", "/nothing").headers


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("max-age=60", "private, max-age=60"),
        ("public, max-age=60, s-maxage=9", "private, max-age=60"),
        ("Private , immutable", "private, immutable"),
        ("no-store", "no-store"),
        ("public", "private"),
    ],
)
def test_cache_control_of_the_operator_is_for_browsers_alone(filled, serve, root, given, sent):
    handler = handler_of(share(root, *RULES, accounts=ByName()), cache_control=given)
    client = Client(serve(handler).port)
    for path in ("/open/f", "/open/"):
        assert client.ask("GET", path).headers["Cache-Control"] == sent
    client.close()
    handler = handler_of(share(root, "/ * rw"), cache_control=given)
    client = Client(serve(handler).port)
    assert client.ask("GET", "/open/f").headers["Cache-Control"] == given
    client.close()


def test_what_the_operator_says_of_caches_is_for_folders_without_accounts(filled, serve, root):
    public = [("Cache-Control", "public, max-age=60"), ("Vary", "X")]
    handler = handler_of(share(root, *RULES, accounts=ByName()), extra_response_headers=public)
    client = Client(serve(handler).port)
    check(client.ask("GET", "/open/f"), "extra fields")
    check(client.ask("GET", "/open/"), "extra fields")
    client.close()

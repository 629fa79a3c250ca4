"""What may be stored: RFC 9111 section 3."""

from __future__ import annotations

import pytest

from nethttp.client.caching.storing import entry_to_store, part_of, storable_fields

from .conftest import URL

FRESH = {"Cache-Control": "max-age=60"}
ETAG = {"ETag": '"1"'}
MODIFIED = {"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"}


def control(value: str, **more: str) -> dict[str, str]:
    return {"Cache-Control": value, **more}


def made(fields, status=200, method="GET", request=None):
    return entry_to_store(
        method, URL, list((request or {}).items()), status, "", list(fields.items()), 1e9, 1e9 + 1
    )


@pytest.mark.parametrize(
    ("fields", "status", "method", "request_fields", "stored"),
    [
        (FRESH, 200, "GET", {}, True),
        (FRESH, 599, "GET", {}, True),
        (FRESH, 500, "GET", {}, True),
        (FRESH, 206, "GET", {}, False),
        ({**FRESH, "Content-Range": "bytes 0-4/10"}, 206, "GET", {}, True),
        ({**FRESH, "Content-Range": "bytes 0-4/*"}, 206, "GET", {}, False),
        (FRESH, 304, "GET", {}, False),
        (FRESH, 416, "GET", {}, False),
        ({}, 200, "GET", {}, False),
        (ETAG, 200, "GET", {}, True),
        (MODIFIED, 200, "GET", {}, True),
        (MODIFIED, 404, "GET", {}, True),
        (MODIFIED, 403, "GET", {}, False),
        (ETAG, 599, "GET", {}, False),
        ({**MODIFIED, **control("public")}, 599, "GET", {}, True),
        (control("private"), 200, "GET", {}, False),
        (control("private", **ETAG), 200, "GET", {}, True),
        (control("no-store, max-age=60"), 200, "GET", {}, False),
        (control("nO-StOrE"), 200, "GET", {}, False),
        (FRESH, 200, "GET", control("no-store"), False),
        (control("no-cache", **ETAG), 200, "GET", {}, True),
        (control("no-cache, max-age=60"), 200, "GET", {}, True),
        (control("must-understand, no-store, max-age=60"), 200, "GET", {}, True),
        (control("must-understand, max-age=60"), 599, "GET", {}, False),
        (FRESH, 200, "GET", {"Authorization": "x"}, True),
        ({**FRESH, "Vary": "*"}, 200, "GET", {}, False),
        ({**FRESH, "Vary": "Foo, *"}, 200, "GET", {}, False),
        ({**FRESH, "Vary": "Foo"}, 200, "GET", {}, True),
        (FRESH, 200, "HEAD", {}, False),
        (FRESH, 200, "PUT", {}, False),
        (FRESH, 200, "POST", {}, False),
        ({**FRESH, "Content-Location": URL}, 200, "POST", {}, True),
        ({**FRESH, "Content-Location": "/b"}, 200, "POST", {}, True),
        ({**FRESH, "Content-Location": "/other"}, 200, "POST", {}, False),
        ({**MODIFIED, "Content-Location": "/b"}, 200, "POST", {}, False),
        ({"Expires": "0"}, 200, "GET", {}, False),
        ({"Expires": "0", **ETAG}, 200, "GET", {}, True),
    ],
)
def test_what_is_stored(fields, status, method, request_fields, stored):
    assert (made(fields, status, method, request_fields) is not None) is stored


def test_an_entry_knows_what_selected_it_and_when():
    entry = made({**FRESH, "Vary": "Foo"}, request={"foo": "1", "Bar": "2"})
    assert entry is not None
    assert entry.selecting == (("foo", "1"),)
    assert (entry.requested_at, entry.received_at) == (1e9, 1e9 + 1)


def test_a_private_response_is_for_the_cookie_of_its_request():
    request = {"Cookie": "id=ann", "Foo": "1"}
    private = made(control("private, max-age=60", Vary="Foo"), request=request)
    assert private is not None
    assert private.selecting == (("cookie", "id=ann"), ("foo", "1"))
    for value in ("max-age=60", 'max-age=60, private="Foo"'):
        public = made(control(value), request=request)
        assert public is not None
        assert public.selecting == ()


def test_fields_of_a_connection_are_not_stored():
    fields = [
        *(("Connection", "a, B"), ("a", "1"), ("b", "2"), ("c", "3"), ("Keep-Alive", "x")),
        *(("Transfer-Encoding", "chunked"), ("Proxy-Authenticate", "Basic"), ("Set-Cookie", "k=v")),
        *(("Upgrade", "h2c"), ("TE", "gzip"), ("Trailer", "X"), ("Proxy-Connection", "x")),
    ]
    assert storable_fields(fields) == (("c", "3"), ("Set-Cookie", "k=v"))


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("bytes 0-4/10", (0, 5, 10)),
        ("BYTES 9-9/10", (9, 10, 10)),
        ("bytes 0-10/10", None),
        ("bytes 5-4/10", None),
        ("bytes */10", None),
        ("lines 0-4/10", None),
        ("", None),
    ],
)
def test_the_part_that_content_range_names(value, part):
    assert part_of([("Content-Range", value)]) == part

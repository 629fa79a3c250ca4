"""A request: what it is made of, and what is made only when it is asked for."""

from __future__ import annotations

import pytest

from nethttp.client.flow.head import common_headers
from nethttp.client.messages.request import Request
from nethttp.client.messages.url import URL
from nethttp.errors import InvalidURL, LocalProtocolError

COMMON = common_headers([("Host", "a"), ("Accept", "*/*")])


def test_common_headers_are_copied_once_they_are_read():
    request = Request.with_common("GET", URL("http://a/x?y"), COMMON)
    assert request.common is COMMON
    assert request.headers.pairs == COMMON.pairs
    assert request.common is None
    request.headers["Accept"] = "text/html"
    assert COMMON.pairs == [("Host", "a"), ("Accept", "*/*")]


def test_a_copy_has_headers_of_its_own():
    request = Request("POST", "http://a/", {"A": "b"}, b"body", raw_target="/raw")
    copy = request.copy()
    copy.headers["A"] = "c"
    assert (request.headers["A"], copy.headers["A"]) == ("b", "c")
    assert (copy.method, copy.url, copy.body, copy.target) == (
        request.method, request.url, b"body", "/raw",
    )  # fmt: skip
    untouched = Request.with_common("GET", URL("http://a/"), COMMON)
    assert untouched.copy().common is COMMON


def test_headers_can_be_replaced():
    request = Request("GET", "http://a/")
    request.headers = {"X": "y"}
    assert request.headers.pairs == [("X", "y")]


@pytest.mark.parametrize("method", ["", "G T", "GET\r\n", "GËT"])
@pytest.mark.parametrize(
    "make",
    [
        lambda method: Request(method, "http://a/"),
        lambda method: Request.with_common(method, URL("http://a/"), COMMON),
    ],
)
def test_a_method_is_a_token(make, method):
    with pytest.raises(LocalProtocolError, match="expected a method such as GET"):
        make(method)
    assert make("PURGE").method == "PURGE"


@pytest.mark.parametrize("target", ["", "/a b", "/\r\n", "/ä"])
def test_a_target_is_visible_ascii(target):
    with pytest.raises(LocalProtocolError, match="expected a target"):
        Request("GET", "http://a/", raw_target=target)
    request = Request("GET", "http://a/")
    with pytest.raises(LocalProtocolError, match="expected a target"):
        request.target = target
    assert request.target == "/"


def test_a_url_is_absolute():
    with pytest.raises(InvalidURL):
        Request("GET", "/a")


def test_what_is_shown_has_no_secrets():
    request = Request("GET", "http://me:secret@a/x?token=secret")
    assert "secret" not in str(request)
    assert "secret" not in repr(request)

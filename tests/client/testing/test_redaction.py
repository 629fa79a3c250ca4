"""Secrets are taken out of what is written to a file."""

from __future__ import annotations

import json

import pytest

from nethttp.client.testing.redaction import NO_MORE, Redaction


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (("Authorization", "Basic abc=="), "Basic REDACTED"),
        (("AUTHORIZATION", "abc"), "REDACTED"),
        (("Authorization", 'Digest username="me", response="1"'), "Digest REDACTED"),
        (("Proxy-Authorization", "Bearer abc"), "Bearer REDACTED"),
        (("Cookie", "a=b; c=d=e"), "a=REDACTED; c=REDACTED"),
        (("Set-Cookie", "a=b=c; Path=/; Max-Age=3"), "a=REDACTED; Path=/; Max-Age=3"),
        (("X-API-Key", "abc"), "REDACTED"),
        (("X-Mine", "abc def"), "REDACTED"),
        (("Accept", "text/html"), "text/html"),
    ],
)
def test_header_fields(line, wanted):
    assert Redaction(fields=["x-mine"]).lines([line]) == [(line[0], wanted)]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://a/b?c=d", "http://a/b?c=d"),
        ("http://me:secret@a/", "http://REDACTED@a/"),
        ("http://a/@b", "http://a/@b"),
        ("http://a/?Token=b&token=c&d", "http://a/?Token=REDACTED&token=REDACTED&d"),
        ("http://a/?X-Amz-Signature=b%20&x=1", "http://a/?X-Amz-Signature=REDACTED&x=1"),
        ("http://a/?acc%65ss_token=b", "http://a/?acc%65ss_token=REDACTED"),
        ("http://a/?token", "http://a/?token"),
        ("http://a/?mine=b", "http://a/?mine=REDACTED"),
    ],
)
def test_urls(url, wanted):
    assert Redaction(names=["Mine"]).url(url) == wanted
    assert Redaction(names=["Mine"]).url(wanted) == wanted


def test_bodies():
    form = "application/x-www-form-urlencoded"
    assert NO_MORE.text("user=me&password=a%26b", form) == "user=me&password=REDACTED"
    text = json.dumps({"a": [{"Access_Token": "x", "n": 1}], "secret": None, "password": {"b": 1}})
    for media_type in ("application/json", "application/vnd.api+json"):
        assert json.loads(NO_MORE.text(text, media_type)) == {
            "a": [{"Access_Token": "REDACTED", "n": 1}],
            "secret": None,
            "password": "REDACTED",
        }


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ('{"a" :  1}', "application/json"),
        ('{"token": ', "application/json"),
        ("password=a", "text/plain"),
        ("", ""),
    ],
)
def test_what_has_no_secret_stays_as_it_is(text, media_type):
    assert NO_MORE.text(text, media_type) == text

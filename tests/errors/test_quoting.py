"""What messages quote: the bytes of a peer, the reason of an error, a URL without its secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors.quoting import MAX_URL, redacted


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("https://me@example.com", "https://***@example.com"),
        ("https://me:p@w@example.com/@x", "https://***@example.com/@x"),
        ("me:pw@example.com/", "***@example.com/"),
        ("/a@b?x=1", "/a@b?x=1"),
        ("http://h/?X-Amz-Signature=0a&X-Amz-Date=1", "http://h/?X-Amz-Signature=***&X-Amz-Date=1"),
        ("http://h/?APIKEY=1", "http://h/?APIKEY=***"),
        ("http://h/?password=", "http://h/?password=***"),
        ("http://h/?token&a=b", "http://h/?token&a=b"),
        ("http://h/#access_token=abc", "http://h/#access_token=***"),
        ("http://h?a=u@b", "http://h?a=u@b"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert redacted(url) == shown


def test_a_url_is_cut():
    assert redacted("http://h/" + "a" * 10_000) == ("http://h/" + "a" * 10_000)[:MAX_URL]


@given(st.text("ab:/@?#=&", max_size=40), st.sampled_from(["http://", "https://", ""]))
def test_nothing_before_the_at_sign_of_an_authority_is_shown(rest, scheme):
    assert "hidden" not in redacted(f"{scheme}hidden:{rest.translate({47: 97, 63: 97, 35: 97})}@h/")

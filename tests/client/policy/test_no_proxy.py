"""NO_PROXY: every form of an entry, and no host that an entry only resembles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.messages.url import URL
from nethttp.client.policy.no_proxy import NoProxy

COVERED = [
    ("*", "http://anything:1"),
    ("a, * ,b", "http://[::1]"),
    ("example.com", "http://example.com"),
    ("example.com", "https://example.com:8443"),
    ("example.com", "http://a.b.example.com"),
    (".example.com", "http://example.com"),
    (".example.com", "http://a.example.com"),
    ("*.example.com", "http://a.example.com"),
    ("EXAMPLE.com", "http://Example.COM"),
    ("example.com.", "http://example.com"),
    ("example.com", "http://example.com."),
    (" a ,\texample.com ,,", "http://example.com"),
    ("a example.com", "http://example.com"),
    ("com", "http://example.com"),
    ("localhost", "http://localhost:8080"),
    ("my_host", "http://my_host"),
    ("xn--mnchen-3ya.de", "http://münchen.de"),
    ("münchen.de", "http://www.münchen.de"),
    ("example.com:8080", "http://example.com:8080"),
    ("example.com:8080", "http://a.example.com:8080"),
    ("example.com:443", "https://example.com"),
    ("example.com:80,example.com:81", "http://example.com:81"),
    ("example.com:80,example.com", "http://example.com:9"),
    ("192.0.2.1", "http://192.0.2.1"),
    ("192.0.2.1.", "http://192.0.2.1"),
    ("192.0.2.1:81", "http://192.0.2.1:81"),
    ("10.0.0.0/8", "http://10.255.0.1:9"),
    ("10.1.2.3/8", "http://10.255.0.1"),
    ("0.0.0.0/0", "http://10.255.0.1"),
    ("10.0.0.0/8", "http://[::ffff:10.1.2.3]"),
    ("::1", "http://[::1]"),
    ("[::1]", "http://[::1]:9"),
    ("[::1]:81", "http://[::1]:81"),
    ("0:0::1", "http://[::1]"),
    ("FD00::/8", "http://[fd12::1]"),
    ("[fd00::]/8", "http://[fd12::1]"),
    ("fe80::/10", "http://[fe80::1%25eth0]"),
    ("fe80::1", "http://[fe80::1%25eth0]"),
]

NOT_COVERED = [
    ("", "http://example.com"),
    (",., ,", "http://example.com"),
    ("example.com", "http://badexample.com"),
    ("example.com", "http://example.com.evil.org"),
    ("ample.com", "http://example.com"),
    ("a.example.com", "http://example.com"),
    ("e*.com", "http://example.com"),
    ("**", "http://example.com"),
    ("example.com:8080", "http://example.com"),
    ("example.com:80", "https://example.com"),
    ("example.com:http", "http://example.com"),
    ("http://example.com", "http://example.com"),
    ("192.0.2.1:81", "http://192.0.2.1"),
    ("2.1", "http://192.0.2.1"),
    ("192.0.2", "http://192.0.2.1"),
    ("10.0.0.0/8", "http://11.0.0.1"),
    ("10.0.0.0/8", "http://ten.example"),
    ("10.0.0.0/33", "http://10.0.0.1"),
    ("10.0.0.0/8/8", "http://10.0.0.1"),
    ("0.0.0.0/0", "http://[::2]"),
    ("::/0", "http://10.0.0.1"),
    ("[::1]:81", "http://[::1]"),
    ("::1:81", "http://[::1]:81"),
    ("1", "http://[::1]"),
    ("<local>", "http://local"),
]


@pytest.mark.parametrize(("text", "url"), COVERED)
def test_covered(text, url):
    assert NoProxy(text).covers(URL(url).origin)


@pytest.mark.parametrize(("text", "url"), NOT_COVERED)
def test_not_covered(text, url):
    assert not NoProxy(text).covers(URL(url).origin)


@given(st.lists(st.text("a.*:/[]10%é ,\t-", max_size=12)))
def test_any_list_is_read(entries):
    hosts = NoProxy(",".join(entries))
    for url in ("http://other.example", "http://203.0.113.9", "http://[2001:db8::9]"):
        reached = hosts.covers(URL(url).origin)
        if "*" not in ",".join(entries) and "/" not in ",".join(entries):
            assert not reached

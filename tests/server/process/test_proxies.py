"""The client behind trusted proxies, and no other way to say who one is."""

from __future__ import annotations

import ipaddress
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.process.proxies import TrustedProxies, behind_proxies

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "unix"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("", "192.0.2.1", "192.0.2.1"),
        ("", "", ""),
        # Only what a trusted proxy has added counts.
        ("192.0.2.9", "192.0.2.1", "192.0.2.9"),
        ("127.0.0.1", "192.0.2.1, 192.0.2.2", "192.0.2.2"),
        ("127.0.0.1", "192.0.2.1,10.1.1.1 ,\t10.2.2.2", "192.0.2.1"),
        ("127.0.0.1", "1.1.1.1, 192.0.2.1, 10.1.1.1", "192.0.2.1"),
        # A client that is within the trusted network.
        ("127.0.0.1", "10.3.3.3", "10.3.3.3"),
        # Ports, both versions of IP, and one in the clothes of the other.
        ("127.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("127.0.0.1", "[2001:DB9::1]:80", "2001:db9::1"),
        ("127.0.0.1", "2001:db9:0:0::1", "2001:db9::1"),
        ("::ffff:127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::7", "192.0.2.1", "192.0.2.1"),
        # What is no address says nothing, nor does what stands before it.
        ("127.0.0.1", "192.0.2.1, unknown", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.1, unknown, 10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "192.0.2.1,", "127.0.0.1"),
        ("127.0.0.1", "\x1b[2J", "127.0.0.1"),
        ("127.0.0.1", "1" * 5000, "127.0.0.1"),
    ],
)
def test_the_client_is_the_last_that_no_trusted_proxy_is(peer, forwarded, client):
    assert PROXIES.client_of(peer, forwarded) == client


@given(st.text(), st.sampled_from(["", "127.0.0.1", "192.0.2.1", "junk"]))
def test_whatever_is_sent_the_client_is_an_address(forwarded, peer):
    client = PROXIES.client_of(peer, forwarded)
    assert client == peer or ipaddress.ip_address(client)


@given(st.text())
def test_a_client_cannot_say_who_it_is(forged):
    assert PROXIES.client_of("127.0.0.1", f"{forged}, 192.0.2.1") == "192.0.2.1"


def test_many_hops_take_linear_time():
    def seconds(count: int) -> float:
        forwarded = ",".join(["10.0.0.1"] * count)
        best = 9.0
        for _ in range(3):
            began = time.thread_time()  # What this thread computes, whatever else runs.
            PROXIES.client_of("127.0.0.1", forwarded)
            best = min(best, time.thread_time() - began)
        return best

    assert seconds(40_000) < 40 * seconds(4_000)


@pytest.mark.parametrize("name", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "*", "1.1.1"])
def test_what_names_no_proxy(name):
    with pytest.raises(ValueError, match=r"\S"):
        TrustedProxies([name])


@pytest.mark.parametrize(
    ("peer", "fields", "expected"),
    [
        ("127.0.0.1", {"FOR": "192.0.2.1", "PROTO": "https"}, ("192.0.2.1", "", "https")),
        ("127.0.0.1", {"PROTO": "HTTPS"}, ("127.0.0.1", "9", "https")),
        ("127.0.0.1", {"PROTO": "https, http"}, ("127.0.0.1", "9", "http")),
        ("127.0.0.1", {"PROTO": "javascript"}, ("127.0.0.1", "9", "http")),
        ("127.0.0.1", {"HOST": "evil.example"}, ("127.0.0.1", "9", "http")),
        ("192.0.2.9", {"FOR": "192.0.2.1", "PROTO": "https"}, ("192.0.2.9", "9", "http")),
    ],
)
def test_what_an_application_sees(peer, fields, expected):
    seen = {}
    app = behind_proxies(lambda environ, _start: seen.update(environ), PROXIES)
    environ = {"REMOTE_ADDR": peer, "REMOTE_PORT": "9", "wsgi.url_scheme": "http", "HTTP_HOST": "a"}
    app(environ | {f"HTTP_X_FORWARDED_{name}": value for name, value in fields.items()}, None)
    assert (seen["REMOTE_ADDR"], seen["REMOTE_PORT"], seen["wsgi.url_scheme"]) == expected
    assert seen["HTTP_HOST"] == "a"

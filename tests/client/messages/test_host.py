"""Hosts: one form for each, and no address in disguise."""

from __future__ import annotations

import ipaddress
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.messages.host import bracketed, parse_host
from nethttp.errors import InvalidURL


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com."),
        ("a_b-c.d", "a_b-c.d"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("ex%41mple.com", "example.com"),
        ("127%2e0.0.1", "127.0.0.1"),
        ("1a.example", "1a.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("0xg", "0xg"),
        ("255.255.255.255", "255.255.255.255"),
        ("[::]", "::"),
        ("[2001:DB8:0:0::1]", "2001:db8::1"),
        ("[::ffff:1.2.3.4]", "::ffff:102:304"),
        ("[::1.2.3.4]", "::102:304"),
        ("[fe80::1%25en0]", "fe80::1%en0"),
        ("a" * 63 + ".b", "a" * 63 + ".b"),
    ],
)
def test_hosts_have_one_form(text, host):
    assert parse_host(text) == host
    if "%" not in host:
        assert parse_host(bracketed(host)) == host


@pytest.mark.parametrize(
    "text",
    ["2130706433", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001",
     "127.0.0.01", "256.1.1.1", "1.2.3.4.5", "1.2.3.4.", "1.2.3", "a.1", "a.0x", "0x",
     "\uff11\uff12\uff17.1",
     "%31%32%37.1", "1.2.3.0x4"],
)  # fmt: skip
def test_addresses_in_disguise_are_refused(text):
    with pytest.raises(InvalidURL, match="IPv4"):
        parse_host(text)


@pytest.mark.parametrize(
    "text",
    ["a..b", ".a", ".", "a" * 64, ".".join(["a" * 60] * 5), "a b", "a%20b", "a%00b", "a%2fb",
     "a%40b", "a%", "a%zz", "a%25b", "a%ff", "a<b", "a>b", "a^b", "a|b", "a`b",
     'a"b', "a{b", "a#b", "a?b", "a/b", "a\\b", "a:b", "a@b", "a[b]", "[", "[]",
     "[:", "[::1", "[1.2.3.4]", "[::1]x", "[v1.x]",
     "[:::]", "[::1%]", "[::1%25]", "[::%31]", "[::1%e/0]", "[::12345]", "[1::2::3]",
     "\u00ad", "a\u2024\u2024b"],
)  # fmt: skip
def test_what_is_no_host_is_refused(text):
    with pytest.raises(InvalidURL, match="expected"):
        parse_host(text)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("München.de", "xn--mnchen-3ya.de"),
        ("faß.de", "xn--fa-hia.de"),  # IDNA 2003 and transitional processing make it fass.de
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("\uff25\uff38.com", "ex.com"),
        ("m%C3%BCnchen.de", "xn--mnchen-3ya.de"),
    ],
)
def test_international_names(text, host):
    assert parse_host(text) == host


@pytest.mark.parametrize("text", ["☃.net", "a\u200db.de", "-ä.de", "ä" * 64, "\u0301a.de"])
def test_international_names_that_idna_refuses(text):
    with pytest.raises(InvalidURL, match="internationalised"):
        parse_host(text)


def test_without_the_package_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "idna", None)
    with pytest.raises(InvalidURL, match=r"nethttp\[idna\]"):
        parse_host("münchen.de")


def test_ascii_hosts_import_nothing():
    code = (
        "import sys; from nethttp.client.messages.url import URL; URL('http://a/'); "
        "print(*{'idna', 'ipaddress', 'urllib.parse'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@given(st.ip_addresses(v=6))
def test_any_ipv6_address_is_itself(address):
    host = parse_host(f"[{address.exploded.upper()}]")
    assert ipaddress.ip_address(host) == address
    assert parse_host(bracketed(host)) == host


@given(st.ip_addresses(v=4))
def test_any_ipv4_address_is_itself(address):
    assert parse_host(str(address)) == str(address)


@given(st.text(max_size=20))
def test_any_text_is_refused_or_safe_to_send(text):
    try:
        host = parse_host(text)
    except InvalidURL:
        return
    assert host.isascii()
    assert host == host.lower()
    assert not set(host) & set('\r\n\0 /?#@\\<>"')

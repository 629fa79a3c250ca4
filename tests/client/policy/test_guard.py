"""The guard: no address of a private network in any of its forms."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.policy.guard import PublicOnly, public_only

PRIVATE_V4 = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200",
              "100.127.255.255", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254",
              "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
              "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.255",
              "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"]  # fmt: skip
PUBLIC_V4 = ["1.1.1.1", "9.9.9.9", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1",
             "168.63.129.17", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255",
             "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"]  # fmt: skip
PRIVATE_V6 = ["::", "::1", "::7f00:1", "::8.8.8.8", "fe80::1", "fe80::1%eth0", "2606:4700::1%1",
              "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "100::1", "2001:db8::1",
              "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2002:7f00:1::",
              "2002:808:808::", "3ffe::1", "3fff::1", "5f00::1", "4000::1", "64:ff9b:1::1",
              "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1", "64:ff9b:0:1::1",
              "::ffff:0:7f00:1"]  # fmt: skip
PUBLIC_V6 = ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00::1", "2003::1", "3ffd::1"]
NOT_ADDRESSES = ["", "localhost", "/run/x.sock", "127.1", "2130706433", "0x7f.1", "[::1]"]


@pytest.mark.parametrize("address", [*PRIVATE_V4, *PRIVATE_V6, *NOT_ADDRESSES])
def test_what_is_not_public_is_refused(address):
    assert not public_only(address, 443)


@pytest.mark.parametrize("address", [*PUBLIC_V4, *PUBLIC_V6])
def test_what_is_public_is_allowed(address):
    assert public_only(address, 443)


@pytest.mark.parametrize("holder", ["::ffff:{}", "64:ff9b::{}"])
def test_an_ipv4_address_in_an_ipv6_one_is_judged(holder):
    for address in PRIVATE_V4:
        assert not public_only(holder.format(address), 80), address
    for address in PUBLIC_V4:
        assert public_only(holder.format(address), 80), address


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_that_the_standard_library_calls_private(address):
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not public_only(str(address), 80)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_passes_that_the_standard_library_calls_private(address):
    if not address.is_global and not address.ipv4_mapped:
        assert not public_only(str(address), 80)


def test_allowed_networks():
    guard = PublicOnly(allow=["10.1.0.0/16", "fd00:1::/32", "127.0.0.1"])
    for address in ("10.1.0.1", "fd00:1::2", "127.0.0.1", "::ffff:10.1.0.1", "1.1.1.1"):
        assert guard(address, 80), address
    for address in ("10.2.0.1", "fd00:2::2", "127.0.0.2", "fd00:1::2%1", "::10.1.0.1"):
        assert not guard(address, 80), address
    with pytest.raises(ValueError, match="host bits"):
        PublicOnly(allow=["10.1.0.1/16"])


def test_ports():
    guard = PublicOnly(ports=[443])
    assert guard("1.1.1.1", 443)
    assert not guard("1.1.1.1", 80)
    assert not guard("10.0.0.1", 443)
    assert not PublicOnly(ports=[])("1.1.1.1", 443)


def test_guards_can_be_pickled_and_read():
    guard = pickle.loads(pickle.dumps(PublicOnly(allow=["10.1.0.0/16"], ports={443, 80})))
    assert repr(guard) == "PublicOnly(allow=['10.1.0.0/16'], ports=[80, 443])"
    assert guard("10.1.0.1", 80)

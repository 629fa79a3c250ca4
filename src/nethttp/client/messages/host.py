"""The host of a URL, in the one form in which it is compared, resolved and put on the wire.

RFC 3986 section 3.2.2, and what the WHATWG's URL standard adds: a host that ends in a number is an
IPv4 address, and a name outside ASCII is an internationalised one. Where the standard reads a
number as an address in a surprising way (``2130706433``, ``127.1`` and ``0x7f.1`` are 127.0.0.1),
this module refuses it, since a check of the host would read it otherwise.
"""

from __future__ import annotations

import re

from ...errors import InvalidURL, excerpt

__all__ = ["bracketed", "parse_host"]

MAX_LABEL = 63
"""The most bytes between two dots of a name: RFC 1035 section 2.3.4."""

MAX_NAME = 253
"""The most bytes of a name without its last dot, for the same reason."""

#: The characters of RFC 3986's reg-name, without the percent sign.
_NAME = re.compile(r"[a-z0-9\-._~!$&'()*+,;=]++")
#: What browsers read as an IPv4 address, in whatever form.
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]++|0x[0-9a-f]*+)\.?", re.DOTALL)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
#: The zone of a link-local address behind "%25" (RFC 6874 section 2), or behind a bare "%" that
#: cannot begin a percent-encoded character.
_ZONE = re.compile(r"%(?:25|(?![0-9A-Fa-f]{2}))([A-Za-z0-9\-._~]++)")


def parse_host(text: str) -> str:
    """Return the host that `text` names, in lower case and ASCII; an IPv6 address has no brackets.

    A name outside ASCII is encoded by IDNA 2008 as browsers do (UTS 46, non-transitional), which
    needs the package idna.

    Raises:
        InvalidURL: `text` is no name and no address, or idna is not installed.

    >>> parse_host("Example.COM"), parse_host("[2001:DB8::0:1]"), parse_host("127.0.0.1")
    ('example.com', '2001:db8::1', '127.0.0.1')
    """
    if text.startswith("["):
        return _ipv6(text)
    host = text
    if "%" in host:
        host = _percent_decoded(text)
    if not host.isascii():
        host = _internationalised(host, text)
    host = host.lower()
    if not _NAME.fullmatch(host):
        raise InvalidURL(f"expected a host name or address, got {excerpt(text)} (RFC 3986 3.2.2)")
    if _ENDS_IN_A_NUMBER.fullmatch(host):
        if not _IPV4.fullmatch(host):
            raise InvalidURL(f"expected an IPv4 address as four decimal bytes, got {excerpt(text)}")
        return host
    name = host.removesuffix(".")
    if len(name) > MAX_NAME or not all(0 < len(label) <= MAX_LABEL for label in name.split(".")):
        raise InvalidURL(
            f"expected a host of at most {MAX_NAME} bytes, each label of 1 to {MAX_LABEL}, "
            f"got {excerpt(text)} (RFC 1035 section 2.3.4)"
        )
    return host


def bracketed(host: str) -> str:
    """Return a host of `parse_host` as a URL and a Host field have it: an IPv6 address in brackets.

    The zone of a link-local address is left out: it has a meaning on this machine alone, and "MUST
    be removed" from what is sent (RFC 6874 section 3).

    >>> bracketed("::1"), bracketed("fe80::1%eth0"), bracketed("example.com")
    ('[::1]', '[fe80::1]', 'example.com')
    """
    return f"[{host.partition('%')[0]}]" if ":" in host else host


def _ipv6(text: str) -> str:
    from ipaddress import AddressValueError, IPv6Address  # start-up: few URLs have an IPv6 address

    literal, percent, zone = text[1:-1].partition("%")
    found = _ZONE.fullmatch(percent + zone)
    if not text.endswith("]") or (percent and not found):
        raise InvalidURL(f"expected an IPv6 address in brackets, got {excerpt(text)}")
    try:
        address = IPv6Address(literal)
    except AddressValueError as error:
        raise InvalidURL(f"expected an IPv6 address, got {excerpt(text)}: {error}") from None
    shown = str(address)
    if "." in shown:  # from Python 3.13 on, for an address that maps an IPv4 one
        low = int(address) & 0xFFFF_FFFF
        shown = f"::ffff:{low >> 16:x}:{low & 0xFFFF:x}"
    return f"{shown}%{found[1]}" if found else shown


def _percent_decoded(text: str) -> str:
    from urllib.parse import unquote_to_bytes  # start-up: hardly a host is percent-encoded

    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise InvalidURL(f"expected UTF-8 in a percent-encoded host, got {excerpt(text)}") from None


def _internationalised(host: str, text: str) -> str:
    try:
        import idna  # an extra
    except ImportError:
        raise InvalidURL(
            f"the host {excerpt(text)} is outside ASCII: encoding it needs the package idna "
            "(pip install 'nethttp[idna]'), or write its ASCII form (xn--...)"
        ) from None
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError as error:  # idna's own errors are UnicodeErrors
        raise InvalidURL(f"expected an internationalised name, got {excerpt(text)}: {error}") from (
            None
        )

"""A tunnel through a SOCKS proxy: RFC 1928, with user name and password by RFC 1929.

Two or three short messages each way. The one library that speaks them without a socket has had no
release since 2020, and to drive it takes as many lines as to write them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final

from ...errors import ProxyError, excerpt
from ...net.effects import Exchange, Flow, Link, Read
from ..policy.proxies import Proxy

__all__ = ["socks_tunnel"]

VERSION: Final = 5
NO_AUTHENTICATION: Final = 0
PASSWORD: Final = 2

#: Kinds of addresses, and how many bytes follow; a name has its length in the first of them.
IPV4: Final = 1
NAME: Final = 3
IPV6: Final = 4
LENGTHS: Final = {IPV4: 4, IPV6: 16}

#: RFC 1928 section 6.
REPLIES: Final = {
    1: "it failed",
    2: "its rules do not allow the connection",
    3: "the network is unreachable",
    4: "the host is unreachable, or its name is unknown",
    5: "the host refused the connection",
    6: "the host did not answer in time",
    7: "it does not open connections",
    8: "it does not take this kind of address",
}

MAX_TEXT: Final = 255
"""The most bytes of a host's name, a user's name and a password."""


def socks_tunnel(
    reach: Callable[[], Flow[Link]], host: str, port: int, proxy: Proxy, deadline: float
) -> Flow[Link]:
    """Return a connection through `proxy` to a host, a name or an address, and port.

    `reach` connects to the proxy. RFC 1928, and RFC 1929 for a user's name and password.

    Raises:
        ProxyError: the proxy refused, or does not speak SOCKS 5.
        TimeoutError: the deadline has passed.
        OSError: the connection is broken.
    """
    destination = _destination(host, port)
    link = yield from reach()
    try:
        yield from _Talk(link, proxy, deadline).open(destination)
    except BaseException:
        link.close()
        raise
    return link


class _Talk:
    """What is said to the proxy, and what it answers."""

    __slots__ = ("_deadline", "_link", "_name", "_proxy", "_received")

    def __init__(self, link: Link, proxy: Proxy, deadline: float) -> None:
        self._link = link
        self._proxy = proxy
        self._deadline = deadline
        self._name = str(proxy.url.origin)
        self._received = b""

    def open(self, destination: bytes) -> Flow[None]:
        """Have the proxy connect to `destination`."""
        user = self._proxy.auth
        methods = [NO_AUTHENTICATION] if user is None else [NO_AUTHENTICATION, PASSWORD]
        yield from self._say(bytes([VERSION, len(methods), *methods]))
        version, method = yield from self._take(2)
        if version != VERSION:
            raise self._error(f"does not speak SOCKS 5, but answered {excerpt(bytes([version]))}")
        if method == PASSWORD and user is not None:
            yield from self._say(_password(user))
            _, status = yield from self._take(2)
            if status:
                raise self._error("refused the user name and password")
        elif method != NO_AUTHENTICATION:
            wants = "a user name and password" if user is None else "another authentication"
            raise self._error(f"wants {wants}")
        yield from self._say(bytes([VERSION, 1, 0]) + destination)
        _, reply, _, kind = yield from self._take(4)
        if reply:
            raise self._error(f"opened no connection: {REPLIES.get(reply, f'reply {reply}')}")
        length = LENGTHS.get(kind)
        if length is None:
            if kind != NAME:
                raise self._error(f"sent an address of the unknown kind {kind}")
            (length,) = yield from self._take(1)
        yield from self._take(length + 2)
        self._link.ahead = self._received

    def _say(self, message: bytes) -> Flow[None]:
        self._received += yield Exchange(self._link, message, self._deadline)
        if not self._received:
            raise self._error("ended the connection without an answer")

    def _take(self, count: int) -> Flow[bytes]:
        """Return the next `count` bytes from the proxy."""
        while len(self._received) < count:
            more = yield Read(self._link, self._deadline)
            if not more:
                raise self._error("ended the connection within an answer")
            self._received += more
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def _error(self, what: str) -> ProxyError:
        return ProxyError(f"{self._name} {what}", phase="proxy")


def _destination(host: str, port: int) -> bytes:
    """Return an address and a port as the proxy reads them."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        if len(name) > MAX_TEXT:
            raise ProxyError(
                f"expected a name of at most {MAX_TEXT} bytes, got {len(name)}"
            ) from None
        return bytes([NAME, len(name)]) + name + port.to_bytes(2, "big")
    kind = IPV4 if address.version == 4 else IPV6
    return bytes([kind]) + address.packed + port.to_bytes(2, "big")


def _password(user: object) -> bytes:
    """Return the message of RFC 1929 section 2."""
    if not isinstance(user, tuple) or len(user) != 2:
        raise ProxyError("expected a user name and password for a SOCKS proxy, got another auth")
    message = b"\1"
    for text in user:
        data = str(text).encode()
        if not 0 < len(data) <= MAX_TEXT:
            raise ProxyError(
                f"expected a SOCKS user name and password of 1 to {MAX_TEXT} bytes,"
                f" got one of {len(data)}"
            )
        message += bytes([len(data)]) + data
    return message

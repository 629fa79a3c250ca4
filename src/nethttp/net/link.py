"""`Link`: one connection of the network as a flow sees it, plain or through TLS.

A runner has its own kind of link, which moves bytes. What does not depend on the runner is here:
the layers of TLS, bytes that were received too early, and what was counted.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

__all__ = ["Address", "Layer", "Link"]


class Address(NamedTuple):
    """An address to dial: a family of the socket module, and a socket address of that family.

    >>> import socket
    >>> Address(socket.AF_INET, ("192.0.2.1", 443)).host
    '192.0.2.1'
    """

    family: int
    sockaddr: tuple[Any, ...] | str | bytes

    @property
    def host(self) -> str:
        """The IP address as text, or the path of a Unix socket."""
        if isinstance(self.sockaddr, tuple):
            return str(self.sockaddr[0])
        return self.sockaddr if isinstance(self.sockaddr, str) else repr(self.sockaddr)

    def __str__(self) -> str:
        if not isinstance(self.sockaddr, tuple):
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.sockaddr[1]}"


class Layer(Protocol):
    """What encrypts and decrypts a link's bytes: `nethttp.net.tlslayer` has the one for TLS."""

    ended: bool
    """Whether the peer has ended the layer, by its own end or without one."""

    cut: bool
    """Whether it ended without: perhaps not all bytes have arrived (RFC 8446 section 6.1)."""

    def receive(self, data: bytes) -> bytes:
        """Return the plain bytes that `data` completes, perhaps none; b"" ends the input."""
        ...

    def send(self, data: bytes | memoryview) -> bytes:
        """Return the bytes that carry `data`."""
        ...

    def output(self) -> bytes:
        """Return what the layer itself has to say to the peer, after `receive`; mostly b""."""
        ...

    def farewell(self) -> bytes:
        """Return the bytes of the layer's own end."""
        ...


class Link:
    """A connection to a peer. Flows move its bytes by effects; its methods never wait."""

    __slots__ = ("address", "ahead", "closed", "layer", "sent")

    def __init__(self, address: Address) -> None:
        self.address = address
        """The address of the peer."""
        self.layer: Layer | None = None
        """The innermost layer of TLS, through which all bytes pass."""
        self.ahead = b""
        """Plain bytes that the next `Read` returns first."""
        self.sent = 0
        """How many bytes the system, or the event loop, was given to send."""
        self.closed = False

    @property
    def cut(self) -> bool:
        """Whether the peer ended the connection without TLS's own end.

        A message that only the end of the connection delimits may then lack its last part.
        """
        return self.layer is not None and self.layer.cut

    @property
    def can_send_files(self) -> bool:
        """Whether `SendFile` works: bytes leave as they are, and the system has sendfile."""
        return False

    def is_stale(self) -> bool:
        """Return whether an idle link has ended, or has bytes that nobody asked for.

        Such a link is not used again, nor is one of another event loop than the running one. What
        TLS itself receives meanwhile is taken in.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection; what the system has taken is still sent. Never waits."""
        raise NotImplementedError

    def forget(self) -> None:
        """Give the connection up in a child process; the parent's stays open, and is sent nothing.

        Only after a fork: the parent still uses the same connection.
        """
        raise NotImplementedError

    def received(self, data: bytes) -> bytes | None:
        """Return the plain bytes that received `data` completes; None if none yet. For runners."""
        layer = self.layer
        if layer is None:
            return data
        plain = layer.receive(data)
        return plain if plain or layer.ended else None

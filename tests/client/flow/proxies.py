"""Proxies for tests, as scripts of `peer`: they do what they are told, and note what they saw."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import Any

__all__ = ["HTTPProxy", "SOCKSProxy"]


def relay(one: Any, other: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""
    sides = {one: other, other: one}
    while True:
        pending = getattr(one, "pending", lambda: 0)()
        ready = [one] if pending else select.select([*sides], [], [], 10)[0]
        if not ready:
            return
        for side in ready:
            data = side.recv(65536)
            if not data:
                return
            sides[side].sendall(data)


def read_exactly(connection: Any, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := connection.recv(count - len(data))):
        data += more
    return data


class HTTPProxy:
    """Answers CONNECT by what `answer` returns for its head; None: opens a tunnel to `target`.

    Answers are whole responses. A connection is kept after one, unless it says Connection: close.
    """

    def __init__(
        self, target: tuple[str, int], answer: Callable[[str], bytes | None] = lambda _: None
    ) -> None:
        self.target = target
        self.answer = answer
        self.heads: list[str] = []
        self.behind = b""
        """Bytes that follow the head of a success at once."""

    def __call__(self, connection: Any) -> None:
        while head := self._read_head(connection):
            self.heads.append(head)
            answer = self.answer(head)
            if answer is not None:
                connection.sendall(answer)
                if b"Connection: close" in answer:
                    return
                continue
            with socket.create_connection(self.target, 10) as onwards:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n" + self.behind)
                relay(connection, onwards)
            return

    def _read_head(self, connection: Any) -> str:
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = connection.recv(1)
            if not more:
                return ""
            data += more
        return data.decode("latin-1")


class SOCKSProxy:
    """Speaks SOCKS 5 by RFC 1928, and opens a tunnel to `target` whatever it is asked for."""

    def __init__(
        self,
        target: tuple[str, int],
        method: int = 0,
        reply: int = 0,
        kind: int = 1,
        password_is_right: bool = True,
    ) -> None:
        self.target = target
        self.method = method
        self.reply = reply
        self.kind = kind
        self.password_is_right = password_is_right
        self.asked: list[Any] = []
        self.behind = b""
        """Bytes that follow a success at once."""

    def __call__(self, connection: Any) -> None:
        version, count = read_exactly(connection, 2)
        self.asked.append((version, sorted(read_exactly(connection, count))))
        connection.sendall(bytes([5, self.method]))
        if self.method == 2:
            read_exactly(connection, 1)
            words = [
                read_exactly(connection, read_exactly(connection, 1)[0]).decode() for _ in range(2)
            ]
            self.asked.append(words)
            connection.sendall(bytes([1, not self.password_is_right]))
            if not self.password_is_right:
                return
        elif self.method:
            return
        head = read_exactly(connection, 4)
        length = {1: 4, 4: 16}.get(head[3]) or read_exactly(connection, 1)[0]
        host = read_exactly(connection, length)
        port = int.from_bytes(read_exactly(connection, 2), "big")
        self.asked.append((head[3], host, port))
        bound = {1: bytes(4), 4: bytes(16), 3: b"\x05proxy"}.get(self.kind, b"")
        answer = bytes([5, self.reply, 0, self.kind]) + bound + bytes(2)
        if self.reply:
            connection.sendall(answer)
            return
        with socket.create_connection(self.target, 10) as onwards:
            for byte in answer[:-1]:  # in pieces, as networks may deliver them
                connection.sendall(bytes([byte]))
            connection.sendall(answer[-1:] + self.behind)
            relay(connection, onwards)

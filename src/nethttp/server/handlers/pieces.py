"""`send_pieces`: sends content while it is made, so that its end can be told from a cut.

A handler that declares chunks writes them itself, since programs do so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

__all__ = ["send_pieces"]


class _Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...


class _Handler(Protocol):
    """What is needed of a handler that has begun a response."""

    close_connection: bool
    _version: int

    @property
    def wfile(self) -> _Writer: ...
    def send_header(self, keyword: str, value: str) -> None: ...
    def end_headers(self) -> None: ...


def send_pieces(handler: _Handler, pieces: Iterable[bytes], length: int | None) -> None:
    """End the head of a response, and send `pieces`, of `length` bytes together (None: not known).

    If making or sending a piece fails, the connection is closed, and the client sees that the
    content is not whole. RFC 9112 section 8.
    """
    in_chunks = length is None and handler._version >= 11
    if in_chunks:
        handler.send_header("Transfer-Encoding", "chunked")
    elif length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
    write = handler.wfile.write
    try:
        for piece in pieces:
            if not in_chunks:
                write(piece)
            elif piece:
                write(b"%x\r\n%b\r\n" % (len(piece), piece))
    except BaseException:
        handler.close_connection = True
        raise
    if in_chunks:
        write(b"0\r\n\r\n")

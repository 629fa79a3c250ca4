"""`ContentReader`: a response's content out of received bytes, without a copy where there is none.

`Connection` gives events of a whole connection; a client that has parsed a head itself needs only
what follows: which bytes are content, where it ends, and whether anything lies behind it.
"""

from __future__ import annotations

from ..fields import FieldLines
from ..limits import DEFAULT_LIMITS, Limits
from .body import Decoder, response_decoder

__all__ = ["ContentReader", "find_response_head_end", "may_begin_response"]


def find_response_head_end(data: bytes | bytearray, start: int = 0) -> int:
    r"""Return the length of the head at the start of `data`, its empty line included, or -1.

    -1: the empty line has not been received. Earlier calls searched the first `start` bytes. Either
    line end counts, since no other message shares a client's buffer.

    >>> find_response_head_end(b"HTTP/1.1 200 OK\r\nA: b\n\nbody"), find_response_head_end(b"HTTP")
    (23, -1)
    """
    start = max(0, start - 2)
    usual = data.find(b"\n\r\n", start)
    bare = data.find(b"\n\n", start) if usual < 0 else data.find(b"\n\n", start, usual)
    if bare >= 0:
        return bare + 2
    return usual + 3 if usual >= 0 else -1


def may_begin_response(data: bytes | bytearray) -> bool:
    r"""Return whether a response can begin with `data`, after empty lines. RFC 9112 section 4.

    >>> may_begin_response(b"HT"), may_begin_response(b"SSH-2.0-OpenSSH"), may_begin_response(b"\r")
    (True, False, True)
    """
    return b"HTTP/".startswith(data[:5]) or data == b"\r"


class ContentReader:
    r"""The content of one response, with this framing (see `framing`).

    >>> reader = ContentReader(-1)
    >>> reader.receive(b"5\r\nhel"), reader.receive(b"lo\r\n0\r\n\r\n"), reader.complete
    (b'hel', b'lo', True)
    """

    __slots__ = ("_buffer", "_decoder", "_searched", "complete")

    def __init__(self, framing: int, limits: Limits = DEFAULT_LIMITS) -> None:
        self._decoder: Decoder = response_decoder(framing, limits)
        self._buffer = bytearray()
        self._searched = 0
        self.complete = self._decoder.complete
        """Whether the message has ended."""

    def receive(self, data: bytes) -> bytes:
        """Return the content in received bytes, perhaps none; b"" ends the input.

        Raises:
            RemoteProtocolError: a chunk is malformed, or a bound is passed.
            IncompleteRead: the input ended before the message.
        """
        decoder = self._decoder
        if not data:
            if self._buffer:
                decoder.take_line(bytes(self._buffer))  # it has no line end
            decoder.eof()
            self.complete = decoder.complete
            return b""
        if not decoder.wants_line and len(data) <= decoder.remaining:
            decoder.take(len(data))
            self.complete = decoder.complete
            return data
        self._buffer += data
        return self._receive_lines()

    def _receive_lines(self) -> bytes:
        """Return the content of the chunks in the buffer, or of a body that ends in it."""
        decoder, buffer = self._decoder, self._buffer
        pieces: list[bytes] = []
        while not decoder.complete:
            if decoder.wants_line:
                content, size = decoder.take_chunks(buffer, len(buffer))
                if not content:
                    end = buffer.find(b"\n", self._searched) + 1
                    if not end and len(buffer) < decoder.max_line:
                        self._searched = len(buffer)
                        break
                    line = bytes(buffer[: end or decoder.max_line])
                    size = len(line)
                    decoder.take_line(line)
                self._searched = 0
            elif buffer:
                content = bytes(buffer[: decoder.remaining])
                size = len(content)
                decoder.take(size)
            else:
                break
            # A bytearray only moves its start here, so small chunks cost linear time.
            del buffer[:size]
            if content:
                pieces.append(content)
        self.complete = decoder.complete
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def sound(self) -> bool:
        """Whether another response may follow: every line was valid, and nothing lies behind."""
        return self._decoder.sound and not self._buffer

    @property
    def trailers(self) -> FieldLines:
        """The fields behind chunked content, once the message is complete."""
        return self._decoder.trailers

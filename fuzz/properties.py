"""The properties by name, each a function of one byte string that fails where it is broken."""

from __future__ import annotations

from collections.abc import Callable

from . import framing, twins, usual

__all__ = ["PROPERTIES", "Property"]

Property = Callable[[bytes], None]


def _requests(data: bytes) -> None:
    """A server's input: the twins agree, and nethttp frames as llhttp and h11 do."""
    twins.check_block(data)
    usual.check_usual(data)
    framing.check_stream(data, "server")


def _responses(data: bytes) -> None:
    """A client's input: the same."""
    twins.check_block(data)
    framing.check_stream(data, "client")


def _texts(data: bytes) -> None:
    """What a program hands over: written by both twins alike, and read again as what it was.

    The bytes are the texts, one a line, as UTF-8: method, target, then names and values.
    """
    texts = data.decode("utf-8", "surrogateescape").split("\x1e")
    method, target, *rest = [*texts, "", ""][: max(2, len(texts))]
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    twins.check_writing(method, target, 100 + len(data) % 1000, pairs)
    for text in texts:
        twins.check_cookie_field(text)


PROPERTIES: dict[str, Property] = {
    "requests": _requests,
    "responses": _responses,
    "texts": _texts,
}
"""What must hold, by the kind of input."""

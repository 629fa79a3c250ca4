"""The properties by name: functions of one byte string that raise if the property is broken."""

from __future__ import annotations

from collections.abc import Callable

from . import forms, framing, twins, usual

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
    """A program's input: both twins write the same bytes, which are read back as that input.

    The data are texts in UTF-8, separated by U+001E: method, target, then names and values.
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
    "forms": forms.check_form,
}
"""The property of each kind of input."""

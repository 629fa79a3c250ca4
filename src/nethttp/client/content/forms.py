"""Bodies that are small and made at once: forms and JSON.

>>> form_body({"name": "Grüße & co", "tag": ["a", "b"]})
b'name=Gr%C3%BC%C3%9Fe+%26+co&tag=a&tag=b'
>>> json_body({"n": 1})
b'{"n":1}'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from .pairs import pairs_of

__all__ = [
    "FORM_TYPE",
    "JSON_TYPE",
    "FormData",
    "FormValue",
    "field_pairs",
    "form_body",
    "json_body",
]

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPE = "application/json"

FormValue: TypeAlias = str | bytes | int | float | bool | None
"""The value of one field. None leaves the field out; True and False become "true" and "false"."""

FormData: TypeAlias = (
    Mapping[str, FormValue | Iterable[FormValue]]
    | Iterable[tuple[str, FormValue | Iterable[FormValue]]]
)
"""The fields of a form: a mapping, or pairs. Several values repeat the field."""


def field_pairs(data: FormData) -> Iterator[tuple[str, bytes]]:
    """Yield the name and value of each field of a form, in their order.

    >>> list(field_pairs({"a": [1, True], "b": None, "c": "é"}))
    [('a', b'1'), ('a', b'true'), ('c', b'\\xc3\\xa9')]

    Raises:
        TypeError: a name is no text, or a value none of the types of `FormValue`.
    """
    for name, given in pairs_of(data, "data"):
        if not isinstance(name, str):
            raise TypeError(f"expected the name of a form's field as str, got {name!r}")
        one = isinstance(given, str | bytes) or not isinstance(given, Iterable)
        values = [given] if one else given
        for value in values:
            if value is not None:
                yield name, _value(name, value)


def _value(name: str, value: FormValue) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, str | int | float):
        return str(value).encode()
    raise TypeError(
        f"expected str, bytes, a number, a bool or None for the form's field {name!r}, got"
        f" {type(value).__name__}; json= takes nested values, files= takes files"
    )


def form_body(data: FormData) -> bytes:
    """Return a form as ``application/x-www-form-urlencoded``, in UTF-8, a blank as "+".

    The source is the URL Standard, section 5.2, as browsers send it.

    Raises:
        TypeError: as `field_pairs`.
    """
    from urllib.parse import quote_plus  # start-up

    return "&".join(
        f"{quote_plus(name)}={quote_plus(value)}" for name, value in field_pairs(data)
    ).encode("ascii")


def json_body(value: object, dumps: Callable[[Any], str | bytes] | None = None) -> bytes:
    """Return a value as JSON in UTF-8, without blanks, written by `dumps` if it is given.

    Raises:
        TypeError: the value has no form in JSON.
        ValueError: it contains itself, is nested more deeply than Python writes, or has a number
            such as NaN, which RFC 8259 section 6 forbids.
    """
    if dumps is None:
        import json  # start-up

        try:
            text: str | bytes = json.dumps(
                value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
            )
        except TypeError as error:
            raise TypeError(f"expected json as a value with a form in JSON: {error}") from None
        except (ValueError, RecursionError) as error:
            raise ValueError(f"expected json as a value with a form in JSON: {error}") from None
    else:
        text = dumps(value)
    # A lone surrogate, which JSON may escape, has no form in UTF-8.
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")

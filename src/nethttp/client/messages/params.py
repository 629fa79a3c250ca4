"""The query of a URL made from names and values.

A space is ``%20``, which every server reads alike, and a plus sign is ``%2B``. A list repeats its
name, `None` leaves its name out, `True` and `False` are ``true`` and ``false``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ..content.pairs import pairs_of

__all__ = ["ParamValue", "Params", "encode_params", "percent_encoded"]

ParamValue: TypeAlias = str | int | float | bool | None
"""One value of a parameter."""

Params: TypeAlias = (
    str
    | Mapping[str, ParamValue | Sequence[ParamValue]]
    | Iterable[tuple[str, ParamValue | Sequence[ParamValue]]]
)
"""What is accepted as parameters: a query as it is, a mapping, or pairs."""

#: All but RFC 3986's unreserved characters.
_NOT_UNRESERVED = re.compile(r"[^A-Za-z0-9\-._~]++")
_ILLEGAL_IN_A_QUERY = re.compile(r"[^\x21\x24-\x3b\x3d\x3f-\x7e]++")


def encode_params(params: Params) -> str:
    """Return `params` as a query without its question mark; empty if nothing is left.

    A string is taken as it is; only what no query may contain is percent-encoded.

    >>> encode_params({"q": "a b+c", "tag": ["x", "y"], "page": 2, "all": True, "none": None})
    'q=a%20b%2Bc&tag=x&tag=y&page=2&all=true'
    >>> encode_params("a=1&b=%20 ")
    'a=1&b=%20%20'

    Raises:
        TypeError: they are no string, mapping or pairs, or a value is bytes or a mapping.
    """
    if isinstance(params, str):
        return percent_encoded(params, _ILLEGAL_IN_A_QUERY)
    return "&".join(
        f"{percent_encoded(str(name), _NOT_UNRESERVED)}={percent_encoded(text, _NOT_UNRESERVED)}"
        for name, value in pairs_of(params, "params")
        for text in _texts(name, value)
    )


def percent_encoded(text: str, illegal: re.Pattern[str]) -> str:
    """Return `text` with each character that `illegal` matches as the percent-encoded UTF-8 of it.

    Raises:
        UnicodeEncodeError: `text` has a lone surrogate, so it is no text. RFC 3986 section 2.5.
    """
    return illegal.sub(lambda run: "".join(f"%{byte:02X}" for byte in run[0].encode()), text)


def _texts(name: str, value: ParamValue | Sequence[ParamValue]) -> list[str]:
    if isinstance(value, bytes | bytearray | Mapping):
        raise TypeError(
            f"expected the parameter {name!r} as str, a number, a bool, None or a list of these, "
            f"got {type(value).__name__}"
        )
    several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return [
        str(each).lower() if isinstance(each, bool) else str(each)
        for each in several
        if each is not None
    ]

"""The JSON document of a jar: ``{"format", "version", "cookies": [...]}``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import excerpt
from .cookie import Cookie

__all__ = ["cookies_in", "document_of"]

JSON_FORMAT = "nethttp.cookiejar"
"""The value of "format" in a JSON document of cookies."""

JSON_VERSION = 1
"""The value of "version" there: the version of the document's form."""


def document_of(cookies: Iterable[Cookie]) -> dict[str, Any]:
    """Return the document of `cookies`, with an object for each, as `Cookie.to_dict` makes it.

    >>> document_of([])
    {'format': 'nethttp.cookiejar', 'version': 1, 'cookies': []}
    """
    return {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "cookies": [cookie.to_dict() for cookie in cookies],
    }


def cookies_in(document: Any) -> list[Cookie]:
    """Return the cookies of a document.

    Raises:
        ValueError: the document or one of its cookies is not of this form.

    >>> cookies_in({"format": "nethttp.cookiejar", "version": 1, "cookies": []})
    []
    """
    if not isinstance(document, dict) or document.get("format") != JSON_FORMAT:
        raise ValueError(
            f'expected an object with "format": "{JSON_FORMAT}", got {excerpt(str(document))}'
        )
    if document.get("version") != JSON_VERSION:
        raise ValueError(
            f"expected version {JSON_VERSION}, got {excerpt(str(document.get('version')))}"
        )
    rows = document.get("cookies")
    if not isinstance(rows, list):
        raise ValueError(f'expected "cookies" to be a list, got {excerpt(str(rows))}')
    cookies = []
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise ValueError(f"cookie {place}: expected an object, got {excerpt(str(row))}")
        try:
            cookies.append(Cookie.from_dict(row))
        except ValueError as error:
            raise ValueError(f"cookie {place}: {error}") from None
    return cookies

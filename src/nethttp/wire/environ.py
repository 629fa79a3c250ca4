"""A request's head as a WSGI environ: PEP 3333, and RFC 3875 before it.

Several field names of HTTP share one key of an environ, which attackers have exploited. So a field
that could pass for another field, or for a setting of the process, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from .fields import FieldLines

__all__ = ["Environ", "environ_of", "environ_of_fields", "environ_of_line"]

Environ = dict[str, Any]


def environ_of(
    base: Environ, method: str, target: str, version: int, fields: FieldLines
) -> Environ:
    """Return a copy of `base` with what a request's head says; `version` is 10 or 11.

    >>> environ_of({}, "GET", "/a?b", 11, [("X-C", "d")])["HTTP_X_C"]
    'd'
    """
    return base | environ_of_line(method, target, version) | environ_of_fields(fields)


def environ_of_line(method: str, target: str, version: int) -> Environ:
    """Return the keys that a request line sets; `version` is 10 (HTTP/1.0) or 11.

    >>> environ_of_line("GET", "/a%20b?c", 11)["PATH_INFO"]
    '/a b'
    """
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "REQUEST_URI": target,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1" if version == 11 else "HTTP/1.0",
    }


def environ_of_fields(fields: Iterable[tuple[str, str]]) -> Environ:
    """Return the keys that field lines set. A field whose name has a "_" is left out, since it
    would pass for one with a "-"; so is Proxy, which programs take for their own setting
    HTTP_PROXY.

    >>> environ_of_fields([("X-A", "b"), ("X_A", "c"), ("Content-Type", "d")])
    {'HTTP_X_A': 'b', 'CONTENT_TYPE': 'd'}
    """
    environ: Environ = {}
    for name, value in fields:
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE" or key == "CONTENT_LENGTH":
            environ[key] = value
        elif key != "PROXY":
            key = "HTTP_" + key
            if key in environ:
                value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
            environ[key] = value
    return environ

"""A request's head as a WSGI environ: PEP 3333, and RFC 3875 before it.

The field names of HTTP and the keys of an environ are no one-to-one map, which has been made use
of: what could pass for another field, or for a setting of the process, is left out.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from .fields import FieldLines

__all__ = ["environ_of"]


def environ_of(
    base: dict[str, object], method: str, target: str, version: int, fields: FieldLines
) -> dict[str, object]:
    """Return a copy of `base` with what a request's head says. A field whose name has a "_"
    is left out, since it would pass for one with a "-"; so is Proxy, which programs take for their
    own setting HTTP_PROXY.

    >>> environ_of({}, "GET", "/a?b", 11, [("X-C", "d"), ("X_C", "e")])["HTTP_X_C"]
    'd'
    """
    path, _, query = target.partition("?")
    environ = base.copy()
    environ["REQUEST_METHOD"] = method
    environ["REQUEST_URI"] = target
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["SERVER_PROTOCOL"] = "HTTP/1.1" if version == 11 else "HTTP/1.0"
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

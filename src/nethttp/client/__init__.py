"""An HTTP/1.1 client: the drop-in for `http.client`.

>>> from nethttp.client import HTTPSConnection
>>> connection = HTTPSConnection("example.com", timeout=10)
>>> connection.host, connection.port
('example.com', 443)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import status as _status
from ..errors import (
    BadStatusLine,
    CannotSendHeader,
    CannotSendRequest,
    HTTPException,
    ImproperConnectionState,
    IncompleteRead,
    InvalidURL,
    LineTooLong,
    NotConnected,
    RemoteDisconnected,
    ResponseNotReady,
    UnimplementedFileMode,
    UnknownProtocol,
    UnknownTransferEncoding,
)
from ..wire.limits import DEFAULT_LIMITS as _DEFAULT_LIMITS
from .connection import HTTP_PORT as HTTP_PORT
from .connection import HTTPConnection
from .https import HTTPS_PORT as HTTPS_PORT
from .https import HTTPSConnection
from .https import create_https_context as _create_https_context
from .response import HTTPResponse
from .seams import as_imported as _as_imported

if TYPE_CHECKING:
    from .message import HTTPMessage as HTTPMessage
    from .message import parse_headers as parse_headers

__all__ = [
    "BadStatusLine",
    "CannotSendHeader",
    "CannotSendRequest",
    "HTTPConnection",
    "HTTPException",
    "HTTPResponse",
    "HTTPSConnection",
    "ImproperConnectionState",
    "IncompleteRead",
    "InvalidURL",
    "LineTooLong",
    "NotConnected",
    "RemoteDisconnected",
    "ResponseNotReady",
    "UnimplementedFileMode",
    "UnknownProtocol",
    "UnknownTransferEncoding",
    "error",
    "responses",
]

error = HTTPException

responses = {int(status): status.phrase for status in _status.HTTPStatus}
"""The phrase of every registered status code."""

# Every status is a constant of this module too: `OK`, `NOT_FOUND`, the old names included.
globals().update(_status.HTTPStatus.__members__)

# What programs that look below the documented surface read here.
_MAXLINE = _DEFAULT_LIMITS.max_field_line
_MAXHEADERS = _DEFAULT_LIMITS.max_fields


_as_imported(_create_https_context=_create_https_context)

#: What loads email, which takes longer than the rest of the client: (the room, the name there).
_LATER = {
    "HTTPMessage": "HTTPMessage",
    "parse_headers": "parse_headers",
    "_read_headers": "read_header_lines",
}


def __getattr__(name: str) -> Any:
    if name == "ssl":
        import ssl  # start-up: see net.tls

        return ssl
    if name in _LATER:
        from . import message  # start-up: see above

        value = getattr(message, _LATER[name])
        _as_imported(**{name: value})
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

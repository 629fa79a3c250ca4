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
from ..public import name_after as _name_after
from ..wire.limits import DEFAULT_LIMITS as _DEFAULT_LIMITS
from . import connection as _connection
from .connection import HTTP_PORT as HTTP_PORT
from .connection import HTTPConnection
from .https import HTTPS_PORT as HTTPS_PORT
from .https import HTTPSConnection
from .https import create_https_context as _create_https_context
from .response import UNKNOWN as _UNKNOWN  # noqa: F401  # one of the names below
from .response import HTTPResponse
from .seams import as_imported as _as_imported

if TYPE_CHECKING:
    from .aclient import AsyncClient as AsyncClient
    from .caching.cache import Cache as Cache
    from .caching.memory import MemoryCache as MemoryCache
    from .caching.sqlite import SQLiteCache as SQLiteCache
    from .caching.valkey import ValkeyCache as ValkeyCache
    from .client import Client as Client
    from .content.events import ServerSentEvent as ServerSentEvent
    from .content.upload import Body as Body
    from .event_source import AsyncEventSource as AsyncEventSource
    from .event_source import EventSource as EventSource
    from .flow.download import Download as Download
    from .message import HTTPMessage as HTTPMessage
    from .message import parse_headers as parse_headers
    from .messages.connection_info import ConnectionInfo as ConnectionInfo
    from .messages.connection_info import TLSInfo as TLSInfo
    from .messages.headers import Headers as Headers
    from .messages.request import Request as Request
    from .messages.response import AsyncResponse as AsyncResponse
    from .messages.response import Response as Response
    from .messages.url import URL as URL
    from .messages.url import Origin as Origin
    from .part_file import ChecksumError as ChecksumError
    from .policy.guard import PublicOnly as PublicOnly
    from .policy.guard import public_only as public_only
    from .policy.limits import PoolLimits as PoolLimits
    from .policy.pace import Pace as Pace
    from .policy.proxies import Proxy as Proxy
    from .policy.redirects import Redirects as Redirects
    from .policy.retries import Budget as Budget
    from .policy.retries import Retries as Retries
    from .policy.timeouts import Timeout as Timeout

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

# --- undocumented names that programs read, import, call and replace ------------------------------
# `seams` looks them up at each use.

_MAXLINE = _DEFAULT_LIMITS.max_field_line
_MAXHEADERS = _DEFAULT_LIMITS.max_fields
_MAXINTERIMRESPONSES = _DEFAULT_LIMITS.max_interim_responses
_MIN_READ_BUF_SIZE = 1 << 20  # not used here: a body is always read in pieces

_CS_IDLE = _connection.IDLE
_CS_REQ_STARTED = _connection.STARTED
_CS_REQ_SENT = _connection.SENT

_METHODS_EXPECTING_BODY = _connection.METHODS_EXPECTING_BODY
_contains_disallowed_method_pchar_re = _connection.NOT_IN_A_LINE
_contains_disallowed_url_pchar_re = _connection.NOT_IN_A_LINE
_encode = _connection.encode_text
_is_illegal_header_value = _connection.is_illegal_header_value
_is_legal_header_name = _connection.is_legal_header_name
_strip_ipv6_iface = _connection.without_scope

_as_imported(_create_https_context=_create_https_context)

#: Names whose modules are imported when a program first uses them: (the module to import, the name
#: in it; None: the top-level module itself).
_LATER = {
    "HTTPMessage": ("nethttp.client.message", "HTTPMessage"),
    "parse_headers": ("nethttp.client.message", "parse_headers"),
    "_parse_header_lines": ("nethttp.client.message", "parse_header_lines"),
    "_read_headers": ("nethttp.client.message", "read_header_lines"),
    "urlsplit": ("urllib.parse", "urlsplit"),
    "collections": ("collections.abc", None),
    "email": ("email.parser", None),
    "errno": ("errno", None),
    "http": ("http", None),
    "io": ("io", None),
    "re": ("re", None),
    "socket": ("socket", None),
    "ssl": ("ssl", None),
    "sys": ("sys", None),
}


#: The names of the client for new programs, and their modules below this one: imported when they
#: are first used, since a program written for the standard library never does that.
_OURS = {
    "AsyncClient": "aclient",
    "AsyncEventSource": "event_source",
    "AsyncResponse": "messages.response",
    "Body": "content.upload",
    "Budget": "policy.retries",
    "Cache": "caching.cache",
    "ChecksumError": "part_file",
    "ConnectionInfo": "messages.connection_info",
    "Client": "client",
    "Download": "flow.download",
    "EventSource": "event_source",
    "Headers": "messages.headers",
    "MemoryCache": "caching.memory",
    "Origin": "messages.url",
    "Pace": "policy.pace",
    "PoolLimits": "policy.limits",
    "Proxy": "policy.proxies",
    "PublicOnly": "policy.guard",
    "Redirects": "policy.redirects",
    "Request": "messages.request",
    "Response": "messages.response",
    "SQLiteCache": "caching.sqlite",
    "Retries": "policy.retries",
    "ServerSentEvent": "content.events",
    "TLSInfo": "messages.connection_info",
    "Timeout": "policy.timeouts",
    "URL": "messages.url",
    "ValkeyCache": "caching.valkey",
    "public_only": "policy.guard",
}

if not TYPE_CHECKING:  # with this function, a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name not in _LATER and name not in _OURS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import sys  # an import above would make it a name of this module
        from importlib import import_module  # start-up: few programs call this function

        if name in _OURS:
            value = getattr(import_module(f"{__name__}.{_OURS[name]}"), name)
            globals()[name] = value
            return value
        module, there = _LATER[name]
        imported = import_module(module)
        value = sys.modules[name] if there is None else getattr(imported, there)
        _as_imported(**{name: value})
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    more = ("HTTPMessage", "HTTPS_PORT", "HTTP_PORT", "parse_headers")
    return sorted({*__all__, *_OURS, *more, *_status.HTTPStatus.__members__})


_name_after(__name__)

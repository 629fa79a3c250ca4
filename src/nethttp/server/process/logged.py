"""Applications whose every request is written to an access log."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...wire.fields import FieldFinder
from ..logs.access import AccessLog, AccessRecord

if TYPE_CHECKING:
    from ..engine.application import Application

__all__ = ["LoggedApplication", "record_of_wsgi", "record_that_begins", "timed_wsgi"]

_LOGGED_FIELDS = FieldFinder("referer", "user-agent")
_NOTHING: dict[str, str] = {}


_BEGAN = "nethttp.began"


def timed_wsgi(app: Any) -> Any:
    """Return a WSGI application that does what `app` does, and notes when it began.

    >>> environ = {}
    >>> timed_wsgi(lambda environ, start_response: [b"Hello"])(environ, None)
    [b'Hello']
    >>> list(environ)
    ['nethttp.began']
    """

    def timed(environ: dict[str, Any], start_response: Any) -> Any:
        environ[_BEGAN] = time.perf_counter()
        return app(environ, start_response)

    return timed


def record_of_wsgi(environ: dict[str, Any], status: int, size: int) -> AccessRecord:
    """Return what was exchanged over WSGI, by a `timed_wsgi` application; `size` is in bytes.

    >>> environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/a", "SERVER_PROTOCOL": "HTTP/1.1"}
    >>> record_of_wsgi(environ, 200, 5).request_line
    'GET /a HTTP/1.1'
    """
    target = quote(environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"], encoding="latin-1")
    if environ.get("QUERY_STRING"):
        target += f"?{environ['QUERY_STRING']}"
    now = time.perf_counter()
    took = now - environ.get(_BEGAN, now)
    return AccessRecord(
        environ.get("REMOTE_ADDR") or "-",
        time.time() - took,
        f"{environ['REQUEST_METHOD']} {target} {environ['SERVER_PROTOCOL']}",
        status or None,
        size,
        took,
        environ.get("HTTP_REFERER", ""),
        environ.get("HTTP_USER_AGENT", ""),
    )


def record_that_begins(handler: Any, code: Any) -> AccessRecord:
    """Return what a handler exchanges as its response begins: without its size and time.

    It is for the plain format, whose line is written then, as the standard library does.
    """
    asked = handler._asked(_LOGGED_FIELDS)
    return AccessRecord(
        handler.address_string(),
        time.time(),
        handler.requestline,
        int(code) if str(code).isdecimal() else None,
        0,
        0.0,
        asked.get("referer", ""),
        asked.get("user-agent", ""),
    )


class LoggedApplication:
    """An application whose every request is written to `log`.

    It answers nothing itself, so it can stand around any application of the engine.
    """

    def __init__(self, application: Any, log: AccessLog) -> None:
        self._application: Application = application
        self._log = log
        self.read_head = application.read_head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)

    @property
    def closing(self) -> bool:
        """Whether every response is to end its connection."""
        return self._application.closing

    @closing.setter
    def closing(self, value: bool) -> None:
        self._application.closing = value

    def pacing_key(self, exchange: Any, /) -> Hashable:
        """Return what the application returns."""
        return self._application.pacing_key(exchange)

    def respond(self, exchange: Any, /) -> bool | None:
        """Have the application answer, write the request to the log, and return what it returns."""
        began = time.perf_counter()
        # The exchange may be in use for another request by the end.
        connection = exchange.connection
        try:
            return self._application.respond(exchange)
        finally:
            self._write(connection, began)

    def respond_blocking(self, connection: Any, data: bytes, /) -> bytes | None:
        """Have the application answer, write the request to the log, and return what it returns."""
        began = time.perf_counter()
        try:
            return self._application.respond_blocking(connection, data)
        finally:
            self._write(connection, began)

    def _write(self, connection: Any, began: float) -> None:
        handler = connection.state
        if handler is None or handler._status is None:
            return
        took = time.perf_counter() - began
        asked = handler._asked(_LOGGED_FIELDS) if self._log.looks_at_fields else _NOTHING
        self._log.write(
            AccessRecord(
                handler.address_string(),
                time.time() - took,
                handler.requestline,
                handler._status,
                handler.wfile.sent,
                took,
                asked.get("referer", ""),
                asked.get("user-agent", ""),
            )
        )

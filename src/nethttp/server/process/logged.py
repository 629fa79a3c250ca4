"""Applications whose every request is written to an access log."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from ...wire.fields import FieldFinder
from ..logs.access import AccessLog, AccessRecord

if TYPE_CHECKING:
    from ..engine.application import Answered, Application
    from ..engine.exchange import Exchange

__all__ = ["LoggedApplication", "record_of_handler"]

_LOGGED_FIELDS = FieldFinder("referer", "user-agent")


def record_of_handler(handler: Any, code: Any, size: int) -> AccessRecord:
    """Return what a handler has exchanged that reads its connection itself.

    Its class calls this function where it logs, since no application stands around it.
    """
    asked = handler._asked(_LOGGED_FIELDS)
    return AccessRecord(
        handler.address_string(),
        time.time(),
        handler.requestline,
        int(code) if str(code).isdecimal() else None,
        size,
        0.0,
        asked.get("referer", ""),
        asked.get("user-agent", ""),
        handler._user_name,
    )


class LoggedApplication:
    """An application whose every request is written to `log`.

    It answers nothing itself, so it can stand around any application of the engine.
    """

    def __init__(self, application: Any, log: AccessLog) -> None:
        self._application: Application = application
        self._log = log
        self._fields = _LOGGED_FIELDS if log.looks_at_fields else None
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

    def pacing_key(self, exchange: Exchange, /) -> Hashable:
        """Return what the application returns."""
        return self._application.pacing_key(exchange)

    def respond(self, exchange: Exchange, /) -> bool | None:
        """Have the application answer, write the request to the log, and return what it returns."""
        began = time.perf_counter()

        def write() -> None:
            self._write(self._application.answered(exchange, self._fields), began)

        exchange.on_finish = write
        keep: bool | None = False
        try:
            keep = self._application.respond(exchange)
        finally:
            # A request that is answered later is logged when it is.
            if keep is not None:
                exchange.on_finish = None
                write()
        return keep

    def respond_blocking(self, connection: Any, data: bytes, /) -> bytes | None:
        """Have the application answer, write the request to the log, and return what it returns."""
        began = time.perf_counter()
        try:
            return self._application.respond_blocking(connection, data)
        finally:
            self._write(self._application.answered_blocking(connection, self._fields), began)

    def _write(self, answered: Answered | None, began: float) -> None:
        if answered is None:
            return
        took = time.perf_counter() - began
        self._log.write(
            AccessRecord(
                answered.address,
                time.time() - took,
                answered.request_line,
                answered.status or None,
                answered.sent,
                took,
                answered.fields.get("referer", ""),
                answered.fields.get("user-agent", ""),
                answered.user,
            )
        )

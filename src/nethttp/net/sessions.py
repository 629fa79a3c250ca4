"""Sessions of TLS that can be resumed: a connection to a server that was there before.

A resumed handshake verifies no certificate and makes no signature (RFC 8446 section 2.2). So a
session is offered only where the same settings and the same name have verified the server.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Final
from weakref import ref

from ..caching import AgeCache
from .trust import TLSSettings

if TYPE_CHECKING:
    import ssl

    from .tlslayer import TLSLayer

__all__ = ["Sessions"]

MAX_SESSIONS: Final = 256
"""How many servers' sessions are kept, the newest ones; each takes a few KiB."""

LIFE: Final = 7200.0
"""Seconds for which a session is kept; many servers keep theirs for less."""


class Sessions:
    """The newest session of each server; any thread may use it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._kept: AgeCache[Hashable, ssl.SSLSession | ref[TLSLayer]] = AgeCache(
            MAX_SESSIONS, MAX_SESSIONS, life=LIFE, clock=clock
        )

    def of(
        self, context: ssl.SSLContext, settings: TLSSettings, host: str, port: int
    ) -> ssl.SSLSession | None:
        """Return a session to offer to the server `host` at `port`; None: there is none."""
        kept = self._kept.get(_key(context, settings, host, port))
        if not isinstance(kept, ref):
            return kept
        layer = kept()
        return None if layer is None else layer.session

    def keep(self, layer: TLSLayer, settings: TLSSettings, port: int) -> None:
        """Have later connections resume the session of `layer`, which is established.

        With TLS 1.3 the server sends the session later, so it is read when it is needed, or when
        the layer ends.
        """
        key = _key(layer.context, settings, layer.host, port)
        self._kept.put(key, ref(layer), 1)
        layer.at_end = partial(self._kept.put, key, cost=1)


def _key(context: ssl.SSLContext, settings: TLSSettings, host: str, port: int) -> Hashable:
    # A program may change its own context so that it verifies more than before.
    return context, context.verify_mode, context.check_hostname, settings.pins, host, port

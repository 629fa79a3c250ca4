"""Tells a log why a cookie was taken or refused, when `nethttp.cookiejar.debug` is set."""

from __future__ import annotations

import sys

__all__ = ["trace"]


#: The package's own names, of which programs set one.
_NAMES = vars(sys.modules[__name__.rpartition(".")[0]])


def trace(message: str, *args: object) -> None:
    """Log `message % args` to the logger "http.cookiejar" if debugging is on."""
    if _NAMES.get("debug"):
        import logging  # start-up: only who debugs needs it

        logging.getLogger("http.cookiejar").debug(message, *args)

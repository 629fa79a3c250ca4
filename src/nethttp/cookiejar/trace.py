"""Tells a log why a cookie was taken or refused, when `nethttp.cookiejar.debug` is set."""

from __future__ import annotations

import sys

__all__ = ["trace"]


def trace(message: str, *args: object) -> None:
    """Log `message % args` to the logger "http.cookiejar" if debugging is on."""
    if getattr(sys.modules.get(__package__ or ""), "debug", False):
        import logging  # start-up: only who debugs needs it

        logging.getLogger("http.cookiejar").debug(message, *args)

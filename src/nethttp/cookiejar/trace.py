"""Tells a log why a cookie was taken or refused, when `nethttp.cookiejar.debug` is set."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["trace", "warn_unhandled_exception"]

#: The package's own names, of which programs set two: `debug` and `logger`.
_NAMES = vars(sys.modules[__name__.rpartition(".")[0]])


def trace(*message: object) -> Any:
    """Log ``message[0] % message[1:]`` to the logger "http.cookiejar" if debugging is on."""
    if not _NAMES["debug"]:
        return None
    logger = _NAMES.get("logger")
    if not logger:
        import logging  # start-up: only a program that debugs needs it

        logger = _NAMES["logger"] = logging.getLogger("http.cookiejar")
    return logger.debug(*message)


def warn_unhandled_exception() -> None:
    """Warn of the exception that is being handled: a program's own method raised it."""
    import traceback  # start-up: it is not to happen
    import warnings  # likewise

    warnings.warn(f"http.cookiejar bug!\n{traceback.format_exc()}", stacklevel=2)

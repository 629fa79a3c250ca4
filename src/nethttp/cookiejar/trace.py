"""Logs why a cookie was taken or refused, while `nethttp.cookiejar.debug` is true."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["trace", "warn_unhandled_exception"]

#: The names of the package: programs set two of them, `debug` and `logger`.
_NAMES = vars(sys.modules[__name__.rpartition(".")[0]])


def trace(*message: object) -> Any:
    """Log ``message[0] % message[1:]`` while debugging is on, and return what the logger returns.

    The logger is "http.cookiejar", or the `logger` that a program has set in the module, since the
    standard library's has that name.
    """
    if not _NAMES["debug"]:
        return None
    logger = _NAMES.get("logger")
    if not logger:
        import logging  # start-up: only a program that debugs needs it

        logger = _NAMES["logger"] = logging.getLogger("http.cookiejar")
    return logger.debug(*message)


def warn_unhandled_exception() -> None:
    """Warn of the exception that is being handled, which a program's own method raised."""
    import traceback  # start-up: a bug of the program alone needs it
    import warnings  # likewise

    warnings.warn(f"http.cookiejar bug!\n{traceback.format_exc()}", stacklevel=2)

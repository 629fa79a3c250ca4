"""Cookie jars, which store the cookies of responses and add them to requests: the drop-in for
`http.cookiejar`.

>>> import urllib.request
>>> jar = CookieJar()
>>> opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
>>> len(jar)
0
"""

from __future__ import annotations

import copy as copy
import os as os
import re as re
import threading
import time as time
from calendar import timegm as timegm
from typing import TYPE_CHECKING

from ..errors import LoadError, StorageAwayError, StorageError
from ..public import present as _present
from . import dates, domains, header_words, trace
from .cookie import Cookie
from .dates import http2time as http2time
from .dates import iso2time as iso2time
from .dates import offset_from_tz_string as offset_from_tz_string
from .dates import time2isoz as time2isoz
from .dates import time2netscape as time2netscape
from .domains import DEFAULT_HTTP_PORT as DEFAULT_HTTP_PORT
from .domains import domain_match as domain_match
from .domains import eff_request_host as eff_request_host
from .domains import escape_path as escape_path
from .domains import is_HDN as is_HDN
from .domains import is_third_party as is_third_party
from .domains import liberal_is_HDN as liberal_is_HDN
from .domains import reach as reach
from .domains import request_host as request_host
from .domains import request_path as request_path
from .domains import request_port as request_port
from .domains import uppercase_escaped_char as uppercase_escaped_char
from .domains import user_domain_match as user_domain_match
from .formats.file_jar import MISSING_FILENAME_TEXT as MISSING_FILENAME_TEXT
from .formats.file_jar import FileCookieJar
from .formats.lwp import LWPCookieJar
from .formats.lwp import lwp_cookie_str as lwp_cookie_str
from .formats.mozilla import HTTPONLY_ATTR as HTTPONLY_ATTR
from .formats.mozilla import HTTPONLY_PREFIX as HTTPONLY_PREFIX
from .formats.mozilla import NETSCAPE_HEADER_TEXT as NETSCAPE_HEADER_TEXT
from .formats.mozilla import NETSCAPE_MAGIC_RGX as NETSCAPE_MAGIC_RGX
from .formats.mozilla import MozillaCookieJar
from .header_words import join_header_words as join_header_words
from .header_words import parse_ns_headers as parse_ns_headers
from .header_words import split_header_words as split_header_words
from .header_words import strip_quotes as strip_quotes
from .jar import CookieJar
from .messages import SiteContext
from .policy import CookiePolicy, DefaultCookiePolicy
from .rfc6265 import RFC6265Policy

if TYPE_CHECKING:
    from .formats.firefox import read_firefox as read_firefox
    from .shared.sqlite import SQLiteCookieJar as SQLiteCookieJar
    from .shared.valkey import ValkeyCookieJar as ValkeyCookieJar

__all__ = [
    "Cookie",
    "CookieJar",
    "CookiePolicy",
    "DefaultCookiePolicy",
    "FileCookieJar",
    "LWPCookieJar",
    "LoadError",
    "MozillaCookieJar",
    "RFC6265Policy",
    "SiteContext",
    "StorageAwayError",
    "StorageError",
]

# Not in __all__: `import *` would load sqlite3 and, for Valkey, a library that may be missing.
_WHEN_FIRST_USED = {
    "SQLiteCookieJar": "shared.sqlite",
    "ValkeyCookieJar": "shared.valkey",
    "read_firefox": "formats.firefox",
}

#: Modules that the standard library's module has as names, with the submodules that it loads.
_MODULES = {"datetime": "datetime", "http": "http.client", "urllib": "urllib.request"}

debug = False
"""Set it to true to log what a jar decides, and why, to `logger`."""

logger = None
"""The logger for `debug`; None: the one called "http.cookiejar"."""

# Undocumented names that programs import from the standard library's module, or replace there.
_debug = trace.trace
_threading = threading
_warn_unhandled_exception = trace.warn_unhandled_exception

EPOCH_YEAR = dates.EPOCH_YEAR
DAYS = dates.DAYS
MONTHS = dates.MONTHS
MONTHS_LOWER = dates.MONTHS_LOWER
UTC_ZONES = dates.UTC_ZONES
TIMEZONE_RE = dates.ZONE_OFFSET
WEEKDAY_RE = dates.WEEKDAY
LOOSE_HTTP_DATE_RE = dates.LOOSE_DATE
ISO_DATE_RE = dates.ISO_DATE
_str2time = dates.seconds_of
_timegm = dates.timegm_or_none

HEADER_ESCAPE_RE = header_words.ESCAPED
HEADER_JOIN_ESCAPE_RE = header_words.TO_ESCAPE
HEADER_JOIN_TOKEN_RE = header_words.TOKEN

IPV4_RE = domains.IPV4
cut_port_re = domains.CUT_PORT
HTTP_PATH_SAFE = domains.HTTP_PATH_SAFE
ESCAPED_CHAR_RE = domains.ESCAPED_CHAR


if not TYPE_CHECKING:  # a type checker must know which names exist

    def __getattr__(name: str) -> object:
        import sys  # start-up: these names are seldom used
        from importlib import import_module  # likewise

        if name in _WHEN_FIRST_USED:
            return getattr(import_module(f"{__name__}.{_WHEN_FIRST_USED[name]}"), name)
        if name in _MODULES:
            import_module(_MODULES[name])
            return sys.modules[name]
        if not name.startswith("__"):
            unused = import_module(f"{__name__}.unused")
            if name in unused.__all__:
                return getattr(unused, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_WHEN_FIRST_USED, "debug", "logger"})


_present(__name__)

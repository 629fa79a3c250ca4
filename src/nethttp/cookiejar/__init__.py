"""Jars that take cookies from responses and give them to requests: the drop-in for
`http.cookiejar`.

>>> import urllib.request
>>> jar = CookieJar()
>>> opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
>>> len(jar)
0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LoadError, StorageAwayError, StorageError
from ..public import present as _present
from .cookie import Cookie
from .dates import http2time as http2time
from .dates import iso2time as iso2time
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
from .files import MISSING_FILENAME_TEXT as MISSING_FILENAME_TEXT
from .files import FileCookieJar
from .headers import join_header_words as join_header_words
from .headers import parse_ns_headers as parse_ns_headers
from .headers import split_header_words as split_header_words
from .headers import strip_quotes as strip_quotes
from .jar import CookieJar
from .lwp import LWPCookieJar
from .lwp import lwp_cookie_str as lwp_cookie_str
from .mozilla import HTTPONLY_ATTR as HTTPONLY_ATTR
from .mozilla import HTTPONLY_PREFIX as HTTPONLY_PREFIX
from .mozilla import NETSCAPE_HEADER_TEXT as NETSCAPE_HEADER_TEXT
from .mozilla import NETSCAPE_MAGIC_RGX as NETSCAPE_MAGIC_RGX
from .mozilla import MozillaCookieJar
from .policy import CookiePolicy, DefaultCookiePolicy
from .rfc6265 import RFC6265Policy
from .sites import SiteContext

if TYPE_CHECKING:
    from .firefox import read_firefox as read_firefox
    from .sqlite import SQLiteCookieJar as SQLiteCookieJar
    from .valkey import ValkeyCookieJar as ValkeyCookieJar

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

# Not in __all__: `import *` would load a database and, for Valkey, a library that may be missing.
_WHEN_FIRST_USED = {
    "SQLiteCookieJar": "sqlite",
    "ValkeyCookieJar": "valkey",
    "read_firefox": "firefox",
}


def __getattr__(name: str) -> object:
    if name not in _WHEN_FIRST_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # start-up: most jars are kept in memory

    return getattr(import_module(f"{__name__}.{_WHEN_FIRST_USED[name]}"), name)


debug = False
"""Set it to log what a jar decides, and why, to the logger "http.cookiejar"."""


_present(__name__)

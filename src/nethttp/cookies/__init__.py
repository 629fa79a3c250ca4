r"""Cookies as a server reads and writes them: the drop-in for `http.cookies`, and RFC 6265bis.

`SimpleCookie` is the standard library's, and reads attributes and quotes as RFC 2109 had them.
`parse_cookie` and `SetCookie` are what browsers do today.

>>> cookies = SimpleCookie("chips=ahoy; vienna=finger")
>>> cookies["vienna"].value
'finger'
>>> cookies["fig"] = "newton; no, \"really\""
>>> cookies["fig"]["max-age"] = 60
>>> print(cookies["fig"])
Set-Cookie: fig="newton\073 no\054 \"really\""; Max-Age=60
>>> parse_cookie("a=1; b=2; a=3")
[('a', '1'), ('b', '2'), ('a', '3')]
>>> str(SetCookie("id", "7", path="/", secure=True, same_site="Lax"))
'id=7; Path=/; Secure; SameSite=Lax'
"""

from __future__ import annotations

from ..errors import CookieError
from ..public import present as _present
from .date import parse_cookie_date
from .field import parse_cookie
from .morsel import Morsel
from .morsel import quote as _quote  # noqa: F401  # programs take the two from the stdlib's module
from .morsel import unquote as _unquote  # noqa: F401
from .setcookie import SetCookie
from .simple import BaseCookie, SimpleCookie

__all__ = [
    "BaseCookie",
    "CookieError",
    "Morsel",
    "SetCookie",
    "SimpleCookie",
    "parse_cookie",
    "parse_cookie_date",
]


_present(__name__)

r"""Cookies as a server reads and writes them: the drop-in for `http.cookies`, and RFC 6265bis.

`SimpleCookie` is the standard library's, and reads attributes and quotes as RFC 2109 defines them.
`parse_cookie` and `SetCookie` do what browsers do today.

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

import re as re
from typing import TYPE_CHECKING

from ..errors import CookieError
from ..public import present as _present
from . import morsel
from .date import parse_cookie_date
from .field import parse_cookie
from .morsel import Morsel
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

# Undocumented names that programs import from the standard library's module, or replace there.
_LegalChars = morsel.LEGAL_CHARS
_UnescapedChars = morsel.UNESCAPED_CHARS
_Translator = morsel.TRANSLATOR
_control_character_re = morsel.CONTROL
_getdate = morsel.get_date
_has_control_character = morsel.has_control_character
_is_legal_key = morsel.is_legal_key
_quote = morsel.quote
_unquote = morsel.unquote
_unquote_replace = morsel.unquote_replace
_unquote_sub = morsel.unquote_sub

#: Modules that the standard library's module has as names, and that programs use or patch there.
_MODULES = frozenset({"string", "types", "warnings"})


if not TYPE_CHECKING:  # a type checker must know which names exist

    def __getattr__(name: str) -> object:
        from importlib import import_module  # start-up: few programs ask for these names

        if name in _MODULES:
            return import_module(name)
        if name[:1] == "_" and name[:2] != "__":
            unused = import_module(f"{__name__}.unused")
            if name in unused.__all__:
                return getattr(unused, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


_present(__name__)

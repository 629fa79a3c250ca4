r"""Cookies as a server reads and writes them: the drop-in for `http.cookies`.

What a peer sends is read as far as it makes sense: a cookie that does not is passed over, costs no
other, and raises nothing. What this program writes is checked: a name, value or attribute that
could end the field, or begin another, raises `CookieError`.

>>> cookies = SimpleCookie("chips=ahoy; vienna=finger")
>>> cookies["vienna"].value
'finger'
>>> cookies["fig"] = "newton; no, \"really\""
>>> cookies["fig"]["max-age"] = 60
>>> print(cookies["fig"])
Set-Cookie: fig="newton\073 no\054 \"really\""; Max-Age=60
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import CookieError, excerpt
from .wire.values import format_http_date

__all__ = ["BaseCookie", "CookieError", "SimpleCookie"]


# --- the grammar ---------------------------------------------------------------------------------

#: token of RFC 2616, and ":", which servers and browsers allow in names.
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~:]++")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

#: A name that a peer may have sent: separators are common in them (gh-157694).
_PEER_NAME = re.compile(r'[^\x00-\x20\x7f"=;]++')

#: Characters that a quoted value holds as they are; all others below U+0100 as octal escapes.
_PLAIN_IN_QUOTES = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~: ()/<=>?@[]{}"
)
_ESCAPES = {code: f"\\{code:03o}" for code in range(256) if chr(code) not in _PLAIN_IN_QUOTES}
_ESCAPES |= {ord('"'): '\\"', ord("\\"): "\\\\"}
_ESCAPED = re.compile(r"\\(?:([0-3][0-7][0-7])|([\s\S]))")

#: One cookie of a field with a quote in it. A quoted value that is closed and fills its place may
#: hold semicolons; any other ends at the next one. Every character is looked at a bounded number of
#: times, since what could make the quoted branch fail late is itself the start of another cookie.
_COOKIE = re.compile(
    r"""[ \t]*+([^=;]*+)"""
    r"""(?:=[ \t]*+("(?:[^\\"]|\\[\s\S])*+"(?=[ \t]*+(?:;|\Z))|[^;]*+)[ \t]*+)?+;?+"""
)


def _split_cookie_field(field: str) -> list[tuple[str, str | None]]:
    """Return the (name, value) pairs of a Cookie field, as they are; value None without "="."""
    if '"' not in field:
        pairs: list[tuple[str, str | None]] = []
        for part in field.split(";"):
            name, equals, value = part.partition("=")
            pairs.append((name.strip(" \t"), value.strip(" \t") if equals else None))
        return pairs
    return [
        (m[1].rstrip(" \t"), None if m[2] is None else m[2].rstrip(" \t"))
        for m in _COOKIE.finditer(field)
    ]


def _quote(text: Any) -> Any:
    """Return `text` as it stands in a cookie: quoted where it has more than token characters."""
    if text is None or _NAME.fullmatch(text) or not text:
        return text
    return '"' + text.translate(_ESCAPES) + '"'


def _unescape(m: re.Match[str]) -> str:
    return chr(int(m[1], 8)) if m[1] else m[2]


def _unquote(text: Any) -> Any:
    r"""Return what a quoted value stands for; any other value as it is.

    >>> _unquote('"a\\"b\\073"')
    'a"b;'
    """
    if text is None or len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPED.sub(_unescape, text[1:-1]) if "\\" in text else text[1:-1]


def _refuse_controls(*texts: Any) -> None:
    for text in texts:
        if isinstance(text, str) and _CONTROL.search(text):
            raise CookieError(f"Control characters are not allowed in cookies: {excerpt(text)}")


# --- one cookie ----------------------------------------------------------------------------------

_SAME_SITE = frozenset({"strict", "lax", "none"})


class Morsel(dict[str, Any]):
    """A cookie: `key`, `value`, `coded_value`, and its attributes as a mapping.

    The attributes are those of RFC 6265bis section 4.1.2 and RFC 2109; one that is "" is not sent.
    `value` is what the program means, `coded_value` what goes over the wire.

    >>> morsel = Morsel()
    >>> morsel.set("id", "7", "7")
    >>> morsel["path"] = "/"
    >>> morsel.output()
    'Set-Cookie: id=7; Path=/'
    """

    _reserved = {
        "expires": "expires",
        "path": "Path",
        "comment": "Comment",
        "domain": "Domain",
        "max-age": "Max-Age",
        "secure": "Secure",
        "httponly": "HttpOnly",
        "version": "Version",
        "samesite": "SameSite",
        "partitioned": "Partitioned",
    }
    _reserved_defaults = dict.fromkeys(_reserved, "")
    _flags = {"secure", "httponly", "partitioned"}

    __slots__ = ("_coded_value", "_key", "_value")

    def __init__(self) -> None:
        self._key: Any = None
        self._value: Any = None
        self._coded_value: Any = None
        super().__init__(self._reserved_defaults)

    @property
    def key(self) -> Any:
        """The cookie's name."""
        return self._key

    @property
    def value(self) -> Any:
        """What the program means."""
        return self._value

    @property
    def coded_value(self) -> Any:
        """What goes over the wire."""
        return self._coded_value

    def isReservedKey(self, K: str) -> bool:  # the stdlib's names
        """Return whether `K` names an attribute."""
        return K.lower() in self._reserved

    def _checked(self, K: str, V: Any) -> str:
        key = K.lower()
        if key not in self._reserved:
            raise CookieError(f"Invalid attribute {K!r}")
        _refuse_controls(V)
        return key

    def __setitem__(self, K: str, V: Any) -> None:
        """Set an attribute.

        Raises:
            CookieError: there is no such attribute, or `V` has control characters.
        """
        super().__setitem__(self._checked(K, V), V)

    def setdefault(self, key: str, val: Any = None) -> Any:
        """Return an attribute; every one is there, so nothing is ever set.

        Raises:
            CookieError: there is no such attribute, or `val` has control characters.
        """
        return super().setdefault(self._checked(key, val), val)

    def update(self, values: Any) -> None:  # type: ignore[override]  # the stdlib's signature
        """Set several attributes, all or none of them.

        Raises:
            CookieError: as for one.
        """
        checked = {self._checked(key, val): val for key, val in dict(values).items()}
        super().update(checked)

    def __ior__(self, values: Any) -> Morsel:  # type: ignore[override, misc]
        self.update(values)
        return self

    def set(self, key: str, val: Any, coded_val: Any) -> None:
        """Set name, value and coded value.

        Raises:
            CookieError: a name that is an attribute's or no token; control characters in the name
                or the coded value.
        """
        if key.lower() in self._reserved:
            raise CookieError(f"Attempt to set a reserved key {key!r}")
        if not _NAME.fullmatch(key):
            raise CookieError(f"Illegal key {key!r}")
        _refuse_controls(coded_val)
        self._key, self._value, self._coded_value = key, val, coded_val

    def __getstate__(self) -> dict[str, Any]:
        return {"key": self._key, "value": self._value, "coded_value": self._coded_value}

    def __setstate__(self, state: dict[str, Any]) -> None:
        _refuse_controls(state["key"], state["coded_value"])
        self._key = state["key"]
        self._value = state["value"]
        self._coded_value = state["coded_value"]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Morsel):
            return dict.__eq__(self, other) if isinstance(other, dict) else NotImplemented
        return (
            self._key == other._key
            and self._value == other._value
            and self._coded_value == other._coded_value
            and dict.__eq__(self, other)
        )

    __ne__ = object.__ne__
    __hash__ = None

    def copy(self) -> Morsel:
        """Return a cookie of its own with the same name, value and attributes."""
        morsel = Morsel()
        dict.update(morsel, self)
        morsel.__setstate__(self.__getstate__())
        return morsel

    __copy__ = copy

    def output(self, attrs: Iterable[str] | None = None, header: str = "Set-Cookie:") -> str:
        """Return the cookie as a field line, with the attributes `attrs` (default: all)."""
        return f"{header} {self.OutputString(attrs)}"

    __str__ = output

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__}: {self.OutputString()}>"

    def js_output(self, attrs: Iterable[str] | None = None) -> str:
        """Return a script element that sets the cookie; nothing in it can end the script."""
        text = self.OutputString(attrs).replace("\\", "\\\\").replace('"', '\\"')
        text = text.replace("<", "\\u003c").replace("\u2028", "").replace("\u2029", "")
        return f"""
        <script type="text/javascript">
        <!-- begin hiding
        document.cookie = "{text}";
        // end hiding -->
        </script>
        """

    def OutputString(self, attrs: Iterable[str] | None = None) -> str:
        """Return the value of the Set-Cookie field, with the attributes `attrs` (default: all).

        Raises:
            CookieError: something in it must not be sent: a name that a peer chose freely, control
                characters, a SameSite that is none.
        """
        if self._key is not None and not _NAME.fullmatch(self._key):
            raise CookieError(f"Illegal key {self._key!r}")
        wanted = self._reserved if attrs is None else attrs
        parts = [f"{self._key}={self._coded_value}"]
        for key, value in sorted(self.items()):
            if value != "" and key in wanted:
                parts += self._attribute(key, value)
        text = "; ".join(parts)
        _refuse_controls(text)
        return text

    def _attribute(self, key: str, value: Any) -> list[str]:
        name = self._reserved[key]
        if key in self._flags:
            return [name] if value else []
        if key == "expires" and isinstance(value, int):
            return [f"{name}={format_http_date(time.time() + value)}"]
        if key == "max-age" and isinstance(value, int):
            return [f"{name}={value:d}"]
        if key == "comment" and isinstance(value, str):
            return [f"{name}={_quote(value)}"]
        if key == "samesite" and str(value).lower() not in _SAME_SITE:
            raise CookieError(f"expected SameSite to be Strict, Lax or None, got {value!r}")
        if isinstance(value, str) and ";" in value:
            raise CookieError(f"expected no ';' in an attribute, got {excerpt(value)}")
        return [f"{name}={value}"]


# --- many cookies --------------------------------------------------------------------------------


class BaseCookie(dict[str, Any]):
    """Cookies by name, each a `Morsel`. Values are strings as they are.

    Subclasses translate values with `value_decode` and `value_encode`.
    """

    def value_decode(self, val: str) -> tuple[Any, str]:
        """Return (value, coded value) for what came over the wire."""
        return val, val

    def value_encode(self, val: Any) -> tuple[Any, str]:
        """Return (value, coded value) for what a program sets."""
        text = str(val)
        return text, text

    def __init__(self, input: str | Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if input:
            self.load(input)

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a cookie: a `Morsel` as it is, anything else encoded.

        Raises:
            CookieError: a name or value that must not be sent.
        """
        if isinstance(value, Morsel):
            super().__setitem__(key, value)
            return
        real, coded = self.value_encode(value)
        morsel = self.get(key, Morsel())
        morsel.set(key, real, coded)
        super().__setitem__(key, morsel)

    def output(
        self,
        attrs: Iterable[str] | None = None,
        header: str = "Set-Cookie:",
        sep: str = "\015\012",
    ) -> str:
        """Return the cookies as field lines, by name, joined by `sep`."""
        return sep.join([morsel.output(attrs, header) for _, morsel in sorted(self.items())])

    __str__ = output

    def __repr__(self) -> str:
        cookies = " ".join(f"{name}={morsel.value!r}" for name, morsel in sorted(self.items()))
        return f"<{self.__class__.__name__}: {cookies}>"

    def js_output(self, attrs: Iterable[str] | None = None) -> str:
        """Return the script elements that set the cookies."""
        return "".join([morsel.js_output(attrs) for _, morsel in sorted(self.items())])

    def load(self, rawdata: str | Mapping[str, Any]) -> None:
        """Take the cookies of a Cookie (or Set-Cookie) field, or of a mapping.

        A field's cookie that cannot be read is passed over. Of a mapping, all are taken or none.

        Raises:
            CookieError: a mapping with a name or value that must not be sent.
        """
        if isinstance(rawdata, str):
            self._load_field(rawdata)
            return
        taken = self.__class__()
        for key, value in rawdata.items():
            taken[key] = value
        for key in taken:
            self[key] = rawdata[key]

    def _load_field(self, field: str) -> None:
        decode = self.value_decode
        reserved = Morsel._reserved
        # Nearly every field is free of controls; what is not is looked at cookie by cookie.
        suspicious = _CONTROL.search(field) is not None
        morsel: Morsel | None = None
        for name, value in _split_cookie_field(field):
            key = name.lower()
            if suspicious and (_CONTROL.search(name) or _CONTROL.search(value or "")):
                morsel = None
            elif key in reserved or key[:1] == "$":
                # RFC 2109: an attribute of the cookie before; without one it is of no use.
                if morsel is not None:
                    _take_attribute(morsel, key.removeprefix("$"), value)
            elif value is None or not _PEER_NAME.fullmatch(name):
                morsel = None
            else:
                morsel = self.get(name)
                if morsel is None:
                    morsel = _new_morsel(Morsel)
                    _fill(morsel, _DEFAULTS)
                    _put(self, name, morsel)
                # Not `Morsel.set`: its checks are for what this program writes.
                morsel._key = name
                morsel._value, morsel._coded_value = decode(value)


# Bound once: a field has many cookies, and this is their cost.
_DEFAULTS = Morsel._reserved_defaults
_new_morsel = dict.__new__
_fill = dict.update
_put = dict.__setitem__


def _take_attribute(morsel: Morsel, key: str, value: str | None) -> None:
    if key not in Morsel._reserved:
        return
    if value is not None:
        _put(morsel, key, _unquote(value))
    elif key in Morsel._flags:
        _put(morsel, key, True)


class SimpleCookie(BaseCookie):
    """Cookies whose values are strings, quoted where they have to be.

    >>> SimpleCookie('a="x y"')["a"].value
    'x y'
    """

    def value_decode(self, val: str) -> tuple[str, str]:
        """Return (value, coded value) for what came over the wire, quotes taken off."""
        return (_unquote(val) if val[:1] == '"' else val), val

    def value_encode(self, val: Any) -> tuple[str, str]:
        """Return (value, coded value) for what a program sets, quoted if need be."""
        text = str(val)
        return text, _quote(text)

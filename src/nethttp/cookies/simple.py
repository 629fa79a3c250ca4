r"""`BaseCookie`, `SimpleCookie`: a server's cookies by name, the drop-in for `http.cookies`.

What a peer sends is read as far as it makes sense: a cookie that does not is passed over, costs no
other, and raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..wire.values import split_cookie_field
from .morsel import CONTROL, Morsel, quote, unquote

__all__ = ["BaseCookie", "SimpleCookie"]


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
        morsel = self.get(key)
        if morsel is None:
            morsel = Morsel()
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
        items = list(rawdata.items())
        for key, value in items:
            if not isinstance(value, Morsel):
                Morsel().set(key, *self.value_encode(value))
        for key, value in items:
            self[key] = value

    def _load_field(self, field: str) -> None:
        decode = self.value_decode
        as_it_is = '"' not in field and getattr(decode, "__func__", None) in _DECODE_QUOTES_ONLY
        has_dollar = "$" in field
        reserved = Morsel._reserved
        get = self.get
        morsel: Morsel | None = None
        for name, equals, value in split_cookie_field(field):
            if name.lower() in reserved or (has_dollar and name[:1] == "$"):
                # RFC 2109: an attribute of the cookie before; without one it is of no use.
                if morsel is not None:
                    _take_attribute(morsel, name.lower().removeprefix("$"), equals, value)
            elif not name or not equals:
                morsel = None
            else:
                morsel = get(name)
                if morsel is None:
                    morsel = _new_morsel(Morsel)
                    _fill(morsel, _DEFAULTS)
                    _put(self, name, morsel)
                # Not `Morsel.set`: its checks are for what this program writes.
                morsel._key = name
                if as_it_is:
                    morsel._value = morsel._coded_value = value
                else:
                    morsel._value, morsel._coded_value = decode(value)


# Bound once: a field has many cookies, and this is their cost.
_DEFAULTS = Morsel._reserved_defaults
_new_morsel = dict.__new__
_fill = dict.update
_put = dict.__setitem__


def _take_attribute(morsel: Morsel, key: str, equals: str, value: str) -> None:
    if key not in Morsel._reserved:
        return
    if equals:
        value = unquote(value)
        # An escape may have hidden one, and `output` would raise for what a peer did.
        if not CONTROL.search(value):
            _put(morsel, key, value)
    elif key in Morsel._flags:
        _put(morsel, key, True)


class SimpleCookie(BaseCookie):
    """Cookies whose values are strings, quoted where they have to be.

    >>> SimpleCookie('a="x y"')["a"].value
    'x y'
    """

    def value_decode(self, val: str) -> tuple[str, str]:
        """Return (value, coded value) for what came over the wire, quotes taken off."""
        return (unquote(val) if val[:1] == '"' else val), val

    def value_encode(self, val: Any) -> tuple[str, str]:
        """Return (value, coded value) for what a program sets, quoted if need be."""
        text = str(val)
        return text, quote(text)


#: These leave a value without quotes as it is; a subclass's own is asked for every value.
_DECODE_QUOTES_ONLY = frozenset({BaseCookie.value_decode, SimpleCookie.value_decode})

r"""`BaseCookie`, `SimpleCookie`: a server's cookies by name, the drop-in for `http.cookies`.

Cookies of a peer's field that cannot be read are left out, and the others are read; none raises.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from ..errors import CookieError
from ..overrides import Bypassed
from ..wire.cookiefield import split_cookie_field
from .morsel import CONTROL, Morsel, quote, unquote, warn_of_scripts

__all__ = ["BaseCookie", "SimpleCookie"]


_T = TypeVar("_T")


class BaseCookie(dict[str, Morsel[_T]], Generic[_T]):
    """A dict of cookies by name, each a `Morsel`, whose values are strings, not encoded.

    Subclasses encode values with `value_encode` and `value_decode`.

    Raises:
        CookieError: see `load`.
    """

    def value_decode(self, val: str) -> tuple[_T, str]:
        """Return (value, coded value) of the text of a value in a peer's field."""
        value: Any = val
        return value, val

    def value_encode(self, val: Any) -> tuple[Any, str]:
        """Return (value, coded value) of what a program sets: its `str` twice."""
        text = str(val)
        return text, text

    def __init__(self, input: str | Mapping[str, Any] | None = None) -> None:
        if input:
            self.load(input)

    def __set(self, key: str, real_value: Any, coded_value: Any) -> None:
        morsel = self.get(key)
        if morsel is None:
            morsel = Morsel()
        morsel.set(key, real_value, coded_value)
        super().__setitem__(key, morsel)

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a cookie to a `Morsel`, or to a value, which is encoded.

        Raises:
            CookieError: the name or the value must not be sent; see `Morsel.set`.
        """
        if isinstance(value, Morsel):
            super().__setitem__(key, value)
        else:
            self.__set(key, *self.value_encode(value))

    def output(
        self,
        attrs: Iterable[str] | None = None,
        header: str = "Set-Cookie:",
        sep: str = "\015\012",
    ) -> str:
        """Return the cookies as field lines, sorted by name and joined by `sep`.

        `attrs` are the names of the attributes to write; None: all that have a value.

        Raises:
            CookieError: see `Morsel.OutputString`.
        """
        return sep.join([morsel.output(attrs, header) for _, morsel in sorted(self.items())])

    __str__ = output

    def __repr__(self) -> str:
        cookies = " ".join(f"{name}={morsel.value!r}" for name, morsel in sorted(self.items()))
        return f"<{self.__class__.__name__}: {cookies}>"

    def js_output(self, attrs: Iterable[str] | None = None) -> str:
        """Return the script elements that set the cookies.

        Deprecated: from Python 3.15 on it warns. Use `output`.

        Raises:
            CookieError: see `Morsel.OutputString`.
        """
        warn_of_scripts("BaseCookie.js_output")
        # On 3.15 `Morsel.js_output` would warn a second time.
        method = "_js_output" if sys.version_info >= (3, 15) else "js_output"
        return "".join([getattr(morsel, method)(attrs) for _, morsel in sorted(self.items())])

    # A program's own may not be called twice for one value.
    _VALUE_ENCODE = Bypassed("value_encode")

    def load(self, rawdata: str | Mapping[str, Any]) -> None:
        """Add the cookies of a Cookie (or Set-Cookie) field, or of a mapping.

        A field's cookies that cannot be read are left out. Of a mapping all are added, or none.

        Raises:
            CookieError: a mapping has a name or value that must not be sent.
        """
        if isinstance(rawdata, str):
            self.__parse_string(rawdata)
            return
        items = list(rawdata.items())
        if self._VALUE_ENCODE.left_alone(self):
            for key, value in items:
                if not isinstance(value, Morsel):
                    Morsel().set(key, *self.value_encode(value))
        for key, value in items:
            self[key] = value

    # Ours leave a value without quotes as it is.
    _SET = Bypassed("_BaseCookie__set")
    # Nearly all programs leave both alone, and each check takes 3 % of a `load`.
    _DECODE_AND_SET = Bypassed("value_decode", "_BaseCookie__set")

    def __parse_string(self, str: str, patt: re.Pattern[str] | None = None) -> None:
        """Add the cookies of a field, or those that `patt` matches in groups "key" and "val"."""
        cookies = split_cookie_field(str) if patt is None else _cut(patt, str)
        filled_as_ours = _filled_as_ours(Morsel)
        as_it_is = as_ours = filled_as_ours and _decoded_and_set_as_ours(self)
        if not as_ours:
            as_ours = filled_as_ours and _set_is_ours(self)
        as_it_is = as_it_is and '"' not in str and unquote in _OUR_UNQUOTE
        decode: Any = None if as_it_is else self.value_decode
        has_dollar = "$" in str
        reserved = Morsel._reserved
        as_it_was = reserved is _RESERVED and len(reserved) == len(_DEFAULTS)
        defaults = _DEFAULTS if as_it_was else Morsel._defaults()
        morsel: Morsel[Any] | None = None
        for name, equals, value in cookies:
            if name.lower() in reserved or (has_dollar and name[:1] == "$"):
                # RFC 2109: an attribute of the cookie before it; without one it is ignored.
                if morsel is not None:
                    _take_attribute(morsel, name.lower().removeprefix("$"), equals, value)
            elif not name or not equals:
                morsel = None
            elif as_ours:
                morsel = _new_morsel(Morsel)
                _fill(morsel, defaults)
                morsel = _put_if_missing(self, name, morsel)
                # Not by `Morsel.set`, whose checks are for what this program sets.
                morsel._key = name
                if as_it_is:
                    morsel._value = morsel._coded_value = value
                else:
                    morsel._value, morsel._coded_value = decode(value)
            else:
                try:
                    self.__set(name, *decode(value))
                except CookieError:
                    morsel = None
                else:
                    morsel = self.get(name)


# Looked up once: they are called for every cookie of a field.
_new_morsel = dict.__new__
_fill = dict.update
_put_if_missing: Any = dict.setdefault
_RESERVED = Morsel._reserved
_DEFAULTS = Morsel._reserved_defaults
_filled_as_ours = Morsel._FILL_STEPS.left_alone_by
_set_is_ours = BaseCookie._SET.left_alone
_decoded_and_set_as_ours = BaseCookie._DECODE_AND_SET.left_alone
# In a set, where `public` does not replace it.
_OUR_UNQUOTE = frozenset({unquote})


def _cut(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (name, "=" or "", value) while `pattern` matches a cookie where the last one ends."""
    at = 0
    while at < len(text) and (m := pattern.match(text, at)) and m.end() > at:
        at = m.end()
        value = m["val"]
        yield m["key"], "" if value is None else "=", value or ""


def _take_attribute(morsel: Morsel[Any], key: str, equals: str, value: str) -> None:
    if key not in morsel._reserved:
        return
    if equals:
        value = unquote(value)
        # An escape may hide a control character, for which `output` would raise.
        if not CONTROL.search(value):
            morsel[key] = value
    elif key in morsel._flags:
        morsel[key] = True


@BaseCookie._DECODE_AND_SET.also
@BaseCookie._VALUE_ENCODE.also
class SimpleCookie(BaseCookie[str]):
    """Cookies whose values are strings, quoted where necessary.

    >>> SimpleCookie('a="x y"')["a"].value
    'x y'
    """

    def value_decode(self, val: str) -> tuple[str, str]:
        """Return (value, coded value) of a value in a peer's field: unquoted, and as sent."""
        return unquote(val), val

    def value_encode(self, val: Any) -> tuple[str, str]:
        """Return (value, coded value) of what a program sets: its `str`, then quoted if needed."""
        text = str(val)
        return text, quote(text)

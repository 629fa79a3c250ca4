"""`Morsel`: one cookie as a server writes it, the drop-in for ``http.cookies.Morsel``.

What the program sets is checked: a name, value or attribute that could end the field, or begin
another, raises `CookieError`. What a peer sent is stored unchecked, and checked when it is written;
then a peer's name may have separators in it, so that it can be sent back.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, SupportsIndex, TypeVar

from ..errors import CookieError, excerpt
from ..overrides import Bypassed
from ..wire import grammar
from ..wire.values import DAY_NAMES, MONTH_NAMES
from .setcookie import SAME_SITE

__all__ = [
    "CONTROL",
    "LEGAL_CHARS",
    "TRANSLATOR",
    "UNESCAPED_CHARS",
    "Morsel",
    "get_date",
    "has_control_character",
    "is_legal_key",
    "quote",
    "unquote",
    "unquote_replace",
    "unquote_sub",
]


# --- the grammar ---------------------------------------------------------------------------------

_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

#: The characters of a token, and ":", which servers and browsers allow in names.
LEGAL_CHARS = _ALPHANUMERIC + "!#$%&'*+-.^_`|~:"

#: Characters that are not escaped in a quoted value; others below U+0100 are octal escapes.
UNESCAPED_CHARS = LEGAL_CHARS + " ()/<=>?@[]{}"

TRANSLATOR = {code: f"\\{code:03o}" for code in range(256) if chr(code) not in UNESCAPED_CHARS}
TRANSLATOR |= {ord('"'): '\\"', ord("\\"): "\\\\"}

is_legal_key = re.compile(f"[{re.escape(LEGAL_CHARS)}]++").fullmatch

#: Names that may be written: a peer chose them, and they end neither the field nor a part of it.
_WRITABLE_NAME = re.compile(rf"[^{grammar.CONTROL}\s;=,]++")

CONTROL = re.compile(rf"[{grammar.CONTROL}]")
_QUOTED = re.compile(grammar.QUOTED_COOKIE)


def quote(text: Any) -> Any:
    """Return `text` as a cookie's value: in quotes, with escapes, unless it is a token.

    >>> quote("a"), quote("a b;")
    ('a', '"a b\\\\073"')
    """
    if text is None or is_legal_key(text):
        return text
    return '"' + text.translate(TRANSLATOR) + '"'


unquote_sub = re.compile(r"\\(?:([0-3][0-7][0-7])|([\s\S]))").sub


def unquote_replace(m: re.Match[str]) -> str:
    r"""Return the character of an escape: three octal digits, or the character itself.

    >>> re.sub(r"\\(?:([0-3][0-7]{2})|(.))", unquote_replace, r"\101\"")
    'A"'
    """
    return chr(int(m[1], 8)) if m[1] else m[2]


def unquote(text: Any) -> Any:
    r"""Return the text of a quoted value, without quotes and escapes; any other value unchanged.

    >>> unquote('"a\\"b\\073"')
    'a"b;'
    """
    if text is None or len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return unquote_sub(unquote_replace, text[1:-1]) if "\\" in text else text[1:-1]


def get_date(
    future: float = 0,
    weekdayname: Sequence[str] = DAY_NAMES,
    monthname: Sequence[str | None] = (None, *MONTH_NAMES),
) -> str:
    """Return the HTTP date of `future` seconds from now, as the attribute "expires" has it.

    Its form is ``Thu, 01 Jan 1970 00:00:00 GMT``: RFC 9110 section 5.6.7.
    """
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(time.time() + future)
    return (
        f"{weekdayname[weekday]}, {day:02d} {monthname[month]} {year:04d} "
        f"{hour:02d}:{minute:02d}:{second:02d} GMT"
    )


def has_control_character(*values: object) -> bool:
    r"""Return whether the text of one of `values` has a control character.

    >>> has_control_character("a", 7), has_control_character("a\n")
    (False, True)
    """
    return any(CONTROL.search(str(value)) for value in values)


def _refuse_controls(*texts: Any) -> None:
    for text in texts:
        if isinstance(text, str) and CONTROL.search(text):
            raise CookieError(f"Control characters are not allowed in cookies: {excerpt(text)}")


def _refuse_unsendable(key: Any, val: Any, coded_val: Any) -> None:
    _refuse_controls(key, coded_val)
    # A value that `coded_val` escapes is not sent itself. Refusing it would let a peer's octal
    # escape make unpickling raise (aiohttp#12395).
    escaped = isinstance(val, str) and isinstance(coded_val, str) and unquote(coded_val) == val
    if not escaped:
        _refuse_controls(val)


# --- one cookie ----------------------------------------------------------------------------------

#: Characters that may end a string of JavaScript, or the script element around it.
_SCRIPT_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def _js_string(text: str) -> str:
    """Return an expression of JavaScript for `text`, which cannot end the script."""
    if sys.version_info >= (3, 14):
        from urllib.parse import quote as percent_encode  # start-up: few write scripts

        return f'decodeURIComponent("{percent_encode(text, safe="")}")'
    return f'"{text.translate(_SCRIPT_ESCAPES)}"'


if TYPE_CHECKING:
    from typing_extensions import TypeVar as _TypeVar

    _T = _TypeVar("_T", default=str)  # in typing from Python 3.13 on
else:
    _T = TypeVar("_T")


class Morsel(dict[str, Any], Generic[_T]):
    """A cookie: `key`, `value`, `coded_value`, and its attributes as a mapping.

    The attributes are those of RFC 6265bis section 4.1.2 and RFC 2109, with lower-case names; one
    that is "" is not written. `value` is the program's value, `coded_value` the text that is sent.

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

    # Slots save memory; the first two allow programs' own attributes and weak references.
    __slots__ = ("__dict__", "__weakref__", "_coded_value", "_key", "_value")

    def __init__(self) -> None:
        self._key: Any = None
        self._value: Any = None
        self._coded_value: Any = None
        as_it_was = self._reserved is _RESERVED and len(_RESERVED) == len(_DEFAULTS)
        super().__init__(_DEFAULTS if as_it_was else self._defaults())

    @classmethod
    def _defaults(cls) -> dict[str, str]:
        """Return a mapping of all attributes, each with its default, mostly ""."""
        return {key: cls._reserved_defaults.get(key, "") for key in cls._reserved}

    @property
    def key(self) -> str | Any:
        """The cookie's name."""
        return self._key

    @property
    def value(self) -> _T | Any:
        """The program's value."""
        return self._value

    @property
    def coded_value(self) -> str | Any:
        """The value as it is sent: encoded, perhaps quoted."""
        return self._coded_value

    def isReservedKey(self, K: str) -> bool:  # the stdlib's names
        """Return whether `K` is the name of an attribute, in any case."""
        return K.lower() in self._reserved

    def _checked(self, K: str, V: Any) -> str:
        key = K.lower()
        if key not in self._reserved:
            raise CookieError(f"Invalid attribute {excerpt(K)}")
        _refuse_controls(V)
        return key

    def __setitem__(self, K: str, V: Any) -> None:
        """Set an attribute; its name may be in any case.

        Raises:
            CookieError: there is no attribute `K`, or `V` has control characters.
        """
        super().__setitem__(self._checked(K, V), V)

    def setdefault(self, key: str, val: Any = None) -> Any:
        """Return the value of an attribute, which always has one: `val` is never set.

        Raises:
            CookieError: there is no attribute `key`, or `val` has control characters.
        """
        return super().setdefault(self._checked(key, val), val)

    def update(self, values: Any) -> None:  # type: ignore[override]  # the stdlib's signature
        """Set several attributes; if one raises, none is set.

        Raises:
            CookieError: there is no such attribute, or its value has control characters.
        """
        checked = {self._checked(key, val): val for key, val in dict(values).items()}
        super().update(checked)

    def __ior__(self, values: Any) -> Self:  # type: ignore[override, misc]  # as `update`
        self.update(values)
        return self

    # `BaseCookie.load` fills the morsels of a field itself.
    _FILL_STEPS = Bypassed("__init__", "set")

    def set(self, key: str, val: _T, coded_val: str) -> None:
        """Set name, value and coded value.

        Raises:
            CookieError: the name is an attribute's, or not a token (with ":"); the name or the
                coded value has control characters, or the value has some that the coded value does
                not escape.
        """
        if key.lower() in self._reserved:
            raise CookieError(f"Attempt to set a reserved key {excerpt(key)}")
        if not is_legal_key(key):
            raise CookieError(f"Illegal key {excerpt(key)}: not a token (RFC 6265 section 4.1.1)")
        _refuse_unsendable(key, val, coded_val)
        self._key, self._value, self._coded_value = key, val, coded_val

    def __getstate__(self) -> dict[str, Any]:
        return {"key": self._key, "value": self._value, "coded_value": self._coded_value}

    def __setstate__(self, state: dict[str, Any]) -> None:
        _refuse_unsendable(state["key"], state["value"], state["coded_value"])
        self._key = state["key"]
        self._value = state["value"]
        self._coded_value = state["coded_value"]
        # Pickles of other Pythons, and those of `__reduce_ex__`, lack some attributes.
        for name, default in self._defaults().items():
            dict.setdefault(self, name, default)

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        reduced = super().__reduce_ex__(protocol)
        if isinstance(reduced, str) or len(reduced) < 5 or reduced[4] is None:
            return reduced
        # The standard library before 3.14 refuses to unpickle the name, even without a value.
        return (*reduced[:4], _without_unknown(reduced[4]), *reduced[5:])

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

    def copy(self) -> Morsel[_T]:
        """Return a new `Morsel` with the same name, value and attributes."""
        return self._copied_to(Morsel())

    def __copy__(self) -> Morsel[_T]:
        return self._copied_to(self.__class__.__new__(self.__class__))

    def _copied_to(self, morsel: Morsel[_T]) -> Morsel[_T]:
        dict.update(morsel, self)
        # Not by `__setstate__`, which checks: these values are in a morsel already.
        morsel._key, morsel._value = self._key, self._value
        morsel._coded_value = self._coded_value
        morsel.__dict__.update(self.__dict__)
        return morsel

    def output(self, attrs: Iterable[str] | None = None, header: str = "Set-Cookie:") -> str:
        """Return the cookie as a field line without its end, with the attributes `attrs`.

        `attrs` are lower-case names; None: all that have a value.

        Raises:
            CookieError: see `OutputString`.
        """
        return f"{header} {self.OutputString(attrs)}"

    __str__ = output

    _OUTPUT_STRING = Bypassed("OutputString")

    def __repr__(self) -> str:
        if not self._OUTPUT_STRING.left_alone(self):
            text = self.OutputString()
        else:
            # Without the checks of `output`: it helps to find what `output` refuses.
            text = CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}", "; ".join(self._parts(None)))
        return f"<{self.__class__.__name__}: {text}>"

    def js_output(self, attrs: Iterable[str] | None = None) -> str:
        """Return a script element that sets the cookie, and that no value can end.

        Deprecated: from Python 3.15 on it warns. Use `output`.

        Raises:
            CookieError: see `OutputString`.
        """
        warn_of_scripts("Morsel.js_output")
        return self._js_output(attrs)

    def _js_output(self, attrs: Iterable[str] | None = None) -> str:
        return f"""
        <script type="text/javascript">
        <!-- begin hiding
        document.cookie = {_js_string(self.OutputString(attrs))};
        // end hiding -->
        </script>
        """

    def OutputString(self, attrs: Iterable[str] | None = None) -> str:
        """Return the value of the Set-Cookie field, with the attributes `attrs` (default: all).

        Raises:
            CookieError: it must not be sent: the name has "=", ",", ";" or white space; there is a
                control character, or a ";" that would begin an attribute; SameSite is unknown.
        """
        key = self.key
        if key is not None and not _WRITABLE_NAME.fullmatch(key):
            raise CookieError(
                f"Illegal key {excerpt(key)}: expected no '=', ',', ';', white space or control "
                "characters (RFC 6265 section 4.1.1)"
            )
        parts = self._parts(attrs)
        coded = str(self.coded_value)
        if ";" in coded and not _QUOTED.fullmatch(coded):
            raise CookieError(
                f"expected ';' only in a quoted cookie value, got {excerpt(coded)} "
                "(RFC 6265 section 4.1.1)"
            )
        for part in parts[1:]:
            if ";" in part:
                raise CookieError(
                    f"expected no ';' in an attribute, got {excerpt(part)} (RFC 6265 section 4.1.1)"
                )
            name, _, value = part.partition("=")
            if name == "SameSite" and value.lower() not in SAME_SITE:
                raise CookieError(
                    f"expected SameSite to be Strict, Lax or None, got {excerpt(value)} "
                    "(RFC 6265bis section 4.1.2.7)"
                )
        text = "; ".join(parts)
        _refuse_controls(text)
        return text

    def _parts(self, attrs: Iterable[str] | None) -> list[str]:
        """Return ``name=value`` and the attributes, unchecked."""
        wanted = self._reserved if attrs is None else attrs
        parts = [f"{self.key}={self.coded_value}"]
        for key, value in sorted(self.items()):
            if value == "" or key not in wanted:
                continue
            name = self._reserved[key]
            if key == "expires" and isinstance(value, int):
                parts.append(f"{name}={get_date(value)}")
            elif key == "max-age" and isinstance(value, int):
                parts.append(f"{name}={value:d}")
            elif key == "comment" and isinstance(value, str):
                parts.append(f"{name}={quote(value)}")
            elif key in self._flags:
                if value:
                    parts.append(name)
            else:
                parts.append(f"{name}={value}")
        return parts


# The attributes of a morsel and their defaults, unless a program changes `_reserved`.
_RESERVED = Morsel._reserved
_DEFAULTS = Morsel._reserved_defaults


def _without_unknown(items: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Return the attributes for a pickle, without an empty Partitioned: old Pythons refuse it."""
    return (item for item in items if item != ("partitioned", ""))


def warn_of_scripts(name: str) -> None:
    """Warn that the method `name` is deprecated, on Pythons whose standard library does so."""
    if sys.version_info >= (3, 15):
        import warnings  # start-up: few write scripts

        warnings.warn(
            f"{Morsel.__module__}.{name} is deprecated, as in Python 3.15; use output() instead",
            DeprecationWarning,
            stacklevel=3,
        )

"""Jars that are kept in text files: LWP's Set-Cookie3 format, and Mozilla's cookies.txt.

A file is written beside the old one and put in its place when it is whole, readable by its owner
alone: a program that is killed in between loses nothing.
"""

from __future__ import annotations

import copy
import os
import re
import tempfile
import time
from collections.abc import Iterable
from typing import IO, Any

from ..errors import LoadError, excerpt
from .cookie import Cookie
from .dates import iso2time, time2isoz
from .headers import join_header_words, split_header_words
from .jar import CookieJar
from .policy import CookiePolicy

__all__ = ["FileCookieJar", "LWPCookieJar", "MozillaCookieJar", "lwp_cookie_str"]

MISSING_FILENAME_TEXT = (
    "a filename was not supplied (nor was the CookieJar instance initialised with one)"
)


def _write_whole(filename: str, text: str) -> None:
    """Put a file with `text` in the place of `filename`, for its owner's eyes alone."""
    target = os.path.realpath(filename)
    if os.path.exists(target) and not os.path.isfile(target):
        # A pipe or a terminal has no place to put a file in.
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        return
    # mkstemp makes files of mode 0600.
    descriptor, draft = tempfile.mkstemp(prefix=".cookies-", dir=os.path.dirname(target))
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise


class FileCookieJar(CookieJar):
    """A `CookieJar` that can be loaded from a file and saved to it.

    `filename` is the default for `load`, `save` and `revert`. `delayload` is kept for programs that
    pass it, and says nothing: a file is read when `load` is called.
    """

    def __init__(
        self,
        filename: str | os.PathLike[str] | None = None,
        delayload: bool = False,
        policy: CookiePolicy | None = None,
    ) -> None:
        super().__init__(policy)
        self.filename = None if filename is None else os.fspath(filename)
        self.delayload = bool(delayload)

    def save(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Write the cookies to a file, in a subclass's format.

        Cookies that end with the session are left out unless `ignore_discard`, those whose time is
        over unless `ignore_expires`.

        Raises:
            OSError: the file cannot be written; it is then as it was.
            ValueError: no filename here or at the start.
        """
        raise NotImplementedError(f"{type(self).__name__} has no format")

    def _named(self, filename: str | None) -> str:
        name = self.filename if filename is None else filename
        if name is None:
            raise ValueError(MISSING_FILENAME_TEXT)
        return name

    def _kept(self, ignore_discard: bool, ignore_expires: bool) -> Iterable[Cookie]:
        now = time.time()
        return [
            cookie
            for cookie in self
            if (ignore_discard or not cookie.discard)
            and (ignore_expires or not cookie.is_expired(now))
        ]

    def _take(self, cookie: Cookie, ignore_discard: bool, ignore_expires: bool) -> None:
        if (ignore_discard or not cookie.discard) and (ignore_expires or not cookie.is_expired()):
            self.set_cookie(cookie)

    def load(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Add the cookies of a file to those that are there.

        Raises:
            LoadError: the file is not in this jar's format.
            OSError: it cannot be read.
            ValueError: no filename here or at the start.
        """
        name = self._named(filename)
        with open(name, encoding="utf-8", errors="surrogateescape") as file:
            self._really_load(file, name, ignore_discard, ignore_expires)

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no format")

    def revert(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Let the cookies be those of a file, or, if it cannot be read, those that there were.

        Raises:
            OSError, ValueError: as `load`.
        """
        name = self._named(filename)
        with self._cookies_lock:
            before = copy.deepcopy(self._cookies)
            self._cookies = {}
            try:
                self.load(name, ignore_discard, ignore_expires)
            except OSError:
                self._cookies = before
                raise


# --- LWP -----------------------------------------------------------------------------------------

_LWP_FLAGS = frozenset({"port_spec", "path_spec", "domain_dot", "secure", "discard"})
_LWP_VALUES = frozenset({"version", "port", "path", "domain", "expires", "comment", "commenturl"})


def lwp_cookie_str(cookie: Cookie) -> str:
    """Return a cookie as a line of LWP's format, without its "Set-Cookie3:"."""
    pairs: list[tuple[str, str | None]] = [
        (cookie.name, cookie.value),
        ("path", cookie.path),
        ("domain", cookie.domain),
    ]
    if cookie.port is not None:
        pairs.append(("port", cookie.port))
    if cookie.path_specified:
        pairs.append(("path_spec", None))
    if cookie.port_specified:
        pairs.append(("port_spec", None))
    if cookie.domain_initial_dot:
        pairs.append(("domain_dot", None))
    if cookie.secure:
        pairs.append(("secure", None))
    if cookie.expires:
        pairs.append(("expires", time2isoz(float(cookie.expires))))
    if cookie.discard:
        pairs.append(("discard", None))
    if cookie.comment:
        pairs.append(("comment", cookie.comment))
    if cookie.comment_url:
        pairs.append(("commenturl", cookie.comment_url))
    for name in sorted(cookie._rest):
        value = cookie._rest[name]
        pairs.append((name, None if value is None else str(value)))
    pairs.append(("version", str(cookie.version)))
    return join_header_words([pairs])


class LWPCookieJar(FileCookieJar):
    """A jar in the format of Perl's libwww: everything that a cookie has, in a readable line."""

    magic_re = re.compile(r"#LWP-Cookies-(\d+\.\d+)", re.ASCII)

    def as_lwp_str(self, ignore_discard: bool = True, ignore_expires: bool = True) -> str:
        """Return the cookies as lines that begin with "Set-Cookie3:"."""
        lines = [
            f"Set-Cookie3: {lwp_cookie_str(cookie)}\n"
            for cookie in self._kept(ignore_discard, ignore_expires)
        ]
        return "".join(lines)

    def save(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Write the cookies to a file; see `FileCookieJar.save`."""
        text = "#LWP-Cookies-2.0\n" + self.as_lwp_str(ignore_discard, ignore_expires)
        _write_whole(self._named(filename), text)

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        if not self.magic_re.match(f.readline()):
            raise LoadError(f"{filename!r} does not look like a Set-Cookie3 (LWP) format file")
        for line in f:
            if not line.startswith("Set-Cookie3:"):
                continue
            for words in split_header_words([line.removeprefix("Set-Cookie3:").strip()]):
                try:
                    cookie = self._cookie_from_words(words)
                except (KeyError, TypeError, ValueError) as error:
                    raise LoadError(
                        f"invalid Set-Cookie3 format file {filename!r}: {excerpt(line)}"
                    ) from error
                self._take(cookie, ignore_discard, ignore_expires)

    @staticmethod
    def _cookie_from_words(words: list[tuple[str, str | None]]) -> Cookie:
        (name, value), *attributes = words
        known: dict[str, Any] = dict.fromkeys(_LWP_FLAGS, False)
        others: dict[str, Any] = {}
        for key, text in attributes:
            lower = key.lower()
            if lower in _LWP_FLAGS:
                known[lower] = True if text is None else text
            elif lower in _LWP_VALUES:
                known[lower] = text
            else:
                others[key] = text
        expires = None if known.get("expires") is None else iso2time(known["expires"])
        domain = known["domain"]
        return Cookie(
            known.get("version"),
            name,
            value,
            known.get("port"),
            known["port_spec"],
            domain,
            domain.startswith("."),
            known["domain_dot"],
            known["path"],
            known["path_spec"],
            known["secure"],
            expires,
            known["discard"] or expires is None,
            known.get("comment"),
            known.get("commenturl"),
            others,
        )


# --- Mozilla -------------------------------------------------------------------------------------

NETSCAPE_HEADER_TEXT = """\
# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html
# This file was written by nethttp; a line is: domain, whether its subdomains are meant, path,
# whether TLS is asked for, expiry in seconds since 1970 (0: end of session), name, value.

"""
NETSCAPE_MAGIC_RGX = re.compile(r"#( Netscape)? HTTP Cookie File")
HTTPONLY_ATTR = "HTTPOnly"
HTTPONLY_PREFIX = "#HttpOnly_"

#: Values of a line's flags.
_FLAG = {False: "FALSE", True: "TRUE"}


class MozillaCookieJar(FileCookieJar):
    """A jar in the format of cookies.txt, which curl, wget and others read and write.

    It has no place for a cookie's version, ports and comments; they are not kept.
    """

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        if not NETSCAPE_MAGIC_RGX.match(f.readline()):
            raise LoadError(f"{filename!r} does not look like a Netscape format cookies file")
        for line in f:
            text = line.rstrip("\r\n")
            http_only = text.startswith(HTTPONLY_PREFIX)
            text = text.removeprefix(HTTPONLY_PREFIX)
            if not text.strip() or text.strip().startswith(("#", "$")):
                continue
            try:
                cookie = self._cookie_from_line(text, http_only)
            except ValueError as error:
                raise LoadError(
                    f"invalid Netscape format cookies file {filename!r}: {excerpt(line)}"
                ) from error
            self._take(cookie, ignore_discard, ignore_expires)

    @staticmethod
    def _cookie_from_line(line: str, http_only: bool) -> Cookie:
        domain, specified, path, secure, expiry, name, value = _columns(line)
        # A cookie without a name is, here, one without a value.
        text: str | None = value
        if not name:
            name, text = value, None
        # 0 says "until the end of the session" (bpo-17164); some write fractions of a second.
        expires = int(float(expiry)) if expiry.strip() else 0
        return Cookie(
            0,
            name,
            text,
            None,
            False,
            domain,
            specified.upper() == "TRUE",
            domain.startswith("."),
            path,
            False,
            secure.upper() == "TRUE",
            expires or None,
            not expires,
            None,
            None,
            {HTTPONLY_ATTR: ""} if http_only else {},
        )

    def save(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Write the cookies to a file; see `FileCookieJar.save`."""
        lines = [_line_of(cookie) for cookie in self._kept(ignore_discard, ignore_expires)]
        _write_whole(self._named(filename), NETSCAPE_HEADER_TEXT + "".join(lines))


def _columns(line: str) -> list[str]:
    """Return the seven columns of a line; editors and copying add tabs and lose the last one.

    Raises:
        ValueError: there are too few.
    """
    columns = line.split("\t")
    if len(columns) == 6:
        columns.append("")
    if len(columns) > 7:
        # A tab more than there should be: between columns, or in the value.
        head = [column for column in columns if column.strip()]
        columns = columns if len(head) < 7 else head
        columns = [*columns[:6], "\t".join(columns[6:])]
    if len(columns) != 7:
        raise ValueError(f"expected 7 columns separated by tabs, got {len(columns)}")
    return columns


def _line_of(cookie: Cookie) -> str:
    """Return a cookie's line. What would end a column or the line cannot be in it."""
    name, value = (cookie.name, cookie.value) if cookie.value is not None else ("", cookie.name)
    http_only = any(attribute.lower() == "httponly" for attribute in cookie._rest)
    columns = [
        (HTTPONLY_PREFIX if http_only else "") + cookie.domain,
        _FLAG[cookie.domain.startswith(".")],
        cookie.path,
        _FLAG[bool(cookie.secure)],
        str(cookie.expires or 0),
        name,
        value or "",
    ]
    if any("\n" in column or "\r" in column for column in columns):
        return ""
    return "\t".join(columns) + "\n"

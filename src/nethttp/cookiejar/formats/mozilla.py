"""`MozillaCookieJar`: cookies in cookies.txt, which curl, wget and others read and write."""

from __future__ import annotations

import re
from typing import IO

from ...errors import LoadError
from ..cookie import Cookie
from .comments import BYTE_ORDER_MARK, lines_of, read_lines
from .file_jar import FileCookieJar

__all__ = ["MozillaCookieJar"]

NETSCAPE_HEADER_TEXT = """\
# Netscape HTTP Cookie File
# https://curl.se/docs/http-cookies.html
# This file was written by nethttp; a line is: domain, whether its subdomains are meant, path,
# whether TLS is asked for, expiry in seconds since 1970 (0: end of session), name, value.

"""
NETSCAPE_MAGIC_RGX = re.compile(r"#( Netscape)? HTTP Cookie File", re.ASCII | re.IGNORECASE)
HTTPONLY_ATTR = "HTTPOnly"
HTTPONLY_PREFIX = "#HttpOnly_"

#: Values of a line's flags.
_FLAG = {False: "FALSE", True: "TRUE"}


class MozillaCookieJar(FileCookieJar):
    """A jar in the format of cookies.txt, which curl, wget and others read and write.

    What the format has no place for stands in a comment before a cookie's line: see `extras`.
    """

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        if not NETSCAPE_MAGIC_RGX.match(f.readline().removeprefix(BYTE_ORDER_MARK)):
            raise LoadError(f"{filename!r} does not look like a Netscape format cookies file")
        read_lines(f, filename, self._read_line, self._taker(ignore_discard, ignore_expires))

    @classmethod
    def _read_line(cls, line: str) -> list[Cookie]:
        """Return the cookie of a line, none for a line that has none."""
        text = line.rstrip("\r\n")
        http_only = text.startswith(HTTPONLY_PREFIX)
        text = text.removeprefix(HTTPONLY_PREFIX)
        if not text.strip() or text.strip().startswith(("#", "$")):
            return []
        return [cls._cookie_from_line(text, http_only)]

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

    def as_text(self, ignore_discard: bool = False, ignore_expires: bool = False) -> str:
        """Return what `save` writes."""
        cookies = self._kept(ignore_discard, ignore_expires)
        lines = [lines_of(cookie, _line_of, self._read_line) for cookie in cookies]
        return NETSCAPE_HEADER_TEXT + "".join(lines)


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
    """Return a cookie's line, without its end.

    Readers ask that the second column says what the first one's dot says.
    """
    name, value = (cookie.name, cookie.value) if cookie.value is not None else ("", cookie.name)
    dot = "" if cookie.host_only or cookie.domain.startswith(".") else "."
    http_only = cookie.has_nonstandard_attr(HTTPONLY_ATTR) or cookie.http_only
    columns = [
        (HTTPONLY_PREFIX if http_only else "") + dot + cookie.domain,
        _FLAG[not cookie.host_only],
        cookie.path,
        _FLAG[bool(cookie.secure)],
        str(cookie.expires or 0),
        name,
        value or "",
    ]
    return "\t".join(columns)

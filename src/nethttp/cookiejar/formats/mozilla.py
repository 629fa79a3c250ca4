"""`MozillaCookieJar`: cookies in cookies.txt, the format of curl, wget and others."""

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
    """A jar whose file is a cookies.txt, which curl, wget and others read and write.

    What a line cannot have is in a comment before it: see `formats.comments`.
    """

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        if not NETSCAPE_MAGIC_RGX.match(f.readline().removeprefix(BYTE_ORDER_MARK)):
            raise LoadError(f"{filename!r} does not look like a Netscape format cookies file")
        read_lines(f, filename, self._read_line, self._taker(ignore_discard, ignore_expires))

    @classmethod
    def _read_line(cls, line: str) -> list[Cookie]:
        """Return the cookie of a line: none for a comment or an empty line."""
        text = line.rstrip("\r\n")
        http_only = text.startswith(HTTPONLY_PREFIX)
        text = text.removeprefix(HTTPONLY_PREFIX)
        if not text.strip() or text.strip().startswith(("#", "$")):
            return []
        return [cls._cookie_from_line(text, http_only)]

    @staticmethod
    def _cookie_from_line(line: str, http_only: bool) -> Cookie:
        domain, specified, path, secure, expiry, name, value = _columns(line)
        # In this format a cookie without a name is one without "=".
        text: str | None = value
        if not name:
            name, text = value, None
        # 0: a session cookie (bpo-17164). Some programs write fractions of a second.
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
        """Return the whole file that `save` writes, with the same arguments.

        Session cookies are left out unless `ignore_discard`, expired ones unless `ignore_expires`.
        """
        cookies = self._kept(ignore_discard, ignore_expires)
        lines = [lines_of(cookie, _line_of, self._read_line) for cookie in cookies]
        return NETSCAPE_HEADER_TEXT + "".join(lines)


def _columns(line: str) -> list[str]:
    """Return the seven columns of a line. Editors and copying add tabs, or lose the last one.

    Raises:
        ValueError: there are too few.
    """
    columns = line.split("\t")
    if len(columns) == 6:
        columns.append("")
    if len(columns) > 7:
        # Too many tabs: between columns, or in the value.
        head = [column for column in columns if column.strip()]
        columns = columns if len(head) < 7 else head
        columns = [*columns[:6], "\t".join(columns[6:])]
    if len(columns) != 7:
        raise ValueError(f"expected 7 columns separated by tabs, got {len(columns)}")
    return columns


def _line_of(cookie: Cookie) -> str:
    """Return a cookie's line, without its end.

    Readers want the second column to be TRUE exactly if the first begins with a dot.
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

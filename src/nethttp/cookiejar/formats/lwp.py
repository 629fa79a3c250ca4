"""`LWPCookieJar`: cookies in the format of Perl's libwww, lines that begin with Set-Cookie3."""

from __future__ import annotations

from typing import IO, Any

from ...errors import LoadError
from ..cookie import Cookie
from ..dates import iso2time, time2isoz
from ..header_words import join_header_words, split_header_words
from .comments import BYTE_ORDER_MARK, lines_of, read_lines
from .file_jar import FileCookieJar

__all__ = ["LWPCookieJar", "lwp_cookie_str"]

_LWP_FLAGS = frozenset({"port_spec", "path_spec", "domain_dot", "secure", "discard"})
_LWP_VALUES = frozenset({"version", "port", "path", "domain", "expires", "comment", "commenturl"})


def lwp_cookie_str(cookie: Cookie) -> str:
    """Return a cookie as a line of LWP's format, without its "Set-Cookie3:".

    >>> lwp_cookie_str(Cookie.from_dict({"name": "id", "value": "7", "domain": "localhost"}))
    'id=7; path="/"; domain=localhost; path_spec; discard; version=0'
    """
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


def _line_of(cookie: Cookie) -> str:
    return f"Set-Cookie3: {lwp_cookie_str(cookie)}"


class LWPCookieJar(FileCookieJar):
    """A jar whose file has the format of Perl's libwww: nearly all of a cookie, in a readable line.

    What a line cannot have is in a comment before it: see `formats.comments`.
    """

    def as_lwp_str(self, ignore_discard: bool = True, ignore_expires: bool = True) -> str:
        """Return the cookies as lines that begin with "Set-Cookie3:", without the file's head.

        Session cookies are left out unless `ignore_discard`, expired ones unless `ignore_expires`.
        """
        cookies = self._kept(ignore_discard, ignore_expires)
        return "".join(lines_of(cookie, _line_of, self._read_line) for cookie in cookies)

    def as_text(self, ignore_discard: bool = False, ignore_expires: bool = False) -> str:
        """Return the whole file that `save` writes, with the same arguments.

        Session cookies are left out unless `ignore_discard`, expired ones unless `ignore_expires`.
        """
        return "#LWP-Cookies-2.0\n" + self.as_lwp_str(ignore_discard, ignore_expires)

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        if not self.magic_re.search(f.readline().removeprefix(BYTE_ORDER_MARK)):
            raise LoadError(f"{filename!r} does not look like a Set-Cookie3 (LWP) format file")
        read_lines(f, filename, self._read_line, self._taker(ignore_discard, ignore_expires))

    @classmethod
    def _read_line(cls, line: str) -> list[Cookie]:
        """Return the cookies of a line: none for a comment or an empty line."""
        if not line.startswith("Set-Cookie3:"):
            return []
        words = split_header_words([line.removeprefix("Set-Cookie3:").strip()])
        return [cls._cookie_from_words(pairs) for pairs in words]

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

"""Cookies at any place in any format: what the command reads and writes.

A place is the name of a file or folder, or the URL of a Valkey server.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator

from ..errors import LoadError
from .cookie import Cookie
from .formats.comments import BYTE_ORDER_MARK
from .formats.file_jar import FileCookieJar, write_whole
from .formats.firefox import read_firefox
from .formats.lwp import LWPCookieJar
from .formats.mozilla import NETSCAPE_MAGIC_RGX, MozillaCookieJar
from .jar import CookieJar
from .rfc6265 import RFC6265Policy
from .shared.jar import SharedCookieJar
from .shared.sqlite import SQLiteCookieJar

__all__ = ["FORMATS", "TEXT_FORMATS", "changed", "format_of", "format_of_new", "read", "text_in"]

TEXT_FORMATS = ("mozilla", "lwp", "json")
"""Formats of text, which can be printed."""

FORMATS = (*TEXT_FORMATS, "sqlite", "valkey", "firefox")
"""Every format that can be read; all but Firefox's can be written."""

_FILE_JARS: dict[str, type[FileCookieJar]] = {"mozilla": MozillaCookieJar, "lwp": LWPCookieJar}
_SCHEMES = ("valkey://", "valkeys://", "redis://", "rediss://", "unix://")
_BY_ENDING = {
    ".txt": "mozilla",
    ".lwp": "lwp",
    ".json": "json",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
}


def _no_bounds() -> RFC6265Policy:
    # A conversion must not drop cookies that are above a bound.
    return RFC6265Policy(max_cookies=None, max_cookies_per_domain=None)


def format_of(place: str) -> str:
    """Return the format of a place that exists: one of `FORMATS`.

    >>> format_of("valkey://localhost/0")
    'valkey'

    Raises:
        LoadError: its content is in none of the formats.
        OSError: it cannot be read.
    """
    if place.startswith(_SCHEMES):
        return "valkey"
    if os.path.isdir(place):
        return "firefox"
    with open(place, "rb") as file:
        head = file.read(4096)
    if head.startswith(b"SQLite format 3\0"):
        return _kind_of_database(place)
    first = head.decode("utf-8", "replace").removeprefix(BYTE_ORDER_MARK).split("\n", 1)[0]
    if LWPCookieJar.magic_re.search(first):
        return "lwp"
    if NETSCAPE_MAGIC_RGX.match(first):
        return "mozilla"
    if first.lstrip().startswith("{"):
        return "json"
    raise LoadError(f"{place!r} looks like none of {', '.join(FORMATS)}")


def _kind_of_database(place: str) -> str:
    url = f"file:{urllib.parse.quote(os.path.abspath(place))}?immutable=1"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(url, uri=True)) as db,
    ):
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'moz_cookies'").fetchone():
            return "firefox"
    return "sqlite"


def format_of_new(place: str) -> str:
    """Return the format of a new place, from its URL scheme or the extension of its name.

    >>> format_of_new("jar.db"), format_of_new("valkey://localhost/0")
    ('sqlite', 'valkey')

    Raises:
        ValueError: the name has none of the extensions .txt, .lwp, .json, .db, .sqlite, .sqlite3.
    """
    if place.startswith(_SCHEMES):
        return "valkey"
    ending = os.path.splitext(place)[1].lower()
    if ending not in _BY_ENDING:
        raise ValueError(f"expected a name that ends in {', '.join(_BY_ENDING)}, got {place!r}")
    return _BY_ENDING[ending]


def read(place: str, kind: str) -> list[Cookie]:
    """Return the cookies of a place in the format `kind`, with the expired ones that it still has.

    They are read without a change to the place, so that a jar in use can be listed.

    Raises:
        LoadError: it is not in the format `kind`.
        OSError: it cannot be read.
        ValueError: it is not JSON of a jar, if `kind` is "json".
    """
    if kind == "firefox":
        return read_firefox(place)
    if kind != "valkey":
        os.stat(place)
    with _jar_at(place, kind) as jar:
        return list(jar)


@contextlib.contextmanager
def changed(place: str, kind: str) -> Iterator[CookieJar]:
    """Return a context with the jar at a place, which is created if there is none.

    When the context ends, all changes are written. If an error leaves it, none are, so that a place
    is never left half changed.

    Raises:
        LoadError: the place is not in the format `kind`.
        OSError: it cannot be read or written.
        ValueError: the format cannot be written.
    """
    if kind == "firefox":
        raise ValueError("Firefox's cookies can be read, but not written")
    with _jar_at(place, kind) as jar:
        if isinstance(jar, SharedCookieJar):
            with jar.batch():
                yield jar
        else:
            yield jar
            write_whole(place, text_in(kind, jar))


@contextlib.contextmanager
def _jar_at(place: str, kind: str) -> Iterator[CookieJar]:
    if kind == "sqlite":
        with SQLiteCookieJar(place, _no_bounds()) as shared:
            yield shared
    elif kind == "valkey":
        from .shared.valkey import DEFAULT_PREFIX, ValkeyCookieJar  # optional: it needs a library

        # A URL's fragment names the prefix of the keys.
        url, _, prefix = place.partition("#")
        with ValkeyCookieJar(url, _no_bounds(), prefix=prefix or DEFAULT_PREFIX) as shared:
            yield shared
    elif kind == "json":
        jar = CookieJar()
        if os.path.exists(place):
            with open(place, encoding="utf-8") as file:
                jar = CookieJar.from_json(file.read())
        yield jar
    else:
        loaded = _FILE_JARS[kind](place)
        if os.path.exists(place):
            loaded.load(ignore_discard=True, ignore_expires=True)
        yield loaded


def text_in(kind: str, cookies: Iterable[Cookie]) -> str:
    r"""Return cookies as text in the format `kind`, one of `TEXT_FORMATS`; all of them.

    >>> cookie = Cookie.from_dict({"name": "id", "value": "7", "domain": "example.com"})
    >>> text_in("mozilla", [cookie]).splitlines()[-1].split("\t")[-2:]
    ['id', '7']
    """
    if kind == "json":
        plain = CookieJar()
        for cookie in cookies:
            plain.set_cookie(cookie)
        return plain.to_json(indent=1) + "\n"
    jar = _FILE_JARS[kind]()
    for cookie in cookies:
        jar.set_cookie(cookie)
    return jar.as_text(ignore_discard=True, ignore_expires=True)

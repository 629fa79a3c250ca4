"""`read_firefox`: the cookies of a Firefox profile, also while Firefox runs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import urllib.parse
from contextlib import closing
from typing import Any

from ...errors import LoadError
from ..cookie import Cookie

__all__ = ["read_firefox"]

_MILLISECONDS_SINCE = 16
"""The first version of Firefox's schema with `expiry` in milliseconds (Firefox 142)."""

_UNSET_SINCE = 15
"""The first version in which 256 is no SameSite, and 0 is SameSite=None."""

_SAME_SITE = {1: "Lax", 2: "Strict"}

_ATTEMPTS = 5
"""Most attempts to copy a database that changes during the copy."""


def read_firefox(path: str | os.PathLike[str], container: int | None = None) -> list[Cookie]:
    """Return the cookies of a ``cookies.sqlite``, or of the profile folder that has one.

    They are the default container's, or those of the container tabs with the number `container`
    (``userContextId``). Cookies of private windows are not in the file.

    While Firefox runs, it locks the file, and the newest cookies are in a log beside it; so both
    are copied, and the copy is read.

    Raises:
        LoadError: it is not a cookie database of Firefox.
        OSError: it cannot be read.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        name = os.path.join(name, "cookies.sqlite")
    with tempfile.TemporaryDirectory(prefix="nethttp-") as directory:
        copy = os.path.join(directory, "cookies.sqlite")
        for _ in range(_ATTEMPTS):
            before = _states(name)
            _copy(name, copy)
            if _states(name) == before:
                break
        try:
            with closing(sqlite3.connect(copy)) as database:
                return _cookies_in(database, container)
        except sqlite3.Error as error:
            raise LoadError(f"{name!r} is no cookie database of Firefox: {error}") from error


def _states(name: str) -> list[tuple[int, int] | None]:
    """Return the times and sizes of the database and its log; None: there is no such file."""
    states: list[tuple[int, int] | None] = []
    for file in (name, f"{name}-wal"):
        try:
            state = os.stat(file)
            states.append((state.st_mtime_ns, state.st_size))
        except FileNotFoundError:
            states.append(None)
    return states


def _copy(name: str, copy: str) -> None:
    # SQLite's lock does not prevent reading. Only its owner can open the temporary folder.
    shutil.copyfile(name, copy)
    try:
        shutil.copyfile(f"{name}-wal", f"{copy}-wal")
    except FileNotFoundError:
        pass  # There is no log while Firefox does not run.


def _cookies_in(database: sqlite3.Connection, container: int | None) -> list[Cookie]:
    database.row_factory = sqlite3.Row
    (schema,) = database.execute("PRAGMA user_version").fetchone()
    rows = database.execute("SELECT * FROM moz_cookies ORDER BY creationTime")
    wanted = {} if container is None else {"userContextId": str(container)}
    cookies = []
    for row in rows:
        attributes = _origin_attributes(row["originAttributes"])
        partition = attributes.pop("partitionKey", None)
        if attributes == wanted:
            cookies.append(_cookie_of(dict(row), schema, partition))
    return cookies


def _origin_attributes(text: str) -> dict[str, str]:
    """Return the names and values of ``^name=value&name=value``, Firefox's origin attributes."""
    return dict(urllib.parse.parse_qsl(text.removeprefix("^")))


def _partition_key(text: str | None) -> str | None:
    """Return the site of ``(scheme,host)`` or ``(scheme,host,port)``.

    >>> _partition_key("(https,example.com)")
    'https://example.com'
    """
    if text is None:
        return None
    scheme, _, rest = text.strip("()").partition(",")
    return f"{scheme}://{rest.partition(',')[0]}"


def _cookie_of(row: dict[str, Any], schema: int, partition: str | None) -> Cookie:
    host: str = row["host"] or ""
    expiry: int = row["expiry"] or 0
    same_site = _SAME_SITE.get(row.get("sameSite") or 0)
    if schema >= _UNSET_SINCE and row.get("sameSite") == 0:
        same_site = "None"
    rest: dict[str, str | None] = {"HttpOnly": None} if row["isHttpOnly"] else {}
    if same_site:
        rest["SameSite"] = same_site
    if row.get("isPartitionedAttributeSet"):
        rest["Partitioned"] = None
    return Cookie.from_dict(
        {
            "name": row["name"] or "",
            "value": row["value"] or "",
            "domain": host,
            "host_only": not host.startswith("."),
            "path": row["path"] or "/",
            "secure": bool(row["isSecure"]),
            "expires": expiry // 1000 if schema >= _MILLISECONDS_SINCE else expiry,
            "rest": rest,
            "partition_key": _partition_key(partition),
            "creation_time": row["creationTime"] / 1e6,
            "last_access_time": row["lastAccessed"] / 1e6,
        }
    )

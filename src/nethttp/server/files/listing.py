"""The page that shows a directory: HTML-safe, sorted, in the reader's colours, without a script."""

from __future__ import annotations

import io
import os
import re
import stat
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..seams import current

__all__ = ["UNSEEN", "Entry", "human_size", "read_directory", "read_entries", "render"]

ROWS_AT_ONCE = 500
"""Entries that one piece of the page holds."""

#: From this Python on, the standard library's listing does not show the query.
_SHOWS_QUERY = sys.version_info < (3, 14)

#: Characters that are invisible or reverse the order of others: ``\u202Egnp.exe`` looked like
#: ``exe.png``.
UNSEEN = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0xAD)} | {
    code: f"\\u{code:04x}"
    for code in (
        *(0x061C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F)),
        *(*range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF),
    )
}

_OUTER_BLANKS = re.compile(r"^ +| +\Z")


class Entry(NamedTuple):
    """One line of a listing: `size` in bytes, `modified` in seconds since 1970.

    A directory has a `size` of None, and so has what cannot be looked at; `modified` is then None
    too.
    """

    name: str
    is_directory: bool
    is_link: bool
    size: int | None
    modified: float | None


#: What a listing can be sorted by: the heading, and the key. Directories are always first.
_COLUMNS = {
    "name": ("Name", lambda entry: entry.name.lower()),
    "size": ("Size", lambda entry: entry.size or 0),
    "date": ("Modified", lambda entry: entry.modified or 0),
}

_STYLE = """\
:root {
  color-scheme: light dark; --line: #8884;
  --link: light-dark(#0b57a4, #8ab4f8); --soft: light-dark(#555, #aaa)
}
body {
  font: 16px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 60rem; padding: 0 1rem
}
h1 { font-size: 1.3rem; font-weight: 600; overflow-wrap: anywhere }
a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
ul { list-style: none; margin: 0; padding: 0 }
li, header {
  display: grid; grid-template-columns: 1fr 7rem 10rem; gap: .6rem; align-items: baseline;
  padding: .35rem .6rem; border-bottom: 1px solid var(--line)
}
header { font-weight: 600; border-bottom-width: 2px }
li:hover { background: #8881 }
li > :first-child { position: relative; padding-left: 1.65rem; overflow-wrap: anywhere }
.size, .date { text-align: right; font-variant-numeric: tabular-nums }
li .size, li .date { color: var(--soft); white-space: nowrap }
li a::before {
  content: ""; position: absolute; left: 0; top: .18em; width: 1.05em; height: 1.05em;
  background: var(--soft); mask: var(--icon) center / contain no-repeat;
  --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
%3Cpath d='M3 1h6l4 4v10H3zm5.5 1.5V6H12'/%3E%3C/svg%3E")
}
li a[href$="/"]::before {
  --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
%3Cpath d='M1 3h5l1.5 2H15v8.5H1z'/%3E%3C/svg%3E")
}
footer { color: var(--soft); font-size: .85rem; margin-top: 1rem }
@media (max-width: 36rem) { li, header { grid-template-columns: 1fr 6rem } .date { display: none } }
"""


def read_directory(path: str, opened: Callable[[str], int]) -> Iterator[Entry]:
    """Yield the entries of the directory at `path`, in the system's order.

    `opened` returns a descriptor of a path, and raises `OSError` if that must not be served. A link
    to such a path is listed as text, since it leads outside.

    Raises:
        OSError: the directory cannot be opened or read.
    """
    descriptor = opened(path)
    try:
        readable = os.open(os.curdir, os.O_RDONLY, dir_fd=descriptor)
    finally:
        os.close(descriptor)

    def follow(name: str) -> os.stat_result:
        found = opened(os.path.join(path, name))
        try:
            return os.fstat(found)
        finally:
            os.close(found)

    try:
        yield from read_entries(readable, follow)
    finally:
        os.close(readable)


def read_entries(directory: int | str, follow: Callable[[str], os.stat_result]) -> Iterator[Entry]:
    """Yield the entries of a directory, by its descriptor or path, in the system's order.

    `follow` returns the status of a link's target, and raises `OSError` if that must not be
    served; the entry is then shown as text, since it leads outside.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as path:
    ...     open(os.path.join(path, "a"), "w").close()
    ...     [(entry.name, entry.size) for entry in read_entries(path, os.stat)]
    [('a', 0)]

    Raises:
        OSError: the directory cannot be read.
    """
    with os.scandir(directory) as found:
        for item in found:
            is_link = item.is_symlink()
            try:
                status = follow(item.name) if is_link else item.stat()
            except OSError:
                # A link that leads nowhere, or outside; or an entry that has just been removed.
                yield Entry(item.name, False, is_link, None, None)
                continue
            is_directory = stat.S_ISDIR(status.st_mode)
            size = None if is_directory else status.st_size
            yield Entry(item.name, is_directory, is_link, size, status.st_mtime)


def human_size(size: int) -> str:
    """Return a size as people read it.

    >>> human_size(999), human_size(1536), human_size(5_000_000_000)
    ('999 B', '1.5 KiB', '4.7 GiB')
    """
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def sort(entries: Iterable[Entry], column: str, *, descending: bool) -> list[Entry]:
    """Return the entries in the order of a column, directories first."""
    key = _COLUMNS[column][1]
    ordered = sorted(entries, key=lambda entry: entry.name.lower())
    ordered.sort(key=key, reverse=descending)
    ordered.sort(key=lambda entry: not entry.is_directory)
    return ordered


def render(url_path: str, query: str, entries: list[Entry], encoding: str) -> Iterator[str]:
    """Yield the page for the directory at `url_path`, in pieces.

    `url_path` is as the client sent it, with its escapes. `query` may have ``sort=name``, ``size``
    or ``date``, and ``order=desc``. The page declares `encoding`.

    >>> page = "".join(render("/a%20b/", "", [Entry("x<y", False, False, 3, 0.0)], "utf-8"))
    >>> "Directory listing for /a b/" in page, 'href="x%3Cy"' in page, "x&lt;y" in page
    (True, True, True)
    """
    escape = current("html").escape  # start-up: only a listing needs it

    wanted = urllib.parse.parse_qs(query)
    column = wanted.get("sort", ["name"])[0]
    column = column if column in _COLUMNS else "name"
    descending = wanted.get("order") == ["desc"]
    shown = sort(entries, column, descending=descending)
    with_query = _SHOWS_QUERY and query and "sort" not in wanted
    path = _shown_path(f"{url_path}?{query}" if with_query else url_path).translate(UNSEEN)
    title = escape(f"Directory listing for {path}", quote=False)
    yield f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="{encoding}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<header>{"".join(_heading(name, column, descending) for name in _COLUMNS)}</header>
<ul>
"""
    if url_path.strip("/"):
        yield '<li><a href="../">../</a></li>\n'
    for start in range(0, len(shown), ROWS_AT_ONCE):
        yield "".join([f"{_row(entry)}\n" for entry in shown[start : start + ROWS_AT_ONCE]])
    yield f"""\
</ul>
</main>
<footer>{len(shown)} {"entry" if len(shown) == 1 else "entries"}</footer>
</body>
</html>
"""


class PieceReader(io.RawIOBase):
    """Reads pieces of bytes, none of them empty, one after the other, as they are made."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Return how many bytes of the current piece were put into `buffer`; 0 at the end."""
        if not self._piece:
            self._piece = memoryview(next(self._pieces, b""))
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count


def _shown_path(path: str) -> str:
    try:
        return urllib.parse.unquote(path, errors="surrogatepass")
    except UnicodeDecodeError:
        return urllib.parse.unquote(path)


def _heading(name: str, sorted_by: str, descending: bool) -> str:
    heading = _COLUMNS[name][0]
    arrow = "" if name != sorted_by else " &#9660;" if descending else " &#9650;"
    order = "&amp;order=desc" if name == sorted_by and not descending else ""
    return f'<span class="{name}"><a href="?sort={name}{order}">{heading}</a>{arrow}</span>'


def _row(entry: Entry) -> str:
    escape = current("html").escape  # start-up: only a listing needs it

    mark = "/" if entry.is_directory else "@" if entry.is_link else ""
    # "./" keeps a name with a colon from being read as a scheme.
    target = urllib.parse.quote(entry.name, errors="surrogatepass")
    target = f"./{target}" if ":" in entry.name else target
    href = target + ("/" if entry.is_directory else "")
    size = date = ""
    if entry.size is not None:
        size = f'<span title="{entry.size} bytes">{human_size(entry.size)}</span>'
    if entry.modified is not None:
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.modified))
    seen = _OUTER_BLANKS.sub(lambda blanks: r"\x20" * len(blanks[0]), entry.name)
    name = escape(seen.translate(UNSEEN) + mark, quote=False)
    # Programs look for the list, and for items that begin so. A link that leads out or nowhere is
    # shown, and none to follow.
    leads = not entry.is_link or entry.is_directory or entry.size is not None
    shown = f'<a href="{href}">{name}</a>' if leads else f"<span>{name}</span>"
    return f'<li>{shown}<span class="size">{size}</span><span class="date">{date}</span></li>'

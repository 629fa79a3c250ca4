"""What of a directory a page shows, and in which order: its query, and the entries chosen by it."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ..listing import Entry

__all__ = ["COLUMNS", "MAX_ALONE", "MAX_ROWS", "Chosen", "View", "choose", "natural_key"]

MAX_ALONE = 1000
"""Entries that are shown on one page, as long as there are no more."""

MAX_ROWS = 500
"""Entries on each of several pages: with names as long as cameras make them, 160 KB."""

MAX_WANTED = 255
"""Characters of a filter that are compared. No name is longer."""

MAX_PARAMETERS = 100
"""Parameters of a query that are read."""

_NUMBER = re.compile("0*([0-9]+)")


def natural_key(name: str) -> tuple[str, str]:
    """Return a key that sorts names as people do: case does not count, and numbers do.

    Each number is preceded by the count of its digits.

    >>> sorted(["file10", "File9", "file1b", "file1"], key=natural_key)
    ['file1', 'file1b', 'File9', 'file10']
    """
    folded = name.casefold()
    return _NUMBER.sub(lambda number: f"{len(number[1]):03}{number[1]}", folded), name


#: What entries can be sorted by: the heading, and the key.
COLUMNS: dict[str, tuple[str, Callable[[Entry], Any]]] = {
    "name": ("Name", lambda entry: natural_key(entry.name)),
    "size": ("Size", lambda entry: entry.size or 0),
    "date": ("Modified", lambda entry: entry.modified or 0),
}


class View(NamedTuple):
    """What a query asks for."""

    column: str = "name"
    """One of `COLUMNS`."""
    descending: bool = False
    wanted: str = ""
    """Text that the names have, in any case; "" for all of them."""
    number: int = 1
    """Which page, the first is 1."""

    @classmethod
    def of(cls, query: str) -> View:
        """Return the view that a query asks for; what it has wrong is as if it were missing.

        >>> View.of("sort=size&order=desc&page=x").column
        'size'
        """
        try:
            given = dict(urllib.parse.parse_qsl(query, max_num_fields=MAX_PARAMETERS))
        except ValueError:
            given = {}
        column, number = given.get("sort", ""), given.get("page", "")
        return cls(
            column if column in COLUMNS else "name",
            given.get("order") == "desc",
            given.get("filter", "")[:MAX_WANTED],
            int(number) if re.fullmatch("[1-9][0-9]{0,8}", number) else 1,
        )

    @property
    def query(self) -> str:
        """The query of a link to this view, with its question mark.

        >>> View("size", True, "a b", 2).query, View().query
        ('?sort=size&order=desc&filter=a+b&page=2', '?')
        """
        asked = {
            "sort": self.column if self.column != "name" else "",
            "order": "desc" if self.descending else "",
            "filter": self.wanted,
            "page": str(self.number) if self.number > 1 else "",
        }
        return "?" + urllib.parse.urlencode({name: text for name, text in asked.items() if text})

    def sorted_by(self, column: str) -> View:
        """Return the view by a column: the other way round if it is already sorted by that."""
        return self._replace(
            column=column, descending=column == self.column and not self.descending, number=1
        )


class Chosen(NamedTuple):
    """The entries that a view has: those of its page, and what all pages hold together."""

    rows: list[Entry]
    first: int
    """How many entries the pages before have."""
    directories: int
    files: int
    size: int
    """Bytes of the files."""
    pages: int
    """How many pages there are, at least 1."""

    @property
    def total(self) -> int:
        """How many entries all pages have."""
        return self.directories + self.files


def choose(entries: Iterable[Entry], view: View) -> Chosen:
    """Return which entries a view shows, directories first."""
    wanted = view.wanted.casefold()
    found = [entry for entry in entries if not wanted or wanted in entry.name.casefold()]
    directories = [entry for entry in found if entry.is_directory]
    files = [entry for entry in found if not entry.is_directory]
    ordered: list[Entry] = []
    for group in (directories, files):
        if view.column != "name":
            group.sort(key=COLUMNS["name"][1])
        group.sort(key=COLUMNS[view.column][1], reverse=view.descending)
        ordered += group
    size = sum(entry.size or 0 for entry in files)
    if len(ordered) <= MAX_ALONE:
        return Chosen(ordered, 0, len(directories), len(files), size, 1)
    pages = -(-len(ordered) // MAX_ROWS)
    first = (min(view.number, pages) - 1) * MAX_ROWS
    shown = ordered[first : first + MAX_ROWS]
    return Chosen(shown, first, len(directories), len(files), size, pages)

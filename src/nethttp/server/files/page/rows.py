"""The rows of a page's table: one for each entry."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..listing import Entry, human_size
from .kinds import kind_of
from .names import attribute, can_be_sent, link_to, shown

__all__ = ["row"]


def row(number: int, entry: Entry, guess_type: Callable[[str], str], *, checkbox: bool) -> str:
    """Return the row of an entry, the `number`-th of the page.

    With a `checkbox` the entry can be chosen for a form. A link that leads out or nowhere is text.
    """
    leads = not entry.is_link or entry.is_directory or entry.size is not None
    kind = "folder" if entry.is_directory else kind_of(guess_type(entry.name)) if leads else "none"
    mark = "/" if entry.is_directory else "" if leads else " (link that leads nowhere)"
    label = f"<bdi>{shown(entry.name)}</bdi>{mark}"
    if leads:
        target = link_to(entry.name, directory=entry.is_directory)
        label = f'<a id=e{number} href="{target}">{label}</a>'
    else:
        label = f"<span id=e{number}>{label}</span>"
    cells = [f"<tr class={kind}>"]
    if checkbox:
        # A name that no form can send is changed by the script alone.
        field = f" name=name value={attribute(entry.name)}" if can_be_sent(entry.name) else ""
        cells.append(f"<td><input type=checkbox aria-labelledby=e{number}{field}>")
    cells += [f"<td>{label}", _size(entry.size), _date(entry.modified)]
    return "".join(cells) + "\n"


def _size(size: int | None) -> str:
    return "<td>" if size is None else f'<td title="{size:,} bytes">{human_size(size)}'


def _date(modified: float | None) -> str:
    if modified is None:
        return "<td>"
    try:
        at = time.gmtime(modified)
    except (OverflowError, OSError, ValueError):
        return "<td>"  # A file system may have any number.
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", at)
    return f"<td><time datetime={moment}>{time.strftime('%Y-%m-%d %H:%M', at)}</time>"

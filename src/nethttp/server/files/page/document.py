"""The page of a directory, in pieces of HTML.

Without its script each action is a link or a form. What a user may not do has no form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..access import Names, Rights
from ..listing import human_size
from .assets import assets
from .forms import actions_bar, adding_forms
from .names import attribute, shown, text
from .rows import row
from .view import COLUMNS, Chosen, View

__all__ = ["Page", "beginning", "rest"]

ROWS_AT_ONCE = 250
"""Rows in one piece."""

DEPOSIT = "You can put files here. What is here is not shown to you."
"""What is said of a directory to those who may only write to it."""


class Page(NamedTuple):
    """A directory that is shown."""

    names: Names
    """Where it lies."""
    view: View
    rights: Rights
    """What the page offers: "r" to load an archive, "w" to add, "d" to delete."""
    guess_type: Callable[[str], str]
    has_qr_code: bool
    """Whether ``?qr`` has the QR code of its URL."""
    account: str | None
    """What the link to ``?login`` says, None without accounts."""


def beginning(page: Page) -> str:
    """Return what comes before the entries, and does not need them."""
    title = shown(page.names[-1]) if page.names else "Files"
    tools = '<a id=share href="?qr">QR code</a>' if page.has_qr_code else ""
    if page.account is not None:
        tools += f'<a id=account href="?login"><bdi>{shown(page.account)}</bdi></a>'
    return f"""\
<!DOCTYPE html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<meta name=color-scheme content="light dark">
<title>Directory listing for {shown("/" + "".join(f"{name}/" for name in page.names))}</title>
<style>{assets().style}</style>
</head>
<body data-rights="{"".join(sorted(page.rights))}">
<a class=skip href="#entries">Skip to the files</a>
<header>
<nav aria-label=Path><ol>{_crumbs(page.names)}</ol></nav>
<h1><bdi>{title}</bdi></h1>
<div id=tools>{tools}</div>
</header>
<main>
<div id=adding>{adding_forms(page.rights)}</div>
"""


def rest(page: Page, chosen: Chosen, readme: tuple[str, str] | None) -> Iterator[str]:
    """Yield the entries and what follows them.

    `readme` is the name and the text of the directory's README.
    """
    view = page.view
    can_choose = bool(page.rights & {"r", "d"})
    box = "form method=post" if can_choose else "div"
    is_deposit = "w" in page.rights and "r" not in page.rights
    yield f"""\
<div id=list data-pages={chosen.pages}>
<form role=search{" hidden" if is_deposit else ""}>
<label for=filter>Filter</label> <input type=search id=filter name=filter maxlength=255 \
value={attribute(view.wanted)}>
{_hidden(view)}<button>Apply</button>
</form>
<{box} id=entries tabindex=-1>
<table>
<caption class=unseen>Entries of this folder</caption>
<thead><tr>{"<td><span class=unseen>Chosen</span>" if can_choose else ""}\
{"".join(_heading(view, column) for column in COLUMNS)}
<tbody>
"""
    if page.names:
        empty = "<td>" if can_choose else ""
        yield f'<tr class=up>{empty}<td><a href="../">Folder above</a><td><td>\n'
    for start in range(0, len(chosen.rows), ROWS_AT_ONCE):
        some = enumerate(chosen.rows[start : start + ROWS_AT_ONCE], start)
        yield "".join(
            [row(number, entry, page.guess_type, checkbox=can_choose) for number, entry in some]
        )
    yield f"""\
</table>
{actions_bar(page.rights)}</{box.partition(" ")[0]}>
<p id=totals>{DEPOSIT if is_deposit else _totals(view, chosen)}
{_pager(view, chosen)}
</div>
"""
    if readme is not None:
        name, content = readme
        yield f"<section aria-labelledby=readme><h2 id=readme>{shown(name)}</h2>\n<pre>\n"
        yield _as_text(content)
        yield "</pre></section>\n"
    yield f"""\
</main>
<p id=said class=said role=status></p>
<script type=module>{assets().script}</script>
</body>
</html>
"""


def _crumbs(names: Names) -> str:
    """Return the path as links, relative so that they hold behind any prefix."""
    above = ["Home", *map(shown, names)]
    last = above.pop()
    links = (
        f'<li><a href="{"../" * (len(above) - depth)}"><bdi>{label}</bdi></a>'
        for depth, label in enumerate(above)
    )
    return f"{''.join(links)}<li aria-current=page><bdi>{last}</bdi>"


def _heading(view: View, column: str) -> str:
    sort = ""
    if column == view.column:
        sort = f" aria-sort={'descending' if view.descending else 'ascending'}"
    zone = " <span class=zone>(UTC)</span>" if column == "date" else ""
    target = attribute(view.sorted_by(column).query)
    return f"<th scope=col{sort}><a href={target}>{COLUMNS[column][0]}</a>{zone}"


def _hidden(view: View) -> str:
    """Return the fields that keep the order when the filter changes."""
    fields = {"sort": view.column, "order": "desc" if view.descending else ""}
    return "".join(
        f"<input type=hidden name={name} value={value}>" for name, value in fields.items() if value
    )


def _totals(view: View, chosen: Chosen) -> str:
    folders = f"{chosen.directories:,} folder{'' if chosen.directories == 1 else 's'}"
    files = f"{chosen.files:,} file{'' if chosen.files == 1 else 's'}"
    said = f"{folders}, {files}, {human_size(chosen.size)}"
    if not chosen.total and not view.wanted:
        return "This folder is empty."
    if view.wanted:
        clear = attribute(view._replace(wanted="", number=1).query)
        said += f" with <q><bdi>{shown(view.wanted)}</bdi></q>. <a href={clear}>Show all</a>"
    return said


def _pager(view: View, chosen: Chosen) -> str:
    if chosen.pages == 1:
        return ""
    number = min(view.number, chosen.pages)
    last = chosen.first + len(chosen.rows)
    links = [
        ("First", 1 if number > 1 else None),
        ("Previous", number - 1 if number > 1 else None),
        ("Next", number + 1 if number < chosen.pages else None),
        ("Last", chosen.pages if number < chosen.pages else None),
    ]
    shown_links = " ".join(
        f"<a href={attribute(view._replace(number=target).query)}>{label}</a>"
        for label, target in links
        if target is not None
    )
    return (
        f"<nav id=pager aria-label=Pages>{chosen.first + 1:,} to {last:,} of {chosen.total:,} "
        f"(page {number:,} of {chosen.pages:,}) {shown_links}</nav>"
    )


def _as_text(content: str) -> str:
    """Return text with its lines, and tabs as blanks."""
    lines = content.replace("\r\n", "\n").expandtabs(4).split("\n")
    return "\n".join(map(text, lines))

"""What a directory's page is sent as: its fields, and its pieces, coded if the client accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from ....wire.coding import choose_coding, encoder
from ..listing import Entry
from ..reply import Reply
from .assets import content_security_policy
from .document import Page, beginning, rest
from .readme import MAX_README, readme_among, readme_text
from .view import MAX_ALONE, choose

__all__ = ["page_reply"]


def page_reply(
    page: Page,
    entries: Iterator[Entry],
    read: Callable[[str, int], bytes],
    accept_encoding: str | None,
) -> Reply:
    """Return the reply with the page of a directory.

    `read` returns the first bytes of a file in the directory, so many at most; b"" if it cannot be
    read. With `accept_encoding` the page may be compressed; None: it is not. The first entries are
    read before the reply is returned; if there are more than one page has, the others are read
    while it is sent.

    Raises:
        OSError: the directory cannot be read.
    """
    first = list(islice(entries, MAX_ALONE + 1))
    coding = choose_coding(accept_encoding, ("gzip",))
    pieces = _pieces(page, chain(first, entries), read)
    fields = [
        ("Content-type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", content_security_policy()),
        ("Referrer-Policy", "same-origin"),
        ("Vary", "Accept-Encoding"),
    ]
    encoded: Iterator[bytes] = (piece.encode("utf-8", "replace") for piece in pieces)
    if coding is not None:
        fields.append(("Content-Encoding", coding))
        encoded = _coded(encoded, coding)
    if len(first) > MAX_ALONE:
        return Reply(200, fields, encoded)
    return Reply(200, fields, b"".join(encoded))


def _pieces(
    page: Page, entries: Iterable[Entry], read: Callable[[str, int], bytes]
) -> Iterator[str]:
    yield beginning(page)
    every = list(entries)
    readme = None
    if page.view.number == 1 and not page.view.wanted:
        name = readme_among(every)
        content = b"" if name is None else read(name, MAX_README)
        if name is not None and content:
            readme = name, readme_text(content)
    yield from rest(page, choose(every, page.view), readme)


def _coded(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    compressor = encoder(coding)
    for piece in pieces:
        if ready := compressor.compress(piece):
            yield ready
    yield compressor.flush()

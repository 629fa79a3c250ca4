"""`FolderHandler`: serves files as `SimpleHTTPRequestHandler` does, with a page for people.

The page of a directory filters, sorts, and previews; see `page`. The standard library's listing
stays that of `SimpleHTTPRequestHandler`, because programs read it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import Any

from ...status import HTTPStatus
from ...wire.fields import FieldFinder
from ..handlers.pieces import send_pieces
from .access import Names, Rights
from .foreign import NOSNIFF
from .handler import SimpleHTTPRequestHandler
from .page.errors import ERROR_PAGE
from .paths import url_to_parts
from .refusal import Refusal
from .reply import Changed, Reply

__all__ = ["FolderHandler"]

_SHOWN_AS = FieldFinder("host", "referer")
_ACCEPT_ENCODING = FieldFinder("accept-encoding")

NOTHING: Rights = frozenset()

#: Their heads have no length, or that of the content of another response.
_WITHOUT_LENGTH = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class FolderHandler(SimpleHTTPRequestHandler):
    """Serves the files below `directory`, and shows directories as pages.

    A directory's page takes ``?sort=name``, ``size`` or ``date``, ``order=desc``, ``filter=``
    a part of names, and ``page=`` a number. ``?qr`` is the QR code of its URL.
    """

    error_message_format = ERROR_PAGE

    def list_directory(self, path: str | os.PathLike[str]) -> Any:
        """Send the page of the directory at `path`, or an error; return None."""
        # start-up: only a listing needs these
        from .page.answer import page_reply
        from .page.document import Page
        from .page.qr_image import can_make_qr_codes
        from .page.view import View

        query = self.path.partition("#")[0].partition("?")[2]
        if query == "qr" and can_make_qr_codes():
            self._send_qr_code()
            return None
        directory = os.fspath(path)
        names = tuple(url_to_parts(self.path) or ())
        page = Page(
            names=names,
            view=View.of(query),
            rights=self._rights_at(names),
            guess_type=self.guess_type,
            has_qr_code=can_make_qr_codes(),
            account=self._account(),
        )

        def read(name: str, limit: int) -> bytes:
            return self._read_beginning(os.path.join(directory, name), limit)

        accepted = self._asked(_ACCEPT_ENCODING).get("accept-encoding") if self.compress else None
        try:
            reply = page_reply(page, self._read_entries(directory), read, accepted)
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND, "This folder cannot be listed")
            return None
        cache_control = ("Cache-Control", self.cache_control or "no-cache")
        self._send_reply(reply._replace(fields=[*reply.fields, cache_control]))
        return None

    def _rights_at(self, names: Names) -> Rights:
        """Return what the page of a directory offers to do there, besides reading."""
        return NOTHING

    def _account(self) -> str | None:
        """Return what the link to the page of accounts says, None without accounts."""
        return None

    def _read_beginning(self, path: str, limit: int) -> bytes:
        """Return the first bytes of a file, b"" if it cannot be read."""
        with suppress(OSError, Refusal):
            descriptor = self._open(path)
            with open(descriptor, "rb", buffering=0) as file:
                return file.read(limit)
        return b""

    def _send_qr_code(self) -> None:
        from .page.qr_image import qr_image  # start-up: few look at a code

        asked = self._asked(_SHOWN_AS)
        path = self.path.partition("?")[0]
        image = qr_image(_url_of_page(asked.get("host", ""), path, asked.get("referer", "")))
        if image is None:
            self.send_error(HTTPStatus.URI_TOO_LONG, "The URL is too long for a QR code")
            return
        fields = [("Content-Type", "image/svg+xml"), ("Cache-Control", "no-cache")]
        self._send_reply(Reply(200, fields, image))

    def _send_reply(self, reply: Reply) -> None:
        content = reply.content
        self.send_response(reply.status)
        # Names of files, which strangers may have chosen, are in most replies.
        for name, value in (*reply.fields, NOSNIFF):
            self.send_header(name, value)
        if isinstance(content, bytes):
            if reply.status not in _WITHOUT_LENGTH:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if content and self.command != "HEAD":
                self.wfile.write(content)
            return
        with closing(content):  # type: ignore[type-var]  # the doors' are generators
            if self.command == "HEAD":
                if reply.length is not None:
                    self.send_header("Content-Length", str(reply.length))
                self.end_headers()
                return
            try:
                send_pieces(self, self._while_there(content), reply.length)
            except Changed as error:
                self.log_error("Cut the response to %s: %s", self.path, error)

    def _while_there(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield pieces; raise at an empty one if the client has gone.

        Raises:
            ConnectionResetError: it has closed the connection.
        """
        for piece in pieces:
            if not piece:
                self._check_client()
            yield piece

    def _check_client(self) -> None:
        """Check that the client has not gone.

        Raises:
            ConnectionResetError: it has closed the connection.
        """
        connection = self._engaged
        if connection is not None and connection.has_ended():
            raise ConnectionResetError("the client has gone")


def _url_of_page(host: str, path: str, referrer: str) -> str:
    """Return the URL of a page as the user sees it.

    The page that asks for its code says its URL in Referer. Behind a proxy no other field tells
    the scheme and the path there.

    >>> _url_of_page("a:80", "/b/", "https://a:80/x/b/?q=c"), _url_of_page("a", "/b/", "")
    ('https://a:80/x/b/', 'http://a/b/')
    """
    seen = referrer.partition("?")[0]
    if seen.partition("://")[2].partition("/")[0] == host and seen.endswith(path):
        return seen
    return f"http://{host}{path}"

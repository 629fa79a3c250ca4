"""`SimpleHTTPRequestHandler`: serves the files below a directory.

The documented seams are the standard library's: `send_head` sends a head and returns a file with
the content; a program may override `translate_path`, `list_directory`, `guess_type` and `copyfile`
one by one. Its options are in `settings`; `finder` finds the file of a path, and `sender` sends it
or a part. The head of a response is cached with the file, for handlers that override none of the
methods that make it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from ...overrides import Bypassed
from ...status import HTTPStatus
from ...wire.fields import FieldFinder
from ...wire.values import parse_weighted_list
from ..engine.dated_head import DatedHead
from ..handlers.handler import BaseHTTPRequestHandler
from ..handlers.writer import NonblockingWriter
from . import cors, listing
from .beneath import is_below, is_directory, open_named
from .deciding import DECIDING, note_deciding_fields
from .finder import NO_DESCRIPTORS, RESOURCES
from .paths import names_directory, repeated_local_path
from .representations import Resource
from .sender import FileSender

__all__ = ["SimpleHTTPRequestHandler"]

_ACCEPT = FieldFinder("accept", "accept-encoding")

#: A listing of more entries is made while it is sent.
MAX_LISTED_AT_ONCE = 10_000

#: A lookup in the enumeration takes 0.3 us in Python 3.11.
_OK = HTTPStatus.OK


class SimpleHTTPRequestHandler(FileSender):
    """Serves the files below `directory` (default: the current directory) to GET and HEAD.

    For a directory it sends the first of `index_pages` that exists there, else a listing.
    `extensions_map` has media types by extension and is asked before the system's table. Ranges,
    entity tags and conditional requests follow RFC 9110 sections 13 and 14. Every attribute of
    `settings.FileSettings` is also a keyword argument, as `directory` is:

    >>> from functools import partial
    >>> handler = partial(SimpleHTTPRequestHandler, directory="site", cache_control="max-age=60")
    """

    __slots__ = ()

    def do_GET(self) -> None:
        """Send a file, a part of it, or a listing."""
        if self._send_cached():
            return
        file = self.send_head()
        if file:
            try:
                self.copyfile(file, self.wfile)
            finally:
                file.close()

    def do_HEAD(self) -> None:
        """Send the head that GET would have."""
        file = self.send_head()
        if file:
            file.close()

    def do_OPTIONS(self) -> None:
        """Send the methods that this handler has, and what a browser's preflight asks for."""
        methods = sorted(name[3:] for name in dir(type(self)) if name.startswith("do_"))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.send_header("Allow", ", ".join(methods))
        if self.cors is not None and "Access-Control-Request-Method" in self.headers:
            wanted = self.headers["Access-Control-Request-Headers"]
            for name, value in cors.preflight_fields(methods, wanted):
                self.send_header(name, value)
        self.end_headers()

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Return a file with the content of the response, after sending the head.

        Returns None if no content is to follow: after an error, a redirect, a 304.
        """
        path = self.translate_path(self.path)
        resource = self._cached(path)
        content: io.BytesIO | BinaryIO | None
        if resource is not None:
            content = self._send_resource(resource)
        else:
            try:
                content = self._send_path(path)
            except OSError as error:
                content = self._send_refusal(error)
        return content

    def _send_path(self, path: str) -> Any:
        """Return a file with the content of `path`, which is not cached, after sending the head.

        Raises:
            OSError: nothing at `path` may be served.
        """
        try:
            descriptor = self._open(path)
        except FileNotFoundError:
            # The standard library decodes bytes that are not UTF-8 in this way.
            replaced = os.fsencode(path).decode("utf-8", "replace")
            if replaced == path:
                raise
            path = replaced
            descriptor = self._open(path)
        if not is_directory(descriptor):
            return self._send_resource(self._look_up(path, path, descriptor))
        os.close(descriptor)
        if not names_directory(self.path):
            return self._redirect_to_directory()
        for name in self.index_pages:
            index = os.path.join(path, name)
            if (descriptor := self._open_index(index)) >= 0:
                return self._send_resource(self._look_up(path, index, descriptor))
        if self.show_listing and self.spa is None:
            return self.list_directory(path)
        return self._send_not_found()

    def _send_resource(self, resource: Resource) -> Any:
        asked = self._deciding_fields()
        accept = asked.get("accept-encoding")
        if len(asked) == (accept is not None):
            chosen = resource.choose(accept)
            content = self._send_whole(chosen)
            same_for_all = self.cors is None or self.cors == cors.ANY_ORIGIN
            if same_for_all and self._can_use_cache():
                writer: Any = self.wfile
                if writer.held:
                    chosen.head = DatedHead.of(writer.held)
            return content
        return self._send_decided(resource, asked)

    # --- other responses ---

    def _redirect_to_directory(self) -> None:
        # `path` never begins with "//", which would name another host (CVE-2021-28861).
        parts = urlsplit(self.path)
        location = urlunsplit((parts.scheme, parts.netloc, parts.path + "/", parts.query, ""))
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        # Browsers read a backslash as a slash, so "/\\" would begin the name of another host.
        self.send_header("Location", location.replace("\\", "%5C"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_refusal(self, error: OSError) -> Any:
        """Send the response for a file or directory that cannot be opened."""
        if error.errno in NO_DESCRIPTORS:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return None
        if isinstance(error, PermissionError):
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        return self._send_not_found()

    def _send_not_found(self) -> Any:
        """Send the application's page, the page of a 404, or an error; return the content."""
        if self.spa is not None and self._asks_for_a_page():
            page = self._page(self.spa)
            if page is not None:
                return self._send_resource(page)
        page = None if self.not_found_page is None else self._page(self.not_found_page)
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        chosen = page.choose(self._asked(_ACCEPT).get("accept-encoding"))
        self.send_response(HTTPStatus.NOT_FOUND)
        for name, value in chosen.fields:
            # Ranges, validators and caching are for the page itself, not for what is missing.
            if name in ("Content-type", "Content-Encoding", "Vary"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(chosen.size))
        self.end_headers()
        return chosen.open()

    def _asks_for_a_page(self) -> bool:
        name = urlsplit(self.path).path.rpartition("/")[2]
        accept = self._asked(_ACCEPT).get("accept", "")
        return "." not in name or any(
            kind == "text/html" and weight for kind, weight in parse_weighted_list(accept)
        )

    def list_directory(self, path: str | os.PathLike[str]) -> Any:
        """Return a file with a listing of the directory at `path`, after sending the head.

        Returns None, after sending an error, if the directory cannot be read.
        """
        try:
            entries = list(self._read_entries(os.fspath(path)))
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND, "No permission to list directory")
            return None
        encoding = sys.getfilesystemencoding()
        path_of_url, _, query = self.path.partition("#")[0].partition("?")
        pieces = (
            piece.encode(encoding, "surrogateescape")
            for piece in listing.render(path_of_url, query, entries, encoding)
        )
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-type", f"text/html; charset={encoding}")
        if len(entries) > MAX_LISTED_AT_ONCE:
            # The whole page might not fit into memory, so it is made while it is sent. Its length
            # is not known, and its end is that of the connection.
            self.end_headers()
            return listing.PieceReader(pieces)
        body = b"".join(pieces)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def _read_entries(self, path: str) -> Iterator[listing.Entry]:
        """Return an iterator of the entries of the directory `path`.

        Raises:
            OSError: it cannot be read.
        """
        # A program may list any other directory, at its own risk.
        opened = self._open if is_below(path, os.fspath(self.directory)) else open_named
        return listing.read_directory(path, opened)

    # --- cached responses ---

    # A cached head is sent without calling these, nor those that make a head.
    _ANSWER_STEPS = Bypassed(
        *("send_head", "translate_path", "guess_type", "copyfile", "send_response", "end_headers"),
        *BaseHTTPRequestHandler._HEAD_STEPS.names,
    )

    @classmethod
    def _caches_answers(cls) -> bool:
        return cls._ANSWER_STEPS.left_alone_by(cls)

    def _can_use_cache(self) -> bool:
        """Whether the head of a 200 depends on the options and the representation alone."""
        return (
            self._repeats
            and self.command == "GET"
            # For HTTP/1.0 the head would have a Connection field.
            and self._version == 11
            and not self.close_connection
            and type(self.wfile) is NonblockingWriter
            and (not self._set_here or self._ANSWER_STEPS.names.isdisjoint(self._set_here))
        )

    def _field_section(self) -> bytes:
        """Return the field lines of the block that the request came in, and a line end before."""
        return self._block[self._block.find(b"\r\n") :]

    def _send_cached(self) -> bool:
        """Send a 200 with its cached head, if there is one; return whether it was sent.

        That takes a third of the work of a response that is made anew.
        """
        if self._engaged is None or not self._block or not self._can_use_cache():
            return False
        if self._message is None:
            asked = note_deciding_fields(self._field_section())
        else:
            asked = self._asked(DECIDING)
        accept = asked.get("accept-encoding")
        if len(asked) != (accept is not None):
            return False
        turn = self._engaged.readable_since
        path = repeated_local_path(self.directory, self.path)
        resource = RESOURCES.get((path, self._options_now()))
        if resource is None:
            return False
        # One check is enough for all requests of one turn.
        if resource.stored.checked < turn and not (
            resource.named.is_as_before(self.extensions_map) and resource.is_current(turn)
        ):
            return False
        chosen = resource.choose(accept, turn)
        if chosen.head is None:
            return False
        self.log_request(_OK)
        self._status = 200
        writer: Any = self.wfile
        writer.begin_with(chosen.head.now(), chosen.size, True, True)
        content = chosen.in_memory
        if content is None:
            writer.sendfile(chosen.open(), 0, chosen.size)
        else:
            writer.write(content)
        return True

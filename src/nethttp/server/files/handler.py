"""`SimpleHTTPRequestHandler`: serves the files below a directory.

The documented seams are the standard library's: `send_head` sends a head and returns a file with
the content; a program may override `translate_path`, `list_directory`, `guess_type` and `copyfile`
one by one. The file that a path names is cached for a second and checked by one `stat`: see
`stored`. The head of a response is cached with it, for handlers that override none of the methods
that make it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self
from urllib.parse import urlsplit, urlunsplit

from ...caching import AgeCache
from ...overrides import Bypassed
from ...status import HTTPStatus
from ...wire.fields import FieldFinder
from ...wire.values import ByteRange, parse_byte_ranges, parse_weighted_list
from ..engine.dated_head import DatedHead
from ..handlers.handler import BaseHTTPRequestHandler
from ..handlers.writer import NonblockingWriter, ResponseWriter
from ..seams import current
from . import cors, listing, preconditions, ranges
from .beneath import is_below, is_directory, open_beneath, open_named
from .deciding import DECIDING, deciding_fields, note_deciding_fields
from .mediatypes import DEFAULT_TYPE, MEDIA_TYPES, KnownExtension, media_type, with_charset
from .options import FileOptions, file_options, options_of
from .paths import LinkPolicy, names_directory, repeated_local_path
from .representations import Representation, Resource
from .stored import MAX_COST, MAX_IN_MEMORY, FileView, StoredFile

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite

__all__ = ["SimpleHTTPRequestHandler"]

_ACCEPT = FieldFinder("accept", "accept-encoding")
_ORIGIN = FieldFinder("origin")

#: A listing of more entries is made while it is sent.
MAX_LISTED_AT_ONCE = 10_000

#: A lookup in the enumeration takes 0.3 us in Python 3.11.
_OK = HTTPStatus.OK

#: The file at a path, with these options. To resolve the path anew takes 9 us, and then the file
#: has to be opened and read.
_RESOURCES: AgeCache[tuple[str, FileOptions], Resource] = AgeCache(
    max_entries=2048, max_cost=MAX_COST
)

#: This process, or the system, has no descriptor left, which says nothing of the file.
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


class SimpleHTTPRequestHandler(BaseHTTPRequestHandler):
    """Serves the files below `directory` (default: the current directory) to GET and HEAD.

    For a directory it sends the first of `index_pages` that exists there, else a listing.
    `extensions_map` has media types by extension and is asked before the system's table. Ranges,
    entity tags and conditional requests follow RFC 9110 sections 13 and 14. Every attribute below
    is also a keyword argument, as `directory` is:

    >>> from functools import partial
    >>> handler = partial(SimpleHTTPRequestHandler, directory="site", cache_control="max-age=60")
    """

    index_pages: Sequence[str] = ("index.html", "index.htm")
    extensions_map = _encodings_map_default = MEDIA_TYPES

    default_content_type: str = DEFAULT_TYPE
    """The media type of a file if neither `extensions_map` nor the system has its extension."""

    follow_links: LinkPolicy = "inside"
    """Which symbolic links are followed: "all", "none", or those that stay "inside" `directory`."""

    precompressed: bool = True
    """Whether ``page.html.br``, ``.zst`` or ``.gz`` is sent for ``page.html``, if that is not newer
    and the client accepts the coding."""

    compress: bool = True
    """Whether text of 1 KiB to 4 MiB is compressed if the client accepts that. Up to 32 MiB of
    compressed text are cached. A range is always one of the uncompressed file."""

    cache_control: str | None = None
    """The value of Cache-Control in responses with files; None for no such field."""

    spa: str | None = None
    """The page of a single-page application, a path below `directory`. It is sent with 200 for a
    path that does not exist, unless the path's last name has an extension and Accept has no
    text/html. With such a page no directory is listed."""

    not_found_page: str | None = "404.html"
    """The content of a 404, a path below `directory`; a short message if there is no such file."""

    show_listing: bool = True
    """Whether a directory without an index page is listed; if not, the response is a 404."""

    extra_response_headers: Sequence[tuple[str, str]] | None = None
    """(name, value) of fields to add to a response with a file, a part of a file, or a listing (200
    and 206), unless the response has a field of that name."""

    cors: str | Sequence[str] | None = None
    """Origins whose pages may read the responses, "*" for all; with None browsers allow none."""

    _OPTIONS: ClassVar[frozenset[str]] = frozenset(
        {
            *("index_pages", "extensions_map", "follow_links", "precompressed", "compress"),
            *("cache_control", "spa", "not_found_page", "show_listing"),
            *("extra_response_headers", "cors", "default_content_type"),
        }
    )

    _STORED: ClassVar[type[StoredFile]] = StoredFile

    # These are slots, so that the object's dictionary has only what a program has set.
    __slots__ = ("_known_options", "directory")
    _known_options: FileOptions | None
    """What `_options_now` returned last."""
    directory: str

    def __new__(cls, *args: Any, **named: Any) -> Self:
        """Return a handler that works even if a program's `__init__` does not call ours."""
        self = super().__new__(cls, *args, **named)
        self._known_options = None
        return self

    def __init__(
        self, *args: Any, directory: str | os.PathLike[str] | None = None, **options: Any
    ) -> None:
        self.directory = os.fspath(os.getcwd() if directory is None else directory)
        for name in self._OPTIONS & options.keys():
            setattr(self, name, options.pop(name))
        super().__init__(*args, **options)

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

    def _send_cached(self) -> bool:
        """Send a 200 with its cached head, if there is one; return whether it was sent.

        That takes a third of the work of a response that is made anew.
        """
        if self._engaged is None or not self._block or not self._can_use_cache():
            return False
        if self._message is None:
            asked = note_deciding_fields(self._block[self._block.find(b"\r\n") :])
        else:
            asked = self._asked(DECIDING)
        accept = asked.get("accept-encoding")
        if len(asked) != (accept is not None):
            return False
        turn = self._engaged.readable_since
        path = repeated_local_path(self.directory, self.path)
        resource = _RESOURCES.get((path, self._options_now()))
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

    # --- the files ---

    # These are not called for a file that is cached.
    _GUESS_TYPE = Bypassed("guess_type")
    _TRANSLATE_PATH = Bypassed("translate_path")
    _COPYFILE = Bypassed("copyfile")

    def _options_now(self) -> FileOptions:
        """Return the options of this handler, which a program may have changed just now."""
        known, options = self._known_options, options_of(self)
        if known is None or known.options != options:
            known = self._known_options = file_options(type(self), options)
        return known

    def _cached(self, path: str) -> Resource | None:
        resource = _RESOURCES.get((path, self._options_now()))
        if resource is None or not resource.is_current():
            return None
        # The media type may depend on the request, or a program may have changed the table.
        if self._GUESS_TYPE.left_alone(self):
            same = resource.named.is_as_before(self.extensions_map)
        else:
            same = self.guess_type(resource.stored.path) == resource.media_type
        return resource if same else None

    def _look_up(self, path: str, file: str, descriptor: int) -> Resource:
        """Return the resource in `file`, opened as `descriptor`, and cache it under `path`.

        Raises:
            OSError: it is not a regular file, or cannot be read.
        """
        # A program's own `copyfile` receives the file as it is.
        copies = not self._COPYFILE.left_alone(self)
        stored = self._STORED(file, descriptor)
        kind = self.guess_type(file)
        if kind.startswith("text/") and self._GUESS_TYPE.left_alone(self):
            beginning = stored.read_at(0, MAX_IN_MEMORY)
            kind = with_charset(kind, beginning, whole=len(beginning) >= stored.size)
        resource = Resource(
            stored,
            kind,
            KnownExtension(file, self.extensions_map),
            # RFC 9110 section 8.8.2.1: not later than the message itself. A file of the future is
            # not cached, so each response with it has a new one.
            last_modified=self.date_time_string(
                min(stored.modified_ns // 1_000_000_000, int(time.time()))
            ),
            cache_control=self.cache_control,
            neighbour=self._open_neighbour if self.precompressed and not copies else None,
            compress=self.compress and not copies,
        )
        # A file is held open only on the engine, whose loop drops what is old.
        if (
            resource.stored.settled
            and (self._engaged is not None or not resource.is_open)
            and self._may_keep(path, file)
        ):
            _RESOURCES.put((path, self._options_now()), resource, resource.cost)
        return resource

    def _may_keep(self, _path: str, _file: str) -> bool:
        """Return whether `_file` may be cached as what `_path` names."""
        return True

    def _open_neighbour(self, path: str) -> StoredFile:
        return self._STORED(path, self._open(path))

    def _open(self, path: str) -> int:
        """Return a descriptor of the file or directory at `path`, if that may be served.

        A subclass with its own `translate_path` decides by itself where paths may lead.

        Raises:
            OSError: it must not be served, or cannot be opened.
        """
        try:
            return self._open_once(path)
        except OSError as error:
            if error.errno not in _NO_DESCRIPTORS:
                raise
            # Closing the cached files may be enough.
            _RESOURCES.cache_clear()
            return self._open_once(path)

    def _open_once(self, path: str) -> int:
        if not self._TRANSLATE_PATH.left_alone(self):
            return open_named(path)
        return open_beneath(os.fspath(self.directory), path, self.follow_links)

    def _open_index(self, path: str) -> int:
        """Return a descriptor of the index page `path`; -1 if there is no such page.

        Raises:
            PermissionError: it must not be read.
        """
        if not os.path.isfile(path):
            return -1
        try:
            return self._open(path)
        except PermissionError:
            raise
        except OSError:
            return -1

    # --- responses ---

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
        if error.errno in _NO_DESCRIPTORS:
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

    def _page(self, name: str) -> Resource | None:
        path = os.path.join(self.directory, name)
        if (resource := self._cached(path)) is not None:
            return resource
        try:
            return self._look_up(path, path, self._open(path))
        except OSError:
            return None

    def _deciding_fields(self) -> Mapping[str, str]:
        """Return what the request has of the fields that decide which bytes it gets."""
        if self._block and self._message is None:
            return deciding_fields(self._block[self._block.find(b"\r\n") :])
        return self._asked(DECIDING)

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

    def _send_decided(self, resource: Resource, asked: Mapping[str, str]) -> Any:
        """Send the response to a request with conditions or for a range; return the content."""
        wants_part = "range" in asked and self.command == "GET"
        # A range is one of the file as it is: content compressed here may be gone when a client
        # wants to continue.
        chosen = resource.choose(None if wants_part else asked.get("accept-encoding"))
        decided = preconditions.evaluate(self.command, asked, chosen.etag, resource.modified)
        if decided == HTTPStatus.PRECONDITION_FAILED:
            self.send_error(decided)
            return None
        if decided is not None:
            return self._send_not_modified(chosen)
        if wants_part and preconditions.range_applies(
            asked.get("if-range"), chosen.etag, resource.modified, time.time()
        ):
            parts = parse_byte_ranges(asked["range"], chosen.size)
            if parts is not None:
                return self._send_parts(resource, chosen, parts)
        return self._send_whole(chosen)

    def _send_whole(self, chosen: Representation) -> Any:
        """Send the head of a 200 with a whole representation; return the content."""
        self.send_response(HTTPStatus.OK)
        for name, value in chosen.fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(chosen.size))
        self.end_headers()
        return chosen.open()

    def _send_not_modified(self, chosen: Representation) -> None:
        self.send_response(HTTPStatus.NOT_MODIFIED)
        for name, value in chosen.fields:
            if name not in ("Content-type", "Content-Encoding"):
                self.send_header(name, value)
        self.end_headers()

    def _send_parts(
        self, resource: Resource, chosen: Representation, parts: list[ByteRange]
    ) -> Any:
        """Send the head of a 206 for `parts`, of a 416 without any; return the content."""
        size = chosen.size
        if not parts:
            self.send_response(HTTPStatus.RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        fields = dict(chosen.fields)
        content: io.IOBase
        if len(parts) == 1:
            start, stop = parts[0]
            content, length = chosen.open(start, stop), stop - start
            fields["Content-Range"] = ranges.content_range(parts[0], size)
        else:
            content, boundary = ranges.multipart(chosen, parts, resource.media_type)
            length = content.length
            fields["Content-type"] = f"multipart/byteranges; boundary={boundary}"
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        return content

    def end_headers(self) -> None:
        """End the head of the response, with the fields of `cors` and `extra_response_headers`."""
        if (
            (self.cors is not None or self.extra_response_headers)
            and (self._status or 0) >= 200
            and self._sent_lines != ()  # Else these lines are content: a part of a multipart.
        ):
            self._send_extra_fields()
        super().end_headers()

    def _send_extra_fields(self) -> None:
        if self.cors is not None:
            allowed = [self.cors] if isinstance(self.cors, str) else self.cors
            origin = self._asked(_ORIGIN).get("origin")
            for name, value in cors.response_fields(allowed, origin):
                self.send_header(name, value)
        if self.extra_response_headers and self._status in (200, 206):
            buffered = b"".join(self._headers_buffer).lower()
            for name, value in self.extra_response_headers:
                if b"\r\n%b:" % name.lower().encode("latin-1") not in buffered:
                    self.send_header(name, value)

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

    # --- the seams below ---

    def translate_path(self, path: str) -> str:
        """Return the local path below `directory` that the path of a URL names."""
        return repeated_local_path(self.directory, path)

    def copyfile(self, source: SupportsRead[bytes], outputfile: SupportsWrite[bytes]) -> None:
        """Copy all of `source` to `outputfile`."""
        if isinstance(source, io.BytesIO):
            outputfile.write(source.read())
        elif isinstance(outputfile, ResponseWriter) and isinstance(source, FileView):
            # On a plain socket the kernel sends the file.
            outputfile.sendfile(source, source.offset, source.left)
        elif isinstance(outputfile, ResponseWriter) and isinstance(source, io.BufferedReader):
            outputfile.sendfile(source, source.tell(), os.fstat(source.fileno()).st_size)
        else:
            shutil = current("shutil")  # start-up: it loads every archive format
            shutil.copyfileobj(source, outputfile, 256 * 1024)

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return the media type for a file's name, `default_content_type` if nothing is known.

        For a text that is UTF-8 the response adds "charset=utf-8" to it, unless this is overridden.
        """
        return media_type(os.fspath(path), self.extensions_map, self.default_content_type)

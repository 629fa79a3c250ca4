"""`SimpleHTTPRequestHandler`: serves the files below a directory.

The documented seams are the standard library's: `send_head` returns a file whose head was sent,
`translate_path`, `list_directory`, `guess_type` and `copyfile` may be overridden one by one. What
was found out about a path is remembered for a second and checked by one `stat`: see `filecache`.
The head of an answer is kept as well, for handlers that override nothing that makes it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self
from urllib.parse import urlsplit, urlunsplit

from ...caching import AgeCache
from ...overrides import Bypassed
from ...status import HTTPStatus
from ...wire.fields import FieldFinder
from ...wire.values import ByteRange, parse_byte_ranges, parse_weighted_list
from ..handlers.dated_head import DatedHead
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

#: A listing of more entries is written while it is sent.
MAX_LISTED_AT_ONCE = 10_000

#: Looked up in the enumeration once: in Python 3.11 that is 0.3 us.
_OK = HTTPStatus.OK

#: What is at a path, with these options. To look it up takes 9 us, and more for a large file.
_RESOURCES: AgeCache[tuple[str, FileOptions], Resource] = AgeCache(
    max_entries=2048, max_cost=MAX_COST
)

#: This process, or the system, has no descriptor left: that says nothing about the file.
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


class SimpleHTTPRequestHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the files below `directory` (default: the current directory).

    A directory is answered by the first of `index_pages` that it has, else by a listing.
    `extensions_map` gives media types by extension, before the system's. Ranges, entity tags and
    conditional requests work as RFC 9110 sections 13 and 14 say. Every attribute below is also a
    keyword argument, as `directory` is:

    >>> from functools import partial
    >>> handler = partial(SimpleHTTPRequestHandler, directory="site", cache_control="max-age=60")
    """

    index_pages: Sequence[str] = ("index.html", "index.htm")
    extensions_map = _encodings_map_default = MEDIA_TYPES

    default_content_type: str = DEFAULT_TYPE
    """The media type of a file of which `extensions_map` and the system know none."""

    follow_links: LinkPolicy = "inside"
    """Which symbolic links are followed: those that stay "inside" `directory`, "all" or "none"."""

    precompressed: bool = True
    """Whether ``page.html.br``, ``.zst`` or ``.gz`` is sent for ``page.html``, if it is not older
    and the client accepts that coding."""

    compress: bool = True
    """Whether text of 1 KiB to 4 MiB is compressed if the client accepts that. Compressed text is
    kept, 32 MiB in all. A range is always one of the file as it is."""

    cache_control: str | None = None
    """The Cache-Control field of files; None: no such field."""

    spa: str | None = None
    """The page of a single-page application, a path below `directory`: sent with 200 for what does
    not exist, unless the path's last name has an extension and no page is asked for (by an Accept
    field with text/html). No directory is listed then."""

    not_found_page: str | None = "404.html"
    """The page of a 404, a path below `directory`, if there is such a file."""

    show_listing: bool = True
    """Whether a directory without an index page is listed; if not, it is not found."""

    extra_response_headers: Sequence[tuple[str, str]] | None = None
    """(name, value) of fields to add to a response with a file, a part of one, or a listing (200
    and 206), unless it has a field of that name."""

    cors: str | Sequence[str] | None = None
    """Origins whose pages may read the responses, "*" for all; None leaves it to browsers: none."""

    _OPTIONS: ClassVar[frozenset[str]] = frozenset(
        {
            *("index_pages", "extensions_map", "follow_links", "precompressed", "compress"),
            *("cache_control", "spa", "not_found_page", "show_listing"),
            *("extra_response_headers", "cors", "default_content_type"),
        }
    )

    # What is not in the object's dictionary is no program's doing: see `_caches_answers`.
    __slots__ = ("_site", "directory")
    _site: FileOptions | None
    """The site that `_find_site` found last."""
    directory: str

    def __new__(cls, *args: Any, **named: Any) -> Self:
        """Return a handler that has looked for nothing yet."""
        self = super().__new__(cls, *args, **named)
        self._site = None
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
        """Say which methods there are, and answer what browsers ask before they let a page ask."""
        methods = sorted(name[3:] for name in dir(type(self)) if name.startswith("do_"))
        self.send_response(HTTPStatus.NO_CONTENT)
        self.send_header("Allow", ", ".join(methods))
        if self.cors is not None and "Access-Control-Request-Method" in self.headers:
            wanted = self.headers["Access-Control-Request-Headers"]
            for name, value in cors.preflight_fields(methods, wanted):
                self.send_header(name, value)
        self.end_headers()

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Send the head of the response, and return a file with its content.

        Returns None where there is none to send: an error, a redirect, a 304.
        """
        path = self.translate_path(self.path)
        resource = self._remembered(path)
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
        """Send the head for what is at `path`, of which nothing is remembered.

        Raises:
            OSError: there is nothing that may be served.
        """
        try:
            descriptor = self._open(path)
        except FileNotFoundError:
            # As the standard library reads what is no UTF-8.
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

    # --- what was answered before ---

    # A head that is sent again is sent without these, and without those that make it.
    _ANSWER_STEPS = Bypassed(
        *("send_head", "translate_path", "guess_type", "copyfile", "send_response", "end_headers"),
        *BaseHTTPRequestHandler._HEAD_STEPS.names,
    )

    @classmethod
    def _caches_answers(cls) -> bool:
        return cls._ANSWER_STEPS.left_alone_by(cls)

    def _can_use_cache(self) -> bool:
        """Whether the head of a 200 depends on the site and the representation alone."""
        return (
            self._repeats
            and self.command == "GET"
            # Then there is no Connection field.
            and self._version == 11
            and not self.close_connection
            and type(self.wfile) is NonblockingWriter
            and (not self._set_here or self._ANSWER_STEPS.names.isdisjoint(self._set_here))
        )

    def _send_cached(self) -> bool:
        """Answer as the same was answered a moment ago, if it was; return whether.

        What most requests get leaves without being worked out again, for a third of the work.
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
        resource = _RESOURCES.get((path, self._find_site()))
        if resource is None:
            return False
        # Looked at once for all requests of one turn.
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
        writer.begin(chosen.head.now(), chosen.size, True, True)
        content = chosen.in_memory
        if content is None:
            writer.sendfile(chosen.open(), 0, chosen.size)
        else:
            writer.write(content)
        return True

    # --- what there is ---

    # What is remembered of a file is not asked for again.
    _GUESS_TYPE = Bypassed("guess_type")
    _TRANSLATE_PATH = Bypassed("translate_path")
    _COPYFILE = Bypassed("copyfile")

    def _find_site(self) -> FileOptions:
        """Return the site of which this is a handler, with the options as they are now."""
        site, options = self._site, options_of(self)
        if site is None or site.options != options:
            site = self._site = file_options(type(self), options)
        return site

    def _remembered(self, path: str) -> Resource | None:
        resource = _RESOURCES.get((path, self._find_site()))
        if resource is None or not resource.is_current():
            return None
        # The type is asked for again: it may depend on the request, or have been changed.
        if self._GUESS_TYPE.left_alone(self):
            same = resource.named.is_as_before(self.extensions_map)
        else:
            same = self.guess_type(resource.stored.path) == resource.media_type
        return resource if same else None

    def _look_up(self, path: str, file: str, descriptor: int) -> Resource:
        """Return the resource in `file`, opened as `descriptor`, remembered as what is at `path`.

        Raises:
            OSError: it is no regular file, or cannot be read.
        """
        # A program that sends the content in its own way is given it as it is.
        copies = not self._COPYFILE.left_alone(self)
        stored = StoredFile(file, descriptor)
        kind = self.guess_type(file)
        if kind.startswith("text/") and self._GUESS_TYPE.left_alone(self):
            beginning = stored.read_at(0, MAX_IN_MEMORY)
            kind = with_charset(kind, beginning, whole=len(beginning) >= stored.size)
        resource = Resource(
            stored,
            kind,
            KnownExtension(file, self.extensions_map),
            # RFC 9110 section 8.8.2.1: never later than the message itself. A file of the future is
            # not kept, so this is said anew for each response.
            last_modified=self.date_time_string(
                min(stored.modified_ns // 1_000_000_000, int(time.time()))
            ),
            cache_control=self.cache_control,
            neighbour=self._open_neighbour if self.precompressed and not copies else None,
            compress=self.compress and not copies,
        )
        # Where there is no loop that closes it in time, no file is held open.
        if resource.stored.settled and (self._engaged is not None or not resource.is_open):
            _RESOURCES.put((path, self._find_site()), resource, resource.cost)
        return resource

    def _open_neighbour(self, path: str) -> StoredFile:
        return StoredFile(path, self._open(path))

    def _open(self, path: str) -> int:
        """Return a descriptor of the file or directory at `path`, if that may be served.

        A subclass that maps paths in its own way answers for where they lead.

        Raises:
            OSError: it may not, or cannot be opened.
        """
        try:
            return self._open_once(path)
        except OSError as error:
            if error.errno not in _NO_DESCRIPTORS:
                raise
            # The files that are kept open may be what is missing.
            _RESOURCES.cache_clear()
            return self._open_once(path)

    def _open_once(self, path: str) -> int:
        if not self._TRANSLATE_PATH.left_alone(self):
            return open_named(path)
        return open_beneath(os.fspath(self.directory), path, self.follow_links)

    def _open_index(self, path: str) -> int:
        """Return a descriptor of the index page `path`; -1 if there is none to be served.

        Raises:
            PermissionError: it may not be read.
        """
        if not os.path.isfile(path):
            return -1
        try:
            return self._open(path)
        except PermissionError:
            raise
        except OSError:
            return -1

    # --- what is answered ---

    def _redirect_to_directory(self) -> None:
        # `path` never begins with "//", which would name another host (CVE-2021-28861).
        parts = urlsplit(self.path)
        location = urlunsplit((parts.scheme, parts.netloc, parts.path + "/", parts.query, ""))
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        # Browsers read a backslash as a slash, and "/\\" as the begin of another host.
        self.send_header("Location", location.replace("\\", "%5C"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_refusal(self, error: OSError) -> Any:
        """Send what is due where a file or directory cannot be opened."""
        if error.errno in _NO_DESCRIPTORS:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return None
        if isinstance(error, PermissionError):
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        return self._send_not_found()

    def _send_not_found(self) -> Any:
        """Send the application's page, the page of a 404, or an error."""
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
            # What the page itself may be asked for, or kept as, is not said of what is missing.
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
        if (resource := self._remembered(path)) is not None:
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
        """Send what a request with conditions, or for a range, gets."""
        wants_part = "range" in asked and self.command == "GET"
        # A range is of the file as it is: what is compressed here is not there to continue later.
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
        """Send the head of a 200 that has all of a representation."""
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
        """Send the head of a 206 for `parts`; of a 416 if there are none."""
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
        """End the head of the response, with the fields that every response has."""
        if (
            (self.cors is not None or self.extra_response_headers)
            and (self._status or 0) >= 200
            and self._sent_lines != ()  # lines of content, as a multipart's parts have
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
        """Send the head of a listing of `path`, and return a file with the page.

        Returns None, with an error sent, if the directory cannot be read.
        """
        try:
            entries = self._read_entries(os.fspath(path))
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
            # Written while it is sent, since all of it may take more memory than there is: its
            # length is not known, and the connection ends with it.
            self.end_headers()
            return listing.PieceReader(pieces)
        body = b"".join(pieces)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def _read_entries(self, path: str) -> list[listing.Entry]:
        """Return the entries of the directory `path`.

        Raises:
            OSError: it cannot be read.
        """
        # A program may have any other directory listed, and answers for it.
        opened = self._open if is_below(path, os.fspath(self.directory)) else open_named
        return listing.read_directory(path, opened)

    # --- the seams below ---

    def translate_path(self, path: str) -> str:
        """Return the local path that the path of a URL names, below `directory`."""
        return repeated_local_path(self.directory, path)

    def copyfile(self, source: SupportsRead[bytes], outputfile: SupportsWrite[bytes]) -> None:
        """Copy all of `source` to `outputfile`."""
        if isinstance(source, io.BytesIO):
            outputfile.write(source.read())
        elif isinstance(outputfile, ResponseWriter) and isinstance(source, FileView):
            # Through the kernel, where the connection is a plain socket.
            outputfile.sendfile(source, source.offset, source.left)
        elif isinstance(outputfile, ResponseWriter) and isinstance(source, io.BufferedReader):
            outputfile.sendfile(source, source.tell(), os.fstat(source.fileno()).st_size)
        else:
            shutil = current("shutil")  # start-up: it loads every archive format
            shutil.copyfileobj(source, outputfile, 256 * 1024)

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return the media type for a file's name; `default_content_type` if nothing is known.

        To a text's, files add "charset=utf-8" where they hold such; to that of an override nothing.
        """
        return media_type(os.fspath(path), self.extensions_map, self.default_content_type)

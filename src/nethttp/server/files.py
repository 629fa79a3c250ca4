"""`SimpleHTTPRequestHandler`: serves the files below a directory.

The documented seams are the standard library's: `send_head` returns a file whose head was sent,
`translate_path`, `list_directory`, `guess_type` and `copyfile` may be overridden one by one.
"""

from __future__ import annotations

import io
import os
import posixpath
import sys
import time
from typing import Any, BinaryIO
from urllib.parse import urlsplit, urlunsplit

from ..status import HTTPStatus
from ..wire.values import EntityTag, parse_byte_ranges
from . import listing, preconditions, ranges
from .handler import BaseHTTPRequestHandler
from .paths import LinkPolicy, is_inside, local_path, open_regular_file
from .writer import ResponseWriter

__all__ = ["SimpleHTTPRequestHandler"]

#: Media types that the system's table may lack or have wrong. The compressed ones are what the
#: stdlib has: the file is served as it is, so its type is that of the archive.
_MEDIA_TYPES = {
    ".gz": "application/gzip",
    ".Z": "application/octet-stream",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".zst": "application/zstd",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


class SimpleHTTPRequestHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the files below `directory` (default: the current directory).

    A directory is answered by the first of `index_pages` that it has, else by a listing.
    `extensions_map` gives media types by extension, before the system's. `follow_links` says which
    symbolic links are followed: "inside" the directory (the default), "all" or "none". Ranges,
    entity tags and conditional requests work as RFC 9110 sections 13 and 14 say.
    """

    index_pages: tuple[str, ...] | list[str] = ("index.html", "index.htm")
    extensions_map = _MEDIA_TYPES
    follow_links: LinkPolicy = "inside"

    def __init__(
        self, *args: Any, directory: str | os.PathLike[str] | None = None, **kwargs: Any
    ) -> None:
        self.directory = os.fspath(os.getcwd() if directory is None else directory)
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Send a file, a part of it, or a listing."""
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

    def send_head(self) -> Any:
        """Send the head of the response, and return a file with its content.

        Returns None where there is none to send: an error, a redirect, a 304.
        """
        path = self.translate_path(self.path)
        if not self._may_serve(path):
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        if os.path.isdir(path):
            if not urlsplit(self.path).path.endswith("/"):
                return self._redirect_to_directory()
            index = self._find_index(path)
            if index is None:
                return self.list_directory(path)
            path = index
        if path.endswith("/"):
            # "file/" names a directory, and there is none (bpo-17324).
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        try:
            file = open_regular_file(path)
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND, "File not found")
            return None
        try:
            return self._send_file_head(file, self.guess_type(path))
        except BaseException:
            file.close()
            raise

    def _may_serve(self, path: str) -> bool:
        """Whether a link may lead where `path` does.

        A subclass that maps paths in its own way answers for where they lead.
        """
        if type(self).translate_path is not SimpleHTTPRequestHandler.translate_path:
            return "\0" not in path
        return is_inside(path, self.directory, self.follow_links)

    def _redirect_to_directory(self) -> None:
        # `path` never begins with "//", which would name another host (CVE-2021-28861).
        parts = urlsplit(self.path)
        location = urlunsplit((parts.scheme, parts.netloc, parts.path + "/", parts.query, ""))
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _find_index(self, path: str) -> str | None:
        for name in self.index_pages:
            index = os.path.join(path, name)
            if os.path.isfile(index) and self._may_serve(index):
                return index
        return None

    def _send_file_head(self, file: BinaryIO, media_type: str) -> Any:
        status = os.fstat(file.fileno())
        size, modified = status.st_size, int(status.st_mtime)
        # mtime in nanoseconds and size change with the content, as a strong tag must
        # (RFC 9110 section 8.8.3).
        etag = EntityTag(f"{status.st_mtime_ns:x}-{size:x}")
        fields = {name.lower(): value for name, value in self.headers.items()}
        decided = preconditions.evaluate(self.command, fields, etag, modified)
        if decided is not None:
            file.close()
            if decided == HTTPStatus.PRECONDITION_FAILED:
                self.send_error(decided)
                return None
            self.send_response(decided)
            self._send_validators(etag, status.st_mtime)
            self.end_headers()
            return None
        content, extra = self._choose_part(file, fields, size, etag, modified, media_type)
        if content is None:
            file.close()
            return self._refuse_range(size)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if extra else HTTPStatus.OK)
        self.send_header("Content-type", extra.pop("Content-Type", media_type))
        self.send_header("Content-Length", str(getattr(content, "length", size)))
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("Accept-Ranges", "bytes")
        self._send_validators(etag, status.st_mtime)
        self.end_headers()
        return content

    def _choose_part(
        self,
        file: BinaryIO,
        fields: dict[str, str],
        size: int,
        etag: EntityTag,
        modified: int,
        media_type: str,
    ) -> tuple[Any, dict[str, str]]:
        """Return what of the file is asked for, and the fields that a part needs.

        The first is None if nothing of it can be satisfied.
        """
        asked = fields.get("range") if self.command == "GET" else None
        if asked is None or not preconditions.range_applies(
            fields.get("if-range"), etag, modified, time.time()
        ):
            return file, {}
        parts = parse_byte_ranges(asked, size)
        if parts is None:
            return file, {}
        if not parts:
            return None, {}
        if len(parts) == 1:
            part = parts[0]
            return ranges.single_part(file, part), {
                "Content-Range": ranges.content_range(part, size)
            }
        content, boundary = ranges.multipart(file, parts, size, media_type)
        return content, {"Content-Type": f"multipart/byteranges; boundary={boundary}"}

    def _refuse_range(self, size: int) -> None:
        self.send_response(HTTPStatus.RANGE_NOT_SATISFIABLE)
        self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_validators(self, etag: EntityTag, modified: float) -> None:
        self.send_header("ETag", str(etag))
        self.send_header("Last-Modified", self.date_time_string(modified))

    def list_directory(self, path: str | os.PathLike[str]) -> Any:
        """Send the head of a listing of `path`, and return a file with the page.

        Returns None, with an error sent, if the directory cannot be read.
        """
        try:
            entries = listing.read_entries(os.fspath(path))
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND, "No permission to list directory")
            return None
        encoding = sys.getfilesystemencoding()
        path_of_url, _, query = self.path.partition("#")[0].partition("?")
        page = listing.render(path_of_url, query, entries, encoding)
        body = page.encode(encoding, "surrogateescape")
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-type", f"text/html; charset={encoding}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def translate_path(self, path: str) -> str:
        """Return the local path that the path of a URL names, below `directory`."""
        return local_path(self.directory, path)

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Copy all of `source` to `outputfile`."""
        if isinstance(outputfile, ResponseWriter) and isinstance(source, io.BufferedReader):
            # Through the kernel, where the connection is a plain socket.
            outputfile.sendfile(source, source.tell(), os.fstat(source.fileno()).st_size)
        else:
            import shutil  # start-up: it loads every archive format

            shutil.copyfileobj(source, outputfile, 256 * 1024)

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Return the media type for a file's name; application/octet-stream if nothing is known."""
        import mimetypes  # start-up: it reads the system's tables

        extension = posixpath.splitext(os.fspath(path))[1]
        for known in (extension, extension.lower()):
            if known in self.extensions_map:
                return self.extensions_map[known]
        return mimetypes.guess_type(path)[0] or "application/octet-stream"

"""`FileSender`: sends a file, or parts of it, as the request's conditions and Range say.

RFC 9110 sections 13 and 14.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any

from ...status import HTTPStatus
from ...wire.fields import FieldFinder
from ...wire.values import ByteRange, parse_byte_ranges
from . import cors, preconditions, ranges
from .deciding import DECIDING, deciding_fields
from .finder import FileFinder
from .representations import Representation, Resource

__all__ = ["FileSender"]

_ORIGIN = FieldFinder("origin")


class FileSender(FileFinder):
    """A handler that sends the heads of responses with files.

    Each method that sends one returns a file with the content, None if there is none.
    """

    __slots__ = ()

    def _deciding_fields(self) -> Mapping[str, str]:
        """Return what the request has of the fields that decide which bytes it gets."""
        if self._block and self._message is None:
            return deciding_fields(self._block[self._block.find(b"\r\n") :])
        return self._asked(DECIDING)

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

"""`ReplayingTransport`: answers from a HAR file, without a network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ...errors import ReadError, TransportError
from ...net.effects import Flow
from ...wire.fields import FieldLines
from .answer import Answer, head_on_the_wire
from .har import Entry, content_of
from .redaction import NO_MORE, Redaction

if TYPE_CHECKING:
    from ..flow.deadlines import Deadlines
    from ..flow.incoming import OnInterim
    from ..messages.request import Request
    from ..messages.timing import Marks

__all__ = ["NotRecorded", "ReplayingTransport"]


class NotRecorded(TransportError):
    """The file has no answer to a request."""


class ReplayingTransport:
    """Answers requests from the entries of a HAR file: its own or a browser's.

    A request is known by its method and its URL, both without secrets, so the same `redaction` must
    be given as for recording. Of several answers the first that was not given yet is taken, of
    those an answer to the same body; once all were given, the last one is given again.

    >>> transport = ReplayingTransport([{
    ...     "request": {"method": "GET", "url": "http://api.test/"},
    ...     "response": {"status": 200, "headers": [], "content": {"text": "recorded"}},
    ... }])
    >>> from nethttp.client import Client
    >>> with Client(transport=transport) as client:
    ...     client.get("http://api.test/").text
    'recorded'

    Raises:
        TypeError: `entries` is a path: `read_har` reads the file.
    """

    def __init__(self, entries: list[Entry], redaction: Redaction = NO_MORE) -> None:
        if isinstance(entries, str | bytes | os.PathLike):
            raise TypeError(
                f"expected the entries that read_har returns, got the path {os.fspath(entries)!r}"
            )
        self._redaction = redaction
        self._left: dict[tuple[str, str], list[Entry]] = {}
        """For each method and URL the entries that were not given yet, or the last one."""
        for entry in entries:
            request = entry["request"]
            key = request["method"], redaction.url(request["url"])
            self._left.setdefault(key, []).append(entry)

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Answer]:
        """Return the recorded response.

        Raises:
            NotRecorded: there is none for this method and URL.
            ReadError: an error was recorded in its place.
        """
        marks.acquired = marks.head = deadlines.clock()
        head_on_the_wire(request.copy())
        entry = self._entry(request)
        response = entry["response"]
        if not response["status"]:
            raise ReadError(f"recorded: {response.get('_error', 'no response')}")
        content = content_of(response.get("content", {}))
        fields = [(line["name"], line["value"]) for line in response["headers"]]
        if request.method != "HEAD":
            # The content of an entry is decoded, and whole.
            fields = [pair for pair in fields if pair[0].lower() not in _ABOUT_THE_MESSAGE]
            fields.append(("Content-Length", str(len(content))))
        reason = response.get("statusText", "")
        return Answer(request.method, response["status"], reason, fields, _InMemory(content))
        yield

    def close(self) -> None:
        """Do nothing: the file has been read."""

    def _entry(self, request: Request) -> Entry:
        key = request.method, self._redaction.url(str(request.url))
        left = self._left.get(key)
        if left is None:
            known = ", ".join(f"{method} {url}" for method, url in list(self._left)[:5])
            raise NotRecorded(
                f"expected a recorded request, got {key[0]} {key[1]}; recorded are:"
                f" {known or 'none'}"
            )
        same = [index for index, entry in enumerate(left) if self._has_body(entry, request)]
        index = same[0] if same else 0
        return left[index] if len(left) == 1 else left.pop(index)

    def _has_body(self, entry: Entry, request: Request) -> bool:
        if not isinstance(request.body, bytes):
            return False
        data = entry["request"].get("postData", {})
        media_type = (request.headers.get("content-type") or "").partition(";")[0]
        text = self._redaction.text(request.body.decode("utf-8", "replace"), media_type)
        return content_of(data) == text.encode()


#: Fields of a response that are not true of decoded content with a length.
_ABOUT_THE_MESSAGE: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _InMemory:
    """Content in memory, as the source of an answer."""

    def __init__(self, content: bytes) -> None:
        self.trailers: FieldLines = []
        self._content: bytes | None = content

    def next_piece(self) -> Flow[bytes | None]:
        content, self._content = self._content, None
        return content
        yield

    def close(self) -> None:
        pass

"""`LiveHandler`: pages in browsers load again when a file below the directory changes.

A script at the end of each page follows the event stream at `STREAM` (the HTML Standard's
server-sent events), and loads the page again at the first event. A stream ends by itself after
`STREAM_SECONDS`, so that it never keeps a server from ending; the browser then opens the next one
and says when it saw the last, so no change between the two is lost.
"""

from __future__ import annotations

import os
import threading
import time
from typing import ClassVar, Final

from ...status import HTTPStatus
from .handler import SimpleHTTPRequestHandler
from .paths import decoded_path

__all__ = ["STREAM", "STREAM_SECONDS", "Changes", "LiveHandler"]

STREAM: Final = "/.nethttp/changes"
"""The path of the event stream."""

STREAM_SECONDS: Final = 2.0
"""Seconds after which a stream ends, and the browser opens the next one."""

UNUSED_SECONDS: Final = 10.0
"""Seconds without a stream after which the directory is watched no more."""

_SCRIPT: Final = (
    f'<script>new EventSource("{STREAM}").onmessage = () => location.reload()</script>\n'
).encode()

#: Fields that hold for the file, not for the file with the script.
_OF_THE_FILE: Final = frozenset({"etag", "last-modified", "accept-ranges"})


class Changes:
    """When the files below a directory changed last; watched while a browser wants to know.

    Times are nanoseconds of `time.time_ns`, since workers of one machine must agree on them.
    """

    def __init__(self, directory: str) -> None:
        import watchfiles  # an extra

        self._watch = watchfiles.watch
        self._directory = directory
        self._changed = threading.Condition()
        self._last = 0
        self._wanted_until = 0.0
        self._watching: threading.Thread | None = None

    def wait(self, since: int, timeout: float) -> bool:
        """Return whether a file has changed after `since`, waiting at most `timeout` seconds."""
        with self._changed:
            self._wanted_until = time.monotonic() + timeout + UNUSED_SECONDS
            if self._watching is None:
                self._watching = threading.Thread(target=self._run, daemon=True)
                self._watching.start()
            return self._changed.wait_for(lambda: self._last > since, timeout)

    def _run(self) -> None:
        for changes in self._watch(
            self._directory, yield_on_timeout=True, rust_timeout=500, raise_interrupt=False
        ):
            with self._changed:
                if changes:
                    self._last = time.time_ns()
                    self._changed.notify_all()
                elif time.monotonic() > self._wanted_until:
                    self._watching = None
                    return


class LiveHandler(SimpleHTTPRequestHandler):
    """Serves a directory as `SimpleHTTPRequestHandler` does; its pages load again by themselves.

    Browsers keep nothing, and get each page and file whole, without a coding.
    """

    compress = False
    precompressed = False
    cache_control = "no-store"

    _changes: ClassVar[dict[str, Changes]] = {}
    _is_asked_for = False
    """Whether a file or a page is asked for, and not another method refused."""
    _has_script = False

    def do_GET(self) -> None:
        """Send a file or a listing, pages with the script at their end; or the event stream."""
        if decoded_path(self.path) == STREAM:
            self._send_stream()
            return
        self._is_asked_for = True
        super().do_GET()
        if self._has_script:
            self.wfile.write(_SCRIPT)

    def do_HEAD(self) -> None:
        """Send the head that GET would have."""
        self._is_asked_for = True
        super().do_HEAD()

    def send_header(self, keyword: str, value: str) -> None:
        """Add a field; of a page, its length with the script, and none of the file's own fields."""
        name = keyword.lower()
        if name == "content-type":
            self._has_script = self._is_asked_for and value.startswith("text/html")
        elif name in _OF_THE_FILE:
            return
        elif keyword == "Content-Length" and self._has_script:
            value = str(int(value) + len(_SCRIPT))
        super().send_header(keyword, value)

    def _deciding_fields(self) -> dict[str, str]:
        """Return nothing: every response is whole and new."""
        return {}

    def _send_stream(self) -> None:
        told = self.headers.get("Last-Event-ID", "")
        since = int(told) if told.isascii() and told.isdigit() else time.time_ns()
        directory = os.path.abspath(self.directory)
        changes = self._changes.get(directory)
        if changes is None:
            changes = self._changes.setdefault(directory, Changes(directory))
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(b"retry: 100\n\n")
        now = time.time_ns()
        if changes.wait(since, STREAM_SECONDS):
            self.wfile.write(b"id: %d\ndata: changed\n\n" % time.time_ns())
        else:
            # An event without data sets the id alone, so that no script is called.
            self.wfile.write(b"id: %d\n\n" % now)

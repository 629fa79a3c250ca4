"""`SingleFileHandler`: serves one file, and nothing else of its directory."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any

from ...status import HTTPStatus
from .handler import SimpleHTTPRequestHandler
from .paths import url_to_parts

__all__ = ["SingleFileHandler"]


class SingleFileHandler(SimpleHTTPRequestHandler):
    """Serves `file` under its name; the root of the server redirects there.

    >>> from functools import partial
    >>> handler = partial(SingleFileHandler, file="talk.pdf")
    """

    precompressed = False
    not_found_page = None
    show_listing = False

    def __init__(self, *args: Any, file: str | os.PathLike[str], **options: Any) -> None:
        self._file = os.path.abspath(file)
        super().__init__(*args, directory=os.path.dirname(self._file), **options)

    def send_head(self) -> Any:
        """Return the file after sending the head; None after a redirect to its name."""
        if url_to_parts(self.path) != []:
            return super().send_head()
        name = urllib.parse.quote(os.path.basename(self._file), errors="surrogateescape")
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", f"/{name}")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def translate_path(self, path: str) -> str:
        """Return the path of the file for its own name, and for any other one that cannot exist."""
        same = url_to_parts(path) == [os.path.basename(self._file)]
        return self._file if same else os.path.join(self.directory, "\0")

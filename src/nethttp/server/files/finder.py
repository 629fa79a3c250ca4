"""`FileFinder`: finds the file that a path names, and what a response needs to know of it.

A file is looked up once a second, and checked by one `stat` in between: see `stored`.
"""

from __future__ import annotations

import errno
import io
import os
import time
from typing import TYPE_CHECKING, ClassVar

from ...caching import AgeCache
from ...overrides import Bypassed
from ..handlers.writer import ResponseWriter
from ..seams import current
from .beneath import open_beneath, open_named
from .mediatypes import KnownExtension, media_type, with_charset
from .options import FileOptions
from .paths import repeated_local_path
from .representations import Resource
from .settings import FileSettings
from .stored import MAX_COST, MAX_IN_MEMORY, FileView, StoredFile

if TYPE_CHECKING:
    from _typeshed import SupportsRead, SupportsWrite

__all__ = ["NO_DESCRIPTORS", "RESOURCES", "FileFinder"]

#: The file at a path, with these options. To resolve the path anew takes 9 us, and then the file
#: has to be opened and read.
RESOURCES: AgeCache[tuple[str, FileOptions], Resource] = AgeCache(
    max_entries=2048, max_cost=MAX_COST
)

NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
"""This process, or the system, has no descriptor left, which says nothing of the file."""


class FileFinder(FileSettings):
    """A handler that opens files below its `directory`."""

    __slots__ = ()

    _STORED: ClassVar[type[StoredFile]] = StoredFile

    # --- the seams that a program may override one by one ---

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

    # --- the files ---

    # These are not called for a file that is cached.
    _GUESS_TYPE = Bypassed("guess_type")
    _TRANSLATE_PATH = Bypassed("translate_path")
    _COPYFILE = Bypassed("copyfile")

    def _cached(self, path: str) -> Resource | None:
        resource = RESOURCES.get((path, self._options_now()))
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
            RESOURCES.put((path, self._options_now()), resource, resource.cost)
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
            if error.errno not in NO_DESCRIPTORS:
                raise
            # Closing the cached files may be enough.
            RESOURCES.cache_clear()
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

    def _page(self, name: str) -> Resource | None:
        path = os.path.join(self.directory, name)
        if (resource := self._cached(path)) is not None:
            return resource
        try:
            return self._look_up(path, path, self._open(path))
        except OSError:
            return None

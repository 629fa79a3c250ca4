"""`FileCookieJar`: a jar that is saved to a text file and loaded from it, in a subclass's format.

A file is written whole or not at all (`whole_file`), and only its owner can read it.
"""

from __future__ import annotations

import copy
import io
import os
import stat
import time
from collections.abc import Callable, Iterable
from typing import IO

from ...whole_file import whole_file
from ..cookie import Cookie
from ..jar import CookieJar
from ..locks import acquired
from ..policy import CookiePolicy

__all__ = ["FileCookieJar", "write_whole"]

MISSING_FILENAME_TEXT = (
    "a filename was not supplied (nor was the CookieJar instance initialised with one)"
)


def write_whole(filename: str | bytes | os.PathLike[str], text: str) -> None:
    """Replace the file `filename` by one with `text`, readable and writable by its owner alone.

    A program that is killed, and a machine that loses its power, leaves the old file or the new
    one. A link stays a link: the file that it names is replaced.

    Raises:
        OSError: the file cannot be written; it is then as it was.
    """
    target = os.path.realpath(os.fsdecode(filename))
    try:
        with whole_file(target, 0o600) as file:
            # The context closes the file.
            writer = io.TextIOWrapper(
                io.BufferedWriter(file), encoding="utf-8", errors="surrogateescape"
            )
            writer.write(text)
            writer.detach().detach()
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                os.fsync(file.fileno())
    except OSError as error:
        # The caller knows the name that it gave.
        error.filename = filename
        raise


class FileCookieJar(CookieJar):
    """A `CookieJar` that can be loaded from a file and saved to it.

    `filename` is the default for `load`, `save` and `revert`. `delayload` has no effect, as in the
    standard library: a file is read when `load` is called.
    """

    filename: str | None = None
    delayload = False

    def __init__(
        self,
        filename: str | os.PathLike[str] | None = None,
        delayload: bool = False,
        policy: CookiePolicy | None = None,
    ) -> None:
        # Not `super`: it may be a program's own class, with other arguments.
        CookieJar.__init__(self, policy)
        self.filename = None if filename is None else os.fspath(filename)
        self.delayload = bool(delayload)

    def as_text(self, ignore_discard: bool = False, ignore_expires: bool = False) -> str:
        """Return the cookies as `save` writes them, in a subclass's format; see `save`.

        Raises:
            NotImplementedError: this class has no format.
        """
        raise NotImplementedError(f"{type(self).__name__} has no format")

    def save(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Write the cookies to a file, in place of what it had.

        Session cookies are left out unless `ignore_discard`, expired ones unless `ignore_expires`.

        Raises:
            OSError: the file cannot be written; it is then as it was.
            ValueError: there is no filename, neither here nor in the constructor.
        """
        name = self._named(filename)
        write_whole(name, self.as_text(ignore_discard, ignore_expires))

    def _named(self, filename: str | None) -> str:
        name = self.filename if filename is None else filename
        if name is None:
            raise ValueError(MISSING_FILENAME_TEXT)
        return name

    def _kept(self, ignore_discard: bool, ignore_expires: bool) -> Iterable[Cookie]:
        return list(filter(_is_kept(ignore_discard, ignore_expires), self))

    def _taker(self, ignore_discard: bool, ignore_expires: bool) -> Callable[[Cookie], None]:
        """Return a function that stores a loaded cookie, unless it is to be left out."""
        is_kept = _is_kept(ignore_discard, ignore_expires)

        def take(cookie: Cookie) -> None:
            if is_kept(cookie):
                self.set_cookie(cookie)

        return take

    def load(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Add the cookies of a file to the jar, where they replace those with the same key.

        Session cookies are left out unless `ignore_discard`, expired ones unless `ignore_expires`.

        Raises:
            LoadError: the file is not in this jar's format; cookies before the error are loaded.
            OSError: it cannot be read.
            ValueError: there is no filename, neither here nor in the constructor.
        """
        name = self._named(filename)
        with open(name, encoding="utf-8", errors="surrogateescape") as file:
            self._really_load(file, name, ignore_discard, ignore_expires)

    def _really_load(
        self, f: IO[str], filename: str, ignore_discard: bool, ignore_expires: bool
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no format")

    def revert(
        self,
        filename: str | None = None,
        ignore_discard: bool = False,
        ignore_expires: bool = False,
    ) -> None:
        """Replace the cookies by those of a file; if it cannot be read, keep them.

        Raises:
            OSError, ValueError: as `load`.
        """
        name = self._named(filename)
        lock = acquired(self._cookies_lock)
        try:
            before = copy.deepcopy(self._cookies)
            self._cookies = {}
            try:
                self.load(name, ignore_discard, ignore_expires)
            except OSError:
                self._cookies = before
                raise
        finally:
            lock.release()


def _is_kept(ignore_discard: bool, ignore_expires: bool) -> Callable[[Cookie], bool]:
    """Return whether a file keeps a cookie: neither of a session nor expired, unless ignored."""
    now = time.time()
    return lambda cookie: (
        (ignore_discard or not cookie.discard) and (ignore_expires or not cookie.is_expired(now))
    )

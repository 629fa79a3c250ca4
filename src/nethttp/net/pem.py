"""PEM text for the ssl module, which takes certificates and keys of a client from files alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

__all__ = ["Source", "file_of", "is_text", "name_of"]

Source: TypeAlias = str | bytes | os.PathLike[str]
"""The path of a PEM file; or PEM text: bytes, or a str in which ``-----BEGIN`` stands."""


def is_text(source: Source) -> bool:
    """Return whether `source` is PEM text itself, and no path.

    >>> is_text("client.pem"), is_text(b"-----BEGIN CERTIFICATE-----\\n...")
    (False, True)
    """
    return isinstance(source, bytes) or (isinstance(source, str) and "-----BEGIN" in source)


def name_of(source: Source) -> str:
    """Return how an error calls `source`: by its path; of text it says nothing, since it is secret.

    >>> name_of("client.pem"), name_of(b"-----BEGIN PRIVATE KEY-----\\n...")
    ("'client.pem'", 'the PEM text')
    """
    return "the PEM text" if is_text(source) else repr(os.fspath(source))


@contextmanager
def file_of(source: Source) -> Iterator[str]:
    """Return a context with the path of a PEM file that has what `source` is.

    Text is in a file of this process's memory where the system has such (Linux), so that a key is
    on no disk; else in a file that its user alone can read. At the end of the context it is gone.

    >>> with file_of(b"some text") as path, open(path) as file:
    ...     file.read()
    'some text'
    >>> os.path.exists(path)
    False
    """
    if not is_text(source):
        yield os.fspath(source)  # type: ignore[misc]  # a path
        return
    data = source if isinstance(source, bytes) else str(source).encode()
    descriptor, path = _memory_file()
    if descriptor < 0:
        import tempfile  # start-up

        descriptor, path = tempfile.mkstemp(prefix=".nethttp-")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        if not path.startswith(_OPEN_FILES):
            os.close(descriptor)  # Windows opens no file a second time
            descriptor = -1
        yield path
    finally:
        if descriptor >= 0:
            os.close(descriptor)
        if not path.startswith(_OPEN_FILES):
            os.unlink(path)


_OPEN_FILES = "/proc/self/fd/"


def _memory_file() -> tuple[int, str]:
    """Return the descriptor of a file in memory, and a path of it; -1 if there is no such."""
    if hasattr(os, "memfd_create"):
        try:
            descriptor = os.memfd_create("nethttp", os.MFD_CLOEXEC)
        except OSError:
            return -1, ""
        path = f"{_OPEN_FILES}{descriptor}"
        if os.path.exists(path):  # /proc may not be mounted
            return descriptor, path
        os.close(descriptor)
    return -1, ""

"""Files that are written whole or not at all: beside the old one, which they then replace."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase

__all__ = ["whole_file"]


@contextmanager
def whole_file(path: str, permissions: int) -> Iterator[RawIOBase]:
    """Return a context with a file to write, which is called `path` once the context ends.

    The new file has the mode `permissions`; until then it is its owner's alone. If an error leaves
    the context, the new file is deleted, and what was called `path` stays as it was. What is no
    regular file (``/dev/null``, a pipe, a terminal) is written directly. The file has no buffer:
    one `write` may take a part of its bytes.

    Raises:
        OSError: there can be no such file; `filename` is `path`.

    >>> directory = tempfile.TemporaryDirectory()
    >>> path = os.path.join(directory.name, "notes")
    >>> with whole_file(path, 0o600) as file:
    ...     file.write(b"all of it"), os.path.exists(path)
    (9, False)
    >>> os.path.exists(path)
    True
    >>> directory.cleanup()
    """
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb", buffering=0) as device:
            yield device
        return
    try:
        # mkstemp makes files of mode 0600.
        descriptor, draft = tempfile.mkstemp(prefix=".nethttp-", dir=os.path.dirname(path) or ".")
    except OSError as error:
        # The caller knows its own file, not the one that was to replace it.
        error.filename = path
        raise
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            yield file
        os.chmod(draft, permissions)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise

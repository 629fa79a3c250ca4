"""Writes a response's content to a file or a stream, and tells its errors from the connection's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import RawIOBase

from ...whole_file import whole_file

__all__ = [
    "CannotWrite",
    "ReaderLeft",
    "output_file",
    "writing_to",
]

Buffer = bytes | memoryview
Write = Callable[[Buffer], object]


class CannotWrite(Exception):
    """The output cannot be written; the message says which output and why."""

    @classmethod
    def to(cls, name: str, error: OSError) -> CannotWrite:
        """Return the exception for an output called `name`."""
        return cls(f"cannot write {name}: {error.strerror or error}")


class ReaderLeft(Exception):
    """The program that reads the output has closed it."""


def writing_to(file: RawIOBase, name: str) -> Write:
    """Return a function that writes to `file`; its errors differ from those of a connection.

    The file is unbuffered, so closing it does not repeat a failed write.

    Raises:
        CannotWrite, ReaderLeft: by that function.
    """

    def write(piece: Buffer) -> None:
        left = memoryview(piece)
        try:
            while left:
                left = left[file.write(left) :]
        except BrokenPipeError:
            raise ReaderLeft from None
        except OSError as error:
            raise CannotWrite.to(name, error) from None

    return write


@contextmanager
def output_file(path: str) -> Iterator[RawIOBase]:
    """Return a context with a file of `whole_file` to write, with the mode of any new file.

    The process's umask decides who may access it, because `whole_file` would let its owner alone.

    Raises:
        CannotWrite: the file cannot be made.
    """
    mask = os.umask(0)
    os.umask(mask)
    from_the_context = None
    try:
        with whole_file(path, 0o666 & ~mask) as file:
            try:
                yield file
            except OSError as error:
                from_the_context = error
                raise
    except OSError as error:
        if error is from_the_context:
            # An error of the connection, not of the file.
            raise
        raise CannotWrite.to(path, error) from None
